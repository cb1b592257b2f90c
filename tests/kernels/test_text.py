"""The text of generated files: reproducible, clean, and self-contained."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symloss
from tests.kernels.harness import CATALOGUE, CORE, ROOT, USER_SPECS, Kernels, Options, kernels, text_of

ALLOWED = {"numpy", "numba", "math", "functools"}

EMIT = """
import sys
from hashlib import sha256
from pathlib import Path
from symloss.calculus import derive
from symloss.emit import emit_loss
from symloss.language import SpecLibrary, read_spec
library = SpecLibrary([Path("specs")])
for name in sys.argv[1:]:
    spec = read_spec(next(Path("specs").glob(f"*/{name}.yaml")), library)
    text = emit_loss(spec, derive(spec.program, spec.differentiate))
    print(name, sha256(text.encode()).hexdigest())
"""


@pytest.mark.slow
def test_text_does_not_depend_on_hashes() -> None:
    names = ["giou", "listnet", "nt_xent", "vae_bernoulli", "gan_discriminator"]

    def run(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", EMIT, *names]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    first, second = run("1"), run("4242")
    assert first.count("\n") == len(names)
    assert first == second


@pytest.mark.slow
def test_text_passes_the_linter(tmp_path: Path) -> None:
    """That of further losses; `make lint` looks at what is in generated/."""
    folder = tmp_path / "generated"
    folder.mkdir()
    for name, path in USER_SPECS.items():
        (folder / f"{name}.py").write_text(text_of(path), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "."]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("back_end", ["cpu", "cuda"])
def test_indices_are_compared_as_integers(back_end: str) -> None:
    """As a float32 an index from 2**24 on would equal its neighbour."""
    for path in (ROOT / "generated" / back_end).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for side in (node.left, *node.comparators) if isinstance(node, ast.Compare) else ():
                cast = isinstance(side, ast.Call) and ast.unparse(side.func) in ("float", "f32", "f64", "np.float32")
                computed = cast and isinstance(side.args[0], ast.Name | ast.BinOp | ast.IfExp)
                assert not computed, f"{path.name}: {ast.unparse(node)}"


@pytest.mark.parametrize("name", CATALOGUE)
def test_imports(name: str) -> None:
    """NumPy, Numba and the standard library's mathematics; nothing else, and no function named twice."""
    tree = ast.parse(text_of(CATALOGUE[name]))
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported <= ALLOWED
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(defined) == len(set(defined))
    assert {"value", "value_and_grad", "hvp", "hessian"} <= set(defined)


ALONE = """
import json, sys
import numpy as np
assert not any(name.startswith("symloss") for name in sys.modules)
sys.modules["symloss"] = None  # importing it fails from here on, whether or not it is installed
import importlib.util
spec = importlib.util.spec_from_file_location("copied", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["copied"] = module
spec.loader.exec_module(module)
data = np.load(sys.argv[2])
inputs = [data[f"input{i}"] for i in range(int(data["inputs"]))]
v = [data[f"v{i}"] for i in range(int(data["directions"]))]
v = v[0] if len(v) == 1 else tuple(v)
weight = [data[f"weight{i}"] for i in range(int(data["weights"]))]
options = {"weight": weight[0] if len(weight) == 1 else tuple(weight)} if weight else {}
options["reduction"] = "sum"
found = {}
def keep(name, result):
    for number, one in enumerate(result if isinstance(result, tuple) else (result,)):
        found[f"{name}{number}"] = np.asarray(one)
parameters = json.loads(sys.argv[4])
keep("value", module.value(*inputs, **parameters, **options))
value, gradients = module.value_and_grad(*inputs, **parameters, **options)
keep("also", value)
keep("grad", gradients)
direction = "directions" if "v" in {item["name"] for item in module.META["inputs"]} else "v"
keep("hvp", module.hvp(*inputs, **parameters, **{direction: v}, **options))
if hasattr(module, "grad_hess_diag"):
    both = module.grad_hess_diag(*inputs, **parameters, **options)
    keep("diag", both)
if not module.META["coupled"]:
    keep("hessian", module.hessian(*inputs, **parameters, **options))
np.savez(sys.argv[3], **found)
"""


def run_alone(k: Kernels, folder: Path, dtype: str) -> tuple[dict[str, np.ndarray], Any]:
    """What a copy of the file computes in a process that cannot import symloss."""
    copy = folder / f"copy_of_{k.path.stem}.py"
    copy.write_text(k.file.read_text(encoding="utf-8"), encoding="utf-8")
    outcome = k.call(k.distinct if k.coupled else 7, dtype, Options("sum", weighted=True))
    listed = [
        value if isinstance(value, tuple) else (value,) for value in (outcome.vectors, outcome.keywords["weight"])
    ]
    data = {f"input{i}": array for i, array in enumerate(outcome.arrays)}
    data |= {f"v{i}": array for i, array in enumerate(listed[0])}
    data |= {f"weight{i}": array for i, array in enumerate(listed[1])}
    counts = {"inputs": len(outcome.arrays), "directions": len(listed[0]), "weights": len(listed[1])}
    np.savez(folder / "in.npz", **data, **counts)
    script = folder / "script.py"
    script.write_text(ALONE, encoding="utf-8")
    command = [sys.executable, "-I", str(script), str(copy), str(folder / "in.npz"), str(folder / "out.npz")]
    done = subprocess.run([*command, json.dumps(k.parameters)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "out.npz") as found:
        return dict(found), outcome


def check_alone(name: str, dtype: str, folder: Path) -> None:
    k = kernels(name)
    found, outcome = run_alone(k, folder, dtype)
    expected: dict[str, Any] = {"value0": outcome.run("value")["value"]}
    expected["also0"] = expected["value0"]
    gradient, product = outcome.run("value_and_grad"), outcome.run("hvp")
    expected |= {f"grad{i}": gradient[f"grad {n}"] for i, n in enumerate(k.meta["gradients"])}
    expected |= {f"hvp{i}": array for i, array in enumerate(product.values())}
    if "grad_hess_diag" in k.entries:
        expected |= {f"diag{i}": array for i, array in enumerate(outcome.run("grad_hess_diag").values())}
    if not k.coupled:
        blocks = k.loss.hessian(*outcome.arrays, **outcome.keywords)
        expected |= {f"hessian{i}": b for i, b in enumerate(blocks if isinstance(blocks, tuple) else (blocks,))}
    assert set(found) == set(expected)
    for key, value in found.items():
        np.testing.assert_array_equal(value, np.asarray(expected[key]), err_msg=key)
        assert value.dtype == np.asarray(expected[key]).dtype, key


@pytest.mark.parametrize("name", ["huber", "gan_discriminator", "iou"])
def test_a_copied_file_works_alone(name: str, tmp_path: Path) -> None:
    check_alone(name, "float64", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *(pytest.param(n, "float64", marks=[] if n in CORE else pytest.mark.exhaustive) for n in CATALOGUE),
        *((n, "float16") for n in CORE),
    ],
)
def test_every_copied_file_works_alone(name: str, dtype: str, tmp_path: Path) -> None:
    check_alone(name, dtype, tmp_path)


REFUSED: list[tuple[str, list[Any], dict[str, Any], str]] = [
    ("huber", [np.zeros(3), np.zeros(4)], {}, "target has"),
    ("huber", [np.zeros((3, 1)), np.zeros((1, 3))], {}, "target has"),
    ("huber", [np.zeros(3), np.zeros(3)], {"delta": -1.0}, "delta is -1.0"),
    ("huber", [np.zeros(3), np.zeros(3)], {"delta": float("nan")}, "delta is nan"),
    ("huber", [np.zeros(3), np.zeros(3)], {"reduction": "average"}, "reduction is 'average'"),
    ("huber", [np.zeros(3), np.zeros(3)], {"normalizer": 0}, "normalizer is 0"),
    ("huber", [np.zeros(3), np.zeros(3)], {"weight": np.ones(2)}, "weight has shape"),
    ("huber", [np.zeros(3), np.zeros(3)], {"mask": np.ones(4, bool)}, "mask has shape"),
    ("huber", [np.zeros(3, complex), np.zeros(3)], {}, "pred has dtype"),
    ("iou", [np.zeros((2, 3)), np.zeros((2, 3))], {}, "pred has 3 along axis"),
    ("iou", [np.zeros((2, 4)), np.zeros((2, 4))], {}, "position 0 violates"),
    ("softmax_cross_entropy", [np.zeros((2, 3)), np.zeros(2)], {}, "y has dtype"),
    ("softmax_cross_entropy", [np.zeros((2, 3)), np.array([0, 3])], {}, "position 1 violates"),
    ("softmax_cross_entropy", [np.zeros((2, 3, 4)), np.zeros((2, 3), int)], {}, "z has shape"),
    ("nt_xent", [np.ones((4, 3))], {"mask": np.array([True, False, True, False])}, "mask does not fit"),
    ("gan_discriminator", [np.ones(4), np.ones(3)], {"weight": (np.ones(4),)}, "weight does not fit"),
]


@pytest.mark.parametrize(("name", "arrays", "options", "message"), REFUSED)
def test_a_copied_file_refuses_what_it_cannot_compute(
    name: str, arrays: list[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        kernels(name).module.value(*arrays, **options)


def test_a_copied_file_refuses_directions_of_another_shape() -> None:
    with pytest.raises(ValueError, match="direction for pred"):
        kernels("huber").module.hvp(np.zeros(3), np.zeros(3), v=np.zeros(4))


def test_the_record_of_meta_is_complete() -> None:
    for name in CATALOGUE:
        meta = symloss.load(name).meta
        assert set(meta["in_place"]) <= set(meta["entries"])
        assert meta["name"] == name


def _kernels(name: str) -> list[ast.FunctionDef]:
    tree = ast.parse(text_of(CATALOGUE[name]))
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and [ast.unparse(d) for d in node.decorator_list] == ["_jit"]
    ]


@pytest.mark.parametrize("name", ["bce_with_logits", "gan_discriminator", "log_cosh"])
def test_float32_loops_with_elementary_functions_write_float32(name: str) -> None:
    """A loop that also writes float64 would be vectorised for float64, at half the width."""
    found = 0
    for kernel in _kernels(name):
        unpacked = re.findall(r"^(.*) = .*rows_float64\[", ast.unparse(kernel).replace("(", ""), re.MULTILINE)
        wide = {name for names in unpacked for name in re.findall(r"\w+", names)}
        for loop in ast.walk(kernel):
            if not isinstance(loop, ast.For) or ast.unparse(loop.target) != "row":
                continue
            text = ast.unparse(loop)
            if re.search(r"\b_\w+_f32\(", text):
                found += bool(wide)
                assert not wide & {*re.findall(r"(\w+)\[row\](?=,.* = | = )", text)}, text
    assert found


@pytest.mark.parametrize("name", ["info_nce", "nt_xent"])
def test_kernels_of_coupled_samples_take_no_mask(name: str) -> None:
    for kernel in _kernels(name):
        assert "mask" not in ast.unparse(kernel), kernel.name


@pytest.mark.parametrize("name", ["info_nce", "hinge", "softmax_cross_entropy", "wgan_gp_critic"])
def test_kernels_use_the_weights_and_the_mask_that_they_take(name: str) -> None:
    for kernel in _kernels(name):
        body = "\n".join(ast.unparse(statement) for statement in kernel.body)
        taken = {argument.arg for argument in kernel.args.args} & {"weight", "mask", "denominator"}
        unused = {argument for argument in taken if not re.search(rf"\b{argument}\b", body)}
        assert not unused, kernel.name
