"""Arithmetic of the PTX interpreter against results worked out by hand or with exact fractions."""

import numpy as np

from tests.cuda.programs import per_thread


def test_integer_sum_wraps():
    a, b = np.array([1, 2**32 - 1], "u4"), np.array([2, 1], "u4")
    assert per_thread("add.u32 %x, %a, %b;", "u4", a, b).tolist() == [3, 0]
