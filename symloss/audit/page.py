"""A report as one HTML file that needs nothing beside it."""

from __future__ import annotations

import jinja2

from symloss.audit.regions import REGIONS
from symloss.audit.report import Report
from symloss.audit.text import cell_text, parts, rows, worst_lines
from symloss.emit.templates import template_folder


def html(report: Report) -> str:
    """The page; every text in it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_folder()),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = parts(report)
    table = [
        {
            "region": region,
            "meaning": REGIONS[region],
            "dtype": dtype,
            "cells": [
                {"text": cell_text(cells.get(part)), "good": part not in cells or cells[part].good} for part in shown
            ],
        }
        for region, dtype, cells in rows(report)
    ]
    return environment.get_template("audit.html.jinja").render(
        report=report, parts=shown, table=table, worst=list(worst_lines(report, 40))
    )
