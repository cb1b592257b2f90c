"""One specification through the whole pipeline: text in, text of a generated file and its manifest entry out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sympy

from symloss.accuracy.record import accuracy_record
from symloss.build.manifest import REQUIRED, Entry, source_hash
from symloss.build.sources import data_folder, digest, generator_hash
from symloss.calculus import derive
from symloss.emit import BACK_ENDS
from symloss.errors import SymlossError
from symloss.language import Spec, SpecLibrary, read_spec
from symloss.program import Program


@dataclass(frozen=True)
class Compiled:
    """A specification, its derivation, the text of its kernels by back end, and the entry for the manifest."""

    spec: Any
    derivation: Any
    texts: Mapping[str, str]
    entry: Entry

    @property
    def text(self) -> str:
        """The text of the CPU kernels."""
        return self.texts[REQUIRED]


def compile_spec(path: Path) -> Compiled:
    """Read, derive and emit one specification. Nothing is written.

    Raises:
        SpecError: the specification is at fault.
        SymlossError: it cannot be compiled; the message says why.
    """
    library = SpecLibrary([data_folder("specs")])
    spec = read_spec(path, library)
    try:
        derivation = derive(spec.program, spec.differentiate)
        texts, without = _emitted(spec, derivation)
    except SymlossError:
        raise
    except SyntaxError as error:
        raise SymlossError(f"{path}: the code generated for {spec.name} is not Python: {error.msg}") from None
    except RecursionError:
        raise SymlossError(f"{path}: the formula of {spec.name} is nested too deeply to be compiled") from None
    uses = _closure(spec, library.including(path.resolve().parent))
    programs = programs_of(derivation)
    entry = Entry(
        title=spec.title,
        source=source_hash(path, uses) or "",
        uses=uses,
        specification=spec.hash,
        generator=generator_hash(),
        output=digest([texts[REQUIRED]]),
        further={name: digest([text]) for name, text in texts.items() if name != REQUIRED},
        without=without,
        operations={name: count_operations(program) for name, program in programs.items()},
        statements={name: len(program.statements) for name, program in programs.items()},
        accuracy=accuracy_record(spec, derivation),
        rewrites=tuple(derivation.rewrites),
    )
    return Compiled(spec, derivation, texts, entry)


def _emitted(spec: Spec, derivation: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The text of every back end that has kernels for a loss, and why the others have none."""
    texts: dict[str, str] = {}
    without: dict[str, str] = {}
    for name, emit in BACK_ENDS.items():
        try:
            texts[name] = emit(spec, derivation)
        except SymlossError as error:
            if name == REQUIRED:
                raise
            without[name] = str(error)
            continue
        except Exception as error:
            # Whatever is wrong with a further back end, the CPU's kernels are there.
            if name == REQUIRED or os.environ.get("SYMLOSS_TRACEBACK"):
                raise
            without[name] = f"defect of symloss: {type(error).__name__}: {error}"
            continue
        # Names of a specification may clash with those of the emitter; such a file must never replace a good one.
        compile(texts[name], f"{spec.name}.py", "exec")
    return texts, without


def _closure(spec: Spec, library: SpecLibrary) -> tuple[str, ...]:
    """The names of the specifications that a formula calls, directly or through others."""
    found: set[str] = set()
    pending = list(spec.uses)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += library.load(name, claims=False).uses
    return tuple(sorted(found))


def programs_of(derivation: Any) -> dict[str, Program]:
    """The derived programs by what they compute; without the Hessian diagonal where it is refused."""
    found = {
        "value": derivation.stable,
        "gradient": derivation.gradient,
        "hessian-vector product": derivation.product,
        "hessian diagonal": derivation.diagonal,
    }
    return {name: program for name, program in found.items() if program is not None}


def count_operations(program: Program) -> int:
    """Arithmetic operations and function calls in the bodies and guards of a program, each counted once."""
    return sum(
        int(sympy.count_ops(statement.body) + sympy.count_ops(statement.guard)) + (statement.operation != "map")
        for statement in program.statements
    )
