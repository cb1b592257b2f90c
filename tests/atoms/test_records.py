"""The records: complete, consistent, folding constants only, and differentiable without surprises."""

import pickle
import re

import pytest
import sympy
from sympy import S

import symloss.atoms as atoms
from symloss.atoms import ATOMS, RECORDS, Atom, AtomRecord, constructor_of, evidently_finite, record_of
from symloss.program import Read, exact_arithmetic

CLASSES = [getattr(atoms, name) for name in atoms.__all__]
CLASSES = [item for item in CLASSES if isinstance(item, type) and issubclass(item, Atom) and item is not Atom]
LANGUAGE = [
    *(
        "exp",
        "log",
        "log2",
        "sqrt",
        "abs",
        "sign",
        "relu",
        "tanh",
        "sigmoid",
        "softplus",
        "log1p",
        "expm1",
        "sin",
        "cos",
    ),
    *("acos", "asin", "atan", "erf", "lgamma", "digamma", "trigamma", "xlogy", "max", "min", "clamp", "where"),
    "stop_gradient",
]
x, y, z = Read("x"), Read("y"), Read("z")
LEAVES = (x, y, z)


def build(record):
    return constructor_of(record)(*LEAVES[: record.arity])


def test_every_class_is_exported_and_registered():
    subclasses = {name for name, item in vars(atoms).items() if isinstance(item, type) and issubclass(item, Atom)}
    assert subclasses - {"Atom"} == {item.__name__ for item in CLASSES} == {c.__name__ for c in Atom.__subclasses__()}
    assert {item.record.name for item in CLASSES} | {"exp", "log", "sqrt", "pow", "sin", "cos"} == set(RECORDS)


def test_the_names_of_the_language():
    assert sorted(ATOMS) == sorted(LANGUAGE)
    assert all(ATOMS[name].language == name for name in ATOMS)


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_a_record_is_complete(record):
    assert re.fullmatch("[a-z][a-z0-9_]*", record.name)
    assert len(record.derivative) == len(record.domains) == len(record.monotone) == record.arity
    assert record.curvature in (None, "convex", "concave", "affine")
    assert set(record.monotone) <= {None, "increasing", "nondecreasing", "decreasing", "nonincreasing", "constant"}
    assert record.parity in (None, "odd", "even")
    fields = set(re.findall(r"\{(\d)\}", record.latex.replace("{{", "").replace("}}", "")))
    expected = {str(i) for i in range(record.arity)}
    assert fields == expected or (record.name == "slope_at" and fields == {"0"})
    assert record_of(build(record)) is record
    latex = sympy.latex(build(record))
    assert latex.count("{") == latex.count("}")
    assert "x" in latex


@pytest.mark.parametrize("item", CLASSES, ids=lambda item: item.__name__)
def test_an_atom_is_documented_real_and_pickles(item):
    assert item.__doc__
    expression = item(*LEAVES[: item.record.arity])
    assert expression.is_extended_real
    assert expression.is_real
    assert pickle.loads(pickle.dumps(expression)) == expression
    assert str(expression).startswith(f"{item.__name__}(")
    assert expression.func(*expression.args) == expression


@pytest.mark.parametrize("item", CLASSES, ids=lambda item: item.__name__)
def test_unknown_arguments_do_not_recurse(item):
    symbols = sympy.symbols("a b c")[: item.record.arity]
    assert item(*symbols).is_real in (None, True)


def test_a_record_must_agree_with_its_arity():
    with pytest.raises(ValueError, match="2 arguments but 1 derivatives"):
        AtomRecord("f", ("a", "b"), max, (min,), max, "")
    with pytest.raises(ValueError, match="domains and monotone"):
        AtomRecord("f", ("a",), max, (min,), max, "", monotone=("increasing", None))


def test_an_atom_cannot_be_defined_twice():
    with pytest.raises(ValueError, match="'softplus' is defined twice"):
        type("Softplus", (Atom,), {"record": atoms.Softplus.record})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (atoms.Where(1, x, y), x),
        (atoms.Where(0, x, y), y),
        (atoms.Where(atoms.Less(x, y), z, z), z),
        (atoms.Equal(2, 2), 1),
        (atoms.Equal(2, 3), 0),
        (atoms.Equal(x, x), 1),
        (atoms.NotEqual(x, x), 0),
        (atoms.Less(x, x), 0),
        (atoms.LessEqual(x, x), 1),
        (atoms.Less(2, 3), 1),
        (atoms.Less(sympy.pi, 3), 0),
        (atoms.LessEqual(S(1) / 3, S(1) / 3), 1),
        (atoms.And(1, atoms.Less(x, y)), atoms.Less(x, y)),
        (atoms.And(0, atoms.Less(x, y)), 0),
        (atoms.Or(1, atoms.Less(x, y)), 1),
        (atoms.Or(0, atoms.Less(x, y)), atoms.Less(x, y)),
        (atoms.And(atoms.Less(x, y), atoms.Less(x, y)), atoms.Less(x, y)),
        (atoms.Not(0), 1),
        (atoms.Not(1), 0),
        (atoms.Sign(-3), -1),
        (atoms.Relu(-3), 0),
        (atoms.Relu(S(1) / 2), S(1) / 2),
        (atoms.Ramp(0), 0),
        (atoms.Step(0), 0),
        (atoms.HalfStep(0), S(1) / 2),
        (atoms.Absolute(sympy.pi - 4), 4 - sympy.pi),
        (atoms.Maximum(2, 3), 3),
        (atoms.Minimum(2, 3), 2),
        (atoms.Maximum(x, x), x),
        (atoms.Clamp(5, 0, 1), 1),
        (atoms.Inside(5, 0, 1), 0),
        (atoms.XLogY(0, y), 0),
        (atoms.XLogY(x, 1), 0),
        (atoms.XLogY(1, y), sympy.log(y)),
        (atoms.XLog1pY(0, y), 0),
        (atoms.XOverY(0, y), 0),
        (atoms.ZeroTimes(0, y), 0),
        (atoms.ZeroTimes(1, y), y),
        (atoms.LogRatio(x, x), 0),
        (atoms.Softplus(0), sympy.log(2)),
        (atoms.Sigmoid(-sympy.oo), 0),
        (atoms.StopGradient(3), 3),
        (atoms.SlopeAt(x, 0, 0), x),
    ],
)
def test_constants_fold(expression, expected):
    assert expression == expected


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_nothing_else_folds_or_distributes(record):
    if record.name in ("exp", "log", "sqrt", "pow", "sin", "cos"):
        return
    arguments = (2 * (x + y), 3 * z, x * y * z)[: record.arity]
    with exact_arithmetic():
        expression = constructor_of(record)(*arguments)
    assert expression.args == arguments
    assert sympy.expand(expression).func == expression.func


def test_index_comparisons_fold_by_difference():
    i = sympy.Symbol("i", integer=True)
    assert atoms.Equal(i, i + 1) == 0
    assert atoms.Less(i, i + 1) == 1
    assert atoms.Equal(i, 2 * i).func is atoms.Equal
    # Not so for reals: x + 1 = x holds at infinity.
    assert atoms.Equal(x, x + 1).func is atoms.Equal


FORBIDDEN = (sympy.Derivative, sympy.Subs, sympy.DiracDelta, sympy.Piecewise, sympy.Heaviside, sympy.Abs, sympy.Max)


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_derivatives_stay_among_the_atoms(record):
    arguments = (x * y + 1, x**2 - z, y * z)[: record.arity]
    expression = constructor_of(record)(*arguments)
    for first in LEAVES:
        for second in LEAVES:
            # lgamma's table ends after the third derivative, so polygamma2 has none.
            if record.name in ("polygamma2", "trigamma"):
                continue
            derivative = expression.diff(first).diff(second)
            assert not derivative.has(*FORBIDDEN)


def test_the_gamma_table_ends_with_a_sentence():
    with pytest.raises(ValueError, match="fourth derivative of lgamma"):
        atoms.LogGamma(x).diff(x, 4)


def test_an_argument_that_does_not_exist():
    with pytest.raises(sympy.core.function.ArgumentIndexError):
        atoms.Softplus(x).fdiff(2)
    with pytest.raises(TypeError):
        atoms.Softplus(x, y)


def test_a_branch_not_taken_cannot_reach_the_derivative():
    chosen = atoms.Where(atoms.Less(x, 0), sympy.log(y), x**2)
    assert chosen.diff(y) == atoms.Where(atoms.Less(x, 0), 1 / y, 0)
    assert chosen.diff(x) == atoms.Where(atoms.Less(x, 0), 0, 2 * x)


def test_a_slope_of_zero_annihilates_an_infinite_inner_slope():
    assert atoms.Relu(sympy.log(x)).diff(x) == atoms.ZeroTimes(atoms.Step(sympy.log(x)), 1 / x)
    assert atoms.Relu(1 - x * y).diff(x) == -y * atoms.Step(1 - x * y)
    clamped = atoms.Clamp(sympy.log(x), -1, 1)
    assert clamped.diff(x) == atoms.ZeroTimes(atoms.Inside(sympy.log(x), -1, 1), 1 / x)


def test_evidently_finite():
    assert evidently_finite(3 * x - y)
    assert evidently_finite(-y * atoms.Step(z))
    assert not evidently_finite(x * y)
    assert not evidently_finite(1 / x)
    assert not evidently_finite(sympy.exp(x))
    assert not evidently_finite(sympy.oo)


def test_a_declared_slope_replaces_the_derivative_at_the_kink():
    kink = atoms.Equal(x, y)
    declared = atoms.SlopeAt(atoms.Maximum(2 * (x - y), 3 * (y - x)), kink, 0)
    assert declared.diff(x) == atoms.Where(kink, 0, declared.args[0].diff(x))
    assert declared.fdiff(1) == atoms.Where(kink, 0, 1)
    assert atoms.SlopeAt(x**2, kink, S.Half).diff(x) == atoms.Where(kink, x, 2 * x)


def test_stop_gradient_and_conditions_have_no_derivative():
    for expression in (atoms.StopGradient(x**2), atoms.Less(x, y), atoms.Sign(x), atoms.Inside(x, y, z)):
        assert expression.diff(x) == 0


def test_a_shared_branch_needs_no_tie():
    assert atoms.Maximum(x + y, x - y).diff(x) == 1
    assert atoms.Maximum(x, y).diff(x) == atoms.HalfStep(x - y)
    assert atoms.Minimum(x, y).diff(y) == atoms.HalfStep(x - y)


def test_facts_reach_sympy():
    assert atoms.Softplus(x).is_positive
    assert atoms.Relu(x).is_nonnegative
    assert atoms.Less(x, y).is_integer
    assert atoms.Where(atoms.Less(x, y), x, -sympy.oo).is_extended_real
    assert atoms.Softplus.record.sign == "positive"
    assert atoms.Polygamma2.record.sign == "negative"
    assert atoms.Tanh.record.sign is None
    assert atoms.Sigmoid.record.bounded
    assert not atoms.Relu.record.bounded


def test_records_of_sympy_functions():
    assert record_of(sympy.exp(x)).name == "exp"
    assert record_of(sympy.log).name == "log"
    assert record_of(sympy.sqrt(x)).name == "sqrt"
    assert record_of(x**3).name == record_of(1 / x).name == "pow"
    assert record_of(x) is None
    assert record_of(sympy.gamma(x)) is None
