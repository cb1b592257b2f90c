"""Random specifications, compiled to kernels that run as plain Python, against the interpreter of their programs.

    python -m tests.kernels.random_specs FIRST LAST
    python -m tests.kernels.random_specs PATH…

Prints a JSON object: which of these seeds, or of these files, agree, which specifications are refused and why, and
what is wrong with the rest. Plain NumPy raises where an index leaves an array, so a store past the end of one is found
as well; and what nobody has written to holds NaN.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

import tests.kernels.uncompiled  # noqa: F401
from symloss.build.comparison import Comparison
from symloss.build.compiler import compile_spec
from symloss.build.verification import Report, compare_with_oracle
from symloss.errors import SymlossError
from symloss.runtime.library import load_generated
from tests.kernels.random_writer import Writer


def fault(text: str) -> str | None:
    """What is wrong with the kernels of a specification; a `SymlossError` where it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.yaml"
        path.write_text(text, encoding="utf-8")
        compiled = compile_spec(path)
        module = Path(folder) / "random.py"
        module.write_text(compiled.texts["cpu"], encoding="utf-8")
        report = Report()
        # Conditions make many a norm 0, where SymPy's own derivative of the formula has not the declared slope.
        if "norm[" not in text:
            with suppress(ArithmeticError):
                compare_with_oracle(compiled.derivation, 2, report, ties=False)
        Comparison(compiled.derivation, load_generated(module), report).run()
        return None if report.passed else str(report.failure)


def examine(texts: dict[int | str, str]) -> dict[str, object]:
    """Every text, by the name that it is reported under."""
    agree, refused, faults = [], {}, {}
    for seed in texts:
        try:
            found = fault(texts[seed])
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
            print(seed, trace, texts[seed], sep="\n", file=sys.stderr, flush=True)
    return {"agree": agree, "refused": refused, "faults": faults}


if __name__ == "__main__":
    if sys.argv[1].isdigit():
        found = examine({seed: Writer(seed).text() for seed in range(*map(int, sys.argv[1:3]))})
    else:
        found = examine({path: Path(path).read_text(encoding="utf-8") for path in sys.argv[1:]})
    print(json.dumps(found))
