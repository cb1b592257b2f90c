"""Put the text of one loss's CUDA file together: header, META, functions, kernels, and the plan of each entry point."""

from __future__ import annotations

import pprint
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from symloss.emit.numba_cpu.facts import interacts, metadata
from symloss.emit.numba_cpu.wrapping import wrapped
from symloss.emit.numba_cuda.alike import written_once
from symloss.emit.numba_cuda.constraints import constraint_function
from symloss.emit.numba_cuda.elements import ElementKernel
from symloss.emit.numba_cuda.functions import functions, helpers
from symloss.emit.numba_cuda.kernels import KernelText, Printed
from symloss.emit.numba_cuda.rows import RowKernel, every
from symloss.emit.numba_cuda.segments import PhaseKernel, phase_kernels
from symloss.emit.numba_cuda.unsupported import obstacle
from symloss.emit.numba_cuda.weighing import WeighingKernel
from symloss.emit.templates import render
from symloss.errors import SymlossError
from symloss.lowering import Kernel, MatrixProduct, Schedule, build_schedule
from symloss.lowering.names import with_safe_names
from symloss.lowering.schedule import Sweep
from symloss.lowering.stages import weighing_kernel
from symloss.program import INPUT_ROLES, Program, exact_arithmetic

if TYPE_CHECKING:
    from symloss.calculus import Derivation
    from symloss.language import Spec

DTYPES = ("float32", "float64")
ROLES = (*INPUT_ROLES, "parameter")

#: The kernels that every file has.
COMMON = {
    "total_weight": {
        "shape": "sum",
        "arguments": "weight: data*, mask: uint8*, partial: real*, samples: int64, options: uint32",
    },
    "finish": {
        "shape": "sum",
        "arguments": "partial: real*, count: int64, divisor: float64, weights: float64*, totals: float64*, "
        "rounded: real*, term: int64, options: uint32",
    },
}

#: The kernels that losses have whose samples interact.
COUPLED = {
    "all_seeds": {
        "shape": "sum",
        "arguments": "weight: data*, seeds: real*, divisor: real, divisors: real*, samples: int64, options: uint32",
    },
    "matrix_product": {
        "shape": "tiles",
        "arguments": "left: real*, right: real*, target: real*, rows: int64, columns: int64, shared: int64, "
        "options: uint32",
    },
}


def emit_cuda(spec: Spec, derivation: Derivation) -> str:
    """The text of ``generated/cuda/<name>.py``, a function of the specification and the generator alone.

    Raises:
        SymlossError: the loss has no CUDA kernels; the message says why.
    """
    with exact_arithmetic():
        return _CudaFile(spec, derivation).text()


@dataclass
class _CudaFile:
    spec: Spec
    derivation: Derivation
    kernels: dict[str, Printed] = field(default_factory=dict)
    plans: dict[str, dict[str, Any]] = field(default_factory=dict)
    weighed: dict[str, str] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.program, _ = with_safe_names(self.derivation.stable)
        self.terms = {
            term: next(iter(self.program.axes_of(target)), None) for term, target in self.program.outputs.items()
        }
        self.predictions = [n for n, tensor in self.derivation.stable.tensors.items() if tensor.role == "prediction"]
        self.gradients = [
            key.removeprefix("grad ") for key in self.derivation.gradient.outputs if key.startswith("grad ")
        ]

    def entries(self) -> dict[str, tuple[Program, bool, list[str]]]:
        """By entry point its program, whether it gives values, and the outputs that it fills."""
        derivation = self.derivation
        gradients = [f"grad {name}" for name in self.predictions]
        diagonals = [f"diag {name}" for name in self.predictions]
        found = {
            "value": (derivation.stable, True, []),
            "value_and_grad": (derivation.gradient, True, [f"grad {name}" for name in self.gradients]),
        }
        if derivation.diagonal is not None:
            found["grad_hess_diag"] = (derivation.diagonal, False, gradients + diagonals)
        found["hvp"] = (derivation.product, False, [f"hvp {name}" for name in self.predictions])
        return found

    def text(self) -> str:
        """The whole file."""
        sections: list[str] = []
        kernels = {dtype: self.printers(dtype) for dtype in DTYPES}
        printed = {dtype: [kernel.printed() for kernel in kernels[dtype]] for dtype in DTYPES}
        self.share(zip(*printed.values(), strict=True))
        for dtype in DTYPES:
            used = set[str]()
            wanted = {f"{name}_f{dtype[-2:]}" for name in self.common()}
            for kernel, form in zip(kernels[dtype], printed[dtype], strict=True):
                used |= kernel.used
                wanted |= kernel.helpers | set(re.findall(r"\b_\w+", form.text))
            # Helpers that have no numbers of their own are there already when the second dtype comes.
            support = [one for one in helpers(wanted, dtype) if one not in sections]
            sections += [*support, *functions(used, dtype), *(form.text for form in printed[dtype] if form.text)]
        checked = constraint_function(self.program, tuple(map(str, getattr(self.spec, "constraints", ()))))
        sections += [checked] if checked else []
        meta = metadata(self.spec, self.derivation, [], self.gradients, list(self.plans))
        text = render(
            "numba_cuda.py.jinja",
            spec=self.spec,
            uses_math=any("math." in section for section in sections),
            meta=pprint.pformat(meta, width=110, sort_dicts=False),
            header={
                "references": [str(reference) for reference in self.spec.references],
                "rewrites": self.derivation.rewrites,
            },
            blocks=sections,
            kernels=pprint.pformat(self.table(), width=110, sort_dicts=False),
            coupled=interacts(self.program),
            without=pprint.pformat(self.without, width=110, sort_dicts=False) if self.without else "",
            weighed=pprint.pformat(self.weighed, width=110, sort_dicts=False),
            plans=pprint.pformat(self.plans, width=110, sort_dicts=False),
        )
        return wrapped(re.sub(r"\n{4,}", "\n\n\n", text).rstrip() + "\n")

    def printers(self, dtype: str) -> list[KernelText]:
        """The kernels of all entry points for one dtype."""
        found = self.weighing(dtype)
        for entry, (program, values, outputs) in self.entries().items():
            try:
                found += self.entry(entry, program, values, outputs, dtype)
            except SymlossError as error:
                if entry == "value":
                    raise
                self.without[entry] = str(error)
        return found

    def share(self, kernels: Iterable[tuple[Printed, ...]]) -> None:
        """Note the kernels, of those that are alike one."""
        forms = list(kernels)
        phases = {name for pair in forms for form in pair for name in form.phased}
        suffixed = {f"{name}_f{dtype[-2:]}" for name in phases for dtype in DTYPES}
        instead = written_once(forms, suffixed)
        for form in (form for pair in forms for form in pair if form.name not in instead):
            suffix = form.name[-4:]
            form.phased = tuple(
                instead.get(f"{name}{suffix}", f"{name}{suffix}").removesuffix(suffix) for name in form.phased
            )
            self.kernels[form.name] = form

    def weighing(self, dtype: str) -> list[KernelText]:
        """The kernels that add up weights, for terms that give their samples weights."""
        found: list[KernelText] = []
        for term, axis in self.terms.items():
            if axis is not None and term in self.program.sample_weight:
                kernel = weighing_kernel(self.program, term, axis)
                found.append(WeighingKernel(kernel, self.program, dtype, term, labels(kernel, self.program)))
                self.weighed[term] = kernel.name
        return found

    def entry(self, name: str, program: Program, values: bool, outputs: list[str], dtype: str) -> list[KernelText]:
        """The kernels of one entry point for one dtype, noted in its plan."""
        safe, renamed = with_safe_names(program)
        keys = (list(self.terms) if values else []) + outputs
        # The schedule for float64 needs no wider type than the kernel's own.
        schedule = build_schedule(safe, name, tuple(keys), "float64")
        found: list[KernelText] = []
        apart: list[PhaseKernel] = []
        steps: list[Any] = []
        results = frozenset(safe.outputs[key] for key in outputs)
        for step in schedule.steps:
            problem = obstacle(step, schedule.program)
            if problem:
                raise SymlossError(f"{name} {problem}")
            if isinstance(step, MatrixProduct):
                steps.append(product(step, schedule))
                continue
            kind = RowKernel if any(isinstance(node, Sweep) for node in every(step.nodes)) else ElementKernel
            term = self.term(step, schedule.program)
            text = kind(step, schedule.program, dtype, term, labels(step, schedule.program), results)
            found.append(text)
            steps.append(step.name)
            if isinstance(text, RowKernel) and not interacts(safe):
                by_phases = phase_kernels(text)
                text.phased = tuple(one.name.removesuffix(f"_{one.suffix}") for one in by_phases)
                apart += by_phases
        self.plans[name] = {
            "axes": {n: renamed[n] for n in program.axes if n in renamed},
            "batches": {term: safe.root(str(axis)) for term, axis in self.terms.items()},
            "steps": steps,
            "buffers": buffers(schedule, found, results),
            "seeds": seeds(found),
            **by_parts(steps, found, buffers(schedule, found, results)),
            "outputs": [safe.outputs[key] for key in outputs],
            "directions": [renamed.get(n, n) for n, t in program.tensors.items() if t.role == "direction"],
            "names": {n: renamed[n] for n, t in program.tensors.items() if n in renamed and t.role in ROLES},
        }
        return [*found, *apart]

    def table(self) -> dict[str, Any]:
        """What a launch has to know of each kernel, the same for both dtypes."""
        return self.common() | {
            name.removesuffix("_f32"): p.record() for name, p in self.kernels.items() if name.endswith("_f32")
        }

    def common(self) -> dict[str, dict[str, str]]:
        """The kernels that every file has, and those of losses whose samples interact."""
        return COMMON | COUPLED if interacts(self.program) else COMMON

    def term(self, kernel: Kernel, program: Program) -> str | None:
        """The term whose batch a kernel runs over."""
        for term, axis in self.terms.items():
            if axis is not None and program.root(axis) == program.root(str(kernel.axis)):
                return term
        return None


def product(step: MatrixProduct, schedule: Schedule) -> dict[str, Any]:
    """What a launch has to know of a matrix product: its arrays, the lengths of their axes, which are turned."""
    program = schedule.program
    names = {statement.target: statement.out for statement in program.statements}
    rows, columns = (f"size_{program.root(axis)}" for axis in names[step.target])
    axes = names.get(step.left) or program.tensors[step.left].axes
    shared = f"size_{program.root(axes[0] if step.transpose_left else axes[1])}"
    turned = [side for side, turn in (("left", step.transpose_left), ("right", step.transpose_right)) if turn]
    return {
        "left": step.left,
        "right": step.right,
        "target": step.target,
        "sizes": [rows, columns, shared],
        "turned": turned,
        "adds": step.adds,
    }


def buffers(schedule: Schedule, kernels: list[KernelText], results: frozenset[str]) -> dict[str, Any]:
    """The arrays between kernels: their type and the lengths of their axes."""
    program = schedule.program
    numbers = {argument.name: argument.number for text in kernels for argument in text.kernel.arguments}
    return {
        name: ["int64" if numbers.get(name) == "int" else "real", *(f"size_{program.root(axis)}" for axis in axes)]
        for name, axes in schedule.buffers.items()
        if name not in results
    }


def by_parts(steps: list[Any], kernels: list[KernelText], between: dict[str, Any]) -> dict[str, Any]:
    """The steps that can be done for some samples at a time, so that no matrix of all pairs of samples is stored.

    They begin with the first and end with the last that touches such a matrix. A product either makes rows of one, or
    reads it on its left: then it makes what belongs to these samples, or adds what they give to something.
    """
    square = {name for name, (_, *sizes) in between.items() if len(sizes) > 1 and sizes[0] == sizes[1]}
    texts = {text.kernel.name: text for text in kernels}

    def sides(step: Any) -> set[str]:
        if isinstance(step, str):
            return {argument.name for argument in texts[step].kernel.arguments}
        return {step["left"], step["right"], step["target"]}

    places = [place for place, step in enumerate(steps) if square & sides(step)]
    if not places or len({between[name][1] for name in square}) > 1:
        return {}
    first, end = places[0], places[-1] + 1
    made = {step["target"] for step in steps[first:end] if not isinstance(step, str)} - square
    for step in steps[first:end]:
        if isinstance(step, str):
            fits = texts[step].parted and not made & sides(step)
        elif step["target"] in square:
            fits = not step["turned"].count("left") and step["left"] not in square | made
        else:
            fits = step["left"] in square
        if not fits or (not isinstance(step, str) and step["right"] in square | made):
            return {}
    return {"parts": [first, end]}


def seeds(kernels: list[KernelText]) -> dict[str, str]:
    """By term the array of the derivatives by all samples' values, where a kernel reads those of other samples."""
    found = {}
    for text in kernels:
        for argument in text.kernel.arguments:
            tensor = text.program.tensors.get(argument.name)
            if tensor is not None and tensor.role == "seed" and text.term is not None:
                found[text.term] = argument.name
    return found


def labels(kernel: Kernel, program: Program) -> dict[str, str]:
    """A kernel's labels, one per sample, with the axis whose entries they name."""
    found = {}
    for argument in kernel.arguments:
        tensor = program.tensors.get(argument.name)
        if tensor is not None and tensor.domain.kind == "index" and argument.chunked:
            found[argument.name] = program.root(str(tensor.domain.axis))
    return found
