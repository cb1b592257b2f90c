"""From specifications to verified files: incremental builds, the check, verification, and the user's cache.

Nothing here imports SymPy until a specification has to be compiled, so that a build with nothing to do is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symloss.build.builder import Result, build
    from symloss.build.checking import Fault, check
    from symloss.build.user import compiled_module_path
    from symloss.build.verification import Report, verify

_HOME = {
    "Result": "builder",
    "build": "builder",
    "Fault": "checking",
    "check": "checking",
    "Report": "verification",
    "verify": "verification",
    "compiled_module_path": "user",
}

__all__ = ["Fault", "Report", "Result", "build", "check", "compiled_module_path", "verify"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'symloss.build' has no attribute {name!r}")
    return getattr(importlib.import_module(f"symloss.build.{_HOME[name]}"), name)
