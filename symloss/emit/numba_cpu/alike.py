"""Kernels of one text up to names, such as those of two views that are normalised alike: written and compiled once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from symloss.emit.numba_cpu.kernels import KernelPrinter
from symloss.program import INPUT_ROLES

_NAME = re.compile(r"\b[A-Za-z_]\w*\b")


def written_once(printers: Iterable[KernelPrinter]) -> list[str]:
    """The texts of kernels; one that another says with other names is left out, and the other runs in its place."""
    texts: dict[str, str] = {}
    runs: dict[str, list[str]] = {}
    for printer in printers:
        text = "\n".join(printer.lines())
        same = next((name for name, known in texts.items() if alike(known, text)), None)
        if same is None:
            texts[printer.name] = text
        else:
            printer.like = same
        runs.setdefault(printer.name, []).append(_subject(printer))
    return [f"# Runs for each of {', '.join(runs[n])}.\n{text}" if runs[n][1:] else text for n, text in texts.items()]


def _subject(printer: KernelPrinter) -> str:
    """What a kernel reads of the caller's, or what it writes where it reads nothing."""
    arguments, tensors = printer.kernel.arguments, printer.program.tensors
    names = [a.name for a in arguments if a.name in tensors and tensors[a.name].role in INPUT_ROLES]
    return " and ".join(names or [a.name for a in arguments if a.written])


def alike(first: str, second: str) -> bool:
    """Whether two functions differ in their own name and in one-to-one names of arguments and variables alone."""
    if _NAME.sub("", first) != _NAME.sub("", second):
        return False
    own, other = _local(first), _local(second)
    to: dict[str, str] = {}
    back: dict[str, str] = {}
    for a, b in zip(_NAME.findall(first), _NAME.findall(second), strict=True):
        if (a in own) != (b in other) or (a not in own and a != b):
            return False
        if to.setdefault(a, b) != b or back.setdefault(b, a) != a:
            return False
    return True


def _local(text: str) -> set[str]:
    """What a function calls itself, its arguments and its variables."""
    nodes = list(ast.walk(ast.parse(text)))
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    named = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return assigned | named | {node.arg for node in nodes if isinstance(node, ast.arg)}
