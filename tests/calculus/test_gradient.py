import pytest

from symloss.calculus.reverse import gradient

from .checking import Comparison
from .programs import PROGRAMS


def real_tensors(program):
    return [name for name, tensor in program.tensors.items() if not tensor.domain.integer]


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradient_of_every_real_tensor(name):
    program, sizes = PROGRAMS[name]
    wrt = real_tensors(program)
    derived = gradient(program, wrt)
    comparison = Comparison(program, sizes)
    comparison.agree(derived, {f"grad {x}": comparison.unrolled.gradient(x) for x in wrt})
