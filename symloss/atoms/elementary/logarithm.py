"""log, log1p and their relatives: a power of two taken out, log(1 + f) = f - tail(f), and a sum in two words."""

from symloss.atoms.elementary.template import Template

LOG_SPLIT = '''
def $log_split(x):
    """x = 2^n*(1 + f) with 1 + f between sqrt(1/2) and sqrt(2), for a positive finite x."""
    small = x < C(min_normal)
    v = x * C(subnormal_scale) if small else x
    bits = UINT(FLOAT(v).view(UINT) + U(to_one))
    exponent = UINT(UINT(bits >> U(mantissa_bits)) | U(exponent_base)).view(FLOAT)
    n = exponent - (C(exponent_bias_subnormal) if small else C(exponent_bias))
    m = UINT(UINT(bits & U(mantissa)) + U(sqrt_half)).view(FLOAT)
    return n, m - T(1)
'''


def tail_core(name: str, polynomial: str, where: str) -> str:
    """The text of f - log(1 + f) on the interval of a polynomial of the tables."""
    return f'''
def ${name}(f):
    """f - log(1 + f) where 1 + f lies {where}."""
    s = f / (T(2) + f)
    z = s * s
    p = POLY({polynomial}, z)
    half = T(0.5) * f * f
    return half - s * (half + z * p)
'''


TEMPLATES = (
    Template("log_tail_core", tail_core("log_tail_core", "log", "between sqrt(1/2) and sqrt(2)"), (2, 2)),
    Template("log_tail_near", tail_core("log_tail_near", "log_wide", "between 0.6 and 1.5"), (2, 2)),
    Template("log_split", LOG_SPLIT, (0, 0)),
    Template(
        "log",
        '''
def $log(x):
    """log x: -inf at 0, NaN below."""
    n, f = $log_split(x)
    a = n * C(ln2_hi)
    high = a + f
    y = high + (((a - high) + f) + (n * C(ln2_lo) - $log_tail_core(f)))
    y = y if x < T(inf) else x
    y = y if x > T(0) else T(-inf)
    return y if x >= T(0) else x * T(nan)
''',
        (0.9, 0.9),
    ),
    Template(
        "log1p_pair",
        '''
def $log1p_pair(x):
    """log(1 + x) as a sum high + low."""
    u = T(1) + x
    n, f = $log_split(u)
    near = n == T(0)
    f = x if near else f
    a = n * C(ln2_hi)
    high = a + f
    lost = (x - (u - T(1))) if x < T(1) else (T(1) - (u - x))
    lost = T(0) if near else lost / u
    low = ((a - high) + f) + (lost + (n * C(ln2_lo) - $log_tail_core(f)))
    return high, low
''',
        (0.1, 0.1),
    ),
    Template(
        "log1p",
        '''
def $log1p(x):
    """log(1 + x): -inf at -1, NaN below."""
    high, low = $log1p_pair(x)
    y = high + low
    y = y if x < T(inf) else x
    y = x if abs(x) < C(tiny) else y
    y = y if x > T(-1) else T(-inf)
    return y if x >= T(-1) else x * T(nan)
''',
        (0.95, 0.95),
    ),
    Template(
        "log_tail",
        '''
def $log_tail(x):
    """x - log(1 + x): inf at -1, NaN below."""
    high, low = $log1p_pair(x)
    y = (x - high) - low
    y = $log_tail_near(x) if abs(x + T(-0.05)) < T(0.45) else y
    y = y if x < C(huge) else x
    y = y if x > T(-1) else T(inf)
    return y if x >= T(-1) else x * T(nan)
''',
        (2, 2),
    ),
    Template(
        "log_ratio",
        '''
def $log_ratio(a, b):
    """log(a/b) of positive a and b: exact near a = b, and no quotient that overflows."""
    n, f = $log_split(a)
    m, g = $log_split(b)
    n = n - m
    f = f + T(1)
    g = g + T(1)
    # Both lie between sqrt(1/2) and sqrt(2): at most one halving or doubling brings the quotient there too.
    high = f > T(1.4142135623730951) * g
    low = g > T(1.4142135623730951) * f
    n = n + (T(1) if high else (T(-1) if low else T(0)))
    f = T(0.5) * f if high else (T(2) * f if low else f)
    f = (f - g) / g
    base = n * C(ln2_hi)
    top = base + f
    y = top + (((base - top) + f) + (n * C(ln2_lo) - $log_tail_core(f)))
    regular = (a > T(0)) & (b > T(0)) & (a < T(inf)) & (b < T(inf))
    return y if regular else $log(a) - $log(b)
''',
        (1.8, 1.8),
    ),
    Template(
        "xlogy",
        '''
def $xlogy(x, y):
    """x*log y, and 0 where x is 0, unless y is NaN."""
    product = x * $log(y)
    zero = T(0) if y == y else y
    return zero if x == T(0) else product
''',
        (2, 2),
    ),
    Template(
        "xlog1py",
        '''
def $xlog1py(x, y):
    """x*log(1 + y), and 0 where x is 0, unless y is NaN."""
    product = x * $log1p(y)
    zero = T(0) if y == y else y
    return zero if x == T(0) else product
''',
        (2, 2),
    ),
)
