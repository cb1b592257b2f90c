"""Program to program: stable forms, gradients, Hessian-vector products, Hessian diagonals, and clean-up."""

from symloss.calculus.derivation import Derivation, derive, derive_all_gradients, predictions, real_tensors
from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.hessian import Refusal, deepest_nest, hessian_diagonal
from symloss.calculus.reverse import gradient, seed_name

__all__ = [
    "Derivation",
    "Refusal",
    "deepest_nest",
    "derive",
    "derive_all_gradients",
    "gradient",
    "hessian_diagonal",
    "hessian_vector_product",
    "predictions",
    "real_tensors",
    "seed_name",
]
