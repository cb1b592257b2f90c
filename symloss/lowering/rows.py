"""The loops inside one sample: which sweeps over its axes run, what they share, and what is computed outside them.

Statements are ordered by level: a reduction whose body needs no other reduction is at level 0, and so on. All
reductions of one level over axes of the same lengths share one sweep. Maps are not stored; each becomes a local
variable in the outermost loop that it does not vary in, when something needs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import sympy
from sympy.core.sorting import default_sort_key

from symloss.atoms import And, Less, LessEqual
from symloss.lowering.functions import Element, Guarded, Variable, is_integer
from symloss.lowering.names import Names
from symloss.lowering.schedule import Accumulation, ForEach, Kernel, Let, Node, Store, Sweep, View
from symloss.program import AxisSymbol, Program, Read, SizeSymbol, Statement, axes_of, rename_axes

#: The first sample of a chunk, and the number of a sample within its chunk.
START, ROW = Variable("start", True), Variable("row", True)


@dataclass
class Scope:
    """One level of the loop nest: the axis that varies in it, what it has computed so far."""

    axis: str | None
    nodes: list[Node] = field(default_factory=list)
    known: dict[sympy.Expr, sympy.Expr] = field(default_factory=dict)


@dataclass
class RowPlanner:
    """Builds the nodes of one kernel.

    ``virtual`` are the maps that are computed where they are read, ``local`` the reductions of this kernel, and
    ``locate`` names the array that holds any other tensor. ``checked`` are the labels that are known to lie in their
    domain when a live sample is computed; ``live_only`` says that the nodes run for no other samples. ``kept`` are maps
    whose entries a workspace keeps from the first sweep that needs them on, and ``filled`` those that are there.
    ``fixed`` are the entries of unrolled axes that a target stands for, by their places in the array that holds it.
    """

    program: Program
    kernel: Kernel
    virtual: dict[str, Statement]
    local: dict[str, Statement]
    names: Names
    locate: Callable[[Read, bool], tuple[str | None, bool]]
    uses: Counter[sympy.Expr] = field(default_factory=Counter)
    scopes: list[Scope] = field(default_factory=list)
    scratch: dict[str, str] = field(default_factory=dict)
    checked: frozenset[str] = frozenset()
    live_only: bool = False
    kept: dict[str, str] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    fixed: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scopes = [Scope(None), Scope(self.kernel.axis)]

    # --- what is needed, and how often ---------------------------------------------------------------------------

    def count(self, expression: sympy.Expr) -> None:
        """Count how often each sub-expression is needed, following maps."""
        self.uses[expression] += 1
        if self.uses[expression] > 1:
            return
        if isinstance(expression, Read):
            for entry in expression.index:
                self.count(entry)
            if expression.tensor in self.virtual:
                self.count(self.expand(expression))
            return
        for argument in expression.args:
            self.count(argument)

    def expand(self, read: Read) -> sympy.Expr:
        """The body of a map at the indices of a read."""
        statement = self.virtual[read.tensor]
        return rename_axes(statement.body, dict(zip(statement.out, read.index, strict=True)))

    # --- placing expressions -------------------------------------------------------------------------------------

    def depth(self, expression: sympy.Expr) -> int:
        """The innermost scope whose axis the expression varies with; 0 is outside the loop over samples."""
        axes = axes_of(expression)
        deepest = 0
        for number, scope in enumerate(self.scopes):
            if scope.axis is not None and scope.axis in axes:
                deepest = number
        for read in expression.atoms(Read):
            if read.tensor in self.local:
                deepest = max(deepest, 1)
            elif read.tensor in self.virtual and deepest == 0:
                deepest = max(deepest, self.depth(self.expand(read)))
        return deepest

    def place(self, expression: sympy.Expr, bind: bool = False) -> sympy.Expr:
        """An expression over local variables with the same value, with whatever it needs computed before it."""
        if expression in (sympy.oo, -sympy.oo) or (expression.is_number and not expression.atoms(sympy.Function)):
            return expression
        depth = self.depth(expression)
        inline = _inline(expression)
        for scope in self.scopes[: depth + 1]:
            if expression in scope.known and not inline:
                return scope.known[expression]
        if isinstance(expression, AxisSymbol):
            return self.running_index(expression.axis)
        if isinstance(expression, SizeSymbol):
            return Variable(self.size(expression.axis), integer=True)
        if isinstance(expression, Read):
            return self.place_read(expression, depth)
        rebuilt = self.rebuild(expression, depth)
        named = self.uses[expression] > 1 or depth < len(self.scopes) - 1
        if (bind or (named and not inline)) and not _plain(rebuilt):
            return self.bind(expression, rebuilt, depth)
        return rebuilt

    def rebuild(self, expression: sympy.Expr, depth: int) -> sympy.Expr:
        """The same function of placed arguments.

        Terms and factors keep an order that the expression alone decides, so that every entry point adds and multiplies
        alike and gets the same bits, whichever parts have become variables there.
        """
        if is_integer(expression):
            return expression.xreplace({leaf: self.place(leaf) for leaf in expression.atoms(sympy.Symbol)})
        if expression.is_Mul:
            shallow = [f for f in expression.args if not f.is_Number and not _reciprocal(f) and self.depth(f) < depth]
            if len(shallow) > 1:
                rest = [factor for factor in expression.args if factor not in shallow]
                together = self.place(sympy.Mul(*shallow), bind=True)
                return sympy.Mul(together, *(self.place(factor) for factor in _in_order(rest)), evaluate=False)
        bind = expression.is_Pow and expression.exp not in (-1, sympy.S.Half) and expression.base != sympy.E
        bind = bind or expression.func.__name__ in ("Where", "KeepNaN")
        parts = expression.args
        if expression.is_Add or expression.is_Mul:
            parts = _subtracted_last(parts) if expression.is_Add else _in_order(parts)
        arguments = [self.place(argument, bind=bind) for argument in parts]
        if expression.is_Mul or expression.is_Add or expression.is_Pow:
            return expression.func(*arguments, evaluate=False)
        return expression.func(*arguments)

    def running_index(self, axis: str) -> sympy.Expr:
        """The number of the sample in the whole batch, or the variable of an inner loop."""
        if axis != self.kernel.axis:
            return Variable(axis, True)
        variable = Variable(axis, True)
        self.scopes[1].nodes.append(Let(axis, START + ROW))
        self.scopes[1].known[AxisSymbol(axis)] = variable
        return variable

    def place_read(self, read: Read, depth: int) -> sympy.Expr:
        """The value of a read: a map's value, a reduction of this kernel, or an array element."""
        if read.tensor in self.kept and self.runs_along(read):
            return self.place_kept(read, depth)
        if read.tensor in self.virtual:
            value = self.place(self.expand(read))
            return value if value.is_Atom else self.bind(read, value, depth, self.label(read))
        if read.tensor in self.local:
            own = self.kernel.axis in self.local[read.tensor].out
            inner = tuple(self.place(entry) for entry in read.index[own:])
            place = self.subscripts(read.tensor, inner)
            return self.guarded(read, own, inner, Element(self.scratch[read.tensor], place, read.integer))
        own_row = bool(read.index) and self.kernel.axis is not None and read.index[0] == AxisSymbol(self.kernel.axis)
        rest = tuple(self.place(entry) for entry in read.index[own_row:])
        array, integer = self.locate(read, own_row)
        if array is None:
            return Variable(read.tensor)
        element: sympy.Expr
        if own_row and rest:
            element = Element(self.row_of(array), rest, integer)
        elif own_row:
            element = Element(array, (ROW,), integer)
        else:
            element = Element(array, rest or (sympy.S.Zero,), integer)
        element = self.guarded(read, own_row, rest, element)
        if self.uses[read] > 1 or depth < len(self.scopes) - 1:
            return self.bind(read, element, depth, self.label(read))
        return element

    def runs_along(self, read: Read) -> bool:
        """Whether a read is of this sample's entry at the place of the one loop inside it."""
        loops = [scope.axis for scope in self.scopes[2:]]
        return len(loops) == 1 and read.index == (AxisSymbol(str(self.kernel.axis)), AxisSymbol(str(loops[0])))

    def place_kept(self, read: Read, depth: int) -> sympy.Expr:
        """The value of a kept map: computed and kept by the first sweep, read from the workspace in later ones."""
        place = (Variable(str(self.scopes[-1].axis), True),)
        element = Element(self.kept[read.tensor], place)
        if read.tensor in self.filled:
            return self.bind(read, element, depth, self.label(read)) if self.uses[read] > 1 else element
        value = self.place(self.expand(read))
        value = value if value.is_Atom else self.bind(read, value, depth, self.label(read))
        self.scopes[-1].nodes.append(Store(element.array, place, value))
        self.scopes[-1].known[read] = value
        return value

    def guarded(self, read: Read, skip: bool, placed: tuple[sympy.Expr, ...], element: Element) -> sympy.Expr:
        """An element, behind a test of every index that may lie outside its axis."""
        axes = self.program.axes_of(read.tensor)[skip:]
        tests: list[sympy.Expr] = []
        for axis, entry, index in zip(axes, read.index[skip:], placed, strict=True):
            if self.inside(entry, axis):
                continue
            size = self.program.axes[self.program.root(axis)].size
            length = Variable(self.size(axis), True) if size is None else sympy.Integer(size)
            tests += [LessEqual(sympy.S.Zero, index), Less(index, length)]
        return Guarded(element, And(*tests)) if tests else element

    def inside(self, entry: sympy.Expr, axis: str) -> bool:
        """Whether an index lies inside an axis whatever the data: a running index, a number, a checked label."""
        root = self.program.root(axis)
        size = self.program.axes[root].size
        if isinstance(entry, AxisSymbol):
            return self.program.root(entry.axis) == root
        if entry.is_Integer:
            return size is not None and bool(0 <= entry < size)
        if isinstance(entry, Read):
            return (
                self.own_label(entry) and self.program.root(str(self.program.tensors[entry.tensor].domain.axis)) == root
            )
        if isinstance(entry, sympy.Mod):
            modulus = entry.args[1]
            return isinstance(modulus, SizeSymbol) and self.program.root(modulus.axis) == root
        return False

    def own_label(self, read: Read) -> bool:
        """Whether a read is a label of this very sample that is known to lie in its domain."""
        tensor = self.program.tensors.get(read.tensor)
        if tensor is None or tensor.domain.kind != "index" or read.tensor not in self.checked:
            return False
        own = read.index[:1] == (AxisSymbol(str(self.kernel.axis)),) or not self.batched(tensor.axes)
        if own and self.batched(tensor.axes) and not self.live_only:
            # A sample that is masked may hold any label, so it must not even be visited.
            self.kernel.gathers = True
        return own and all(self.inside(entry, axis) for axis, entry in zip(tensor.axes, read.index, strict=True))

    def batched(self, axes: tuple[str, ...]) -> bool:
        """Whether the first of some axes counts samples."""
        return bool(axes) and self.program.axes[self.program.root(axes[0])].kind == "batch"

    def row_of(self, array: str) -> str:
        """The view of this sample's row of an array."""
        key, scope = Element(array, (ROW,)), self.scopes[1]
        if key not in scope.known:
            view = self.names.fresh(array.removesuffix("_chunk") + "_row")
            scope.nodes.append(View(view, array, ROW))
            scope.known[key] = Variable(view)
        return str(scope.known[key])

    def label(self, read: Read) -> str:
        """A readable name for the value of a read: ``pred_n``, ``z_y``."""
        if read.tensor in self.virtual:
            return read.tensor
        letters = [
            entry.axis if isinstance(entry, AxisSymbol) else entry.tensor if isinstance(entry, Read) else str(entry)
            for entry in (read.index[1:] if len(read.index) > 1 else read.index)
        ]
        kept = (letter for letter in letters if letter.isidentifier() or letter.isdigit())
        return "_".join([read.tensor.rstrip("_"), *kept])

    def bind(self, expression: sympy.Expr, value: sympy.Expr, depth: int, label: str = "") -> sympy.Expr:
        """Name a value in the scope where it belongs."""
        variable = Variable(self.names.fresh(label or "t"), is_integer(value))
        scope = self.scopes[depth]
        scope.nodes.append(Let(variable.name, value))
        scope.known[expression] = variable
        return variable

    def size(self, axis: str) -> str:
        """The variable that holds the length of an axis."""
        return f"size_{self.program.root(axis)}"

    # --- sweeps --------------------------------------------------------------------------------------------------

    def sweep(self, reductions: Iterable[Statement], stores: Iterable[tuple[Statement, str, str | None]]) -> None:
        """One visit of the axes that the given reductions bind and the given stores range over."""
        reductions, stores = list(reductions), list(stores)
        axes = reductions[0].over if reductions else self.inner(stores[0][0])
        for axis in axes:
            self.scopes.append(Scope(axis))
        accumulations: list[Accumulation] = []
        for statement in reductions:
            body = rename_axes(statement.body, dict(zip(statement.over, axes, strict=True)))
            variable = self.names.fresh(statement.target)
            accumulations.append(Accumulation(variable, statement.operation, self.place(body)))
            self.scopes[1].known[_own_read(statement)] = Variable(variable, statement.operation == "count")
        innermost = self.scopes[-1]
        for statement, array, kind in stores:
            body = rename_axes(statement.body, dict(zip(self.inner(statement), axes, strict=True)))
            value = self.place(body)
            running: tuple[sympy.Expr, ...] = tuple(Variable(axis, True) for axis in axes)
            subscripts = running if kind else self.subscripts(statement.target, running)
            target = self.row_of(array) if self.kernel.axis in statement.out and not kind else array
            innermost.nodes.append(Store(target, subscripts, value, kind))
        # What a nested loop has computed for itself stands in no workspace.
        known = [read for read in innermost.known if isinstance(read, Read) and read.tensor in self.kept]
        self.filled |= {read.tensor for read in known if self.runs_along(read)}
        loops = tuple((axis, self.size(axis)) for axis in axes)
        bodies = tuple(tuple(scope.nodes) for scope in self.scopes[-len(axes) :])
        del self.scopes[-len(axes) :]
        self.scopes[-1].nodes.append(Sweep(loops, bodies, tuple(accumulations)))

    def subscripts(self, target: str, running: tuple[sympy.Expr, ...]) -> tuple[sympy.Expr, ...]:
        """Where one sample's entry of a target is stored: between its running indices stand those of unrolled axes."""
        places = list(running)
        for place, entry in self.fixed.get(target, ()):
            places.insert(place, sympy.Integer(entry))
        return tuple(places)

    def inner(self, statement: Statement) -> tuple[str, ...]:
        """The axes of a statement's target other than the samples'."""
        return tuple(axis for axis in statement.out if axis != self.kernel.axis)

    def nested(self, statement: Statement, array: str) -> None:
        """A reduction per entry of further axes, kept in a scratch array."""
        inner, outer = self.inner(statement), self.scopes
        for axis in inner:
            self.scopes = [*self.scopes, Scope(axis)]
        self.sweep([statement], [])
        value = self.scopes[1].known.pop(_own_read(statement))
        subscripts = self.subscripts(statement.target, tuple(Variable(axis, True) for axis in inner))
        self.scopes[-1].nodes.append(Store(array, subscripts, value))
        body = self.scopes[-1].nodes
        for axis, scope in zip(reversed(inner), reversed(self.scopes[-len(inner) :]), strict=True):
            if scope is not self.scopes[-1]:
                body = [*scope.nodes, *body]
            body = [ForEach(axis, self.size(axis), tuple(body))]
        self.scopes = outer
        self.scopes[-1].nodes += body


def _own_read(statement: Statement) -> Read:
    return Read(statement.target, tuple(AxisSymbol(axis) for axis in statement.out))


def _reciprocal(expression: sympy.Expr) -> bool:
    """A division is rounded once, a product with a hoisted reciprocal twice; reciprocals therefore stay in place."""
    return bool(expression.is_Pow and expression.exp.is_number and expression.exp.is_negative)


def _inline(expression: sympy.Expr) -> bool:
    """Whether an expression is written out wherever it occurs: a reciprocal, or a power that is a short product.

    The printer spreads their factors over the product around them, which a variable would prevent.
    """
    if _reciprocal(expression):
        return True
    return bool(expression.is_Pow and expression.exp.is_Integer and expression.exp <= 4)


def _in_order(parts: Iterable[sympy.Expr]) -> list[sympy.Expr]:
    """Terms or factors in the order in which they are combined: numbers first."""
    return sorted(parts, key=lambda part: (not part.is_number, default_sort_key(part)))


def _subtracted_last(terms: Iterable[sympy.Expr]) -> list[sympy.Expr]:
    """The terms of a sum in the order in which they are added."""
    return sorted(_in_order(terms), key=lambda term: bool(term.could_extract_minus_sign()))


def _plain(expression: sympy.Expr) -> bool:
    """A leaf or its negative, which costs nothing to write again."""
    return bool(
        expression.is_Atom
        or (expression.is_Mul and len(expression.args) == 2 and expression.args[0] == -1 and expression.args[1].is_Atom)
    )
