"""Planted slips of each kind are found and named; right derivations pass, for shipped and for users' losses."""

import json
from pathlib import Path

import pytest

from symloss.build.sources import data_folder
from symloss.cli import run
from symloss.cli.arguments import read
from symloss.cli.plain import statement_text
from symloss.language import SpecLibrary
from symloss.language.source import plain_text
from symloss.verify import Outcome, Quantity, ask, settle

LIBRARY = SpecLibrary([data_folder("specs")])


def verify(loss: str, quantity: str, *answers: str, when: tuple[str, ...] = ()) -> Outcome:
    kind, _, wrt = quantity.partition(" ")
    texts = [plain_text(answer) for answer in answers]
    conditions = [plain_text(text) for text in when]
    return settle(ask(read(loss), Quantity(kind, wrt), texts, LIBRARY, when=conditions), show=statement_text)


RIGHT = [
    ("softmax_cross_entropy", "gradient", "softmax[k](z[n, k]) - (k == y[n])"),
    ("softmax_cross_entropy", "gradient", "class_weight[y[n]]*(softmax[k](z[n, k]) - (k == y[n]))"),
    ("softmax_cross_entropy", "hessian_diag", "softmax[k](z[n, k])*(1 - softmax[k](z[n, k]))"),
    ("softmax_cross_entropy", "hvp", "softmax[k](z[n, k])*(v[n, k] - sum[k](softmax[k](z[n, k])*v[n, k]))"),
    ("bce_with_logits", "gradient", "sigmoid(z[n]) - y[n]"),
    ("bce_with_logits", "value", "max(z[n], 0) - z[n]*y[n] + log1p(exp(-abs(z[n])))"),
    ("bce", "gradient", "(p[n] - y[n])/(p[n]*(1 - p[n]))"),
    ("huber", "gradient", "clamp(pred[n] - target[n], -delta, delta)"),
    ("huber", "gradient delta", "sum[n](where(abs(e[n]) <= delta, 0, abs(e[n]) - delta))"),
    ("mae", "gradient", "where(pred[n] > target[n], 1, -1)"),
    ("hinge", "gradient", "where(y[n]*score[n] < margin, -y[n], 0)"),
    ("kl_gaussian", "gradient mu1", "(mu1[n, d] - mu2[n, d])/exp(logvar2[n, d])"),
    ("gan_discriminator", "gradient d_real", "-sigmoid(-d_real[m])"),
    ("gradient_penalty", "gradient", "2*lam*(1 - 1/norm[d](g[n, d]))*g[n, d]"),
]


@pytest.mark.parametrize(("loss", "quantity", "answer"), RIGHT)
def test_right_answers_are_proved(loss: str, quantity: str, answer: str) -> None:
    outcome = verify(loss, quantity, answer)
    assert outcome.equal
    assert outcome.steps[0].verdict == "proved"
    assert outcome.steps[0].points >= 24


SLIPS = [
    ("mse", "gradient", "2*(target[n] - pred[n])", "pred and target are swapped"),
    ("log_cosh", "gradient", "-tanh(pred[n] - target[n])", "swapped"),
    ("bce_with_logits", "gradient", "y[n] - sigmoid(z[n])", "the sign"),
    ("bce_with_logits", "gradient", "sigmoid(z[n])", "the term -y[n] is missing"),
    ("mse", "gradient", "pred[n] - target[n]", "a factor 2 is missing"),
    ("mse", "gradient", "4*(pred[n] - target[n])", "a factor 2 too many"),
    ("noise_prediction", "gradient", "2*(eps_hat[n, d] - eps[n, d])", "a sum over d where a mean is meant"),
    ("reconstruction_gaussian", "gradient", "2*(x_hat[n, d] - x[n, d])/size[d]", "a mean over d where a sum is meant"),
    ("softmax_cross_entropy", "gradient", "softmax[k](z[n, k])", "the term for (k == y[n]) is missing"),
    ("softmax_cross_entropy", "gradient", "softmax[k](z[n, k]) + (k == y[n])", "the sign of the term k == y[n]"),
    ("bce_with_logits", "gradient", "(1 - y[n])/sigmoid(-z[n]) - y[n]/sigmoid(z[n])", "respect to sigmoid(z), not z"),
    ("bce_with_logits", "gradient", "(sigmoid(z[n]) - y[n])*sigmoid(z[n])*(1 - sigmoid(z[n]))", "once too often"),
    ("softmax_cross_entropy", "gradient", "-(k == y[n])/softmax[k](z[n, k])", "with respect to softmax(z), not z"),
    ("huber", "gradient", "clamp(pred[n] - target[n], -1, 1)", "only where delta has its default"),
    ("smooth_l1", "gradient", "clamp(e[n], -beta, beta)", "a factor beta too many"),
    ("mse", "gradient", "(pred[n] - target[n])**2", "this is the value"),
    ("mse", "gradient", "2*(pred[n] - target[n]) + pred[n]", "the term pred[n] does not belong there"),
    ("bce_with_logits", "hessian_diag", "sigmoid(z[n]) - y[n]", "this is the gradient"),
    ("kl_standard_normal", "gradient mu", "logvar[n, d]*0 + (exp(logvar[n, d]) - 1)/2", "with respect to logvar"),
    ("bce", "gradient", "(p[n] - y[n])/(p[n]*(1 - p[n]))/log(2)", "1/log 2"),
    ("mse", "gradient", "3*(pred[n] - target[n])", "1.5 times"),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "quantity", "answer", "slip"), SLIPS)
def test_slips_are_refuted_and_named(loss: str, quantity: str, answer: str, slip: str) -> None:
    step = verify(loss, quantity, answer).steps[0]
    assert step.verdict == "refuted"
    assert step.witness is not None
    assert step.witness.confirmed in (True, None)
    assert slip in step.slip


def test_a_wrong_answer_is_never_close_enough() -> None:
    step = verify("mse", "gradient", "(2 + 1/10**15)*(pred[n] - target[n])").steps[0]
    assert step.verdict == "refuted"
    assert step.witness is not None
    assert step.witness.ratio is not None
    assert 0 < step.witness.ratio - 1 < 1e-14


def test_differences_at_kinks_alone_are_told_and_not_held_against_the_answer() -> None:
    outcome = verify("mae", "gradient", "where(pred[n] > target[n], 1, -1)")
    assert outcome.equal
    assert outcome.steps[0].edges
    assert outcome.steps[0].edges[0].expected == 0


def test_a_region_that_is_wrong_is_found_although_small() -> None:
    step = verify("mse", "gradient", "where(pred[n] == target[n], 5, 2*(pred[n] - target[n]))").steps[0]
    assert step.verdict in ("proved", "tested")
    assert step.edges
    step = verify(
        "hinge", "gradient", "where(abs(score[n]) < 1/1000, 7, where(y[n]*score[n] < margin, -y[n], 0))"
    ).steps[0]
    assert step.verdict == "refuted"


def test_steps_stop_at_the_first_wrong_one() -> None:
    outcome = verify(
        "huber", "gradient", "clamp(e[n], -delta, delta)", "where(abs(e[n]) < delta, 2*e[n], delta*sign(e[n]))", "0"
    )
    assert [step.verdict for step in outcome.steps] == ["proved", "refuted"]
    assert not outcome.equal


def test_conditions_restrict_the_points() -> None:
    assert verify("bce_with_logits", "value", "softplus(-z[n])", when=("y[n] == 1",)).steps[0].verdict == "unknown"
    assert verify("focal", "value", "alpha*sigmoid(-z[n])**gamma*softplus(-z[n])", when=("y[n] == 1",)).equal
    assert not verify("focal", "value", "alpha*sigmoid(-z[n])**gamma*softplus(-z[n])").equal


# --- command line ---------------------------------------------------------------------------------------------------

SPEC = """\
symloss: 1
name: mine
title: Mine
axes: {n: batch}
inputs:
  pred: {axes: [n], role: prediction, domain: real}
  target: {axes: [n], role: target, domain: real}
parameters:
  c: {default: 2, domain: positive}
value: "c*log(1 + ((pred[n] - target[n])/c)**2)"
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SPEC)
    return path


def test_exit_codes_and_json(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right = "2*(pred[n] - target[n])/c/(1 + ((pred[n] - target[n])/c)**2)"
    assert run(["verify", str(spec), "--gradient", right, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["equal"] is True
    assert found["steps"][0]["verdict"] == "proved"
    assert found["steps"][0]["sizes"] == "every"
    assert run(["verify", str(spec), "--gradient", right.replace("/c/", "/"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["steps"][0]["slip"] == "a factor c too many"
    assert set(found["steps"][0]["witness"]) >= {"inputs", "parameters", "expected", "found", "ratio"}


def test_a_file_of_steps(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "derivation.yaml"
    head = 'derivation: 1\nloss: mine.yaml\ngradient: pred\ndefine: ["r[n] = (pred[n] - target[n])/c"]\nsteps:\n'
    path.write_text(head + '  - "c*2*r[n]/c/(1 + r[n]**2)"\n  - "2*r[n]/(1 + r[n]**2)"\n')
    assert run(["verify", str(path)]) == 0
    assert "proved for every size" in capsys.readouterr().out
    path.write_text(head + '  - "2*r[n]/(1 + r[n]**2)"\n  - "2*r[n]/(1 - r[n]**2)"\n  - "0"\n')
    assert run(["verify", str(path)]) == 1
    out = capsys.readouterr().out
    assert "the line before gives" in out
    assert "1 more step not looked at" in out
    path.write_text(head + '  - "2*q[n]"\n')
    assert run(["verify", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {path}:6:")
    assert "^" in err


@pytest.mark.parametrize(
    ("step", "slip"),
    [
        ("2*(target[n] - pred[n])", "pred and target are swapped"),
        ("pred[n] - target[n]", "a factor 2 is missing"),
        ("4*pred[n] - 4*target[n]", "a factor 2 too many"),
        ("2*pred[n] + 2*target[n]", "the sign of the term 2*target[n]"),
        ("2*pred[n]", "the term -2*target[n] is missing"),
    ],
)
def test_a_slip_in_a_later_step_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: str, slip: str
) -> None:
    path = tmp_path / "derivation.yaml"
    path.write_text(f'derivation: 1\nloss: mse\ngradient: pred\nsteps: ["2*(pred[n] - target[n])", "{step}"]\n')
    assert run(["verify", str(path)]) == 1
    out = capsys.readouterr().out
    assert "the line before gives" in out
    assert f"likely slip: {slip}" in out


@pytest.mark.parametrize("name", ["softmax_cross_entropy.yaml", "huber_with_a_slip.yaml"])
def test_the_examples(name: str) -> None:
    path = Path(__file__).parents[2] / "examples" / "derivations" / name
    assert run(["verify", str(path)]) == (1 if "slip" in name else 0)


BAD = [
    (["mse"], "give an expression"),
    (["mse", "--gradient", "2*(pred[n] - targt[n])"], "did you mean target?"),
    (["mse", "--gradient", "2*(pred[n]"], "never closed"),
    (["mse", "--gradient", " "], "is empty"),
    (["mse", "--gradient", "1", "--wrt", "y"], "no real input or parameter 'y'"),
    (["mse", "--hvp", "1", "--wrt", "target"], "no prediction 'target'"),
    (["kl_divergence", "--gradient", "1"], "several predictions"),
    (["gan_discriminator", "--value", "1"], "several terms"),
    (["gan_discriminator", "--value", "1", "--term", "fak"], "no term 'fak'"),
    (["huber", "--gradient", "1", "--parameter", "delta=-1"], "outside its domain"),
    (["huber", "--gradient", "1", "--parameter", "delta"], "NAME=VALUE"),
    (["huber", "--gradient", "1", "--parameter", "dleta=1"], "did you mean delta?"),
    (["mse", "--gradient", "grad(pred)[n]"], "without grad"),
    (["softmax_cross_entropy", "--value", "z[n, k]"], "axis k is free"),
    (["softmax_cross_entropy", "--gradient", "z[n, j]"], "'j'"),
    (["softmax_cross_entropy", "--gradient", "1", "--axis", "j=q"], "no axis 'q'"),
    (["mse", "--gradient", "1", "--when", "pred[n]"], "a condition is expected"),
    (["msee", "--gradient", "1"], "did you mean mse"),
    (["missing.yaml", "--gradient", "1"], "there is no file"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_is_one_message(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert words in captured.err
