"""The JSON Schema admits every valid specification and knows every key of the parser."""

from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from symloss.language import json_schema
from symloss.language.parsing import KEYS

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / "specs").glob("*/*.yaml"), *(ROOT / "tests" / "user_specs").glob("*.yaml")])
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert set(json_schema()["properties"]) == set(KEYS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_specifications_conform(path):
    VALIDATOR.validate(YAML(typ="safe", pure=True).load(path.read_text()))


@pytest.mark.parametrize(
    "name", ["unknown_key", "unknown_role", "value_and_terms", "missing_key", "claim_bad_key", "value_mapping"]
)
def test_schema_refuses_what_it_can(name):
    text = (ROOT / "tests" / "specs_bad" / f"{name}.yaml").read_text()
    assert list(VALIDATOR.iter_errors(YAML(typ="safe", pure=True).load(text)))
