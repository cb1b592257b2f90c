"""A derivation as a file: the loss, what is derived, and the steps, each of which must follow from the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import sympy

from symloss.language.document import MAX_FILE, Entries, Items, Node, decode, parse_document
from symloss.language.reading import entries, known_keys, required, text_of
from symloss.language.source import Source, Text
from symloss.verify.question import KINDS, Quantity, number_of

_T = TypeVar("_T")
VERSION = "1"
KEYS = ("derivation", "loss", *KINDS, "when", "axes", "define", "parameters", "steps")


@dataclass(frozen=True)
class DerivationFile:
    """What a file says; the texts know their places in it."""

    loss: str
    quantity: Quantity
    steps: tuple[Text, ...]
    when: tuple[Text, ...]
    define: tuple[Text, ...]
    axes: dict[str, str]
    parameters: dict[str, sympy.Rational]


def is_derivation(path: Path) -> bool:
    """Whether a file starts, after comments, with the key ``derivation``."""
    try:
        with open(path, "rb") as file:
            lines = file.read(MAX_FILE).decode("utf-8-sig", "replace").splitlines()
    except OSError:
        return False
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    return first.startswith("derivation:")


def read_derivation(path: Path) -> DerivationFile:
    """The derivation in a file.

    Raises:
        SpecError: it is not well-formed, with the place.
    """
    with open(path, "rb") as file:
        data = file.read(MAX_FILE + 1)
    source, root = parse_document(decode(data, str(path)), str(path))
    known_keys(root, source, KEYS, "a derivation")
    version = text_of(required(root, source, "derivation", "a derivation"), source, "the version").value.strip()
    if version != VERSION:
        raise source.error(f"version {version[:20]!r} of derivation files is not known; this is {VERSION}", root.offset)
    asked = [kind for kind in KINDS if root.get(kind) is not None]
    if len(asked) != 1:
        raise source.error(f"a derivation has one of the keys {', '.join(KINDS)}", root.offset)
    loss = required(root, source, "loss", "a derivation")
    return DerivationFile(
        text_of(loss, source, "loss").value.strip(),
        _quantity(asked[0], root, source),
        _texts(required(root, source, "steps", "a derivation"), source, "steps"),
        _texts(root.get("when"), source, "when"),
        _texts(root.get("define"), source, "define"),
        _pairs(root.get("axes"), source, "axes", lambda text: text.value.removeprefix("like ").strip()),
        _pairs(root.get("parameters"), source, "parameters", number_of),
    )


def _quantity(kind: str, root: Entries, source: Source) -> Quantity:
    node = root.get(kind)
    assert node is not None  # it is the key that was found
    name = text_of(node, source, kind).value.strip()
    # `value: value` names the only term of a loss by its usual name.
    return Quantity(kind, term=name) if kind == "value" else Quantity(kind, name)


def _texts(node: Node | None, source: Source, what: str) -> tuple[Text, ...]:
    if node is None:
        return ()
    listed = node.items if isinstance(node, Items) else (node,)
    if not listed:
        raise source.error(f"{what} lists nothing", node.offset)
    return tuple(text_of(item, source, what) for item in listed)


def _pairs(node: Node | None, source: Source, what: str, read: Callable[[Text], _T]) -> dict[str, _T]:
    if node is None:
        return {}
    return {key.value: read(text_of(value, source, what).stripped()) for key, value in entries(node, source, what)}
