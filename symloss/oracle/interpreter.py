"""Programs run as they are written, in mpmath at any precision: the reference for every kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import mp

from symloss.atoms.record import RECORDS
from symloss.oracle import balls, numbers
from symloss.oracle.compilation import compile_statement, exact, whole
from symloss.program import Program

#: A tensor's values by index; a scalar has the index ().
Values = dict[tuple[int, ...], Any]


@dataclass(frozen=True)
class Arithmetic:
    """What the text of a compiled statement computes with.

    Attributes:
        vocabulary: what the text names.
        number: reads a user's number.
        makers: makes the values of numbers and the functions of atoms at the working precision.
        reductions: what each operation does with the list of its bodies.
    """

    vocabulary: Mapping[str, Any]
    number: Callable[[Any], Any]
    makers: Mapping[str, Callable[[Any], Any]]
    reductions: Mapping[str, Callable[[Sequence[Any]], Any]]


_INTEGERS: dict[str, Any] = {"Fraction": Fraction, "exact": exact, "whole": whole}

#: Plain numbers, rounded at every step.
ROUNDED = Arithmetic(
    {
        **_INTEGERS,
        "floor": numbers.floor,
        "modulo": numbers.modulo,
        "number": numbers.number,
        "add": numbers.add,
        "divide": numbers.divide,
        "power": numbers.power,
        "exponential": numbers.exponential,
        "logarithm": numbers.logarithm,
        "sin": numbers.sine,
        "cos": numbers.cosine,
    },
    numbers.number,
    {"number": numbers.constant, "atom": lambda name: numbers.atom_function(RECORDS[name])},
    numbers.REDUCTIONS,
)

#: Numbers with bounds on their errors.
BOUNDED = Arithmetic(
    {
        **_INTEGERS,
        "floor": balls.floor,
        "modulo": balls.modulo,
        "number": balls.ball,
        "add": balls.add,
        "divide": balls.divide,
        "power": balls.power,
        "exponential": balls.exponential,
        "logarithm": balls.logarithm,
        "sin": balls.wave("sin", mp.sin),
        "cos": balls.wave("cos", mp.cos),
    },
    balls.ball,
    {"number": balls.constant, "atom": lambda name: balls.atom_function(RECORDS[name])},
    balls.REDUCTIONS,
)


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
        self._compiled = []
        for statement in reversed(chosen):
            text, names = compile_statement(statement)
            code = compile(text, f"<{program.name}: {statement.target}>", "exec")
            self._compiled.append((statement.target, statement.operation, code, names))

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
            rounding: "n" to nearest, "u" away from zero.

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
            return self.run(ROUNDED, sizes, arrays, parameters or {})
        finally:
            mp.prec = before[0]
            mp._prec_rounding[1] = before[1]

    def run(
        self, arithmetic: Arithmetic, sizes: Mapping[str, int], arrays: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> dict[str, Values]:
        """The outputs in some arithmetic at mpmath's working precision."""
        lengths = _lengths(self.program, sizes, arrays)
        tensors = {name: self._tensor(arithmetic, name, arrays, parameters) for name in self.program.tensors}

        def read(name: str, index: tuple[int, ...]) -> Any:
            values = tensors[name]
            if values is None:
                raise ValueError(f"the input {name!r} of {self.program.name} is missing")
            try:
                return values[index]
            except KeyError:
                raise IndexError(f"{name}{list(index)} lies outside the tensor") from None

        for target, operation, code, names in self._compiled:
            scope = {**arithmetic.vocabulary, "reduce": arithmetic.reductions[operation]}
            scope |= {name: arithmetic.makers[kind](what) for name, (kind, what) in names.items()}
            exec(code, scope)
            result: Values = {}
            scope["compute"](read, lengths, result)
            tensors[target] = result
        return {key: tensors[target] or {} for key, target in self.outputs.items()}

    def _tensor(
        self, arithmetic: Arithmetic, name: str, arrays: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Values | None:
        tensor = self.program.tensors[name]
        given = parameters[name] if name in parameters else arrays.get(name)
        convert = int if tensor.domain.integer else arithmetic.number
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
    """Run a program at doubled precision until every output is known to `digits` relative digits.

    Errors are bounded step by step (`symloss.oracle.balls`); no two runs are compared. What cannot be told from 0, or
    from another side of a comparison, counts as equal at thousands of bits, and then only where that is four times the
    largest binary exponent that occurs on the way.

    Raises:
        ArithmeticError: some output is still not known at `limit` bits.
    """
    interpreter = program if isinstance(program, Interpreter) else Interpreter(program)
    return settle(lambda: interpreter.run(BOUNDED, sizes, arrays, parameters or {}), digits, limit)


def settle(compute: Callable[[], dict[str, Values]], digits: int, limit: int) -> dict[str, Values]:
    """Compute balls at doubled precision until each is known to `digits` relative digits.

    Raises:
        ArithmeticError: some is still not known at `limit` bits.
    """
    bits = int(digits * 3.33) + 1
    first = precision = max(64, bits + 32)
    span = None
    while True:
        with balls.Run(precision, span) as run:
            found = {
                key: {index: run.certain(balls.ball(value)) for index, value in values.items()}
                for key, values in compute().items()
            }
        unsettled = [
            (key, index)
            for key, values in found.items()
            for index, value in values.items()
            if run.undecided or not value.settled(bits)
        ]
        if not unsettled:
            with mp.workprec(first):
                return {key: {index: +ball.value for index, ball in by.items()} for key, by in found.items()}
        if 2 * precision > limit:
            key, index = unsettled[0]
            raise ArithmeticError(f"{key}{list(index)} is still unsettled at {precision} bits")
        precision, span = 2 * precision, run.span
