"""softplus, sigmoid, tanh and log cosh, from e^-|x| in two words."""

from symloss.atoms.elementary.template import Template

TEMPLATES = (
    Template(
        "exp_falling",
        '''
def $exp_falling(a):
    """e^-a for a >= 0, as a sum high + low."""
    high, low, n = $exp_pair(-a)
    total = high + low
    return $scale(total, n), $scale((high - total) + low, n)
''',
        (0.05, 0.05),
    ),
    Template(
        "log1p_unit",
        '''
def $log1p_unit(e, rest):
    """log(1 + e + rest) for 0 <= e <= 1 and a rest that is a fraction of an ulp of e."""
    far = e > T(0.41421356)
    n = T(1) if far else T(0)
    f = T(0.5) * (e - T(1)) if far else e
    a = n * C(ln2_hi)
    high = a + f
    # 1/(1 + e) to a few percent is enough for what a rest amounts to.
    slope = T(1) - e * (T(0.9) - T(0.4) * e)
    return high + (((a - high) + f) + ((n * C(ln2_lo) - $log_tail_core(f)) + rest * slope))
''',
        (1, 1),
    ),
    Template(
        "softplus",
        '''
def $softplus(x):
    """log(1 + e^x)."""
    e, rest = $exp_falling(abs(x))
    return (T(0) if x < T(0) else x) + $log1p_unit(e, rest)
''',
        (1.6, 1.6),
    ),
    Template(
        "sigmoid",
        '''
def $sigmoid(x):
    """1/(1 + e^-x), to the last places in both tails."""
    e, rest = $exp_falling(abs(x))
    whole = T(1) + e
    lost = ((T(1) - whole) + e) + rest
    negative = x < T(0)
    quotient = (e if negative else T(1)) / whole
    # 1/whole to a few percent is enough for what lost amounts to.
    inverse = T(1.457) - T(0.5) * whole
    return quotient + ((rest if negative else T(0)) - quotient * lost) * inverse
''',
        (1.3, 1.3),
    ),
    Template(
        "tanh",
        '''
def $tanh(x):
    """The hyperbolic tangent."""
    a = abs(x)
    z = x * x
    p = POLY(tanh, z)
    near = x + x * (z * p)
    e = $exp(T(-2) * a)
    far = T(1) - (e + e) / (T(1) + e)
    far = -far if x < T(0) else far
    return near if a < T(0.55) else far
''',
        (1.5, 1.5),
    ),
    Template(
        "log_cosh",
        '''
def $log_cosh(x):
    """log cosh x: x*x/2 near 0, |x| - log 2 far away."""
    a = abs(x)
    z = x * x
    p = POLY(log_cosh, z)
    near = (T(0.5) * x) * x + z * (z * p)
    e, rest = $exp_falling(T(2) * a)
    far = (a - C(ln2_top)) + ($log1p_unit(e, rest) - C(ln2_rest))
    return near if a < T(0.8) else far
''',
        (1.4, 1.4),
    ),
)
