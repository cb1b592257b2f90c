"""Print the visit of a run of numbers by many threads: 128 bits at a time, then what is left one by one.

What is computed at one place stands in a function of its own, which both loops call. Numbers of 16 bits come eight at a
time but are computed with four at a time, in a loop over the parts of 128 bits that has one round for longer numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

#: Numbers in 128 bits.
LANES = {"float32": 4, "float64": 2}


@dataclass(frozen=True)
class Load:
    """A number read at every place: ``name`` gets ``array[offset + place]``.

    ``wide`` says that the array may be read 128 bits at a time, ``short`` that its numbers may have 16 bits; ``text``
    words any other way of reading, with ``{at}`` for the place. ``staged`` is the number of the array among those that
    are kept in shared memory, ``fresh`` says that this visit is the one that fills it.
    """

    name: str
    array: str
    offset: str = ""
    wide: bool = True
    short: bool = True
    text: str = ""
    staged: int | None = None
    fresh: bool = False


@dataclass(frozen=True)
class Save:
    """``array[offset + place]`` gets the result ``name``; only under ``condition`` if there is one.

    ``short`` says that the numbers may have 16 bits.
    """

    name: str
    array: str
    offset: str = ""
    condition: str = ""
    short: bool = True


@dataclass
class Visit:
    """Threads ``first``, ``first + step``, … visit the places 0 … count - 1.

    ``results`` are what ``function`` returns; ``collect`` maps a result to the statement that collects it, with
    ``{value}`` for it. ``uniform`` are the arguments that are the same at all places, after those that are loaded;
    ``place`` asks for the number of the place between them, counted from ``start``, ``wide`` for the loop over vectors.
    ``lead`` is an array of the kernel whose numbers may have 16 bits, if there is one: it says how many numbers a
    vector has, in all visits of a kernel alike, for they find in shared memory what an earlier one kept there.
    """

    dtype: str
    function: str
    count: str
    first: str
    step: str
    loads: list[Load] = field(default_factory=list)
    uniform: list[str] = field(default_factory=list)
    place: bool = False
    start: str = ""
    wide: bool = True
    lead: str = ""
    results: list[str] = field(default_factory=list)
    saves: list[Save] = field(default_factory=list)
    collect: dict[str, str] = field(default_factory=dict)

    @property
    def lanes(self) -> int:
        """How many numbers of the dtype fill 128 bits."""
        return LANES[self.dtype]

    @property
    def arguments(self) -> list[str]:
        """The arguments of the function."""
        return [*(load.name for load in self.loads), *(["place"] if self.place else []), *self.uniform]

    def lines(self) -> Iterator[str]:
        """The text of both loops."""
        if self.wide:
            each = f"_packed({self.lead})" if self.lead else self.constant
            yield f"vectors = {self.count} // {each} if options & ALIGNED else 0"
            yield f"vector = {self.first}"
            yield "while vector < vectors:"
            yield from (f"    {line}" for line in self.packed())
            yield f"    vector += _stride({self.step})"
            yield f"at = {each} * vectors + {self.first}"
        else:
            yield f"at = {self.first}"
        yield f"while at < {self.count}:"
        yield from (f"    {line}" for line in self.single())
        yield f"    at += _stride({self.step})"

    @property
    def constant(self) -> str:
        """The number of lanes by its name in the file."""
        return f"LANES_F{self.dtype[-2:]}"

    def packed(self) -> Iterator[str]:
        """One step of the loop over vectors: loads, the loop over parts, stores."""
        lead = self.lead
        if not lead:
            yield f"at = {self.constant} * vector"
            yield from self.vector()
            return
        begin = f"_packed({lead}) * vector"
        for load in self.loads:
            if load.wide and load.short:
                yield from self._words(load, _sum(load.offset, begin))
        written = [save for save in self.saves if save.short]
        yield from (f"{save.array}_words = _no_words({save.array})" for save in written)
        yield "part = np.int64(0)"
        yield f"while part < _parts({lead}):"
        yield f"    at = {begin} + {self.constant} * part"
        yield from (f"    {line}" for line in self.vector())
        yield "    part += 1"
        for save in written:
            stored = f"_store_words({save.array}, {_sum(save.offset, begin)}, {save.array}_words)"
            yield from _under(save.condition, stored)

    def vector(self) -> Iterator[str]:
        """What is done with as many numbers as the computing dtype has lanes."""
        lanes = range(self.lanes)
        for load in self.loads:
            if load.wide:
                names = ", ".join(f"{load.name}_{lane}" for lane in lanes)
                yield from self._wide_load(load, names)
        for lane in lanes:
            where = f"at + {lane}" if lane else "at"
            arguments = [
                f"{load.name}_{lane}" if load.wide else load.text.format(at=where, lane=lane) for load in self.loads
            ]
            arguments += [_sum(self.start, where)] if self.place else []
            yield f"{self.outcome(lane)} = {self.function}({', '.join([*arguments, *self.uniform])})"
        for save in self.saves:
            names = ", ".join(self.result(save.name, lane) for lane in lanes)
            if save.short:
                words = f"{save.array}_words"
                yield f"{words} = _with_part({save.array}, {words}, part, ({names}))"
            else:
                yield from _under(save.condition, f"_store_lanes({save.array}, {_sum(save.offset, 'at')}, ({names}))")
        for name, text in self.collect.items():
            for lane in lanes:
                yield text.format(value=self.result(name, lane))

    def _words(self, load: Load, at: str) -> Iterator[str]:
        """Read 128 bits, of memory or of what an earlier visit kept of it in shared memory."""
        words, read = f"{load.name}_words", f"_load_words({load.array}, {at})"
        if load.staged is None:
            yield f"{words} = {read}"
            return
        suffix = f"f{self.dtype[-2:]}"
        slot = f"{_staged(load.staged)} + vector, vectors"
        if load.fresh:
            yield f"{words} = {read}"
            kept = f"_stage_{suffix}(staged, {slot}, _as_reals({load.array}, {words}))"
            yield from _under("options & STAGED", kept)
        else:
            kept = f"_as_words({load.array}, _staged_{suffix}(staged, {slot}))"
            yield f"{words} = {kept} if options & STAGED else {read}"

    def _wide_load(self, load: Load, names: str) -> Iterator[str]:
        if load.short:
            yield f"{names} = _part({load.array}, {load.name}_words, part)"
            return
        read = f"_load_lanes({load.array}, {_sum(load.offset, 'at')})"
        if load.staged is None:
            yield f"{names} = {read}"
            return
        suffix = f"f{self.dtype[-2:]}"
        slot = f"{_staged(load.staged)} + vector"
        slot += f" + {self.constant} * part * vectors, vectors" if self.lead else ", vectors"
        if load.fresh:
            yield f"{names} = {read}"
            values = f"({names})"
            yield from _under("options & STAGED", f"_stage_{suffix}(staged, {slot}, {values})")
        else:
            yield f"{names} = _staged_{suffix}(staged, {slot}) if options & STAGED else {read}"

    def single(self) -> Iterator[str]:
        """One step of the loop over single places."""
        arguments = []
        for load in self.loads:
            plain = f"_get({load.array}, {_sum(load.offset, 'at')})"
            if not load.wide:
                arguments.append(load.text.format(at="at", lane=0))
            elif load.staged is None:
                arguments.append(plain)
            else:
                slot = f"staged[{_staged(load.staged)} + at]"
                if load.fresh:
                    yield f"{load.name} = {plain}"
                    yield from _under("options & STAGED", f"{slot} = {load.name}")
                else:
                    yield f"{load.name} = {slot} if options & STAGED else {plain}"
                arguments.append(load.name)
        arguments += [_sum(self.start, "at")] if self.place else []
        yield f"{self.outcome()} = {self.function}({', '.join([*arguments, *self.uniform])})"
        for save in self.saves:
            stored = f"_put({save.array}, {_sum(save.offset, 'at')}, {self.result(save.name)})"
            yield from _under(save.condition, stored)
        for name, text in self.collect.items():
            yield text.format(value=self.result(name))

    # Many results are kept together, so that no line gets too long.

    def outcome(self, lane: int | None = None) -> str:
        """What the results of one place are assigned to."""
        if self._together:
            return "found" if lane is None else f"found_{lane}"
        return ", ".join(self.result(name, lane) for name in self.results)

    def result(self, name: str, lane: int | None = None) -> str:
        """One result of one place."""
        if self._together:
            return f"{'found' if lane is None else f'found_{lane}'}[{self.results.index(name)}]"
        return name if lane is None else f"{name}_{lane}"

    @property
    def _together(self) -> bool:
        return len(", ".join(self.results)) > 60


def _staged(number: int) -> str:
    """Where an array begins in the row's part of shared memory."""
    return "stage" if not number else "stage + pitch" if number == 1 else f"stage + {number} * pitch"


def _sum(offset: str, place: str) -> str:
    return f"{offset} + {place}" if offset else place


def _under(condition: str, statement: str) -> Iterator[str]:
    if condition:
        yield f"if {condition}:"
        yield f"    {statement}"
    else:
        yield statement
