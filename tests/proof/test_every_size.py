"""The engines for every size: true claims that each rule settles, and false ones beside them that it must leave alone.

The engines are asked directly, so that no search can refute what they would wrongly prove.
"""

from __future__ import annotations

import pytest

from symloss.proof.engines import Budget, goal_engines
from symloss.proof.formulation import formulate
from tests.proof.losses import spec

CLASSES = "{n: batch, k: class}"
PAIRS = "{i: batch, j: like i}"
TWO = {"axes": CLASSES, "inputs": "p[n, k]: simplex(k); q[n, k]: simplex(k)"}
LOGITS = {"axes": CLASSES, "inputs": "z[n, k]: real; y: index(k)"}
VECTORS = {"axes": "{n: batch, d: feature}", "inputs": "a[n, d]: real; b[n, d]: real"}
ROWS = {"axes": "{i: batch}", "inputs": "u[i]: real"}


def proved(claim: str, **loss: object) -> bool:
    """Whether the engines for every size prove a claim, all of its goals."""
    terms = []
    for part in str(loss.get("inputs", "x: real")).split(";"):
        read = part.split(":", 1)[0].strip()
        along = read.partition(", ")[2].rstrip("]")
        item = read if "[" in read else f"{read}[n]"
        terms.append(f"sum[{along}]({read})" if along else f"number({item})" if "index" in part else item)
    value = " + ".join(terms)
    probe = spec(claim, value=value, **loss)  # type: ignore[arg-type]
    goals = formulate(probe, probe.claims[0])
    return all(any(engine.settle(goal, Budget()) for engine in goal_engines()) for goal in goals)


#: rule: (true claim, false claim, loss); the false one drops what the rule needs.
RULES = {
    "select": (
        "{equals: 'sum[k]((k == y[n])*z[n, k])', of: 'z[n, y[n]]'}",
        "{equals: 'sum[k]((k != y[n])*z[n, k])', of: 'z[n, y[n]]'}",
        LOGITS,
    ),
    "count": (
        "{equals: 'sum[k](z[n, y[n]])', of: 'size[k]*z[n, y[n]]'}",
        "{equals: 'sum[k, k != y[n]](z[n, y[n]])', of: 'size[k]*z[n, y[n]]'}",
        LOGITS,
    ),
    "shift": (
        "{invariant: shift, in: z, along: k, of: 'logsumexp[k](z[n, k]) - z[n, y[n]]'}",
        "{invariant: shift, in: z, along: k, of: 'logsumexp[k](2*z[n, k]) - z[n, y[n]]'}",
        LOGITS,
    ),
    "the sum of a softmax": (
        "{equals: 1, of: 'sum[k](exp(z[n, k] - logsumexp[k](z[n, k])))'}",
        "{equals: 1, of: 'sum[k, k != y[n]](exp(z[n, k] - logsumexp[k](z[n, k])))'}",
        LOGITS,
    ),
    "norm": (
        "{equals: 'sum[d](a[n, d]**2)', of: 'norm[d](a[n, d])**2'}",
        "{equals: 'sum[d](a[n, d])', of: 'norm[d](a[n, d])**2'}",
        VECTORS,
    ),
    "a factor leaves a norm by its size": (
        "{equals: 'abs(b[n])*norm[d](a[n, d])', of: 'norm[d](b[n]*a[n, d])'}",
        "{equals: 'b[n]*norm[d](a[n, d])', of: 'norm[d](b[n]*a[n, d])'}",
        {"axes": "{n: batch, d: feature}", "inputs": "a[n, d]: real; b[n]: real"},
    ),
    "a power of a product needs a positive factor": (
        "{equals: 'abs(x[n])*sqrt(y[n])', of: 'sqrt(x[n]**2*y[n])'}",
        "{equals: 'x[n]*sqrt(y[n])', of: 'sqrt(x[n]**2*y[n])'}",
        {"inputs": "x: real; y: positive"},
    ),
    "a logarithm of a product needs positive factors": (
        "{equals: 'log(x[n]) + log(y[n])', of: 'log(x[n]*y[n])'}",
        "{equals: 'log(x[n]) - log(y[n])', of: 'log(x[n]*y[n])'}",
        {"inputs": "x: positive; y: positive"},
    ),
    "xlogy": (
        "{equals: 'xlogy(x[n], x[n]) - x[n]*log(y[n])', of: 'xlogy(x[n], x[n]/y[n])'}",
        "{equals: 'xlogy(x[n], x[n]) + x[n]*log(y[n])', of: 'xlogy(x[n], x[n]/y[n])'}",
        {"inputs": "x: nonnegative; y: positive"},
    ),
    "a quotient needs its denominator": (
        "{equals: 'x[n] + 1', of: '(x[n]**2 - 1)/(x[n] - 1)', when: 'x[n] != 1'}",
        "{equals: 'x[n] + 1', of: '(x[n]**2 - 1)/(x[n] - 1)'}",
        {},
    ),
    "an equation": (
        "{equals: '2*x[n]', of: 'x[n] + y[n]', when: 'y[n] == x[n]'}",
        "{equals: '2*x[n]', of: 'x[n] + y[n]', when: 'y[n] >= x[n]'}",
        {"inputs": "x: real; y: real"},
    ),
    "all items": (
        "{equals: 'sum[k](q[n, k])', of: 'sum[k](abs(q[n, k]))', when: 'all[k](q[n, k] >= 0)'}",
        "{equals: 'sum[k](q[n, k])', of: 'sum[k](abs(q[n, k]))', when: 'any[k](q[n, k] >= 0)'}",
        {"axes": CLASSES, "inputs": "q[n, k]: real"},
    ),
    "scale needs a factor that is not 0": (
        "{invariant: scale, in: a, along: d, when: 'norm[d](a[n, d]) > 0', of: 'sum[d](a[n, d]*b[n, "
        "d])/norm[d](a[n, d])'}",
        "{invariant: scale, in: a, along: d, when: 'norm[d](a[n, d]) > 0', of: 'sum[d](a[n, d]*b[n, d])'}",
        VECTORS,
    ),
    "rotation": (
        "{invariant: rotation, in: [a, b], along: d, of: 'sum[d](a[n, d]*b[n, d])'}",
        "{invariant: rotation, in: a, along: d, of: 'sum[d](a[n, d]*b[n, d])'}",
        VECTORS,
    ),
    "rotation of a norm": (
        "{invariant: rotation, in: a, along: d, of: 'norm[d](a[n, d])'}",
        "{invariant: rotation, in: a, along: d, of: 'sum[d](abs(a[n, d]))'}",
        VECTORS,
    ),
    "reindex": (
        "{invariant: permutation, in: u, along: i, of: 'sum[i](u[i]**3)'}",
        "{invariant: permutation, in: u, along: i, of: 'sum[i, i > 0](u[i]**3)'}",
        ROWS,
    ),
    "reindex of two sums at once": (
        "{invariant: permutation, in: u, along: i, of: 'sum[i](logsumexp[j, j != i](u[i]*u[j]))', "
        "when: 'size[i] >= 2'}",
        "{invariant: permutation, in: u, along: i, of: 'sum[i](logsumexp[j, j <= i](u[i]*u[j]))', "
        "when: 'size[i] >= 2'}",
        {"axes": PAIRS, "inputs": "u[i]: real"},
    ),
    "Gibbs": (
        "{nonnegative: 'sum[k](xlogy(p[n, k], p[n, k]) - xlogy(p[n, k], q[n, k]))'}",
        "{nonnegative: 'sum[k](xlogy(p[n, k], p[n, k]) - xlogy(q[n, k], q[n, k]))'}",
        TWO,
    ),
    "Gibbs needs distributions": (
        "{nonnegative: 'sum[k](xlogy(p[n, k], p[n, k]) - xlogy(p[n, k], q[n, k]) - p[n, k] + q[n, k])'}",
        "{nonnegative: 'sum[k](xlogy(p[n, k], p[n, k]) - xlogy(p[n, k], q[n, k]))'}",
        {"axes": CLASSES, "inputs": "p[n, k]: [0, 1]; q[n, k]: [0, 1]"},
    ),
    "a wrong multiplier": (
        "{nonnegative: 'sum[k](xlogy(p[n, k], p[n, k]) - xlogy(p[n, k], q[n, k]))'}",
        "{nonnegative: 'sum[k](xlogy(p[n, k], p[n, k]) - 2*xlogy(p[n, k], q[n, k]) - 1/100)'}",
        TWO,
    ),
    "the largest item and the number of items": (
        "{at_most: 'log(size[k]) + 1', of: 'logsumexp[k](q[n, k])'}",
        "{at_most: 'log(size[k]) + 99/100', of: 'logsumexp[k](q[n, k])'}",
        {"axes": CLASSES, "inputs": "q[n, k]: [0, 1]"},
    ),
    "Cauchy-Schwarz": (
        "{at_most: 1, of: 'sum[d](a[n, d]*b[n, d])/(norm[d](a[n, d])*norm[d](b[n, d]))', "
        "when: ['norm[d](a[n, d]) > 0', 'norm[d](b[n, d]) > 0']}",
        "{at_most: 99/100, of: 'sum[d](a[n, d]*b[n, d])/(norm[d](a[n, d])*norm[d](b[n, d]))', "
        "when: ['norm[d](a[n, d]) > 0', 'norm[d](b[n, d]) > 0']}",
        VECTORS,
    ),
    "share": (
        "{nonnegative: 'sum[k](p[n, k]) - sum[k](p[n, k]*q[n, k])'}",
        "{nonnegative: 'sum[k](p[n, k]) - sum[k](p[n, k]*q[n, k])'}",
        {"axes": CLASSES, "inputs": "p[n, k]: nonnegative; q[n, k]: [0, 1]"},
    ),
    "the end of an interval": (
        "{nonnegative: 'softplus(x[n]) - y[n]*x[n]'}",
        "{nonnegative: 'softplus(x[n]) - 2*y[n]*x[n]'}",
        {"inputs": "x: real; y: [0, 1]"},
    ),
    "each item is 0": (
        "{zero_iff: 'all[d](a[n, d] == b[n, d])', of: 'sum[d]((a[n, d] - b[n, d])**2)'}",
        "{zero_iff: 'all[d](a[n, d] == b[n, d])', of: 'sum[d](a[n, d] - b[n, d])'}",
        VECTORS,
    ),
    "0 where the two distributions are one": (
        "{zero_iff: 'all[k](p[n, k] == q[n, k])', of: 'sum[k](xlogy(p[n, k], p[n, k]) - xlogy(p[n, k], q[n, k]))'}",
        "{zero_iff: 'all[k](p[n, k] == 0)', of: 'sum[k](xlogy(p[n, k], p[n, k]) - xlogy(p[n, k], q[n, k]))'}",
        TWO,
    ),
    "a norm has slope 1": (
        "{lipschitz: a, constant: 2, norm: 2, of: 'abs(norm[d](2*a[n, d] - b[n, d]))'}",
        "{lipschitz: a, constant: 199/100, norm: 2, of: 'abs(norm[d](2*a[n, d] - b[n, d]))'}",
        VECTORS,
    ),
    "slopes of one sample": (
        "{lipschitz: a, constant: 2, norm: 2, of: 'norm[d](a[n, d]) - norm[d](a[n, d] - b[n, d])'}",
        "{lipschitz: a, constant: 2, norm: 2, of: 'norm[d](a[n, d])*norm[d](a[n, d] - b[n, d])'}",
        VECTORS,
    ),
    "perspective": (
        "{convex: [p, q], of: 'sum[k](xlogy(p[n, k], p[n, k]) - xlogy(p[n, k], q[n, k]))'}",
        "{convex: [p, q], of: 'sum[k](xlogy(p[n, k], p[n, k]) - 2*xlogy(p[n, k], q[n, k]))'}",
        TWO,
    ),
    "squares that cancel": (
        "{convex: a, of: 'max(0, sum[d]((a[n, d] - b[n, d])**2) - sum[d]((a[n, d] + b[n, d])**2))'}",
        "{convex: a, of: 'max(0, sum[d]((a[n, d] - b[n, d])**2) - sum[d]((2*a[n, d] + b[n, d])**2))'}",
        VECTORS,
    ),
    "a conclusion from a condition": (
        "{positive: '2*x[n] - y[n] + y[n]**2', when: '2*x[n] > y[n]'}",
        "{positive: '2*x[n] - y[n] + y[n]**3', when: '2*x[n] > y[n]'}",
        {"inputs": "x: real; y: real"},
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_shows(rule: str) -> None:
    claim, _, loss = RULES[rule]
    assert proved(claim, **loss)


@pytest.mark.parametrize("rule", [rule for rule, (true, false, _) in RULES.items() if true != false])
def test_what_lacks_the_condition_of_a_rule_is_left_alone(rule: str) -> None:
    _, claim, loss = RULES[rule]
    assert not proved(claim, **loss)


#: Claims that a rule without its side condition would prove.
LEFT_ALONE = {
    "a share of a negative quantity": (
        "{nonnegative: 'sum[k](p[n, k]) - sum[k](p[n, k]*q[n, k])'}",
        {"axes": CLASSES, "inputs": "p[n, k]: real; q[n, k]: [0, 1]"},
    ),
    "a share greater than one": (
        "{nonnegative: 'sum[k](p[n, k]) - sum[k](p[n, k]*q[n, k])'}",
        {"axes": CLASSES, "inputs": "p[n, k]: nonnegative; q[n, k]: [0, 2]"},
    ),
    "a sum over items of which there may be none": (
        "{positive: 'sum[k, q[n, k] > 1/2](q[n, k])'}",
        {"axes": CLASSES, "inputs": "q[n, k]: [0, 1]"},
    ),
    "a softmax over items of which there may be none": (
        "{equals: 1, of: 'sum[k, q[n, k] > 1/2](exp(q[n, k] - logsumexp[k, q[n, k] > 1/2](q[n, k])))'}",
        {"axes": CLASSES, "inputs": "q[n, k]: [0, 1]"},
    ),
    "a norm that may be 0": (
        "{invariant: scale, in: a, along: d, of: 'sum[d](a[n, d]*b[n, d])/norm[d](a[n, d])'}",
        VECTORS,
    ),
    "infinity that is not on the larger side": (
        "{nonnegative: 'sum[k](xlogy(p[n, k], q[n, k]) - xlogy(p[n, k], p[n, k])) + size[k]'}",
        TWO,
    ),
    "infinity minus infinity in an item": (
        "{nonnegative: 'sum[k](xlogy(p[n, k], q[n, k]) - xlogy(p[n, k], q[n, k]/2))'}",
        TWO,
    ),
    "a map of an axis that is no permutation": (
        "{invariant: transformation, of: 'sum[i](u[i])', under: {u: 'u[f[i]]'}, "
        "let: {f: {axes: [i], domain: index(i)}}}",
        ROWS,
    ),
    "a matrix that is not orthogonal": (
        "{invariant: transformation, of: 'sum[d](a[n, d]**2)', under: {a: 'sum[e](r[d, e]*a[n, e])'}, "
        "let: {e: {kind: feature, like: d}, r: {axes: [d, e], domain: real}}}",
        VECTORS,
    ),
    "another row's partner": ("{equals: 'u[i]', of: 'u[(i + size[i]//2) % size[i]]'}", ROWS),
    "half a turn of an odd size": (
        "{equals: 'u[i]', of: 'u[((i + size[i]//2) % size[i] + size[i]//2) % size[i]]'}",
        ROWS,
    ),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_a_rule_without_its_condition_proves_nothing(name: str) -> None:
    claim, loss = LEFT_ALONE[name]
    assert not proved(claim, **loss)


def test_half_a_turn_of_an_even_size() -> None:
    claim = "{equals: 'u[i]', of: 'u[((i + size[i]//2) % size[i] + size[i]//2) % size[i]]', when: 'size[i] % 2 == 0'}"
    assert proved(claim, **ROWS)
