import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from symloss.build import build, builder
from symloss.build.manifest import Entry, exclusive, manifest_text, output_path, read_manifest
from symloss.build.sources import digest, write_atomically
from symloss.errors import SpecError

Write = Callable[..., Path]


def statuses(specs: list[Path], out: Path) -> list[str]:
    return [result.status for result in build(specs, out, jobs=1, verify="none")]


def test_only_what_changed_is_built(write_spec: Write, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    first, second = write_spec("first"), write_spec("second")
    assert statuses([first, second], out) == ["built", "built"]
    assert statuses([first, second], out) == ["fresh", "fresh"]
    write_spec("first", value="abs(pred[n] - target[n])")
    assert statuses([first, second], out) == ["built", "fresh"]


def test_what_is_up_to_date_is_built_when_asked_for(write_spec: Write, tmp_path: Path) -> None:
    spec, out = write_spec(), tmp_path / "generated"
    build([spec], out, jobs=1, verify="none")
    assert [result.status for result in build([spec], out, jobs=1, verify="none", again=True)] == ["built"]


def test_a_used_specification_counts(write_spec: Write, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    inner = write_spec("inner")
    middle = write_spec("middle", value="inner(pred[n], target[n])")
    outer = write_spec("outer", value="2*middle(pred[n], target[n])")
    assert statuses([outer], out) == ["built"]
    assert read_manifest(out)["outer"].uses == ("inner", "middle")
    assert statuses([outer], out) == ["fresh"]
    write_spec("inner", value="abs(pred[n] - target[n])")
    assert statuses([outer], out) == ["built"]
    assert inner.is_file()
    assert middle.is_file()


@pytest.mark.parametrize("damage", ["edit", "no text", "delete", "no manifest", "broken manifest"])
def test_damaged_output_is_made_again(write_spec: Write, tmp_path: Path, damage: str) -> None:
    out = tmp_path / "generated"
    spec = write_spec()
    assert statuses([spec], out) == ["built"]
    output = output_path(out, "mine")
    text = output.read_text()
    if damage == "edit":
        output.write_text(text + "\n")
    elif damage == "no text":
        output.write_bytes(b"\xff" + output.read_bytes())
        (out / "manifest.json").write_bytes((out / "manifest.json").read_bytes() + b"\xff")
    elif damage == "delete":
        output.unlink()
    elif damage == "no manifest":
        (out / "manifest.json").unlink()
    else:
        (out / "manifest.json").write_text('{"format": 1, "losses": {"mine": 3}}')
    assert statuses([spec], out) == ["built"]
    assert output.read_text() == text


def test_the_same_bytes_every_time(write_spec: Write, tmp_path: Path) -> None:
    specs = [write_spec("first"), write_spec("second")]
    build(specs, tmp_path / "a", jobs=1, verify="none")
    build(specs[::-1], tmp_path / "b", jobs=2, verify="none")
    for name in ("manifest.json", "cpu/first.py", "cpu/second.py"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_faulty_specification_stops_nobody_and_writes_nothing(write_spec: Write, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    good, bad = write_spec("good"), write_spec("bad", value="pred[n] - tarjet[n]")
    results = build([bad, good], out, jobs=1, verify="none")
    assert [result.status for result in results] == ["failed", "built"]
    assert isinstance(results[0].error, SpecError)
    assert sorted(path.name for path in (out / "cpu").iterdir()) == ["good.py"]
    assert list(read_manifest(out)) == ["good"]


def test_a_fault_alone_leaves_the_folder_as_it_was(write_spec: Write, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    assert statuses([write_spec(value="pred[n] - tarjet[n]")], out) == ["failed"]
    assert not out.exists()
    assert statuses([write_spec()], out) == ["built"]
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    assert statuses([write_spec(value="pred[n] - tarjet[n]")], out) == ["failed"]
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before
    assert statuses([write_spec()], out) == ["fresh"]


def test_a_specification_that_becomes_no_text_is_a_sentence(write_spec: Write, tmp_path: Path) -> None:
    spec, out = write_spec(), tmp_path / "generated"
    assert statuses([spec], out) == ["built"]
    spec.write_bytes(spec.read_bytes() + b"\xff")
    [result] = build([spec], out, jobs=1, verify="none")
    assert isinstance(result.error, SpecError)
    assert "not UTF-8" in result.error.message


def test_an_error_survives_the_way_back_from_another_process(write_spec: Write, tmp_path: Path) -> None:
    specs = [write_spec("bad", value="pred[n] - tarjet[n]"), write_spec("good")]
    results = build(specs, tmp_path / "generated", jobs=2, verify="none")
    error = results[0].error
    assert isinstance(error, SpecError)
    assert "tarjet" in str(error)
    assert error.line == 8


@pytest.mark.parametrize("step", ["write", "replace"])
def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "file.txt"
    write_atomically(path, "old")

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace" if step == "replace" else "fdopen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_an_interrupted_build_records_what_was_finished(write_spec: Write, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    specs = [write_spec("first"), write_spec("second")]

    def interrupt(result: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(specs, out, jobs=1, verify="none", progress=interrupt)
    assert list(read_manifest(out)) == ["first"]
    assert statuses(specs, out) == ["fresh", "built"]


def test_a_build_keeps_what_another_entered_meanwhile(write_spec: Write, tmp_path: Path) -> None:
    out = tmp_path / "generated"
    first, second, third = (write_spec(name) for name in ("first", "second", "third"))
    build([third], out, jobs=1, verify="none")

    def another(result: object) -> None:
        build([second], out, jobs=1, verify="none")

    build([first], out, jobs=1, verify="none", progress=another)
    assert statuses([first, second, third], out) == ["fresh", "fresh", "fresh"]


def test_one_build_at_a_time_changes_the_manifest(
    write_spec: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    out, tried = tmp_path / "generated", []

    def locked(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            handle = os.open(out, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(handle)
            tried.append(function)
            return function(*arguments)

        return call

    monkeypatch.setattr(builder, "write_manifest", locked(builder.write_manifest))
    build([write_spec()], out, jobs=1, verify="none")
    monkeypatch.undo()
    assert tried
    with exclusive(out):  # the build is over, and so is its lock
        pass


def test_nothing_to_do_needs_no_sympy(write_spec: Write, tmp_path: Path) -> None:
    spec, out = write_spec(), tmp_path / "generated"
    assert statuses([spec], out) == ["built"]
    program = (
        "import sys; from symloss.cli import run; "
        f"code = run(['build', {str(spec)!r}, '--out', {str(out)!r}]); "
        "sys.exit(code or any(name in sys.modules for name in ('sympy', 'numba', 'numpy', 'rich')))"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "1 up to date" in finished.stdout


def test_the_manifest_does_not_depend_on_the_order() -> None:
    entry = Entry("t", "s", (), "h", "g", "o", {"value": 1}, {"value": 1}, {}, ("r",))
    assert manifest_text({"a": entry, "b": entry}) == manifest_text({"b": entry, "a": entry})


def test_a_digest_sees_where_texts_end() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
