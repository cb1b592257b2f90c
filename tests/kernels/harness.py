"""The kernels of one loss, called as a user calls them, on samples that repeat, beside what they should return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
from mpmath import mp, mpf

from symloss.build.samples import draw, is_coupled, moved_parameters, sizes_for
from symloss.build.user import compiled_module_path
from symloss.calculus import Derivation, derive
from symloss.emit import emit_loss
from symloss.language import Spec, SpecLibrary, read_spec
from symloss.program import INPUT_ROLES, Program
from symloss.runtime.library import load_generated
from symloss.runtime.locations import generated_folder
from symloss.runtime.loss import Loss
from tests.kernels.reference import Expected, Index, Point, Reference, Values, total

ROOT = Path(__file__).parents[2]
CATALOGUE = {path.stem: path for path in sorted((ROOT / "specs").glob("*/*.yaml"))}
USER_SPECS = {path.stem: path for path in sorted((ROOT / "tests" / "user_specs").glob("*.yaml"))}
LIBRARY = SpecLibrary([ROOT / "specs"])
DTYPES = ("float64", "float32")
REDUCTIONS = ("none", "mean", "sum")

#: One loss of each kind: element-wise, by row with labels, several terms, masked items, interacting samples.
CORE = ("huber", "softmax_cross_entropy", "gan_discriminator", "listnet", "nt_xent")

#: How many units (see `reference`) a kernel may be off.
TOLERANCE = 6.0

#: Distinct samples; prime, so that no chunk holds a whole number of repetitions.
DISTINCT = 5


@dataclass(frozen=True)
class Options:
    """The options of one call: which of weight and mask are given, the reduction, a normalizer."""

    reduction: str = "sum"
    weighted: bool = False
    masked: bool = False
    normalizer: float | None = None


class Kernels:
    """One loss: its derivation, its kernels, and exact results on a few distinct samples.

    Attributes:
        program: the textbook program.
        coupled: whether samples interact; then results exist for the distinct samples only, not for repetitions.
    """

    def __init__(
        self,
        path: Path,
        distinct: int | None = None,
        other: int | None = None,
        seed: int = 1,
        rough: bool = False,
    ) -> None:
        """Read the loss; what is derived, compiled, drawn or evaluated waits until it is asked for."""
        self.path = path
        self.program: Program = specification(path).program
        self.coupled = is_coupled(self.program)
        self.distinct = distinct or (6 if self.coupled else DISTINCT)
        self.sizes = sizes_for(self.program, self.distinct, other or 3)
        self.seed, self.rough = seed, rough

    # --- the kernels -------------------------------------------------------------------------------------------------

    @cached_property
    def loss(self) -> Loss:
        return load_generated(self.file)

    @property
    def file(self) -> Path:
        """The shipped file where it is up to date (its machine code may be cached); else one in the user's cache."""
        return module_file(self.path)

    @cached_property
    def module(self) -> ModuleType:
        import sys

        self.loss  # noqa: B018 - loading makes the module
        return next(m for m in sys.modules.values() if getattr(m, "__file__", None) == str(self.file.resolve()))

    @property
    def meta(self) -> Mapping[str, Any]:
        return self.loss.meta

    @property
    def entries(self) -> list[str]:
        return list(self.meta["entries"])

    @property
    def batchless(self) -> bool:
        return None in self.meta["terms"].values()

    @property
    def elementwise(self) -> bool:
        """Whether the only axes are batches of samples that do not interact."""
        return not self.coupled and all(axis.kind == "batch" for axis in self.program.axes.values())

    @property
    def free_axes(self) -> list[str]:
        """The axes of a sample whose length is the caller's to choose."""
        roots = dict.fromkeys(map(self.program.root, self.program.axes))
        return [r for r in roots if self.program.axes[r].kind != "batch" and self.program.axes[r].size is None]

    def is_batch(self, axis: str) -> bool:
        return self.program.axes[self.program.root(axis)].kind == "batch"

    @property
    def predictions(self) -> list[str]:
        return [name for name, tensor in self.program.tensors.items() if tensor.role == "prediction"]

    @property
    def inputs(self) -> list[str]:
        return [name for name, tensor in self.program.tensors.items() if tensor.role in INPUT_ROLES]

    # --- samples -----------------------------------------------------------------------------------------------------

    @cached_property
    def values(self) -> dict[str, Values]:
        """Admitted values of every input that both dtypes hold exactly."""
        drawn = draw(self.program, self.sizes, self.seed)
        return {name: self._representable(name, by) for name, by in drawn.items()}

    def _representable(self, name: str, values: Values) -> Values:
        domain = self.program.tensors[name].domain
        if domain.kind != "simplex":
            return {i: float(np.float32(v)) if isinstance(v, float) else v for i, v in values.items()}
        place = self.program.tensors[name].axes.index(str(domain.axis))
        rounded = {index: round(value * 2**16) / 2**16 for index, value in values.items()}
        rows: dict[Index, list[Index]] = {}
        for index in rounded:
            rows.setdefault(index[:place] + index[place + 1 :], []).append(index)
        for members in rows.values():
            largest = max(members, key=lambda index: rounded[index])
            rounded[largest] += 1 - sum(rounded[index] for index in members)
        return rounded

    @cached_property
    def directions(self) -> dict[str, Values]:
        generator = Random(f"{self.program.name} directions")
        return {
            name: {index: generator.randint(-64, 64) / 32 for index in self.values[name]} for name in self.predictions
        }

    @cached_property
    def parameters(self) -> dict[str, float]:
        return moved_parameters(self.program)

    def axis_of(self, term: str) -> str | None:
        axis = self.meta["terms"][term]
        return None if axis is None else self.program.root(axis)

    def weights(self, term: str) -> np.ndarray:
        """The weights of the distinct samples: all different, one of them negative, exact in both dtypes."""
        count = self.sizes[str(self.axis_of(term))]
        found = 0.5 + np.arange(count) * 0.375
        found[1 % count] *= -1 if count > 2 else 1
        return found

    def kept(self, term: str) -> np.ndarray:
        """Which of the distinct samples a mask keeps."""
        count = self.sizes[str(self.axis_of(term))]
        found = np.ones(count, bool)
        if count > 2:
            found[2] = False
            if self.meta["paired"]:
                found[(2 + count // 2) % count] = False
        return found

    # --- exact results -----------------------------------------------------------------------------------------------

    @property
    def derivation(self) -> Derivation:
        return derived(self.path)[1]

    @cached_property
    def reference(self) -> Reference:
        return Reference(self.derivation, self.rough)

    @cached_property
    def points(self) -> dict[str, dict[Index, Point]]:
        """Exact results of the distinct samples, each with seed 1."""
        ones = {term: [1] * (self.sizes[axis] if (axis := self.axis_of(term)) else 1) for term in self.meta["terms"]}
        found = self.reference.points(self.sizes, self.values, self.parameters, ones, self.directions)
        if not self.coupled and not self.batchless:
            for term in self.meta["terms"]:
                found[term] = {
                    index: self._conditioned(term, index, point, found) for index, point in found[term].items()
                }
        return found

    def _conditioned(self, term: str, index: Index, point: Point, found: Mapping[str, Mapping[Index, Point]]) -> Point:
        """The value of a sample with the condition that its gradient shows: rounding its inputs may add up."""
        own = [
            n
            for n in self.predictions
            if (axes := self.program.tensors[n].axes) and self.axis_of(term) == self.program.root(axes[0])
        ]
        moves = [
            abs(mpf(x) * found[f"grad {n}"][i].exact)
            for n in own
            for i, x in self.values[n].items()
            if i[0] == index[0]
        ]
        slope = mp.fsum(moves)
        return Point(point.exact, max(point.slope, slope) if mp.isfinite(slope) else point.slope, point.magnitude)

    @cached_property
    def own_weights(self) -> dict[str, list[Any]]:
        return self.reference.own_weights(self.sizes, self.values, self.parameters)

    def seeds(self, options: Options, counts: Mapping[str, np.ndarray]) -> dict[str, list[Any]]:
        """The derivative of the reduced loss by the value of each distinct sample; a masked one's is 0."""
        found = {}
        for term in self.meta["terms"]:
            axis = self.axis_of(term)
            if axis is None:
                found[term] = [mpf(1)]
                continue
            own = self.own_weights[term]
            kept = self.kept(term) if options.masked else np.ones(len(own), bool)
            weights = self.weights(term) if options.weighted else np.ones(len(own))
            seeds = [mpf(float(w)) * o if k else mpf(0) for w, o, k in zip(weights, own, kept, strict=True)]
            divisor = mpf(1)
            if options.normalizer is not None and options.reduction != "none":
                divisor = mpf(options.normalizer)
            elif options.reduction == "mean":
                divisor = sum((s * int(c) for s, c in zip(seeds, counts[axis], strict=True)), mpf(0))
            found[term] = [s / divisor for s in seeds] if divisor else seeds
        return found

    # --- calls -------------------------------------------------------------------------------------------------------

    def call(self, length: int | Mapping[str, int], dtype: str, options: Options) -> Outcome:
        """Arrays of as many samples, repetitions of the distinct ones, and what every entry point should return."""
        roots = {self.axis_of(term) for term in self.meta["terms"]} - {None}
        lengths = dict.fromkeys(map(str, roots), length) if isinstance(length, int) else dict(length)
        return Outcome(self, lengths, dtype, options)


@dataclass
class Outcome:
    """One call: the arguments, and the exact results."""

    kernels: Kernels
    lengths: dict[str, int]
    dtype: str
    options: Options
    picks: dict[str, np.ndarray] = field(init=False)
    seeds: dict[str, list[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.picks = {root: np.arange(n) % self.kernels.sizes[root] for root, n in self.lengths.items()}
        self.counts = {
            root: np.bincount(picks, minlength=self.kernels.sizes[root]) for root, picks in self.picks.items()
        }
        self.seeds = self.kernels.seeds(self.options, self.counts)

    # --- arguments ---------------------------------------------------------------------------------------------------

    def array(self, name: str, values: Values, dtype: str | None = None) -> np.ndarray:
        """An input of the call: the distinct samples' values, repeated along every batch axis."""
        k = self.kernels
        tensor = k.program.tensors[name]
        kind = {"index": "int64", "boolean": "bool"}.get(tensor.domain.kind, dtype or self.dtype)
        array = np.zeros([k.sizes[axis] for axis in tensor.axes], kind)
        for index, value in values.items():
            array[index] = value
        for place, axis in enumerate(tensor.axes):
            root = k.program.root(axis)
            if root in self.picks:
                array = np.take(array, self.picks[root], axis=place)
        return array.copy(order="C")

    @property
    def arrays(self) -> list[np.ndarray]:
        return [self.array(name, self.kernels.values[name]) for name in self.kernels.inputs]

    @property
    def vectors(self) -> Any:
        return one_or_all([self.array(name, by) for name, by in self.kernels.directions.items()])

    @property
    def keywords(self) -> dict[str, Any]:
        """Parameters, reduction, weight, mask and normalizer."""
        k, options = self.kernels, self.options
        found: dict[str, Any] = dict(k.parameters)
        if k.batchless:
            return found
        found["reduction"] = options.reduction
        axes = {term: str(k.axis_of(term)) for term in k.meta["terms"]}
        if options.weighted:
            found["weight"] = one_or_all([k.weights(t)[self.picks[a]].astype(self.dtype) for t, a in axes.items()])
        if options.masked:
            found["mask"] = one_or_all([k.kept(t)[self.picks[a]] for t, a in axes.items()])
        if options.normalizer is not None and options.reduction != "none":
            found["normalizer"] = options.normalizer
        return found

    def run(self, entry: str, arrays: Sequence[Any] | None = None, **more: Any) -> dict[str, Any]:
        """What an entry point returns, by output."""
        loss = self.kernels.loss
        arrays = self.arrays if arrays is None else arrays
        keywords = {**self.keywords, **more}
        names = self.kernels.predictions
        if entry == "value":
            return {"value": loss(*arrays, **keywords)}
        if entry == "value_and_grad":
            wrt = tuple(self.kernels.meta["gradients"])
            value, gradients = loss.value_and_grad(*arrays, wrt=wrt, **keywords)
            return {"value": value, **{f"grad {name}": one for name, one in zip(wrt, gradients, strict=True)}}
        if entry == "grad_hess_diag":
            first, second = loss.grad_hess_diag(*arrays, **keywords)
            return {**named("grad", names, first), **named("diag", names, second)}
        keywords.setdefault("v", self.vectors)
        return named("hvp", names, loss.hvp(*arrays, **keywords))

    # --- exact results -----------------------------------------------------------------------------------------------

    def expected(self, key: str) -> Expected:
        """The exact result, array-like, of one output."""
        return self._value() if key == "value" else self._derivative(key)

    def _value(self) -> Expected:
        parts = [self._term(term) for term in self.kernels.meta["terms"]]
        return Expected.of({(): total(parts)}, ())

    def _term(self, term: str) -> Point:
        k = self.kernels
        axis = k.axis_of(term)
        if axis is None:
            return k.points[term][()]
        counts, seeds = self.counts[axis], self.seeds[term]
        return total([k.points[term][(i,)].scaled(s * int(counts[i])) for i, s in enumerate(seeds) if s != 0])

    def samples(self, term: str) -> Expected:
        """The weighted values of one term's samples."""
        k = self.kernels
        axis = str(k.axis_of(term))
        points = {(i,): k.points[term][(i,)].scaled(s) for i, s in enumerate(self.seeds[term]) if s != 0}
        return Expected.of(points, (k.sizes[axis],)).rows(self.picks[axis])

    def _derivative(self, key: str) -> Expected:
        k = self.kernels
        name = key.split(" ", 1)[1]
        tensor = k.program.tensors[name]
        shape = tuple(k.sizes[axis] for axis in tensor.axes)
        root = k.program.root(tensor.axes[0]) if tensor.axes else None
        if k.coupled or k.batchless or root not in self.picks:
            return Expected.of(self._seeded[key], shape)
        terms = [t for t in self.seeds if k.axis_of(t) == root]
        assert len(terms) == 1
        seeds = self.seeds[terms[0]]
        points = {i: p.scaled(seeds[i[0]]) for i, p in k.points[key].items() if seeds[i[0]] != 0}
        return Expected.of(points, shape).rows(self.picks[root])

    @cached_property
    def _seeded(self) -> dict[str, dict[Index, Point]]:
        """Results of losses whose outputs mix samples: the interpreter runs with the very seeds of this call."""
        k = self.kernels
        seeds = {}
        for term, by in self.seeds.items():
            axis = k.axis_of(term)
            seeds[term] = by if axis is None else [s * int(c) for s, c in zip(by, self.counts[axis], strict=True)]
        return k.reference.points(k.sizes, k.values, k.parameters, seeds, k.directions)

    def check(self, entry: str) -> float:
        """Compare everything an entry point returns; the largest error in units."""
        found, dtype = self.run(entry), self.dtype
        worst = 0.0
        for key, value in found.items():
            if key == "value" and self.options.reduction == "none" and not self.kernels.batchless:
                parts = value if isinstance(value, tuple) else (value,)
                units = max(self.samples(t).units(v, dtype) for t, v in zip(self.seeds, parts, strict=True))
            else:
                units = self.expected(key).units(value, dtype)
            where = f"{self.kernels.path.stem} {entry} {key} {dtype} {self.options}"
            assert units <= TOLERANCE, f"{where} off by {units:.3g} units"
            worst = max(worst, units)
        return worst


def named(prefix: str, names: Sequence[str], arrays: Any) -> dict[str, Any]:
    listed = arrays if isinstance(arrays, tuple) else (arrays,)
    return {f"{prefix} {name}": array for name, array in zip(names, listed, strict=True)}


def one_or_all(arrays: Sequence[Any]) -> Any:
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


@cache
def specification(path: Path) -> Spec:
    return read_spec(path, LIBRARY)


@cache
def derived(path: Path) -> tuple[Spec, Derivation]:
    spec = specification(path)
    return spec, derive(spec.program, spec.differentiate)


@cache
def text_of(path: Path) -> str:
    """The generated file, as it would be written now."""
    return emit_loss(*derived(path))


@cache
def module_file(path: Path) -> Path:
    shipped = generated_folder() / f"{path.stem}.py"
    catalogued = CATALOGUE.get(path.stem) == path and shipped.is_file()
    if catalogued and shipped.read_text(encoding="utf-8") == text_of(path):
        return shipped
    return compiled_module_path(path)


@cache
def kernels(name: str) -> Kernels:
    """A loss of the catalogue, prepared once."""
    return Kernels(CATALOGUE[name])


def ways(k: Kernels) -> list[AbstractContextManager[Any]]:
    """The ways in which a loss goes through its samples: side by side where they have few entries, and one by one."""
    return [nullcontext(), *([mock.patch.object(k.module, "SHORT", -1)] if hasattr(k.module, "SHORT") else [])]


def all_options() -> Iterator[Options]:
    """The cross product of reduction, weight, mask and normalizer."""
    for reduction in REDUCTIONS:
        for weighted in (False, True):
            for masked in (False, True):
                yield Options(reduction, weighted, masked)
                if reduction != "none":
                    yield Options(reduction, weighted, masked, normalizer=3.25)
