"""False claims that an engine would prove without one of its side conditions, asked of the engines without a search.

Nothing here looks for a witness first, so that only the side condition stands between the claim and a proof.
"""

from __future__ import annotations

import pytest

from symloss.proof.engines import Budget, goal_engines
from symloss.proof.formulation import formulate
from tests.proof.losses import prove, spec

CLASSES = "{n: batch, k: class}"
TWO = {
    "axes": CLASSES,
    "inputs": "p[n, k]: simplex(k); q[n, k]: simplex(k); y: index(k)",
    "value": "sum[k](p[n, k] + q[n, k]) + number(y[n])",
}
LOGITS = {
    "axes": CLASSES,
    "inputs": "z[n, k]: real; p[n, k]: simplex(k); y: index(k)",
    "value": "z[n, y[n]] + sum[k](p[n, k])",
}
SHARES = {
    "axes": CLASSES,
    "inputs": "q[n, k]: [0, 1]; y: index(k)",
    "value": "sum[k](q[n, k]) + number(y[n])",
}
VECTOR = {"axes": "{n: batch, d: feature}", "inputs": "a[n, d]: real", "value": "sum[d](a[n, d])"}
BITS = {"axes": CLASSES, "inputs": "b[n, k]: {0, 1}", "value": "sum[k](b[n, k])"}
PAIR = {"inputs": "x: real; y: real", "value": "x[n] + y[n]"}
ABOVE = {"inputs": "x: nonnegative; y: nonnegative", "value": "x[n] + y[n]"}

#: engine: what it must leave alone, with the side condition that does so.
FALSE = {
    "dual": {
        "a sum has a factor that is negative": (
            "{nonnegative: 'x[n]*sum[k](q[n, k])'}",
            {"axes": CLASSES, "inputs": "q[n, k]: [0, 1]; x: (-oo, 0]", "value": "x[n]*sum[k](q[n, k])"},
        ),
        "some of the entries of a distribution sum to less": (
            "{nonnegative: 'sum[k, k != y[n]](xlogy(p[n, k], p[n, k]) - p[n, k]*log(q[n, k]))', "
            "when: 'all[k](q[n, k] > 0)'}",
            TWO,
        ),
        "some of the items of a softmax sum to less": (
            "{nonnegative: 'sum[k, k != y[n]](exp(z[n, k] - logsumexp[k](z[n, k]))"
            "*(z[n, k] - logsumexp[k](z[n, k]) - t[n, k] + logsumexp[k](t[n, k])))', let: {t: {like: z}}}",
            LOGITS,
        ),
        "one of two factors is 0": ("{zero_iff: 'x[n] == 0', of: 'x[n]*y[n]'}", ABOVE),
        "a sum that is 0 has terms of both signs": (
            "{nonnegative: '-x[n]', when: 'relu(x[n]) - x[n]*q[n] == 0'}",
            {"inputs": "x: real; q: [0, 1]", "value": "x[n] + q[n]"},
        ),
        "a denominator of any sign": ("{nonnegative: 'x[n]**2/y[n]', when: 'y[n] != 0'}", PAIR),
        "the other branch": ("{nonnegative: 'where(x[n] > 0, x[n]**2, y[n])'}", PAIR),
        "as many exponentials as items": ("{at_most: 1, of: 'logsumexp[k](q[n, k])'}", SHARES),
        "an alternative that assumes itself": ("{zero_iff: 'x[n] == 0 or y[n] > 0', of: 'x[n]*y[n]'}", ABOVE),
        "a weak condition gives nothing strict": (
            "{positive: '2*x[n] - y[n] + y[n]**2', when: '2*x[n] >= y[n]'}",
            PAIR,
        ),
        "an exponential that is positive is not at least 1": ("{nonnegative: 'log(exp(x[n]) + exp(-x[n])) - 1'}", {}),
    },
    "identity": {
        "a factor may be 0": ("{zero: 'x[n]', when: 'x[n]*y[n] == 0'}", PAIR),
        "a comparison times a number of any sign": (
            "{equals: 'where(x[n]*y[n] > x[n]*t, 1, 0)', of: 'where(y[n] > t, 1, 0)', let: {t: real}}",
            PAIR,
        ),
        "two conditions may both hold": (
            "{equals: 'where(x[n] > 0 or y[n] > 0, 1, 0)', of: 'where(x[n] > 0, 1, 0) + where(y[n] > 0, 1, 0)'}",
            PAIR,
        ),
        "weak is not strict": ("{equals: 'where(x[n] >= 0, 1, 0)', of: 'where(x[n] > 0, 1, 0)'}", PAIR),
        "an index may lie outside its axis": (
            "{equals: 1, of: 'sum[k](where(number(k) == number(y[n]) + 1, 1, 0))'}",
            LOGITS,
        ),
        "a root of a square has a sign": ("{equals: 'x[n]*y[n]', of: 'sqrt(x[n]**2*y[n]**2)'}", PAIR),
        "a logarithm of a product of negative numbers": (
            "{equals: 'log(-x[n]) + log(-y[n])', of: 'log(x[n]*y[n])', when: 'x[n]*y[n] > 0'}",
            PAIR,
        ),
        "every item but one": ("{equals: 'size[k]', of: 'sum[k, k != y[n]](1)'}", LOGITS),
    },
    "limits": {
        "oo - oo": ("{limit: 't - 2*t', as: {t: oo}, equals: oo, let: {t: real}}", {}),
        "0 times oo": ("{limit: 't*(1 - tanh(t)) + exp(-t)*t**2*exp(t)', as: {t: oo}, equals: 0, let: {t: real}}", {}),
        "a factor that vanishes beside one that grows": (
            "{limit: 'softplus(-t)*exp(t)', as: {t: oo}, equals: 0, let: {t: real}}",
            {},
        ),
        "a point outside": ("{limit: 't**2', as: {t: 3}, equals: 9, let: {t: '(0, 1)'}}", {}),
        "a condition that keeps away": ("{limit: 't', as: {t: 0}, equals: 0, let: {t: real}, when: 't > 1'}", {}),
        "a case that is left out": (
            "{limit: 'tanh(t*x[n])', as: {t: oo}, equals: 'where(x[n] >= 0, 1, -1)', let: {t: real}}",
            {},
        ),
        "a case whose conditions hold": (
            "{limit: 'tanh(t*x[n])', as: {t: oo}, equals: 99/100, when: 'y[n] > 0', let: {t: real}}",
            PAIR,
        ),
        "the slower term": ("{limit: '(t + 1)/t**2', as: {t: oo}, equals: oo, let: {t: positive}}", {}),
        "a power against an exponential": ("{limit: 't**9*exp(-t)', as: {t: oo}, equals: oo, let: {t: positive}}", {}),
        "from no known side": ("{limit: 'sign(t*sin(t))', as: {t: 0}, equals: 1, let: {t: real}}", {}),
        "the side of an odd power": (
            "{limit: '1/(t**3 + 1)', as: {t: '-1-'}, equals: oo, let: {t: '(-2, -1)'}}",
            {},
        ),
        "the side of an inverse": ("{limit: '1/(1/t + 1)', as: {t: '-1+'}, equals: oo, let: {t: '(-1, 0)'}}", {}),
        "a sum of terms that grow": (
            "{limit: 'sum[k](t*z[n, k])', as: {t: oo}, equals: oo, let: {t: positive}}",
            LOGITS,
        ),
        "items that come and go": (
            "{limit: 'sum[k, z[n, k] < t](1)', as: {t: oo}, equals: 0, let: {t: real}}",
            LOGITS,
        ),
        "another value": ("{limit: 'tanh(t)', as: {t: oo}, equals: 99/100, let: {t: real}}", {}),
    },
    "composition": {
        "no item may count: a logsumexp": ("{at_least: 0, of: 'logsumexp[k, q[n, k] > 1/2](q[n, k])'}", SHARES),
        "no item may count: a sum": (
            "{at_least: 1, of: 'sum[k, q[n, k] > 1/2](q[n, k] + 1)'}",
            SHARES,
        ),
        "no item may count: a maximum": ("{at_least: 0, of: 'max[k, q[n, k] > 1/2](q[n, k])'}", SHARES),
        "no item may count: a minimum": ("{at_most: 1, of: 'min[k, q[n, k] > 1/2](q[n, k])'}", SHARES),
        "an item that does not count": (
            "{nonnegative: 'logsumexp[k, k != y[n]](z[n, k]) - z[n, y[n]]'}",
            LOGITS,
        ),
        "an average over some items": (
            "{at_least: 1, of: 'sum[k, k != y[n]](1 + q[n, k])/size[k]'}",
            SHARES,
        ),
        "a factor of any sign": ("{convex: x, of: 'y[n]*x[n]**2'}", PAIR),
        "a norm of what may be negative": ("{convex: a, of: 'norm[d](a[n, d]**2 - 1)'}", VECTOR),
        "items that come and go": ("{convex: a, of: 'sum[d, a[n, d] > 0](a[n, d]**2 + 1)'}", VECTOR),
        "branches that come and go": ("{convex: x, of: 'where(x[n] > 0, x[n], 2*x[n])'}", PAIR),
        "a value that does not exist": ("{equals: '1/x[n]', of: '1/x[n]'}", {}),
        "a bound that is reached": ("{positive: 'x[n]'}", ABOVE),
    },
    "slopes": {
        "the size of a factor": ("{lipschitz: x, constant: 0, of: '-2*abs(x[n])'}", PAIR),
        "both terms of a sum": ("{lipschitz: x, constant: 1, of: 'abs(x[n]) + relu(x[n])'}", PAIR),
        "a product of two": ("{lipschitz: x, constant: 1, of: 'abs(x[n])*relu(x[n])'}", PAIR),
        "items that come and go": ("{lipschitz: a, constant: 1, of: 'norm[d, a[n, d] > 1](a[n, d])'}", VECTOR),
    },
    "padding": {
        "a number of items": ("{invariant: padding, in: {z: 0}, along: k, of: 'sum[k](z[n, k])/size[k]'}", LOGITS),
        "a maximum": ("{invariant: padding, in: {z: 0}, along: k, of: 'max[k](z[n, k])'}", LOGITS),
        "an item that adds something": ("{invariant: padding, in: {z: 1}, along: k, of: 'sum[k](z[n, k])'}", LOGITS),
    },
    "values": {
        "the last value": (
            "{nonnegative: '1/2 - x[n]'}",
            {"inputs": "x: {0, 1}", "value": "x[n]"},
        ),
        "one value for all items": ("{zero: 'max[k](b[n, k]) - min[k](b[n, k])'}", BITS),
    },
}
CASES = [(engine, name) for engine, claims in FALSE.items() for name in claims]


@pytest.mark.parametrize(("engine", "name"), CASES)
def test_a_side_condition_keeps_a_false_claim_out(engine: str, name: str) -> None:
    claim, loss = FALSE[engine][name]
    probe = spec(claim, **loss)
    for goal in formulate(probe, probe.claims[0]):
        if goal.name != "if":
            assert not any(one.settle(goal, Budget()) for one in goal_engines())
    if engine == "limits":
        # What such a term needs to be defined is shown apart, by the step that leads to the engine.
        assert all(found.status not in ("proved", "certified") for found in prove(claim, **loss))
