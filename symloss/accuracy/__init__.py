"""What accuracy to expect of each entry point of a loss, why, and how to measure it. Not used at run time."""

from symloss.accuracy.bounds import ErrorBound
from symloss.accuracy.measurement import Measurement, measure, measure_specials
from symloss.accuracy.points import Instance, Sampler
from symloss.accuracy.record import accuracy_record, output_grades
from symloss.accuracy.reference import Reference

__all__ = [
    "ErrorBound",
    "Instance",
    "Measurement",
    "Reference",
    "Sampler",
    "accuracy_record",
    "measure",
    "measure_specials",
    "output_grades",
]
