"""The catalogue's losses with their derivations, each derived once."""

from functools import cache
from pathlib import Path

import symloss
from symloss.calculus import derive
from symloss.language import SpecLibrary

LIBRARY = SpecLibrary([Path(__file__).parents[2] / "specs"])
NAMES = LIBRARY.names()


@cache
def spec_of(name):
    return LIBRARY.load(name, claims=False)


@cache
def derivation_of(name):
    spec = spec_of(name)
    return derive(spec.program, spec.differentiate)


def loss_of(name):
    return symloss.load(name)


def report(errors):
    """The worst error of each output, in a line each."""
    worst = {}
    for error in sorted(errors, key=lambda e: e.ratio):
        worst[error.entry, error.dtype, error.key] = error
    return "\n".join(
        f"{e.entry} {e.dtype} {e.key}{list(e.index)} is {e.found!r}, not {e.exact}: {e.ulps:.3g} ulp, "
        f"{e.ratio:.3g} of the bound, at {e.instance}"
        for e in worst.values()
    )
