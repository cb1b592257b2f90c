"""The JSON Schema of a specification file, for editors. The checks that matter are the parser's own."""

from __future__ import annotations

from typing import Any

from symloss.language import claims as claim_language

_EXPRESSION = {"type": ["string", "number"]}
_TEXT = {"type": ["string", "number"]}
_NAMES = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_NAME_PATTERN = "^[A-Za-z][A-Za-z0-9_]*$"


def json_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) that every valid specification satisfies."""
    from symloss.language.annexes import ACCURACY_CLASSES, REFERENCE_KEYS
    from symloss.program import INPUT_ROLES

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "symloss specification",
        "type": "object",
        "required": ["symloss", "name", "title", "axes", "inputs"],
        "oneOf": [{"required": ["value"]}, {"required": ["terms"]}],
        "additionalProperties": False,
        "properties": {
            "symloss": {"enum": [1, "1"], "description": "version of the language; the first key"},
            "name": {"type": "string", "pattern": _NAME_PATTERN, "description": "the public name of the loss"},
            "title": {**_TEXT, "description": "one line for people"},
            "doc": {**_TEXT, "description": "free text"},
            "axes": _mapping(_axis(), "index letters and what they run over"),
            "inputs": _mapping(_input(INPUT_ROLES), "arrays, in the order of the function's arguments"),
            "parameters": _mapping(_parameter(), "scalars with a default"),
            "constraints": _list(_EXPRESSION, "conditions on inputs, parameters and sizes"),
            "define": _list({"type": "string"}, 'steps, "name[n, k] = expression"'),
            "slopes": _mapping(_TEXT, "the declared slope at the kinks of a step or term"),
            "value": {**_EXPRESSION, "description": "the value of one sample"},
            "terms": _mapping(_EXPRESSION, "several values, each with its own batch axis"),
            "weight": {
                "oneOf": [_EXPRESSION, {"type": "object", "additionalProperties": _EXPRESSION}],
                "description": "the intrinsic weight of a sample",
            },
            "differentiate": {**_NAMES, "description": "further inputs and parameters to differentiate"},
            "claims": _list(_claim(), "statements that the prover settles"),
            "accuracy": {
                "type": "object",
                "required": ["class", "reason"],
                "additionalProperties": False,
                "properties": {"class": {"enum": list(ACCURACY_CLASSES)}, "reason": _TEXT},
            },
            "references": _list(
                {
                    "oneOf": [
                        {"type": "string"},
                        {
                            "type": "object",
                            "required": ["title"],
                            "additionalProperties": False,
                            "properties": {
                                key: {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]} for key in REFERENCE_KEYS
                            },
                        },
                    ]
                },
                "where the loss comes from",
            ),
            "elsewhere": {
                "type": "object",
                "additionalProperties": _TEXT,
                "description": "library: how its loss relates to this one",
            },
        },
    }


def _mapping(values: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": _NAME_PATTERN},
        "additionalProperties": values,
        "description": description,
    }


def _list(values: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": values, "description": description}


def _axis() -> dict[str, Any]:
    return {
        "oneOf": [
            {"type": "string", "description": "batch, a label such as class, or `like i`"},
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "kind": {"type": "string"},
                    "like": {"type": "string"},
                    "size": {"type": "integer", "minimum": 1},
                    "span": {"enum": ["many"]},
                    "doc": _TEXT,
                },
            },
        ]
    }


def _input(roles: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["axes", "role"],
        "additionalProperties": False,
        "properties": {
            "axes": {"type": "array", "items": {"type": "string"}},
            "role": {"enum": list(roles)},
            "domain": {
                "type": "string",
                "description": 'real, positive, "[0, 1]", "{-1, 1}", "index(k)", "simplex(k)" …',
            },
            "optional": {**_TEXT, "description": "the constant that stands for an absent coefficient"},
            "doc": _TEXT,
        },
    }


def _parameter() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["default"],
        "additionalProperties": False,
        "properties": {"default": _TEXT, "domain": {"type": "string"}, "doc": _TEXT},
    }


def _claim() -> dict[str, Any]:
    """One property key and the scope keys."""
    anything = {"type": ["string", "number", "array", "object"]}
    keys = {key for rule in claim_language.PROPERTIES.values() for key in rule.keys}
    properties: dict[str, Any] = dict.fromkeys(sorted({*keys, *claim_language.PROPERTIES}), anything)
    properties |= {
        "of": _EXPRESSION,
        "when": {"oneOf": [_EXPRESSION, {"type": "array", "items": _EXPRESSION}]},
        "for": {"type": "object", "additionalProperties": _TEXT},
        "sizes": {"type": "object"},
        "let": {"type": "object"},
        "substitute": {"type": "object", "additionalProperties": _EXPRESSION},
        "witness": {"type": "object"},
        "note": _TEXT,
        "expect": {"enum": ["holds", "refuted"]},
        "direction": {"enum": list(claim_language.DIRECTIONS)},
        "invariant": {"enum": list(claim_language.TRANSFORMATIONS)},
        "equivariant": {"enum": list(claim_language.TRANSFORMATIONS)},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "anyOf": [{"required": [name]} for name in claim_language.PROPERTIES],
    }
