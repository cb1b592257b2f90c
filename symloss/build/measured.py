"""``docs/measured/verification.json``: the largest errors that verification measured; nothing is compared with it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from symloss.build.sources import catalogue, data_folder, write_atomically

if TYPE_CHECKING:
    from symloss.build.builder import Result


def is_project_output(out: Path) -> bool:
    """Whether a folder is the generated folder of a checkout; an installed package is never written to."""
    generated = data_folder("generated")
    return out.resolve() == generated.resolve() and generated.parent.name != "_data"


def record(results: Iterable[Result], out: Path) -> None:
    """Enter what was measured for the catalogue's losses; other entries stay, those of losses that are gone do not."""
    if not is_project_output(out):
        return
    path = out.resolve().parent / "docs" / "measured" / "verification.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    shipped = catalogue()
    measured = {name: entry for name, entry in known.items() if name in shipped}
    for result in results:
        if result.report is not None and result.report.passed and result.name in shipped:
            ulps = {entry: round(value, 2) for entry, value in sorted(result.report.ulps.items())}
            measured[result.name] = {"points": result.report.points, "ulps": ulps}
    if measured and measured != known:
        write_atomically(path, json.dumps(measured, indent=1, sort_keys=True) + "\n")
