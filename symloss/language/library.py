"""Names of losses → specification files → checked specifications, each read once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from symloss.errors import SpecError

if TYPE_CHECKING:
    from symloss.language.spec import Spec

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")


class SpecLibrary:
    """Finds and reads specifications.

    A root holds ``<family>/<name>.yaml`` or ``<name>.yaml``; earlier roots win.

    Args:
        roots: folders to look in.
    """

    def __init__(self, roots: Iterable[Path] = ()) -> None:
        self.roots = tuple(Path(root) for root in roots)
        self._read: dict[tuple[Path, bool], Spec] = {}
        self._reading: list[Path] = []

    def including(self, folder: Path) -> SpecLibrary:
        """A library that also finds the files that lie directly in a folder, after the roots' own."""
        known = any(folder == root or root in folder.parents for root in (r.resolve() for r in self.roots))
        if known:
            return self
        other = SpecLibrary((*self.roots, folder))
        other._read, other._reading = self._read, self._reading
        return other

    def find(self, name: str) -> Path | None:
        """The file of a loss, or None."""
        if not _NAME.match(name):
            return None
        for root in self.roots:
            direct = root / f"{name}.yaml"
            if direct.is_file():
                return direct
            found = sorted(root.glob(f"*/{name}.yaml")) if root.is_dir() else []
            if found:
                return found[0]
        return None

    def names(self) -> tuple[str, ...]:
        """Every loss that has a file, sorted."""
        files = [
            path for root in self.roots if root.is_dir() for path in (*root.glob("*.yaml"), *root.glob("*/*.yaml"))
        ]
        return tuple(sorted({path.stem for path in files if _NAME.match(path.stem)}))

    def load(self, name: str, claims: bool = True) -> Spec:
        """The specification of a loss by name.

        Args:
            name: the loss.
            claims: whether its claims are read too; a caller of the formula does not need them.

        Raises:
            LookupError: there is no such file.
            SpecError: the file is faulty, or losses call each other in a circle.
        """
        path = self.find(name)
        if path is None:
            raise LookupError(name)
        return self.read(path, claims)

    def read(self, path: Path, claims: bool = True) -> Spec:
        """The specification in a file; each file is read once.

        Raises:
            SpecError: the file is missing or faulty, or losses call each other in a circle.
        """
        from symloss.language.calling import CIRCLE
        from symloss.language.document import MAX_FILE, decode
        from symloss.language.parsing import parse

        path = Path(path)
        key = path.resolve()
        if (key, claims) in self._read:
            return self._read[key, claims]
        if key in self._reading:
            circle = [other.stem for other in self._reading[self._reading.index(key) :]]
            raise SpecError(f"{CIRCLE}: {' → '.join([*circle, path.stem])}", str(path))
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_FILE + 1)
            if len(data) > MAX_FILE:
                raise SpecError(
                    f"the file has {path.stat().st_size} bytes; a specification has at most {MAX_FILE}", str(path)
                )
        except OSError as fault:
            raise SpecError(f"cannot read the file: {fault.strerror or fault}", str(path)) from None
        self._reading.append(key)
        try:
            spec = parse(decode(data, str(path)), str(path), self.including(key.parent), path, claims)
        finally:
            self._reading.pop()
        self._read[key, claims] = spec
        return spec
