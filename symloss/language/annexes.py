"""What a specification says beside its formula: references, further derivatives, an accuracy class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from symloss.language.document import Entries, Items, Node
from symloss.language.reading import entries, items, known_keys, known_name, names, prose, required, word
from symloss.language.source import Source
from symloss.language.spec import Accuracy, Reference
from symloss.program import Tensor

ACCURACY_CLASSES = ("tight", "conditioned", "cancelling")
REFERENCE_KEYS = ("authors", "title", "year", "venue", "url", "doi", "arxiv", "note")


def read_differentiate(node: Node | None, source: Source, tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The names under `differentiate:`; real inputs and parameters that are not predictions."""
    if node is None or (isinstance(node, Items) and not node.items):
        return ()
    found: list[str] = []
    for text in names(node, source, "differentiate"):
        name = known_name(text, tensors, "input or parameter")
        if tensors[name].domain.integer:
            raise text.error(f"{name} holds labels; there is no derivative with respect to it")
        if tensors[name].role == "prediction":
            raise text.error(f"{name} is a prediction; its gradient is emitted anyway")
        if name in found:
            raise text.error(f"{name} is listed twice")
        found.append(name)
    return tuple(found)


def read_references(node: Node | None, source: Source) -> tuple[Reference, ...]:
    """The list under `references:`, of mappings or of plain texts."""
    found = []
    for item in items(node, source, "references") if node is not None else ():
        if isinstance(item, Entries):
            known_keys(item, source, REFERENCE_KEYS, "a reference")
            required(item, source, "title", "a reference")
            found.append(Reference(**{key.value: _listed(value, source, key.value) for key, value in item}))
        else:
            found.append(Reference(text=prose(item, source, "a reference")))
    return tuple(found)


def read_elsewhere(node: Node | None, source: Source) -> Mapping[str, str]:
    """The mapping under `elsewhere:`: for each library how its loss relates to this one, in a sentence."""
    if node is None:
        return MappingProxyType({})
    mapping = entries(node, source, "elsewhere")
    return MappingProxyType({key.value: prose(value, source, key.value) for key, value in mapping})


def _listed(node: Node, source: Source, what: str) -> str:
    """A text, or a list of texts joined by commas (authors)."""
    if isinstance(node, Items):
        return ", ".join(prose(item, source, what) for item in node.items)
    return prose(node, source, what)


def read_accuracy(node: Node | None, source: Source) -> Accuracy | None:
    """The mapping under `accuracy:`."""
    if node is None:
        return None
    mapping = entries(node, source, "accuracy")
    known_keys(mapping, source, ("class", "reason"), "accuracy")
    kind = word(required(mapping, source, "class", "accuracy"), source, "class", ACCURACY_CLASSES)
    return Accuracy(kind, prose(required(mapping, source, "reason", "accuracy"), source, "reason"))
