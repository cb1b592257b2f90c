"""The build: every specification whose generated file is not up to date is compiled, written and verified."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symloss.build.manifest import (
    NAME,
    REQUIRED,
    Entry,
    exclusive,
    is_fresh,
    output_path,
    read_manifest,
    read_stub_hash,
    write_manifest,
)
from symloss.build.measured import is_project_output, record
from symloss.build.sources import catalogue, generator_hash, write_atomically
from symloss.build.stubs import write_stub
from symloss.errors import SpecError, SymlossError

if TYPE_CHECKING:
    from symloss.build.verification import Report

VERIFICATIONS = ("standard", "full", "none")


@dataclass(frozen=True)
class Result:
    """What became of one specification.

    Attributes:
        name: the loss.
        path: its specification.
        status: "fresh" (nothing to do), "built", or "failed" (not compiled, or not verified).
        derived: what was derived and emitted, "value, gradient, …".
        entry: what the manifest records; None where it was not compiled.
        report: the verification; None where there was none.
        seconds: the time it took.
        error: why it could not be compiled.
    """

    name: str
    path: Path
    status: str
    derived: tuple[str, ...] = ()
    entry: Entry | None = None
    report: Report | None = None
    seconds: float = 0.0
    error: SymlossError | None = None


def build(
    specs: Sequence[Path],
    out: Path,
    jobs: int = 2,
    verify: str = "standard",
    progress: Callable[[Result], None] = lambda result: None,
    begin: Callable[[int], None] = lambda due: None,
    again: bool = False,
) -> list[Result]:
    """Bring the generated files of ``specs`` under ``out`` up to date.

    Args:
        specs: paths of specifications.
        out: the output folder; kernels go to ``out/cpu`` and to a folder per further back end, what they were made
            from to ``out/manifest.json``.
        jobs: how many processes may work; with one, or for one specification, this process does.
        verify: "standard" (oracle at one size, each entry point and dtype once), "full" (more sizes and options) or
            "none".
        progress: called with each result, in the order in which they come.
        begin: called once, before the first is compiled, with the number that has to be; not called if there is none.
        again: whether to build what is up to date as well.

    Returns:
        One result per specification, in the order given. A file is replaced as a whole or not at all; a specification
        that fails does not stop the others, and is tried again by the next build.
    """
    if verify not in VERIFICATIONS:
        raise SymlossError(f"verify is one of {', '.join(VERIFICATIONS)}; it was {verify!r}")
    entries = read_manifest(out)
    generator = generator_hash()
    results: dict[Path, Result] = {}
    due: list[Path] = []
    for path in specs:
        # The name in a file is its stem for the catalogue; for others the compiler finds out.
        name = path.stem
        if not again and is_fresh(entries.get(name), path, out, name, generator):
            results[path] = Result(name, path, "fresh", entry=entries[name])
            progress(results[path])
        else:
            due.append(path)
    if due:
        begin(len(due))
    changed: dict[str, Entry | None] = {}
    complete = False
    try:
        for result in _compiled(due, out, jobs, verify):
            results[result.path] = result
            if result.status == "built" and result.entry is not None:
                changed[result.name] = result.entry
            elif not isinstance(result.error, SpecError):
                # A specification with a fault leaves everything as it was; its entry is stale by its source.
                changed[result.name] = None
            progress(result)
        complete = True
    finally:
        with exclusive(out):
            _enter(changed, out, complete)
            record(results.values(), out)
    return [results[path] for path in specs]


def _enter(changed: Mapping[str, Entry | None], out: Path, complete: bool) -> None:
    """Enter what became of the losses in the manifest, which another build may have written in the meantime.

    Args:
        changed: the entry of each loss that was built; None for one that has none any more.
        out: the output folder.
        complete: whether the build came to its end.
    """
    entries, stub = read_manifest(out), read_stub_hash(out)
    entries |= {name: entry for name, entry in changed.items() if entry is not None}
    for name in (name for name, entry in changed.items() if entry is None):
        entries.pop(name, None)
    try:
        if complete and is_project_output(out):
            _drop_strays(entries, out)
            stub = write_stub(entries, out, stub)
    finally:
        if entries or (out / NAME).is_file():
            write_manifest(out, entries, stub)


def build_one(path: Path, out: Path, verify: str) -> Result:
    """Compile, write and verify one specification; whatever goes wrong with it stays with it."""
    started = time.perf_counter()
    try:
        return _built(path, out, verify, started)
    except SymlossError as error:
        return Result(path.stem, path, "failed", seconds=time.perf_counter() - started, error=error)
    except Exception as error:
        if os.environ.get("SYMLOSS_TRACEBACK"):
            raise
        defect = SymlossError(f"{path}: defect of symloss: {type(error).__name__}: {error}")
        return Result(path.stem, path, "failed", seconds=time.perf_counter() - started, error=defect)


def _built(path: Path, out: Path, verify: str, started: float) -> Result:
    from symloss.build.compiler import compile_spec

    compiled = compile_spec(path)
    name = compiled.spec.name
    for back_end, text in compiled.texts.items():
        write_atomically(output_path(out, name, back_end), text)
    for back_end in compiled.entry.without:
        output_path(out, name, back_end).unlink(missing_ok=True)
    target = output_path(out, name)
    report = None
    if verify != "none":
        from symloss.build.verification import verify as run_verification

        report = run_verification(compiled.derivation, target, full=verify == "full")
    return Result(
        name=name,
        path=path,
        status="built" if report is None or report.passed else "failed",
        derived=tuple(compiled.entry.statements),
        entry=compiled.entry,
        report=report,
        seconds=time.perf_counter() - started,
    )


def _compiled(due: Sequence[Path], out: Path, jobs: int, verify: str) -> Iterator[Result]:
    if len(due) <= 1 or jobs <= 1:
        for path in due:
            yield build_one(path, out, verify)
        return
    yield from in_processes(build_one, [(path, out, verify) for path in due], jobs)


def in_processes(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], jobs: int) -> Iterator[Any]:
    """The outcomes of calls in fresh processes, as they come; an interruption ends the processes at once."""
    executor = ProcessPoolExecutor(min(jobs, len(calls)), mp_context=get_context("spawn"), initializer=_serve)
    pending: set[Future[Any]] = set()
    try:
        pending = {executor.submit(function, *arguments) for arguments in calls}
        for future in as_completed(pending):
            yield future.result()
    finally:
        # After Ctrl-C what runs would go on for seconds; writes are atomic, so it may be ended. Where nothing runs the
        # executor's thread is waited for, which else may close a pipe that the end of the process still writes to.
        done = all(future.done() for future in pending)
        executor.shutdown(wait=done, cancel_futures=True)
        if not done:
            for process in active_children():
                process.terminate()


def _serve() -> None:
    """Begin a worker: the main process alone answers Ctrl-C, and whatever kills it ends its workers as well."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        # Nothing is left to report to; what a worker writes is renamed into place, so it may end anywhere.
        os._exit(1)


def _drop_strays(entries: dict[str, Entry], out: Path) -> None:
    """In the project's own generated folder, remove what was made from specifications that are gone."""
    for name in sorted(set(entries) - set(catalogue())):
        entry = entries.pop(name)
        for back_end in (REQUIRED, *entry.further):
            output_path(out, name, back_end).unlink(missing_ok=True)
