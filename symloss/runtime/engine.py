"""From the arguments of a call to a driver and back; every entry point goes this way.

The way is short on purpose: a call on a thousand elements should cost microseconds. What shapes and dtypes imply is
worked out once and remembered; a call that met them before only looks them up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symloss.errors import SymlossError
from symloss.runtime import threads as _threads
from symloss.runtime.arrays import Array, OnDeviceError, as_array, check_kind, met_on_device
from symloss.runtime.coupled import full_position, kept_rows, run_on_kept
from symloss.runtime.first_launch import first_launch
from symloss.runtime.frame import Frame, frame_of
from symloss.runtime.layout import Layout, Results
from symloss.runtime.options import (
    REDUCTIONS,
    batch_array,
    check_reduction,
    checked_parameter,
    ignoring,
    per_term,
    unknown_keyword,
)
from symloss.runtime.out import checked_out
from symloss.runtime.reading import read_inputs
from symloss.runtime.rows import InSteps, Rows
from symloss.runtime.violations import violation
from symloss.runtime.words import kind_of, listed

_KNOWN_REDUCTIONS = frozenset(REDUCTIONS)

_ndarray = np.ndarray

_empty = np.empty

_may_share_memory = np.may_share_memory

#: Shapes remembered per loss. A training loop meets a handful; the bound only stops endless growth.
_MOST_LAYOUTS = 256

#: The options that all entry points have, in the order in which they are handed on.
SHARED_OPTIONS = ("reduction", "weight", "mask", "normalizer", "ignore_index", "validate", "axis")

Options = tuple[Any, Any, Any, Any, Any, Any, Any]


class Call:
    """The checked arguments of one call."""

    __slots__ = (
        "arrays",
        "given",
        "layout",
        "masks",
        "normalizer",
        "parameters",
        "reduction",
        "run",
        "validate",
        "values",
        "weights",
    )

    layout: Layout
    arrays: Sequence[Any]  # arrays, or Rows of some
    given: Sequence[Any]
    parameters: Sequence[float]
    weights: Sequence[Any]
    masks: Sequence[Any]
    values: Sequence[Array | None]
    reduction: str
    normalizer: float | None
    validate: bool
    run: Callable[..., None]


class Engine:
    """A loss's declaration and drivers, with the arguments' way in and the results' way out."""

    def __init__(self, meta: Mapping[str, Any], drivers: Mapping[str, Any]) -> None:
        """Read a generated module's ``META`` and ``DRIVERS``."""
        self.meta, self.drivers = meta, drivers
        self.frame = frame = frame_of(meta)
        self._arity = len(frame.inputs)
        self._defaults = [item.default for item in frame.parameters]
        self._nothing: list[Any] = [None] * len(frame.terms)
        required = max(number for number, entry in enumerate(frame.inputs) if entry.optional is None) + 1
        #: What stands for the optional inputs at the end, by how many inputs were given.
        self._absent = {given: (None,) * (self._arity - given) for given in range(required, self._arity)}
        self._batchless = frame.batchless
        #: Of calls on a device: their plans by signature, and the types of their first arguments.
        self.plans: dict[tuple[Any, ...], Any] = {}
        self.terms = tuple(frame.terms)
        self.device_types: set[type] = set()
        self._layouts: dict[tuple[Any, ...], Layout] = {}
        self._launched: dict[np.dtype[Any], set[str]] = {}
        self._positions = {entry.name: number for number, entry in enumerate(frame.inputs)}
        self._parameters = {item.name: number for number, item in enumerate(frame.parameters)}
        self._owners: dict[str, list[int | None]] = {
            "value": [],
            "value_and_grad": [entry if isinstance(entry, int) else None for entry in frame.gradients],
            "grad_hess_diag": [*frame.predictions, *frame.predictions],
            "hvp": list(frame.predictions),
        }

    def begin(
        self,
        inputs: Sequence[Any],
        named: Mapping[str, Any],
        options: Options,
        threads: Any,
        deterministic: Any,
        default: str = "mean",
    ) -> Call | None:
        """Check the arguments that all entry points share; None if any lies on a device, which is another's to check.

        Raises:
            TypeError: an argument of the wrong type, an unknown keyword, a missing input.
            ValueError: a shape, a parameter or an option that does not fit.
        """
        if self.device_types and met_on_device(self.device_types, inputs):
            return None
        try:
            return self._begin(inputs, named, options, threads, deterministic, default)
        except OnDeviceError:
            return None

    def _begin(
        self,
        inputs: Sequence[Any],
        named: Mapping[str, Any],
        options: Options,
        threads: Any,
        deterministic: Any,
        default: str,
    ) -> Call:
        """As `begin`, of arrays in host memory."""
        reduction, weight, mask, normalizer, ignore_index, validate, axis = options
        call = Call()
        chosen: Mapping[str, Any] = named
        if named or len(inputs) != self._arity:
            if not named and len(inputs) in self._absent:
                inputs = (*inputs, *self._absent[len(inputs)])
            else:
                inputs, chosen = self._bind(inputs, named)
        call.given = inputs
        call.layout = layout = self._read(call, inputs, axis)
        if chosen:
            parameters = self._defaults.copy()
            for name, value in chosen.items():
                number = self._parameters[name]
                parameters[number] = checked_parameter(self.frame.parameters[number], value, layout.computing)
            call.parameters = parameters
        else:
            call.parameters = self._defaults
        if weight is None and mask is None and ignore_index is None:
            call.weights = call.masks = self._nothing
        else:
            self._samples(call, weight, mask, ignore_index)
        if validate is None:
            validate = True
        if validate is not True and validate is not False:
            raise TypeError(f"validate is {kind_of(validate)}, expected True or False")
        if (
            normalizer is not None
            or self._batchless
            or type(reduction) is not str
            or reduction not in _KNOWN_REDUCTIONS
        ):
            normalizer = check_reduction(self.frame, reduction, normalizer, default)
            if normalizer is not None:
                reduction = "mean"  # a sum with a normaliser and a mean with one are the same quotient
        call.reduction, call.normalizer, call.validate = reduction, normalizer, validate
        if threads is not None:
            threads = _threads.checked_threads(threads)
        small = layout.elements < _threads.SERIAL_BELOW
        call.run = _threads.serial if small else _threads.runner(threads, layout.seconds)
        if deterministic is not False:
            if deterministic is not True:
                raise TypeError(f"deterministic is {kind_of(deterministic)}, expected True or False")
            call.run = _threads.FixedOrder(call.run)
        call.values = self._nothing
        return call

    def _read(self, call: Call, inputs: Sequence[Any], axis: Any) -> Layout:
        """The layout of the inputs; sets the arrays as a kernel reads them."""
        key: list[Any] = []
        known = None
        if axis is None:
            for array in inputs:
                if type(array) is _ndarray and array.flags.carray:
                    key.append(array.shape)
                    key.append(array.dtype)
                elif array is None:
                    key.append(None)
                else:
                    break
            else:
                known = self._layouts.get(tuple(key))
        if known is not None and known.steps is not None:
            if known.as_given:
                call.arrays = inputs
                return known
            call.arrays = [
                array if step is None else array.reshape(step) if type(step) is tuple else step
                for array, step in zip(inputs, known.steps, strict=True)
            ]
            return known
        layout, call.arrays = read_inputs(self.frame, inputs, axis)
        layout.launched = self._launched.setdefault(layout.computing, set())
        if axis is None and layout.steps is not None:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            self._layouts[tuple(key)] = layout
        return layout

    def _bind(self, inputs: Sequence[Any], named: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Inputs in declared order (None where an optional one is absent) and the parameters that were given."""
        frame = self.frame
        if len(inputs) > self._arity:
            names = listed(entry.name for entry in frame.inputs)
            count = f"{self._arity} input{'' if self._arity == 1 else 's'}"
            hint = "; parameters go by name" if frame.parameters else ""
            raise TypeError(f"{frame.name} takes {count} ({names}), but {len(inputs)} were given{hint}")
        bound = [*inputs, *[None] * (self._arity - len(inputs))]
        chosen = {}
        for name, value in named.items():
            if name in self._parameters:
                chosen[name] = value
            elif name not in self._positions:
                raise unknown_keyword(frame, name)
            elif self._positions[name] < len(inputs):
                raise TypeError(f"{frame.name} got {name} twice, by position and by name")
            else:
                bound[self._positions[name]] = value
        missing = [
            entry.name
            for entry, value in zip(frame.inputs, bound, strict=True)
            if value is None and entry.optional is None
        ]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            raise TypeError(f"{frame.name} needs {listed(missing)}, which {verb} missing")
        return bound, chosen

    def _samples(self, call: Call, weight: Any, mask: Any, ignore_index: Any) -> None:
        """Set, per term, the weight and the mask as a kernel reads them."""
        frame, layout = self.frame, call.layout
        weights = masks = self._nothing
        if weight is not None:
            entries = per_term(frame, weight, "weight")
            weights = [batch_array(frame, layout, term, entry, "weight", "real") for term, entry in enumerate(entries)]
        if mask is not None:
            entries = per_term(frame, mask, "mask")
            masks = [batch_array(frame, layout, term, entry, "mask", "boolean") for term, entry in enumerate(entries)]
        if ignore_index is not None:
            masks = masks.copy()
            ignoring(frame, layout, call.arrays, masks, ignore_index)
        call.weights, call.masks = weights, masks

    def offered(self, entry: str) -> None:
        """Refuse an entry point that the generated module does not have.

        Raises:
            SymlossError: with the reason that the compiler recorded.
        """
        if entry not in self.drivers:
            reason = self.meta["refused"].get(entry, "its specification does not offer it")
            raise SymlossError(f"{self.frame.name} has no {entry}: {reason}")

    def per_sample(self, call: Call) -> None:
        """Make room for the values of a call with the reduction "none"."""
        call.values = [np.empty(length, call.layout.computing) for length in call.layout.lengths]

    def directions(self, call: Call, v: Any) -> tuple[list[Array], list[Array | Rows]]:
        """The direction of a Hessian-vector product, as given and as a kernel reads it, one per prediction.

        Raises:
            TypeError: not one array of real numbers per prediction.
            ValueError: not shaped like the prediction.
        """
        numbers, layout = self.frame.predictions, call.layout
        names = [self.frame.inputs[number].name for number in numbers]
        if len(numbers) == 1:
            entries = [v]
        elif isinstance(v, list | tuple) and len(v) == len(numbers):
            entries = list(v)
        else:
            raise TypeError(f"v is {kind_of(v)}, expected a tuple of {len(numbers)} arrays: {listed(names)}")
        given: list[Array] = []
        ready: list[Array | Rows] = []
        for number, name, entry in zip(numbers, names, entries, strict=True):
            label = "v" if len(numbers) == 1 else f"v for {name}"
            array = as_array(entry, label)
            check_kind(array, "real", label)
            if array.shape != layout.given[number]:
                raise ValueError(
                    f"{label} has shape {array.shape}, expected {layout.given[number]}, the shape of {name}"
                )
            given.append(array)
            ready.append(layout.to_kernel(self.frame, number, array, label))
        return given, ready

    def targets(
        self,
        entry: str,
        call: Call,
        out: Any,
        chosen: Sequence[int],
        weight: Any,
        mask: Any,
        directions: Sequence[Array] = (),
    ) -> dict[int, Array]:
        """The caller's arrays for the chosen results, by the number of the result.

        Raises:
            TypeError: see `checked_out`.
            ValueError: see `checked_out`.
        """
        specs = call.layout.results[entry]
        if type(out) is _ndarray and len(chosen) == 1 and weight is mask is None and not directions:
            # What nearly every call with one array comes to; whatever does not fit is worded below.
            spec, flags = specs[chosen[0]], out.flags
            if out.shape == spec.shape and out.dtype == spec.dtype and flags.carray:
                owned = flags.owndata  # two arrays that own their memory do not share it, which is quickly seen
                for given in call.given:
                    if given is None or (
                        type(given) is _ndarray and owned and given is not out and given.flags.owndata
                    ):
                        continue
                    if type(given) is not _ndarray or _may_share_memory(out, given):
                        break
                else:
                    return {chosen[0]: out}
        sources = [
            (item.name, value if type(value) is np.ndarray else as_array(value, item.name))
            for item, value in zip(self.frame.inputs, call.given, strict=True)
            if value is not None
        ]
        for name, value in (("weight", weight), ("mask", mask)):
            if value is not None:
                entries = per_term(self.frame, value, name)
                sources += [(name, as_array(item, name)) for item in entries if item is not None]
        sources += [("v", array) for array in directions]
        return dict(zip(chosen, checked_out(out, [specs[number] for number in chosen], sources), strict=True))

    def launch(
        self, entry: str, call: Call, outputs: Sequence[Any] = (), directions: Sequence[Any] = ()
    ) -> Sequence[float]:
        """Run a driver; the reduced value of each term.

        Raises:
            ValueError: an element outside its domain, or a mean over no weight.
        """
        driver = self.drivers[entry]
        kept = None
        if self.frame.coupled and any(mask is not None for mask in call.masks):
            kept = kept_rows(self.frame, call.masks)
            totals, found = run_on_kept(driver, self.frame, call, kept, outputs, self._owners[entry], directions)
        else:
            # Where the layout was met before and nothing came beside the inputs, all arrays are contiguous.
            plain = call.layout.steps is not None and call.weights is call.masks and not directions
            arguments = (
                call.run if plain else InSteps(call.run),
                call.arrays,
                call.parameters,
                call.weights,
                call.masks,
                call.reduction,
                call.normalizer,
                call.validate,
                call.values,
                outputs,
                directions,
            )
            if entry in call.layout.launched:
                totals, found = driver(*arguments)
            else:
                totals, found = first_launch(driver, arguments)
                call.layout.launched.add(entry)
        if found is not None:
            number, position = found
            check = self.meta["checks"][number]
            if kept is not None:
                position = full_position(self.frame, call, kept, check, position)
            raise violation(self.frame, check, int(position), call.layout, call.arrays)
        return totals

    def value(self, call: Call, totals: Sequence[float]) -> Any:
        """The value as the caller gets it: a float, or the values of the samples."""
        if call.reduction != "none":
            return float(totals[0] if len(totals) == 1 else sum(totals))
        layout = call.layout
        dtype = layout.returned[self.frame.predictions[0]]
        shaped = []
        with np.errstate(over="ignore"):
            for array, batch in zip(call.values, layout.batches, strict=True):
                if array is not None:
                    shaped.append(array.reshape(batch).astype(dtype, copy=False))
        return shaped[0] if len(shaped) == 1 else tuple(shaped)


def buffers(
    frame: Frame, specs: Results, targets: Mapping[int, Array] | None, layout: Layout
) -> tuple[list[Array | Rows], list[Array | None]]:
    """What the driver writes into, and what the caller gets (None where `finish` makes it)."""
    if specs.plain:
        if targets:
            made: list[Any] = [
                targets[number] if number in targets else _empty(spec.shape, spec.dtype)
                for number, spec in enumerate(specs)
            ]
        else:
            made = [_empty(spec.shape, spec.dtype) for spec in specs]
        return made, made
    outputs: list[Array | Rows] = []
    results: list[Array | None] = []
    for number, spec in enumerate(specs):
        target = targets.get(number) if targets else None
        if spec.direct:
            if target is None:
                target = np.empty(spec.shape, spec.dtype)
            outputs.append(target if spec.same else target.reshape(spec.flat))
        elif spec.apart and spec.number is not None:
            if target is None:
                target = np.empty(spec.shape, spec.dtype)
            outputs.append(layout.rows(frame, spec.number, target, written=True))
        else:
            outputs.append(np.empty(spec.flat, layout.computing))
        results.append(target)
    return outputs, results


def finish(specs: Results, layout: Layout, outputs: Sequence[Array | Rows], results: list[Array | None]) -> None:
    """Give results that the kernel could not write directly the caller's layout and dtype."""
    if specs.plain:
        return
    for number, spec in enumerate(specs):
        output = outputs[number]
        if spec.direct or isinstance(output, Rows):
            continue
        shaped = output.reshape(spec.shape) if spec.number is None else layout.to_caller(spec.number, output)
        target = results[number]
        with np.errstate(over="ignore"):
            if target is None:
                results[number] = shaped.astype(spec.dtype, copy=False)
            else:
                np.copyto(target, shaped, casting="same_kind")
