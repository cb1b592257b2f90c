"""Put the text of one loss's file together: header, META, functions, kernels, drivers, wrappers."""

from __future__ import annotations

import ast
import pprint
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import sympy

from symloss.accuracy.record import in_words
from symloss.atoms.elementary import compose
from symloss.emit.numba_cpu.across import FEW, LONGEST, AcrossPrinter
from symloss.emit.numba_cpu.alike import written_once
from symloss.emit.numba_cpu.bits import with_bits
from symloss.emit.numba_cpu.checks import PLACE, InputCheck, checkable
from symloss.emit.numba_cpu.columns import ColumnsPrinter, turned
from symloss.emit.numba_cpu.drivers import DRIVER_ARGUMENTS, SHORT, DriverPrinter, concerns_no_sample
from symloss.emit.numba_cpu.expressions import ExpressionPrinter
from symloss.emit.numba_cpu.in_place import keeps_to_rows, overwritable, taken_over
from symloss.emit.numba_cpu.kernels import KernelPrinter
from symloss.emit.numba_cpu.lanes import LanesPrinter
from symloss.emit.numba_cpu.selects import with_selects
from symloss.emit.numba_cpu.tiles import tiling
from symloss.emit.numba_cpu.wrapping import wrapped
from symloss.emit.templates import render, template_folder
from symloss.errors import SymlossError
from symloss.lowering import Kernel, MatrixProduct, Schedule, build_schedule
from symloss.lowering.names import with_safe_names
from symloss.lowering.schedule import Sweep
from symloss.program import INPUT_ROLES, Program, exact_arithmetic

if TYPE_CHECKING:
    from symloss.calculus import Derivation
    from symloss.language import Spec

DTYPES = ("float64", "float32")
_DOCS = {
    "value": "The loss.",
    "value_and_grad": "The loss and its gradients with respect to {names}.",
    "grad_hess_diag": "Per-sample gradients and Hessian diagonals, one of each per prediction.",
    "hvp": "The product of the Hessian with the directions, one per prediction.",
    "hessian": "Per-sample Hessian blocks, one per prediction.",
}
#: Helpers that Numba knows as functions of its own, each with a type and with code.
BUILT_IN = ("_bits", "_where", "_fetch", "_prefer_wide_vectors")
_SUPPORT_ALWAYS = {"_serial", "_call", "_hessian", "_ones", "_total"}
_SUPPORT_ALWAYS |= {"_root", "_checked_array", "_check_numbers", "_per_term"}


@dataclass
class EntryPoint:
    """One entry point: the program it runs, the outputs it fills and the directions it takes."""

    name: str
    program: Program
    values: bool
    outputs: list[str]
    directions: list[str]
    seeds: dict[str, str]


def emit_loss(spec: Spec, derivation: Derivation) -> str:
    """The text of ``generated/cpu/<name>.py``, a function of the specification and the generator alone."""
    with exact_arithmetic():
        return _LossFile(spec, derivation).text()


@dataclass
class _LossFile:
    spec: Spec
    derivation: Derivation
    functions: dict[str, set[str]] = field(default_factory=lambda: {dtype: set() for dtype in DTYPES})
    helpers: set[str] = field(default_factory=lambda: set(_SUPPORT_ALWAYS))
    in_place: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    by_rows: bool = True

    def __post_init__(self) -> None:
        self.program, _ = with_safe_names(self.derivation.stable)
        if self.program.sample_weight and self.coupled:
            raise SymlossError(
                f"{self.spec.name} weights its classes, but its samples interact; a coupled loss has no class weights"
            )
        self.terms = self._terms()
        axes = [self.program.root(axis) for axis in self.terms.values() if axis is not None]
        if len(set(axes)) < len(axes):
            raise SymlossError(
                f"{self.spec.name} has terms that share a batch axis; add them up, or give each an axis of its own"
            )
        self.checks, self.numbers = self._checks()

    # --- facts ---------------------------------------------------------------------------------------------------

    def _terms(self) -> dict[str, str | None]:
        terms: dict[str, str | None] = {}
        for term, target in self.program.outputs.items():
            out = self.program.axes_of(target)
            terms[term] = out[0] if out else None
        return terms

    @property
    def predictions(self) -> list[str]:
        """The inputs with respect to which the loss is differentiated by default."""
        return [name for name, tensor in self.derivation.stable.tensors.items() if tensor.role == "prediction"]

    @property
    def gradients(self) -> list[str]:
        """What value_and_grad differentiates with respect to."""
        return [key.removeprefix("grad ") for key in self.derivation.gradient.outputs if key.startswith("grad ")]

    @property
    def coupled(self) -> bool:
        """Whether samples interact."""
        from symloss.emit.numba_cpu.facts import interacts

        return interacts(self.program)

    def _checks(self) -> tuple[list[dict[str, str]], dict[str, int]]:
        checks: list[dict[str, str]] = []
        numbers: dict[str, int] = {}
        public = dict(zip(self.program.tensors, self.derivation.stable.tensors, strict=True))
        for name, tensor in self.program.tensors.items():
            if tensor.role in INPUT_ROLES and checkable(tensor):
                numbers[name] = len(checks)
                checks.append({"argument": public[name]})
        for number, constraint in enumerate(self.program.constraints):
            numbers[f"constraint {number}"] = len(checks)
            checks.append({"constraint": self.spec_constraint(number, constraint)})
        return checks, numbers

    def spec_constraint(self, number: int, constraint: sympy.Expr) -> str:
        """A constraint as the specification words it."""
        texts = getattr(self.spec, "constraints", ())
        return str(texts[number]) if number < len(texts) else str(constraint)

    def entries(self) -> list[EntryPoint]:
        """The entry points that this loss has."""
        derivation = self.derivation
        predictions = self.predictions
        gradients = [f"grad {name}" for name in predictions]
        diagonals = [f"diag {name}" for name in predictions]
        found = [
            self.entry_point("value", derivation.stable, True, []),
            self.entry_point("value_and_grad", derivation.gradient, True, [f"grad {name}" for name in self.gradients]),
        ]
        if derivation.diagonal is not None:
            found.append(self.entry_point("grad_hess_diag", derivation.diagonal, False, gradients + diagonals))
        products = [f"hvp {name}" for name in predictions]
        found.append(self.entry_point("hvp", derivation.product, False, products))
        return found

    def entry_point(self, name: str, program: Program, values: bool, outputs: list[str]) -> EntryPoint:
        """An entry point whose program has names that a generated file can use."""
        safe, renamed = with_safe_names(program)
        directions = [renamed.get(n, n) for n, t in program.tensors.items() if t.role == "direction"]
        seeds = {}
        for term in self.terms:
            seed = "_seed" if len(self.terms) == 1 else f"_seed_{term}"
            seeds[term] = renamed.get(seed, seed)
        return EntryPoint(name, safe, values, outputs, directions, seeds)

    # --- text ----------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The whole file."""
        from symloss.emit.numba_cpu.facts import metadata

        entries = self.entries()
        sections: dict[str, list[str]] = {}
        drivers: list[str] = []
        for dtype in DTYPES:
            blocks: list[str] = []
            totals = self.total_kernels(dtype)
            blocks += ["\n".join(printer.lines()) for printer in totals.values()]
            for entry in entries:
                kernels, driver = self.entry(entry, dtype, totals)
                blocks += kernels
                drivers.append(driver)
            sections[dtype] = [with_selects(block) for block in blocks]
        elementary = {
            # Looking a name up once less for every constant, Numba compiles the functions a tenth faster.
            dtype: with_selects(with_bits(compose(self.functions[dtype], dtype, "@_inline"))).replace(
                "np.float32(", "f32("
            )
            for dtype in DTYPES
            if self.functions[dtype]
        }
        drivers += [self.dispatcher(entry) for entry in entries]
        meta = metadata(self.spec, self.derivation, self.checks, self.gradients, [e.name for e in entries])
        meta["in_place"] = self.in_place
        meta["by_rows"] = self.by_rows and not self.coupled
        functions = [*elementary.values(), *(block for blocks in sections.values() for block in blocks)]
        called = "".join([*self.helper_text(), *functions])
        for name in BUILT_IN:
            if f"{name}(" in called:
                self.helpers |= {name, f"_type_of{name}", f"_code_of{name}"}
        helpers = self.helper_text()
        functions += helpers
        text = render(
            "numba_cpu.py.jinja",
            uses_math=any("math." in function for function in functions),
            extends=not self.helpers.isdisjoint(BUILT_IN),
            uses_lanes="_add_onto_lanes" in self.helpers,
            uses_blocks=any(PLACE in function for function in functions),
            longest=LONGEST if any(SHORT in driver for driver in drivers) else None,
            spec=self.spec,
            meta=pprint.pformat(meta, width=110, sort_dicts=False),
            header=self.header(meta["accuracy"]),
            helpers=helpers,
            elementary=elementary,
            sections=sections,
            drivers=drivers,
            entries=[entry.name for entry in entries],
            wrappers=[self.wrapper(entry.name) for entry in entries] + [self.wrapper("hessian")],
        )
        return wrapped(re.sub(r"\n{4,}", "\n\n\n", text).rstrip() + "\n")

    def wrapper(self, entry: str) -> dict[str, str]:
        """The function by which a copied file is called: shape and dtype checks, then a serial run."""
        tensors = self.derivation.stable.tensors.values()
        inputs = [t for t in tensors if t.role in INPUT_ROLES]
        parameters = [t for t in tensors if t.role == "parameter"]
        required = [t.name for t in inputs if t.default is None]
        optional = [f"{t.name}={float(t.default)!r}" for t in (*inputs, *parameters) if t.default is not None]
        taken = {t.name for t in (*inputs, *parameters)}
        direction = next(name for name in ("v", "directions", "directions_") if name not in taken)
        directions = [direction] if entry == "hvp" else []
        reduction = 'reduction="sum"' if entry in ("grad_hess_diag", "hessian") else 'reduction="mean"'
        given = f"{_literal_tuple(t.name for t in inputs)}, {_literal_tuple(t.name for t in parameters)}"
        options = "reduction, weight, mask, normalizer"
        if entry == "hessian":
            body = f"return _hessian({given}, {options})"
        else:
            body = f'return _call("{entry}", {given}, {direction if directions else "None"}, {options})'
        return {
            "name": entry,
            "signature": ", ".join(
                [*required, *optional, "*", *directions, reduction, "weight=None", "mask=None", "normalizer=None"]
            ),
            "doc": _DOCS[entry].format(names=", ".join(self.gradients)),
            "body": body,
        }

    def header(self, accuracy: dict[str, Any]) -> dict[str, Any]:
        """What the docstring of the file says."""
        from symloss.emit.numba_cpu.facts import operation_counts

        return {
            "accuracy": in_words(accuracy),
            "operations": operation_counts(self.derivation),
            "rewrites": self.derivation.rewrites,
            "references": [str(reference) for reference in self.spec.references],
        }

    def helper_text(self) -> list[str]:
        """The text of the helpers that the file uses, compiled ones marked."""
        return [with_selects(text) for name, text in support_functions().items() if name in self.helpers]

    def total_kernels(self, dtype: str) -> dict[str, KernelPrinter]:
        """Per term with weights of its own, a kernel that sums them."""
        from symloss.lowering.stages import weighing_kernel

        found = {}
        for term, axis in self.terms.items():
            if axis is not None and term in self.program.sample_weight:
                kernel = weighing_kernel(self.program, term, axis)
                found[term] = self.kernel(kernel, self.program, dtype)
                found[term].lines()
        return found

    def kernel(
        self,
        kernel: Kernel,
        program: Program,
        dtype: str,
        taken: dict[str, str] | None = None,
        tiled: frozenset[str] = frozenset(),
    ) -> KernelPrinter:
        """A kernel with its printer and the checks that it makes."""
        checks = []
        for name in kernel.checked:
            tensor = program.tensors[name]
            if checkable(tensor) and any(a.name == name for a in kernel.arguments):
                checks.append(InputCheck(self.numbers[name], tensor, program, dtype))
        kernel.constraints = [(self.numbers[f"constraint {n}"], c) for n, c in kernel.constraints]
        batches = {program.root(axis) for axis in self.terms.values() if axis is not None}
        maskable = not self.coupled and kernel.axis is not None and program.root(kernel.axis) in batches
        single = kernel.axis is not None and kernel.element_wise(program)
        printer = (ColumnsPrinter if turned(kernel, program) else LanesPrinter) if single else KernelPrinter
        return printer(kernel, program, ExpressionPrinter(dtype), checks, maskable, taken or {}, tiled=tiled)

    def entry(self, entry: EntryPoint, dtype: str, totals: dict[str, KernelPrinter]) -> tuple[list[str], str]:
        """The kernels and the driver of one entry point for one dtype."""
        keys = (list(self.terms) if entry.values else []) + entry.outputs
        schedule: Schedule = build_schedule(entry.program, entry.name, tuple(keys), dtype, keep_terms=True, apart=True)
        self.note_in_place(entry, schedule)
        outputs = [entry.program.outputs[key] for key in entry.outputs]
        between = {name: axes for name, axes in schedule.buffers.items() if name not in outputs}
        taken = taken_over(schedule, between)
        tiles = tiling(schedule, outputs)
        of_tiles = {} if tiles is None else {tiles.kernel.name: tiles.arrays}
        printers = {
            step.name: self.kernel(step, schedule.program, dtype, taken, of_tiles.get(step.name, frozenset()))
            for step in schedule.steps
            if isinstance(step, Kernel)
        }
        short = {
            name: AcrossPrinter(p.kernel, p.program, ExpressionPrinter(dtype), p.checks, p.maskable, p.taken)
            for name, p in printers.items()
            if schedule.steps == [p.kernel] and p.kernel.short_axis(schedule.program) is not None and self.has_few_sums
        }
        everything = [one for name in printers for one in (printers[name], short.get(name)) if one is not None]
        kernels = written_once(everything)
        steps = schedule.steps
        if entry.values:
            self.require_checked({number for printer in printers.values() for number, _ in printer.kernel.constraints})
        read = {a.name for step in steps if isinstance(step, Kernel) for a in step.arguments if not a.written}
        read |= {side for step in steps if isinstance(step, MatrixProduct) for side in (step.left, step.right)}
        read -= {name for step in steps if isinstance(step, Kernel) for name in step.checked}
        unvisited = {name for name in read if name in self.program.tensors and checkable(self.program.tensors[name])}
        self.by_rows &= keeps_to_rows(schedule, unvisited)
        driver = DriverPrinter(
            schedule,
            schedule.program,
            printers,
            self.numbers,
            self.terms,
            entry.seeds,
            outputs,
            entry.directions,
            totals,
            frozenset(read),
            taken,
            short,
            tiles,
        )
        text = "\n".join(driver.lines())
        for printer in [*everything, *totals.values()]:
            self.functions[dtype] |= printer.printer.functions
            self.helpers |= printer.printer.helpers
        self.helpers |= driver.helpers
        return kernels, text

    @cached_property
    def has_few_sums(self) -> bool:
        """Whether so few reductions make up a sample's value that the loop over samples may be the innermost one.

        One rule for all entry points, whose values have the same bits.
        """
        schedule = build_schedule(self.program, "value", tuple(self.terms), "float64", keep_terms=True, apart=True)
        kernels = [step for step in schedule.steps if isinstance(step, Kernel)]
        return all(
            sum(len(sweep.accumulations) for sweep in k.nodes if isinstance(sweep, Sweep)) <= FEW for k in kernels
        )

    def require_checked(self, checked: set[int]) -> None:
        """Refuse a constraint that neither a kernel nor the driver can check."""
        for number, constraint in enumerate(self.program.constraints):
            if self.numbers[f"constraint {number}"] not in checked and not concerns_no_sample(constraint):
                raise SymlossError(
                    f"{self.spec.name} has a constraint that no kernel can check, because it is not about one sample: "
                    f"{self.spec_constraint(number, constraint)}"
                )

    def note_in_place(self, entry: EntryPoint, schedule: Schedule) -> None:
        """Record which inputs the results of an entry point may overwrite, for every dtype."""
        if entry.name not in ("value_and_grad", "hvp"):
            return
        public = dict(zip(self.program.tensors, self.derivation.stable.tensors, strict=True))
        results = {key.split(" ", 1)[1]: entry.program.outputs[key] for key in entry.outputs}
        single = len(self.predictions) == 1
        sources = {safe: name for safe, name in public.items() if self.program.tensors[safe].role in INPUT_ROLES}
        if entry.name == "hvp":
            # There "v" is the direction; an input of that name cannot be told from it, and is not offered.
            sources = {safe: name for safe, name in sources.items() if name != "v"}
            sources |= dict.fromkeys(entry.directions, "v") if single else {}
        found = {
            name: [sources[source] for source in allowed]
            for name, allowed in overwritable(schedule, results, sources).items()
        }
        known = self.in_place.get(entry.name)
        if known is not None:
            found = {name: [s for s in found.get(name, ()) if s in allowed] for name, allowed in known.items()}
        self.in_place[entry.name] = {name: allowed for name, allowed in found.items() if allowed}

    def dispatcher(self, entry: EntryPoint) -> str:
        """The driver that callers see: it chooses the dtype."""
        inputs = [name for name, t in self.program.tensors.items() if t.role in INPUT_ROLES]
        place = next(i for i, name in enumerate(inputs) if not self.program.tensors[name].domain.integer)
        return "\n".join(
            [
                f"def _drive_{entry.name}({DRIVER_ARGUMENTS}, directions=()):",
                f"    driver = _{entry.name}_f32 if inputs[{place}].dtype == np.float32 else _{entry.name}_f64",
                f"    return driver({DRIVER_ARGUMENTS}, directions)",
            ]
        )


def _literal_tuple(names: Iterable[str]) -> str:
    """A tuple of names as text."""
    listed = list(names)
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"


@cache
def support_functions() -> dict[str, str]:
    """The helpers that generated files carry a copy of, by name, as written in the templates folder."""
    source = (template_folder() / "numba_cpu_support.py").read_text(encoding="utf-8")
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name not in ("_local", "_in_place", "_jit"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "\n".join(source.split("\n")[first - 1 : node.end_lineno])
    return found
