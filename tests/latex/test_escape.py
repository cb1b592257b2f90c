import re

import pytest

from symloss.latex.escape import escape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50% of $5 & more", r"50\% of \$5 \& more"),
        (r"\write18{rm -rf}", r"\textbackslash{}write18\{rm -rf\}"),
        ("{{ config }} {% raw %}", r"\{\{ config \}\} \{\% raw \%\}"),
        ("a_b^c~d", r"a\_b\textasciicircum{}c\textasciitilde{}d"),
        ('"""', "''{}''{}''"),
        ("line\nbreak\t\x0bend", "line break end"),
        ("Mächler, Łukasz, Nesterović", r"M\"{a}chler, \L{}ukasz, Nesterovi\'{c}"),
        ("λ ≤ 2", r"\ensuremath{\lambda} \ensuremath{\le} 2"),
        ("ﬁne", "fine"),
        ("中", "U+4E2D"),
        ("a--b", "a-{}-b"),
        ("^^5cwrite", r"\textasciicircum{}\textasciicircum{}5cwrite"),
    ],
)
def test_text_is_set_as_it_reads(text: str, expected: str) -> None:
    assert escape(text) == expected


@pytest.mark.parametrize("code", range(1, 0x250))
def test_no_character_acts(code: int) -> None:
    result = escape(f"x{chr(code)}x")
    assert result.isascii()
    assert result.isprintable()
    without_commands = re.sub(r"\\ensuremath\{[^$%#&~]*\}|\\[A-Za-z]+|\\.", "", result)
    assert not re.search(r"[\\$%#&~_^]", without_commands)
    assert result.count("{") - result.count(r"\{") == result.count("}") - result.count(r"\}")


def test_commands_are_only_ours() -> None:
    text = "".join(f"\\{word}{{x}}" for word in ("input", "write", "immediate", "openout", "def", "csname", "catcode"))
    assert set(re.findall(r"\\[a-z]+", escape(text))) == {r"\textbackslash"}
