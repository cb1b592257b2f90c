"""Losses by name or by the path of a specification."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from symloss.errors import SymlossError
from symloss.runtime.locations import generated_folder, shipped_names
from symloss.runtime.loss import Loss
from symloss.runtime.modules import load_module
from symloss.runtime.words import suggestion

_loaded: dict[str, Loss] = {}


def list_losses() -> list[str]:
    """The names of the shipped losses, sorted."""
    return shipped_names()


def load(name_or_path: str | os.PathLike[str]) -> Loss:
    """A loss: a shipped one by its name, or one's own by the path of its specification.

    A path is whatever ends in ``.yaml`` or ``.yml``, holds a path separator or is an ``os.PathLike``. A specification
    is compiled on first use and kept in the user's cache folder.

    Raises:
        SymlossError: there is no such loss or no such file.
        SpecError: the specification has a fault.
        TypeError: the argument is neither a string nor a path.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise TypeError(f"load expects the name of a loss or a path, not {type(name_or_path).__name__}")
    text = os.fspath(name_or_path)
    if isinstance(text, bytes):
        raise TypeError("load expects the name of a loss or a path, not bytes")
    if not isinstance(name_or_path, str) or _is_path(text):
        return _load_spec(Path(text))
    known = _loaded.get(text)
    if known is not None:
        return known
    path = generated_folder() / f"{text}.py"
    if not text.isidentifier() or text.startswith("_") or not path.is_file():
        hint = suggestion(text, shipped_names()) or "; symloss.list_losses() names those there are"
        raise SymlossError(f"unknown loss {text!r}{hint}")
    loss = Loss(load_module(path, f"symloss._generated.{text}"), text)
    return _loaded.setdefault(text, loss)


def _is_path(text: str) -> bool:
    return text.endswith((".yaml", ".yml")) or os.sep in text or (os.altsep is not None and os.altsep in text)


def _load_spec(path: Path) -> Loss:
    if not path.is_file():
        raise SymlossError(f"no specification at {path}")
    # The compiler pulls in SymPy, which a shipped loss never needs.
    compiler = importlib.import_module("symloss.build.user")
    return load_generated(compiler.compiled_module_path(path), str(path.resolve()))


def load_generated(path: str | os.PathLike[str], source: str | None = None) -> Loss:
    """The loss in one generated file, wherever it lies.

    Args:
        path: the generated CPU module.
        source: what `load` would find it by again when the loss is unpickled; by default the file itself.
    """
    file = Path(path).resolve()
    loss = Loss(load_module(file, _module_name(file)), source, None if source else str(file))
    return _loaded.setdefault(f"{file}\0{source}", loss)


def _module_name(file: Path) -> str:
    """One name per file, however it is loaded: machine code that was cached under another name cannot be loaded."""
    from hashlib import sha256

    if file.parent == generated_folder().resolve():
        return f"symloss._generated.{file.stem}"
    return f"symloss._generated_{sha256(str(file).encode()).hexdigest()[:16]}.{file.stem}"
