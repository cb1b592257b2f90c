"""exp, expm1 and e^x - 1 - x: x = n·ln 2 + r, a polynomial in r, and a sum in two words."""

from symloss.atoms.elementary.template import Template

TEMPLATES = (
    Template(
        "scale",
        '''
def $scale(y, n):
    """y times 2^n, where 2^n itself may be beyond the range; y a number near 1 or a small correction to it."""
    t = n * T(0.5) + C(scale_magic)
    m = n - (t - C(scale_magic))
    first = INT(FLOAT(t).view(INT) << I(mantissa_bits)).view(FLOAT)
    second = INT(FLOAT(m + C(scale_magic)).view(INT) << I(mantissa_bits)).view(FLOAT)
    return y * first * second
''',
        (0.5, 0.5),
    ),
    Template(
        "exp_pair",
        '''
def $exp_pair(x):
    """e^x as a sum high + low, and the exponent n: e^x = (high + low)*2^n."""
    x = C(exp_least) if x < C(exp_least) else x
    x = C(exp_most) if x > C(exp_most) else x
    n = (x * C(log2e) + C(round_magic)) - C(round_magic)
    a = x - n * C(ln2_hi)
    c = n * C(ln2_lo)
    r = a - c
    p = POLY(exp, r)
    high = T(1) + r
    low = ((T(1) - high) + r) + (((a - r) - c) + r * r * p)
    return high, low, n
''',
        (0.1, 0.1),
    ),
    Template(
        "exp",
        '''
def $exp(x):
    """e^x."""
    high, low, n = $exp_pair(x)
    return $scale(high + low, n)
''',
        (0.8, 0.8),
    ),
    Template(
        "expm1_pair",
        '''
def $expm1_pair(x):
    """Half of e^x - 1, as a sum high + low; for x that is not tiny."""
    x = C(expm1_least) if x < C(expm1_least) else x
    x = C(exp_most) if x > C(exp_most) else x
    n = (x * C(log2e) + C(round_magic)) - C(round_magic)
    a = x - n * C(ln2_hi)
    c = n * C(ln2_lo)
    r = a - c
    p = POLY(exp, r)
    unit = INT(FLOAT(n + C(half_scale_magic)).view(INT) << I(mantissa_bits)).view(FLOAT)
    base = unit - T(0.5)
    back = base - unit
    rest = (unit - (base - back)) - (T(0.5) + back)
    rise = unit * r
    high = base + rise
    low = ((base - high) + rise) + (rest + unit * (((a - r) - c) + r * r * p))
    return high, low
''',
        (0.1, 0.1),
    ),
    Template(
        "expm1",
        '''
def $expm1(x):
    """e^x - 1."""
    high, low = $expm1_pair(x)
    y = T(2) * (high + low)
    return x if abs(x) < C(tiny) else y
''',
        (1, 0.9),
    ),
    Template(
        "exp_tail",
        '''
def $exp_tail(x):
    """e^x - 1 - x."""
    p = POLY(exp_tail, x)
    near = (T(0.5) * x) * x + (x * x) * (x * p)
    high, low = $expm1_pair(x)
    half = T(0.5) * x
    far = high - half
    back = far - high
    far = T(2) * (far + (((high - (far - back)) - (half + back)) + low))
    far = T(inf) if x > C(exp_most) else far
    far = -x if x < -C(huge) else far
    return near if abs(x) < T(0.5) else far
''',
        (1.4, 1.4),
    ),
)
