"""Textbook programs, built directly from the records, as a specification would give them."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Rational, S, cos, exp, log, sqrt

from symloss.atoms import (
    Absolute,
    Equal,
    Less,
    Log1p,
    Log2,
    Maximum,
    Minimum,
    NotEqual,
    Sigmoid,
    Softplus,
    Tanh,
    Where,
    XLogY,
)
from symloss.program import Axis, AxisSymbol, Domain, Program, SizeSymbol, Statement, Tensor, exact_arithmetic

REAL = Domain()
UNIT = Domain(lower=S.Zero, upper=S.One, lower_closed=True, upper_closed=True)
OPEN_UNIT = Domain(lower=S.Zero, upper=S.One)
POSITIVE = Domain(lower=S.Zero)
NONNEGATIVE = Domain(lower=S.Zero, lower_closed=True)
BIT = Domain(kind="set", values=(S.Zero, S.One))


class Book:
    """Collects axes, tensors and statements of one program."""

    def __init__(self, name: str, **axes: str | tuple[str, int] | Axis) -> None:
        self.name = name
        self.axes = {a: k if isinstance(k, Axis) else Axis(a, k) for a, k in axes.items()}
        self.tensors: dict[str, Tensor] = {}
        self.statements: list[Statement] = []
        self.constraints: list[Any] = []

    def input(self, name: str, axes: str, domain: Domain = REAL, role: str = "prediction") -> Tensor:
        self.tensors[name] = Tensor(name, tuple(axes), role, domain)
        return self.tensors[name]

    def label(self, name: str, axes: str, over: str) -> Tensor:
        return self.input(name, axes, Domain(kind="index", axis=over), "target")

    def parameter(self, name: str, domain: Domain, default: Any = 1) -> Any:
        self.tensors[name] = Tensor(name, (), "parameter", domain, Rational(default))
        return self.tensors[name].read()

    def step(self, target: str, body: Any, out: str = "n", operation: str = "map", over: str = "", guard: Any = S.One):
        self.statements.append(Statement(target, tuple(out), operation, body, tuple(over), guard))
        tensor = Tensor(target, tuple(out), "")
        return lambda *index: tensor.read(*(index or tuple(AxisSymbol(a) for a in out)))

    def done(self, value: str = "value") -> Program:
        return Program(
            self.name,
            self.axes,
            self.tensors,
            tuple(self.statements),
            {"value": value},
            tuple(self.constraints),
        )


def exactly(build: Any) -> Any:
    def built() -> Program:
        with exact_arithmetic():
            return build()

    built.__name__ = build.__name__
    return built


n, k, i, j = (AxisSymbol(a) for a in "nkij")


@exactly
def bce() -> Program:
    b = Book("bce", n="batch")
    p, y = b.input("p", "n", UNIT).read(), b.input("y", "n", UNIT, "target").read()
    b.step("value", -y * log(p) - (1 - y) * log(1 - p))
    return b.done()


@exactly
def bce_logits_softplus() -> Program:
    b = Book("bce_logits_softplus", n="batch")
    z, y = b.input("z", "n").read(), b.input("y", "n", UNIT, "target").read()
    b.step("value", Softplus(z) - y * z)
    return b.done()


@exactly
def bce_logits_sigmoid() -> Program:
    b = Book("bce_logits_sigmoid", n="batch")
    z, y = b.input("z", "n").read(), b.input("y", "n", UNIT, "target").read()
    w = b.input("w", "n", POSITIVE, "coefficient").read()
    b.step("value", -(w * y * log(Sigmoid(z)) + (1 - y) * log(1 - Sigmoid(z))))
    return b.done()


@exactly
def bce_logits_exponential() -> Program:
    b = Book("bce_logits_exponential", n="batch")
    z, y = b.input("z", "n").read(), b.input("y", "n", UNIT, "target").read()
    p = b.step("p", 1 / (1 + exp(-z)))
    b.step("value", -(y * log(p()) + (1 - y) * log(1 - p())))
    return b.done()


@exactly
def softmax_cross_entropy() -> Program:
    b = Book("softmax_cross_entropy", n="batch", k="class")
    z, y = b.input("z", "nk"), b.label("y", "n", "k").read()
    t = b.step("t1", z.read(), "n", "logsumexp", "k")
    log_p = b.step("log_p", z.read() - t(), "nk")
    b.step("value", -log_p(n, y))
    return b.done()


@exactly
def softmax_written_out() -> Program:
    b = Book("softmax_written_out", n="batch", k="class")
    z, y = b.input("z", "nk"), b.label("y", "n", "k").read()
    t = b.step("t1", exp(z.read()), "n", "sum", "k")
    p = b.step("p", exp(z.read()) / t(), "nk")
    b.step("value", -log(p(n, y)))
    return b.done()


@exactly
def soft_cross_entropy() -> Program:
    b = Book("soft_cross_entropy", n="batch", k="class")
    z, y = b.input("z", "nk").read(), b.input("y", "nk", Domain(kind="simplex", axis="k"), "target").read()
    t = b.step("t1", z, "n", "logsumexp", "k")
    log_p = b.step("log_p", z - t(), "nk")
    s = b.step("t2", y * log_p(), "n", "sum", "k")
    b.step("value", -s())
    return b.done()


@exactly
def label_smoothing() -> Program:
    b = Book("label_smoothing", n="batch", k="class")
    z, y = b.input("z", "nk"), b.label("y", "n", "k").read()
    epsilon = b.parameter("epsilon", Domain(lower=S.Zero, upper=S.One, lower_closed=True), "1/10")
    t = b.step("t1", z.read(), "n", "logsumexp", "k")
    log_p = b.step("log_p", z.read() - t(), "nk")
    mean = b.step("t2", -log_p(), "n", "sum", "k")
    b.step("value", (1 - epsilon) * (-log_p(n, y)) + epsilon * mean() / SizeSymbol("k"))
    return b.done()


@exactly
def focal() -> Program:
    b = Book("focal", n="batch")
    z, y = b.input("z", "n").read(), b.input("y", "n", BIT, "target").read()
    alpha, gamma = b.parameter("alpha", UNIT, "1/4"), b.parameter("gamma", NONNEGATIVE, 2)
    p = b.step("p", Sigmoid(z))
    p_t = b.step("p_t", Where(Equal(y, 1), p(), 1 - p()))
    alpha_t = b.step("alpha_t", Where(Equal(y, 1), alpha, 1 - alpha))
    b.step("value", -alpha_t() * (1 - p_t()) ** gamma * log(p_t()))
    return b.done()


@exactly
def focal_multiclass() -> Program:
    b = Book("focal_multiclass", n="batch", k="class")
    z, y = b.input("z", "nk"), b.label("y", "n", "k").read()
    gamma = b.parameter("gamma", NONNEGATIVE, 2)
    t = b.step("t1", z.read(), "n", "logsumexp", "k")
    p = b.step("p", exp(z.read() - t()), "nk")
    b.step("value", -((1 - p(n, y)) ** gamma) * log(p(n, y)))
    return b.done()


@exactly
def log_cosh() -> Program:
    b = Book("log_cosh", n="batch")
    x, t = b.input("pred", "n").read(), b.input("target", "n", REAL, "target").read()
    e = b.step("e", x - t)
    b.step("value", log((exp(e()) + exp(-e())) / 2))
    return b.done()


@exactly
def kl_discrete() -> Program:
    b = Book("kl_discrete", n="batch", k="class")
    p, q = (b.input(name, "nk", Domain(kind="simplex", axis="k")).read() for name in "pq")
    b.step("value", p * log(p / q), "n", "sum", "k")
    return b.done()


@exactly
def kl_gaussian() -> Program:
    b = Book("kl_gaussian", n="batch", d="feature")
    m1, l1, m2, l2 = (b.input(name, "nd").read() for name in ("mu1", "logvar1", "mu2", "logvar2"))
    s = b.step("t1", l2 - l1 - 1 + exp(l1 - l2) + (m1 - m2) ** 2 * exp(-l2), "n", "sum", "d")
    b.step("value", s() / 2)
    return b.done()


@exactly
def kl_gaussian_scales() -> Program:
    b = Book("kl_gaussian_scales", n="batch", d="feature")
    m1, m2 = (b.input(name, "nd").read() for name in ("mu1", "mu2"))
    s1, s2 = (b.input(name, "nd", POSITIVE).read() for name in ("s1", "s2"))
    b.step("value", log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - S.Half, "n", "sum", "d")
    return b.done()


@exactly
def kl_standard_normal() -> Program:
    b = Book("kl_standard_normal", n="batch", d="feature")
    m, lv = (b.input(name, "nd").read() for name in ("mu", "logvar"))
    s = b.step("t1", 1 + lv - m**2 - exp(lv), "n", "sum", "d")
    b.step("value", -s() / 2)
    return b.done()


@exactly
def dice() -> Program:
    b = Book("dice", n="batch", k="pixel")
    p, y = b.input("p", "nk", UNIT).read(), b.input("y", "nk", UNIT, "target").read()
    smooth = b.parameter("smooth", NONNEGATIVE, 1)
    t1 = b.step("t1", p * y, "n", "sum", "k")
    overlap = b.step("overlap", 2 * t1() + smooth)
    t2 = b.step("t2", p, "n", "sum", "k")
    t3 = b.step("t3", y, "n", "sum", "k")
    total = b.step("total", t2() + t3() + smooth)
    b.step("value", Where(Equal(total(), 0), 0, 1 - overlap() / total()))
    return b.done()


def _boxes(name: str) -> tuple[Book, Any, Any]:
    b = Book(name, n="batch", c=Axis("c", "coordinate", size=4))
    p, t = b.input("pred", "nc"), b.input("target", "nc", REAL, "target")
    x1, y1, x2, y2 = (p.read(n, c) for c in range(4))
    u1, v1, u2, v2 = (t.read(n, c) for c in range(4))
    b.constraints = [Less(x1, x2), Less(y1, y2), Less(u1, u2), Less(v1, v2)]
    first = b.step("pred_area", (x2 - x1) * (y2 - y1))
    second = b.step("target_area", (u2 - u1) * (v2 - v1))
    width = b.step("width", Maximum(0, Minimum(x2, u2) - Maximum(x1, u1)))
    height = b.step("height", Maximum(0, Minimum(y2, v2) - Maximum(y1, v1)))
    inter = b.step("I", width() * height())
    union = b.step("U", first() + second() - inter())
    return b, inter(), union()


@exactly
def iou() -> Program:
    b, inter, union = _boxes("iou")
    b.step("value", 1 - inter / union)
    return b.done()


@exactly
def giou() -> Program:
    b, inter, union = _boxes("giou")
    p, t = b.tensors["pred"], b.tensors["target"]
    x1, y1, x2, y2 = (p.read(n, c) for c in range(4))
    u1, v1, u2, v2 = (t.read(n, c) for c in range(4))
    hw = b.step("hull_width", Maximum(x2, u2) - Minimum(x1, u1))
    hh = b.step("hull_height", Maximum(y2, v2) - Minimum(y1, v1))
    hull = b.step("A", hw() * hh())
    b.step("value", 1 - inter / union + (hull() - union) / hull())
    return b.done()


def _views(name: str) -> tuple[Book, Any]:
    b = Book(name, i="batch", j=Axis("j", "batch", like="i"), d="feature")
    tau = b.parameter("tau", POSITIVE, "1/2")
    return b, tau


@exactly
def info_nce() -> Program:
    b, tau = _views("info_nce")
    u, v = b.input("u", "id"), b.input("v", "id")
    d = AxisSymbol("d")
    nu, nv = b.step("t1", u.read(), "i", "norm", "d"), b.step("t2", v.read(), "i", "norm", "d")
    uh, vh = b.step("u_hat", u.read() / nu(), "id"), b.step("v_hat", v.read() / nv(), "id")
    dot = b.step("t3", uh() * vh(j, d), "ij", "sum", "d")
    s = b.step("s", dot() / tau, "ij")
    t = b.step("t4", s(), "i", "logsumexp", "j")
    b.step("value", t() - s(i, i), "i")
    return b.done()


@exactly
def nt_xent() -> Program:
    b, tau = _views("nt_xent")
    z = b.input("z", "id")
    d, size = AxisSymbol("d"), SizeSymbol("i")
    b.constraints = [Equal(sympy.Mod(size, 2), 0)]
    nz = b.step("t1", z.read(), "i", "norm", "d")
    zh = b.step("z_hat", z.read() / nz(), "id")
    dot = b.step("t2", zh() * zh(j, d), "ij", "sum", "d")
    s = b.step("s", dot() / tau, "ij")
    t = b.step("t3", s(), "i", "logsumexp", "j", NotEqual(j, i))
    b.step("value", t() - s(i, sympy.Mod(i + sympy.floor(size / 2), size)), "i")
    return b.done()


@exactly
def listnet() -> Program:
    b = Book("listnet", n="batch", k="item")
    s, y = b.input("s", "nk").read(), b.input("y", "nk", REAL, "target").read()
    valid = b.input("valid", "nk", Domain(kind="boolean"), "target").read()
    ts = b.step("t1", s, "n", "logsumexp", "k", Equal(valid, 1))
    ty = b.step("t2", y, "n", "logsumexp", "k", Equal(valid, 1))
    t = b.step("t3", exp(y - ty()) * (s - ts()), "n", "sum", "k", Equal(valid, 1))
    b.step("value", -t())
    return b.done()


@exactly
def gan_generator_minimax() -> Program:
    b = Book("gan_generator_minimax", n="batch")
    d = b.input("d", "n").read()
    b.step("value", log(1 - Sigmoid(d)))
    return b.done()


@exactly
def diffusion_posterior_kl() -> Program:
    b = Book("diffusion_posterior_kl", n="batch", d="feature")
    m, x0, xt = (b.input(name, "nd").read() for name in ("mu_theta", "x0", "xt"))
    alpha, bar = (b.input(name, "n", OPEN_UNIT, "coefficient").read() for name in ("alpha", "alpha_bar"))
    sigma2 = b.input("sigma2", "n", POSITIVE, "coefficient").read()
    b.constraints = [Less(bar, alpha)]
    beta = b.step("beta", 1 - alpha)
    prev = b.step("alpha_bar_prev", bar / alpha)
    mt = b.step(
        "mu_tilde",
        sqrt(prev()) * beta() / (1 - bar) * x0 + sqrt(alpha) * (1 - prev()) / (1 - bar) * xt,
        "nd",
    )
    bt = b.step("beta_tilde", (1 - prev()) / (1 - bar) * beta())
    s = b.step("t1", log(sigma2 / bt()) - 1 + bt() / sigma2 + (mt() - m) ** 2 / sigma2, "n", "sum", "d")
    b.step("value", s() / 2)
    return b.done()


@exactly
def charbonnier() -> Program:
    b = Book("charbonnier", n="batch")
    e = b.input("e", "n").read()
    epsilon = b.parameter("epsilon", POSITIVE, 1)
    b.step("value", sqrt(e**2 + epsilon**2) - epsilon)
    return b.done()


@exactly
def welsch() -> Program:
    b = Book("welsch", n="batch")
    e = b.input("e", "n").read()
    b.step("value", 1 - exp(-(e**2) / 2))
    return b.done()


@exactly
def cauchy() -> Program:
    b = Book("cauchy", n="batch")
    e = b.input("e", "n").read()
    b.step("value", log(1 + e**2))
    return b.done()


@exactly
def gamma_deviance() -> Program:
    b = Book("gamma_deviance", n="batch")
    m, y = b.input("mu", "n", POSITIVE).read(), b.input("y", "n", POSITIVE, "target").read()
    b.step("value", 2 * (log(m / y) + y / m - 1))
    return b.done()


@exactly
def poisson_deviance() -> Program:
    b = Book("poisson_deviance", n="batch")
    m, y = b.input("mu", "n", POSITIVE).read(), b.input("y", "n", POSITIVE, "target").read()
    b.step("value", 2 * (y * log(y / m) - y + m))
    return b.done()


@exactly
def generalized_cross_entropy() -> Program:
    b = Book("generalized_cross_entropy", n="batch", k="class")
    z, y = b.input("z", "nk"), b.label("y", "n", "k").read()
    q = b.parameter("q", Domain(lower=S.Zero, upper=S.One, upper_closed=True), "7/10")
    t = b.step("t1", z.read(), "n", "logsumexp", "k")
    p = b.step("p", exp(z.read() - t()), "nk")
    b.step("value", (1 - p(n, y) ** q) / q)
    return b.done()


@exactly
def contrastive() -> Program:
    b = Book("contrastive", n="batch", d="feature")
    x, w = b.input("a", "nd").read(), b.input("b", "nd").read()
    y = b.input("y", "n", BIT, "target").read()
    margin = b.parameter("margin", POSITIVE, 1)
    dist = b.step("D", x - w, "n", "norm", "d")
    b.step("value", y * dist() ** 2 + (1 - y) * Maximum(0, margin - dist()) ** 2)
    return b.done()


@exactly
def tversky() -> Program:
    b = Book("tversky", n="batch", k="pixel")
    p, y = b.input("p", "nk", UNIT).read(), b.input("y", "nk", UNIT, "target").read()
    a = b.parameter("a", NONNEGATIVE, "3/10")
    hit = b.step("hit", p * y, "n", "sum", "k")
    false = b.step("false", p * (1 - y), "n", "sum", "k")
    missed = b.step("missed", (1 - p) * y, "n", "sum", "k")
    b.step("value", 1 - hit() / (hit() + a * false() + (1 - 0) * missed()))
    return b.done()


CATALOGUE = [
    bce,
    bce_logits_softplus,
    bce_logits_sigmoid,
    bce_logits_exponential,
    softmax_cross_entropy,
    softmax_written_out,
    soft_cross_entropy,
    label_smoothing,
    focal,
    focal_multiclass,
    log_cosh,
    kl_discrete,
    kl_gaussian,
    kl_gaussian_scales,
    kl_standard_normal,
    dice,
    iou,
    giou,
    info_nce,
    nt_xent,
    listnet,
    gan_generator_minimax,
    diffusion_posterior_kl,
    charbonnier,
    welsch,
    cauchy,
    gamma_deviance,
    poisson_deviance,
    generalized_cross_entropy,
    contrastive,
    tversky,
]


def _scalar(name: str, body: Any, domain: Domain = REAL) -> Any:
    """A program of one real input x."""

    @exactly
    def build() -> Program:
        b = Book(name, n="batch")
        x = b.input("x", "n", domain).read()
        b.step("value", body(x))
        return b.done()

    build.__name__ = name
    return build


@exactly
def selected_probability() -> Program:
    b = Book("selected_probability", n="batch")
    z, y = b.input("z", "n").read(), b.input("y", "n", BIT, "target").read()
    b.step("value", -log(y * Sigmoid(z) + (1 - y) * (1 - Sigmoid(z))))
    return b.done()


@exactly
def contrastive_ratio() -> Program:
    b = Book("contrastive_ratio", n="batch", k="item")
    p, s = b.input("pos", "n").read(), b.input("neg", "nk").read()
    t = b.step("t1", exp(s), "n", "sum", "k")
    b.step("value", -log(exp(p) / (exp(p) + t())))
    return b.done()


@exactly
def log_mean_exponential() -> Program:
    b = Book("log_mean_exponential", n="batch", k="item")
    s = b.input("s", "nk").read()
    t = b.step("t1", exp(s), "n", "sum", "k")
    b.step("value", log(t() / SizeSymbol("k")))
    return b.done()


@exactly
def euclidean_length() -> Program:
    b = Book("euclidean_length", n="batch", k="feature")
    s = b.input("s", "nk").read()
    t = b.step("t1", s**2, "n", "sum", "k")
    b.step("value", sqrt(t()))
    return b.done()


@exactly
def squared_log_error() -> Program:
    b = Book("squared_log_error", n="batch")
    x, t = b.input("x", "n", NONNEGATIVE).read(), b.input("t", "n", NONNEGATIVE, "target").read()
    b.step("value", (log(1 + x) - log(1 + t)) ** 2)
    return b.done()


@exactly
def difference_of_logarithms() -> Program:
    b = Book("difference_of_logarithms", n="batch")
    x, t = b.input("x", "n", POSITIVE).read(), b.input("t", "n", POSITIVE, "target").read()
    b.step("value", (log(x) - log(t)) ** 2 + log(x / (x + t)))
    return b.done()


@exactly
def difference_of_sides() -> Program:
    b = Book("difference_of_sides", n="batch")
    x, t = b.input("x", "n").read(), b.input("t", "n", REAL, "target").read()
    b.step("value", (x - Minimum(x, t)) ** 2 + (2 * (x - t) + 2 * t))
    return b.done()


@exactly
def one_hot_label_smoothing() -> Program:
    b = Book("one_hot_label_smoothing", n="batch", k="class")
    z, y = b.input("z", "nk"), b.label("y", "n", "k").read()
    epsilon = b.parameter("epsilon", Domain(lower=S.Zero, upper=S.One, lower_closed=True), "1/10")
    t = b.step("t1", z.read(), "n", "logsumexp", "k")
    q = b.step("q", (1 - epsilon) * Equal(k, y) + epsilon / SizeSymbol("k"), "nk")
    s = b.step("t2", q() * (z.read() - t()), "n", "sum", "k")
    b.step("value", -s())
    return b.done()


@exactly
def between_thresholds() -> Program:
    b = Book("between_thresholds", n="batch")
    x, gap = b.input("x", "n").read(), b.input("gap", "n", POSITIVE).read()
    b.step("value", -log(Sigmoid(x + gap) - 1 / (1 + exp(-x))))
    return b.done()


EXTRA = [
    between_thresholds,
    one_hot_label_smoothing,
    selected_probability,
    contrastive_ratio,
    log_mean_exponential,
    euclidean_length,
    squared_log_error,
    difference_of_logarithms,
    difference_of_sides,
    _scalar("tanh_of_exponentials", lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x))),
    _scalar("tanh_of_one_exponential", lambda x: (1 - exp(-2 * x)) / (1 + exp(-2 * x))),
    _scalar("exponential_share", lambda x: exp(x) / (1 + exp(x))),
    _scalar("two_sided_share", lambda x: exp(x) / (exp(x) + exp(-x))),
    _scalar("stable_softplus", lambda x: Maximum(x, 0) + log(1 + exp(-Absolute(x)))),
    _scalar("log1p_of_exponential", lambda x: Log1p(exp(x))),
    _scalar("log_cosh_in_parts", lambda x: x + Softplus(-2 * x) - log(2)),
    _scalar("one_minus_tanh", lambda x: 1 - Tanh(x)),
    _scalar("one_minus_tanh_squared", lambda x: 1 - Tanh(x) ** 2),
    _scalar("twice_sigmoid_minus_one", lambda x: 2 * Sigmoid(x) - 1),
    _scalar("one_minus_cosine", lambda x: 1 - cos(x)),
    _scalar("linear_exponential", lambda x: exp(x) - x - 1),
    _scalar("fair", lambda x: Absolute(x) - log(1 + Absolute(x))),
    _scalar("log_one_minus_exponential", lambda x: log(1 - exp(-x)), POSITIVE),
    _scalar("log_of_square", lambda x: log(x**2), POSITIVE),
    _scalar("binary_logarithm", lambda x: Log2(1 + x), NONNEGATIVE),
    _scalar("power_minus_one", lambda x: (1 + x**2) ** Rational(1, 3) - 1),
    _scalar("whole_power_minus_one", lambda x: 1 - (1 - x**2) ** 3),
    _scalar("difference_of_squares", lambda x: x**2 - 4),
    _scalar("square_times_exponential", lambda x: x**2 * exp(x)),
    _scalar("nested_choice", lambda x: Where(Less(0, x), Where(Less(0, x), x, 1), x**2)),
    _scalar("entropy", lambda x: XLogY(x, x), UNIT),
]
