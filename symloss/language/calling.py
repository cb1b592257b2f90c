"""Calls of other losses: which argument goes where, and which axes a call binds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from symloss.language.domains import contains, domain_text
from symloss.language.names import did_you_mean
from symloss.language.nodes import Call, Expression, Negation, Number, Word
from symloss.language.scope import Type, joined

if TYPE_CHECKING:
    from symloss.language.checking import Checker
    from symloss.language.spec import Spec
    from symloss.program import Tensor

#: What types are called in messages.
KIND = {"real": "a real number", "index": "an index", "count": "an integer", "condition": "a condition"}
#: How the message about losses that call each other begins.
CIRCLE = "these losses call each other in a circle"


@dataclass
class LossCall:
    """How a call of another loss binds its inputs, parameters and axes.

    ``batch`` are the caller's axes for which the call makes one value each; ``axes`` maps the other loss's sample axes
    to the caller's; ``type`` is the type of the call.
    """

    loss: Spec
    term: str
    arguments: dict[str, Expression]
    batch: tuple[str, ...] = ()
    axes: dict[str, str] = field(default_factory=dict)
    type: Type = field(default_factory=lambda: Type("real"))


def bind(checker: Checker, node: Call, loss: Spec, inside: frozenset[str]) -> LossCall:
    """Check a call and bind its arguments and axes.

    An axis of an argument that is not running where the call stands is bound by the call, to a sample axis of the
    other loss; axes that are running get one value each.

    Raises:
        SpecError: an argument is missing, surplus, of the wrong kind, outside its domain, or its axes do not fit.
    """
    call = LossCall(loss, _term(checker, node, loss), {})
    if not loss.program.axes_of(loss.terms[call.term]):
        raise checker.fail(f"{loss.name} is one number for a whole batch; it cannot be called per sample", node)
    call.arguments = _arguments(checker, node, call)
    tensors = {tensor.name: tensor for tensor in (*loss.inputs, *loss.parameters)}
    types = {
        name: _check_argument(checker, argument, tensors[name], loss, inside)
        for name, argument in call.arguments.items()
    }
    _bind_axes(checker, node, call, types, inside)
    bound = set(call.axes.values())
    free = {axis: place for axis, place in joined(*types.values()).items() if axis not in bound}
    call.type = Type("real", free)
    return call


def _term(checker: Checker, node: Call, loss: Spec) -> str:
    chosen = dict(node.keywords).get("term")
    if chosen is None:
        if len(loss.terms) > 1:
            names = ", ".join(loss.terms)
            raise checker.fail(f'{loss.name} has several terms; name one with term="…" ({names})', node)
        return next(iter(loss.terms))
    if not isinstance(chosen, Word) or chosen.value not in loss.terms:
        raise checker.fail(f"{loss.name} has the terms {', '.join(loss.terms)}", chosen)
    return chosen.value


def _arguments(checker: Checker, node: Call, call: LossCall) -> dict[str, Expression]:
    """Positional arguments go to the inputs in order, the others by name."""
    loss = call.loss
    inputs = [tensor.name for tensor in loss.inputs]
    names = [*inputs, *(tensor.name for tensor in loss.parameters)]
    if len(node.arguments) > len(inputs):
        raise checker.fail(
            f"{loss.name} has {len(inputs)} input{'s' if len(inputs) > 1 else ''}; {len(node.arguments)} are given"
            " (parameters go by name)",
            node.arguments[len(inputs)],
        )
    found = dict(zip(inputs, node.arguments, strict=False))
    for key, value in node.keywords:
        if key == "term":
            continue
        if key not in names:
            raise checker.fail(f"{loss.name} has no input or parameter {key[:40]!r}{did_you_mean(key, names)}", value)
        if key in found:
            raise checker.fail(f"{loss.name} gets {key} twice", value)
        found[key] = value
    needed = loss.inputs_of(call.term)
    missing = [t.name for t in loss.inputs if t.default is None and t.name in needed and t.name not in found]
    if missing:
        raise checker.fail(f"{loss.name} needs {', '.join(missing)}", node)
    return found


def _check_argument(checker: Checker, node: Expression, tensor: Tensor, loss: Spec, inside: frozenset[str]) -> Type:
    found = checker.check(node, inside)
    place = f"{tensor.name} of {loss.name}"
    if tensor.domain.kind == "index":
        if not found.integer:
            raise checker.fail(f"{place} is an index; {KIND[found.kind]} is given", node)
    elif tensor.domain.kind == "boolean":
        if found.kind != "condition":
            raise checker.fail(f"{place} is a condition; {KIND[found.kind]} is given", node)
    elif not found.numeric:
        raise checker.fail(f"{place} is a real number; an index is given", node)
    value = _literal(node)
    if value is not None and not contains(tensor.domain, value):
        raise checker.fail(f"{value} is outside the domain of {place}, {domain_text(tensor.domain)}", node)
    if tensor.role == "parameter" and set(found.axes) - inside:
        axis = next(axis for axis in found.axes if axis not in inside)
        raise checker.fail(f"{place} is a scalar; this depends on axis {axis}, which is not running here", node)
    return found


def _literal(node: Expression) -> Any:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Negation) and isinstance(node.operand, Number):
        return -node.operand.value
    return None


def _bind_axes(checker: Checker, node: Call, call: LossCall, types: dict[str, Type], inside: frozenset[str]) -> None:
    """Match each sample axis of the other loss with an axis that its arguments bring along."""
    loss, scope = call.loss, checker.scope
    axes = {axis.name: axis for axis in loss.axes}
    samples = {
        tensor.name: [axis for axis in tensor.axes if axes[axis].kind != "batch"]
        for tensor in loss.inputs
        if tensor.name in types
    }
    if scope.claims and not any(samples.values()):
        # A claim holds for every value of its free axes, so an element-wise loss runs along all of them.
        inside = inside | {axis for found in types.values() for axis in found.axes}
    batch: set[str] = set()
    for found in types.values():
        batch.update(axis for axis in found.axes if axis in inside)
    for name, sample in samples.items():
        _match(checker, call, name, sample, types[name], inside)
    for theirs in sorted({axis for sample in samples.values() for axis in sample}):
        if theirs not in call.axes:
            raise checker.fail(
                f"no argument brings an axis for {theirs} of {loss.name}"
                " (an axis that is already running here cannot be bound again)",
                node,
            )
    order = list(scope.axes)
    call.batch = tuple(sorted(batch, key=order.index))
    coupled = any(axis.like and axes[axis.like].kind == "batch" for axis in loss.axes)
    if coupled and len(call.batch) != 1:
        raise checker.fail(
            f"{loss.name} couples the samples of its batch; it runs along exactly one axis, and"
            f" {len(call.batch) or 'none'} {'are' if len(call.batch) > 1 else 'is'} running in its arguments",
            node,
        )


def _match(checker: Checker, call: LossCall, name: str, sample: list[str], found: Type, inside: frozenset[str]) -> None:
    """Match the sample axes of one input, in order; where the argument brings fewer, by kind."""
    loss, scope = call.loss, checker.scope
    axes = {axis.name: axis for axis in loss.axes}
    brought = [axis for axis in found.axes if axis not in inside]
    if len(brought) > len(sample):
        raise checker.fail(
            f"{name} of {loss.name} has no axis to bind {brought[-1]} to; reduce over {brought[-1]}"
            " or name it on the left",
            found.axes[brought[-1]],
        )
    if len(brought) < len(sample):
        kinds = {scope.axes[axis].kind for axis in brought}
        sample = [axis for axis in sample if axes[axis].kind in kinds]
        if len(sample) != len(brought):
            raise checker.fail(f"the axes of {name} of {loss.name} cannot be told apart here", call.arguments[name])
    for theirs, ours in zip(sample, brought, strict=True):
        if call.axes.setdefault(theirs, ours) != ours:
            raise checker.fail(
                f"axis {theirs} of {loss.name} is bound to {call.axes[theirs]} and to {ours}", found.axes[ours]
            )
        size = axes[theirs].size
        if size is not None and scope.size(ours) != size:
            raise checker.fail(f"axis {theirs} of {loss.name} has size {size}; axis {ours} has not", found.axes[ours])
