"""The specifications against third-party values: the textbook program in the interpreter, and the generated kernels."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from symloss.language import SpecLibrary
from symloss.oracle import Interpreter, evaluate_adaptively

ROOT = Path(__file__).parents[2]
LIBRARY = SpecLibrary([ROOT / "specs"])


def _cases() -> Iterator[Any]:
    for file in sorted((ROOT / "tests" / "fixtures").glob("*.json")):
        record = json.loads(file.read_text(encoding="utf-8"))
        for number, case in enumerate(record["cases"]):
            yield pytest.param(record["loss"], case, id=f"{record['loss']}-{number}")


CASES = list(_cases())


def assert_close(found: Any, expected: Any, tolerance: float, what: str) -> None:
    """Entry by entry, relative to the entry; where the peer has exactly 0, so must we."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    assert found.shape == expected.shape, what
    wrong = ~(np.abs(found - expected) <= tolerance * np.abs(expected))
    assert not wrong.any(), f"{what}: found {found[wrong]}, the peer has {expected[wrong]}"


def per_sample(values: Mapping[tuple[int, ...], Any], count: int) -> np.ndarray:
    return np.array([float(values[(position,)]) for position in range(count)])


@pytest.mark.parametrize(("name", "case"), CASES)
def test_textbook_program(name: str, case: Mapping[str, Any]) -> None:
    if case["reduction"] != "none":
        pytest.skip("class weights act in the reduction, which the generated kernels do")
    program = LIBRARY.load(name).program
    found = evaluate_adaptively(program, {}, case["inputs"], case["parameters"])
    expected = case["value"] if isinstance(case["value"], dict) else {"value": case["value"]}
    assert set(found) == set(expected)
    for term, values in expected.items():
        assert_close(per_sample(found[term], len(values)), values, case["tolerance"], f"{name} {term}")


@pytest.mark.parametrize(("name", "case"), CASES)
def test_textbook_slopes(name: str, case: Mapping[str, Any]) -> None:
    """Central differences of the textbook program at 300 bits are the peer's gradient; no calculus takes part."""
    if case["reduction"] != "none":
        pytest.skip("class weights act in the reduction, which the generated kernels do")
    interpreter = Interpreter(LIBRARY.load(name).program)

    def total(inputs: Mapping[str, Any]) -> Any:
        found = interpreter.evaluate({}, inputs, case["parameters"], precision=300)
        with mp.workprec(300):
            return mp.fsum(number for values in found.values() for number in values.values())

    with mp.workprec(300):
        step = mpf(2) ** -90
        for key, expected in case["gradients"].items():
            array = np.array(case["inputs"][key], dtype=object)
            slopes = np.empty(array.shape)
            for position in np.ndindex(array.shape):
                sides = []
                for sign in (1, -1):
                    moved = array.copy()
                    moved[position] = mpf(array[position]) + sign * step
                    sides.append(total({**case["inputs"], key: moved.tolist()}))
                slopes[position] = float((sides[0] - sides[1]) / (2 * step))
            assert_gradient(slopes, expected, case["tolerance"], f"{name} gradient of {key}")


def _arrays(name: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    tensors = LIBRARY.load(name).program.tensors
    kinds = {"index": np.int64, "boolean": np.bool_}
    return {key: np.array(data, dtype=kinds.get(tensors[key].domain.kind, float)) for key, data in inputs.items()}


@pytest.mark.parametrize(("name", "case"), CASES)
def test_generated_kernels(name: str, case: Mapping[str, Any]) -> None:
    import symloss

    loss = symloss.load(name)
    arrays = _arrays(name, case["inputs"])
    reduction = "mean" if case["reduction"] == "mean" else "sum"
    gradients = case["gradients"]
    value, found = loss.value_and_grad(
        *arrays.values(), **case["parameters"], reduction=reduction, wrt=tuple(gradients)
    )
    expected = case["value"]
    if isinstance(expected, dict):
        expected = [number for term in expected.values() for number in term]
    # Signed sums may cancel; the sum of magnitudes is what rounding is relative to.
    scale = np.sum(np.abs(expected))
    assert abs(value - np.sum(expected)) <= case["tolerance"] * scale
    found = found if isinstance(found, tuple) else (found,)
    for (key, gradient), array in zip(gradients.items(), found, strict=True):
        assert_gradient(array, gradient, case["tolerance"], f"{name} gradient of {key}")


def assert_gradient(found: Any, expected: Any, tolerance: float, what: str) -> None:
    """Relative to the entry, or to a thousandth of the sample's largest entry where the peer's own sum cancels."""
    found, expected = np.asarray(found), np.asarray(expected, dtype=float)
    assert found.shape == expected.shape, what
    axes = tuple(range(1, expected.ndim))
    largest = np.max(np.abs(expected), axis=axes, keepdims=True, initial=0.0) if axes else np.abs(expected)
    scale = np.maximum(np.abs(expected), largest / 1000)
    wrong = ~(np.abs(found - expected) <= 10 * tolerance * scale)
    assert not wrong.any(), f"{what}: found {found[wrong]}, the peer has {expected[wrong]}"
