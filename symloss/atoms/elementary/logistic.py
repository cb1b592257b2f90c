"""softplus, sigmoid, tanh and log cosh, from e^-|x| in two words.

Each is a function of the argument and of parts (`symloss.atoms.elementary.parts`), which a loop over many numbers
computes in loops of their own and shares between functions of x and -x.
"""

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
    tail = $log1p_unit(e, rest)
    return $softplus_of_parts(x, tail)
''',
        (1.6, 1.6),
    ),
    Template(
        "softplus_of_parts",
        '''
def $softplus_of_parts(x, tail):
    """log(1 + e^x) from tail = log(1 + e^-|x|)."""
    return (T(0) if x < T(0) else x) + tail
''',
        (1.6, 1.6),
    ),
    Template(
        "sigmoid",
        '''
def $sigmoid(x):
    """1/(1 + e^-x), to the last places in both tails."""
    e, rest = $exp_falling(abs(x))
    return $sigmoid_of_parts(x, e, rest)
''',
        (1.3, 1.3),
    ),
    Template(
        "sigmoid_of_parts",
        '''
def $sigmoid_of_parts(x, e, rest):
    """1/(1 + e^-x) from e + rest = e^-|x|."""
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
    e, rest = $exp_falling(T(2) * abs(x))
    return $tanh_of_parts(x, e)
''',
        (1.5, 1.5),
    ),
    Template(
        "tanh_of_parts",
        '''
def $tanh_of_parts(x, e):
    """The hyperbolic tangent from e = e^(-2 |x|)."""
    z = x * x
    p = POLY(tanh, z)
    near = x + x * (z * p)
    far = T(1) - (e + e) / (T(1) + e)
    far = -far if x < T(0) else far
    return near if abs(x) < T(0.55) else far
''',
        (1.5, 1.5),
    ),
    Template(
        "log_cosh",
        '''
def $log_cosh(x):
    """log cosh x: x*x/2 near 0, |x| - log 2 far away."""
    e, rest = $exp_falling(T(2) * abs(x))
    tail = $log1p_unit(e, rest)
    return $log_cosh_of_parts(x, tail)
''',
        (1.4, 1.4),
    ),
    Template(
        "log_cosh_of_parts",
        '''
def $log_cosh_of_parts(x, tail):
    """log cosh x from tail = log(1 + e^(-2 |x|))."""
    a = abs(x)
    z = x * x
    p = POLY(log_cosh, z)
    near = (T(0.5) * x) * x + z * (z * p)
    far = (a - C(ln2_top)) + (tail - C(ln2_rest))
    return near if a < T(0.8) else far
''',
        (1.4, 1.4),
    ),
)
