"""Products of a factor that may be exactly 0 with one that may be infinite, each pair of these formed once.

Differentiation nests such products: the slope of (x·exp(a))² by a is x·(exp(a)·(x·exp(a))), in which a piece may be 0·∞
although the whole is 0. Here a product is taken apart into its factors, and every factor that has a pole or grows
like an exponential is multiplied by one that may vanish: (x·exp(a))·(x·exp(a)). Terms that share such a factor are
added before it multiplies them.

This is the last step of a derivation: the rewritten forms are never differentiated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sympy

from symloss.atoms import Expm1, ExpTail, XLog1pY, XLogY, XOverY, ZeroTimes, record_of
from symloss.calculus.stabilise.facts import Facts
from symloss.program import Program, Read, SizeSymbol, exact_arithmetic

#: Functions that are 0 where their first argument is, and may be infinite elsewhere.
_GUARDED = (XOverY, XLogY, XLog1pY)
#: Functions that are beyond the largest number at inputs of ordinary size.
_GROWING = (sympy.exp, Expm1, ExpTail)
#: What the caller passes for each sample.
_DATA = ("prediction", "target", "direction")

#: The factors of a product by their exponents, which are positive whole numbers; a number is a factor too.
Factors = dict[Any, int]


def with_paired_zeros(program: Program) -> Program:
    """The program with every product in paired form that holds a zero_times, or a parameter that may be 0."""
    with exact_arithmetic():
        pairing = _Pairing(program)
        statements = (replace(statement, body=pairing.visit(statement.body)) for statement in program.statements)
        return program.replacing(statements=tuple(statements))


class _Pairing:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.statements = {statement.target: statement for statement in program.statements}
        self.facts = Facts(program, self.statements)
        exponents = {e.args[0] for statement in program.statements for e in statement.body.atoms(sympy.exp)}
        #: An exponential that is a power of another one of the program is taken for that power.
        self.roots = {b: min((a for a in exponents if _times(b, a)), key=lambda a: -_times(b, a)) for b in exponents}
        self._known: dict[Any, Any] = {}

    def visit(self, e: Any) -> Any:
        """An expression with its products in paired form, leaves first."""
        if not e.args or isinstance(e, Read):
            return e
        if e not in self._known:
            arguments = tuple(map(self.visit, e.args))
            rebuilt = e if arguments == e.args else e.func(*arguments)
            if rebuilt.is_Add and rebuilt.has(ZeroTimes):
                rebuilt = self._gathered(rebuilt)
            elif (rebuilt.is_Mul or isinstance(rebuilt, ZeroTimes)) and self._is_pair(rebuilt):
                rebuilt = self._product(self._apart(rebuilt))
            self._known[e] = rebuilt
        return self._known[e]

    def _is_pair(self, e: Any) -> bool:
        """Whether a product holds what grows without bound in a pair, or has it beside a parameter that may be 0."""
        infinite = [f for f in self._apart(e) if self.is_infinite(f)]
        if any(map(self._is_switch, self._apart(e))):
            return bool(infinite)
        return bool(e.has(ZeroTimes)) and any(isinstance(f, _GROWING) for f in infinite)

    def _is_switch(self, e: Any) -> bool:
        """Whether a factor is 0 at some values of the parameters."""
        if not isinstance(e, Read):
            return bool(e.is_Mul) and any(map(self._is_switch, e.args))
        tensor, statement = self.program.tensors.get(e.tensor), self.statements.get(e.tensor)
        if tensor is not None:
            return tensor.role == "parameter" and self.facts.range(e).admits_zero
        return statement is not None and statement.operation == "map" and self._is_switch(statement.body)

    # --- taking apart ------------------------------------------------------------------------------------------------

    def _apart(self, e: Any) -> Factors:
        """The factors of a product, those inside of pairs included."""
        if e.is_Mul:
            return _joined(map(self._apart, e.args))
        if e.is_Pow and isinstance(e.base, ZeroTimes) and e.exp.is_Integer and e.exp > 0:
            return _joined([self._apart(e.base)] * int(e.exp))
        if isinstance(e, ZeroTimes):
            found = _joined(map(self._apart, e.args))
            # Where everything is finite at finite inputs, the pair guards against infinite ones and stays.
            return found if any(map(self.is_infinite, found)) else {e: 1}
        if isinstance(e, sympy.exp):
            root = self.roots.get(e.args[0], e.args[0])
            return {sympy.exp(root): _times(e.args[0], root)}
        if e.is_Pow and e.exp.is_Integer:
            sign = 1 if e.exp > 0 else -1
            return {e.base**sign: abs(int(e.exp))}
        return {e: 1}

    def is_infinite(self, factor: Any) -> bool:
        """Whether a factor grows like an exponential, or has a pole at an end of a domain."""
        if factor.is_Pow and factor.exp.is_Integer and factor.exp < 0:
            base = self.facts.range(factor.base)
            return base.bounded and base.admits_zero
        return isinstance(factor, (*_GROWING, *_GUARDED)) and not self.facts.range(factor).bounded

    def _gathered(self, e: Any) -> Any:
        """A sum whose terms with an infinite factor in common are added before that multiplies them."""
        terms = [(self._apart(term), term.has(ZeroTimes)) for term in e.args]
        shared = [f for factors, _ in terms for f in factors if self.is_infinite(f) and isinstance(f, sympy.exp)]
        for factor in sorted(set(shared), key=str):
            inside = [(factors, pair) for factors, pair in terms if factor in factors]
            if len(inside) > 1 and any(pair for _, pair in inside):
                common = _common([factors for factors, _ in inside])
                rest = sympy.Add(*(self._product(_without(factors, common)) for factors, _ in inside))
                inner = self._gathered(rest) if rest.is_Add else rest
                outside = [self._product(factors) for factors, _ in terms if factor not in factors]
                return sympy.Add(*outside, self._product(_joined([self._apart(inner), common])))
        return e

    # --- putting together --------------------------------------------------------------------------------------------

    def _product(self, factors: Factors) -> Any:
        """The product of factors, each infinite one multiplied by what may vanish."""
        factors = self._with_shared(factors)
        infinite = [f for f in _repeated(factors) if self.is_infinite(f)]
        finite = [f for f in _repeated(factors) if not self.is_infinite(f)]
        guarded = [f for f in infinite if isinstance(f, _GUARDED)]
        poles = [f for f in infinite if not isinstance(f, _GUARDED)]
        gates = [f for f in finite if not f.is_Number and self._is_polynomial(f)]
        rest = [f for f in finite if f.is_Number or not self._is_polynomial(f)]
        if not infinite or not (gates or guarded):
            return sympy.Mul(*rest, *gates, *infinite)
        entries = [f for f in gates if self._is_data(f)]
        if len(set(entries)) == 1 and not guarded and not any(map(self._is_switch, gates)):
            for entry in entries[: len(poles)]:
                gates[gates.index(entry)] = ZeroTimes(entry, poles.pop())
        # What is 0 must meet every factor that may be infinite: only one entry can stand inside of these.
        outside = [] if len(set(entries)) == 1 else entries[1:]
        inside = list(gates)
        for entry in outside:
            inside.remove(entry)
        found = sympy.Mul(*inside)
        for factor in (*guarded, *poles):
            found = factor if found == 1 else ZeroTimes(found, factor)
        for entry in outside:
            found = ZeroTimes(entry, found)
        return sympy.Mul(*rest, found)

    def _with_shared(self, factors: Factors) -> Factors:
        """The factors, with an exponential that all terms of a sum among them share as one of them."""
        for total in [f for f in factors if f.is_Add]:
            terms = [self._apart(term) for term in total.args]
            shared = _common(terms)
            if any(isinstance(f, sympy.exp) for f in shared):
                rest = sympy.Add(*(self._product(_without(term, shared)) for term in terms))
                outside = {f: power for f, power in factors.items() if f != total}
                inside = [self._apart(rest), shared] * factors[total]
                return self._with_shared(_joined([outside, *inside]))
        return factors

    def _is_polynomial(self, e: Any) -> bool:
        """Whether a factor is 0 only where inputs or parameters say so, and not by being small."""
        if isinstance(e, Read):
            statement = self.statements.get(e.tensor)
            return statement is None or (statement.operation in ("map", "sum") and self._is_polynomial(statement.body))
        if e.is_number or e.is_Symbol:
            return True
        record = record_of(e)
        whole = record is not None and record.image.is_FiniteSet
        power = e.is_Pow and e.exp.is_Integer and (e.exp > 0 or isinstance(e.base, SizeSymbol))
        nested = e.is_Add or e.is_Mul or isinstance(e, ZeroTimes) or power
        return bool(whole or (nested and all(map(self._is_polynomial, e.args))))

    def _is_data(self, e: Any) -> bool:
        """Whether a factor varies with what the caller passes for each sample."""
        for read in e.atoms(Read):
            tensor = self.program.tensors.get(read.tensor)
            if tensor.role in _DATA if tensor is not None else self._is_data(self.statements[read.tensor].body):
                return True
        return False


def _times(b: Any, a: Any) -> int:
    """How many times an expression is another one, if that is a positive whole number; else 0."""
    ratio = b / a
    return int(ratio) if ratio.is_Integer and ratio > 0 else 0


def _joined(parts: Iterable[Factors]) -> Factors:
    """The factors of a product of products."""
    found: Factors = {}
    for part in parts:
        for factor, power in part.items():
            found[factor] = found.get(factor, 0) + power
    return found


def _common(terms: Sequence[Factors]) -> Factors:
    """The factors that all products have, numbers apart."""
    least = {f: min(factors.get(f, 0) for factors in terms) for f in terms[0] if not f.is_Number}
    return {f: power for f, power in least.items() if power}


def _without(factors: Factors, taken: Factors) -> Factors:
    left = {f: power - taken.get(f, 0) for f, power in factors.items()}
    return {f: power for f, power in left.items() if power}


def _repeated(factors: Factors) -> list[Any]:
    return [factor for factor, power in factors.items() for _ in range(power)]
