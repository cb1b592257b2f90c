"""The registry of back ends: what a build writes for each, and that nothing but the emitter decides it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from symloss.build import build, check
from symloss.build.compiler import compile_spec
from symloss.build.manifest import output_path, read_manifest
from symloss.emit import BACK_ENDS
from symloss.errors import SymlossError
from tests.kernels.harness import CATALOGUE, USER_SPECS

GENERATED = Path(__file__).parents[2] / "generated"
NAMES = ("huber", "nt_xent", "cauchy", "general_robust", "listmle", "mmd_rbf", "barlow_twins", "evidential_regression")


@pytest.mark.parametrize(
    "name", [*NAMES, *(pytest.param(n, marks=pytest.mark.slow) for n in USER_SPECS if n not in NAMES)]
)
def test_a_back_end_emits_or_says_why(name: str) -> None:
    compiled = compile_spec(USER_SPECS.get(name) or CATALOGUE[name])
    assert set(compiled.texts) | set(compiled.entry.without) == set(BACK_ENDS)
    assert not any("defect" in reason for reason in compiled.entry.without.values())
    for text in compiled.texts.values():
        compile(text, name, "exec")


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_file_needs_nothing_of_symloss(name: str) -> None:
    """NumPy, Numba-CUDA and the library that it is made with; so it may be copied elsewhere."""
    tree = ast.parse((output_path(GENERATED, name, "cuda")).read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {one.partition(".")[0] for one in found} <= {"math", "numpy", "numba", "llvmlite"}


def test_files_of_every_back_end_are_built_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import symloss.build.checking

    monkeypatch.setattr(symloss.build.checking, "catalogue", lambda: {"huber": CATALOGUE["huber"]})
    build([CATALOGUE["huber"]], tmp_path, jobs=1, verify="none")
    assert all(output_path(tmp_path, "huber", back_end).is_file() for back_end in BACK_ENDS)
    assert check(tmp_path, jobs=1) == []
    cuda = output_path(tmp_path, "huber", "cuda")
    cuda.write_text(cuda.read_text() + "\n")
    assert [(fault.path, fault.kind) for fault in check(tmp_path, jobs=1)] == [(cuda, "stale")]
    assert build([CATALOGUE["huber"]], tmp_path, jobs=1, verify="none")[0].status == "built"
    assert build([CATALOGUE["huber"]], tmp_path, jobs=1, verify="none")[0].status == "fresh"
    (tmp_path / "cuda" / "other.py").write_text("")
    assert [fault.kind for fault in check(tmp_path, jobs=1)] == ["surplus"]


def test_a_back_end_may_have_no_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that an earlier build wrote goes, and the manifest holds the reason."""
    import symloss.build.compiler

    build([CATALOGUE["huber"]], tmp_path, jobs=1, verify="none")

    def refuse(spec: object, derivation: object) -> str:
        raise SymlossError("it is too round")

    monkeypatch.setattr(symloss.build.compiler, "BACK_ENDS", {**BACK_ENDS, "cuda": refuse})
    output_path(tmp_path, "huber", "cpu").unlink()
    build([CATALOGUE["huber"]], tmp_path, jobs=1, verify="none")
    assert not output_path(tmp_path, "huber", "cuda").exists()
    assert read_manifest(tmp_path)["huber"].without == {"cuda": "it is too round"}
