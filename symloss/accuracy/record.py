"""The accuracy class of every entry point of a loss, with its reason, derived from its programs."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import sympy

from symloss.accuracy.grades import CANCELLING, CLASSES, Grade, Grader, worst
from symloss.accuracy.out_of_range import out_of_range
from symloss.accuracy.reference import kind_of, programs_of
from symloss.program import Program, Read, exact_arithmetic, reads_of, substitute

if TYPE_CHECKING:
    from symloss.calculus import Derivation
    from symloss.language import Spec

#: The specification, the derivation and the record that were asked for last.
_LAST: list[Any] = []
#: What each entry point returns.
ENTRIES = {
    "value": ("value",),
    "value_and_grad": ("value", "grad"),
    "grad_hess_diag": ("grad", "diag"),
    "hvp": ("hvp",),
}


def accuracy_record(spec: Spec | None, derivation: Derivation) -> dict[str, Any]:
    """By entry point ``{"class", "reason", "outputs": {output: class}}``, and ``"at_ends"`` where it is better there.

    ``at_ends`` maps an input that is confined to a closed interval to the class that holds where every one of its
    entries is an end of it (hard labels 0 and 1). A class that the specification states replaces the derived one.
    ``range`` lists where no class holds, as `out_of_range` finds it.

    Every back end states the record, which takes as long as all else for a large program: the last one is remembered.
    """
    if _LAST and _LAST[0] is spec and _LAST[1] is derivation:
        return deepcopy(_LAST[2])
    found = _record(spec, derivation)
    _LAST[:] = spec, derivation, deepcopy(found)
    return found


def _record(spec: Spec | None, derivation: Derivation) -> dict[str, Any]:
    with exact_arithmetic():
        grades = output_grades(derivation)
        ends = {name: output_grades(derivation, name) for name in _confined(derivation.textbook)}
    outside = {
        kind: out_of_range(program, [key for key in program.outputs if kind_of(key) == kind])
        for kind, program in programs_of(derivation).items()
    }
    stated = None if spec is None else spec.accuracy
    found: dict[str, Any] = {}
    for entry, kinds in ENTRIES.items():
        keys = [key for key in grades if kind_of(key) in kinds]
        if entry == "grad_hess_diag" and derivation.diagonal is None:
            continue
        grade = worst(*(grades[key] for key in keys))
        beyond = dict.fromkeys(sentence for kind in kinds for sentence in outside[kind])
        limited = {"range": list(beyond)} if beyond else {}
        if stated is not None:
            found[entry] = {"class": stated.kind, "reason": stated.reason, **limited}
            continue
        outputs = {key: grades[key].name for key in keys}
        found[entry] = {"class": grade.name, "reason": _reason(grade), **limited, "outputs": outputs}
        better = {}
        for name, at_ends in ends.items():
            best = worst(*(at_ends[key] for key in keys))
            if CLASSES.index(best.name) < CLASSES.index(grade.name):
                better[name] = best.name
        if better:
            found[entry]["at_ends"] = better
    return found


def summary(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a generated file states: by entry point the class, its reason, and ``at_ends`` where it is better there."""
    kept = ("class", "reason", "range", "at_ends")
    return {entry: {key: found[key] for key in kept if key in found} for entry, found in record.items()}


def in_words(summarised: dict[str, dict[str, Any]]) -> str:
    """The classes in a line: "value tight; value_and_grad, hvp cancelling (tight at the ends of y)"."""
    entries: dict[str, list[str]] = {}
    for entry, found in summarised.items():
        better = ", ".join(f"{kind} at the ends of {name}" for name, kind in found.get("at_ends", {}).items())
        entries.setdefault(found["class"] + (f" ({better})" if better else ""), []).append(entry)
    limited: dict[str, list[str]] = {}
    for entry, found in summarised.items():
        for sentence in found.get("range", ()):
            limited.setdefault(sentence, []).append(entry)
    classes = [f"{', '.join(names)} {words}" for words, names in entries.items()]
    beyond = [
        sentence if len(names) == len(summarised) else f"{', '.join(names)} {sentence}"
        for sentence, names in limited.items()
    ]
    return "; ".join((*classes, *beyond))


def output_grades(derivation: Derivation, at_ends_of: str | None = None) -> dict[str, Grade]:
    """The grade of every output; where an input is named, only at the ends of its domain."""
    found: dict[str, Grade] = {}
    for kind, program in programs_of(derivation).items():
        variants = [program] if at_ends_of is None else _at_ends(program, at_ends_of)
        graders = [Grader(variant) for variant in variants]
        for key, target in program.outputs.items():
            if kind_of(key) == kind:
                found[key] = worst(*(grader.target(target) for grader in graders))
    return found


def _confined(program: Program) -> list[str]:
    """The targets that lie in a closed interval."""
    return [
        tensor.name
        for tensor in program.tensors.values()
        if tensor.role == "target"
        and tensor.domain.kind == "interval"
        and tensor.domain.lower_closed
        and tensor.domain.upper_closed
    ]


def _at_ends(program: Program, name: str) -> list[Program]:
    """The program with one input replaced by each end of its interval."""
    domain = program.tensors[name].domain
    return [_with_constant(program, name, end) for end in (domain.lower, domain.upper)]


def _with_constant(program: Program, name: str, value: Any) -> Program:
    def replaced(expression: Any) -> Any:
        reads: dict[sympy.Symbol, Any] = {read: value for read in reads_of(expression) if read.tensor == name}
        return substitute(expression, reads) if reads else expression

    statements = tuple(
        statement
        if not any(isinstance(r, Read) and r.tensor == name for r in statement.reads)
        else type(statement)(
            statement.target,
            statement.out,
            statement.operation,
            replaced(statement.body),
            statement.over,
            replaced(statement.guard),
        )
        for statement in program.statements
    )
    return program.replacing(statements=statements)


def _reason(grade: Grade) -> str:
    if not grade.reason:
        return "every sum has terms of one sign or is one difference of inputs, and no function amplifies a rounding"
    if grade.level == CANCELLING:
        return f"{grade.reason}, and no form with terms of one sign was found"
    return grade.reason


__all__ = ["ENTRIES", "accuracy_record", "in_words", "output_grades", "summary"]
