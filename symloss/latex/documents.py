"""Templates filled in: the page of a loss, the book that holds the pages, and the preamble of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import symloss
from symloss.latex.escape import escape
from symloss.latex.page import page_content
from symloss.runtime.locations import data_folder


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # LaTeX is full of braces and percent signs, so the templates use << >> and <% %>.
    environment = Environment(
        loader=FileSystemLoader(data_folder("templates")),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,
    )
    environment.filters["escape"] = escape
    return environment


def page(
    spec: Any,
    derivation: Any,
    accuracy: Mapping[str, Any] = MappingProxyType({}),
    verdicts: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> str:
    """The LaTeX page of one loss; it compiles alone, beside ``preamble.tex``, and as a part of the book.

    Args:
        spec: the specification.
        derivation: its derivation.
        accuracy: by entry point its accuracy class and the reason, ``{"class", "reason"}``.
        verdicts: by the text of a claim what is known about it, ``{"verdict", "scope", "engine", "summary"}``.
    """
    return _environment().get_template("page.tex.jinja").render(page_content(spec, derivation, accuracy, verdicts))


def preamble() -> str:
    """What pages and book need: packages and a few commands."""
    return _environment().get_template("preamble.tex.jinja").render()


def book(families: Mapping[str, Sequence[str]]) -> str:
    """A book of pages.

    Args:
        families: by family the names of its losses; each family is a chapter.
    """
    chapters = [{"title": _chapter(family), "names": names} for family, names in families.items()]
    version = escape(symloss.__version__)
    return _environment().get_template("book.tex.jinja").render(families=chapters, version=version)


def _chapter(family: str) -> str:
    """The folder's name as a heading; three letters are an abbreviation."""
    words = family.replace("_", " ")
    return words.upper() if len(words) <= 3 else words.capitalize()
