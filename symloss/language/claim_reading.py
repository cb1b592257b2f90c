"""The list under `claims:` → typed `Claim` records. Every expression is checked; nothing is proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sympy

from symloss.errors import SpecError
from symloss.language.checking import Checker
from symloss.language.claim_moves import fault_of_move
from symloss.language.claims import (
    DIRECTIONS,
    PROPERTIES,
    SCOPE_KEYS,
    TRANSFORMATIONS,
    Claim,
    ClaimExpression,
    ClaimInterval,
    LimitPoint,
    Property,
)
from symloss.language.document import Entries, Items, Node, plain_data
from symloss.language.domains import constant, contains, domain_text, interval_ends, is_interval_text, parse_domain
from symloss.language.expressions import parse_expression
from symloss.language.functions import FUNCTIONS
from symloss.language.names import did_you_mean, fault_of_name
from symloss.language.reading import entries, known_keys, known_name, names, prose, text_of, unknown, word
from symloss.language.scope import Scope, Symbol
from symloss.language.source import Source, Text
from symloss.program import Axis, Domain, Tensor


def parse_claims(node: Node, source: Source, scope: Scope, tensors: Mapping[str, Tensor]) -> tuple[Claim, ...]:
    """The list under `claims:`.

    Args:
        node: the YAML list.
        source: the file.
        scope: inputs, parameters, steps and terms (with `claims` set).
        tensors: the declared inputs and parameters.

    Raises:
        SpecError: a claim is not well-formed.
    """
    if not isinstance(node, Items):
        raise source.error("claims is a list of mappings, each with one property key", node.offset)
    return tuple(_ClaimReader(item, source, scope, tensors).read() for item in node.items)


class _ClaimReader:
    """Reads one claim."""

    def __init__(self, node: Node, source: Source, scope: Scope, tensors: Mapping[str, Tensor]) -> None:
        self.node = entries(node, source, "a claim")
        self.source, self.tensors = source, dict(tensors)
        self.scope = replace(scope, axes=dict(scope.axes), symbols=dict(scope.symbols), sizes=dict(scope.sizes))
        self.inside = scope.batch
        self.kinds: dict[str, Callable[[Node, str], Any]] = {
            "expression": lambda node, what: self.expression(node, what),
            "condition": lambda node, what: self.condition(node, what),
            "expression_or_interval": self.expression_or_interval,
            "expression_or_none": self.expression_or_none,
            "interval": self.interval,
            "values_or_interval": self.values_or_interval,
            "variable": lambda node, what: self.variable(node, what),
            "variables": self.variables,
            "names_or_values": self.names_or_values,
            "axes": lambda node, what: tuple(
                known_name(text, self.scope.axes, "axis") for text in names(node, source, what)
            ),
            "index": self.index,
            "replacements": self.replacements,
            "points": self.points,
            "norm": lambda node, what: word(node, source, what, ("1", "2", "max")),
            "order": lambda node, what: word(node, source, what, ("0", "1", "2", "oo")),
            "direction": lambda node, what: word(node, source, what, DIRECTIONS),
            "transformation": lambda node, what: word(node, source, what, TRANSFORMATIONS),
        }

    def read(self) -> Claim:
        """The typed claim."""
        name, rule = self._property()
        known_keys(self.node, self.source, (name, *rule.keys, *SCOPE_KEYS), f"the claim `{name}`")
        axes, variables = self._let()
        sizes = self._sizes()
        ranges = self._ranges()
        substitute = self._optional("substitute", self.replacements, {})
        of = self._of(name, rule)
        arguments = {name: self._value(name, rule.value, name)}
        if name in ("gradient", "hessian"):
            self._running(name, arguments)
        for key, kind in rule.keys.items():
            given = self.node.get(key)
            if given is not None:
                arguments[key] = self._value(key, kind.rstrip("!"), f"{key} of the claim `{name}`")
            elif kind.endswith("!"):
                raise self.source.error(f"the claim `{name}` needs the key {key!r}", self.node.offset)
        self._consistent(name, arguments)
        when = self._optional("when", self._conditions, ())
        expect = self._optional(
            "expect", lambda node, what: word(node, self.source, what, ("holds", "refuted")), "holds"
        )
        return Claim(
            name,
            MappingProxyType(arguments),
            of,
            when,
            MappingProxyType(ranges),
            MappingProxyType(sizes),
            variables,
            axes,
            MappingProxyType(substitute),
            MappingProxyType(self._optional("witness", self._witness, {})),
            self._optional("note", lambda node, what: prose(node, self.source, what), ""),
            expect,
            claim_text(self.node),
            self.source.error("", self.node.offset).line,
        )

    def _property(self) -> tuple[str, Property]:
        """The property key; `equals` and its like may also belong to another property."""
        present = [key.value for key in self.node.keys if key.value in PROPERTIES]
        owners = [key for key in present if not any(key in PROPERTIES[other].keys for other in present if other != key)]
        if len(owners) == 1:
            return owners[0], PROPERTIES[owners[0]]
        if owners:
            key = self.node.key(owners[1])
            raise self.source.error(
                f"a claim has one property key; this one has {owners[0]} and {owners[1]}",
                key.offset if key else self.node.offset,
            )
        first = self.node.keys[0] if self.node.keys else None
        hint = did_you_mean(first.value, PROPERTIES) if first and first.value not in SCOPE_KEYS else ""
        raise self.source.error(
            f"a claim needs a property key such as nonnegative, convex or gradient{hint}",
            first.offset if first else self.node.offset,
        )

    def _value(self, key: str, kind: str, what: str) -> Any:
        node = self.node.get(key)
        assert node is not None  # only called for keys that are there
        return self.kinds[kind](node, what)

    def _optional(self, key: str, reader: Callable[[Node, str], Any], default: Any) -> Any:
        node = self.node.get(key)
        return default if node is None else reader(node, key)

    # --- scope keys -----------------------------------------------------------------------------------------------

    def _let(self) -> tuple[tuple[Axis, ...], tuple[Tensor, ...]]:
        node = self.node.get("let")
        if node is None:
            return (), ()
        axes: list[Axis] = []
        variables: list[Tensor] = []
        for key, value in entries(node, self.source, "let"):
            fault = fault_of_name(key.value, FUNCTIONS)
            if fault or key.value in self.scope.symbols or key.value in self.scope.axes:
                raise self.source.error(fault or f"{key.value!r} exists already", key.offset)
            if isinstance(value, Entries) and value.get("kind") is not None:
                axes.append(self._let_axis(key.value, value))
                self.scope.axes[key.value] = axes[-1]
                continue
            tensor = self._let_variable(key.value, value)
            variables.append(tensor)
            self.tensors[tensor.name] = tensor
            self.scope.symbols[tensor.name] = Symbol.of_domain(tensor.name, tensor.axes, tensor.domain, "variable")
        return tuple(axes), tuple(variables)

    def _let_axis(self, name: str, node: Entries) -> Axis:
        known_keys(node, self.source, ("kind", "like", "size"), "an axis of let")
        like = node.get("like")
        base = known_name(text_of(like, self.source, "like").stripped(), self.scope.axes, "axis") if like else None
        kind = text_of(node.get("kind") or node, self.source, "kind").value.strip()
        size = node.get("size")
        return Axis(name, kind, base, _positive_integer(size, self.source) if size else None)

    def _let_variable(self, name: str, node: Node) -> Tensor:
        if not isinstance(node, Entries):
            domain = parse_domain(text_of(node, self.source, "the domain of a variable"), self.scope.axes)
            return Tensor(name, (), "variable", domain)
        known_keys(node, self.source, ("axes", "domain", "like"), "a variable of let")
        like, listed, given = node.get("like"), node.get("axes"), node.get("domain")
        axes: tuple[str, ...] = ()
        domain = Domain()
        if like is not None:
            other = self.tensors[known_name(text_of(like, self.source, "like").stripped(), self.tensors, "input")]
            axes, domain = other.axes, other.domain
        if isinstance(listed, Items) and listed.items:
            axes = tuple(known_name(text, self.scope.axes, "axis") for text in names(listed, self.source, "axes"))
        if given is not None:
            domain = parse_domain(text_of(given, self.source, "domain"), self.scope.axes)
        return Tensor(name, axes, "variable", domain)

    def _sizes(self) -> dict[str, tuple[int, ...] | None]:
        found: dict[str, tuple[int, ...] | None] = {}
        node = self.node.get("sizes")
        if node is None:
            return found
        for key, value in entries(node, self.source, "sizes"):
            axis = known_name(key.text, self.scope.axes, "axis")
            if not isinstance(value, Items) and text_of(value, self.source, "a size").value.strip() == "every":
                found[axis] = None
                continue
            listed = value.items if isinstance(value, Items) else (value,)
            numbers = tuple(_positive_integer(item, self.source) for item in listed)
            if not numbers:
                raise self.source.error("sizes lists no size", value.offset)
            fixed = self.scope.axes[self.scope.root(axis)].size
            if fixed is not None and set(numbers) != {fixed}:
                raise self.source.error(f"axis {axis} has the fixed size {fixed}", value.offset)
            found[axis] = numbers
            self.scope.sizes[self.scope.root(axis)] = min(numbers)
        return found

    def _ranges(self) -> dict[str, Domain]:
        found: dict[str, Domain] = {}
        node = self.node.get("for")
        if node is None:
            return found
        for key, value in entries(node, self.source, "for"):
            name = known_name(key.text, self.tensors, "input or parameter")
            text = text_of(value, self.source, "a range").stripped()
            declared = self.tensors[name].domain
            if declared.integer:
                raise key.text.error(f"{name} is a label; ranges are for numbers")
            domain = parse_domain(text, self.scope.axes) if not _is_number(text.value) else _single(text)
            if domain.kind != "interval" and (domain.kind != "set" or declared.kind == "simplex"):
                of_each = " for each entry" if declared.kind == "simplex" else " or a set of numbers"
                raise text.error(f"the range of {name} is an interval{of_each}; its domain is {domain_text(declared)}")
            if _disjoint(domain, declared):
                raise text.error(f"no value of {name} lies in this range; its domain is {domain_text(declared)}")
            found[name] = domain
        return found

    def _of(self, name: str, rule: Property) -> ClaimExpression | None:
        node = self.node.get("of")
        if node is not None:
            if not rule.about_value:
                raise self.source.error(
                    f"the claim `{name}` names its expression itself; `of` is not used", node.offset
                )
            return self.expression(node, "of")
        if not rule.about_value:
            return None
        if "value" not in self.scope.symbols:
            terms = [symbol.name for symbol in self.scope.symbols.values() if symbol.role == "value"]
            raise self.source.error(
                f"this loss has several terms; say which with `of` ({', '.join(terms)})", self.node.offset
            )
        return None

    def _conditions(self, node: Node, what: str) -> tuple[ClaimExpression, ...]:
        listed = node.items if isinstance(node, Items) else (node,)
        return tuple(self.condition(item, what) for item in listed)

    def _witness(self, node: Node, what: str) -> dict[str, tuple[sympy.Rational, ...]]:
        found = {}
        for key, value in entries(node, self.source, what):
            known = {*self.tensors, *self.scope.symbols}
            name = known_name(key.text, known, "input, parameter or variable")
            listed = value.items if isinstance(value, Items) else (value,)
            found[name] = tuple(constant(text_of(item, self.source, "a value")) for item in listed)
        return found

    # --- kinds of value -------------------------------------------------------------------------------------------

    def parse(self, text: Text, condition: bool = False) -> ClaimExpression:
        """A checked expression or condition."""
        node = parse_expression(text)
        checker = Checker(text, self.scope)
        found = (checker.condition if condition else checker.real)(node, self.inside)
        return ClaimExpression(" ".join(text.value.split()), node, found.kind, tuple(found.axes), checker)

    def expression(self, node: Node, what: str) -> ClaimExpression:
        """An expression that is a number."""
        return self.parse(text_of(node, self.source, what))

    def condition(self, node: Node, what: str) -> ClaimExpression:
        """A condition."""
        return self.parse(text_of(node, self.source, what), condition=True)

    def interval(self, node: Node, what: str) -> ClaimInterval:
        """An interval of expressions."""
        if isinstance(node, Items):
            raise self.source.error(f'{what} is an interval in quotes, "[0, 1]"', node.offset)
        text = text_of(node, self.source, what).stripped()
        if not is_interval_text(text):
            raise text.error(f'{what} is an interval, as in "[0, 1)"')
        low, high, low_closed, high_closed = interval_ends(text)
        return ClaimInterval(self.parse(low), self.parse(high), low_closed, high_closed)

    def expression_or_interval(self, node: Node, what: str) -> ClaimExpression | ClaimInterval:
        """An expression, or an interval that holds the number."""
        if not isinstance(node, Items | Entries) and is_interval_text(text_of(node, self.source, what)):
            return self.interval(node, what)
        return self.expression(node, what)

    def expression_or_none(self, node: Node, what: str) -> ClaimExpression | None:
        """A constant, or the word none."""
        if not isinstance(node, Items | Entries) and node.value.strip() == "none":
            return None
        return self.expression(node, what)

    def values_or_interval(self, node: Node, what: str) -> Any:
        """A list of values, or an interval."""
        if isinstance(node, Items):
            return tuple(self.expression(item, what) for item in node.items)
        return self.interval(node, what)

    def _variable(self, text: Text) -> str:
        symbol = self.scope.symbols.get(text.value)
        if symbol is None:
            raise unknown(text, self.scope.symbols, "input, parameter, step or variable")
        if symbol.kind != "real" or symbol.role == "value":
            raise text.error(f"{text.value} is not a real variable")
        return text.value

    def variable(self, node: Node, what: str) -> str:
        """One real input, parameter, step or variable."""
        return self._variable(text_of(node, self.source, what).stripped())

    def variables(self, node: Node, what: str) -> tuple[str, ...]:
        """One or more of them."""
        return tuple(self._variable(text) for text in names(node, self.source, what))

    def names_or_values(self, node: Node, what: str) -> Any:
        """Names of inputs, or (padding) a mapping from names to values."""
        kind = "input, parameter or variable"
        if isinstance(node, Entries):
            return {known_name(key.text, self.tensors, kind): self.expression(value, what) for key, value in node}
        return tuple(known_name(text, self.tensors, kind) for text in names(node, self.source, what))

    def index(self, node: Node, what: str) -> tuple[ClaimExpression, ...]:
        """Index expressions."""
        listed = node.items if isinstance(node, Items) else (node,)
        found = []
        for item in listed:
            text = text_of(item, self.source, what)
            parsed = parse_expression(text)
            checker = Checker(text, self.scope)
            kind = checker.check(parsed, self.inside)
            if not kind.integer:
                raise text.error("an index is expected here")
            found.append(ClaimExpression(text.value, parsed, kind.kind, tuple(kind.axes), checker))
        return tuple(found)

    def replacements(self, node: Node, what: str) -> dict[str, ClaimExpression]:
        """A mapping from inputs or parameters to the expressions that replace them."""
        found = {}
        for key, value in entries(node, self.source, what):
            name = known_name(key.text, self.tensors, "input or parameter")
            if self.tensors[name].domain.integer:
                raise key.text.error(f"{name} is a label; only numbers can be replaced")
            found[name] = self.parse_for(name, value, what)
        return found

    def parse_for(self, name: str, node: Node, what: str) -> ClaimExpression:
        """An expression that stands for a tensor, so that its axes are running."""
        before = self.inside
        self.inside = before | frozenset(self.tensors[name].axes)
        try:
            return self.expression(node, what)
        finally:
            self.inside = before

    def points(self, node: Node, what: str) -> dict[str, LimitPoint]:
        """A mapping from variables to where they tend."""
        found = {}
        for key, value in entries(node, self.source, what):
            name = self._variable(key.text)
            text = text_of(value, self.source, what).stripped()
            side = text.value[-1] if text.value[-1] in "+-" and len(text.value) > 1 else ""
            found[name] = LimitPoint(self.parse(text[: len(text.value) - 1] if side else text), side)
        return found

    # --- checks across keys ---------------------------------------------------------------------------------------

    def _running(self, name: str, arguments: dict[str, Any]) -> None:
        """The axes of the variable of a derivative are running in `equals`."""
        variables = (arguments[name],) if name == "gradient" else arguments[name]
        if len(variables) > 2:
            raise self.source.error("hessian takes one variable or two", self.node.offset)
        for variable in variables:
            self.inside |= frozenset(self.scope.symbols[variable].axes)
        index = self.node.get("index")
        if index is not None:
            for part in self.index(index, "index"):
                self.inside |= frozenset(part.axes)

    def _consistent(self, name: str, arguments: dict[str, Any]) -> None:
        def fail(message: str) -> SpecError:
            return self.source.error(message, self.node.offset)

        if name == "gradient" and ("equals" in arguments) == ("in" in arguments):
            raise fail("the claim `gradient` has either `equals` or `in`")
        if name in ("gradient", "hessian"):
            self._check_index(name, arguments, fail)
        if name in ("invariant", "equivariant"):
            fault = fault_of_move(arguments[name], arguments, self.tensors)
            if fault:
                raise fail(fault)

    def _check_index(self, name: str, arguments: dict[str, Any], fail: Callable[[str], SpecError]) -> None:
        variables = (arguments[name],) if name == "gradient" else arguments[name]
        symbols = [self.scope.symbols[variable] for variable in variables]
        axes = list(symbols[0].axes)
        if name == "hessian":
            second = symbols[-1]
            axes += [axis for axis in second.axes if self.scope.axes[axis].kind != "batch"]
        given = arguments.get("index")
        sample = len(axes) > len(symbols[0].axes)
        if given is None and name == "hessian" and sample:
            raise fail(f"the claim `hessian` needs `index` with {len(axes)} indices, the second variable's last")
        if given is not None and len(given) != len(axes):
            raise fail(f"`index` has {len(given)} entries; {len(axes)} are expected")


def claim_text(node: Node) -> str:
    """A claim in one line, as written."""
    return "; ".join(f"{key}: {_short(value)}" for key, value in plain_data(node)["mapping"])


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(inner)}" for key, inner in value["mapping"]) + "}"
    return str(value)


def _positive_integer(node: Node, source: Source) -> int:
    text = text_of(node, source, "a size").stripped()
    if not text.value.isdecimal() or not text.value.isascii() or len(text.value) > 9 or int(text.value) < 1:
        raise text.error(f"a size is a whole number from 1; {text.value[:40]!r} is given")
    return int(text.value)


def _is_number(value: str) -> bool:
    return bool(value) and (value[0].isdigit() or value[0] in "+-.")


def _single(text: Text) -> Domain:
    return Domain(kind="set", values=(constant(text),))


def _disjoint(one: Domain, other: Domain) -> bool:
    """Whether two domains of numbers evidently have nothing in common."""
    if one.kind == "set":
        return not any(contains(other, value) for value in one.values)
    if other.kind == "set":
        return not any(contains(one, value) for value in other.values)
    if one.kind != "interval" or other.kind != "interval":
        return False
    low, high = sympy.Max(one.lower, other.lower), sympy.Min(one.upper, other.upper)
    if low == high and low.is_finite:
        return not (contains(one, low) and contains(other, low))
    return bool(low > high)
