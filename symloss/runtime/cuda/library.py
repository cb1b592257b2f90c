"""The CUDA module of a loss: shipped, compiled for a user's specification, or beside a generated CPU module."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

from symloss.errors import SymlossError
from symloss.runtime.cuda.toolkit import require
from symloss.runtime.locations import data_folder
from symloss.runtime.modules import load_module

_modules: dict[str, ModuleType] = {}


def cuda_module(loss: Any) -> ModuleType:
    """The generated CUDA module of a loss.

    Raises:
        SymlossError: there are no CUDA kernels for it, or no toolkit.
    """
    key = f"{loss._source}\0{loss._file}"
    if key not in _modules:
        require("numba.cuda.dispatcher")
        path = _path(loss)
        if not path.is_file():
            raise SymlossError(f"{loss.name} has no CUDA kernels{_reason(loss.name)}; pass arrays in host memory")
        _modules[key] = load_module(path, f"symloss._cuda.{loss.name}_{len(_modules)}")
    return _modules[key]


def _path(loss: Any) -> Path:
    source, file = loss._source, loss._file
    if source is None:
        return Path(file).parent.with_name("cuda") / Path(file).name
    if not source.endswith((".yaml", ".yml")):
        return data_folder("generated", "cuda", f"{source}.py")
    # The compiler pulls in SymPy, which a shipped loss never needs.
    compiler = importlib.import_module("symloss.build.user")
    found: Path = compiler.compiled_module_path(Path(source), "cuda")
    return found


def _reason(name: str) -> str:
    """Why a shipped loss has none, as the manifest records it."""
    import json

    try:
        manifest = json.loads(data_folder("generated", "manifest.json").read_text(encoding="utf-8"))
        return f": {manifest['losses'][name]['without']['cuda']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
