import ast

import pytest

from symloss.emit.numba_cpu.wrapping import WIDTH, wrapped

TERMS = " + ".join(f"term_number_{i} * other_{i}" for i in range(12))
NAMES = ", ".join(f"argument_{i}" for i in range(20))


@pytest.mark.parametrize(
    "line",
    [
        f"def f({NAMES}):\n    pass",
        f"run({NAMES})",
        f"total = ({TERMS}) * 2",
        f"total = {TERMS}",
        f"total = function({TERMS}) + ({TERMS})",
        f"def f():\n    return first + ({TERMS})",
        f"total[c, k] += {TERMS}",
        f"total = {TERMS} * function(x)",
        f"def f():\n    return ({TERMS})",
    ],
)
def test_a_broken_line_means_the_same(line):
    result = wrapped(line)
    assert all(len(piece) <= WIDTH for piece in result.split("\n"))
    assert ast.dump(ast.parse(result)) == ast.dump(ast.parse(line))


def test_a_short_line_stays():
    assert wrapped("x = f(a, b)") == "x = f(a, b)"
