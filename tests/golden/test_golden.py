"""What people read, compared with what people have read (see tests/conftest.py)."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from symloss.calculus import derive
from symloss.cli import commands
from symloss.emit import emit_loss
from symloss.language import SpecLibrary, read_spec
from symloss.latex.documents import page

ROOT = Path(__file__).parents[2]
LIBRARY = SpecLibrary([ROOT / "specs"])


def compiled(path):
    spec = read_spec(path, LIBRARY)
    return spec, derive(spec.program, spec.differentiate)


@pytest.mark.parametrize("name", ["pseudo_huber"])
def test_generated_file(name, golden):
    golden(f"{name}.py.txt", emit_loss(*compiled(ROOT / "tests" / "user_specs" / f"{name}.yaml")))


@pytest.mark.parametrize("name", ["huber", "softmax_cross_entropy", "info_nce"])
def test_derivation_in_the_terminal(name, golden):
    result = CliRunner().invoke(commands, ["derive", name])
    assert result.exit_code == 0, result.output
    golden(f"{name}.derivation.txt", result.output)


@pytest.mark.parametrize("name", ["quantile", "softmax_cross_entropy"])
def test_latex_page(name, golden):
    path = next((ROOT / "specs").glob(f"*/{name}.yaml"))
    golden(f"{name}.tex", page(*compiled(path)))
