import pytest
import sympy

from symloss.atoms import And, Equal, Less, NotEqual, Sigmoid, Where
from symloss.latex import StatementPrinter
from symloss.latex.abbreviations import Abbreviations
from symloss.latex.names import Names, symbol
from symloss.latex.statements import LINE_WIDTH
from symloss.latex.width import width
from symloss.program import Axis, AxisSymbol, Program, Read, SizeSymbol, Statement, exact_arithmetic

N, K, J = (AxisSymbol(name) for name in "nkj")
Z, ZJ, Y = Read("z", (N, K)), Read("z", (N, J)), Read("y", (N,), True)
AXES = {"n": Axis("n", "batch"), "k": Axis("k", "class"), "j": Axis("j", "class", like="k")}


def latex(statement: Statement) -> str:
    return StatementPrinter(Program("p", AXES, {}, (statement,), {})).equation(statement).latex()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("z", "z"),
        ("mu1", r"\mu_{1}"),
        ("logvar2", r"\mathrm{logvar}_{2}"),
        ("alpha_bar", r"\bar{\alpha}"),
        ("x_hat", r"\hat{x}"),
        ("pred_bar", r"\overline{\mathrm{pred}}"),
        ("p_t", "p_{t}"),
        ("s_pos", r"s_{\mathrm{pos}}"),
        ("class_weight", r"\mathrm{class\_weight}"),
        ("lam", r"\lambda"),
        ("t1_others", r"t_{1, \mathrm{others}}"),
        ("value", r"\ell"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert symbol(name).latex() == expected


def test_derived_names_are_recognised_only_where_nobody_declared_them() -> None:
    assert Names(declared={"z"}).symbol("d_z").latex() == r"\overline{z}"
    assert Names(declared={"d_real"}).symbol("d_real").latex() == r"d_{\mathrm{real}}"
    assert Names().symbol("d_z").latex() == "d_{z}"
    assert Names().symbol("_seed_real").latex() == r"\overline{\ell}_{\mathrm{real}}"
    assert Names().symbol("_v_pred").latex() == r"v^{\mathrm{pred}}"


def test_indices_join_the_subscript() -> None:
    assert symbol("mu1").latex(("n", "k")) == r"\mu_{1, nk}"
    assert latex(Statement("value", ("n",), "map", Read("z", (N, Y)))) == r"\ell_{n} &= z_{n, y_{n}}"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (Statement("t", ("n",), "sum", Z, ("k",)), r"t_{n} &= \sum_{k=0}^{K-1} z_{nk}"),
        (
            Statement("t", ("n",), "logsumexp", ZJ, ("j",), NotEqual(J, Y)),
            r"t_{n} &= \log \sum_{\substack{0 \le j < K \\ j \ne y_{n}}} \exp\left(z_{nj}\right)",
        ),
        (Statement("t", ("n",), "max", Z - 1, ("k",)), r"t_{n} &= \max_{0 \le k < K} \left(z_{nk} - 1\right)"),
        (Statement("t", ("n",), "norm", Z, ("k",)), r"t_{n} &= \sqrt{\sum_{k=0}^{K-1} z_{nk}^{2}}"),
        (Statement("t", ("n", "k"), "map", Equal(K, Y)), r"t_{nk} &= \left[k = y_{n}\right]"),
        (
            Statement("t", ("n", "k"), "map", 2 * Where(And(Less(Z, 1), Less(0, Z)), Z, 0)),
            r"t_{nk} &= 2 \left(\begin{cases} z_{nk} & \text{if } z_{nk} < 1\text{ and }0 < z_{nk} \\ "
            r"0 & \text{otherwise} \end{cases}\right)",
        ),
        (Statement("t", (), "map", SizeSymbol("j") * Sigmoid(Read("d"))), r"t &= K \, \sigma\left(d\right)"),
    ],
)
def test_statements(statement: Statement, expected: str) -> None:
    assert latex(statement).replace(r" \, \sigma", r" \, \sigma") == expected


def test_a_fixed_size_is_a_number_and_a_taken_capital_is_avoided() -> None:
    axes = {"n": Axis("n", "batch"), "c": Axis("c", "coordinate", size=4), "i": Axis("i", "item")}
    box, item = Read("b", (N, AxisSymbol("c"))), Read("x", (AxisSymbol("i"),))
    statements = (
        Statement("I", ("n",), "sum", box, ("c",)),
        Statement("s", (), "sum", item, ("i",)),
    )
    printer = StatementPrinter(Program("p", axes, {}, statements, {}))
    assert r"\sum_{c=0}^{3}" in printer.equation(statements[0]).latex()
    assert r"\sum_{i=0}^{\lvert i \rvert-1}" in printer.equation(statements[1]).latex()


def test_a_negative_term_comes_last() -> None:
    with exact_arithmetic():
        assert latex(Statement("t", ("n",), "map", Read("b", (N,)) - Read("a", (N,)))) == "t_{n} &= b_{n} - a_{n}"


def test_long_formulas_are_broken_into_lines_that_hold_everything() -> None:
    with exact_arithmetic():
        terms = [Read(f"term{number}", (N,)) for number in range(24)]
        printer = StatementPrinter(Program("p", AXES, {}, (), {}))
        for whole in (sympy.Add(*terms), 3 * sympy.Add(*terms), Where(Less(0, terms[0]), sympy.Add(*terms), 0)):
            lines = printer.broken(whole)
            text = " ".join(lines)
            assert all(f"_{{{number}, n}}" in text for number in range(24))
            assert text.count(r"\Bigl(") == text.count(r"\Bigr)")
            if not isinstance(whole, Where):
                assert len(lines) > 1
                assert max(map(width, lines)) <= LINE_WIDTH


def test_wide_parts_get_a_symbol_of_their_own_and_nothing_is_lost() -> None:
    """What the symbols stand for, put back, is the formula that was there."""
    with exact_arithmetic():
        sign = Where(Equal(Y, 1), 1, -1)
        body = Sigmoid(sign * Z) * (Z - ZJ) ** 2 * Sigmoid(-sign * ZJ) / (1 + Sigmoid(sign * Z) + sympy.exp(sign * Z))
        whole = Statement("t", ("n", "k", "j"), "map", body * (1 + sympy.exp(-body)))
        printer = StatementPrinter(Program("p", AXES, {}, (whole,), {}))
        first, *parts = Abbreviations(printer.program, printer.expressions.doprint).taken_apart(
            whole, lambda statement: width(printer.expressions.doprint(statement.body)) < 30
        )
        assert len(parts) >= 2
        assert all(set(part.out) <= {"n", "k", "j"} for part in parts)
        names = {part.target: part.body for part in parts}
        while names.keys() & {read.tensor for read in first.body.atoms(Read)}:
            reads = {read: names[read.tensor] for read in first.body.atoms(Read) if read.tensor in names}
            first = Statement(first.target, first.out, "map", first.body.xreplace(reads))
        assert first == whole
