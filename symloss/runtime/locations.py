"""Where the shipped files lie: beside the package in a checkout, inside it in an installation."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_folder(*parts: str) -> Path:
    """The folder of shipped data, for example ``data_folder("generated", "cpu")`` or ``data_folder("specs")``."""
    installed = _PACKAGE / "_data"
    root = installed if installed.is_dir() else _PACKAGE.parent
    return root.joinpath(*parts)


def generated_folder() -> Path:
    """The folder of the shipped generated CPU modules."""
    return data_folder("generated", "cpu")


def shipped_names() -> list[str]:
    """The names of the shipped losses, sorted; no generated module is imported for it."""
    return sorted(path.stem for path in generated_folder().glob("*.py") if not path.stem.startswith("_"))
