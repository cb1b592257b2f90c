"""Derivatives in forms that also hold at infinite inputs, where a limit exists.

Infinity over infinity, and 0 times infinity, are NaN in floating point where the limit is a number. Four forms are
rewritten, each equal to what it replaces at finite numbers:

- an entry over its own norm, x/‖x‖, is the sign of x where |x| = ‖x‖, which holds when x is infinite;
- (‖x‖ - c)/‖x‖ is 1 where ‖x‖ is infinite, and is formed before it multiplies anything;
- a gate (a step, a bracket, a label that may be 0) annihilates an unbounded factor;
- so does what decays like an exponential (a sigmoid), where the unbounded factor grows no faster than a power.

This is the last step of a derivation: the rewritten forms are never differentiated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from symloss.atoms import Absolute, Atom, Equal, Sign, Where, ZeroTimes, record_of
from symloss.calculus.scalar import is_finite
from symloss.calculus.stabilise.facts import Facts
from symloss.calculus.stabilise.terms import factors_of, product, terms_of
from symloss.program import Program, Read, Statement, exact_arithmetic, rename_axes

_INPUTS = ("prediction", "target")


def with_limits(program: Program) -> Program:
    """The derived program with every product rewritten; sums of bare products, which may be of matrices, stay."""
    with exact_arithmetic():
        rewriting = _Rewriting(program)
        statements = tuple(
            replace(s, body=rewriting.visit(s.body)) if s.operation == "map" or isinstance(s.body, Where) else s
            for s in program.statements
        )
        return program.replacing(statements=statements)


class _Rewriting:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.statements = {statement.target: statement for statement in program.statements}
        self.facts = Facts(program, self.statements)
        self._known: dict[Any, Any] = {}

    def visit(self, e: Any) -> Any:
        """An expression with its products rewritten, leaves first."""
        if not e.args or isinstance(e, Read):
            return e
        if e not in self._known:
            arguments = tuple(map(self.visit, e.args))
            rebuilt = e if arguments == e.args else e.func(*arguments)
            self._known[e] = self.product(rebuilt) if rebuilt.is_Mul else rebuilt
        return self._known[e]

    def product(self, e: Any) -> Any:
        """One product."""
        factors = self._distributed(list(e.args))
        if len(factors) == 1:
            return factors[0]
        for inverse in [f for f in factors if self._is_inverse(f)]:
            factors = self._over(factors, inverse)
        gates = [f for f in factors if self.may_vanish(f)]
        unbounded = [f for f in factors if f not in gates and self.may_be_infinite(f)]
        if not gates:
            decaying = [f for f in factors if self._decays(f)]
            growing = [f for f in unbounded if f not in decaying]
            if all(isinstance(f, Atom) and is_finite(f) for f in growing):
                gates, unbounded = decaying, growing
        if not gates or not unbounded:
            return product(factors)
        rest = [f for f in factors if f not in gates and f not in unbounded]
        return product([*rest, ZeroTimes(product(gates), product(unbounded))])

    # --- norms -------------------------------------------------------------------------------------------------------

    def _is_norm(self, e: Any) -> bool:
        return isinstance(e, Read) and e.tensor in self.statements and self.statements[e.tensor].operation == "norm"

    def _is_inverse(self, e: Any) -> bool:
        """Whether an expression is a power of a norm with a negative whole exponent."""
        return bool(e.is_Pow and e.exp.is_Integer and e.exp < 0 and self._is_norm(e.base))

    def _distributed(self, factors: list[Any]) -> list[Any]:
        """An entry of a vector multiplied into a sum over whose terms the inverse of its norm is spread."""
        for total in [f for f in factors if f.is_Add]:
            inverses = [e for e in sympy.preorder_traversal(total) if self._is_inverse(e)]
            entries = [f for f in factors if any(self._is_entry(f, inverse.base) for inverse in inverses)]
            if entries:
                entry = entries[0]
                rest = [f for f in factors if f is not total and f is not entry]
                terms = [self._times(entry, term, rest) for term in total.args]
                return [sympy.Add(*map(self.visit, terms))]
        return factors

    @staticmethod
    def _times(entry: Any, term: Any, rest: list[Any]) -> Any:
        """A term times an entry, which goes inside what a gate annihilates."""
        factors = list(factors_of(term))
        inside = next((f for f in factors if isinstance(f, ZeroTimes)), None)
        if inside is None:
            return product([entry, *factors, *rest])
        factors.remove(inside)
        return product([ZeroTimes(inside.args[0], entry * inside.args[1]), *factors, *rest])

    def _over(self, factors: list[Any], inverse: Any) -> list[Any]:
        """The factors of which one is an inverse power of a norm, with the quotients that have limits formed first."""
        norm, count = inverse.base, int(-inverse.exp)
        rest = [part for f in factors if f is not inverse for part in self._opened(f, norm)]
        for position, factor in enumerate(rest):
            terms = terms_of(factor) if factor.is_Add else {}
            if not count:
                break
            if norm in terms and all(term == norm or term == 1 or self._is_parameter(term) for term in terms):
                # An entry is multiplied in first: it may be as small as a norm whose inverse overflows.
                entries = (f for f in rest if f is not factor and self._is_entry(f, norm))
                entry = next(entries, sympy.S.One) if count == 1 else sympy.S.One
                rest[position] = Where(Equal(norm, sympy.oo), terms[norm] * entry, entry * factor / norm)
                count -= 1
                if entry != 1:
                    rest.remove(entry)
                    break
            elif self._is_entry(factor, norm):
                rest[position] = Where(Equal(Absolute(factor), norm), Sign(factor), factor / norm)
                count -= 1
        return [*rest, norm**-count] if count else rest

    def _opened(self, factor: Any, norm: Any) -> list[Any]:
        """The factors of a step that is a product with a sum of the norm and constants in it."""
        statement = self.statements.get(factor.tensor) if isinstance(factor, Read) else None
        if statement is None or statement.operation != "map" or not statement.body.is_Mul:
            return [factor]
        body = rename_axes(statement.body, dict(zip(statement.out, factor.index, strict=True)))
        inside = [f for f in factors_of(body) if f.is_Add and norm in terms_of(f)]
        return list(factors_of(body)) if inside else [factor]

    def _is_parameter(self, term: Any) -> bool:
        return isinstance(term, Read) and getattr(self.program.tensors.get(term.tensor), "role", "") == "parameter"

    def _is_entry(self, factor: Any, norm: Any) -> bool:
        """Whether a factor is an entry of the vector whose norm is read, up to its sign."""
        statement = self.statements[norm.tensor]
        at = dict(zip(statement.out, norm.index, strict=True))
        for read in factor.atoms(Read):
            for entry in read.index:
                body = rename_axes(statement.body, {**at, **dict.fromkeys(statement.over, entry)})
                if factor in (body, -body):
                    return True
        return False

    # --- gates -------------------------------------------------------------------------------------------------------

    def may_vanish(self, e: Any) -> bool:
        """Whether an expression is exactly 0 by selection for some inputs."""
        if isinstance(e, Read):
            tensor = self.program.tensors.get(e.tensor)
            if tensor is not None:
                return tensor.domain.kind == "set" and 0 in tensor.domain.values
            statement = self.statements.get(e.tensor)
            # What a selection multiplies is 0 with it.
            return (
                statement is not None
                and statement.operation == "map"
                and any(map(self.may_vanish, factors_of(statement.body)))
            )
        if isinstance(e, Where):
            return 0 in e.args[1:]
        if e.is_Add:
            return self._complement(e)
        record = record_of(e)
        return record is not None and bool(record.image.is_FiniteSet) and 0 in record.image and not isinstance(e, Sign)

    def _complement(self, e: Any) -> bool:
        """Whether an expression is 1 - y for a label y that may be 1."""
        terms = terms_of(e)
        label = next((term for term in terms if isinstance(term, Read)), None)
        tensor = None if label is None else self.program.tensors.get(label.tensor)
        return tensor is not None and terms == {label: -1, sympy.S.One: 1} and 1 in tensor.domain.values

    def _decays(self, e: Any) -> bool:
        """Whether an expression is between 0 and a bound, and comes to 0 faster than any power."""
        if e.is_Mul or isinstance(e, ZeroTimes):
            return any(map(self._decays, e.args))
        if not isinstance(e, Atom) or not e.record.image.is_Interval:
            return False
        return bool(e.record.image.start == 0 and e.record.image.left_open) and self.facts.range(e).bounded

    def may_be_infinite(self, e: Any) -> bool:
        """Whether an expression has no bound and comes from an input that may be infinite."""
        if isinstance(e, Where) and all(a == 0 or not self.may_be_infinite(a) for a in e.args[1:]):
            return False
        return not e.is_number and not self.facts.range(e).bounded and self._reads_reals(e)

    def _reads_reals(self, e: Any) -> bool:
        for read in e.atoms(Read):
            tensor = self.program.tensors.get(read.tensor)
            if tensor is not None and tensor.role in _INPUTS and tensor.domain.unrestricted:
                return True
            statement: Statement | None = self.statements.get(read.tensor)
            if statement is not None and self._reads_reals(statement.body):
                return True
        return False
