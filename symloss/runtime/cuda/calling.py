"""A call whose arrays lie in device memory: validated where the caller asks for it, and sent on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symloss.runtime.cuda import gpu
from symloss.runtime.cuda.arrays import check_writable, on_device
from symloss.runtime.cuda.hessian import device_hessian
from symloss.runtime.cuda.planning import planned
from symloss.runtime.words import kind_of


def call_on_device(
    loss: Any, entry: str, inputs: Sequence[Any], named: Mapping[str, Any], options: Mapping[str, Any]
) -> Any:
    """Run an entry point of a loss on arrays in device memory.

    Raises:
        SymlossError: there is no GPU, no toolkit, or no kernel for this loss; the message says what to do.
        TypeError: arrays on both sides, a dtype that would have to be converted, an unknown keyword.
        ValueError: a shape or a parameter that does not fit, several devices, an array that is not contiguous, results
            that cannot be written to.
    """
    validate = options["validate"]
    if validate is not None and validate is not False:
        if validate not in (True, False):
            raise TypeError(f"validate is {kind_of(validate)}, expected True or False")
        if validate:
            gpu.driver()
            validated_on_host(loss, inputs, named, options)
    if options.get("out") is not None:
        check_writable(options["out"])
    if entry == "hessian":
        return device_hessian(loss, inputs, named, options)
    return planned(loss, entry, inputs, named, options)


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
