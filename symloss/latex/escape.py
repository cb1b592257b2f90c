"""Text from a specification (title, doc, reference) as inert LaTeX text."""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\`{}",
}

#: Characters that plain pdflatex has no glyph for in text, as mathematics or as what they look like.
_UNICODE = {
    **{
        letter: f"\\ensuremath{{\\{name}}}"
        for letter, name in {
            "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta",
            "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho",
            "σ": "sigma", "τ": "tau", "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta",
            "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "∂": "partial", "∇": "nabla", "∑": "sum", "∏": "prod",
            "∫": "int", "∞": "infty", "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx", "≡": "equiv", "∈": "in",
            "∉": "notin", "∀": "forall", "∃": "exists", "→": "to", "←": "leftarrow", "⇒": "Rightarrow", "×": "times",
            "·": "cdot", "±": "pm", "√": "surd", "‖": "Vert", "⟨": "langle", "⟩": "rangle", "∘": "circ", "⪰": "succeq",
            "⊆": "subseteq", "∩": "cap", "∪": "cup", "∅": "emptyset", "≪": "ll", "≫": "gg", "ℓ": "ell",
        }.items()
    },
    "½": r"\ensuremath{\frac{1}{2}}", "¼": r"\ensuremath{\frac{1}{4}}", "¬": r"\ensuremath{\neg}",
    "−": r"\ensuremath{-}", "–": "--", "—": "---", "‐": "-", "‑": "-", "’": "'", "‘": "`", "“": "``", "”": "''",
    "…": r"\ldots{}", "\u00a0": "~", "•": r"\textbullet{}", "°": r"\ensuremath{^\circ}",
    "²": r"\ensuremath{^2}", "³": r"\ensuremath{^3}", "¹": r"\ensuremath{^1}", "⁻": r"\ensuremath{^-}",
    "₀": r"\ensuremath{_0}", "₁": r"\ensuremath{_1}", "₂": r"\ensuremath{_2}",
    "ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "å": r"\aa{}",
    "Å": r"\AA{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "đ": "d", "ð": "d", "þ": "th",
}  # fmt: skip

#: Combining marks that plain LaTeX can set over any letter.
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "c", "\u0331": "b",
}  # fmt: skip

#: Characters that join with each other into another glyph.
_LIGATING = frozenset("-,'?!`\"")


def escape(text: object) -> str:
    r"""LaTeX that sets ``text`` as it reads; nothing in it can act: no command, group, comment or mathematics.

    White space, line ends included, becomes single blanks; letters with accents become accent commands; a character
    for which plain pdflatex has no glyph becomes its code point, ``U+4E2D``.
    """
    flat = re.sub(r"\s+", " ", str(text)).strip()
    pieces: list[str] = []
    before = ""
    for character in flat:
        # Two hyphens, two commas, ?` and !` would become other glyphs; the empty group keeps what was typed.
        if before in _LIGATING and character in _LIGATING:
            pieces.append("{}")
        before = character
        known = _SPECIAL.get(character) or _UNICODE.get(character)
        if known is not None:
            pieces.append(known)
        elif " " <= character <= "~":
            pieces.append(character)
        else:
            pieces.append(_decomposed(character))
    return "".join(pieces)


def _decomposed(character: str) -> str:
    """A letter with accents as accent commands; a compatibility character as its letters; otherwise the code point."""
    letters = unicodedata.normalize("NFKD", character)
    if letters.isascii() and letters.isprintable():
        return "".join(_SPECIAL.get(letter, letter) for letter in letters)
    base, marks = letters[0], letters[1:]
    if base.isascii() and base.isalpha() and marks and all(mark in _ACCENTS for mark in marks):
        text = base
        for mark in marks:
            text = f"\\{_ACCENTS[mark]}{{{text}}}"
        return text
    return f"U+{ord(character):04X}"
