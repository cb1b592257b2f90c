"""Exact results: the textbook formula at the given floats, at a precision that is doubled until two runs agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mpmath import mp, mpf

from symloss.accuracy.points import Instance, Values
from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.hessian import Refusal, hessian_diagonal
from symloss.calculus.reverse import gradient
from symloss.oracle import Interpreter, evaluate_adaptively
from symloss.program import Program, exact_arithmetic

if TYPE_CHECKING:
    from symloss.calculus import Derivation

#: Relative digits on which two runs must agree.
DIGITS = 25
#: Bits at which a textbook formula is given up: one minus the sigmoid of 1e4 needs 14 500.
MOST_BITS = 1 << 15


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
        self._stable = {kind: program for kind, program in programs_of(derivation).items()}
        self._textbook = _textbook_programs(derivation)
        self._interpreters: dict[tuple[str, str], Interpreter] = {}

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
        textbook = self._run("textbook", kind, keys, instance, directions, sizes)
        if textbook is not None and not any(mp.isnan(v) for values in textbook.values() for v in values.values()):
            return textbook
        stable = self._run("stable", kind, keys, instance, directions, sizes)
        if stable is None:
            raise ArithmeticError(f"the reference for {', '.join(keys)} could not be evaluated")
        if textbook is None:
            self.substituted += 1
            return stable
        for key, values in textbook.items():
            for index, value in values.items():
                if mp.isnan(value):
                    self.substituted += 1
                    values[index] = stable[key][index]
        return textbook

    def _run(
        self,
        which: str,
        kind: str,
        keys: list[str],
        instance: Instance,
        directions: Mapping[str, Values],
        sizes: Mapping[str, int],
    ) -> dict[str, Values] | None:
        programs = self._textbook if which == "textbook" else self._stable
        program = programs.get(kind)
        if program is None:
            return None
        place = which, kind
        if place not in self._interpreters:
            self._interpreters[place] = Interpreter(program, keys)
        tensors = {**instance.tensors, **{f"_v_{name}": values for name, values in directions.items()}}
        tensors |= unit_seeds(program, sizes)
        present = {name: values for name, values in tensors.items() if name in program.tensors}
        try:
            return evaluate_adaptively(
                self._interpreters[place], sizes, present, instance.parameters, DIGITS, MOST_BITS
            )
        except ArithmeticError:
            return None


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
    textbook = derivation.textbook
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
            try:
                found["diag"] = hessian_diagonal(by_predictions, textbook)
            except Refusal:
                pass
    return found
