"""Which inputs a result may overwrite: those of which every row is read for the last time before the result's row is
written, and never for another row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sympy

from symloss.lowering.functions import Element, Variable, leaves
from symloss.lowering.rows import ROW
from symloss.lowering.schedule import ForEach, Kernel, Let, MatrixProduct, Node, Schedule, Store, Sweep, View


def overwritable(schedule: Schedule, results: Mapping[str, str], inputs: Iterable[str]) -> dict[str, list[str]]:
    """By result the inputs whose memory its array may take over.

    Args:
        schedule: all that runs for one entry point.
        results: by name of the result its array.
        inputs: candidates.
    """
    candidates = list(inputs)
    found = {
        name: [source for source in candidates if _may_overwrite(schedule, array, source)]
        for name, array in results.items()
    }
    return {name: sources for name, sources in found.items() if sources}


def taken_over(schedule: Schedule, buffers: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """By array between kernels the earlier one of the same shape whose memory it takes over.

    Args:
        schedule: all that runs for one entry point.
        buffers: the axes of the arrays between kernels.
    """
    shapes = {name: tuple(map(schedule.program.root, axes)) for name, axes in buffers.items()}
    found: dict[str, str] = {}
    for name in _by_writer(schedule, buffers):
        free = [other for other, shape in shapes.items() if shape == shapes[name] and len(shape) > 1]
        for source in overwritable(schedule, {name: name}, free).get(name, []):
            if source != name and source not in found.values():
                found[name] = source
                break
    return found


def _by_writer(schedule: Schedule, names: Iterable[str]) -> list[str]:
    """The arrays in the order in which steps write them."""
    order: dict[str, None] = {}
    for step in schedule.steps:
        written = [step.target] if isinstance(step, MatrixProduct) else [a.name for a in step.arguments if a.written]
        order |= dict.fromkeys(written)
    wanted = set(names)
    return [name for name in order if name in wanted]


def keeps_to_rows(schedule: Schedule, apart: Iterable[str]) -> bool:
    """Whether kernels reach every sample in its own rows only, and nothing else reads an array of samples.

    Args:
        schedule: all that runs for one entry point.
        apart: the inputs that something other than a kernel reads.
    """
    program = schedule.program

    def counts_samples(axes: tuple[str, ...]) -> bool:
        return bool(axes) and program.axes[program.root(axes[0])].kind == "batch"

    return not any(name in program.tensors and counts_samples(program.tensors[name].axes) for name in apart) and all(
        isinstance(step, Kernel)
        and all(a.chunked and a.axes[0] == step.axis for a in step.arguments if counts_samples(a.axes))
        for step in schedule.steps
    )


def _may_overwrite(schedule: Schedule, array: str, source: str) -> bool:
    writers = [
        number
        for number, step in enumerate(schedule.steps)
        if isinstance(step, Kernel) and any(a.written and a.name == array for a in step.arguments)
    ]
    if len(writers) != 1:
        return False
    kernel = schedule.steps[writers[0]]
    if any(_uses(step, source) for step in schedule.steps[writers[0] + 1 :]):
        return False
    return isinstance(kernel, Kernel) and _row_by_row(kernel, array, source)


def _uses(step: Kernel | MatrixProduct, source: str) -> bool:
    if isinstance(step, MatrixProduct):
        return source in (step.left, step.right)
    return any(argument.name == source for argument in step.arguments)


def _row_by_row(kernel: Kernel, array: str, source: str) -> bool:
    """Whether a kernel reads only each sample's own row of ``source``, all of it before it writes that of ``array``."""
    views = {node.variable: node.array for node in _flattened(kernel.nodes) if isinstance(node, View)}
    own = {f"{source}_chunk", *(view for view, of in views.items() if of == f"{source}_chunk")}
    target = {f"{array}_chunk", *(view for view, of in views.items() if of == f"{array}_chunk")}
    if reads_whole(kernel, source):
        return False
    written = False
    for node in kernel.nodes:
        # Nothing may be read after the first write, except what the last write itself is made of, read at its place.
        if written and any(element.array in own for element in _reads([node])):
            return False
        if _writes(node, target):
            written = True
            if not _reads_before_writing(node, target, own):
                return False
    results = _elements(result.value for result in kernel.row_results)
    return written and not any(element.array in own for element in results)


def reads_whole(kernel: Kernel, source: str) -> bool:
    """Whether a kernel reads rows of ``source`` that are not those of the sample at hand."""
    apart = [kernel.sample_weight] if kernel.sample_weight else []
    blocks = [*apart, *(constraint for _, constraint in kernel.constraints)]
    # What runs before the samples of a chunk reads own rows as well; whole arrays are shared between chunks.
    everything = [*kernel.preamble, *kernel.nodes, *(node for nodes, _ in blocks for node in nodes)]
    reads = [*_reads(everything), *_elements(value for _, value in blocks)]
    return any(element.array == source for element in reads)


def _reads_before_writing(node: Node, target: set[str], own: set[str]) -> bool:
    """Whether a node reads each element of a row for the last time before it writes the element at that place."""
    if isinstance(node, Store):
        return True
    if not isinstance(node, Sweep):
        return not any(element.array in own for element in _reads([node]))
    place = tuple(Variable(axis, True) for axis, _ in node.loops)
    inner = node.body[-1]
    stores = [
        number
        for number, one in enumerate(inner)
        if isinstance(one, Store) and one.array in target and one.subscripts == place
    ]
    if len(stores) != sum(_writes(one, target) for body in node.body for one in body) or len(stores) != 1:
        return False
    before = [e for e in _reads(inner[: stores[0] + 1]) if e.array in own]
    after = [
        *_reads(inner[stores[0] + 1 :]),
        *_reads(outer for body in node.body[:-1] for outer in body),
        *_elements(accumulation.value for accumulation in node.accumulations),
    ]
    return all(e.subscripts == place for e in before) and not any(e.array in own for e in after)


def _flattened(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if isinstance(node, ForEach):
            yield from _flattened(node.body)
        elif isinstance(node, Sweep):
            for body in node.body:
                yield from _flattened(body)


def _writes(node: Node, target: set[str]) -> bool:
    return any(isinstance(one, Store) and one.array in target for one in _flattened([node]))


def _reads(nodes: Iterable[Node]) -> Iterator[Element]:
    for node in _flattened(nodes):
        if isinstance(node, Let):
            yield from _elements([node.value])
        elif isinstance(node, View):
            if node.subscript != ROW:
                yield Element(node.array, (node.subscript,))
        elif isinstance(node, Store):
            yield from _elements([node.value, *node.subscripts])
        elif isinstance(node, Sweep):
            yield from _elements(accumulation.value for accumulation in node.accumulations)


def _elements(values: Iterable[sympy.Expr]) -> Iterator[Element]:
    return (leaf for leaf in leaves(values) if isinstance(leaf, Element))
