"""Statements as text, in the words of the specification language."""

from __future__ import annotations

from symloss.atoms.text import bare, plain
from symloss.program import Statement


def statement_text(statement: Statement) -> str:
    """``t1[n] = logsumexp[k, k != y[n]](z[n, k])``."""
    left = f"{statement.target}[{', '.join(statement.out)}]" if statement.out else statement.target
    body = plain(statement.body)
    if statement.operation == "map":
        return f"{left} = {body}"
    guard = [] if statement.guard == 1 else [bare(plain(statement.guard))]
    return f"{left} = {statement.operation}[{', '.join([*statement.over, *guard])}]({body})"
