"""Damaged machine code on the disk is compiled again."""

import shutil
import sys
from pathlib import Path

import pytest

from symloss.runtime.loss import Loss
from symloss.runtime.modules import load_module

SAMPLES = Path(__file__).parent / "samples"


def called(path, monkeypatch):
    """What a kernel gives in a process that begins with what lies on the disk, and how often that was of use."""
    monkeypatch.delitem(sys.modules, "symloss._generated_test.huber", raising=False)
    module = load_module(path, "symloss._generated_test.huber")
    value = Loss(module, "huber")([3.0, 0.0], [1.0, 0.0], reduction="sum")
    kernels = [kernel for kernel in vars(module).values() if getattr(kernel, "stats", None) and kernel.signatures]
    hits = sum(sum(kernel.stats.cache_hits.values()) for kernel in kernels)
    return value, hits


@pytest.mark.parametrize("damage", ["empty", "cut off", "overwritten"])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_damaged_files_are_replaced(kind, damage, tmp_path, monkeypatch):
    path = Path(shutil.copy(SAMPLES / "huber.py", tmp_path))
    assert called(path, monkeypatch) == (1.5, 0)
    assert called(path, monkeypatch) == (1.5, 1)
    damaged = list((tmp_path / "__pycache__").glob(f"*.{kind}"))
    assert damaged
    for file in damaged:
        content = file.read_bytes()
        changed = {"empty": b"", "cut off": content[: len(content) // 2], "overwritten": b"\x93garbage" + content[8:]}
        file.write_bytes(changed[damage])
    assert called(path, monkeypatch) == (1.5, 0)
    assert called(path, monkeypatch) == (1.5, 1)


def test_a_damaged_file_that_cannot_be_replaced_is_no_error(tmp_path, monkeypatch):
    path = Path(shutil.copy(SAMPLES / "huber.py", tmp_path))
    called(path, monkeypatch)
    for file in (tmp_path / "__pycache__").glob("*.nbi"):
        file.write_bytes(b"")

    def refuse(*arguments):
        raise PermissionError("read-only")

    monkeypatch.setattr("os.replace", refuse)
    assert called(path, monkeypatch) == (1.5, 0)
