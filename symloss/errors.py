"""The errors a user meets: one sentence, what was given, what was expected, where."""

from __future__ import annotations

#: The widest excerpt of a source line that is shown under a message.
_EXCERPT = 120


class SymlossError(Exception):
    """A request that cannot be carried out; the message is one sentence for the user."""


class SpecError(SymlossError):
    """A fault in a specification, at a line and column (both from 1), shown with a caret under it.

    Args:
        message: one sentence without a place.
        file: how the user named the file.
        line: the line, from 1.
        column: the column in characters, from 1.
        source: the text of that line, without its line end; empty where there is none to show.
    """

    def __init__(self, message: str, file: str = "<spec>", line: int = 1, column: int = 1, source: str = "") -> None:
        super().__init__(message)
        self.message, self.file, self.line, self.column, self.source = message, file, line, column, source

    def __str__(self) -> str:
        head = f"{self.file}:{self.line}:{self.column}: {self.message}"
        if not self.source.strip():
            return head
        shown, at = _excerpt(self.source, self.column - 1)
        return f"{head}\n  {shown}\n  {' ' * at}^"


def _excerpt(line: str, at: int) -> tuple[str, int]:
    """At most `_EXCERPT` characters of a line around a position, printable, and the position in them."""
    shown = "".join(character if character.isprintable() else " " for character in line)
    if len(shown) <= _EXCERPT:
        return shown.rstrip(), at
    first = max(0, min(at - _EXCERPT // 2, len(shown) - _EXCERPT))
    return shown[first : first + _EXCERPT].rstrip(), at - first
