"""Powers with any real exponent."""

from symloss.atoms.elementary.logarithm import LOG_SPLIT
from symloss.atoms.elementary.template import Template

_POW = '''
def $pow(x, p):
    """x to the power p, by the C library."""
    return x**p
'''

# In float64 the product p*log x has bits to spare for float32, and no table or second word is needed.
_POW32 = '''
def $pow(x, p):
    """x to the power p, in float64; NaN where x < 0 and p is no integer."""
    base = np.float64(x)
    exponent = np.float64(p)
    a = abs(base)
    n, f = $pow_split(a)
    s = f / (2.0 + f)
    z = s * s
    q = POLY(pow_log, z)
    t = exponent * (n * 0.6931471805599453 + (2.0 * s + s * (z * q)))
    t = -200.0 if t < -200.0 else t
    t = 200.0 if t > 200.0 else t
    k = (t * C(log2e) + C(round_magic)) - C(round_magic)
    r = t - k * 0.6931471805599453
    e = POLY(pow_exp, r)
    y = e * INT(FLOAT(k + C(scale_magic)).view(INT) << INT(52)).view(FLOAT)
    # Beyond the finite positive numbers: 0, infinity, and the sign of an odd integer power of a negative base.
    large = np.inf if exponent > 0.0 else 0.0
    small = 0.0 if exponent > 0.0 else np.inf
    y = small if a == 0.0 else (large if a == np.inf else y)
    half = np.floor(0.5 * exponent)
    odd = exponent - (half + half)
    signed = y if odd == 0.0 else (-y if odd == 1.0 else np.nan)
    y = signed if base < 0.0 else y
    y = y if exponent == exponent else exponent
    y = y if base == base else base
    return OUT(1.0 if exponent == 0.0 else (1.0 if base == 1.0 else y))
'''

TEMPLATES = (
    Template("pow_split", LOG_SPLIT.replace("$log_split", "$pow_split"), (0, 0), wide=True),
    Template("pow", _POW, (1, 0.6), float32=_POW32, wide=True),
)
