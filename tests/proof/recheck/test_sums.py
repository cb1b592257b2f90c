"""The normal form for every size: identities that it sees, and near misses that it must not take for identities."""

from __future__ import annotations

import pytest
import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol
from symloss.proof.recheck.sums import vanishes_for_every_size
from symloss.proof.terms import along

N, J, K = (AxisSymbol(name) for name in ("i", "j", "k"))
Y = Read("y", (), True)


def z(*index: object) -> Read:
    return Read("z", index)


def total(axis: AxisSymbol, body: object, root: str | None = None) -> sympy.Expr:
    return along("sum", axis, body, root=root)


def softmax(index: object) -> sympy.Expr:
    return sympy.exp(z(index) - along("logsumexp", K, z(K)))


SAME = {
    "linear": total(K, 2 * z(K) + 3) - 2 * total(K, z(K)) - 3 * SizeSymbol("k"),
    "a product of sums": total(K, z(K)) * total(J, z(J), "k") - total(K, total(J, z(J) * z(K), "k")),
    "softmax sums to one": total(J, softmax(J), "k") - 1,
    "a logarithm of a sum": along("logsumexp", K, z(K)) - sympy.log(total(K, sympy.exp(z(K)))),
    "a bracket selects": total(K, atoms.Equal(K, Y) * z(K)) - z(Y),
    "a shift of logsumexp": along("logsumexp", K, z(K) + Read("c")) - Read("c") - along("logsumexp", K, z(K)),
}
DIFFERENT = {
    "a square of a sum": total(K, z(K)) ** 2 - total(K, z(K) ** 2),
    "a sum of what does not depend": total(K, z(Y)) - z(Y),
    "an inner sum that depends on the outer index": total(N, total(K, Read("a", (N, K))))
    - SizeSymbol("i") * total(K, Read("a", (N, K))),
    "a logarithm that depends on the outer index": total(N, along("logsumexp", K, Read("a", (N, K))))
    - SizeSymbol("i") * along("logsumexp", K, Read("a", (N, K))),
    "all pairs and the diagonal": total(N, total(J, Read("a", (N, J)), "i")) - total(N, Read("a", (N, N))),
    "rows and columns": total(N, total(J, Read("a", (N, J)), "i") ** 2)
    - total(J, total(N, Read("a", (N, J))) ** 2, "i"),
    "a bracket of another index": total(K, atoms.Equal(K, Y) * z(K)) - z(Read("x", (), True)),
    "one percent": total(K, 101 * z(K)) - 100 * total(K, z(K)),
}


@pytest.mark.parametrize("name", SAME)
def test_an_identity_is_seen(name: str) -> None:
    assert vanishes_for_every_size(SAME[name])


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_near_miss_is_none(name: str) -> None:
    assert not vanishes_for_every_size(DIFFERENT[name])
