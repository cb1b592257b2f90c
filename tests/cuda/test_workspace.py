"""The small arrays of a call: apart from one another in one allocation, which is that call's own."""

from __future__ import annotations

from itertools import pairwise

import pytest

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import gpu
from symloss.runtime.cuda.plan import Recorder


def test_arrays_of_a_call_lie_apart_in_one_allocation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "shared_limit", lambda device: 1 << 16)
    machine = Recorder(None, 0, "float32")  # type: ignore[arg-type]
    places = [machine.empty(count, dtype) for count in (1, 3, 64, 65, 1 << 20) for dtype in ("float32", "float64")]
    spans = [(place.offset, place.offset + place.count * place.itemsize) for place in places]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert all(begin % 16 == 0 for begin, _ in spans)
    assert spans[-1][1] <= machine.used
    assert machine.result("float32").slot != places[0].slot, "the value must not hold the workspace alive"
    part = machine.part(places[0], 1)
    assert (part.offset, part.aligned) == (places[0].offset + 4, False)
