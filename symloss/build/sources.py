"""Where things lie, and hashes of what a build depends on.

Imports neither SymPy nor NumPy: a build with nothing to do must be quick.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from symloss.runtime.locations import data_folder

__all__ = [
    "catalogue",
    "data_folder",
    "digest",
    "generator_hash",
    "pinned_sympy",
    "read_source",
    "sympy_version",
    "write_atomically",
]

PACKAGE = Path(__file__).resolve().parent.parent

#: The parts of the compiler on which generated files and the manifest depend.
GENERATOR = ("program", "atoms", "language", "calculus", "lowering", "emit", "accuracy")


def catalogue() -> dict[str, Path]:
    """The shipped specifications by name, in order of family and name."""
    return {path.stem: path for path in sorted(data_folder("specs").glob("*/*.yaml"))}


def read_source(path: Path) -> str:
    """The text of a file with newlines as newlines, so that hashes do not depend on a checkout's line ends.

    A damaged file may hold any bytes: what is no UTF-8 stays distinct, so that it equals nothing that was written.
    """
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def digest(texts: Iterable[str]) -> str:
    """A SHA-256 over texts that tells ("ab", "c") from ("a", "bc")."""
    total = hashlib.sha256()
    for text in texts:
        data = text.encode(errors="surrogateescape")
        total.update(f"{len(data)}:".encode())
        total.update(data)
    return total.hexdigest()


def sympy_version() -> str:
    """The version of the SymPy that is installed, without importing it."""
    try:
        return version("sympy")
    except PackageNotFoundError:
        return "none"


def pinned_sympy() -> str:
    """The version of SymPy that symloss asks for."""
    from importlib.metadata import requires

    try:
        wanted = [line for line in requires("symloss") or () if line.replace(" ", "").startswith("sympy==")]
    except PackageNotFoundError:
        wanted = []
    return wanted[0].split("==")[1].split(";")[0].strip() if wanted else sympy_version()


@lru_cache(maxsize=1)
def generator_hash() -> str:
    """Hash of the generator: the compiler's sources, the kernel templates and SymPy's version."""
    parts = [sympy_version()]
    for folder in GENERATOR:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            parts += [path.relative_to(PACKAGE).as_posix(), read_source(path)]
    templates = data_folder("templates")
    for path in sorted(templates.rglob("*")):
        if path.is_file() and path.suffix in (".jinja", ".py") and not path.name.endswith(".tex.jinja"):
            parts += [path.relative_to(templates).as_posix(), read_source(path)]
    return digest(parts)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader, or an interruption, meets the old text or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        # mkstemp makes private files; a generated file gets the rights that any new file of the user gets.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
