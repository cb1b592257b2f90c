"""A report as lines: the same table for the terminal, for assertion messages and for HTML."""

from __future__ import annotations

from collections.abc import Iterator

from symloss.audit.report import PARTS, Cell, Report, fault_text

#: How a kind of fault is named in a cell.
WORDS = {"raised": "raises", "nan": "NaN", "inf": "inf", "sign": "wrong sign", "error": "inaccurate"}


def rows(report: Report) -> list[tuple[str, str, dict[str, Cell]]]:
    """Region, dtype and the cells by part."""
    found: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in report.cells:
        found.setdefault((cell.region, cell.dtype), {})[cell.part] = cell
    return [(region, dtype, cells) for (region, dtype), cells in found.items()]


def parts(report: Report) -> list[str]:
    """The parts that were compared."""
    present = {cell.part for cell in report.cells}
    return [part for part in PARTS if part in present]


def cell_text(cell: Cell | None) -> str:
    """The largest error in ulps, and what is wrong."""
    if cell is None:
        return ""
    if cell.good:
        return ulps_text(cell.ulps)
    faults = ", ".join(f"{WORDS[kind]} {count}/{cell.compared}" for kind, count in cell.counts.items())
    return f"{ulps_text(cell.ulps)} ({faults})" if cell.ulps < float("inf") and cell.ulps else faults


def ulps_text(value: float) -> str:
    """An error in ulps in few characters."""
    if value == float("inf"):
        return "∞"
    return f"{value:.1f}" if value < 1000 else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")


def worst_lines(report: Report, most: int = 8) -> Iterator[str]:
    """The worst point of each faulty cell, the plainest regions first; of both dtypes the first."""
    seen: set[tuple[str, str]] = set()
    for cell in report.cells:
        if cell.worst is not None and (cell.region, cell.part) not in seen and len(seen) < most:
            seen.add((cell.region, cell.part))
            yield f"{cell.region}, {cell.dtype}: {fault_text(cell.worst)}"


def plain_text(report: Report) -> str:
    """Everything as plain text."""
    lines = [f"{report.target} against {report.loss}: {report.summary()}"]
    shown = parts(report)
    table = [("region", "dtype", *shown)]
    table += [(region, dtype, *(cell_text(cells.get(part)) for part in shown)) for region, dtype, cells in rows(report)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines += ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines += list(worst_lines(report)) + report.notes + [f"verdict: {report.sentence()}"]
    return "\n".join(lines)
