"""Small losses with claims, for tests: a specification is put together from a few lines."""

from __future__ import annotations

from symloss.language import SpecLibrary, parse_spec
from symloss.language.spec import Spec
from symloss.proof.engines import Budget
from symloss.proof.formulation import formulate
from symloss.proof.portfolio import Portfolio, settle_claim
from symloss.proof.verdicts import Finding
from symloss.runtime.locations import data_folder

HEAD = """symloss: 1
name: probe
title: A loss for tests
axes: {axes}
inputs:
{inputs}
{parameters}value: "{value}"
claims:
{claims}
"""


def spec(
    *claims: str,
    value: str = "x[n]**2",
    inputs: str = "x: real",
    parameters: str = "",
    axes: str = "{n: batch}",
    constraints: tuple[str, ...] = (),
) -> Spec:
    """A loss of elementwise inputs, ``"x: real; y: (0, 1)"``, or of inputs with axes, ``"z[n, k]: real"``."""
    lines = []
    for position, part in enumerate(inputs.split(";")):
        name, domain = (text.strip() for text in part.split(":", 1))
        name, _, index = name.partition("[")
        along = index.rstrip("]") or "n"
        role = "prediction" if position == 0 else "target"
        lines.append(f'  {name}: {{axes: [{along}], role: {role}, domain: "{domain}"}}')
    given = "parameters:\n" + "".join(f"  {line.strip()}\n" for line in parameters.split(";")) if parameters else ""
    if constraints:
        given += "constraints:\n" + "".join(f'  - "{condition}"\n' for condition in constraints)
    text = HEAD.format(
        axes=axes, inputs="\n".join(lines), parameters=given, value=value, claims="\n".join(f"  - {c}" for c in claims)
    )
    return parse_spec(text, "probe.yaml", SpecLibrary([data_folder("specs")]))


def prove(claim: str, **loss: object) -> list[Finding]:
    """What the proving half says about the goals of one claim, without a look for witnesses before it."""
    probe = spec(claim, **loss)  # type: ignore[arg-type]
    budget = Budget()
    return [Portfolio(budget).prove(goal, budget.depth) for goal in formulate(probe, probe.claims[0])]


def settle(claim: str, budget: Budget | None = None, **loss: object) -> Finding:
    """The finding about one claim of such a loss."""
    probe = spec(claim, **loss)  # type: ignore[arg-type]
    return settle_claim(probe, probe.claims[0], budget)
