"""The re-check shares no engine with the prover: neither by import nor in what it loads to work."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import symloss

PACKAGE = Path(symloss.__file__).parent
RECHECK = PACKAGE / "proof" / "recheck"
#: What reads claims, what stores verdicts, and the process of cvc5. Everything else of the prover makes evidence.
SHARED = {
    "symloss.proof.admissible",
    "symloss.proof.claim_terms",
    "symloss.proof.closing",
    "symloss.proof.derivatives",
    "symloss.proof.facts",
    "symloss.proof.formulation",
    "symloss.proof.goals",
    "symloss.proof.moves",
    "symloss.proof.problems",
    "symloss.proof.second_solver",
    "symloss.proof.store",
    "symloss.proof.terms",
}

RUN = """
import sys
from pathlib import Path
from symloss.proof.recheck import recheck_file
found = recheck_file(Path(sys.argv[1]), Path(sys.argv[2]))
assert [outcome.word for outcome in found.outcomes] == ["ok", "ok", "ok"], found.outcomes
print("\\n".join(name for name in sys.modules if name.startswith("symloss.proof.")))
"""


def imported(path: Path) -> set[str]:
    """The modules of the prover that a module's text imports, at its head or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "symloss.proof" else []
            found |= set(names) or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("symloss.proof") and not name.startswith("symloss.proof.recheck")}


def test_the_text_imports_only_what_reads_claims() -> None:
    modules = sorted(RECHECK.glob("*.py"))
    assert len(modules) > 5
    for path in modules:
        assert imported(path) <= SHARED, path.name


def test_no_engine_is_loaded_while_evidence_is_re_checked(tmp_path: Path) -> None:
    from symloss.proof.proving import prove_file

    path = tmp_path / "probe.yaml"
    path.write_text(
        """symloss: 1
name: probe
title: A loss for tests
axes: {n: batch}
inputs:
  x: {axes: [n], role: prediction, domain: real}
value: "softplus(x[n]) + x[n]**2"
claims:
  - {nonnegative: value}
  - {convex: x}
  - {concave: x, expect: refuted}
""",
        encoding="utf-8",
    )
    prove_file(path, tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", RUN, str(path), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    loaded = {name for name in run.stdout.split() if not name.startswith("symloss.proof.recheck")}
    assert loaded <= SHARED, loaded - SHARED
