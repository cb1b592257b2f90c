"""Rewrites a whole program: steps inlined, rules applied, steps that survive folded back."""

from __future__ import annotations

from dataclasses import replace
from itertools import product as combinations
from typing import Any

import sympy

from symloss.atoms import Equal, HalfStep, Inside, Less, LessEqual, NotEqual, Sign, Step
from symloss.calculus.stabilise.finish import finish
from symloss.calculus.stabilise.logarithms import xlogy_opened
from symloss.calculus.stabilise.rule import Context, Rule
from symloss.calculus.stabilise.sums import PICKED_ITEM, picked
from symloss.calculus.stabilise.table import REWRITING
from symloss.calculus.stabilise.terms import factors_of, product, terms_of
from symloss.program import (
    AxisSymbol,
    Program,
    Read,
    Statement,
    axes_of,
    exact_arithmetic,
    reads_of,
    rename_axes,
    substitute,
)

#: A step is not written into what reads it where the result would have more nodes than this.
_LARGEST = 3000
#: Functions that rules leave alone while they match.
_COMPARING = (Less, LessEqual, Equal, NotEqual, Inside, Step, HalfStep, Sign)


def stabilise(program: Program) -> tuple[Program, tuple[str, ...]]:
    """Lower a textbook program to forms that keep relative accuracy, before anything is differentiated.

    The result has the same outputs, values and declared slopes in real arithmetic.

    Returns:
        The program, and for each kind of rewriting one sentence that says what was rewritten and why.
    """
    with exact_arithmetic():
        return _stabilise(program)


def _stabilise(program: Program) -> tuple[Program, tuple[str, ...]]:
    expanded = _expanded(program)
    context = Context(program, REWRITING)
    used: dict[Rule, None] = {}
    for statement in expanded:
        split = picked(statement, context)
        if split != (statement,):
            used[PICKED_ITEM] = None
        for part in split:
            body, guard = context.rewrite(part.body), part.guard
            context.statements[part.target] = replace(
                part, body=_compared(body, context), guard=_compared(guard, context)
            )
    known: dict[Any, Any] = {}
    used |= dict.fromkeys(context.fired)
    _compare_equals(context)
    kept = _folded(program, context.statements)
    context.statements.update({statement.target: statement for statement in kept})
    kept = tuple(replace(statement, body=finish(statement.body, context, known, used)) for statement in kept)
    if not used:
        return program, ()
    axes = {name: axis for name, axis in context.axes.items() if name in program.axes or _uses(kept, name)}
    sentences = tuple(r.sentence for r in used if r is not xlogy_opened)
    return program.replacing(statements=kept, axes=axes), sentences


def _compared(expression: Any, context: Context) -> Any:
    """The expression with what is compared in it rewritten as well, where it may overflow or cancel.

    That comes last: rules tell from equal conditions that two branches belong together.
    """
    if not expression.has(sympy.exp, sympy.log) or not expression.args:
        return expression
    if isinstance(expression, _COMPARING):
        return expression.func(*(_compared(context.rewrite(argument), context) for argument in expression.args))
    arguments = tuple(_compared(argument, context) for argument in expression.args)
    return expression if arguments == expression.args else expression.func(*arguments)


def _compare_equals(context: Context) -> None:
    """Compare steps that are there anyway, where a rule made them out of what the user compares.

    Elsewhere the two forms have derivatives that round differently.
    """
    for expression, other in context.equals.items():
        behind = _needed(context.statements, [read.tensor for read in reads_of(other)])
        for target, statement in context.statements.items():
            if target not in behind:
                body, guard = (_in_conditions(part, expression, other) for part in (statement.body, statement.guard))
                context.statements[target] = replace(statement, body=body, guard=guard)


def _in_conditions(expression: Any, old: Any, new: Any) -> Any:
    return expression.xreplace({node: node.xreplace({old: new}) for node in expression.atoms(*_COMPARING)})


def _uses(statements: tuple[Statement, ...], axis: str) -> bool:
    return any(axis in statement.over or axis in statement.out for statement in statements)


def _expanded(program: Program) -> tuple[Statement, ...]:
    """The statements with every map written into its readers; the maps themselves stay, for outputs and folding."""
    maps: dict[str, Statement] = {}
    found: list[Statement] = []
    for statement in program.statements:
        body, guard = _inlined(statement.body, maps), _inlined(statement.guard, maps)
        if max(_size(body), _size(guard)) > _LARGEST:
            body, guard = statement.body, statement.guard
        statement = replace(statement, body=body, guard=guard)
        found.append(statement)
        if statement.operation == "map":
            maps[statement.target] = statement
    return tuple(found)


def _inlined(expression: Any, maps: dict[str, Statement]) -> Any:
    replaced = {}
    for read in expression.atoms(Read):
        step = maps.get(read.tensor)
        if step is not None:
            index = tuple(_inlined(entry, maps) for entry in read.index)
            replaced[read] = rename_axes(step.body, dict(zip(step.out, index, strict=True)))
    if not replaced:
        return expression
    return substitute(expression, replaced)


def _size(expression: Any) -> int:
    count, stack = 0, [expression]
    while stack and count <= _LARGEST:
        count += 1
        stack.extend(stack.pop().args)
    return count


def _folded(program: Program, statements: dict[str, Statement]) -> tuple[Statement, ...]:
    """Read the user's steps again where their bodies are still whole, drop what nothing reads, and order the rest."""
    wanted = [*program.outputs.values()]
    wanted += [read.tensor for weight in program.sample_weight.values() for read in reads_of(weight)]
    folded = dict(statements)
    live = _needed(folded, wanted)
    steps = [s.target for s in program.statements if s.operation == "map" and folded[s.target].body.args]
    for target in reversed(steps):
        step = statements[target]
        leaves = {read.tensor for read in reads_of(step.body)}
        for other in sorted(live - {target}):
            reader = folded[other]
            if not leaves <= {read.tensor for read in reader.reads} or _depends(folded, target, other):
                continue
            scope = {*reader.out, *reader.over}
            body, guard = _reading(reader.body, step, scope), _reading(reader.guard, step, scope)
            if (body, guard) != (reader.body, reader.guard):
                folded[other] = replace(reader, body=body, guard=guard)
                live |= _needed(folded, [target])
    return _ordered(_without_aliases(folded, set(wanted)), tuple(wanted))


def _needed(statements: dict[str, Statement], wanted: list[str]) -> set[str]:
    """The statements that the wanted ones read, directly or not, themselves included."""
    found: set[str] = set()
    stack = [target for target in wanted if target in statements]
    while stack:
        current = stack.pop()
        if current not in found:
            found.add(current)
            stack.extend(read.tensor for read in statements[current].reads if read.tensor in statements)
    return found


def _without_aliases(statements: dict[str, Statement], wanted: set[str]) -> dict[str, Statement]:
    """Read the step itself where a statement of the compiler's only repeats it."""
    found = dict(statements)
    for target, statement in statements.items():
        own = tuple(map(AxisSymbol, statement.out))
        body = found[target].body
        if target in wanted or statement.operation != "map" or not isinstance(body, Read):
            continue
        if body.tensor in found and body.index == own:
            alias = {Read(target, own): body}
            for other, reader in found.items():
                if other != target and target in {read.tensor for read in reader.reads}:
                    exact = {
                        read: Read(body.tensor, read.index) for read in reader.reads if read.tensor == target
                    } | alias
                    found[other] = replace(
                        reader, body=substitute(reader.body, exact), guard=substitute(reader.guard, exact)
                    )
    return found


def _depends(statements: dict[str, Statement], target: str, on: str) -> bool:
    """Whether computing `target` needs `on`."""
    return on in _needed(statements, [target])


def _reading(expression: Any, step: Statement, scope: set[str]) -> Any:
    """The expression with every instance of the step's body replaced by a read of the step.

    A step may have axes that its body does not vary along; where these do not run there is no entry to read.
    """
    for index in _instances(expression, step):
        if not all(axes_of(entry) <= scope for entry in index):
            continue
        pattern = rename_axes(step.body, dict(zip(step.out, index, strict=True)))
        if pattern.args:
            expression = _with(expression, pattern, Read(step.target, index, bool(pattern.is_integer)))
    return expression


def _instances(expression: Any, step: Statement) -> list[tuple[Any, ...]]:
    """The indices at which the step's body might occur in the expression."""
    own: tuple[Any, ...] = tuple(map(AxisSymbol, step.out))
    found: dict[tuple[Any, ...], None] = {own: None}
    patterns = [read for read in reads_of(step.body) if set(own) <= set(read.index)]
    present = sorted(expression.atoms(Read), key=str)
    for pattern, read in combinations(patterns[:1], present):
        if read.tensor == pattern.tensor:
            found[tuple(read.index[pattern.index.index(axis)] for axis in own)] = None
    return list(found)


def _with(expression: Any, pattern: Any, read: Read) -> Any:
    if expression == pattern:
        return read
    if pattern.is_Add and expression.is_Add and terms_of(expression) == terms_of(-pattern):
        return -read
    if not expression.args:
        return expression
    arguments = tuple(_with(argument, pattern, read) for argument in expression.args)
    if arguments != expression.args:
        expression = expression.func(*arguments)
    if pattern.is_Mul and expression.is_Mul:
        for power in (1, -1):
            wanted = {factor**power for factor in pattern.args}
            if wanted <= set(expression.args):
                return product(f for f in factors_of(expression) if f not in wanted) * read**power
    return expression


def _ordered(statements: dict[str, Statement], outputs: tuple[str, ...]) -> tuple[Statement, ...]:
    """The statements that the outputs need, each before its readers, otherwise in the order they were made."""
    found: dict[str, Statement] = {}

    def visit(target: str) -> None:
        if target in found or target not in statements:
            return
        for read in statements[target].reads:
            visit(read.tensor)
        found[target] = statements[target]

    for target in outputs:
        visit(target)
    return tuple(found.values())
