"""Chunks so small that a handful of samples fills several of them, and threads that small inputs do not wait for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from symloss.runtime import threads
from tests.kernels.harness import CATALOGUE, CORE, Kernels


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Compiling every kernel of the catalogue takes minutes: by default a few losses stand for all of them.

    `symloss build` verifies each loss as well.
    """
    for item in items:
        name = item.callspec.params.get("name") if hasattr(item, "callspec") else None
        if "tests/kernels/" in item.nodeid and name in CATALOGUE and name not in CORE:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kernels, int], None]:
    """Makes row kernels work on chunks of so many samples; the chunk of element-wise kernels is fixed in their text."""

    def shrink(kernels: Kernels, rows: int = 3) -> None:
        if hasattr(kernels.module, "_chunk_rows"):
            monkeypatch.setattr(kernels.module, "_chunk_rows", lambda entries: rows)

    return shrink


@pytest.fixture
def always_threaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs of any size are shared out among threads."""
    monkeypatch.setattr(threads, "SERIAL_BELOW", 0)
    monkeypatch.setattr(threads, "SERIAL_SECONDS", 0.0)
