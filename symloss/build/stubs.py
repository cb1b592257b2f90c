"""``symloss/losses/__init__.pyi``: the type stub of the importable losses, in a checkout."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from symloss.build.manifest import Entry, output_path
from symloss.build.sources import PACKAGE, digest, read_source, write_atomically

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


def stub_hash(entries: Mapping[str, Entry], text: str) -> str:
    """Hash of the stub, of the generated files that it describes and of the code that writes it."""
    outputs = [entries[name].output for name in sorted(entries)]
    return digest([text, read_source(STUB.with_name("_stub.py")), *outputs])


def write_stub(entries: Mapping[str, Entry], out: Path, recorded: str) -> str:
    """Bring the stub up to date with the catalogue's generated files.

    Args:
        entries: the manifest's entries.
        out: the folder that holds the generated files.
        recorded: the hash that the manifest holds; where it is right, no generated file has to be read.

    Returns:
        The hash for the manifest.
    """
    if STUB.is_file() and stub_hash(entries, read_source(STUB)) == recorded:
        return recorded
    paths = [output_path(out, name) for name in sorted(entries)]
    text = stub_of(read_source(path) for path in paths if path.is_file())
    if not STUB.is_file() or read_source(STUB) != text:
        write_atomically(STUB, text)
    return stub_hash(entries, text)
