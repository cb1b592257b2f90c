"""The elementary functions and helpers of a CUDA file.

The atoms' own sources serve the device as well. A few call the C library, whose place the device's own library takes,
and those that compute in float64 for both dtypes are left to it too, where it has them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache

from symloss.atoms.elementary import names, source
from symloss.emit.templates import template_folder
from symloss.errors import SymlossError

#: Functions of the device's library, by the name of the atom; their text for float32 stays in float32.
_LIBRARY = {"pow": "math.pow(x, p)", "lgamma": "math.lgamma(x)"}

#: Functions that neither the device's library nor an emitted text offers there.
_MISSING = {"digamma", "trigamma", "polygamma2"}


def functions(wanted: Iterable[str], dtype: str) -> list[str]:
    """The text of the wanted elementary functions and of all that they need, each after what it calls.

    Raises:
        SymlossError: the device has no such function.
    """
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in texts:
            return
        if name in _MISSING:
            raise SymlossError(f"the function {name} has no text for a GPU")
        entry = source(name, dtype)
        if name in _LIBRARY:
            arguments = "x, p" if name == "pow" else "x"
            texts[name] = (
                f'def {entry.name}({arguments}):\n    """By the device\'s library."""\n    return {_LIBRARY[name]}'
            )
        else:
            for needed in entry.needs:
                add(needed)
            texts[name] = entry.text.rstrip("\n")
        texts[name] = f"@_device\n{texts[name]}"

    for name in sorted(wanted):
        assert name in names()
        add(name)
    return list(texts.values())


def helpers(wanted: Iterable[str], dtype: str) -> list[str]:
    """The text of helpers for one dtype, with all that they call, in the order of the template."""
    known = _support()
    suffix = f"f{dtype[-2:]}"
    # A helper with numbers is written for float32; the few whose text for float64 differs are written twice.
    chosen: set[str] = set()
    pending = list(wanted)
    while pending:
        name = pending.pop()
        name = name if name in known else name.replace("_f64", "_f32")
        if name in known and name not in chosen:
            chosen.add(name)
            called = re.findall(r"\b_?[a-z]\w*", known[name])
            pending += [call if dtype == "float32" else call.replace("_f32", "_f64") for call in called]
    texts = [known[name] for name in known if name in chosen]
    return [text if dtype == "float32" else _exchanged(text, suffix) for text in texts]


def _exchanged(text: str, suffix: str) -> str:
    text = re.sub(r"(_|\b)f32\b", rf"\1{suffix}", text)
    return re.sub(r"\bnp\.float32\b", "np.float64", text).replace("LANES_F32", "LANES_F64")


@cache
def _support() -> dict[str, str]:
    """The helpers by name, as written in the templates folder."""
    text = (template_folder() / "numba_cuda_support.py").read_text(encoding="utf-8")
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "\n".join(text.split("\n")[first - 1 : node.end_lineno])
    return found
