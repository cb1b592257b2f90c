"""For test suites: an implementation of a loss must agree with its specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def assert_matches_spec(
    function: str | Callable[..., Any],
    loss: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    keywords: Mapping[str, Any] | None = None,
    construct: Mapping[str, Any] | None = None,
    arguments: Sequence[str] | None = None,
    returns: str | None = None,
    framework: str | None = None,
    factor: float | str | None = 1,
    regions: Sequence[str] | None = None,
    dtypes: Sequence[str] = ("float64", "float32"),
    max_ulps: float = 100.0,
    absolute: float = 0.0,
    timeout: float = 120.0,
    seed: int = 0,
) -> None:
    """Fail unless an implementation computes a loss, its gradient and its Hessian, as `symloss audit` finds.

    Args:
        function: ``"package.module:function"``, or a function or class that a module holds by its own name.
        loss: the name of a shipped loss, or the path of a specification.
        parameters: of the loss; the others have their defaults.
        keywords: keyword arguments for the function.
        construct: keyword arguments for a class.
        arguments: the inputs of the loss in the order in which the function takes them; found out if left out.
        returns: "value", "gradient", "value,gradient" or "gradient,hessian"; found out if left out.
        framework: "numpy", "torch" or "jax"; found out if left out.
        factor: the constant factor that is expected; None lets any positive one pass.
        regions: the regions that count (see `symloss audit --help`); all by default.
        dtypes: the dtypes that count.
        max_ulps: the bound on errors beyond what rounding each input once explains.
        absolute: absolute errors up to this are let pass.
        timeout: seconds for the function.
        seed: another seed draws other points.

    Raises:
        AssertionError: it does not agree; the message holds the table and the worst points.
        SymlossError: it cannot be run (it raises, hangs, returns something of the wrong shape, changes its input).
    """
    from symloss.audit.auditing import Options, audit
    from symloss.audit.regions import REGIONS
    from symloss.audit.text import plain_text
    from symloss.cli.arguments import read

    given = {
        "order": list(arguments) if arguments else None,
        "returns": returns,
        "framework": framework,
        "factor": None if factor is None else str(factor),
    }
    options = Options(
        parameters=exact_numbers(parameters or {}),
        construct=construct or {},
        keywords=keywords or {},
        given=given,
        dtypes=tuple(dtypes),
        regions=tuple(regions or REGIONS),
        timeout=timeout,
        max_ulps=max_ulps,
        absolute=absolute,
        seed=seed,
    )
    report = audit(read(loss), name_of(function), options)
    if not report.good:
        raise AssertionError(plain_text(report))


def name_of(function: str | Callable[..., Any]) -> str:
    """``package.module:name`` of a function or class.

    Raises:
        ValueError: it cannot be found again by its name: a lambda, a partial, something defined inside a function.
    """
    if isinstance(function, str):
        return function
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not module or not name or "<" in name or module == "__main__":
        raise ValueError(
            "the function runs in a process of its own and must be found there by its name: define it at the top level"
            ' of a module, or give "package.module:name"'
        )
    return f"{module}:{name}"


def exact_numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as exact rationals, decimals as they are written."""
    import sympy

    return {name: sympy.Rational(str(value)) for name, value in values.items()}
