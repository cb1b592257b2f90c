"""Helpers that Numba knows as functions of its own, made from the text that generated files get a copy of."""

import numba
import numba.extending
import numpy as np

from symloss.emit.numba_cpu.module import support_functions


def built_in(name):
    """The helper, with its type and its code."""
    space = {"numba": numba, "np": np}
    for part in (name, f"_type_of{name}", f"_code_of{name}"):
        exec(support_functions()[part], space)
    return space[name]
