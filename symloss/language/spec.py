"""The record of a checked specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from symloss.language.claims import Claim
from symloss.language.inlining import needed_statements
from symloss.program import Axis, Program, Tensor


@dataclass(frozen=True)
class Reference:
    """Where a loss comes from; ``text`` alone where the author wrote one line."""

    title: str = ""
    authors: str = ""
    year: str = ""
    venue: str = ""
    url: str = ""
    doi: str = ""
    arxiv: str = ""
    note: str = ""
    text: str = ""

    def __str__(self) -> str:
        if self.text:
            return self.text
        year = f"({self.year})" if self.year else ""
        parts = [" ".join(part for part in (self.authors, year) if part), self.title, self.venue]
        link = f"doi:{self.doi}" if self.doi else f"arXiv:{self.arxiv}" if self.arxiv else self.url
        return ". ".join(part for part in (*parts, link, self.note) if part)


@dataclass(frozen=True)
class Accuracy:
    """An accuracy class that the author states instead of the derived one, with the reason."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Spec:
    """One specification, checked, with its textbook program.

    Attributes:
        name: the name of the loss.
        title: one line for people.
        family: the folder that the file lies in.
        axes: the declared axes, in order.
        inputs: the declared inputs, in order.
        parameters: scalars of role "parameter".
        terms: each term of the loss and the target of the program that holds it; one term is called "value".
        references: where the loss comes from.
        claims: what is claimed about it.
        differentiate: inputs and parameters, besides the predictions, whose derivatives are emitted.
        doc: free text.
        program: the formula as written, not made stable.
        formula: the steps and the value as written, one a line.
        hash: SHA-256 of the normalised file and of the specifications that it uses.
        source: the file's text.
        path: the file, or None.
        uses: the losses that the formula calls.
        accuracy: the author's accuracy class, if stated.
        elsewhere: for other libraries how their loss relates to this one.
    """

    name: str
    title: str
    family: str
    axes: tuple[Axis, ...]
    inputs: tuple[Tensor, ...]
    parameters: tuple[Tensor, ...]
    terms: Mapping[str, str]
    references: tuple[Reference, ...]
    claims: tuple[Claim, ...]
    differentiate: tuple[str, ...]
    doc: str
    program: Program
    formula: str
    hash: str
    source: str = field(repr=False)
    path: Path | None = None
    uses: tuple[str, ...] = ()
    accuracy: Accuracy | None = None
    constraints: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def predictions(self) -> tuple[Tensor, ...]:
        """The inputs of role prediction, in order."""
        return tuple(tensor for tensor in self.inputs if tensor.role == "prediction")

    def tensor(self, name: str) -> Tensor:
        """An input or a parameter by name."""
        return self.program.tensors[name]

    def inputs_of(self, term: str) -> set[str]:
        """The inputs and parameters that one term reads."""
        wanted = needed_statements(self.program.statements, (self.terms[term],))
        return {name for name in wanted if name in self.program.tensors}


def frozen_mapping(mapping: Mapping[str, str]) -> Mapping[str, str]:
    """A read-only copy."""
    return MappingProxyType(dict(mapping))
