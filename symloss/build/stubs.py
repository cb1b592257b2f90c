"""``symloss/losses/__init__.pyi``: the type stub of the importable losses, in a checkout."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from symloss.build.manifest import Entry, output_path
from symloss.build.sources import PACKAGE, catalogue, read_source, write_atomically

STUB = PACKAGE / "losses" / "__init__.pyi"


def stub_of(texts: Iterable[str]) -> str:
    """The text of the stub for the texts of generated files, none of which is executed."""
    from symloss.losses._stub import stub_text

    return stub_text([meta_of(text) for text in texts])


def meta_of(text: str) -> Mapping[str, Any]:
    """The META table of a generated file.

    Raises:
        ValueError: there is none, or it is not a literal.
    """
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "META" for t in node.targets):
            found: Mapping[str, Any] = ast.literal_eval(node.value)
            return found
    raise ValueError("a generated file has a table called META")


def write_stub(entries: Mapping[str, Entry], out: Path, changed: bool) -> None:
    """Bring the stub up to date with the catalogue's generated files, if they changed or it is missing."""
    if not changed and STUB.is_file():
        return
    paths = [output_path(out, name) for name in sorted(entries) if name in catalogue()]
    text = stub_of(read_source(path) for path in paths if path.is_file())
    if not STUB.is_file() or read_source(STUB) != text:
        write_atomically(STUB, text)
