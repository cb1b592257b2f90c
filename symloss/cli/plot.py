"""``symloss plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symloss.cli.arguments import resolve
from symloss.errors import SymlossError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SUFFIXES = (".png", ".svg")
POINTS = 481


@click.command("plot")
@click.argument("loss")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="A .png or .svg file; by default NAME.png.",
)
def command(loss: str, out: Path | None) -> None:
    """Draw value, gradient and Hessian diagonal of LOSS.

    The first entry of the first prediction runs over its domain; everything else is held fixed.
    """
    import symloss

    path = resolve(loss)
    if out is not None and out.suffix not in SUFFIXES:
        raise SymlossError(f"a plot is written as {' or '.join(SUFFIXES)}; {out} is neither")
    try:
        import matplotlib
    except ImportError:
        raise SymlossError("drawing needs matplotlib: pip install 'symloss[plot]'") from None
    matplotlib.use("Agg")
    shipped = not loss.endswith((".yaml", ".yml"))
    callable_loss = symloss.load(loss if shipped else str(path))
    target = out or Path(f"{callable_loss.name}.png")
    _draw(callable_loss, target)
    click.echo(str(target))


def _draw(loss: Any, target: Path) -> None:
    import matplotlib.pyplot as plt

    inputs, swept, grid = _scene(loss)
    value, gradient, hessian = _curves(loss, inputs, swept, grid)
    with plt.rc_context({"svg.hashsalt": "symloss", "font.size": 9}):
        figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
        label = f"{swept}[{', '.join('0' * inputs[swept].ndim)}]" if inputs[swept].size > 1 else swept
        for axis, curve, title in zip(
            axes, (value, gradient, hessian), ("value", "gradient", "second derivative"), strict=True
        ):
            axis.plot(grid, curve, linewidth=1.5)
            axis.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
            axis.set(title=title, xlabel=label)
        figure.suptitle(_held(loss, inputs, swept))
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target, dpi=150, metadata={"Date": None} if target.suffix == ".svg" else None)
        plt.close(figure)


def _held(loss: Any, inputs: dict[str, Any], swept: str) -> str:
    """The title: the loss and, where they are single numbers, what is held fixed."""
    fixed = [f"{name} = {array.item():g}" for name, array in inputs.items() if name != swept and array.size == 1]
    fixed += [f"{item['name']} = {float(item['default']):g}" for item in loss.meta["parameters"]]
    title = str(loss.meta["title"])
    return title.replace("$", r"\$") + (f"   ({', '.join(fixed)})" if fixed else "")


def _scene(loss: Any) -> tuple[dict[str, Any], str, Array]:
    """One admitted batch, the prediction that is swept, and the values that its first entry takes.

    Raises:
        SymlossError: no admitted inputs were found.
    """
    import numpy as np

    meta = loss.meta
    sizes = {name: _size(axis, meta) for name, axis in meta["axes"].items()}
    for name, axis in meta["axes"].items():
        if axis["like"]:
            sizes[name] = sizes[axis["like"]]
    swept = meta["predictions"][0]
    domain = next(item["domain"] for item in meta["inputs"] if item["name"] == swept)
    flat = None
    for seed in range(500):
        generator = np.random.default_rng(seed)
        inputs = {item["name"]: _values(item, sizes, generator) for item in meta["inputs"]}
        try:
            _, gradient = loss.value_and_grad(*inputs.values())
        except ValueError:
            continue
        scene = inputs, swept, _grid(domain, float(inputs[swept].flat[0]))
        # Disjoint boxes, or a margin that holds, make a dull picture.
        if _first(gradient) != 0:
            return scene
        flat = flat or scene
        if seed >= 50:
            return flat
    if flat is not None:
        return flat
    raise SymlossError(f"no inputs were found that {loss.name} admits, so there is nothing to draw")


def _size(axis: dict[str, Any], meta: dict[str, Any]) -> int:
    if axis["size"]:
        return int(axis["size"])
    if axis["kind"] == "batch":
        return 4 if meta["coupled"] or None in meta["terms"].values() else 1
    return 3


def _values(item: dict[str, Any], sizes: dict[str, int], generator: Any) -> Any:
    """Values of one input inside its domain: a plain target (0, or the last label) where there is a choice."""
    import numpy as np

    shape = tuple(sizes[axis] for axis in item["axes"])
    domain = item["domain"]
    kind = domain["kind"]
    if item["optional"] is not None:
        return np.full(shape, float(item["optional"]))
    if kind == "boolean":
        return np.ones(shape, bool)
    if kind == "index":
        return generator.integers(0, sizes[domain["axis"]], shape)
    if kind == "simplex":
        position = item["axes"].index(domain["axis"])
        raw = generator.gamma(1.0, size=shape) + 1e-3
        return raw / raw.sum(axis=position, keepdims=True)
    if kind == "set":
        return np.full(shape, float(domain["values"][-1]))
    low, high = _ends(domain)
    if item["role"] == "target" and len(shape) == 1:
        return np.full(shape, 0.0 if low == -np.inf else min(high, low + 1.0))
    if np.isfinite(low) and np.isfinite(high):
        return generator.uniform(low, high, shape)
    if np.isfinite(low):
        return low + np.exp(generator.normal(size=shape))
    return generator.normal(size=shape)


def _ends(domain: dict[str, Any]) -> tuple[float, float]:
    low, high = domain.get("lower"), domain.get("upper")
    return (float("-inf") if low is None else float(low)), (float("inf") if high is None else float(high))


def _grid(domain: dict[str, Any], start: float) -> Array:
    """The values that are swept: a bounded domain without the outermost thousandth, otherwise a few units around 0."""
    import numpy as np

    low, high = (0.0, 1.0) if domain["kind"] == "simplex" else _ends(domain)
    reach = max(4.0, abs(start) + 1.0)
    if np.isfinite(low) and np.isfinite(high):
        margin = (high - low) / 1000
        return np.linspace(low + margin, high - margin, POINTS)
    if np.isfinite(low):
        return np.linspace(low + 0.01, low + reach, POINTS)
    return np.linspace(-reach, reach, POINTS)


def _curves(loss: Any, inputs: dict[str, Any], swept: str, grid: Array) -> tuple[Array, Array, Array]:
    """Value, gradient and second derivative over the grid; NaN where a constraint is violated."""
    import numpy as np

    reduction = {} if None in loss.meta["terms"].values() else {"reduction": "sum"}
    direction = []
    for name in loss.meta["predictions"]:
        direction.append(np.zeros_like(inputs[name], dtype=float))
    direction[0].flat[0] = 1.0
    curves = np.full((3, len(grid)), np.nan)
    arrays = {name: np.array(array) for name, array in inputs.items()}
    simplex = any(item["domain"]["kind"] == "simplex" for item in loss.meta["inputs"] if item["name"] == swept)
    options = {**reduction, "validate": not simplex}
    for position, x in enumerate(grid):
        arrays[swept].flat[0] = x
        try:
            value, gradient = loss.value_and_grad(*arrays.values(), **options)
        except ValueError:
            continue
        vector = tuple(direction) if len(direction) > 1 else direction[0]
        product = loss.hvp(*arrays.values(), v=vector, **options)
        curves[:, position] = float(np.sum(value)), _first(gradient), _first(product)
    return curves[0], curves[1], curves[2]


def _first(arrays: Any) -> float:
    """The first entry of the first array."""
    array = arrays[0] if isinstance(arrays, tuple) else arrays
    return float(array.reshape(-1)[0])
