"""Solvers of polynomial constraints: z3 proves, cvc5 confirms where it answers.

The question is whether the hypotheses and the facts about named quantities leave room for the conclusion to be false.
Only ``unsat`` counts; a model is at most a place to look at, since names of transcendental terms are not tied to
their values.
"""

from __future__ import annotations

from typing import Any

from symloss import atoms
from symloss.program import exact_arithmetic
from symloss.proof import second_solver
from symloss.proof.branches import KINKS
from symloss.proof.engines import Budget
from symloss.proof.problems import Problem
from symloss.proof.smt import scripts
from symloss.proof.smt.formulas import FALSE, TRUE, Formula, Junction, names_of, number, opposite, text
from symloss.proof.smt.logarithms import add_lemmas
from symloss.proof.smt.names import Assertion, Names, UnnamedError
from symloss.proof.verdicts import Evidence, Finding

#: Thousand steps for a sign that naming asks for.
_QUICK = 60
#: Of so many assertions those are kept that are needed.
_MANY = 16
#: Problems with more branches than this are for case splits.
_MOST_KINKS = 8
#: Larger questions are not asked.
_MOST_CHARACTERS = 60_000


class SolverEngine:
    """Proves problems whose negation, with everything that is known of the names, is unsatisfiable."""

    name = "solver"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof, or None."""
        if not scripts.available():
            return None
        kinks = set().union(*(term.atoms(*KINKS) for term in (*problem.hypotheses, problem.conclusion)))
        if len(kinks) > (_MOST_KINKS if not any(isinstance(h, atoms.Or) for h in problem.hypotheses) else 2):
            return None
        try:
            with exact_arithmetic():
                return self._settle(problem, budget)
        except UnnamedError:
            return None

    def _settle(self, problem: Problem, budget: Budget) -> Finding | None:
        names = Names(problem, self._shown(budget))
        shown = names.formula(problem.conclusion)
        parts = problem_parts(shown)
        shown_parts: list[Evidence] = []
        for part in parts:
            one = self._part(names, part, budget)
            if one is None:
                return None
            shown_parts.append(one)
        together: Evidence = {"kind": "conjunction", "parts": shown_parts}
        evidence = shown_parts[0] if len(shown_parts) == 1 else together
        return Finding("proved", self.name, evidence, summary="its negation has no model")

    def _part(self, names: Names, shown: Formula, budget: Budget) -> Evidence | None:
        kept = len(names.assertions)
        add_lemmas(names, _used(names, shown), names.differences)
        asserted = [*names.assertions, Assertion("negation", opposite(shown))]
        del names.assertions[kept:]
        used = _closure(asserted)
        asserted = [one for one in asserted if names_of(one.formula) <= used]
        symbols = [symbol for symbol in names.meaning if symbol in used]
        question = scripts.script([s.name for s in symbols], [text(one.formula) for one in asserted])
        if len(question) > _MOST_CHARACTERS:
            return None
        if scripts.first(question, budget.steps, budget.seed) != "unsat":
            return None
        again = "unknown"
        if len(asserted) >= _MANY:
            fewer = self._fewer(symbols, asserted, budget)
            needed = set().union(*(names_of(one.formula) for one in fewer))
            some = [symbol for symbol in symbols if symbol in needed]
            again = second_solver.answer(scripts.script([s.name for s in some], [text(one.formula) for one in fewer]))
            if again == "unsat":
                symbols, asserted = some, fewer
        if again != "unsat":
            again = second_solver.answer(question)
        if again == "sat":
            return None
        solvers = [scripts.version_of_first(), *([second_solver.version()] if again == "unsat" else [])]
        return {
            "kind": "smt",
            "names": [[symbol.name, str(names.meaning[symbol])] for symbol in symbols],
            "assertions": [_entry(one) for one in asserted],
            "solvers": solvers,
        }

    def _fewer(self, symbols: list[Any], asserted: list[Assertion], budget: Budget) -> list[Assertion]:
        """Some of the assertions that have no model: fewer are easier for the second solver, and for a reader.

        Each is left out in turn, the longest first, where the others still have none within a few steps.
        """
        declared = [s.name for s in symbols]
        texts = {place: text(one.formula) for place, one in enumerate(asserted)}
        last = len(asserted) - 1
        for place in sorted(range(last), key=lambda i: (-len(texts[i]), i)):
            others = [one for i, one in texts.items() if i != place]
            if scripts.first(scripts.script(declared, others), _QUICK, budget.seed) == "unsat":
                del texts[place]
        return [asserted[place] for place in texts]

    def _shown(self, budget: Budget) -> Any:
        def shown(names: Names, formula: Formula) -> bool:
            asserted = [*names.assertions, Assertion("negation", opposite(formula))]
            used = _closure(asserted)
            texts = [text(one.formula) for one in asserted if names_of(one.formula) <= used]
            question = scripts.script([s.name for s in names.meaning if s in used], texts)
            if len(question) > _MOST_CHARACTERS:
                return False
            return scripts.first(question, _QUICK, budget.seed) == "unsat"

        return shown


def problem_parts(formula: Formula) -> tuple[Formula, ...]:
    """The conjuncts of a conclusion."""
    if isinstance(formula, Junction) and formula.word == "and" and formula != TRUE:
        return formula.parts
    return (formula,)


def _used(names: Names, shown: Formula) -> set[Any]:
    """The names that assertions and the conclusion mention."""
    return names_of(shown).union(*(names_of(one.formula) for one in names.assertions))


def _closure(asserted: list[Assertion]) -> set[Any]:
    """The names that are linked to the conclusion, which stands last, through assertions."""
    used = names_of(asserted[-1].formula)
    if asserted[-1].formula in (TRUE, FALSE):
        return used.union(*(names_of(one.formula) for one in asserted))
    while True:
        grown = used.union(*(n for n in (names_of(one.formula) for one in asserted) if n & used))
        if grown == used:
            return used
        used = grown


def _entry(one: Assertion) -> list[Any]:
    entry: list[Any] = [one.reason, text(one.formula)]
    return [*entry, one.lemma, [number(argument) for argument in one.arguments]] if one.lemma else entry


ENGINE = SolverEngine()
