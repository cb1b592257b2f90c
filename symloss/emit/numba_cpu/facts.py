"""Facts about a loss that a generated file states: its META table, its operation counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss.accuracy.record import accuracy_record, summary
from symloss.program import INPUT_ROLES, AxisSymbol, Domain, Program, Read, reads_of

if TYPE_CHECKING:
    from symloss.calculus import Derivation
    from symloss.language import Spec


def is_batch(program: Program, axis: str) -> bool:
    """Whether an axis counts samples."""
    return program.axes[program.root(axis)].kind == "batch"


def interacts(program: Program) -> bool:
    """Whether the value of one sample depends on other samples."""
    for statement in program.statements:
        if any(is_batch(program, axis) for axis in (*statement.over, *statement.out[1:])):
            return True
    return False


def pairs_samples(program: Program) -> bool:
    """Whether samples are paired by arithmetic on their numbers, which removing some of them would upset."""
    return bool(pairings(program))


def pairings(program: Program) -> list[sympy.Expr]:
    """The index expressions by which samples are paired."""
    found: dict[sympy.Expr, None] = {}
    for statement in program.statements:
        for read in statement.reads:
            for axis, entry in zip(program.axes_of(read.tensor), read.index, strict=True):
                plain = isinstance(entry, AxisSymbol | Read) or entry.is_Integer
                if is_batch(program, axis) and not plain:
                    found[entry] = None
    return list(found)


def plain_number(value: sympy.Expr | None) -> float | None:
    """A float, or None for nothing; infinities are kept as floats."""
    return None if value is None else float(value)


def plain_domain(domain: Domain) -> dict[str, Any]:
    """A domain as plain numbers and text."""
    return {
        "kind": domain.kind,
        "lower": _end(domain.lower),
        "upper": _end(domain.upper),
        "lower_closed": domain.lower_closed,
        "upper_closed": domain.upper_closed,
        "finite": domain.finite,
        "values": [float(value) for value in domain.values],
        "axis": domain.axis,
    }


def _end(value: sympy.Expr) -> float | None:
    """An end of an interval; None stands for infinity, so that the table is a plain literal."""
    return None if value in (sympy.oo, -sympy.oo) else float(value)


def metadata(
    spec: Spec, derivation: Derivation, checks: list[dict[str, str]], gradients: list[str], entries: list[str]
) -> dict[str, Any]:
    """The META table of the contract in docs/architecture.md."""
    program = derivation.stable
    textbook = derivation.textbook
    terms = {term: next(iter(program.axes_of(target)), None) for term, target in program.outputs.items()}
    declared = [axis for axis in textbook.axes if not axis.startswith("_")]
    used = {axis for t in program.tensors.values() for axis in t.axes} | {a for a in terms.values() if a}
    return {
        "name": spec.name,
        "title": spec.title,
        "formula": spec.formula,
        "hash": spec.hash,
        "axes": {
            name: {
                "kind": textbook.axes[name].kind,
                "like": textbook.axes[name].like,
                "size": textbook.axes[name].size,
                "span": textbook.axes[name].span,
            }
            for name in declared
            if name in used or any(textbook.root(other) == name for other in used)
        },
        "inputs": [
            {
                "name": tensor.name,
                "axes": list(tensor.axes),
                "role": tensor.role,
                "domain": plain_domain(tensor.domain),
                "optional": plain_number(tensor.default),
                "doc": tensor.doc,
            }
            for tensor in program.tensors.values()
            if tensor.role in INPUT_ROLES
        ],
        "parameters": [
            {
                "name": tensor.name,
                "default": plain_number(tensor.default),
                "domain": plain_domain(tensor.domain),
                "doc": tensor.doc,
            }
            for tensor in program.tensors.values()
            if tensor.role == "parameter"
        ],
        "terms": terms,
        "gradients": gradients,
        "predictions": [t.name for t in program.tensors.values() if t.role == "prediction"],
        "entries": entries,
        "refused": {} if derivation.diagonal is not None else {"grad_hess_diag": derivation.refusal},
        "accuracy": summary(accuracy_record(spec, derivation)),
        "checks": checks,
        "ignore_index": any(t.role == "target" and t.domain.kind == "index" for t in program.tensors.values()),
        "coupled": interacts(program),
        "paired": [str(entry).replace("Mod", "mod") for entry in pairings(program)],
    }


def operation_counts(derivation: Derivation) -> dict[str, int]:
    """How many operations one inner iteration of each program holds, as written before lowering."""
    programs = {
        "value": derivation.stable,
        "value_and_grad": derivation.gradient,
        "hvp": derivation.product,
        **({"grad_hess_diag": derivation.diagonal} if derivation.diagonal is not None else {}),
    }
    return {
        name: sum(int(sympy.count_ops(statement.body)) for statement in program.statements)
        for name, program in programs.items()
    }


def used_reads(program: Program) -> set[str]:
    """The names of everything that the statements read."""
    return {read.tensor for statement in program.statements for read in reads_of(statement.body)}
