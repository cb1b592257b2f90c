from pathlib import Path

import pytest

from symloss.runtime.library import load_generated

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(scope="session")
def huber():
    return load_generated(SAMPLES / "huber.py")


@pytest.fixture(scope="session")
def cross_entropy():
    return load_generated(SAMPLES / "softmax_cross_entropy.py")


@pytest.fixture(scope="session")
def gan():
    return load_generated(SAMPLES / "gan.py")


@pytest.fixture(scope="session")
def coupled():
    return load_generated(SAMPLES / "coupled.py")


@pytest.fixture(scope="session")
def product():
    return load_generated(SAMPLES / "product.py")
