"""One audit from end to end: points and exact results, the implementation's results, the comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
from mpmath import mp, mpf

from symloss.accuracy.points import Instance, Values, is_coupled, sizes_for
from symloss.audit.exact import Exact, ulps, unit
from symloss.audit.regions import REGIONS, RegionSampler, Sample, samples
from symloss.audit.report import PARTS, Cell, Fault, Report
from symloss.audit.running import run_worker
from symloss.calculus import derive
from symloss.errors import SymlossError
from symloss.language import Spec
from symloss.language.domains import contains, domain_text
from symloss.language.names import did_you_mean
from symloss.program import Program, Tensor

#: Kinds of fault, the worst first.
_SEVERITY = ("raised", "nan", "inf", "sign", "error")


@dataclass(frozen=True)
class Options:
    """What a user may choose.

    Attributes:
        parameters: of the loss; the others have their defaults.
        construct: keyword arguments for a class.
        keywords: keyword arguments for the callable.
        given: what is known about it: order, returns, framework, one_hot, column, layout, dataset.
        dtypes: float64, float32 or both.
        regions: which regions; all by default.
        count: samples per region.
        size: the length of open axes.
        timeout: seconds for the implementation.
        max_ulps: the bound on the error beyond what rounding each input once explains.
        absolute: absolute errors up to this are let pass.
        seed: another seed draws other points.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    construct: Mapping[str, Any] = field(default_factory=dict)
    keywords: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] = ("float64", "float32")
    regions: tuple[str, ...] = tuple(REGIONS)
    count: int = 24
    size: int = 3
    timeout: float = 120.0
    max_ulps: float = 100.0
    absolute: float = 0.0
    seed: int = 0


def audit(spec: Spec, target: str, options: Options | None = None) -> Report:
    """Compare an implementation with a loss.

    Args:
        spec: the loss.
        target: ``package.module:function``, or ``:Class`` or ``:Class.method``.
        options: see `Options`.

    Returns:
        the report.

    Raises:
        SymlossError: the implementation cannot be imported or called, raises everywhere, hangs, changes its input or
            returns something of the wrong shape; or an option does not fit the loss.
    """
    return _Audit(spec, target, options or Options()).report()


class _Audit:
    def __init__(self, spec: Spec, target: str, options: Options) -> None:
        module, sign, name = target.partition(":")
        if not sign or not module or not name:
            raise SymlossError(f"an implementation is named package.module:function; {target!r} is given")
        self.spec, self.target, self.options = spec, target, options
        self._check_choices()
        self.program: Program = spec.program
        self.parameters = self._parameters()
        self.derivation = derive(self.program)
        self.coupled = is_coupled(self.program) or any(
            not self.program.axes_of(target) for target in self.program.outputs.values()
        )
        self.inputs = [t for t in spec.inputs if t.default is None or t.name in (options.given.get("order") or ())]
        self._check_order()
        self.batch = 4 if self.coupled else 1
        self.exact = Exact(self.derivation, self._sizes(self.batch))

    def _parameters(self) -> dict[str, float]:
        found = {}
        known = {tensor.name: tensor for tensor in self.spec.parameters}
        for name, value in self.options.parameters.items():
            if name not in known:
                raise SymlossError(f"{self.spec.name} has no parameter {name!r}{did_you_mean(name, known)}")
            if not contains(known[name].domain, value):
                raise SymlossError(f"{name} = {value} lies outside its domain, {domain_text(known[name].domain)}")
        for name, tensor in known.items():
            found[name] = float(self.options.parameters.get(name, tensor.default))
        return found

    def _check_choices(self) -> None:
        """A region that is misspelt would be left out unnoticed."""
        for what, chosen, known in (
            ("region", self.options.regions, tuple(REGIONS)),
            ("dtype", self.options.dtypes, Options.dtypes),
        ):
            for name in chosen:
                if name not in known:
                    raise SymlossError(f"there is no {what} {name!r}{did_you_mean(name, known)}")
            if not chosen:
                raise SymlossError(f"no {what} is chosen")

    def _check_order(self) -> None:
        order = self.options.given.get("order")
        if not order:
            return
        names = [tensor.name for tensor in self.spec.inputs]
        needed = [tensor.name for tensor in self.spec.inputs if tensor.default is None]
        for name in order:
            if name not in names:
                raise SymlossError(f"{self.spec.name} has no input {name!r}{did_you_mean(name, names)}")
        missing = [name for name in needed if name not in order]
        if missing or len(set(order)) != len(order):
            raise SymlossError(f"the arguments name each of {', '.join(needed)} once")

    def _sizes(self, batch: int) -> dict[str, int]:
        return sizes_for(self.program, batch, self.options.size)

    # --- request ----------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        """Everything."""
        drawn = {dtype: self._samples(dtype) for dtype in self.options.dtypes}
        arrays: dict[str, Any] = {}
        probes = []
        for number, length in enumerate((6, 4) if self.coupled else (7, 3)):
            probe, own = self._probe(length)
            probes.append(probe)
            arrays.update({f"probe{number} {key}": array for key, array in own.items()})
        for dtype, listed in drawn.items():
            if not listed:
                raise SymlossError(f"no inputs of {self.spec.name} were found in the chosen regions")
            for tensor in self.inputs:
                stacked = np.stack([self._array(tensor, sample.instance, self.batch, dtype) for sample in listed])
                flat = stacked if self.coupled else stacked.reshape(len(listed), *stacked.shape[2:])
                arrays[f"{dtype} {tensor.name}"] = flat
        answer, found = run_worker(self._request(probes), arrays, self.options.timeout)
        report = self._empty(answer)
        for dtype, listed in drawn.items():
            self._compare(report, answer, found, dtype, listed)
        self._judge(report, answer)
        return report

    def _samples(self, dtype: str) -> list[Sample]:
        real = np.dtype(dtype).type
        parameters = {name: float(real(value)) for name, value in self.parameters.items()}
        sizes = self._sizes(self.batch)
        count = self.options.count if not self.coupled else max(4, self.options.count // 4)
        passed = [tensor.name for tensor in self.inputs]
        found = samples(self.program, sizes, dtype, parameters, count, self.options.seed, passed)
        return [sample for sample in found if sample.region in self.options.regions]

    def _probe(self, length: int) -> tuple[dict[str, Any], dict[str, Any]]:
        sizes = self._sizes(length)
        sampler = RegionSampler(
            self.program, sizes, "float64", "ordinary", self.options.seed + length, [t.name for t in self.inputs]
        )
        instance = Instance(sampler.admitted(self.parameters), self.parameters)
        exact = Exact(self.derivation, sizes)
        found = exact.at(instance)
        arrays = {t.name: self._array(t, instance, length, "float64") for t in self.inputs}
        values = found["value"]
        arrays["value"] = np.array([float(value) for value in values.values()])
        hessians = []
        for name in exact.predictions:
            tensor = self.program.tensors[name]
            for kind in ("gradient", "hessian"):
                if f"{kind} {name}" in found:
                    arrays[f"{kind} {name}"] = _filled(found[f"{kind} {name}"], tensor, sizes)
            hessians += [name] if f"hessian {name}" in found else []
        total = float(mp.fsum(values.values()))
        probe = {
            "total": total,
            "mean": total / len(values),
            "samples": length,
            "predictions": exact.predictions,
            "hessians": hessians,
        }
        return probe, arrays

    def _array(self, tensor: Tensor, instance: Instance, batch: int, dtype: str) -> Any:
        kind = {"index": "int64", "boolean": "bool"}.get(tensor.domain.kind, dtype)
        return _filled(instance.tensors[tensor.name], tensor, self._sizes(batch), kind)

    def _request(self, probes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        options = self.options
        batch = {
            name
            for name, axis in self.program.axes.items()
            if self.program.axes[self.program.root(name)].kind == "batch"
        }
        described = [
            {
                "name": tensor.name,
                "role": tensor.role,
                "depth": len([axis for axis in tensor.axes if axis not in batch]),
                "index": (tensor.domain.axis or "") if tensor.domain.kind == "index" else "",
            }
            for tensor in self.inputs
        ]
        classes = [self._sizes(1)[tensor.domain.axis or ""] for tensor in self.inputs if tensor.domain.kind == "index"]
        return {
            "target": self.target,
            "construct": dict(options.construct),
            "keywords": dict(options.keywords),
            "given": {key: value for key, value in options.given.items() if value is not None},
            "inputs": described,
            "probes": list(probes),
            "coupled": self.coupled,
            "dtypes": list(options.dtypes),
            "classes": classes[0] if classes else 0,
            "second": self.exact.second,
        }

    # --- comparison -------------------------------------------------------------------------------------------------

    def _empty(self, answer: Mapping[str, Any]) -> Report:
        name = answer["factor_name"] or f"{answer['factor']:.9g}"
        return Report(
            self.target,
            self.spec.name,
            answer["convention"],
            answer["returns"].replace(",", " and "),
            answer["reduction"],
            name,
            answer["share"],
            self.parameters,
            self.options.max_ulps,
        )

    def _compare(
        self, report: Report, answer: Mapping[str, Any], found: Mapping[str, Any], dtype: str, listed: Sequence[Sample]
    ) -> None:
        cells: dict[tuple[str, str], Cell] = {}
        raised = dict(answer["failures"][dtype])
        info: Any = np.finfo(_coarser(dtype, answer["dtypes"][dtype]))
        factor = _factor(answer)
        random = Random(self.options.seed)
        keys = [key.partition(" ")[2] for key in found if key.startswith(f"{dtype} ")]
        for number, sample in enumerate(listed):
            bare = self.exact.at(sample.instance)
            exact = self._scaled(bare, answer, factor)
            doubtful: dict[str, dict[str, Values]] = {}

            def spread(sample: Sample = sample, bare: dict[str, Values] = bare, known: Any = doubtful) -> Any:
                # Costs as much as the exact results themselves, and is needed only where something is off.
                if not known:
                    found = self.exact.spread(sample.instance, bare, float(info.eps), random)
                    known["spread"] = self._scaled(found, answer, abs(factor))
                return known["spread"]

            beside = [self._scaled(self.exact.at(one), answer, factor) for one in sample.beside]
            shown = Instance({t.name: sample.instance.tensors[t.name] for t in self.inputs}, sample.instance.parameters)
            for key in keys:
                if key not in exact:
                    continue
                part = key.partition(" ")[0]
                cell = cells.setdefault((sample.region, part), Cell(sample.region, dtype, part))
                if number in raised:
                    fault = Fault("raised", key, float("nan"), mp.nan, float("inf"), float("inf"), shown, ())
                    fault.message = raised[number]
                    self._count(cell, fault)
                    continue
                for index, value in exact[key].items():
                    own = float(_element(found[f"{dtype} {key}"], number, index, self.coupled, value_shape(exact[key])))
                    near = [other[key][index] for other in beside] if part != "value" else []
                    self._one(cell, key, index, own, value, spread, near, shown, info)
        report.cells += sorted(cells.values(), key=lambda c: (list(REGIONS).index(c.region), PARTS.index(c.part)))
        self._notes(report, answer, dtype)

    def _scaled(self, found: dict[str, Values], answer: Mapping[str, Any], factor: Any) -> dict[str, Values]:
        """Exact results as the implementation reduces and scales them."""
        values = found["value"]
        divided = mpf(len(values)) if self.coupled and answer["reduction"] == "mean" else mpf(1)
        result: dict[str, Values] = {}
        for key, by_index in found.items():
            if key == "value" and self.coupled and answer["reduction"] != "none":
                result[key] = {(): factor * mp.fsum(by_index.values()) / divided}
            elif key == "value" and not self.coupled:
                result[key] = {(0,): factor * mp.fsum(by_index.values())}
            else:
                result[key] = {index: factor * value / divided for index, value in by_index.items()}
        return result

    def _one(
        self,
        cell: Cell,
        key: str,
        index: tuple[int, ...],
        own: float,
        exact: Any,
        spread: Callable[[], Any],
        near: Sequence[Any],
        instance: Instance,
        info: Any,
    ) -> None:
        cell.compared += 1
        error = ulps(own, exact, info)
        if near and _between(own, near, info, self.options.max_ulps):
            cell.other_slopes += error > self.options.max_ulps
            return
        excess = error
        if error > self.options.max_ulps and np.isfinite(own) and mp.isfinite(exact):
            explained = spread()[key][index] / unit(exact, info)
            excess = error / (1 + float(min(explained, mpf(10) ** 30)))
        if np.isfinite(own) and mp.isfinite(exact) and abs(mpf(own) - exact) <= self.options.absolute:
            excess = 0.0
        cell.ulps = max(cell.ulps, error)
        if excess <= self.options.max_ulps:
            cell.excess = max(cell.excess, excess)
            return
        kind = "error"
        if np.isnan(own):
            kind = "nan"
        elif np.isinf(own) or mp.isinf(exact):
            kind = "inf"
        elif own * float(mp.sign(exact)) < 0:
            kind = "sign"
        self._count(cell, Fault(kind, key, own, exact, error, excess, instance, index))

    @staticmethod
    def _count(cell: Cell, fault: Fault) -> None:
        cell.compared += fault.kind == "raised"
        cell.counts[fault.kind] = cell.counts.get(fault.kind, 0) + 1
        cell.excess = max(cell.excess, fault.excess)
        worst = cell.worst
        rank = (-_SEVERITY.index(fault.kind), _relative(fault))
        if worst is None or rank > (-_SEVERITY.index(worst.kind), _relative(worst)):
            cell.worst = fault

    # --- verdict ----------------------------------------------------------------------------------------------------

    def _notes(self, report: Report, answer: Mapping[str, Any], dtype: str) -> None:
        returned = answer["dtypes"][dtype]
        if returned and dtype not in returned:
            loses = dtype == "float64" and "float32" in returned
            report.notes.append(
                f"{dtype} inputs come back as {', '.join(returned)}"
                + ("; errors are in ulps of float32" if loses else "")
            )

    def _judge(self, report: Report, answer: Mapping[str, Any]) -> None:
        other = sum(cell.other_slopes for cell in report.cells)
        if other:
            report.notes.append(
                f"at {other} points on kinks another slope between the two one-sided ones; that is let pass"
            )
        if not answer["factor_name"]:
            report.notes.append("the factor is no simple number, so that errors of a few ulps may be its own")
        if answer["returns"] == "value" and answer["framework"] == "numpy":
            report.notes.append("a NumPy function: only its value can be compared")
        other_factor = self._other_factor(report, answer)
        negative = answer["factor"] < 0
        if negative:
            report.notes.append("it is a negative multiple of the loss: minimising it maximises the loss")
        bad = [cell for cell in report.cells if not cell.good]
        wrong = any(cell.region == "ordinary" and _gross(cell) for cell in bad) or negative
        if wrong or answer["share"] < 0.55:
            report.verdict = "disagrees"
        elif bad or other_factor:
            report.verdict = "agrees in part"

    def _other_factor(self, report: Report, answer: Mapping[str, Any]) -> bool:
        """Whether the factor is not the one that is expected, if one is."""
        if self.options.given.get("factor") is None:
            return False
        expected = float(Fraction(self.options.given["factor"]))
        other = bool(abs(answer["factor"] - expected) > 1e-9 * abs(expected))
        if other:
            report.notes.append(f"the factor is {report.factor}, but {expected:g} is expected")
        return other


def _gross(cell: Cell) -> bool:
    """Whether an ordinary input has a result without three correct digits."""
    if cell.worst is None:
        return False
    return cell.worst.kind in ("raised", "nan", "inf", "sign") or _relative(cell.worst) > 1e-3


def _relative(fault: Fault) -> float:
    if not np.isfinite(fault.found) or not mp.isfinite(fault.exact):
        return float("inf")
    if fault.exact == 0:
        return float("inf")
    return float(abs(mpf(fault.found) - fault.exact) / abs(fault.exact))


def _between(own: float, near: Sequence[Any], info: Any, bound: float) -> bool:
    """Whether a slope lies between those on both sides of a kink, but for rounding."""
    if not np.isfinite(own) or not all(mp.isfinite(value) for value in near) or min(near) == max(near):
        return False
    slack = bound * max(unit(min(near), info), unit(max(near), info))
    return bool(min(near) - slack <= own <= max(near) + slack)


def _coarser(dtype: str, returned: Sequence[str]) -> str:
    return "float32" if "float32" in returned and "float64" not in returned else dtype


def _factor(answer: Mapping[str, Any]) -> Any:
    name = answer["factor_name"]
    if name in ("log 2", "1/log 2"):
        return mp.log(2) if name == "log 2" else 1 / mp.log(2)
    return mpf(Fraction(name).numerator) / Fraction(name).denominator if name else mpf(answer["factor"])


def value_shape(values: Values) -> bool:
    """Whether results have an index."""
    return () not in values


def _element(array: Any, number: int, index: tuple[int, ...], coupled: bool, indexed: bool) -> Any:
    if coupled:
        return array[(number, *index)] if indexed and np.ndim(array) > 1 else np.ravel(array[number])[0]
    return array[(number, *index[1:])]


def _filled(values: Values, tensor: Tensor, sizes: Mapping[str, int], dtype: str = "float64") -> Any:
    array = np.zeros([sizes[axis] for axis in tensor.axes], dtype)
    for index, value in values.items():
        array[index] = value
    return array
