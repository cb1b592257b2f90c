"""Measure the errors of every kernel and write docs/measured/accuracy.json.

    python benchmarks/accuracy.py [--count N] [LOSS …]

For each loss, entry point, output and dtype: the accuracy class, the largest error in ulps, and the largest quotient of
an error and the bound of its class, over N adversarial inputs per dtype.
"""

import argparse
import json
from pathlib import Path

import symloss
from symloss.accuracy import accuracy_record, measure, measure_specials
from symloss.calculus import derive
from symloss.language import SpecLibrary

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "measured" / "accuracy.json"


def measured(spec, count):
    derivation = derive(spec.program, spec.differentiate)
    record = accuracy_record(spec, derivation)
    loss = symloss.load(spec.name)
    found = measure(derivation, loss, count)
    specials = measure_specials(derivation, loss)
    entries = {}
    for (entry, dtype, key), ulps in sorted(found.ulps.items()):
        worst = {"ulps": _short(ulps), "of_bound": _short(found.ratios[entry, dtype, key])}
        entries.setdefault(entry, {"class": record[entry]["class"]}).setdefault(dtype, {})[key] = worst
    return {
        "entries": entries,
        "compared": found.compared + specials.compared,
        "beyond_bound": len(found.errors) + len(specials.errors),
        "outside_range": found.outside,
        "indeterminate_at_infinity": specials.indeterminate,
        "unclaimed": found.unclaimed + specials.unclaimed,
    }


def _short(value):
    return float(f"{value:.3g}") if value < float("inf") else "inf"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=48, help="inputs per dtype")
    parser.add_argument("losses", nargs="*")
    options = parser.parse_args()
    library = SpecLibrary([ROOT / "specs"])
    try:
        results = json.loads(RESULT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        results = {}
    for name in options.losses or library.names():
        results[name] = measured(library.load(name, claims=False), options.count)
        worst = max(
            (
                w["of_bound"]
                for e in results[name]["entries"].values()
                for d in e.values()
                if isinstance(d, dict)
                for w in d.values()
            ),
            key=float,
        )
        print(f"{name}: {results[name]['compared']} numbers, at most {worst} of the bound", flush=True)
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
