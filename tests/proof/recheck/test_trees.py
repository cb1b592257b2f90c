"""Trees of steps written by hand: right as they stand, and not followed when anything in them is weakened."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import sympy

from symloss.program import Domain, Tensor, exact_arithmetic
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.certificates import BrokenStepError, NotSeenError, Walk
from symloss.proof.recheck.closed import closed_term

POSITIVE = Domain("interval", sympy.S.Zero, sympy.oo, False, False)
NONNEGATIVE = Domain("interval", sympy.S.Zero, sympy.oo, True, False)
UNIT = Domain("interval", sympy.S.Zero, sympy.S.One, True, True)
TENSORS = {
    name: Tensor(name, axes, "variable", domain)
    for name, axes, domain in (
        ("x", ("n",), Domain()),
        ("w", ("n",), POSITIVE),
        ("m", ("n",), NONNEGATIVE),
        ("t", ("n",), UNIT),
        ("z", ("n", "k"), Domain()),
        ("a", ("n", "k"), UNIT),
        ("b", ("n", "k"), NONNEGATIVE),
        ("p", ("n", "k"), Domain("simplex", axis="k")),
        ("q", ("n", "k"), Domain("simplex", axis="k")),
    )
}
COSINE = "sum[k'1](z[n, k'1]*b[n, k'1])/(sqrt(sum[k'1](z[n, k'1]**2))*sqrt(sum[k'1](b[n, k'1]**2)))"
LEAF = {"shows": "0 <= m[n]", "rule": "range"}


def leaf(text: str) -> dict[str, Any]:
    return {"shows": f"0 <= {text}", "rule": "range"}


def tree(text: str, rule: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"shows": f"0 <= {text}", "rule": rule, "from": list(parts), **more}


TREES: dict[str, dict[str, Any]] = {
    "range": leaf("m[n] + x[n]**2"),
    "factors": tree("2*m[n]*w[n]", "factors", leaf("m[n]"), leaf("w[n]")),
    "terms": tree("m[n] + x[n]**2", "terms", leaf("m[n]"), leaf("x[n]**2")),
    "cases": tree(
        "Where(Less(0, x[n]), x[n], -x[n])",
        "cases",
        {"where": "Less(0, x[n])", **leaf("x[n]")},
        {"where": "LessEqual(x[n], 0)", **leaf("-x[n]")},
    ),
    "quotient": tree("m[n]/w[n] + 1", "quotient", leaf("m[n] + w[n]"), denominator="w[n]"),
    "ends": tree(
        "Softplus(x[n]) - t[n]*x[n]",
        "ends",
        {"at": "0", **leaf("Softplus(x[n])"), "facts": ["softplus in (0, oo)"]},
        {"at": "1", **tree("log(exp(x[n]) + 1) - x[n]", "logarithm", leaf("exp(-x[n])"))},
        variable="t[n]",
    ),
    "Gibbs": tree("w[n] - 1 - log(w[n]) + m[n]", "Gibbs", pairs=[["1", "w[n]"]], rest=["m[n]"]),
    "items": tree(
        "w[n]*sum[k'1](XLogY(p[n, k'1], p[n, k'1]) - XLogY(p[n, k'1], q[n, k'1]))",
        "sum of nonnegative items",
        {
            "factor": "w[n]",
            "axis": "k''7",
            "guard": "1",
            "shows": "0 <= q[n, k''7] - p[n, k''7] + XLogY(p[n, k''7], p[n, k''7]) - XLogY(p[n, k''7], q[n, k''7])",
            "rule": "Gibbs",
            "pairs": [["p[n, k''7]", "q[n, k''7]"]],
            "rest": [],
            "item": "XLogY(p[n, k''7], p[n, k''7]) - XLogY(p[n, k''7], q[n, k''7])",
            "multipliers": [{"sum of": "q[n, k''7]", "times": "1"}, {"sum of": "p[n, k''7]", "times": "-1"}],
        },
    ),
    "share": tree(
        "sum[k'1](b[n, k'1]) - sum[k'1](a[n, k'1]*b[n, k'1])",
        "share",
        slacks={"sum[k'1](b[n, k'1])": "slack of b[n, k''1] + sum[k'1](a[n, k'1]*b[n, k'1])"},
    ),
    "item": tree("logsumexp[k'1](z[n, k'1]) - z[n, i]", "item", equal="logsumexp[k'1](z[n, k'1]) - z[n, i]"),
    "spread": tree(
        "1 + log(size[k]) - logsumexp[k'1](a[n, k'1])",
        "mean of exponentials",
        leaf("1 - a[n, k''3]"),
        items="k''3",
    ),
    "Cauchy-Schwarz": tree(f"w[n] + w[n]*{COSINE}", "Cauchy-Schwarz", leaf("0")),
    "consequence": tree("m[n] + 3*x[n]", "consequence", leaf("m[n]"), given="Less(0, x[n])", times="3"),
}
ASSUMED = {"consequence": "Less(0, x[n])"}


def followed(step: dict[str, Any], *assumed: str) -> bool:
    conditions = [closed_term(text, TENSORS) for text in assumed]
    with exact_arithmetic():
        try:
            Walk(Knowledge(TENSORS, conditions)).nonnegative(step)
        except (NotSeenError, BrokenStepError, KeyError, ValueError):
            return False
    return True


@pytest.mark.parametrize("name", TREES)
def test_a_right_tree_is_followed(name: str) -> None:
    assert followed(TREES[name], *([ASSUMED[name]] if name in ASSUMED else []))


def test_a_consequence_needs_its_condition() -> None:
    assert not followed(TREES["consequence"])


def says(text: str) -> Callable[[dict[str, Any]], None]:
    return lambda step: step.update(shows=f"0 <= {text}")


def changed(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(step: dict[str, Any]) -> None:
        for key in path[:-1]:
            step = step[key]
        step[path[-1]] = to

    return change


def without(*path: Any) -> Callable[[dict[str, Any]], None]:
    def change(step: dict[str, Any]) -> None:
        for key in path[:-1]:
            step = step[key]
        del step[path[-1]]

    return change


ITEM = "XLogY(p[n, k''7], p[n, k''7]) - XLogY(p[n, k''7], q[n, k''7])"
FAULTS: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("range", says("m[n] + x[n]")),
    ("factors", says("-2*m[n]*w[n]")),
    ("factors", without("from", 0)),
    ("factors", changed("from", 0, to=leaf("x[n]"))),
    ("terms", without("from", 1)),
    ("terms", says("m[n] + x[n]**2 - 1")),
    ("cases", changed("from", 1, "where", to="LessEqual(x[n], 1)")),
    ("cases", changed("from", 1, "shows", to="0 <= x[n]**2")),
    ("cases", without("from", 1)),
    ("quotient", changed("denominator", to="x[n]")),
    ("quotient", says("m[n]/x[n] + 1")),
    ("quotient", changed("from", 0, to=leaf("m[n] + 2*w[n]"))),
    ("ends", changed("variable", to="x[n]")),
    ("ends", without("from", 0, "facts", 0)),
    ("ends", changed("from", 1, "at", to="1/2")),
    ("ends", changed("from", 1, to={"at": "1", **leaf("Softplus(x[n])")})),
    ("ends", changed("from", 1, "from", 0, to=leaf("exp(-x[n]) + 1"))),
    ("Gibbs", says("1 - w[n] + log(w[n]) - m[n]")),
    ("Gibbs", changed("pairs", 0, to=["1", "x[n]"])),
    ("Gibbs", changed("rest", to=["x[n]"])),
    ("items", changed("from", 0, "multipliers", 0, "times", to="2")),
    ("items", without("from", 0, "multipliers", 1)),
    ("items", changed("from", 0, "multipliers", 0, "sum of", to="b[n, k''7]")),
    ("items", changed("from", 0, "item", to=f"{ITEM} + b[n, k''7]")),
    ("items", changed("from", 0, "factor", to="x[n]")),
    ("items", changed("from", 0, "axis", to="n")),
    ("items", changed("from", 0, "guard", to="Equal(k''7, 0)")),
    ("share", changed("slacks", to={"sum[k'1](a[n, k'1])": "slack of a + sum[k'1](a[n, k'1]*b[n, k'1])"})),
    ("share", says("sum[k'1](a[n, k'1]*b[n, k'1]) - sum[k'1](b[n, k'1])")),
    ("item", changed("equal", to="z[n, i]**2")),
    ("spread", changed("from", 0, to=leaf("2 - a[n, k''3]"))),
    ("spread", says("log(size[k]) - logsumexp[k'1](a[n, k'1])")),
    ("Cauchy-Schwarz", says(f"w[n]/2 + w[n]*{COSINE}")),
    ("Cauchy-Schwarz", says(f"x[n] + x[n]*{COSINE}")),
    ("consequence", changed("times", to="-3")),
    ("consequence", changed("given", to="Less(0, 2*x[n] + 1)")),
    ("consequence", changed("from", 0, to=leaf("m[n] + 1"))),
    ("terms", changed("rule", to="evident")),
]


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_weakened_tree_is_not_followed(name: str, fault: Callable[[dict[str, Any]], None]) -> None:
    step = copy.deepcopy(TREES[name])
    fault(step)
    assert step != TREES[name]
    assert not followed(step, *([ASSUMED[name]] if name in ASSUMED else []))


def items(text: str, factor: str, shows: str, **more: Any) -> dict[str, Any]:
    part = {"factor": factor, "axis": "k''7", "guard": "1", **leaf(shows), **more}
    return tree(text, "sum of nonnegative items", part)


def some(item: str, bound: int) -> str:
    """The share of an item among those with positive b, of which it need not be one."""
    return f"exp(z[n, {item}] - logsumexp[k'{bound}, Less(0, b[n, k'{bound}])](z[n, k'{bound}]))"


def slack(whole: str, smaller: str) -> dict[str, str]:
    return {f"sum[k'1]({whole})": f"slack of b + sum[k'1]({smaller})"}


#: False statements, in each of which one thing alone is amiss.
FALSE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a term that does not sum to 1": (
        items(
            "sum[k'1](a[n, k'1] - b[n, k'1])",
            "1",
            "0",
            item="a[n, k''7] - b[n, k''7]",
            multipliers=[{"sum of": "b[n, k''7]", "times": "1"}, {"sum of": "a[n, k''7]", "times": "-1"}],
        ),
        (),
    ),
    "some of the entries of a distribution": (
        tree(
            "sum[k'1, Less(0, z[n, k'1])](XLogY(p[n, k'1], p[n, k'1]) - XLogY(p[n, k'1], q[n, k'1]))",
            "sum of nonnegative items",
            {**TREES["items"]["from"][0], "factor": "1", "guard": "Less(0, z[n, k''7])"},
        ),
        (),
    ),
    "a softmax over some items": (
        items(
            "sum[k'1](p[n, k'1] - " + some("k'1", 2) + ")",
            "1",
            "0",
            item="p[n, k''7] - " + some("k''7", 1),
            multipliers=[
                {"sum of": some("k''7", 1), "times": "1"},
                {"sum of": "p[n, k''7]", "times": "-1"},
            ],
        ),
        (),
    ),
    "a factor of unknown sign": (items("x[n]*sum[k'1](b[n, k'1])", "x[n]", "b[n, k''7]"), ()),
    "an index that is not any item": (items("sum[k'1](z[n, k'1])", "1", "z[n, k''7]"), ("Less(0, z[n, k''7])",)),
    "a negative divergence": (tree("1 - w[n] + log(w[n])", "Gibbs", pairs=[["1", "w[n]"]], rest=[]), ()),
    "a negative mass": (
        tree("w[n] - x[n] + XLogY(x[n], x[n]) - XLogY(x[n], w[n])", "Gibbs", pairs=[["x[n]", "w[n]"]], rest=[]),
        (),
    ),
    "a negative second mass": (
        tree("x[n] - m[n] + XLogY(m[n], m[n]) - XLogY(m[n], x[n])", "Gibbs", pairs=[["m[n]", "x[n]"]], rest=[]),
        (),
    ),
    "a rest of unknown sign": (tree("w[n] - 1 - log(w[n]) + x[n]", "Gibbs", pairs=[["1", "w[n]"]], rest=["x[n]"]), ()),
    "beyond the upper end": (
        tree("1 - m[n]", "ends", {"at": "0", **leaf("1")}, {"at": "1", **leaf("0")}, variable="m[n]"),
        (),
    ),
    "beyond the lower end": (
        tree("1 - m[n]", "ends", {"at": "0", **leaf("1")}, {"at": "1", **leaf("2")}, variable="-m[n]"),
        (),
    ),
    "a negative multiple": (
        tree("-x[n]", "consequence", leaf("0"), given="Less(0, x[n])", times="-1"),
        ("Less(0, x[n])",),
    ),
    "a share above 1": (
        tree("sum[k'1](b[n, k'1]) - sum[k'1](b[n, k'1]*m[n])", "share", slacks=slack("b[n, k'1]", "b[n, k'1]*m[n]")),
        (),
    ),
    "a share of something negative": (
        tree(
            "sum[k'1](z[n, k'1]) - sum[k'1](a[n, k'1]*z[n, k'1])",
            "share",
            slacks=slack("z[n, k'1]", "a[n, k'1]*z[n, k'1]"),
        ),
        (),
    ),
    "a denominator of unknown sign": (
        tree("m[n]/x[n]", "quotient", leaf("m[n]"), denominator="x[n]"),
        ("NotEqual(x[n], 0)",),
    ),
    "an item that is left out": (leaf("logsumexp[k'1, Less(0, b[n, k'1])](z[n, k'1]) - z[n, i]"), ()),
    "no item at all": (leaf("logsumexp[k'1, Less(0, b[n, k'1])](a[n, k'1])"), ()),
    "the other branch": (leaf("Where(Less(0, x[n]), 1, x[n])"), ()),
    "the branch before": (leaf("Where(Less(0, x[n]), -x[n], 1)"), ()),
    "an average of some items": (leaf("sum[k'1, Less(0, b[n, k'1])](a[n, k'1] + 1)/size[k] - 1"), ()),
    "an item of unknown sign": (tree("x[n]", "item", equal="x[n]"), ()),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_statement_is_not_followed(name: str) -> None:
    step, assumed = FALSE[name]
    assert not followed(step, *assumed)


@pytest.mark.parametrize(("text", "above"), [("w[n]", True), ("m[n]", False), ("t[n]", False), ("1 - t[n]", False)])
def test_an_end_that_is_reached_is_not_left_out(text: str, above: bool) -> None:
    with exact_arithmetic():
        known = Knowledge(TENSORS)
        assert known.holds(closed_term(f"Less(0, {text})", TENSORS)) is above
        assert known.holds(closed_term(f"LessEqual(0, {text})", TENSORS)) is True


def test_more_times_a_constraint_than_less_is_not_followed() -> None:
    """``Σ (item + q) ≥ 0`` says nothing of ``Σ item``: only what is taken away as well may be added."""
    step = tree(
        "sum[k'1](-q[n, k'1])",
        "sum of nonnegative items",
        {
            **{"factor": "1", "axis": "k''7", "guard": "1", "item": "-q[n, k''7]"},
            **leaf("-q[n, k''7] + q[n, k''7]"),
            "multipliers": [{"sum of": "q[n, k''7]", "times": "1"}],
        },
    )
    assert not followed(step)


@pytest.mark.parametrize("text", ["sum[k'1, Equal(k'1, i)](p[n, k'1])", "Mod(i + floor(size[k]/2), size[k])", COSINE])
def test_a_closed_term_is_read_as_it_was_printed(text: str) -> None:
    with exact_arithmetic():
        read = closed_term(text, TENSORS)
        assert closed_term(str(read), TENSORS) == read


@pytest.mark.parametrize("text", ["nobody[n]", "open(1)", "x[n] if 1 else 2", "product[k'1](p[n, k'1])", "1 +"])
def test_what_is_no_closed_term_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"no term|not known|no function"):
        closed_term(text, TENSORS)
