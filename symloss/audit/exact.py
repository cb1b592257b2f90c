"""Exact results at points, and by how much they change when every input is rounded once."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
from mpmath import mp, mpf

from symloss.accuracy.points import Instance, Values
from symloss.accuracy.reference import Reference
from symloss.calculus import Derivation
from symloss.program import Program


class Exact:
    """Value, gradient and Hessian diagonal of a loss at any inputs, at a precision that grows with the inputs."""

    def __init__(self, derivation: Derivation, sizes: Mapping[str, int]) -> None:
        """Prepare for arrays of these sizes."""
        self.program: Program = derivation.textbook
        self.sizes = dict(sizes)
        self.predictions = [t.name for t in self.program.tensors.values() if t.role == "prediction"]
        self.terms = list(self.program.outputs)
        self.second = derivation.diagonal is not None
        outputs = [*self.terms, *(f"grad {name}" for name in self.predictions)]
        outputs += [f"diag {name}" for name in self.predictions] if self.second else []
        self._reference = Reference(derivation, outputs)
        self._kinds = ("value", "grad", "diag") if self.second else ("value", "grad")

    def at(self, instance: Instance) -> dict[str, Values]:
        """By "value" (the sum over terms; per sample where there are several samples), "gradient x", "hessian x".

        Raises:
            ArithmeticError: an exact result could not be settled.
        """
        found = self._reference.results(instance, {}, self.sizes, self._kinds)
        values: Values = {}
        for term in self.terms:
            for index, value in found[term].items():
                values[index] = values.get(index, mpf(0)) + value
        result = {"value": values}
        for name in self.predictions:
            result[f"gradient {name}"] = found[f"grad {name}"]
            if self.second:
                result[f"hessian {name}"] = found[f"diag {name}"]
        return result

    def spread(self, instance: Instance, exact: Mapping[str, Values], eps: float, random: Random) -> dict[str, Values]:
        """By how much each result changes, at most, when every real input is off by half an ulp (two draws)."""
        spread: dict[str, Values] = {key: dict.fromkeys(values, mpf(0)) for key, values in exact.items()}
        for _ in range(2):
            moved = self._moved(instance, eps, random)
            try:
                other = self.at(moved)
            except ArithmeticError:
                continue
            for key, values in other.items():
                for index, value in values.items():
                    change = abs(value - exact[key][index])
                    if mp.isfinite(change):
                        spread[key][index] = max(spread[key][index], change)
        return spread

    def _moved(self, instance: Instance, eps: float, random: Random) -> Instance:
        tensors: dict[str, Values] = {}
        for name, values in instance.tensors.items():
            domain = self.program.tensors[name].domain
            # Labels are exact, and so are the ends of a domain; a simplex keeps its sum only roughly, as inputs do.
            exact = domain.integer or domain.kind == "set" or self.program.tensors[name].default is not None
            ends = {float(end) for end in (domain.lower, domain.upper) if end.is_finite}
            tensors[name] = {
                index: value if exact or value in ends else mpf(value) * (1 + random.choice((-1, 1)) * mpf(eps) / 2)
                for index, value in values.items()
            }
        return Instance(tensors, instance.parameters)


def ulps(found: float, exact: Any, info: Any) -> float:
    """How many units in the last place of the exact result a number is off; infinite where one is no number."""
    if mp.isnan(exact):
        return 0.0 if np.isnan(found) else float("inf")
    if not np.isfinite(found):
        beyond = abs(exact) >= mpf(float(info.max))
        same = np.isinf(found) and (found > 0) == (exact > 0)
        return 0.0 if beyond and same else float("inf")
    if abs(exact) > mpf(float(info.max)):
        # The largest number is one rounding away from an exact result just beyond it.
        return (
            float("inf")
            if mp.isinf(exact)
            else float(abs(exact - mpf(found)) / mpf(float(info.max)) / mpf(float(info.eps)))
        )
    return float(abs(mpf(found) - exact) / unit(exact, info))


def unit(exact: Any, info: Any) -> Any:
    """One unit in the last place."""
    if exact == 0 or mp.isinf(exact):
        return mpf(float(info.smallest_subnormal))
    exponent = int(mp.floor(mp.log(abs(exact), 2)))
    return max(mp.ldexp(mpf(1), exponent - int(info.nmant)), mpf(float(info.smallest_subnormal)))
