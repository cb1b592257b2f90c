"""Print what can be checked before anything is launched: constraints on sizes and parameters alone."""

from __future__ import annotations

import sympy

from symloss.emit.numba_cpu.drivers import concerns_no_sample
from symloss.emit.numba_cpu.expressions import ExpressionPrinter
from symloss.lowering.functions import Variable
from symloss.program import Program, Read


def constraint_function(program: Program, texts: tuple[str, ...]) -> str:
    """A function that names the first constraint which sizes or parameters break; empty where there is none.

    Args:
        program: the loss, with names that a generated file can use.
        texts: its constraints as the specification words them.
    """
    lines: list[str] = []
    names: dict[str, str] = {}
    for number, constraint in enumerate(program.constraints):
        if not concerns_no_sample(constraint):
            continue
        leaves = {leaf: _local(leaf, program) for leaf in constraint.atoms(sympy.Symbol)}
        names |= {v.name: "sizes" if v.name.startswith("size_") else "parameters" for v in leaves.values()}
        text = texts[number] if number < len(texts) else str(constraint)
        condition = ExpressionPrinter("float64").condition(constraint.xreplace(leaves))
        lines += [f"    if not ({condition}):", f"        return {text!r}"]
    if not lines:
        return ""
    head = [
        "def broken(sizes, parameters):",
        '    """The first constraint that the lengths of axes or the parameters break, or None."""',
        *(f'    {name} = {table}["{name}"]' for name, table in sorted(names.items())),
    ]
    return "\n".join([*head, *lines, "    return None"])


def _local(leaf: sympy.Symbol, program: Program) -> Variable:
    """A parameter or a size as a local variable."""
    if isinstance(leaf, Read):
        return Variable(leaf.tensor)
    return Variable(f"size_{program.root(leaf.axis)}", True)
