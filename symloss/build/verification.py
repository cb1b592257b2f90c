"""Verification of what a build wrote: the derivation against the oracle, the kernels against the mpmath interpreter.

Oracle: at one small size the textbook formula is unrolled and differentiated by SymPy; gradient and Hessian-vector
product must agree to `DIGITS` digits. Kernels: each entry point and dtype is run on about 64 entries with a weighted
and a masked row and compared with the program interpreted at high precision (`symloss.build.comparison`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from mpmath import mp, mpf

from symloss.build.samples import Values, draw, is_coupled, sizes_for
from symloss.oracle import Interpreter, evaluate_adaptively
from symloss.oracle.unrolled import Unrolled
from symloss.program import Program

if TYPE_CHECKING:
    from symloss.calculus import Derivation

DIGITS = 24


@dataclass
class Report:
    """What the verification of one loss found.

    Attributes:
        oracle: entries of the gradient and of the Hessian-vector product that were compared with SymPy's own.
        points: results of kernels that were compared with the interpreter.
        ulps: by "entry point dtype" the largest error of a kernel (see `symloss.build.comparison`).
        failure: the first thing that was wrong, in a sentence; empty if nothing was.
    """

    oracle: int = 0
    points: int = 0
    ulps: dict[str, float] = field(default_factory=dict)
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything agreed."""
        return not self.failure

    @property
    def largest_ulps(self) -> float:
        """The largest error of any kernel."""
        return max(self.ulps.values(), default=0.0)

    def fail(self, message: str) -> None:
        """Note what is wrong; the first one stays."""
        self.failure = self.failure or message


def verify(derivation: Derivation, module: Path, full: bool = False) -> Report:
    """Verify one built loss.

    Args:
        derivation: its derivation.
        module: the generated file.
        full: more sizes for the oracle and, for the kernels, with and without weight and mask.
    """
    from symloss.build.comparison import Comparison
    from symloss.runtime.library import load_generated

    loss = load_generated(module)
    # Entries that tie may be where nothing has a derivative (vectors that are parallel); then there are none.
    for ties in (True, False):
        report = Report()
        try:
            for size in (2, 3) if full else (2,):
                compare_with_oracle(derivation, size, report, ties)
            Comparison(derivation, loss, report, ties).run(full)
            return report
        except ArithmeticError as error:
            report.fail(f"the reference could not be evaluated: {error}")
    return report


def compare_with_oracle(derivation: Derivation, size: int, report: Report, ties: bool = True) -> None:
    """Compare gradient and Hessian-vector product with SymPy's own derivatives of the unrolled textbook formula."""
    textbook = derivation.textbook
    sizes = sizes_for(textbook, batch=4 if is_coupled(textbook) else 2, other=size)
    values = draw(textbook, sizes, size, ties)
    exact = {name: {index: exact_value(value) for index, value in by.items()} for name, by in values.items()}
    labels = {name: by for name, by in exact.items() if textbook.tensors[name].domain.integer}
    unrolled = Unrolled(textbook, sizes, labels)
    generator = Random(f"{textbook.name} directions")
    predictions = [name for name, tensor in textbook.tensors.items() if tensor.role == "prediction"]
    directions = {name: {i: Fraction(generator.randint(-64, 64), 32) for i in exact[name]} for name in predictions}
    gradients = [key.removeprefix("grad ") for key in derivation.gradient.outputs if key.startswith("grad ")]
    wanted = {f"grad {name}": unrolled.gradient(name) for name in gradients}
    wanted |= {f"hvp {name}": unrolled.product(name) for name in predictions}
    expected = unrolled.evaluate(wanted, exact, directions=directions, digits=DIGITS)
    given = exact | {f"_v_{name}": by for name, by in directions.items()}
    for program, prefix in ((derivation.gradient, "grad "), (derivation.product, "hvp ")):
        keys = [key for key in wanted if key.startswith(prefix)]
        present = {name: by for name, by in (given | _unit_seeds(program, sizes)).items() if name in program.tensors}
        found = evaluate_adaptively(Interpreter(program, keys), sizes, present, digits=DIGITS)
        for key in keys:
            for index, value in expected[key].items():
                report.oracle += 1
                if not _close(found[key][index], value):
                    report.fail(
                        f"{key}{list(index)} is {mp.nstr(found[key][index], 12)}, but SymPy's own derivative of the "
                        f"unrolled formula is {mp.nstr(value, 12)}"
                    )


def exact_value(value: Any) -> Any:
    """A float as the fraction that it is; a label as an integer."""
    return Fraction(value) if isinstance(value, float) else int(value)


def _close(a: Any, b: Any) -> bool:
    return bool(a == b or abs(a - b) <= mpf(10) ** (4 - DIGITS) * max(abs(a), abs(b)))


def _unit_seeds(program: Program, sizes: dict[str, int]) -> dict[str, Values]:
    seeds = [tensor for tensor in program.tensors.values() if tensor.role == "seed"]
    one = Fraction(1)
    return {t.name: {(i,): one for i in range(sizes[t.axes[0]])} if t.axes else {(): one} for t in seeds}
