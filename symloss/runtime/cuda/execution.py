"""The launches of one call: which kernels run, with how many threads, on what, and in which order.

Every number here is a function of the sizes alone, so that sums have the same bits on every device. No arithmetic of a
loss lives here: denominators and totals are computed by kernels, and nothing waits for the device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import prod
from types import ModuleType
from typing import Any, Protocol

#: The most blocks of a launch. More samples go to the same threads, one after another.
MOST_BLOCKS = {"elements": 2048, "samples": 2048, "rows": 8192, "sum": 1024, "tiles": 8192}

#: Threads for a row of up to so many entries; below the first, several rows share a block.
ROW_THREADS = ((512, 32), (4096, 128), (16384, 256))
#: And for one that is longer still, by how much a thread of the kernel holds.
MOST_ROW_THREADS = {"rows": 512, "full_rows": 256}
ROWS_TOGETHER = 8

#: Where several blocks share a row: the entries that a block takes, its threads, and the most blocks.
SEGMENT, SEGMENT_THREADS, MOST_SEGMENTS = 8192, 256, 1024
#: They do where a row needs more shared memory than any GPU has, or where fewer rows than this leave most of it idle:
#: a row that is kept in shared memory is read once, but by one block.
MOST_SHARED, FEW_ROWS = 220 * 1024, 128

#: Of samples that interact, so many parts are done one after another where there are more than so many samples: what
#: lies between their kernels is then that part of a matrix of all pairs. A part is a multiple of a block's rows.
PARTS, FEW_PAIRED, PART_ROWS = 8, 1024, 16

#: Numbers in 128 bits, by what memory holds.
_LANES = {"float16": 8, "bfloat16": 8, "float32": 4, "float64": 2}
_ITEM = {"float32": 4, "float64": 8}


class Machine(Protocol):
    """What runs kernels: a GPU, or what stands in for one in tests.

    An array is anything that the machine knows; None stands for a null pointer.
    """

    shared_limit: int

    def empty(self, count: int, dtype: str) -> Any:
        """Room for so many numbers, for this call alone."""

    def result(self, dtype: str) -> Any:
        """Room for one number that the caller keeps."""

    def part(self, array: Any, first: int, count: int | None = None) -> Any:
        """The array from an element on, or so many elements from there."""

    def aligned(self, array: Any) -> bool:
        """Whether an array begins at a multiple of 16 bytes."""

    def count(self, array: Any) -> int:
        """The number of elements of an array."""

    def launch(
        self,
        name: str,
        grid: tuple[int, int],
        block: tuple[int, int],
        arguments: Sequence[tuple[str, Any]],
        shared_bytes: int,
    ) -> None:
        """Run a kernel of the generated module; each argument comes with its type."""


@dataclass
class Call:
    """What a caller asks of one entry point, by the names that the kernels use.

    ``dtype`` is what is computed in, ``storage`` what the arrays of the formula hold. ``arrays`` are inputs, directions
    and outputs, which may be shorter in memory (the machine knows), ``numbers`` the parameters, ``sizes`` the lengths
    of axes; weights, masks and losses come one per term, None where there are none. ``ignore`` is a label whose samples
    do not count.
    """

    entry: str
    dtype: str
    storage: str
    arrays: dict[str, Any]
    numbers: dict[str, float]
    sizes: dict[str, int]
    weights: Sequence[Any]
    masks: Sequence[Any]
    losses: Sequence[Any]
    reduction: str = "mean"
    normalizer: float | None = None
    ignore: int | None = None
    workspace: dict[str, Any] = field(default_factory=dict)


def execute(machine: Machine, module: ModuleType, call: Call) -> Any:
    """Launch all kernels of an entry point.

    Returns:
        The array that will hold the value, or None for an entry point without one (or one value per sample).
    """
    return _Execution(machine, module, call).run()


class _Execution:
    def __init__(self, machine: Machine, module: ModuleType, call: Call) -> None:
        self.machine, self.module, self.call = machine, module, call
        self.suffix = f"f{call.dtype[-2:]}"
        self.terms = list(module.META["terms"])
        self.plan = module.PLANS[call.entry]
        self.divided = [self._divided_on_device(number) for number in range(len(self.terms))]
        self.sums = machine.empty(len(self.terms), "float64")
        self.totals = machine.empty(len(self.terms), "float64")
        self.divisors = machine.empty(len(self.terms), call.dtype)
        self.sums_of_parts: dict[str, list[Any]] = {}

    def run(self) -> Any:
        """All launches, in order."""
        call, machine = self.call, self.machine
        for number, divided in enumerate(self.divided):
            if divided:
                self._weigh(number)
        partials: dict[str, tuple[Any, int]] = {}
        for name, (kind, *sizes) in self.plan["buffers"].items():
            dtype = call.dtype if kind == "real" else kind
            lengths = [call.sizes[size] for size in sizes]
            if "parts" in self.plan and len(sizes) > 1 and sizes[0] == sizes[1]:
                lengths[0] = part_of(lengths[0])
            call.arrays[name] = machine.empty(prod(lengths), dtype)
        for term, name in self.plan["seeds"].items():
            self._seeds(term, name)
        steps = self.plan["steps"]
        begin, end = self.plan.get("parts", (len(steps), len(steps)))
        self._steps(steps[:begin], partials)
        if begin < end:
            self._by_parts(steps[begin:end], partials)
        self._steps(steps[end:], partials)
        if not partials or call.reduction == "none":
            return None
        value = machine.result(call.dtype)
        for number, term in enumerate(self.terms):
            partial, blocks = partials[term]
            self._finish(partial, blocks, number, self.totals, value, number == len(self.terms) - 1)
        return value

    def _steps(self, steps: Sequence[Any], partials: dict[str, tuple[Any, int]]) -> None:
        """Kernels and products, for all samples."""
        for step in steps:
            if isinstance(step, str):
                self._kernel(step, partials)
            else:
                self._product(step)

    def samples(self, term: int) -> int:
        """The number of samples of a term."""
        return self.call.sizes[f"size_{self.plan['batches'][self.terms[term]]}"]

    def _divided_on_device(self, term: int) -> bool:
        call = self.call
        if call.reduction != "mean" or call.normalizer is not None:
            return False
        weighed = call.weights[term] is not None or call.masks[term] is not None
        return weighed or call.ignore is not None or self.terms[term] in self.module.WEIGHED

    def divisor(self, term: int) -> float:
        """What a term's sum is divided by, where the host knows."""
        call = self.call
        if call.reduction == "mean":
            return float(self.samples(term)) if call.normalizer is None else call.normalizer
        return 1.0

    def options(self, term: int) -> int:
        """The flags that depend on the caller's arrays alone."""
        module, call = self.module, self.call
        found = 0
        found |= module.WEIGHTED if call.weights[term] is not None else 0
        found |= module.MASKED if call.masks[term] is not None else 0
        found |= module.KEEP if call.losses[term] is not None else 0
        found |= module.DIVIDE if self.divided[term] else 0
        found |= module.IGNORE if call.ignore is not None else 0
        return found

    def _weigh(self, term: int) -> None:
        """The total weight of a term's samples, for the kernels and for the last pass."""
        name = self.module.WEIGHED.get(self.terms[term], "total_weight")
        samples = self.samples(term)
        blocks = _blocks(samples, 256, "sum")
        partial = self.machine.empty(2 * blocks, self.call.dtype)
        known = {"partial": partial, "samples": samples, "options": self.options(term)}
        self._launch(name, (blocks, 1), (256, 1), term, known)
        self._finish(partial, blocks, term, self.sums, self.divisors, False, weighing=True)

    def _finish(
        self, partial: Any, blocks: int, term: int, totals: Any, rounded: Any, last: bool, weighing: bool = False
    ) -> None:
        module = self.module
        options = module.LAST if last else 0
        options |= module.DIVIDE if self.divided[term] and not weighing else 0
        known = {
            "partial": partial,
            "count": blocks,
            "divisor": 1.0 if weighing else self.divisor(term),
            "weights": self.sums,
            "totals": totals,
            "rounded": rounded if weighing or last else self.machine.empty(len(self.terms), self.call.dtype),
            "term": term,
            "options": options,
        }
        self._launch("finish", (1, 1), (256, 1), term, known)

    def _seeds(self, term: str, name: str) -> None:
        """The derivatives by all samples' values, for kernels that read those of other samples."""
        number = self.terms.index(term)
        samples = self.samples(number)
        self.call.arrays[name] = seeds = self.machine.empty(samples, self.call.dtype)
        known = {"seeds": seeds, "samples": samples, "options": self.options(number)}
        self._launch("all_seeds", (_blocks(samples, 256, "sum"), 1), (256, 1), number, known)

    def _product(self, step: Mapping[str, Any], first: int = 0, count: int | None = None) -> None:
        """A matrix product between kernels, or with ``count`` what samples from ``first`` on give to it."""
        call, module = self.call, self.module
        rows, columns, shared = (call.sizes[size] for size in step["sizes"])
        known: dict[str, Any] = {side: call.arrays[step[side]] for side in ("left", "right", "target")}
        adds = step["adds"]
        if count is not None:
            # Of square matrices the arrays hold the rows of these samples alone.
            if self._square(step["target"]):
                known["left"] = self.machine.part(known["left"], first * shared, count * shared)
                rows = count
            elif "left" in step["turned"]:
                known["right"] = self.machine.part(known["right"], first * columns, count * columns)
                shared, adds = count, adds or first > 0
            else:
                known["target"] = self.machine.part(known["target"], first * columns, count * columns)
                rows = count
        options = module.TURN_LEFT if "left" in step["turned"] else 0
        options |= module.TURN_RIGHT if "right" in step["turned"] else 0
        options |= module.ADD if adds else 0
        known |= {"rows": rows, "columns": columns, "shared": shared, "options": options}
        down = _blocks(rows, 16, "tiles")
        across = max(1, min(-(-columns // 16), MOST_BLOCKS["tiles"] // down))
        self._launch("matrix_product", (down, across), (16, 16), 0, known)

    def _square(self, name: str) -> bool:
        """Whether an array between kernels has a number for each pair of samples."""
        _, *sizes = self.plan["buffers"].get(name, [""])
        return len(sizes) > 1 and sizes[0] == sizes[1]

    def _by_parts(self, steps: Sequence[Any], partials: dict[str, tuple[Any, int]]) -> None:
        """Steps for some samples after others, which share the arrays for matrices of pairs."""
        call, machine, kernels = self.call, self.machine, self.module.KERNELS
        total = next(call.sizes[kernels[step]["samples"]] for step in steps if isinstance(step, str))
        each = part_of(total)
        for first in range(0, max(1, total), max(1, each)):
            count = min(each, total - first)
            for step in steps:
                if not isinstance(step, str):
                    self._product(step, first, count)
                    continue
                record = kernels[step]
                term = self.terms.index(record["term"])
                known: dict[str, Any] = {"first": first, "total": total}
                for name, sizes in record["parted"].items():
                    if not self._square(name):
                        width = prod(call.sizes[size] if isinstance(size, str) else size for size in sizes)
                        known[name] = machine.part(call.arrays[name], first * width, count * width)
                for name, given in (("weight", call.weights), ("mask", call.masks), ("losses", call.losses)):
                    if given[term] is not None:
                        known[name] = machine.part(given[term], first, count)
                self._kernel(step, partials, known, count)

    def _kernel(
        self,
        name: str,
        partials: dict[str, tuple[Any, int]],
        part: Mapping[str, Any] | None = None,
        count: int | None = None,
    ) -> None:
        """A kernel over all samples, or over ``count`` of them with what ``part`` says of these."""
        record, call = self.module.KERNELS[name], self.call
        samples = call.sizes[record["samples"]] if count is None else count
        block, shared, options = (256, 1), 0, self._flags(record)
        if record["shape"] in MOST_ROW_THREADS:
            length = self._length(record)
            room = self._room(record, length, options)
            segments, each = segments_of(samples, length, room) if "phased" in record else (1, length)
            if segments > 1:
                self._by_segments(record["phased"], samples, segments, each, partials)
                return
            block = row_block(length, MOST_ROW_THREADS[record["shape"]])
            shared = room * block[1]
            blocks = _blocks(samples, block[1], "rows")
        elif record["shape"] == "elements":
            blocks = _blocks(samples, 256 * _LANES[call.storage], "elements")
        else:
            blocks = _blocks(samples, 256, "samples")
        more = dict(part or {})
        if count is not None and "partial" in arguments_of(record):
            more["partial"] = self._sums_of_part(name, record, blocks, partials, more["first"], more["total"])
        self._samples(name, (blocks, 1), block, samples, shared, options, more, partials)

    def _sums_of_part(
        self,
        name: str,
        record: Mapping[str, Any],
        blocks: int,
        partials: dict[str, tuple[Any, int]],
        first: int,
        total: int,
    ) -> Any:
        """The place of the partial sums of a part's blocks, among those of all parts, made for the first."""
        if first == 0:
            each = part_of(total)
            whole, rest = divmod(total, max(1, each))
            together = row_block(self._length(record), MOST_ROW_THREADS[record["shape"]])[1]
            every = whole * blocks + (_blocks(rest, together, "rows") if rest else 0)
            self.sums_of_parts[name] = [self.machine.empty(2 * max(1, every), self.call.dtype), 0]
            partials[record["term"]] = self.sums_of_parts[name][0], max(1, every)
        array, done = self.sums_of_parts[name]
        self.sums_of_parts[name][1] += 2 * blocks
        return self.machine.part(array, done, 2 * blocks)

    def _by_segments(
        self, phased: Sequence[str], samples: int, segments: int, each: int, partials: dict[str, tuple[Any, int]]
    ) -> None:
        """The same in phases, by several blocks to a row; what they hand on lies in one array per phase."""
        known: dict[str, Any] = {"segments": segments, "each": each}
        for number, name in enumerate(phased, 1):
            record = self.module.KERNELS[name]
            options, shared = self._flags(record), 0
            if record["shape"] == "segments":
                block, shared = (SEGMENT_THREADS, 1), self._room(record, each, options)
                grid = max(1, min(samples, MOST_BLOCKS["rows"] // segments)), segments
            else:
                block = 32, ROWS_TOGETHER
                grid = _blocks(samples, ROWS_TOGETHER, "rows"), 1
            if "kept" in record:
                known[f"kept{number}"] = self.machine.empty(record["kept"] * samples * segments, self.call.dtype)
            self._samples(name, grid, block, samples, shared, options, known, partials)

    def _samples(
        self,
        name: str,
        grid: tuple[int, int],
        block: tuple[int, int],
        samples: int,
        shared: int,
        options: int,
        more: Mapping[str, Any],
        partials: dict[str, tuple[Any, int]],
    ) -> None:
        """Launch a kernel over samples, with rows in shared memory where there is room, and note its partial sums."""
        record = self.module.KERNELS[name]
        if 0 < shared <= self.machine.shared_limit:
            options |= self.module.STAGED
        else:
            shared = 0
        known: dict[str, Any] = {"samples": samples, "options": options, **more}
        if "partial" in arguments_of(record) and "partial" not in known:
            known["partial"] = self.machine.empty(2 * grid[0], self.call.dtype)
            partials[record["term"]] = known["partial"], grid[0]
        self._launch(name, grid, block, self.terms.index(record["term"]), known, shared)

    def _flags(self, record: Mapping[str, Any]) -> int:
        """The options of a kernel over samples, with ALIGNED where its arrays can be moved 128 bits at a time."""
        call, machine, types = self.call, self.machine, arguments_of(record)
        term = self.terms.index(record["term"])
        arrays = [call.arrays[n] for n, kind in types.items() if kind == "data*" and n in call.arrays]
        arrays += [array for array in (call.losses[term],) if array is not None]
        whole = all(call.sizes.get(size, 0) % _LANES[call.storage] == 0 for size in record["sizes"])
        return self.options(term) | (self.module.ALIGNED if whole and all(map(machine.aligned, arrays)) else 0)

    def _length(self, record: Mapping[str, Any]) -> int:
        """The length of the rows of a kernel."""
        return max([self.call.sizes.get(size, 0) for size in record["sizes"]], default=0)

    def _room(self, record: Mapping[str, Any], length: int, options: int) -> int:
        """The shared memory that a row of such a length, or a segment, takes."""
        packed = record["packed"] and options & self.module.ALIGNED
        item = 16 // _LANES[self.call.storage] if packed else _ITEM[self.call.dtype]
        return int(record["staged"] * length * item)

    def _launch(
        self,
        name: str,
        grid: tuple[int, int],
        block: tuple[int, int],
        term: int,
        known: Mapping[str, Any],
        shared: int = 0,
    ) -> None:
        """Launch a kernel; what it takes is found by the names of its arguments."""
        call = self.call
        values: dict[str, Any] = {
            "weight": call.weights[term],
            "mask": call.masks[term],
            "losses": call.losses[term],
            "divisor": self.divisor(term),
            "divisors": self.machine.part(self.divisors, term),
            "ignore": 0 if call.ignore is None else call.ignore,
            **call.numbers,
            **call.sizes,
            **call.arrays,
            **known,
        }
        arguments = []
        for argument, kind in arguments_of(self.module.KERNELS[name]).items():
            if argument not in values and argument.endswith("_step"):
                values[argument] = int(self.machine.count(call.arrays[argument.removesuffix("_step")]) > 1)
            arguments.append((_kind(kind, call.dtype), values[argument]))
        self.machine.launch(f"{name}_{self.suffix}", grid, block, arguments, shared)


def arguments_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The arguments of a kernel with their types, as a generated module states them."""
    return _typed(record["arguments"])


@cache
def _typed(stated: str) -> dict[str, str]:
    found = {}
    for item in stated.split(", "):
        name, _, kind = item.partition(": ")
        found[name] = kind
    return found


@cache
def _kind(kind: str, dtype: str) -> str:
    """The type of an argument in a call that computes in a dtype."""
    return kind.replace("real", dtype).replace("data", dtype)


def row_block(length: int, most: int) -> tuple[int, int]:
    """Threads for one row, and rows for one block."""
    for longest, threads in ROW_THREADS:
        if length <= longest:
            return threads, ROWS_TOGETHER if threads == 32 else 1
    return most, 1


def segments_of(samples: int, length: int, room: int) -> tuple[int, int]:
    """How many blocks share a row, one if none do, and how many entries each of them takes."""
    if length < 2 * SEGMENT or (room <= MOST_SHARED and samples >= FEW_ROWS):
        return 1, length
    # A multiple of what 128 bits hold, so that every segment of an aligned row is aligned.
    each = max(SEGMENT, -(-length // (8 * MOST_SEGMENTS)) * 8)
    return -(-length // each), each


def part_of(samples: int) -> int:
    """How many samples that interact are done at a time."""
    if samples <= FEW_PAIRED:
        return samples
    return -(-samples // (PARTS * PART_ROWS)) * PART_ROWS


def _blocks(items: int, each: int, shape: str) -> int:
    """Blocks for so many items, at least one, so that sums of nothing are written as well."""
    return max(1, min(MOST_BLOCKS[shape], -(-items // each)))
