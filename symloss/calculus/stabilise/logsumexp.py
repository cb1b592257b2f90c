"""Sums of exponentials and their logarithms over a statement's axes."""

from __future__ import annotations

from itertools import product as combinations
from typing import Any

import sympy
from sympy import S, exp, log

from symloss.atoms import And, NotEqual, Softplus
from symloss.calculus.stabilise.logistic import difference
from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import factors_of, plus, product, scaled, terms_of, without
from symloss.program import AxisSymbol, Read, SizeSymbol, Statement, axes_of, reads_of, rename_axes, substitute

#: The lengths at which an index is checked to satisfy a guard.
_LENGTHS = (2, 3, 4, 5, 6)


def exponent_of_sum(read: Any, context: Context) -> Any:
    """The logsumexp T with read = exp(T), for a read of a sum of exponentials; else None."""
    statement = context.statement_of(read, "sum")
    if statement is None:
        return None
    exponent, rest = S.Zero, S.One
    for factor in factors_of(statement.body):
        if isinstance(factor, exp):
            exponent += factor.args[0]
        else:
            rest *= factor
    if exponent == 0 or not context.facts.range(rest).positive:
        return None
    body = exponent if rest == 1 else exponent + log(rest)
    target = Statement("", statement.out, "logsumexp", body, statement.over, statement.guard)
    made = context.add(f"{statement.target}_lse", target)
    return Read(made.tensor, read.index)


@rule(
    log,
    before="log(sum(exp(z)))",
    after="logsumexp(z)",
    reason="the exponentials overflow and underflow",
)
def log_of_sum_of_exponentials(expression: Any, context: Context) -> Any:
    """The logarithm of a product in which sums of exponentials are factors."""
    split, rest = S.Zero, []
    for factor in factors_of(expression.args[0]):
        base, power = (factor.base, factor.exp) if factor.is_Pow else (factor, S.One)
        exponent = exponent_of_sum(base, context)
        if exponent is None:
            rest.append(factor)
        else:
            split += power * exponent
    return None if split == 0 else split + log(product(rest))


@rule(
    sympy.Mul,
    before="exp(z[k])/sum(exp(z))",
    after="exp(z[k] - logsumexp(z))",
    reason="a quotient of exponentials overflows where its value is moderate",
)
def share_of_sum_of_exponentials(expression: Any, context: Context) -> Any:
    """An exponential over a sum of exponentials."""
    if not any(isinstance(factor, exp) for factor in expression.args):
        return None
    for factor in expression.args:
        if factor.is_Pow and factor.exp.is_Number and factor.exp < 0:
            exponent = exponent_of_sum(factor.base, context)
            if exponent is not None:
                rest = product(f for f in expression.args if f is not factor)
                return rest * exp(factor.exp * exponent)
    return None


@rule(
    sympy.Pow,
    log,
    before="exp(a)/(exp(a) + sum(exp(z)))",
    after="sigmoid(a - logsumexp(z))",
    reason="a quotient of exponentials overflows where its value is moderate",
)
def exponential_beside_sum(expression: Any, context: Context) -> Any:
    """A sum of an exponential and a sum of exponentials, under a power or a logarithm."""
    inner = expression.args[0]
    if not inner.is_Add or not any(isinstance(term, exp) or term == 1 for term in inner.args):
        return None
    for term in inner.args:
        exponent = exponent_of_sum(term, context)
        if exponent is not None:
            return expression.xreplace({inner: plus(terms_of(inner - term), exp(exponent))})
    return None


@rule(
    sympy.Add,
    before="logsumexp[k](z[k]) - z[y]",
    after="softplus(logsumexp[k, k != y](z[k]) - z[y])",
    reason="keeps relative accuracy for confident predictions",
)
def logsumexp_minus_member(expression: Any, context: Context) -> Any:
    """c·T and -c·b(y) among the terms, T being the logsumexp of b(k) over k, and y one of its items."""
    terms = terms_of(expression)
    for monomial, number in terms.items():
        for factor in factors_of(monomial):
            if context.statement_of(factor, "logsumexp") is None:
                continue
            rest = {key: value for key, value in terms.items() if key != monomial}
            result = _without_member(factor, number * monomial / factor, rest, context)
            if result is not None:
                return result
    return None


def _without_member(read: Read, factor: Any, rest: Any, context: Context) -> Any:
    statement = context.at(read)
    if len(statement.over) != 1:
        return None
    axis = statement.over[0]
    for index in _candidates(statement.body, axis, rest):
        if not axes_of(index) <= set(statement.out):
            continue
        member = rename_axes(statement.body, {axis: index})
        left = without(rest, scaled(-factor, member))
        if left is None or not _admitted(rename_axes(statement.guard, {axis: index}), context):
            continue
        guard = NotEqual(AxisSymbol(axis), index) if statement.guard == 1 else _also(statement.guard, axis, index)
        others = context.add(
            f"{read.tensor}_others", Statement("", statement.out, "logsumexp", statement.body, (axis,), guard)
        )
        return plus(left, factor * Softplus(difference(others, member)))
    return None


def _also(guard: Any, axis: str, index: Any) -> Any:
    return And(guard, NotEqual(AxisSymbol(axis), index))


def _candidates(body: Any, axis: str, rest: Any) -> list[Any]:
    """The indices at which the body's tensors are read among the terms."""
    symbol = AxisSymbol(axis)
    found: dict[Any, None] = {}
    present = [read for monomial in rest for read in sorted(monomial.atoms(Read), key=str)]
    for pattern in sorted(body.atoms(Read), key=str):
        for place, entry in enumerate(pattern.index):
            if entry == symbol:
                for read in present:
                    if read.tensor == pattern.tensor:
                        found[read.index[place]] = None
    return list(found)


def _admitted(guard: Any, context: Context) -> bool:
    """Whether a guard over indices and lengths holds at every small length that the constraints admit."""
    if guard == 1:
        return True
    reads = [read for read in reads_of(guard) if not read.index or read.integer]
    if any(not read.integer for read in guard.atoms(Read)):
        return False
    roots = {context.program.root(a) if a in context.program.axes else a for a in axes_of(guard)}
    roots |= {context.program.root(size.axis) for size in guard.atoms(SizeSymbol)}
    if len(roots) != 1:
        return False
    axes = sorted(axes_of(guard))
    checked = False
    for length in _LENGTHS:
        sizes = {size: sympy.Integer(length) for size in guard.atoms(SizeSymbol)}
        if not _possible(length, roots, context):
            continue
        for values in combinations(range(length), repeat=len(axes) + len(reads)):
            leaves: dict[Any, Any] = dict(sizes)
            leaves |= {AxisSymbol(a): sympy.Integer(v) for a, v in zip(axes, values, strict=False)}
            leaves |= {r: sympy.Integer(v) for r, v in zip(reads, values[len(axes) :], strict=True)}
            value = substitute(guard, leaves)
            if any(
                isinstance(node, sympy.Rational) and not node.is_Integer for node in sympy.preorder_traversal(value)
            ):
                break
            if value != 1:
                return False
            checked = True
    return checked


def _possible(length: int, roots: set[str], context: Context) -> bool:
    for constraint in context.program.constraints:
        sizes = constraint.atoms(SizeSymbol)
        inside = sizes and {context.program.root(size.axis) for size in sizes} <= roots and not constraint.atoms(Read)
        if inside and substitute(constraint, {size: sympy.Integer(length) for size in sizes}) == 0:
            return False
    return True


RULES = (
    log_of_sum_of_exponentials,
    share_of_sum_of_exponentials,
    exponential_beside_sum,
    logsumexp_minus_member,
)
