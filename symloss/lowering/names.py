"""Names that clash neither with each other nor with what a generated file defines."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping
from dataclasses import replace

import sympy

from symloss.program import AxisSymbol, Program, Read, SizeSymbol

#: What kernels and drivers call their own variables.
_OWN = """
np numba math f32 META DRIVERS first last samples chunk chunks weight weights weight_step mask masks mask_step
denominator losses_out keep_losses validate failed seed start rows row live c wrong block lane count run inputs
parameters outputs values total_weight reduction normalizer directions violation total driver number entries entry
outside here line own_weight spaces quarters matrix_product NEAR SHORT totals end
"""
_RESERVED = (
    frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins)) | frozenset(_OWN.split())
)
_OWN_SHAPE = re.compile(
    r"_.*|size_.*|at_.*|(wrong|outside|entries|rows|columns)_.*|.*_(chunk|rows?|partial|step|denominator|value|block|entry)"
    r"|.*_(out|unit|bits|order|here|columns|wide|lanes|narrow)"
    r"|(value|value_and_grad|grad_hess_diag|hvp|total_weight)(_.*)?_f(32|64)"
)


class Names:
    """Hands out each name once."""

    def __init__(self, taken: frozenset[str] | set[str] = frozenset()) -> None:
        self._taken = set(taken) | _RESERVED

    def reserve(self, name: str) -> None:
        """Keep a name from being handed out."""
        self._taken.add(name)

    def fresh(self, wish: str) -> str:
        """The wished name, or the wished name with the first free number."""
        base = re.sub(r"\W+", "_", wish).strip("_") or "t"
        base = base if not base[0].isdigit() else f"t{base}"
        name, number = ("t1" if base == "t" else base), 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}" if base[-1].isdigit() else f"{base}{number}"
        self._taken.add(name)
        return name


def with_safe_names(program: Program) -> tuple[Program, Mapping[str, str]]:
    """The program with every name that a generated file uses for itself replaced, and what became of each name."""
    names = [*program.tensors, *program.axes, *(statement.target for statement in program.statements)]
    taken = {name for name in names if not _clashes(name)}
    mapping: dict[str, str] = {}
    for name in names:
        if _clashes(name) and name not in mapping:
            safe = name.strip("_") + "_"
            while safe in taken or safe in mapping.values():
                safe += "_"
            mapping[name] = safe
    return (_renamed(program, mapping) if mapping else program), mapping


def _clashes(name: str) -> bool:
    return name in _RESERVED or _OWN_SHAPE.fullmatch(name) is not None


def _renamed(program: Program, mapping: Mapping[str, str]) -> Program:
    def new(name: str) -> str:
        return mapping.get(name, name)

    def within(expression: sympy.Expr) -> sympy.Expr:
        replaced: dict[sympy.Symbol, sympy.Expr] = {}
        for leaf in expression.atoms(sympy.Symbol):
            if isinstance(leaf, Read):
                replaced[leaf] = Read(new(leaf.tensor), tuple(map(within, leaf.index)), leaf.integer)
            elif isinstance(leaf, AxisSymbol):
                replaced[leaf] = AxisSymbol(new(leaf.axis))
            elif isinstance(leaf, SizeSymbol):
                replaced[leaf] = SizeSymbol(new(leaf.axis))
        return expression.xreplace(replaced)

    def axes(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(new, names))

    return program.replacing(
        axes={
            new(name): replace(axis, name=new(name), like=axis.like and new(axis.like))
            for name, axis in program.axes.items()
        },
        tensors={
            new(name): replace(
                tensor,
                name=new(name),
                axes=axes(tensor.axes),
                domain=replace(tensor.domain, axis=tensor.domain.axis and new(tensor.domain.axis)),
            )
            for name, tensor in program.tensors.items()
        },
        statements=tuple(
            replace(
                s, target=new(s.target), out=axes(s.out), over=axes(s.over), body=within(s.body), guard=within(s.guard)
            )
            for s in program.statements
        ),
        outputs={key: new(target) for key, target in program.outputs.items()},
        constraints=tuple(map(within, program.constraints)),
        sample_weight={term: within(weight) for term, weight in program.sample_weight.items()},
    )
