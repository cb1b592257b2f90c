"""log gamma and its derivatives: a polynomial where it is short, else recurrence and the asymptotic series.

All of them compute in float64 for both dtypes. Bounds hold for x > 0; for x < 0 the reflection formula loses relative
accuracy near the zeros that lie there.
"""

from symloss.atoms.elementary.logarithm import LOG_SPLIT, tail_core
from symloss.atoms.elementary.template import Template

TEMPLATES = (
    Template("gamma_log_split", LOG_SPLIT.replace("$log_split", "$gamma_log_split"), (0, 0), wide=True),
    Template("gamma_log_tail", tail_core("gamma_log_tail", "log", "between sqrt(1/2) and sqrt(2)"), (2, 2), wide=True),
    Template(
        "sine_pi",
        '''
def $sine_pi(x):
    """sin and cos of pi times x, up to a common sign, with the distance from the nearest integer taken first."""
    r = math.pi * (x - np.floor(x + 0.5))
    return math.sin(r), math.cos(r)
''',
        (2, 2),
        wide=True,
    ),
    Template(
        "lgamma_middle",
        '''
def $lgamma_middle(x):
    """log gamma for x between 1/2 and 3: (x - 1)*(x - 2)*g(x), exact zeros at 1 and 2."""
    if x < 1.0:
        z = x - 0.75
        p = POLY(lgamma_low, z)
    elif x < 1.75:
        z = x - 1.375
        p = POLY(lgamma_middle, z)
    else:
        z = x - 2.375
        p = POLY(lgamma_high, z)
    return (x - 1.0) * (x - 2.0) * p
''',
        (3, 3),
        wide=True,
    ),
    Template(
        "lgamma_positive",
        '''
def $lgamma_positive(x):
    """log gamma for x > 0."""
    if x < 0.5:
        return ($lgamma_middle(x + 1.0) if x > 1e-20 else 0.0) - math.log(x)
    if x <= 3.0:
        return $lgamma_middle(x)
    if x < 8.0:
        product = 1.0
        while x >= 3.0:
            x = x - 1.0
            product = product * x
        return $lgamma_middle(x) + math.log(product)
    if not x < np.inf:
        return x
    n, f = $gamma_log_split(x)
    a = n * C(ln2_hi)
    high = a + f
    low = ((a - high) + f) + (n * C(ln2_lo) - $gamma_log_tail(f))
    inverse = 1.0 / x
    z = inverse * inverse
    p = POLY(stirling, z)
    whole = x - 0.5
    return whole * (high - 1.0) + (whole * low + (0.41893853320467274 + inverse * p))
''',
        (3, 3),
        wide=True,
    ),
    Template(
        "lgamma",
        '''
def $lgamma(x):
    """log |gamma(x)|, in float64."""
    x = np.float64(x)
    if x > 0.0:
        return OUT($lgamma_positive(x))
    if x == -np.inf:
        return OUT(np.inf)
    if x != x:
        return OUT(x)
    if x > -1e-20:
        return OUT(np.inf if x == 0.0 else -math.log(-x))
    s, _ = $sine_pi(x)
    return OUT(np.inf if s == 0.0 else math.log(math.pi / abs(x * s)) - $lgamma_positive(-x))
''',
        (3, 1),
        wide=True,
    ),
    Template(
        "digamma_positive",
        '''
def $digamma_positive(x):
    """The derivative of log gamma for x > 0: (x - root)*h(x) between 1 and 2."""
    if x >= 10.0:
        inverse = 1.0 / x
        z = inverse * inverse
        p = POLY(digamma_far, z)
        return math.log(x) - (0.5 * inverse + z * p)
    total = 0.0
    if x < 1.0:
        total = -1.0 / x
        x = x + 1.0
    while x >= 2.0:
        x = x - 1.0
        total = total + 1.0 / x
    z = x - 1.5
    p = POLY(digamma_middle, z)
    return total + ((x - 1.4616321449683622) - 9.549995429965697e-17) * p
''',
        (3, 3),
        wide=True,
    ),
    Template(
        "digamma",
        '''
def $digamma(x):
    """The derivative of log gamma, in float64: -inf at 0, NaN at the negative integers."""
    x = np.float64(x)
    if x != x:
        return OUT(x)
    if x > 0.0:
        return OUT($digamma_positive(x))
    if x == 0.0:
        return OUT(-np.inf)
    if x > -0.5:
        return OUT($digamma_positive(x + 1.0) - 1.0 / x)
    s, c = $sine_pi(x)
    return OUT(np.nan if s == 0.0 or x == -np.inf else $digamma_positive(1.0 - x) - math.pi * c / s)
''',
        (3, 1),
        wide=True,
    ),
    Template(
        "trigamma_positive",
        '''
def $trigamma_positive(x):
    """The second derivative of log gamma for x > 0: a sum of positive terms."""
    n = 0
    while x + n < 12.0:
        n = n + 1
    inverse = 1.0 / (x + n)
    z = inverse * inverse
    p = POLY(trigamma_far, z)
    total = inverse + (0.5 * z + inverse * z * p)
    while n > 0:
        n = n - 1
        total = total + (1.0 / (x + n)) / (x + n)
    return total
''',
        (3, 3),
        wide=True,
    ),
    Template(
        "trigamma",
        '''
def $trigamma(x):
    """The second derivative of log gamma, in float64: inf at 0 and at the negative integers."""
    x = np.float64(x)
    if x != x or x == -np.inf:
        return OUT(np.nan)
    if x > 0.0:
        return OUT($trigamma_positive(x))
    s, _ = $sine_pi(x)
    return OUT(np.inf if s == 0.0 else (math.pi / s) * (math.pi / s) - $trigamma_positive(1.0 - x))
''',
        (3, 1),
        wide=True,
    ),
    Template(
        "polygamma2_positive",
        '''
def $polygamma2_positive(x):
    """The third derivative of log gamma for x > 0: a sum of negative terms."""
    n = 0
    while x + n < 14.0:
        n = n + 1
    inverse = 1.0 / (x + n)
    z = inverse * inverse
    p = POLY(polygamma2_far, z)
    total = z + (inverse * z + z * z * p)
    while n > 0:
        n = n - 1
        total = total + 2.0 * (((1.0 / (x + n)) / (x + n)) / (x + n))
    return -total
''',
        (4, 4),
        wide=True,
    ),
    Template(
        "polygamma2",
        '''
def $polygamma2(x):
    """The third derivative of log gamma, in float64: -inf at 0, NaN at the negative integers."""
    x = np.float64(x)
    if x != x or x == -np.inf:
        return OUT(np.nan)
    if x > 0.0:
        return OUT($polygamma2_positive(x))
    if x == 0.0:
        return OUT(-np.inf)
    s, c = $sine_pi(x)
    cube = (math.pi / s) * (math.pi / s) * (math.pi / s)
    return OUT(np.nan if s == 0.0 else $polygamma2_positive(1.0 - x) - 2.0 * c * cube)
''',
        (4, 1),
        wide=True,
    ),
)
