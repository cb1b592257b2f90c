"""``symloss prove``."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symloss.cli.arguments import resolve_all
from symloss.proof import store
from symloss.proof.proving import Proved, contradicted, decided, known, known_facts, prove_facts, prove_file, stale
from symloss.proof.verdicts import scope_text

if TYPE_CHECKING:
    from rich.table import Table

_COLOURS = {"proved": "green", "certified": "green", "tested": "yellow", "refuted": "red", "unknown": "magenta"}


@click.command("prove")
@click.argument("losses", nargs=-1, metavar="[LOSS]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per claim and line.")
@click.option("--recheck", is_flag=True, help="Re-check the stored evidence with a module that shares no engine.")
@click.option("--check", is_flag=True, help="Prove nothing; fail if stored verdicts are stale, missing or surplus.")
@click.option("--again", is_flag=True, help="Prove afresh what is stored and up to date.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=None, help="Processes at work; by default one per processor."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generated"),
    show_default="./generated",
    help="Output folder; verdicts go to proofs/ in it.",
)
def command(
    losses: tuple[str, ...], as_json: bool, recheck: bool, check: bool, again: bool, jobs: int | None, out: Path
) -> int:
    """Settle the claims of each LOSS (by default of the whole catalogue): proved, certified, tested, refuted, unknown.

    The name `atoms` stands for the facts about scalar functions and the rules of composition that proofs rest on.
    Every verdict is stored with evidence that --recheck checks without the engine that made it.
    """
    if check:
        if losses:
            raise click.UsageError("--check compares the whole catalogue and takes no LOSS")
        if not (out / "proofs").is_dir():
            click.echo(f"{out / 'proofs'} is not there: no verdict is stored")
            return 0
        faults = stale(resolve_all(()), out)
        for fault in faults:
            click.echo(f"error: {fault}", err=True)
        click.echo("every stored verdict is up to date" if not faults else "`symloss prove` brings them up to date")
        return 1 if faults else 0
    with_facts = not losses or store.FACTS in losses
    named = [loss for loss in losses if loss != store.FACTS]
    paths = resolve_all(named) if named or not losses else []
    jobs = jobs or min(8, os.cpu_count() or 1)
    if recheck:
        return _recheck(paths, with_facts, out, as_json, jobs)
    results = []
    for proved in _all(paths, with_facts, out, again, jobs):
        results.append(proved)
        _print_json(proved) if as_json else _print_table(proved)
    return _summary(results, as_json)


def _all(paths: list[Path], with_facts: bool, out: Path, again: bool, jobs: int) -> Iterator[Proved]:
    """The verdicts, in the order of the paths, then the facts; what is not stored comes from several processes."""
    stored = {path.stem: None if again else known(path, out) for path in paths}
    calls: list[tuple[Any, ...]] = [(prove_file, path, out, True) for path in paths if stored[path.stem] is None]
    if with_facts:
        stored[store.FACTS] = None if again else known_facts(out)
        if stored[store.FACTS] is None:
            calls.insert(0, (prove_facts, out, True))
    fresh = _in_parallel(calls, jobs, "proving")
    yield from (found or fresh[loss] for loss, found in stored.items())


def _called(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def _in_parallel(calls: list[tuple[Any, ...]], jobs: int, what: str) -> dict[str, Any]:
    """Results of calls by loss, from as many processes as there are jobs, with a bar on the terminal."""
    if len(calls) <= 1 or jobs == 1:
        results = [_called(*call) for call in calls]
        return {result.loss: result for result in results}
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from symloss.build.builder import in_processes

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    done = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=len(calls))
        for result in in_processes(_called, calls, jobs):
            done[result.loss] = result
            progress.advance(task)
    return done


def _print_json(proved: Proved) -> None:
    for entry, seconds in zip(proved.claims, proved.seconds, strict=True):
        shown = {key: entry[key] for key in ("claim", "expect", "status", "scope", "engine", "summary")}
        click.echo(json.dumps({"loss": proved.loss, **shown, "seconds": round(seconds, 3)}, ensure_ascii=False))


def _print_table(proved: Proved) -> None:
    from rich.console import Console

    console = Console()
    if not proved.claims:
        console.print(f"{proved.loss}: no claims", markup=False, highlight=False)
        return
    console.print(_table(proved, console.is_terminal))


def _table(proved: Proved, terminal: bool) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=proved.loss, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, expand=terminal)
    for name in ("claim", "verdict", "for", "by", "evidence"):
        table.add_column(name, overflow="fold")
    for entry in proved.claims:
        style = "bold red" if contradicted(entry) else "green" if decided(entry) else _COLOURS[entry["status"]]
        word = entry["status"] + (" (as expected)" if entry["expect"] == "refuted" and decided(entry) else "")
        table.add_row(
            Text(_without_note(entry["claim"])),
            Text(word, style=style),
            Text(scope_text(entry["scope"])),
            Text(entry["engine"]),
            Text(entry["summary"]),
        )
    return table


def _without_note(claim: str) -> str:
    return "; ".join(part for part in claim.split("; ") if not part.startswith(("note: ", "expect: ")))


def _summary(results: list[Proved], as_json: bool) -> int:
    entries = [entry for proved in results for entry in proved.claims]
    wrong = [(proved.loss, entry) for proved in results for entry in proved.claims if contradicted(entry)]
    for loss, entry in wrong:
        click.echo(f"error: {loss}: {entry['claim']}: {entry['status']} ({entry['summary']})", err=True)
    if not as_json and entries:
        counts = Counter(entry["status"] for entry in entries)
        words = ", ".join(f"{counts[word]} {word}" for word in _COLOURS if counts[word])
        settled = sum(map(decided, entries))
        click.echo(f"{settled} of {len(entries)} claims settled as expected: {words}")
    return 1 if wrong else 0


def _recheck(paths: list[Path], with_facts: bool, out: Path, as_json: bool, jobs: int) -> int:
    """Re-check stored evidence: a line per claim that is not "ok", and counts."""
    from symloss.proof.recheck import WORDS, recheck_facts, recheck_file

    calls: list[tuple[Any, ...]] = [(recheck_file, path, out) for path in paths]
    calls += [(recheck_facts, out)] if with_facts else []
    found = _in_parallel(calls, jobs, "re-checking")
    counts: Counter[str] = Counter()
    faults = 0
    for loss in (*(path.stem for path in paths), *([store.FACTS] if with_facts else [])):
        for entry, outcome in zip(found[loss].claims, found[loss].outcomes, strict=True):
            faults += outcome.word == "wrong"
            decisive = entry["status"] in ("proved", "certified", "refuted")
            counts[outcome.word if decisive or outcome.word == "wrong" else "without proof"] += 1
            if as_json:
                said = {"status": entry["status"], "recheck": outcome.word, "reason": outcome.reason}
                click.echo(json.dumps({"loss": loss, "claim": entry["claim"], **said}, ensure_ascii=False))
            elif outcome.word != "ok" and (decisive or outcome.word == "wrong"):
                colour = "red" if outcome.word == "wrong" else "yellow"
                text = f"{loss}: {_without_note(entry['claim'])} ({entry['status']}): {outcome.reason}"
                click.echo(f"{click.style(outcome.word, fg=colour)}: {text}")
    if not as_json:
        click.echo(", ".join(f"{counts[word]} {word}" for word in (*WORDS, "without proof")))
    return 1 if faults else 0
