"""What a call on 1 000 elements costs over an empty Numba function of as many arrays, for every element-wise loss."""

import argparse
import sys

import numba
import numpy as np
from cases import CASES, inputs, predictions
from measuring import figure, least, show

import symloss

ELEMENTS = 1000
LIMIT = 10


@numba.njit
def _empty1(a):
    return 0.0


@numba.njit
def _empty2(a, b):
    return 0.0


@numba.njit
def _empty3(a, b, c):
    return 0.0


EMPTY = {1: _empty1, 2: _empty2, 3: _empty3}


def element_wise(loss):
    """Whether a sample is one number."""
    axes, inputs_ = loss.meta["axes"].values(), loss.meta["inputs"]
    return all(axis["kind"] == "batch" for axis in axes) and all(len(item["axes"]) <= 1 for item in inputs_)


def microseconds(loss, arrays):
    """By call the microseconds over those of an empty function."""
    room = tuple(np.empty_like(array) for array in predictions(loss, arrays))
    out, empty = room[0] if len(room) == 1 else room, EMPTY[len(arrays)]
    found = least(
        {
            "empty": lambda: empty(*arrays),
            "value": lambda: loss(*arrays),
            "value_and_grad": lambda: loss.value_and_grad(*arrays),
            "value_and_grad_out": lambda: loss.value_and_grad(*arrays, out=out),
        }
    )
    base = found.pop("empty")
    return {call: round((seconds - base) * 1e6, 2) for call, seconds in found.items()}


def main(arguments=()):
    """Measure and print; returns the figures and those of each loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("losses", nargs="*", default=list(CASES), metavar="LOSS")
    chosen = parser.parse_args(arguments)
    losses = {}
    for name in chosen.losses:
        loss = symloss.load(name)
        if element_wise(loss):
            losses[name] = microseconds(loss, inputs(name, ELEMENTS))
            print(f"    {name:<28} " + ", ".join(f"{call} {cost:.1f} µs" for call, cost in losses[name].items()))
    if not losses:
        raise SystemExit("none of these losses is element-wise")
    figures = {}
    for call in ("value", "value_and_grad"):
        worst = max(losses, key=lambda name: losses[name][call])
        figures[f"{call} on {ELEMENTS} elements, over an empty Numba call"] = figure(
            losses[worst][call], "µs", LIMIT, loss=worst
        )
    show("small calls", figures)
    return {"figures": figures, "losses": losses}


if __name__ == "__main__":
    main(sys.argv[1:])
