"""What the emitters walk: kernels made of lets, loops, accumulations and stores, and matrix products between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy

from symloss.lowering.functions import Element
from symloss.program import Program

#: The kinds of axes that often have few entries: ten classes, five labels.
_SHORT_KINDS = ("class", "label")


@dataclass(frozen=True)
class Let:
    """``variable = value``; ``comment`` is the user's name for it where there is one."""

    variable: str
    value: sympy.Expr


@dataclass(frozen=True)
class View:
    """``variable = array[subscript]``: one row of an array, so that the inner loop runs over a plain vector."""

    variable: str
    array: str
    subscript: sympy.Expr


@dataclass(frozen=True)
class Store:
    """``array[subscripts] = value``; a ``kind`` (sum, count, max, min, norm) collects the values of all samples."""

    array: str
    subscripts: tuple[sympy.Expr, ...]
    value: sympy.Expr
    kind: str | None = None


@dataclass(frozen=True)
class Accumulation:
    """One reduction of a sweep: ``variable`` becomes the ``kind`` (sum, count, max, min, norm, largest) of ``value``.

    The largest is that of the magnitudes; it is 0 for no value, and NaN where one is.
    """

    variable: str
    kind: str
    value: sympy.Expr


@dataclass(frozen=True)
class Sweep:
    """Loops over ``loops`` (variable, size expression) that evaluate ``body``, store and accumulate in one visit."""

    loops: tuple[tuple[str, str], ...]
    body: tuple[tuple[Node, ...], ...]
    accumulations: tuple[Accumulation, ...] = ()


@dataclass(frozen=True)
class ForEach:
    """A plain loop whose body holds further nodes (a sweep per entry of a scratch vector)."""

    variable: str
    size: str
    body: tuple[Node, ...]


Node = Let | View | Store | Sweep | ForEach


def expressions(node: Node) -> Iterator[sympy.Expr]:
    """Every expression that a node evaluates."""
    if isinstance(node, Let):
        yield node.value
    elif isinstance(node, View):
        yield node.subscript
    elif isinstance(node, Store):
        yield from (node.value, *node.subscripts)
    else:
        bodies = [node.body] if isinstance(node, ForEach) else node.body
        for body in bodies:
            for inner in body:
                yield from expressions(inner)
        if isinstance(node, Sweep):
            yield from (accumulation.value for accumulation in node.accumulations)


@dataclass(frozen=True)
class Argument:
    """An array that a kernel takes.

    ``number`` is "real", "int" or "bool"; ``chunked`` says that the kernel reads or writes the rows of its own samples;
    ``expandable`` that the caller may have given a scalar in place of it.
    """

    name: str
    axes: tuple[str, ...]
    number: str
    chunked: bool
    written: bool
    expandable: bool


@dataclass(frozen=True)
class RowResult:
    """A number per sample that is summed over the samples of a chunk: a term's value or a batch reduction."""

    name: str
    value: sympy.Expr
    kind: str
    term: str | None = None


@dataclass(frozen=True)
class VectorResult:
    """A vector (or more) per chunk that collects something of each sample: the gradient of class weights."""

    name: str
    axes: tuple[str, ...]
    kind: str


@dataclass
class Kernel:
    """A serial loop over the samples of some chunks (``axis`` is None for a kernel outside every batch).

    ``preamble`` runs once, ``nodes`` for every sample. ``term`` is the term whose values the kernel computes;
    ``seeded`` says that it reads the derivative of the reduced loss with respect to each sample's value. ``checked``
    are the inputs that it is the first to visit, and whose domains it therefore checks; ``constraints`` are numbers of
    constraints with the condition that violates each. ``sample_weight`` multiplies the caller's weights;
    ``weighs`` asks for those. ``gathers`` says that labels of a sample are used as indices, so that a masked sample
    must be skipped.
    """

    name: str
    axis: str | None
    preamble: list[Node] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    arguments: list[Argument] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    scratch: dict[str, tuple[str, ...]] = field(default_factory=dict)
    row_results: list[RowResult] = field(default_factory=list)
    vector_results: list[VectorResult] = field(default_factory=list)
    term: str | None = None
    seeded: bool = False
    checked: list[str] = field(default_factory=list)
    constraints: list[tuple[int, tuple[list[Node], sympy.Expr]]] = field(default_factory=list)
    sample_weight: tuple[list[Node], sympy.Expr] | None = None
    weighs: bool = False
    gathers: bool = False

    def short_axis(self, program: Program) -> str | None:
        """The one axis inside a sample, if that is often so short that the loop over samples had better be innermost.

        Then every loop inside a sample runs along it, and reaches no other sample. A span of several axes is not short.
        """
        weighing = self.sample_weight[0] if self.sample_weight else []
        apart = [*self.preamble, *weighing]
        nodes = [*self.nodes, *(node for _, (own, _) in self.constraints for node in own)]
        roots = {program.root(axis) for node in nodes if isinstance(node, Sweep) for axis, _ in node.loops}
        roots |= {program.root(axis) for argument in self.arguments if argument.chunked for axis in argument.axes[1:]}
        roots |= {program.root(axis) for axes in self.scratch.values() for axis in axes}
        if (
            len(roots) != 1
            or self.vector_results
            or not any(isinstance(node, Sweep) for node in self.nodes)
            or any(isinstance(node, Sweep | ForEach | View) for node in apart)
            or any(isinstance(node, ForEach) or (isinstance(node, Sweep) and len(node.loops) > 1) for node in nodes)
            or any(len(axes) > 1 for axes in self.scratch.values())
            or any(len(argument.axes) > 2 for argument in self.arguments if argument.chunked)
        ):
            return None
        axis = program.axes[roots.pop()]
        return axis.name if axis.kind in _SHORT_KINDS and not axis.span and axis.size is None else None

    def element_wise(self, program: Program) -> bool:
        """Whether the loop over samples is the innermost one: each is a number, or a few that go by their places."""
        views = {node.variable: node.array.removesuffix("_chunk") for node in self.nodes if isinstance(node, View)}
        short = {
            argument.name
            for argument in self.arguments
            if all(program.axes[program.root(axis)].size is not None for axis in argument.axes[1:])
        }
        if self.gathers or not set(views.values()) <= short:
            return False
        values: list[sympy.Expr] = [result.value for result in self.row_results]
        for node in self.nodes:
            if isinstance(node, Sweep | ForEach) or (isinstance(node, Store) and node.kind):
                return False
            values += [] if isinstance(node, View) else [node.value]
            values += [Element(node.array, node.subscripts)] if isinstance(node, Store) else []
        elements = {element for value in values for element in value.atoms(Element)}
        return all(place.is_Integer for e in elements if e.array in views for place in e.subscripts)


@dataclass(frozen=True)
class MatrixProduct:
    """``target = left @ right`` with the operands transposed as said; ``adds`` to what the target holds already."""

    target: str
    left: str
    right: str
    transpose_left: bool
    transpose_right: bool
    adds: bool


@dataclass
class Schedule:
    """All that runs for one entry point at one dtype.

    ``parts`` are the buffers that hold one entry each of the unrolled axes of an output, with the output and the place
    in it, None standing for an axis that the buffer has.
    """

    entry: str
    dtype: str
    program: Program
    steps: list[Kernel | MatrixProduct] = field(default_factory=list)
    buffers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    parts: dict[str, tuple[str, tuple[int | None, ...]]] = field(default_factory=dict)
