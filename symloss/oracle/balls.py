"""Arithmetic in mpmath that knows its own error: a midpoint and a bound on its distance from the true value.

Every operation bounds by how much the roundings in it and before it can have moved its result, so that digits are
never taken for settled because two precisions happen to lose the same term: 1 - 1/(1 + e^-300) is not 0 but "less than
2^-110". A comparison whose sides the errors do not keep apart marks the whole run as undecided.

The bounds are powers of two and hold for the elementary operations as they stand; for an atom they come from its
values at the ends of its arguments' balls, doubled, which suffices for functions without a hump inside the ball.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from mpmath import libmp, mp

from symloss.atoms.record import AtomRecord
from symloss.oracle import numbers

#: The exponent of an error without bound.
UNKNOWN = 1 << 60
_BIG = UNKNOWN >> 1
#: Bits that a function of mpmath may be off at the working precision.
_GUARD = 6
#: Bits at which what cannot be told apart may count as equal, if they also exceed so many times the largest exponent.
_ENOUGH, _EXPONENTS = 4000, 4


class Run:
    """What one evaluation at one precision has met.

    Attributes:
        precision: the working precision in bits.
        deciding: whether sides that cannot be told apart count as equal.
        undecided: whether some comparison could not be decided.
        span: the largest binary exponent, without its sign, of any value that is more than its error.
    """

    def __init__(self, precision: int = 53, span: int | None = None) -> None:
        """Start; the span is that of the run before."""
        self.precision = precision
        self.deciding = span is not None and precision >= max(_ENOUGH, _EXPONENTS * span)
        self.undecided = False
        self.span = 0

    def __enter__(self) -> Run:
        """Make this the run that arithmetic belongs to."""
        global _run
        self._before = _run, mp.prec
        _run, mp.prec = self, self.precision
        return self

    def __exit__(self, *_: object) -> None:
        """Give the run before its place again."""
        global _run
        _run, mp.prec = self._before

    def certain(self, a: Ball) -> Ball:
        """A result; one that lies within 2^-4000 of 0, below the numbers of every floating point format, is 0."""
        if not _sure(a) and a.error is not None and max(a.error, _magnitude(a.raw)) < -_ENOUGH:
            return Ball(libmp.fzero, None, a.trace)
        return a


_run = Run()


class Ball:
    """A number with the exponent of its error (None: it is exact) and a trace of how it came about.

    Two balls of equal trace are the same real number, whatever their errors.
    """

    __slots__ = ("error", "raw", "trace")

    def __init__(self, raw: Any, error: int | None, trace: int) -> None:
        """Hold mpmath's raw number, an error below 2**error, and the trace."""
        self.raw, self.error, self.trace = raw, error, trace

    # --- arithmetic ---

    def __add__(self, other: Any) -> Ball:
        """The sum."""
        return total((self, other))

    def __radd__(self, other: Any) -> Ball:
        """The sum."""
        return total((other, self))

    def __neg__(self) -> Ball:
        """The opposite."""
        return Ball(libmp.mpf_neg(self.raw), self.error, hash(("neg", self.trace)))

    def __sub__(self, other: Any) -> Ball:
        """The difference."""
        return total((self, -ball(other)))

    def __rsub__(self, other: Any) -> Ball:
        """The difference."""
        return total((other, -self))

    def __mul__(self, other: Any) -> Ball:
        """The product."""
        return product(self, ball(other))

    def __rmul__(self, other: Any) -> Ball:
        """The product."""
        return product(ball(other), self)

    # --- comparisons ---

    def __lt__(self, other: Any) -> bool:
        """Whether this is less."""
        return _compare(self, ball(other)) == -1

    def __le__(self, other: Any) -> bool:
        """Whether this is not more."""
        return _compare(self, ball(other)) in (-1, 0)

    def __gt__(self, other: Any) -> bool:
        """Whether this is more."""
        return _compare(self, ball(other)) == 1

    def __ge__(self, other: Any) -> bool:
        """Whether this is not less."""
        return _compare(self, ball(other)) in (0, 1)

    def __eq__(self, other: object) -> bool:
        """Whether the two are equal."""
        return _compare(self, ball(other)) == 0

    def __ne__(self, other: object) -> bool:
        """Whether the two differ."""
        return _compare(self, ball(other)) != 0

    def __hash__(self) -> int:
        """The hash of the midpoint, that of an equal integer: computed numbers serve as indices."""
        return hash(self.value)

    def __int__(self) -> int:
        """The midpoint without its fraction."""
        return int(self.value)

    # --- what is known ---

    @property
    def value(self) -> Any:
        """The midpoint as an mpf."""
        return mp.make_mpf(self.raw)

    def settled(self, bits: int) -> bool:
        """Whether the value is exact or known to so many bits."""
        if self.error is None:
            return True
        return bool(self.raw[1]) and self.error <= _magnitude(self.raw) - 1 - bits


def ball(value: Any) -> Ball:
    """A number as a ball: exact, unless it is a fraction that has no finite binary form."""
    if isinstance(value, Ball):
        return value
    if isinstance(value, int):
        raw = libmp.from_int(value)
        return Ball(raw, None, hash(raw))
    if hasattr(value, "_mpf_"):
        return Ball(value._mpf_, None, hash(value._mpf_))
    if getattr(value, "is_Rational", False):
        value = Fraction(int(value.p), int(value.q))
    if isinstance(value, Fraction):
        if value.denominator & (value.denominator - 1) == 0:
            raw = libmp.from_man_exp(value.numerator, 1 - value.denominator.bit_length())
            return Ball(raw, None, hash(raw))
        raw = libmp.from_rational(value.numerator, value.denominator, _run.precision, "n")
        return Ball(raw, _magnitude(raw) - _run.precision, hash(value))
    raw = numbers.number(value)._mpf_
    return Ball(raw, None, hash(raw))


def constant(e: Any) -> Ball:
    """A SymPy number, irrational ones such as pi included."""
    if e.is_Rational:
        return ball(e)
    raw = numbers.constant(e)._mpf_
    exact = _special(raw)
    return Ball(raw, None if exact else _magnitude(raw) - _run.precision, hash(raw) if exact else hash(("constant", e)))


def _magnitude(raw: Any) -> int:
    """The exponent m of 2^(m-1) <= |value| < 2^m; far below everything for 0."""
    return int(raw[2] + raw[3]) if raw[1] else -UNKNOWN


def _special(raw: Any) -> bool:
    """Whether a number is infinite or NaN."""
    return not raw[1] and raw != libmp.fzero


def _sure(a: Ball) -> bool:
    """Whether a ball does not contain 0, or is exactly 0."""
    return a.error is None or (bool(a.raw[1]) and _magnitude(a.raw) - 1 > a.error)


def _joined(raw: Any, errors: list[int], trace: int) -> Ball:
    """A result with the sum of some errors."""
    found = Ball(raw, max(errors) + (len(errors) - 1).bit_length() if errors else None, trace)
    if raw[1] and _sure(found):
        _run.span = max(_run.span, abs(raw[2] + raw[3]))
    return found


def _beyond(raw: Any, operands: Sequence[Ball], trace: int) -> Ball:
    """An infinite or NaN result: certain where every operand is."""
    return Ball(raw, None if all(map(_sure, operands)) else UNKNOWN, trace)


def total(terms: Iterable[Any]) -> Ball:
    """The sum of numbers."""
    listed = [ball(term) for term in terms]
    precision = _run.precision
    trace = hash(("sum", *(term.trace for term in listed)))
    result, largest, errors = libmp.fzero, -UNKNOWN, []
    for term in listed:
        raw = term.raw
        if term.error is not None:
            errors.append(term.error)
        if not raw[1]:
            result = libmp.mpf_add(result, raw, precision, "n")
            continue
        largest = max(largest, raw[2] + raw[3])
        if result[1]:
            top = max(raw[2] + raw[3], result[2] + result[3]) + 1
            if top - min(raw[2], result[2]) > precision:
                errors.append(top - precision)
        elif raw[3] > precision:
            errors.append(raw[2] + raw[3] - precision)
        result = libmp.mpf_add(result, raw, precision, "n")
    if _special(result):
        return _beyond(result, listed, trace)
    found = _joined(result, errors, trace)
    if _run.deciding and not _sure(found) and found.error is not None and found.error < largest - precision * 3 // 4:
        # The terms cancel in more bits than any exponent in sight could explain.
        return Ball(libmp.fzero, None, trace)
    return found


def product(a: Ball, b: Ball) -> Ball:
    """The product."""
    precision = _run.precision
    raw = libmp.mpf_mul(a.raw, b.raw, precision, "n")
    trace = hash(("product", a.trace, b.trace))
    if _special(raw):
        return _beyond(raw, (a, b), trace)
    errors = []
    if a.error is not None:
        errors.append(a.error + _magnitude(b.raw) if b.raw[1] or a.error < _BIG else UNKNOWN)
    if b.error is not None:
        errors.append(b.error + _magnitude(a.raw) if a.raw[1] or b.error < _BIG else UNKNOWN)
    if a.error is not None and b.error is not None:
        errors.append(a.error + b.error)
    if a.raw[3] + b.raw[3] > precision:
        errors.append(_magnitude(raw) - precision)
    return _joined(raw, [error for error in errors if error > -_BIG], trace)


def divide(a: Any, b: Any) -> Ball:
    """a/b; a/0 is an infinity of the sign of a, 0/0 is NaN."""
    a, b = ball(a), ball(b)
    precision = _run.precision
    trace = hash(("quotient", a.trace, b.trace))
    if not b.raw[1]:
        raw = numbers.divide(a.value, b.value)._mpf_
        return _beyond(raw, (a, b), trace) if _special(raw) or b.error is not None else Ball(raw, a.error, trace)
    if not _sure(b):
        return Ball(libmp.fzero, UNKNOWN, trace)
    raw = libmp.mpf_div(a.raw, b.raw, precision, "n")
    if _special(raw):
        return _beyond(raw, (a, b), trace)
    errors = []
    if a.error is not None:
        errors.append(a.error - _magnitude(b.raw) + 2)
    if b.error is not None:
        # Within a sure ball the divisor may shrink to almost nothing.
        gap = _magnitude(b.raw) - 1 - b.error
        errors.append(_magnitude(raw) - gap + 1 if gap > 1 else UNKNOWN)
    if raw[1] and (raw[3] + b.raw[3] > precision or libmp.mpf_mul(raw, b.raw) != a.raw):
        errors.append(_magnitude(raw) - precision)
    return _joined(raw, errors, trace)


def zero_times(a: Ball, b: Ball) -> Ball:
    """a·b, 0 where a is exactly 0 even if b is infinite."""
    trace = hash(("zero_times", a.trace, b.trace))
    if a.error is None and a.raw == libmp.fzero and b.raw != libmp.fnan:
        return Ball(libmp.fzero, None, trace)
    return product(a, b)


def x_over_y(a: Ball, b: Ball) -> Ball:
    """a/b, 0 where a is exactly 0."""
    trace = hash(("x_over_y", a.trace, b.trace))
    if a.error is None and a.raw == libmp.fzero and b.raw != libmp.fnan:
        return Ball(libmp.fzero, None, trace)
    return divide(a, b)


def power(base: Any, exponent: Any) -> Ball:
    """base**exponent in the reals."""
    base, exponent = ball(base), ball(exponent)
    trace = hash(("power", base.trace, exponent.trace))
    value = numbers.power(base.value, exponent.value)
    raw, precision = value._mpf_, _run.precision
    if base.error is None and exponent.error is None:
        whole = exponent.raw[1] and exponent.raw[2] >= 0 and not exponent.raw[0]
        exact = whole and base.raw[3] * int(exponent.value) <= precision
        if exact or not raw[1] or raw == libmp.fone:
            return _joined(raw, [], trace)
        return _joined(raw, [_magnitude(raw) - precision + _GUARD], trace)
    if not _sure(base):
        return _power_at_zero(base, exponent, trace)
    if _special(raw):
        return _beyond(raw, (base, exponent), trace)
    relative = []
    if base.error is not None:
        relative.append(base.error - _magnitude(base.raw) + 2 + _magnitude(exponent.raw))
    if exponent.error is not None:
        relative.append(exponent.error + abs(_magnitude(base.raw)).bit_length() + 1)
    worst = max(relative) + 2
    return _joined(
        raw, [_magnitude(raw) + worst if worst < 0 else UNKNOWN, _magnitude(raw) - precision + _GUARD], trace
    )


def _power_at_zero(base: Ball, exponent: Ball, trace: int) -> Ball:
    """A power of a ball that contains 0."""
    if base.error is None or exponent.error is not None or exponent.raw[0] or not exponent.raw[1]:
        return Ball(libmp.fzero, UNKNOWN, trace)
    reach = max(base.error, _magnitude(base.raw)) + 1
    if reach > _BIG:
        return Ball(libmp.fzero, UNKNOWN, trace)
    whole = exponent.raw[2] >= 0
    value = numbers.power(base.value if whole or not base.raw[0] else 0, exponent.value)
    size = mp.ceil(abs(reach * exponent.value))
    return Ball(value._mpf_, (int(size) if reach > 0 else -int(size)) + 2, trace)


def exponential(x: Any) -> Ball:
    """e^x."""
    x = ball(x)
    trace = hash(("exp", x.trace))
    raw = numbers.exponential(x.value)._mpf_
    if x.error is not None and (x.error >= 0 or not raw[1]):
        return Ball(raw, UNKNOWN if x.error > max(_magnitude(x.raw) - 4, -1) else None, trace)
    if not raw[1] or (raw == libmp.fone and x.raw == libmp.fzero and x.error is None):
        return _joined(raw, [], trace)
    errors = [_magnitude(raw) - _run.precision + 2]
    if x.error is not None:
        errors.append(_magnitude(raw) + x.error + 1)
    return _joined(raw, errors, trace)


def logarithm(x: Any) -> Ball:
    """log x: -oo at 0 and NaN below."""
    x = ball(x)
    trace = hash(("log", x.trace))
    if not _sure(x):
        return Ball(libmp.fzero, UNKNOWN, trace)
    raw = numbers.logarithm(x.value)._mpf_
    if _special(raw):
        return _beyond(raw, (x,), trace)
    errors = [_magnitude(raw) - _run.precision + 2] if raw[1] else []
    if x.error is not None:
        gap = _magnitude(x.raw) - 1 - x.error
        errors.append(1 - gap if gap > 1 else UNKNOWN)
    return _joined(raw, errors, trace)


def wave(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Ball]:
    """The sine or the cosine."""

    def apply(x: Any) -> Ball:
        x = ball(x)
        trace = hash((name, x.trace))
        if _special(x.raw):
            return Ball(libmp.fnan, None, trace)
        if x.error is not None and x.error > 2:
            return Ball(libmp.fzero, UNKNOWN, trace)
        raw = function(x.value)._mpf_
        exact = x.error is None and x.raw == libmp.fzero
        errors = [] if exact else [_magnitude(raw) - _run.precision + 2]
        return _joined(raw, errors if x.error is None else [*errors, x.error], trace)

    return apply


def floor(x: Any) -> Any:
    """The largest integer that is not larger."""
    return numbers.floor(x) if isinstance(x, int | Fraction) else stepped("floor", mp.floor)(x)


def modulo(a: Any, b: Any) -> Ball:
    """The remainder with the sign of b."""
    return ball(a) - product(ball(b), floor(divide(a, b)))


# --- functions of mpmath ---------------------------------------------------------------------------------------------


def smooth(name: str, function: Callable[..., Any]) -> Callable[..., Ball]:
    """A function of mpmath on balls; its error at inexact arguments is seen from the ends of their balls."""

    def apply(*arguments: Any) -> Ball:
        balls = [ball(argument) for argument in arguments]
        trace = hash((name, *(a.trace for a in balls)))
        middle = [a.value for a in balls]
        value = function(*middle)
        raw = value._mpf_
        errors = [_magnitude(raw) - _run.precision + _GUARD] if raw[1] else []
        for position, a in enumerate(balls):
            if a.error is None:
                continue
            if a.error > max(_magnitude(a.raw), 0) + 64:
                return Ball(raw, UNKNOWN, trace)
            moved = [function(*middle[:position], x, *middle[position + 1 :]) for x in _ends(a)]
            gaps = [abs(other - value) for other in moved]
            # Outside the domain there is no value; what happens inside is then all that can be seen.
            seen = [gap for gap in gaps if mp.isfinite(gap)]
            same = _special(raw) and raw != libmp.fnan and all(other == value for other in moved)
            if same:
                continue
            if not seen or not mp.isfinite(value):
                return Ball(raw, UNKNOWN, trace)
            widest = max(seen)
            if widest:
                errors.append(_magnitude(widest._mpf_) + 2)
        return Ball(raw, None, trace) if _special(raw) else _joined(raw, errors, trace)

    return apply


def absolute(x: Any) -> Ball:
    """The magnitude."""
    x = ball(x)
    return Ball(libmp.mpf_abs(x.raw), x.error, hash(("abs", x.trace)))


def clamp(x: Any, low: Any, high: Any) -> Ball:
    """min(max(x, low), high)."""
    return _extreme((_extreme((x, low), 1), high), -1)


def stepped(name: str, function: Callable[..., Any]) -> Callable[..., Ball]:
    """A function of finitely many values: exact, or undecided where an argument's ball meets a jump."""

    def apply(*arguments: Any) -> Ball:
        balls = [ball(argument) for argument in arguments]
        trace = hash((name, *(a.trace for a in balls)))
        middle = [a.value for a in balls]
        inexact = [i for i, a in enumerate(balls) if a.error is not None and not _special(a.raw)]
        if _run.deciding:
            for position in inexact:
                middle[position] = _rounded(balls[position])
        value = function(*middle)
        for position in inexact:
            a = balls[position]
            if _run.deciding and _tiny(a, max(_magnitude(a.raw), 0)):
                continue
            if (a.error or 0) > _BIG:
                _run.undecided = True
                continue
            sides = (function(*middle[:position], x, *middle[position + 1 :]) for x in _ends(a))
            _run.undecided |= any(other != value for other in sides)
        return Ball(mp.mpf(value)._mpf_, None, trace)

    return apply


def _ends(a: Ball) -> list[Any]:
    """A number on either side of a ball's middle, at least as far away as its end."""
    step = mp.ldexp(1, max(a.error or 0, _magnitude(a.raw) - _run.precision + 1))
    return [a.value + step, a.value - step]


def _tiny(a: Ball, scale: int) -> bool:
    """Whether an error lies so far below a scale that no exponent in sight explains what it hides."""
    return a.error is not None and a.error < scale - _run.precision * 3 // 4


def _rounded(a: Ball) -> Any:
    """The value of a ball to half its digits, so that 1 - 2^-5000 is 1."""
    unit = max(_magnitude(a.raw), 0) - _run.precision // 2
    return mp.ldexp(mp.nint(mp.ldexp(a.value, -unit)), unit)


def _compare(a: Ball, b: Ball) -> int | None:
    """-1, 0 or 1; None if one is NaN."""
    if a.raw == libmp.fnan or b.raw == libmp.fnan:
        if (a.error or 0) >= _BIG or (b.error or 0) >= _BIG:
            _run.undecided = True
        return None
    if a.trace == b.trace:
        return 0
    if _apart(a, b):
        return int(libmp.mpf_cmp(a.raw, b.raw))
    if (
        _run.deciding
        and _error_of_difference(a, b) < max(_magnitude(a.raw), _magnitude(b.raw)) - _run.precision * 3 // 4
    ):
        return 0
    _run.undecided = True
    return int(libmp.mpf_cmp(a.raw, b.raw))


# --- reductions ------------------------------------------------------------------------------------------------------


def _extreme(values: Sequence[Any], sign: int) -> Ball:
    """The largest (or smallest) value; an infinity of nothing."""
    balls = [ball(value) for value in values]
    lost = [a for a in balls if a.raw == libmp.fnan]
    if lost:
        return lost[0]
    if not balls:
        empty = libmp.fninf if sign > 0 else libmp.finf
        return Ball(empty, None, hash(empty))
    best = balls[0]
    for other in balls[1:]:
        if libmp.mpf_cmp(other.raw, best.raw) == sign:
            best = other
    rivals = [a for a in balls if a.trace != best.trace and not _apart(a, best)]
    if not rivals:
        return best
    errors = [a.error for a in (best, *rivals) if a.error is not None]
    return Ball(best.raw, max(errors, default=None), hash(("extreme", best.trace, *(a.trace for a in rivals))))


def _apart(a: Ball, b: Ball) -> bool:
    """Whether two balls certainly do not overlap, or are both exact."""
    if (a.error is None and b.error is None) or _special(a.raw) or _special(b.raw):
        return True
    gap = libmp.mpf_sub(a.raw, b.raw, 53, "n")
    return bool(gap[1]) and _magnitude(gap) - 2 >= _error_of_difference(a, b)


def _error_of_difference(a: Ball, b: Ball) -> int:
    return max(-UNKNOWN if x.error is None else x.error for x in (a, b)) + 1


def logsumexp(values: Sequence[Any]) -> Ball:
    """log of the sum of e^value; -oo of nothing."""
    top = _extreme(values, 1)
    if _special(top.raw):
        return top
    pivot = Ball(top.raw, None, hash(top.raw))
    return pivot + logarithm(total(exponential(ball(value) - pivot) for value in values))


def norm(values: Sequence[Any]) -> Ball:
    """The square root of the sum of squares; 0 of nothing."""
    return power(total(ball(value) * ball(value) for value in values), Fraction(1, 2))


#: What each operation of a statement does with the list of its bodies.
REDUCTIONS: dict[str, Callable[[Sequence[Any]], Ball]] = {
    "map": total,
    "sum": total,
    "max": lambda values: _extreme(values, 1),
    "min": lambda values: _extreme(values, -1),
    "logsumexp": logsumexp,
    "norm": norm,
}


def add(*terms: Any) -> Ball:
    """The sum."""
    return total(terms)


#: Atoms whose error is no matter of their slope.
_ATOMS: dict[str, Callable[..., Ball]] = {
    "abs": absolute,
    "relu": lambda x: _extreme((0, x), 1),
    "ramp": lambda x: _extreme((0, x), 1),
    "maximum": lambda a, b: _extreme((a, b), 1),
    "minimum": lambda a, b: _extreme((a, b), -1),
    "clamp": clamp,
    "stop_gradient": ball,
    "slope_at": lambda f, condition, slope: ball(f),
    "zero_times": lambda a, b: zero_times(ball(a), ball(b)),
    "x_over_y": lambda a, b: x_over_y(ball(a), ball(b)),
}


def atom_function(record: AtomRecord) -> Callable[..., Ball]:
    """An atom on balls."""
    if record.name in _ATOMS:
        return _ATOMS[record.name]
    kind: Callable[..., Callable[..., Ball]] = stepped if record.image.is_FiniteSet else smooth
    return kind(record.name, numbers.atom_function(record))
