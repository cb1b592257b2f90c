"""What was found, in sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from symloss.verify.outcome import Outcome, Step, Witness, decimal, nested, rational


def heading(outcome: Outcome) -> str:
    """The loss, the quantity and what was fixed."""
    of = " of the sum over all samples" if outcome.coupled and outcome.quantity != "value" else ""
    conditions = [f"{name} = {value}" for name, value in outcome.fixed.items()] + list(outcome.when)
    return f"{outcome.loss}: {outcome.quantity}{of}" + (f", at {', '.join(conditions)}" if conditions else "")


def evidence(step: Step) -> str:
    """How a step was established, with no stronger word than that carries."""
    points = f"{step.points} exact rational points" if step.points != 1 else "one exact rational point"
    if step.verdict != "proved":
        return f"equal as far as tested: {points}, 28 digits; no identity of normal forms was found"
    scope = "for every size" if step.every_size else f"at {sizes_text(step)}"
    return (
        f"equal, proved {scope}: the two sides have the same normal form for all real inputs and every label,"
        f" off the edges of conditions; and tested at {points}, 28 digits"
    )


def sizes_text(step: Step) -> str:
    """The sizes of a proof: ``k = 1, 2, 3``."""
    axes = list(step.sizes[0])
    if len(axes) == 1:
        return f"{axes[0]} = {', '.join(str(sizes[axes[0]]) for sizes in step.sizes)}"
    return "; ".join(", ".join(f"{axis} = {size}" for axis, size in sizes.items()) for sizes in step.sizes)


def place(witness: Witness, fixed: Collection[str] = ()) -> str:
    """The inputs of a witness in one line, without what is fixed."""
    tensors, parameters = witness.point.tensors.items(), witness.point.parameters.items()
    inputs = [f"{name} = {_list(nested(values))}" for name, values in tensors if name not in fixed]
    inputs += [f"{name} = {rational(value)}" for name, value in parameters if name not in fixed]
    return ", ".join(inputs)


def _list(value: object) -> str:
    return f"[{', '.join(map(_list, value))}]" if isinstance(value, list) else str(value)


def fault(step: Step, first: bool, fixed: Collection[str] = ()) -> Iterator[str]:
    """The lines that tell a counterexample."""
    witness = step.witness
    if step.reason:
        yield f"not settled: {step.reason}"
    if witness is None:
        return
    yield f"{'different' if step.verdict == 'refuted' else 'in doubt'} at {place(witness, fixed)}"
    element = f"element {list(witness.index)}: " if witness.index else ""
    expected = "it is" if first else "the line before gives"
    confirmed = " (a difference quotient of the loss confirms it)" if witness.confirmed else ""
    found = "this is not defined there" if decimal(witness.found) == "nan" else f"this gives {decimal(witness.found)}"
    ratio = "" if witness.ratio is None else f"; ratio {decimal(witness.ratio, 8)}"
    yield f"{element}{expected} {decimal(witness.expected)}{confirmed}, {found}{ratio}"
    if step.slip:
        yield f"likely slip: {step.slip}"


def edges(step: Step, fixed: Collection[str] = ()) -> Iterator[str]:
    """What is different at kinks or ends of domains alone."""
    if not step.edges:
        return
    edge = step.edges[0]
    yield (
        f"but at the edge {place(edge, fixed)} it is {decimal(edge.expected)} by declaration and this gives"
        f" {decimal(edge.found)}: kinks and ends of domains are not held against a derivation"
    )
