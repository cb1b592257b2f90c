"""``symloss bench``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symloss.cli.arguments import resolve
from symloss.errors import SymlossError

if TYPE_CHECKING:
    from symloss.bench.records import Case

#: Elements of the cases that are measured where no sizes are given.
ELEMENTS = (10**3, 10**4, 10**5, 10**6)


@click.command("bench")
@click.argument("loss")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="AXIS=N,…",
    help="Lengths of the axes of one case (repeatable), n=8192,k=1000; by default about 1e3 to 1e6 elements.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Processors and threads; by default those there are.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option(
    "--entry",
    type=click.Choice(["value_and_grad", "grad_hess_diag"]),
    default="value_and_grad",
    show_default=True,
    help="What is measured.",
)
@click.option(
    "--library",
    "libraries",
    multiple=True,
    type=click.Choice(["torch", "torch.compile", "JAX", "scikit-learn"]),
    help="Only this one (repeatable).",
)
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), default=2.0, show_default=True, help="Per case, about."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(loss: str, sizes: tuple[str, ...], threads: int | None, as_json: bool, **options: Any) -> None:
    """Compare the speed of LOSS with torch, JAX and scikit-learn, and with the machine's limits.

    All run in one process and take turns; the table has the median of the ratios within each round, and its quartiles.
    Results are compared first. What is not installed, or has no such loss, is left out, and a line says so.

    \b
    symloss bench bce_with_logits
    symloss bench softmax_cross_entropy --size n=8192,k=1000 --threads 1
    symloss bench my_loss.yaml
    """
    from symloss.bench.running import run
    from symloss.runtime.threads import default_threads

    path = resolve(loss)
    name = loss if not loss.endswith((".yaml", ".yml")) else str(path.resolve())
    cases = _cases(name, sizes, options["dtype"], options["entry"])
    try:
        count = threads or default_threads()
    except ValueError as error:
        raise SymlossError(str(error)) from None
    found = run(cases, count, options["seconds"], options["libraries"], quiet=True)
    if not found["outcomes"] and found["refused"]:
        raise SymlossError(found["refused"][0]["reason"])
    if as_json:
        found.pop("begun")
        click.echo(json.dumps(found, indent=2))
    else:
        _print(found)
    if found["ended"]:
        raise SymlossError(f"not everything was measured: {found['ended']}")


def _cases(name: str, sizes: tuple[str, ...], dtype: str, entry: str) -> list[Case]:
    import symloss
    from symloss.bench.inputs import complete, default_sizes
    from symloss.bench.records import Case

    meta = symloss.load(name).meta
    own = [name for name, axis in meta["axes"].items() if not axis["like"]]
    fixed = {name: meta["axes"][name]["size"] for name in own if meta["axes"][name]["size"]}
    chosen = [_lengths(text) for text in sizes]
    for given in chosen:
        complete(meta, given)
    chosen = chosen or [default_sizes(meta, elements) for elements in ELEMENTS]
    return [Case(name, {a: (fixed | given)[a] for a in own if a not in fixed}, dtype, entry) for given in chosen]


def _lengths(text: str) -> dict[str, int]:
    found = {}
    for part in text.split(","):
        axis, sign, length = part.partition("=")
        if not sign or not axis.strip().isidentifier() or not length.strip().isdecimal() or not int(length):
            raise click.UsageError(f"--size is written AXIS=LENGTH,AXIS=LENGTH; {text!r} is given")
        found[axis.strip()] = int(length)
    return found


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from symloss.bench.candidates import LIBRARIES
    from symloss.bench.machine import disturbed
    from symloss.bench.measuring import EXPONENTIALS, MOVING, OURS
    from symloss.bench.text import cells, columns_of, reasons

    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
    outcomes, machine = found["outcomes"], found["machine"]
    first = outcomes[0]["case"]
    name = Path(first["loss"]).stem
    head = f"{name}, {first['entry']}, {first['dtype']}, threads: {found['threads']}; {machine['cpu']}"
    console.print(Text(head, style="bold"))
    columns = columns_of(outcomes)
    table = Table(*(Column(name, no_wrap=True) for name in ("sizes", OURS, *columns)))
    for outcome in outcomes:
        table.add_row(outcome["case"]["label"], *cells(outcome, columns))
    console.print(table)
    words = ["Libraries: their time in ours, median of the rounds and quartiles."]
    if MOVING in columns:
        words.append(
            f"{MOVING.capitalize()}: what a loop takes that reads and writes the same, as a share of our time."
        )
    if EXPONENTIALS in columns:
        words.append("Exponentials: what one per entry takes in NumPy, as a share of our time.")
    for line in words:
        console.print(Text(line))
    if not any(column in LIBRARIES for column in columns):
        console.print(Text("No library could be compared; these are the machine's limits alone.", style="yellow"))
    for (library, reason), cases in reasons(outcomes).items():
        of = "" if len(cases) == len(outcomes) else f" ({', '.join(cases)})"
        console.print(Text(f"  {library}: {reason}{of}", style="yellow"))
    if disturbed(machine):
        console.print(Text(disturbed(machine), style="yellow"))
    for refused in found["refused"]:
        console.print(Text(f"  {refused['reason']}", style="yellow"))
