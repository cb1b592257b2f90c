"""Calling an implementation in its framework, and its derivatives by the framework's own differentiation."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

#: Roots of modules and the framework that their functions take.
_BY_MODULE = {
    "torch": "torch",
    "torchvision": "torch",
    "pytorch_lightning": "torch",
    "kornia": "torch",
    "jax": "jax",
    "optax": "jax",
    "flax": "jax",
    "sklearn": "numpy",
    "numpy": "numpy",
    "scipy": "numpy",
    "xgboost": "numpy",
    "lightgbm": "numpy",
}


def frameworks_for(module: str, given: str | None) -> tuple[str, ...]:
    """The frameworks to try, in order."""
    if given:
        return (given,)
    root = module.partition(".")[0]
    if root == "keras":
        backend = importlib.import_module("keras").config.backend()
        return (backend,) if backend in ("torch", "jax", "numpy") else ("numpy",)
    if root in _BY_MODULE:
        return (_BY_MODULE[root],)
    loaded = importlib.import_module("sys").modules
    return ("numpy", *(name for name in ("torch", "jax") if name in loaded))


class Numpy:
    """Arrays go in as they are; there is no differentiation."""

    differentiates = False

    def put(self, arrays: Sequence[Any]) -> list[Any]:
        """The arguments."""
        return list(arrays)

    def get(self, value: Any) -> Any:
        """A result as an array of numbers.

        Raises:
            TypeError: it is none.
        """
        return _numbers(value)


class Torch:
    """torch tensors; derivatives by autograd."""

    differentiates = True

    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")

    def put(self, arrays: Sequence[Any]) -> list[Any]:
        """The arguments."""
        return [self.torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]

    def get(self, value: Any) -> Any:
        """A result as an array of numbers."""
        return _numbers(value.detach().numpy() if hasattr(value, "detach") else value)

    def derivatives(
        self, function: Callable[..., Any], arrays: Sequence[Any], wanted: Sequence[int], second: bool
    ) -> tuple[list[Any], list[Any] | None]:
        """Gradients and Hessian diagonals of the sum of the results with respect to some arguments."""
        torch = self.torch
        arguments = self.put(arrays)
        for position in wanted:
            arguments[position] = arguments[position].clone().requires_grad_(True)
        chosen = [arguments[position] for position in wanted]
        total = function(*arguments).sum()
        if not total.requires_grad:
            raise TypeError("its result does not depend on the prediction in a way that torch differentiates")
        slopes = torch.autograd.grad(total, chosen, create_graph=second, allow_unused=True)
        first = [
            np.zeros(c.shape, c.numpy(force=True).dtype) if s is None else self.get(s)
            for s, c in zip(slopes, chosen, strict=True)
        ]
        if not second:
            return first, None
        return first, [self._diagonal(slope, one) for slope, one in zip(slopes, chosen, strict=True)]

    def _diagonal(self, slope: Any, one: Any) -> Any:
        """Second derivatives element by element of a sample, for all samples at once."""
        found = np.zeros(tuple(one.shape), one.numpy(force=True).dtype)
        if slope is None or not slope.requires_grad:
            return found
        for index in np.ndindex(*tuple(one.shape[1:])):
            place = (slice(None), *index)
            (row,) = self.torch.autograd.grad(slope[place].sum(), one, retain_graph=True, allow_unused=True)
            found[place] = 0 if row is None else self.get(row)[place]
        return found


class Jax:
    """jax arrays in double precision where asked; derivatives by jax."""

    differentiates = True

    def __init__(self) -> None:
        self.jax = importlib.import_module("jax")
        self.jax.config.update("jax_enable_x64", True)

    def put(self, arrays: Sequence[Any]) -> list[Any]:
        """The arguments."""
        return [self.jax.numpy.asarray(array) for array in arrays]

    def get(self, value: Any) -> Any:
        """A result as an array of numbers."""
        return _numbers(value)

    def derivatives(
        self, function: Callable[..., Any], arrays: Sequence[Any], wanted: Sequence[int], second: bool
    ) -> tuple[list[Any], list[Any] | None]:
        """Gradients and Hessian diagonals of the sum of the results with respect to some arguments."""
        jax = self.jax
        arguments = self.put(arrays)
        gradient = jax.grad(lambda *values: jax.numpy.sum(function(*values)), argnums=tuple(wanted))
        first = [self.get(slope) for slope in gradient(*arguments)]
        if not second:
            return first, None
        found = []
        for number, position in enumerate(wanted):
            one = arguments[position]
            diagonal = np.zeros(one.shape, np.asarray(one).dtype)
            for index in np.ndindex(*one.shape[1:]):
                place = (slice(None), *index)
                direction = jax.numpy.zeros_like(one).at[place].set(1)

                def slope(value: Any, position: int = position, number: int = number) -> Any:
                    return gradient(*arguments[:position], value, *arguments[position + 1 :])[number]

                _, row = jax.jvp(slope, (one,), (direction,))
                diagonal[place] = np.asarray(row)[place]
            found.append(diagonal)
        return first, found


FRAMEWORKS: Mapping[str, Callable[[], Any]] = {"numpy": Numpy, "torch": Torch, "jax": Jax}


def _numbers(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        if array.dtype.name in ("bfloat16", "float16"):
            return array.astype(np.float32)
        raise TypeError(f"it returns {_kind(value)} where numbers are expected")
    return array


def _kind(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
