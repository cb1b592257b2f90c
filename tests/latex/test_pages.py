import re
import shutil
import subprocess
from pathlib import Path

import pytest

from symloss.accuracy.record import accuracy_record, summary
from symloss.build.samples import draw, sizes_for
from symloss.build.sources import catalogue
from symloss.calculus import Derivation
from symloss.cli import run
from symloss.cli.arguments import derivation_of, read, read_path
from symloss.latex import page, result
from symloss.latex.statements import LINE_WIDTH
from symloss.latex.width import width
from symloss.oracle import evaluate
from symloss.program import Program

HOSTILE = r'''
symloss: 1
name: hostile
title: '\write18{touch pwned} """ {{ 7*7 }} <% raw %> << 7*7 >> $x$ %'
axes: {n: batch}
inputs:
  pred: {axes: [n], role: prediction, domain: real, doc: '\input{/etc/passwd} & # _ ^ ~ \'}
value: "pred[n]**2"
doc: '\end{document} \catcode`\%=12 ^^5cwrite'
claims:
  - {nonnegative: value, note: '\immediate\write18{ls}'}
references:
  - '\begin{verbatim} \def\x{\x}'
elsewhere:
  '\torch': '\csname end\endcsname'
'''

#: Every command that a page may contain, apart from mathematics.
OURS = {
    "ifdefined", "symlossbook", "else", "documentclass", "renewcommand", "thesection", "arabic",
    "input", "begin", "end", "fi", "section", "label",
    "subsection", "texttt", "emph", "newline", "fitted", "linewidth", "toprule", "midrule", "bottomrule", "endhead",
    "item", "sloppy", "expandafter", "stopsymloss", "textbackslash", "textasciicircum", "textasciitilde",
    "textless", "textgreater", "textbar", "ensuremath",
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("hostile") / "hostile.yaml"
    path.write_text(HOSTILE.lstrip(), encoding="utf-8")
    return str(path)


def test_a_page_says_where_no_class_holds() -> None:
    spec = read_path(catalogue()["noise_prediction"])
    derivation = derivation_of(spec)
    text = page(spec, derivation, summary(accuracy_record(spec, derivation)))
    assert text.count("; not where a sum over d in float64 leaves the range of the dtype before a factor") == 2


def test_text_of_a_specification_is_inert(hostile: str) -> None:
    spec = read_path(Path(hostile))
    text = page(spec, derivation_of(spec))
    assert "7*7" in text
    assert "49" not in text
    outside = re.sub(r"\\\[.*?\\\]|\$[^$]*\$", "", text.replace(r"\$", ""), flags=re.S)
    assert set(re.findall(r"\\([a-zA-Z]+)", outside)) <= OURS
    assert re.findall(r"\\(?:begin|end)\{(\w+)\}", outside).count("document") == 1
    assert "^^" not in text


@pytest.mark.parametrize("name", ["focal", "triplet_margin", "kl_gaussian"])
def test_no_formula_is_wider_than_a_line(name: str) -> None:
    spec = read(name)
    text = page(spec, derivation_of(spec))
    for equation in re.findall(r"\\\[\\fitted\{(.*?)\}\\\]\n", text, re.S):
        left, right = equation.split("&=", 1)
        for line in re.split(r"\\\\\n&\\quad ", right):
            assert width(left) + width(line) <= LINE_WIDTH + 5, equation


def balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"\\[{}]|[{}]", text):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("name", ["huber", "softmax_cross_entropy", "gan_discriminator", "info_nce", "dice", "listnet"])
def test_every_section_is_there(name: str) -> None:
    spec = read(name)
    text = page(spec, derivation_of(spec), {"value": {"class": "tight", "reason": "it is"}})
    sections = ("Definition", "Derivation", "Gradient", "Hessian", "Claims", "Kinks", "Numerics", "References")
    places = [text.index(rf"\subsection*{{{section}}}") for section in sections]
    assert places == sorted(places)
    assert balanced(text)
    assert text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right")
    assert text.count("not yet checked") == len(spec.claims)
    for tensor in spec.program.tensors:
        escaped = tensor.replace("_", r"\_")
        assert rf"\texttt{{{escaped}}}" in text


@pytest.mark.parametrize("name", ["huber", "bce_with_logits", "softmax_cross_entropy", "triplet_margin", "iou"])
@pytest.mark.parametrize("kind", ["gradient", "product"])
def test_a_result_in_one_formula_is_the_same_function(name: str, kind: str) -> None:
    derivation: Derivation = derivation_of(read(name))
    program: Program = getattr(derivation, kind)
    sizes = sizes_for(program, batch=4, other=3)
    values = draw(derivation.textbook, sizes, seed=7)
    inputs = dict(values)
    for tensor in program.tensors.values():
        if tensor.role == "direction":
            inputs[tensor.name] = {index: 0.5 + index[-1] for index in values[tensor.name.removeprefix("_v_")]}
    seeds = {t.name: {(i,): 1 for i in range(4)} for t in program.tensors.values() if t.role == "seed"}
    for key in program.outputs:
        if key.startswith(("grad ", "hvp ")):
            statement, parts = result(program, key)
            short = program.replacing(statements=(*parts, statement), outputs={key: statement.target})
            found = evaluate(short, sizes, inputs, precision=256)[key]
            expected = evaluate(program, sizes, inputs | seeds, precision=256)[key]
            assert found.keys() == expected.keys()
            for index, value in expected.items():
                assert abs(found[index] - value) <= abs(value) * 2.0**-150 + 2.0**-240


def test_docs_writes_pages_and_book(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", "huber", "mse", "iou", "--out", str(tmp_path)]) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["book.tex", "huber.tex", "iou.tex", "mse.tex", "preamble.tex"]
    book = (tmp_path / "book.tex").read_text()
    assert re.findall(r"\\(?:chapter|input)\{(\w+)\}", book) == [
        "preamble", "Regression", "huber", "mse", "Vision", "iou",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_book_and_a_page_compile(tmp_path: Path, hostile: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", *catalogue(), hostile, "--out", str(tmp_path)]) == 0
    for document in ("book", "hostile"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{document}.tex"]
        finished = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert finished.returncode == 0, finished.stdout[-2000:]
        log = (tmp_path / f"{document}.log").read_text(errors="replace")
        too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
        assert max(too_wide, default=0) < 5
    assert not (tmp_path / "pwned").exists()


def test_stored_verdicts_are_on_the_page() -> None:
    spec = read("huber")
    known = {
        "verdict": "proved",
        "scope": "all values",
        "engine": "composition",
        "summary": "a sum of 100 % convex terms",
    }
    text = page(spec, derivation_of(spec), verdicts={spec.claims[1].text: known})
    assert "proved: all values (composition)" in text
    assert r"a sum of 100 \% convex terms" in text
    assert text.count("not yet checked") == len(spec.claims) - 1
