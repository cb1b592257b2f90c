import subprocess
import sys
from pathlib import Path

import pytest

from symloss.cli import COMMANDS, run

BAD = """\
symloss: 1
name: bad
title: Bad
axes: {n: batch}
inputs:
  pred: {axes: [n], role: prediction, domain: real}
value: "pred[n] - tarjet[n]"
"""


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    return str(path)


@pytest.fixture
def mine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["new", "mine", "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    return str(tmp_path / "mine.yaml")


def failing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert f"Usage: symloss {command}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == "symloss 0.1.0\n"


def test_the_package_is_a_command_of_an_interpreter() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "symloss", "--version"], capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stdout) == (0, "symloss 0.1.0\n")


def test_list_names_every_loss_and_needs_no_sympy() -> None:
    program = "import sys; from symloss.cli import run; code = run(['list']); sys.exit(code or 'sympy' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0
    names = [line.split()[0] for line in finished.stdout.splitlines() if line.startswith("  ")]
    assert len(names) == 44
    assert {"huber", "softmax_cross_entropy", "diffusion_vlb"} <= set(names)


@pytest.mark.parametrize("command", ["build", "derive", "show", "plot", "docs"])
def test_every_command_refuses_an_unknown_name(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing([command, "hubr"], capsys) == "error: there is no loss called 'hubr'; did you mean huber?\n"


@pytest.mark.parametrize("command", ["derive", "show", "plot", "docs"])
def test_a_fault_has_place_and_caret(
    command: str, bad: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    first, excerpt, caret = failing([command, bad], capsys).splitlines()
    assert first.startswith(f"error: {bad}:7:")
    assert "tarjet" in first
    assert excerpt[caret.index("^") :].startswith("tarjet")
    assert sorted(tmp_path.rglob("*")) == before


def test_build_reports_a_fault_and_exits_with_2(bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", bad, "--out", str(tmp_path / "out")]) == 2
    assert f"error: {bad}:7:" in capsys.readouterr().err
    assert not (tmp_path / "out" / "cpu").exists()


def test_usage_errors_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["frob"], ["build", "--jobs", "0"], ["derive"], ["build", "--check", "huber"]):
        assert len(failing(arguments, capsys).splitlines()) == 1


def test_a_new_specification_builds_and_is_verified(
    mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", mine, "--out", str(tmp_path / "out"), "-v"]) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("mine ")
    assert "verified" in line
    assert "ulp" in line
    assert (tmp_path / "out" / "cpu" / "mine.py").is_file()


def test_new_overwrites_nothing(mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(mine).read_text()
    assert "exists already" in failing(["new", "mine", "--out", str(tmp_path)], capsys)
    assert Path(mine).read_text() == text


@pytest.mark.parametrize("name", ["Mine", "my loss", "_x", "1st", "x/../y", "", "größe"])
def test_new_wants_a_plain_name(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is named in lower-case letters" in failing(["new", name, "--out", str(tmp_path)], capsys)
    assert list(tmp_path.iterdir()) == []


def test_derive_ends_in_the_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["derive", "mse"]) == 0
    text = capsys.readouterr().out
    assert "1. " in text
    assert text.index("value[n] =") < text.index("Result")
    assert "grad_pred[n] = 2*(pred[n] - target[n])" in text.split("Result")[1]
    assert run(["derive", "mse", "--latex"]) == 0
    assert r"\begin{enumerate}" in capsys.readouterr().out


def test_schema_is_a_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert run(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert "properties" in schema


def test_show_has_formula_inputs_and_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "huber"]) == 0
    text = capsys.readouterr().out
    for word in ("pred[n]", "target[n]", "delta = 1", "value_and_grad"):
        assert word in text


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plot_writes_a_picture(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"huber.{suffix}"
    assert run(["plot", "huber", "--out", str(path)]) == 0
    start = path.read_bytes()[:8]
    assert start == b"\x89PNG\r\n\x1a\n" if suffix == "png" else start.startswith(b"<?xml")


def test_plot_refuses_other_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ".png or .svg" in failing(["plot", "huber", "--out", str(tmp_path / "x.gif")], capsys)


def test_an_unwritable_place_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    message = failing(["new", "mine", "--out", str(tmp_path / "file" / "folder")], capsys)
    assert len(message.splitlines()) == 1


def test_ctrl_c_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("symloss.cli.list_losses.catalogue", interrupted)
    assert run(["list"]) == 130
    assert capsys.readouterr().err.strip().startswith("interrupted")


def test_a_closed_pipe_is_no_error() -> None:
    program = "from symloss.cli import main; main(['schema'])"
    command = f'{sys.executable} -c "{program}" | head -n 1'
    finished = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert finished.stderr == ""
