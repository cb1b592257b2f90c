"""Programs run as they are written, in mpmath at any precision: the reference for every kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any

from mpmath import mp, mpf

from symloss.oracle import numbers
from symloss.oracle.compilation import compile_statement, whole
from symloss.program import Program

#: At this many bits, what has shown no digit yet is below every floating point number.
_ENOUGH_FOR_ZERO = 4000
#: A tensor's values by index; a scalar has the index ().
Values = dict[tuple[int, ...], Any]

#: What the text of a compiled statement may name.
_VOCABULARY: dict[str, Any] = {
    "Fraction": Fraction,
    "whole": whole,
    "floor": lambda x: floor(x) if isinstance(x, int | Fraction) else mp.floor(x),
    "modulo": lambda a, b: a - b * mp.floor(numbers.divide(a, b)),
    "number": numbers.number,
    "add": numbers.add,
    "divide": numbers.divide,
    "power": numbers.power,
    "exponential": numbers.exponential,
    "logarithm": numbers.logarithm,
    "sin": lambda x: mp.sin(x) if mp.isfinite(x) else mp.nan,
    "cos": lambda x: mp.cos(x) if mp.isfinite(x) else mp.nan,
}


class Interpreter:
    """A program compiled for mpmath: every statement becomes one Python function, once."""

    def __init__(self, program: Program, outputs: Iterable[str] | None = None) -> None:
        """Compile what the named outputs need (all of them by default)."""
        wanted = list(program.outputs) if outputs is None else list(outputs)
        unknown = [key for key in wanted if key not in program.outputs]
        if unknown:
            raise KeyError(f"{program.name} has no output {unknown[0]!r}; it has {', '.join(program.outputs)}")
        self.program = program
        self.outputs = {key: program.outputs[key] for key in wanted}
        live = set(self.outputs.values())
        chosen = []
        for statement in reversed(program.statements):
            if statement.target in live:
                chosen.append(statement)
                live |= {read.tensor for read in statement.reads}
        self._steps: list[tuple[str, Callable[..., Any], dict[str, Any], dict[str, Any]]] = []
        for statement in reversed(chosen):
            text, names = compile_statement(statement)
            scope: dict[str, Any] = {**_VOCABULARY, "reduce": numbers.REDUCTIONS[statement.operation]}
            exec(compile(text, f"<{program.name}: {statement.target}>", "exec"), scope)
            self._steps.append((statement.target, scope["compute"], scope, names))

    def evaluate(
        self,
        sizes: Mapping[str, int],
        arrays: Mapping[str, Any],
        parameters: Mapping[str, Any] | None = None,
        precision: int = 128,
        rounding: str = "n",
    ) -> dict[str, Values]:
        """The outputs at one precision.

        Args:
            sizes: length by axis; those of `like` and fixed axes, and those that an array shows, may be left out.
            arrays: per tensor a nested sequence (or NumPy array), or values by index; integers, floats, fractions,
                SymPy rationals and mpf are taken exactly.
            parameters: values of the parameters; a missing one takes its default, as an optional input does.
            precision: bits of the mpmath working precision, at least 53.
            rounding: "n" to nearest, "u" away from zero (see `evaluate_adaptively`).

        Returns:
            by output name the values by index.

        Raises:
            ValueError: an input is missing, or arrays disagree about the length of an axis.
            IndexError: a gather leaves its axis.
        """
        before = list(mp._prec_rounding)
        mp.prec = max(precision, 53)
        mp._prec_rounding[1] = rounding
        try:
            return self._run(sizes, arrays, parameters or {})
        finally:
            mp.prec = before[0]
            mp._prec_rounding[1] = before[1]

    def _run(
        self, sizes: Mapping[str, int], arrays: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> dict[str, Values]:
        lengths = _lengths(self.program, sizes, arrays)
        tensors = {name: self._tensor(name, lengths, arrays, parameters) for name in self.program.tensors}

        def read(name: str, index: tuple[int, ...]) -> Any:
            values = tensors[name]
            if values is None:
                raise ValueError(f"the input {name!r} of {self.program.name} is missing")
            try:
                return values[index]
            except KeyError:
                raise IndexError(f"{name}{list(index)} lies outside the tensor") from None

        for target, compute, scope, names in self._steps:
            scope.update({name: make() for name, (_, make) in names.items()})
            result: Values = {}
            compute(read, lengths, result)
            tensors[target] = result
        return {key: tensors[target] or {} for key, target in self.outputs.items()}

    def _tensor(
        self, name: str, lengths: Mapping[str, int], arrays: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Values | None:
        tensor = self.program.tensors[name]
        given = parameters[name] if name in parameters else arrays.get(name)
        convert = int if tensor.domain.integer else numbers.number
        if given is None:
            if tensor.default is None:
                return None
            return _Constant(convert(tensor.default))
        if not tensor.axes and not isinstance(given, Mapping):
            shape = getattr(given, "shape", None)
            return {(): convert(given.reshape(()) if shape else given)}
        if isinstance(given, Mapping):
            return {tuple(index): convert(value) for index, value in given.items()}
        if _is_scalar(given):
            return _Constant(convert(given))
        return {index: convert(value) for index, value in _items(given, len(tensor.axes))}


class _Constant(dict[tuple[int, ...], Any]):
    """A tensor with one value at every index: an absent optional input, or a coefficient given as a scalar."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self._value = value

    def __missing__(self, index: tuple[int, ...]) -> Any:
        return self._value


def _is_scalar(given: Any) -> bool:
    return not (hasattr(given, "__len__") and getattr(given, "shape", None) != ())


def _items(given: Any, depth: int, prefix: tuple[int, ...] = ()) -> Iterable[tuple[tuple[int, ...], Any]]:
    if depth == 0:
        yield prefix, given
        return
    for position in range(len(given)):
        yield from _items(given[position], depth - 1, (*prefix, position))


def _lengths(program: Program, sizes: Mapping[str, int], arrays: Mapping[str, Any]) -> dict[str, int]:
    """The length of every axis, from `sizes`, fixed sizes and the arrays."""
    known: dict[str, int] = {}

    def learn(axis: str, length: int, source: str) -> None:
        root = program.root(axis)
        if known.setdefault(root, length) != length:
            raise ValueError(f"{source} says that axis {root} has length {length}, not {known[root]}")

    for axis, length in sizes.items():
        if axis in program.axes:
            learn(axis, length, "sizes")
    for name, axis_record in program.axes.items():
        if axis_record.size is not None:
            learn(name, axis_record.size, "the declaration")
    for name, given in arrays.items():
        if name not in program.tensors or isinstance(given, Mapping) or given is None:
            continue
        for axis in program.tensors[name].axes:
            if _is_scalar(given):
                break
            learn(axis, len(given), f"the array {name}")
            if len(given) == 0:
                break
            given = given[0]
    return {axis: known[program.root(axis)] for axis in program.axes if program.root(axis) in known}


def evaluate(
    program: Program,
    sizes: Mapping[str, int],
    arrays: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    precision: int = 128,
) -> dict[str, Values]:
    """Run a program once at `precision` bits; see `Interpreter.evaluate`."""
    return Interpreter(program).evaluate(sizes, arrays, parameters, precision)


def evaluate_adaptively(
    program: Program | Interpreter,
    sizes: Mapping[str, int],
    arrays: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    digits: int = 30,
    limit: int = 1 << 16,
) -> dict[str, Values]:
    """Run a program at doubled precision until two runs agree on every output to `digits` relative digits.

    Successive runs round in different ways, to nearest and away from zero, so that a sum that swallows a small term
    in both is not taken for settled: 1 + e^-1000 is 1 in one run and more than 1 in the next.

    Raises:
        ArithmeticError: two runs still differ at `limit` bits.
    """
    interpreter = program if isinstance(program, Interpreter) else Interpreter(program)
    return settle(
        lambda precision, rounding: interpreter.evaluate(sizes, arrays, parameters, precision, rounding), digits, limit
    )


def settle(run: Callable[[int, str], dict[str, Values]], digits: int, limit: int) -> dict[str, Values]:
    """Call ``run(precision, rounding)`` at doubled precision until two results agree to `digits` relative digits.

    A value that shrinks with the precision, three times over, is noise around an exact 0. So is one that in each of
    the last three runs, the last of them at thousands of bits, shows nothing above the last tenth of its precision:
    whatever it is, it lies far below the smallest number of any floating point format.

    Raises:
        ArithmeticError: two runs still differ at `limit` bits.
    """
    precision = max(64, int(digits * 3.33) + 32)
    tolerance = mpf(10) ** -digits
    history = [run(precision, "n")]
    first = precision
    while True:
        precision *= 2
        history.append(run(precision, "nu"[len(history) % 2]))
        latest = history[-1]
        unsettled = [
            (key, index)
            for key, values in latest.items()
            for index, value in values.items()
            if not _agree(history[-2][key][index], value, tolerance)
        ]
        last = 2 * precision > limit
        noise = [
            (key, index)
            for key, index in unsettled
            if _vanishing([values[key][index] for values in history[-4:]])
            or (precision >= _ENOUGH_FOR_ZERO and _negligible([values[key][index] for values in history], first))
        ]
        if len(noise) == len(unsettled):
            for key, index in noise:
                latest[key][index] = mpf(0)
            with mp.workprec(first):
                return {key: {index: +value for index, value in values.items()} for key, values in latest.items()}
        if last:
            key, index = next(place for place in unsettled if place not in noise)
            raise ArithmeticError(f"{key}{list(index)} is still unsettled at {precision} bits")


def _agree(a: Any, b: Any, tolerance: Any) -> bool:
    if mp.isnan(a) or mp.isnan(b):
        return bool(mp.isnan(a) and mp.isnan(b))
    if not (mp.isfinite(a) and mp.isfinite(b)):
        return bool(a == b)
    return bool(abs(a - b) <= tolerance * max(abs(a), abs(b)))


def _vanishing(values: Sequence[Any]) -> bool:
    """Whether each value is smaller than the last by a factor that only a rising precision explains."""
    if len(values) < 4 or not all(map(mp.isfinite, values)):
        return False
    sizes = [abs(value) for value in values]
    return all(later <= mp.ldexp(earlier, -48) if earlier else later == 0 for earlier, later in pairwise(sizes))


def _negligible(values: Sequence[Any], first: int) -> bool:
    """Whether each of the last three values is below nine tenths of the precision it was computed at."""
    precisions = [first << run for run in range(len(values))]
    return len(values) >= 3 and all(
        mp.isfinite(value) and abs(value) <= mp.ldexp(1, -precision * 9 // 10)
        for value, precision in list(zip(values, precisions, strict=True))[-3:]
    )
