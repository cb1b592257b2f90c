"""That what stands in the place of an input lies in the input's domain, as conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symloss import atoms
from symloss.program import Axis, AxisSymbol, Read, Tensor
from symloss.proof.problems import domain_conditions
from symloss.proof.terms import Term, along, disjunction


def inside(
    tensor: Tensor, at: Callable[[tuple[Term, ...]], Term], axes: Mapping[str, Axis], root: Callable[[str], str]
) -> list[Term]:
    """Conditions that hold, for each sample, where the values that replace a tensor are values of it.

    Args:
        tensor: the input or parameter that is replaced.
        at: the term in its place at an index.
        axes: the axes by name.
        root: for each axis the one that it is like.
    """
    domain = tensor.domain
    image = at(tuple(AxisSymbol(axis) for axis in tensor.axes))
    if isinstance(image, Read) and image.integer:
        return []
    if domain.kind == "set":
        element = [disjunction(*(atoms.Equal(image, value) for value in domain.values))]
    elif domain.kind == "simplex":
        element = [atoms.LessEqual(0, image)]
    elif domain.kind == "interval":
        place = Read(tensor.name)
        element = [condition.xreplace({place: image}) for condition in domain_conditions({place: domain})]
    else:
        return []
    found = [_of_all(condition, tensor, axes, root) for condition in element if condition != 1]
    if domain.kind == "simplex":
        assert domain.axis is not None  # a simplex has an axis
        own = next(axis for axis in tensor.axes if root(axis) == root(domain.axis))
        whole = atoms.Equal(along("sum", AxisSymbol(own), image, root=root(own)), 1)
        found.append(_of_all(whole, tensor, axes, root, own))
    return found


def _of_all(
    condition: Term, tensor: Tensor, axes: Mapping[str, Axis], root: Callable[[str], str], without: str = ""
) -> Term:
    for axis in reversed(tensor.axes):
        if axis != without and axes[axis].kind != "batch":
            condition = along("all", AxisSymbol(axis), condition, root=root(axis))
    return condition
