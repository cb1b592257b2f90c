"""The declarations of a specification: axes, inputs, parameters."""

from __future__ import annotations

from dataclasses import replace

import sympy

from symloss.language.document import Entries, Items, Node
from symloss.language.domains import constant, contains, domain_text, parse_domain
from symloss.language.functions import FUNCTIONS
from symloss.language.names import fault_of_name
from symloss.language.reading import entries, known_keys, names, prose, required, text_of, unknown, word
from symloss.language.scope import Scope
from symloss.language.source import Source, Text
from symloss.program import INPUT_ROLES, Axis, Domain, Tensor

INPUT_KEYS = ("axes", "role", "domain", "optional", "doc")
AXIS_KEYS = ("kind", "like", "size", "span", "doc")
PARAMETER_KEYS = ("default", "domain", "doc")
MAX_SIZE = 1024


def check_name(text: Text, taken: dict[str, str], keyword: bool = False) -> str:
    """A new name: well-formed, not reserved, not used for anything else.

    ``keyword`` is true for what generated functions take by keyword only.
    """
    fault = fault_of_name(text.value, FUNCTIONS, keyword)
    if fault:
        raise text.error(fault)
    if text.value in taken:
        raise text.error(f"{text.value!r} is {taken[text.value]} already; names are used once")
    return text.value


def read_axes(node: Node, source: Source, taken: dict[str, str]) -> dict[str, Axis]:
    """The mapping under `axes:`."""
    axes: dict[str, Axis] = {}
    for key, value in entries(node, source, "axes"):
        name = check_name(key.text, taken)
        axes[name] = _axis(name, value, source, axes)
        taken[name] = "an axis"
    if not axes:
        raise source.error("axes declares no axis", node.offset)
    return axes


def _axis(name: str, node: Node, source: Source, axes: dict[str, Axis]) -> Axis:
    if not isinstance(node, Entries):
        text = text_of(node, source, f"the kind of axis {name}").stripped()
        head, _, rest = text.value.partition(" ")
        if head == "like":
            return _like(name, text[len(text.value) - len(rest.strip()) :] if rest else text, axes)
        return Axis(name, _kind(text))
    known_keys(node, source, AXIS_KEYS, f"axis {name}")
    like = node.get("like")
    if like is not None:
        if len([key for key in node.keys if key.value != "doc"]) > 1:
            raise source.error(f"an axis like another has no kind or size of its own: {name}: like i", node.offset)
        return _like(name, text_of(like, source, "like").stripped(), axes)
    kind = _kind(text_of(required(node, source, "kind", f"axis {name}"), source, "kind").stripped())
    size, span = node.get("size"), node.get("span")
    if kind == "batch" and (size is not None or span is not None):
        raise source.error("a batch axis has no size and no span; the arrays give its length", node.offset)
    if size is not None and span is not None:
        raise source.error("an axis with a fixed size does not span many dimensions", node.offset)
    if span is not None:
        word(span, source, "span", ("many",))
    return Axis(name, kind, size=_size(size, source) if size is not None else None, span=span is not None)


def _kind(text: Text) -> str:
    value = text.value
    if value.isdecimal():
        raise text.error(
            f"the kind of an axis is a word; an axis of fixed size is {{kind: coordinate, size: {value[:9]}}}"
        )
    if not (value.isascii() and value.replace("_", "").isalnum()) or len(value) > 40:
        raise text.error(f"the kind of an axis is one word, such as batch, class or feature; {value[:40]!r} is given")
    return value


def _like(name: str, text: Text, axes: dict[str, Axis]) -> Axis:
    if text.value not in axes:
        raise unknown(text, axes, "axis above this one called")
    base = axes[text.value]
    return Axis(name, base.kind, like=base.like or base.name)


def _size(node: Node, source: Source) -> int:
    text = text_of(node, source, "size").stripped()
    value = text.value
    if not (value.isascii() and value.isdecimal() and len(value) < 6 and 1 <= int(value) <= MAX_SIZE):
        raise text.error(f"a fixed size is a whole number from 1 to {MAX_SIZE}; {value[:40]!r} is given")
    return int(value)


def _domain(node: Node | None, source: Source, axes: dict[str, Axis], what: str) -> tuple[Domain, Text | None]:
    if node is None:
        return Domain(), None
    if isinstance(node, Items | Entries):
        raise source.error(f'the domain of {what} is a text; put it in quotes, as in domain: "[0, 1]"', node.offset)
    text = text_of(node, source, f"the domain of {what}")
    return parse_domain(text, axes), text


def read_inputs(node: Node, source: Source, axes: dict[str, Axis], taken: dict[str, str], scope: Scope) -> list[Tensor]:
    """The mapping under `inputs:`."""
    inputs = []
    for key, value in entries(node, source, "inputs"):
        name = check_name(key.text, taken)
        inputs.append(_input(name, entries(value, source, f"input {name}"), source, axes, scope))
        taken[name] = "an input"
    if not inputs:
        raise source.error("inputs declares no input", node.offset)
    if not any(tensor.role == "prediction" for tensor in inputs):
        raise source.error(
            "no input has role prediction; there is nothing to differentiate with respect to", node.offset
        )
    return inputs


def _input(name: str, node: Entries, source: Source, axes: dict[str, Axis], scope: Scope) -> Tensor:
    what = f"input {name}"
    known_keys(node, source, INPUT_KEYS, what)
    declared = _axes_of_input(required(node, source, "axes", what), source, axes, what, scope)
    role = word(required(node, source, "role", what), source, f"the role of {name}", INPUT_ROLES)
    domain, text = _domain(node.get("domain"), source, axes, what)
    if text is not None:
        if domain.integer and role == "prediction":
            raise text.error(f"{name} is a prediction and must be real; {domain_text(domain)} has no derivative")
        if domain.kind == "simplex" and domain.axis not in declared:
            raise text.error(f"{name} does not run over axis {domain.axis}, so it cannot sum to one along it")
        if domain.kind == "index" and axes[domain.axis or ""].kind == "batch":
            raise text.error(f"{name} would index the batch axis {domain.axis}; an index runs over a sample axis")
    default = None
    optional = node.get("optional")
    if optional is not None:
        if role != "coefficient":
            raise source.error(f"only a coefficient can be optional; {name} is a {role}", optional.offset)
        default = _constant(optional, source, domain, f"the default of {name}")
    doc = node.get("doc")
    return Tensor(name, declared, role, domain, default, prose(doc, source, "doc") if doc is not None else "")


def _axes_of_input(node: Node, source: Source, axes: dict[str, Axis], what: str, scope: Scope) -> tuple[str, ...]:
    if not isinstance(node, Items):
        raise source.error(f"the axes of {what} are a list, as in axes: [n, k]", node.offset)
    found: list[str] = []
    for text in names(node, source, f"the axes of {what}") if node.items else ():
        if text.value not in axes:
            raise unknown(text, axes, "axis")
        if text.value in found:
            raise text.error(f"axis {text.value} stands twice; declare a second index, j: like {text.value}")
        if axes[text.value].kind == "batch":
            if any(axes[other].kind != "batch" for other in found):
                raise text.error(f"the batch axis {text.value} comes first")
            if found and all(scope.root(other) != scope.root(text.value) for other in found):
                raise text.error(f"{what} runs over two batch axes, {found[0]} and {text.value}")
        if axes[text.value].span and any(axes[other].span for other in found):
            raise text.error(f"{what} has two axes that span many dimensions; one takes all the rest")
        found.append(text.value)
    return tuple(found)


def _constant(node: Node, source: Source, domain: Domain, what: str) -> sympy.Rational:
    text = text_of(node, source, what)
    value = constant(text)
    if not contains(domain, value):
        raise text.error(f"{what}, {value}, is outside its domain, {domain_text(domain)}")
    return value


def read_parameters(node: Node, source: Source, axes: dict[str, Axis], taken: dict[str, str]) -> list[Tensor]:
    """The mapping under `parameters:`."""
    parameters = []
    for key, value in entries(node, source, "parameters"):
        name = check_name(key.text, taken, keyword=True)
        what = f"parameter {name}"
        mapping = entries(value, source, what)
        known_keys(mapping, source, PARAMETER_KEYS, what)
        domain, text = _domain(mapping.get("domain"), source, axes, what)
        if text is not None and domain.kind not in ("interval", "set"):
            raise text.error(f"a parameter is a real number; {domain_text(domain)} is no domain for it")
        default = _constant(required(mapping, source, "default", what), source, domain, f"the default of {name}")
        doc = mapping.get("doc")
        tensor = Tensor(name, (), "parameter", domain, default)
        parameters.append(replace(tensor, doc=prose(doc, source, "doc")) if doc is not None else tensor)
        taken[name] = "a parameter"
    return parameters
