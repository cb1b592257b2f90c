"""Random specifications, compiled to kernels that run as plain Python, against the interpreter of their programs.

    python -m tests.kernels.random_specs FIRST LAST

Prints a JSON object: which of these seeds agree, which specifications are refused and why, and what is wrong with the
rest. Plain NumPy raises where an index leaves an array, so a store past the end of one is found as well.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from random import Random

os.environ["NUMBA_DISABLE_JIT"] = "1"

from symloss.build.comparison import Comparison
from symloss.build.compiler import compile_spec
from symloss.build.verification import Report
from symloss.errors import SymlossError
from symloss.runtime.library import load_generated

#: Two axes of any length beside two short ones of fixed size.
AXES: dict[str, str | tuple[str, int]] = {
    "n": "batch",
    "k": "class",
    "p": "point",
    "c": ("coordinate", 2),
    "e": ("side", 3),
}
REDUCTIONS = ("sum", "sum", "mean", "max", "min", "logsumexp", "norm")
SHAPES = (
    *("{}",) * 3,
    *("exp({}/4)", "{}**2", "sin({})", "softplus({})", "abs({})", "tanh({})", "log(1 + {}**2)"),
    *("sqrt(1 + {}**2)", "max(0, {})", "sigmoid({})", "-{}"),
)
PAIRS = (
    *("({} + {})", "({} - {})", "{}*{}", "{}*{}", "({})/(2 + ({})**2)", "max({}, {})"),
    "where({} < {}, 1, 2)",
)


class Writer:
    """One random specification: inputs, arrays shared by all samples, labels, steps and a value that reads them all."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.axes = ["n", *sorted(self.random.sample(["k", "p", "c", "e"], self.random.randint(1, 3)))]
        self.inputs: dict[str, tuple[str, list[str]]] = {}
        for place in range(self.random.randint(1, 3)):
            self.inputs[f"x{place}"] = ("prediction", self.shape(place == 0 or self.random.random() < 0.6))
        self.inputs["y"] = ("target", self.shape(True))
        self.shapes = {name: shape for name, (_, shape) in self.inputs.items()}
        open_axes = [axis for axis in self.axes[1:] if isinstance(AXES[axis], str)]
        self.labelled = self.random.choice(open_axes) if open_axes and self.random.random() < 0.4 else None

    def shape(self, batch: bool) -> list[str]:
        inner = [axis for axis in self.axes[1:] if self.random.random() < 0.6]
        self.random.shuffle(inner)
        return ["n", *inner] if batch else inner

    def read(self, scope: list[str]) -> str:
        """An entry of an array: at the axes of the scope, at a number or a label, reduced over what is left."""
        name = self.random.choice(list(self.shapes))
        entries, left = [], []
        for axis in self.shapes[name]:
            size = AXES[axis]
            numbered = not isinstance(size, str) and self.random.random() < 0.25
            if numbered:
                entries.append(str(self.random.randrange(int(size[1]))))
            elif axis == self.labelled and "n" in scope and self.random.random() < 0.3:
                entries.append("label[n]")
            else:
                entries.append(axis)
                left += [] if axis in scope else [axis]
        found = f"{name}[{', '.join(entries)}]" if entries else name
        return f"{self.random.choice(REDUCTIONS)}[{', '.join(left)}]({self.shaped(found)})" if left else found

    def shaped(self, text: str) -> str:
        return self.random.choice(SHAPES).format(text)

    def expression(self, scope: list[str], depth: int = 0) -> str:
        if depth > 1 or self.random.random() < 0.3:
            return self.shaped(self.read(scope))
        pair = self.random.choice(PAIRS)
        return pair.format(self.expression(scope, depth + 1), self.expression(scope, depth + 1))

    def steps(self) -> list[str]:
        found = []
        for place in range(self.random.randint(1, 3)):
            out = self.shape(self.random.random() < 0.8)
            inner = [axis for axis in self.axes if axis not in out and axis != "n"]
            body = self.expression(out + inner)
            if inner:
                body = f"{self.random.choice(REDUCTIONS)}[{', '.join(inner)}]({body})"
            if "n" not in out and ("[n" in body or "label" in body):
                continue
            name = f"s{place}"
            found.append(f"{name}{'[' + ', '.join(out) + ']' if out else ''} = {body}")
            self.shapes[name] = out
        return found

    def text(self) -> str:
        steps = self.steps()
        inner = ", ".join(self.axes[1:])
        parts = [f"sum[{inner}]({self.expression(self.axes)} + {self.expression(self.axes)})"]
        for name, shape in self.shapes.items():
            rest = [axis for axis in shape if axis != "n"]
            read = f"{name}[{', '.join(shape)}]" if shape else name
            read = f"sin({read})" if name in self.inputs else read
            parts.append(f"sum[{', '.join(rest)}]({read})" if rest else read)
        lines = ["symloss: 1", "name: random", "title: Random", "axes:"]
        for axis in self.axes:
            size = AXES[axis]
            lines.append(f"  {axis}: {size if isinstance(size, str) else f'{{kind: {size[0]}, size: {size[1]}}}'}")
        lines.append("inputs:")
        for name, (role, shape) in self.inputs.items():
            lines.append(f'  {name}: {{axes: [{", ".join(shape)}], role: {role}, domain: "real"}}')
        if self.labelled:
            lines.append(f'  label: {{axes: [n], role: target, domain: "index({self.labelled})"}}')
            parts.append("number(label[n])")
        if steps:
            lines += ["define:", *(f'  - "{step}"' for step in steps)]
        return "\n".join([*lines, f'value: "{" + ".join(parts)}"', ""])


def fault(seed: int) -> str | None:
    """What is wrong with the kernels of one specification; a `SymlossError` where it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.yaml"
        path.write_text(Writer(seed).text(), encoding="utf-8")
        compiled = compile_spec(path)
        module = Path(folder) / f"random_{seed}.py"
        module.write_text(compiled.texts["cpu"], encoding="utf-8")
        report = Report()
        Comparison(compiled.derivation, load_generated(module), report).run()
        return None if report.passed else str(report.failure)


def examine(first: int, last: int) -> dict[str, object]:
    """Every seed from ``first`` to before ``last``."""
    agree, refused, faults = [], {}, {}
    for seed in range(first, last):
        try:
            found = fault(seed)
        except SymlossError as error:
            refused[seed] = str(error)
        except Exception as error:  # whatever a kernel raises is a finding
            faults[seed] = f"{type(error).__name__}: {error}"
        else:
            if found is None:
                agree.append(seed)
            else:
                faults[seed] = found
        if seed in faults:
            print(seed, faults[seed], Writer(seed).text(), sep="\n", file=sys.stderr, flush=True)
    return {"agree": agree, "refused": refused, "faults": faults}


if __name__ == "__main__":
    print(json.dumps(examine(*map(int, sys.argv[1:3]))))
