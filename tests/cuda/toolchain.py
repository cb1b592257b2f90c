"""What the toolkit's own assembler says about a kernel, without a driver."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import pytest

nvjitlink = pytest.importorskip("cuda.bindings.nvjitlink")

#: Architectures that kernels must run on.
ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")


def some_architectures(ptx: str, always: tuple[str, ...] = ("sm_90",)) -> tuple[str, ...]:
    """The given architectures, and for one text in three, or where none is given, one of the others: the text decides.

    To assemble takes as long as all else that is asked of a kernel. What one kernel does not meet hundreds of others
    do; all kernels meet all architectures in the exhaustive suite.
    """
    digest = hashlib.sha256(ptx.encode()).digest()
    others = [one for one in ARCHITECTURES if one not in always]
    return always if always and digest[1] % 3 else (*always, others[digest[0] % len(others)])


@dataclass(frozen=True)
class Resources:
    """What one kernel takes on one architecture."""

    registers: int
    stack: int
    spilled: int
    local: int
    shared: int


_assembled: dict[tuple[bytes, str], Resources] = {}


def assembled(ptx: str, architecture: str) -> Resources:
    """Assemble a kernel; unresolved externals or invalid PTX are errors of the toolkit."""
    key = hashlib.sha256(ptx.encode()).digest(), architecture
    if key not in _assembled:
        _assembled[key] = _assemble(ptx, architecture)
    return _assembled[key]


def _assemble(ptx: str, architecture: str) -> Resources:
    handle = nvjitlink.create(2, [f"-arch={architecture}", "-verbose"])
    try:
        data = ptx.encode()
        nvjitlink.add_data(handle, nvjitlink.InputType.PTX, data, len(data), "kernel")
        nvjitlink.complete(handle)
        log = bytearray(nvjitlink.get_info_log_size(handle))
        nvjitlink.get_info_log(handle, log)
    finally:
        nvjitlink.destroy(handle)
    return read(log.decode())


def read(log: str) -> Resources:
    """The figures in a log of the assembler."""

    def figure(pattern: str) -> int:
        found = re.search(pattern, log)
        assert found, log
        return int(found[1])

    spilled = figure(r"(\d+) bytes spill stores") + figure(r"(\d+) bytes spill loads")
    return Resources(
        registers=figure(r"[Uu]sed (\d+) registers"),
        stack=figure(r"(\d+) bytes stack frame"),
        spilled=spilled,
        local=figure(r"(\d+) bytes lmem"),
        shared=figure(r"(\d+) bytes smem") if "smem" in log else 0,
    )
