"""Right implementations pass, planted faults of each kind are found, and what cannot be run is one sentence."""

import json
from pathlib import Path

import pytest
import sympy

from symloss.audit.auditing import Options, audit
from symloss.audit.report import Report
from symloss.cli import run
from symloss.cli.arguments import read
from symloss.errors import SymlossError
from symloss.testing import assert_matches_spec, name_of
from tests.audit import implementations

MODULE = "tests.audit.implementations"


@pytest.fixture(autouse=True)
def _at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


def report(loss: str, name: str, **options: object) -> Report:
    options = {"count": 6, **options}
    return audit(read(loss), name if ":" in name else f"{MODULE}:{name}", Options(**options))  # type: ignore[arg-type]


RIGHT = [
    ("mse", "mse_value", "none", "1", "(pred, target)"),
    ("mse", "mse_mean", "mean", "1", "(target, pred)"),
    ("mse", "mse_sum", "sum", "1", "(pred, target)"),
    ("mse", "half_mse", "none", "1/2", "(pred, target)"),
    ("mse", "mse_objective", "none", "1", "(pred, data set)"),
    ("mse", "mse_gradient", "none", "1", "(target, pred)"),
    ("mse", "mse_mean_gradient", "mean", "1", "(target, pred)"),
    ("mse", "mse_value_and_gradient", "none", "1", "(pred, target)"),
    ("mse", "Mse", "none", "1", "(pred, target)"),
    ("mse", "Mse.gradient", "none", "1", "(pred, target)"),
    ("huber", "huber_value", "none", "1", "(pred, target)"),
    ("bce_with_logits", "logistic", "none", "1", "(y, z)"),
    ("softmax_cross_entropy", "softmax_rows", "none", "1", "(z, y)"),
    ("softmax_cross_entropy", "softmax_by_class", "none", "1", "predictions flat by class"),
    ("softmax_cross_entropy", "softmax_one_hot", "none", "1", "labels as one-hot rows"),
]


@pytest.mark.parametrize(("loss", "name", "reduction", "factor", "convention"), RIGHT)
def test_right_implementations_are_recognised(
    loss: str, name: str, reduction: str, factor: str, convention: str
) -> None:
    found = report(loss, name, regions=("ordinary",))
    assert found.verdict == "agrees", found.sentence()
    assert (found.reduction, found.factor) == (reduction, factor)
    assert convention in found.convention
    assert {cell.dtype for cell in found.cells} == {"float64", "float32"}
    assert all(cell.compared >= 6 for cell in found.cells)


@pytest.mark.parametrize(("loss", "name"), [("mse", "mse_objective"), ("huber", "huber_value")])
def test_right_implementations_pass_in_every_region(loss: str, name: str) -> None:
    found = report(loss, name)
    assert found.verdict == "agrees", found.sentence()
    assert {"ordinary", "tiny", "huge", "near"} <= {cell.region for cell in found.cells}
    assert ("kinks" in {cell.region for cell in found.cells}) == (loss == "huber")


def test_parameters_keywords_and_construction() -> None:
    delta = {"delta": sympy.Rational(5, 2)}
    assert report("huber", "huber_value", parameters=delta, keywords={"delta": 2.5}).verdict == "agrees"
    assert report("huber", "huber_value", parameters=delta).verdict == "disagrees"
    assert report("mse", "Mse", construct={"scale": 3}, regions=("ordinary",)).factor == "3"


def cells(found: Report, region: str, part: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cell in found.cells:
        if (cell.region, cell.part) == (region, part):
            for kind, count in cell.counts.items():
                counts[kind] = counts.get(kind, 0) + count
    return counts


def test_a_wrong_sign_is_found() -> None:
    found = report("mse", "wrong_sign", regions=("ordinary",))
    assert found.verdict == "disagrees"
    assert found.factor == "-1"
    assert any("negative multiple" in note for note in found.notes)
    assert found.sentence() == "does not compute mse but -1 times mse, which has the opposite sign"


def test_another_function_is_found() -> None:
    found = report("mse", "wrong_everywhere", regions=("ordinary",))
    assert found.verdict == "disagrees"
    assert found.factor == "1"
    assert cells(found, "ordinary", "value")["error"] == 12
    assert "does not compute mse" in found.sentence()


def test_a_wrong_hessian_is_found() -> None:
    found = report("mse", "hessian_without_factor", regions=("ordinary",))
    assert found.verdict == "disagrees"
    assert not cells(found, "ordinary", "gradient")
    assert cells(found, "ordinary", "hessian") == {"error": 12}
    assert "hessian is wrong" in found.sentence()


def test_a_mean_over_accidental_pairs_is_found() -> None:
    assert report("mse", "broadcasts", regions=("ordinary",)).verdict == "disagrees"


def test_overflow_is_found() -> None:
    found = report("bce_with_logits", "naive_softplus")
    assert found.verdict == "agrees in part"
    assert not cells(found, "ordinary", "value")
    assert cells(found, "huge", "value").get("inf") or cells(found, "huge", "value").get("nan")
    assert "huge" in found.sentence()


def test_a_fault_in_one_region_is_found() -> None:
    found = report("huber", "huber_swapped_branches_when_large")
    assert found.verdict == "agrees in part"
    assert cells(found, "large", "value")
    worst = next(cell.worst for cell in found.cells if cell.region == "large" and cell.worst is not None)
    assert abs(worst.found - float(worst.exact)) > 1


def test_slopes_at_kinks() -> None:
    found = report("mae", "mae_gradient_with_another_slope", regions=("ordinary", "kinks"))
    assert found.verdict == "agrees"
    assert any("another slope" in note for note in found.notes)
    found = report("mae", "wrong_at_kink", regions=("ordinary", "kinks"))
    assert found.verdict == "agrees in part"
    assert cells(found, "kinks", "gradient")


def test_clipping_at_the_ends_of_a_domain_is_found() -> None:
    found = report("bce", "clipped_bce")
    assert found.verdict == "agrees in part"
    assert cells(found, "ends", "value")
    assert not cells(found, "ordinary", "value")


def test_what_is_refused_is_told() -> None:
    found = report("mse", "refuses_large")
    assert cells(found, "huge", "value").get("raised")
    assert "raises ValueError: too large" in json.dumps(found.data()) or "ValueError: too large" in json.dumps(
        found.data()
    )


def test_a_lost_dtype_is_told() -> None:
    assert any("come back as float32" in note for note in report("mse", "single_precision").notes)


def test_an_expected_factor() -> None:
    assert report("mse", "half_mse", given={"factor": "1/2"}, regions=("ordinary",)).verdict == "agrees"
    assert report("mse", "half_mse", given={"factor": "1"}, regions=("ordinary",)).verdict == "agrees in part"


UNUSABLE = [
    ("raises", "RuntimeError: no such luck"),
    ("mutates", "it changes its input pred in place"),
    ("wrong_shape", "it returns the shape (2, 5) for predictions of shape (7,)"),
    ("returns_text", "where numbers are expected"),
    ("returns_none", "it returns None where numbers are expected"),
    ("crashes", "ended its process with exit code 3"),
    ("no_arguments", "TypeError"),
    ("missing", "there is no 'missing'"),
    ("prints", "is not callable"),
]


@pytest.mark.parametrize(("name", "words"), UNUSABLE)
def test_what_cannot_be_run_is_one_sentence(name: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "mse", f"{MODULE}:{name}", "--region", "ordinary", "--count", "2"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert len(captured.err.strip().splitlines()) == 1
    assert words in captured.err
    assert captured.err.count(f"{MODULE}:{name}") == 1


def test_a_hang_is_cut() -> None:
    with pytest.raises(SymlossError, match=r"did not finish within 8 s"):
        report("mse", "hangs", timeout=8, regions=("ordinary",))


BAD = [
    (["mse", "implementations"], "package.module:function"),
    (["mse", "no_such_module_at_all:f"], "cannot be imported"),
    (["msee", f"{MODULE}:mse_value"], "did you mean mse"),
    (["huber", f"{MODULE}:huber_value", "--parameter", "delta=-1"], "outside its domain"),
    (["huber", f"{MODULE}:huber_value", "--parameter", "delta=abc"], "is a number"),
    (["huber", f"{MODULE}:huber_value", "--parameter", "d=1"], "no parameter 'd'"),
    (["mse", f"{MODULE}:mse_value", "--keyword", "x"], "NAME=VALUE"),
    (["mse", f"{MODULE}:mse_value", "--arguments", "pred"], "each of pred, target once"),
    (["mse", f"{MODULE}:mse_value", "--arguments", "pred,targt"], "did you mean target?"),
    (["mse", f"{MODULE}:mse_value", "--construct", "a=1"], "no class"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_is_one_message(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert words in captured.err


def test_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    arguments = ["audit", "mse", f"{MODULE}:wrong_everywhere", "--region", "ordinary", "--count", "3"]
    assert run([*arguments, "--json", "--html", str(page)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "disagrees"
    assert found["cells"][0]["worst"]["inputs"].keys() == {"pred", "target"}
    text = page.read_text()
    assert "<script" not in text
    assert "http" not in text
    assert "does not compute mse" in text
    assert run(arguments) == 1
    out = capsys.readouterr().out
    assert "ordinary" in out
    assert "does not compute mse" in out


def test_html_is_escaped() -> None:
    from symloss.audit.page import html

    found = report("mse", "mse_value", regions=("ordinary",), count=2)
    found.target, found.notes = "<b>x</b>", ["<script>alert(1)</script>"]
    text = html(found)
    assert "<script>" not in text
    assert "<b>x</b>" not in text


def test_the_helper_for_test_suites() -> None:
    assert_matches_spec(implementations.mse_value, "mse", regions=["ordinary"])
    with pytest.raises(SymlossError, match="did you mean ordinary"):
        assert_matches_spec(implementations.mse_value, "mse", regions=["ordinry", "kinks"])
    with pytest.raises(SymlossError, match="there is no dtype 'float16'"):
        assert_matches_spec(implementations.mse_value, "mse", dtypes=["float64", "float16"])
    assert_matches_spec("tests.audit.implementations:half_mse", "mse", regions=["ordinary"], factor="1/2")
    with pytest.raises(AssertionError, match="hessian is wrong on ordinary inputs"):
        assert_matches_spec(implementations.hessian_without_factor, "mse", regions=["ordinary"])
    with pytest.raises(AssertionError, match="but 1 is expected"):
        assert_matches_spec(implementations.half_mse, "mse", regions=["ordinary"])
    with pytest.raises(ValueError, match="top level"):
        name_of(lambda pred, target: pred)


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_derivatives_by_the_framework(framework: str) -> None:
    pytest.importorskip(framework)
    name = {"torch": "torch.nn.functional:huber_loss", "jax": "optax:huber_loss"}[framework]
    if framework == "jax":
        pytest.importorskip("optax")
    found = report("huber", name, regions=("ordinary", "kinks"))
    assert {cell.part for cell in found.cells} == {"value", "gradient", "hessian"}
    assert found.verdict == "agrees", found.sentence()
