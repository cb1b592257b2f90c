from collections.abc import Callable
from pathlib import Path

import pytest

SPEC = """\
symloss: 1
name: {name}
title: {title}
axes: {{n: batch}}
inputs:
  pred: {{axes: [n], role: prediction, domain: real}}
  target: {{axes: [n], role: target, domain: real}}
value: "{value}"
"""


@pytest.fixture
def write_spec(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small element-wise specification and returns its path."""

    def write(name: str = "mine", value: str = "(pred[n] - target[n])**2", title: str = "Mine") -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(SPEC.format(name=name, title=title, value=value), encoding="utf-8")
        return path

    return write
