"""Print the visit of a run of numbers by many threads: 128 bits at a time, then what is left one by one.

What is computed at one place stands in a function of its own, which both loops call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

#: Numbers in 128 bits.
LANES = {"float32": 4, "float64": 2}


@dataclass(frozen=True)
class Load:
    """A number read at every place: ``name`` gets ``array[offset + place]``.

    ``wide`` says that the array may be read 128 bits at a time; ``text`` words any other way of reading, with ``{at}``
    for the place. ``staged`` is the number of the array among those that are kept in shared memory, ``fresh`` says
    that this visit is the one that fills it.
    """

    name: str
    array: str
    offset: str = ""
    wide: bool = True
    text: str = ""
    staged: int | None = None
    fresh: bool = False


@dataclass(frozen=True)
class Save:
    """``array[offset + place]`` gets the result ``name``; only under ``condition`` if there is one."""

    name: str
    array: str
    offset: str = ""
    condition: str = ""


@dataclass
class Visit:
    """Threads ``first``, ``first + step``, … visit the places 0 … count - 1.

    ``results`` are what ``function`` returns; ``collect`` maps a result to the statement that collects it, with
    ``{value}`` for it. ``uniform`` are the arguments that are the same at all places, after those that are loaded;
    ``place`` asks for the number of the place between them, ``wide`` for the loop over vectors.
    """

    dtype: str
    function: str
    count: str
    first: str
    step: str
    loads: list[Load] = field(default_factory=list)
    uniform: list[str] = field(default_factory=list)
    place: bool = False
    wide: bool = True
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
        constant = f"LANES_F{self.dtype[-2:]}"
        if self.wide:
            yield f"vectors = {self.count} // {constant} if options & ALIGNED else 0"
            yield f"vector = {self.first}"
            yield "while vector < vectors:"
            yield f"    at = {constant} * vector"
            yield from (f"    {line}" for line in self.vector())
            yield f"    vector += _stride({self.step})"
            yield f"at = {constant} * vectors + {self.first}"
        else:
            yield f"at = {self.first}"
        yield f"while at < {self.count}:"
        yield from (f"    {line}" for line in self.single())
        yield f"    at += _stride({self.step})"

    def vector(self) -> Iterator[str]:
        """One step of the loop over vectors."""
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
            arguments += [where] if self.place else []
            yield f"{self.outcome(lane)} = {self.function}({', '.join([*arguments, *self.uniform])})"
        for save in self.saves:
            names = ", ".join(self.result(save.name, lane) for lane in lanes)
            yield from _under(save.condition, f"_store_lanes({save.array}, {_sum(save.offset, 'at')}, ({names}))")
        for name, text in self.collect.items():
            for lane in lanes:
                yield text.format(value=self.result(name, lane))

    def _wide_load(self, load: Load, names: str) -> Iterator[str]:
        read = f"_load_lanes({load.array}, {_sum(load.offset, 'at')})"
        if load.staged is None:
            yield f"{names} = {read}"
            return
        suffix = f"f{self.dtype[-2:]}"
        slot = f"{_staged(load.staged, self.count)} + vector, vectors"
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
                slot = f"staged[{_staged(load.staged, self.count)} + at]"
                if load.fresh:
                    yield f"{load.name} = {plain}"
                    yield from _under("options & STAGED", f"{slot} = {load.name}")
                else:
                    yield f"{load.name} = {slot} if options & STAGED else {plain}"
                arguments.append(load.name)
        arguments += ["at"] if self.place else []
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


def _staged(number: int, count: str) -> str:
    """Where an array begins in the row's part of shared memory."""
    return "stage" if not number else f"stage + {count}" if number == 1 else f"stage + {number} * {count}"


def _sum(offset: str, place: str) -> str:
    return f"{offset} + {place}" if offset else place


def _under(condition: str, statement: str) -> Iterator[str]:
    if condition:
        yield f"if {condition}:"
        yield f"    {statement}"
    else:
        yield statement
