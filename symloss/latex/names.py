"""Names of a program as mathematical symbols: ``mu1`` is \\mu_1, ``alpha_bar`` is \\bar{\\alpha}."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
        *("xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
    )
)
_SHORT = {"lam": r"\lambda", "eps": r"\varepsilon", "epsilon": r"\varepsilon"}
_ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde", "dot": r"\dot"}
_WIDE_ACCENTS = {"hat": r"\widehat", "bar": r"\overline", "tilde": r"\widetilde", "dot": r"\dot"}

#: What the calculus puts before a name for the derivative of the loss by it, its rate of change, a softmax weight.
_DERIVED = {"d": r"\overline", "grad": r"\overline", "tangent": r"\dot", "hvp": r"\dot", "weight": "w", "diag": "h"}


@dataclass(frozen=True)
class Symbol:
    """A symbol in parts, so that indices join the subscript instead of making a second one."""

    base: str
    sub: tuple[str, ...] = ()
    sup: str = ""

    def latex(self, index: tuple[str, ...] = ()) -> str:
        """The symbol with its indices; single letters and digits are run together, ``z_{nk}``."""
        running = ("" if all(len(part) == 1 for part in index) else ", ").join(index)
        parts = [*self.sub, *([running] if index else [])]
        text = self.base + (f"_{{{', '.join(parts)}}}" if parts else "")
        return text + (f"^{{{self.sup}}}" if self.sup else "")


class Names:
    """How names are set.

    Args:
        declared: the names that the specification gave; those that the compiler made from them, ``d_z`` or
            ``tangent_t1``, are recognised by not being among these. None where every name counts as given.
    """

    def __init__(self, declared: Collection[str] | None = None) -> None:
        """Prepare for one program."""
        self._declared = declared

    def symbol(self, name: str) -> Symbol:
        """The symbol of a tensor, parameter, axis or statement's target."""
        if name.startswith("_"):
            return self._compiler_symbol(name.lstrip("_"))
        head, _, rest = name.partition("_")
        if self._declared is not None and name not in self._declared and head in _DERIVED and rest.strip("_"):
            inner = self.symbol(rest.strip("_"))
            accent = _DERIVED[head]
            if accent.startswith("\\"):
                return Symbol(f"{accent}{{{inner.base}}}", inner.sub, inner.sup)
            return Symbol(accent, (inner.latex(),))
        return symbol(name.rstrip("_"))

    def _compiler_symbol(self, name: str) -> Symbol:
        """Seeds and directions."""
        head, _, rest = name.partition("_")
        if head == "seed":
            return Symbol(r"\overline{\ell}", (_upright(rest),) if rest else ())
        if head == "v" and rest:
            return Symbol("v", (), symbol(rest).latex())
        return symbol(name)


def symbol(name: str) -> Symbol:
    """The symbol of a name that a person chose."""
    if name == "value":
        return Symbol(r"\ell")
    words = name.split("_")
    if len(words) == 2 and words[1] in _ACCENTS:
        inner = symbol(words[0])
        accent = _ACCENTS[words[1]] if _is_letter(words[0]) else _WIDE_ACCENTS[words[1]]
        return Symbol(f"{accent}{{{inner.base}}}", inner.sub)
    match = re.fullmatch(r"([A-Za-z]+?)(\d*)", words[0])
    if match and _is_letter(match[1]):
        suffix = (_upright("_".join(words[1:])),) if len(words) > 1 else ()
        return Symbol(_letters(match[1]), (*([match[2]] if match[2] else []), *suffix))
    if match and match[2] and len(words) == 1:
        return Symbol(_letters(match[1]), (match[2],))
    return Symbol(_letters(name))


def _is_letter(word: str) -> bool:
    return len(word) == 1 or word in _GREEK or word in _SHORT


def _letters(word: str) -> str:
    if word in _SHORT:
        return _SHORT[word]
    if word in _GREEK:
        return f"\\{word}"
    return _upright(word)


def _upright(word: str) -> str:
    if len(word) == 1:
        return word
    escaped = word.replace("_", r"\_")
    return f"\\mathrm{{{escaped}}}"
