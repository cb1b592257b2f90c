"""From the arguments of a call, which are checked once per signature, to its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import prod
from types import ModuleType
from typing import Any

from symloss.errors import SymlossError
from symloss.runtime.cuda import gpu
from symloss.runtime.cuda.arrays import DeviceArray, check_dtype, device_array, flat, on_device
from symloss.runtime.cuda.execution import Call, execute
from symloss.runtime.cuda.frameworks import framework_of
from symloss.runtime.cuda.library import cuda_module
from symloss.runtime.cuda.plan import Apart, Place, Plan, Recorder
from symloss.runtime.cuda.signatures import signature
from symloss.runtime.engine import Engine
from symloss.runtime.frame import Input
from symloss.runtime.layout import Layout, resolve
from symloss.runtime.options import check_reduction, checked_parameter, per_term, real_number, selected
from symloss.runtime.words import kind_of, listed

#: What a prediction may hold, and what is computed in.
_REALS = {"float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64"}

#: Plans remembered per loss. A training loop needs a handful; the bound only stops endless growth.
_MOST_PLANS = 256


def planned(loss: Any, entry: str, inputs: Sequence[Any], named: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """Run the plan of a call, made if no call of its signature came before."""
    engine: Engine = loss._engine
    chosen = named
    if named or len(inputs) != len(engine.frame.inputs):
        inputs, chosen = engine._bind(inputs, named)
    gpu.driver()
    key, pointers = signature(entry, engine.terms, inputs, chosen, options)
    out = options.get("out")
    plan: Plan | None = engine.plans.get(key) if key is not None else None
    if plan is None:
        made = DeviceCall(engine, cuda_module(loss), entry, options)
        plan, found = made.planned(inputs, chosen)
        # Unless the two readings of the arguments agree on where every array lies, the plan serves this call alone.
        if key is not None and found == pointers:
            if len(engine.plans) >= _MOST_PLANS:
                engine.plans.clear()
            engine.plans[key] = plan
            engine.device_types = {*engine.device_types, type(inputs[0])}
        pointers = found
    return plan.run(pointers, None if out is None else flat(out))


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
        self.arrays: list[DeviceArray] = []  # all arguments that are arrays, in the order of a signature
        self.names: list[str] = []

    def planned(self, given: Sequence[Any], chosen: Mapping[str, Any]) -> tuple[Plan, list[int]]:
        """Check everything and note all launches; the plan, and where the arrays of this call lie."""
        arrays = self.read(given)
        numbers = self._numbers(chosen)
        if hasattr(self.module, "broken"):
            constraint = self.module.broken(self._sizes(), numbers)
            if constraint is not None:
                raise ValueError(f"{self.frame.name} needs {constraint}, which does not hold")
        default = "sum" if self.entry == "grad_hess_diag" else "mean"
        reduction = self.options.get("reduction", default)
        normalizer = check_reduction(self.frame, reduction, self.options.get("normalizer"), default)
        first = next(value for value in given if on_device(value))
        terms = len(self.frame.terms)
        weights, masks = self._per_sample("weight", terms), self._per_sample("mask", terms)
        directions = self._directions()
        apart, results, out = self._outputs()
        device = one_device(self.arrays)
        with gpu.current(device):
            machine = Recorder(self.module, device, self.storage)
            names = self.plan["names"]
            known: dict[str, Any] = {}
            for entry, array, value in zip(self.frame.inputs, arrays, given, strict=True):
                if array is None:
                    number = float(str(entry.optional)) if value is None else real_number(value, entry.name)
                    place = machine.constant(number, self.storage)
                else:
                    place = self._place(array)
                known[names.get(entry.name, entry.name)] = place
            returned = len(results)
            keeps = reduction == "none" and self.entry in ("value", "value_and_grad")
            if keeps:
                results = [*results, *((batch, self.storage) for batch in self.layout.batches)]
            made = [self._made(number, *one) for number, one in enumerate(results, len(self.arrays))]
            outputs = made[:returned] if out is None else [self._place(array) for array in out]
            known |= dict(zip(self.plan["outputs"], outputs, strict=True))
            known |= dict(zip(self.plan["directions"], map(self._place, directions), strict=True))
            machine.value_slot = len(self.arrays) + len(results)
            execute(
                machine,
                self.module,
                Call(
                    self.entry,
                    self.computing,
                    self.storage,
                    known,
                    numbers,
                    self._sizes(),
                    [None if one is None else self._place(one) for one in weights],
                    [None if one is None else self._place(one) for one in masks],
                    made[returned:] or [None] * terms,
                    "mean" if normalizer is not None else reduction,
                    normalizer,
                    self._ignored(),
                ),
            )
            form = partial(shaped, self.entry, self._chosen(), isinstance(self.options.get("wrt"), str | None))
            plan = Plan(machine, framework_of(first), results, returned, form, apart)
        return plan, [array.pointer for array in self.arrays]

    def _place(self, array: DeviceArray) -> Place:
        """An argument as the plan knows it: by its number, since two arguments may be one array."""
        slot = next(number for number, one in enumerate(self.arrays) if one is array)
        return Place(slot, 0, array.size, array.itemsize, array.pointer % 16 == 0)

    def _made(self, slot: int, shape: tuple[int, ...], dtype: str) -> Place:
        return Place(slot, 0, prod(shape), {"float16": 2, "bfloat16": 2, "float32": 4}.get(dtype, 8), True)

    def _chosen(self) -> list[int] | None:
        """The gradients that the caller wants, by number; None where the entry point gives all."""
        if self.entry != "value_and_grad":
            return None
        wrt = self.options.get("wrt")
        return list(range(len(self.frame.predictions))) if wrt is None else list(selected(self.frame, wrt))

    # --- arguments -----------------------------------------------------------------------------------------------

    def read(self, given: Sequence[Any]) -> list[DeviceArray | None]:
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
        array = device_array(value, name)
        self.arrays.append(array)
        self.names.append(name)
        return array

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

    def _outputs(self) -> tuple[list[Apart], list[tuple[tuple[int, ...], str]], list[DeviceArray] | None]:
        """What must not share memory, the results to make, and the arrays that the caller gave instead."""
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
            return [], [(shape, self.storage) for shape in shapes], None
        given = flat(out)
        if len(given) != len(shapes):
            raise ValueError(f"out has {len(given)} arrays, expected {len(shapes)}")
        read, apart, taken = len(self.arrays), [], []
        for one, shape, number in zip(given, shapes, wanted, strict=True):
            array = self._array(one, "out")
            check_dtype(array, "real", self.storage, "out")
            if array.shape != shape:
                raise ValueError(f"out has shape {array.shape}, expected {shape}")
            name = frame.inputs[number].name if isinstance(number, int) else number
            allowed = frame.in_place.get(self.entry, {}).get(name, frozenset())
            for other, another in enumerate(self.arrays[:-1]):
                what = self.names[other] if other < read else "another array of out"
                apart.append(Apart(len(self.arrays) - 1, _bytes(array), other, _bytes(another), what, what in allowed))
            taken.append(array)
        return apart, [], taken


def shaped(entry: str, chosen: Sequence[int] | None, alone: bool, value: Any, outputs: list[Any]) -> Any:
    """Results in the form that an entry point promises; ``alone`` where one gradient comes without a tuple."""
    if entry == "value":
        return value
    if chosen is not None:
        kept = [outputs[number] for number in chosen]
        return value, kept[0] if len(kept) == 1 and alone else tuple(kept)
    if entry == "hvp":
        return outputs[0] if len(outputs) == 1 else tuple(outputs)
    half = len(outputs) // 2
    first, second = outputs[:half], outputs[half:]
    return (first[0], second[0]) if half == 1 else (tuple(first), tuple(second))


def _bytes(array: DeviceArray) -> int:
    return array.size * array.itemsize


def one_device(arrays: Sequence[DeviceArray]) -> int:
    """The device that holds all arrays.

    Raises:
        ValueError: there is more than one.
    """
    found = sorted({device for device in map(gpu.device_of, arrays) if device is not None})
    if len(found) > 1:
        raise ValueError(f"arguments lie on devices {listed(map(str, found))}, expected one device")
    return found[0] if found else 0
