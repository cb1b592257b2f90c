"""``generated/manifest.json``: what each generated file was made from. Sorted, and free of measurements and dates."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from symloss.build.sources import catalogue, digest, read_source, write_atomically

FORMAT = 1
NAME = "manifest.json"

#: The back end that every loss has.
REQUIRED = "cpu"


@dataclass(frozen=True)
class Entry:
    """What one generated file was made from, and what the compiler found out about the loss.

    Attributes:
        title: the loss in words, for ``symloss list``.
        source: hash of the text of the specification and of those it uses.
        uses: names of the specifications that it calls, directly or not.
        specification: the normalised specification's own hash, which the generated file states.
        generator: hash of the compiler, the templates and SymPy's version.
        output: hash of the generated CPU file.
        further: hash of the generated file of every other back end that has kernels for the loss.
        without: why the remaining back ends have none.
        operations: arithmetic operations of each derived program, before scheduling.
        statements: the number of statements of each derived program.
        accuracy: the accuracy class of each entry point, with its reason.
        rewrites: what the recogniser rewrote, in sentences.
    """

    title: str
    source: str
    uses: tuple[str, ...]
    specification: str
    generator: str
    output: str
    further: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    operations: Mapping[str, int] = field(default_factory=dict)
    statements: Mapping[str, int] = field(default_factory=dict)
    accuracy: Mapping[str, Any] = field(default_factory=dict)
    rewrites: tuple[str, ...] = ()


def read_manifest(folder: Path) -> dict[str, Entry]:
    """The entries by loss; empty where there is no manifest, or one of another format or one that cannot be read."""
    try:
        data = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return {}
        return {
            name: Entry(**{**entry, "uses": tuple(entry["uses"]), "rewrites": tuple(entry["rewrites"])})
            for name, entry in data["losses"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def read_stub_hash(folder: Path) -> str:
    """What the manifest says about the type stub; empty where it says nothing."""
    try:
        return str(json.loads((folder / NAME).read_text(encoding="utf-8"))["stub"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def manifest_text(entries: Mapping[str, Entry], stub: str = "") -> str:
    """The text of the manifest: the same for the same entries, in whatever order they were made.

    Args:
        entries: by loss.
        stub: hash of the type stub of the losses and of what it was made from; empty outside a checkout.
    """
    losses = {name: asdict(entry) for name, entry in entries.items()}
    content = {"format": FORMAT, "losses": losses, "stub": stub}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_manifest(folder: Path, entries: Mapping[str, Entry], stub: str = "") -> None:
    """Write the manifest if it changed."""
    text = manifest_text(entries, stub)
    path = folder / NAME
    if not path.is_file() or read_source(path) != text:
        write_atomically(path, text)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Let builds into one folder change its manifest one after another.

    The folder itself is what is locked, so nothing is left behind. Where there are no such locks (Windows, some network
    folders), two builds that end in the same instant may still lose entries; what lost its entry is built again.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def source_hash(path: Path, uses: Iterable[str]) -> str | None:
    """Hash of a specification's text and of the catalogue's specifications that it uses; None where one is gone."""
    known = catalogue()
    texts = [read_source(path)]
    for name in sorted(uses):
        used = known.get(name) or path.with_name(f"{name}.yaml")
        if not used.is_file():
            return None
        texts += [name, read_source(used)]
    return digest(texts)


def output_path(folder: Path, name: str, back_end: str = REQUIRED) -> Path:
    """Where the kernels of a loss lie under an output folder."""
    return folder / back_end / f"{name}.py"


def is_fresh(entry: Entry | None, path: Path, folder: Path, name: str, generator: str) -> bool:
    """Whether the generated file of a specification is there, untouched, and made from what is there now."""
    if entry is None or entry.generator != generator or entry.source != source_hash(path, entry.uses):
        return False
    outputs = {REQUIRED: entry.output, **entry.further}
    if any(output_path(folder, name, back_end).is_file() for back_end in entry.without):
        return False
    return all(_holds(output_path(folder, name, back_end), expected) for back_end, expected in outputs.items())


def _holds(path: Path, expected: str) -> bool:
    return path.is_file() and digest([read_source(path)]) == expected
