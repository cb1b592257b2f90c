"""Faults planted in the calculus are found by the comparison with the oracle.

Each runs in a process of its own: SymPy keeps derivatives in a global cache.
"""

import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = {
    "none": ("", "huber"),
    "weight of a logsumexp": ("Extension.weight = lambda self, statement: sympy.S.One", "cross_entropy"),
    "guard of a reduction": (
        "keep = reverse.split_sum\n"
        "reverse.split_sum = lambda e, total: keep(e, reduction.Sum(total.body, total.over, sympy.S.One))",
        "listnet",
    ),
    "sign of a slope": ("scalar._OWN_SLOPES[sympy.cos] = sympy.sin", "chained"),
    "factor of a power": ("scalar._power_slope = lambda base, exponent, place: base ** (exponent - 1)", "dice"),
    "slope of an atom": ("atoms.Softplus.fdiff = lambda self, argindex=1: atoms.Sigmoid(-self.args[0])", "chained"),
    "range of a shifted index": ("reduction._range = lambda *ignored: ()", "cumulative"),
    "index of a gather": ("reverse.Equal = lambda a, b: sympy.S.One", "embedding"),
    "product rule": (
        "keep = scalar.times\nscalar.times = lambda *f, **o: keep(*f[:2], **o)",
        "dice",
    ),
    "merging of unlike statements": ("simplify._canonical = lambda program, s: (s.operation, len(s.out))", "chained"),
    "term of a sum": ("algebra._complements = lambda e, exponent: sympy.Add(*e.args[1:])", "bce"),
}

SCRIPT = """
import sympy
from symloss import atoms
from symloss.calculus import algebra, reduction, reverse, scalar, simplify
from symloss.calculus.extension import Extension
{fault}
from symloss.calculus.reverse import gradient
from tests.calculus.checking import Comparison
from tests.calculus.programs import PROGRAMS
program, sizes = PROGRAMS[{name!r}]
wrt = [tensor.name for tensor in program.tensors.values() if tensor.role == "prediction"]
comparison = Comparison(program, sizes)
try:
    comparison.agree(gradient(program, wrt), {{f"grad {{x}}": comparison.unrolled.gradient(x) for x in wrt}})
    print("agrees")
except Exception as fault:
    print("differs", type(fault).__name__)
"""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault):
    text, name = FAULTS[fault]
    script = SCRIPT.format(fault=text, name=name)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.startswith("agrees" if fault == "none" else "differs")
