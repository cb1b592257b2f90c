import pytest

from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.hessian import Refusal, hessian_diagonal
from symloss.calculus.reverse import gradient

from .checking import Comparison
from .programs import PROGRAMS

COUPLED = ("info_nce", "nt_xent", "batch_statistic")


def predictions(program):
    return [name for name, tensor in program.tensors.items() if tensor.role == "prediction"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_hessian_vector_product(name):
    program, sizes = PROGRAMS[name]
    wrt = predictions(program)
    product = hessian_vector_product(gradient(program, wrt), program)
    comparison = Comparison(program, sizes, seed=2)
    comparison.agree(product, {f"hvp {x}": comparison.unrolled.product(x) for x in wrt})


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in COUPLED])
def test_hessian_diagonal(name):
    program, sizes = PROGRAMS[name]
    wrt = predictions(program)
    diagonal = hessian_diagonal(gradient(program, wrt), program)
    comparison = Comparison(program, sizes, seed=3)
    comparison.agree(diagonal, {f"diag {x}": comparison.unrolled.diagonal(x) for x in wrt})


@pytest.mark.parametrize("name", COUPLED)
def test_a_deeper_nest_is_refused_by_a_sentence(name):
    program, _ = PROGRAMS[name]
    with pytest.raises(Refusal, match=r"deeper than .* Hessian-vector product \(hvp\)"):
        hessian_diagonal(gradient(program, predictions(program)), program)
