"""All CUDA kernels on a GPU: right against the CPU kernels, then bandwidth, launches and peers; writes the page.

Needs PyTorch with CUDA. Nothing here was tuned on a GPU.
"""

import argparse
import sys
from pathlib import Path
from statistics import median

import numpy as np

import symloss

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance-gpu.md"
ELEMENT_WISE = ("huber", "log_cosh", "bce_with_logits", "focal")
ROWS = ((1 << 16, 1024), (1 << 13, 8192), (1 << 11, 32768), (1 << 9, 131072))


def seconds(torch, function, rounds=20):
    """The median seconds of a call, by events on the stream."""
    function()
    torch.cuda.synchronize()
    found = []
    for _ in range(rounds):
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        function()
        last.record()
        torch.cuda.synchronize()
        found.append(first.elapsed_time(last) / 1000)
    return median(found)


def arguments(loss, samples, generator):
    """Admitted inputs of a loss as NumPy arrays."""
    axes = loss.meta["axes"]
    found = {}
    for item in loss.meta["inputs"]:
        if item["optional"] is not None:
            continue
        shape = [samples if axes[a]["kind"] == "batch" else axes[a]["size"] or 33 for a in item["axes"]]
        domain = item["domain"]
        if domain["kind"] == "index":
            found[item["name"]] = generator.integers(0, 33, shape)
        elif domain["kind"] == "boolean":
            found[item["name"]] = generator.random(shape) < 0.8
        elif domain["kind"] == "set":
            found[item["name"]] = generator.choice(domain["values"], shape).astype(np.float32)
        elif domain["kind"] == "simplex":
            array = generator.random(shape) + 0.05
            found[item["name"]] = (array / array.sum(-1, keepdims=True)).astype(np.float32)
        else:
            bounded = domain["lower"] is not None and domain["upper"] is not None
            array = generator.random(shape) * 0.9 + 0.05 if bounded else generator.normal(size=shape)
            found[item["name"]] = array.astype(np.float32)
    return found


def correctness(torch):
    """Rows of the table of all losses: the largest relative difference between the two back ends."""
    generator = np.random.default_rng(1)
    for name in symloss.list_losses():
        loss = symloss.load(name)
        given = arguments(loss, 1000, generator)
        device = {key: torch.from_numpy(array).cuda() for key, array in given.items()}
        try:
            value, gradients = loss.value_and_grad(**device)
        except symloss.SymlossError as error:
            yield name, str(error)
            continue
        expected, exact = loss.value_and_grad(**given, validate=False)
        pairs = zip(
            gradients if isinstance(gradients, tuple) else (gradients,),
            exact if isinstance(exact, tuple) else (exact,),
            strict=True,
        )
        errors = [abs(float(value) - expected) / max(abs(expected), 1e-30)]
        errors += [np.abs(a.cpu().numpy() - b).max() / max(np.abs(b).max(), 1e-30) for a, b in pairs]
        yield name, f"{max(errors):.1e}"


def throughput(torch):
    """Rows of the table of speeds: kernel, milliseconds, fraction of a copy, torch eager and torch.compile."""
    n = 1 << 26
    source, target = torch.randn(n, device="cuda"), torch.empty(n, device="cuda")
    copy = 8 * n / seconds(torch, lambda: target.copy_(source))
    yield "copy", 8 * n / copy, 1.0
    for name in ELEMENT_WISE:
        loss = symloss.load(name)
        labels = (target.normal_() > 0).float() if name in ("bce_with_logits", "focal") else target.normal_()
        out = torch.empty_like(source)
        took = seconds(torch, lambda loss=loss, labels=labels, out=out: loss.value_and_grad(source, labels, out=out))
        yield f"{name}, value and gradient, 2^26", took, 12 * n / took / copy
    entropy = symloss.load("softmax_cross_entropy")
    for rows, classes in ROWS:
        z = torch.randn(rows, classes, device="cuda")
        y = torch.randint(0, classes, (rows,), device="cuda")
        out = torch.empty_like(z)
        took = seconds(torch, lambda z=z, y=y, out=out: entropy.value_and_grad(z, y, out=out))
        yield f"softmax cross entropy, {rows} x {classes}", took, 8 * z.numel() / took / copy

        def eager(z=z, y=y):
            leaf = z.detach().requires_grad_()
            torch.nn.functional.cross_entropy(leaf, y).backward()

        yield f"the same, torch eager, {rows} x {classes}", (took := seconds(torch, eager)), 8 * z.numel() / took / copy
    small = torch.randn(1000, device="cuda")
    took = seconds(torch, lambda: symloss.load("huber").value_and_grad(small, small), 200)
    yield "huber, 1000 samples (launches)", took, float("nan")


def main():
    """Check, measure, write."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        import torch
    except ImportError:
        sys.exit("PyTorch with CUDA is needed to measure on a GPU, and is not installed")
    if not torch.cuda.is_available():
        sys.exit("PyTorch finds no GPU on this machine; nothing was measured, and the page stays as it is")
    lines = [
        "# Performance on a GPU",
        "",
        f"Measured by `make gpu` on one {torch.cuda.get_device_name()}, PyTorch {torch.__version__}.",
        "",
        "| loss | largest relative difference from the CPU kernels (float32) |",
        "|---|---|",
        *(f"| {name} | {error} |" for name, error in correctness(torch)),
        "",
        "| call | milliseconds | of copy bandwidth |",
        "|---|---|---|",
        *(f"| {what} | {1000 * took:.3f} | {100 * share:.0f} % |" for what, took, share in throughput(torch)),
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
