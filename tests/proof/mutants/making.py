"""Claims that are nearly those of the catalogue: a constant off by one percent, strict for weak, another sign …"""

from __future__ import annotations

import copy
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from symloss.language import SpecLibrary, parse_spec
from symloss.language.spec import Spec
from symloss.runtime.locations import data_folder

#: Properties whose value is an expression about which an order is claimed.
ORDER = ("equals", "at_most", "at_least", "excess", "minimum", "maximum", "attained")
CURVED = {"convex": "concave", "concave": "convex", "strictly_convex": "strictly_concave"}
STRICT = {"convex": "strictly_convex", "concave": "strictly_concave", "nonnegative": "positive"}
#: Properties whose value may be an interval.
ENDS = ("in", "minimum", "maximum")
INTERVAL = re.compile(r"\s*([\[(])(.*),([^,]*)([\])])\s*")
#: What may be wrong with a claim.
KINDS = ("constant", "strict", "sign", "variable", "range", "condition")


@dataclass(frozen=True)
class Mutant:
    """A claim of a loss, changed.

    Attributes:
        loss: the loss.
        number: which of its claims.
        kind: what kind of change it is, of `KINDS`.
        fault: what was changed.
        claim: the changed claim, as the YAML file would hold it.
    """

    loss: str
    number: int
    kind: str
    fault: str
    claim: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.loss}-{self.number}-{self.fault}".replace(" ", "_")


def claims_of(path: Path) -> list[dict[str, Any]]:
    """The claims of a specification as plain mappings."""
    found = YAML(typ="safe").load(io.StringIO(path.read_text(encoding="utf-8")))
    return found.get("claims") or []


def with_claim(path: Path, claim: dict[str, Any]) -> Spec:
    """The specification with one claim instead of its own."""
    text = path.read_text(encoding="utf-8")
    block = f"claims:\n  - {json.dumps(claim, ensure_ascii=False)}\n"
    text = re.sub(r"^claims:\n(?:[ #].*\n|\n)*", lambda match: block, text, count=1, flags=re.M)
    return parse_spec(text, path.name, SpecLibrary([data_folder("specs"), path.parent]))


def mutants(path: Path) -> list[Mutant]:
    """Every mutant of every claim of a specification; that it is false is not said.

    In an order in which any number of the first ones is spread over the kinds of change and over the claims.
    """
    reals = _real_inputs(path)
    left = []
    for number, claim in enumerate(claims_of(path)):
        seen = [json.dumps(claim, sort_keys=True)]
        for kind, fault, changed in _changes(claim, reals):
            text = json.dumps(changed, sort_keys=True)
            if text not in seen:
                seen.append(text)
                left.append(Mutant(path.stem, number, kind, fault, changed))
    taken: Counter[str | int] = Counter()
    ordered = []
    while left:
        following = min(left, key=lambda mutant: (taken[mutant.kind], taken[mutant.number]))
        taken.update((following.kind, following.number))
        left.remove(following)
        ordered.append(following)
    return ordered


def _real_inputs(path: Path) -> list[str]:
    inputs = YAML(typ="safe").load(io.StringIO(path.read_text(encoding="utf-8")))["inputs"]
    return [name for name, given in inputs.items() if given.get("role") in ("prediction", "target")]


def _changes(claim: dict[str, Any], reals: list[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if claim.get("expect") == "refuted":
        yield "sign", "stated as true", {key: value for key, value in claim.items() if key != "expect"}
        return
    key = next(iter(claim))

    def changed(**new: Any) -> dict[str, Any]:
        return {**copy.deepcopy(claim), **new}

    def renamed(to: str, value: Any) -> dict[str, Any]:
        return {to: value, **{k: v for k, v in copy.deepcopy(claim).items() if k != key}}

    if key in ("nonnegative", "positive"):
        yield "constant", "a constant less", changed(**{key: f"({claim[key]}) - 1/100"})
        yield "sign", "sign", changed(**{key: f"-({claim[key]})"})
    if key == "zero":
        yield "constant", "a constant more", changed(**{key: f"({claim[key]}) + 1/100"})
    for part in ("equals", "constant", *ORDER):
        if part in ENDS and INTERVAL.fullmatch(str(claim.get(part))):
            continue
        if isinstance(claim.get(part), str | int | float) and claim[part] not in ("none", "oo", "-oo"):
            yield "constant", f"{part} off by 1 %", changed(**{part: f"({claim[part]})*99/100"})
            yield "constant", f"{part} off by 1 % upwards", changed(**{part: f"({claim[part]})*101/100"})
            yield "constant", f"{part} off by a constant", changed(**{part: f"({claim[part]}) + 1/100"})
            yield "constant", f"{part} less a constant", changed(**{part: f"({claim[part]}) - 1/100"})
            yield "sign", f"{part} of the other sign", changed(**{part: f"-({claim[part]})"})
            for one, other in pairwise(reals):
                swapped = changed(**{part: _swapped(str(claim[part]), one, other)})
                yield "variable", f"{part} with {one} and {other} swapped", swapped
    if key in STRICT:
        yield "strict", "strict for weak", renamed(STRICT[key], claim[key])
    if key in CURVED:
        yield "sign", "the other curvature", renamed(CURVED[key], claim[key])
        for other in reals:
            yield "variable", f"in {other} instead", changed(**{key: other})
        yield "variable", "in all variables", changed(**{key: reals})
    if key in ("at_most", "at_least"):
        yield "sign", "the other direction", renamed("at_least" if key == "at_most" else "at_most", claim[key])
    for part in ENDS:
        if isinstance(claim.get(part), str):
            yield from _intervals(changed, part, claim[part])
    if key in ("gradient", "monotone", "lipschitz") and "index" not in claim:
        for other in reals:
            yield "variable", f"of {other} instead", changed(**{key: other})
    if key == "zero_iff":
        yield "condition", "another condition", changed(zero_iff=_another_condition(str(claim[key])))
    for condition in ("when", "for", "sizes"):
        if condition in claim:
            yield "condition", f"without {condition}", {k: v for k, v in claim.items() if k != condition}
    if isinstance(claim.get("when"), list):
        for number in range(len(claim["when"])):
            rest = [part for i, part in enumerate(claim["when"]) if i != number]
            left = rest if len(rest) > 1 else rest[0] if rest else []
            yield "condition", f"without condition {number}", changed(when=left)


def _intervals(changed: Any, part: str, text: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    match = INTERVAL.fullmatch(text)
    if match is None:
        return
    left, low, high, right = match.groups()
    yield "range", "a narrower interval", changed(**{part: f"{left}({low}) + 1/100, ({high}) - 1/100{right}"})
    yield "range", "a lower interval", changed(**{part: f"{left}({low})*99/100, ({high})*99/100{right}"})
    yield "strict", "an interval open below", changed(**{part: f"({low}, {high}{right}"})
    yield "strict", "an interval open above", changed(**{part: f"{left}{low}, {high})"})
    yield "range", "an interval that ends earlier", changed(**{part: f"{left}{low}, ({high})*99/100{right}"})


def _another_condition(text: str) -> str:
    for old, new in ((">=", ">"), ("<=", "<"), ("==", "!="), (">", ">=")):
        if old in text:
            return text.replace(old, new, 1)
    return f"not ({text})"


def _swapped(text: str, one: str, other: str) -> str:
    pattern = rf"\b({re.escape(one)}|{re.escape(other)})\b"
    return re.sub(pattern, lambda match: other if match[0] == one else one, text)
