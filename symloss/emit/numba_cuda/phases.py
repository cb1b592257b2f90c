"""Which sweeps over a row can be done by segments of the row, and how what these find becomes what the row has.

A sweep that reads what an earlier one found of the whole row begins a new phase, except where the earlier one found a
maximum from which the later one measures exponentials: a segment measures its own from its own maximum, and the
sums of the segments are brought to the common one by a factor each (the online form of a logsumexp, once per segment).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sympy

from symloss.atoms import And, Equal, Less, Where
from symloss.emit.numba_cuda.kernels import is_own
from symloss.lowering.functions import Difference, Element, Variable, leaves
from symloss.lowering.rows import ROW
from symloss.lowering.schedule import Accumulation, Kernel, Let, Node, Store, Sweep, View


@dataclass(frozen=True)
class Merge:
    """How one accumulation of the segments becomes that of the row.

    ``top`` is the maximum that each segment measured it from, if any: entries at it are counted, or left out of a sum
    of exponentials, and then ``ties`` is their count.
    """

    variable: str
    kind: str
    top: str = ""
    ties: str = ""


@dataclass(frozen=True)
class Phase:
    """Sweeps that a segment of a row needs nothing of other segments for."""

    sweeps: tuple[Sweep, ...]
    merges: tuple[Merge, ...]


def phases(kernel: Kernel) -> tuple[Phase, ...]:
    """The sweeps of a kernel by phases; none where several blocks cannot share a row."""
    sweeps = [node for node in kernel.nodes if isinstance(node, Sweep)]
    if not sweeps or not _apart(kernel, sweeps):
        return ()
    found: list[Phase] = []
    latest: Node | None = None
    for node in kernel.nodes:
        if isinstance(node, Sweep):
            joined = _joined(latest, node) if isinstance(latest, Sweep) and len(found[-1].sweeps) == 1 else None
            if joined is None:
                found.append(Phase((node,), tuple(Merge(a.variable, a.kind) for a in node.accumulations)))
            else:
                found[-1] = Phase((*found[-1].sweeps, node), (*found[-1].merges, *joined))
        if not isinstance(node, View):
            latest = node
    return tuple(found)


def gathered(kernel: Kernel) -> list[Element]:
    """The entries of a row that are read at a place which the sample itself names.

    A later phase must not read them, for another block may have written results in their place.
    """
    views = {node.variable for node in kernel.nodes if isinstance(node, View)}
    values = [node.value for node in kernel.nodes if isinstance(node, Let)]
    values += [result.value for result in kernel.row_results]
    if kernel.sample_weight is not None:
        nodes, weight = kernel.sample_weight
        values += [weight, *(node.value for node in nodes if isinstance(node, Let))]
    return [leaf for leaf in leaves(values) if isinstance(leaf, Element) and leaf.array in views]


def _apart(kernel: Kernel, sweeps: list[Sweep]) -> bool:
    """Whether every array is read and written at the place of a sweep alone, or at one that the sample names."""
    if not all(isinstance(node, Let | View | Sweep) for node in kernel.nodes):
        return False
    if any(node.subscript != ROW for node in kernel.nodes if isinstance(node, View)):
        return False
    if any(len(sweep.loops) > 1 for sweep in sweeps) or len({sweep.loops[0][1] for sweep in sweeps}) > 1:
        return False
    own = {node.variable for node in kernel.nodes if isinstance(node, Let) and _own(node.value)}
    for element in gathered(kernel):
        named = leaves(map(sympy.sympify, element.subscripts))
        if any(not (isinstance(leaf, Variable) and leaf.name in own) for leaf in named):
            return False
    whole = {argument.name for argument in kernel.arguments if not argument.chunked}
    for sweep in sweeps:
        place = (Variable(sweep.loops[0][0], True),)
        for node in sweep.body[0]:
            if not isinstance(node, Let | Store) or (isinstance(node, Store) and node.subscripts != place):
                return False
        for leaf in leaves(_values(sweep)):
            if isinstance(leaf, Element) and not (
                leaf.subscripts == place or leaf.array == "seed" or is_own(leaf) or leaf.array in whole
            ):
                return False
    return True


def _own(value: sympy.Expr) -> bool:
    return isinstance(value, Element) and is_own(value)


def _values(sweep: Sweep) -> Iterator[sympy.Expr]:
    yield from (node.value for node in sweep.body[0] if isinstance(node, Let | Store))
    yield from (accumulation.value for accumulation in sweep.accumulations)


def _joined(first: Sweep, second: Sweep) -> list[Merge] | None:
    """The accumulations of a sweep that a segment can do right after another; None where it needs the whole row's."""
    if any(isinstance(node, Store) for node in (*first.body[0], *second.body[0])):
        return None
    axis = {Variable(second.loops[0][0], True): Variable(first.loops[0][0], True)}
    earlier = {a.variable: a for a in first.accumulations}
    values = {a.variable: _expanded(a, second).xreplace(axis) for a in second.accumulations}
    tops = {name: _guarded(_expanded(a, first)) for name, a in earlier.items() if a.kind == "max"}
    found: list[Merge] = []
    ties: dict[str, str] = {}
    # Counts first: a sum of exponentials needs the one that belongs to it.
    for a in sorted(second.accumulations, key=lambda a: a.kind != "count"):
        value = values[a.variable]
        read = {leaf.name for leaf in leaves([value]) if leaf.name in earlier}
        if not read:
            found.append(Merge(a.variable, a.kind))
            continue
        top = read.pop()
        if read or top not in tops:
            return None
        guard, term = tops[top]
        highest = next(leaf for leaf in leaves([value]) if leaf.name == top)
        if a.kind == "count" and value == _both(guard, Equal(term, highest)):
            ties[top] = a.variable
            found.append(Merge(a.variable, a.kind, top))
        elif (
            a.kind == "sum"
            and top in ties
            and value == Where(_both(guard, Less(term, highest)), sympy.exp(Difference(term, highest)), 0)
        ):
            found.append(Merge(a.variable, a.kind, top, ties[top]))
        else:
            return None
    return found


def _both(guard: sympy.Expr, condition: sympy.Expr) -> sympy.Expr:
    return condition if guard == 1 else And(guard, condition)


def _guarded(value: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """The guard of a maximum, 1 if there is none, and what it is the maximum of."""
    if isinstance(value, Where) and value.args[2] == -sympy.oo:
        return value.args[0], value.args[1]
    return sympy.S.One, value


def _expanded(accumulation: Accumulation, sweep: Sweep) -> sympy.Expr:
    """What a sweep accumulates, with its lets put in."""
    lets = [node for node in sweep.body[0] if isinstance(node, Let)]
    return _with(accumulation.value, reversed(lets))


def _with(value: sympy.Expr, lets: Iterable[Let]) -> sympy.Expr:
    for let in lets:
        place = {
            leaf: let.value for leaf in leaves([value]) if isinstance(leaf, Variable) and leaf.name == let.variable
        }
        value = value.xreplace(place)
    return value
