"""Whether a derivation by hand is right: expressions against the loss, and each step against the one before."""

from symloss.verify.comparison import settle
from symloss.verify.outcome import Outcome, Step, Witness
from symloss.verify.question import KINDS, Quantity, Question, ask

__all__ = ["KINDS", "Outcome", "Quantity", "Question", "Step", "Witness", "ask", "settle"]
