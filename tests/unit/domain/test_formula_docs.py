"""The page about formulas names every function of the catalogue and shows true results (P8)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tidemill.domain.formula import parse_formula, type_of
from tidemill.domain.formula.catalogue import CASTS, FUNCTIONS, REFUSED, Function, Kind
from tidemill.domain.formula.nodes import Literal
from tidemill.domain.formula_eval import evaluate

PAGE = (Path(__file__).parents[3] / "docs" / "formulas.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", PAGE, re.MULTILINE)
WORDS = {
    **dict.fromkeys((Kind.ANY, Kind.SAME, Kind.PRINTABLE), "value"),
    **dict.fromkeys((Kind.COUNT, Kind.INTEGER), "n"),
    Kind.TEXT: "text",
    Kind.TEMPORAL: "date",
    Kind.MOMENT: "timestamp",
    Kind.NUMBER: "number",
    Kind.FIXED_TEXT: "'text'",
    Kind.UNIT: "'unit'",
    Kind.PATTERN: "'pattern'",
    Kind.FORMAT: "'format'",
}


def row(function: Function) -> str:
    """The line of the page's tables about a function; aliases are named at its end."""
    names = [WORDS[k] for k in function.parameters]
    required, optional = names[: function.fewest], names[function.fewest :]
    call = f"{function.name}({', '.join(required)}{''.join(f'[, {o}]' for o in optional)}{', …' if function.repeats else ''})"
    also = f"; also {', '.join(f'`{a}`' for a in function.aliases)}" if function.aliases else ""
    return f"| `{call}` | {function.summary}{also} |"


@pytest.mark.parametrize("function", [f for f in FUNCTIONS.values() if f.name not in ("in", "between")], ids=lambda f: f.name)
def test_every_function_has_its_line(function: Function) -> None:
    assert row(function) in PAGE


@pytest.mark.parametrize("name", [*CASTS, *(n for n in REFUSED if not n.startswith("__"))])
def test_casts_and_refused_names_are_mentioned(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize(("text", "result"), SHOWN)
def test_the_results_shown_are_those_given(text: str, result: str) -> None:
    formula, expected = parse_formula(text), parse_formula(result).root
    assert isinstance(expected, Literal)
    assert evaluate(formula, {}) == expected.value
    assert expected.value is None or type_of(formula, {}) == type_of(parse_formula(result), {})
