"""What the results of one loss must have to do with each other, whatever the formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symloss.errors import SymlossError
from tests.kernels.harness import CATALOGUE, DTYPES, Kernels, Options, kernels

EPS = {dtype: float(np.finfo(dtype).eps) for dtype in DTYPES}
LABELS = {
    name: [n for n, t in kernels(name).program.tensors.items() if t.role == "target" and t.domain.kind == "index"]
    for name in CATALOGUE
}
WITH_LABELS = [name for name, labels in LABELS.items() if labels]
UNCOUPLED = [name for name in CATALOGUE if not kernels(name).coupled]


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def close(found: Any, expected: Any, magnitude: Any, dtype: str, factor: float = 16) -> bool:
    """Whether two numbers agree to a few roundings of what was added up."""
    return bool(np.all(np.abs(np.asarray(found) - expected) <= factor * EPS[dtype] * np.asarray(magnitude)))


@pytest.mark.parametrize("name", CATALOGUE)
def test_products_are_symmetric(name: str) -> None:
    """u·(H v) = v·(H u)."""
    k = kernels(name)
    outcome = k.call(k.distinct, "float64", Options("sum"))
    generator = np.random.default_rng(5)
    first = listed(outcome.vectors)
    second = [generator.integers(-8, 9, array.shape) / 4 for array in first]
    forth = list(outcome.run("hvp").values())
    back = list(outcome.run("hvp", v=tuple(second) if len(second) > 1 else second[0]).values())
    left = sum(float(np.sum(u * p)) for u, p in zip(second, forth, strict=True))
    right = sum(float(np.sum(u * p)) for u, p in zip(first, back, strict=True))
    size = sum(float(np.sum(np.abs(u * p))) for u, p in zip(second, forth, strict=True))
    size += sum(float(np.sum(np.abs(u * p))) for u, p in zip(first, back, strict=True))
    assert close(left, right, size, "float64", 64)


@pytest.mark.parametrize("name", UNCOUPLED)
def test_blocks_products_and_diagonal_agree(name: str) -> None:
    k = kernels(name)
    outcome = k.call(k.distinct, "float64", Options("sum", weighted=True, masked=True))
    keywords = dict(outcome.keywords)
    several = len(k.predictions) > 1
    batches = {t.axes[0] for t in map(k.program.tensors.get, k.predictions)}
    vectors = listed(outcome.vectors)
    products = list(outcome.run("hvp").values())
    if several and len(batches) == 1:
        blocks = k.loss.hessian(*outcome.arrays, cross=True, **keywords)
    else:
        own = k.loss.hessian(*outcome.arrays, **keywords)
        blocks = tuple(tuple(b if i == j else None for j in range(len(listed(own)))) for i, b in enumerate(listed(own)))

    def square(block: Any, row: int, column: int) -> np.ndarray:
        shape = len(vectors[row]), vectors[row][0].size, vectors[column][0].size
        return np.asarray(block).reshape(shape)

    for row, product in enumerate(products):
        total = np.zeros((len(product), product[0].size))
        size = np.zeros_like(total)
        for column, vector in enumerate(vectors):
            if blocks[row][column] is None:
                continue
            block = square(blocks[row][column], row, column)
            flat = vector.reshape(len(vector), -1)
            total += np.einsum("nij,nj->ni", block, flat)
            size += np.einsum("nij,nj->ni", np.abs(block), np.abs(flat))
            mirrored = blocks[column][row]
            if mirrored is not None:
                other = np.swapaxes(square(mirrored, column, row), 1, 2)
                scale = np.abs(block).max(axis=(1, 2), keepdims=True, initial=0)
                assert close(block, other, scale, "float64", 64)
        assert close(total, product.reshape(total.shape), size + np.abs(product.reshape(total.shape)), "float64", 64)
    if "grad_hess_diag" in k.entries:
        for number, name_ in enumerate(k.predictions):
            diagonal = outcome.run("grad_hess_diag")[f"diag {name_}"].reshape(len(vectors[number]), -1)
            block = square(blocks[number][number], number, number)
            scale = np.abs(block).max(axis=2, initial=0)
            assert close(np.einsum("nii->ni", block), diagonal, scale, "float64", 64)


@pytest.mark.parametrize("name", [name for name in CATALOGUE if kernels(name).coupled])
def test_coupled_losses_have_no_blocks(name: str) -> None:
    k = kernels(name)
    outcome = k.call(k.distinct, "float64", Options("sum"))
    with pytest.raises(SymlossError, match="hvp"):
        k.loss.hessian(*outcome.arrays)


@pytest.mark.parametrize("name", UNCOUPLED)
def test_reductions(name: str) -> None:
    """The sum is the sum of none; the mean is the sum over the total weight; a normalizer divides."""
    k = kernels(name)
    for dtype in DTYPES:
        none, total, mean, divided = (
            k.call(7, dtype, Options(reduction, True, True, normalizer))
            for reduction, normalizer in (("none", None), ("sum", None), ("mean", None), ("mean", 4.0))
        )
        parts = listed(none.run("value")["value"])
        size = sum(float(np.sum(np.abs(part), dtype=np.float64)) for part in parts)
        assert close(total.run("value")["value"], sum(float(np.sum(p, dtype=np.float64)) for p in parts), size, dtype)
        assert divided.run("value")["value"] == total.run("value")["value"] / 4
        for key, gradient in total.run("value_and_grad").items():
            if key != "value":
                np.testing.assert_array_equal(none.run("value_and_grad")[key], gradient)
                np.testing.assert_array_equal(divided.run("value_and_grad")[key], gradient / 4)
        weights = [w * kept for w, kept in zip(*map(listed, map(mean.keywords.get, ("weight", "mask"))), strict=True)]
        own = [np.asarray([float(o) for o in k.own_weights[t]])[np.arange(7) % k.distinct] for t in k.meta["terms"]]
        expected = sum(
            float(np.sum(p, dtype=np.float64)) / float(np.sum(w * o))
            for p, w, o in zip(parts, weights, own, strict=True)
        )
        size = sum(
            float(np.sum(np.abs(p), dtype=np.float64)) / abs(float(np.sum(w * o)))
            for p, w, o in zip(parts, weights, own, strict=True)
        )
        assert close(mean.run("value")["value"], expected, size, dtype)


@pytest.mark.parametrize("name", UNCOUPLED)
def test_a_masked_sample_is_not_there(name: str) -> None:
    """Whatever a masked row holds, labels outside their axis and NaN included, the others get what they get without."""
    k = kernels(name)
    outcome = k.call(9, "float64", Options("sum", masked=True))
    masks = dict(zip(map(k.axis_of, k.meta["terms"]), listed(outcome.keywords["mask"]), strict=True))

    def rows(number: int) -> Any:
        axes = k.program.tensors[k.inputs[number]].axes
        return masks.get(k.program.root(axes[0])) if axes else None

    spoilt, sliced = [], []
    for number, array in enumerate(outcome.arrays):
        mask = rows(number)
        damaged = array.copy()
        if mask is not None:
            damaged[~mask] = np.nan if array.dtype.kind == "f" else -100 if array.dtype.kind == "i" else False
        spoilt.append(damaged)
        sliced.append(array if mask is None else array[mask])
    parameters = k.parameters
    vectors = [
        v[masks[k.program.root(k.program.tensors[p].axes[0])]]
        for p, v in zip(k.predictions, listed(outcome.vectors), strict=True)
    ]
    plain = k.call(9, "float64", Options("sum"))
    options = {"mask": outcome.keywords["mask"]}
    for entry in k.entries:
        found = plain.run(entry, spoilt, **options)
        more = {"v": vectors[0] if len(vectors) == 1 else tuple(vectors)} if entry == "hvp" else {}
        expected = plain.run(entry, sliced, **more)
        for key, value in found.items():
            if key == "value":
                size = sum(float(np.sum(np.abs(p))) for p in listed(k.loss(*sliced, reduction="none", **parameters)))
                assert close(value, expected[key], size, "float64")
                continue
            axes = k.program.tensors[key.split(" ", 1)[1]].axes
            mask = masks[k.program.root(axes[0])]
            np.testing.assert_array_equal(value[mask], expected[key])
            assert not value[~mask].any()


@pytest.mark.parametrize("name", UNCOUPLED)
def test_a_weight_is_a_repetition(name: str) -> None:
    k = kernels(name)
    outcome = k.call(k.distinct, "float64", Options("mean"))
    repeats = [1 + np.arange(len(listed(w)[0]) if isinstance(w, tuple) else k.distinct) % 3 for w in k.meta["terms"]]
    weight = tuple(r.astype(float) for r in repeats)
    by_axis = dict(zip(map(k.axis_of, k.meta["terms"]), repeats, strict=True))
    arrays = []
    for name_, array in zip(k.inputs, outcome.arrays, strict=True):
        axes = k.program.tensors[name_].axes
        count = by_axis.get(k.program.root(axes[0])) if axes else None
        arrays.append(array if count is None else np.repeat(array, count, axis=0))
    weighted = outcome.run("value", weight=weight if len(weight) > 1 else weight[0])["value"]
    size = sum(float(np.mean(np.abs(p))) * 3 for p in listed(k.loss(*arrays, reduction="none", **k.parameters)))
    assert close(weighted, outcome.run("value", arrays)["value"], size, "float64")


def paired_mask(k: Kernels) -> np.ndarray:
    mask = np.ones(8, bool)
    mask[[2, 6]] = False
    return mask


@pytest.mark.parametrize("name", [name for name in CATALOGUE if kernels(name).coupled])
def test_masks_of_coupled_losses_remove_candidates(name: str) -> None:
    """The gradients of the kept samples are those of the batch without the others; the others' are 0."""
    k = Kernels(CATALOGUE[name], distinct=8)
    outcome = k.call(8, "float64", Options("mean"))
    mask = paired_mask(k)
    sliced = [
        a[mask] if k.is_batch(k.program.tensors[n].axes[0]) else a
        for n, a in zip(k.inputs, outcome.arrays, strict=True)
    ]
    weight = 1 + np.arange(8) / 8
    vectors = [v[mask] for v in listed(outcome.vectors)]
    for entry in k.entries:
        found = outcome.run(entry, mask=mask, weight=weight)
        more = {"v": vectors[0] if len(vectors) == 1 else tuple(vectors)} if entry == "hvp" else {}
        expected = outcome.run(entry, sliced, weight=weight[mask], **more)
        for key, value in found.items():
            if key == "value":
                assert value == expected[key]
            else:
                np.testing.assert_array_equal(value[mask], expected[key])
                assert not value[~mask].any()


@pytest.mark.parametrize("name", WITH_LABELS)
def test_ignored_labels(name: str) -> None:
    k = kernels(name)
    label = LABELS[name][0]
    place = k.inputs.index(label)
    outcome = k.call(11, "float64", Options("mean", weighted=True))
    arrays = outcome.arrays
    mask = np.arange(11) % 4 != 1
    arrays[place] = np.where(mask, arrays[place], -100)
    for entry in k.entries:
        found = outcome.run(entry, arrays, ignore_index=-100)
        expected = outcome.run(entry, arrays, mask=mask)
        for key, value in found.items():
            np.testing.assert_array_equal(value, expected[key])
    with pytest.raises(ValueError, match=label):
        outcome.run("value", arrays)
