"""SMT-LIB text of the re-check's own, and the second solver's answer to it."""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.recheck.reading import formula
from symloss.proof.second_solver import answer, version

#: Disjunctions that are split at once.
_MOST_SPLITS = 4


def second_solver(assertions: str) -> str:
    """What cvc5 says: sat, unsat, or why it says nothing."""
    if not version():
        return "cvc5 is not installed"
    said = answer(f"(set-logic QF_NRA)\n{assertions}\n(check-sat)\n")
    return said if said in ("sat", "unsat") else "cvc5 gives no answer"


def decided_in_cases(declared: list[str], assertions: list[str]) -> str:
    """What the second solver says to assertions: to each alternative of those that have some, else to all at once.

    A disjunction of equations gives a few alternatives, in each of which a variable is known.
    """
    lines = [*declared, *(f"(assert {one})" for one in assertions)]
    split = [one for one in map(_alternatives, assertions) if one][:_MOST_SPLITS]
    for chosen in product(*split) if split else ():
        case = second_solver("\n".join([*lines, *(f"(assert {one})" for one in chosen)]))
        if case == "sat":
            return case
        if case != "unsat":
            break
    else:
        if split:
            return "unsat"
    return second_solver("\n".join(lines))


def _alternatives(assertion: str) -> list[str]:
    """The parts of a disjunction of equations; none of another assertion."""
    tree = formula(assertion)
    if not isinstance(tree, list) or tree[0] != "or" or any(not isinstance(p, list) or p[0] != "=" for p in tree[1:]):
        return []
    return [_text(part) for part in tree[1:]]


def _text(tree: Any) -> str:
    return tree if isinstance(tree, str) else f"({' '.join(map(_text, tree))})"


def written(e: Any) -> str:
    """An arithmetic term over names in SMT-LIB's notation; a condition counts 1 or 0."""
    name = type(e).__name__
    if name in ("SlopeAt", "StopGradient"):
        return written(e.args[0])
    if name in CHOICES:
        return written(CHOICES[name](*e.args))
    if name == "Where":
        return f"(ite {formula_of(e.args[0])} {written(e.args[1])} {written(e.args[2])})"
    if name in WORDS:
        return f"(ite {formula_of(e)} 1 0)"
    if e.is_Rational:
        text = f"(/ {abs(e.p)} {e.q})" if e.q != 1 else str(abs(e.p))
        return text if e >= 0 else f"(- {text})"
    if isinstance(e, sympy.Symbol) and not isinstance(e, Read):
        return e.name
    if isinstance(e, sympy.Pow) and e.exp.is_Integer:
        base = written(e.base)
        power = f"(* 1 {' '.join([base] * abs(int(e.exp)))})"
        return power if e.exp > 0 else f"(/ 1 {power})"
    if isinstance(e, sympy.Add | sympy.Mul):
        return f"({'+' if isinstance(e, sympy.Add) else '*'} {' '.join(map(written, e.args))})"
    raise ValueError(f"{name} has no name")


def formula_of(e: Any) -> str:
    """A condition in SMT-LIB's notation; 0 and 1 are truth values."""
    name = type(e).__name__
    if e in (0, 1):
        return "true" if e == 1 else "false"
    if name not in WORDS:
        return f"(= {written(e)} 1)"
    parts = " ".join(formula_of(part) if name in ("And", "Or", "Not") else written(part) for part in e.args)
    return f"(not (= {parts}))" if name == "NotEqual" else f"({WORDS[name]} {parts})"


#: Functions with kinks as choices.
CHOICES: dict[str, Any] = {
    "Absolute": lambda x: atoms.Where(atoms.LessEqual(0, x), x, -x),
    "Relu": lambda x: atoms.Where(atoms.LessEqual(0, x), x, 0),
    "Ramp": lambda x: atoms.Where(atoms.LessEqual(0, x), x, 0),
    "Maximum": lambda a, b: atoms.Where(atoms.LessEqual(b, a), a, b),
    "Minimum": lambda a, b: atoms.Where(atoms.LessEqual(a, b), a, b),
    "Clamp": lambda x, low, high: atoms.Minimum(atoms.Maximum(x, low), high),
    "Sign": lambda x: atoms.Where(atoms.Less(0, x), 1, atoms.Where(atoms.Less(x, 0), -1, 0)),
    "Step": lambda x: atoms.Where(atoms.Less(0, x), 1, 0),
    "HalfStep": lambda x: atoms.Where(atoms.Less(0, x), 1, atoms.Where(atoms.Less(x, 0), 0, sympy.S.Half)),
}
WORDS = {
    "Less": "<",
    "LessEqual": "<=",
    "Equal": "=",
    "NotEqual": "not",
    "And": "and",
    "Or": "or",
    "Not": "not",
}
