"""`make gpu` where there is no GPU: it says what it needs, and its page has every table that it should."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import symloss

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu.py"
PAGE = ROOT / "docs" / "performance-gpu.md"


class Anything:
    """Stands for PyTorch, its tensors and what it returns; as a number it is 1."""

    __version__ = "0"

    def __getattr__(self, name: str) -> Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: Any, **options: Any) -> Anything:
        return self

    def __mul__(self, other: Any) -> float:
        return 1.0

    __rmul__ = __mul__

    def __gt__(self, other: Any) -> Anything:
        return self


@pytest.mark.parametrize(("torch", "reason"), [("", "PyTorch with CUDA is needed"), ("cpu", "finds no GPU")])
def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path: Path, torch: str, reason: str) -> None:
    before = PAGE.read_bytes()
    script = (
        "import runpy, sys, types\n"
        "sys.modules['torch'] = types.SimpleNamespace(cuda=types.SimpleNamespace(is_available=lambda: False))"
        if torch
        else "import runpy, sys\nsys.modules['torch'] = None"
    )
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{script}\nsys.argv = ['gpu.py']\nrunpy.run_path({str(SCRIPT)!r}, run_name='__main__')",
        ],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1
    assert reason in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1, "one sentence and no traceback"
    assert PAGE.read_bytes() == before


@pytest.mark.parametrize("liger", [True, False])
def test_the_page_has_every_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, liger: bool) -> None:
    """With functions that take a millisecond each."""
    for name in ("liger_kernel", "liger_kernel.transformers", "liger_kernel.transformers.cross_entropy"):
        monkeypatch.setitem(sys.modules, name, Anything() if liger else None)
    monkeypatch.setitem(sys.modules, "torch", Anything())
    script = runpy.run_path(str(SCRIPT), run_name="measuring")
    names = script["main"].__globals__
    monkeypatch.setitem(names, "PAGE", tmp_path / "page.md")
    monkeypatch.setitem(names, "seconds", lambda *ignored: 0.001)
    monkeypatch.setitem(names, "memory", lambda *ignored: 3 << 20)
    monkeypatch.setitem(names, "correctness", lambda torch: [("huber", "1e-7", "1e-16", "1e-4", "1e-3")])
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    script["main"]()
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "torch.compile | 1.000 | " in page
    assert page.count("Liger") == (8 if liger else 0), "for four shapes in two dtypes"
    assert "| symloss | 1.000 | 3 |" in page
    widths = [line.count("|") for line in page.splitlines() if line.startswith("|")]
    assert set(widths) == {6, 5, 4}


class Tensor:
    """Stands for a tensor of PyTorch, whatever its dtype."""

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)

    def cuda(self) -> Tensor:
        return self

    cpu = double = cuda

    def to(self, dtype: str) -> Tensor:
        return Tensor(self.array.astype({"bfloat16": "float32"}.get(dtype, dtype)))

    def numpy(self) -> np.ndarray:
        return self.array


@pytest.mark.parametrize("wrong", ["", "value_and_grad", "grad_hess_diag", "hvp"])
def test_every_entry_point_is_compared(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """A result that is wrong shows, whichever entry point gives it, in every dtype."""
    script = runpy.run_path(str(SCRIPT), run_name="measuring")
    names = script["correctness"].__globals__
    results = names["results"]

    def computed(loss: Any, entry: str, given: dict[str, Any]) -> Any:
        if "validate" in given:
            return results(loss, entry, given)
        found = results(loss, entry, {key: one.array for key, one in given.items()})
        return tuple(Tensor(np.asarray(one) * (1.1 if entry == wrong else 1)) for one in found)

    monkeypatch.setitem(names, "results", computed)
    monkeypatch.setattr(symloss, "list_losses", lambda: ["huber", "contrastive"])
    dtypes = {name: name for name in names["DTYPES"]}
    torch = SimpleNamespace(from_numpy=Tensor, **dtypes)
    for _, *errors in script["correctness"](torch):
        assert len(errors) == 4
        assert all((float(error) > 0.09) == bool(wrong) for error in errors), errors


def test_the_page_says_what_was_not_measured() -> None:
    """Until it is replaced by one with the machine named."""
    page = PAGE.read_text(encoding="utf-8")
    assert ("Not yet run on a GPU" in page) != ("Measured by `make gpu` on one" in page)
