"""Every function of the language is printed, compiled and right in both dtypes; no constant widens float32."""

import math
import subprocess
import sys

import numba
import numpy as np
import pytest
import sympy

from symloss import atoms
from symloss.atoms.elementary import compose
from symloss.emit.numba_cpu.expressions import ExpressionPrinter
from symloss.lowering.functions import Difference, Element, Variable
from symloss.program import exact_arithmetic

X, Y = Variable("x"), Variable("y")
K = Variable("k", integer=True)


def evaluated(expression, dtype, **values):
    """The value of the printed text, compiled by Numba."""
    printer = ExpressionPrinter(dtype)
    text = printer.real(expression)
    source = compose(printer.functions, dtype, "@numba.njit(error_model='numpy')") if printer.functions else ""
    source += f"\n\n@numba.njit(error_model='numpy')\ndef f({', '.join(values)}):\n    return {text}\n"
    namespace = {"numba": numba, "np": np, "math": math, "f32": np.float32}
    exec(compile(source, "<printed>", "exec"), namespace)
    result = namespace["f"](*values.values())
    assert namespace["f"].nopython_signatures[0].return_type == numba.from_dtype(np.dtype(dtype))
    return float(result)


REAL = {"float64": np.float64, "float32": np.float32}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (X**2 / (2 * Y), 0.5 * 0.75**2 / 0.25),
        (X / 3 - Y / 10, 0.75 / 3 - 0.025),
        (sympy.sqrt(X) * sympy.sqrt(2 * sympy.pi), math.sqrt(0.75) * math.sqrt(2 * math.pi)),
        (1 / (X * Y**2), 1 / (0.75 * 0.0625)),
        (X**Y, 0.75**0.25),
        (X**7, 0.75**7),
        (-X, -0.75),
        (X - (Y - 1), 1.5),
        (atoms.Where(atoms.Less(X, Y), X, 2 * Y), 0.5),
        (X * atoms.And(atoms.Less(Y, X), atoms.Not(atoms.Equal(X, 1))), 0.75),
        (X + K, 3.75),
        (atoms.Equal(K, 3) * Y, 0.25),
        (sympy.exp(-X) + sympy.log(Y), math.exp(-0.75) + math.log(0.25)),
        (sympy.Rational(1, 3) + X, 0.75 + 1 / 3),
    ],
    ids=str,
)
def test_printed_arithmetic(expression, expected, dtype):
    real = REAL[dtype]
    with exact_arithmetic():
        value = evaluated(expression, dtype, x=real(0.75), y=real(0.25), k=3)
    assert value == pytest.approx(expected, rel=4 * float(np.finfo(dtype).eps))


def test_a_difference_is_formed_before_anything_is_added_to_it():
    with exact_arithmetic():
        expression = sympy.Add(Variable("a"), Difference(Y, X), evaluate=False)
    assert evaluated(expression, "float64", a=0.1, x=1e175, y=1e175) == 0.1


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "name", sorted(name for name, record in atoms.RECORDS.items() if record.name not in {"and", "or", "not"})
)
def test_every_atom_prints_and_compiles(name, dtype):
    record = atoms.RECORDS[name]
    function = atoms.constructor_of(record)
    arguments = [Variable(f"a{i}") for i in range(len(record.arguments))]
    with exact_arithmetic():
        expression = function(*arguments)
    values = {v.name: REAL[dtype](0.25 + 0.25 * i) for i, v in enumerate(arguments)}
    result = evaluated(expression, dtype, **values)
    exact = record.exact(*(float(v) for v in values.values()))
    assert result == pytest.approx(float(exact), rel=16 * float(np.finfo(dtype).eps))


def test_quotients_come_before_products():
    # 1e-200 squared vanishes, and so would the loss, although the quotient is representable.
    value = evaluated(X**2 / Y, "float64", x=1e-200, y=1e-200)
    assert value == pytest.approx(1e-200, rel=1e-15)


def test_array_elements_are_subscripts():
    assert ExpressionPrinter("float32").real(2 * Element("z_row", (K,))) == "f32(2.0) * z_row[k]"


def test_text_does_not_depend_on_the_hash_seed():
    script = (
        "from symloss.emit.numba_cpu.expressions import ExpressionPrinter\n"
        "from symloss.lowering.functions import Variable\n"
        "a, b, c = map(Variable, 'abc')\n"
        "print(ExpressionPrinter('float64').real((a - b) * c / (a * b + c) ** 2 + a * b * c))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(texts) == 1
