"""Expression text → nodes. Python's syntax under a white-list; nothing is ever evaluated.

A token scan with an explicit stack bounds length, depth and numbers before `ast` sees the text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import sympy

from symloss.errors import SpecError
from symloss.language.nodes import (
    Along,
    Call,
    Chain,
    Comparison,
    Derivative,
    Expression,
    Indexed,
    Logic,
    Name,
    Negation,
    Number,
    Power,
    Word,
)
from symloss.language.source import Text, top_level

MAX_LENGTH = 16 * 1024
MAX_DEPTH = 64
MAX_DIGITS = 60
MAX_EXPONENT = 400

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[A-Za-z0-9_.]*)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<word>"[^"\\\n]*"|'[^'\\\n]*')
      | (?P<operator>\*\*|//|<=|>=|==|!=|[-+*/%<>=(),\[\]])""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?\Z")
_HINTS = {
    "^": "the character '^' is not part of the language; a power is written **",
    "&": "the character '&' is not part of the language; write `and`",
    "|": "the character '|' is not part of the language; write `or`, or abs(x)",
    "~": "the character '~' is not part of the language; write `not`",
    "!": "a lone '!' is not part of the language; write `not`, or != for unequal",
    "{": "braces are not part of expressions",
    "}": "braces are not part of expressions",
    ".": "attribute access is not part of the language",
    "@": "the character '@' is not part of the language; a matrix product is sum[k](a[i, k]*b[k, j])",
    ":": "slices and ':' are not part of the language; name the axis, z[n, k]",
    "#": "comments are not part of an expression",
    "−": "this is the typographic minus sign; write the ASCII hyphen -",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "·": "write *",
    "×": "write *",
}
_WORDS_REFUSED = {
    "if": "conditional expressions are written where(condition, a, b)",
    "else": "conditional expressions are written where(condition, a, b)",
    "lambda": "functions cannot be defined in an expression",
    "for": "loops are written sum[k](…) and the like",
    "in": "membership is written with comparisons and and/or",
    "True": "write the condition itself, or 1",
    "False": "write the condition itself, or 0",
    "None": "there is no None in the language",
    "await": "await is not part of the language",
    "yield": "yield is not part of the language",
}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"}
_LEVEL = {"+": 0, "-": 0, "*": 1, "/": 1, "//": 1, "%": 1}
_COMPARE = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
}


def scan(text: Text) -> None:
    """Bound an expression before it is parsed.

    Raises:
        SpecError: too long, nested too deeply, a character, word or number that the language does not have.
    """
    value = text.value
    if len(value) > MAX_LENGTH:
        raise text.error(f"the expression has {len(value)} characters; it may have {MAX_LENGTH}", 0)
    if not value.strip():
        raise text.error("an expression is expected here, and there is none")
    open_brackets: list[tuple[str, int]] = []
    prefixes, powers, operand_before = 0, 0, False
    at = 0
    while at < len(value):
        match = _TOKEN.match(value, at)
        if match is None:
            raise text.error(_odd_character(value[at]), at)
        kind, token = match.lastgroup, match.group()
        if kind == "number":
            check_number(text, token, at)
        elif kind == "name":
            _check_word(text, token, at)
        if kind == "operator":
            if token in "([":
                open_brackets.append((token, at))
                prefixes, powers = 0, 0
            elif token in ")]":
                if not open_brackets or open_brackets.pop()[0] + token not in ("()", "[]"):
                    raise text.error(f"this {token!r} closes no bracket", at)
            elif token == "**":
                powers += 1
            elif operand_before:
                prefixes, powers = 0, 0
            else:
                prefixes += 1
        elif token == "not":
            prefixes += 1
        if kind != "space":
            operand_before = (kind != "operator" or token in ")]") and token not in ("not", "and", "or", "is")
        if max(len(open_brackets), prefixes, powers) > MAX_DEPTH:
            raise text.error(f"nested more than {MAX_DEPTH} deep", at)
        at = match.end()
    if open_brackets:
        token, place = open_brackets[-1]
        raise text.error(f"this {token!r} is never closed", place)


def _odd_character(character: str) -> str:
    if character in "\"'":
        return "this quoted word does not end"
    return _HINTS.get(
        character,
        f"the character {character!r} is not part of the language"
        if character.isprintable()
        else f"the character U+{ord(character):04X} is not part of the language",
    )


def _check_word(text: Text, word: str, at: int) -> None:
    if word in _WORDS_REFUSED:
        raise text.error(f"{word!r} is not part of the language: {_WORDS_REFUSED[word]}", at)
    if word.startswith("__"):
        raise text.error(f"{word[:40]!r} is not part of the language", at)


def check_number(text: Text, token: str, at: int) -> None:
    """Refuse what is no decimal number, or one too long to be meant."""
    match = _NUMBER.match(token)
    if match is None:
        raise text.error(f"{token[:40]!r} is not a decimal number", at)
    digits = token.lower().partition("e")[0]
    if re.match(r"0\d", digits):
        raise text.error(f"{token[:40]!r} is not a decimal number: it starts with a superfluous 0", at)
    if len(digits) > MAX_DIGITS:
        raise text.error(f"a number has at most {MAX_DIGITS} digits", at)
    exponent = match.group(1)
    if exponent and (len(exponent) > 6 or abs(int(exponent)) > MAX_EXPONENT):
        raise text.error(f"the exponent of a number lies between -{MAX_EXPONENT} and {MAX_EXPONENT}", at)


def parse_expression(text: Text) -> Expression:
    """Parse one expression.

    Raises:
        SpecError: the text is not an expression of the language, with the place.
    """
    scan(text)
    for position in top_level(text.value, "="):
        if text.value[position - 1 : position] not in ("=", "<", ">", "!") and text.value[position + 1 :][:1] != "=":
            raise text.error("an assignment is not an expression; compare with ==", position)
    # Line ends inside brackets would be legal anyway; as blanks they are legal everywhere and keep every position.
    flat = "".join(" " if character.isspace() else character for character in text.value)
    indent = len(flat) - len(flat.lstrip())
    padded = f"({flat})"
    try:
        tree = ast.parse(padded, mode="eval").body
    except SyntaxError as fault:
        at = min(max((fault.offset or 1) - 2, 0), max(len(text.value.rstrip()) - 1, 0))
        raise text.error(f"this is not an expression: {_python_complaint(fault)}", max(at, 0)) from None
    except (RecursionError, MemoryError, ValueError):
        raise text.error("the expression is too long or nested too deeply", indent) from None
    return _Reader(text).read(tree, 0)


def _python_complaint(fault: SyntaxError) -> str:
    message = (fault.msg or "invalid syntax").split(". Perhaps")[0].split(". Maybe")[0]
    return "an operator, operand or comma is missing or misplaced" if message == "invalid syntax" else message


class _Reader:
    """Turns the white-listed part of Python's tree into nodes."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self._readers: dict[type[ast.expr], Callable[[Any, int], Expression]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.BoolOp: self._logic,
            ast.Subscript: self._subscript,
            ast.Call: self._call,
        }

    def at(self, tree: ast.AST) -> int:
        # The text was put between parentheses, which shifts every column by one.
        return max(getattr(tree, "col_offset", 1) - 1, 0)

    def fail(self, message: str, tree: ast.AST) -> SpecError:
        return self.text.error(message, self.at(tree))

    def read(self, tree: ast.expr, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise self.fail(f"nested more than {MAX_DEPTH} deep", tree)
        reader = self._readers.get(type(tree))
        if reader is None:
            raise self.fail(_REFUSED.get(type(tree), "this is not part of the language"), tree)
        return reader(tree, depth + 1)

    def _all(self, trees: list[ast.expr], depth: int) -> tuple[Expression, ...]:
        return tuple(self.read(tree, depth) for tree in trees)

    def _constant(self, tree: ast.Constant, depth: int) -> Expression:
        if isinstance(tree.value, str):
            return Word(self.at(tree), tree.value)
        raw = self.text.value[self.at(tree) : (tree.end_col_offset or 1) - 1]
        return Number(self.at(tree), sympy.Rational(raw))

    def _name(self, tree: ast.Name, depth: int) -> Expression:
        return Name(self.at(tree), tree.id)

    def _unary(self, tree: ast.UnaryOp, depth: int) -> Expression:
        operand = self.read(tree.operand, depth)
        if isinstance(tree.op, ast.Not):
            return Logic(self.at(tree), "not", (operand,))
        return operand if isinstance(tree.op, ast.UAdd) else Negation(self.at(tree), operand)

    def _binary(self, tree: ast.BinOp, depth: int) -> Expression:
        if isinstance(tree.op, ast.Pow):
            return Power(self.at(tree), self.read(tree.left, depth), self.read(tree.right, depth))
        if type(tree.op) not in _ARITHMETIC:
            raise self.fail("this operator is not part of the language", tree)
        # A long sum leans left in Python's tree; walk down it instead of recursing.
        level = _LEVEL[_ARITHMETIC[type(tree.op)]]
        operands, operators = [], []
        current: ast.expr = tree
        while isinstance(current, ast.BinOp) and _LEVEL.get(_ARITHMETIC.get(type(current.op), "")) == level:
            operands.append(self.read(current.right, depth))
            operators.append(_ARITHMETIC[type(current.op)])
            if self._parenthesised(current.left):
                current = current.left
                break
            current = current.left
        operands.append(self.read(current, depth))
        return Chain(self.at(tree), tuple(reversed(operands)), tuple(reversed(operators)))

    def _parenthesised(self, tree: ast.expr) -> bool:
        # Node ends exclude a closing parenthesis around it, so one directly before the node's start is a group's.
        before = self.text.value[: self.at(tree)].rstrip()
        after = self.text.value[(tree.end_col_offset or 1) - 1 :].lstrip()
        return isinstance(tree, ast.BinOp) and before.endswith("(") and after.startswith(")")

    def _compare(self, tree: ast.Compare, depth: int) -> Expression:
        for operator in tree.ops:
            if type(operator) not in _COMPARE:
                raise self.fail("this comparison is not part of the language; use < <= > >= == !=", tree)
        operands = self._all([tree.left, *tree.comparators], depth)
        return Comparison(self.at(tree), operands, tuple(_COMPARE[type(operator)] for operator in tree.ops))

    def _logic(self, tree: ast.BoolOp, depth: int) -> Expression:
        operator = "and" if isinstance(tree.op, ast.And) else "or"
        return Logic(self.at(tree), operator, self._all(tree.values, depth))

    def _entries(self, tree: ast.expr, depth: int) -> tuple[Expression, ...]:
        return self._all(list(tree.elts) if isinstance(tree, ast.Tuple) else [tree], depth)

    def _subscript(self, tree: ast.Subscript, depth: int) -> Expression:
        target = tree.value
        if isinstance(target, ast.Name):
            return Indexed(self.at(tree), target.id, self._entries(tree.slice, depth))
        if isinstance(target, ast.Call) and isinstance(target.func, ast.Name) and target.func.id in ("grad", "hess"):
            call = self._call(target, depth)
            if isinstance(call, Derivative):
                return Derivative(call.at, call.function, call.variables, self._entries(tree.slice, depth))
        raise self.fail("only a named tensor can be indexed", tree)

    def _call(self, tree: ast.Call, depth: int) -> Expression:
        if any(isinstance(argument, ast.Starred) for argument in tree.args) or any(
            k.arg is None for k in tree.keywords
        ):
            raise self.fail("* and ** arguments are not part of the language", tree)
        arguments = self._all(tree.args, depth)
        keywords = tuple((k.arg or "", self.read(k.value, depth)) for k in tree.keywords)
        if isinstance(tree.func, ast.Subscript) and isinstance(tree.func.value, ast.Name):
            function = tree.func.value.id
            if len(arguments) != 1 or keywords:
                raise self.fail(f"{function}[…](…) takes one argument", tree)
            return Along(self.at(tree), function, self._entries(tree.func.slice, depth), arguments[0])
        if not isinstance(tree.func, ast.Name):
            raise self.fail("only a named function can be called", tree)
        if tree.func.id in ("grad", "hess"):
            return self._derivative(tree, arguments, keywords)
        return Call(self.at(tree), tree.func.id, arguments, keywords)

    def _derivative(
        self, tree: ast.Call, arguments: tuple[Expression, ...], keywords: tuple[tuple[str, Expression], ...]
    ) -> Expression:
        function = tree.func.id if isinstance(tree.func, ast.Name) else ""
        wanted = 1 if function == "grad" else 2
        variables = tuple(argument for argument in arguments if isinstance(argument, Name))
        if len(variables) != wanted or len(arguments) != wanted or keywords:
            example = "grad(z)[n, k]" if wanted == 1 else "hess(z, z)[n, j, k]"
            raise self.fail(f"{function} takes {wanted} bare name(s), as in {example}", tree)
        return Derivative(self.at(tree), function, variables, ())


_REFUSED: dict[type[ast.expr], str] = {
    ast.Attribute: "attribute access is not part of the language",
    ast.Tuple: "a comma is out of place here",
    ast.List: "lists are not part of the language",
    ast.Slice: "slices are not part of the language; name the axis, z[n, k]",
    ast.Starred: "* is out of place here",
}


def parse_definition(text: Text) -> tuple[Text, tuple[Text, ...], Text]:
    """Split ``name[axes] = expression`` into the name, the axes and the expression's text.

    Raises:
        SpecError: there is no = or the left side is not a name with axes.
    """
    value = text.value
    scan(text)
    sign = next(
        (
            position
            for position in top_level(value, "=")
            if value[position - 1 : position] not in ("=", "<", ">", "!") and value[position + 1 : position + 2] != "="
        ),
        None,
    )
    if sign is None:
        raise text.error('a step is written "name[axes] = expression"; there is no = here')
    left, right = text[:sign].stripped(), text[sign + 1 :]
    head, bracket, rest = left.value.partition("[")
    axes: tuple[Text, ...] = ()
    if bracket:
        if not rest.rstrip().endswith("]"):
            raise left.error("the left side of a step is a name with axes, name[n, k]")
        inner = left[len(head) + 1 : len(left.value.rstrip()) - 1]
        axes = tuple(inner.split(",")) if inner.value.strip() else ()
    name = left[: len(head)].stripped()
    if not name.value:
        raise text.error("the left side of a step is a name with axes, name[n, k]")
    return name, axes, right
