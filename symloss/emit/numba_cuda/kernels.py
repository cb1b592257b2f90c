"""What the kernels of one entry point have in common: how they read arrays, their arguments, their functions."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import sympy

from symloss.emit.numba_cpu.expressions import is_condition
from symloss.emit.numba_cuda.expressions import DevicePrinter
from symloss.lowering.functions import Element, Variable, leaves
from symloss.lowering.rows import ROW, START
from symloss.lowering.schedule import Argument, Kernel, Let, Node, View, expressions
from symloss.program import Program

#: "data" may be shorter in memory than the type that is computed in, "real".
_POINTERS = {"real": "data*", "int": "int64*", "bool": "uint8*"}


@dataclass
class Printed:
    """The text of one kernel with what a launch has to know.

    ``arguments`` maps each argument, in order, to its type; ``shape`` is how threads are laid out: "elements" (128 bits
    of samples to a thread), "samples" (one to a thread), "rows" (a warp or a block to a sample), "full_rows" (the
    same, with fewer threads to a block so that each may hold more), "segments" (several blocks to a sample) or "merged"
    (a warp to a sample whose segments are done). ``sizes`` are
    the lengths that the rows of arrays must share with 128 bits to be read that way, ``staged`` the number of row
    arrays that may be kept in shared memory, ``packed`` whether they take no more room there than in memory.
    ``phased`` names the kernels, in order, that do the same by segments of rows, ``kept`` is how many numbers such a
    kernel keeps per segment for the next. ``parted`` are the arrays of a kernel that can do some samples at a time,
    each with the lengths of a sample in it.
    """

    name: str
    text: str
    arguments: dict[str, str]
    shape: str
    samples: str
    term: str | None
    sizes: list[str] = field(default_factory=list)
    staged: int = 0
    packed: bool = False
    phased: tuple[str, ...] = ()
    kept: int = 0
    parted: dict[str, list[str | int]] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The entry in the table of kernels."""
        return {
            "shape": self.shape,
            "samples": self.samples,
            "term": self.term,
            "sizes": self.sizes,
            "staged": self.staged,
            "packed": self.packed,
            **({"phased": list(self.phased)} if self.phased else {}),
            **({"kept": self.kept} if self.kept else {}),
            **({"parted": self.parted} if self.parted else {}),
            "arguments": ", ".join(f"{name}: {kind}" for name, kind in self.arguments.items()),
        }


@dataclass
class KernelText(ABC):
    """The text of one kernel for one dtype, as it grows.

    ``term`` is the term whose batch the kernel runs over; ``labels`` are its labels, with the axis whose entries each
    names; ``results`` are the arrays that the entry point gives back.
    """

    kernel: Kernel
    program: Program
    dtype: str
    term: str | None
    labels: dict[str, str]
    results: frozenset[str] = frozenset()
    functions: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        nodes = [*self.kernel.nodes, *(self.kernel.sample_weight or ([],))[0]]
        self.views = {node.variable: node.array.removesuffix("_chunk") for node in nodes if isinstance(node, View)}
        self.records = {argument.name: argument for argument in self.kernel.arguments}
        self.printer = DevicePrinter(self.dtype, read=self.read)

    @abstractmethod
    def printed(self) -> Printed:
        """The text of the kernel and its functions."""

    # --- names ---------------------------------------------------------------------------------------------------

    @property
    def suffix(self) -> str:
        """The ending of names for this dtype."""
        return f"f{self.dtype[-2:]}"

    @property
    def name(self) -> str:
        """The kernel's name."""
        return f"{self.kernel.name}_{self.suffix}"

    @property
    def nan(self) -> str:
        """Not a number, of the dtype."""
        return f"{self.suffix}(np.nan)"

    @property
    def zero(self) -> str:
        """Zero, of the dtype."""
        return f"{self.suffix}(0.0)"

    @property
    def weighted(self) -> bool:
        """Whether weights of the samples matter."""
        return self.kernel.term is not None or self.kernel.seeded

    def argument(self, element: Element) -> Argument:
        """The argument that an element is read from."""
        return self.records[self.views.get(element.array, element.array.removesuffix("_chunk"))]

    # --- reading -------------------------------------------------------------------------------------------------

    def read(self, element: Element) -> str:
        """An element as a function or a kernel words it: by the name under which it was loaded, or from its array."""
        if element.array == "seed":
            return "seed"
        return sample_name(element) if is_own(element) else self.from_array(element)

    def from_array(self, element: Element, row: str = "row") -> str:
        """An element read from memory."""
        argument = self.argument(element)
        if is_own(element):
            place = row
        else:
            axes = argument.axes[1:] if element.array in self.views else argument.axes
            place = ""
            for axis, subscript in zip(axes, element.subscripts, strict=True):
                text = self.printer.integer(sympy.sympify(subscript), 4)
                place = f"({place}) * {self.size(axis)} + {text}" if place else text
            place = f"{element.array} + {place}" if element.array in self.views else place
        if argument.expandable:
            place = f"({place}) * {argument.name}_step"
        if argument.number == "real":
            return f"_get({argument.name}, {place})"
        text = f"{argument.name}[{place}]"
        return f"({text} != 0)" if argument.number == "bool" else text

    def size(self, axis: str) -> str:
        """The text of the length of an axis."""
        root = self.program.root(axis)
        fixed = self.program.axes[root].size
        return f"size_{root}" if fixed is None else str(fixed)

    def width(self, array: str) -> str:
        """How many numbers of an array belong to one sample."""
        return " * ".join(self.size(axis) for axis in self.records[array].axes[1:]) or "1"

    def names_of(self, needed: Iterable[sympy.Symbol]) -> list[str]:
        """The names that a function needs from its caller to read what it reads itself."""
        found: dict[str, None] = {}
        for leaf in needed:
            if isinstance(leaf, Variable):
                found.setdefault(leaf.name)
            elif leaf.array == "seed" or is_own(leaf):
                found.setdefault(self.read(leaf))
            else:
                argument = self.argument(leaf)
                found |= dict.fromkeys(re.findall(r"\bsize_\w+", self.from_array(leaf)))
                found.setdefault(argument.name)
                if leaf.array in self.views:
                    found.setdefault(leaf.array)
                if argument.expandable:
                    found.setdefault(f"{argument.name}_step")
        return list(found)

    @property
    def parted(self) -> bool:
        """Whether the kernel can do some samples at a time of those that interact, whose matrices then are few rows.

        It can where it reads and writes what belongs to its own samples alone, rows of square matrices among it.
        """
        root = self.program.root(str(self.kernel.axis))
        roots = [[self.program.root(axis) for axis in argument.axes] for argument in self.kernel.arguments]
        square = any(len(axes) > 1 and axes[:2] == [root, root] for axes in roots)
        own = all(argument.chunked and not argument.expandable for argument in self.kernel.arguments)
        return square and own and not self.labels and not self.reads_others()

    def reads_others(self) -> bool:
        """Whether the kernel reads anything of samples that are not its own."""
        kernel = self.kernel
        weighing, weight = kernel.sample_weight or ((), None)
        nodes = [*kernel.nodes, *weighing]
        if any(node.subscript != ROW for node in nodes if isinstance(node, View)):
            return True
        read = [one for node in nodes for one in expressions(node)]
        read += [result.value for result in kernel.row_results]
        read += [] if weight is None else [weight]
        return any(
            leaf.array not in self.views and not leaf.array.endswith("_chunk") and leaf.array != "seed"
            for leaf in leaves(read)
            if isinstance(leaf, Element)
        )

    # --- the parts of a kernel -----------------------------------------------------------------------------------

    def lets(self, nodes: Iterable[Node]) -> list[str]:
        """The text of lets; the number of the sample comes from the caller, and what is loaded has its name."""
        lines = []
        for let in nodes:
            if not isinstance(let, Let) or let.value == START + ROW:
                continue
            text = self.printer.value(let.value)
            if is_condition(let.value):
                self.printer.conditions.add(let.variable)
            if text != let.variable:
                lines.append(f"{let.variable} = {text}")
        return lines

    def function(
        self, name: str, arguments: Iterable[str], doc: str, lines: Iterable[str], returned: Iterable[str]
    ) -> None:
        """Add a function that the kernel calls."""
        body = [*quoted(doc), *lines, f"return {', '.join(returned)}"]
        self.functions.append("\n".join(["@_device", f"def {name}({', '.join(arguments)}):", *indented(body)]))

    def pointer_type(self, argument: Argument) -> str:
        """The type of an array: what lies between kernels is always of the type that is computed in."""
        tensor = self.program.tensors.get(argument.name)
        between = argument.name not in self.results if tensor is None else tensor.role == "seed"
        return "real*" if between and argument.number == "real" else _POINTERS[argument.number]

    def short(self, argument: Argument) -> bool:
        """Whether the numbers of an array may have 16 bits: it is kept in the dtype of the data."""
        return self.pointer_type(argument) == "data*"

    @property
    def lead(self) -> str:
        """An array of the formula, whose numbers may have 16 bits; empty where the kernel has none."""
        real = [argument for argument in self.kernel.arguments if argument.number == "real"]
        named = [argument.name for argument in real if self.short(argument)]
        return next(iter([*named, *(["losses"] if self.kernel.term else [])]), "")

    def more_arguments(self) -> Mapping[str, str]:
        """What the kernel gives back beside arrays of the formula: the samples' losses, and sums per block."""
        return {"losses": "data*", "partial": "real*"} if self.kernel.term else {}

    def assembled(
        self,
        doc: str,
        body: list[str],
        shape: str,
        sizes: Iterable[str] = (),
        staged: int = 0,
        packed: bool = False,
        phased: Iterable[str] = (),
        kept: int = 0,
    ) -> Printed:
        """The whole text: functions, then the kernel with its arguments."""
        text = "\n".join([*body, *self.functions])
        head, lengths = [], {}
        for axis in dict.fromkeys(map(self.program.root, self.program.axes)):
            if re.search(rf"\bsize_{axis}\b", text):
                fixed = self.program.axes[axis].size
                if fixed is not None:
                    head.append(f"size_{axis} = {fixed}")
                elif axis == self.program.root(str(self.kernel.axis)):
                    head.append(f"size_{axis} = {'total' if self.parted else 'samples'}")
                else:
                    lengths[f"size_{axis}"] = "int64"
        arguments: dict[str, str] = {}
        for argument in self.kernel.arguments:
            arguments[argument.name] = self.pointer_type(argument)
            if argument.expandable:
                arguments[f"{argument.name}_step"] = "int64"
        arguments |= dict.fromkeys(self.kernel.parameters, "real")
        if self.weighted:
            arguments["weight"] = "data*"
        arguments["mask"] = "uint8*"
        if self.kernel.seeded:
            arguments |= {"divisor": "real", "divisors": "real*"}
        if self.labels:
            arguments["ignore"] = "int64"
        parts = {"first": "int64", "total": "int64"} if self.parted else {}
        arguments |= {**self.more_arguments(), **parts, "samples": "int64", **lengths, "options": "uint32"}
        lines = [f"def {self.name}({', '.join(arguments)}):", *indented([*quoted(doc), *head, *body])]
        self.used |= self.printer.functions
        self.helpers |= self.printer.helpers
        samples = f"size_{self.program.root(str(self.kernel.axis))}"
        parted: dict[str, list[str | int]] = {}
        for argument in self.kernel.arguments if self.parted else []:
            roots = map(self.program.root, argument.axes[1:])
            parted[argument.name] = [self.program.axes[root].size or f"size_{root}" for root in roots]
        return Printed(
            self.name,
            "\n\n\n".join([*self.functions, "\n".join(lines)]),
            arguments,
            shape,
            samples,
            self.term,
            list(sizes),
            staged,
            packed,
            tuple(phased),
            kept,
            parted,
        )


def needed(nodes: Iterable[Node], values: Iterable[sympy.Expr]) -> list[sympy.Symbol]:
    """The variables and elements that lets and values read and that the lets do not define."""
    lets = [node for node in nodes if isinstance(node, Let)]
    running = {let.variable for let in lets if let.value == START + ROW}
    known = {let.variable for let in lets} - running
    found = leaves([*(let.value for let in lets if let.variable not in running), *values])
    return [leaf for leaf in found if leaf != ROW and not (isinstance(leaf, Variable) and leaf.name in known)]


def quoted(doc: str) -> list[str]:
    """The lines of a docstring."""
    lines = wrap(doc, 106, break_long_words=False, break_on_hyphens=False)
    return [f'"""{lines[0]}"""'] if len(lines) == 1 else [f'"""{lines[0]}', *lines[1:], '"""']


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one level further in."""
    return [f"    {line}" for line in lines]


def is_own(element: Element) -> bool:
    """Whether an element is a sample's only number in an array."""
    return bool(element.array.endswith("_chunk") and element.subscripts == (ROW,))


def sample_name(element: Element) -> str:
    """What a sample's only number in an array is called."""
    return f"{element.array.removesuffix('_chunk').rstrip('_')}_n"
