from collections.abc import Callable
from pathlib import Path

import pytest

from symloss.build import build, check
from symloss.build import check as check_function
from symloss.errors import SymlossError

Write = Callable[..., Path]


@pytest.fixture
def catalogue(write_spec: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An output folder that is up to date with a catalogue of one loss."""
    import symloss.build.checking

    spec, out = write_spec(), tmp_path / "generated"
    monkeypatch.setattr(symloss.build.checking, "catalogue", lambda: {"mine": spec})
    build([spec], out, jobs=1, verify="none")
    return out


def faults(out: Path) -> list[tuple[str, str]]:
    return [(fault.path.name, fault.kind) for fault in check(out, jobs=1)]


def test_what_was_built_is_accepted(catalogue: Path) -> None:
    assert faults(catalogue) == []


def test_stale_missing_and_surplus_files_are_found(catalogue: Path) -> None:
    (catalogue / "cpu" / "other.py").write_text("")
    assert faults(catalogue) == [("other.py", "surplus")]
    output = catalogue / "cpu" / "mine.py"
    output.write_text(output.read_text().replace("1", "2", 1))
    assert ("mine.py", "stale") in faults(catalogue)
    output.write_bytes(b"\xff")
    assert ("mine.py", "stale") in faults(catalogue)
    output.unlink()
    (catalogue / "manifest.json").unlink()
    assert {("mine.py", "missing"), ("manifest.json", "missing")} <= set(faults(catalogue))


@pytest.mark.parametrize("name", ["cpu/note.txt", "loose.py", "cuda/mine.ptx", "other/mine.md", "cpu/.mine.py.x.tmp"])
def test_a_surplus_file_is_found_whatever_it_is(catalogue: Path, name: str) -> None:
    (catalogue / name).parent.mkdir(exist_ok=True)
    (catalogue / name).write_text("")
    assert faults(catalogue) == [(Path(name).name, "surplus")]


def test_caches_and_verdicts_are_no_surplus(catalogue: Path) -> None:
    for name in ("cpu/__pycache__/mine.nbi", "proofs/mine.json"):
        (catalogue / name).parent.mkdir(exist_ok=True)
        (catalogue / name).write_text("")
    assert faults(catalogue) == []


def test_nothing_is_written(catalogue: Path) -> None:
    (catalogue / "cpu" / "mine.py").unlink()
    before = sorted(catalogue.rglob("*"))
    check_function(catalogue, jobs=1)
    assert sorted(catalogue.rglob("*")) == before


def test_another_sympy_is_refused_in_a_sentence(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import symloss.build.checking

    monkeypatch.setattr(symloss.build.checking, "sympy_version", lambda: "1.99")
    with pytest.raises(SymlossError, match=r"SymPy 1\.99, which is installed"):
        check_function(catalogue, jobs=1)
