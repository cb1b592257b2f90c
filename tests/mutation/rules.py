"""Faults planted in the derivative of an atom, against two kinds of check: see `plant`.

- the tests of `tests/atoms` that concern the atom: its derivatives by mpmath, and by SymPy of the textbook form;
- the oracle: gradients and Hessian-vector products of the catalogue against SymPy's own of the unrolled formulas.

A rule may be planted once per process, before anything was derived: SymPy keeps derivatives as long as a process lives.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
import sympy

from symloss.atoms import RECORDS, AtomRecord, constructor_of
from symloss.build.verification import Report, compare_with_oracle
from symloss.calculus import derive
from symloss.language import SpecLibrary, read_spec
from tests.atoms import precision  # noqa: F401  (what the tests import, once for all forked processes)

ROOT = Path(__file__).parents[2]
TESTS = ("test_derivatives.py", "test_records.py")
OPTIONS = ("-x", "-n0", "--tb=no", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
FAULTS = {
    "none": lambda slope: slope,  # the checks must pass: nothing is planted
    "negate": lambda slope: -slope,
    "double": lambda slope: 2 * slope,
    "drop": lambda slope: 0 * slope,
}


def planted_in_rule(name: str, place: str, fault: str, *checks: str) -> dict[str, object]:
    """A fault in the partial derivative of an atom with respect to the argument at `place`.

    Args:
        name: the record's name.
        place: the number of the argument, from 0.
        fault: a key of `FAULTS`.
        checks: those to try, in this order, until one catches the fault: "atoms", "oracle".
    """
    record, label = RECORDS[name], f"{fault} derivative {place} of {name}"
    rule = record.derivative[int(place)]

    def wrong(*arguments):
        return FAULTS[fault](sympy.sympify(rule(*arguments)))

    if fault != "none" and _same_slope(rule, wrong, record.arity):
        return {"planted": 0, "survivors": [], "equivalent": [label]}
    derivative = (*record.derivative[: int(place)], wrong, *record.derivative[int(place) + 1 :])
    object.__setattr__(record, "derivative", derivative)
    by = next((check for check in checks if CHECKS[check](record)), None)
    return {"planted": 1, "survivors": [] if by else [label], "by": by}


def _same_slope(rule, wrong, arity: int) -> bool:
    """Whether two rules give the same expression of unknown arguments, or are defined for none."""
    symbols = sympy.symbols("a b c", real=True)[:arity]
    try:
        return sympy.expand(rule(*symbols) - wrong(*symbols)) == 0
    except ValueError:
        return True


class _Concerned:
    """A pytest plugin: of the parametrised tests those of one record, given by itself, its name or its class.

    Tests with a dtype are about rounding in compiled code, and here nothing is compiled.
    """

    def __init__(self, record: AtomRecord) -> None:
        self.given = (record, record.name, constructor_of(record))

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if self.concerned(item.callspec.params if hasattr(item, "callspec") else {})]

    def concerned(self, parameters) -> bool:
        values = [parameters[key] for key in ("record", "name", "item") if key in parameters]
        return "dtype" not in parameters and all(value in self.given for value in values)


def caught_by_atoms(record: AtomRecord) -> bool:
    """Whether a test of the atom fails now."""
    files = [str(ROOT / "tests" / "atoms" / name) for name in TESTS]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        code = pytest.main([*files, *OPTIONS], plugins=[_Concerned(record)])
    assert code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), code
    return code == pytest.ExitCode.TESTS_FAILED


def caught_by_oracle(record: AtomRecord) -> bool:
    """Whether the derivatives of a loss that uses the atom disagree with SymPy's own."""
    library, atom = SpecLibrary([ROOT / "specs"]), constructor_of(record)
    for path in sorted((ROOT / "specs").glob("*/*.yaml")):
        spec = read_spec(path, library)
        derivation = derive(spec.program, spec.differentiate)
        if not (isinstance(atom, type) and any(s.body.has(atom) for s in derivation.product.statements)):
            continue
        report = Report()
        try:
            compare_with_oracle(derivation, 2, report)
        except ArithmeticError as error:
            report.fail(str(error))
        if not report.passed:
            return True
    return False


CHECKS = {"atoms": caught_by_atoms, "oracle": caught_by_oracle}
