"""``symloss verify``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symloss.build.sources import data_folder
from symloss.cli.arguments import read, resolve

if TYPE_CHECKING:
    from symloss.language.source import Text
    from symloss.verify import Outcome

#: The exit code where a step is wrong or could not be settled.
DIFFERENT = 1


@click.command("verify")
@click.argument("loss", metavar="LOSS_OR_FILE")
@click.option("--value", multiple=True, metavar="EXPRESSION", help="Said to equal the per-sample value.")
@click.option("--gradient", multiple=True, metavar="EXPRESSION", help="Said to equal the gradient.")
@click.option("--hessian-diag", multiple=True, metavar="EXPRESSION", help="Said to equal the Hessian's diagonal.")
@click.option(
    "--hvp",
    multiple=True,
    metavar="EXPRESSION",
    help="Said to equal the Hessian times v (v_NAME if several predictions).",
)
@click.option("--wrt", default="", metavar="NAME", help="The input or parameter of the derivative.")
@click.option("--term", default="", metavar="NAME", help="One term of a loss that has several.")
@click.option("--when", multiple=True, metavar="CONDITION", help='As in "class_weight is default" or "y[n] == 1".')
@click.option("--define", multiple=True, metavar="STEP", help='A step to use, "p[n, k] = softmax[k](z[n, k])".')
@click.option("--axis", "axes", multiple=True, metavar="J=K", help="A further index j that runs like the axis k.")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=NUMBER", help="Fix a parameter.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed tests other points.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(loss: str, seed: int, as_json: bool, **options: Any) -> int:
    """Check a derivation by hand: is this the value, gradient, Hessian diagonal or Hessian-vector product of LOSS?

    An option that is repeated gives several steps, each of which must equal the one before. A FILE that starts with
    `derivation: 1` has the keys loss, one of value, gradient, hessian_diag and hvp with the variable, steps, and as
    needed when, axes, define and parameters. Optional inputs that are not mentioned take their defaults.

    \b
    symloss verify softmax_cross_entropy --gradient "softmax[k](z[n, k]) - (k == y[n])"
    symloss verify mse --gradient "2*(pred[n] - target[n])" --hessian-diag "2"
    symloss verify derivation.yaml

    Exit code: 0 equal, 1 different or not settled, 2 bad input.
    """
    from symloss.cli.plain import statement_text
    from symloss.verify import settle

    questions = _from_file(loss, options) if _is_file(loss) else _from_options(loss, options)
    outcomes = [settle(question, seed, statement_text) for question in questions]
    if as_json:
        data = [outcome.data() for outcome in outcomes]
        click.echo(json.dumps(data[0] if len(data) == 1 else data, indent=2))
    else:
        for outcome in outcomes:
            _print(outcome)
    return 0 if all(outcome.equal for outcome in outcomes) else DIFFERENT


def _is_file(loss: str) -> bool:
    from symloss.verify.file import is_derivation

    return loss.endswith((".yaml", ".yml")) and Path(loss).is_file() and is_derivation(Path(loss))


def _library(spec: Any) -> Any:
    from symloss.language import SpecLibrary

    library = SpecLibrary([data_folder("specs")])
    return library.including(spec.path.resolve().parent) if spec.path is not None else library


def _from_file(path: str, options: Mapping[str, Any]) -> list[Any]:
    from symloss.verify import ask
    from symloss.verify.file import read_derivation

    given = [name for name, value in options.items() if value]
    if given:
        raise click.UsageError(f"a derivation file says everything itself; --{given[0].replace('_', '-')} is not used")
    file = read_derivation(Path(path))
    beside = Path(path).parent / file.loss
    spec = read(str(beside) if beside.suffix in (".yaml", ".yml") else file.loss)
    quantity = file.quantity
    return [
        ask(
            spec,
            quantity,
            file.steps,
            _library(spec),
            when=file.when,
            define=file.define,
            axes=file.axes,
            parameters=file.parameters,
        )
    ]


def _from_options(loss: str, options: Mapping[str, Any]) -> list[Any]:
    from symloss.verify import KINDS, Quantity, ask
    from symloss.verify.question import number_of

    resolve(loss)
    asked = {kind: options[kind] for kind in KINDS if options[kind]}
    if not asked:
        raise click.UsageError("give an expression with --value, --gradient, --hessian-diag or --hvp")
    spec = read(loss)
    axes = dict(_pair(text, "--axis") for text in options["axes"])
    parameters = dict(_pair(text, "--parameter") for text in options["parameters"])
    return [
        ask(
            spec,
            Quantity(kind, options["wrt"], options["term"]),
            [_text(answer, f"--{kind.replace('_', '-')}") for answer in answers],
            _library(spec),
            when=[_text(condition, "--when") for condition in options["when"]],
            define=[_text(step, "--define") for step in options["define"]],
            axes=axes,
            parameters={name: number_of(_text(value, f"--parameter {name}")) for name, value in parameters.items()},
        )
        for kind, answers in asked.items()
    ]


def _text(value: str, option: str) -> Text:
    from symloss.language.source import plain_text

    if not value.strip():
        raise click.UsageError(f"{option} is empty")
    return plain_text(value, option)


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise click.UsageError(f"{option} is written NAME=VALUE; {text!r} is given")
    return name.strip(), value.strip()


def _print(outcome: Outcome) -> None:
    from rich.console import Console
    from rich.text import Text as Line

    from symloss.verify import wording

    console = Console(highlight=False, soft_wrap=True)
    console.print(Line(wording.heading(outcome), "bold"))
    for number, step in enumerate(outcome.steps):
        good = step.verdict in ("proved", "tested")
        console.print(Line(f"  {number + 1}. {step.text}" if outcome.total > 1 else f"  {step.text}"))
        if good:
            console.print(Line(f"     {wording.evidence(step)}", "green"))
        for line in [
            *wording.fault(step, number == 0, outcome.fixed),
            *(wording.edges(step, outcome.fixed) if good else ()),
        ]:
            console.print(Line(f"     {line}", "yellow" if good else "red"))
    skipped = outcome.total - len(outcome.steps)
    if skipped:
        console.print(Line(f"  {skipped} more step{'s' if skipped > 1 else ''} not looked at", "dim"))
