"""What a rewriting rule is, and the state that rules see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from symloss.calculus.stabilise.facts import Facts
from symloss.errors import SymlossError
from symloss.program import Axis, AxisSymbol, Program, Read, Statement, axes_of, rename_axes

_MOST_FIRINGS = 4000


@dataclass(frozen=True)
class Rule:
    """One rewriting, equal in real arithmetic and in its slopes.

    Attributes:
        heads: the classes of the outermost node that the rule looks at.
        before, after: the two forms, in the specification's language.
        reason: what the second form keeps that the first one loses.
        apply: gives the new expression, or None where the rule does not match.
        early: whether the rule must see the node before its arguments are rewritten.
    """

    heads: tuple[Any, ...]
    before: str
    after: str
    reason: str
    apply: Callable[[Any, Context], Any]
    early: bool = False

    @property
    def sentence(self) -> str:
        """What was rewritten and why."""
        return f"{self.before} -> {self.after}: {self.reason}"


def rule(
    *heads: Any, before: str, after: str, reason: str, early: bool = False
) -> Callable[[Callable[[Any, Context], Any]], Rule]:
    """Make a function of (expression, context) a rule for the given outermost classes."""
    return lambda apply: Rule(heads, before, after, reason, apply, early)


class Context:
    """The program while it is rewritten: its statements, what is known of their values, and the driver's memory."""

    def __init__(self, program: Program, rules: tuple[Rule, ...]) -> None:
        self.program = program
        self.axes: dict[str, Axis] = dict(program.axes)
        self.statements: dict[str, Statement] = {}
        self.facts = Facts(program, self.statements)
        #: Factors that a specification wrote as the first argument of xlogy.
        self.weights: set[Any] = set()
        #: Other forms of compared expressions, as accurate, made of steps that are needed anyway.
        self.equals: dict[Any, Any] = {}
        self._rules = rules
        self._by_head: dict[Any, tuple[Rule, ...]] = {}
        self._outcomes: dict[Any, tuple[Any, tuple[Rule, ...]]] = {}
        self._fired: dict[Rule, None] = {}
        self._firings = 0
        self._open: set[Any] = set()
        self._settled: set[Any] = set()

    @property
    def fired(self) -> tuple[Rule, ...]:
        """The rules that have changed something, in the order of their first use."""
        return tuple(self._fired)

    def rewrite(self, expression: Any) -> Any:
        """The expression with every rule applied until none matches, from the leaves up."""
        known = self._outcomes.get(expression)
        if known is None:
            outer, self._fired = self._fired, {}
            self._open.add(expression)
            try:
                result = self._rewritten(expression)
                known = result, tuple(self._fired)
            finally:
                self._fired = outer
                self._open.discard(expression)
            self._outcomes[expression] = known
            self._outcomes.setdefault(known[0], (known[0], ()))
        self._fired.update(dict.fromkeys(known[1]))
        return known[0]

    def settled(self, expression: Any) -> Any:
        """The expression, of which no rule will take up the outermost node."""
        self._settled.add(expression)
        return expression

    def in_progress(self, expression: Any) -> bool:
        """Whether the expression is being rewritten just now, further out."""
        return expression in self._open

    def would_change(self, expression: Any) -> bool:
        """Whether some rule matches in the expression; nothing is recorded as used."""
        outer, self._fired = self._fired, {}
        try:
            self.rewrite(expression)
            return bool(self._fired)
        finally:
            self._fired = outer

    def _rewritten(self, expression: Any) -> Any:
        if not expression.args or isinstance(expression, Read):
            return expression
        if _is_condition(expression):
            return expression
        if expression in self._settled:
            arguments = tuple(self.rewrite(argument) for argument in expression.args)
            return self.settled(expression.func(*arguments))
        result = self._applied(expression, early=True)
        if result is not None:
            return self.rewrite(result)
        arguments = tuple(self.rewrite(argument) for argument in expression.args)
        if arguments != expression.args:
            rebuilt = expression.func(*arguments)
            return self.rewrite(rebuilt) if rebuilt != expression else rebuilt
        result = self._applied(expression, early=False)
        return expression if result is None else self.rewrite(result)

    def _applied(self, expression: Any, early: bool) -> Any:
        """What the first matching rule makes of the node, or None."""
        for candidate in self._rules_for(type(expression)):
            if candidate.early != early:
                continue
            before = dict(self._fired)
            result = candidate.apply(expression, self)
            if result is None or result == expression:
                self._fired = before
                continue
            self._firings += 1
            if self._firings > _MOST_FIRINGS:
                raise SymlossError(f"the stabilising rules do not come to rest on {str(expression)[:120]}")
            self._fired[candidate] = None
            return result
        return None

    def _rules_for(self, head: Any) -> tuple[Rule, ...]:
        if head not in self._by_head:
            self._by_head[head] = tuple(r for r in self._rules if issubclass(head, r.heads))
        return self._by_head[head]

    def is_weight(self, factor: Any) -> bool:
        """Whether a factor may be 0 and weighs what it multiplies: bounded, or never negative and no prediction."""
        found = self.facts.range(factor)
        if not found.admits_zero or factor.is_number:
            return False
        if factor in self.weights or found.bounded:
            return True
        tensors = [self.program.tensors.get(read.tensor) for read in factor.atoms(Read)]
        return found.nonnegative and all(tensor is not None and tensor.role != "prediction" for tensor in tensors)

    def statement_of(self, expression: Any, operation: str) -> Statement | None:
        """The statement behind a read, where it has the given operation."""
        if isinstance(expression, Read):
            statement = self.statements.get(expression.tensor)
            if statement is not None and statement.operation == operation:
                return statement
        return None

    def at(self, read: Read) -> Statement:
        """The statement behind a read, written at the index of the read; its bound axes are fresh where they must be.

        The `out` of the result are the axes that the index depends on, in order.
        """
        statement = self.statements[read.tensor]
        entries: dict[str, Any] = dict(zip(statement.out, read.index, strict=True))
        free = tuple(dict.fromkeys(axis for entry in read.index for axis in sorted(axes_of(entry))))
        over = []
        for axis in statement.over:
            fresh = axis
            if axis in free:
                fresh = self.fresh_axis(axis)
                entries[axis] = AxisSymbol(fresh)
            over.append(fresh)
        if all(entry == AxisSymbol(axis) for axis, entry in entries.items()):
            return replace(statement, out=free, over=tuple(over))
        body, guard = rename_axes(statement.body, entries), rename_axes(statement.guard, entries)
        return Statement(statement.target, free, statement.operation, body, tuple(over), guard)

    def fresh_axis(self, like: str) -> str:
        """A new index over the same length; the same one each time it is asked for."""
        root = self.program.root(like) if like in self.program.axes else like
        name = f"{root}_other"
        if name not in self.axes:
            self.axes[name] = replace(self.axes[root], name=name, like=root)
        return name

    def add(self, hint: str, statement: Statement) -> Read:
        """Enter a new statement, or find the one that is there, and read it at its own indices."""
        body = self.rewrite(statement.body)
        for known in self.statements.values():
            same = (known.out, known.operation, known.over) == (statement.out, statement.operation, statement.over)
            if same and known.body == body and known.guard == statement.guard:
                return Read(known.target, tuple(map(AxisSymbol, known.out)))
        name = self.unused(hint)
        self.statements[name] = replace(statement, target=name, body=body)
        return Read(name, tuple(map(AxisSymbol, statement.out)))

    def unused(self, hint: str) -> str:
        """The hint, or the hint with a number, that names nothing yet."""
        taken = {*self.statements, *self.program.tensors, *self.axes, *(s.target for s in self.program.statements)}
        name, count = hint, 1
        while name in taken:
            count += 1
            name = f"{hint}{count}"
        return name

    def step(self, hint: str, expression: Any) -> Any:
        """Read a map of its own with this body, so that derivatives stay small; a leaf stays itself."""
        if not expression.args:
            return expression
        axes = tuple(axis for axis in self.axes if axis in axes_of(expression))
        return self.add(hint, Statement("", axes, "map", expression))


def _is_condition(expression: Any) -> bool:
    image = getattr(getattr(expression, "record", None), "image", None)
    with suppress(AttributeError, TypeError):
        return bool(image is not None and image.is_FiniteSet)
    return False
