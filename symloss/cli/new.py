"""``symloss new``."""

from __future__ import annotations

from pathlib import Path

import click

from symloss.build.sources import write_atomically
from symloss.errors import SymlossError

TEMPLATE = """\
# A loss function for symloss: the formula is written once, here; derivatives, kernels and the page follow from it.
#   symloss build {name}.yaml     compiles and verifies it        symloss derive {name}.yaml    shows the derivation
#   symloss plot {name}.yaml      draws it                        symloss schema                lets an editor check it
symloss: 1                      # the version of the language
name: {name}
title: {title}

# Every axis that the formula runs over, and its kind. The batch axis is the one over which mean and sum reduce; others
# (class, feature, pixel, item …) belong to one sample. A second index over axis k is declared as `j: like k`.
axes: {{n: batch}}

# Arrays in the order in which they are passed. Role: prediction (gets a gradient), target or coefficient.
# Domain: real, positive, nonnegative, "[0, 1]", "(0, 1)", "index(k)", "simplex(k)", "{{-1, 1}}", boolean.
inputs:
  pred: {{axes: [n], role: prediction, domain: real, doc: what the model says}}
  target: {{axes: [n], role: target, domain: real, doc: what was observed}}

# Numbers with a default and a domain.
parameters:
  scale: {{default: 1, domain: positive, doc: errors far below it count quadratically and far above it logarithmically}}

# Steps with names; each may use those above it. Index everything, as on paper.
define:
  - "e[n] = (pred[n] - target[n]) / scale"

# The loss of one sample. Reductions bind the axes in their brackets: sum[k](…), mean[d](…), logsumexp[j, j != i](…).
# Write the textbook formula; the compiler finds the numerically stable form (`symloss build -v` says what it did).
value: "scale**2 * log(1 + e[n]**2 / 2)"

# Statements about the loss, for the reader and the prover.
claims:
  - {{nonnegative: value}}
  - {{zero: value, when: "pred[n] == target[n]"}}

references:
  - "Black, M. J. and Anandan, P. (1996). The robust estimation of multiple motions. CVIU 63(1)."
"""


@click.command("new")
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("."),
    help="Folder; by default the current one.",
)
def command(name: str, out: Path) -> None:
    """Write NAME.yaml, a commented specification that builds, to start from."""
    name = name.removesuffix(".yaml")
    if not (name.isidentifier() and name.isascii() and name.islower()) or name.startswith("_"):
        raise SymlossError(
            f"a loss is named in lower-case letters, digits and underscores, such as my_loss; {name!r} is not"
        )
    path = out / f"{name}.yaml"
    if path.exists():
        raise SymlossError(f"{path} exists already; it was left as it is")
    write_atomically(path, TEMPLATE.format(name=name, title=name.replace("_", " ").capitalize()))
    click.echo(f"{path} is written; `symloss build {path}` compiles it")
