"""What kernels say beside what they compute: lines to fetch for a later block, and how wide vectors may be."""

import re

import numba
import numpy as np
import pytest

from tests.emit.built_in import built_in
from tests.kernels.harness import CATALOGUE, kernels, text_of
from tests.kernels.machine_code import compiled


@pytest.fixture(scope="module")
def fetch():
    return built_in("_fetch")


def test_it_is_one_instruction_that_changes_nothing_and_may_be_beyond_the_array(fetch):
    @numba.njit
    def first(x, entry):
        fetch(x, entry)
        return x[0, 0]

    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    for entry in (0, 5, 6, -1, 2**40, -(2**40)):
        assert first(x, entry) == 0
    assert x.tobytes() == np.arange(6.0, dtype=np.float32).tobytes()
    code = first.inspect_llvm(first.signatures[0])
    assert len(re.findall(r"call void @llvm\.prefetch", code)) >= 1
    assert fetch(x, 2**40) is None


def written(text, kernel):
    """The arrays that a kernel writes a number per sample of, and those that it fetches, with the places."""
    body = text.split(f"def {kernel}(")[1].split("\n\n\n")[0]
    places = re.findall(r"for line in range\((.*), (.*), (\d+)\):\n((?: +_fetch\(\w+, line\)\n)+)", body)
    return {name: place[:3] for place in places for name in re.findall(r"_fetch\((\w+),", place[3])}


def test_what_is_fetched():
    huber, iou = (text_of(CATALOGUE[name]) for name in ("huber", "iou"))
    near = ("start + 512", "start + 768")
    assert written(huber, "value_and_grad_f32") == {"grad_pred": (*near, "16")}
    assert written(huber, "grad_hess_diag_f64") == dict.fromkeys(("grad_pred", "diag_pred"), (*near, "8"))
    assert written(huber, "value_f32") == {}
    assert written(iou, "value_and_grad_f32") == {"grad_pred": ("(start + 512) * 4", "(start + 768) * 4", "16")}


def test_rows_are_not_fetched_so():
    assert "_fetch" not in text_of(CATALOGUE["softmax_cross_entropy"])


def code_of_huber():
    """What LLVM makes of a kernel."""
    module = kernels("huber").module
    module.value_and_grad(np.zeros(8, np.float32), np.zeros(8, np.float32))
    return compiled(module, module.value_and_grad_f32)[0]


def test_a_kernel_has_the_instruction():
    assert "llvm.prefetch" in code_of_huber()


def test_every_kernel_prefers_wide_vectors():
    for name in ("huber", "softmax_cross_entropy", "info_nce", "iou"):
        text = text_of(CATALOGUE[name])
        kernels_there = re.findall(r"^@_jit\ndef \w+\((?:.|\n)*?\):\n(.*)", text, re.MULTILINE)
        printed = [line for line in kernels_there if '"""' not in line]  # not a product of the templates
        assert len(printed) >= 8
        assert set(printed) == {"    _prefer_wide_vectors()"}


def test_to_prefer_them_is_an_attribute_of_the_function():
    code = code_of_huber()
    preferring = {number for number, text in re.findall(r"attributes (#\d+) = \{(.*)\}", code) if '"512"' in text}
    functions = re.findall(r"^define [^\n]*(#\d+)[^\n]*\{\n(.*?)^\}", code, re.MULTILINE | re.DOTALL)
    fetching = [number for number, body in functions if "@llvm.prefetch" in body]
    assert fetching
    assert {*fetching} <= preferring
    assert kernels("huber").module._prefer_wide_vectors() is None
