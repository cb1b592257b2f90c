"""``generated/proofs/<loss>.json``: verdicts with their evidence, and whether they are still those of the sources.

Imports neither SymPy nor a solver, so that looking up what is known is quick. The files hold no seconds and no
versions of packages: the same sources and the same engines give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from symloss.build.sources import PACKAGE, digest, read_source, write_atomically

#: The parts of symloss on which a verdict depends.
_PARTS = ("program", "atoms", "language", "proof")
_FORMAT = 1


@lru_cache(maxsize=1)
def prover_hash() -> str:
    """Hash of everything that takes part in a verdict, the pinned solvers' versions apart."""
    parts = [str(_FORMAT)]
    for folder in _PARTS:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            parts += [path.relative_to(PACKAGE).as_posix(), read_source(path)]
    return digest(parts)


def source_hash(path: Path) -> str:
    """Hash of one specification's text."""
    return hashlib.sha256(read_source(path).encode()).hexdigest()


def place(out: Path, loss: str) -> Path:
    """Where the verdicts of a loss lie."""
    return out / "proofs" / f"{loss}.json"


def load(out: Path, loss: str) -> dict[str, Any] | None:
    """What is stored about a loss, or None; a file that is no store counts as absent."""
    try:
        found = json.loads(place(out, loss).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("claims"), list) else None


def up_to_date(stored: Mapping[str, Any], files: Mapping[str, Path]) -> bool:
    """Whether stored verdicts are those of the present sources.

    Args:
        stored: what `load` gave.
        files: the specifications that there are, by name.
    """
    sources = stored.get("sources")
    if stored.get("prover") != prover_hash() or not isinstance(sources, dict) or not sources:
        return False
    return all(name in files and source_hash(files[name]) == known for name, known in sources.items())


def save(
    out: Path,
    loss: str,
    files: Mapping[str, Path],
    used: Iterable[str],
    claims: list[dict[str, Any]],
    engines: list[str],
) -> None:
    """Write the verdicts of a loss.

    Args:
        out: the folder of generated files.
        loss: its name.
        files: the specifications by name.
        used: the names of those on which the verdicts depend.
        claims: one entry per claim, in order.
        engines: the optional packages that took part.
    """
    stored = {
        "loss": loss,
        "prover": prover_hash(),
        "sources": {name: source_hash(files[name]) for name in sorted(used) if name in files},
        "with": engines,
        "claims": claims,
    }
    write_atomically(place(out, loss), json.dumps(stored, ensure_ascii=False, indent=1) + "\n")
