"""Faults planted in the formula of a specification and in the text of kernels, and which of them are caught."""

from __future__ import annotations

import ast
import copy
import itertools
import json
import random
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

from symloss.accuracy.points import Sampler
from symloss.build.comparison import Comparison
from symloss.build.samples import draw, is_coupled, moved_parameters, sizes_for
from symloss.build.verification import Report, exact_value
from symloss.calculus import derive
from symloss.errors import SymlossError
from symloss.language import SpecLibrary, parse_spec, read_spec
from symloss.oracle import evaluate_adaptively
from symloss.runtime.library import load_generated
from tests.mutation.mutants import mutants
from tests.specs import test_fixtures

ROOT = Path(__file__).parents[2]
LIBRARY = SpecLibrary([ROOT / "specs"])
MOST = 12


def planted_in_spec(name: str) -> dict[str, object]:
    """Faults in the formula of a specification."""
    path = next((ROOT / "specs").glob(f"*/{name}.yaml"))
    text, spec = path.read_text(), read_spec(path, LIBRARY)
    cases = [parameters.values[1] for parameters in test_fixtures.CASES if parameters.values[0] == name]
    inputs = [t.name for t in spec.inputs if t.role in ("prediction", "target") and not t.domain.integer]
    swaps = list(itertools.pairwise(inputs))
    faulty = []
    for line in _formulas(path):
        head, equals, body = line.rpartition(" = ") if " = " in line else ("", "", line)
        for fault, mutated in mutants(body, swaps):
            faulty.append((fault, line, f"{head}{equals}{mutated}"))
    survivors, planted = [], 0
    for fault, line, mutated in _chosen(faulty, name):
        try:
            other = parse_spec(text.replace(json.dumps(line), json.dumps(mutated), 1), str(path), LIBRARY)
        except SymlossError:
            planted += 1
            continue
        if _same_function(spec.program, other.program):
            continue
        planted += 1
        if not any(_differs(other, case) for case in cases):
            survivors.append(f"{fault}: {mutated}")
    return {"planted": planted, "survivors": survivors}


def _formulas(path: Path) -> list[str]:
    """The quoted expressions of `define`, `value` and `terms`, as they stand in the file."""
    from ruamel.yaml import YAML

    document = YAML(typ="safe").load(path.read_text())
    terms = document.get("terms", {})
    return [*document.get("define", []), *([document["value"]] if "value" in document else []), *terms.values()]


def _same_function(one, other) -> bool:
    """Whether a mutant computes the same numbers as the original at random points."""
    for seed in range(6):
        sizes = sizes_for(one, batch=4 if is_coupled(one) else 3, other=3)
        values = draw(one, sizes, seed=seed)
        exact = {n: {i: exact_value(v) for i, v in by.items()} for n, by in values.items()}
        results = []
        for program in (one, other):
            try:
                results.append(evaluate_adaptively(program, sizes, exact, digits=15))
            except (ArithmeticError, ValueError):
                return False
        for key, by in results[0].items():
            for index, value in by.items():
                if abs(value - results[1][key][index]) > Fraction(1, 10**9) * (1 + abs(value)):
                    return False
    return True


def _differs(spec, case) -> bool:
    """Whether the formula disagrees with a third party's values."""
    if case["reduction"] != "none":
        return False
    try:
        found = evaluate_adaptively(spec.program, {}, case["inputs"], case["parameters"])
        expected = case["value"] if isinstance(case["value"], dict) else {"value": case["value"]}
        for term, values in expected.items():
            computed = test_fixtures.per_sample(found[term], len(values))
            test_fixtures.assert_close(computed, values, case["tolerance"], term)
    except (AssertionError, ArithmeticError, ValueError, KeyError):
        return True
    return False


def planted_in_kernel(name: str) -> dict[str, object]:
    """Faults in the text of the kernels."""
    path = ROOT / "generated" / "cpu" / f"{name}.py"
    spec = read_spec(next((ROOT / "specs").glob(f"*/{name}.yaml")), LIBRARY)
    derivation = derive(spec.program, spec.differentiate)
    text = path.read_text()
    lines = text.split("\n")
    inputs = [t.name for t in spec.inputs if t.role in ("prediction", "target") and not t.domain.integer]
    swaps = [(f"{a}_chunk", f"{b}_chunk") for a, b in itertools.pairwise(inputs)]
    faulty = []
    for function in ast.parse(text).body:
        if (
            isinstance(function, ast.FunctionDef)
            and function.name.endswith("_f64")
            and not function.name.startswith("_")
        ):
            for node in ast.walk(function):
                simple = isinstance(node, ast.Assign) and node.lineno == node.end_lineno
                if simple and not _bookkeeping(node):
                    for fault, mutated in mutants(lines[node.lineno - 1].strip(), swaps):
                        faulty.append((fault, node.lineno, mutated))
    survivors, equivalent, planted = [], [], 0
    unchanged = Report()
    Comparison(derivation, load_generated(path), unchanged).run(False)
    assert unchanged.passed, unchanged.failure
    for fault, number, mutated in _chosen(faulty, name):
        line = lines[number - 1]
        changed = lines.copy()
        changed[number - 1] = line[: len(line) - len(line.lstrip())] + mutated
        report = Report()
        with tempfile.TemporaryDirectory() as folder:
            module = Path(folder) / f"{name}_{planted}.py"
            module.write_text("\n".join(changed))
            try:
                Comparison(derivation, load_generated(module), report).run(False)
            except Exception as error:  # any failure is a detection
                report.fail(repr(error))
            words = f"{fault}, line {number}: {mutated}"
            if report.passed and _same_bits(spec.program, load_generated(path), load_generated(module)):
                equivalent.append(words)
                continue
        planted += 1
        if report.passed:
            survivors.append(words)
    return {"planted": planted, "survivors": survivors, "equivalent": equivalent}


def _same_bits(program, one, other) -> bool:
    """Whether two versions of the kernels return the same numbers at thousands of points."""
    sizes = sizes_for(program, batch=8 if is_coupled(program) else 16, other=3)
    for seed in range(32):
        generator = np.random.default_rng(seed)
        drawn = draw(program, sizes, seed)
        hard = Sampler(program, sizes, "float64", seed).instances(1)[0].tensors
        ends = [] if program.constraints else [_at_ends(program, drawn, generator) for _ in range(6)]
        for values in (drawn, hard, *ends):
            twin = copy.deepcopy(generator)
            found = [_results(one, program, sizes, values, generator), _results(other, program, sizes, values, twin)]
            if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*found, strict=True)):
                return False
    return True


def _ends(domain) -> list[float]:
    """The finite ends that belong to a domain."""
    closed = ((domain.lower, domain.lower_closed), (domain.upper, domain.upper_closed))
    return [float(end) for end, included in closed if included and end.is_finite] if domain.kind == "interval" else []


def _at_ends(program, drawn, generator):
    """The same inputs with rows, and single entries, on the ends of their domains."""
    moved = {name: dict(values) for name, values in drawn.items()}
    for name, values in moved.items():
        ends = _ends(program.tensors[name].domain)
        for index in values if ends else ():
            row = (index[0] if index else 0) % 3
            values[index] = ends[0] if row == 0 else float(generator.choice([*ends, values[index]]))
    return moved


def _parameters(program, generator) -> dict[str, float]:
    """Parameters at their defaults, beside them, or on the ends of their domains."""
    moved = moved_parameters(program)
    return {
        name: float(generator.choice([float(tensor.default), moved[name], *_ends(tensor.domain)]))
        for name, tensor in program.tensors.items()
        if tensor.role == "parameter"
    }


def _results(loss, program, sizes, values, generator) -> list[np.ndarray]:
    """Everything that the entry points return, with a weight."""
    arrays = {}
    for item in loss.meta["inputs"]:
        tensor = program.tensors[item["name"]]
        kind = {"index": np.int64, "boolean": np.bool_}.get(tensor.domain.kind, np.float64)
        arrays[tensor.name] = np.zeros([sizes[axis] for axis in tensor.axes], kind)
        for index, value in values[tensor.name].items():
            arrays[tensor.name][index] = value
    ways = [generator.normal(size=arrays[name].shape) for name in loss.meta["predictions"]]
    axes = list(loss.meta["terms"].values())
    weights = [generator.uniform(0.5, 2, sizes[axis]) for axis in axes if axis is not None]
    options = _parameters(program, generator)
    if weights:
        options |= {"weight": weights[0] if len(weights) == 1 else tuple(weights), "reduction": "sum"}
    given = tuple(arrays.values())
    with np.errstate(all="ignore"):
        found = [loss(*given, **options), loss.value_and_grad(*given, **options)]
        if "grad_hess_diag" in loss.meta["entries"]:
            found.append(loss.grad_hess_diag(*given, **options))
        if "hvp" in loss.meta["entries"]:
            found.append(loss.hvp(*given, v=ways[0] if len(ways) == 1 else tuple(ways), **options))
    return [np.asarray(array) for array in _flat(found)]


def _flat(found):
    return [array for one in found for array in _flat(one)] if isinstance(found, list | tuple) else [found]


def _bookkeeping(node: ast.Assign) -> bool:
    """Whether an assignment divides the work into chunks and blocks rather than computes a value."""
    name = ast.unparse(node.targets[0])
    blocks = isinstance(node.value, ast.BinOp) and ast.unparse(node.value) in (
        "(block & NEAR) + lane",
        "start + row",
        "c * chunk",
    )
    return blocks or name in ("rows", "live", "wrong", "count") or "chunk" in name or "failed" in name


def _chosen(faulty: list, name: str) -> list:
    """A reproducible choice, so that a long file does not outweigh the others."""
    return faulty if len(faulty) <= MOST else random.Random(name).sample(faulty, MOST)
