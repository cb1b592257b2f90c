"""Re-checks evidence without the engines that made it.

What it shares with them is the reading of a claim (`symloss.proof.formulation`, `problems`, `derivatives`) and SymPy's
representation of terms. Everything that decides is its own: evaluation, enclosures, bounds, the table of composition
rules, the table of steps.
"""

from symloss.proof.recheck.files import Rechecked, recheck_facts, recheck_file
from symloss.proof.recheck.outcome import WORDS, Outcome

__all__ = ["WORDS", "Outcome", "Rechecked", "recheck_facts", "recheck_file"]
