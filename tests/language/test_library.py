"""Names, circles, hashes."""

import pytest

from symloss.errors import SpecError
from symloss.language import SpecLibrary, parse_spec, read_spec

HEAD = (
    "symloss: 1\nname: {}\ntitle: T\naxes: {{n: batch}}\ninputs: {{x: {{axes: [n], role: prediction}}}}\nvalue: '{}'\n"
)


def write(folder, **values):
    for name, value in values.items():
        (folder / f"{name}.yaml").write_text(HEAD.format(name, value))
    return SpecLibrary([folder])


def test_circle_is_an_error(tmp_path):
    library = write(tmp_path, a="b(x[n])", b="c(x[n])", c="2*a(x[n])")
    with pytest.raises(SpecError) as caught:
        library.load("a")
    assert caught.value.message == "these losses call each other in a circle: a → b → c → a"
    assert caught.value.file.endswith("c.yaml")
    assert (caught.value.line, caught.value.column) == (6, 11)


def test_calling_oneself_is_a_circle(tmp_path):
    library = write(tmp_path, a="a(x[n])")
    with pytest.raises(SpecError, match="circle: a → a"):
        library.load("a")


def test_hash_is_transitive_and_normalised(tmp_path):
    library = write(tmp_path, a="b(x[n])", b="x[n]**2", c="x[n]")
    before = {name: library.load(name).hash for name in "abc"}
    path = tmp_path / "b.yaml"
    path.write_text("# a comment\n" + path.read_text().replace("title: T", 'title:   "T"'))
    assert {name: SpecLibrary([tmp_path]).load(name).hash for name in "abc"} == before
    path.write_text(path.read_text().replace("**2", "**4"))
    after = {name: SpecLibrary([tmp_path]).load(name).hash for name in "abc"}
    assert {name for name in "abc" if before[name] != after[name]} == {"a", "b"}


def test_files_beside_are_found_and_families_too(tmp_path):
    write(tmp_path, mine="other(x[n])", other="x[n]")
    assert read_spec(tmp_path / "mine.yaml").uses == ("other",)
    (tmp_path / "specs" / "family").mkdir(parents=True)
    write(tmp_path / "specs" / "family", deep="x[n]")
    library = SpecLibrary([tmp_path / "specs"])
    assert library.names() == ("deep",)
    assert library.load("deep").family == "family"
    with pytest.raises(LookupError):
        library.load("../mine")


def test_a_file_under_another_name_is_not_that_loss(tmp_path):
    library = write(tmp_path, mine="other(x[n])", other="x[n]")
    (tmp_path / "other.yaml").rename(tmp_path / "another.yaml")
    (tmp_path / "other.yaml").write_text(HEAD.format("third", "x[n]"))
    with pytest.raises(SpecError, match="no function or loss 'other'"):
        library.load("mine")


def test_fault_in_a_called_loss_names_its_file(tmp_path):
    library = write(tmp_path, mine="other(x[n])", other="q[n]")
    with pytest.raises(SpecError) as caught:
        library.load("mine")
    assert caught.value.file.endswith("other.yaml")


def test_whole_batch_loss_cannot_be_called(tmp_path):
    library = write(tmp_path, mine="other(x[n])", other="sum[n](x[n])")
    with pytest.raises(SpecError, match="one number for a whole batch"):
        library.load("mine")


def test_parse_without_library():
    spec = parse_spec(HEAD.format("a", "x[n]"))
    assert (spec.path, spec.family, len(spec.hash)) == (None, "", 64)
