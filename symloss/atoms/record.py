"""The record of an atom, and the tables that find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import sympy

REALS = sympy.S.Reals
POSITIVE = sympy.Interval.open(0, sympy.oo)
NONNEGATIVE = sympy.Interval(0, sympy.oo)
BITS = sympy.FiniteSet(0, 1)


@dataclass(frozen=True)
class AtomRecord:
    """All that symloss knows about one scalar function.

    Attributes:
        name: the key of the lowering (`symloss.atoms.elementary.source`) and the name in messages.
        arguments: the names of the arguments; their number is the arity.
        textbook: the definition in elementary SymPy (exp, log, sqrt, Piecewise …); only the oracle uses it.
        derivative: for each argument the partial derivative, in atoms, in the form that keeps relative accuracy.
        exact: an mpmath definition, accurate to the working precision, that shares nothing with `textbook`.
        latex: a template with one brace field per argument.
        language: the name in a specification, or None where users cannot write it.
        domains: for each argument the set where the function is defined as a real number.
        image: a set that holds every value on the domain.
        kink: where the slope is a convention, and which one; empty for a smooth function.
        monotone: for each argument "increasing", "nondecreasing", "decreasing", "nonincreasing", "constant" or None.
        curvature: "convex", "concave", "affine" or None; joint in all arguments, on the domain.
        parity: "odd", "even" or None.
        special: exact values at exact arguments, infinities included (a limit where there is one).
        fold: gives the value for constant arguments that `special` does not list, or None.
        kinked: the partial derivatives may be exactly 0 by selection, so that they annihilate an infinite inner slope.
        powers: for an atom that is a product of powers of its arguments, which a factor 0 makes 0, their exponents.
    """

    name: str
    arguments: tuple[str, ...]
    textbook: Callable[..., Any]
    derivative: tuple[Callable[..., Any], ...]
    exact: Callable[..., Any]
    latex: str
    language: str | None = None
    domains: tuple[Any, ...] = ()
    image: Any = REALS
    kink: str = ""
    monotone: tuple[str | None, ...] = ()
    curvature: str | None = None
    parity: str | None = None
    special: Mapping[tuple[Any, ...], Any] = field(default_factory=lambda: MappingProxyType({}))
    fold: Callable[..., Any] = lambda *arguments: None
    kinked: bool = False
    powers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Fill what follows from the arity, and check that the parts agree on it."""
        arity = len(self.arguments)
        if len(self.derivative) != arity:
            raise ValueError(f"atom {self.name}: {arity} arguments but {len(self.derivative)} derivatives")
        object.__setattr__(self, "domains", self.domains or (REALS,) * arity)
        object.__setattr__(self, "monotone", self.monotone or (None,) * arity)
        if len(self.domains) != arity or len(self.monotone) != arity:
            raise ValueError(f"atom {self.name}: domains and monotone need one entry per argument")
        exact_keys = {tuple(map(sympy.sympify, key)): sympy.sympify(value) for key, value in self.special.items()}
        object.__setattr__(self, "special", MappingProxyType(exact_keys))

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return len(self.arguments)

    @cached_property
    def sign(self) -> str | None:
        """What the image says about the sign: "positive", "nonnegative", "negative", "nonpositive" or None."""
        low, high = self.image.inf, self.image.sup
        if low >= 0:
            return "nonnegative" if 0 in self.image else "positive"
        if high <= 0:
            return "nonpositive" if 0 in self.image else "negative"
        return None

    @cached_property
    def bounded(self) -> bool:
        """Whether every value is finite and within fixed bounds."""
        return bool(self.image.inf.is_finite and self.image.sup.is_finite)


#: Every record by its name (`AtomRecord.name`).
RECORDS: dict[str, AtomRecord] = {}
#: Every class, or other constructor, by the record's name.
CONSTRUCTORS: dict[str, Callable[..., Any]] = {}
#: The records that a specification can name, by that name.
ATOMS: dict[str, AtomRecord] = {}
_BY_CLASS: dict[Any, AtomRecord] = {}


def register(record: AtomRecord, constructor: Callable[..., Any], sympy_class: Any = None) -> AtomRecord:
    """Enter a record into the tables.

    Args:
        record: the record.
        constructor: what builds an expression from the arguments.
        sympy_class: the class of those expressions; None where one class serves several records.

    Raises:
        ValueError: the name is taken.
    """
    if record.name in RECORDS or record.language in ATOMS:
        raise ValueError(f"the atom {record.name!r} is defined twice")
    RECORDS[record.name] = record
    CONSTRUCTORS[record.name] = constructor
    if record.language is not None:
        ATOMS[record.language] = record
    if sympy_class is not None:
        _BY_CLASS[sympy_class] = record
    return record


def record_of(function: Any) -> AtomRecord | None:
    """The record of a SymPy class or of an expression's outermost function, or None.

    A power with exponent 1/2 has the record of sqrt, any other power that of pow.
    """
    if isinstance(function, type):
        return _BY_CLASS.get(function)
    if isinstance(function, sympy.Pow) and function.exp == sympy.S.Half:
        return RECORDS["sqrt"]
    return _BY_CLASS.get(type(function))


def constructor_of(record: AtomRecord) -> Callable[..., Any]:
    """What builds an expression of this record from its arguments: a class, `sympy.sqrt`, `sympy.Pow` …"""
    return CONSTRUCTORS[record.name]
