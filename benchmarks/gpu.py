"""All CUDA kernels on a GPU: right against the CPU kernels, then bandwidth, launches and peers; writes the page.

Needs PyTorch with CUDA; Liger is measured where it is installed. Nothing here was tuned on a GPU.
"""

import argparse
import sys
from pathlib import Path
from statistics import median

import numpy as np

import symloss
from symloss.runtime.cuda.arrays import flat

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance-gpu.md"
ENTRIES = ("value_and_grad", "grad_hess_diag", "hvp")
#: What memory holds, and what the CPU is given for it.
DTYPES = {"float32": "float32", "float64": "float64", "float16": "float32", "bfloat16": "float32"}
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


def results(loss, entry, given):
    """The numbers that an entry point gives, one after another."""
    if entry == "hvp":
        first = [given[name] for name in loss.meta["predictions"]]
        given = given | {"v": tuple(first) if len(first) > 1 else first[0]}
    return flat(getattr(loss, entry)(**given))


def largest_difference(loss, entry, device, host, to_host):
    """The largest difference between two back ends, relative to the largest number of each result."""
    pairs = zip(results(loss, entry, device), results(loss, entry, host | {"validate": False}), strict=True)
    pairs = [(to_host(one), np.asarray(exact, float)) for one, exact in pairs]
    return max(np.abs(one - exact).max() / max(np.abs(exact).max(), 1e-30) for one, exact in pairs)


def correctness(torch):
    """Rows of the table of all losses: the largest relative difference between the two back ends, by dtype."""
    generator = np.random.default_rng(1)
    for name in symloss.list_losses():
        loss = symloss.load(name)
        given = arguments(loss, 1500, generator)  # more than samples that interact are done at once
        found = []
        for dtype in DTYPES:
            held = {key: torch.from_numpy(array).cuda() for key, array in given.items()}
            reals = [key for key, array in given.items() if array.dtype == np.float32]
            held |= {key: held[key].to(getattr(torch, dtype)) for key in reals}
            # The CPU computes with float32 where memory holds fewer bits, and knows no bfloat16.
            exact = given | {key: held[key].to(getattr(torch, DTYPES[dtype])).cpu().numpy() for key in reals}
            entries = [entry for entry in ENTRIES if entry in loss.meta["entries"]]
            errors = [
                largest_difference(loss, entry, held, exact, lambda one: one.double().cpu().numpy())
                for entry in entries
            ]
            found.append(f"{max(errors):.1e}")
        yield name, *found


def backward(function, prediction, *others):
    """A call that computes the value and the gradient by PyTorch's own means."""

    def call():
        function(prediction.detach().requires_grad_(), *others).backward()

    return call


def rivals(torch, eager, liger=None):
    """What else computes the same, by name: eager, compiled for these very shapes, and Liger where it is installed."""
    yield "torch eager", eager
    yield "torch.compile", torch.compile(eager, dynamic=False)
    if liger is not None:
        yield "Liger", liger


def liger_cross_entropy():
    """Liger's cross entropy, None where it is not installed."""
    try:
        from liger_kernel.transformers.cross_entropy import LigerCrossEntropyLoss
    except ImportError:
        return None
    return LigerCrossEntropyLoss()


def throughput(torch):
    """Rows of the table of speeds: what runs, seconds, part of a copy's bandwidth, how many times as long as ours."""
    functional = torch.nn.functional
    n = 1 << 26
    source, target = torch.randn(n, device="cuda"), torch.empty(n, device="cuda")
    copied = seconds(torch, lambda: target.copy_(source))
    copy = 8 * n / copied
    yield "copy, 2^26 numbers of float32", copied, 1.0, None
    known = {"huber": functional.huber_loss, "bce_with_logits": functional.binary_cross_entropy_with_logits}
    for name in ELEMENT_WISE:
        loss = symloss.load(name)
        labels = (target.normal_() > 0).float() if name in ("bce_with_logits", "focal") else target.normal_()
        out = torch.empty_like(source)
        ours = seconds(torch, lambda loss=loss, labels=labels, out=out: loss.value_and_grad(source, labels, out=out))
        yield f"{name}, value and gradient, 2^26", ours, 12 * n / ours / copy, None
        for rival, function in rivals(torch, known[name]) if name in known else ():
            took = seconds(torch, backward(function, source, labels))
            yield f"{name}, {rival}", took, 12 * n / took / copy, took / ours
    entropy = symloss.load("softmax_cross_entropy")
    for dtype in (torch.float32, torch.bfloat16):
        for rows, classes in ROWS:
            z = torch.randn(rows, classes, device="cuda", dtype=dtype)
            y = torch.randint(0, classes, (rows,), device="cuda")
            out, moved = torch.empty_like(z), 2 * z.numel() * z.element_size()
            what = f"softmax cross entropy, {rows} x {classes}, {str(dtype).removeprefix('torch.')}"
            ours = seconds(torch, lambda z=z, y=y, out=out: entropy.value_and_grad(z, y, out=out))
            yield what, ours, moved / ours / copy, None
            for rival, function in rivals(torch, functional.cross_entropy, liger_cross_entropy()):
                took = seconds(torch, backward(function, z, y))
                yield f"{what}, {rival}", took, moved / took / copy, took / ours
    small = torch.randn(1000, device="cuda")
    took = seconds(torch, lambda: symloss.load("huber").value_and_grad(small, small), 200)
    yield "huber, 1000 samples (launches)", took, None, None


def memory(torch, call):
    """The bytes that a call has at its peak, beside what there was before."""
    call()
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    call()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def contrastive(torch, samples=8192, width=512):
    """Rows of the table of InfoNCE: what runs, seconds, bytes."""
    u, v = (torch.randn(samples, width, device="cuda", requires_grad=True) for _ in range(2))
    labels = torch.arange(samples, device="cuda")
    loss = symloss.load("info_nce")

    def textbook(u, v):
        first, second = (torch.nn.functional.normalize(one, dim=1) for one in (u, v))
        return torch.nn.functional.cross_entropy(first @ second.T / 0.07, labels)

    def by(function):
        def call():
            torch.autograd.grad(function(u, v), (u, v))

        return call

    calls = {"symloss": lambda: loss.value_and_grad(u.detach(), v.detach())}
    calls |= {name: by(function) for name, function in rivals(torch, textbook)}
    for name, call in calls.items():
        yield name, seconds(torch, call), memory(torch, call)


def share(part):
    """A fraction as it is printed, or nothing."""
    return "" if part is None else f"{100 * part:.0f} %"


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
        "Largest difference from the CPU kernels over all entry points, relative to the largest number of each result:",
        "",
        f"| loss | {' | '.join(DTYPES)} |",
        "|---" * (1 + len(DTYPES)) + "|",
        *(f"| {' | '.join(row)} |" for row in correctness(torch)),
        "",
        "| call | milliseconds | of copy bandwidth | times ours |",
        "|---|---|---|---|",
        *(
            f"| {what} | {1000 * took:.3f} | {share(part)} | {'' if times is None else f'{times:.2f}'} |"
            for what, took, part, times in throughput(torch)
        ),
        "",
        "| InfoNCE, 8192 samples of 512 numbers | milliseconds | MiB at the peak |",
        "|---|---|---|",
        *(f"| {what} | {1000 * took:.3f} | {size / 2**20:.0f} |" for what, took, size in contrastive(torch)),
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
