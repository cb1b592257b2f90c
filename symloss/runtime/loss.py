"""`Loss`: a compiled loss as its user holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from symloss.runtime.arrays import Array
from symloss.runtime.describe import documentation, signature, summary
from symloss.runtime.engine import SHARED_OPTIONS, Engine, Options, buffers, finish
from symloss.runtime.hessian import hessian_blocks
from symloss.runtime.options import selected


class Loss:
    """A loss function with its gradient, Hessian diagonal and Hessian-vector product.

    The inputs of the formula come in declared order or by name, the parameters by name:
    ``huber(pred, target, delta=1.5)``. Arrays are anything that NumPy can read. The batch comes first and the declared
    sample axes last; an element-wise loss takes any shape. Results have the shape and dtype of the prediction.
    Arrays in the memory of an NVIDIA GPU (of PyTorch, CuPy, Numba and others) stay there: the CUDA kernels run on the
    caller's stream, and results are arrays of the caller's library.

    Options of every call:
        reduction: "mean" (over the weights), "sum" or "none" (one value per sample; derivatives undivided).
        weight: one real number per sample, in the shape of the batch; with several terms one array per term.
        mask: one boolean per sample, True where it counts; with several terms one array per term.
        normalizer: a positive number that the sum is divided by, instead of the total weight.
        ignore_index: samples with this label do not count (where the target is an index).
        axis: where the sample axis sits, if it is not last (1 for channels-first images).
        validate: whether elements are checked against their domains, in the kernel's own pass; by default they are.
            Labels always are. On a device elements are not checked by default, and a label that names nothing makes
            its results NaN; ``validate=True`` copies the inputs to the host, checks them there, and so waits.
        threads: how many threads may work; SYMLOSS_NUM_THREADS or the processors there are by default.
        deterministic: the bits of a result do not depend on the number of threads; those of a matrix product (where
            samples are compared with each other) do depend on the BLAS that NumPy uses, and on its threads. True takes
            a product of our own, which adds in a fixed order and is slower. Where there is no product, and on a
            device, nothing changes.

    Raises:
        ValueError: a shape, a parameter or an element outside what the loss declares; the message names it.
        TypeError: an argument of the wrong type or dtype, an unknown keyword, arrays on a device and on the host.
        SymlossError: arrays on a device, and no CUDA kernels, GPU or toolkit.
    """

    def __init__(self, module: ModuleType, source: str | None = None, file: str | None = None) -> None:
        """Wrap a generated module; `symloss.load` does it.

        Args:
            module: a generated module with META and DRIVERS.
            source: the name or path that `symloss.load` finds the loss by.
            file: the generated file, where it was loaded by its own path.
        """
        self._engine = engine = Engine(module.META, module.DRIVERS)
        self._source, self._file = source, file
        self._default_gradients = list(range(len(engine.frame.predictions)))
        self.__name__ = engine.frame.name
        self.__doc__ = documentation(engine.meta, engine.frame)

    @property
    def name(self) -> str:
        """The name of the loss."""
        return self._engine.frame.name

    @property
    def title(self) -> str:
        """The title of the loss."""
        return str(self._engine.meta["title"])

    @property
    def formula(self) -> str:
        """The formula as its specification gives it."""
        return str(self._engine.meta["formula"])

    @property
    def meta(self) -> Mapping[str, Any]:
        """What the generated module declares: inputs, parameters, terms, entry points."""
        return self._engine.meta

    def __repr__(self) -> str:
        """Formula, inputs with shapes and domains, parameters with defaults."""
        return summary(self._engine.meta, self._engine.frame)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the name or path that the loss is loaded by."""
        from symloss.runtime import library

        if self._source is not None:
            return library.load, (self._source,)
        return library.load_generated, (self._file,)

    def _on_device(
        self, entry: str, inputs: tuple[Any, ...], named: Mapping[str, Any], options: Options, **more: Any
    ) -> Any:
        """A call with arrays in device memory; ``more`` are the options of this entry point alone."""
        from symloss.runtime.cuda.calling import call_on_device

        return call_on_device(self, entry, inputs, named, {**dict(zip(SHARED_OPTIONS, options, strict=True)), **more})

    def __getattr__(self, name: str) -> Any:
        """The signature, made when it is asked for."""
        if name == "__signature__" and "_engine" in self.__dict__:
            return signature(self._engine.frame)
        raise AttributeError(f"'Loss' object has no attribute {name!r}")

    def __call__(
        self,
        *inputs: Any,
        reduction: str = "mean",
        weight: Any = None,
        mask: Any = None,
        normalizer: float | None = None,
        ignore_index: int | None = None,
        validate: bool | None = None,
        threads: int | None = None,
        axis: int | None = None,
        deterministic: bool = False,
        **named: Any,
    ) -> Any:
        """The value of the loss. Inputs in declared order; parameters by name; options as in `Loss`.

        Returns:
            A float; with ``reduction="none"`` an array of the shape of the batch (a tuple of one per term if several).
        """
        engine = self._engine
        options = reduction, weight, mask, normalizer, ignore_index, validate, axis
        call = engine.begin(inputs, named, options, threads, deterministic)
        if call is None:
            return self._on_device("value", inputs, named, options)
        if reduction == "none":
            engine.per_sample(call)
        return engine.value(call, engine.launch("value", call))

    def value_and_grad(
        self,
        *inputs: Any,
        wrt: str | tuple[str, ...] | None = None,
        out: Any = None,
        reduction: str = "mean",
        weight: Any = None,
        mask: Any = None,
        normalizer: float | None = None,
        ignore_index: int | None = None,
        validate: bool | None = None,
        threads: int | None = None,
        axis: int | None = None,
        deterministic: bool = False,
        **named: Any,
    ) -> tuple[Any, Any]:
        """The value and its gradient, in one pass. Other options as in `Loss`.

        Args:
            *inputs: the inputs of the formula, in declared order.
            wrt: what to differentiate by: a name gives an array, a tuple of names a tuple in that order; by default
                every prediction.
            out: the array, or tuple of arrays, to write the gradient into.
            reduction: "mean", "sum" or "none".
            weight: per sample.
            mask: per sample, True where it counts.
            normalizer: what the sum is divided by.
            ignore_index: a label that does not count.
            validate: whether to check elements.
            threads: how many may work.
            axis: where the sample axis sits.
            deterministic: whether matrix products add in a fixed order too.
            **named: inputs and parameters by name.

        Returns:
            The value as from a call, and the gradient of the reduced value (with "none": of the sum) as an array in the
            shape and dtype of the prediction, or a tuple of them if there are several predictions.
        """
        engine = self._engine
        options = reduction, weight, mask, normalizer, ignore_index, validate, axis
        call = engine.begin(inputs, named, options, threads, deterministic)
        if call is None:
            return self._on_device("value_and_grad", inputs, named, options, wrt=wrt, out=out)
        if reduction == "none":
            engine.per_sample(call)
        chosen = self._default_gradients if wrt is None else selected(engine.frame, wrt)
        specs = call.layout.results["value_and_grad"]
        targets = None if out is None else engine.targets("value_and_grad", call, out, chosen, weight, mask)
        outputs, results = buffers(engine.frame, specs, targets, call.layout)
        value = engine.value(call, engine.launch("value_and_grad", call, outputs))
        finish(specs, call.layout, outputs, results)
        if out is not None:
            return value, out
        if len(chosen) == 1 and (wrt is None or isinstance(wrt, str)):
            return value, results[chosen[0]]
        return value, tuple([results[number] for number in chosen])

    def grad_hess_diag(
        self,
        *inputs: Any,
        out: Any = None,
        reduction: str = "sum",
        weight: Any = None,
        mask: Any = None,
        normalizer: float | None = None,
        ignore_index: int | None = None,
        validate: bool | None = None,
        threads: int | None = None,
        axis: int | None = None,
        deterministic: bool = False,
        **named: Any,
    ) -> tuple[Any, Any]:
        """Gradient and diagonal of the Hessian; per sample and undivided, which gradient boosting expects, by default.

        Options as in `Loss`, except that the default reduction is "sum". ``out`` is (gradient, diagonal), each a tuple
        if there are several predictions.

        Returns:
            (gradient, diagonal), each shaped like the prediction, or a tuple of arrays if there are several
            predictions.

        Raises:
            SymlossError: the diagonal costs more than the gradient; the message names the Hessian-vector product.
        """
        engine = self._engine
        engine.offered("grad_hess_diag")
        options = reduction, weight, mask, normalizer, ignore_index, validate, axis
        call = engine.begin(inputs, named, options, threads, deterministic, "sum")
        if call is None:
            return self._on_device("grad_hess_diag", inputs, named, options, out=out)
        specs = call.layout.results["grad_hess_diag"]
        count = len(specs) // 2
        targets = None
        if out is not None:
            arrays = _flattened(out, count)
            targets = engine.targets("grad_hess_diag", call, arrays, range(2 * count), weight, mask)
        outputs, results = buffers(engine.frame, specs, targets, call.layout)
        engine.launch("grad_hess_diag", call, outputs)
        finish(specs, call.layout, outputs, results)
        if out is not None:
            return out[0], out[1]
        if count == 1:
            return results[0], results[1]
        return tuple(results[:count]), tuple(results[count:])

    def hvp(
        self,
        *inputs: Any,
        v: Any,
        out: Any = None,
        reduction: str = "mean",
        weight: Any = None,
        mask: Any = None,
        normalizer: float | None = None,
        ignore_index: int | None = None,
        validate: bool | None = None,
        threads: int | None = None,
        axis: int | None = None,
        deterministic: bool = False,
        **named: Any,
    ) -> Any:
        """The Hessian of the reduced value times a direction, cross terms between predictions included.

        Options as in `Loss`. ``v`` is the direction, shaped like the prediction, or a tuple of one per prediction if
        there are several; ``out`` the array, or tuple of arrays, to write the product into.

        Returns:
            An array shaped like the prediction, or a tuple of arrays if there are several predictions.
        """
        engine = self._engine
        engine.offered("hvp")
        options = reduction, weight, mask, normalizer, ignore_index, validate, axis
        call = engine.begin(inputs, named, options, threads, deterministic)
        if call is None:
            return self._on_device("hvp", inputs, named, options, out=out, v=v)
        given, directions = engine.directions(call, v)
        specs = call.layout.results["hvp"]
        targets = None
        if out is not None:
            targets = engine.targets("hvp", call, out, range(len(specs)), weight, mask, given)
        outputs, results = buffers(engine.frame, specs, targets, call.layout)
        engine.launch("hvp", call, outputs, directions)
        finish(specs, call.layout, outputs, results)
        if out is not None:
            return out
        return results[0] if len(results) == 1 else tuple(results)

    def hessian(
        self,
        *inputs: Any,
        cross: bool = False,
        reduction: str = "mean",
        weight: Any = None,
        mask: Any = None,
        normalizer: float | None = None,
        ignore_index: int | None = None,
        validate: bool | None = None,
        threads: int | None = None,
        axis: int | None = None,
        deterministic: bool = False,
        **named: Any,
    ) -> Any:
        """The Hessian block of each sample, of shape batch + (d, d) with d the number of its elements, at most 512.

        An element-wise loss has one element per sample: its block is the diagonal, shaped like the prediction. Options
        as in `Loss`; "mean" divides the blocks as it divides the gradient. ``cross`` asks for the blocks between
        different predictions too, as a tuple of rows.

        Returns:
            The block of the prediction, or a tuple of one per prediction; with ``cross=True`` a tuple of tuples.

        Raises:
            SymlossError: samples interact, so that there is no block of one sample.
            ValueError: a sample has more than 512 elements, or predictions have batches of their own (with ``cross``).
        """
        engine = self._engine
        engine.offered("hvp")
        if reduction == "none":
            reduction = "sum"
        options = reduction, weight, mask, normalizer, ignore_index, validate, axis
        call = engine.begin(inputs, named, options, threads, deterministic)
        if call is None:
            return self._on_device("hessian", inputs, named, options, cross=cross)

        def product(directions: Sequence[Array], outputs: Sequence[Array]) -> None:
            engine.launch("hvp", call, outputs, directions)

        return hessian_blocks(engine.frame, call.layout, product, bool(cross))


def _flattened(out: Any, count: int) -> list[Any]:
    """The arrays of (gradient, diagonal) in one list."""
    if not isinstance(out, list | tuple) or len(out) != 2:
        raise TypeError("out is not a pair, expected (gradient, diagonal)")
    if count == 1:
        return list(out)
    if not all(isinstance(half, list | tuple) and len(half) == count for half in out):
        raise TypeError(f"out is not a pair of tuples of {count} arrays, expected (gradients, diagonals)")
    return [*out[0], *out[1]]
