"""``symloss build``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symloss.build.builder import VERIFICATIONS, Result, build
from symloss.cli.arguments import resolve_all

if TYPE_CHECKING:
    from rich.progress import Progress


@click.command("build")
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generated"),
    show_default="./generated",
    help="Output folder.",
)
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Write nothing; fail if any generated file is stale, missing or surplus.",
)
@click.option(
    "--verify",
    type=click.Choice(VERIFICATIONS),
    default="standard",
    show_default=True,
    help="How much of what was built is verified.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=None,
    help="Processes at work; by default one per processor, at most 8.",
)
@click.option("--again", is_flag=True, help="Build and verify what is up to date as well.")
@click.option("-v", "--verbose", is_flag=True, help="Say what was rewritten into a stable form.")
def command(
    specs: tuple[str, ...], out: Path, only_check: bool, verify: str, jobs: int | None, again: bool, verbose: bool
) -> int:
    """Compile specifications to verified kernels: the whole catalogue, or each SPEC (a name or a path).

    Only what changed is compiled: a specification, one that it uses, or the compiler itself.
    """
    jobs = jobs or min(8, _processors())
    if only_check:
        if specs:
            raise click.UsageError("--check compares the whole catalogue and takes no SPEC")
        return _check(out, jobs)
    paths = resolve_all(specs)
    if not paths:
        raise click.UsageError("there is no specification to build")
    return _build(paths, out, verify, jobs, again, verbose)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Display:
    """One line per loss that was built, above a progress bar where there is a terminal; rich only once it is needed."""

    def __init__(self, verbose: bool) -> None:
        self.verbose = verbose
        self.progress: Progress | None = None

    def begin(self, due: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("building"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=Console(), transient=True)
        self.task = self.progress.add_task("building", total=due)
        if self.progress.console.is_terminal:
            self.progress.start()

    def show(self, result: Result) -> None:
        if self.progress is None or result.status == "fresh":
            return
        for line in _lines(result, self.verbose):
            self.progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self.progress.advance(self.task)

    def close(self) -> None:
        if self.progress is not None and self.progress.console.is_terminal:
            self.progress.stop()


def _build(paths: list[Path], out: Path, verify: str, jobs: int, again: bool, verbose: bool) -> int:
    display = _Display(verbose)
    try:
        results = build(paths, out, jobs, verify, display.show, display.begin, again)
    finally:
        display.close()
    fresh = sum(result.status == "fresh" for result in results)
    built = sum(result.status == "built" for result in results)
    bad_input = [result for result in results if result.error is not None]
    unverified = [result for result in results if result.status == "failed" and result.error is None]
    for result in bad_input:
        click.echo(f"error: {result.error}", err=True)
    for result in unverified:
        click.echo(f"error: {result.name} was not verified: {result.report.failure if result.report else ''}", err=True)
    parts = [f"{built} built" if built else "", f"{fresh} up to date" if fresh else ""]
    parts += [f"{len(bad_input) + len(unverified)} failed"] if bad_input or unverified else []
    click.echo(f"{', '.join(part for part in parts if part)} in {out}")
    return 2 if bad_input else 1 if unverified else 0


def _lines(result: Result, verbose: bool) -> list[str]:
    if result.error is not None:
        return [f"{result.name:<28} failed"]
    mark = (
        "verified"
        if result.report is not None and result.report.passed
        else "NOT verified"
        if result.report
        else "unverified"
    )
    ulps = f"{result.report.largest_ulps:.2f} ulp" if result.report is not None else ""
    derived = ", ".join(part for part in result.derived if part != "value")
    lines = [f"{result.name:<28} {derived:<56} {mark:<12} {ulps:>10} {result.seconds:6.1f} s"]
    if verbose and result.entry is not None:
        lines += [f"    {rewrite}" for rewrite in result.entry.rewrites]
    return lines


def _check(out: Path, jobs: int) -> int:
    from symloss.build.checking import check

    faults = check(out, jobs)
    for fault in faults:
        click.echo(f"error: {fault}", err=True)
    if faults:
        click.echo(f"{len(faults)} of the generated files are not what the sources give; run `symloss build`", err=True)
        return 1
    click.echo(f"everything in {out} is what the sources give")
    return 0
