"""Which kernels say the same."""

import pytest

from symloss.emit.numba_cpu.alike import alike

FIRST = "def loop_1(first, x, x_hat):\n    for i in range(first):\n        y = _exp(x[i])\n        x_hat[i] = y"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("loop_1", "loop_2", True),
        ("x_hat", "z", True),
        ("y", "t1", True),
        ("_exp", "_log", False),  # no name of its own
        ("_exp(x[i])", "_exp(x[i] + 1)", False),
        ("x_hat[i] = y", "x[i] = y", False),  # two names have become one
        ("_exp(x[i])", "_exp(x_hat[i])", False),
        ("first, x, x_hat", "first, x_hat, x", False),  # the driver passes arguments by their places
        ("range(first)", "range(x)", False),
    ],
)
def test_names_alone_may_differ(old, new, same):
    second = FIRST.replace(old, new)
    assert second != FIRST
    assert alike(FIRST, second) == same
    assert alike(second, FIRST) == same


def test_one_name_is_not_two():
    assert not alike("def loop(x):\n    y = x\n    y = x + y", "def loop(x):\n    y = x\n    z = x + y")
