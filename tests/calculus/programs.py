"""Textbook programs written directly in the records: one for each shape that a loss can have."""

import sympy

from symloss.atoms import (
    Absolute,
    And,
    Clamp,
    Equal,
    Less,
    LessEqual,
    Maximum,
    Minimum,
    NotEqual,
    Relu,
    SlopeAt,
    Softplus,
    StopGradient,
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

PROGRAMS = {}
REAL, UNIT = Domain(), Domain("interval", sympy.S.Zero, sympy.S.One, True, True)
POSITIVE = Domain("interval", sympy.S.Zero, sympy.oo)
exp, log, sqrt = sympy.exp, sympy.log, sympy.sqrt
half = sympy.Rational(1, 2)
N = Axis("n", "batch")


def program(sizes, *axes, outputs=None):
    """Register the program that the decorated function describes as tensors and statements."""

    def register(build):
        with exact_arithmetic():
            tensors, statements = build()
        made = Program(
            build.__name__,
            {axis.name: axis for axis in axes},
            {tensor.name: tensor for tensor in tensors},
            tuple(statements),
            outputs or {"value": "value"},
        )
        PROGRAMS[build.__name__] = (made, sizes)
        return made

    return register


def ax(name):
    return AxisSymbol(name)


def rd(name, *index, integer=False):
    entries = [AxisSymbol(entry) if isinstance(entry, str) else entry for entry in index]
    return Read(name, tuple(entries), integer)


def st(target, out, body, operation="map", over="", guard=1):
    return Statement(target, tuple(out), operation, sympy.sympify(body), tuple(over), sympy.sympify(guard))


def pred(name="z", axes="n", domain=REAL):
    return Tensor(name, tuple(axes), "prediction", domain)


def target(name="y", axes="n", domain=REAL):
    return Tensor(name, tuple(axes), "target", domain)


def label(name="y", axis="k"):
    return Tensor(name, ("n",), "target", Domain("index", axis=axis))


def param(name, default):
    return Tensor(name, (), "parameter", default=sympy.Rational(default))


K, D = Axis("k", "class"), Axis("d", "feature")
ROW, COLUMN = Axis("i", "batch"), Axis("j", "batch", like="i")
Y = rd("y", "n", integer=True)
z, y, zk = rd("z", "n"), rd("y", "n"), rd("z", "n", "k")


@program({"n": 4}, N)
def huber():
    e, delta = z - y, rd("delta")
    body = Where(LessEqual(Absolute(e), delta), half * e**2, delta * (Absolute(e) - half * delta))
    return [pred(), target(), param("delta", "4/5")], [st("value", "n", body)]


@program({"n": 4}, N)
def quantile():
    tau, e = rd("tau"), y - z
    body = SlopeAt(Maximum(tau * e, (tau - 1) * e), Equal(e, 0), 0)
    return [pred(), target(), param("tau", "3/10")], [st("value", "n", body)]


@program({"n": 4}, N)
def bce():
    body = -XLogY(y, z) - XLogY(1 - y, 1 - z)
    return [pred(domain=UNIT), target(domain=UNIT)], [st("value", "n", body)]


@program({"n": 3, "k": 4}, N, K)
def cross_entropy():
    return [pred(axes="nk"), label()], [
        st("lse", "n", zk, "logsumexp", "k"),
        st("log_p", "nk", zk - rd("lse", "n")),
        st("value", "n", -rd("log_p", "n", Y)),
    ]


@program({"n": 3, "k": 4}, N, K)
def stable_cross_entropy():
    """The others' logsumexp under a guard that names the label, as the recogniser writes it."""
    return [pred(axes="nk"), label()], [
        st("rest", "n", zk, "logsumexp", "k", NotEqual(ax("k"), Y)),
        st("value", "n", Softplus(rd("rest", "n") - rd("z", "n", Y))),
    ]


@program({"n": 3, "k": 4}, N, K)
def label_smoothing():
    eps, size = rd("epsilon"), SizeSymbol("k")
    goal = (1 - eps) * Equal(ax("k"), Y) + eps / size
    return [pred(axes="nk"), label(), param("epsilon", "1/10")], [
        st("lse", "n", zk, "logsumexp", "k"),
        st("value", "n", -goal * (zk - rd("lse", "n")), "sum", "k"),
    ]


@program({"n": 3, "k": 3}, N, K)
def focal_multiclass():
    p = exp(rd("log_p", "n"))
    return [pred(axes="nk"), label(), param("gamma", "5/2")], [
        st("lse", "n", zk, "logsumexp", "k"),
        st("log_p", "n", rd("z", "n", Y) - rd("lse", "n")),
        st("value", "n", -((1 - p) ** rd("gamma")) * rd("log_p", "n")),
    ]


C4 = Axis("c", "coordinate", size=4)


@program({"n": 2}, N, C4)
def iou():
    def box(name):
        return [rd(name, "n", sympy.Integer(i)) for i in range(4)]

    (a1, b1, a2, b2), (c1, d1, c2, d2) = box("z"), box("y")
    width, height = Minimum(a2, c2) - Maximum(a1, c1), Minimum(b2, d2) - Maximum(b1, d1)
    inter = rd("inter", "n")
    return [pred(axes="nc"), target(axes="nc")], [
        st("inter", "n", Relu(width) * Relu(height)),
        st("union", "n", (a2 - a1) * (b2 - b1) + (c2 - c1) * (d2 - d1) - inter),
        st("value", "n", 1 - inter / rd("union", "n")),
    ]


@program({"n": 2}, N, Axis("c", "coordinate", size=2))
def corners():
    """A computed tensor along a short axis, read at numbers."""
    sides = rd("side", "n", sympy.S.Zero) * rd("side", "n", sympy.S.One)
    return [pred(axes="nc"), target(axes="nc")], [
        st("side", "nc", exp(rd("z", "n", "c")) + rd("y", "n", "c") ** 2),
        st("value", "n", log(sides) + rd("side", "n", sympy.S.One)),
    ]


@program({"n": 2, "d": 4}, N, D)
def dice():
    p, q, s = rd("z", "n", "d"), rd("y", "n", "d"), rd("smooth")
    return [pred(axes="nd", domain=UNIT), target(axes="nd", domain=UNIT), param("smooth", 1)], [
        st("inter", "n", p * q, "sum", "d"),
        st("total", "n", p + q, "sum", "d"),
        st("value", "n", 1 - (2 * rd("inter", "n") + s) / (rd("total", "n") + s)),
    ]


@program({"n": 2, "d": 3}, N, D)
def triplet_margin():
    a, p, q = (rd(name, "n", "d") for name in ("a", "p", "q"))
    body = Relu(rd("near", "n") - rd("far", "n") + rd("margin"))
    return [pred("a", "nd"), pred("p", "nd"), pred("q", "nd"), param("margin", 3)], [
        st("near", "n", a - p, "norm", "d"),
        st("far", "n", a - q, "norm", "d"),
        st("value", "n", body),
    ]


@program({"n": 2, "d": 3}, N, D)
def gradient_penalty():
    return [pred("g", "nd"), param("lam", 10)], [
        st("length", "n", rd("g", "n", "d"), "norm", "d"),
        st("value", "n", rd("lam") * (rd("length", "n") - 1) ** 2),
    ]


@program({"i": 2, "d": 2}, ROW, COLUMN, D)
def info_nce():
    u, v, tau = rd("u", "i", "d"), rd("v", "i", "d"), rd("tau")
    return [pred("u", "id"), pred("v", "id"), param("tau", "1/2")], [
        st("nu", "i", u, "norm", "d"),
        st("nv", "i", v, "norm", "d"),
        st("s", "ij", u * rd("v", "j", "d") / (rd("nu", "i") * rd("nv", "j") * tau), "sum", "d"),
        st("lse", "i", rd("s", "i", "j"), "logsumexp", "j"),
        st("value", "i", rd("lse", "i") - rd("s", "i", "i")),
    ]


@program({"i": 4, "d": 2}, ROW, COLUMN, D)
def nt_xent():
    size = SizeSymbol("i")
    other = sympy.Mod(ax("i") + sympy.floor(size / 2), size)
    return [pred("z", "id")], [
        st("length", "i", rd("z", "i", "d"), "norm", "d"),
        st("u", "id", rd("z", "i", "d") / rd("length", "i")),
        st("s", "ij", 2 * rd("u", "i", "d") * rd("u", "j", "d"), "sum", "d"),
        st("lse", "i", rd("s", "i", "j"), "logsumexp", "j", NotEqual(ax("j"), ax("i"))),
        st("value", "i", rd("lse", "i") - rd("s", "i", other)),
    ]


@program({"n": 2, "k": 4}, N, K)
def listnet():
    valid = Tensor("valid", ("n", "k"), "target", Domain("boolean"))
    on = Equal(rd("valid", "n", "k", integer=True), 1)
    p = exp(rd("y", "n", "k") - rd("ly", "n"))
    return [pred(axes="nk"), target(axes="nk"), valid], [
        st("lz", "n", zk, "logsumexp", "k", on),
        st("ly", "n", rd("y", "n", "k"), "logsumexp", "k", on),
        st("value", "n", -p * (zk - rd("lz", "n")), "sum", "k", on),
    ]


@program({"n": 2, "d": 2}, N, D)
def kl_gaussian():
    m1, l1, m2, l2 = (rd(name, "n", "d") for name in ("m1", "l1", "m2", "l2"))
    body = half * (l2 - l1 - 1 + exp(l1 - l2) + (m1 - m2) ** 2 * exp(-l2))
    return [pred(name, "nd") for name in ("m1", "l1", "m2", "l2")], [st("value", "n", body, "sum", "d")]


@program({"m": 2, "n": 3}, Axis("m", "batch"), N, outputs={"real": "real", "fake": "fake"})
def gan_discriminator():
    return [pred("r", "m"), pred("f", "n")], [
        st("real", "m", log(1 + exp(-rd("r", "m")))),
        st("fake", "n", log(1 + exp(rd("f", "n")))),
    ]


@program({"n": 3, "k": 4}, N, K)
def row_extremes():
    """Maximum and minimum over an axis, one of them guarded."""
    return [pred(axes="nk"), label()], [
        st("top", "n", zk**2, "max", "k"),
        st("low", "n", exp(zk), "min", "k", NotEqual(ax("k"), Y)),
        st("value", "n", rd("top", "n") * rd("low", "n") + rd("z", "n", Y)),
    ]


@program({"n": 3, "k": 4}, N, K, Axis("l", "class", like="k"))
def cumulative():
    """Cumulative sums along an axis, and neighbours along it."""
    k, other, size = ax("k"), ax("l"), SizeSymbol("k")
    following = rd("c", "n", k + 1)
    return [pred(axes="nk"), target(axes="nk")], [
        st("c", "nk", exp(rd("z", "n", "l")), "sum", "l", LessEqual(other, k)),
        st("value", "n", (following - zk) ** 2 * rd("y", "n", "k"), "sum", "k", Less(k + 1, size)),
    ]


@program({"n": 1, "k": 3}, N, K, Axis("l", "class", like="k"))
def sorted_rows():
    """The rank of each item as an integer that gathers, as sort is written."""
    k, other = ax("k"), ax("l")
    zl = rd("z", "n", "l")
    before = And(Equal(zl, zk), Less(other, k))
    ahead = Less(zl, zk)
    return [pred(axes="nk"), target(axes="nk")], [
        st("rank", "nk", ahead + before, "sum", "l"),
        st("ordered", "nk", zl, "sum", "l", Equal(rd("rank", "n", "l", integer=True), k)),
        st("value", "n", (rd("ordered", "n", "k") - rd("y", "n", "k")) ** 3, "sum", "k"),
    ]


@program({"n": 3, "k": 3}, N, K)
def stopped():
    """A frozen branch, a clamp, an element-wise root, and a class weight gathered by the label."""
    p = StopGradient(exp(zk))
    weight = Tensor("w", ("k",), "coefficient", POSITIVE)
    root = sqrt(Absolute(rd("t", "n")) + 1)
    return [pred(axes="nk"), label(), weight], [
        st("t", "n", Clamp(p * zk, -1, sympy.Rational(3, 2)), "sum", "k"),
        st("value", "n", rd("w", Y) * root + rd("z", "n", Y) * rd("t", "n")),
    ]


@program({"n": 3}, N)
def inactive_root():
    """The slope of sqrt(relu) is infinite where the branch is not taken."""
    return [pred(), target()], [st("value", "n", Where(Less(z, y), 0, sqrt(Relu(z - y))) + z**2)]


@program({"n": 4, "d": 2}, N, D)
def batch_statistic():
    """One number for the whole batch: a correlation."""
    x, t = rd("z", "n"), rd("y", "n")
    mean = rd("mean")
    return [pred(), target()], [
        st("mean", "", x / SizeSymbol("n"), "sum", "n"),
        st("cov", "", (x - mean) * t, "sum", "n"),
        st("spread", "", x - mean, "norm", "n"),
        st("value", "", rd("cov") / rd("spread")),
    ]


@program({"n": 3, "k": 4}, N, K)
def embedding():
    """A parameter tensor without a batch axis, gathered by the label: its gradient sums over the batch."""
    w = Tensor("w", ("k",), "prediction")
    scale = Tensor("scale", (), "prediction")
    return [pred(), w, scale, label()], [
        st("value", "n", (rd("z", "n") - rd("w", Y)) ** 2 * exp(rd("scale")) - rd("scale"))
    ]


@program({"n": 3}, N)
def chained():
    """Many small steps that share sub-expressions."""
    a, b, c = rd("a", "n"), rd("b", "n"), rd("c", "n")
    return [pred(), target()], [
        st("a", "n", z * y + sympy.sin(z)),
        st("b", "n", rd("a", "n") ** 2 / (1 + exp(z))),
        st("c", "n", a * b - sympy.cos(b)),
        st("value", "n", c**2 + a * c + Softplus(b)),
    ]


@program({"n": 2, "k": 3}, N, K, Axis("j", "class", like="k"))
def shifted():
    """Indices that differ by more than a number, compared: a minimum over neighbours, read at a neighbour's place."""
    there = sympy.Mod(ax("j") + ax("k"), SizeSymbol("k"))
    nearest = st("s", "nk", (1 + rd("z", "n", there) ** 2) * zk, "min", "j")
    largest = st("t", "nk", Where(Equal(Y, 0), -rd("s", "n", there), zk), "max", "j", NotEqual(ax("j"), Y))
    return [pred(axes="nk"), label()], [nearest, largest, st("value", "n", rd("s", "n", Y) + rd("t", "n", Y))]


@program({"n": 2, "k": 3}, N, K, Axis("j", "class", like="k"))
def tied_everywhere():
    """A minimum over values that are equal by construction: sums over the same axis nest, each under its own name."""
    total = rd("s", "n", Y)
    lowest = st("t", "nk", rd("s", "n", "j") / (2 + Softplus(total)), "min", "j", LessEqual(ax("j"), ax("k")))
    return [pred(axes="nk"), label()], [
        st("s", "nk", exp(rd("z", "n", "j")), "sum", "j"),
        lowest,
        st("value", "n", rd("t", "n", Y)),
    ]
