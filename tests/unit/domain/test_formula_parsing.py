"""Column formulas are read by an allow-list and everything else is refused by name (P8, P9)."""

from __future__ import annotations

import time
from datetime import date

import pytest

from tidemill.domain.formula import Binary, Call, Cast, Column, If, Literal, Unary, formula_of, parse_formula, unparse
from tidemill.domain.formula.parser import MAX_DEPTH
from tidemill.domain.table_schema import ColumnType
from tidemill.errors import FormulaError


def test_braces_and_bare_words_name_the_same_column() -> None:
    assert parse_formula("{unit_price} * {quantity}").root == parse_formula("unit_price * quantity").root


def test_a_name_in_braces_may_have_any_characters() -> None:
    assert parse_formula("{Amount (EUR) – netto} / 2").columns == ("Amount (EUR) – netto",)


def test_columns_are_listed_in_order_of_first_use() -> None:
    assert parse_formula("b + a * b - {c d}").columns == ("b", "a", "c d")


def test_a_quoted_text_is_never_a_column() -> None:
    assert parse_formula('"price"').root == Literal("price")


def test_a_quote_is_written_twice_inside_a_text() -> None:
    assert parse_formula("'it''s'").root == Literal("it's")


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("1 + 2 * 3", Binary("+", Literal(1), Binary("*", Literal(2), Literal(3)))),
        ("a - b - c", Binary("-", Binary("-", Column("a"), Column("b")), Column("c"))),
        ("-a ** 2", Unary("-", Binary("**", Column("a"), Literal(2)))),
        ("2 ** 3 ** 2", Binary("**", Literal(2), Binary("**", Literal(3), Literal(2)))),
        ("not a = b", Unary("not", Binary("=", Column("a"), Column("b")))),
        ("a or b and c", Binary("or", Column("a"), Binary("and", Column("b"), Column("c")))),
        ("a == b", Binary("=", Column("a"), Column("b"))),
        ("a <> b", Binary("!=", Column("a"), Column("b"))),
        ("0 < a <= 9", Binary("and", Binary("<", Literal(0), Column("a")), Binary("<=", Column("a"), Literal(9)))),
        ("a × b", Binary("*", Column("a"), Column("b"))),
        ("a && !b", Binary("and", Column("a"), Unary("not", Column("b")))),
        ("a || b || c", Call("concat", (Column("a"), Column("b"), Column("c")))),
    ],
)
def test_operators_bind_as_in_arithmetic(text: str, root: object) -> None:
    assert parse_formula(text).root == root


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20%", 0.2),
        ("1.5e3", 1500.0),
        ("TRUE", True),
        ("null", None),
        ("date('2024-01-31')", date(2024, 1, 31)),
        ("date '2024-01-31'", date(2024, 1, 31)),
        ("-7", -7),
    ],
)
def test_literals_have_their_value(text: str, value: object) -> None:
    assert parse_formula(text).root == Literal(value)  # type: ignore[arg-type]


def test_a_percent_sign_before_an_operand_is_the_remainder() -> None:
    assert parse_formula("10%3").root == Binary("%", Literal(10), Literal(3))


THREE_WAY = If(
    ((Binary(">=", Column("score"), Literal(80)), Literal("hot")), (Binary(">=", Column("score"), Literal(50)), Literal("warm"))), Literal("cold")
)


@pytest.mark.parametrize(
    "text",
    [
        'if score >= 80 then "hot", else if score >= 50 then "warm", else "cold"',
        "if(score >= 80, 'hot', if(score >= 50, 'warm', 'cold'))",
        "CASE WHEN score >= 80 THEN 'hot' WHEN score >= 50 THEN 'warm' ELSE 'cold' END",
        "'hot' if score >= 80 else 'warm' if score >= 50 else 'cold'",
        "if (score >= 80) then 'hot' elif (score >= 50) then 'warm' else 'cold'",
    ],
)
def test_all_ways_to_write_a_choice_are_one(text: str) -> None:
    assert parse_formula(text).root == THREE_WAY


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("a in (1, 2)", Call("in", (Column("a"), Literal(1), Literal(2)))),
        ("a not in ('x')", Unary("not", Call("in", (Column("a"), Literal("x"))))),
        ("a between 1 and 2 and b", Binary("and", Call("between", (Column("a"), Literal(1), Literal(2))), Column("b"))),
        ("a is missing", Call("is_null", (Column("a"),))),
        ("a is not null", Unary("not", Call("is_null", (Column("a"),)))),
        ("a is empty", Call("is_empty", (Column("a"),))),
        ("a contains 'x'", Call("contains", (Column("a"), Literal("x")))),
        ("a starts with 'x'", Call("starts_with", (Column("a"), Literal("x")))),
        ("a not matches 'x+'", Unary("not", Call("regex_matches", (Column("a"), Literal("x+"))))),
    ],
)
def test_conditions_may_be_written_in_words(text: str, root: object) -> None:
    assert parse_formula(text).root == root


@pytest.mark.parametrize("name", ["dateTrunc", "DATE_TRUNC", "date_trunc"])
def test_function_names_are_known_in_every_spelling(name: str) -> None:
    assert parse_formula(f"{name}('month', d)").root == Call("date_trunc", (Literal("month"), Column("d")))


@pytest.mark.parametrize("text", ["date_add(d, 3, 'day')", "date_add(d, 3, days)", "dateadd(day, 3, d)"])
def test_a_unit_may_stand_where_other_tools_have_it(text: str) -> None:
    assert parse_formula(text).root == Call("date_add", (Column("d"), Literal(3), Literal("day")))


@pytest.mark.parametrize("text", ["cast(a as number)", "to_number(a)", "toNumber(a)"])
def test_casts_are_one_node(text: str) -> None:
    assert parse_formula(text).root == Cast(Column("a"), ColumnType.NUMBER)


def test_try_makes_a_cast_lenient() -> None:
    assert parse_formula("try_to_date(a)").root == Cast(Column("a"), ColumnType.DATE, lenient=True)


@pytest.mark.parametrize(
    ("text", "named", "position"),
    [
        ("__import__('os').system('touch pwned.txt')", "__import__", 0),
        ("a + eval('1')", "eval", 4),
        ("{a}.__class__", ".__class__", 3),
        ("a[0]", "[", 1),
        ("lambda x: x", "lambda", 0),
        ("foo(a)", "foo", 0),
        ("a; b", ";", 1),
        ("[x for x in y]", "[", 0),
        ("a := 1", ":", 2),
        ("now()", "now", 0),
        ("sum(a)", "sum", 0),
        ("min(a)", "min", 0),
        ("a like 'x'", "like", 2),
        ("unit price", "price", 5),
        ("2x", "x", 1),
        ("a +", "a value is missing", 3),
        ("(a + b", "not closed", 0),
        ("'abc", "not closed", 0),
        ("{abc", "not closed", 0),
        ("a b", "`b`", 2),
        ("{a}(1)", "(", 3),
        ("", "empty", 0),
        ("a in (1, null)", "null", 9),
        ("a in ()", "in ()", 2),
        ("round(a, 1, 2)", "round", 0),
        ("date('31.1.2024')", "31.1.2024", 5),
        ("99999999999999999999", "99999999999999999999", 0),
        ("date_add(a, 1, 'fortnight')", "fortnight", 15),
    ],
)
def test_what_is_not_a_formula_is_refused_by_name(text: str, named: str, position: int) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert named in caught.value.message
    assert caught.value.position == position


def test_a_misspelt_function_gets_a_suggestion() -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula("uper(name)")
    assert caught.value.fix == "Did you mean `upper`?"


def test_a_method_call_is_answered_with_the_function() -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula("{name}.lower()")
    assert "lower({column})" in caught.value.fix


def test_now_is_refused_because_a_rerun_must_give_the_same() -> None:
    with pytest.raises(FormulaError, match="another result each time"):
        parse_formula("date_diff('day', created, now())")


@pytest.mark.parametrize(
    "text", ["(" * 5000 + "a" + ")" * 4999, "-" * 9000 + "a", "not " * 2000 + "a", "a" + " + a" * 2400, "if(" * 2000 + "a", "a**" * 3000 + "a"]
)
def test_a_formula_nested_too_deep_is_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="nested"):
        parse_formula(text)


def test_a_formula_may_be_as_deep_as_promised() -> None:
    assert parse_formula("upper(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1)).columns == ("a",)


def test_a_formula_that_is_too_long_is_refused() -> None:
    with pytest.raises(FormulaError, match="10,000"):
        parse_formula("a" * 10_001)


@pytest.mark.parametrize(
    "text",
    [
        "{a} + {b} * 2",
        "({a} + {b}) * 2",
        "{a} - ({b} - {c})",
        "-({a} + 1)",
        "(-2) ** 2",
        "not ({a} and {b})",
        "({a} = 1) = {b}",
        "if({a} > 1, 'it''s', null)",
        "case when {a} then 1 when {b} then 2 end",
        "{odd {{name}}} in (1, 2)",
        "{a} between 1 and 2",
        "date_diff('day', {a}, date('2024-01-31'))",
        "to_timestamptz('2024-01-31 10:00:00+00:00') < {a}",
        "concat({a}, ' ', {b})",
        "try_to_number({a})",
        "({a} is null) = {b}",
    ],
)
def test_the_canonical_text_is_read_back_as_the_same_tree(text: str) -> None:
    assert unparse(parse_formula(text).root) == text


def test_a_formula_can_be_built_from_nodes() -> None:
    assert formula_of(Binary("*", Column("unit price"), Column("quantity"))).text == "{unit price} * {quantity}"


def test_reading_a_usual_formula_takes_well_under_a_millisecond() -> None:
    text = "if({discount_rate} > 0.5 and {country} in ('DE', 'FR'), round({unit_price} * {quantity}, 2), null)"
    best = min(_seconds(text) for _ in range(5))
    assert best < 1e-3


def _seconds(text: str) -> float:
    begun = time.perf_counter()
    for _ in range(20):
        parse_formula(text)
    return (time.perf_counter() - begun) / 20
