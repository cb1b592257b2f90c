"""Walks the evidence of a claim along its goals and sends each piece to what re-checks its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from symloss import atoms
from symloss.language.claims import Claim
from symloss.language.spec import Spec
from symloss.program import AxisSymbol, exact_arithmetic, substitute
from symloss.proof.claim_terms import UnsupportedClaimError
from symloss.proof.closing import negation
from symloss.proof.derivatives import NotDifferentiableError
from symloss.proof.formulation import formulate
from symloss.proof.goals import Always, Curvature, Goal
from symloss.proof.problems import Problem, TooLargeError, problems
from symloss.proof.recheck.analysis import analysed
from symloss.proof.recheck.asking import asked
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.covers import cover
from symloss.proof.recheck.duals import dual
from symloss.proof.recheck.equalities import followed, identity, in_range, same_formula, variables_of
from symloss.proof.recheck.equations import solved
from symloss.proof.recheck.limits import limit
from symloss.proof.recheck.nonnegative import coefficients
from symloss.proof.recheck.orders import orderings
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, worst, wrong
from symloss.proof.recheck.pieces import NotToldError, excluded
from symloss.proof.recheck.reading import term
from symloss.proof.recheck.restating import differing
from symloss.proof.recheck.rising import logs
from symloss.proof.recheck.slopes import slopes
from symloss.proof.recheck.solvers import smt
from symloss.proof.recheck.spots import false_at_a_point, false_somewhere
from symloss.proof.recheck.steps import NotASoundStepError, leads_to
from symloss.proof.recheck.traces import composition
from symloss.proof.recheck.unknowns import says_the_same
from symloss.proof.recheck.used import unnamed_in_range
from symloss.proof.recheck.witnesses import refutes, satisfies
from symloss.proof.terms import all_reads, conjuncts

_DECISIVE = ("proved", "certified")
_NO_PROOFS = ("witness", "seam", "samples", "none")


def recheck_claim(spec: Spec, claim: Claim, stored: Mapping[str, Any]) -> Outcome:
    """Re-check what is stored about one claim.

    Args:
        spec: the specification.
        claim: one of its claims.
        stored: its entry in the file: status, scope and evidence.
    """
    try:
        return recheck_goals(formulate(spec, claim), stored)
    except (UnsupportedClaimError, NotDifferentiableError) as reason:
        return unchecked(str(reason))


def recheck_goals(goals: tuple[Goal, ...], stored: Mapping[str, Any]) -> Outcome:
    """Re-check what is stored about a claim that is these goals."""
    status, evidence = stored["status"], stored["evidence"]
    if status in ("tested", "unknown"):
        return unchecked("a sample proves nothing" if status == "tested" else "there is no evidence")
    with exact_arithmetic():
        if status == "refuted":
            return _refutation(goals, evidence)
        return worst((_of_claim(goals, evidence, stored), _scope(stored)))


def _refutation(goals: tuple[Goal, ...], evidence: Mapping[str, Any]) -> Outcome:
    """A witness, however many steps led to it, is held against the claim itself."""
    seam: Mapping[str, Any] | None = None
    while evidence["kind"] == "step":
        seam = evidence if evidence["rule"] == "derivatives agree at a seam" else seam
        evidence = evidence["of"]
    if evidence["kind"] != "witness":
        return unchecked(f"there is no re-check of a refutation by {evidence['kind']}")
    try:
        return refutes(goals, evidence, seam)
    except NotToldError as reason:
        return unchecked(str(reason))


def _of_claim(goals: tuple[Goal, ...], evidence: Mapping[str, Any], finding: Mapping[str, Any]) -> Outcome:
    if len(goals) == 1:
        return _of_goal(goals[0], evidence, finding)
    return _all_of(goals, evidence, "parts")


def _all_of(goals: tuple[Goal, ...], evidence: Mapping[str, Any], rule: str) -> Outcome:
    """Evidence that has one part for each of several goals, in their order."""
    parts = evidence.get("parts")
    if evidence["kind"] != "parts" or evidence["rule"] != rule or parts is None:
        return wrong(f"evidence of {len(goals)} parts is needed")
    if len(parts) != len(goals):
        return wrong(f"there are {len(parts)} parts where {len(goals)} are needed")
    return worst(
        _of_goal(goal, part["evidence"], part) if part["status"] in _DECISIVE else wrong("a part is not proved")
        for goal, part in zip(goals, parts, strict=True)
    )


def _of_goal(goal: Goal, evidence: Mapping[str, Any], finding: Mapping[str, Any]) -> Outcome:
    """Evidence for a goal: for every size, or at the sizes of the finding's scope."""
    outcome = _shown(goal, evidence, finding)
    if outcome.word == "not re-checked" and not goal.derived and false_somewhere(goal):
        return wrong("the statement is false at a random point")
    if goal.hypotheses and "model" in evidence and not satisfies(goal, evidence["model"]):
        return wrong("the model does not satisfy the conditions")
    return outcome


def _shown(goal: Goal, evidence: Mapping[str, Any], finding: Mapping[str, Any]) -> Outcome:
    if evidence["kind"] in _NO_PROOFS:
        return wrong(f"evidence of kind {evidence['kind']} proves nothing")
    if evidence["kind"] == "step":
        return _step(goal, evidence)
    if evidence["kind"] == "parts" and evidence["rule"] == "sizes":
        return _sizes(goal, evidence)
    if evidence["kind"] == "parts" and evidence["rule"] == "values":
        return _values(goal, evidence)
    sizes = {axis: some for axis, some in finding["scope"]["sizes"].items() if some != "every"}
    if evidence["kind"] == "parts" and evidence["rule"] == "cases":
        return _cases(goal, evidence, {axis: some[0] for axis, some in sizes.items()})
    check = _KINDS.get(evidence["kind"])
    return unchecked(f"there is no re-check of {evidence['kind']}") if check is None else check(goal, evidence)


def _scope(stored: Mapping[str, Any]) -> Outcome:
    """A verdict for every size needs evidence for every size."""
    said = stored["scope"]["sizes"]
    shown: dict[str, set[int]] = {}
    _collect_sizes(stored["evidence"], shown)
    for axis, sizes in shown.items():
        if said.get(axis) == "every" or (isinstance(said.get(axis), list) and not set(said[axis]) <= sizes):
            return wrong(f"the scope says more sizes of {axis} than the evidence shows")
    return OK


def _collect_sizes(evidence: Mapping[str, Any], shown: dict[str, set[int]]) -> None:
    if evidence["kind"] == "step":
        _collect_sizes(evidence["of"], shown)
    parts = evidence["parts"] if evidence["kind"] == "parts" and evidence["rule"] != "conjunction" else ()
    for part in parts:
        for axis, sizes in part["scope"]["sizes"].items():
            if sizes != "every":
                shown.setdefault(axis, set()).update(sizes)
        _collect_sizes(part["evidence"], shown)


def _step(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    rule = evidence["rule"]
    try:
        goals = leads_to(goal, rule) or analysed(goal, evidence)
    except NotASoundStepError as reason:
        return wrong(f"“{rule}” may not be used: {reason}")
    except NotToldError as reason:
        return unchecked(str(reason))
    if goals is None:
        return unchecked(f"the re-check has no step “{rule}”")
    return _all_of(goals, evidence["of"], rule)


def _values(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    """One part for each value of a read of a set, whose indices run freely."""
    if not isinstance(goal.statement, Always):
        return wrong("values are put into a condition, nothing else")
    parts = evidence["parts"]
    reads = {str(read): read for term in goal.terms for read in all_reads(term)}
    read = reads.get(parts[0]["name"].rpartition(" = ")[0]) if parts else None
    domain = goal.tensors[read.tensor].domain if read is not None and read.tensor in goal.tensors else None
    if read is None or domain is None or domain.kind != "set":
        return wrong("the parts are not about the values of a variable that has only a few")
    if any(not isinstance(entry, AxisSymbol) or entry.axis not in goal.axes for entry in read.index):
        return wrong(f"{read} is not read at running indices")
    if [part["name"] for part in parts] != [f"{read} = {value}" for value in domain.values]:
        return wrong(f"there is not one part for each value of {read}")
    found = []
    for value, part in zip(domain.values, parts, strict=True):
        at = {read: value}
        case = replace(
            goal,
            statement=Always(substitute(goal.statement.conclusion, at)),
            hypotheses=tuple(substitute(h, at) for h in goal.hypotheses),
            obligations=tuple((substitute(path, at), substitute(need, at)) for path, need in goal.obligations),
        )
        shown = part["status"] in _DECISIVE
        found.append(_of_goal(case, part["evidence"], part) if shown else wrong("a part is not proved"))
    return worst(found)


def _sizes(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    found = []
    for part in evidence["parts"]:
        sizes = {axis: some[0] for axis, some in part["scope"]["sizes"].items()}
        if part["name"] != ", ".join(f"{axis} = {size}" for axis, size in sorted(sizes.items())):
            return wrong("a part is not of the size that it says")
        inner = part["evidence"]
        is_cases = inner["kind"] == "parts" and inner["rule"] == "cases"
        found.append(_cases(goal, inner, sizes) if is_cases else wrong("cases are needed at each size"))
    return worst(found)


def _cases(goal: Goal, evidence: Mapping[str, Any], sizes: Mapping[str, int]) -> Outcome:
    """One piece of evidence for each problem that the goal is at these sizes."""
    if set(goal.open_axes) != set(sizes):
        return wrong("the sizes are not those that matter")
    try:
        written = problems(goal, sizes)
    except TooLargeError as reason:
        return unchecked(str(reason))
    parts = evidence["parts"]
    if len(parts) != len(written):
        return wrong(f"there are {len(parts)} cases where {len(written)} are needed")
    found = []
    for problem, part in zip(written, parts, strict=True):
        labels = ", ".join(f"{read} = {value}" for read, value in sorted(problem.labels.items(), key=str))
        if part["name"] != labels:
            return wrong(f"a case is named {part['name']!r}, not {labels!r}")
        found.append(problem_shown(problem, part["evidence"], part["status"]))
    return worst(found)


def problem_shown(problem: Problem, evidence: Mapping[str, Any], status: str = "proved") -> Outcome:
    """Evidence for a problem: its obligations one by one, then its conclusion under them."""
    if status not in _DECISIVE:
        return wrong("a case is not proved")
    demands = list(problem.demands)
    met = evidence.get("defined", [])
    if len(met) != len(demands):
        return wrong(f"{len(met)} obligations are met where {len(demands)} are needed")
    found = []
    for demand, one in zip(demands, met, strict=True):
        if one["needs"] != str(demand.conclusion):
            return wrong(f"the obligation {demand.conclusion} is not met")
        found.append(flat_shown(demand, one["evidence"]))
    return worst((*found, flat_shown(problem.defined, evidence)))


def flat_shown(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Evidence for a problem without obligations."""
    if evidence["kind"] in _NO_PROOFS:
        return wrong(f"evidence of kind {evidence['kind']} proves nothing")
    check = _FLAT.get(evidence["kind"])
    outcome = unchecked(f"there is no re-check of {evidence['kind']}") if check is None else check(problem, evidence)
    if outcome.word == "not re-checked" and false_at_a_point(problem):
        return wrong("the statement is false at a random point")
    return outcome


# --- evidence for every size ------------------------------------------------------------------------------------


def _range(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    if not isinstance(goal.statement, Always):
        return wrong("a range shows a condition, nothing else")
    unnamed = unnamed_in_range(goal.statement.conclusion, evidence.get("facts", ()))
    if unnamed:
        return wrong(unnamed)
    if in_range(goal) or (goal.cases and excluded(goal, ())):
        return OK
    if followed(goal) or followed(solved(goal)):
        return OK
    return unchecked("the rules of the re-check do not find this range")


def _composition(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    if evidence.get("of") == "lipschitz":
        return slopes(goal, evidence)
    if not isinstance(goal.statement, Curvature):
        return wrong("a trace of curvature shows curvature, nothing else")
    wanted = {"convex": "convex", "quasiconvex": "convex", "concave": "concave"}.get(goal.statement.kind)
    if wanted is None:
        return wrong("composition does not show strict curvature")
    return composition(goal, evidence, wanted)


_KINDS: dict[str, Callable[[Goal, Mapping[str, Any]], Outcome]] = {
    "range": _range,
    "composition": _composition,
    "identity": same_formula,
    "dual": dual,
    "limit": limit,
}


# --- evidence of flat problems ----------------------------------------------------------------------------------


def _flat_range(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    unnamed = unnamed_in_range(problem.conclusion, evidence.get("facts", ()))
    if unnamed and "impossible" not in evidence:
        return wrong(unnamed)
    known = Knowledge(variables_of(problem), problem.hypotheses)
    if known.holds(problem.conclusion) or asked(known, problem.conclusion):
        return OK
    return unchecked("the rules of the re-check do not find this range")


def _split(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Two sides of a condition, each with evidence under it."""
    condition = term(evidence["condition"], problem.variables)
    found = []
    for side, assumed in (("holds", condition), ("fails", negation(condition))):
        found.append(_restated(replace(problem, hypotheses=(*problem.hypotheses, assumed)), evidence[side]))
    return worst(found)


def _restated(problem: Problem, case: Mapping[str, Any]) -> Outcome:
    """Evidence of a case that was stated anew, with the branches that it decides: at points both say the same."""
    variables = problem.variables
    hypotheses = tuple(term(text, variables) for text in case["hypotheses"])
    inner = replace(problem, hypotheses=hypotheses, conclusion=term(case["conclusion"], variables))
    fault = differing(problem, inner)
    return wrong(fault) if fault else flat_shown(inner, case["evidence"])


def _scaled(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Evidence of the same problem without common factors: each comparison is one of the problem's, times a factor."""
    variables = problem.variables
    hypotheses = tuple(term(text, variables) for text in evidence["hypotheses"])
    inner = replace(problem, hypotheses=hypotheses, conclusion=term(evidence["conclusion"], variables))
    fault = differing(problem, inner)
    if fault:
        return wrong(fault)
    known = Knowledge(variables_of(problem), problem.hypotheses)
    for one in hypotheses:
        if one not in problem.hypotheses and not any(says_the_same(known, given, one) for given in problem.hypotheses):
            return unchecked(f"{one} is not seen to be among the hypotheses")
    if not says_the_same(known, problem.conclusion, inner.conclusion):
        return unchecked("the conclusion is not seen to be that of the problem")
    return flat_shown(inner, evidence["evidence"])


def _alternatives(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Evidence under each part of a hypothesis that is a disjunction."""
    disjunction = next((h for h in problem.hypotheses if isinstance(h, atoms.Or) and str(h) == evidence["of"]), None)
    if disjunction is None:
        # An earlier case may have resolved a branch in it.
        disjunction = term(evidence["of"], problem.variables)
        return unchecked(f"{disjunction} is no hypothesis as it stands")
    rest = tuple(h for h in problem.hypotheses if h != disjunction)
    if len(disjunction.args) != len(evidence["parts"]):
        return wrong("not every alternative is looked at")
    return worst(
        _restated(replace(problem, hypotheses=(*rest, alternative)), part)
        for alternative, part in zip(disjunction.args, evidence["parts"], strict=True)
    )


def _conjunction(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Evidence of each comparison of a conclusion."""
    parts = conjuncts(problem.conclusion)
    if len(parts) != len(evidence["parts"]):
        return unchecked("the parts are not those of the conclusion as it stands")
    return worst(
        flat_shown(replace(problem, conclusion=part), given)
        for part, given in zip(parts, evidence["parts"], strict=True)
    )


def _covers(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Parts that are covers of the comparisons in a conjunction."""
    if evidence["rule"] != "conjunction" or any(part["kind"] != "cover" for part in evidence["parts"]):
        return unchecked("there is no re-check of such parts")
    return cover(problem, evidence)


_FLAT: dict[str, Callable[[Problem, Mapping[str, Any]], Outcome]] = {
    "range": _flat_range,
    "identity": identity,
    "split": _split,
    "scaled": _scaled,
    "alternatives": _alternatives,
    "conjunction": _conjunction,
    "coefficients": coefficients,
    "orderings": lambda problem, evidence: orderings(problem, evidence, flat_shown),
    "logs": lambda problem, evidence: logs(problem, evidence, flat_shown),
    "smt": smt,
    "cover": cover,
    "parts": _covers,
}
