"""Finding, describing, pickling losses; what an import costs."""

import copy
import inspect
import pickle
import pydoc
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import symloss
from symloss import SymlossError
from symloss.runtime import library, locations

SAMPLES = Path(__file__).parent / "samples"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Three losses as if they were the shipped ones."""
    for name in ("huber", "gan"):
        shutil.copy(SAMPLES / f"{name}.py", tmp_path)
    (tmp_path / "broken.py").write_text("raise RuntimeError('imported')\n")
    (tmp_path / "empty.py").write_text("")
    for module in (library, locations):
        monkeypatch.setattr(module, "generated_folder", lambda: tmp_path)
    monkeypatch.setattr(library, "_loaded", {})
    before = {name: module for name, module in sys.modules.items() if name.startswith("symloss._generated")}
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("symloss._generated")]:
        del sys.modules[name]
    sys.modules.update(before)


def test_names_come_from_the_folder_without_importing(shipped):
    assert symloss.list_losses() == ["broken", "empty", "gan", "huber"]


def test_load_by_name(shipped):
    huber = symloss.load("huber")
    assert huber is symloss.load("huber")
    assert isinstance(huber, symloss.Loss)
    assert huber(3.0, 1.0) == 1.5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hubr", "^unknown loss 'hubr'; did you mean 'huber'\\?$"),
        ("zzz", r"^unknown loss 'zzz'; symloss.list_losses\(\) names those there are$"),
        ("", "unknown loss ''"),
        ("__init__", "unknown loss"),
        ("no/such.yaml", "^no specification at no/such.yaml$"),
        ("missing.yml", "^no specification at missing.yml$"),
        (Path("nowhere"), "^no specification at nowhere$"),
        ("empty", "is not a module that symloss generated"),
    ],
)
def test_unknown_names_and_paths(shipped, name, message):
    with pytest.raises(SymlossError, match=message):
        symloss.load(name)


@pytest.mark.parametrize("name", [3, None, b"huber", ["huber"]])
def test_what_is_no_name(name):
    with pytest.raises(TypeError, match="load expects the name of a loss or a path"):
        symloss.load(name)


def test_losses_can_be_imported_by_name(shipped):
    sys.modules.pop("symloss.losses", None)
    try:
        import symloss.losses
        from symloss.losses import gan, huber

        assert huber is symloss.load("huber")
        assert gan.name == "gan"
        assert dir(symloss.losses) == ["broken", "empty", "gan", "huber"]
        with pytest.raises(ImportError, match="hubert"):
            from symloss.losses import hubert  # noqa: F401
        with pytest.raises(AttributeError, match="did you mean 'huber'"):
            symloss.losses.hubre  # noqa: B018
    finally:
        sys.modules.pop("symloss.losses", None)


def test_pickle_and_copy(shipped, huber, gan):
    by_name = symloss.load("huber")
    assert pickle.loads(pickle.dumps(by_name)) is by_name
    assert copy.deepcopy(by_name) is by_name
    again = pickle.loads(pickle.dumps(gan))
    assert again.name == "gan"
    assert again(np.ones(2), np.ones(3)) == gan(np.ones(2), np.ones(3))
    bound = pickle.loads(pickle.dumps(by_name.value_and_grad))
    assert bound(3.0, 1.0)[0] == 1.5


def test_repr_and_help(huber, cross_entropy):
    assert repr(huber).splitlines() == [
        "<symloss.Loss huber: Huber loss",
        "  value       where(abs(e[n]) <= delta, e[n]**2 / 2, delta * (abs(e[n]) - delta / 2))",
        "  inputs      pred[n]  prediction, real",
        "              target[n]  target, [-100, 100)",
        "  parameters  delta = 1  > 0>",
    ]
    assert "class_weight[k]  coefficient, >= 0, optional (1)" in repr(cross_entropy)
    text = pydoc.render_doc(cross_entropy, renderer=pydoc.plaintext)
    for part in ("-log_softmax[k](z[n, k])[y[n]]", "y[n]: target, index(k); index of the true class", "ignore_index"):
        assert part in text
    assert "grad_hess_diag(...) is refused: its loops are deeper" in text
    assert str(inspect.signature(huber)).startswith("(pred, target, *, delta=1.0, reduction='mean', weight=None")
    assert str(inspect.signature(cross_entropy)).startswith("(z, y, class_weight=None, *,")
    assert (huber.name, huber.title, huber.__name__) == ("huber", "Huber loss", "huber")


def test_version_is_that_of_the_project():
    with open(ROOT / "pyproject.toml", "rb") as file:
        assert symloss.__version__ == tomllib.load(file)["project"]["version"]


def test_the_package_names_what_it_offers():
    assert set(dir(symloss)) == {"Loss", "SpecError", "SymlossError", "__version__", "list_losses", "load"}
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        symloss.lod  # noqa: B018


def python(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_import_brings_in_neither_compiler_nor_numba():
    heavy = python(
        "import sys, symloss\n"
        "symloss.list_losses()\n"
        "print(*[name for name in ('numba', 'sympy', 'mpmath', 'ruamel.yaml', 'yaml', 'jinja2', 'click', 'rich',"
        " 'platformdirs', 'scipy', 'torch') if name in sys.modules])"
    )
    assert heavy == []


def test_calling_a_generated_module_brings_in_no_compiler():
    heavy = python(
        "import sys, numba\n"
        "numba.njit(lambda: None)()\n"
        "before = set(sys.modules)  # Numba looks for yaml and scipy by itself\n"
        "from symloss.runtime.library import load_generated\n"
        f"huber = load_generated({str(SAMPLES / 'huber.py')!r})\n"
        "huber(3.0, 1.0), huber.value_and_grad([3.0], [1.0]), repr(huber)\n"
        "print(*[name for name in ('sympy', 'mpmath', 'ruamel.yaml', 'yaml', 'jinja2', 'click', 'rich',"
        " 'platformdirs', 'scipy', 'torch') if name in set(sys.modules) - before])"
    )
    assert heavy == []


def test_import_takes_little_over_numpy():
    seconds = python(
        "import time, numpy\n"
        "start = time.perf_counter()\n"
        "import symloss\n"
        "symloss.load, symloss.Loss, symloss.list_losses()\n"
        "print(time.perf_counter() - start)"
    )
    assert float(seconds[0]) < 0.3


def test_several_processes_may_start_at_once(tmp_path):
    shutil.copy(SAMPLES / "huber.py", tmp_path)
    script = (
        "from symloss.runtime.library import load_generated\n"
        f"print(load_generated({str(tmp_path / 'huber.py')!r})(3.0, 1.0))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in started:
        output, errors = process.communicate(timeout=120)
        assert output.split() == ["1.5"], errors
    assert list((tmp_path / "__pycache__").glob("*.nbi"))


def test_the_stub_types_what_a_call_gives(tmp_path):
    api = pytest.importorskip("mypy.api")
    from symloss.losses._stub import stub_text

    metas = [library.load_generated(SAMPLES / f"{name}.py").meta for name in ("gan", "huber", "softmax_cross_entropy")]
    (tmp_path / "stub.pyi").write_text(stub_text(metas))
    (tmp_path / "use.py").write_text(
        "import numpy as np\n"
        "from stub import gan, huber, softmax_cross_entropy\n"
        "ones = np.ones(3)\n"
        "a: float = huber(ones, [1, 2, 3], delta=2.0, weight=ones)\n"
        "b: np.ndarray = huber.value_and_grad(ones, ones)[1]\n"
        "c, d = gan(ones, ones, reduction='none')\n"
        "e: float = softmax_cross_entropy(np.ones((2, 3)), [0, 1])\n"
        "huber(ones, ones, dleta=2.0)\n"
        "huber(ones)\n"
        "wrong: str = huber(ones, ones)\n"
    )
    config = ["--config-file", str(ROOT / "pyproject.toml"), "--no-incremental", "--hide-error-context"]
    output, _, _ = api.run([*config, str(tmp_path / "use.py"), str(tmp_path / "stub.pyi")])
    lines = {int(line.split(":")[1]) for line in output.splitlines() if ": error:" in line and "use.py" in line}
    assert lines == {8, 9, 10}, output
    assert "stub.pyi" not in output.replace("use.py", ""), output
