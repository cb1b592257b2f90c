"""What is asked: a quantity of a loss, and the expressions that are said to equal it, read and put into programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import sympy

from symloss.language import Spec, SpecLibrary
from symloss.language.checking import Checker
from symloss.language.domains import constant, contains, domain_text
from symloss.language.elaboration import Elaboration
from symloss.language.expressions import parse_definition, parse_expression
from symloss.language.names import did_you_mean, fault_of_name
from symloss.language.nodes import Along, Comparison, Derivative, Expression, Name, walk
from symloss.language.scope import Scope, Symbol
from symloss.language.source import Text
from symloss.program import Axis, AxisSymbol, Program, Read, Statement, Tensor, exact_arithmetic, reads_of, substitute

#: What can be asked for, as an option, a key of a file, and in words.
KINDS = {
    "value": "value",
    "gradient": "gradient",
    "hessian_diag": "Hessian diagonal",
    "hvp": "Hessian-vector product",
}


@dataclass(frozen=True)
class Quantity:
    """One of `KINDS`, for the kinds of derivative with respect to one input (`wrt`), of one term or of all."""

    kind: str
    wrt: str = ""
    term: str = ""

    def __str__(self) -> str:
        of = f" of the term {self.term}" if self.term else ""
        return f"{KINDS[self.kind]}{of}" + (f" with respect to {self.wrt}" if self.wrt else "")


@dataclass
class Answer:
    """An expression as it was written, and the target that holds it in the program."""

    text: str
    target: str
    place: Text
    node: Expression
    checker: Checker


@dataclass
class Question:
    """A quantity, the answers in order, and the programs that compute them.

    Attributes:
        spec: the loss.
        quantity: what the answers are said to be.
        base: the textbook program with weights in its outputs, and with what is fixed replaced by numbers.
        program: the base and, as outputs "answer 0" …, the answers; "condition 0" … for `when`.
        axes: the axes of the quantity.
        answers: the answers.
        fixed: inputs and parameters that were replaced by their default or a given number.
        when: the other conditions, as written.
    """

    spec: Spec
    quantity: Quantity
    base: Program
    program: Program
    axes: tuple[str, ...]
    answers: tuple[Answer, ...]
    fixed: Mapping[str, sympy.Rational] = field(default_factory=lambda: MappingProxyType({}))
    when: tuple[str, ...] = ()


def ask(
    spec: Spec,
    quantity: Quantity,
    answers: Sequence[Text],
    library: SpecLibrary,
    *,
    when: Sequence[Text] = (),
    define: Sequence[Text] = (),
    axes: Mapping[str, str] | None = None,
    parameters: Mapping[str, sympy.Rational] | None = None,
) -> Question:
    """Read expressions that are said to equal a quantity.

    Optional inputs that neither the answers nor the conditions mention are taken at their defaults.

    Args:
        spec: the loss.
        quantity: what the answers are said to be; `wrt` may be empty where the loss has one prediction.
        answers: expressions of the specification language.
        library: where losses that they call are found.
        when: conditions under which they are said to be equal; ``name is default`` fixes an input or a parameter.
        define: steps for the answers' own use, ``name[axes] = expression``.
        axes: further indices, each with the axis that it runs like.
        parameters: numbers for parameters, which are otherwise arbitrary within their domains.

    Raises:
        SpecError: an expression is faulty, with its place.
    """
    quantity = _completed(spec, quantity, answers[0])
    with exact_arithmetic():
        return _Reader(spec, quantity, library, dict(axes or {})).question(
            answers, when, define, dict(parameters or {})
        )


def _completed(spec: Spec, quantity: Quantity, place: Text) -> Quantity:
    """The quantity with the only prediction or term filled in."""
    if quantity.term and quantity.term not in spec.terms:
        terms = ", ".join(spec.terms)
        raise place.error(f"{spec.name} has no term {quantity.term[:60]!r}; it has {terms}")
    if quantity.kind == "value":
        if not quantity.term and len(spec.terms) > 1:
            raise place.error(f"{spec.name} has several terms; name the one that is meant ({', '.join(spec.terms)})")
        return replace(quantity, wrt="")
    names = [tensor.name for tensor in spec.predictions]
    if not quantity.wrt:
        if len(names) > 1:
            raise place.error(f"{spec.name} has several predictions; name the one that is meant ({', '.join(names)})")
        return replace(quantity, wrt=names[0])
    real = [tensor.name for tensor in (*spec.inputs, *spec.parameters) if not tensor.domain.integer]
    known = names if quantity.kind == "hvp" else real
    if quantity.wrt not in known:
        what = "prediction" if quantity.kind == "hvp" else "real input or parameter"
        raise place.error(f"{spec.name} has no {what} {quantity.wrt[:60]!r}{did_you_mean(quantity.wrt, known)}")
    return quantity


class _Reader:
    """Reads the expressions of one question into one program."""

    def __init__(self, spec: Spec, quantity: Quantity, library: SpecLibrary, axes: dict[str, str]) -> None:
        self.spec, self.quantity, self.library = spec, quantity, library
        self.declared = dict(spec.program.axes)
        self.tensors = dict(spec.program.tensors)
        symbols = {
            tensor.name: Symbol.of_domain(tensor.name, tensor.axes, tensor.domain, tensor.role, tensor.default)
            for tensor in self.tensors.values()
        }
        for statement in spec.program.statements:
            symbols[statement.target] = Symbol(statement.target, statement.out)
        self.scope = Scope(self.declared, symbols, self._loss, library.names, claims=True)
        self.extra = axes
        if quantity.kind == "hvp":
            self._directions()
        self.elaboration = Elaboration(self.scope)
        self.count = len(spec.program.statements)

    def _loss(self, name: str) -> Spec:
        found = self.library.load(name, claims=False)
        if found.name != name:
            raise LookupError(name)
        return found

    def _directions(self) -> None:
        """One direction per prediction: ``v`` where there is one, else ``v_<prediction>``."""
        predictions = self.spec.predictions
        for tensor in predictions:
            short = len(predictions) == 1 and "v" not in self.scope.symbols and "v" not in self.declared
            name = "v" if short else f"v_{tensor.name}"
            self.tensors[name] = Tensor(name, tensor.axes, "direction", doc=f"direction for {tensor.name}")
            self.scope.symbols[name] = Symbol(name, tensor.axes, role="variable")

    def question(
        self,
        answers: Sequence[Text],
        when: Sequence[Text],
        define: Sequence[Text],
        parameters: dict[str, sympy.Rational],
    ) -> Question:
        """The question."""
        self._axes(answers[0])
        for step in define:
            self._define(step)
        out = self._out()
        fixed, conditions = self._conditions(when)
        read = [self._answer(text, f"_answer{number}", out) for number, text in enumerate(answers)]
        for name, value in parameters.items():
            self._check_parameter(name, value, answers[0])
            fixed[name] = value
        base = self._base()
        mentioned = {leaf.tensor for statement in self.elaboration.statements for leaf in statement.reads}
        for tensor in self.spec.inputs:
            if tensor.default is not None and tensor.name not in mentioned and tensor.name != self.quantity.wrt:
                fixed.setdefault(tensor.name, tensor.default)
        base = with_fixed(base, fixed)
        outputs = {f"answer {number}": answer.target for number, answer in enumerate(read)}
        outputs |= {f"condition {number}": name for number, (name, _) in enumerate(conditions)}
        own = tuple(self.elaboration.statements)
        program = base.replacing(
            axes=dict(self.declared),
            tensors=self.tensors,
            statements=(*base.statements, *with_fixed(base.replacing(statements=own), fixed).statements),
            outputs={**base.outputs, **outputs},
        )
        texts = tuple(text for _, text in conditions)
        return Question(self.spec, self.quantity, base, program, out, tuple(read), MappingProxyType(fixed), texts)

    def _axes(self, place: Text) -> None:
        for name, like in self.extra.items():
            if like not in self.spec.program.axes:
                raise place.error(f"{self.spec.name} has no axis {like[:40]!r} for {name[:40]} to run like")
            fault = fault_of_name(name, ())
            if fault or name in self.scope.symbols or name in self.declared:
                raise place.error(fault or f"{name!r} exists already")
            root = self.scope.root(like)
            self.declared[name] = Axis(name, self.declared[root].kind, like=root)

    def _out(self) -> tuple[str, ...]:
        if self.quantity.kind == "value":
            return self.spec.program.axes_of(self.spec.terms[self.quantity.term or next(iter(self.spec.terms))])
        return self.tensors[self.quantity.wrt].axes

    def _checked(self, text: Text, inside: Iterable[str], condition: bool = False) -> tuple[Checker, Expression]:
        node = parse_expression(text)
        checker = Checker(text, self.scope)
        (checker.condition if condition else checker.real)(node, frozenset(inside))
        for part in walk(node):
            if isinstance(part, Derivative):
                raise checker.fail("an answer is written out, without grad or hess", part)
            if isinstance(part, Along) and part.function in ("integral", "limit", "all", "any"):
                raise checker.fail(f"{part.function}[…] belongs to claims; an answer is built from sums", part)
            if isinstance(part, Comparison) and "is" in part.operators and not (condition and part is node):
                raise checker.fail("`… is default` stands alone as a condition", part)
        return checker, node

    def _answer(self, text: Text, target: str, out: tuple[str, ...]) -> Answer:
        checker, node = self._checked(text, out)
        self._free(checker, node, out, str(self.quantity))
        self.elaboration.assign(target, out, checker, node)
        return Answer(" ".join(text.value.split()), target, text, node, checker)

    def _free(self, checker: Checker, node: Expression, out: tuple[str, ...], what: str) -> None:
        for axis, place in checker.types[node].axes.items():
            if axis not in out:
                shown = f"[{', '.join(out)}]" if out else "no axes"
                raise checker.fail(f"axis {axis} is free here; the {what} has {shown}, so reduce over {axis}", place)

    def _define(self, text: Text) -> None:
        name, labels, right = parse_definition(text)
        fault = fault_of_name(name.value, ())
        if fault or name.value in self.scope.symbols or name.value in self.declared:
            raise name.error(fault or f"{name.value} exists already")
        for label in labels:
            if label.value not in self.declared:
                raise label.error(f"there is no axis {label.value[:40]!r}{did_you_mean(label.value, self.declared)}")
        out = tuple(label.value for label in labels)
        checker, node = self._checked(right, out)
        self._free(checker, node, out, f"step {name.value}")
        self.elaboration.assign(name.value, out, checker, node)
        self.scope.symbols[name.value] = Symbol(name.value, out)

    def _conditions(self, when: Sequence[Text]) -> tuple[dict[str, sympy.Rational], list[tuple[str, str]]]:
        fixed: dict[str, sympy.Rational] = {}
        found: list[tuple[str, str]] = []
        for number, text in enumerate(when):
            checker, node = self._checked(text, self.scope.batch, condition=True)
            if isinstance(node, Comparison) and "is" in node.operators and isinstance(node.operands[0], Name):
                default = self.scope.symbols[node.operands[0].name].default
                assert default is not None  # the checker has seen to it
                fixed[node.operands[0].name] = default
                continue
            target = f"_condition{number}"
            out = tuple(axis for axis in self.declared if axis in checker.types[node].axes)
            built = self.elaboration.condition(checker, node)
            self.elaboration.emit(Statement(target, out, "map", built))
            found.append((target, " ".join(text.value.split())))
        return fixed, found

    def _check_parameter(self, name: str, value: sympy.Rational, place: Text) -> None:
        known = [tensor.name for tensor in self.spec.parameters]
        if name not in known:
            raise place.error(f"{self.spec.name} has no parameter {name[:60]!r}{did_you_mean(name, known)}")
        domain = self.tensors[name].domain
        if not contains(domain, value):
            raise place.error(f"{name} = {value} lies outside its domain, {domain_text(domain)}")

    def _base(self) -> Program:
        """The terms that are asked for, each with the weight of its sample."""
        program = self.spec.program
        terms = [self.quantity.term] if self.quantity.term else list(self.spec.terms)
        outputs: dict[str, str] = {}
        statements = list(program.statements)
        for term in terms:
            target, weight = program.outputs[term], program.sample_weight.get(term)
            outputs[term] = target
            if weight is not None:
                out = program.axes_of(target)
                own = Read(target, tuple(AxisSymbol(axis) for axis in out))
                outputs[term] = f"_weighted_{term}"
                statements.append(Statement(outputs[term], out, "map", weight * own))
        return program.replacing(statements=tuple(statements), outputs=outputs)


def with_fixed(program: Program, fixed: Mapping[str, sympy.Rational]) -> Program:
    """The program with inputs and parameters replaced by numbers."""

    def replaced(expression: Any) -> Any:
        reads = {read: fixed[read.tensor] for read in reads_of(expression) if read.tensor in fixed}
        return substitute(expression, reads) if reads else expression

    statements = tuple(replace(s, body=replaced(s.body), guard=replaced(s.guard)) for s in program.statements)
    constraints = tuple(map(replaced, program.constraints))
    return program.replacing(statements=statements, constraints=constraints)


def number_of(text: Text) -> sympy.Rational:
    """A number that a user gives for a parameter.

    Raises:
        SpecError: it is no rational number.
    """
    value = constant(text)
    if not value.is_Rational:
        raise text.error("a rational number is expected here")
    return value
