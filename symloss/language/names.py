"""Which names are taken, and what was probably meant by one that does not exist."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from difflib import get_close_matches

#: Words that the generated functions use for themselves.
RESERVED = frozenset(
    (
        "reduction",
        "weight",
        "mask",
        "normalizer",
        "ignore_index",
        "out",
        "wrt",
        "threads",
        "validate",
        "stream",
        "axis",
        "deterministic",
    )
)
#: The direction of a Hessian-vector product is a keyword, so it clashes with parameters and not with inputs, which
#: are positional: the two views of a contrastive loss are called u and v.
RESERVED_KEYWORDS = frozenset({"v"})
#: Functions that bind the axes in their bracket.
REDUCTIONS = ("sum", "mean", "max", "min", "logsumexp", "norm")
#: Functions that run along the axis in their bracket and leave it free.
NORMALISERS = ("softmax", "log_softmax", "cumsum", "sort", "rank")
#: What only claims may use.
CLAIM_FUNCTIONS = ("grad", "hess", "integral", "limit", "all", "any")
#: Words with a meaning of their own in expressions.
WORDS = ("size", "pi", "oo", "number", "value", "default", "is", "none", "every")

#: Well-known functions that are not in the language, with the feature that is missing.
MISSING = {
    "argmax": "the position of a maximum (argmax)",
    "argmin": "the position of a minimum (argmin)",
    "argsort": "a permutation as a value (argsort); sort[k](…) and rank[k](…) exist",
    "topk": "the k largest items (topk); sort[k](…) and rank[k](…) exist",
    "median": "the median along an axis; sort[k](…) exists",
    "det": "determinants of matrices",
    "inv": "inverses of matrices",
    "trace": "traces of matrices; write sum[i](a[n, i, i])",
    "eig": "eigenvalues",
    "svd": "singular values",
    "cholesky": "matrix factorisations",
    "conv": "convolutions",
    "fft": "Fourier transforms",
    "prod": "products along an axis; write exp(sum[k](log(x))) for positive x",
    "cumprod": "cumulative products; write exp(cumsum[k](log(x))) for positive x",
    "cummax": "cumulative maxima",
    "gamma": "the gamma function itself; write exp(lgamma(x))",
    "beta": "the beta function; write exp(lgamma(a) + lgamma(b) - lgamma(a + b))",
    "besselj": "Bessel functions",
    "bessely": "Bessel functions",
    "besseli": "Bessel functions",
    "besselk": "Bessel functions",
    "i0": "Bessel functions",
    "i0e": "Bessel functions",
    "iv": "Bessel functions",
    "zeta": "the zeta function",
    "erfc": "the complementary error function; write 1 - erf(x)",
    "erfinv": "the inverse error function",
    "ndtri": "the inverse normal distribution function",
    "lambertw": "the Lambert W function",
    "hyp2f1": "hypergeometric functions",
    "polygamma": "polygamma functions beyond digamma",
    "floor": "rounding of reals (floor)",
    "ceil": "rounding of reals (ceil)",
    "round": "rounding of reals (round)",
    "einsum": "einsum; write sum[k](a[n, k]*b[n, k])",
    "random": "random numbers",
    "randn": "random numbers",
}
#: What the same function is called elsewhere.
ELSEWHERE = {
    "ln": "log",
    "log10": "log(x)/log(10)",
    "relu": "max(0, x)",
    "maximum": "max",
    "minimum": "min",
    "clip": "clamp",
    "loggamma": "lgamma",
    "gammaln": "lgamma",
    "psi": "digamma",
    "arctan": "atan",
    "arccos": "acos",
    "arcsin": "asin",
    "tan": "sin(x)/cos(x)",
    "cosh": "(exp(x) + exp(-x))/2",
    "sinh": "(exp(x) - exp(-x))/2",
    "expit": "sigmoid",
    "square": "x**2",
    "pow": "**",
    "power": "**",
    "avg": "mean",
    "average": "mean",
    "lse": "logsumexp",
    "detach": "stop_gradient",
    "logsigmoid": "-softplus(-x)",
    "log_sigmoid": "-softplus(-x)",
    "l2norm": "norm",
    "infinity": "oo",
    "inf": "oo",
}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
MAX_NAME = 64


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint to append to a message, or nothing."""
    if name in ELSEWHERE:
        return f"; here it is written {ELSEWHERE[name]}"
    names = list(dict.fromkeys(known))
    lowered = {candidate.lower(): candidate for candidate in names}
    if name.lower() in lowered and lowered[name.lower()] != name:
        return f"; did you mean {lowered[name.lower()]}?"
    close = get_close_matches(name[:MAX_NAME], names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def fault_of_name(name: str, functions: Iterable[str], keyword_only: bool = False) -> str | None:
    """Why an axis, input, parameter or step may not have this name, or None."""
    if name.startswith("_"):
        return f"{name!r} starts with an underscore; such names are the compiler's own"
    if not _NAME.match(name) or len(name) > MAX_NAME:
        return f"{_shown(name)} is not a name: letters, digits and underscores, a letter first, at most {MAX_NAME}"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return f"{name!r} is a Python keyword"
    if name in RESERVED or (keyword_only and name in RESERVED_KEYWORDS):
        return f"{name!r} is reserved: it is an argument of every generated function"
    if name in (*functions, *REDUCTIONS, *NORMALISERS, *CLAIM_FUNCTIONS, *WORDS):
        return f"{name!r} has a meaning in the language already"
    return None


def _shown(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:37] + "...")
