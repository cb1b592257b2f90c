"""Print placed expressions as Python that Numba compiles without changing a type.

Every number carries the dtype of the kernel: a bare ``0.5`` would turn float32 arithmetic into float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sympy

from symloss import atoms
from symloss.atoms import record_of
from symloss.lowering.functions import (
    Difference,
    Element,
    Gap,
    Guarded,
    KeepNaN,
    Lifted,
    Over,
    ScaleInverse,
    UnitScale,
    Variable,
    is_integer,
)

_COMPARISONS = {"Less": "<", "LessEqual": "<=", "Equal": "==", "NotEqual": "!="}
_CONNECTIVES = {"And": " & ", "Or": " | "}
_CONDITIONS = {*_COMPARISONS, *_CONNECTIVES, "Not"}

#: Functions of lowered expressions whose text the templates hold.
_HELPERS = {Gap: "gap", UnitScale: "unit_scale"}

#: Precedences, as in Python.
_TERNARY, _OR, _AND, _COMPARE, _SUM, PRODUCT, ATOM = range(7)


def is_condition(expression: sympy.Expr) -> bool:
    """Whether an expression is true or false rather than a number."""
    return expression.func.__name__ in _CONDITIONS


@dataclass
class ExpressionPrinter:
    """Prints for one dtype and remembers which elementary functions the text calls.

    ``worded`` gives the text and the precedence of leaves that a kernel words in its own way, by their names;
    ``rows`` gives by row how its entry at a place ``{}`` is addressed in the array that holds it. ``blocked`` is the
    index, if any, that runs as ``lane`` through a ``block``. ``apart`` gives another text for a call of an elementary
    function that is computed elsewhere, or None.
    """

    dtype: str
    conditions: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    worded: dict[str, tuple[str, int]] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    blocked: str | None = None
    apart: Callable[[str, tuple[sympy.Expr, ...]], str | None] | None = None

    @property
    def suffix(self) -> str:
        """The ending of the names of functions for this dtype."""
        return "f32" if self.dtype == "float32" else "f64"

    # --- entry points --------------------------------------------------------------------------------------------

    def real(self, expression: sympy.Expr, level: int = _TERNARY) -> str:
        """The text of a number of the kernel's dtype."""
        text, precedence = self._real(expression)
        return f"({text})" if precedence < level else text

    def integer(self, expression: sympy.Expr, level: int = _TERNARY) -> str:
        """The text of an integer: an index, a size, a label."""
        text, precedence = self._integer(expression)
        return f"({text})" if precedence < level else text

    def condition(self, expression: sympy.Expr, level: int = _OR) -> str:
        """The text of something true or false."""
        text, precedence = self._condition(expression)
        return f"({text})" if precedence < level else text

    def value(self, expression: sympy.Expr) -> str:
        """The text of whatever kind of value the expression has."""
        if is_condition(expression) or (isinstance(expression, Variable) and expression.name in self.conditions):
            return self.condition(expression)
        return self.integer(expression) if is_integer(expression) else self.real(expression)

    # --- numbers -------------------------------------------------------------------------------------------------

    def number(self, value: sympy.Expr) -> str:
        """A typed constant, correctly rounded."""
        if value in (sympy.oo, -sympy.oo):
            text = "np.inf" if value == sympy.oo else "-np.inf"
        else:
            text = _decimal(value, self.dtype) if value.is_Rational else repr(float(value.evalf(40)))
        return f"f32({text})" if self.dtype == "float32" else text

    def _real(self, expression: sympy.Expr) -> tuple[str, int]:
        if _is_constant(expression):
            text = self.number(expression)
            return text, _SUM if text.startswith("-") else ATOM
        if is_condition(expression):
            return (
                f"{self.number(sympy.S.One)} if {self.condition(expression)} else {self.number(sympy.S.Zero)}",
                _TERNARY,
            )
        if isinstance(expression, Variable | Element):
            return self._leaf(expression)
        if is_integer(expression):
            cast = "f32" if self.dtype == "float32" else "float"
            return f"{cast}({self.integer(expression)})", ATOM
        if expression.is_Add:
            return self._sum(expression, self.real), _SUM
        if expression.is_Mul:
            return self._product(expression)
        if expression.is_Pow:
            return self._power(expression)
        return self._function(expression)

    def _leaf(self, expression: sympy.Symbol) -> tuple[str, int]:
        if isinstance(expression, Variable) and expression.name in self.conditions:
            return (
                f"{self.number(sympy.S.One)} if {self.element(expression)} else {self.number(sympy.S.Zero)}",
                _TERNARY,
            )
        if expression.name in self.worded and not expression.is_integer:
            return self.worded[expression.name]
        text = self.element(expression)
        if expression.is_integer:
            return f"{'f32' if self.dtype == 'float32' else 'float'}({text})", ATOM
        return text, ATOM

    def element(self, leaf: sympy.Symbol) -> str:
        """A variable or an array element, as written."""
        if leaf.name in self.worded:
            return self.worded[leaf.name][0]
        if isinstance(leaf, Element):
            places = ", ".join(self.integer(s) for s in leaf.subscripts)
            return self.rows.get(leaf.array, f"{leaf.array}[{{}}]").format(places)
        return str(leaf.name)

    def _sum(self, expression: sympy.Expr, show: Callable[[sympy.Expr, int], str]) -> str:
        text = ""
        for term in expression.args:
            if not text:
                text = show(term, _SUM)
            elif term.could_extract_minus_sign():
                text += f" - {show(_negative(term), PRODUCT)}"
            else:
                # Without parentheses what stands before would be added to one side of a difference alone.
                text += f" + {show(term, PRODUCT if isinstance(term, Difference) else _SUM)}"
        return text

    def _product(self, expression: sympy.Expr) -> tuple[str, int]:
        """Quotients first, so that neither a product overflows nor a quotient vanishes before the other is met."""
        constants = [factor for factor in expression.args if factor.is_number]
        coefficient = sympy.Mul(*constants)
        factors = [f for factor in expression.args if not factor.is_number for f in sympy.Mul.make_args(factor)]
        sign = "-" if coefficient.is_negative else ""
        numerators: list[sympy.Expr] = []
        denominators: list[sympy.Expr] = []
        for factor in factors:
            if factor.is_Pow and factor.exp.is_number and factor.exp.is_negative:
                if factor.exp.is_Integer:
                    denominators += [factor.base] * int(-factor.exp)
                else:
                    denominators.append(sympy.Pow(factor.base, -factor.exp, evaluate=False))
            elif factor.is_Pow and factor.exp.is_Integer and factor.exp <= 4:
                numerators += [factor.base] * int(factor.exp)
            else:
                numerators.append(factor)
        coefficient = abs(coefficient)
        parts: list[str] = []
        if not _is_dyadic(coefficient):
            denominators.append(sympy.Integer(coefficient.q))
            coefficient = sympy.Integer(coefficient.p)
        if coefficient != 1 or not numerators:
            if numerators:
                parts.append(self.number(coefficient))
            else:
                numerators.append(coefficient)
        pairs = min(len(numerators), len(denominators))
        parts += [self.real(n, ATOM) for n in numerators[: len(numerators) - pairs]]
        quotients = list(zip(numerators[len(numerators) - pairs :], denominators, strict=False))
        for number, (above, below) in enumerate(quotients):
            text = f"{self.real(above, ATOM)} / {self.real(below, ATOM)}"
            parts.append(text if number == 0 and not parts else f"({text})")
        text = " * ".join(parts)
        for below in denominators[pairs:]:
            text = f"{text} / {self.real(below, ATOM)}"
        return sign + text, _SUM if sign else PRODUCT

    def _power(self, expression: sympy.Expr) -> tuple[str, int]:
        base, exponent = expression.base, expression.exp
        if base == sympy.E:
            return self._call("exp", (exponent,)), ATOM
        if exponent == sympy.S.Half:
            return f"math.sqrt({self.real(base)})", ATOM
        if exponent.is_Integer and exponent < 0:
            below = self._power_text(base, -exponent)
            return f"{self.number(sympy.S.One)} / {below}", PRODUCT
        if exponent == -sympy.S.Half:
            return f"{self.number(sympy.S.One)} / math.sqrt({self.real(base)})", PRODUCT
        if exponent.is_Integer and exponent <= 4:
            return self._power_text(base, exponent)[1:-1] if exponent > 1 else self.real(base), PRODUCT
        return self._call("pow", (base, exponent)), ATOM

    def _power_text(self, base: sympy.Expr, exponent: sympy.Integer) -> str:
        text = self.real(base, ATOM)
        if exponent == 1:
            return text
        return f"({' * '.join([text] * int(exponent))})" if exponent <= 4 else self._call("pow", (base, exponent))

    # --- functions -----------------------------------------------------------------------------------------------

    def _function(self, expression: sympy.Expr) -> tuple[str, int]:
        arguments = expression.args
        if isinstance(expression, atoms.Where):
            condition, a, b = arguments
            return f"{self.real(a, _OR)} if {self.condition(condition)} else {self.real(b, _OR)}", _TERNARY
        if isinstance(expression, Guarded):
            nan = "f32(np.nan)" if self.dtype == "float32" else "np.nan"
            return f"{self.real(arguments[0], _OR)} if {self.condition(arguments[1])} else {nan}", _TERNARY
        if isinstance(expression, KeepNaN):
            shown, watched = self.real(arguments[0], _OR), self.real(arguments[1], _SUM)
            return f"{shown} if {watched} == {watched} else {watched}", _TERNARY
        if isinstance(expression, atoms.StopGradient | atoms.SlopeAt):
            return self._real(arguments[0])
        if isinstance(expression, atoms.Absolute):
            return f"abs({self.real(arguments[0])})", ATOM
        if isinstance(expression, Difference):
            return f"{self.real(arguments[0], _SUM)} - {self.real(arguments[1], PRODUCT)}", _SUM
        if isinstance(expression, Lifted):
            return f"{self.real(arguments[0], PRODUCT)} * {self.real(arguments[1], ATOM)}", PRODUCT
        if isinstance(expression, Over):
            a, scale, m = arguments
            scaled = self.real(a, PRODUCT) + (f" * {self.real(scale, ATOM)}" if scale != 1 else "")
            return f"{scaled} / {self.real(m, ATOM)}", PRODUCT
        if isinstance(expression, ScaleInverse):
            return f"{self.number(sympy.S.One)} / {self.real(arguments[0], ATOM)}", PRODUCT
        if type(expression) in _HELPERS:
            name = f"_{_HELPERS[type(expression)]}_{self.suffix}"
            self.helpers.add(name)
            return f"{name}({', '.join(self.real(a) for a in arguments)})", ATOM
        record = record_of(expression)
        if record is None:
            raise AssertionError(f"no text for {expression}")
        return self._call(record.name, arguments), ATOM

    def _call(self, name: str, arguments: tuple[sympy.Expr, ...]) -> str:
        if name == "sqrt":
            return f"math.sqrt({self.real(arguments[0])})"
        text = None if self.apart is None else self.apart(name, arguments)
        if text is not None:
            return text
        self.functions.add(name)
        return f"_{name}_{self.suffix}({', '.join(self.real(argument) for argument in arguments)})"

    # --- conditions and integers ---------------------------------------------------------------------------------

    def _condition(self, expression: sympy.Expr) -> tuple[str, int]:
        if expression in (sympy.S.Zero, sympy.S.One):
            return str(expression == 1), ATOM
        kind = expression.func.__name__
        if kind in _COMPARISONS:
            left, right = expression.args
            whole = [is_integer(side) or bool(side.is_Integer) for side in (left, right)]
            indices = all(whole) and (is_integer(left) or is_integer(right))
            if indices and kind in ("Equal", "NotEqual") and self.dtype == "float32" and not left.is_Integer:
                # As wide as the data, or vectors of numbers would wait for two of indices; no axis has 2^31 entries.
                return f" {_COMPARISONS[kind]} ".join(self._narrow(left, right)), _COMPARE
            show = self.integer if indices else self.real
            return f"{show(left, _SUM)} {_COMPARISONS[kind]} {show(right, _SUM)}", _COMPARE
        if kind in _CONNECTIVES:
            return _CONNECTIVES[kind].join(self.condition(a, _SUM) for a in expression.args), _AND
        if kind == "Not":
            return f"not {self.condition(expression.args[0], _SUM)}", _AND
        if isinstance(expression, Variable) and expression.name in self.conditions:
            return self.element(expression), ATOM
        if isinstance(expression, Element | Variable) and expression.is_integer:
            return self.element(expression), ATOM
        return f"{self.real(expression, _SUM)} != {self.number(sympy.S.Zero)}", _COMPARE

    def _narrow(self, left: sympy.Expr, right: sympy.Expr) -> list[str]:
        """The texts of two indices that are compared, in 32 bits.

        Where one of them runs through a block they are counted from its start: as the place of an entry the index
        would be computed one by one, and then made a vector of.
        """
        sides = (left, right)
        running = [isinstance(side, Variable) and side.name == self.blocked for side in sides]
        if sum(running) != 1:
            return [str(side) if side.is_Integer else f"np.int32({self.integer(side)})" for side in sides]
        texts = ["lane" if runs else f"{self.integer(s, _SUM)} - block" for s, runs in zip(sides, running, strict=True)]
        return [f"np.int32({text})" for text in texts]

    def _integer(self, expression: sympy.Expr) -> tuple[str, int]:
        if expression.is_Integer:
            return str(expression), _SUM if expression.is_negative else ATOM
        if isinstance(expression, Variable | Element):
            return self.element(expression), ATOM
        if expression.is_Add:
            return self._sum(expression, self.integer), _SUM
        if expression.is_Mul:
            return " * ".join(self.integer(a, ATOM) for a in expression.args), PRODUCT
        if isinstance(expression, sympy.Mod):
            return " % ".join(self.integer(a, ATOM) for a in expression.args), PRODUCT
        if isinstance(expression, sympy.floor):
            above, below = expression.args[0].as_numer_denom()
            return f"{self.integer(above, ATOM)} // {self.integer(below, ATOM)}", PRODUCT
        if isinstance(expression, atoms.Where):
            condition, a, b = expression.args
            return f"{self.integer(a, _OR)} if {self.condition(condition)} else {self.integer(b, _OR)}", _TERNARY
        if isinstance(expression, Guarded):
            element, condition = expression.args
            return f"{self.integer(element, _OR)} if {self.condition(condition)} else -1", _TERNARY
        raise AssertionError(f"no integer form for {expression}")


def _is_constant(expression: sympy.Expr) -> bool:
    """Whether an expression is a number that SymPy can evaluate; of functions that only kernels have it cannot."""
    return not expression.atoms(sympy.Symbol) and (expression.is_Number or bool(expression.evalf(40).is_Float))


def _negative(term: sympy.Expr) -> sympy.Expr:
    """The negative of a term, its factors in the order that they have."""
    if not term.is_Mul:
        return -term
    place = next((number for number, factor in enumerate(term.args) if factor.is_number), None)
    if place is None:
        return -term
    factors = list(term.args)
    factors[place] = -factors[place]
    return sympy.Mul(*(factor for factor in factors if factor != 1), evaluate=False)


def _is_dyadic(value: sympy.Expr) -> bool:
    """Whether a coefficient is exact in binary floating point (or not rational at all)."""
    return not value.is_Rational or bin(int(value.q)).count("1") == 1


def _decimal(value: sympy.Rational, dtype: str) -> str:
    """The shortest text that rounds to the right number, in one rounding."""
    import numpy as np

    real = np.float32 if dtype == "float32" else np.float64
    rounded = real(int(value.p)) / real(int(value.q)) if _is_dyadic(value) else real(float(value))
    text = repr(float(str(rounded)))
    return text
