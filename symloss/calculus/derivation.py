"""From a textbook program to the programs that kernels and pages are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symloss.calculus.distances import with_factored_distances
from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.hessian import Refusal, hessian_diagonal
from symloss.calculus.limits import with_limits
from symloss.calculus.reverse import gradient
from symloss.calculus.simplify import hoisted
from symloss.calculus.stabilise import stabilise
from symloss.calculus.vanishing import with_paired_zeros
from symloss.program import Program, exact_arithmetic


@dataclass(frozen=True)
class Derivation:
    """Everything derived from one loss.

    Attributes:
        textbook: the program as it was written.
        stable: the program with stable forms; `gradient`, `product` and `diagonal` extend it.
        rewrites: one sentence per rewriting that made it stable.
        gradient: with outputs ``"grad x"`` for every prediction and every further input that was asked for.
        product: with ``"grad x"`` and the Hessian-vector products ``"hvp x"`` for every prediction.
        diagonal: with ``"grad x"`` and the Hessian diagonals ``"diag x"``, or None.
        refusal: why there is no diagonal, or None.
    """

    textbook: Program
    stable: Program
    rewrites: tuple[str, ...]
    gradient: Program
    product: Program
    diagonal: Program | None
    refusal: str | None = None


def predictions(program: Program) -> tuple[str, ...]:
    """The inputs with role prediction, in declared order."""
    return tuple(tensor.name for tensor in program.tensors.values() if tensor.role == "prediction")


def real_tensors(program: Program) -> tuple[str, ...]:
    """Every input and parameter of real numbers: all that has a derivative."""
    return tuple(tensor.name for tensor in program.tensors.values() if not tensor.domain.integer)


def derive(program: Program, differentiate: Sequence[str] = ()) -> Derivation:
    """Stabilise a program and derive what kernels need.

    Args:
        program: the textbook program.
        differentiate: inputs and parameters, besides the predictions, whose gradient is wanted.

    Raises:
        ValueError: `differentiate` names something that is no real input or parameter.
    """
    stable, rewrites = stabilised(program)
    wrt = predictions(program)
    further = tuple(name for name in differentiate if name not in wrt)
    by_predictions = gradient(stable, wrt)
    diagonal, refusal = None, None
    try:
        diagonal = hessian_diagonal(by_predictions, stable)
    except Refusal as reason:
        refusal = str(reason)
    return Derivation(
        textbook=program,
        stable=_finished(stable),
        rewrites=rewrites,
        gradient=_finished(gradient(stable, (*wrt, *further)) if further else by_predictions),
        product=_finished(hessian_vector_product(by_predictions, stable)),
        diagonal=None if diagonal is None else _finished(diagonal),
        refusal=refusal,
    )


def _finished(program: Program) -> Program:
    """The forms of a derived program that are computed and never differentiated."""
    return with_paired_zeros(with_limits(with_factored_distances(program)))


def derive_all_gradients(program: Program) -> Program:
    """The stable program with the gradient by every real input and parameter: more than kernels emit, for checking."""
    return gradient(stabilised(program)[0], real_tensors(program))


def stabilised(program: Program) -> tuple[Program, tuple[str, ...]]:
    """The stable form of a program, constant factors taken out of its sums, and what was rewritten."""
    stable, rewrites = stabilise(program)
    with exact_arithmetic():
        return hoisted(stable), rewrites
