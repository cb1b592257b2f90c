"""``symloss build --check``: is everything under generated/ exactly what the sources give?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from symloss.build.builder import in_processes
from symloss.build.manifest import NAME, REQUIRED, Entry, manifest_text, output_path
from symloss.build.measured import is_project_output
from symloss.build.sources import catalogue, pinned_sympy, read_source, sympy_version
from symloss.build.stubs import STUB, stub_hash, stub_of
from symloss.errors import SymlossError

#: The folder of verdicts, which the prover writes.
VERDICTS = "proofs"


@dataclass(frozen=True)
class Fault:
    """A file that is "missing", "stale" or "surplus", or a specification that is "faulty"."""

    path: Path
    kind: str
    message: str = ""

    def __str__(self) -> str:
        """One sentence."""
        return self.message or f"{self.path} is {self.kind}"


def check(out: Path, jobs: int = 2, progress: Callable[[str], None] = lambda name: None) -> list[Fault]:
    """Compile the whole catalogue in memory and compare with the files under ``out``; nothing is written.

    Args:
        out: the folder that holds ``manifest.json`` and a folder per back end, ``cpu/`` and others.
        jobs: how many processes compile.
        progress: called with the name of each loss that was compiled.

    Raises:
        SymlossError: the installed SymPy is not the pinned one, so that a comparison would mean nothing.
    """
    if sympy_version() != pinned_sympy():
        raise SymlossError(
            f"generated files are compared under SymPy {pinned_sympy()}, which symloss pins; SymPy {sympy_version()}, "
            "which is installed, may order terms differently"
        )
    known = catalogue()
    faults: list[Fault] = []
    entries: dict[str, Entry] = {}
    texts: dict[str, str] = {}
    expected: set[Path] = set()
    for name, emitted, entry, error in in_processes(_compile, [(path,) for path in known.values()], jobs):
        progress(name)
        if entry is None:
            faults.append(Fault(known[name], "faulty", str(error)))
            expected |= {path for path in _generated(out) if path.stem == name}
            continue
        entries[name], texts[name] = entry, emitted[REQUIRED]
        for back_end, text in emitted.items():
            path = output_path(out, name, back_end)
            expected.add(path)
            faults += _compared(path, text)
    stub = ""
    if is_project_output(out):
        text = stub_of(texts[name] for name in sorted(texts))
        faults += _compared(STUB, text)
        stub = stub_hash(entries, text)
    faults += _compared(out / NAME, manifest_text(entries, stub))
    faults += [Fault(path, "surplus") for path in _generated(out) if path not in expected]
    return sorted(faults, key=lambda fault: str(fault.path))


def _compile(path: Path) -> tuple[str, Mapping[str, str], Entry | None, SymlossError | None]:
    from symloss.build.compiler import compile_spec

    try:
        compiled = compile_spec(path)
    except SymlossError as error:
        return path.stem, {}, None, error
    return path.stem, compiled.texts, compiled.entry, None


def _compared(path: Path, text: str) -> list[Fault]:
    if not path.is_file():
        return [Fault(path, "missing")]
    return [] if read_source(path) == text else [Fault(path, "stale")]


def _generated(out: Path) -> Sequence[Path]:
    """Every file that a build could have left under ``out``: verdicts are compared by ``symloss prove --check``."""
    return sorted(path for path in out.rglob("*") if path.is_file() and _is_output(path.relative_to(out)))


def _is_output(path: Path) -> bool:
    return path.parts[0] not in (NAME, VERDICTS) and "__pycache__" not in path.parts and path.name != "__init__.py"
