"""The scalar functions of the compiler: one record each, with all that printers, proofs and tests need to know.

A new atom is one class with its record, in the file of its theme; listing the class here exports it, and
`symloss.atoms.elementary` holds the text that computes it.
"""

from symloss.atoms.atom import Atom, evidently_finite
from symloss.atoms.builtin import COS, EXP, LOG, POW, SIN, SQRT
from symloss.atoms.kinks import (
    Absolute,
    Clamp,
    HalfStep,
    Inside,
    Maximum,
    Minimum,
    Ramp,
    Relu,
    Sign,
    SlopeAt,
    Step,
    StopGradient,
)
from symloss.atoms.logarithmic import Expm1, ExpTail, Log1p, Log2, LogRatio, LogTail, XLog1pY, XLogY
from symloss.atoms.logic import And, Equal, Less, LessEqual, Not, NotEqual, Or, Where
from symloss.atoms.logistic import LogCosh, Sigmoid, Softplus, Tanh
from symloss.atoms.ratio import XOverY, ZeroTimes
from symloss.atoms.record import ATOMS, RECORDS, AtomRecord, constructor_of, record_of
from symloss.atoms.special import Acos, Asin, Atan, Digamma, Erf, LogGamma, Polygamma2, Trigamma

__all__ = [
    "ATOMS",
    "COS",
    "EXP",
    "LOG",
    "POW",
    "RECORDS",
    "SIN",
    "SQRT",
    "Absolute",
    "Acos",
    "And",
    "Asin",
    "Atan",
    "Atom",
    "AtomRecord",
    "Clamp",
    "Digamma",
    "Equal",
    "Erf",
    "ExpTail",
    "Expm1",
    "HalfStep",
    "Inside",
    "Less",
    "LessEqual",
    "Log1p",
    "Log2",
    "LogCosh",
    "LogGamma",
    "LogRatio",
    "LogTail",
    "Maximum",
    "Minimum",
    "Not",
    "NotEqual",
    "Or",
    "Polygamma2",
    "Ramp",
    "Relu",
    "Sigmoid",
    "Sign",
    "SlopeAt",
    "Softplus",
    "Step",
    "StopGradient",
    "Tanh",
    "Trigamma",
    "Where",
    "XLog1pY",
    "XLogY",
    "XOverY",
    "ZeroTimes",
    "constructor_of",
    "evidently_finite",
    "record_of",
]
