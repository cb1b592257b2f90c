"""Each file of tests/specs_bad holds one fault and, in its last line, the place and the sentence that it gets."""

import time
from pathlib import Path

import pytest

from symloss.errors import SpecError
from symloss.language import SpecLibrary, parse_spec, read_spec

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "tests" / "specs_bad").glob("*.yaml"))


@pytest.fixture(scope="module")
def library():
    return SpecLibrary([ROOT / "specs"])


def test_there_are_faulty_specifications():
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_fault_is_found_with_place_and_caret(path, library):
    text = path.read_text()
    line, column, message = text.rpartition("# error: ")[2].strip().split(":", 2)
    start = time.process_time()
    with pytest.raises(SpecError) as caught:
        parse_spec(text, path.name, library)
    assert time.process_time() - start < 1
    error = caught.value
    assert (error.line, error.column, error.message) == (int(line), int(column), message.strip())
    assert str(error).startswith(f"{path.name}:{line}:{column}: {message.strip()}")
    shown = str(error).split("\n")
    if len(shown) > 1:
        faulty = text.split("\n")[int(line) - 1]
        assert len(shown) == 3
        # The character above the caret is the character at the column of the file.
        assert (shown[1] + " ")[len(shown[2]) - 1] == (faulty + " ")[int(column) - 1].replace("\t", " ")


SPEC = """symloss: 1
name: one
title: T
axes: {{n: batch}}
inputs: {{x: {{axes: [n], role: prediction}}}}
value: {}
"""


def place_of(text):
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "f.yaml", SpecLibrary())
    lines = text.split("\n")
    return lines[caught.value.line - 1][caught.value.column - 1 :]


@pytest.mark.parametrize(
    "scalar",
    [
        "x[n] + bad",
        "'x[n] + bad'",
        '"x[n] + bad"',
        '"x[n] \\x2b bad"',
        '"x[n] + \\\n  bad"',
        "|\n  x[n]\n  + bad",
        ">-\n  x[n] +\n  2 +\n\n  bad",
        "'x[n]\n  +\n\n  bad'",
        "x[n] +\n  2*\n  bad",
    ],
)
def test_place_in_every_style_of_scalar(scalar):
    rest = place_of(SPEC.format(scalar))
    assert rest.rstrip("'\"") == "bad"


def test_long_lines_are_shown_in_part():
    with pytest.raises(SpecError) as caught:
        parse_spec(SPEC.format('"' + "x[n] + " * 200 + 'bad"'), "f.yaml", SpecLibrary())
    _, shown, caret = str(caught.value).split("\n")
    assert len(shown) < 130
    assert shown[len(caret) - 1 :].startswith("bad")


def test_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(SpecError, match="cannot read the file"):
        read_spec(tmp_path / "none.yaml", SpecLibrary())


def test_not_utf8(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"symloss: 1\nname: \xff\n")
    with pytest.raises(SpecError) as caught:
        read_spec(path, SpecLibrary())
    assert (caught.value.line, caught.value.column) == (2, 7)
