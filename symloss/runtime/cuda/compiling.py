"""Kernels of a generated module as PTX, with no GPU and no driver.

PTX is kept on disk under a hash of everything that it depends on, and is the same text on every machine.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from symloss.runtime.cuda.toolkit import require

#: The oldest architecture that kernels are compiled for; newer ones take the same PTX.
OLDEST = (7, 5)

#: Threads per block that a kernel may be launched with, by how it lays them out.
THREADS = {
    "elements": 256,
    "samples": 256,
    "rows": 512,
    "full_rows": 256,
    "segments": 256,
    "merged": 256,
    "sum": 256,
    "tiles": 256,
}

_lock = threading.RLock()


#: The types as which numbers of 16 bits come, so that kernels can tell them apart.
_PATTERNS = {"float16": "int16", "bfloat16": "uint16"}


def signature(arguments: Mapping[str, str], dtype: str, storage: str) -> Any:
    """The Numba signature of a kernel whose arguments have the types that a generated module states."""
    types = require("numba.cuda.types")
    real, data = getattr(types, dtype), getattr(types, _PATTERNS.get(storage, storage))
    known = {
        "real": real,
        "data": data,
        "float64": types.float64,
        "int64": types.int64,
        "uint32": types.uint32,
        "uint8": types.uint8,
    }
    found = [
        types.CPointer(known[kind.removesuffix("*")]) if kind.endswith("*") else known[kind]
        for kind in arguments.values()
    ]
    return types.void(*found)


def compile_kernel(
    module: ModuleType,
    name: str,
    arguments: Mapping[str, str],
    threads: int,
    cc: tuple[int, int] = OLDEST,
    storage: str = "",
) -> str:
    """One kernel of a generated module as PTX.

    Args:
        module: the generated module.
        name: the kernel's name there, which ends in the dtype.
        arguments: its arguments with their types.
        threads: the most threads per block that it will be launched with.
        cc: the architecture.
        storage: what the arrays of the formula hold: the dtype that is computed in, "float16" or "bfloat16".
    """
    dtype = f"float{name[-2:]}"
    key = _key(module, name, storage or dtype, threads, cc)
    folder = cache_folder()
    path = folder / f"{key}.ptx" if folder else None
    if path is not None and path.is_file():
        return path.read_text(encoding="utf-8")
    with _lock, _target(cc):
        cuda = require("numba.cuda")
        text, _ = cuda.compile(
            getattr(module, name),
            signature(arguments, dtype, storage or dtype),
            device=False,
            abi="numba",
            abi_info={"abi_name": name},
            cc=cc,
            output="ptx",
            launch_bounds=threads,
        )
    if path is not None:
        _write(path, text)
    return text


@contextmanager
def _target(cc: tuple[int, int]) -> Iterator[None]:
    """Compile device functions for an architecture rather than for whatever GPU this machine has, if any.

    Numba-CUDA asks the current device, and nothing else, for the architecture of functions that a kernel calls.
    """
    dispatcher = require("numba.cuda.dispatcher")
    asked = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=cc)
    try:
        yield
    finally:
        dispatcher.get_current_device = asked


def _key(module: ModuleType, name: str, storage: str, threads: int, cc: tuple[int, int]) -> str:
    """A hash of all that the PTX of a kernel depends on; a kernel that several modules have is compiled once."""
    text = "\0".join([_reached(_source(module), name), name, storage, str(threads), str(cc), *toolchain()])
    return hashlib.sha256(text.encode()).hexdigest()


def _reached(source: str, name: str) -> str:
    """The text of a kernel and of everything in its module that it names, or that what it names does, and so on."""
    texts, words = _statements(source)
    found: set[int] = set()
    left = {name}
    seen: set[str] = set()
    while left:
        seen |= left
        new = {place for word in left for place in words.get(word, ())} - found
        found |= new
        left = {word for place in new for word in texts[place][1]} - seen
    return "\n".join(texts[place][0] for place in sorted(found))


@lru_cache(maxsize=8)
def _statements(source: str) -> tuple[list[tuple[str, frozenset[str]]], dict[str, list[int]]]:
    """The statements of a module with the names in each, and by name the statements that bind it."""
    lines = source.splitlines()
    texts: list[tuple[str, frozenset[str]]] = []
    binding: dict[str, list[int]] = {}
    for place, statement in enumerate(ast.parse(source).body):
        decorators = statement.decorator_list if isinstance(statement, ast.FunctionDef | ast.ClassDef) else []
        first = min([statement.lineno, *(node.lineno for node in decorators)])
        nodes = list(ast.walk(statement))
        texts.append(
            (
                "\n".join(lines[first - 1 : statement.end_lineno]),
                frozenset(node.id for node in nodes if isinstance(node, ast.Name)),
            )
        )
        bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        bound |= {node.asname or node.name.partition(".")[0] for node in nodes if isinstance(node, ast.alias)}
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            bound = {statement.name}
        for name in bound:
            binding.setdefault(name, []).append(place)
    return texts, binding


def _source(module: ModuleType) -> str:
    file = module.__file__
    return Path(file).read_text(encoding="utf-8") if file else inspect.getsource(module)


@cache
def toolchain() -> tuple[str, ...]:
    """The versions of what compiles."""
    names = ("numba-cuda", "numba", "llvmlite", "nvidia-cuda-nvcc-cu12", "nvidia-nvvm", "nvidia-cuda-nvrtc-cu12")
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return tuple(found)


@cache
def cache_folder() -> Path | None:
    """Where PTX is kept: SYMLOSS_CUDA_CACHE, or the user's cache folder; None where neither can be written."""
    chosen = os.environ.get("SYMLOSS_CUDA_CACHE")
    if chosen:
        folder = Path(chosen)
    else:
        import platformdirs

        folder = Path(platformdirs.user_cache_dir("symloss", appauthor=False)) / "ptx"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _write(path: Path, text: str) -> None:
    """Write so that another process meets the whole text or none."""
    temporary = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
