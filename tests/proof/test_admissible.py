"""A claim about a point or a move holds only where point and image are admissible, and one about sizes for each."""

from __future__ import annotations

import pytest

from tests.proof.losses import prove, settle

CLASSES = "{n: batch, k: class}"
SIMPLEX = {"inputs": "p[n, k]: simplex(k)", "axes": CLASSES}
BITS = {"inputs": "x: {0, 1}"}
LOGITS = {"inputs": "z[n, k]: real", "axes": CLASSES}

#: claim, loss: the point lies outside the domain, the range, the condition, or the entry does.
OUTSIDE = {
    "an open end": ("{attained: 0, at: {x: 0}}", {"value": "sqrt(x[n])", "inputs": "x: positive"}),
    "a condition": ("{attained: 1, at: {x: 1}, when: 'x[n] < 1/2'}", {"value": "x[n]"}),
    "a narrower range": ("{attained: 4, at: {x: 2}, for: {x: '(0, 1)'}}", {"value": "x[n]**2"}),
    "a value that is not of the set": ("{attained: 0, at: {x: 1/2}}", {"value": "(x[n] - 1/2)**2", **BITS}),
    "no distribution": ("{attained: 0, at: {p: 0}}", {"value": "sum[k](p[n, k])", **SIMPLEX}),
    "an item that there cannot be": (
        "{invariant: padding, in: {z: 2}, along: k}",
        {"value": "sum[k](relu(z[n, k] - 3)**2)", "inputs": "z[n, k]: [0, 1]", "axes": CLASSES},
    ),
    "a least value between the values of a set": ("{minimum: 0, over: x}", {"value": "(x[n] - 1/2)**2", **BITS}),
    "a least value outside of a set": ("{minimum: 0, over: x}", {"value": "(x[n] - 3)**2", **BITS}),
    "a minimiser between the values of a set": ("{argmin: x, equals: 1/2}", {"value": "(x[n] - 1/2)**2", **BITS}),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_not_admissible_shows_nothing(name: str) -> None:
    claim, loss = OUTSIDE[name]
    assert settle(claim, **loss).status not in ("proved", "certified", "tested")
    assert any(finding.status not in ("proved", "certified") for finding in prove(claim, **loss))


INSIDE = {
    "a closed end": ("{attained: 0, at: {x: 0}}", {"value": "sqrt(x[n])", "inputs": "x: nonnegative"}),
    "as the condition asks": ("{attained: 1/4, at: {x: 1/4}, when: 'x[n] < 1/2'}", {"value": "x[n]"}),
    "the value of another input": (
        "{attained: 0, at: {x: 'y[n]'}}",
        {"value": "(x[n] - y[n])**2", "inputs": "x: positive; y: positive"},
    ),
    "the best of a set": ("{minimum: 1/4, over: x}", {"value": "(x[n] - 1/2)**2", **BITS}),
    "a minimiser of a set": ("{argmin: x, equals: 1}", {"value": "(x[n] - 1)**2", **BITS}),
    "an image of distributions": ("{invariant: shift, in: p, along: k}", {"value": "sum[k](p[n, k]**2)", **SIMPLEX}),
    "an image of a set": ("{invariant: scale, in: x}", {"value": "x[n]**2", **BITS}),
    "a multiple of a parameter too": (
        "{invariant: scale, in: [x, t]}",
        {"value": "(x[n]/t)**2", "parameters": "t: {default: 1, domain: positive}"},
    ),
}


@pytest.mark.parametrize("name", INSIDE)
def test_what_is_admissible_counts(name: str) -> None:
    claim, loss = INSIDE[name]
    assert settle(claim, **loss).status == "proved"


#: claim, loss, verdict: a range makes a domain smaller, never larger, and leaves a distribution one.
NARROWER = {
    "entries of a distribution": (
        "{zero: 'sum[k](p[n, k]) - 1', for: {p: '[0, 1)'}, sizes: {k: 2}}",
        SIMPLEX,
        "proved",
    ),
    "entries that are not 0": ("{positive: 'min[k](p[n, k])', for: {p: '(0, 1]'}}", SIMPLEX, "proved"),
    "entries that may be 0": ("{positive: 'min[k](p[n, k])'}", SIMPLEX, "refuted"),
    "an interval of a set": ("{equals: 1, for: {x: '(1/2, 2)'}}", {"value": "x[n]", **BITS}, "proved"),
    "a set of an interval": (
        "{equals: 1, for: {x: '{-1, 1}'}}",
        {"value": "x[n]", "inputs": "x: positive"},
        "proved",
    ),
}


@pytest.mark.parametrize("name", NARROWER)
def test_a_range_is_met_with_the_domain(name: str) -> None:
    claim, loss, word = NARROWER[name]
    given = {"value": "sum[k](p[n, k])", **loss} if "value" not in loss else loss
    assert settle(claim, **given).status == word


#: claim, value: what moves with its argument, and what does not.
EQUIVARIANT = {
    "shift": ("{equivariant: shift, in: z}", "logsumexp[k](z[n, k])", "logsumexp[k](2*z[n, k])"),
    "scale": ("{equivariant: scale, in: z}", "max[k](z[n, k])", "max[k](z[n, k] + 1)"),
    "rotation": (
        "{equivariant: rotation, in: z, along: k, of: 'grad(z)[n, k]'}",
        "sum[k](z[n, k]**2)",
        "sum[k](abs(z[n, k])**3)",
    ),
    "permutation": (
        "{equivariant: permutation, in: z, along: k, of: 'grad(z)[n, k]'}",
        "logsumexp[k](z[n, k])",
        "sum[k](where(k == 0, 2, 1)*z[n, k]**2)",
    ),
}


@pytest.mark.parametrize("kind", EQUIVARIANT)
def test_a_result_moves_with_its_argument(kind: str) -> None:
    claim, moves, stays = EQUIVARIANT[kind]
    assert settle(claim, value=moves, **LOGITS).status == "proved"
    assert settle(claim, value=stays, **LOGITS).status == "refuted"


def test_vectors_that_move_together() -> None:
    claim = "{equivariant: translation, in: [z, o], let: {o: {like: z}}, of: 'z[n, k] + sum[k](z[n, k] %s o[n, k])'}"
    assert settle(claim % "-", value="sum[k](z[n, k])", **LOGITS).status == "proved"
    assert settle(claim % "+", value="sum[k](z[n, k])", **LOGITS).status == "refuted"


def test_a_rotation_that_is_no_permutation_is_found() -> None:
    claim = "{invariant: rotation, in: z, along: k}"
    assert settle(claim, value="sum[k](abs(z[n, k]))", **LOGITS).status == "refuted"
    assert settle(claim, value="sum[k](z[n, k]**2)", **LOGITS).status == "proved"


def test_what_is_shown_of_one_item_alone_is_not_proved() -> None:
    finding = settle("{smooth: p, order: 1}", value="sum[k](sqrt(p[n, k]))", **SIMPLEX)
    assert finding.status not in ("proved", "certified")
    assert "k = 1 alone" in finding.summary
    finding = settle("{smooth: p, order: 1, sizes: {k: 1}}", value="sum[k](sqrt(p[n, k]))", **SIMPLEX)
    assert finding.status == "proved"
    assert finding.scope.sizes == {"k": (1,)}


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("{equivariant: rotation, in: z, along: k}", "no axis k"),
        ("{equivariant: symmetric, in: [z, other], let: {other: {like: z}}}", "not supported"),
        ("{subgradient: step}", "not supported"),
        ("{attained: 0, at: {z: 0}, substitute: {z: 1}}", "replaces"),
    ],
)
def test_what_has_no_meaning_is_unknown_with_the_reason(claim: str, reason: str) -> None:
    from symloss.language import SpecLibrary, parse_spec
    from symloss.proof.portfolio import settle_claim
    from symloss.runtime.locations import data_folder
    from tests.proof.losses import HEAD

    text = HEAD.format(
        axes=CLASSES,
        inputs="  z: {axes: [n, k], role: prediction, domain: real}",
        parameters='define:\n  - "step[n] = sum[k](z[n, k])"\n',
        value="step[n]**2",
        claims=f"  - {claim}",
    )
    probe = parse_spec(text, "probe.yaml", SpecLibrary([data_folder("specs")]))
    finding = settle_claim(probe, probe.claims[0])
    assert finding.status == "unknown"
    assert reason in finding.summary
