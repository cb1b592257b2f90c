"""Invariance and equivariance as equations between a term and the same term after a move of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, Tensor
from symloss.proof.admissible import inside
from symloss.proof.claim_terms import UnsupportedClaimError, substitution
from symloss.proof.goals import Always, Goal, Padding
from symloss.proof.terms import Term, along, conjunction, free_axes, with_tensors

if TYPE_CHECKING:
    from symloss.proof.formulation import Formulation

Move = Callable[[tuple[Term, ...]], Term]


class _Mover:
    """The moves of one claim: what replaces each input, with the variables and hypotheses that describe the move."""

    def __init__(self, f: Formulation) -> None:
        self.f, self.claim = f, f.claim
        self.kind = f.claim.subject()
        names = f.claim.arguments.get("in", ())
        self.names: tuple[str, ...] = tuple(names)
        along_axes = f.claim.arguments.get("along", ())
        self.along: tuple[str, ...] = tuple(along_axes)
        self.variables: list[Tensor] = []
        self.hypotheses: list[Term] = []
        self.result: Callable[[Term], Term] | None = None

    def moves(self) -> dict[str, Move]:
        return getattr(self, f"_{self.kind}")()

    def _variable(self, name: str, axes: tuple[str, ...], domain: Domain) -> str:
        self.variables.append(Tensor(name, axes, "variable", domain))
        return name

    def _axes(self, name: str) -> tuple[str, ...]:
        return self.f.terms.axes_of(name)

    def _kept(self, name: str, without: tuple[str, ...]) -> list[int]:
        """The positions of the axes of a tensor whose indices a number per sample, or a vector, keeps."""
        return [i for i, axis in enumerate(self._axes(name)) if axis not in without]

    def _per(self) -> tuple[str, ...]:
        """The axes along which one number per index is: those of every variable, without the axes that are moved."""
        first, *others = (self._axes(name) for name in self.names)
        common = [axis for axis in first if all(axis in axes for axes in others)]
        if self.along:
            return tuple(axis for axis in common if axis not in self.along)
        return tuple(axis for axis in common if self.f.terms.axes[axis].kind == "batch")

    def _shift(self) -> dict[str, Move]:
        return self._by_number("shift by", Domain(), lambda x, c: x + c)

    def _scale(self) -> dict[str, Move]:
        return self._by_number("scale by", Domain(lower=sympy.S.Zero), lambda x, c: c * x)

    def _by_number(self, stem: str, domain: Domain, act: Callable[[Term, Term], Term]) -> dict[str, Move]:
        per = self._per()
        number = self._variable(stem, per, domain)
        self.result = lambda term: act(term, Read(number, tuple(AxisSymbol(axis) for axis in per)))

        def move(name: str) -> Move:
            axes = self._axes(name)
            places = [axes.index(axis) for axis in per]
            return lambda index: act(Read(name, index), Read(number, tuple(index[i] for i in places)))

        return {name: move(name) for name in self.names}

    def _translation(self) -> dict[str, Move]:
        axes = self._axes(self.names[0])
        vector = self._variable("translate by", axes, Domain())
        self.result = lambda term: term + Read(vector, tuple(AxisSymbol(axis) for axis in axes))

        def move(name: str) -> Move:
            return lambda index: Read(name, index) + Read(vector, index)

        return {name: move(name) for name in self.names}

    def _rotation(self) -> dict[str, Move]:
        axis = self.along[0]
        root = self.f.terms.roots[axis]
        matrix = self._variable("rotation", (axis, axis), Domain())
        a, b, c = (AxisSymbol(f"{axis}''{letter}") for letter in "abc")
        columns = along("sum", c, Read(matrix, (c, a)) * Read(matrix, (c, b)), root=root)
        rows = along("sum", c, Read(matrix, (a, c)) * Read(matrix, (b, c)), root=root)
        for product in (columns, rows):
            condition = atoms.Equal(product, atoms.Equal(a, b))
            for free in (b, a):
                condition = along("all", free, condition, root=root)
            self.hypotheses.append(condition)

        def rotated(term: Term) -> Term:
            inner = AxisSymbol(f"{axis}''r")
            there = substitution(term, (axis,))((inner,))
            return along("sum", inner, Read(matrix, (AxisSymbol(axis), inner)) * there, root=root)

        self.result = rotated

        def move(name: str) -> Move:
            position = self._axes(name).index(axis)

            def at(index: tuple[Term, ...]) -> Term:
                inner = AxisSymbol(f"{axis}''r")
                place = (*index[:position], inner, *index[position + 1 :])
                return along("sum", inner, Read(matrix, (index[position], inner)) * Read(name, place), root=root)

            return at

        return {name: move(name) for name in self.names}

    def _permutation(self) -> dict[str, Move]:
        axis = self.along[0]
        root = self.f.terms.roots[axis]
        order = self._variable("order", (axis,), Domain("index", axis=root))
        a, b = (AxisSymbol(f"{axis}''{letter}") for letter in "ab")
        different = atoms.Or(atoms.Equal(a, b), atoms.NotEqual(Read(order, (a,), True), Read(order, (b,), True)))
        self.hypotheses.append(along("all", a, along("all", b, different, root=root), root=root))
        self.result = lambda term: substitution(term, (axis,))((Read(order, (AxisSymbol(axis),), True),))

        def move(name: str) -> Move:
            position = self._axes(name).index(axis)
            integer = self.f.tensors()[name].domain.integer

            def at(index: tuple[Term, ...]) -> Term:
                there = Read(order, (index[position],), True)
                return Read(name, (*index[:position], there, *index[position + 1 :]), integer)

            return at

        return {name: move(name) for name in self.names}

    def _symmetric(self) -> dict[str, Move]:
        first, second = self.names
        integer = self.f.tensors()[first].domain.integer
        return {
            one: lambda index, other=other: Read(other, index, integer)  # type: ignore[misc]
            for one, other in ((first, second), (second, first))
        }

    def _transformation(self) -> dict[str, Move]:
        given: Mapping[str, Any] = self.claim.arguments["under"]
        return {name: substitution(self.f.build(e), self._axes(name)) for name, e in given.items()}


def moved_goals(f: Formulation) -> list[tuple[str, Goal]]:
    """The goals of the claims `invariant` and `equivariant`."""
    term = f.subject()
    if f.claim.subject() == "padding":
        added = {name: f.build(value) for name, value in f.claim.arguments["in"].items()}
        padded = f.goal(Padding(term, f.claim.arguments["along"][0], MappingProxyType(added)))
        possible = _possible(f, added)
        return [("", padded)] if possible == 1 else [("", padded), ("in the domain", f.goal(Always(possible)))]
    mover = _Mover(f)
    moves = mover.moves()
    after = with_tensors(term, moves)
    expected = term if f.claim.property == "invariant" else _with_result_moved(mover, term)
    goal = f.goal(Always(atoms.Equal(after, expected)))
    hypotheses = [*goal.hypotheses, *(with_tensors(condition, moves) for condition in goal.hypotheses)]
    hypotheses += [condition for name, at in moves.items() for condition in _inside(mover, name, at)]
    return [
        (
            "",
            replace(
                goal,
                tensors=MappingProxyType({**goal.tensors, **{t.name: t for t in mover.variables}}),
                hypotheses=(*mover.hypotheses, *hypotheses),
                obligations=(
                    *goal.obligations,
                    *((with_tensors(path, moves), with_tensors(need, moves)) for path, need in goal.obligations),
                ),
                origin=(f.claim.property, str(f.claim.subject()), *mover.names),
            ),
        )
    ]


def _inside(mover: _Mover, name: str, at: Move) -> list[Term]:
    """That what replaces an input lies in the input's domain; for the same input in another order it does."""
    tensor = mover.f.tensors()[name]
    if tensor.domain.unrestricted or (tensor.domain.kind != "interval" and _only_moved(mover, tensor, at)):
        return []
    return inside(tensor, at, mover.f.terms.axes, mover.f.terms.roots.__getitem__)


def _possible(f: Formulation, added: Mapping[str, Term]) -> Term:
    """That the values of an added item lie in the domains; infinity stands for a limit."""
    conditions = []
    for name, value in added.items():
        tensor = f.tensors()[name]
        if not value.is_infinite:
            element = replace(tensor, axes=(), domain=_of_one(tensor.domain))
            conditions += inside(element, lambda index, value=value: value, f.terms.axes, str)  # type: ignore[misc]
    return conjunction(*conditions)


def _of_one(domain: Domain) -> Domain:
    """Where one entry lies: of a simplex, from 0 to 1."""
    return (
        Domain(lower=sympy.S.Zero, upper=sympy.S.One, lower_closed=True, upper_closed=True)
        if domain.kind == "simplex"
        else domain
    )


def _only_moved(mover: _Mover, tensor: Tensor, at: Move) -> bool:
    """Whether the values in the place of an input are its own in another order, or those of one with its domain."""
    if mover.kind == "permutation":
        return True
    index = tuple(AxisSymbol(axis) for axis in tensor.axes)
    image = at(index)
    other = mover.f.tensors().get(image.tensor) if isinstance(image, Read) and image.index == index else None
    return other is not None and other.domain == tensor.domain


def _with_result_moved(mover: _Mover, term: Term) -> Term:
    """The term after the move that its variables make: a number more, a multiple, another order, a rotation."""
    if mover.kind == "transformation":
        return _permuted_by(mover, term)
    if mover.result is None:
        raise UnsupportedClaimError(f"equivariance under {mover.kind} is not supported")
    axes = mover._axes(mover.names[0]) if mover.kind == "translation" else mover.along[:1]
    missing = (
        [axis for axis in axes if axis not in free_axes(term)] if mover.kind in ("translation", "rotation") else []
    )
    if missing:
        raise UnsupportedClaimError(f"what is claimed to move with the {mover.kind} has no axis {missing[0]}")
    return mover.result(term)


def _permuted_by(mover: _Mover, term: Term) -> Term:
    """A transformation that only reads another index, ``z[sigma[i], d]``, moves a gradient the same way."""
    replaced: dict[str, Term] = {}
    for name, at in mover.moves().items():
        axes = mover._axes(name)
        image = at(tuple(AxisSymbol(axis) for axis in axes))
        if not isinstance(image, Read) or image.tensor != name:
            raise UnsupportedClaimError("equivariance under a transformation that does not permute is not supported")
        replaced.update(
            {axis: entry for axis, entry in zip(axes, image.index, strict=True) if entry != AxisSymbol(axis)}
        )
    return substitution(term, tuple(replaced))(tuple(replaced.values()))
