"""What a call's plan depends on, read from its arguments in as little time as their libraries allow.

Two calls with equal signatures differ only in where their arrays lie, and lie equally with respect to 16 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symloss.runtime.arrays import lies_on_device
from symloss.runtime.cuda import gpu
from symloss.runtime.cuda.arrays import device_array, ready

Reader = Callable[[Any, list[Any]], int]


class UnplannedError(Exception):
    """An argument that no plan is kept for: it may be wrong, or is of a kind that is rare."""


def _tensor(value: Any, key: list[Any]) -> int:
    """A tensor of PyTorch."""
    pointer: int = value.data_ptr()
    key += (value.shape, value.dtype, value.get_device(), value.is_contiguous(), pointer & 15)
    return pointer


def _interface(value: Any, key: list[Any]) -> int:
    """An array that speaks ``__cuda_array_interface__``, which does not say on which device it lies."""
    found = value.__cuda_array_interface__
    pointer: int = found["data"][0] or 0
    shape = found["shape"]
    key += (shape, found["typestr"], found.get("strides"), pointer & 15)
    key.append(None if 0 in shape else gpu.device_at(pointer))
    return pointer


def _promised(value: Any, key: list[Any]) -> int:
    """An array of JAX, which has to be there before its memory is read."""
    ready(value)
    return (_interface if hasattr(type(value), "__cuda_array_interface__") else _any)(value, key)


def _any(value: Any, key: list[Any]) -> int:
    """Whatever else lies on a device."""
    if not lies_on_device(value):
        raise UnplannedError
    array = device_array(value, "an argument")
    key += (array.shape, array.dtype, array.pointer & 15, gpu.device_of(array))
    return array.pointer


_readers: dict[type, Reader] = {}


def _reader(value: Any) -> Reader:
    kind = type(value)
    if kind not in _readers:
        if not lies_on_device(value):
            raise UnplannedError
        named = kind.__module__.partition(".")[0] == "torch" and hasattr(value, "data_ptr")
        spoken = _interface if hasattr(kind, "__cuda_array_interface__") else _any
        _readers[kind] = _tensor if named else _promised if hasattr(kind, "block_until_ready") else spoken
    return _readers[kind]


def _array(value: Any, key: list[Any], pointers: list[int]) -> None:
    """One argument that is an array, a number or nothing."""
    kind = type(value)
    key.append(kind)
    if value is None:
        return
    if kind is float or kind is int:
        key.append(number(value))
        return
    reader = _readers.get(kind) or _reader(value)
    pointers.append(reader(value, key))


def _several(value: Any, names: Sequence[str], key: list[Any], pointers: list[int]) -> None:
    """One array, or a (nested) sequence or mapping of arrays."""
    if isinstance(value, Mapping):
        key.append(frozenset(value))
        value = [value.get(name) for name in names]
    if isinstance(value, list | tuple):
        key.append(len(value))
        for one in value:
            _several(one, names, key, pointers)
    else:
        _array(value, key, pointers)


def number(value: Any) -> Any:
    """A number so that equal ones are interchangeable: 0.0 and -0.0 are not, nor are 1, 1.0 and True."""
    if value is None:
        return None
    kind = type(value)
    if kind is not float and kind is not int:
        raise UnplannedError
    return kind, value or repr(value)


def signature(
    entry: str,
    terms: Sequence[str],
    inputs: Sequence[Any],
    chosen: Mapping[str, Any],
    options: Mapping[str, Any],
) -> tuple[tuple[Any, ...] | None, list[int]]:
    """The signature of a call, None where no plan is kept for it, and the addresses of its arrays.

    Arrays come in this order: inputs as declared, weights, masks, directions, results that the caller gave.

    Args:
        entry: the entry point.
        terms: the names of the terms.
        inputs: in declared order.
        chosen: the parameters that were given.
        options: all options of the call.
    """
    key: list[Any] = [entry, options["reduction"]]
    pointers: list[int] = []
    try:
        for value in inputs:
            _array(value, key, pointers)
        for name, value in chosen.items():
            key += (name, number(value))
        for name in ("weight", "mask", "v", "out"):
            value = options.get(name)
            key.append(value is None)
            if value is not None:
                _several(value, terms, key, pointers)
        for name in ("normalizer", "ignore_index", "axis"):
            value = options[name]
            key.append(None if value is None else number(value))
        key.append(options.get("wrt"))
        found = tuple(key)
        hash(found)
    except (UnplannedError, TypeError, ValueError):
        return None, []
    return found, pointers
