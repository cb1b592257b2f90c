"""The independent path: programs run in mpmath, and textbook formulas unrolled and differentiated by SymPy.

It shares no code with the calculus that it checks.
"""

from symloss.oracle.interpreter import Interpreter, evaluate, evaluate_adaptively
from symloss.oracle.unrolled import Unrolled

__all__ = ["Interpreter", "Unrolled", "evaluate", "evaluate_adaptively"]
