import pytest

from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.hessian import Refusal, hessian_diagonal
from symloss.calculus.reverse import gradient

from .checking import Comparison, close
from .programs import PROGRAMS

COUPLED = ("info_nce", "nt_xent", "batch_statistic")


def predictions(program):
    return [name for name, tensor in program.tensors.items() if tensor.role == "prediction"]


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "nt_xent")) for n in PROGRAMS])
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


@pytest.mark.parametrize("name", ["cross_entropy", "corners", "embedding", "kl_gaussian"])
def test_products_with_unit_directions_are_the_columns_of_the_hessian(name):
    program, sizes = PROGRAMS[name]
    names = predictions(program)
    product = hessian_vector_product(gradient(program, names), program)
    comparison = Comparison(program, sizes, seed=4)
    blocks = comparison.expected({f"{a} {b}": comparison.unrolled.block(a, b) for a in names for b in names})
    for column in names:
        for unit in list(comparison.unrolled.symbols[column])[:3]:
            for other in names:
                comparison.directions[other] = {
                    index: int((other, index) == (column, unit)) for index in comparison.unrolled.symbols[other]
                }
            got = comparison.derived(product, [f"hvp {row}" for row in names])
            for row in names:
                for index, value in got[f"hvp {row}"].items():
                    close(value, blocks[f"{row} {column}"][(*index, *unit)], f"{row}{index}, {column}{unit}")


def test_the_gradient_has_the_axes_of_its_input_and_the_value_keeps_its_statements():
    for program, _ in PROGRAMS.values():
        base = gradient(program, predictions(program))
        product = hessian_vector_product(base, program)
        for derived in (base, product):
            assert derived.statements[: len(program.statements)] == program.statements
            for key, target in derived.outputs.items():
                if key not in program.outputs:
                    assert derived.statement(target).out == program.tensors[key.split()[1]].axes, key
