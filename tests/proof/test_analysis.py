"""Limits, smoothness and slopes: what is true is proved, and what an unsound engine would accept is not."""

from __future__ import annotations

import pytest

from symloss.proof.boxes import available
from tests.proof.losses import prove, settle

HUBER = {
    "value": "where(abs(x[n]) <= delta, x[n]**2/2, delta*(abs(x[n]) - delta/2))",
    "parameters": "delta: {default: 1, domain: positive}",
}
LABELS = {"inputs": "z[n, k]: real; y: index(k)", "axes": "{n: batch, k: class}"}
T = "let: {t: real}"

TRUE_LIMITS = {
    "an atom at infinity": ("{limit: 'tanh(t)', as: {t: -oo}, equals: -1, let: {t: real}}", {}),
    "the side of a finite limit": ("{limit: '1/(1 - tanh(t))', as: {t: oo}, equals: oo, let: {t: real}}", {}),
    "a pole": ("{limit: '1/t', as: {t: 0+}, equals: oo, let: {t: positive}}", {}),
    "a quotient of exponentials": (
        "{limit: '(3*exp(t) + t**2)/(exp(t) + t)', as: {t: oo}, equals: 3, let: {t: positive}, when: 'x[n] > 0'}",
        {},
    ),
    "the faster term above": (
        "{limit: '(exp(2*t) + t)/(exp(t) + t**3)', as: {t: oo}, equals: oo, let: {t: positive}}",
        {},
    ),
    "a power of what vanishes": (
        "{limit: '(1 - sigmoid(t))**a', as: {t: oo}, equals: 0, let: {t: real, a: positive}}",
        {},
    ),
    "a branch that ends": ("{limit: value, as: {delta: oo}, equals: 'x[n]**2/2'}", HUBER),
    "a branch by cases": (
        "{limit: 'where(abs(x[n]) < t, x[n]**2/t, abs(x[n]))', as: {t: 0+}, equals: 'abs(x[n])', let: {t: positive}}",
        {},
    ),
    "softmax for every size": (
        "{limit: 'exp(z[n, y[n]] - logsumexp[k](z[n, k]))', as: {t: oo}, equals: 1, let: {t: real}, "
        "substitute: {z: 't*(k == y[n])'}}",
        {"value": "logsumexp[k](z[n, k]) - z[n, y[n]]", **LABELS},
    ),
}


@pytest.mark.parametrize("name", TRUE_LIMITS)
def test_a_true_limit_is_proved(name: str) -> None:
    claim, loss = TRUE_LIMITS[name]
    finding = settle(claim, **loss)
    assert finding.status == "proved", finding
    assert all(sizes is None for sizes in finding.scope.sizes.values())


FALSE_LIMITS = {
    "the wrong side": "{limit: 'tanh(t)', as: {t: -oo}, equals: 1, let: {t: real}}",
    "the other side of a pole": "{limit: '1/t', as: {t: 0-}, equals: oo, let: {t: real}}",
    "no side of a pole": "{limit: '1/t', as: {t: 0}, equals: oo, let: {t: real}}",
    "a jump": "{limit: 'sign(t)', as: {t: 0}, equals: 1, let: {t: real}}",
    "the value instead of the limit": "{limit: 'sign(t)', as: {t: 0+}, equals: 0, let: {t: real}}",
    "infinity minus infinity": "{limit: 'sqrt(t + 1) - sqrt(t)', as: {t: oo}, equals: oo, let: {t: positive}}",
    "infinity minus infinity the other way": (
        "{limit: 'sqrt(t + 1) - sqrt(t)', as: {t: oo}, equals: -oo, let: {t: positive}}"
    ),
    "the faster term below": "{limit: '(exp(2*t) + t)/(exp(t) + t**3)', as: {t: oo}, equals: 0, let: {t: positive}}",
    "zero times infinity": "{limit: 't*exp(-t)', as: {t: oo}, equals: 1, let: {t: real}}",
    "an exponent that may be 0": "{limit: 'exp(-t)**a', as: {t: oo}, equals: 0, let: {t: real, a: nonnegative}}",
    "an exponent that may be negative": "{limit: 'exp(-t)**a', as: {t: oo}, equals: 0, let: {t: real, a: real}}",
    "a factor of unknown sign": "{limit: 'x[n]*exp(t)', as: {t: oo}, equals: oo, let: {t: real}}",
    "a branch by the wrong case": (
        "{limit: 'where(abs(x[n]) < t, 1 + x[n], x[n])', as: {t: 0+}, equals: 'x[n]', let: {t: positive}}"
    ),
    "a point out of reach": "{limit: 't', as: {t: oo}, equals: oo, let: {t: '(0, 1)'}}",
    "a condition that keeps away": "{limit: '1/t', as: {t: oo}, equals: 0, let: {t: real}, when: 't < 1'}",
    "the wrong side of a finite limit": "{limit: '1/(1 - tanh(t))', as: {t: oo}, equals: -oo, let: {t: real}}",
    "a power at 0 from no side": "{limit: '1/sin(t)', as: {t: 0}, equals: oo, let: {t: real}}",
    "a slower term that leads": (
        "{limit: '(exp(2*t) + t)/(exp(t) + t**3)', as: {t: oo}, equals: 1, let: {t: positive}}"
    ),
}


@pytest.mark.parametrize("name", FALSE_LIMITS)
def test_a_false_limit_is_not_proved(name: str) -> None:
    assert settle(FALSE_LIMITS[name]).status not in ("proved", "certified", "tested")


def test_a_sum_over_an_axis_keeps_its_number_of_items() -> None:
    loss = {"value": "sum[k](z[n, k]**2)", "inputs": "z[n, k]: real", "axes": "{n: batch, k: class}"}
    claim = "{limit: 'sum[k](sigmoid(t + 0*z[n, k]))', as: {t: oo}, equals: %s, let: {t: real}}"
    assert settle(claim % "'size[k]'", **loss).status == "proved"
    assert settle(claim % "1", **loss).status not in ("proved", "tested")


# --- smoothness -------------------------------------------------------------------------------------------------------

SMOOTH = {
    "huber": ("{smooth: x, order: 1}", HUBER, "proved"),
    "huber twice": ("{smooth: x, order: 2}", HUBER, "refuted"),
    "a cubic seam": ("{smooth: x, order: 2}", {"value": "max(x[n], 0)**3"}, "proved"),
    "a cubic seam thrice": ("{smooth: x, order: 1}", {"value": "abs(x[n])**3 + abs(x[n])"}, "refuted"),
    "a jump": ("{smooth: x, order: 0}", {"value": "where(x[n] < 1, x[n], 2*x[n])"}, "refuted"),
    "the sign of 0": ("{smooth: x, order: 0}", {"value": "sign(x[n])"}, "refuted"),
    "slopes that differ": ("{smooth: x, order: 1}", {"value": "where(x[n] < 0, x[n], 101/100*x[n])"}, "refuted"),
    "composed": ("{smooth: x, order: oo}", {"value": "log(1 + exp(x[n]))*sigmoid(x[n]**2)"}, "proved"),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smoothness(name: str) -> None:
    claim, loss, word = SMOOTH[name]
    assert settle(claim, **loss).status == word


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("{smooth: x, order: 1}", "abs(x[n])**(3/2)"),
        ("{smooth: x, order: 0}", "where(x[n] == 0, 0, 1/x[n])"),
        ("{smooth: x, order: 0}", "where(x[n] == 0, 1, x[n])"),
        ("{smooth: x, order: 1}", "sqrt(x[n]**2)"),
    ],
)
def test_what_is_not_smooth_is_not_proved(claim: str, value: str) -> None:
    assert settle(claim, value=value).status not in ("proved", "certified")


# --- slopes and curvature of pieces -----------------------------------------------------------------------------------

SLOPES = {
    "abs": ("{lipschitz: x, constant: 1}", {"value": "abs(x[n])"}, ("proved",)),
    "a slope above the constant": ("{lipschitz: x, constant: 0.99}", {"value": "abs(x[n])"}, ("refuted",)),
    "a jump has no constant": (
        "{lipschitz: x, constant: 1}",
        {"value": "where(x[n] < 0, 0, 1) + 0*x[n]"},
        ("refuted", "tested", "unknown"),
    ),
    "a constant for one coordinate": (
        "{lipschitz: [x, y], constant: 1, norm: 2}",
        {"value": "x[n] + y[n]", "inputs": "x: real; y: real"},
        ("refuted",),
    ),
    "the same in the other norm": (
        "{lipschitz: [x, y], constant: 1, norm: 1}",
        {"value": "x[n] + y[n]", "inputs": "x: real; y: real"},
        ("proved",),
    ),
    "a convex seam": ("{convex: x}", {"value": "where(x[n] < 0, x[n]**2, 2*x[n]**2 + x[n])"}, ("proved",)),
    "a concave seam": ("{convex: x}", {"value": "where(x[n] < 0, x[n]**2, 2*x[n]**2 - x[n]/100)"}, ("refuted",)),
    "a seam between jumps": (
        "{convex: x}",
        {"value": "where(x[n] < 0, x[n]**2 + 1/100, 2*x[n]**2 + x[n])"},
        ("refuted",),
    ),
}


@pytest.mark.parametrize("name", SLOPES)
def test_slopes(name: str) -> None:
    claim, loss, words = SLOPES[name]
    assert settle(claim, **loss).status in words


# --- no constant ------------------------------------------------------------------------------------------------------

STEEP = {
    "a square": ("{lipschitz: x, constant: none}", {"value": "x[n]**2"}, ("proved",)),
    "a pole": ("{lipschitz: x, constant: none}", {"value": "1/x[n]", "inputs": "x: positive"}, ("proved",)),
    "a line": ("{lipschitz: x, constant: none}", {"value": "3*x[n]"}, ("unknown",)),
    "a square on a bounded interval": (
        "{lipschitz: x, constant: none}",
        {"value": "x[n]**2", "inputs": "x: '[0, 1]'".replace("'", "")},
        ("unknown",),
    ),
    "a square where a condition keeps it small": (
        "{lipschitz: x, constant: none, when: 'x[n]**2 < 4'}",
        {"value": "x[n]**2"},
        ("unknown",),
    ),
    "one item alone": (
        "{lipschitz: z, constant: none, sizes: {k: 1}}",
        {
            "value": "-sum[k](xlogy(y[n, k], z[n, k]))",
            "inputs": "z[n, k]: simplex(k); y[n, k]: simplex(k)",
            "axes": "{n: batch, k: class}",
        },
        ("unknown", "refuted"),
    ),
}


@pytest.mark.parametrize("name", STEEP)
def test_no_constant(name: str) -> None:
    claim, loss, words = STEEP[name]
    assert settle(claim, **loss).status in words


# --- extremes ---------------------------------------------------------------------------------------------------------

EXTREMES = {
    "a vertex": ("{minimum: 2, over: x}", {"value": "(x[n] - 1)**2 + 2"}, ("proved",)),
    "a bound that is not reached": ("{minimum: 1, over: x}", {"value": "(x[n] - 1)**2 + 2"}, ("unknown", "tested")),
    "a bound that fails": ("{minimum: 3, over: x}", {"value": "(x[n] - 1)**2 + 2"}, ("refuted",)),
    "approached": ("{minimum: 0, over: x}", {"value": "softplus(x[n])"}, ("proved",)),
    "approached from below": ("{maximum: 1, over: x}", {"value": "sigmoid(x[n])"}, ("proved",)),
    "an open bound": ("{minimum: '(0, 1]', over: x}", {"value": "softplus(x[n])"}, ("unknown",)),
    "the minimiser": ("{argmin: r, of: '(r - 1)**2', let: {r: real}, equals: 1}", {}, ("proved",)),
    "a saddle": ("{argmin: r, of: 'r**3', let: {r: real}, equals: 0}", {}, ("refuted",)),
    "a maximiser": ("{argmin: r, of: '-r**2', let: {r: real}, equals: 0}", {}, ("refuted",)),
    "a point outside": ("{argmin: r, of: '(r - 2)**2', let: {r: '(0, 1)'}, equals: 2}", {}, ("refuted", "unknown")),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(name: str) -> None:
    claim, loss, words = EXTREMES[name]
    assert settle(claim, **loss).status in words


# --- integrals --------------------------------------------------------------------------------------------------------

INTEGRALS = {
    "the density": ("exp(-(t - x[n])**2/2)/sqrt(2*pi)", "1", ("proved",)),
    "the mean": ("t*exp(-(t - x[n])**2/2)/sqrt(2*pi)", "x[n]", ("proved",)),
    "the fourth moment": ("t**4*exp(-t**2/(2*exp(x[n])))/sqrt(2*pi*exp(x[n]))", "3*exp(2*x[n])", ("proved",)),
    "a shifted exponent": ("exp(-t**2/2 + x[n]*t)/sqrt(2*pi)", "exp(x[n]**2/2)", ("proved",)),
    "one percent off": ("exp(-(t - x[n])**2/2)/sqrt(2*pi)", "101/100", ("refuted",)),
    "the wrong moment": ("t**2*exp(-(t - x[n])**2/2)/sqrt(2*pi)", "x[n]**2", ("refuted",)),
    "a Gaussian the wrong way up": ("exp((t - x[n])**2/2)/sqrt(2*pi)", "1", ("unknown", "refuted")),
    "a variance that may be negative": ("exp(-t**2/(2*x[n]))", "sqrt(2*pi*max(x[n], 1))", ("unknown",)),
    "two different Gaussians": ("exp(-t**2) + exp(-t**2/2)", "sqrt(pi)", ("unknown",)),
    "the same diverging integral": ("exp(x[n]*t)", "integral[t, -oo, oo](exp(x[n]*t))", ("unknown",)),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_integrals(name: str) -> None:
    integrand, value, words = INTEGRALS[name]
    claim = f"{{equals: '{value}', of: 'integral[t, -oo, oo]({integrand})'}}"
    assert settle(claim).status in words


# --- covers -----------------------------------------------------------------------------------------------------------

UNIT = {"inputs": "x: [0, 1]; y: [0, 1]"}
COVERS = {
    "strict": ("{at_most: 126/100}", {"value": "x[n]*(1 - x[n])*sin(3*x[n]) + 1", "inputs": "x: [0, 1]"}),
    "a root inside": (
        "{at_least: 0}",
        {"value": "sin(x[n])**2 - 2*sin(x[n]) + 2*x[n] - x[n]**2 + x[n]**4", "inputs": "x: [0, 1]"},
    ),
    "through the whole line": (
        "{bounds: 'sigmoid(x[n])*(1 - sigmoid(x[n]))*log(sigmoid(x[n]))', in: '[-3/10, 0]'}",
        {},
    ),
}


@pytest.mark.parametrize("name", COVERS)
def test_a_cover_certifies(name: str) -> None:
    if not available():
        pytest.skip("python-flint is not installed")
    claim, loss = COVERS[name]
    assert settle(claim, **loss).status in ("proved", "certified")


NOT_COVERED = {
    "below its largest value": (
        "{at_most: 1249/1000}",
        {"value": "x[n]*(1 - x[n])*sin(3*x[n]) + 1", "inputs": "x: [0, 1]"},
    ),
    "strict where it touches": ("{positive: value}", {"value": "sin(x[n])**2", "inputs": "x: [0, 1]"}),
    "a pole inside": ("{at_least: '-1000'}", {"value": "sin(x[n])/(2*x[n] - 1)**2", "inputs": "x: [0, 1]"}),
    "no number at the end": (
        "{at_most: 0}",
        {"value": "x[n]*log(x[n])*sin(1/x[n])", "inputs": "x: '(0, 1]'".replace("'", "")},
    ),
}


@pytest.mark.parametrize("name", NOT_COVERED)
def test_what_is_false_is_not_covered(name: str) -> None:
    claim, loss = NOT_COVERED[name]
    assert settle(claim, **loss).status not in ("proved", "certified")


# --- the proving half alone -------------------------------------------------------------------------------------------

#: False statements that a witness refutes at once: here nothing looks for one, so that only the engines decide.
FALSE = {
    "slopes that differ at a seam": ("{smooth: x, order: 1}", {"value": "where(x[n] < 0, x[n], 101/100*x[n])"}),
    "values that differ at a seam": ("{smooth: x, order: 0}", {"value": "where(x[n] < 1, x[n], x[n] + 1/100)"}),
    "a value at one point": ("{smooth: x, order: 0}", {"value": "where(x[n] == 0, 1, x[n])"}),
    "the second derivative of huber": ("{smooth: x, order: 2}", HUBER),
    "a jump between flat pieces": ("{lipschitz: x, constant: 1}", {"value": "where(x[n] < 0, 0*x[n], 1 + 0*x[n])"}),
    "a steep piece": ("{lipschitz: x, constant: 1}", {"value": "where(x[n] < 0, x[n], 101/100*x[n])"}),
    "a norm that is too generous": (
        "{lipschitz: [x, y], constant: 1, norm: 2}",
        {"value": "x[n] + y[n]", "inputs": "x: real; y: real"},
    ),
    "slopes that fall at a seam": ("{convex: x}", {"value": "where(x[n] < 0, x[n]**2, 2*x[n]**2 - x[n]/100)"}),
    "a jump between convex pieces": ("{convex: x}", {"value": "where(x[n] < 0, x[n]**2 + 1/100, 2*x[n]**2 + x[n])"}),
    "a piece that bends down": ("{convex: x}", {"value": "where(x[n] < 0, -x[n]**2/100, x[n]**2)"}),
    "a flat piece of a strictly convex function": ("{strictly_convex: x}", {"value": "max(x[n], 0)**2"}),
    "a stationary point that is no minimum": ("{argmin: r, of: 'r**3', let: {r: real}, equals: 0}", {}),
    "a maximum for a minimum": ("{argmin: r, of: '-r**2', let: {r: real}, equals: 0}", {}),
    "a minimum that is too low": ("{minimum: 1, over: x}", {"value": "(x[n] - 1)**2 + 2"}),
    "a minimum that is too high": ("{minimum: 3, over: x}", {"value": "(x[n] - 1)**2 + 2"}),
    "a limit for an attained open bound": ("{minimum: '(0, 1]', over: x}", {"value": "softplus(x[n])"}),
    "a root of odd order": ("{at_least: 0}", {"value": "x[n]**3", "inputs": "x: [-1, 1]"}),
    "the lowest value of x*log(x)": ("{at_least: '-36/100'}", {"value": "x[n]*log(x[n])", "inputs": "x: (0, 1]"}),
    "a constant just below the largest value": (
        "{at_most: 1249/1000}",
        {"value": "x[n]*(1 - x[n])*sin(3*x[n]) + 1", "inputs": "x: [0, 1]"},
    ),
    "a box that is left out": ("{at_most: 1}", {"value": "sin(x[n])*x[n]", "inputs": "x: [0, 2]"}),
    "no number": ("{at_least: '-1'}", {"value": "sin(log(x[n] - 2))", "inputs": "x: [0, 1]"}),
    "equal logarithms of negative numbers": (
        "{equals: 'log(x[n]) + log(x[n])', of: 'log(x[n]**2)'}",
        {"value": "x[n]", "inputs": "x: [-1, 1]"},
    ),
    "a Gaussian the wrong way up": ("{equals: 1, of: 'integral[t, -oo, oo](exp((t - x[n])**2/2)/sqrt(2*pi))'}", {}),
}


@pytest.mark.parametrize("name", FALSE)
def test_the_engines_do_not_show_what_is_false(name: str) -> None:
    claim, loss = FALSE[name]
    assert any(finding.status not in ("proved", "certified") for finding in prove(claim, **loss))


def test_a_family_outside_the_domain_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slope of a square is steep only where x is large: a shape that leaves [0, 1] must be turned down."""
    import sympy

    from symloss.program import Read
    from symloss.proof import families

    def shapes(*_: object) -> list[tuple[object, object, object]]:
        return [(2 * Read(families.LARGE), sympy.S.One, sympy.S.One)]

    loss = {"value": "x[n]**2", "inputs": "x: [0, 1]"}
    monkeypatch.setattr(families, "_moving_shapes", shapes)
    assert settle("{lipschitz: x, constant: none}", value="x[n]**2").status == "proved"
    assert settle("{lipschitz: x, constant: none}", **loss).status not in ("proved", "certified")


def _leaves(tree: str, box: list[tuple[float, float]]) -> list[tuple[str, list[tuple[float, float]]]]:
    """The leaves of a cover with their boxes; the tree must end where it closes."""
    found = []

    def read(at: int, sides: list[tuple[float, float]]) -> int:
        if tree[at] in ".xr":
            found.append((tree[at], sides))
            return at + 1
        number = int(tree[at])
        low, high = sides[number]
        for half in ((low, (low + high) / 2), ((low + high) / 2, high)):
            at = read(at + 1 if half[0] == low else at, [half if i == number else s for i, s in enumerate(sides)])
        return at

    assert read(0, box) == len(tree)
    return found


@pytest.mark.skipif(not available(), reason="python-flint is not installed")
def test_a_cover_has_no_hole_and_its_boxes_are_right() -> None:
    import math

    import sympy

    from symloss import atoms
    from symloss.program import Domain, Read
    from symloss.proof.engines import Budget
    from symloss.proof.engines.balls import ENGINE
    from symloss.proof.problems import Problem

    x = Read("x")
    unit = Domain("interval", sympy.S.Zero, sympy.S.One, True, True)
    most = sympy.Rational(26, 100)
    finding = ENGINE.settle(Problem({x: unit}, (), atoms.LessEqual(x * (1 - x) * sympy.sin(3 * x), most)), Budget())
    assert finding is not None
    assert finding.status == "certified"
    evidence = finding.evidence
    leaves = _leaves(evidence["tree"], [(0.0, 1.0)])
    assert sum(high - low for _, ((low, high),) in leaves) == 1.0
    assert all(x * (1 - x) * math.sin(3 * x) <= 0.26 for _, ((low, high),) in leaves for x in (low, high))


@pytest.mark.skipif(not available(), reason="python-flint is not installed")
def test_what_is_no_number_decides_nothing() -> None:
    import sympy
    from flint import arb

    from symloss import atoms
    from symloss.proof.boxes import Boxes, Interval, UndecidedError, between

    x = sympy.Symbol("x", real=True)
    boxes = Boxes({x: Interval(arb(-1), arb(1))})
    for condition in (atoms.LessEqual(0, sympy.log(x)), atoms.Less(sympy.log(x), 5), atoms.NotEqual(1 / x, 0)):
        assert boxes.truth(condition) is None
    with pytest.raises(UndecidedError):
        between(arb.nan(), arb(1))
    holes = Boxes({x: Interval(arb.nan(), arb.nan())})
    assert holes.truth(atoms.Less(0, x)) is None
    assert holes.truth(atoms.LessEqual(x, 0)) is None
    assert holes.truth(atoms.Equal(x, 0)) is None
