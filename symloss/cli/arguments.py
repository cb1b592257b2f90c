"""What several commands share: a LOSS is a name of the catalogue or the path of a specification."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symloss.build.sources import catalogue, data_folder
from symloss.errors import SymlossError

if TYPE_CHECKING:
    from symloss.language import Spec


def resolve(name_or_path: str) -> Path:
    """The specification that a command's argument means.

    Raises:
        SymlossError: neither a shipped loss nor a file; names what comes closest.
    """
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        if path.is_dir():
            raise SymlossError(f"{name_or_path} is a folder; a specification is one .yaml file")
        if not path.is_file():
            raise SymlossError(f"there is no file {name_or_path}")
        return path
    known = catalogue()
    if name_or_path in known:
        return known[name_or_path]
    close = difflib.get_close_matches(name_or_path, known, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(close)}?" if close else "; `symloss list` shows the names"
    raise SymlossError(f"there is no loss called {name_or_path!r}{hint}")


def resolve_all(names: Iterable[str]) -> list[Path]:
    """Every specification that was named, or the whole catalogue; the same file only once."""
    found = {resolve(name).resolve(): resolve(name) for name in names}
    return list(found.values()) or list(catalogue().values())


def read(name_or_path: str) -> Spec:
    """The checked specification that a command's argument means."""
    return read_path(resolve(name_or_path))


def read_path(path: Path) -> Spec:
    """The checked specification in a file, which may call losses of the catalogue and those beside it."""
    from symloss.language import SpecLibrary, read_spec

    return read_spec(path, SpecLibrary([data_folder("specs")]))


def derivation_of(spec: Spec) -> Any:
    """The derivation of a specification, with what it lists under ``differentiate:``."""
    from symloss.calculus import derive

    return derive(spec.program, spec.differentiate)
