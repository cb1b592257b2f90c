"""Selections, comparisons and quotients: exact, or correctly rounded; and what the C library computes well enough."""

from symloss.atoms.elementary.template import Template


def _library(name: str, formula: str, call: str, ulps: tuple[float, float]) -> Template:
    return Template(name, f'def ${name}(x):\n    """{formula}, by the C library."""\n    return {call}\n', ulps)


def _compare(name: str, symbol: str) -> Template:
    text = f'def ${name}(a, b):\n    """1 where a {symbol} b, else 0."""\n    return T(1) if a {symbol} b else T(0)\n'
    return Template(name, text, (0, 0))


TEMPLATES = (
    _library("sqrt", "The square root", "math.sqrt(x)", (0.5, 0.5)),
    _library("sin", "The sine", "math.sin(x)", (1, 1)),
    _library("cos", "The cosine", "math.cos(x)", (1, 1)),
    _library("atan", "The inverse tangent", "math.atan(x)", (1, 1)),
    _library("acos", "The inverse cosine", "math.acos(x)", (1, 1)),
    _library("asin", "The inverse sine", "math.asin(x)", (1, 1)),
    _library("log2", "The logarithm to base 2", "math.log2(x)", (1, 1)),
    _library("erf", "The error function", "math.erf(x)", (1, 1)),
    _compare("less", "<"),
    _compare("less_equal", "<="),
    _compare("equal", "=="),
    _compare("not_equal", "!="),
    Template(
        "and",
        '''
def $and(a, b):
    """1 where both a and b are not 0, else 0."""
    return T(0) if a == T(0) else (T(0) if b == T(0) else T(1))
''',
        (0, 0),
    ),
    Template(
        "or",
        '''
def $or(a, b):
    """1 where a or b is not 0, else 0."""
    return T(1) if a != T(0) else (T(1) if b != T(0) else T(0))
''',
        (0, 0),
    ),
    Template(
        "not",
        '''
def $not(a):
    """1 where a is 0, else 0."""
    return T(1) if a == T(0) else T(0)
''',
        (0, 0),
    ),
    Template(
        "where",
        '''
def $where(c, a, b):
    """a where c is not 0, else b."""
    return a if c != T(0) else b
''',
        (0, 0),
    ),
    Template(
        "abs",
        '''
def $abs(x):
    """|x|."""
    return abs(x)
''',
        (0, 0),
    ),
    Template(
        "sign",
        '''
def $sign(x):
    """-1, 0 or 1; a NaN stays a NaN."""
    return T(1) if x > T(0) else (T(-1) if x < T(0) else x)
''',
        (0, 0),
    ),
    Template(
        "relu",
        '''
def $relu(x):
    """The larger of 0 and x."""
    return T(0) if x <= T(0) else x
''',
        (0, 0),
    ),
    Template(
        "ramp",
        '''
def $ramp(x):
    """The larger of 0 and x."""
    return T(0) if x <= T(0) else x
''',
        (0, 0),
    ),
    Template(
        "step",
        '''
def $step(x):
    """1 where x > 0, else 0; a NaN stays a NaN."""
    return T(1) if x > T(0) else (T(0) if x <= T(0) else x)
''',
        (0, 0),
    ),
    Template(
        "half_step",
        '''
def $half_step(x):
    """1 where x > 0, 1/2 where x is 0, else 0; a NaN stays a NaN."""
    y = T(0) if T(0) > x else x
    z = T(0.5) if x == T(0) else y
    return T(1) if x > T(0) else z
''',
        (0, 0),
    ),
    Template(
        "maximum",
        '''
def $maximum(a, b):
    """The larger of a and b; NaN where one is NaN."""
    larger = a if a > b else b
    return larger if a == a else a
''',
        (0, 0),
    ),
    Template(
        "minimum",
        '''
def $minimum(a, b):
    """The smaller of a and b; NaN where one is NaN."""
    smaller = a if a < b else b
    return smaller if a == a else a
''',
        (0, 0),
    ),
    Template(
        "clamp",
        '''
def $clamp(x, lo, hi):
    """x forced into the interval from lo to hi; a NaN stays a NaN."""
    return lo if x < lo else (hi if x > hi else x)
''',
        (0, 0),
    ),
    Template(
        "inside",
        '''
def $inside(x, lo, hi):
    """1 where lo <= x <= hi, else 0; a NaN x stays a NaN."""
    inside = T(0) if x < lo else (T(0) if x > hi else T(1))
    return inside if x == x else x
''',
        (0, 0),
    ),
    Template(
        "stop_gradient",
        '''
def $stop_gradient(x):
    """x."""
    return x
''',
        (0, 0),
    ),
    Template(
        "slope_at",
        '''
def $slope_at(f, c, s):
    """f: condition and slope matter to its derivative alone."""
    return f
''',
        (0, 0),
    ),
    Template(
        "xovery",
        '''
def $xovery(x, y):
    """x/y, and 0 where x is 0, unless y is NaN."""
    quotient = x / y
    zero = T(0) if y == y else y
    return zero if x == T(0) else quotient
''',
        (0.5, 0.5),
    ),
    Template(
        "zero_times",
        '''
def $zero_times(a, b):
    """a*b, and 0 where a is 0, unless b is NaN."""
    product = a * b
    zero = T(0) if b == b else b
    return zero if a == T(0) else product
''',
        (0.5, 0.5),
    ),
)
