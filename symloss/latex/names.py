"""Names of a program as mathematical symbols: ``mu1`` is \\mu_1, ``alpha_bar`` is \\bar{\\alpha}."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
        *("xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
    )
)
_SHORT = {
    "lam": r"\lambda",
    "eps": r"\varepsilon",
    "epsilon": r"\varepsilon",
    "sig": r"\sigma",
}
_ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde", "dot": r"\dot"}
_WIDE_ACCENTS = {"hat": r"\widehat", "bar": r"\overline", "tilde": r"\widetilde", "dot": r"\dot"}

#: What the calculus calls its own tensors (architecture.md, "Derivations").
_SEED = r"\bar{\ell}"


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


def symbol(name: str) -> Symbol:
    """The mathematical symbol of a tensor, parameter, axis or statement's target."""
    if name == "value":
        return Symbol(r"\ell")
    if name.startswith("_"):
        return _compiler_symbol(name)
    words = name.split("_")
    if len(words) == 2 and words[1] in _ACCENTS:
        inner = symbol(words[0])
        accent = _ACCENTS[words[1]] if _is_letter(words[0]) else _WIDE_ACCENTS[words[1]]
        return Symbol(f"{accent}{{{inner.base}}}", inner.sub)
    if len(words) > 1 and _is_letter(words[0]):
        inner = symbol(words[0])
        return Symbol(inner.base, (*inner.sub, *(_upright("_".join(words[1:])),)), inner.sup)
    match = re.fullmatch(r"([A-Za-z]+)(\d+)", name)
    if match:
        inner = symbol(match[1])
        return Symbol(inner.base, (*inner.sub, match[2]), inner.sup)
    return Symbol(_letters(name))


def _is_letter(word: str) -> bool:
    return len(word) == 1 or word in _GREEK or word in _SHORT


def _letters(word: str) -> str:
    if word in _SHORT:
        return _SHORT[word]
    if word in _GREEK:
        return f"\\{word}" if word != "omicron" else "o"
    return word if len(word) == 1 else _upright(word)


def _upright(word: str) -> str:
    if len(word) == 1:
        return word
    escaped = word.replace("_", r"\_")
    return f"\\mathrm{{{escaped}}}"


def _compiler_symbol(name: str) -> Symbol:
    """Names with a leading underscore: seeds, directions, adjoints and tangents of other names."""
    body = name.lstrip("_")
    if body == "seed":
        return Symbol(_SEED)
    head, _, rest = body.partition("_")
    if head == "seed":
        return Symbol(_SEED, (_upright(rest),))
    if head == "v" and rest:
        return Symbol("v", (), symbol(rest).latex())
    if head in ("bar", "dot", "adjoint", "tangent") and rest:
        inner = symbol(rest.lstrip("_"))
        accent = r"\overline" if head in ("bar", "adjoint") else r"\dot"
        return Symbol(f"{accent}{{{inner.base}}}", inner.sub, inner.sup)
    return Symbol(_letters(body) if body.isalpha() else _upright(body))
