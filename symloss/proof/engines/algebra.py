"""Identities at fixed sizes: the difference of two sides, as a quotient of polynomials, has the normal form 0.

Every function and every variable exponent is a symbol of the polynomials after products of exponentials are merged
and atoms are replaced by their definitions; a normal form 0 is therefore a proof, anything else says nothing.
"""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.program import Tensor, exact_arithmetic
from symloss.proof.engines import Budget
from symloss.proof.problems import Problem
from symloss.proof.ranges import Ranges
from symloss.proof.smt.formulas import TRUE
from symloss.proof.smt.names import Names, UnnamedError
from symloss.proof.verdicts import Finding

#: Larger differences are not expanded.
_MOST_OPERATIONS = 200


class AlgebraEngine:
    """Proves equations (and weak inequalities whose sides are equal) by normal forms."""

    name = "algebra"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof of the identity, or None."""
        conclusion = problem.conclusion
        if conclusion == 1:
            return Finding("proved", self.name, {"kind": "identity", "difference": "0"}, summary="both sides are equal")
        if not isinstance(conclusion, atoms.Equal | atoms.LessEqual):
            return None
        return self._by_normal_form(problem) or self._in_names(problem)

    def _in_names(self, problem: Problem) -> Finding | None:
        if not same_in_names(problem):
            return None
        evidence = {"kind": "identity", "difference": "0", "normal form": "0", "in": "named quantities"}
        return Finding("proved", self.name, evidence, summary="both sides are the same in named quantities")

    def _by_normal_form(self, problem: Problem) -> Finding | None:
        left, right = problem.conclusion.args
        difference = left - right
        if difference.is_infinite or difference.count_ops() > _MOST_OPERATIONS:
            return None
        evidence = {"kind": "identity", "difference": str(difference), "normal form": "0"}
        if normal_form(difference) != 0:
            apart = logs_apart(difference, problem)
            if apart is None or normal_form(apart) != 0:
                return None
            evidence["logarithms apart"] = str(apart)
        return Finding("proved", self.name, evidence, summary="the difference has the normal form 0")


def same_in_names(problem: Problem) -> bool:
    """Whether both sides are one rational expression in exponentials, logarithms, roots and branches."""
    try:
        with exact_arithmetic():
            return Names(problem).formula(atoms.Equal(*problem.conclusion.args)) == TRUE
    except UnnamedError:
        return False


def normal_form(expression: Any) -> Any:
    """The numerator of an expression over one denominator, expanded; 0 where the expression is identically 0."""
    defined = expression.replace(lambda e: type(e).__name__ in _DEFINITIONS, _defined)
    merged = _merged(defined)
    numerator, denominator = sympy.fraction(sympy.together(merged))
    if denominator == 0:
        return sympy.nan
    expanded = sympy.expand(numerator, force=False)
    return sympy.expand(_merged(expanded), force=False)


def logs_apart(expression: Any, problem: Problem) -> Any | None:
    """Logarithms of products as sums, where every factor is positive; None where one may not be."""
    if not expression.atoms(sympy.log):
        return None
    tensors = {v.tensor: Tensor(v.tensor, (), "variable", domain) for v, domain in problem.variables.items()}
    ranges = Ranges(tensors, problem.hypotheses)
    places = {}
    for node in expression.atoms(sympy.log):
        factors = sympy.Mul.make_args(sympy.factor(node.args[0]))
        total = sympy.S.Zero
        for factor in factors:
            base, exponent = factor.as_base_exp()
            known = ranges.range(base)
            if known is None or not known.above(0, True):
                return None
            total += exponent * sympy.log(base)
        places[node] = total
    return expression.xreplace(places)


def _defined(e: Any) -> Any:
    return _DEFINITIONS[type(e).__name__](*e.args)


_DEFINITIONS: dict[str, Any] = {
    "Sigmoid": lambda x: sympy.exp(x) / (1 + sympy.exp(x)),
    "Softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "Tanh": lambda x: (sympy.exp(2 * x) - 1) / (sympy.exp(2 * x) + 1),
    "StopGradient": lambda x: x,
    "SlopeAt": lambda f, c, s: f,
}


def _merged(expression: Any) -> Any:
    """Exponentials of sums as products, so that equal ones meet."""
    return sympy.expand(
        expression, power_exp=True, mul=False, power_base=False, log=False, multinomial=False, basic=False
    )


ENGINE = AlgebraEngine()
