"""False claims, and claims that an unsound prover has accepted before: none may be proved."""

from __future__ import annotations

import pytest

from tests.proof.losses import settle

SHOWN = ("proved", "certified", "tested")

#: claim, loss, and what a correct prover says.
FALSE = {
    "a negative constant": ("{nonnegative: value}", {"value": "x[n]**2 - 1/100"}),
    "strict for weak": ("{positive: value}", {"value": "x[n]**2"}),
    "a concave function is convex": ("{convex: x}", {"value": "-x[n]**2"}),
    "a concave kink is convex": ("{convex: x}", {"value": "where(x[n] < 0, x[n], x[n]/2)"}),
    "a downward jump is convex": ("{convex: x}", {"value": "where(x[n] < 0, x[n], x[n] - 5)"}),
    "the root of a branch that is not taken": (
        "{nonnegative: value}",
        {"value": "where(x[n] >= 0, sqrt(max(x[n], 0)), -1 + 0*x[n])"},
    ),
    "a norm's square minus its other half": (
        "{nonnegative: value}",
        {
            "value": "sum[k](z[n, k]**2) - z[n, 0]**2 - 1",
            "inputs": "z[n, k]: real",
            "axes": "{n: batch, k: {kind: class, size: 2}}",
        },
    ),
    "a constant that is 1 percent too small": ("{lipschitz: x, constant: 0.99}", {"value": "abs(x[n])"}),
    "the wrong gradient": ("{gradient: x, equals: '2*x[n] + 1/1000'}", {"value": "x[n]**2"}),
    "a slope of the other sign": ("{gradient: x, equals: 'sign(x[n])'}", {"value": "-abs(x[n])"}),
    "a shift that changes the value": ("{invariant: shift, in: x}", {"value": "x[n]**2"}),
    "not symmetric": ("{invariant: symmetric, in: [x, y]}", {"value": "x[n]*y[n]**2", "inputs": "x: real; y: real"}),
    "decreasing": ("{monotone: t, direction: decreasing, let: {t: positive}, of: 't**2'}", {}),
    "only one side of an equivalence": ("{zero_iff: 'x[n] == 1'}", {"value": "(x[n] - 1)**2*(x[n] - 2)**2"}),
    "the minimiser of something else": ("{argmin: r, of: '(r - 1)**2', let: {r: real}, equals: 2}", {}),
    "logsumexp below its second item": (
        "{nonnegative: value}",
        {
            "value": "logsumexp[k](z[n, k]) - 2*z[n, 0]",
            "inputs": "z[n, k]: real",
            "axes": "{n: batch, k: {kind: class, size: 2}}",
        },
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_refuted(name: str) -> None:
    claim, loss = FALSE[name]
    finding = settle(claim, **loss)
    assert finding.status == "refuted", finding


#: True only where a value exists, or true of nothing: a prover that drops poles or conditions would call these proved.
NOT_PROVABLE = {
    "a pole that a quotient hides": (
        "{at_least: 'x[n] + 1'}",
        {"value": "(x[n]**2 - 1)/(x[n] - 1)"},
    ),
    "conditions that nothing satisfies": ("{positive: value, when: ['x[n] > 1', 'x[n] < 1/2']}", {"value": "x[n]"}),
    "a logarithm outside its domain": ("{equals: 0, of: 'log(x[n]) - log(x[n])'}", {}),
    "infinity minus infinity": (
        "{nonnegative: value}",
        {
            "value": "xlogy(1 + x[n]**2, y[n]) - xlogy(2 + x[n]**2, y[n])",
            "inputs": "x: real; y: [0, 1]",
        },
    ),
}


@pytest.mark.parametrize("name", NOT_PROVABLE)
def test_what_has_no_value_somewhere_is_not_proved(name: str) -> None:
    claim, loss = NOT_PROVABLE[name]
    assert settle(claim, **loss).status not in ("proved", "certified")


TRUE = {
    "a square": ("{nonnegative: value}", {"value": "x[n]**2"}, "proved"),
    "a curve": ("{convex: x}", {"value": "max(x[n]**2, abs(x[n] - 1))"}, "proved"),
    "softmax cross entropy": (
        "{nonnegative: value}",
        {
            "value": "logsumexp[k](z[n, k]) - z[n, y[n]]",
            "inputs": "z[n, k]: real; y: index(k)",
            "axes": "{n: batch, k: class}",
        },
        "proved",
    ),
    "an identity": ("{equals: 'x[n]**2 - 2*x[n] + 1'}", {"value": "(x[n] - 1)**2"}, "proved"),
    "a guarded pole": ("{nonnegative: value}", {"value": "where(x[n] == 0, 0, 1/x[n]**2)"}, "proved"),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_proved(name: str) -> None:
    claim, loss, word = TRUE[name]
    finding = settle(claim, **loss)
    assert finding.status == word, finding


def test_a_witness_satisfies_the_conditions() -> None:
    finding = settle("{nonnegative: value, when: 'x[n] > 3'}", value="(x[n] - 1)*(5 - x[n])")
    assert finding.status == "refuted"
    assert all(float(eval_fraction(v)) > 5 for v in finding.evidence["point"].values())


def eval_fraction(text: str) -> float:
    numerator, _, denominator = text.partition("/")
    return int(numerator) / int(denominator or 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_seeds_give_the_same_word(seed: int) -> None:
    from symloss.proof.engines import Budget

    budget = Budget(seed=seed)
    assert settle("{nonnegative: value}", budget, value="x[n]**2 - 1/100").status == "refuted"
    assert settle("{convex: x}", budget, value="log(1 + x[n]**2)").status == "refuted"
    assert settle("{convex: x}", budget, value="softplus(x[n])").status == "proved"
