"""The CUDA toolkit as symloss uses it, and what to install where a part of it is missing."""

from __future__ import annotations

import importlib
from typing import Any

from symloss.errors import SymlossError

_INSTALL = "install symloss[cuda12] or symloss[cuda13], whichever matches the driver"


def require(name: str) -> Any:
    """A module of Numba-CUDA or of the CUDA bindings.

    Raises:
        SymlossError: it is not installed, or its toolkit is not; the message says what to install.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SymlossError(f"CUDA kernels need {error.name or name}, which is not installed; {_INSTALL}") from None
    except Exception as error:  # a toolkit library that is not there raises an error of its own
        message = str(error).strip().split("\n")[0]
        raise SymlossError(f"the CUDA toolkit cannot be loaded ({message}); {_INSTALL}") from None
