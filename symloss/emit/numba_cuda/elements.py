"""Print a kernel whose only loop is the one over samples: a thread takes 128 bits of samples at a time, or one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy

from symloss.emit.numba_cuda.expressions import BRANCH, PRODUCT
from symloss.emit.numba_cuda.kernels import KernelText, Printed, is_own, needed, sample_name
from symloss.emit.numba_cuda.visit import LANES, Load, Save, Visit
from symloss.lowering.functions import Element
from symloss.lowering.rows import ROW, START
from symloss.lowering.schedule import Let, Store


class ElementKernel(KernelText):
    """A kernel in which a sample is one number of each array, or a few.

    With one number of each, a thread takes as many neighbouring samples as fill 128 bits. With a few, such as the
    corners of a box, it takes one sample.
    """

    def printed(self) -> Printed:
        """The text of the kernel and its functions."""
        kernel = self.kernel
        self.stores = [node for node in kernel.nodes if isinstance(node, Store)]
        values = {self.stored_name(store): store.value for store in self.stores}
        values |= {"loss": kernel.row_results[0].value} if kernel.row_results else {}
        preamble = self.lets(kernel.preamble)
        reads = needed(kernel.nodes, values.values())
        visit = self.visit(reads, values)
        lines = list(self.sample_head(visit))
        lines += [f"seed = _seed_{self.suffix}(weight, divisor)"] if kernel.seeded else []
        lines += self.lets(kernel.nodes)
        texts = {name: self.masked(name, value) for name, value in values.items()}
        if self.views:
            lines += self.stored(texts)
            texts = {name: text for name, text in texts.items() if name == "loss"}
        doc = f"One sample: {', '.join(values)}" + (", stored but for the loss." if self.views else ".")
        self.function(visit.function, visit.arguments, doc, lines, texts.values() or ["0"])
        body = [*self.opening(), *preamble, *visit.lines()]
        body += [f"_block_sum_{self.suffix}(high, low, partial)"] if kernel.term else []
        summed = "; a partial sum per block." if kernel.term else "."
        return self.assembled(
            f"All samples: {', '.join(values)}{summed}", body, "samples" if self.views else "elements"
        )

    def visit(self, reads: list[sympy.Symbol], values: Iterable[str]) -> Visit:
        """The loops over the samples."""
        kernel, wide = self.kernel, not self.views
        loads = list(self.loads(reads))
        running = {node.variable for node in kernel.nodes if isinstance(node, Let) and node.value == START + ROW}
        inside = {load.name for load in loads} | set(self.views) | running | {"seed"}
        uniform = [name for name in self.names_of(reads) if name not in inside]
        uniform += ["divisor"] if kernel.seeded else []
        uniform += [name for name in dict.fromkeys(self.views.values()) if not wide and name not in uniform]
        uniform += [] if wide else ["options"]
        visit = Visit(
            self.dtype,
            f"_{self.name}_sample",
            count="samples",
            first="thread",
            step="threads",
            loads=loads,
            uniform=uniform,
            place=bool(self.views or running),
            wide=wide,
            lead=self.lead,
            results=[name for name in values if wide or name == "loss"] or ["_"],
            saves=[self.save(store) for store in self.stores] if wide else [],
        )
        if kernel.term:
            visit.collect["loss"] = f"high, low = _plus_{self.suffix}(high, low, {{value}})"
            visit.saves.append(Save("loss", "losses", condition="options & KEEP"))
        return visit

    def save(self, store: Store) -> Save:
        """Where a result of the visit goes."""
        array = store.array.removesuffix("_chunk")
        return Save(self.stored_name(store), array, short=self.short(self.records[array]))

    def opening(self) -> list[str]:
        """What a thread does first."""
        lines = ["if options & DIVIDE:", "    divisor = divisors[0]"] if self.kernel.seeded else []
        lines += ["thread, threads = _first_thread(), _all_threads()"]
        return lines + ([f"high, low = {self.zero}, {self.zero}"] if self.kernel.term else [])

    def loads(self, reads: Iterable[sympy.Symbol]) -> Iterator[Load]:
        """What the visit reads for each sample."""
        for leaf in reads:
            if isinstance(leaf, Element) and is_own(leaf) and leaf.array != "seed":
                argument = self.argument(leaf)
                wide = not self.views and argument.number == "real" and not argument.expandable
                short = self.short(argument)
                yield Load(sample_name(leaf), argument.name, wide=wide, short=short, text=self.from_array(leaf, "{at}"))
        if self.weighted:
            yield Load("weight", "weight", wide=False, text=f"_weight_{self.suffix}(weight, {{at}}, options)")
        yield Load("live", "mask", wide=False, text="_live(mask, {at}, options)")

    # --- a sample of a few numbers -------------------------------------------------------------------------------

    def sample_head(self, visit: Visit) -> Iterator[str]:
        """The number of the sample, and its numbers, 128 bits at a time where they fill those."""
        for node in self.kernel.nodes:
            if isinstance(node, Let) and node.value == START + ROW:
                yield f"{node.variable} = place"
        for view, array in self.views.items():
            yield f"{view} = place * {self.width(array)}"
        for view, array in self.views.items():
            if not self.records[array].written and self.fills(array):
                yield f"{', '.join(self.corners(array))} = _load_few_{self.suffix}({array}, {view}, options)"

    def fills(self, array: str) -> bool:
        """Whether a sample's numbers in an array fill 128 bits exactly."""
        return self.width(array) == str(LANES[self.dtype]) and self.records[array].number == "real"

    def corners(self, array: str) -> list[str]:
        """The names of a sample's numbers in an array that fills 128 bits."""
        return [f"{array.rstrip('_')}_{place}" for place in range(LANES[self.dtype])]

    def read(self, element: Element) -> str:
        """An element by the name under which it was loaded, or from its array."""
        array = self.views.get(element.array, "")
        if array and self.fills(array) and not self.records[array].written:
            return self.corners(array)[int(element.subscripts[0])]
        return super().read(element)

    def stored(self, texts: dict[str, str]) -> Iterator[str]:
        """Stores of what a sample has several of."""
        for view, array in self.views.items():
            mine = [store for store in self.stores if store.array == view]
            if len(mine) == LANES[self.dtype] and self.fills(array):
                ordered = sorted(mine, key=lambda store: int(store.subscripts[0]))
                yield from (f"{self.stored_name(store)} = {texts[self.stored_name(store)]}" for store in ordered)
                names = ", ".join(map(self.stored_name, ordered))
                yield f"_store_few_{self.suffix}({array}, {view}, ({names}), options)"
            else:
                for store in mine:
                    yield f"_put({array}, {view} + {store.subscripts[0]}, {texts[self.stored_name(store)]})"

    # --- results -------------------------------------------------------------------------------------------------

    def stored_name(self, store: Store) -> str:
        """The variable that holds what is stored."""
        if store.array in self.views:
            return "_".join([self.views[store.array].rstrip("_"), *map(str, store.subscripts)])
        return f"{store.array.removesuffix('_chunk').rstrip('_')}_n"

    def masked(self, name: str, value: sympy.Expr) -> str:
        """The text of a result: zero where the sample does not count."""
        if name == "loss":
            return f"{self.printer.real(value, PRODUCT)} * weight if live else {self.zero}"
        return f"{self.printer.real(value, BRANCH)} if live else {self.zero}"
