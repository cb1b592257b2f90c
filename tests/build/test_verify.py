from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from symloss.build.compiler import Compiled, compile_spec
from symloss.build.samples import draw, sizes_for
from symloss.build.sources import catalogue
from symloss.build.verification import verify

Write = Callable[..., Path]


@pytest.fixture
def compiled(write_spec: Write) -> Compiled:
    return compile_spec(write_spec(value="log(1 + (pred[n] - target[n])**2)"))


def verified(compiled: Compiled, text: str, folder: Path, derivation: object = None) -> object:
    module = folder / f"{compiled.spec.name}.py"
    module.write_text(text, encoding="utf-8")
    return verify(derivation or compiled.derivation, module)


def test_a_right_kernel_passes_and_is_measured(compiled: Compiled, tmp_path: Path) -> None:
    report = verified(compiled, compiled.text, tmp_path)
    assert report.failure == ""
    assert report.oracle == 4
    assert report.points > 64 * 6
    assert set(report.ulps) == {
        f"{entry} {dtype}"
        for entry in ("value", "value_and_grad", "grad_hess_diag", "hvp")
        for dtype in ("float64", "float32")
    }
    assert 0 < report.largest_ulps < 8


def test_a_wrong_derivative_is_found(compiled: Compiled, tmp_path: Path) -> None:
    gradient = compiled.derivation.gradient
    target = gradient.outputs["grad pred"]
    wrong = tuple(
        replace(statement, body=-statement.body) if statement.target == target else statement
        for statement in gradient.statements
    )
    derivation = replace(compiled.derivation, gradient=gradient.replacing(statements=wrong))
    report = verified(compiled, compiled.text, tmp_path, derivation)
    assert "SymPy's own derivative" in report.failure


def test_a_kernel_of_another_formula_is_found(compiled: Compiled, write_spec: Write, tmp_path: Path) -> None:
    other = compile_spec(write_spec(value="log(1 + (pred[n] - target[n])**2)*(1 + 1/100000)"))
    report = verified(compiled, other.text, tmp_path)
    assert "off by" in report.failure


@pytest.mark.parametrize("name", list(catalogue()))
def test_samples_are_admitted(name: str) -> None:
    from symloss.cli.arguments import read

    program = read(name).program
    sizes = sizes_for(program, batch=6, other=3)
    values = draw(program, sizes, seed=1)
    assert values == draw(program, sizes, seed=1)
    for tensor in program.tensors.values():
        if tensor.role == "parameter":
            continue
        for index, value in values[tensor.name].items():
            domain = tensor.domain
            if domain.kind == "interval":
                assert domain.lower <= value <= domain.upper
                assert value != domain.lower or domain.lower_closed
                assert value != domain.upper or domain.upper_closed
            if domain.kind == "set":
                assert value in [float(admitted) for admitted in domain.values]
            if domain.kind == "index":
                assert 0 <= value < sizes[domain.axis]
            if domain.kind == "simplex":
                along = [v for other, v in values[tensor.name].items() if other[:-1] == index[:-1]]
                assert sum(along) == pytest.approx(1, abs=1e-15)
                assert min(along) >= 0
