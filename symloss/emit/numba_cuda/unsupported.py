"""What a schedule may hold that no CUDA kernel does yet."""

from __future__ import annotations

from symloss.lowering.schedule import ForEach, Kernel, MatrixProduct, Store, Sweep
from symloss.program import Program


def obstacle(step: Kernel | MatrixProduct, program: Program) -> str:
    """Why a step has no CUDA text; empty where it has."""
    if isinstance(step, MatrixProduct):
        return "multiplies matrices"
    if step.axis is None:
        return "has a kernel outside every batch"
    for argument in step.arguments:
        tensor = program.tensors.get(argument.name)
        if tensor is not None and tensor.domain.kind == "index" and (len(argument.axes) != 1 or not argument.chunked):
            return "has labels that are not one per sample"
    if step.vector_results or any(result.kind != "value" for result in step.row_results):
        return "collects something over the samples that is not a term of the loss"
    for node in step.nodes:
        if isinstance(node, ForEach):
            return "nests a reduction per entry of another axis"
        if isinstance(node, Sweep) and len(node.loops) > 1:
            return "sweeps over several axes at once"
        if isinstance(node, Store) and node.kind:
            return "collects something over the samples that is not a term of the loss"
    return ""
