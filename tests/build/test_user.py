import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from symloss.build import compiled_module_path
from symloss.build.sources import digest
from symloss.errors import SpecError, SymlossError

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *arguments, **options: str(folder))
    return folder / "compiled"


def test_a_specification_is_compiled_once(write_spec: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = write_spec()
    path = compiled_module_path(spec)
    assert "META" in path.read_text()

    def fail(path: Path) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("symloss.build.compiler.compile_spec", fail)
    assert compiled_module_path(spec) == path


def test_the_cache_is_private(write_spec: Write, cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    path = compiled_module_path(write_spec())
    assert cache in path.parents
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_what_others_could_have_written_is_removed(write_spec: Write, cache: Path) -> None:
    """An index entry that was planted beside its module has the right hash."""
    spec = write_spec()
    path = compiled_module_path(spec)
    [index] = (cache / "index").iterdir()
    planted = "raise SystemExit\n"
    record = json.loads(index.read_text())
    path.write_text(planted)
    record["outputs"]["cpu"] = digest([planted])
    index.write_text(json.dumps(record))
    assert compiled_module_path(spec).read_text() == planted
    cache.chmod(0o770)
    assert compiled_module_path(spec).read_text() != planted
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [b"raise SystemExit\n", b"\xff\xfe\x00", b""])
def test_a_module_that_was_changed_is_never_executed(write_spec: Write, damage: bytes) -> None:
    spec = write_spec()
    path = compiled_module_path(spec)
    text = path.read_text()
    path.write_bytes(damage)
    assert compiled_module_path(spec).read_text() == text


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"key": "../../x", "name": "y", "uses": [], "source": "", "output": ""}']
)
def test_a_broken_index_entry_is_ignored(write_spec: Write, cache: Path, text: str) -> None:
    spec = write_spec()
    path = compiled_module_path(spec)
    for entry in (cache / "index").iterdir():
        entry.write_text(text)
    assert compiled_module_path(spec) == path


def test_another_formula_is_another_module(write_spec: Write) -> None:
    first = compiled_module_path(write_spec())
    second = compiled_module_path(write_spec(value="abs(pred[n] - target[n])"))
    assert first != second
    assert first.is_file()


def test_a_used_specification_counts(write_spec: Write) -> None:
    write_spec("inner")
    outer = write_spec("outer", value="inner(pred[n], target[n])")
    first = compiled_module_path(outer)
    write_spec("inner", value="abs(pred[n] - target[n])")
    assert compiled_module_path(outer) != first


def test_a_faulty_specification_leaves_nothing(write_spec: Write, cache: Path) -> None:
    with pytest.raises(SpecError):
        compiled_module_path(write_spec(value="pred[n] - tarjet[n]"))
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SymlossError, match="cannot be read: No such file"):
        compiled_module_path(tmp_path / "nothing.yaml")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owners here")
def test_a_folder_of_somebody_else_is_not_used(write_spec: Write, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir(parents=True)
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    path = compiled_module_path(write_spec())
    assert cache not in path.parents
