"""``symloss audit``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symloss.cli.arguments import read

if TYPE_CHECKING:
    from symloss.audit.report import Cell, Report

#: The exit code where the implementation does not agree.
DIFFERENT = 1
_REGIONS = ("ordinary", "tiny", "confident", "large", "huge", "near", "kinks", "ends")


@click.command("audit")
@click.argument("loss")
@click.argument("target", metavar="MODULE:FUNCTION")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=NUMBER", help="A parameter of the loss.")
@click.option("--keyword", "keywords", multiple=True, metavar="NAME=VALUE", help="A keyword argument for the function.")
@click.option("--construct", multiple=True, metavar="NAME=VALUE", help="A keyword argument for a class.")
@click.option("--arguments", default="", metavar="NAME,NAME", help="The loss's inputs in the function's order.")
@click.option(
    "--returns",
    type=click.Choice(["value", "gradient", "value,gradient", "gradient,hessian"]),
    help="What the function returns; found out if left out.",
)
@click.option("--framework", type=click.Choice(["numpy", "torch", "jax"]), help="Found out if left out.")
@click.option("--one-hot/--labels", default=None, help="Whether class labels are passed as one-hot rows.")
@click.option("--column/--flat", default=None, help="Whether element-wise inputs are passed as columns, (n, 1).")
@click.option(
    "--layout",
    type=click.Choice(["rows", "flat by class", "flat by row"]),
    help="How rows of predictions are passed to a boosting objective.",
)
@click.option("--dataset/--no-dataset", default=None, help="Whether the target comes as dtrain.get_label().")
@click.option("--factor", metavar="NUMBER", help="Fail unless it is this multiple of the loss; by default any is told.")
@click.option("--region", "regions", type=click.Choice(_REGIONS), multiple=True, help="Only this region (repeatable).")
@click.option("--dtype", "dtypes", type=click.Choice(["float64", "float32"]), multiple=True, help="Only this dtype.")
@click.option("--max-ulps", type=click.FloatRange(min=0), default=100.0, show_default=True, help="The bound.")
@click.option("--absolute", type=click.FloatRange(min=0), default=0.0, help="Absolute errors up to this pass.")
@click.option("--count", type=click.IntRange(1, 2000), default=24, show_default=True, help="Points per region.")
@click.option("--size", type=click.IntRange(1, 64), default=3, show_default=True, help="Length of open axes.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=120.0, show_default=True, help="Seconds for it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws other points.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file.")
def command(loss: str, target: str, as_json: bool, html: Path | None, **options: Any) -> int:
    """Compare an implementation of LOSS with exact results: value, gradient and Hessian, in ulps.

    MODULE:FUNCTION is imported and run in a process of its own. NumPy, torch, JAX and Keras functions and boosting
    objectives are recognised; derivatives of torch and JAX functions are taken by the framework. An error counts where
    it is beyond --max-ulps and beyond what rounding each input once explains.

    \b
    symloss audit huber torch.nn.functional:huber_loss
    symloss audit softmax_cross_entropy optax:softmax_cross_entropy_with_integer_labels
    symloss audit bce_with_logits my_package.objectives:logistic --returns gradient,hessian

    Exit code: 0 agrees, 1 does not, 2 bad input or a function that cannot be run.
    """
    from symloss.audit.auditing import audit

    spec = read(loss)
    report = audit(spec, target, _options(options))
    if html is not None:
        from symloss.audit.page import html as page

        html.write_text(page(report), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(report.data(), indent=2))
    else:
        _print(report)
    return 0 if report.good else DIFFERENT


def _options(options: dict[str, Any]) -> Any:
    from symloss.audit.auditing import Options
    from symloss.audit.regions import REGIONS

    order = [name.strip() for name in options["arguments"].split(",") if name.strip()]
    given = {key: options[key] for key in ("returns", "framework", "one_hot", "column", "layout", "dataset")}
    given["order"] = order or None
    given["factor"] = None if options["factor"] is None else str(_number("--factor", options["factor"]))
    return Options(
        parameters={name: _number(f"--parameter {name}", text) for name, text in _pairs(options, "parameters")},
        construct={name: _value(text) for name, text in _pairs(options, "construct")},
        keywords={name: _value(text) for name, text in _pairs(options, "keywords")},
        given=given,
        dtypes=options["dtypes"] or ("float64", "float32"),
        regions=options["regions"] or tuple(REGIONS),
        count=options["count"],
        size=options["size"],
        timeout=options["timeout"],
        max_ulps=options["max_ulps"],
        absolute=options["absolute"],
        seed=options["seed"],
    )


def _pairs(options: dict[str, Any], key: str) -> list[tuple[str, str]]:
    found = []
    for text in options[key]:
        name, sign, value = text.partition("=")
        if not sign or not name.strip().isidentifier():
            raise click.UsageError(f"--{key.rstrip('s')} is written NAME=VALUE; {text!r} is given")
        found.append((name.strip(), value.strip()))
    return found


def _number(option: str, text: str) -> Any:
    import sympy

    if not re.fullmatch(
        r"[+-]?(\d{1,40}(/[1-9]\d{0,40})?|(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?)", text
    ):
        raise click.UsageError(f"{option} is a number; {text!r} is given")
    return sympy.Rational(text)


def _value(text: str) -> Any:
    """A keyword's value: a number, true, false, none, or text; JSON for lists."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return {"True": True, "False": False, "None": None, "none": text}.get(text, text)


def _print(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from symloss.audit.text import parts, rows, worst_lines

    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"{report.target} against {report.loss}", "bold"))
    console.print(Text(report.summary()))
    shown = parts(report)
    table = Table("region", "dtype", *(f"{part} (ulps)" for part in shown))
    for region, dtype, cells in rows(report):
        table.add_row(region, dtype, *(_cell(cells.get(part)) for part in shown))
    console.print(table)
    for line in worst_lines(report):
        console.print(Text(f"  {line}", "red"))
    for note in report.notes:
        console.print(Text(f"  {note}", "yellow"))
    console.print(Text(report.sentence(), "bold green" if report.good else "bold red"))


def _cell(cell: Cell | None) -> Any:
    from rich.text import Text

    from symloss.audit.text import cell_text

    return Text(cell_text(cell), "green" if cell is None or cell.good else "red")
