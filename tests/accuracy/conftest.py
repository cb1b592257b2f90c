"""Which of the accuracy tests are slow."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that compile the kernels of the whole catalogue take minutes; the derived classes are checked always."""
    for item in items:
        if "tests/accuracy/" in item.nodeid and not any(
            name in item.nodeid for name in ("test_classes", "test_header", "test_reference")
        ):
            item.add_marker(pytest.mark.slow)
