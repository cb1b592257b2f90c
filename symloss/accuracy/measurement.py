"""Kernels against exact results, in units in the last place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from mpmath import mp, mpf

from symloss.accuracy.bounds import ErrorBound
from symloss.accuracy.points import Instance, Sampler, Values, is_coupled, sizes_for
from symloss.accuracy.reference import Reference, kind_of
from symloss.program import INPUT_ROLES

if TYPE_CHECKING:
    from symloss.calculus import Derivation

DTYPES = ("float64", "float32")
ENTRIES = ("value", "value_and_grad", "grad_hess_diag", "hvp")
#: How often an infinity is put into each input, among other values each time.
TRIALS = 4
#: Ulps that every class allows.
BOUND = 4


@dataclass
class Error:
    """How far one number of a kernel is off.

    Attributes:
        entry: the entry point and dtype.
        key: the output.
        index: where in it, within one instance.
        found: what the kernel returned.
        exact: what it should have returned.
        ulps: the difference in units in the last place of the exact result; infinite where one of the two is finite.
        instance: the inputs.
        directions: the directions of a Hessian-vector product.
    """

    entry: str
    dtype: str
    key: str
    index: tuple[int, ...]
    found: float
    exact: Any
    ulps: float
    instance: Instance
    directions: Mapping[str, Values]
    ratio: float = 0.0


@dataclass
class Measurement:
    """What was found for one loss.

    Attributes:
        errors: numbers that are beyond the bound of their class.
        ulps: by entry point, dtype and output the largest error in ulps.
        ratios: by entry point, dtype and output the largest quotient of an error and its bound.
        compared: how many numbers were compared.
        unclaimed: how many had no limit, or terms beyond the largest number, so that nothing is claimed of them.
        outside: how many were beyond the bound behind a step of the program that over- or underflows.
        indeterminate: how many were NaN at infinite inputs, where the program comes to infinity less infinity.
        substituted: how many exact results came from the stable program, the textbook formula being unsettled.
    """

    errors: list[Error] = field(default_factory=list)
    ulps: dict[tuple[str, str, str], float] = field(default_factory=dict)
    ratios: dict[tuple[str, str, str], float] = field(default_factory=dict)
    compared: int = 0
    unclaimed: int = 0
    outside: int = 0
    indeterminate: int = 0
    substituted: int = 0


def measure(
    derivation: Derivation,
    loss: Any,
    count: int,
    dtypes: tuple[str, ...] = DTYPES,
    seed: int = 0,
    other: int = 3,
) -> Measurement:
    """Run every entry point on adversarial inputs and compare with exact results.

    Args:
        derivation: the derived programs.
        loss: the loaded loss.
        count: the number of instances (rows; small batches where samples interact) per dtype.
        dtypes: the computing dtypes.
        seed: another seed draws other inputs.
        other: the length of axes that are not of fixed length.
    """
    return _Run(derivation, loss, other).run(count, dtypes, seed)


def measure_specials(
    derivation: Derivation, loss: Any, dtypes: tuple[str, ...] = DTYPES, other: int = 3
) -> Measurement:
    """Put an infinity of either sign, and NaN, into each unrestricted input in turn.

    What is infinite must come out as the limit where there is one; whatever depends on a NaN must be NaN. Outputs
    without a limit are counted as unclaimed.
    """
    return _Run(derivation, loss, other).specials(dtypes)


#: Values that an input takes to see what depends on it.
PROBES = (0.3, -0.4, 2.7, -3.1, 120.0, -90.0)
KINDS = ("value", "grad", "hvp", "diag")
#: Stands for the exact result of whatever depends on a NaN.
MUST_BE_NAN = object()


class _Run:
    def __init__(self, derivation: Derivation, loss: Any, other: int) -> None:
        self.program = derivation.textbook
        self.loss = loss
        self.meta: Mapping[str, Any] = loss.meta
        self.coupled = is_coupled(self.program)
        self.batch = 4 if self.coupled else 1
        self.sizes = sizes_for(self.program, self.batch, other)
        self.terms = list(self.meta["terms"])
        self.predictions: list[str] = self.meta["predictions"]
        outputs = [*self.terms, *(f"grad {name}" for name in self.meta["gradients"])]
        outputs += [f"hvp {name}" for name in self.predictions]
        if "grad_hess_diag" in self.meta["entries"]:
            outputs += [f"diag {name}" for name in self.predictions]
        self.reference = Reference(derivation, outputs)
        self.bound = ErrorBound(derivation, self.sizes)
        self.found = Measurement()

    def run(self, count: int, dtypes: tuple[str, ...], seed: int) -> Measurement:
        """Measure."""
        for dtype in dtypes:
            sampler = Sampler(self.program, self.sizes, dtype, seed)
            instances = sampler.instances(count if not self.coupled else max(2, count // 4))
            directions = [sampler.direction(instance) for instance in instances]
            exact = [
                self.reference.results(instance, direction, self.sizes, KINDS)
                for instance, direction in zip(instances, directions, strict=True)
            ]
            for group in self._groups(instances):
                for entry in self.meta["entries"]:
                    self._compare(entry, dtype, group, instances, directions, exact)
        self.found.substituted = self.reference.substituted
        return self.found

    def specials(self, dtypes: tuple[str, ...]) -> Measurement:
        """Measure infinities and NaN."""
        real = [t for t in self.program.tensors.values() if t.role in INPUT_ROLES and t.domain.extended]
        for dtype in dtypes:
            sampler = Sampler(self.program, self.sizes, dtype, seed=1)
            for tensor in real:
                for special in (np.inf, -np.inf, np.nan) * TRIALS:
                    instance = sampler.ordinary()
                    chosen = sampler.random.choice(list(instance.tensors[tensor.name]))
                    values = {**instance.tensors[tensor.name], chosen: special}
                    instance = Instance({**instance.tensors, tensor.name: values}, instance.parameters)
                    if not sampler.satisfies(instance):
                        continue
                    directions = sampler.direction(instance)
                    if np.isnan(special):
                        exact = self._spread(tensor.name, chosen, instance, directions, sampler)
                    else:
                        exact = self.reference.results(instance, directions, self.sizes, KINDS)
                    for entry in self.meta["entries"]:
                        self._compare(entry, dtype, [0], [instance], [directions], [exact])
        return self.found

    def _spread(
        self,
        name: str,
        place: tuple[int, ...],
        instance: Instance,
        directions: dict[str, Values],
        sampler: Sampler,
    ) -> dict[str, Values]:
        """What an input that is NaN makes NaN: the numbers that change when it does. Of the others nothing is known."""
        found: list[dict[str, Values]] = []
        for value in PROBES:
            moved = {**instance.tensors[name], place: sampler.rounded(value)}
            probe = Instance({**instance.tensors, name: moved}, instance.parameters)
            found.append(self.reference.results(probe, directions, self.sizes, KINDS))
        return {
            key: {
                index: MUST_BE_NAN if any(_differ(other[key][index], value) for other in found[1:]) else mp.nan
                for index, value in values.items()
            }
            for key, values in found[0].items()
        }

    def _groups(self, instances: list[Instance]) -> list[list[int]]:
        """The numbers of the instances that one call can take: those with the same parameters."""
        if self.coupled:
            return [[number] for number in range(len(instances))]
        groups: dict[tuple[Any, ...], list[int]] = {}
        for number, instance in enumerate(instances):
            groups.setdefault(tuple(instance.parameters.items()), []).append(number)
        return list(groups.values())

    def _compare(
        self,
        entry: str,
        dtype: str,
        group: list[int],
        instances: list[Instance],
        directions: list[dict[str, Values]],
        exact: list[dict[str, Values]],
    ) -> None:
        chosen = [instances[number] for number in group]
        arrays = [self.array(name, [i.tensors[name] for i in chosen], dtype) for name in self.inputs()]
        vectors = [self.array(name, [directions[n][name] for n in group], dtype) for name in self.predictions]
        for key, array in self.outcome(entry, arrays, vectors, chosen[0].parameters):
            for place, number in enumerate(group):
                for index, value in exact[number][key].items():
                    found = float(array[self._flat(key, index, place)])
                    self._judge(entry, dtype, key, index, found, value, instances[number], directions[number])

    def _flat(self, key: str, index: tuple[int, ...], place: int) -> tuple[int, ...]:
        if self.coupled:
            return index
        axes = self._axes(key)
        return tuple(
            place if self.program.axes[self.program.root(axis)].kind == "batch" else i
            for axis, i in zip(axes, index, strict=True)
        )

    def _axes(self, key: str) -> tuple[str, ...]:
        if kind_of(key) == "value":
            return self.program.axes_of(self.program.outputs[key])
        return self.program.tensors[key.split(" ", 1)[1]].axes

    def _judge(
        self,
        entry: str,
        dtype: str,
        key: str,
        index: tuple[int, ...],
        found: float,
        exact: Any,
        instance: Instance,
        directions: Mapping[str, Values],
    ) -> None:
        place = entry, dtype, key
        if exact is MUST_BE_NAN:
            self.found.compared += 1
            if not np.isnan(found):
                far = float("inf")
                self.found.errors.append(Error(entry, dtype, key, index, found, mp.nan, far, instance, directions, far))
            return
        if mp.isnan(exact):
            self.found.unclaimed += 1
            return
        ulps = error_in_ulps(found, exact, dtype)
        self.found.compared += 1
        ratio = ulps / BOUND
        if ratio > max(min(self.found.ratios.get(place, 0.0), 1.0), 0.5):
            # The bound is never below 4 ulp, so that smaller errors cannot set a record.
            finite = self.reference.approaching(instance)
            allowance = self.bound.allowance(key, index, finite, directions, dtype)
            if allowance > float(np.finfo(dtype).max) / 16:
                self.found.unclaimed += 1
                return
            infinite = any(mp.isinf(v) for values in instance.tensors.values() for v in values.values())
            if (
                infinite
                and np.isnan(found)
                and self.reference.indeterminate(key, index, instance, directions, self.sizes)
            ):
                self.found.indeterminate += 1
                return
            if np.isfinite(found) and mp.isfinite(exact):
                ratio = float(abs(mpf(found) - exact) / (BOUND * ulp(exact, dtype) + allowance))
            if ratio > 1 and self.bound.leaves_range(key, index, finite, directions, dtype):
                self.found.outside += 1
                return
        self.found.ulps[place] = max(self.found.ulps.get(place, 0.0), ulps)
        self.found.ratios[place] = max(self.found.ratios.get(place, 0.0), ratio)
        if not ratio <= 1:
            self.found.errors.append(Error(entry, dtype, key, index, found, exact, ulps, instance, directions, ratio))

    # --- calls ---------------------------------------------------------------------------------------------------

    def inputs(self) -> list[str]:
        """The inputs in declared order."""
        return [name for name, tensor in self.program.tensors.items() if tensor.role in INPUT_ROLES]

    def array(self, name: str, values: list[Values], dtype: str) -> Any:
        """One array of several instances."""
        tensor = self.program.tensors[name]
        kind = {"index": "int64", "boolean": "bool"}.get(tensor.domain.kind, dtype)
        shape = [self.sizes[axis] for axis in tensor.axes]
        parts = []
        for by in values:
            part = np.zeros(shape, kind)
            for index, value in by.items():
                part[index] = value
            parts.append(part)
        batched = any(self.program.axes[self.program.root(axis)].kind == "batch" for axis in tensor.axes)
        return np.concatenate(parts) if batched and not self.coupled else parts[0]

    def outcome(
        self, entry: str, arrays: list[Any], vectors: list[Any], parameters: Mapping[str, float]
    ) -> Iterator[tuple[str, Any]]:
        """What an entry point returns, by output; values per sample, derivatives of the plain sum."""
        loss = self.loss
        if entry == "value":
            yield from self._values(loss(*arrays, reduction="none", **parameters))
        elif entry == "value_and_grad":
            value, gradients = loss.value_and_grad(*arrays, reduction="none", **parameters)
            yield from self._values(value)
            names = self.predictions
            yield from zip((f"grad {name}" for name in names), _tuple(gradients), strict=True)
        elif entry == "grad_hess_diag":
            gradients, diagonals = loss.grad_hess_diag(*arrays, **parameters)
            yield from zip((f"grad {name}" for name in self.predictions), _tuple(gradients), strict=True)
            yield from zip((f"diag {name}" for name in self.predictions), _tuple(diagonals), strict=True)
        else:
            v = vectors[0] if len(vectors) == 1 else tuple(vectors)
            products = loss.hvp(*arrays, v=v, reduction="sum", **parameters)
            yield from zip((f"hvp {name}" for name in self.predictions), _tuple(products), strict=True)

    def _values(self, value: Any) -> Iterator[tuple[str, Any]]:
        return zip(self.terms, _tuple(value), strict=True)


def _differ(a: Any, b: Any) -> bool:
    """Whether two exact results are different numbers, and not one known to different digits."""
    return (
        bool(abs(a - b) > mpf(10) ** -20 * max(abs(a), abs(b))) if mp.isfinite(a) and mp.isfinite(b) else bool(a != b)
    )


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def ulp(exact: Any, dtype: str) -> Any:
    """The distance between neighbouring numbers of a dtype in the binade of an exact value; a subnormal step below."""
    info = np.finfo(dtype)
    if exact == 0:
        return mpf(float(info.smallest_subnormal))
    exponent = int(mp.frexp(exact)[1]) - 1
    return max(mp.ldexp(mpf(float(info.eps)), exponent), mpf(float(info.smallest_subnormal)))


def error_in_ulps(found: float, exact: Any, dtype: str) -> float:
    """The difference of a result from the exact one in ulps; a result beyond the largest number may be infinite."""
    if mp.isnan(exact):
        return 0.0 if np.isnan(found) else float("inf")
    largest = mpf(float(np.finfo(dtype).max))
    if np.isinf(found) and abs(exact) > largest * (1 - 4 * mpf(float(np.finfo(dtype).eps))):
        return 0.0 if (found > 0) == (exact > 0) else float("inf")
    if mp.isinf(exact) or not np.isfinite(found):
        return float("inf")
    return float(abs(mpf(found) - exact) / ulp(exact, dtype))
