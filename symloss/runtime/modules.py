"""Importing a generated module by its path."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from pathlib import Path
from types import ModuleType

from symloss.errors import SymlossError
from symloss.runtime.machine_code import forgive_damage

_lock = threading.RLock()


def _after_fork() -> None:
    """A thread that the child does not have may have held the lock."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def load_module(path: Path, name: str) -> ModuleType:
    """The generated module at ``path``, imported once under ``name``.

    Numba finds a cached kernel's globals again through ``sys.modules``, so the name must be the same in every process.
    Where to keep machine code is Numba's choice: NUMBA_CACHE_DIR, beside the file, or the user's cache folder; where
    none can be written, the generated file compiles without a cache. What is damaged there is compiled again.

    Raises:
        SymlossError: the file is missing or is not a generated module.
    """
    with _lock:
        known = sys.modules.get(name)
        if known is not None and known.__file__ == str(path):
            return known
        if not path.is_file():
            raise SymlossError(f"the generated module {path} is missing; `symloss build` writes it")
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise SymlossError(f"{path} cannot be imported as a Python module")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        if not hasattr(module, "META") or not (hasattr(module, "DRIVERS") or hasattr(module, "KERNELS")):
            del sys.modules[name]
            raise SymlossError(f"{path} is not a module that symloss generated: META or DRIVERS is missing")
        forgive_damage(module)
        return module
