"""A call whose arrays lie in device memory, from the caller's arguments to results of the caller's library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from types import ModuleType
from typing import Any

from symloss.errors import SymlossError
from symloss.runtime.cuda import gpu
from symloss.runtime.cuda.arrays import DeviceArray, check_dtype, device_array, on_device
from symloss.runtime.cuda.execution import Call, execute
from symloss.runtime.cuda.frameworks import framework_of
from symloss.runtime.cuda.library import cuda_module
from symloss.runtime.engine import Engine
from symloss.runtime.frame import Input
from symloss.runtime.layout import Layout, resolve
from symloss.runtime.options import check_reduction, checked_parameter, per_term, real_number, selected
from symloss.runtime.words import kind_of, listed

#: What a prediction may hold, and what is computed in.
_REALS = {"float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64"}


def call_on_device(
    loss: Any, entry: str, inputs: Sequence[Any], named: Mapping[str, Any], options: Mapping[str, Any]
) -> Any:
    """Run an entry point of a loss on arrays in device memory.

    Raises:
        SymlossError: there is no GPU, no toolkit, or no kernel for this loss; the message says what to do.
        TypeError: arrays on both sides, a dtype that would have to be converted, an unknown keyword.
        ValueError: a shape or a parameter that does not fit, several devices, an array that is not contiguous.
    """
    validate = options["validate"]
    if validate not in (None, True, False):
        raise TypeError(f"validate is {kind_of(validate)}, expected True or False")
    gpu.driver()
    if validate:
        validated_on_host(loss, inputs, named, options)
    if entry == "hessian":
        return diagonal_hessian(loss, inputs, named, options)
    return DeviceCall(loss._engine, cuda_module(loss), entry, options).run(inputs, named)


def validated_on_host(loss: Any, inputs: Sequence[Any], named: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Check the elements of the inputs by the CPU kernels, on a copy.

    Raises:
        ValueError: an element lies outside its domain, or a constraint does not hold.
    """
    weight, mask = (to_host(options[name]) for name in ("weight", "mask"))
    loss(
        *(to_host(value) for value in inputs),
        **{name: to_host(value) for name, value in named.items()},
        reduction="sum",
        weight=weight,
        mask=mask,
        ignore_index=options["ignore_index"],
        axis=options["axis"],
        validate=True,
    )


def to_host(value: Any) -> Any:
    """A copy in host memory of whatever lies on a device."""
    if isinstance(value, list | tuple):
        return tuple(map(to_host, value))
    if isinstance(value, Mapping):
        return {key: to_host(one) for key, one in value.items()}
    if not on_device(value):
        return value
    for way in ("cpu", "get", "copy_to_host"):
        if hasattr(value, way):
            copied = getattr(value.detach() if hasattr(value, "detach") else value, way)()
            return copied.numpy() if hasattr(copied, "numpy") else copied
    import numpy as np

    return np.asarray(value)


def diagonal_hessian(loss: Any, inputs: Sequence[Any], named: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """The Hessian blocks of an element-wise loss, which are its diagonal.

    Raises:
        SymlossError: a sample has more than one element.
    """
    engine = loss._engine
    if not engine.frame.elementwise or options["cross"] or "grad_hess_diag" not in engine.drivers:
        raise SymlossError(f"the Hessian of {loss.name} has no CUDA kernel; use hvp, or arrays in host memory")
    reduction = "sum" if options["reduction"] == "none" else options["reduction"]
    chosen = {**options, "reduction": reduction}
    return DeviceCall(engine, cuda_module(loss), "grad_hess_diag", chosen).run(inputs, named)[1]


class DeviceCall:
    """One entry point called with arrays in device memory."""

    def __init__(self, engine: Engine, module: ModuleType, entry: str, options: Mapping[str, Any]) -> None:
        self.engine, self.module, self.entry, self.options = engine, module, entry, options
        self.frame = engine.frame
        if entry not in module.PLANS:
            engine.offered(entry)
            reason = getattr(module, "WITHOUT", {}).get(entry, "its specification does not offer it")
            raise SymlossError(f"{self.frame.name} has no CUDA kernel for {entry}: {reason}")
        if self.frame.coupled and options.get("mask") is not None:
            raise SymlossError(f"{self.frame.name} takes no mask on a device, as its samples interact; pass those kept")
        self.plan = module.PLANS[entry]

    def run(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Launch everything; results are arrays of the caller's library, and nothing is awaited."""
        self.given, chosen = self.engine._bind(inputs, named)
        given = self.given
        arrays = self._inputs(given)
        numbers = self._numbers(chosen)
        if hasattr(self.module, "broken"):
            constraint = self.module.broken(self._sizes(), numbers)
            if constraint is not None:
                raise ValueError(f"{self.frame.name} needs {constraint}, which does not hold")
        default = "sum" if self.entry == "grad_hess_diag" else "mean"
        reduction = self.options.get("reduction", default)
        normalizer = check_reduction(self.frame, reduction, self.options.get("normalizer"), default)
        first = next(value for value in given if on_device(value))
        everything = [array for array in arrays if array is not None]
        terms = len(self.frame.terms)
        weights, masks = self._per_sample("weight", terms), self._per_sample("mask", terms)
        directions = self._directions()
        everything += [array for array in (*weights, *masks, *directions) if array is not None]
        device = one_device(everything)
        with gpu.current(device):
            machine = gpu.Gpu(self.module, device, framework_of(first), self.storage)
            names = self.plan["names"]
            known: dict[str, Any] = {}
            for entry, array, value in zip(self.frame.inputs, arrays, given, strict=True):
                if array is None:
                    number = float(str(entry.optional)) if value is None else real_number(value, entry.name)
                    array = machine.constant(number, self.storage)
                known[names.get(entry.name, entry.name)] = array
            outputs = self._outputs(machine)
            known |= dict(zip(self.plan["outputs"], (device_array(one, "out") for one in outputs), strict=True))
            known |= dict(zip(self.plan["directions"], directions, strict=True))
            keeps = reduction == "none" and self.entry in ("value", "value_and_grad")
            losses = [machine.framework.empty(batch, self.storage) for batch in self.layout.batches] if keeps else []
            value = execute(
                machine,
                self.module,
                Call(
                    self.entry,
                    self.computing,
                    known,
                    numbers,
                    self._sizes(),
                    weights,
                    masks,
                    [device_array(loss, "losses") for loss in losses] or [None] * terms,
                    "mean" if normalizer is not None else reduction,
                    normalizer,
                    self._ignored(),
                ),
            )
        if keeps:
            return self._shaped(losses[0] if terms == 1 else tuple(losses), outputs)
        return self._shaped(None if value is None else scalar(value.owner), outputs)

    # --- arguments -----------------------------------------------------------------------------------------------

    def _inputs(self, given: Sequence[Any]) -> list[DeviceArray | None]:
        """The inputs on the device; None for a coefficient that is absent or a number."""
        frame = self.frame
        arrays: list[DeviceArray | None] = []
        for entry, value in zip(frame.inputs, given, strict=True):
            number = entry.role == "coefficient" and isinstance(value, int | float) and not isinstance(value, bool)
            if (value is None and entry.optional is not None) or number:
                arrays.append(None)
                continue
            arrays.append(self._array(value, entry.name))
        first = arrays[frame.predictions[0]]
        assert first is not None
        if first.dtype not in _REALS:
            name = frame.inputs[frame.predictions[0]].name
            raise TypeError(f"{name} has dtype {first.dtype}, expected a float on a device")
        self.storage, self.computing = first.dtype, _REALS[first.dtype]
        for entry, array in zip(frame.inputs, arrays, strict=True):
            if array is not None:
                check_dtype(array, entry.kind, self.storage, entry.name)
        self.layout = self._layout(arrays)
        return arrays

    def _layout(self, arrays: Sequence[DeviceArray | None]) -> Layout:
        frame = self.frame

        def shape(entry: Input, array: DeviceArray | None) -> tuple[int, ...] | None:
            scalar = array is not None and not array.shape and entry.role == "coefficient" and entry.axes
            return None if array is None or scalar else array.shape

        shapes = [shape(entry, array) for entry, array in zip(frame.inputs, arrays, strict=True)]
        layout = resolve(frame, shapes, self.options.get("axis"))
        if any(layout.moved):
            raise ValueError(f"axis is {self.options['axis']!r}, but on a device the sample axis must be the last")
        for entry in frame.inputs:
            root = entry.domain["axis"] and frame.roots[entry.domain["axis"]]
            if entry.kind == "index" and root in layout.parts and not prod(layout.parts[root]):
                raise ValueError(f"axis {root} is empty, so that {entry.name} can name nothing")
        return layout

    def _array(self, value: Any, name: str) -> DeviceArray:
        if not on_device(value):
            raise TypeError(f"{name} ({kind_of(value)}) lies in host memory, but other arguments lie on a device")
        return device_array(value, name)

    def _per_sample(self, name: str, terms: int) -> list[DeviceArray | None]:
        """One weight or mask per term."""
        value = self.options.get(name)
        if value is None:
            return [None] * terms
        found: list[DeviceArray | None] = []
        for number, one in enumerate(per_term(self.frame, value, name)):
            if one is None:
                found.append(None)
                continue
            array = self._array(one, name)
            check_dtype(array, "boolean" if name == "mask" else "real", self.storage, name)
            if array.shape != self.layout.batches[number]:
                expected = self.layout.batches[number]
                raise ValueError(f"{name} has shape {array.shape}, expected {expected}, the shape of the batch")
            found.append(array)
        return found

    def _directions(self) -> list[DeviceArray]:
        if self.entry != "hvp":
            return []
        v, numbers = self.options.get("v"), self.frame.predictions
        entries = [v] if len(numbers) == 1 else v
        if not isinstance(entries, list | tuple) or len(entries) != len(numbers):
            names = listed(self.frame.inputs[number].name for number in numbers)
            raise TypeError(f"v is {kind_of(v)}, expected a tuple of {len(numbers)} arrays: {names}")
        found = []
        for number, one in zip(numbers, entries, strict=True):
            array = self._array(one, "v")
            check_dtype(array, "real", self.storage, "v")
            if array.shape != self.layout.given[number]:
                raise ValueError(f"v has shape {array.shape}, expected {self.layout.given[number]}")
            found.append(array)
        return found

    def _numbers(self, chosen: Mapping[str, Any]) -> dict[str, float]:
        import numpy as np

        found = {}
        for item in self.frame.parameters:
            value = chosen.get(item.name, item.default)
            found[self.plan["names"].get(item.name, item.name)] = checked_parameter(
                item, value, np.dtype(self.computing)
            )
        return found

    def _sizes(self) -> dict[str, int]:
        axes = self.plan["axes"]
        return {f"size_{axes.get(root, root)}": prod(part) for root, part in self.layout.parts.items()}

    def _ignored(self) -> int | None:
        index = self.options.get("ignore_index")
        if index is None:
            return None
        if self.frame.target is None:
            raise TypeError(f"{self.frame.name} takes no ignore_index: it has no target that is an index")
        if isinstance(index, bool) or not hasattr(index, "__index__"):
            raise TypeError(f"ignore_index is {index!r}, expected an integer")
        return int(index.__index__())

    # --- results -------------------------------------------------------------------------------------------------

    def _outputs(self, machine: gpu.Gpu) -> list[Any]:
        """Arrays of the caller's library for the results, or the caller's own."""
        layout, frame = self.layout, self.frame
        derivatives: dict[str, list[int | str]] = {
            "value": [],
            "value_and_grad": list(frame.gradients),
            "hvp": list(frame.predictions),
        }
        wanted = derivatives.get(self.entry, [*frame.predictions, *frame.predictions])
        shapes = [layout.given[number] if isinstance(number, int) else () for number in wanted]
        out = self.options.get("out")
        if out is None:
            return [machine.framework.empty(shape, self.storage) for shape in shapes]
        given = _flat(out)
        if len(given) != len(shapes):
            raise ValueError(f"out has {len(given)} arrays, expected {len(shapes)}")
        taken = list(self._read_spans())
        for one, shape, number in zip(given, shapes, wanted, strict=True):
            array = self._array(one, "out")
            check_dtype(array, "real", self.storage, "out")
            if array.shape != shape:
                raise ValueError(f"out has shape {array.shape}, expected {shape}")
            name = frame.inputs[number].name if isinstance(number, int) else number
            allowed = frame.in_place.get(self.entry, {}).get(name, frozenset())
            for other, span in taken:
                if _overlap(_span(array), span) and not (other in allowed and _span(array) == span):
                    raise ValueError(f"out shares memory with {other}, which is still read when it is written")
            taken.append(("another array of out", _span(array)))
        return given

    def _read_spans(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Name and memory of everything that is read."""
        read = list(zip((entry.name for entry in self.frame.inputs), self.given, strict=True))
        read += [(name, self.options.get(name)) for name in ("weight", "mask", "v")]
        for name, value in read:
            values = (
                value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else [value]
            )
            yield from ((name, _span(device_array(one, name))) for one in values if one is not None and on_device(one))

    def _shaped(self, value: Any, outputs: list[Any]) -> Any:
        """Results in the form that the entry point promises."""
        if self.entry == "value":
            return value
        if self.entry == "grad_hess_diag":
            half = len(outputs) // 2
            first, second = outputs[:half], outputs[half:]
            return (first[0], second[0]) if half == 1 else (tuple(first), tuple(second))
        if self.entry == "hvp":
            return outputs[0] if len(outputs) == 1 else tuple(outputs)
        wrt = self.options.get("wrt")
        chosen = range(len(self.frame.predictions)) if wrt is None else selected(self.frame, wrt)
        kept = [outputs[number] for number in chosen]
        return value, kept[0] if len(kept) == 1 and (wrt is None or isinstance(wrt, str)) else tuple(kept)


def _span(array: DeviceArray) -> tuple[int, int]:
    """Where the memory of an array begins and ends."""
    return array.pointer, array.pointer + array.size * array.itemsize


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _flat(out: Any) -> list[Any]:
    return [one for part in out for one in _flat(part)] if isinstance(out, list | tuple) else [out]


def scalar(array: Any) -> Any:
    """An array of one element without its axis, where its library can."""
    try:
        return array.reshape(())
    except Exception:  # Numba's device arrays have at least one axis
        return array


def one_device(arrays: Sequence[DeviceArray]) -> int:
    """The device that holds all arrays.

    Raises:
        ValueError: there is more than one.
    """
    found = sorted({device for device in map(gpu.device_of, arrays) if device is not None})
    if len(found) > 1:
        raise ValueError(f"arguments lie on devices {listed(map(str, found))}, expected one device")
    return found[0] if found else 0
