"""A user's own specification, compiled on first use into a private cache.

``modules/<key>/<name>.py`` is keyed by the normalised specification, those it uses, the compiler and SymPy.
``index/<key>.json`` leads from the text of a specification to its module without SymPy, and records the module's hash:
a module that is not what was written is compiled again, never executed.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from functools import lru_cache
from pathlib import Path

from symloss.build.manifest import REQUIRED, source_hash
from symloss.build.sources import digest, generator_hash, read_source, write_atomically
from symloss.errors import SymlossError


def compiled_module_path(path: Path, back_end: str = REQUIRED) -> Path:
    """The generated module of a user's specification, compiled if it is not in the cache.

    Args:
        path: the specification.
        back_end: which back end's module; one that has no kernels for the loss is an error.

    Raises:
        SpecError: the specification has a fault.
        SymlossError: it cannot be read or compiled.
    """
    folder = _cache_folder()
    index = folder / "index" / f"{digest([_bytes(path), generator_hash()])[:32]}.json"
    found = _recorded(folder, index, path, back_end)
    if found is not None:
        return found
    from symloss.build.compiler import compile_spec

    compiled = compile_spec(path)
    entry = compiled.entry
    key = digest([entry.specification, entry.generator, entry.output])[:32]
    for name, text in compiled.texts.items():
        module = _module(folder, key, compiled.spec.name, name)
        if not (module.is_file() and _hash(module) == digest([text])):
            write_atomically(module, text)
    record = {
        "key": key,
        "name": compiled.spec.name,
        "uses": entry.uses,
        "source": entry.source,
        "outputs": {REQUIRED: entry.output, **entry.further},
    }
    write_atomically(index, json.dumps(record, sort_keys=True) + "\n")
    if back_end not in compiled.texts:
        raise SymlossError(f"{compiled.spec.name} has no {back_end} kernels: {entry.without[back_end]}")
    return _module(folder, key, compiled.spec.name, back_end)


def _module(folder: Path, key: str, name: str, back_end: str) -> Path:
    """Where the module of a back end lies in the cache."""
    place = folder / "modules" / key
    return (place if back_end == REQUIRED else place / back_end) / f"{name}.py"


def _recorded(folder: Path, index: Path, path: Path, back_end: str) -> Path | None:
    """The module that an index entry leads to, if entry and module are sound and the specification is unchanged."""
    try:
        record = json.loads(index.read_text(encoding="utf-8"))
        key, name = str(record["key"]), str(record["name"])
        if not (key.isalnum() and name.isidentifier() and record["source"] == source_hash(path, record["uses"])):
            return None
        module = _module(folder, key, name, back_end)
        return module if _hash(module) == record["outputs"][back_end] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _bytes(path: Path) -> str:
    try:
        return path.read_bytes().hex()
    except OSError as error:
        raise SymlossError(f"{path} cannot be read: {error.strerror}") from None


def _hash(path: Path) -> str:
    return digest([read_source(path)])


def _cache_folder() -> Path:
    """The user's cache folder; where there is none that only the user can write to, one for this process."""
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("symloss", appauthor=False)) / "compiled"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _private(folder) and os.access(folder, os.W_OK | os.X_OK):
            return folder
    except OSError:
        pass
    return _temporary_folder()


def _private(folder: Path) -> bool:
    """Whether nobody else can write to a folder; one's own folder with wider rights is narrowed.

    What lies in a folder that others could write to may be theirs, hashes included, and is removed.
    """
    if not hasattr(os, "getuid"):
        return True
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return False
    rights = stat.S_IMODE(found.st_mode)
    if rights & 0o077:
        folder.chmod(0o700)
    if rights & 0o022:
        for inside in folder.iterdir():
            shutil.rmtree(inside) if inside.is_dir() and not inside.is_symlink() else inside.unlink()
    return True


@lru_cache(maxsize=1)
def _temporary_folder() -> Path:
    import atexit

    folder = tempfile.mkdtemp(prefix="symloss-")
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)
    return Path(folder)
