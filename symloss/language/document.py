"""YAML text → mappings, sequences and scalars with places. No value is converted; scalars stay text.

Works on parser events, without recursion: size, depth, aliases, anchors, tags and duplicate keys are refused before
any tree is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from symloss.errors import SpecError
from symloss.language.source import Source, Text

MAX_FILE = 256 * 1024
MAX_DEPTH = 64
MAX_NODES = 8000
_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Scalar:
    """A text; ``plain`` is true where it stands without quotes."""

    text: Text
    plain: bool
    offset: int

    @property
    def value(self) -> str:
        """The text itself."""
        return self.text.value

    @property
    def null(self) -> bool:
        """Whether YAML 1.2's core schema reads this as no value."""
        return self.plain and self.value in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True)
class Items:
    """A YAML sequence."""

    items: tuple[Node, ...]
    offset: int


@dataclass(frozen=True)
class Entries:
    """A YAML mapping with text keys, in the order of the file."""

    keys: tuple[Scalar, ...]
    values: tuple[Node, ...]
    offset: int

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(zip(self.keys, self.values, strict=True))

    def get(self, name: str) -> Node | None:
        """The value of a key, or None."""
        return next((value for key, value in self if key.value == name), None)

    def key(self, name: str) -> Scalar | None:
        """The key itself, for its place."""
        return next((key for key in self.keys if key.value == name), None)


Node = Scalar | Items | Entries


def decode(data: bytes, file: str) -> str:
    """The text of a file, after the checks that need bytes alone.

    Raises:
        SpecError: too long, or not UTF-8.
    """
    if len(data) > MAX_FILE:
        raise SpecError(f"the file has {len(data)} bytes; a specification has at most {MAX_FILE}", file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        column = fault.start - data.rfind(b"\n", 0, fault.start)
        raise SpecError("the file is not UTF-8 text", file, line, column) from None


def parse_document(text: str, file: str) -> tuple[Source, Entries]:
    """Parse one YAML document whose root is a mapping.

    Raises:
        SpecError: a limit is exceeded, the YAML is malformed, or it uses anchors, aliases, tags or a key twice.
    """
    source = Source(file, text)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_FILE:
        raise SpecError(f"the file has more than {MAX_FILE} bytes, the most that a specification may have", file)
    odd = _CONTROL.search(text)
    if odd:
        raise source.error(f"the character U+{ord(odd.group()):04X} does not belong in a text file", odd.start())
    try:
        root = _build(source)
    except MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        problem = fault.problem or fault.context or "malformed"
        raise source.error(f"not YAML: {_sentence(problem)}", mark.index if mark else 0) from None
    except (YAMLError, ValueError, IndexError, AttributeError) as fault:
        # ruamel raises bare Python errors on some malformed directives and escapes.
        raise source.error(f"not YAML: {_sentence(str(fault))}") from None
    if not isinstance(root, Entries):
        raise source.error("a specification is a mapping that starts with `symloss: 1`", root.offset if root else 0)
    return source, root


def _sentence(text: str) -> str:
    return " ".join(text.split())[:200] or "malformed"


def _build(source: Source) -> Node | None:
    """Run through the parser's events with an explicit stack."""
    stack: list[tuple[Any, list[Any]]] = []
    root: Node | None = None
    documents = nodes = 0
    for event in YAML(typ="safe", pure=True).parse(source.text):
        kind = type(event).__name__
        offset = event.start_mark.index if event.start_mark else 0
        if kind == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                raise source.error("a file holds one specification; a second YAML document starts here", offset)
            continue
        nodes += 1
        if nodes > MAX_NODES:
            raise source.error(f"the file has more than {MAX_NODES} keys and values", offset)
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            raise source.error("YAML anchors and aliases (&, *) are not part of the language", offset)
        if getattr(event, "tag", None) and kind not in ("DocumentEndEvent",):
            raise source.error("YAML tags (!) are not part of the language", offset)
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            if len(stack) >= MAX_DEPTH:
                raise source.error(f"nested more than {MAX_DEPTH} deep", offset)
            stack.append((event, []))
            continue
        if kind == "ScalarEvent":
            node: Node = _scalar(event, source)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            start, children = stack.pop()
            node = (_mapping if kind.startswith("Mapping") else _sequence)(start, children, source)
        else:
            continue
        if stack:
            stack[-1][1].append(node)
        else:
            root = node
    return root


def _sequence(event: Any, children: list[Any], source: Source) -> Items:
    return Items(tuple(children), event.start_mark.index)


def _mapping(event: Any, children: list[Any], source: Source) -> Entries:
    keys, values = children[::2], children[1::2]
    seen: set[str] = set()
    for key in keys:
        if not isinstance(key, Scalar):
            raise source.error("a key must be a word, not a list or a mapping", key.offset)
        if key.value in seen:
            raise source.error(f"the key {key.value!r} occurs twice in one mapping", key.offset)
        seen.add(key.value)
    return Entries(tuple(keys), tuple(values), event.start_mark.index)


def _scalar(event: Any, source: Source) -> Scalar:
    start, end = event.start_mark.index, event.end_mark.index
    style = event.style or ""
    value = str(event.value)
    offsets = _offsets(value, source.text, start, end, style)
    return Scalar(Text(value, offsets, source), style == "", start)


_ESCAPE_LENGTH = {"x": 4, "u": 6, "U": 10}


def _offsets(value: str, text: str, start: int, end: int, style: str) -> list[int]:
    """Where each character of a scalar's value stands in the file.

    White space may be folded and quotes escaped, so value and raw text are walked side by side.
    """
    at = start
    if style in ("|", ">"):
        header = text.find("\n", start)
        at = header + 1 if header >= 0 else end
    elif style:
        at += 1
    offsets = []
    for character in value:
        if style == '"':
            at = _skip_escaped_line_end(text, at, end)
        if not character.isspace():
            while at < end and text[at].isspace():
                at += 1
        offsets.append(min(at, max(end - 1, start)))
        if at < end and text[at] == character:
            at += 2 if style == "'" and character == "'" else 1
        elif at + 1 < end and text[at] == "\\" and style == '"':
            at += _ESCAPE_LENGTH.get(text[at + 1], 2)
        elif character.isspace() and at < end and text[at].isspace():
            at += 1
    return offsets or [start]


def _skip_escaped_line_end(text: str, at: int, end: int) -> int:
    while at + 1 < end and text[at] == "\\" and text[at + 1] == "\n":
        at += 2
        while at < end and text[at] in " \t":
            at += 1
    return at


def plain_data(node: Node) -> Any:
    """The node as lists of texts with white space collapsed, for hashing."""
    if isinstance(node, Scalar):
        return " ".join(node.value.split())
    if isinstance(node, Items):
        return [plain_data(item) for item in node.items]
    return {"mapping": [[key.value, plain_data(value)] for key, value in node]}
