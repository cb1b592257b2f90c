"""What is measured and what is compared with it: a case, a function of another library, a candidate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

#: The entry points that are measured.
ENTRIES = ("value_and_grad", "grad_hess_diag")


@dataclass(frozen=True)
class Case:
    """One cell of the table.

    Attributes:
        loss: a shipped loss by name, or the path of a specification.
        sizes: length of each axis.
        dtype: of the real inputs.
        entry: the entry point of ours that is measured, one of `ENTRIES`.
        without: libraries that are left out, each with the reason.
    """

    loss: str
    sizes: Mapping[str, int]
    dtype: str = "float32"
    entry: str = "value_and_grad"
    without: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The sizes in short: ``1e6``, ``8192×1000``."""
        sizes = list(self.sizes.values())
        return _short(sizes[0]) if len(sizes) == 1 else "×".join(map(str, sizes))

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def _short(size: int) -> str:
    digits = str(size)
    power = size >= 1000 and digits == "1" + "0" * (len(digits) - 1)
    return f"1e{len(digits) - 1}" if power else digits


@dataclass(frozen=True)
class Peer:
    """A function of another library that computes a loss of ours.

    Attributes:
        loss: the name of our loss.
        name: what its users call; "expression" where they have to write it themselves.
        call: for torch and JAX the mean over the batch as a function of our inputs in declared order (without optional
            ones) and of our parameters by name; for scikit-learn a function of the same that makes the loss object.
        factor: our value is this multiple of theirs.
        hessian: whether its second derivatives are the same as ours (and not stand-ins that are never 0).
        value_alone: the mean value by the library's call for the value alone, a function of inputs and parameters,
            where that is another computation than the value beside the gradient.
    """

    loss: str
    name: str
    call: Callable[..., Any]
    factor: float = 1.0
    hessian: bool = True
    value_alone: Callable[..., float] | None = None


@dataclass(frozen=True)
class Candidate:
    """One way to the results of a case.

    Attributes:
        run: what is timed.
        results: value, then the arrays that the entry point fills, in our conventions.
    """

    run: Callable[[], Any]
    results: Callable[[], tuple[float, Sequence[Any]]]


@dataclass
class Outcome:
    """What one case gave, as it goes into JSON.

    Attributes:
        elements: entries of the predictions.
        bytes: what must be moved at least, every input read and every result written once.
        seconds: per candidate the median of the rounds and the quartiles.
        ratios: per peer and limit its time in ours, per round: median and quartiles.
        agreement: per peer how far its results are from ours, relative.
        functions: per library the function that was called.
        skipped: per library why it is missing.
    """

    case: Case
    threads: int
    elements: int
    bytes: int = 0
    rounds: int = 0
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    ratios: dict[str, dict[str, float]] = field(default_factory=dict)
    agreement: dict[str, dict[str, float]] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"case": self.case.data() | {"label": self.case.label}}
