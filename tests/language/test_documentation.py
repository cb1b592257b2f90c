"""Every fenced example of docs/language.md is read; the faulty ones get the message that stands below them."""

import re
from pathlib import Path

import pytest

from symloss.errors import SpecError
from symloss.language import PROPERTIES, SpecLibrary, parse_spec
from symloss.language.claim_reading import SCOPE_KEYS
from symloss.language.functions import FUNCTIONS
from symloss.language.names import NORMALISERS, REDUCTIONS, RESERVED

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "language.md").read_text()
BLOCKS = re.findall(r"^```yaml( claims)?\n(.*?)^```$", PAGE, re.M | re.S)
SPECS = [text for kind, text in BLOCKS if not kind]
CLAIMS = [
    (SPECS[sum(1 for before, _ in BLOCKS[:position] if not before) - 1], line)
    for position, (kind, text) in enumerate(BLOCKS)
    if kind
    for line in text.splitlines()
]


@pytest.fixture(scope="module")
def library():
    return SpecLibrary([ROOT / "specs"])


@pytest.mark.parametrize("text", [text for text in SPECS if "# error:" not in text], ids=lambda t: t.split()[3])
def test_example_is_read(text, library):
    spec = parse_spec(text, "example.yaml", library)
    assert spec.program.statements


@pytest.mark.parametrize("text", [text for text in SPECS if "# error:" in text], ids=lambda t: t.split()[3])
def test_faulty_example_gets_its_sentence(text, library):
    expected = text.rpartition("# error: ")[2].strip()
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "example.yaml", library)
    assert caught.value.message == expected


@pytest.mark.parametrize(("base", "claim"), CLAIMS, ids=[claim[3:40] for _, claim in CLAIMS])
def test_claim_example_is_read(base, claim, library):
    spec = parse_spec(f"{base}claims:\n  {claim}\n", "example.yaml", library)
    assert len(spec.claims) == 1
    assert spec.claims[0].property in PROPERTIES


def test_every_construct_is_on_the_page():
    assert [name for name in (*PROPERTIES, *SCOPE_KEYS) if not re.search(rf"`{name}[:`]", PAGE)] == []
    words = (*FUNCTIONS, *REDUCTIONS, *NORMALISERS, *RESERVED)
    assert [name for name in words if not re.search(rf"\b{name}\b", PAGE)] == []
    used = {spec_claim.split(":")[0].strip("- {") for _, spec_claim in CLAIMS}
    assert set(PROPERTIES) - used <= {"argmax", "strictly_concave"}
