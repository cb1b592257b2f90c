"""From YAML text to a checked `Spec` with its textbook `Program`, and the claim language.

Nothing that a specification holds is ever evaluated as Python; every fault is a
`symloss.errors.SpecError` with a place.
"""

from __future__ import annotations

from pathlib import Path

from symloss.language.claims import PROPERTIES, Claim, ClaimExpression, ClaimInterval, LimitPoint
from symloss.language.domains import domain_text, parse_domain
from symloss.language.library import SpecLibrary
from symloss.language.parsing import parse
from symloss.language.schema import json_schema
from symloss.language.spec import Accuracy, Reference, Spec

__all__ = [
    "PROPERTIES",
    "Accuracy",
    "Claim",
    "ClaimExpression",
    "ClaimInterval",
    "LimitPoint",
    "Reference",
    "Spec",
    "SpecLibrary",
    "domain_text",
    "json_schema",
    "parse_domain",
    "parse_spec",
    "read_spec",
]


def read_spec(path: Path, library: SpecLibrary | None = None) -> Spec:
    """The specification in a file.

    Args:
        path: the YAML file.
        library: where the losses that it calls are found; files beside it are found too.

    Raises:
        SpecError: the file is missing or faulty; the message has file, line and column.
    """
    return (library or SpecLibrary()).read(path)


def parse_spec(text: str, file: str = "<spec>", library: SpecLibrary | None = None) -> Spec:
    """The specification in a text.

    Args:
        text: YAML.
        file: how messages name it.
        library: where the losses that it calls are found.

    Raises:
        SpecError: at the first fault.
    """
    return parse(text, file, library or SpecLibrary())
