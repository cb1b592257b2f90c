import sympy

from symloss.lowering.names import Names, with_safe_names
from symloss.program import Axis, AxisSymbol, Program, Read, Statement, Tensor


def test_each_name_is_handed_out_once():
    names = Names({"pred"})
    assert [names.fresh("pred"), names.fresh("pred"), names.fresh("t"), names.fresh("t")] == [
        "pred2",
        "pred3",
        "t1",
        "t2",
    ]


def test_python_words_and_the_kernels_own_names_are_never_handed_out():
    names = Names()
    assert names.fresh("lambda") != "lambda"
    assert names.fresh("row") != "row"


def test_a_specification_may_use_the_names_of_kernel_variables():
    row, samples = AxisSymbol("row"), Read("samples")
    program = Program(
        "clash",
        {"row": Axis("row", "batch")},
        {"weights": Tensor("weights", ("row",), "prediction"), "samples": Tensor("samples", (), "parameter")},
        (Statement("seed", ("row",), "map", Read("weights", (row,)) * samples),),
        {"value": "seed"},
    )
    safe, renamed = with_safe_names(program)
    assert renamed == {"row": "row_", "weights": "weights_", "samples": "samples_", "seed": "seed_"}
    assert str(safe.statements[0]) == "seed_[row_] = samples_*weights_[row_]"
    assert safe.outputs == {"value": "seed_"}
    assert safe.statements[0].body.free_symbols == {Read("samples_"), Read("weights_", (AxisSymbol("row_"),))}


def test_names_without_a_clash_stay():
    n = AxisSymbol("n")
    program = Program(
        "plain",
        {"n": Axis("n", "batch")},
        {"pred": Tensor("pred", ("n",), "prediction")},
        (Statement("value", ("n",), "map", Read("pred", (n,)) ** 2),),
        {"value": "value"},
    )
    safe, renamed = with_safe_names(program)
    assert safe is program
    assert not renamed
    assert safe.statements[0].body == sympy.Pow(Read("pred", (n,)), 2)
