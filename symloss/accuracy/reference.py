"""Exact results: the textbook formula at the given floats, at a precision that is doubled until its error is small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sympy
from mpmath import mp, mpf

from symloss.accuracy.amplification import amplifies
from symloss.accuracy.points import Instance, Values
from symloss.atoms import record_of
from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.hessian import Refusal, hessian_diagonal
from symloss.calculus.reverse import gradient
from symloss.calculus.stabilise.ranges import Range
from symloss.oracle import Interpreter, evaluate_adaptively, numbers
from symloss.program import Program, Read, Statement, exact_arithmetic

if TYPE_CHECKING:
    from symloss.calculus import Derivation

#: Relative digits to which results must be known.
DIGITS = 25
#: Bits at which a formula is given up.
MOST_BITS = 1 << 17
#: Bits at which the formula as written is given up on the way to a limit.
_FEW_BITS = 1 << 12
#: Inputs beyond this are left to the stable program, or the textbook formula would need too many bits.
LARGEST_EXPONENT = 1000.0
_LOGARITHMS = ("log", "log1p", "log2")
#: What the square of a norm is called after it.
_SQUARED = "__squared"


class Reference:
    """The outputs of one loss at any inputs, from the formula as it was written and not from its stable form.

    Where the textbook formula does not settle, because it cancels by more bits than `MOST_BITS` or is no number at the
    ends of a domain, the stable program is evaluated instead; `substituted` counts those results.
    """

    def __init__(self, derivation: Derivation, outputs: Iterable[str]) -> None:
        """Compile what the outputs need.

        Args:
            derivation: the derived programs.
            outputs: "value" (or the names of the terms), "grad x", "hvp x", "diag x".
        """
        self.outputs = list(outputs)
        self.substituted = 0
        self._stable = programs_of(derivation)
        self._textbook = _textbook_programs(derivation)
        self._interpreters: dict[tuple[str, str], Interpreter] = {}
        self._exponential = _has_exponentials(derivation.textbook)

    def results(
        self, instance: Instance, directions: Mapping[str, Values], sizes: Mapping[str, int], kinds: Iterable[str]
    ) -> dict[str, Values]:
        """Exact outputs by index, for some of the kinds "value", "grad", "hvp", "diag"."""
        found: dict[str, Values] = {}
        for kind in kinds:
            keys = [key for key in self.outputs if kind_of(key) == kind]
            if keys:
                found |= self._settled(kind, keys, instance, directions, sizes)
        return found

    def _settled(
        self, kind: str, keys: list[str], instance: Instance, directions: Mapping[str, Values], sizes: Mapping[str, int]
    ) -> dict[str, Values]:
        if any(mp.isinf(value) for values in instance.tensors.values() for value in values.values()):
            return self.limits(kind, keys, instance, directions, sizes)
        textbook = self._run("textbook", kind, keys, instance, directions, sizes)
        if textbook is not None and all(mp.isfinite(v) for values in textbook.values() for v in values.values()):
            return textbook
        stable = self._run("stable", kind, keys, instance, directions, sizes)
        if stable is None:
            raise ArithmeticError(f"the reference for {', '.join(keys)} could not be evaluated")
        found = stable if textbook is None else textbook
        limits: dict[str, Values] | None = None
        for key, values in found.items():
            for index, value in values.items():
                if not mp.isfinite(value):
                    # On the end of a domain conventions such as 0 log 0 = 0 decide, or else the limit from inside.
                    values[index] = stable[key][index]
                if mp.isnan(values[index]):
                    limits = limits or self.limits(kind, keys, instance, directions, sizes)
                    values[index] = limits[key][index]
                self.substituted += textbook is None or not mp.isfinite(value)
        return found

    def limits(
        self, kind: str, keys: list[str], instance: Instance, directions: Mapping[str, Values], sizes: Mapping[str, int]
    ) -> dict[str, Values]:
        """The limits as infinite inputs grow, and as predictions come to the ends of their domains from inside."""
        for which, bits in (("textbook", _FEW_BITS), ("stable", MOST_BITS)):
            runs = [
                self._run(which, kind, keys, self.approaching(instance, step), directions, sizes, bits)
                for step in (1, 2, 4)
            ]
            if None not in runs:
                break
        first, second, third = runs
        if first is None or second is None or third is None:
            raise ArithmeticError(f"the limit of {', '.join(keys)} could not be evaluated")
        return {
            key: {index: limit_of(first[key][index], second[key][index], third[key][index]) for index in values}
            for key, values in first.items()
        }

    def indeterminate(
        self,
        key: str,
        index: tuple[int, ...],
        instance: Instance,
        directions: Mapping[str, Values],
        sizes: Mapping[str, int],
    ) -> bool:
        """Whether the stable program itself comes to infinity less infinity or the like at infinite inputs."""
        place = "stable", kind_of(key)
        program = self._stable[place[1]]
        tensors = {**instance.tensors, **{f"_v_{name}": values for name, values in directions.items()}}
        tensors |= unit_seeds(program, sizes)
        present = {name: values for name, values in tensors.items() if name in program.tensors}
        if place not in self._interpreters:
            self._interpreters[place] = Interpreter(program, [k for k in self.outputs if kind_of(k) == place[1]])
        found = self._interpreters[place].evaluate(sizes, present, instance.parameters)
        return bool(mp.isnan(found[key][index]))

    def approaching(self, instance: Instance, step: int = 4) -> Instance:
        """The inputs with infinities replaced by large numbers, and ends of domains by numbers just inside."""
        far = mp.ldexp(mpf(1), 40 * step)
        # Beside a product of two other inputs it is small too: of y/p with p -> 0 the limit is not seen before p << y.
        near = mp.ldexp(mpf(1), 2 * _smallest_exponent(instance) - 200 * step)
        tensors: dict[str, Values] = {}
        for name, values in instance.tensors.items():
            tensor = self._textbook["value"].tensors[name]
            ends = tensor.domain.lower, tensor.domain.upper
            moves = tensor.role == "prediction" and tensor.domain.kind == "interval" and all(e.is_finite for e in ends)
            tensors[name] = {
                index: mp.sign(value) * far if mp.isinf(value) else _inside(value, ends, near) if moves else value
                for index, value in values.items()
            }
        return Instance(tensors, instance.parameters)

    def _run(
        self,
        which: str,
        kind: str,
        keys: list[str],
        instance: Instance,
        directions: Mapping[str, Values],
        sizes: Mapping[str, int],
        bits: int = MOST_BITS,
    ) -> dict[str, Values] | None:
        programs = self._textbook if which == "textbook" else self._stable
        program = programs.get(kind)
        too_large = (
            self._exponential and which == "textbook" and bits == MOST_BITS and _largest(instance) > LARGEST_EXPONENT
        )
        if program is None or too_large:
            return None
        place = which, kind
        if place not in self._interpreters:
            self._interpreters[place] = Interpreter(program, keys)
        tensors = {**instance.tensors, **{f"_v_{name}": values for name, values in directions.items()}}
        tensors |= unit_seeds(program, sizes)
        present = {name: values for name, values in tensors.items() if name in program.tensors}
        try:
            return evaluate_adaptively(self._interpreters[place], sizes, present, instance.parameters, DIGITS, bits)
        except ArithmeticError:
            return None


def limit_of(first: Any, second: Any, third: Any) -> Any:
    """What three values tend to, whose arguments come nearer and nearer; NaN where that is not seen."""
    if mp.isnan(third) or mp.isinf(third):
        return third
    sizes = [abs(first), abs(second), abs(third)]
    if sizes[1] > sizes[0] * mpf("1.2") and sizes[2] > sizes[1] * mpf("1.2"):
        return mp.inf if third > 0 else mp.ninf
    if abs(third - second) <= mp.ldexp(sizes[2], -30):
        return third
    if sizes[1] < sizes[0] * mpf("0.9") and sizes[2] < sizes[1] * mpf("0.9"):
        return mpf(0)
    return mp.nan


def _inside(value: Any, ends: tuple[Any, Any], distance: Any) -> Any:
    """A value on an end moved inside by a share of the width."""
    low, high = (numbers.number(end) for end in ends)
    if value == low:
        return low + (high - low) * distance
    with mp.workprec(2 * -int(mp.log(distance, 2)) + 64):
        return high - (high - low) * distance if value == high else value


def _has_exponentials(program: Program) -> bool:
    """Whether some function of the formula grows or decays like an exponential."""
    for statement in program.statements:
        if statement.operation == "logsumexp":
            return True
        for node in sympy.preorder_traversal(statement.body):
            record = record_of(node)
            grows = record is not None and record.arity == 1 and record.name not in _LOGARITHMS
            if grows and amplifies(record, 0, Range()):
                return True
    return False


def _smallest_exponent(instance: Instance) -> int:
    """The binary exponent of the smallest input that is not 0, and 0 where all are large."""
    values = [value for by in instance.tensors.values() for value in by.values()]
    return min([0, *(int(mp.frexp(value)[1]) for value in values if value != 0 and mp.isfinite(value))])


def _largest(instance: Instance) -> float:
    sizes = [abs(value) for values in instance.tensors.values() for value in values.values()]
    return float(max(sizes, default=0))


def kind_of(key: str) -> str:
    """ "grad", "hvp", "diag", or "value" for a term."""
    return key.split(" ")[0] if " " in key else "value"


def programs_of(derivation: Derivation) -> dict[str, Program]:
    """The stable programs by kind of output."""
    found = {"value": derivation.stable, "grad": derivation.gradient, "hvp": derivation.product}
    if derivation.diagonal is not None:
        found["diag"] = derivation.diagonal
    return found


def unit_seeds(program: Program, sizes: Mapping[str, int]) -> dict[str, Values]:
    """The derivative of a plain sum over the samples with respect to each value: 1."""
    seeds = [tensor for tensor in program.tensors.values() if tensor.role == "seed"]
    return {t.name: {(i,): mpf(1) for i in range(sizes[t.axes[0]])} if t.axes else {(): mpf(1)} for t in seeds}


def _textbook_programs(derivation: Derivation) -> dict[str, Program]:
    """The programs that follow from the formula as written; no diagonal where that takes deeper loops."""
    textbook = with_smooth_squares(derivation.textbook)
    wrt = [key.removeprefix("grad ") for key in derivation.gradient.outputs if key.startswith("grad ")]
    predictions = [tensor.name for tensor in textbook.tensors.values() if tensor.role == "prediction"]
    with exact_arithmetic():
        by_predictions = gradient(textbook, predictions)
        found = {
            "value": textbook,
            "grad": gradient(textbook, wrt) if set(wrt) != set(predictions) else by_predictions,
            "hvp": hessian_vector_product(by_predictions, textbook),
        }
        if derivation.diagonal is not None:
            with suppress(Refusal):
                found["diag"] = hessian_diagonal(by_predictions, textbook)
    return found


def with_smooth_squares(program: Program) -> Program:
    """The program with even powers of a norm as powers of the sum of squares that they are: those are smooth at 0.

    By the chain rule they would inherit the slope that is declared for the kink of the norm.
    """
    norms = {s.target: s for s in program.statements if s.operation == "norm"}
    squared: set[str] = set()

    def is_square(e: Any) -> bool:
        inner = e.base if isinstance(e, sympy.Pow) else None
        return isinstance(inner, Read) and inner.tensor in norms and e.exp.is_Integer and e.exp > 0 and e.exp % 2 == 0

    def smooth(e: Any) -> Any:
        squared.add(e.base.tensor)
        return Read(f"{e.base.tensor}{_SQUARED}", e.base.index) ** (e.exp / 2)

    with exact_arithmetic():
        visited = [replace(s, body=s.body.replace(is_square, smooth)) for s in program.statements]
        statements: list[Statement] = []
        for statement in visited:
            statements.append(statement)
            if statement.target in squared:
                target = f"{statement.target}{_SQUARED}"
                statements.append(replace(statement, target=target, operation="sum", body=statement.body**2))
    return program.replacing(statements=tuple(statements))
