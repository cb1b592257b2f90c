"""Golden files, and which tests share a worker.

Golden files are texts that a person has read and that must not change unnoticed: ``pytest --update-golden`` writes what
is produced now, and the difference is then reviewed like any other.
"""

import difflib
from pathlib import Path

import pytest

EXPECTED = Path(__file__).parent / "golden" / "expected"


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing with them"
    )


def pytest_collection_modifyitems(items):
    """Tests of one loss go to one worker under `--dist loadgroup`: what it derives, compiles and evaluates is kept."""
    for item in items:
        name = item.callspec.params.get("name") if hasattr(item, "callspec") else None
        if isinstance(name, str):
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture
def golden(request):
    """A function that compares a text with the golden file of the given name, or writes it."""

    def compare(name, text):
        path = EXPECTED / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
            return
        expected = path.read_text(encoding="utf-8") if path.exists() else ""
        if text != expected:
            lines = difflib.unified_diff(
                expected.splitlines(), text.splitlines(), f"golden {name}", "now", lineterm="", n=1
            )
            pytest.fail("\n".join(list(lines)[:60]) + "\n(pytest --update-golden accepts the change)", pytrace=False)

    return compare
