"""A GPU that is none, for tests of whole calls."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from symloss.runtime import library


@pytest.fixture(scope="session", autouse=True)
def _garbage_is_looked_for_less_often() -> None:
    """Numba's compiler makes so many objects that to look through old ones took a tenth of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


@pytest.fixture
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The driver that stands for all devices; plans of another test, which hold that test's driver, are gone."""
    from symloss.runtime.cuda import gpu, hessian, planning, signatures
    from tests.cuda.fakes import Fake, FakeDriver, FakeLibrary

    driver = FakeDriver()

    @contextmanager
    def current(device: int) -> Iterator[None]:
        driver.contexts.append(device + 1)
        yield
        driver.contexts.pop()

    monkeypatch.setattr(gpu, "driver", lambda: driver)
    monkeypatch.setattr(gpu, "current", current)
    monkeypatch.setattr(gpu, "context", lambda device: device + 1)
    monkeypatch.setattr(gpu, "shared_limit", lambda device: 96 * 1024)
    monkeypatch.setattr(
        gpu, "function_of", lambda module, name, storage, device, shared: (module, name, storage, device)
    )
    monkeypatch.setattr(gpu, "device_at", driver.device_at)
    for module in (planning, hessian):
        monkeypatch.setattr(module, "framework_of", lambda value: FakeLibrary(driver, value))
    monkeypatch.setattr(Fake, "driver", driver)
    monkeypatch.setattr(signatures, "_readers", {})
    for loss in library._loaded.values():
        monkeypatch.setattr(loss._engine, "plans", {})
        monkeypatch.setattr(loss._engine, "device_types", set())
    return driver
