"""Points by region: ordinary, tiny, confident, large, huge and nearly equal inputs, kinks, ends of domains."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from symloss.accuracy.points import HEADROOM, Instance, Sampler, Values
from symloss.atoms import record_of
from symloss.oracle import Interpreter
from symloss.program import Domain, Program, Statement, Tensor, axes_of, reads_of

#: Regions in the order of the table, with what they are.
REGIONS = {
    "ordinary": "inputs of size 1",
    "tiny": "inputs from 1e-3 down to the smallest normal number",
    "confident": "inputs of size 5 to 40",
    "large": "inputs of size 40 to 1000",
    "huge": "inputs up to the largest number",
    "near": "inputs that nearly agree",
    "kinks": "on a kink and the numbers beside it",
    "ends": "on the ends of domains and beside them",
}
_EXPONENTS = {"confident": (math.log2(5), math.log2(40)), "large": (math.log2(40), math.log2(1000))}


@dataclass(frozen=True)
class Sample:
    """One instance, its region, and for a kink the instances on either side."""

    region: str
    instance: Instance
    beside: tuple[Instance, ...] = ()


class RegionSampler(Sampler):
    """Draws instances of one region."""

    def __init__(
        self,
        program: Program,
        sizes: Mapping[str, int],
        dtype: str,
        region: str,
        seed: int,
        passed: Collection[str] | None = None,
    ) -> None:
        """Prepare for one region; optional inputs that are not among the `passed` ones have their defaults."""
        super().__init__(program, sizes, dtype, seed)
        self.region, self.passed = region, passed
        self.random.seed(f"{program.name} {dtype} {region} {seed}")

    def _scale(self) -> float:
        top = math.log2(float(self.info.max)) - math.log2(HEADROOM) - 4
        if self.region in _EXPONENTS:
            return float(2.0 ** self.random.uniform(*_EXPONENTS[self.region]))
        if self.region == "huge":
            return float(2.0 ** self.random.uniform(10, top))
        if self.region == "tiny":
            return float(2.0 ** self.random.uniform(math.log2(float(self.info.tiny)), -10))
        return 1.0

    def _real(self, domain: Domain) -> float:
        low, high = float(domain.lower), float(domain.upper)
        random = self.random
        if np.isfinite(low) and np.isfinite(high):
            return low + (high - low) * self._share()
        if np.isfinite(low) or np.isfinite(high):
            size = (
                self.scale * random.uniform(0.5, 2)
                if self.region in ("tiny", "large", "huge")
                else random.uniform(0.05, 3)
            )
            if self.region == "ends" and random.random() < 0.5:
                size = random.choice((0.0, float(self.info.tiny), float(self.info.eps)))
            return low + size if np.isfinite(low) else high - size
        if self.region in ("ordinary", "near", "kinks", "ends"):
            return random.gauss(0.0, 1.2)
        return self.scale * random.uniform(0.5, 1.0) * random.choice((1, -1))

    def _tensor(self, tensor: Tensor, plain: bool = False) -> Values:
        values = super()._tensor(tensor, plain)
        if tensor.default is not None and self.passed is not None and tensor.name not in self.passed:
            return dict.fromkeys(values, float(tensor.default))
        domain = tensor.domain
        bounded = domain.kind == "interval" and domain.lower_closed and domain.upper_closed
        if tensor.role == "target" and bounded and self.region != "ends":
            # Labels are more often hard than soft.
            ends = (float(domain.lower), float(domain.upper))
            values = {i: self.random.choice(ends) if self.random.random() < 0.6 else v for i, v in values.items()}
        return values

    def _share(self) -> float:
        random, eps = self.random, float(self.info.eps)
        if self.region == "tiny":
            small = 2.0 ** random.uniform(math.log2(float(self.info.tiny)), -10)
            return random.choice((small, 1 - 2.0 ** random.uniform(math.log2(eps), -10)))
        if self.region == "ends":
            return random.choice(
                (0.0, 1.0, float(self.info.smallest_subnormal), float(self.info.tiny), eps, 1 - eps / 2)
            )
        return random.uniform(0.02, 0.98)

    def _tie(self, values: Values) -> None:
        if self.region == "near" and self.random.random() < 0.5:
            first = next(iter(values.values()))
            values.update({index: self._near(first) for index in values})

    def _relate(self, drawn: dict[str, Values], parameters: Mapping[str, float]) -> None:
        if self.region != "near":
            return
        for position, first in enumerate(self.inputs):
            for second in self.inputs[position + 1 :]:
                absent = second.default is not None and self.passed is not None and second.name not in self.passed
                if absent or not self._alike(first, second):
                    continue
                for index, value in drawn[first.name].items():
                    near = self._near(value)
                    if _admits(second.domain, near) and index in drawn[second.name]:
                        drawn[second.name][index] = near
                if second.domain.kind == "simplex":
                    self._normalise(drawn[second.name], second.axes.index(second.domain.axis or ""))


def _admits(domain: Domain, value: float) -> bool:
    if domain.kind == "simplex":
        return 0 <= value <= 1
    low, high = float(domain.lower), float(domain.upper)
    return (value > low or (domain.lower_closed and value == low)) and (
        value < high or (domain.upper_closed and value == high)
    )


def samples(
    program: Program,
    sizes: Mapping[str, int],
    dtype: str,
    parameters: Mapping[str, float],
    count: int,
    seed: int,
    passed: Collection[str],
) -> list[Sample]:
    """So many samples of every region that the loss has."""
    found: list[Sample] = []
    for region in REGIONS:
        if region == "kinks":
            found += _kinks(program, sizes, dtype, parameters, count, seed, passed)
            continue
        if not _has(program, region):
            continue
        sampler = RegionSampler(program, sizes, dtype, region, seed, passed)
        for _ in range(count):
            try:
                drawn = sampler.admitted(parameters)
            except ArithmeticError:
                break
            found.append(Sample(region, Instance(drawn, dict(parameters))))
    return found


def _has(program: Program, region: str) -> bool:
    domains = [
        t.domain for t in program.tensors.values() if t.role in ("prediction", "target") and not t.domain.integer
    ]
    intervals = [domain for domain in domains if domain.kind == "interval"]
    if region == "ends":
        return any(domain.lower.is_finite or domain.upper.is_finite for domain in intervals)
    if region in ("confident", "large", "huge"):
        return any(not (domain.lower.is_finite and domain.upper.is_finite) for domain in intervals)
    if region == "near":
        kinds = [(t.domain.kind, len(t.axes)) for t in program.tensors.values() if t.role in ("prediction", "target")]
        return any(kinds.count(kind) > 1 for kind in kinds if kind[0] in ("interval", "simplex")) or any(
            len(t.axes) > 1 and t.domain.unrestricted and t.role == "prediction" for t in program.tensors.values()
        )
    return True


# --- kinks ----------------------------------------------------------------------------------------------------------

_ONE = ("abs", "sign", "relu", "step", "ramp", "half_step")
_TWO = ("maximum", "minimum", "less", "less_equal", "equal", "not_equal")


def switches(program: Program) -> list[tuple[Any, tuple[str, ...]]]:
    """What changes sign at a kink or a branch of the formula, and the axes on which it depends."""
    found: dict[Any, tuple[str, ...]] = {}
    order = list(program.axes)
    for statement in program.statements:
        for part in (statement.body, statement.guard):
            for node in sympy.preorder_traversal(part):
                for switch in _switches_of(node):
                    if any(not read.integer for read in reads_of(switch)):
                        found[switch] = tuple(sorted(axes_of(switch), key=order.index))
    return list(found.items())


def _switches_of(node: Any) -> Iterator[Any]:
    record = record_of(node)
    if record is None:
        return
    if record.name in _ONE:
        yield node.args[0]
    elif record.name in _TWO:
        yield node.args[0] - node.args[1]
    elif record.name == "clamp":
        yield node.args[0] - node.args[1]
        yield node.args[0] - node.args[2]


def _kinks(
    program: Program,
    sizes: Mapping[str, int],
    dtype: str,
    parameters: Mapping[str, float],
    count: int,
    seed: int,
    passed: Collection[str],
) -> list[Sample]:
    """Points where a switch changes its sign along one element of a prediction: below, on and above."""
    found: list[Sample] = []
    names = [t.name for t in program.tensors.values() if t.role == "prediction" and t.domain.kind == "interval"]
    for number, (switch, axes) in enumerate(switches(program)):
        statement = Statement(f"_switch{number}", axes, "map", switch)
        extended = program.replacing(statements=(*program.statements, statement), outputs={"switch": statement.target})
        interpreter = Interpreter(extended, ["switch"])
        sampler = RegionSampler(program, sizes, dtype, "kinks", seed + 17 * number, passed)
        for _ in range(4 * count):
            if len(found) >= 3 * count:
                return found
            try:
                base = Instance(sampler.admitted(parameters), dict(parameters))
            except ArithmeticError:
                return found
            name = sampler.random.choice(names) if names else ""
            if name:
                found += _crossing(sampler, interpreter, base, name)
    return found


def _crossing(sampler: RegionSampler, interpreter: Interpreter, base: Instance, name: str) -> list[Sample]:
    index = sampler.random.choice(list(base.tensors[name]))
    low = float(base.tensors[name][index])
    high = sampler.rounded(low + sampler.random.choice((-1, 1)) * sampler.random.uniform(0.5, 4))

    def at(value: float) -> Instance:
        tensors = {**base.tensors, name: {**base.tensors[name], index: value}}
        return replace(base, tensors=tensors)

    def signs(value: float) -> dict[Any, int]:
        found = interpreter.evaluate(sampler.sizes, at(value).tensors, base.parameters)["switch"]
        return {place: int(v > 0) - int(v < 0) for place, v in found.items()}

    domain = sampler.program.tensors[name].domain
    if not _admits(domain, high):
        return []
    first, last = signs(low), signs(high)
    changed = [place for place in first if first[place] * last[place] < 0]
    if not changed:
        return []
    place = sampler.random.choice(changed)
    for _ in range(200):
        middle = sampler.rounded(low + (high - low) / 2)
        if middle in (low, high):
            break
        sign = signs(middle)[place]
        if sign == 0:
            low, high = (float(np.nextafter(sampler.real(middle), sampler.real(end))) for end in (-np.inf, np.inf))
            points = [low, middle, high]
            break
        if sign == first[place]:
            low = middle
        else:
            high = middle
        points = [low, high]
    else:
        points = [low, high]
    instances = [at(value) for value in points]
    if not all(sampler.satisfies(one) for one in instances) or not all(_admits(domain, value) for value in points):
        return []
    ends = (instances[0], instances[-1])
    return [Sample("kinks", one, ends) for one in instances]
