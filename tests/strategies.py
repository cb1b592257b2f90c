"""Random programs: a few statements of every operation over a batch axis and a class axis.

Bodies are built so that no logarithm, root or quotient meets the edge of its domain; kinks lie on null sets.
"""

import sympy
from hypothesis import strategies as st

from symloss.atoms import (
    Absolute,
    Clamp,
    Equal,
    Less,
    LessEqual,
    Log1p,
    LogCosh,
    Maximum,
    Minimum,
    NotEqual,
    Relu,
    Sigmoid,
    Softplus,
    StopGradient,
    Tanh,
    Where,
    XLogY,
)
from symloss.program import (
    Axis,
    AxisSymbol,
    Domain,
    Program,
    Read,
    SizeSymbol,
    Statement,
    Tensor,
    exact_arithmetic,
)

AXES = {"n": Axis("n", "batch"), "k": Axis("k", "class"), "j": Axis("j", "class", like="k")}
TENSORS = {
    "z": Tensor("z", ("n", "k"), "prediction"),
    "x": Tensor("x", ("n",), "prediction"),
    "t": Tensor("t", ("n", "k"), "target"),
    "w": Tensor("w", ("k",), "coefficient"),
    "y": Tensor("y", ("n",), "target", Domain("index", axis="k")),
    "c": Tensor("c", (), "parameter", default=sympy.Rational(3, 5)),
}
SIZES = {"n": 2, "k": 3}
N, K, J = (AxisSymbol(axis) for axis in "nkj")
LABEL = Read("y", (N,), integer=True)
#: What may stand where an index along the class axis is expected, given the axes in scope.
PLACES = {
    "n": [LABEL],
    "nk": [K, K, LABEL, sympy.Mod(K + 1, SizeSymbol("k"))],
    "nkj": [K, J, LABEL, sympy.Mod(K + J, SizeSymbol("k"))],
}

UNARY = [
    lambda a: sympy.exp(a / 4),
    lambda a: sympy.log(2 + a**2),
    lambda a: sympy.sqrt(1 + a**2),
    lambda a: a**2 / 3,
    lambda a: -a,
    sympy.sin,
    Absolute,
    Relu,
    Sigmoid,
    Softplus,
    Tanh,
    LogCosh,
    StopGradient,
    lambda a: Clamp(a, -1, 1),
    lambda a: Log1p(a**2),
]
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (2 + Tanh(b)),
    Maximum,
    Minimum,
    lambda a, b: Where(Less(a, b), a**2, b),
    lambda a, b: XLogY(a, 1 + b**2),
    lambda a, b: Where(Equal(LABEL, 0), a, b),
]


@st.composite
def leaves(draw, shapes, scope):
    """A read of an input or of an earlier statement at some index, or a constant."""
    name = draw(st.sampled_from([*shapes, "c", "2"]))
    if name == "2":
        return sympy.Rational(draw(st.integers(-3, 5)), 2)
    places = st.sampled_from(PLACES[scope])
    index = tuple(N if axis == "n" else draw(places) for axis in shapes.get(name, ()))
    return Read(name, index)


def bodies(shapes, scope):
    return st.recursive(
        leaves(shapes, scope),
        lambda inner: st.one_of(
            st.builds(lambda f, a: f(a), st.sampled_from(UNARY), inner),
            st.builds(lambda f, a, b: f(a, b), st.sampled_from(BINARY), inner, inner),
        ),
        max_leaves=4,
    )


@st.composite
def statements(draw, name, shapes):
    """One statement whose reads are inputs and earlier statements."""
    out, over = draw(st.sampled_from([("n", ""), ("nk", ""), ("n", "k"), ("nk", "j")]))
    body = draw(bodies(shapes, "".join(dict.fromkeys(out + over))))
    if not over:
        return Statement(name, tuple(out), "map", sympy.sympify(body))
    operation = draw(st.sampled_from(["sum", "sum", "max", "min", "logsumexp", "norm"]))
    guards = [sympy.S.One, sympy.S.One, NotEqual(AxisSymbol(over), LABEL)]
    guards += [LessEqual(J, K)] if over == "j" else [Less(0, Read("t", (N, K)))] if operation in ("sum", "norm") else []
    return Statement(name, tuple(out), operation, sympy.sympify(body), tuple(over), draw(st.sampled_from(guards)))


@st.composite
def programs(draw, most=4):
    """A program of up to `most` statements and a value per sample that depends on a prediction."""
    with exact_arithmetic():
        shapes = {name: tensor.axes for name, tensor in TENSORS.items() if tensor.axes and not tensor.domain.integer}
        made = []
        for count in range(1, draw(st.integers(1, most)) + 1):
            made.append(draw(statements(f"s{count}", shapes)))
            shapes[made[-1].target] = made[-1].out
        last = [Read(s.target, tuple(N if axis == "n" else LABEL for axis in s.out)) for s in made]
        value = sympy.Add(*last) + draw(bodies(shapes, "n")) * Read("x", (N,))
        made.append(Statement("value", ("n",), "map", value))
    return Program("random", AXES, TENSORS, tuple(made), {"value": "value"})
