"""Elementary functions in loops of their own, before the loop that computes the rest of a sample.

A processor sees a few hundred operations at once, less than two steps of a loop over exponentials and logarithms, which
are long chains of operations that wait for each other; of a loop with one of them it sees several
(`symloss.atoms.elementary.parts`). What one loop computes and another needs stands in workspaces. Arithmetic between
two functions is done again where it is needed, but for what was computed from such numbers.

Functions of x and of -x share what they compute from abs(x).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sympy

from symloss.atoms.elementary.parts import operations, parts
from symloss.emit.numba_cpu.expressions import ExpressionPrinter
from symloss.lowering.functions import Element, unguarded
from symloss.lowering.names import Names

#: A function of fewer operations is computed where it is needed.
LEAST = 20


@dataclass(frozen=True)
class _Text:
    """What is assigned."""

    text: str

    @property
    def reads(self) -> set[str]:
        """The names that it mentions."""
        return _words(self.text)


@dataclass(frozen=True)
class _Part(_Text):
    """``names = text``, in a loop of its own."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class _Definition(_Text):
    """``name = text``; ``kept`` says that a later loop may read it from a workspace, if it depends on parts."""

    name: str
    kept: bool


class Parted:
    """The lines of a sample, or of an entry of one, sorted into loops.

    ``place`` is what an entry of a workspace is called, such as ``{}_rows[row]``; ``indices`` run through the samples
    and their entries. After `loops`, ``handed_on`` names the numbers that have a workspace.
    """

    def __init__(self, show: ExpressionPrinter, place: str, indices: Iterable[str], taken: Iterable[str]) -> None:
        self.show, self.place, self.indices = show, place, {*indices}
        self.names = Names({*taken})
        self.definitions: list[_Definition] = []
        self.parts: list[_Part] = []
        self.rest: list[str] = []
        self.known: dict[str, tuple[str, ...]] = {}
        self.magnitudes: dict[str, str] = {}
        self.has_shared = False
        self.reads_results = False
        self.handed_on: list[str] = []

    # --- what is to be computed --------------------------------------------------------------------------------------

    def define(self, line: str, kept: bool) -> None:
        """Add ``name = text``; a later loop may read a real number (``kept``) from a workspace."""
        name, text = line.split(" = ", 1)
        if self._names_last_part(text):
            part = self.parts[-1] = _Part(self.parts[-1].text, (name,))
            self.known[part.text] = part.names
            return
        self.reads_results |= any(line.split("[")[0] in _words(text) for line in self.rest)
        self.definitions.append(_Definition(text, name, kept))
        self.magnitudes[name] = self.magnitudes.setdefault(_unsigned(text), name)

    def finish(self, line: str) -> None:
        """Add what is done with the numbers of a sample."""
        self.rest.append(line)

    def call(self, name: str, arguments: tuple[sympy.Expr, ...]) -> str | None:
        """The text of a call of an elementary function whose parts are computed before; None for a short one.

        None also for one of an entry that may not be there, such as a neighbour's, for a branch may stand before it.
        """
        found = parts(name, self.show.dtype)
        entries = {entry for argument in arguments for entry in unguarded(argument)}
        if (found is None and operations(name) < LEAST) or not all(map(self._is_there, entries)):
            return None
        texts = [self.show.real(argument) for argument in arguments]
        if found is None:
            return self._part(name, texts, (name,))[0]
        self.has_shared = True
        known = dict(zip(found.parameters, texts, strict=True))
        *before, last = found.calls
        for call in before:
            named = self._part(
                call.function, [_within(a, known, self._magnitude) for a in call.arguments], call.targets
            )
            known |= dict(zip(call.targets, named, strict=True))
        return self._called(last.function, [known[argument] for argument in last.arguments])

    def _is_there(self, entry: Element) -> bool:
        """Whether an entry is one that a loop comes to, or a number in a workspace."""
        plain = all(place.is_Integer or str(place) in self.indices for place in entry.subscripts)
        return plain or entry.name in self.show.worded

    def _called(self, name: str, arguments: list[str]) -> str:
        self.show.functions.add(name)
        return f"_{name}_{self.show.suffix}({', '.join(arguments)})"

    def _part(self, name: str, arguments: list[str], targets: tuple[str, ...]) -> tuple[str, ...]:
        """The variables that hold what a function gives."""
        text = self._called(name, arguments)
        if text not in self.known:
            self.known[text] = tuple(self.names.fresh(target) for target in targets)
            self.parts.append(_Part(text, self.known[text]))
        return self.known[text]

    def _names_last_part(self, text: str) -> bool:
        """Whether a text is the name of what the last part gives, which nothing else has mentioned yet."""
        if not self.parts or self.parts[-1].names != (text,):
            return False
        texts = [*(line.text for line in self.definitions), *(part.text for part in self.parts), *self.rest]
        return not any(text in _words(other) for other in texts)

    def _magnitude(self, text: str) -> str:
        """A text with the same absolute value, one for both signs."""
        bare = _unsigned(text)
        return self.magnitudes.get(text, self.magnitudes.get(bare, bare))

    # --- loops -------------------------------------------------------------------------------------------------------

    @property
    def several(self) -> bool:
        """Whether loops of their own are worth it: for functions that do not wait for each other they are not.

        What can be shared stands apart always, or the bits of a value would depend on what else is computed.
        """
        dependent = {*self._of_parts, *self._dependent}
        return not self.reads_results and (self.has_shared or any(part.reads & dependent for part in self.parts))

    def loops(self) -> list[list[str]]:
        """The lines of each loop over the samples."""
        wanted = [*(part.reads for part in self.parts), set().union(*map(_words, self.rest))]
        read = set().union(*(self._needed(names, set()) for names in wanted))
        found: list[list[str]] = []
        stored = set[str]()
        for number, names in enumerate(wanted):
            if number < len(self.parts):
                part = self.parts[number]
                targets = [self._workspace(name) if name in read else "_" for name in part.names]
                last = [f"{', '.join(targets)} = {part.text}"]
            else:
                # But for what an earlier loop has stored for this one.
                last = [line for line in self.rest if not any(line in lines for lines in found)]
                names = set().union(*map(_words, last))
            needed = self._needed(names, stored)
            lines = [f"{name} = {self._workspace(name)}" for name in self._of_parts if name in needed]
            for line in self.definitions:
                if line.name in needed:
                    lines.append(f"{line.name} = {self._workspace(line.name) if line.name in stored else line.text}")
            later = set().union(*(self._needed(others, set()) for others in wanted[number + 1 :]))
            handed = [n for n in self._dependent if n in needed & later and n not in stored]
            stored |= {*handed}
            found.append([*lines, *last, *(f"{self._workspace(name)} = {name}" for name in handed)])
        self.handed_on = [*(n for n in self._of_parts if n in read), *(n for n in self._dependent if n in stored)]
        return found

    def _workspace(self, name: str) -> str:
        return self.place.format(name)

    @property
    def _of_parts(self) -> list[str]:
        """The variables that hold what parts give."""
        return [name for part in self.parts for name in part.names]

    @property
    def _dependent(self) -> list[str]:
        """The numbers that are computed from such variables."""
        found = {*self._of_parts}
        listed = []
        for line in self.definitions:
            if line.reads & found:
                found.add(line.name)
                listed += [line.name] if line.kept else []
        return listed

    def _needed(self, wanted: set[str], stored: set[str]) -> set[str]:
        """What has to be computed or read for the names that are wanted."""
        needed = {*wanted}
        for line in reversed(self.definitions):
            if line.name in needed and line.name not in stored:
                needed |= line.reads
        return needed


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))


def _unsigned(text: str) -> str:
    """One text for all that have the same absolute value: a product or its opposite, a difference or the other one."""
    tree = ast.parse(text, mode="eval")
    holder: Any = tree
    place = "body"
    while isinstance(getattr(holder, place), ast.BinOp) and isinstance(getattr(holder, place).op, ast.Mult | ast.Div):
        holder, place = getattr(holder, place), "left"
    first = getattr(holder, place)
    if isinstance(first, ast.UnaryOp) and isinstance(first.op, ast.USub):
        setattr(holder, place, first.operand)
    whole = tree.body
    if isinstance(whole, ast.BinOp) and isinstance(whole.op, ast.Sub):
        whole.left, whole.right = sorted((whole.left, whole.right), key=ast.unparse)
    return ast.unparse(tree)


def _within(argument: str, known: dict[str, str], magnitude: Callable[[str], str]) -> str:
    """An argument of a part, its parameter or the absolute value of it replaced by what is given."""
    if argument in known:
        return known[argument]
    return re.sub(r"\babs\((\w+)\)", lambda found: f"abs({magnitude(known[found[1]])})", argument)
