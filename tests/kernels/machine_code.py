"""The innermost loops of compiled kernels, in LLVM's code and in the assembly of x86-64."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numba

#: How `_pairwise_sum_f32` adds what is left of quarters, at most three numbers: too few for packed instructions.
FEW_F32 = """\
    for i in range(count // 4 * 4, count):
        rest += np.float64(x[i])
"""


@dataclass(frozen=True)
class Loop:
    """An innermost loop.

    Attributes:
        name: the label of its first block.
        packed: instructions that compute with several floating-point numbers at a time.
        scalar: those that compute with one.
        calls: what it calls.
        leftover: it does what a packed or an unrolled loop of the same work leaves, or is a copy of an outer loop for
            when there is nothing for the inner ones to do.
    """

    name: str
    packed: int
    scalar: int
    calls: tuple[str, ...] = ()
    leftover: bool = False


def compiled(module: ModuleType, kernel: Any) -> tuple[str, str]:
    """LLVM's optimised code and the assembly of a kernel that was called before, without the sum of a few."""
    with open(module.__file__, encoding="utf-8") as file:
        text = file.read()
    assert text.count(FEW_F32) == text.count("def _pairwise_sum_f32("), (
        "the end in _pairwise_sum_f32 is worded otherwise"
    )
    without = text.replace(FEW_F32, "")
    # Under a name of its own: symbols of one name are taken for one another, those from Numba's cache included.
    space: dict[str, Any] = {"__name__": f"{module.__name__}_without_the_sum_of_few", "__file__": module.__file__}
    exec(compile(without, "<a kernel>", "exec"), space)
    options = {key: value for key, value in kernel.targetoptions.items() if key != "nopython"}
    # Machine code that was loaded from the cache cannot be inspected.
    fresh = numba.njit(**options)(space[kernel.__name__].py_func)
    fresh.compile(kernel.signatures[0])
    return fresh.inspect_llvm(kernel.signatures[0]), fresh.inspect_asm(kernel.signatures[0])


# --- graphs --------------------------------------------------------------------------------------------------------


def innermost(follow: Mapping[str, Collection[str]]) -> list[list[str]]:
    """The loops that hold no other: the blocks of each, in the order of the code, from who follows whom."""
    return nest(follow)[0]


def nest(follow: Mapping[str, Collection[str]]) -> tuple[list[list[str]], list[str]]:
    """The innermost loops, and the first block of every loop around them."""
    order = {name: place for place, name in enumerate(follow)}
    outer = []

    def within(nodes: set[str]) -> list[set[str]]:
        found = []
        for loop in _cycles(nodes, follow):
            entered = {after for name in follow if name not in loop for after in follow[name]} & loop
            # Where a loop has two entries, the one that stands first is its own, the other that of a loop inside.
            entry = min(entered or loop, key=order.__getitem__)
            inside = within(loop - {entry})
            found += inside or [loop]
            outer.extend([entry] if inside else [])
        return found

    return [sorted(loop, key=order.__getitem__) for loop in within(set(follow))], outer


def _cycles(nodes: set[str], follow: Mapping[str, Collection[str]]) -> list[set[str]]:
    """The strongly connected components of a part of a graph that hold an edge (Kosaraju)."""
    back: dict[str, list[str]] = {name: [] for name in nodes}
    for name in nodes:
        for after in follow[name]:
            if after in nodes:
                back[after].append(name)
    finished = _finished(nodes, follow, nodes)
    found, left = [], set(nodes)
    for name in reversed(finished):
        if name in left:
            part = set(_finished([name], back, left))
            left -= part
            if len(part) > 1 or name in follow[name]:
                found.append(part)
    return found


def _finished(starts: Iterable[str], follow: Mapping[str, Collection[str]], within: set[str]) -> list[str]:
    """The nodes that can be reached, each after those that are reached from it."""
    seen: set[str] = set()
    found: list[str] = []
    for start in starts:
        stack = [(start, iter(()))] if start not in seen else []
        seen.add(start)
        stack = [(start, iter(follow[start]))] if stack else []
        while stack:
            name, rest = stack[-1]
            after = next((a for a in rest if a in within and a not in seen), None)
            if after is None:
                found.append(name)
                stack.pop()
            else:
                seen.add(after)
                stack.append((after, iter(follow[after])))
    return found


# --- LLVM's code ---------------------------------------------------------------------------------------------------

_COMPUTES = re.compile(r"(?:%\S+ = )?(?:fadd|fsub|fmul|fdiv|frem|fneg|fcmp) (?:[a-z]+ )*(<)?")
_INTRINSIC = re.compile(
    r"@llvm\.(?:fma|fmuladd|sqrt|fabs|copysign|floor|ceil|trunc|rint|nearbyint|round|roundeven|max\w*|min\w*)"
    r"\.(v\d+)?f\d+"
)
_CALL = re.compile(r"(?:%\S+ = )?(?:\w+ )?(?:call|invoke) ")


def llvm_loops(code: str) -> list[Loop]:
    """The innermost loops of the kernel and of what it calls in LLVM's optimised code."""
    marks = dict(re.findall(r"^(!\d+) = (?:distinct )?!\{(.*)\}$", code, re.MULTILINE))
    found = []
    for name, text in re.findall(r"^define [^@]*@([\w.]+)\(.*?\{\n(.*?)^\}", code, re.MULTILINE | re.DOTALL):
        if re.match(r"cfunc|_ZN7cpython", name):
            continue
        blocks = {}
        for line in text.split("\n"):
            if label := re.match(r"([\w.$-]+):", line):
                blocks[label[1]] = list[str]()
            elif line.strip():
                next(reversed(blocks.values())).append(line.strip())
        follow = {
            name: [t for line in b for t in re.findall(r"\blabel %([\w.$-]+)", line)] for name, b in blocks.items()
        }
        loops, outer = nest(follow)
        # LLVM names copies of a block after it: B116, B116.us, B116.us27.
        around = {name.split(".")[0] for name in outer}
        found += [_llvm_loop(names, blocks, marks, names[0].split(".")[0] in around) for names in loops]
    return found


def _llvm_loop(names: list[str], blocks: Mapping[str, list[str]], marks: Mapping[str, str], emptied: bool) -> Loop:
    packed = scalar = 0
    calls, vectorised = [], False
    for line in (line for name in names for line in blocks[name]):
        if found := _COMPUTES.match(line) or _INTRINSIC.search(line):
            packed, scalar = packed + bool(found[1]), scalar + (not found[1])
        elif _CALL.match(line) and "@llvm." not in line:
            calls.append(line)
        # LLVM marks so both the packed loop and the one for what is left.
        for mark in re.findall(r"!llvm\.loop (!\d+)", line):
            vectorised |= any('"llvm.loop.isvectorized"' in marks[part] for part in re.findall(r"!\d+", marks[mark]))
    # So it calls what is left by unrolling; the unrolled loop stands beside it.
    unrolled = bool(re.search(r"\.(?:epil|prol)(?:\.|$)", names[0]))
    return Loop(names[0], packed, scalar, tuple(calls), not packed and (vectorised or unrolled or emptied))


# --- assembly ------------------------------------------------------------------------------------------------------

_ARITHMETIC = r"v?(?:add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)\d*|cmp\w*|u?comi)"
_PACKED, _SCALAR = re.compile(_ARITHMETIC + "p[sd]"), re.compile(_ARITHMETIC + "s[sd]")


def assembly_loops(assembly: str) -> list[Loop]:
    """The innermost loops of the kernel in assembly, without the wrapper by which Python calls it."""
    lines = [line.split("#")[0].strip() for line in assembly.splitlines()]
    first = next(n for n, line in enumerate(lines) if re.match(r"_ZN(?!7cpython)\S+:$", line))
    last = next(n for n, line in enumerate(lines) if line.startswith(".Lfunc_end") and n > first)
    blocks: dict[str, list[str]] = {"": []}
    name = ""
    for line in lines[first:last]:
        if re.match(r"[.\w$]+:$", line):
            name = line[:-1]
            blocks[name] = []
        elif line and not line.startswith("."):
            blocks[name].append(line)
            if re.match(r"j", line):  # a block ends with each jump
                name = f"{name}'"
                blocks[name] = []
    follow: dict[str, list[str]] = {}
    for (name, block), after in zip(blocks.items(), [*list(blocks)[1:], ""], strict=True):
        end = block[-1].split() if block else ["nop"]
        follow[name] = [end[-1]] if end[0].startswith("j") and end[-1] in blocks else []
        if after and not re.match(r"jmp|ret|ud2", end[0]):
            follow[name].append(after)
    found = []
    for names in innermost(follow):
        words = [line.split() for name in names for line in blocks[name]]
        packed, scalar = (sum(bool(kind.fullmatch(word[0])) for word in words) for kind in (_PACKED, _SCALAR))
        found.append(Loop(names[0], packed, scalar, tuple(" ".join(w) for w in words if w[0].startswith("call"))))
    return found


def kernels_of(module: ModuleType, entry: str, suffix: str) -> list[Any]:
    """The kernels of an entry point in one dtype that have been called."""
    with open(module.__file__, encoding="utf-8") as file:
        names = [node.name for node in ast.parse(file.read()).body if isinstance(node, ast.FunctionDef)]
    wanted = re.compile(rf"{entry}(_\d+)?(_short)?_{suffix}")
    return [getattr(module, name) for name in names if wanted.fullmatch(name) and getattr(module, name).signatures]
