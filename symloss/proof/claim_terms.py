"""Expressions of the claim language → closed terms with their obligations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import constructor_of
from symloss.language.building import Builder
from symloss.language.checking import Checker
from symloss.language.claims import Claim, ClaimExpression
from symloss.language.elaboration import Elaboration
from symloss.language.functions import FUNCTIONS
from symloss.language.nodes import Along as AlongNode
from symloss.language.nodes import Call, Chain, Comparison, Derivative, Expression, Name, Power, Word
from symloss.language.spec import Spec
from symloss.program import AxisSymbol, Read, Statement
from symloss.proof.closing import Closer, Obligation, negation, plain_conditions, requirement
from symloss.proof.derivatives import partial
from symloss.proof.terms import Term, along, conjunction, disjunction, rebuilt, with_tensors


class UnsupportedClaimError(Exception):
    """A claim that cannot be put into terms; the message says why, and the verdict is unknown."""


@dataclass(frozen=True)
class Built:
    """A closed term, and where it is defined and finite."""

    term: Term
    obligations: tuple[Obligation, ...]


class _ClaimBuilder(Builder):
    """Builds what only claims may say; derivatives become reads of pseudo-targets that the closer knows.

    ``needs`` collects what each quotient, power and function needs as it is written: SymPy cancels ``x/x`` and
    ``log(x) - log(x)`` the moment it sees them.
    """

    def __init__(self, elaboration: Elaboration, checker: Checker, owner: ClaimTerms) -> None:
        super().__init__(elaboration, checker)
        self.owner = owner
        self.bound: dict[str, Any] = {}
        self.needs: list[Obligation] = []
        self.path: Term = sympy.S.One
        self.values: dict[Expression, Term] = {}
        self._builds[Derivative] = self._derivative

    def build(self, node: Expression) -> Any:
        found = self.values[node] = super().build(node)
        for need in self._written(node):
            if need != 1:
                self.needs.append((self.path, need))
        return found

    def _written(self, node: Expression) -> list[Term]:
        """What the outermost operation of an expression needs."""
        if isinstance(node, Chain):
            pairs = zip(node.operators, node.operands[1:], strict=True)
            return [atoms.NotEqual(self.values[operand], 0) for operator, operand in pairs if operator == "/"]
        if isinstance(node, Power):
            return [requirement(sympy.Pow(self.values[node.base], self.values[node.exponent], evaluate=False))]
        if isinstance(node, Call) and node.function in FUNCTIONS and node.function != "where":
            record = atoms.RECORDS.get(FUNCTIONS[node.function].record)
            if record is not None:
                arguments = [self.values[argument] for argument in node.arguments]
                return [requirement(constructor_of(record)(*arguments, evaluate=False))]
        return []

    def _call(self, node: Call) -> Any:
        if node.function != "where" or node in self.checker.calls:
            return super()._call(node)
        before, condition = self.path, self.condition(node.arguments[0])
        values = []
        for branch, assumed in zip(node.arguments[1:], (condition, negation(condition)), strict=True):
            self.path = conjunction(before, assumed)
            values.append(self.real(branch))
        self.path = before
        return atoms.Where(condition, *values)

    def _quantified(self, node: AlongNode, since: int) -> None:
        """What the items of a reduction need, they need at every admitted index."""
        outside, inside = self.needs[:since], self.needs[since:]
        axes, guards = self.checker.brackets(node)
        guard = conjunction(*(self.values[part] for part in guards))
        for path, need in inside:
            whole = disjunction(negation(conjunction(guard, path)), need)
            for axis in reversed(axes):
                whole = self.elaboration.hoist("all", whole, (axis,))
            outside.append((self.path, atoms.Equal(whole, 1)))
        self.needs = outside

    def _name(self, node: Name) -> Any:
        if node.name in self.bound:
            return self.bound[node.name]
        symbol = self.scope.symbols.get(node.name)
        if symbol is not None and symbol.role == "value":
            return Read(node.name, tuple(AxisSymbol(axis) for axis in symbol.axes))
        return super()._name(node)

    def _comparison(self, node: Comparison) -> Any:
        if "is" in node.operators:
            raise UnsupportedClaimError("`is default` stands alone among the conditions of `when`")
        return super()._comparison(node)

    def _along(self, node: AlongNode) -> Any:
        if node.function in ("all", "any"):
            since = len(self.needs)
            over, guard = self._bracket(node)
            found = self.elaboration.hoist(node.function, self.condition(node.argument), over, guard)
            self._quantified(node, since)
            return found
        if node.function in ("integral", "limit"):
            since = len(self.needs)
            found = self._over_reals(node)
            # Where an integral or a limit exists is the business of the step that computes it.
            self.needs[since:] = [(self.path, atoms.Less(atoms.Absolute(found), sympy.oo))]
            return found
        since = len(self.needs)
        found = super()._along(node)
        self._quantified(node, since)
        return found

    def _over_reals(self, node: AlongNode) -> Any:
        name = node.items[0]
        assert isinstance(name, Name)
        variable = Read(f"{name.name}~", ())
        places = [self.real(item) for item in node.items[1:] if not isinstance(item, Word)]
        before = self.bound.get(name.name)
        self.bound[name.name] = variable
        body = self.real(node.argument)
        if before is None:
            del self.bound[name.name]
        else:
            self.bound[name.name] = before
        if node.function == "integral":
            return sympy.Integral(body, (variable, *places))
        side = next((item.value for item in node.items if isinstance(item, Word)), "+-")
        return sympy.Limit(body, variable, places[0], side)

    def _derivative(self, node: Derivative) -> Any:
        index = tuple(self.build(entry) for entry in node.index)
        return Read(self.owner.derivative(tuple(name.name for name in node.variables)), index)

    def condition(self, node: Expression) -> Any:
        found = self.build(node)
        if isinstance(found, Read) and found.integer and self.checker.types[node].kind == "condition":
            return atoms.NotEqual(found, 0)
        return found


class ClaimTerms:
    """Puts the expressions of one claim into closed terms.

    Args:
        spec: the specification.
        claim: one of its claims.
        cut: steps that count as variables.
    """

    def __init__(self, spec: Spec, claim: Claim, cut: frozenset[str] = frozenset()) -> None:
        self.spec, self.claim, self.cut = spec, claim, cut
        self.program = spec.program
        self.axes = {**self.program.axes, **{axis.name: axis for axis in claim.axes}}
        self.replaced: dict[str, Any] = {}
        self._derived: dict[str, tuple[tuple[str, ...], Term]] = {}
        self._made: list[Statement] = []

    def built(self, expression: ClaimExpression) -> Built:
        """A claim expression as a closed term, after the claim's substitutions."""
        assert expression.checker is not None  # every parsed expression has one
        return self.from_node(expression.checker, expression.node)

    def from_node(self, checker: Checker, node: Expression) -> Built:
        """The same from a checked node."""
        scope = replace(checker.scope, axes={**self.axes, **checker.scope.axes})
        elaboration = Elaboration(scope)
        elaboration.taken |= {statement.target for statement in self.program.statements}
        builder = _ClaimBuilder(elaboration, checker, self)
        raw = builder.real(node)
        self.axes.update(scope.axes)
        return self._finished(raw, tuple(elaboration.statements), tuple(builder.needs))

    def read(self, target: str) -> Built:
        """A step or a term of the loss at its running indices."""
        return self._finished(Read(target, tuple(AxisSymbol(axis) for axis in self.program.axes_of(target))), ())

    def constraints(self) -> list[Built]:
        """The constraints of the specification."""
        return [self._finished(constraint, ()) for constraint in self.program.constraints]

    def _closer(self, statements: tuple[Statement, ...] = ()) -> Closer:
        every = (*self.program.statements, *statements)
        return Closer(every, self.roots, self.cut, self._derived)

    @property
    def roots(self) -> Mapping[str, str]:
        """For each axis the axis whose length it shares."""

        def root(axis: str) -> str:
            like = self.axes[axis].like
            return root(like) if like else axis

        return {axis: root(axis) for axis in self.axes}

    def _finished(self, raw: Term, statements: tuple[Statement, ...], written: tuple[Obligation, ...] = ()) -> Built:
        missing = {
            read.tensor
            for statement in statements
            for read in statement.reads
            if " " not in read.tensor and not self._known(read.tensor, statements)
        }
        if missing:
            raise UnsupportedClaimError(f"the step {sorted(missing)[0]} is no part of the loss")
        closer = self._closer(statements)
        term = plain_conditions(self._substituted(closer.term(raw)))
        before = ((closer.term(path), closer.term(need)) for path, need in written)
        every = (*before, *closer.obligations(raw))
        needs = (tuple(plain_conditions(self._substituted(part)) for part in pair) for pair in every)
        return Built(term, tuple((path, need) for path, need in dict.fromkeys(needs)))

    def _known(self, name: str, statements: tuple[Statement, ...]) -> bool:
        variables = {tensor.name for tensor in self.claim.variables}
        targets = {statement.target for statement in (*statements, *self.program.statements)}
        return name in self.program.tensors or name in variables or name in targets or name.endswith("~")

    def _substituted(self, term: Term) -> Term:
        return with_tensors(term, self.replaced) if self.replaced else term

    # --- derivatives ------------------------------------------------------------------------------------------------

    def derivative(self, variables: tuple[str, ...]) -> str:
        """The name of the pseudo-target that holds a first or second derivative of the batch's total."""
        name = " ".join(("grad", *variables) if len(variables) == 1 else ("hess", *variables))
        if name not in self._derived:
            axes, term = self._first(variables[0])
            if len(variables) == 2:
                axes, term = self._second(axes, term, variables[1])
            self._derived[name] = (axes, term)
        return name

    def _first(self, variable: str) -> tuple[tuple[str, ...], Term]:
        steps = {statement.target for statement in self.program.statements}
        inner = ClaimTerms(self.spec, self.claim, self.cut | ({variable} & steps))
        axes = self.axes_of(variable)
        total = inner.total()
        if variable in {tensor.name for tensor in self.claim.variables}:
            total = self._substituted(total)
        term = partial(total, variable, tuple(AxisSymbol(axis) for axis in axes))
        return axes, self._closer().term(term) if variable in steps else term

    def _second(self, axes: tuple[str, ...], term: Term, variable: str) -> tuple[tuple[str, ...], Term]:
        if variable in {statement.target for statement in self.program.statements}:
            raise UnsupportedClaimError("a second derivative with respect to a step is not supported")
        own = self.axes_of(variable)
        names: list[str] = []
        batch = {axis for axis in own if self.axes[axis].kind == "batch"}
        for axis in own:
            if axis in batch:
                names.append(axis)
                continue
            name = axis if axis not in axes else f"{axis}_2"
            self.axes.setdefault(name, replace(self.axes[axis], name=name, like=self.roots[axis]))
            names.append(name)
        second = partial(term, variable, tuple(AxisSymbol(axis) for axis in names))
        return (*axes, *(axis for axis in names if axis not in batch)), second

    def axes_of(self, name: str) -> tuple[str, ...]:
        """The axes of an input, parameter, step or variable of the claim."""
        for tensor in self.claim.variables:
            if tensor.name == name:
                return tensor.axes
        return self.program.axes_of(name)

    def total(self) -> Term:
        """The sum of all values of all terms, each times its sample's intrinsic weight."""
        parts = []
        closer = self._closer()
        for term, target in self.program.outputs.items():
            out = self.program.statement(target).out
            value = closer.term(Read(target, tuple(AxisSymbol(axis) for axis in out)))
            weight = self.program.sample_weight.get(term)
            if weight is not None:
                value = closer.term(weight) * value
            for axis in reversed(out):
                value = along("sum", AxisSymbol(axis), value, root=self.roots[axis])
            parts.append(value)
        return sympy.Add(*parts)


def substitution(term: Term, axes: tuple[str, ...]) -> Any:
    """A function of a read's index that gives a term, written over some axes, at that index."""

    def at(index: tuple[Term, ...]) -> Term:
        places = {AxisSymbol(axis): entry for axis, entry in zip(axes, index, strict=True)}
        return rebuilt(term, lambda e: places.get(e, e))

    return at
