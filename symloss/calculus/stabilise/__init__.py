"""Lowers a textbook program to numerically stable atoms before anything is differentiated.

Each rule is a small function in the file of its theme; `table.RULES` lists them in the order in which they are tried.
"""

from symloss.calculus.stabilise.driver import stabilise
from symloss.calculus.stabilise.rule import Rule
from symloss.calculus.stabilise.table import RULES

__all__ = ["RULES", "Rule", "stabilise"]
