"""How a function of each library is called for value and gradient, the way its users do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symloss.bench.records import Candidate, Peer


def torch_eager(
    peer: Peer, arrays: list[Any], positions: list[int], parameters: Mapping[str, float], threads: int, entry: str
) -> Candidate:
    """Forward and backward in eager mode."""
    import torch

    torch.set_num_threads(threads)
    return _torch(lambda *tensors: peer.call(*tensors, **parameters), peer.factor, arrays, positions)


def torch_compiled(
    peer: Peer, arrays: list[Any], positions: list[int], parameters: Mapping[str, float], threads: int, entry: str
) -> Candidate:
    """Forward and backward of the same function through torch.compile, for these very shapes."""
    import torch

    torch.set_num_threads(threads)
    torch._dynamo.reset()
    compiled = torch.compile(lambda *tensors: peer.call(*tensors, **parameters), dynamic=False)
    return _torch(compiled, peer.factor, arrays, positions)


def _torch(function: Callable[..., Any], factor: float, arrays: list[Any], positions: list[int]) -> Candidate:
    import torch

    tensors = [torch.from_numpy(array) for array in arrays]
    leaves = []
    for position in positions:
        tensors[position] = tensors[position].requires_grad_()
        leaves.append(tensors[position])

    def run() -> tuple[float, Sequence[Any]]:
        value = function(*tensors)
        return value.item(), torch.autograd.grad(value, leaves)

    def results() -> tuple[float, list[Any]]:
        value, gradients = run()
        return factor * value, [factor * gradient.numpy() for gradient in gradients]

    return Candidate(run, results)


def jax_jit(
    peer: Peer, arrays: list[Any], positions: list[int], parameters: Mapping[str, float], threads: int, entry: str
) -> Candidate:
    """jit(value_and_grad(…)), waited for. Labels are int32, as JAX has them by default."""
    import jax

    jax.config.update("jax_enable_x64", any(array.dtype == np.float64 for array in arrays))
    given = [jax.numpy.asarray(array.astype(np.int32) if array.dtype == np.int64 else array) for array in arrays]
    function = jax.jit(jax.value_and_grad(lambda *values: peer.call(*values, **parameters), argnums=tuple(positions)))

    def run() -> Any:
        return jax.block_until_ready(function(*given))

    def results() -> tuple[float, list[Any]]:
        value, gradients = run()
        return peer.factor * float(value), [peer.factor * np.asarray(gradient) for gradient in gradients]

    return Candidate(run, results)


def sklearn_loss(
    peer: Peer, arrays: list[Any], positions: list[int], parameters: Mapping[str, float], threads: int, entry: str
) -> Candidate:
    """The compiled losses inside scikit-learn, into buffers made once: per sample and undivided, as they are.

    Predictions of several classes are in the order that scikit-learn itself keeps them in, class by class.
    """
    (position,) = positions
    raw, target = arrays[position], arrays[1 - position]
    order: Any = "F" if raw.ndim == 2 else "C"
    raw, target = np.asarray(raw, order=order), target.astype(raw.dtype)
    judge = peer.call(raw, target, **parameters)
    first, second = np.empty_like(raw, order=order), np.empty_like(raw, order=order)
    values = np.empty(len(raw), raw.dtype)
    if entry == "grad_hess_diag":

        def both() -> Any:
            return judge.gradient_hessian(target, raw, None, first, second, n_threads=threads)

        def slopes() -> tuple[float, list[Any]]:
            both()
            return 0.0, [np.ascontiguousarray(peer.factor * first), np.ascontiguousarray(peer.factor * second)]

        return Candidate(both, slopes)

    def run() -> Any:
        return judge.loss_gradient(target, raw, None, values, first, n_threads=threads)

    def results() -> tuple[float, list[Any]]:
        run()
        mean = float(values.mean(dtype=np.float64))
        return peer.factor * mean, [np.ascontiguousarray(peer.factor * first / len(raw))]

    return Candidate(run, results)
