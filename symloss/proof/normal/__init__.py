"""A normal form of closed terms for every size: a sum of products, with finite sums split, shifted and contracted.

Two terms with the same normal form are equal wherever both are defined and finite; different ones may be equal as
well. What each rewriting needs (a positive base, an index of the axis) is asked of the facts. Brackets select: beside
a bracket that is 0 nothing has an influence, so that a bracket may move but is expanded only beside defined terms.
"""

from symloss.proof.normal.form import Normal
from symloss.proof.polynomials import NoNormalFormError

__all__ = ["NoNormalFormError", "Normal"]
