"""From a template to the text of a function for one dtype.

A template is Python text in which

- ``$name`` is another elementary function (or the function itself, after ``def``),
- ``FLOAT``, ``INT`` and ``UINT`` are the floating type and the integer types of the same width,
- ``T(0.5)`` is a typed number, ``C(name)`` a typed constant of the tables,
- ``U(name)`` is an unsigned bit pattern of the tables, ``I(name)`` a signed one,
- ``OUT(y)`` rounds the result of a wide function, which computes in float64 for both dtypes,
- a line ``p = POLY(name, z)`` is a polynomial of the tables in z, by Horner's rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from symloss.atoms.elementary import exponential, gamma, logarithm, logistic, power, simple
from symloss.atoms.elementary.coefficients import POLYNOMIALS
from symloss.atoms.elementary.constants import CONSTANTS, PATTERNS
from symloss.atoms.elementary.template import Template

#: The line above every ``def``. Without forced inlining LLVM leaves the larger functions as calls, which no loop over
#: them can vectorise; Python's error model would test every divisor.
DECORATOR = '@numba.njit(error_model="numpy", fastmath={"contract"}, forceinline=True)'

#: The dtypes that functions exist for, with the suffix of their names.
DTYPES = {"float64": "f64", "float32": "f32"}

_TEMPLATES: dict[str, Template] = {}
for _module in (simple, exponential, logarithm, power, logistic, gamma):
    for _template in _module.TEMPLATES:
        if _template.name in _TEMPLATES:
            raise ValueError(f"the elementary function {_template.name!r} is defined twice")
        _TEMPLATES[_template.name] = _template


@dataclass(frozen=True)
class ElementarySource:
    """The text of one elementary function for one dtype.

    Attributes:
        name: what the function is called, for example ``_softplus_f32``.
        text: a complete ``def``, without a decorator.
        needs: the names, as `source` takes them, of the functions that it calls.
        ulps: a bound on the error in units in the last place, at every float, measured by the tests; docs/elementary.md
            has what is proved.
    """

    name: str
    text: str
    needs: tuple[str, ...]
    ulps: float


def names() -> tuple[str, ...]:
    """The name of every elementary function, helpers included."""
    return tuple(_TEMPLATES)


@cache
def source(name: str, dtype: str) -> ElementarySource:
    """The function ``name`` (`AtomRecord.name`) for ``dtype``.

    Raises:
        KeyError: there is no such function, or no such dtype.
    """
    template, suffix = _TEMPLATES[name], DTYPES[dtype]
    text = template.float32 if dtype == "float32" and template.float32 else template.text
    needs = dict.fromkeys(re.findall(r"\$(\w+)", text))
    needs.pop(name, None)
    text = re.sub(r"\$(\w+)", rf"_\1_{suffix}", text)
    text = re.sub(r"\bOUT\b", f"np.{dtype}", text)
    ulps = template.ulps[0 if dtype == "float64" else 1]
    text = _typed_text(text, "float64" if template.wide else dtype)
    return ElementarySource(f"_{name}_{suffix}", text.strip("\n") + "\n", tuple(needs), ulps)


def _typed_text(text: str, dtype: str) -> str:
    """Replace the markers of types, numbers and polynomials."""
    text = re.sub(r"^( *)(\w+) = POLY\((\w+), (\w+)\)$", lambda found: _horner(found, dtype), text, flags=re.MULTILINE)
    text = re.sub(r"\bC\((\w+)\)", lambda found: _number(CONSTANTS[dtype][found[1]], dtype), text)
    text = re.sub(r"\bU\((\w+)\)", lambda found: f"UINT({_pattern(PATTERNS[dtype][found[1]])})", text)
    text = re.sub(r"\bI\((\w+)\)", lambda found: f"INT({_pattern(PATTERNS[dtype][found[1]])})", text)
    text = re.sub(r"\bT\(([^()]+)\)", lambda found: _typed(found[1], dtype), text)
    width = "64" if dtype == "float64" else "32"
    for marker, kind in (("FLOAT", "float"), ("UINT", "uint"), ("INT", "int")):
        text = re.sub(rf"\b{marker}\b", f"np.{kind}{width}", text)
    return text


def compose(wanted: Iterable[str], dtype: str, decorator: str = DECORATOR) -> str:
    """The text of the wanted functions and of all that they need, each after what it calls.

    Args:
        wanted: names as `source` takes them; the order does not matter.
        dtype: "float64" or "float32".
        decorator: a line to put above every ``def``; empty for none.
    """
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in texts:
            return
        entry = source(name, dtype)
        for needed in entry.needs:
            add(needed)
        texts[name] = f"{decorator}\n{entry.text}" if decorator else entry.text

    for name in sorted(wanted):
        add(name)
    return "\n\n".join(texts.values())


def _pattern(value: int) -> str:
    return str(value) if value < 64 else f"0x{value:X}"


def _typed(literal: str, dtype: str) -> str:
    if literal in ("inf", "-inf", "nan"):
        value = f"-np.{literal[1:]}" if literal.startswith("-") else f"np.{literal}"
        return f"np.{dtype}({value})"
    return _number(float(literal), dtype)


def _number(value: float, dtype: str) -> str:
    text = repr(value).replace("e+", "e")
    return text if dtype == "float64" else f"np.float32({text})"


def _horner(found: re.Match[str], dtype: str) -> str:
    indent, target, name, variable = found.groups()
    *rest, leading = (_number(value, dtype) for value in POLYNOMIALS[dtype][name])
    lines = [f"{indent}{target} = {leading}"]
    lines += [f"{indent}{target} = {target} * {variable} + {value}" for value in reversed(rest)]
    return "\n".join(lines)
