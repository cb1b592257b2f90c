"""The accuracy class where users look for it: in the generated file and in the help of a loss."""

import ast

import pytest

from symloss.accuracy import accuracy_record
from symloss.emit import emit_loss

from .catalogue import derivation_of, spec_of


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("mse", "Accuracy: value, value_and_grad, grad_hess_diag, hvp tight."),
        (
            "bce",
            "Accuracy: value tight; value_and_grad, grad_hess_diag cancelling (tight at the ends of y);"
            " hvp conditioned (tight at the ends of y).",
        ),
    ],
)
def test_a_generated_file_states_the_class_of_every_entry_point(name, line):
    text = emit_loss(spec_of(name), derivation_of(name))
    tree = ast.parse(text)
    assert line in " ".join((ast.get_docstring(tree) or "").split())
    assigned = next(node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "META")
    stated = ast.literal_eval(assigned.value)["accuracy"]
    record = accuracy_record(spec_of(name), derivation_of(name))
    assert {entry: found["class"] for entry, found in stated.items()} == {e: f["class"] for e, f in record.items()}
    assert all(len(found["reason"]) > 20 for found in stated.values())
