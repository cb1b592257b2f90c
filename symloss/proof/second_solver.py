"""cvc5 in a process of its own: neither its step limit nor its time limit ends every search, a signal does.

The limit is the process's own computing time, so that a busy machine changes no answer.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from functools import cache
from importlib import metadata
from importlib.util import find_spec

#: Seconds of computing for one question. Most answers that come at all take some hundredths, those about scaled boxes
#: one or two on a slow processor.
_LIMIT = 8

#: Each line of the input is a question; each line of the output its answer. The default action of the timer's signal
#: ends the process wherever it is, native code included.
_PROGRAM = f"""
import json, signal, sys
import cvc5

signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
for line in sys.stdin:
    signal.setitimer(signal.ITIMER_VIRTUAL, {_LIMIT})
    solver = cvc5.Solver(cvc5.TermManager())
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, json.loads(line), "question")
    symbols, said = parser.getSymbolManager(), ""
    try:
        while not (command := parser.nextCommand()).isNull():
            said = command.invoke(solver, symbols).strip() or said
    except RuntimeError as fault:
        said = f"error: {{fault}}"
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    print(json.dumps(said), flush=True)
"""


@cache
def version() -> str:
    """Name and version of the solver; "" where it is not installed."""
    return f"cvc5 {metadata.version('cvc5')}" if find_spec("cvc5") else ""


def answer(text: str) -> str:
    """What cvc5 says to an SMT-LIB script: ``sat``, ``unsat`` or ``unknown``.

    Raises:
        ValueError: the script is not well-formed.
    """
    if not version():
        return "unknown"
    process = _process()
    line = ""
    try:
        line = _asked(process, text)
    finally:
        # The timer has ended it, or a signal came while it was at work: its next line would answer this question.
        if not line:
            _end(process)
            _process.cache_clear()
    if not line:
        return "unknown"
    said = str(json.loads(line))
    if said.startswith("error: "):
        raise ValueError(said.removeprefix("error: "))
    return said if said in ("sat", "unsat") else "unknown"


def _asked(process: subprocess.Popen[str], text: str) -> str:
    """The line that a process answers; "" where it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(text) + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        return ""
    return process.stdout.readline()


@cache
def _process() -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
