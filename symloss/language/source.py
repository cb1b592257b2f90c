"""Text with places: every character of a YAML scalar knows where it stands in the file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from symloss.errors import SpecError


@dataclass(frozen=True)
class Source:
    """A file's name and text."""

    file: str
    text: str

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset at which each line starts."""
        return [0, *(position + 1 for position, character in enumerate(self.text) if character == "\n")]

    def error(self, message: str, offset: int = 0) -> SpecError:
        """A `SpecError` that points at an offset of the text."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.line_starts, offset)
        start = self.line_starts[line - 1]
        end = self.text.find("\n", start)
        shown = self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")
        return SpecError(message, self.file, line, offset - start + 1, shown)


@dataclass(frozen=True)
class Text:
    """A piece of text from a source; ``offsets[i]`` is where character i stands in the file."""

    value: str
    offsets: Sequence[int]
    source: Source

    def error(self, message: str, position: int = 0) -> SpecError:
        """A `SpecError` that points at a character of this text."""
        if position < len(self.offsets):
            return self.source.error(message, self.offsets[position])
        return self.source.error(message, self.offsets[-1] + 1 if self.offsets else 0)

    def __getitem__(self, part: slice) -> Text:
        first, last, _ = part.indices(len(self.value))
        # An empty part still has a place: the place of the character before which it stands.
        offsets = self.offsets[first : max(last, first + 1)]
        return Text(self.value[first:last], offsets or self.offsets[-1:], self.source)

    def stripped(self) -> Text:
        """Without white space at both ends."""
        first = len(self.value) - len(self.value.lstrip())
        return self[first : max(first, len(self.value.rstrip()))]

    def split(self, separator: str) -> list[Text]:
        """The stripped parts between separators that stand outside every bracket and quote."""
        parts, start = [], 0
        for position in top_level(self.value, separator):
            parts.append(self[start:position].stripped())
            start = position + 1
        return [*parts, self[start:].stripped()]


def top_level(text: str, wanted: str) -> list[int]:
    """The positions of a character outside all brackets and quotes."""
    found, depth, quote = [], 0, ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == wanted and depth == 0:
            found.append(position)
    return found


def plain_text(value: str, file: str = "<expression>") -> Text:
    """Text that is its own source, for an expression from outside any file."""
    return Text(value, range(len(value)), Source(file, value))
