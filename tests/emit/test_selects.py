"""Choices between numbers are selects in compiled functions, and branches where a side must not be computed."""

import ast
from pathlib import Path

import numba
import numba.extending
import numpy as np
import pytest

from symloss.emit.numba_cpu.selects import with_selects
from tests.emit.built_in import built_in

GENERATED = Path(__file__).parents[2] / "generated" / "cpu"


def changed(body, decorator="_jit"):
    """The body of a function of that decorator, afterwards."""
    head = f"@{decorator}\ndef f(x, a, b, c, d, i):\n    "
    return with_selects(f"{head}{body}\n").removeprefix(head).rstrip()


@pytest.mark.parametrize(
    ("branch", "select"),
    [
        ("y = a if x > 1.0 else b", "y = _where(x > 1.0, a, b)"),
        ("y = (a if x else b) * c", "y = _where(x, a, b) * c"),
        ("y = f(a if x else b)", "y = f(_where(x, a, b))"),
        ("y = x[a if b else c]", "y = x[_where(b, a, c)]"),
        ("y = (a - (b - 1.0)) if x else (1.0 - (b - a))", "y = _where(x, a - (b - 1.0), 1.0 - (b - a))"),
        ("y = a if x else (b if c else d)", "y = _where(x, a, _where(c, b, d))"),
        ("y = a if (b if c else d) else f32(0.0)", "y = _where(_where(c, b, d), a, f32(0.0))"),
        ('y = "é", a if x else -np.inf', 'y = "é", _where(x, a, -np.inf)'),
    ],
)
def test_a_choice_becomes_a_select(branch, select):
    assert changed(branch) == select


@pytest.mark.parametrize(
    "branch",
    [
        "y = a[i] if i < 3 else 0.0",
        "y = 0.0 if x else _exp_f32(a)",
        "y = a // b if b else 0",
        "y = a % b if b else 0",
        "y = a[i] if i < 3 else (_exp_f32(a) if x else _log_f32(b))",
    ],
)
def test_a_side_that_may_not_or_need_not_be_computed_stays_a_branch(branch):
    assert changed(branch) == branch


def test_a_choice_inside_a_branch_is_a_select_all_the_same():
    assert changed("y = a[i] if i < 3 else (a if x else b)") == "y = a[i] if i < 3 else _where(x, a, b)"


def test_what_is_not_compiled_stays_as_it_is():
    assert changed("return a if x else b", "functools.cache") == "return a if x else b"


@pytest.mark.parametrize("compiled", [False, True])
def test_the_helper_gives_one_of_both(compiled):
    where = built_in("_where")

    def function(condition, a, b):
        return where(condition, a, b), where(condition, 1, b)

    chosen = numba.njit(function) if compiled else function
    single = np.float32(0.1)
    assert chosen(True, single, np.float32(2))[0] == single
    assert chosen(False, single, np.float32(2)) == (np.float32(2), np.float32(2))
    assert chosen(True, single, 0.1) == (np.float64(single), 1)
    assert chosen(True, np.int64(2**40), np.int32(1))[0] == 2**40


def test_compiled_functions_of_generated_files_branch_for_arrays_and_calls_alone():
    for path in sorted(GENERATED.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "_where(" not in text:
            continue
        functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
        assert with_selects("\n\n".join(ast.unparse(function) for function in functions)).count("_where(") == sum(
            ast.unparse(function).count("_where(") for function in functions
        )
