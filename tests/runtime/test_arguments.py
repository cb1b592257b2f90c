"""Bad arguments: one sentence that names the argument, what was given and what was expected."""

import numpy as np
import pytest

ONES = np.ones(4)


def refused(error, message):
    return pytest.raises(error, match=message)


SHAPES = [
    ((4,), (5,), r"^target has shape \(5,\), hence batch shape \(5,\), expected \(4,\) as in pred$"),
    ((4, 1), (4,), r"^target has shape \(4,\), hence batch shape \(4,\), expected \(4, 1\) as in pred$"),
    ((4,), (), r"^target has shape \(\), hence batch shape \(\), expected \(4,\) as in pred$"),
    ((4,), (1,), r"^target has shape \(1,\)"),
]


@pytest.mark.parametrize(("first", "second", "message"), SHAPES)
def test_shapes_must_agree(huber, first, second, message):
    with refused(ValueError, message):
        huber(np.ones(first), np.ones(second))


@pytest.mark.parametrize(
    ("z", "y", "w", "message"),
    [
        ((5, 3), (4,), (3,), r"^y has shape \(4,\), hence batch shape \(4,\), expected \(5,\) as in z$"),
        ((5, 3), (5, 1), (3,), r"^y has shape \(5, 1\), hence batch shape"),
        ((5, 3), (5,), (4,), r"^class_weight has shape \(4,\), hence 4 along axis k, expected 3 as in z$"),
        ((5, 3), (5,), (1,), r"^class_weight has shape \(1,\), hence 1 along axis k, expected 3 as in z$"),
        ((5, 3), (5,), (5, 3), r"^class_weight has shape \(5, 3\), expected 1 dimension \[k\]$"),
        ((), (), (3,), r"^z has shape \(\), expected at least 1 dimension \[n, k\]$"),
    ],
)
def test_row_shapes_must_agree(cross_entropy, z, y, w, message):
    with refused(ValueError, message):
        cross_entropy(np.ones(z), np.zeros(y, int), np.ones(w))


@pytest.mark.parametrize(
    ("a", "b", "shift", "message"),
    [
        ((3,), (3, 4), (), r"^a has shape \(3,\), expected at least 2 dimensions \[n, d\]$"),
        ((3, 2, 2), (3, 4, 1), (), r"^b has shape \(3, 4, 1\), expected 2 dimensions \[n, e\]$"),
        ((3, 2), (3, 5), (), r"^b has shape \(3, 5\), expected 4 along axis e, not 5$"),
        ((3, 2), (2, 4), (), r"^b has shape \(2, 4\), hence batch shape \(2,\), expected \(3,\) as in a$"),
        ((3, 2), (3, 4), (1,), r"^shift has shape \(1,\), expected 0 dimensions \[\]$"),
    ],
)
def test_span_and_fixed_axes(product, a, b, shift, message):
    with refused(ValueError, message):
        product(np.ones(a), np.ones(b), np.ones(shift))


@pytest.mark.parametrize(
    ("axis", "error", "message"),
    [
        (2, ValueError, "axis is 2, but z has 2 dimensions"),
        (-3, ValueError, "axis is -3, but z has 2 dimensions"),
        (1.0, TypeError, "axis is 1.0, expected an integer"),
        (True, TypeError, "axis is True, expected an integer"),
        ("k", TypeError, "axis is 'k', expected an integer"),
    ],
)
def test_axis(cross_entropy, axis, error, message):
    with refused(error, message):
        cross_entropy(np.ones((4, 3)), np.zeros(4, int), axis=axis)


def test_axis_needs_a_sample_axis(huber):
    with refused(ValueError, "huber takes no axis=: it has no sample axis"):
        huber(ONES, ONES, axis=0)


@pytest.mark.parametrize(
    ("delta", "error", "message"),
    [
        (0, ValueError, "^delta is 0, expected > 0$"),
        (-1.5, ValueError, "^delta is -1.5, expected > 0$"),
        (float("nan"), ValueError, "^delta is nan, expected a real number$"),
        (float("inf"), ValueError, "^delta is inf, expected > 0$"),
        (10**400, ValueError, "delta is too large for a float"),
        (True, TypeError, "delta is bool, expected a real number"),
        ("1", TypeError, "delta is str, expected a real number"),
        (None, TypeError, "delta is NoneType, expected a real number"),
        (1j, TypeError, "delta is complex, expected a real number"),
        ([1.0], TypeError, "delta is list, expected a real number"),
        (np.ones(1), TypeError, "delta is ndarray of float64, expected a real number"),
        (np.array(1j), TypeError, "delta is ndarray of complex128"),
        (np.bool_(True), TypeError, "expected a real number"),
    ],
)
def test_parameters_are_checked(huber, delta, error, message):
    with refused(error, message):
        huber(ONES, ONES, delta=delta)


def test_parameters_are_checked_as_rounded(huber, product):
    assert huber(ONES, ONES, delta=1e-300) == 0
    with refused(ValueError, r"^delta is 1e-300 \(0 in float32\), expected > 0$"):
        huber(ONES.astype(np.float32), ONES, delta=1e-300)
    with refused(ValueError, r"^delta is 1e\+300 \(inf in float32\), expected > 0$"):
        huber(ONES.astype(np.float32), ONES, delta=1e300)
    a, b = np.ones((2, 2), np.float32), np.ones((2, 4))
    with refused(ValueError, r"scale is 0.999999999999 \(1 in float32\), expected \(0, 1\)"):
        product(a, b, 0.0, scale=1 - 1e-12)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"detla": 2}, TypeError, "^huber has no argument 'detla'; did you mean 'delta'\\?$"),
        ({"redction": "sum"}, TypeError, "did you mean 'reduction'"),
        ({"zzz": 1}, TypeError, "^huber has no argument 'zzz'; its inputs and parameters are pred, target and delta$"),
        ({"v": ONES}, TypeError, "huber takes v= in another of its methods"),
        ({"pred": ONES}, TypeError, "huber got pred twice"),
        ({"reduction": "avg"}, ValueError, "^reduction is 'avg', expected 'none', 'mean' or 'sum'$"),
        ({"reduction": None}, TypeError, "reduction is NoneType"),
        ({"reduction": np.array(["mean"])}, TypeError, "reduction is ndarray"),
        ({"normalizer": 0}, ValueError, "^normalizer is 0, expected a positive finite number$"),
        ({"normalizer": float("inf")}, ValueError, "normalizer is inf"),
        ({"normalizer": "x"}, TypeError, "normalizer is str"),
        ({"normalizer": 2, "reduction": "none"}, ValueError, "normalizer is given, but reduction is 'none'"),
        ({"weight": np.ones(5)}, ValueError, r"^weight has shape \(5,\), expected \(4,\), the shape of the batch$"),
        ({"weight": 2.0}, ValueError, r"^weight has shape \(\), expected \(4,\)"),
        ({"weight": np.ones(4, complex)}, TypeError, "weight has dtype complex128"),
        ({"mask": np.ones(4)}, TypeError, "^mask has dtype float64, expected booleans"),
        ({"mask": np.ones(4, int)}, TypeError, "mask has dtype int64, expected booleans"),
        ({"mask": np.ones((4, 1), bool)}, ValueError, r"mask has shape \(4, 1\), expected \(4,\)"),
        ({"ignore_index": 0}, TypeError, "^huber takes no ignore_index: it has no target that is an index$"),
        ({"validate": 1}, TypeError, "validate is int, expected True or False"),
        ({"threads": 0}, ValueError, "^threads is 0, expected a positive integer$"),
        ({"threads": -2}, ValueError, "threads is -2"),
        ({"threads": 1.5}, TypeError, "threads is 1.5, expected a positive integer"),
        ({"threads": True}, TypeError, "threads is True, expected a positive integer"),
    ],
)
def test_options_are_checked(huber, options, error, message):
    with refused(error, message):
        huber(ONES, ONES, **options)


def test_inputs_are_counted(huber):
    with refused(TypeError, "^huber needs target, which is missing$"):
        huber(ONES)
    with refused(TypeError, "^huber needs pred and target, which are missing$"):
        huber()
    with refused(TypeError, r"^huber takes 2 inputs \(pred and target\), but 3 were given; parameters go by name$"):
        huber(ONES, ONES, 1.5)


@pytest.mark.parametrize(("index", "error"), [(1.0, TypeError), ("a", TypeError), (True, TypeError), ([1], TypeError)])
def test_ignore_index_is_an_integer(cross_entropy, index, error):
    with refused(error, "ignore_index is .*, expected an integer"):
        cross_entropy(np.ones((4, 3)), np.zeros(4, int), ignore_index=index)


@pytest.mark.parametrize(
    ("wrt", "error", "message"),
    [
        ("y", TypeError, "wrt names 'y', which holds labels"),
        ("zz", ValueError, "wrt names 'zz', expected z and class_weight"),
        ((), ValueError, "expected distinct names"),
        (("z", "z"), ValueError, "expected distinct names"),
        (3, TypeError, "wrt is 3, expected the name of an input"),
        (("z", 1), TypeError, "expected the name of an input"),
    ],
)
def test_wrt(cross_entropy, wrt, error, message):
    with refused(error, message):
        cross_entropy.value_and_grad(np.ones((4, 3)), np.zeros(4, int), wrt=wrt)


def test_wrt_that_is_not_emitted(huber):
    for name in ("target", "delta"):
        with refused(ValueError, f"wrt names '{name}', but huber has derivatives with respect to pred only"):
            huber.value_and_grad(ONES, ONES, wrt=name)


def test_several_terms_take_one_weight_each(gan):
    real, fake = np.ones(2), np.ones(3)
    with refused(TypeError, "^weight is ndarray of float64, expected a tuple of 2 arrays: real and fake$"):
        gan(real, fake, weight=real)
    with refused(ValueError, "weight has 3 entries, expected 2"):
        gan(real, fake, weight=(real, fake, fake))
    with refused(ValueError, "weight names the term 'fakes', expected real and fake; did you mean 'fake'"):
        gan(real, fake, weight={"fakes": fake})
    with refused(ValueError, r"^mask of fake has shape \(2,\), expected \(3,\)"):
        gan(real, fake, mask=(None, np.ones(2, bool)))


def test_directions_are_checked(huber, gan):
    with refused(TypeError, "required keyword-only argument: 'v'"):
        huber.hvp(ONES, ONES)
    with refused(ValueError, r"^v has shape \(3,\), expected \(4,\), the shape of pred$"):
        huber.hvp(ONES, ONES, v=np.ones(3))
    with refused(TypeError, "v has dtype complex128"):
        huber.hvp(ONES, ONES, v=ONES * 1j)
    with refused(TypeError, "v is ndarray of float64, expected a tuple of 2 arrays: d_real and d_fake"):
        gan.hvp(ONES, ONES, v=ONES)
    with refused(ValueError, r"v for d_fake has shape \(3,\)"):
        gan.hvp(ONES, ONES, v=(ONES, np.ones(3)))


def test_elements_are_named_with_index_and_value(huber, cross_entropy, product):
    target = np.zeros((3, 4))
    target[2, 1] = 100
    with refused(ValueError, r"^target\[2, 1\] is 100\.0, expected a number in \[-100, 100\)$"):
        huber(np.zeros((3, 4)), target)
    assert huber(np.zeros((3, 4)), target, validate=False) > 0
    with refused(ValueError, r"^target is 200\.0, expected a number in \[-100, 100\)$"):
        huber(0.0, 200.0)
    with refused(ValueError, r"^target\[0\] is 200\.0 in float32, expected"):
        huber(np.zeros(1, np.float32), np.array([200.0]))
    z = np.zeros((2, 2, 5))
    with refused(ValueError, r"^y\[1, 0\] is 5, expected an index of axis k \(0 to 4\)$"):
        cross_entropy(z, np.array([[0, 1], [5, 0]]), validate=False)
    with refused(ValueError, r"^class_weight is -1\.0, expected a number >= 0$"):
        cross_entropy(z, np.zeros((2, 2), int), -1.0)
    with refused(ValueError, r"^class_weight\[3\] is -2\.0, expected a number >= 0$"):
        cross_entropy(z, np.zeros((2, 2), int), [1, 1, 1, -2, 1])
    a = np.zeros((3, 2))
    a[1] = -2000
    with refused(ValueError, r"^product needs a < b, which does not hold for sample \[1\]$"):
        product(a, np.ones((3, 4)), 0.0)
    with refused(ValueError, r"^product needs scale < shifts, which does not hold$"):
        product(np.ones((3, 2)), np.ones((3, 4)), 2000.0)


def test_a_row_that_does_not_sum_to_one():
    from types import SimpleNamespace

    from symloss.runtime.loss import Loss

    real = {"kind": "simplex", "lower": None, "upper": None, "lower_closed": False, "upper_closed": False}
    axes = {
        name: {"kind": kind, "like": None, "size": None, "span": False}
        for name, kind in (("n", "batch"), ("k", "class"))
    }
    entry = {"axes": ["n", "k"], "role": "prediction", "optional": None, "doc": ""}
    entry |= {"name": "p", "domain": real | {"values": [], "axis": "k"}}
    meta = {"name": "toy", "title": "", "formula": "", "axes": axes, "inputs": [entry], "parameters": []}
    meta |= {"terms": {"value": "n"}, "gradients": ["p"], "predictions": ["p"], "entries": ["value"], "refused": {}}
    meta |= {"checks": [{"argument": "p"}], "ignore_index": False, "coupled": False}
    for position, bad, message in (
        (6, 0.25, r"^p\[0, 2, :\] sums to 0\.75, expected 1$"),
        (7, -0.5, r"^p\[0, 2, 1\] is -0\.5, expected a number >= 0$"),
    ):
        p = np.full((2, 3, 3), 0.25)
        p.reshape(-1)[position] = bad
        found = (), (0, position)
        loss = Loss(SimpleNamespace(META=meta, DRIVERS={"value": lambda *given, found=found: found}), "toy")
        with refused(ValueError, message):
            loss(p)


def test_a_statistic_of_the_batch_takes_no_reduction():
    from types import SimpleNamespace

    from symloss import SymlossError
    from symloss.runtime.loss import Loss

    real = {"kind": "interval", "lower": None, "upper": None, "lower_closed": False, "upper_closed": False}
    entry = {"name": "x", "axes": ["n"], "role": "prediction", "optional": None, "doc": ""}
    meta = {"name": "variance", "title": "", "formula": "", "parameters": [], "refused": {}, "checks": []}
    meta |= {"axes": {"n": {"kind": "batch", "like": None, "size": None, "span": False}}, "coupled": True}
    meta |= {"inputs": [entry | {"domain": real | {"values": [], "axis": None}}], "terms": {"value": None}}
    meta |= {"gradients": ["x"], "predictions": ["x"], "entries": [], "ignore_index": False}

    def driver(run, inputs, *rest):
        return (float(np.var(inputs[0])),), None

    loss = Loss(SimpleNamespace(META=meta, DRIVERS={"value": driver, "hvp": driver}), "variance")
    assert loss([1.0, 3.0]) == 1.0
    assert loss([1.0, 3.0], reduction="mean") == 1.0
    for options in ({"reduction": "sum"}, {"reduction": "none"}, {"normalizer": 2.0}):
        with refused(ValueError, "one number for the whole batch"):
            loss([1.0, 3.0], **options)
    for options in ({"weight": [1.0, 1.0]}, {"mask": [True, False]}):
        with refused(ValueError, "one number for the whole batch: it has no samples to"):
            loss([1.0, 3.0], **options)
    with refused(SymlossError, "samples interact"):
        loss.hessian([1.0, 3.0])
