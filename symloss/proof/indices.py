"""What hypotheses say about indices and sums for every size: equations, permutations, orthogonal matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol, axes_of, substitute
from symloss.proof.knowledge import Knowledge
from symloss.proof.problems import domain_conditions
from symloss.proof.terms import AllAlong, SumAlong, Term, all_reads, along, fresh, opened, stem, tensors_of


@dataclass(frozen=True)
class Equation:
    """``left = right`` for every value of some running indices where a condition holds; left is one read."""

    axes: tuple[AxisSymbol, ...]
    guard: Term
    left: Read
    right: Term


@dataclass(frozen=True)
class _Gram:
    """Σ_c of two reads of a matrix is 1 for equal and 0 for different other indices."""

    tensor: str
    position: int


class Indices:
    """What the hypotheses say about indices.

    Args:
        facts: the facts of the same hypotheses; what an equation says about the sign of its right side is added.
        hypotheses: the conditions.
    """

    def __init__(self, facts: Knowledge, hypotheses: tuple[Term, ...]) -> None:
        self.facts = facts
        self.equations: list[Equation] = []
        self.injective: set[str] = set()
        self.grams: list[_Gram] = []
        for hypothesis in hypotheses:
            self._learn(facts.plain(hypothesis), (), sympy.S.One)

    def _learn(self, condition: Term, axes: tuple[AxisSymbol, ...], guard: Term) -> None:
        if isinstance(condition, atoms.And):
            for part in condition.args:
                self._learn(part, axes, guard)
        elif isinstance(condition, AllAlong):
            axis, body, admitted = opened(condition)
            self._learn(body, (*axes, axis), atoms.And(guard, admitted))
        elif isinstance(condition, atoms.Or):
            self._permutation(condition, axes, guard)
        elif isinstance(condition, atoms.Equal):
            if guard == 1 and self._orthogonal(condition, axes):
                return
            self._equation(condition, axes, guard)

    def _equation(self, condition: Term, axes: tuple[AxisSymbol, ...], guard: Term) -> None:
        for left, right in (condition.args, condition.args[::-1]):
            if not isinstance(left, Read) or self.facts._boolean(left):
                continue
            plain = all(isinstance(entry, AxisSymbol | Read) or entry.is_Integer for entry in left.index)
            if left.tensor in tensors_of(right) and plain:
                continue
            if any(axis.axis not in axes_of(left) for axis in axes if axis.axis in axes_of(right)):
                continue
            self.equations.append(Equation(axes, guard, left, right))
            tensor = self.facts.tensors.get(left.tensor)
            if tensor is not None and tensor.domain.kind == "interval" and guard == 1:
                for one in domain_conditions({left: tensor.domain}):
                    whole = substitute(one, {left: right})
                    for axis in axes:
                        whole = along("all", axis, whole) if axis.axis in axes_of(whole) else whole
                    self.facts.assume(whole)
            return

    def _permutation(self, condition: Term, axes: tuple[AxisSymbol, ...], guard: Term) -> None:
        """For all a and b: a = b or f[a] ≠ f[b], where f maps an axis to itself."""
        if len(axes) != 2 or guard != 1 or len(condition.args) != 2:
            return
        same = next((part for part in condition.args if isinstance(part, atoms.Equal)), None)
        apart = next((part for part in condition.args if isinstance(part, atoms.NotEqual)), None)
        if same is None or apart is None or set(same.args) != set(axes):
            return
        reads = apart.args
        if not all(isinstance(read, Read) and read.integer for read in reads) or reads[0].tensor != reads[1].tensor:
            return
        tensor = self.facts.tensors.get(reads[0].tensor)
        if {read.index for read in reads} != {(axis,) for axis in axes} or tensor is None:
            return
        roots = {self.root(axis.axis) for axis in axes} | {self.root(axis) for axis in tensor.axes}
        if tensor.domain.kind == "index" and roots == {self.root(tensor.domain.axis or "")}:
            self.injective.add(tensor.name)

    def _orthogonal(self, condition: Term, axes: tuple[AxisSymbol, ...]) -> bool:
        total = next((part for part in condition.args if isinstance(part, SumAlong)), None)
        same = next((part for part in condition.args if isinstance(part, atoms.Equal)), None)
        if total is None or same is None or total.guard != 1 or set(same.args) != set(axes) or len(axes) != 2:
            return False
        reads = total.body.args
        if not isinstance(total.body, sympy.Mul) or len(reads) != 2 or not all(isinstance(r, Read) for r in reads):
            return False
        first, second = reads
        if first.tensor != second.tensor or len(first.index) != 2:
            return False
        for position in (0, 1):
            others = {first.index[1 - position], second.index[1 - position]}
            if first.index[position] == second.index[position] == total.axis and others == set(axes):
                self.grams.append(_Gram(first.tensor, position))
                return True
        return False

    # --- use ----------------------------------------------------------------------------------------------------------

    def root(self, axis: str) -> str:
        """The axis whose length an axis shares."""
        name = stem(axis)
        return self.facts.roots.get(name, name)

    def replaced(self, e: Any) -> Any:
        """A leaf, or an index, after the equations."""
        if isinstance(e, Read):
            index = tuple(self.replaced(entry) for entry in e.index)
            read = e if index == e.index else Read(e.tensor, index, e.integer)
            for equation in self.equations:
                found = self._applied(equation, read)
                if found is not None:
                    return self.replaced(found)
            return read
        if not e.args:
            return e
        return self._modulo(e.func(*(self.replaced(part) for part in e.args)))

    def _applied(self, equation: Equation, read: Read) -> Any:
        if read.tensor != equation.left.tensor or len(read.index) != len(equation.left.index):
            return None
        place: dict[Any, Any] = {}
        for axis in equation.axes:
            for pattern, entry in zip(equation.left.index, read.index, strict=True):
                if pattern == axis:
                    place.setdefault(axis, entry)
                elif axis.axis in axes_of(pattern) and axis not in place:
                    inside = [
                        x
                        for x in (*entry.atoms(AxisSymbol), *entry.atoms(Read))
                        if self._index(x, self.root(axis.axis))
                    ]
                    fits = [
                        x for x in sorted(inside, key=str) if self.replaced(substitute(pattern, {axis: x})) == entry
                    ]
                    if fits:
                        place[axis] = fits[0]
        left = substitute(equation.left, place)
        if Read(left.tensor, tuple(self._modulo(entry) for entry in left.index), left.integer) != read:
            return None
        if not self.facts.holds(substitute(equation.guard, place)):
            return None
        return substitute(equation.right, place)

    def _modulo(self, e: Any) -> Any:
        """A remainder without remainders inside; half an even size twice is nothing."""
        if not isinstance(e, sympy.Mod) or not isinstance(e.args[1], SizeSymbol):
            return e
        inner, size = e.args
        half = sympy.floor(size / 2)
        total = sympy.S.Zero
        for term in sympy.Add.make_args(inner):
            c, rest = term.as_coeff_Mul()
            if isinstance(rest, sympy.Mod) and rest.args[1] == size and c.is_Integer:
                total += c * rest.args[0]
            else:
                total += term
        total = sympy.expand(total)
        if self.even(size):
            times = total.coeff(half)
            if times.is_Integer:
                total += (times % 2 - times) * half
        multiple = total.coeff(size)
        if multiple.is_Integer:
            total -= multiple * size
        if self._index(total, self.root(size.axis)):
            return total
        return sympy.Mod(total, size)

    def even(self, size: SizeSymbol) -> bool:
        """Whether a size is known to be even."""
        return atoms.Equal(sympy.Mod(size, 2), 0) in self.facts.conditions

    def _index(self, e: Any, root: str) -> bool:
        """Whether a term is an index of an axis whatever its value."""
        if isinstance(e, AxisSymbol):
            return self.root(e.axis) == root
        if isinstance(e, Read):
            tensor = self.facts.tensors.get(e.tensor)
            return tensor is not None and tensor.domain.kind == "index" and self.root(tensor.domain.axis or "") == root
        return isinstance(e, sympy.Mod) and isinstance(e.args[1], SizeSymbol) and self.root(e.args[1].axis) == root

    def compared(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Two integers that are equal exactly where these are."""
        while (
            isinstance(a, Read)
            and isinstance(b, Read)
            and a.tensor == b.tensor
            and a.tensor in self.injective
            and a.index != b.index
        ):
            a, b = a.index[0], b.index[0]
        return a, b

    def solution(self, axis: AxisSymbol, root: str, equal: Any) -> Any:
        """The index that an equation gives for a running index, or None."""
        for a, b in (equal.args, equal.args[::-1]):
            if axis.axis in axes_of(b) or not self._index(b, self.root(root)):
                continue
            if a == axis:
                return b
            if (
                isinstance(a, sympy.Mod)
                and isinstance(a.args[1], SizeSymbol)
                and self.root(a.args[1].axis) == self.root(root)
            ):
                offset = sympy.expand(a.args[0] - axis)
                if axis.axis not in axes_of(offset):
                    return self._modulo(sympy.Mod(b - offset, a.args[1]))
        return None

    def orthogonal(self, axis: AxisSymbol, bases: dict[Any, Any]) -> Any:
        """A product over whose index a sum is a bracket, by the condition on a matrix; None if it is none."""
        tied = {base: e for base, e in bases.items() if axis.axis in axes_of(base) | axes_of(e)}
        reads = [base for base, e in tied.items() for _ in range(int(e) if e.is_Integer and 0 < e < 3 else 3)]
        if len(reads) != 2 or not all(isinstance(read, Read) and len(read.index) == 2 for read in reads):
            return None
        first, second = reads
        for gram in self.grams:
            at, other = gram.position, 1 - gram.position
            fits = all(read.tensor == gram.tensor and read.index[at] == axis for read in reads)
            if fits and axis.axis not in axes_of(first.index[other]) | axes_of(second.index[other]):
                pair = sorted((first.index[other], second.index[other]), key=sympy.default_sort_key)
                rest = [base**e for base, e in bases.items() if base not in tied]
                return sympy.Mul(atoms.Equal(*pair), *rest)
        return None

    def reindexed(self, axis: AxisSymbol, root: str, monomial: Any) -> Any:
        """A product whose running index stands only behind a permutation, with that one as the running index."""
        for name in sorted(self.injective):
            behind = Read(name, (axis,), True)
            tensor = self.facts.tensors[name]
            if behind not in all_reads(monomial) or self.root(tensor.axes[0]) != self.root(root):
                continue
            turned = {}
            for bracket in monomial.atoms(atoms.Equal, atoms.NotEqual):
                if axis in bracket.args:
                    other = bracket.args[0] if bracket.args[1] == axis else bracket.args[1]
                    if axis.axis not in axes_of(other) and self._index(other, self.root(root)):
                        turned[bracket] = bracket.func(behind, Read(name, (other,), True))
            other_name = fresh(root)
            found = substitute(monomial.xreplace(turned), {behind: other_name})
            if axis.axis not in axes_of(found):
                return substitute(found, {other_name: axis})
        return None
