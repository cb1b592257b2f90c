"""Random specifications, compiled to kernels that run as plain Python, against the interpreter of their programs.

    python -m tests.kernels.random_specs FIRST LAST

Prints a JSON object: which of these seeds agree, which specifications are refused and why, and what is wrong with the
rest. Plain NumPy raises where an index leaves an array, so a store past the end of one is found as well.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"

from symloss.build.comparison import Comparison
from symloss.build.compiler import compile_spec
from symloss.build.verification import Report, compare_with_oracle
from symloss.errors import SymlossError
from symloss.runtime.library import load_generated
from tests.kernels.random_writer import Writer


def fault(seed: int) -> str | None:
    """What is wrong with the kernels of one specification; a `SymlossError` where it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.yaml"
        path.write_text(Writer(seed).text(), encoding="utf-8")
        compiled = compile_spec(path)
        module = Path(folder) / f"random_{seed}.py"
        module.write_text(compiled.texts["cpu"], encoding="utf-8")
        report = Report()
        # Where the formula has no derivative, as a norm that is 0, SymPy's own says nothing of the declared one.
        with suppress(ArithmeticError):
            compare_with_oracle(compiled.derivation, 2, report, ties=False)
        Comparison(compiled.derivation, load_generated(module), report).run()
        return None if report.passed else str(report.failure)


def examine(first: int, last: int) -> dict[str, object]:
    """Every seed from ``first`` to before ``last``."""
    agree, refused, faults = [], {}, {}
    for seed in range(first, last):
        try:
            found = fault(seed)
        except SymlossError as error:
            refused[seed] = str(error)
        except Exception as error:  # whatever a kernel raises is a finding
            faults[seed] = f"{type(error).__name__}: {error}"
            trace = traceback.format_exc()
        else:
            if found is None:
                agree.append(seed)
            else:
                faults[seed] = trace = found
        if seed in faults:
            print(seed, trace, Writer(seed).text(), sep="\n", file=sys.stderr, flush=True)
    return {"agree": agree, "refused": refused, "faults": faults}


if __name__ == "__main__":
    print(json.dumps(examine(*map(int, sys.argv[1:3]))))
