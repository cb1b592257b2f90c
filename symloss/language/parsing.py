"""A specification's text → a checked `Spec`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import sympy

from symloss.errors import SpecError
from symloss.language.annexes import read_accuracy, read_differentiate, read_elsewhere, read_references
from symloss.language.checking import Checker
from symloss.language.claim_reading import parse_claims
from symloss.language.claims import Claim, names_of
from symloss.language.declarations import check_name, read_axes, read_inputs, read_parameters
from symloss.language.document import Entries, Node, Scalar, parse_document, plain_data
from symloss.language.domains import constant
from symloss.language.elaboration import Elaboration
from symloss.language.expressions import parse_definition, parse_expression
from symloss.language.inlining import needed_statements
from symloss.language.library import SpecLibrary
from symloss.language.nodes import Expression
from symloss.language.reading import entries, items, known_keys, known_name, prose, required, text_of, unknown
from symloss.language.scope import Scope, Symbol
from symloss.language.slopes import with_declared_slope
from symloss.language.source import Source, Text
from symloss.language.spec import Spec, frozen_mapping
from symloss.program import INPUT_ROLES, AxisSymbol, Program, Read, Tensor, exact_arithmetic, reads_of

KEYS = (
    "symloss",
    "name",
    "title",
    "doc",
    "axes",
    "inputs",
    "parameters",
    "constraints",
    "define",
    "slopes",
    "value",
    "terms",
    "weight",
    "differentiate",
    "claims",
    "accuracy",
    "references",
    "elsewhere",
)
VERSIONS = ("1",)


def parse(text: str, file: str, library: SpecLibrary, path: Path | None = None, claims: bool = True) -> Spec:
    """Parse and check one specification.

    Args:
        text: the YAML text.
        file: how messages name it.
        library: where other losses are found.
        path: the file, where there is one.
        claims: whether to read the claims.

    Raises:
        SpecError: at the first fault.
    """
    try:
        source, root = parse_document(text, file)
        with exact_arithmetic():
            return _Parser(source, root, library, path).spec(claims)
    except RecursionError:
        raise SpecError("the specification is nested too deeply", file) from None


class _Parser:
    """Walks through the keys of one file."""

    def __init__(self, source: Source, root: Entries, library: SpecLibrary, path: Path | None) -> None:
        self.source, self.root, self.library, self.path = source, root, library, path
        self.taken: dict[str, str] = {}
        self.uses: dict[str, str] = {}
        self.formula: list[str] = []
        self.scope = Scope({}, {}, self._other, library.names)
        self.elaboration = Elaboration(self.scope)

    def _other(self, name: str) -> Spec:
        spec = self.library.load(name, claims=False)
        if spec.name != name:
            raise LookupError(name)
        self.uses[name] = spec.hash
        return spec

    def spec(self, with_claims: bool) -> Spec:
        """The checked specification."""
        self._version()
        known_keys(self.root, self.source, KEYS, "a specification")
        name = self._own_name()
        title = prose(required(self.root, self.source, "title", "a specification"), self.source, "title")
        scope = self.scope
        scope.axes.update(read_axes(self._required("axes"), self.source, self.taken))
        inputs = read_inputs(self._required("inputs"), self.source, scope.axes, self.taken, scope)
        node = self.root.get("parameters")
        parameters = read_parameters(node, self.source, scope.axes, self.taken) if node is not None else []
        tensors = {tensor.name: tensor for tensor in (*inputs, *parameters)}
        for tensor in tensors.values():
            scope.symbols[tensor.name] = Symbol.of_domain(
                tensor.name, tensor.axes, tensor.domain, tensor.role, tensor.default
            )
        declared = tuple(scope.axes.values())
        values = self._values()
        constraints, constraint_texts = self._constraints()
        self._define(values)
        terms = self._terms(values)
        self._slopes(values)
        weight = self._weight(terms, inputs)
        program = self._program(name, tensors, terms, constraints, weight)
        claims = self._claims(program, with_claims, values)
        self._check_all_used(program, claims if with_claims else None, declared)
        doc = self.root.get("doc")
        return Spec(
            name=name,
            title=title,
            family=self.path.resolve().parent.name if self.path is not None else "",
            axes=declared,
            inputs=tuple(inputs),
            parameters=tuple(parameters),
            terms=frozen_mapping(dict(program.outputs)),
            references=read_references(self.root.get("references"), self.source),
            claims=claims,
            differentiate=read_differentiate(self.root.get("differentiate"), self.source, tensors),
            doc=prose(doc, self.source, "doc") if doc is not None else "",
            program=program,
            formula="\n".join(self.formula),
            hash=self._hash(),
            source=self.source.text,
            path=self.path,
            uses=tuple(sorted(self._program_uses)),
            accuracy=read_accuracy(self.root.get("accuracy"), self.source),
            constraints=constraint_texts,
            elsewhere=read_elsewhere(self.root.get("elsewhere"), self.source),
        )

    # --- head -------------------------------------------------------------------------------------------------------

    def _required(self, key: str) -> Node:
        return required(self.root, self.source, key, "a specification")

    def _version(self) -> None:
        first = self.root.keys[0] if self.root.keys else None
        if first is None or first.value != "symloss":
            raise self.source.error("the first key of a specification is `symloss: 1`", first.offset if first else 0)
        node = self.root.values[0]
        version = text_of(node, self.source, "the version").value.strip()
        if version not in VERSIONS:
            raise self.source.error(
                f"version {version[:20]!r} of the language is not known; this symloss reads {', '.join(VERSIONS)}",
                node.offset,
            )

    def _own_name(self) -> str:
        text = text_of(self._required("name"), self.source, "name").stripped()
        check_name(text, {})
        self.scope.later.discard(text.value)
        return text.value

    # --- formula ----------------------------------------------------------------------------------------------------

    def _values(self) -> dict[str, Text]:
        """The expression of each term."""
        value, terms = self.root.get("value"), self.root.get("terms")
        if (value is None) == (terms is None):
            raise self.source.error("a specification has either `value` or `terms`", (terms or self.root).offset)
        if value is not None:
            found = {"value": text_of(value, self.source, "value")}
        else:
            found = {}
            for key, node in entries(terms or self.root, self.source, "terms"):
                found[check_name(key.text, self.taken)] = text_of(node, self.source, f"term {key.value}")
                self.taken[key.value] = "a term"
            if not found:
                raise self.source.error("terms names no term", (terms or self.root).offset)
        return found

    def _checked(self, text: Text, inside: frozenset[str], condition: bool = False) -> tuple[Checker, Expression]:
        node = parse_expression(text)
        checker = Checker(text, self.scope)
        (checker.condition if condition else checker.real)(node, inside)
        return checker, node

    def _constraints(self) -> tuple[list[Any], tuple[str, ...]]:
        """Conditions on inputs, parameters and sizes."""
        node = self.root.get("constraints")
        found, texts = [], []
        for item in items(node, self.source, "constraints") if node is not None else ():
            text = text_of(item, self.source, "a constraint")
            checker, expression = self._checked(text, self.scope.batch, condition=True)
            for axis, place in checker.types[expression].axes.items():
                if axis not in self.scope.batch and self.scope.root(axis) in self.scope.batch:
                    raise checker.fail(f"a constraint holds per sample; axis {axis} is a second one", place)
            built = self.elaboration.condition(checker, expression)
            if built == 1:
                raise text.error("this constraint always holds")
            if built == 0:
                raise text.error("this constraint never holds")
            found.append(built)
            texts.append(" ".join(text.value.split()))
        return found, tuple(texts)

    def _define(self, values: dict[str, Text]) -> None:
        node = self.root.get("define")
        steps = []
        for item in items(node, self.source, "define") if node is not None else ():
            if isinstance(item, Entries):
                raise self.source.error(
                    'a step is a text in quotes, "name[n] = expression"; here stands a mapping', item.offset
                )
            steps.append(parse_definition(text_of(item, self.source, "a step")))
        for step, _, _ in steps:
            check_name(step, self.taken)
            self.taken[step.value] = "a step"
        self.elaboration.taken.update(values, self.taken)
        self.scope.later = {step.value for step, _, _ in steps}
        for step, axes, right in steps:
            self._step(step, axes, right)

    def _step(self, name: Text, axes: tuple[Text, ...], right: Text) -> None:
        out: list[str] = []
        for label in axes:
            if label.value not in self.scope.axes:
                raise unknown(label, self.scope.axes, "axis")
            if label.value in out:
                raise label.error(f"axis {label.value} stands twice; declare a second index, j: like {label.value}")
            out.append(label.value)
        self.scope.current = name.value
        checker, node = self._checked(right, frozenset(out))
        self.scope.current = ""
        for axis, place in checker.types[node].axes.items():
            if axis not in out:
                raise checker.fail(
                    f"axis {axis} is free on the right and not among the axes of {name.value};"
                    f" reduce over it or write {name.value}[{', '.join((*out, axis))}]",
                    place,
                )
        self.elaboration.assign(name.value, tuple(out), checker, node)
        self.scope.later.discard(name.value)
        self.scope.symbols[name.value] = Symbol(name.value, tuple(out))
        left = f"{name.value}[{', '.join(out)}]" if out else name.value
        self.formula.append(f"{left} = {' '.join(right.value.split())}")

    def _terms(self, values: dict[str, Text]) -> dict[str, tuple[str, ...]]:
        """Emit the statement of each term; the batch axis of each."""
        found = {}
        scope = self.scope
        for term, text in values.items():
            checker, node = self._checked(text, scope.batch)
            axes = checker.types[node].axes
            for axis, place in axes.items():
                if scope.axes[axis].kind != "batch":
                    raise checker.fail(
                        f"axis {axis} is free in the {term}; there is one value per sample, so reduce over it,"
                        f" for example sum[{axis}](…)",
                        place,
                    )
                if axis not in scope.batch:
                    raise checker.fail(f"axis {axis} is a second index over the batch; reduce over it", place)
            if len(axes) > 1:
                second = list(axes)[1]
                raise checker.fail(
                    f"the {term} runs over two batch axes, {' and '.join(axes)}; each term has one", axes[second]
                )
            self.elaboration.assign(term, tuple(axes), checker, node)
            found[term] = tuple(axes)
            self.formula.append(f"{term} = {' '.join(text.value.split())}")
        return found

    def _slopes(self, values: dict[str, Text]) -> None:
        """Declared slopes: around the step, or the term, that has the kink."""
        node = self.root.get("slopes")
        if node is None:
            return
        statements = self.elaboration.statements
        named = {statement.target for statement in statements} & {*values, *self._step_names()}
        for key, given in entries(node, self.source, "slopes"):
            target = known_name(key.text, named, "step or term")
            text = text_of(given, self.source, "a slope")
            slope = constant(text)
            if slope != 0:
                raise text.error(
                    "the slope that can be declared at a kink is 0; other choices are written with where(…)"
                )
            position = next(i for i, statement in enumerate(statements) if statement.target == target)
            declared = with_declared_slope(statements[position], slope)
            if declared is None:
                raise key.text.error(f"{target} has no kink: no max, min, abs, clamp or where at its outside")
            statements[position] = declared

    def _step_names(self) -> list[str]:
        return [name for name, what in self.taken.items() if what == "a step"]

    def _weight(self, terms: dict[str, tuple[str, ...]], inputs: list[Tensor]) -> dict[str, Any]:
        """The intrinsic weight of a sample: stated, or class weights that nothing else reads."""
        node = self.root.get("weight")
        if node is None:
            return self._implicit_weight(terms, inputs)
        if isinstance(node, Entries):
            texts = {
                known_name(key.text, terms, "term"): text_of(value, self.source, "a weight") for key, value in node
            }
        else:
            texts = dict.fromkeys(terms, text_of(node, self.source, "weight"))
        found = {}
        for term, text in texts.items():
            checker, expression = self._checked(text, frozenset(terms[term]))
            for axis, place in checker.types[expression].axes.items():
                if axis not in terms[term]:
                    raise checker.fail(f"a weight is one number per sample; axis {axis} is free in it", place)
            if not terms[term]:
                raise text.error("this loss is one number for the whole batch; it has no weights")
            found[term] = self.elaboration.expression(checker, expression)
        return found

    def _implicit_weight(self, terms: dict[str, tuple[str, ...]], inputs: list[Tensor]) -> dict[str, Any]:
        read = {leaf.tensor for statement in self.elaboration.statements for leaf in statement.reads}
        found: dict[str, Any] = {}
        for tensor in inputs:
            if tensor.role != "coefficient" or tensor.name in read or len(tensor.axes) != 1 or tensor.domain.integer:
                continue
            labels = [
                other
                for other in inputs
                if other.role == "target" and other.domain.kind == "index" and other.domain.axis == tensor.axes[0]
            ]
            if len(labels) != 1 or len(terms) != 1:
                continue
            (term, batch), label = next(iter(terms.items())), labels[0]
            if label.axes != batch:
                continue
            index = Read(label.name, tuple(AxisSymbol(axis) for axis in batch), True)
            found[term] = sympy.Mul(found.get(term, sympy.S.One), Read(tensor.name, (index,)))
        return found

    def _program(
        self,
        name: str,
        tensors: dict[str, Tensor],
        terms: dict[str, tuple[str, ...]],
        constraints: list[Any],
        weight: dict[str, Any],
    ) -> Program:
        self._program_uses = dict(self.uses)
        statements = self.elaboration.statements
        also = [leaf.tensor for built in (*constraints, *weight.values()) for leaf in reads_of(built)]
        wanted = needed_statements(statements, (*terms, *also))
        kept = tuple(statement for statement in statements if statement.target in wanted)
        self._unused_steps = [s.target for s in statements if s.target not in wanted]
        running = {axis for statement in kept for axis in (*statement.out, *statement.over)}
        axes = {name: axis for name, axis in self.scope.axes.items() if name in running or not name.startswith("_")}
        return Program(
            name,
            MappingProxyType(axes),
            MappingProxyType(tensors),
            kept,
            MappingProxyType({term: term for term in terms}),
            tuple(constraints),
            MappingProxyType(weight),
        )

    # --- what is left -----------------------------------------------------------------------------------------------

    def _claims(self, program: Program, wanted: bool, values: dict[str, Text]) -> tuple[Claim, ...]:
        node = self.root.get("claims")
        if not wanted or node is None:
            return ()
        scope = self.scope
        symbols = dict(scope.symbols)
        for term in values:
            symbols[term] = Symbol(term, program.statement(term).out, role="value")
        declared = {axis: one for axis, one in scope.axes.items() if not axis.startswith("_")}
        claim_scope = Scope(declared, symbols, self._other_in_claims, self.library.names, claims=True)
        return parse_claims(node, self.source, claim_scope, program.tensors)

    def _other_in_claims(self, name: str) -> Spec:
        own = self.root.get("name")
        if isinstance(own, Scalar) and own.value.strip() == name:
            return self._myself(name)
        spec = self.library.load(name, claims=False)
        if spec.name != name:
            raise LookupError(name)
        return spec

    def _myself(self, name: str) -> Spec:
        """This very specification, without its claims, for claims that call it with other arguments."""
        return _Parser(self.source, self.root, self.library, self.path).spec(False)

    def _check_all_used(self, program: Program, claims: tuple[Claim, ...] | None, declared: tuple[Any, ...]) -> None:
        """Refuse inputs, parameters, axes and steps that nothing reads."""
        read = {leaf.tensor for statement in program.statements for leaf in statement.reads}
        for built in (*program.constraints, *program.sample_weight.values()):
            read.update(leaf.tensor for leaf in reads_of(built))
        for section in ("inputs", "parameters"):
            node = self.root.get(section)
            for key, _ in node if isinstance(node, Entries) else ():
                if key.value not in read:
                    what = "input" if section == "inputs" else "parameter"
                    raise key.text.error(f"the {what} {key.value} is declared and never used")
        if claims is None:
            return
        claimed = {name for claim in claims for name in names_of(claim)}
        node = self.root.get("define")
        for item in items(node, self.source, "define") if node is not None else ():
            step = parse_definition(text_of(item, self.source, "a step"))[0]
            if step.value in self._unused_steps and step.value not in claimed:
                raise step.error(f"the step {step.value} is defined and never used")
        used = {axis for tensor in program.tensors.values() for axis in tensor.axes}
        used |= {axis for statement in program.statements for axis in (*statement.out, *statement.over)}
        used |= {tensor.domain.axis or "" for tensor in program.tensors.values()}
        computing = {program.root(axis) for axis in used if axis}
        used |= claimed
        axes = self._required("axes")
        for key, _ in axes if isinstance(axes, Entries) else ():
            if key.value not in used:
                raise key.text.error(f"the axis {key.value} is declared and never used")
        self._check_lengths_told(program, axes, computing)

    def _check_lengths_told(self, program: Program, axes: Node, roots: set[str]) -> None:
        """Refuse axes of no fixed size that no required input has: a call could not tell their length."""
        given = {
            tensor.name for tensor in program.tensors.values() if tensor.role in INPUT_ROLES and tensor.default is None
        }
        told = {program.root(axis) for name in given for axis in program.tensors[name].axes}
        for key, _ in axes if isinstance(axes, Entries) else ():
            root = program.root(key.value)
            if root in roots - told and program.axes[root].size is None:
                optional = [t.name for t in program.tensors.values() if root in map(program.root, t.axes)]
                why = f"only {optional[0]} has it, which may be left out" if optional else "no input has it"
                raise key.text.error(f"the length of the axis {key.value} is not told: {why}, and it has no size")

    def _hash(self) -> str:
        own = json.dumps(plain_data(self.root), ensure_ascii=False)
        text = "\n".join([own, *(f"{name} {self._program_uses[name]}" for name in sorted(self._program_uses))])
        return hashlib.sha256(text.encode()).hexdigest()
