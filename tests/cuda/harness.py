"""Calls of CUDA kernels by the interpreter, beside what the CPU kernels' own harness says they should return."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symloss.emit.numba_cuda import emit_cuda
from tests.cuda.interpreted import Interpreted, call
from tests.kernels.harness import CATALOGUE, Kernels, Options, Outcome, derived, named

#: Losses whose samples interact, which have tests of their own: results of repeated samples are not known exactly.
COUPLED = ("info_nce", "nt_xent")

#: Losses that stand for the catalogue in the default suite: element-wise, by row with labels, a few numbers a sample.
TYPICAL = ("huber", "softmax_cross_entropy", "iou")


#: One loss more of every kind: elementary functions, sums of a whole sample, a softmax in factors, pairs of samples,
#: four gradients, norms, and predictions in batches of their own.
KINDS = ("bce_with_logits", "dice", "focal_multiclass", "info_nce", "kl_gaussian", "triplet_margin", "wgan_critic")


def marked(*more: Any, coupled: bool = False, kinds: bool = False, typical: Sequence[str] = TYPICAL) -> list[Any]:
    """Every loss with CUDA kernels as a parameter of a test, and more of them; the typical alone are not slow.

    Where what is tested is a matter of the kind of kernel, ``kinds`` leaves all but one loss of every kind to the
    exhaustive suite.
    """
    names = [name for name in CATALOGUE if coupled or name not in COUPLED]
    rest = pytest.mark.exhaustive if kinds else pytest.mark.slow
    marks: dict[str, Any] = dict.fromkeys(KINDS, pytest.mark.slow) | dict.fromkeys(typical, ())
    return [pytest.param(name, *more, marks=marks.get(name, rest)) for name in names]


class DeviceKernels(Kernels):
    """One loss: its CUDA kernels, and exact results on a few distinct samples."""

    def device_call(self, length: Any, dtype: str, options: Options, **machine: Any) -> DeviceOutcome:
        """As `Kernels.call`; keywords go to the interpreting machine."""
        roots = {self.axis_of(term) for term in self.meta["terms"]} - {None}
        lengths = dict.fromkeys(map(str, roots), length) if isinstance(length, int) else dict(length)
        outcome = DeviceOutcome(self, lengths, dtype, options)
        outcome.machine = machine
        return outcome


class DeviceOutcome(Outcome):
    """One call of the CUDA kernels."""

    machine: dict[str, Any]
    last: Interpreted

    def run(self, entry: str, arrays: Any = None, **more: Any) -> dict[str, Any]:
        k, options = self.kernels, self.options
        module = device_module(k.path)
        self.last = Interpreted(module, **self.machine)
        arrays = self.arrays if arrays is None else arrays
        inputs = {
            name: array.view(np.uint8) if array.dtype == bool else array
            for name, array in zip(k.inputs, arrays, strict=True)
        }
        keywords = self.keywords
        terms = list(k.meta["terms"])
        vectors = self.vectors

        def per_term(name: str, dtype: Any) -> list[Any]:
            value = keywords.get(name)
            listed = value if isinstance(value, tuple) else (value,)
            return (
                [None if v is None else v.astype(dtype) for v in listed] if value is not None else [None] * len(terms)
            )

        value, outputs, _ = call(
            module,
            entry,
            inputs,
            k.parameters,
            machine=self.last,
            reduction=options.reduction,
            normalizer=keywords.get("normalizer"),
            **{
                "directions": [] if entry != "hvp" else list(vectors) if isinstance(vectors, tuple) else [vectors],
                "weights": per_term("weight", self.dtype),
                "masks": per_term("mask", np.uint8),
                **more,
            },
        )
        names = k.predictions
        if entry == "value":
            return {"value": _value(value)}
        if entry == "value_and_grad":
            return {"value": _value(value), **named("grad", k.meta["gradients"], tuple(outputs))}
        if entry == "grad_hess_diag":
            half = len(names)
            return {**named("grad", names, tuple(outputs[:half])), **named("diag", names, tuple(outputs[half:]))}
        return named("hvp", names, tuple(outputs))


def _value(value: Any) -> Any:
    return (value[0] if len(value) == 1 else tuple(value)) if isinstance(value, list) else value


@cache
def device_text(path: Path) -> str:
    """The CUDA file, as it would be written now."""
    return emit_cuda(*derived(path))


@cache
def device_module(path: Path) -> ModuleType:
    """The shipped CUDA file where it is up to date, else the text that would be written now, from a folder of tests."""
    from symloss.runtime.modules import load_module

    text = device_text(path)
    shipped = Path(__file__).parents[2] / "generated" / "cuda" / path.name.replace(".yaml", ".py")
    if not (shipped.is_file() and shipped.read_text(encoding="utf-8") == text):
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="symloss-cuda-"))
        shipped = folder / shipped.name
        shipped.write_text(text, encoding="utf-8")
    return load_module(shipped, f"symloss._cuda_{path.stem}")


@cache
def device_kernels(name: str) -> DeviceKernels:
    return DeviceKernels(CATALOGUE[name])
