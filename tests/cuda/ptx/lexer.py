"""Text → tokens. Comments go, except that the registers of `// implicit-def: %r1` are collected."""

import re
from dataclasses import dataclass

from .errors import PtxSyntaxError

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|//[^\n]*)
      | (?P<newline>\n)
      | (?P<comment>/\*.*?\*/)
      | (?P<string>"[^"\n]*")
      | (?P<number>0[fF][0-9a-fA-F]{8}|0[dD][0-9a-fA-F]{16}|0[xX][0-9a-fA-F]+U?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+U?)
      | (?P<word>[.%$A-Za-z_][\w.$%]*(?:::[\w.]+)*)
      | (?P<mark>[{}()\[\],;:@!<>=+|\-])""",
    re.X | re.S,
)
_IMPLICIT = re.compile(r"//\s*implicit-def:\s*(%\w+)")


@dataclass(frozen=True)
class Token:
    """A token: its kind (string, number, word, mark), text and line."""

    kind: str
    text: str
    line: int


def tokens(text: str) -> list[Token]:
    """All tokens of a PTX text.

    Raises:
        PtxSyntaxError: A character that cannot begin a token.
    """
    found, line, position = [], 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise PtxSyntaxError(f"line {line}: unexpected character {text[position]!r}")
        kind, piece = str(match.lastgroup), match.group()
        if kind not in ("blank", "newline", "comment"):
            found.append(Token(kind, piece, line))
        line += piece.count("\n")
        position = match.end()
    return found


def undefined_registers(text: str) -> frozenset[str]:
    """Registers that the compiler says hold no value on some path."""
    return frozenset(_IMPLICIT.findall(text))
