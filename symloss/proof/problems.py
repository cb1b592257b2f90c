"""A goal at fixed sizes: flat scalar problems over finitely many real variables, one per case of labels and indices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, SizeSymbol, exact_arithmetic, substitute
from symloss.proof.closing import negation
from symloss.proof.goals import Always, Goal
from symloss.proof.terms import EMPTY, Along, Term, conjunction, conjuncts, disjunction, free_axes

#: The sizes at which a goal for every size is tried where no engine settles it for all.
SMALL = (1, 2, 3)
#: More cases of labels than this are not written out.
MOST_CASES = 96


_CONDITIONS = (atoms.And, atoms.Or, atoms.Not, atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)


class TooLargeError(Exception):
    """A goal has too many cases at these sizes."""


@dataclass(frozen=True)
class Problem:
    """``hypotheses ⊢ conclusion`` for all real values of finitely many variables.

    Attributes:
        variables: each variable, a `Read` at a fixed index, with its interval.
        hypotheses: conditions that may be assumed, in order; a later one may need an earlier one to be defined.
        conclusion: the condition to be shown.
        obligations: conditions under which the conclusion is defined and finite; to be shown in order, each with the
            earlier ones assumed.
        sizes: the sizes of the open axes.
        labels: the values of labels and of variables with finitely many values in this case.
    """

    variables: Mapping[Read, Domain]
    hypotheses: tuple[Term, ...]
    conclusion: Term
    obligations: tuple[Term, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[Read, Any] = field(default_factory=dict)

    @property
    def demands(self) -> Iterator[Problem]:
        """The obligations as problems of their own: each from its hypotheses and from the obligations before it."""
        for number, need in enumerate(self.obligations):
            assumed = (*self.hypotheses, *self.obligations[:number])
            yield Problem(self.variables, assumed, need, (), self.sizes, self.labels)

    @property
    def defined(self) -> Problem:
        """The problem once its obligations are met: they may be assumed."""
        return replace(self, hypotheses=(*self.hypotheses, *self.obligations), obligations=())

    def under(self, *more: Term) -> tuple[Term, ...]:
        """The hypotheses, the domains of the variables as conditions, and more."""
        return (*self.hypotheses, *domain_conditions(self.variables), *more)


def domain_conditions(variables: Mapping[Read, Domain]) -> tuple[Term, ...]:
    """That each variable lies in its interval."""
    found = []
    for variable, domain in variables.items():
        if domain.lower.is_finite:
            found.append((atoms.LessEqual if domain.lower_closed else atoms.Less)(domain.lower, variable))
        if domain.upper.is_finite:
            found.append((atoms.LessEqual if domain.upper_closed else atoms.Less)(variable, domain.upper))
    return tuple(found)


def size_choices(goal: Goal) -> tuple[dict[str, int], ...]:
    """The sizes of the open axes at which a goal is written out: those it names, or small ones."""
    axes = goal.open_axes
    if not axes:
        return ({},)
    named = [goal.sizes.get(axis) for axis in axes]
    if any(named):
        return tuple(dict(zip(axes, sizes, strict=True)) for sizes in product(*(n or (2,) for n in named)))
    even = [dict.fromkeys(axes, size) for size in (*SMALL, 4)]
    allowed = [sizes for sizes in even if _admitted(goal, sizes)]
    return tuple(allowed[:3])


def _admitted(goal: Goal, sizes: Mapping[str, int]) -> bool:
    """Whether hypotheses about sizes alone allow these."""
    for hypothesis in goal.hypotheses:
        if hypothesis.atoms(SizeSymbol) and not hypothesis.atoms(Read) and not free_axes(hypothesis):
            with exact_arithmetic():
                if _Unrolling(goal, sizes, {}).term(hypothesis) == 0:
                    return False
    return True


def problems(goal: Goal, sizes: Mapping[str, int]) -> tuple[Problem, ...]:
    """The problems that a goal of kind `Always` consists of at some sizes.

    Raises:
        TooLargeError: there are too many cases.
    """
    statement = goal.statement
    assert isinstance(statement, Always)  # reductions turn every other kind into this one
    found: list[Problem] = []
    local = [axis for axis in _frees(goal) if goal.root(axis) not in sizes and goal.length(axis) is None]
    indexed = [axis for axis in _frees(goal) if axis not in local]
    with exact_arithmetic():
        for place in product(*(range(sizes.get(goal.root(a), goal.length(a) or 1)) for a in indexed)):
            axes = {**dict.fromkeys(local, 0), **dict(zip(indexed, place, strict=True))}
            for one in _cases(goal, statement, sizes, axes, {}):
                found.append(one)
                if len(found) > MOST_CASES:
                    raise TooLargeError(f"more than {MOST_CASES} cases of labels and indices")
    return tuple(found)


def _frees(goal: Goal) -> tuple[str, ...]:
    return tuple(sorted({axis for term in goal.all_terms for axis in free_axes(term)}))


class _UndecidedError(Exception):
    """A variable with finitely many values is met; the case is split."""

    def __init__(self, read: Read, values: tuple[Any, ...]) -> None:
        super().__init__(str(read))
        self.read, self.values = read, values


def _cases(
    goal: Goal, statement: Always, sizes: Mapping[str, int], axes: Mapping[str, int], labels: Mapping[Read, Any]
) -> Iterator[Problem]:
    try:
        one = _Unrolling(goal, sizes, labels, axes).problem(statement)
    except _UndecidedError as choice:
        for value in choice.values:
            yield from _cases(goal, statement, sizes, axes, {**labels, choice.read: value})
        return
    if one is not None:
        yield one


class _Unrolling:
    """Writes terms out at fixed sizes, labels and running indices."""

    def __init__(
        self, goal: Goal, sizes: Mapping[str, int], labels: Mapping[Read, Any], axes: Mapping[str, int] | None = None
    ) -> None:
        self.goal, self.sizes, self.labels = goal, sizes, labels
        self.axes = {AxisSymbol(axis): sympy.Integer(value) for axis, value in (axes or {}).items()}
        self.memo: dict[Any, Any] = {}

    def size(self, axis: str) -> int:
        """The length of an axis."""
        root = self.goal.root(axis)
        return self.goal.length(root) or self.sizes.get(root, 1)

    def problem(self, statement: Always) -> Problem | None:
        """The problem of this case, or None where its hypotheses exclude it."""
        hypotheses: list[Term] = []
        for term in self.goal.hypotheses:
            parts = [part for part in conjuncts(self.term(term)) if part != 1]
            if 0 in parts:
                return None
            hypotheses += parts
        conclusion = self.term(statement.conclusion)
        obligations: list[Term] = []
        for path, need in self.goal.obligations:
            reached = self.term(path)
            if reached != 0:
                whole = disjunction(negation(reached), self.term(need))
                obligations += [part for part in conjuncts(whole) if part != 1]
        variables: dict[Read, Domain] = {}
        ties: list[Term] = []
        terms = (conclusion, *hypotheses, *obligations)
        for read in sorted(set().union(*(term.atoms(Read) for term in terms)), key=str):
            if read.tensor in self.goal.tensors:
                self._declare(read, variables, ties)
        known = tuple(dict.fromkeys((*ties, *hypotheses)))
        needs = tuple(dict.fromkeys(need for need in obligations if need not in known))
        return Problem(variables, known, conclusion, needs, dict(self.sizes), dict(self.labels))

    def _declare(self, read: Read, variables: dict[Read, Domain], ties: list[Term]) -> None:
        tensor = self.goal.tensors[read.tensor]
        if tensor.domain.kind != "simplex":
            variables[read] = tensor.domain
            return
        axis = tensor.axes.index(tensor.domain.axis or "")
        row = [
            Read(read.tensor, (*read.index[:axis], sympy.Integer(i), *read.index[axis + 1 :]))
            for i in range(self.size(tensor.axes[axis]))
        ]
        variables.update(dict.fromkeys(row, Domain("interval", sympy.S.Zero, sympy.S.One, True, True)))
        ties.append(atoms.Equal(sympy.Add(*row), 1))

    def term(self, term: Term) -> Term:
        """A closed term as a flat expression over reads at fixed indices."""
        return self._visit(substitute(term, self.axes))

    def _visit(self, e: Any) -> Any:
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def _build(self, e: Any) -> Any:
        if isinstance(e, Along):
            return self._along(e)
        if isinstance(e, SizeSymbol):
            return sympy.Integer(self.size(e.axis))
        if isinstance(e, Read):
            return self._read(e)
        if not e.args:
            return e
        if isinstance(e, atoms.Where):
            condition = self._visit(e.args[0])
            if condition in (0, 1):
                return self._visit(e.args[1] if condition == 1 else e.args[2])
        arguments = [self._visit(argument) for argument in e.args]
        if isinstance(e, atoms.NotEqual) and arguments[1] == 0 and isinstance(arguments[0], _CONDITIONS):
            return arguments[0]
        return e.func(*arguments)

    def _read(self, e: Read) -> Any:
        index = tuple(self._visit(entry) for entry in e.index)
        read = Read(e.tensor, index, e.integer)
        tensor = self.goal.tensors.get(e.tensor)
        if tensor is None:
            return read
        for entry, axis in zip(index, tensor.axes, strict=True):
            if entry.is_Integer and not 0 <= entry < max(self.size(axis), 1):
                return sympy.nan
        if read in self.labels:
            return sympy.sympify(self.labels[read])
        values = self._values(tensor.domain)
        if values is not None:
            raise _UndecidedError(read, values)
        return read

    def _values(self, domain: Domain) -> tuple[Any, ...] | None:
        if domain.kind == "set":
            return domain.values
        if domain.kind == "boolean":
            return (0, 1)
        if domain.kind == "index":
            return tuple(range(self.size(domain.axis or "")))
        return None

    def _along(self, e: Along) -> Any:
        items: list[tuple[Any, Any]] = []
        for i in range(self.size(e.axis.axis)):
            place = {e.axis: sympy.Integer(i)}
            admitted = self._visit(substitute(e.guard, place))
            if admitted != 0:
                items.append((self._visit(substitute(e.body, place)), admitted))
        return _REDUCED[e.operation](items)


def _kept(items: list[tuple[Any, Any]], otherwise: Any) -> list[Any]:
    return [body if admitted == 1 else atoms.Where(admitted, body, otherwise) for body, admitted in items]


def _logsumexp(items: list[tuple[Any, Any]]) -> Any:
    kept = _kept([(sympy.exp(body), admitted) for body, admitted in items], 0)
    if len(items) == 1 and items[0][1] == 1:
        return items[0][0]
    return sympy.log(sympy.Add(*kept)) if kept else EMPTY["logsumexp"]


def _extreme(function: Any, otherwise: Any) -> Any:
    def fold(items: list[tuple[Any, Any]]) -> Any:
        kept = _kept(items, otherwise)
        total = kept[0] if kept else otherwise
        for part in kept[1:]:
            total = function(total, part)
        return total

    return fold


def _norm(items: list[tuple[Any, Any]]) -> Any:
    if len(items) == 1 and items[0][1] == 1:
        return atoms.Absolute(items[0][0])
    return sympy.sqrt(sympy.Add(*_kept([(body**2, admitted) for body, admitted in items], 0)))


_REDUCED: dict[str, Any] = {
    "sum": lambda items: sympy.Add(*_kept(items, 0)),
    "logsumexp": _logsumexp,
    "max": _extreme(atoms.Maximum, -sympy.oo),
    "min": _extreme(atoms.Minimum, sympy.oo),
    "norm": _norm,
    "all": lambda items: conjunction(*(body if a == 1 else disjunction(negation(a), body) for body, a in items)),
    "any": lambda items: disjunction(*(body if a == 1 else conjunction(a, body) for body, a in items)),
}
