"""The errors a user meets: one sentence, what was given, what was expected, where."""

from __future__ import annotations


class SymlossError(Exception):
    """A request that cannot be carried out; the message is one sentence for the user."""


class SpecError(SymlossError):
    """A fault in a specification, at a line and column (both from 1), shown with a caret under it."""

    def __init__(self, message: str, file: str = "<spec>", line: int = 1, column: int = 1, source: str = "") -> None:
        super().__init__(message)
        self.message, self.file, self.line, self.column, self.source = message, file, line, column, source

    def __str__(self) -> str:
        head = f"{self.file}:{self.line}:{self.column}: {self.message}"
        if not self.source:
            return head
        return f"{head}\n  {self.source}\n  {' ' * (self.column - 1)}^"
