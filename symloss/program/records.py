"""The records of the intermediate representation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import sympy

from symloss.program.symbols import Read, reads_of

#: What a statement may do with its body over its bound axes.
OPERATIONS = ("map", "sum", "max", "min", "logsumexp", "norm")
#: The roles of the arrays that callers give.
INPUT_ROLES = ("prediction", "target", "coefficient")


@dataclass(frozen=True)
class Axis:
    """One axis: ``kind`` is "batch" or a label (class, feature, pixel, item, coordinate …).

    ``like`` names the axis whose length this second index shares; ``size`` fixes a short axis; ``span`` is true for
    the axis that takes all remaining dimensions (pixels of an image).
    """

    name: str
    kind: str
    like: str | None = None
    size: int | None = None
    span: bool = False


@dataclass(frozen=True)
class Domain:
    """Where the values of a tensor lie.

    ``kind`` is one of "interval" (with ``lower``, ``upper`` and whether each end belongs to it), "set" (one of
    ``values``), "index" (an integer in 0 … size of ``axis`` - 1), "simplex" (non-negative, summing to one along
    ``axis``) and "boolean". ``finite`` refuses infinities, which other intervals without an end take as limits.
    """

    kind: str = "interval"
    lower: sympy.Expr = sympy.S.NegativeInfinity
    upper: sympy.Expr = sympy.S.Infinity
    lower_closed: bool = False
    upper_closed: bool = False
    values: tuple[sympy.Rational, ...] = ()
    axis: str | None = None
    finite: bool = False

    @property
    def integer(self) -> bool:
        """Whether the values are labels, which index tensors and have no derivative."""
        return self.kind in ("index", "boolean")

    @property
    def unrestricted(self) -> bool:
        """Whether every real number is admitted."""
        return self.kind == "interval" and self.lower == -sympy.oo and self.upper == sympy.oo

    @property
    def extended(self) -> bool:
        """Whether every real number is admitted, and the infinities as its limits."""
        return self.unrestricted and not self.finite


@dataclass(frozen=True)
class Tensor:
    """A tensor that a program reads but does not compute.

    ``role`` is prediction, target, coefficient, parameter (a scalar with a ``default``), seed (the derivative of the
    reduced loss with respect to each sample's value) or direction (the vector of a Hessian-vector product).
    ``default`` is the constant that stands for an absent optional input, or a parameter's default.
    """

    name: str
    axes: tuple[str, ...]
    role: str
    domain: Domain = Domain()
    default: sympy.Rational | None = None
    doc: str = ""

    def read(self, *index: object) -> Read:
        """A read of this tensor; without an index, at its own running indices."""
        from symloss.program.symbols import AxisSymbol

        entries = index or tuple(AxisSymbol(axis) for axis in self.axes)
        return Read(self.name, tuple(entries), self.domain.integer)


@dataclass(frozen=True)
class Statement:
    """``target[out] = operation over `over` where `guard` of `body```.

    ``guard`` is an expression with the values 0 and 1. Only map has an empty ``over``. An empty sum is 0, an empty
    norm is 0, an empty max or logsumexp is -oo, an empty min is oo.
    """

    target: str
    out: tuple[str, ...]
    operation: str
    body: sympy.Expr
    over: tuple[str, ...] = ()
    guard: sympy.Expr = sympy.S.One

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every read of body and guard, those inside indices included."""
        return tuple(dict.fromkeys((*reads_of(self.body), *reads_of(self.guard))))

    def __str__(self) -> str:
        where = "" if self.guard == 1 else f" where {self.guard}"
        over = f"{self.operation}[{', '.join(self.over)}{where}]" if self.over else ""
        target = f"{self.target}[{', '.join(self.out)}]" if self.out else self.target
        return f"{target} = {over}({self.body})" if over else f"{target} = {self.body}"


@dataclass(frozen=True)
class Program:
    """A straight line of statements over declared tensors; each target is assigned once, before it is read.

    ``outputs`` maps what a caller asks for to the target that holds it: the terms of the loss ("value" when there is
    one; otherwise each term's name), "gradient of pred", "hvp of pred", "hessian diagonal of pred".
    ``constraints`` are expressions with the values 0 and 1 that inputs and parameters must make 1.
    ``sample_weight`` is the intrinsic weight of a sample (class weights), by term.
    """

    name: str
    axes: Mapping[str, Axis]
    tensors: Mapping[str, Tensor]
    statements: tuple[Statement, ...]
    outputs: Mapping[str, str]
    constraints: tuple[sympy.Expr, ...] = ()
    sample_weight: Mapping[str, sympy.Expr] = field(default_factory=lambda: MappingProxyType({}))

    def statement(self, target: str) -> Statement:
        """The statement that assigns ``target``."""
        return next(statement for statement in self.statements if statement.target == target)

    def axes_of(self, tensor: str) -> tuple[str, ...]:
        """The axes of an input or of a statement's target."""
        return self.tensors[tensor].axes if tensor in self.tensors else self.statement(tensor).out

    def root(self, axis: str) -> str:
        """The axis whose length ``axis`` shares: itself, unless it was declared `like` another."""
        like = self.axes[axis].like
        return self.root(like) if like else axis

    def replacing(self, **changes: object) -> Program:
        """A copy with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]
