"""A gradient may be written over the inputs that META names, and over no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, DTYPES, Kernels, Options, kernels, ways


def pairs(name: str) -> list[tuple[str, str, str]]:
    allowed = kernels(name).meta["in_place"]
    return [(entry, result, source) for entry, by in allowed.items() for result, all_ in by.items() for source in all_]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_named_inputs_may_be_overwritten(name: str, dtype: str, small_chunks: Callable[..., None]) -> None:
    k = kernels(name)
    small_chunks(k, 2)
    for way in ways(k):
        with way:
            check_in_place(k, name, dtype)


def check_in_place(k: Kernels, name: str, dtype: str) -> None:
    length = k.distinct if k.coupled else 2053 if k.elementwise else 9
    outcome = k.call(length, dtype, Options("mean", weighted=not k.batchless, masked=not k.coupled))
    for entry, result, source in pairs(name):
        arrays: list[Any] = outcome.arrays
        vectors = outcome.vectors
        buffer = vectors if (entry, source) == ("hvp", "v") else arrays[k.inputs.index(source)]
        expected = {key: np.array(value) for key, value in outcome.run(entry).items()}
        shape, kind = expected[f"{'hvp' if entry == 'hvp' else 'grad'} {result}"].shape, np.dtype(dtype)
        if buffer.shape != shape or buffer.dtype != kind:
            continue
        names = k.predictions if entry == "hvp" else list(k.meta["gradients"])
        outs = [
            buffer if n == result else np.empty(expected[f"{key} {n}"].shape, kind)
            for n in names
            for key in [("hvp" if entry == "hvp" else "grad")]
        ]
        out = outs[0] if len(outs) == 1 else tuple(outs)
        if entry == "hvp":
            k.loss.hvp(*arrays, v=vectors, out=out, **outcome.keywords)
        else:
            value, _ = k.loss.value_and_grad(*arrays, wrt=tuple(names), out=outs, **outcome.keywords)
            assert value == expected["value"]
        for n, found in zip(names, outs, strict=True):
            key = f"{'hvp' if entry == 'hvp' else 'grad'} {n}"
            np.testing.assert_array_equal(found, expected[key], err_msg=f"{entry} {result} over {source}")


def test_simple_losses_work_in_place() -> None:
    """What every training loop asks for: logits or predictions replaced by their gradient."""
    for name, source in (("huber", "pred"), ("softmax_cross_entropy", "z"), ("bce_with_logits", "z"), ("dice", "p")):
        assert ("value_and_grad", source, source) in pairs(name), name


@pytest.mark.parametrize("name", CATALOGUE)
def test_others_are_refused(name: str) -> None:
    k = kernels(name)
    outcome = k.call(k.distinct, "float64", Options("sum"))
    allowed = set(pairs(name))
    arrays = outcome.arrays
    for result in k.predictions:
        gradients = outcome.run("value_and_grad")
        for number, source in enumerate(k.inputs):
            shape = gradients[f"grad {result}"].shape
            if ("value_and_grad", result, source) in allowed or arrays[number].shape != shape:
                continue
            if arrays[number].dtype != np.float64:
                continue
            with pytest.raises(ValueError, match="shares memory"):
                k.loss.value_and_grad(*arrays, wrt=(result,), out=(arrays[number],), **outcome.keywords)


@pytest.mark.parametrize("place", [(0, 0), (2, 1023), (4, 1024), (4, 2099)])
def test_a_violation_is_found_where_it_is(place: tuple[int, int]) -> None:
    """A check that a sweep makes on its way, with results written over what is checked."""
    loss = kernels("dice").loss
    for argument, name in enumerate("py"):
        arrays = [np.random.default_rng(argument).random((5, 2100)) for _ in "py"]
        arrays[argument][place] = 1.5
        loss.value_and_grad(*arrays, mask=np.arange(5) != place[0])
        loss.value_and_grad(*arrays, validate=False)
        with pytest.raises(ValueError, match=rf"^{name}\[{place[0]}, {place[1]}\] is 1.5"):
            loss.value_and_grad(*arrays, out=arrays[0])
