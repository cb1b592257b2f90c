"""Helpers that turn YAML nodes into what a key expects, with one clear sentence where they are something else."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from symloss.errors import SpecError
from symloss.language.document import Entries, Items, Node, Scalar
from symloss.language.names import did_you_mean
from symloss.language.source import Source, Text


def place(node: Node) -> int:
    """The offset at which a node starts."""
    return node.offset


def entries(node: Node, source: Source, what: str) -> Entries:
    """The node as a mapping."""
    if not isinstance(node, Entries):
        raise source.error(f"{what} is a mapping, as in {{…: …}}", node.offset)
    return node


def items(node: Node, source: Source, what: str) -> tuple[Node, ...]:
    """The node as a list."""
    if not isinstance(node, Items):
        raise source.error(f"{what} is a list", node.offset)
    return node.items


def text_of(node: Node, source: Source, what: str) -> Text:
    """The node as a text; an empty one is refused."""
    if isinstance(node, Items | Entries):
        shape = "mapping" if isinstance(node, Entries) else "list"
        raise source.error(f"{what} is a text, and here stands a {shape}; put it in quotes", node.offset)
    if node.null or not node.value.strip():
        raise source.error(f"{what} is empty", node.offset)
    return node.text


def prose(node: Node, source: Source, what: str) -> str:
    """The node as free text with white space collapsed."""
    return " ".join(text_of(node, source, what).value.split())


def word(node: Node, source: Source, what: str, choices: Collection[str]) -> str:
    """The node as one of some words."""
    value = text_of(node, source, what).value.strip()
    if value not in choices:
        shown = ", ".join(choices)
        raise source.error(
            f"{what} is one of {shown}; {value[:40]!r} is given{did_you_mean(value, choices)}", node.offset
        )
    return value


def known_keys(mapping: Entries, source: Source, allowed: Collection[str], what: str) -> None:
    """Refuse a key that does not exist."""
    for key in mapping.keys:
        if key.value not in allowed:
            hint = did_you_mean(key.value, allowed) or f"; the keys are {', '.join(allowed)}"
            raise source.error(f"{what} has no key {key.value[:60]!r}{hint}", key.offset)


def required(mapping: Entries, source: Source, name: str, what: str) -> Node:
    """The value of a key that must be there."""
    node = mapping.get(name)
    if node is None:
        raise source.error(f"{what} needs the key {name!r}", mapping.offset)
    return node


def names(node: Node, source: Source, what: str) -> tuple[Text, ...]:
    """One name or a list of names."""
    listed = node.items if isinstance(node, Items) else (node,)
    if not listed:
        raise source.error(f"{what} names nothing", node.offset)
    return tuple(text_of(item, source, what).stripped() for item in listed)


def known_name(text: Text, known: Mapping[str, object] | Collection[str], what: str) -> str:
    """A name that must exist."""
    if text.value not in known:
        raise unknown(text, known, what)
    return text.value


def unknown(text: Text, known: Collection[str], what: str) -> SpecError:
    """The error for a name that does not exist."""
    return text.error(f"there is no {what} {text.value[:60]!r}{did_you_mean(text.value, known)}")


def scalar(node: Node, source: Source, what: str) -> Scalar:
    """The node as a scalar."""
    text_of(node, source, what)
    if isinstance(node, Scalar):
        return node
    raise source.error(f"{what} is a text", node.offset)
