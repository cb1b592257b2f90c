"""Arrays whose rows lie apart: every row is read and written once, in its place."""

import numpy as np
import pytest

from symloss.runtime.rows import Rows


@pytest.mark.parametrize("batch", [(60,), (3, 20), (3, 4, 5), (1, 60, 1), (5, 1, 12)])
def test_rows_are_copied_to_and_fro(batch):
    array = np.arange(60.0 * 4).reshape(4, *reversed(batch)).T
    assert array.shape == (*batch, 4)
    flat = array.reshape(60, 4)
    rows = Rows(array, len(batch), (60, 4))
    assert rows.shape == flat.shape
    assert rows.size == flat.size
    result = np.full(array.shape, np.nan).T.copy().T
    filled = Rows(result, len(batch), (60, 4), written=True)
    for step in (1, 7, 20, 60):
        result[...] = np.nan
        for first in range(0, 60, step):
            last = min(first + step, 60)
            room = np.full((step, 4), -1.0)
            rows.read(first, last, room)
            np.testing.assert_array_equal(room[: last - first], flat[first:last])
            filled.write(first, last, room)
        np.testing.assert_array_equal(result, array)
    np.testing.assert_array_equal(rows[13:29], flat[13:29])
    np.testing.assert_array_equal(np.asarray(rows), flat)
