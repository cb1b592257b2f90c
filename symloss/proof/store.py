"""``generated/proofs/<loss>.json``: verdicts with their evidence, and whether they are still those of the sources.

Imports neither SymPy nor a solver, so that looking up what is known is quick. The files hold no seconds: the same
sources and the same engines give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from symloss.build.sources import PACKAGE, digest, read_source, write_atomically

#: The parts of symloss on which a verdict depends; what re-checks verdicts and what looks them up is no part of them.
_PARTS = ("program", "atoms", "language", "proof")
_APART = ("proof/recheck/", "proof/store.py", "proof/proving.py")
_FORMAT = 3
#: Stands in the place of a loss for the facts about atoms and the rules of composition.
FACTS = "atoms"
#: The distributions whose versions are stored: SymPy and those of the extra `[proof]`.
ENGINES = ("cvc5", "python-flint", "sympy", "z3-solver")


@lru_cache(maxsize=1)
def prover_hash() -> str:
    """Hash of everything of symloss that takes part in a verdict."""
    parts = [str(_FORMAT)]
    for folder in _PARTS:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            name = path.relative_to(PACKAGE).as_posix()
            if not name.startswith(_APART):
                parts += [name, read_source(path)]
    return digest(parts)


@lru_cache(maxsize=1)
def installed() -> dict[str, str]:
    """The version of each distribution of `ENGINES` that is there."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ENGINES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def source_hash(path: Path) -> str:
    """Hash of one specification's text."""
    return hashlib.sha256(read_source(path).encode(errors="surrogateescape")).hexdigest()


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


def seal(claims: list[dict[str, Any]]) -> str:
    """Hash of verdicts and evidence, by which a change by hand is seen; forgery is for the re-check to see."""
    return hashlib.sha256(json.dumps(claims).encode()).hexdigest()


def as_written(stored: Mapping[str, Any]) -> bool:
    """Whether nobody changed the verdicts and the evidence of a file."""
    return bool(stored.get("seal") == seal(stored["claims"]))


def up_to_date(stored: Mapping[str, Any], files: Mapping[str, Path], packages: bool = True) -> bool:
    """Whether stored verdicts are those of the present sources, as they were written.

    A package that is not installed cannot make them better; one of another version, or one more, might.

    Args:
        stored: what `load` gave.
        files: the specifications that there are, by name.
        packages: whether the versions of packages count.
    """
    sources = stored.get("sources")
    if stored.get("prover") != prover_hash() or not isinstance(sources, dict) or not as_written(stored):
        return False
    used = stored.get("with", {})
    if packages and any(used.get(name) != version for name, version in installed().items()):
        return False
    return all(name in files and source_hash(files[name]) == known for name, known in sources.items())


def save(
    out: Path,
    loss: str,
    files: Mapping[str, Path],
    used: Iterable[str],
    claims: list[dict[str, Any]],
) -> None:
    """Write the verdicts of a loss.

    Args:
        out: the folder of generated files.
        loss: its name.
        files: the specifications by name.
        used: the names of those on which the verdicts depend.
        claims: one entry per claim, in order.
    """
    stored = {
        "loss": loss,
        "prover": prover_hash(),
        "sources": {name: source_hash(files[name]) for name in sorted(used) if name in files},
        "with": installed(),
        "seal": seal(claims),
        "claims": claims,
    }
    write_atomically(place(out, loss), json.dumps(stored, ensure_ascii=False, indent=1) + "\n")
