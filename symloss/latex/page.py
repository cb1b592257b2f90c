"""What one page says about a loss, ready for the template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy

from symloss.atoms import record_of
from symloss.latex.abbreviations import Abbreviations
from symloss.latex.escape import escape
from symloss.latex.names import symbol
from symloss.latex.statements import Equation, StatementPrinter
from symloss.latex.steps import Step, declared_names, derivation_steps, result
from symloss.program import Domain, Program, Tensor

#: Kink conventions of the operations that are not atoms (architecture.md, "Program").
_KINKS_OF_OPERATIONS = {
    "norm": r"$\lVert x \rVert$: slope 0 at $x = 0$",
    "max": r"$\max$: tied entries share the slope equally",
    "min": r"$\min$: tied entries share the slope equally",
}


def page_content(
    spec: Any, derivation: Any, accuracy: Mapping[str, Any], verdicts: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The variables of ``page.tex.jinja`` for one loss."""
    program = derivation.textbook
    declared = declared_names(program)
    short = _abbreviations(derivation, declared)
    printer = StatementPrinter(program, abbreviations=short)
    steps = derivation_steps(derivation)
    return {
        "name": spec.name,
        "title": escape(spec.title),
        "hash": spec.hash,
        "description": escape(spec.doc) if getattr(spec, "doc", "") else "",
        "definition": _latex(e for statement in program.statements for e in printer.equations(statement)),
        "sizes": _sizes(program, printer),
        "weights": [printer.expressions.doprint(weight) for weight in program.sample_weight.values()],
        "inputs": [_input(tensor, printer) for tensor in program.tensors.values()],
        "constraints": ", ".join(f"${printer.expressions.condition(part)}$" for part in program.constraints),
        "steps": [{"text": _sentence(step), "equations": _equations(step, declared, short)} for step in steps],
        "gradients": results(derivation.gradient, "grad ", declared, short),
        "diagonal": [] if derivation.diagonal is None else results(derivation.diagonal, "diag ", declared, short),
        "refusal": derivation.refusal or "",
        "products": results(derivation.product, "hvp ", declared, short),
        "claims": [_claim(claim, verdicts.get(claim.text)) for claim in spec.claims],
        "kinks": kinks(derivation.textbook),
        "numerics": _numerics(derivation),
        "accuracy": [{"entry": entry, **found} for entry, found in accuracy.items()],
        "elsewhere": [{"library": library, "text": text} for library, text in getattr(spec, "elsewhere", {}).items()],
        "references": list(spec.references),
    }


def _abbreviations(derivation: Any, declared: set[str]) -> Abbreviations:
    """Those of a page: the Hessian-vector product has every name that occurs on it."""
    return Abbreviations(derivation.product, StatementPrinter(derivation.product, declared).expressions.doprint)


def _equations(step: Step, declared: set[str], short: Abbreviations) -> list[str]:
    printer = StatementPrinter(step.program, declared, short)
    return _latex(equation for statement in step.statements for equation in printer.equations(statement))


def _latex(equations: Iterable[Equation]) -> list[str]:
    """Equations as LaTeX, each once: one symbol may stand for a part of several."""
    return list(dict.fromkeys(equation.latex() for equation in equations))


def _sentence(step: Step) -> str:
    return escape(step.text) + (rf" \texttt{{{escape(step.code)}}}" if step.code else "")


def derivation_latex(derivation: Any) -> str:
    """The numbered steps of a derivation as an ``enumerate`` environment; needs amsmath."""
    declared = declared_names(derivation.textbook)
    short = _abbreviations(derivation, declared)
    lines = [r"\begin{enumerate}"]
    for step in derivation_steps(derivation):
        lines.append(rf"\item {_sentence(step)}")
        for equation in _equations(step, declared, short):
            lines += [r"\[\begin{aligned}", equation, r"\end{aligned}\]"]
    return "\n".join([*lines, r"\end{enumerate}"])


_LEFT = {
    "grad ": r"\frac{{\partial \ell}}{{\partial {0}}}",
    "diag ": r"\frac{{\partial^{{2}} \ell}}{{\partial {0}^{{2}}}}",
    "hvp ": r"\left(H v\right)_{{{0}}}",
}


def results(program: Program, prefix: str, declared: set[str], short: Abbreviations) -> list[str]:
    """The outputs of a program whose keys start with ``prefix``, in one formula each, then what these refer to."""
    printer = StatementPrinter(program, declared, short)
    equations: list[Equation] = []
    parts: dict[str, Any] = {}
    for key in program.outputs:
        if key.startswith(prefix):
            statement, needed = result(program, key)
            input_text = printer.target(key.removeprefix(prefix), statement.out)
            equations += printer.equations(statement, _LEFT[prefix].format(input_text))
            parts |= {part.target: part for part in needed}
    return _latex([*equations, *(equation for part in parts.values() for equation in printer.equations(part))])


def kinks(program: Program) -> list[str]:
    """The kink conventions of the functions and operations that occur in a program."""
    found: dict[str, None] = {}
    for statement in program.statements:
        if statement.operation in _KINKS_OF_OPERATIONS:
            found[_KINKS_OF_OPERATIONS[statement.operation]] = None
        for node in sympy.preorder_traversal(statement.body):
            record = record_of(node)
            if record is not None and record.kink:
                found[f"${record.latex.format(*record.arguments)}$: {escape(record.kink)}"] = None
    return sorted(found)


def domain_latex(domain: Domain, printer: StatementPrinter) -> str:
    """A domain as a set."""
    if domain.kind == "boolean":
        return r"true or false"
    if domain.kind == "index":
        return rf"$\{{0, \dots, {printer.size(domain.axis or '')}-1\}}$"
    if domain.kind == "simplex":
        return rf"$\ge 0$, sums to 1 along ${symbol(domain.axis or '').latex()}$"
    if domain.kind == "set":
        return rf"$\{{{', '.join(sympy.latex(value) for value in domain.values)}\}}$"
    if domain.unrestricted:
        return r"$\mathbb{R}$"
    left, right = "[" if domain.lower_closed else "(", "]" if domain.upper_closed else ")"
    return f"${left}{sympy.latex(domain.lower)}, {sympy.latex(domain.upper)}{right}$"


def _input(tensor: Tensor, printer: StatementPrinter) -> dict[str, str]:
    default = ""
    if tensor.default is not None:
        default = f"; default ${sympy.latex(tensor.default)}$"
    return {
        "symbol": printer.target(tensor.name, tensor.axes),
        "name": tensor.name,
        "role": tensor.role,
        "domain": domain_latex(tensor.domain, printer) + default,
        "doc": tensor.doc,
    }


def _sizes(program: Program, printer: StatementPrinter) -> str:
    parts = []
    for axis in program.axes.values():
        kind = f"like ${symbol(axis.like).latex()}$" if axis.like else escape(axis.kind)
        parts.append(rf"$0 \le {symbol(axis.name).latex()} < {printer.size(axis.name)}$ ({kind})")
    return ", ".join(parts)


def _claim(claim: Any, known: Mapping[str, Any] | None) -> dict[str, str]:
    note = rf"\newline\emph{{{escape(claim.note)}}}" if claim.note else ""
    text = claim.text.replace(f"; note: {claim.note}", "") if claim.note else claim.text
    text = text.replace(f"; expect: {claim.expect}", "")
    status = "not yet checked"
    if known is not None:
        status = f"{known['verdict']}: {known['scope']} ({known['engine'].replace('+', ', ')})"
        note += rf"\newline\emph{{{escape(known['summary'])}}}" if known["summary"] else ""
    return {"text": rf"\texttt{{{escape(text)}}}{note}", "expected": claim.expect, "status": status}


def _numerics(derivation: Any) -> list[str]:
    if not derivation.rewrites:
        return ["The formula is evaluated as it is written; no rewriting was needed."]
    count = len(derivation.rewrites)
    steps = "step 2" if count == 1 else f"steps 2 to {count + 1}"
    return [f"Before it is differentiated the formula is brought into a stable form ({steps} of the derivation)."]
