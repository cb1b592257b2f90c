"""Writes random specifications that use most of the language. The same seed gives the same text."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

#: Short axes have a size of their own.
AXES: dict[str, str | tuple[str, int]] = {
    "n": "batch",
    "m": "batch",
    "k": "class",
    "p": "point",
    "c": ("coordinate", 2),
    "e": ("side", 3),
}
BATCHES = ("n", "m")

REDUCTIONS = ("sum", "sum", "mean", "max", "min", "logsumexp", "norm")
#: Those of nothing are numbers, so that any guard may stand in them.
EMPTY_IS_FINITE = ("sum", "sum", "norm")
ALONG = ("softmax", "log_softmax", "cumsum", "sort", "rank")

SHAPES = (
    *("{}",) * 4,
    *("exp({}/4)", "{}**2", "sin({})", "softplus({})", "abs({})", "tanh({})", "log(1 + {}**2)", "atan({})"),
    *("sqrt(1 + {}**2)", "max(0, {})", "sigmoid({})", "-({})", "relu({})", "stop_gradient({})", "erf({})"),
    *("clamp({}, -1, 1)", 'clamp({}, -1/2, 2, slope=\\"pass\\")', "log(sigmoid({}))", "log(1 + exp({}))"),
)
PAIRS = (
    *("({} + {})", "({} - {})", "({})*({})", "({})*({})", "({})/(2 + ({})**2)", "max({}, {})", "min({}, {})"),
    *("where({} < {}, 1, 2)", "({} > {})", "huber({}, {}, delta=3/4)", "mse({}, {})"),
)


@dataclass(frozen=True)
class Array:
    """What may be read: an input, a parameter or a step, with its axes."""

    axes: tuple[str, ...]
    role: str = ""
    domain: str = "real"
    optional: str = ""


class Writer:
    """One random specification: inputs, arrays shared by all samples, labels, steps and values that read them all."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.inner = sorted(self.random.sample(["k", "p", "c", "e"], self.random.randint(1, 3)))
        self.batches = ["n", "m"] if self.chance(0.15) else ["n"]
        #: Second indices, by the axis that they run along.
        self.second = {axis: letter for axis, letter in zip("nkpce", "jqrst", strict=True) if self.doubled(axis)}
        self.arrays: dict[str, Array] = {}
        for place in range(self.random.randint(1, 3)):
            self.arrays[f"x{place}"] = Array(self.shape("n" if place == 0 or self.chance(0.6) else ""), "prediction")
        self.arrays["y"] = Array(self.shape("n"), "target", self.random.choice(["real", "real", "[0, 1]", "positive"]))
        if "m" in self.batches:
            self.arrays["u"] = Array(self.shape("m"), "prediction")
        self.label = self.random.choice(self.open_axes) if self.open_axes and self.chance(0.5) else ""
        self.conditions: dict[str, Array] = {}
        self.add_further_inputs()
        self.parameters = {f"a{place}": self.parameter() for place in range(self.random.choice([0, 0, 1, 2]))}
        self.arrays |= {name: Array(()) for name in self.parameters}
        missing = [axis for axis in self.open_axes if not any(axis in self.arrays[name].axes for name in self.required)]
        if missing:
            self.arrays["t"] = Array(("n", *missing), "target")
        self.used: set[str] = set()

    # --- what there is ---

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def doubled(self, axis: str) -> bool:
        """Whether an axis has a second index. That over the batch lets samples interact."""
        return (axis in self.inner and self.chance(0.3)) or (axis == "n" and self.chance(0.3))

    @property
    def open_axes(self) -> list[str]:
        return [axis for axis in self.inner if isinstance(AXES[axis], str)]

    @property
    def required(self) -> list[str]:
        """The inputs that every caller gives."""
        return [name for name, array in self.arrays.items() if array.role and not array.optional]

    def shape(self, batch: str) -> tuple[str, ...]:
        inner = [axis for axis in self.inner if self.chance(0.6)]
        self.random.shuffle(inner)
        return (batch, *inner) if batch else tuple(inner)

    def add_further_inputs(self) -> None:
        if self.chance(0.25):
            self.arrays["sign_of"] = Array(self.shape("n"), "target", '"{-1, 1}"')
        if self.chance(0.25):
            self.arrays["gain"] = Array(self.shape(""), "coefficient", "nonnegative", self.random.choice(["1", "1/2"]))
        if self.chance(0.3):
            self.conditions["flag"] = Array(self.shape("n"), self.random.choice(["target", "coefficient"]), "boolean")

    def parameter(self) -> str:
        default, domain = self.random.choice([("1", "positive"), ("1/2", '"(0, 1)"'), ("0", "real"), ("-3/4", "real")])
        return f"{{default: {default}, domain: {domain}}}"

    # --- expressions ---

    def root(self, letter: str) -> str:
        return next((axis for axis, second in self.second.items() if second == letter), letter)

    def entry(self, name: str, array: Array, scope: list[str]) -> tuple[str, list[str]] | None:
        """An entry at the indices in scope, and the axes to reduce over; None where the batch is not in scope."""
        entries, left = [], []
        for axis in array.axes:
            size = AXES[axis]
            here = [letter for letter in scope if self.root(letter) == axis]
            if axis in BATCHES and not here:
                return None
            if not isinstance(size, str) and self.chance(0.25):
                entries.append(str(self.random.randrange(size[1])))
            elif axis == self.label and "n" in scope and self.chance(0.3):
                entries.append("label[n]")
            elif here:
                entries.append(self.random.choice(here))
            else:
                entries.append(axis)
                left.append(axis)
        self.used.add(name)
        return f"{name}[{', '.join(entries)}]" if entries else name, left

    def read(self, scope: list[str]) -> str:
        """An entry of an array: at the axes of the scope, at a number or a label, reduced over what is left."""
        while True:
            name = self.random.choice(list(self.arrays))
            found = self.entry(name, self.arrays[name], scope)
            if found is not None:
                break
        text, left = found
        return self.reduced(left, scope, self.shaped(text)) if left else text

    def reduced(self, over: list[str], scope: list[str], body: str) -> str:
        operation = self.random.choice(REDUCTIONS)
        guards = self.guards(over, scope, operation in EMPTY_IS_FINITE) if self.chance(0.4) else []
        return f"{operation}[{', '.join([*over, *guards])}]({body})"

    def guards(self, over: list[str], scope: list[str], any_guard: bool) -> list[str]:
        """Conditions on the indices of a reduction. Some leave an item in any case, others may leave none."""
        inside = scope + over
        found = []
        for letter in over:
            root = self.root(letter)
            if root == self.label and "n" in scope:
                found.append(f"{letter} != label[n]")
            if root != letter and root in scope:
                found.append(f"{letter} != {root}")
                if any_guard:
                    found.append(f"{letter} {self.random.choice(['<', '<=', '>'])} {root}")
        if any_guard:
            found += [self.condition(inside)]
        return self.random.sample(found, 1) if found else []

    def condition(self, scope: list[str]) -> str:
        """Something true or false."""
        choices = [f"{self.plain(scope)} < {self.plain(scope)}", f"{self.plain(scope)} >= 1/4"]
        for name, array in self.conditions.items():
            found = self.entry(name, array, scope)
            if found is not None and not found[1]:
                choices += [found[0]] * 2
        for letter in scope:
            if self.root(letter) == self.label and "n" in scope:
                choices.append(f"{letter} == label[n]")
            if isinstance(AXES[self.root(letter)], str) and self.root(letter) not in BATCHES:
                choices.append(f"{letter} != 0")
        chosen = self.random.choice(choices)
        if self.chance(0.2):
            return f"not ({chosen})"
        return (
            f"{chosen} {self.random.choice(['and', 'or'])} {self.random.choice(choices)}"
            if self.chance(0.2)
            else chosen
        )

    def plain(self, scope: list[str]) -> str:
        """An entry of an array that needs no reduction, or a number."""
        found = [self.entry(name, array, scope) for name, array in self.arrays.items()]
        texts = [entry[0] for entry in found if entry is not None and not entry[1]]
        return self.random.choice(texts) if texts else "1/3"

    def shaped(self, text: str) -> str:
        return self.random.choice(SHAPES).format(text)

    def expression(self, scope: list[str], depth: int = 0) -> str:
        choice = self.random.random()
        if depth > 1 or choice < 0.25:
            return self.shaped(self.read(scope))
        if choice < 0.37:
            return self.nested(scope, depth)
        if choice < 0.45:
            a, b = self.expression(scope, depth + 1), self.expression(scope, depth + 1)
            return f"where({self.condition(scope)}, {a}, {b})"
        if choice < 0.5:
            return f"({self.condition(scope)})*({self.expression(scope, depth + 1)})"
        if choice < 0.55:
            return self.along(scope, depth)
        pair = self.random.choice(PAIRS)
        return pair.format(self.expression(scope, depth + 1), self.expression(scope, depth + 1))

    def nested(self, scope: list[str], depth: int) -> str:
        """A reduction over a further index, which may be the second one over an axis in scope."""
        free = [s for axis, s in self.second.items() if axis in scope and s not in scope]
        free += [axis for axis in self.inner if axis not in scope]
        if not free:
            return self.read(scope)
        over = self.random.choice(free)
        return self.reduced([over], scope, self.expression([*scope, over], depth + 1))

    def along(self, scope: list[str], depth: int) -> str:
        """A transformation along an axis, which stays free."""
        axis = self.random.choice([axis for axis in scope if axis in self.inner] or [""])
        found = [self.entry(name, array, scope) for name, array in self.arrays.items()]
        texts = [
            entry[0] for entry in found if entry is not None and not entry[1] and f"{axis}," in f"{entry[0][:-1]},"
        ]
        if not axis or not texts:
            return self.read(scope)
        body = f"{self.expression(scope, depth + 1)} + {self.random.choice(texts)}"
        return f"{self.random.choice(ALONG)}[{axis}]({body})"

    # --- the text ---

    def steps(self) -> list[str]:
        found = []
        for place in range(self.random.randint(1, 3)):
            out = list(self.shape("n" if self.chance(0.8) else ""))
            inner = [axis for axis in self.inner if axis not in out]
            shared = all(array.axes[:1] in (("n",), ("m",)) for array in self.arrays.values())
            if "n" not in out and shared:
                continue
            body = self.expression(out + inner)
            body = self.reduced(inner, out, body) if inner else body
            found.append(f"s{place}{'[' + ', '.join(out) + ']' if out else ''} = {body}")
            self.arrays[f"s{place}"] = Array(tuple(out))
        return found

    def value(self, batch: str) -> str:
        """The value of a sample, which reads every array of its batch and, with the first batch, what is shared."""
        scope = [batch, *self.inner]
        body = f"{self.expression(scope)} + {self.expression(scope)}"
        parts = [self.reduced(self.inner, [batch], body)]
        for name, array in (self.arrays | self.conditions).items():
            if array.axes[:1] == (batch,) or (batch == "n" and array.axes[:1] != ("m",)):
                rest = [axis for axis in array.axes if axis not in BATCHES]
                read = f"{name}[{', '.join(array.axes)}]" if array.axes else name
                read = f"({read} == 1)" if name in self.conditions else f"sin({read})" if array.role else read
                parts.append(f"sum[{', '.join(rest)}]({read})" if rest else read)
        return " + ".join(parts)

    def text(self) -> str:
        steps = self.steps()
        values = {batch: self.value(batch) for batch in self.batches}
        if self.label:
            values["n"] += " + number(label[n])"
        lines = ["symloss: 1", "name: random", "title: Random", "axes:"]
        for axis in [*self.batches, *self.inner]:
            size = AXES[axis]
            lines.append(f"  {axis}: {size if isinstance(size, str) else f'{{kind: {size[0]}, size: {size[1]}}}'}")
        written = " ".join([*steps, *values.values()])
        lines += [f"  {s}: like {axis}" for axis, s in self.second.items() if f"[{s}" in written]
        lines.append("inputs:")
        for name, array in (self.arrays | self.conditions).items():
            if array.role:
                domain = array.domain if array.domain.startswith('"') else f'"{array.domain}"'
                default = f", optional: {array.optional}" if array.optional else ""
                axes = ", ".join(array.axes)
                lines.append(f"  {name}: {{axes: [{axes}], role: {array.role}, domain: {domain}{default}}}")
        # The weight of a sample where there is one batch; not where samples interact.
        weighted = self.label and len(values) == 1 and "j" not in written and self.chance(0.4)
        if self.label:
            lines.append(f'  label: {{axes: [n], role: target, domain: "index({self.label})"}}')
        if weighted:
            lines.append(f"  cost: {{axes: [{self.label}], role: coefficient, domain: nonnegative, optional: 1}}")
        if self.parameters:
            lines += ["parameters:", *(f"  {name}: {parameter}" for name, parameter in self.parameters.items())]
        if steps:
            lines += ["define:", *(f'  - "{step}"' for step in steps)]
        if len(values) == 1:
            lines.append(f'value: "{values["n"]}"')
        else:
            lines += ["terms:", *(f'  of_{batch}: "{value}"' for batch, value in values.items())]
        return "\n".join([*lines, ""])
