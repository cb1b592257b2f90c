"""What a schedule may hold that no CUDA kernel does yet."""

from __future__ import annotations

import sympy

from symloss.emit.numba_cuda.rows import every
from symloss.lowering.functions import Element
from symloss.lowering.schedule import Kernel, Let, MatrixProduct, Store, Sweep, View
from symloss.program import Program


def _read(kernel: Kernel) -> set[str]:
    """The arrays that a kernel reads."""
    nodes = list(every(kernel.nodes))
    views = {node.variable: node.array for node in nodes if isinstance(node, View)}
    values = [node.value for node in nodes if isinstance(node, Let | Store)]
    for node in nodes:
        if isinstance(node, Sweep):
            values += [inner.value for body in node.body for inner in body if isinstance(inner, Let | Store)]
            values += [accumulation.value for accumulation in node.accumulations]
    elements = {element for value in values for element in sympy.sympify(value).atoms(Element)}
    return {views.get(element.array, element.array).removesuffix("_chunk") for element in elements}


def obstacle(step: Kernel | MatrixProduct, program: Program) -> str:
    """Why a step has no CUDA text; empty where it has."""
    if isinstance(step, MatrixProduct):
        return ""
    if step.axis is None:
        return "has a kernel outside every batch"
    for argument in step.arguments:
        tensor = program.tensors.get(argument.name)
        if tensor is not None and tensor.domain.kind == "index" and (len(argument.axes) != 1 or not argument.chunked):
            return "has labels that are not one per sample"
    if any(not argument.axes for argument in step.arguments):
        return "keeps a number that belongs to no sample"
    if {argument.name for argument in step.arguments if argument.written} & _read(step):
        return "reads in a kernel what it has written there"
    if step.vector_results or any(result.kind != "value" for result in step.row_results):
        return "collects something over the samples that is not a term of the loss"
    if step.scratch:
        return "keeps a vector per sample that its sweeps fill and read"
    for node in every(step.nodes):
        if isinstance(node, View) and node not in step.nodes:
            return "looks at rows of another axis one by one"
        if isinstance(node, Sweep) and len(node.loops) > 1:
            return "sweeps over several axes at once"
        if isinstance(node, Store) and node.kind:
            return "collects something over the samples that is not a term of the loss"
    return ""
