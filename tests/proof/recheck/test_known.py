"""The normal form for every size under conditions: what they allow, and the near misses without them."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, SizeSymbol, Tensor
from symloss.proof.recheck.asking import asked
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.itemwise import item_by_item
from symloss.proof.recheck.sums import vanishes_for_every_size
from symloss.proof.terms import along

N, J, A, B, C, D = (AxisSymbol(name) for name in ("i", "j", "a", "b", "c", "d"))
POSITIVE = Domain("interval", sympy.S.Zero, sympy.oo)
UNIT = Domain("interval", sympy.S.Zero, sympy.S.One, True, True)


def tensor(name: str, *axes: str, domain: Domain | None = None) -> Tensor:
    return Tensor(name, axes, "variable", domain or Domain())


TENSORS = {
    one.name: one
    for one in (
        tensor("x"),
        tensor("y"),
        tensor("t", domain=POSITIVE),
        tensor("bit", "i", domain=Domain("set", values=(sympy.S.Zero, sympy.S.One))),
        tensor("share", "i", domain=UNIT),
        tensor("z", "i"),
        tensor("u", "d"),
        tensor("v", "i", "d"),
        tensor("R", "d", "d"),
        tensor("s", "i", domain=Domain("index", axis="i")),
        tensor("other", "i", domain=Domain("index", axis="k")),
        tensor("valid", "i", domain=Domain("boolean")),
    )
}
X, Y, T = Read("x"), Read("y"), Read("t")


def z(index: Any) -> Read:
    return Read("z", (index,))


def s(index: Any, name: str = "s") -> Read:
    return Read(name, (index,), True)


def total(axis: AxisSymbol, body: Any, root: str | None = None) -> Any:
    return along("sum", axis, body, root=root)


def every(axis: AxisSymbol, body: Any, root: str | None = None) -> Any:
    return along("all", axis, body, root=root)


def orthonormal(columns: bool) -> Any:
    place = (lambda c, a: Read("R", (c, a))) if columns else (lambda c, a: Read("R", (a, c)))
    product = total(C, place(C, A) * place(C, B), "d")
    return every(A, every(B, atoms.Equal(product, atoms.Equal(A, B)), "d"), "d")


def injective(name: str = "s") -> Any:
    return every(N, every(J, atoms.Or(atoms.Equal(N, J), atoms.NotEqual(s(N, name), s(J, name))), "i"), "i")


def turned(name: str) -> Any:
    return total(C, total(A, Read("R", (C, A)) * Read(name, (A,)), "d") ** 2, "d")


def partner(index: Any) -> Any:
    size = SizeSymbol("i")
    return sympy.Mod(index + sympy.floor(size / 2), size)


EVEN = atoms.Equal(sympy.Mod(SizeSymbol("i"), 2), 0)
KEPT = every(N, atoms.Equal(s(partner(N)), partner(s(N))), "i")
LENGTH = along("norm", D, Read("u", (D,)))
SCALED = along("norm", D, T * Read("u", (D,)))

#: A term that is 0, and the conditions that make it so.
SAME: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "a turned vector keeps its length": (turned("u") - total(D, Read("u", (D,)) ** 2), (orthonormal(True),)),
    "a permuted sum": (total(N, sympy.exp(z(s(N)))) - total(N, sympy.exp(z(N))), (injective(),)),
    "a permuted sum over pairs": (
        total(N, along("sum", J, z(s(N)) * z(s(J)) ** 2, atoms.NotEqual(N, J), root="i"))
        - total(N, along("sum", J, z(N) * z(J) ** 2, atoms.NotEqual(N, J), root="i")),
        (injective(),),
    ),
    "two sums exchanged": (
        total(D, Read("u", (D,)) * total(N, Read("v", (N, D)) * z(N)))
        - total(N, z(N) * total(D, Read("u", (D,)) * Read("v", (N, D)))),
        (),
    ),
    "the partner of a partner": (z(partner(partner(N))) - z(N), (EVEN,)),
    "the sum over the items whose partner is one": (
        along("sum", J, z(J), atoms.Equal(partner(J), N), root="i") - z(partner(N)),
        (EVEN,),
    ),
    "partners are kept together": (
        total(N, z(s(partner(N))) * z(s(N)) ** 2) - total(N, z(partner(N)) * z(N) ** 2),
        (injective(), KEPT),
    ),
    "a positive factor of a norm": (SCALED - T * LENGTH, ()),
    "the square of a root": (LENGTH**3 - LENGTH * total(D, Read("u", (D,)) ** 2), ()),
    "a bit equals its square": (total(N, Read("bit", (N,)) ** 2) - total(N, Read("bit", (N,))), ()),
    "a maximum in either order": (atoms.Maximum(X, Y) - atoms.Maximum(Y, X), ()),
    "a positive factor of a maximum": (atoms.Maximum(T * X, T * Y) - T * atoms.Maximum(X, Y), ()),
    "the larger and the smaller": (atoms.Maximum(X, Y) + atoms.Minimum(X, Y) - X - Y, ()),
    "a sign is odd": (atoms.Sign(X) + atoms.Sign(-X), ()),
    "a quotient by itself": (atoms.XOverY(Y, Y) - 1, (atoms.NotEqual(Y, 0),)),
    "the logarithm of a quotient": (
        sympy.log(X / Y) - sympy.log(X) + sympy.log(Y),
        (atoms.Less(0, X), atoms.Less(0, Y)),
    ),
    "half a step where two are never equal": (
        total(N, atoms.HalfStep(z(N) - X)) - total(N, atoms.Less(X, z(N))),
        (every(N, atoms.NotEqual(X, z(N))),),
    ),
}
#: A term that is not 0 under conditions that look much like those.
DIFFERENT: dict[str, tuple[Any, tuple[Any, ...]]] = {
    **{
        f"{name}, without the condition": (SAME[name][0], ())
        for name in (
            "a turned vector keeps its length",
            "a permuted sum",
            "a permuted sum over pairs",
            "the partner of a partner",
            "the sum over the items whose partner is one",
            "a quotient by itself",
            "the logarithm of a quotient",
            "half a step where two are never equal",
        )
    },
    "rows where columns are needed": (SAME["a turned vector keeps its length"][0], (orthonormal(False),)),
    "a map to another axis": (
        total(N, z(s(N, "other"))) - total(N, z(N)),
        (injective("other"),),
    ),
    "a permutation of one of two factors": (total(N, z(s(N)) * z(N)) - total(N, z(N) ** 2), (injective(),)),
    "partners that are not kept together": (SAME["partners are kept together"][0], (injective(),)),
    "exchanged, with the index of the other": (
        total(D, Read("u", (D,)) * total(N, Read("v", (N, D)) * z(N))) - total(N, z(N) * z(N)),
        (),
    ),
    "a factor of any sign of a norm": (along("norm", D, X * Read("u", (D,))) - X * LENGTH, ()),
    "a factor of any sign of a maximum": (atoms.Maximum(X * Y, X * T) - X * atoms.Maximum(Y, T), ()),
    "a share and its square": (total(N, Read("share", (N,)) ** 2) - total(N, Read("share", (N,))), ()),
    "a maximum and a minimum": (atoms.Maximum(X, Y) - atoms.Minimum(X, Y), ()),
    "a step at its place": (atoms.Step(X) + atoms.Step(-X) - 1, ()),
}


@pytest.mark.parametrize("name", SAME)
def test_conditions_make_an_identity(name: str) -> None:
    term, conditions = SAME[name]
    assert vanishes_for_every_size(term, Knowledge(TENSORS, conditions))


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_near_miss_is_none(name: str) -> None:
    term, conditions = DIFFERENT[name]
    assert not vanishes_for_every_size(term, Knowledge(TENSORS, conditions))


def _share(guarded: bool) -> tuple[Any, Any]:
    """exp z_i over the sum of exp z_j, over valid j perhaps."""
    guard = Read("valid", (J,), True) if guarded else sympy.S.One
    whole = along("sum", J, sympy.exp(z(J)), guard, root="i")
    return sympy.exp(z(N)) / whole, Read("valid", (N,), True)


def test_the_share_of_an_item_is_at_most_one() -> None:
    share, _ = _share(False)
    assert Knowledge(TENSORS).holds(atoms.LessEqual(share, 1))
    assert not Knowledge(TENSORS).holds(atoms.Less(share, 1))
    assert not Knowledge(TENSORS).holds(atoms.LessEqual(2 * share, 1))


def test_the_share_of_an_item_that_may_be_excluded_has_no_bound() -> None:
    share, admitted = _share(True)
    assert Knowledge(TENSORS, [admitted]).holds(atoms.LessEqual(share, 1))
    assert not Knowledge(TENSORS).holds(atoms.LessEqual(share, 1))
    assert Knowledge(TENSORS).bounds(share) is None


def test_an_item_that_may_be_negative_says_nothing_about_a_sum() -> None:
    whole = total(J, z(J), "i")
    assert not Knowledge(TENSORS, [atoms.Less(0, z(N))]).holds(atoms.Less(0, whole))
    squares = total(J, z(J) ** 2, "i")
    assert Knowledge(TENSORS, [atoms.NotEqual(z(N), 0), atoms.Less(0, z(N))]).holds(atoms.Less(0, squares))


def test_an_index_differs_from_its_partner_where_there_are_two() -> None:
    differs = atoms.NotEqual(partner(N), N)
    assert Knowledge(TENSORS, [EVEN]).holds(differs)
    assert not Knowledge(TENSORS).holds(differs)


def test_the_second_solver_is_asked_about_products_and_kinks() -> None:
    known = Knowledge(TENSORS, [atoms.LessEqual(X, Y)])
    assert asked(known, atoms.LessEqual(T * X, T * Y))
    assert asked(known, atoms.LessEqual(atoms.Absolute(X + Y), atoms.Absolute(X) + atoms.Absolute(Y)))
    assert not asked(known, atoms.LessEqual(Y * X, Y * Y))
    assert not asked(known, atoms.Less(T * X, T * Y))
    # A quotient whose denominator may be 0 is not asked about.
    assert not asked(known, atoms.LessEqual(0, (X / Y) ** 2))
    # An exponential counts as any positive number.
    assert asked(known, atoms.Less(0, sympy.exp(X) + sympy.exp(2 * Y)))
    assert not asked(known, atoms.LessEqual(sympy.exp(X), sympy.exp(Y)))


def _items(guard: bool) -> Any:
    admitted = Read("valid", (N,), True) if guard else sympy.S.One
    return along("sum", N, sympy.exp(z(N)) * z(N), admitted) - along("sum", N, sympy.exp(z(N)) * X, admitted)


def test_a_sum_is_zero_where_each_item_is() -> None:
    some = Knowledge(TENSORS, [every(N, atoms.Or(atoms.Not(Read("valid", (N,), True)), atoms.Equal(z(N), X)))])
    assert item_by_item(_items(True), some)
    assert not item_by_item(_items(False), some)
    assert not item_by_item(_items(True), Knowledge(TENSORS))
    assert not item_by_item(_items(True) + X, some)
    assert item_by_item(_items(False), Knowledge(TENSORS, [every(N, atoms.Equal(z(N), X))]))
    assert not item_by_item(_items(False), Knowledge(TENSORS, [every(N, atoms.LessEqual(z(N), X))]))
