"""Plots of what `peers.py` recorded: ratio to each peer, share of the limit, growth with size."""

from importlib.util import find_spec

from peers_goals import measured
from peers_plan import ELEMENT_WISE

from symloss.bench.candidates import LIBRARIES
from symloss.bench.measuring import MOVING, OURS
from symloss.bench.text import title

#: Colours that colour-blind readers tell apart, and a marker each.
STYLE = {
    OURS: ("#000000", "o"),
    "torch": ("#d55e00", "s"),
    "torch.compile": ("#e69f00", "D"),
    "JAX": ("#0072b2", "^"),
    "scikit-learn": ("#009e73", "v"),
    MOVING: ("#999999", "x"),
}


def write_plots(content, folder):
    """Write the plots; returns file names with captions, none without matplotlib."""
    if not find_spec("matplotlib"):
        print("  matplotlib is not installed; there are no plots")
        return {}
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    outcomes = list(measured(content["runs"]))
    threads = max(run["threads"] for run in content["runs"])
    drawn = {
        "performance-ratio.png": (
            _ratios,
            f"Time of each library in ours, value and gradient, float32, {threads} threads",
        ),
        "performance-limit.png": (
            _limits,
            f"The loop that only moves the data, as a share of our time, {threads} threads",
        ),
        "performance-growth.png": (
            _growth,
            f"Growth with size, value and gradient, {threads} threads",
        ),
    }
    written = {}
    for name, (draw, caption) in drawn.items():
        with plt.rc_context({"font.size": 9}):
            figure = draw(plt, outcomes)
            if figure is None:
                continue
            figure.suptitle(caption)
            figure.savefig(folder / name, dpi=130, metadata={"Software": None})
            plt.close(figure)
        written[name] = caption
    return written


def _largest(outcomes):
    """Of an element-wise loss the largest case, of the others all."""
    chosen = {}
    for outcome in outcomes:
        loss = outcome["case"]["loss"]
        key = loss if loss in ELEMENT_WISE else title(outcome)
        if key not in chosen or outcome["elements"] > chosen[key]["elements"]:
            chosen[key] = outcome
    return list(chosen.values())


def _ratios(plt, outcomes):
    """A line per case, a mark per library with its quartiles."""
    cases = _largest(outcomes)
    figure, axis = plt.subplots(figsize=(8, 1.4 + 0.32 * len(cases)), layout="constrained")
    for library in LIBRARIES:
        colour, marker = STYLE[library]
        rows = [(row, o["ratios"][library]) for row, o in enumerate(cases) if library in o["ratios"]]
        if not rows:
            continue
        middle = [ratio["median"] for _, ratio in rows]
        away = [[r["median"] - r["low"] for _, r in rows], [r["high"] - r["median"] for _, r in rows]]
        axis.errorbar(
            middle, [row for row, _ in rows], xerr=away, fmt=marker, color=colour, label=library, ms=5, elinewidth=1
        )
    axis.axvline(1, color="black", linewidth=0.8)
    axis.set(xscale="log", xlabel="times our time (right of the line we are faster)")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_yticks(range(len(cases)), [title(o) for o in cases])
    axis.invert_yaxis()
    axis.grid(axis="x", which="both", color="0.9")
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def _limits(plt, outcomes):
    """A bar per case."""
    cases = [o for o in _largest(outcomes) if MOVING in o["ratios"]]
    if not cases:
        return None
    figure, axis = plt.subplots(figsize=(8, 1.2 + 0.28 * len(cases)), layout="constrained")
    shares = [100 * o["ratios"][MOVING]["median"] for o in cases]
    low = [100 * (o["ratios"][MOVING]["median"] - o["ratios"][MOVING]["low"]) for o in cases]
    high = [100 * (o["ratios"][MOVING]["high"] - o["ratios"][MOVING]["median"]) for o in cases]
    axis.barh(range(len(cases)), shares, color="#56b4e9", xerr=[low, high], error_kw={"elinewidth": 1})
    axis.axvline(100, color="black", linewidth=0.8)
    axis.set(xlabel="per cent of the limit", xlim=(0, max(105, *(s + h for s, h in zip(shares, high, strict=True)))))
    axis.set_yticks(range(len(cases)), [title(o) for o in cases])
    axis.invert_yaxis()
    return figure


def _growth(plt, outcomes):
    """A panel per element-wise loss with more than one size."""
    sizes = {}
    for outcome in outcomes:
        if outcome["case"]["loss"] in ELEMENT_WISE:
            sizes.setdefault(outcome["case"]["loss"], []).append(outcome)
    sizes = {loss: sorted(found, key=lambda o: o["elements"]) for loss, found in sizes.items() if len(found) > 1}
    if not sizes:
        return None
    columns = min(4, len(sizes))
    rows = -(-len(sizes) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(2.4 * columns + 1.8, 2.4 * rows + 0.8), layout="constrained", squeeze=False,
        sharex=True, sharey=True,
    )  # fmt: skip
    for axis, (loss, found) in zip(grid.flat, sizes.items(), strict=False):
        for column, (colour, marker) in STYLE.items():
            points = [(o["elements"], o["seconds"][column]["median"]) for o in found if column in o["seconds"]]
            if points:
                x, y = [size for size, _ in points], [1e9 * took / size for size, took in points]
                axis.plot(x, y, color=colour, marker=marker, ms=4, linewidth=1.2, label=column)
        axis.set(title=loss, xscale="log", yscale="log")
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.grid(which="major", color="0.9")
    for axis in list(grid.flat)[len(sizes) :]:
        axis.set_visible(False)
    figure.supxlabel("elements")
    figure.supylabel("nanoseconds per element")
    handles = {label: h for axis in grid.flat for h, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside right center", frameon=False)
    return figure
