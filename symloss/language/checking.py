"""Expressions are checked before anything is built: names, axes, indices, kinds of number, calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symloss.errors import SpecError
from symloss.language.calling import CIRCLE, KIND, LossCall, bind
from symloss.language.functions import CLAMP_SLOPES, FUNCTIONS, Function
from symloss.language.indices import Guard
from symloss.language.names import CLAIM_FUNCTIONS, MISSING, NORMALISERS, REDUCTIONS, WORDS, did_you_mean
from symloss.language.nodes import (
    Along,
    Call,
    Chain,
    Comparison,
    Derivative,
    Expression,
    Indexed,
    Logic,
    Name,
    Negation,
    Number,
    Power,
    Word,
    walk,
)
from symloss.language.scope import Scope, Symbol, Type, in_range, joined
from symloss.language.source import Text


class Checker:
    """Types every node of one expression; the types stay available by node.

    Args:
        text: the expression's text, for places.
        scope: what names stand for.
    """

    def __init__(self, text: Text, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.types: dict[Expression, Type] = {}
        self.calls: dict[Expression, LossCall] = {}
        self.locals: dict[str, Symbol] = {}
        self.guards: list[Guard] = []
        self._checks: dict[type[Expression], Any] = {
            Number: self._number,
            Word: self._word,
            Name: self._name,
            Indexed: self._indexed,
            Negation: self._negation,
            Chain: self._chain,
            Power: self._power,
            Comparison: self._comparison,
            Logic: self._logic,
            Call: self._call,
            Along: self._along,
            Derivative: self._derivative,
        }

    def fail(self, message: str, node: Expression | int) -> SpecError:
        """An error at a node or a position."""
        return self.text.error(message, node if isinstance(node, int) else node.at)

    def check(self, node: Expression, inside: frozenset[str] = frozenset()) -> Type:
        """The type of an expression.

        Args:
            node: the expression.
            inside: the axes that are already running where it stands (calls of other losses bind the rest).

        Raises:
            SpecError: at the first fault, with its place.
        """
        found: Type = self._checks[type(node)](node, inside)
        self.types[node] = found
        return found

    def real(self, node: Expression, inside: frozenset[str]) -> Type:
        """Check an expression that must be a number."""
        found = self.check(node, inside)
        if not found.numeric:
            raise self.fail(
                f"an index is used as a real number here; {self._shown(node)} names a position"
                f" (write number({self._shown(node)}) to compute with it)",
                node,
            )
        return found

    def condition(self, node: Expression, inside: frozenset[str]) -> Type:
        """Check an expression that must be true or false."""
        found = self.check(node, inside)
        if found.kind != "condition":
            raise self.fail(f"a condition is expected here, such as i != j; this is {KIND[found.kind]}", node)
        return found

    def _shown(self, node: Expression) -> str:
        return node.name if isinstance(node, Name) else f"{node.name}[…]" if isinstance(node, Indexed) else "this"

    # --- leaves -------------------------------------------------------------------------------------------------

    def _number(self, node: Number, inside: frozenset[str]) -> Type:
        return Type("count" if node.value.is_integer else "real")

    def _word(self, node: Word, inside: frozenset[str]) -> Type:
        raise self.fail('a quoted word is out of place here; only slope="…" and term="…" take one', node)

    def _symbol(self, name: str) -> Symbol | None:
        return self.locals.get(name) or self.scope.symbols.get(name)

    def _name(self, node: Name, inside: frozenset[str]) -> Type:
        name = node.name
        symbol = self._symbol(name)
        if symbol is not None:
            if symbol.axes and symbol.role != "value":
                raise self.fail(f"{name} needs its indices: {name}[{', '.join(symbol.axes)}]", node)
            return Type(symbol.kind, dict.fromkeys(symbol.axes, node.at), symbol.root)
        if name in self.scope.axes:
            return Type("index", {name: node.at}, self.scope.root(name))
        if name in ("pi", "oo"):
            return Type("real")
        raise self._unknown(node, name)

    def _unknown(self, node: Expression, name: str) -> SpecError:
        if name == self.scope.current:
            return self.fail(
                f"{name} cannot read itself; missing feature: recursion along an axis (cumsum[k](…) exists)", node
            )
        if name in self.scope.later:
            return self.fail(f"{name} is defined further down; a step may read only what stands above it", node)
        if name == "default" and self.scope.claims:
            return self.fail("default stands only after `is`, as in `class_weight is default`", node)
        if name in FUNCTIONS or name in REDUCTIONS or name in NORMALISERS:
            return self.fail(f"{name} is a function; it needs an argument in parentheses", node)
        known = (*self.locals, *self.scope.symbols, *self.scope.axes, "pi", "oo")
        return self.fail(f"there is no {name[:60]!r} here{did_you_mean(name, known)}", node)

    def _indexed(self, node: Indexed, inside: frozenset[str]) -> Type:
        name = node.name
        if name == "size":
            axis = node.index[0]
            if len(node.index) != 1 or not isinstance(axis, Name) or axis.name not in self.scope.axes:
                raise self.fail(f"size[…] takes one axis{self._axis_hint(axis)}", node.index[0])
            return Type("count")
        symbol = self._symbol(name)
        if symbol is None:
            if name in (*REDUCTIONS, *NORMALISERS):
                raise self.fail(f"{name}[…] needs an argument: {name}[k](x[n, k])", node)
            if name in self.scope.axes:
                raise self.fail(f"{name} is an axis; it has no indices", node)
            raise self._unknown(node, name)
        if not symbol.axes:
            raise self.fail(f"{name} is a scalar; it has no indices", node)
        return self._read(node, name, symbol.axes, node.index, symbol, inside)

    def _axis_hint(self, node: Expression) -> str:
        return did_you_mean(node.name, self.scope.axes) if isinstance(node, Name) else ""

    def _read(
        self,
        node: Expression,
        name: str,
        axes: tuple[str, ...],
        index: Sequence[Expression],
        symbol: Symbol,
        inside: frozenset[str],
    ) -> Type:
        if len(index) != len(axes):
            raise self.fail(
                f"{name} has {len(axes)} {'axis' if len(axes) == 1 else 'axes'}, [{', '.join(axes)}];"
                f" {len(index)} {'index is' if len(index) == 1 else 'indices are'} given",
                node,
            )
        types = [self._entry(entry, axis, name, inside) for entry, axis in zip(index, axes, strict=True)]
        return Type(symbol.kind, joined(*types), symbol.root)

    def _entry(self, entry: Expression, axis: str, name: str, inside: frozenset[str]) -> Type:
        """Check one index of a read against the axis that it indexes."""
        found = self.check(entry, inside)
        scope, root = self.scope, self.scope.root(axis)
        if not found.integer:
            raise self.fail(
                f"a real number cannot be an index; axis {axis} of {name} takes an index over {root}", entry
            )
        if isinstance(entry, Name | Indexed) and found.kind == "index":
            if found.root is not None and scope.root(found.root) != root:
                raise self.fail(
                    f"axis {axis} of {name} is indexed by {self._shown(entry)}, which runs over {found.root};"
                    f" an index over {root} is expected",
                    entry,
                )
            return found
        size = scope.size(axis)
        if isinstance(entry, Number):
            if size is None:
                raise self.fail(
                    f"axis {axis} has no fixed size, so {name} cannot be read at {entry.value};"
                    " declare {kind: …, size: …} for it",
                    entry,
                )
            if not 0 <= entry.value < size:
                raise self.fail(f"{entry.value} is outside axis {axis}, whose indices are 0 to {size - 1}", entry)
            return found
        if not in_range(entry, axis, scope, self.guards):
            raise self.fail(
                f"this index may leave axis {axis}; index arithmetic must stay inside,"
                f" for example by (…) % size[{root}], or by a guard or branch around it",
                entry,
            )
        return found

    # --- arithmetic ---------------------------------------------------------------------------------------------

    def _negation(self, node: Negation, inside: frozenset[str]) -> Type:
        found = self.check(node.operand, inside)
        return Type("real" if found.kind == "condition" else found.kind, found.axes)

    def _chain(self, node: Chain, inside: frozenset[str]) -> Type:
        found = self.check(node.operands[0], inside)
        previous = node.operands[0]
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            right = self.check(operand, inside)
            found = self._pair(node, operator, found, right, previous, operand)
            previous = operand
        return found

    def _pair(self, node: Chain, operator: str, left: Type, right: Type, first: Expression, second: Expression) -> Type:
        axes = joined(left, right)
        if isinstance(second, Number) and second.value == 0 and operator in ("/", "//", "%"):
            raise self.fail("division by zero", second)
        if "index" in (left.kind, right.kind):
            for side, place in ((left, first), (right, second)):
                if not side.integer:
                    other = second if place is first else first
                    raise self.fail(
                        f"an index is used as a real number here; {self._shown(other)} names a position"
                        f" (write number({self._shown(other)}) to compute with it)",
                        other,
                    )
            if operator == "/":
                raise self.fail("indices are divided with //", second)
            return Type("index", axes)
        if operator in ("//", "%"):
            if left.kind != "count" or right.kind != "count":
                raise self.fail(f"{operator} is for integers: indices, sizes and whole numbers", node)
            return Type("count", axes)
        whole = left.kind == right.kind == "count" and operator != "/"
        return Type("count" if whole else "real", axes)

    def _power(self, node: Power, inside: frozenset[str]) -> Type:
        base, exponent = self.real(node.base, inside), self.real(node.exponent, inside)
        whole = base.kind == "count" and isinstance(node.exponent, Number) and exponent.kind == "count"
        return Type("count" if whole else "real", joined(base, exponent))

    def _comparison(self, node: Comparison, inside: frozenset[str]) -> Type:
        if "is" in node.operators:
            return self._is_default(node)
        types = [self.check(operand, inside) for operand in node.operands]
        for left, right, place in zip(types, types[1:], node.operands[1:], strict=False):
            if left.kind == "index" or right.kind == "index":
                if not (left.integer and right.integer):
                    raise self.fail("an index is compared with a real number here", place)
                roots = {self.scope.root(side.root) for side in (left, right) if side.root is not None}
                if len(roots) == 2:
                    raise self.fail(
                        f"indices over different axes are compared here: {' and '.join(sorted(roots))}", place
                    )
        return Type("condition", joined(*types))

    def _is_default(self, node: Comparison) -> Type:
        left, right = node.operands[0], node.operands[-1]
        if not self.scope.claims:
            raise self.fail("`is` belongs to claims; compare with ==", node)
        name = left.name if isinstance(left, Name) else ""
        symbol = self._symbol(name)
        default = isinstance(right, Name) and right.name == "default"
        if len(node.operands) != 2 or not default or symbol is None or symbol.default is None:
            raise self.fail("`is` stands between an optional input or a parameter and `default`", node)
        return Type("condition")

    def _logic(self, node: Logic, inside: frozenset[str]) -> Type:
        return Type("condition", joined(*(self.condition(operand, inside) for operand in node.operands)))

    # --- functions ----------------------------------------------------------------------------------------------

    def _call(self, node: Call, inside: frozenset[str]) -> Type:
        function = FUNCTIONS.get(node.function)
        if function is None:
            return self._call_loss(node, inside)
        self._arity(node, function)
        self._keywords(node)
        if node.function == "number":
            found = self.check(node.arguments[0], inside)
            return Type("count" if found.integer else "real", found.axes)
        if node.function == "where":
            return self._where(node, inside)
        types = [self.real(argument, inside) for argument in node.arguments]
        return Type("real", joined(*types))

    def _where(self, node: Call, inside: frozenset[str]) -> Type:
        condition, first, second = node.arguments
        types = [self.condition(condition, inside)]
        for branch, holds in ((first, True), (second, False)):
            self.guards.append((condition, holds))
            types.append(self.real(branch, inside))
            self.guards.pop()
        return Type("real", joined(*types))

    def _arity(self, node: Call, function: Function) -> None:
        given = len(node.arguments)
        if given < function.least or (function.most is not None and given > function.most):
            along = f"; along an axis it is {node.function}[k](x[n, k])" if node.function in REDUCTIONS else ""
            raise self.fail(f"{node.function} is written {function.signature}; {given} given{along}", node)

    def _keywords(self, node: Call) -> None:
        for key, value in node.keywords:
            if node.function != "clamp" or key != "slope":
                raise self.fail(f"{node.function} has no argument {key[:40]!r}{did_you_mean(key, ['slope'])}", value)
            if not isinstance(value, Word) or value.value not in CLAMP_SLOPES:
                raise self.fail('the slope of clamp is "inside", "pass" or "none"', value)

    def _along(self, node: Along, inside: frozenset[str]) -> Type:
        function = node.function
        if function in REDUCTIONS or (self.scope.claims and function in ("all", "any")):
            return self._reduction(node, inside)
        if function in NORMALISERS:
            return self._normaliser(node, inside)
        if function in ("integral", "limit"):
            return self._over_reals(node, inside)
        if function in FUNCTIONS:
            raise self.fail(f"{function} has no axes; it is written {FUNCTIONS[function].signature}", node)
        raise self._no_function(node, function)

    def brackets(self, node: Along) -> tuple[list[str], list[Expression]]:
        """The axes and the guards in a bracket."""
        axes: list[str] = []
        guards: list[Expression] = []
        for item in node.items:
            if isinstance(item, Name) and item.name in self.scope.axes:
                if item.name in axes:
                    raise self.fail(f"axis {item.name} stands twice in this bracket", item)
                axes.append(item.name)
            elif isinstance(item, Name) and self._symbol(item.name) is None:
                raise self.fail(f"there is no axis {item.name[:60]!r}{did_you_mean(item.name, self.scope.axes)}", item)
            else:
                guards.append(item)
        if not axes:
            raise self.fail(f"{node.function}[…] needs an axis in its bracket", node)
        return axes, guards

    def _reduction(self, node: Along, inside: frozenset[str]) -> Type:
        axes, guards = self.brackets(node)
        within = inside | frozenset(axes)
        types = [self.condition(guard, within) for guard in guards]
        logical = node.function in ("all", "any")
        around = self.guards
        self.guards = [*self._guards_around(axes), *((guard, True) for guard in guards)]
        types.append((self.condition if logical else self.real)(node.argument, within))
        self.guards = around
        free = {axis: place for axis, place in joined(*types).items() if axis not in axes}
        return Type("condition" if logical else "real", free)

    def _guards_around(self, axes: Sequence[str]) -> list[Guard]:
        """The guards that still hold where some axes run anew; one that names such an axis speaks of another index."""
        return [
            guard for guard in self.guards if not any(isinstance(n, Name) and n.name in axes for n in walk(guard[0]))
        ]

    def _normaliser(self, node: Along, inside: frozenset[str]) -> Type:
        axes, guards = self.brackets(node)
        if len(axes) != 1:
            raise self.fail(f"{node.function} runs along one axis", node.items[1])
        around, self.guards = self.guards, self._guards_around(axes)
        within = inside | frozenset(axes)
        guarded = [self.condition(guard, within) for guard in guards]
        if guards and node.function in ("sort", "rank"):
            raise self.fail(
                f"{node.function} takes no guard; missing feature: order among admitted items only", guards[0]
            )
        argument = self.real(node.argument, within)
        self.guards = around
        if axes[0] not in argument.axes:
            raise self.fail(f"what {node.function} runs over does not depend on axis {axes[0]}", node.argument)
        return Type("real", joined(*guarded, argument))

    def _over_reals(self, node: Along, inside: frozenset[str]) -> Type:
        if not self.scope.claims:
            raise self.fail(f"{node.function} belongs to claims; a loss is built from sums and functions", node)
        wanted = (
            "integral[x, low, high](…)" if node.function == "integral" else 'limit[x, point](…) or limit[x, 0, "+"](…)'
        )
        variable = node.items[0]
        sided = node.function == "limit" and len(node.items) == 3
        if not isinstance(variable, Name) or len(node.items) != (3 if node.function == "integral" or sided else 2):
            raise self.fail(f"{node.function} is written {wanted}", node)
        side = node.items[2] if sided else None
        if side is not None and not (isinstance(side, Word) and side.value in ("+", "-")):
            raise self.fail('the side of a limit is "+" or "-"', side)
        ends = [self.real(item, inside) for item in node.items[1:] if item is not side]
        before = self.locals.get(variable.name)
        if variable.name in self.scope.axes:
            raise self.fail(f"{variable.name} is an axis; {node.function} runs over a real variable", variable)
        self.locals[variable.name] = Symbol(variable.name, (), role="variable")
        found = self.real(node.argument, inside)
        self.locals.pop(variable.name)
        if before is not None:
            self.locals[variable.name] = before
        return Type("real", joined(*ends, found))

    def _derivative(self, node: Derivative, inside: frozenset[str]) -> Type:
        if not self.scope.claims:
            raise self.fail(f"{node.function} belongs to claims; a loss is not written with its own derivative", node)
        symbols = [self.variable(variable) for variable in node.variables]
        axes = symbols[0].axes
        if len(symbols) == 2:
            axes = (*axes, *(axis for axis in symbols[1].axes if self.scope.axes[axis].kind != "batch"))
        shown = f"{node.function}({', '.join(variable.name for variable in node.variables)})"
        if not axes and not node.index:
            return Type("real")
        if not node.index:
            raise self.fail(f"{shown} needs indices: {shown}[{', '.join(axes)}]", node)
        return self._read(node, shown, axes, node.index, Symbol(shown, axes), inside)

    def variable(self, node: Name) -> Symbol:
        """The real tensor or scalar that a derivative is taken with respect to."""
        symbol = self._symbol(node.name)
        if symbol is None:
            raise self._unknown(node, node.name)
        if symbol.kind != "real":
            held = "labels" if symbol.kind == "index" else "conditions"
            raise self.fail(f"{node.name} holds {held}; there is no derivative with respect to it", node)
        return symbol

    def _no_function(self, node: Expression, name: str) -> SpecError:
        if name in CLAIM_FUNCTIONS:
            return self.fail(f"{name} belongs to claims, or is not written like this", node)
        if name in (*REDUCTIONS, *NORMALISERS):
            return self.fail(f"{name} needs an axis: {name}[k](x[n, k])", node)
        if name in self.scope.symbols or name in self.scope.axes:
            return self.fail(f"{name} is not a function; its indices go in brackets, {name}[n]", node)
        known = (*FUNCTIONS, *REDUCTIONS, *NORMALISERS, *self.scope.losses())
        if name in MISSING:
            close = did_you_mean(name, ())
            return self.fail(f"the function {name} is not supported; missing feature: {MISSING[name]}{close}", node)
        if name in WORDS:
            return self.fail(f"{name} is not a function", node)
        return self.fail(f"there is no function or loss {name[:60]!r}{did_you_mean(name, known)}", node)

    # --- calls of other losses --------------------------------------------------------------------------------------

    def _call_loss(self, node: Call, inside: frozenset[str]) -> Type:
        taken = (*CLAIM_FUNCTIONS, *REDUCTIONS, *NORMALISERS, *WORDS, *self.scope.symbols, *self.scope.axes)
        if node.function in taken:
            raise self._no_function(node, node.function)
        try:
            loss = self.scope.loss(node.function)
        except LookupError:
            raise self._no_function(node, node.function) from None
        except SpecError as fault:
            if fault.message.startswith(CIRCLE) and not fault.source:
                raise self.fail(fault.message, node) from None
            raise
        call = bind(self, node, loss, inside)
        self.calls[node] = call
        return call.type
