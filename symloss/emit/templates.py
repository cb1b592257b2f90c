"""Find and render the Jinja templates, which hold the skeletons of files and no logic."""

from __future__ import annotations

import textwrap
from functools import cache, partial
from pathlib import Path
from typing import Any

import jinja2


def template_folder() -> Path:
    """The folder of the templates: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "_data" / "templates"
    return shipped if shipped.is_dir() else package.parent / "templates"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_folder()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["docstring"] = docstring
    environment.filters["folded"] = folded
    return environment


def docstring(text: str) -> str:
    """Text from a specification made inert inside a Python docstring: no escape sequence, no closing quotes."""
    return str(text).replace("\\", "\\\\").replace('"', "'").replace("\r", " ").strip()


def folded(text: str, width: int = 108) -> str:
    """Text with its long lines broken at spaces; what continues a line is indented."""
    lines = str(text).split("\n")
    wrap = partial(textwrap.wrap, width=width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(piece for line in lines for piece in (wrap(line) if len(line) > width else [line]))


def render(template: str, **context: Any) -> str:
    """The text of a template filled with a context; a missing name is an error."""
    return _environment().get_template(template).render(**context)
