"""Tokens → Module.

Nested `{ }` scopes (inline assembly brings them) get registers of their own by renaming.
Calls stay calls here; `inlining` replaces them.
"""

from functools import lru_cache

import numpy as np

from .constants import constant
from .errors import PtxSyntaxError
from .lexer import Token, tokens, undefined_registers
from .program import (
    Address,
    Entry,
    Immediate,
    Instruction,
    Module,
    Operand,
    Pair,
    Parameter,
    Register,
    Symbol,
    Variable,
    Vector,
)
from .types import COMPUTE

_SPACES = {".shared", ".local", ".global", ".const"}
_LINE_DIRECTIVES = {".loc", ".file"}
_LINKAGE = {".visible", ".weak", ".extern", ".common"}
_LIMITS = {".maxntid", ".reqntid", ".minnctapersm", ".maxnreg", ".maxnctapersm"}


@lru_cache(maxsize=64)
def parse(text: str) -> Module:
    """The module of a PTX text.

    Raises:
        PtxSyntaxError: Something that is not PTX, with its line.
    """
    return _Parser(text).module()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.undefined = undefined_registers(text)
        self.scopes: list[dict[str, str]] = []
        self.declared: set[str] = set()
        self.scope_count = 0

    # -- reading tokens

    def peek(self, ahead: int = 0) -> Token:
        position = self.at + ahead
        if position < len(self.tokens):
            return self.tokens[position]
        return Token("end", "", self.tokens[-1].line if self.tokens else 1)

    def take(self, text: str | None = None) -> Token:
        token = self.peek()
        if token.kind == "end" or (text is not None and token.text != text):
            raise PtxSyntaxError(f"line {token.line}: expected {text or 'more'}, found {token.text or 'the end'!r}")
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        if self.peek().text == text and self.peek().kind != "string":
            self.at += 1
            return True
        return False

    def skip_line(self) -> None:
        line = self.peek().line
        while self.peek().kind != "end" and self.peek().line == line:
            self.at += 1

    def skip_braces(self) -> None:
        self.take("{")
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.take().text, 0)

    def integer(self) -> int:
        sign = -1 if self.accept("-") else 1
        token = self.take()
        try:
            return sign * int(token.text.rstrip("U"), 0)
        except ValueError:
            raise PtxSyntaxError(f"line {token.line}: expected a whole number, found {token.text!r}") from None

    # -- the module

    def module(self) -> Module:
        module = Module(undefined=self.undefined)
        while self.peek().kind != "end":
            token = self.peek()
            if token.text == ".version":
                self.take()
                module.version = self.take().text
            elif token.text == ".target":
                self.take()
                module.target = self.take().text
                while self.accept(","):
                    self.take()
            elif token.text == ".address_size":
                self.take()
                if self.integer() != 64:
                    raise PtxSyntaxError(f"line {token.line}: only 64-bit addresses are supported")
            elif token.text in _LINE_DIRECTIVES:
                self.skip_line()
            elif token.text == ".section":
                self.take()
                self.take()
                self.skip_braces()
            elif token.text in _LINKAGE:
                self.take()
            elif token.text == ".entry":
                entry = self.entry()
                module.entries[entry.name] = entry
            elif token.text == ".func":
                self.function(module)
            elif token.text in _SPACES:
                for variable in self.variables():
                    module.variables[variable.name] = variable
            else:
                raise PtxSyntaxError(f"line {token.line}: unexpected {token.text!r} outside of a kernel")
        if not module.version or not module.target:
            raise PtxSyntaxError("line 1: the text has no .version and .target, so it is not a PTX module")
        return module

    def function(self, module: Module) -> None:
        self.take(".func")
        function = Entry("")
        if self.peek().text == "(":
            function.results = [parameter.name for parameter in self.formals()]
        function.name = self.take().text
        if self.peek().text == "(":
            function.parameters = self.formals()
        while self.peek().text not in ("{", ";"):
            self.take()
        if not self.accept(";"):
            self.body(function)
            module.functions[function.name] = function

    def formals(self) -> list[Parameter]:
        self.take("(")
        found = []
        while not self.accept(")"):
            found.append(self.parameter())
            self.accept(",")
        return found

    def variables(self) -> list[Variable]:
        space = self.take().text[1:]
        align, kind = 0, "b8"
        while self.peek().text.startswith("."):
            word = self.take()
            if word.text == ".align":
                align = self.integer()
            elif word.text[1:] in COMPUTE:
                kind = word.text[1:]
            else:
                raise PtxSyntaxError(f"line {word.line}: {word.text} in a variable is not supported")
        width = COMPUTE[kind].itemsize
        found = []
        while True:
            name = self.take().text
            count: int | None = 1
            while self.accept("["):
                if self.accept("]"):
                    count = None
                    continue
                count = (count or 1) * self.integer()
                self.take("]")
            initial = self.initial(kind) if self.accept("=") else b""
            size = None if count is None else width * count
            if size is None and initial:
                size = len(initial)
            found.append(Variable(name, space, max(align, width), size, initial))
            if not self.accept(","):
                break
        self.take(";")
        return found

    def initial(self, kind: str) -> bytes:
        def number() -> bytes:
            sign = "-" if self.accept("-") else ""
            return np.asarray(constant(sign + self.take().text, kind)).tobytes()

        if not self.accept("{"):
            return number()
        data = b""
        while not self.accept("}"):
            data += number()
            self.accept(",")
        return data

    # -- an entry

    def entry(self) -> Entry:
        self.take(".entry")
        entry = Entry(self.take().text)
        if self.peek().text == "(":
            entry.parameters = self.formals()
        while self.peek().text != "{":
            word = self.take()
            if word.text not in _LIMITS:
                raise PtxSyntaxError(f"line {word.line}: directive {word.text} of a kernel is not supported")
            threads = self.integer()
            while self.accept(","):
                threads *= self.integer()
            if word.text == ".reqntid":
                entry.required_threads = threads
            elif word.text == ".maxntid":
                entry.most_threads = threads
        self.body(entry)
        return entry

    def parameter(self) -> Parameter:
        self.take(".param")
        kind = ""
        while self.peek().text.startswith("."):
            word = self.take().text
            if word == ".align":
                self.integer()
            elif word[1:] in COMPUTE:
                kind = word[1:]
        name = self.take()
        if not kind:
            raise PtxSyntaxError(f"line {name.line}: parameter {name.text} has no type")
        size = COMPUTE[kind].itemsize
        if self.accept("["):
            size *= self.integer()
            self.take("]")
        return Parameter(name.text, kind, size)

    def body(self, entry: Entry) -> None:
        self.take("{")
        self.scopes = [{}]
        self.declared = set()
        while self.scopes:
            token = self.peek()
            if self.accept("{"):
                self.scopes.append({})
                self.scope_count += 1
            elif self.accept("}"):
                self.scopes.pop()
            elif self.accept(";"):
                pass
            elif token.text in _LINE_DIRECTIVES:
                self.skip_line()
            elif token.text == ".pragma":
                self.take()
                self.take()
                self.take(";")
            elif token.text == ".param":
                self.parameter()
                self.take(";")
            elif token.text == ".reg":
                self.registers(entry)
            elif token.text in _SPACES:
                for variable in self.variables():
                    entry.variables[variable.name] = variable
            elif token.kind == "word" and self.peek(1).text == ":" and not token.text.startswith("."):
                entry.labels[self.take().text] = len(entry.instructions)
                self.take(":")
            else:
                entry.instructions.append(self.instruction())

    def registers(self, entry: Entry) -> None:
        self.take(".reg")
        kind = self.take()
        if kind.text[1:] not in COMPUTE:
            raise PtxSyntaxError(f"line {kind.line}: registers of type {kind.text} are not supported")
        while True:
            name = self.take().text
            if self.accept("<"):
                names = [f"{name}{i}" for i in range(self.integer())]
                self.take(">")
            else:
                names = [name]
            for each in names:
                unique = each if len(self.scopes) == 1 else f"{each}#{self.scope_count}"
                self.scopes[-1][each] = unique
                entry.registers[unique] = kind.text[1:]
                self.declared.add(unique)
            if not self.accept(","):
                break
        self.take(";")

    def instruction(self) -> Instruction:
        guard = None
        line = self.peek().line
        if self.accept("@"):
            negated = self.accept("!")
            guard = Register(self.renamed(self.take().text), negated)
        opcode = self.take()
        if opcode.kind != "word" or opcode.text.startswith("."):
            raise PtxSyntaxError(f"line {opcode.line}: expected an instruction, found {opcode.text!r}")
        operands: list[Operand] = []
        while not self.accept(";"):
            operands.append(self.operand())
            if self.peek().text != ";":
                self.take(",")
        return Instruction(opcode.text, tuple(operands), guard, line)

    def renamed(self, name: str) -> str:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return name

    def is_register(self, name: str) -> bool:
        return name.startswith("%") or name in self.declared

    def operand(self) -> Operand:
        first = self.simple()
        if self.accept("|"):
            return Pair(first, self.simple())
        return first

    def simple(self) -> Operand:
        token = self.peek()
        if self.accept("["):
            return self.address()
        if token.text in ("{", "("):
            self.take()
            elements: list[Operand] = []
            while not self.accept("}" if token.text == "{" else ")"):
                elements.append(self.simple())
                self.accept(",")
            return Vector(tuple(elements))
        if self.accept("!"):
            return Register(self.renamed(self.take().text), True)
        if self.accept("-"):
            return Immediate("-" + self.take().text)
        if token.kind == "number":
            return Immediate(self.take().text)
        if token.kind != "word":
            raise PtxSyntaxError(f"line {token.line}: expected an operand, found {token.text!r}")
        self.take()
        name = self.renamed(token.text)
        if self.is_register(name):
            return Register(name)
        return Symbol(name, self.integer() if self.accept("+") else 0)

    def address(self) -> Address:
        token = self.peek()
        base: Register | Symbol | Immediate
        if token.kind == "number":
            base = Immediate(self.take().text)
        else:
            self.take()
            name = self.renamed(token.text)
            base = Register(name) if self.is_register(name) else Symbol(name)
        offset = 0
        if self.accept("+") or self.peek().text == "-":
            offset = self.integer()
        self.take("]")
        return Address(base, offset)
