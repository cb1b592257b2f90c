"""Limits of closed terms, with a trace that can be replayed."""

from symloss.proof.limits.dominance import NoLimitError
from symloss.proof.limits.rules import Limits
from symloss.proof.limits.trace import Line, SplitError

__all__ = ["Limits", "Line", "NoLimitError", "SplitError"]
