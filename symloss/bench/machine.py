"""The machine in general words: no name of a host, no path."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "numpy",
    "numba",
    "llvmlite",
    "sympy",
    "torch",
    "jax",
    "jaxlib",
    "scikit-learn",
    "xgboost",
    "lightgbm",
)


#: A load average up to which a machine passes for idle.
_IDLE = 0.5


def machine() -> dict[str, Any]:
    """Processor, cores, system, versions and how busy it was."""
    found: dict[str, Any] = {
        "cpu": _processor(),
        "cores": len(processors()),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    if hasattr(os, "getloadavg"):
        found["load_before"] = round(os.getloadavg()[0], 1)
    return found


def disturbed(described: Mapping[str, Any]) -> str:
    """A sentence where something else ran on the machine, or nothing.

    Libraries whose threads wait for each other (OpenMP) lose far more by it than ours, so that ratios flatter us.
    """
    load = described.get("load_before", 0.0)
    if load <= _IDLE:
        return ""
    return (
        f"The load was {load:g} before it began: the machine was not idle. Libraries whose threads wait for each other "
        "lose more by it than we do, so the ratios are too large, most of all at small sizes."
    )


def processors() -> list[int]:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _processor() -> str:
    """What the kernel calls the processor, with family and model where that name is vague."""
    fields: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    if "model name" not in fields:
        return platform.processor() or platform.machine()
    numbers = [f"{key} {fields[key]}" for key in ("cpu family", "model") if key in fields]
    return f"{fields['model name']} ({', '.join(numbers)})" if numbers else fields["model name"]
