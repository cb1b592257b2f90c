"""Sums of many values: as accurate as the values themselves."""

import math

import numpy as np
import pytest

from symloss.accuracy.points import Sampler, is_coupled, sizes_for
from symloss.program import INPUT_ROLES

from .catalogue import NAMES, derivation_of, loss_of

COUNT = 100_000
#: So many different samples, repeated in a random order.
DISTINCT = 500


def arrays_of(program, dtype):
    """One array per input: `DISTINCT` samples of ordinary size, repeated."""
    sizes = sizes_for(program, 1, 4)
    sampler = Sampler(program, sizes, dtype, seed=3)
    instances = [sampler.ordinary() for _ in range(DISTINCT)]
    chosen = np.random.default_rng(0).integers(0, DISTINCT, COUNT)
    for tensor in program.tensors.values():
        if tensor.role not in INPUT_ROLES:
            continue
        kind = {"index": "int64", "boolean": "bool"}.get(tensor.domain.kind, dtype)
        parts = []
        for instance in instances:
            part = np.zeros([sizes[axis] for axis in tensor.axes], kind)
            for index, value in instance.tensors[tensor.name].items():
                part[index] = value
            parts.append(part)
        batched = any(program.axes[program.root(axis)].kind == "batch" for axis in tensor.axes)
        yield np.concatenate(parts)[chosen] if batched else parts[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [name for name in NAMES if not is_coupled(derivation_of(name).textbook)])
def test_a_sum_of_many_values(name, dtype):
    loss = loss_of(name)
    arrays = list(arrays_of(derivation_of(name).textbook, dtype))
    values = loss(*arrays, reduction="none")
    flat = np.concatenate([np.ravel(v) for v in (values if isinstance(values, tuple) else (values,))]).astype(float)
    if np.isinf(flat).any():
        assert loss(*arrays, reduction="sum") == flat.sum()
        return
    exact, size = math.fsum(flat), math.fsum(abs(flat))
    unit = float(np.finfo(dtype).eps) / 2
    # Each value was rounded to the dtype before it was returned; the sum was not made of rounded values.
    # What the order of the additions adds in the worst case stands in symloss/emit/numba_cpu/lanes.py.
    allowed = (8 if exact == 0 or abs(exact) < size else 0) * unit * size + 4 * 2 * unit * abs(exact) + unit * size
    assert abs(loss(*arrays, reduction="sum") - exact) <= allowed
