import pytest

from symloss.atoms import And, Equal, LessEqual, Not, Or, Where, ZeroTimes
from symloss.atoms.text import bare, plain
from symloss.program import Read, exact_arithmetic

with exact_arithmetic():
    A, B = Read("a", ()), Read("b", ())
    CASES = [
        (Where(And(Equal(A, 0), Equal(B, 1)), A, B), "where((a == 0) and (b == 1), a, b)"),
        (Where(Or(Not(Equal(A, 0)), LessEqual(A, B)), A, B), "where((not (a == 0)) or (a <= b), a, b)"),
        (Where(Equal(A, 0), 0, ZeroTimes(A + 1, B)), "where(a == 0, 0, (a + 1)*b)"),
        (ZeroTimes(A, B) ** 2, "(a*b)**2"),
        (1 / ZeroTimes(A, B), "1/(a*b)"),
        (-ZeroTimes(A, B), "-a*b"),
        (A - B, "a - b"),
    ]


@pytest.mark.parametrize(("expression", "text"), CASES)
def test_text_is_that_of_the_specification_language(expression, text):
    assert plain(expression) == text


@pytest.mark.parametrize(
    ("text", "expected"), [("(a)", "a"), ("(a) and (b)", "(a) and (b)"), ("((a) or (b))", "(a) or (b)"), ("", "")]
)
def test_only_parentheses_that_belong_together_are_taken_off(text, expected):
    assert bare(text) == expected
