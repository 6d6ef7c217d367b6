"""What formulas give for single rows, with values worked out by hand (P8)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tidemill.domain.formula import parse_formula
from tidemill.domain.formula_eval import evaluate
from tidemill.domain.table_schema import ColumnType


def value(text: str, **row: object) -> object:
    return evaluate(parse_formula(text), row)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7 / 2", 3.5),
        ("-7 // 2", -4),
        ("-7 % 3", -1),
        ("7.5 % 2", 1.5),
        ("2 ** 10", 1024.0),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(0.125, 2)", 0.13),
        ("round(1250, -2)", 1300),
        ("floor(-0.5)", -1),
        ("ceil(0.1)", 1),
        ("sign(-3.5)", -1),
        ("greatest(1, 5, 3)", 5),
        ("upper('straße')", "STRAẞE"),
        ("lower('ΑΣ')", "ασ"),
        ("title('new york  CITY')", "New York  City"),
        ("trim('  a b\t')", "a b"),
        ("length('café')", 4),
        ("substring('abcdef', 2, 3)", "bcd"),
        ("substring('abc', 9)", ""),
        ("left('abc', 2)", "ab"),
        ("right('abc', 2)", "bc"),
        ("right('abc', 0)", ""),
        ("lpad('7', 3, '0')", "007"),
        ("lpad('1234', 3, '0')", "1234"),
        ("split_part('a-b-c', '-', 2)", "b"),
        ("split_part('a-b-c', '-', -1)", "c"),
        ("split_part('a-b-c', '-', 4)", None),
        ("position('abc', 'c')", 3),
        ("regex_extract('ab12', '([a-z]+)(\\d+)', 2)", "12"),
        ("regex_extract('ab', '\\d+')", None),
        ("regex_replace('a1b22', '\\d+', '#')", "a#b#"),
        ("regex_replace('John Smith', '(\\w+) (\\w+)', '\\2, \\1')", "Smith, John"),
        ("year(date('2024-02-29'))", 2024),
        ("week(date('2021-01-03'))", 53),
        ("weekday(date('2024-01-31'))", 3),
        ("day_name(date('2024-01-31'))", "Wednesday"),
        ("date_trunc('quarter', date('2024-05-31'))", date(2024, 4, 1)),
        ("date_trunc('week', date('2024-01-31'))", date(2024, 1, 29)),
        ("date_add(date('2024-01-31'), 1, 'month')", date(2024, 2, 29)),
        ("date_add(date('2024-02-29'), -1, 'year')", date(2023, 2, 28)),
        ("date_add(date('2024-01-31'), 30, 'minute')", datetime(2024, 1, 31, 0, 30)),
        ("date_diff('month', date('2024-01-31'), date('2024-02-01'))", 1),
        ("date_diff('week', date('2024-01-07'), date('2024-01-08'))", 1),
        ("date_diff('day', date('2024-03-01'), date('2024-02-28'))", -2),
        ("format_date(date('0999-01-05'), '%d.%m.%Y')", "05.01.0999"),
        ("parse_date('5.1.2024', '%d.%m.%Y')", date(2024, 1, 5)),
        ("to_string(1.0)", "1.0"),
        ("to_string(true)", "true"),
        ("to_number(' 1.5e3 ')", 1500.0),
        ("to_integer('2.5')", 3),
        ("to_integer(-2.5)", -3),
        ("to_timestamptz('2024-01-31 10:00:00+02:00')", datetime(2024, 1, 31, 8, tzinfo=UTC)),
        ("concat('a', 1, true)", "a1true"),
    ],
)
def test_constants(text: str, expected: object) -> None:
    found = value(text)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a / b", None),
        ("a % b", None),
        ("a // b", None),
        ("b ** -1", None),
        ("sqrt(-a)", None),
        ("ln(b)", None),
        ("(-a) ** 0.5", None),
    ],
)
def test_what_has_no_number_is_missing(text: str, expected: object) -> None:
    assert value(text, a=4, b=0) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n + 1", None),
        ("n = 1", None),
        ("n is null", True),
        ("n in (1, 2)", None),
        ("n between 1 and 2", None),
        ("t and n", None),
        ("f and n", False),
        ("t or n", True),
        ("not n", None),
        ("if(n, 1, 2)", 2),
        ("if(n, 1)", None),
        ("coalesce(n, 'x')", "x"),
        ("greatest(n, 3)", 3),
        ("concat('a', n)", None),
        ("concat_ws('-', 'a', n, 'b')", "a-b"),
        ("lower(n)", None),
        ("n is true", False),
        ("n is not true", True),
        ("n is empty", True),
        ("'' is empty", True),
    ],
)
def test_a_missing_value_follows_three_valued_logic(text: str, expected: object) -> None:
    assert value(text, n=None, t=True, f=False) is expected or value(text, n=None, t=True, f=False) == expected


def test_without_a_schema_a_missing_number_counts_as_whole_with_it_as_fraction() -> None:
    formula = parse_formula("to_string(coalesce({a}, 0))")
    assert evaluate(formula, {"a": None}, schema={"a": ColumnType.NUMBER}) == "0.0"


def test_only_the_chosen_branch_is_worked_out() -> None:
    assert value("if(s = 'x', 0, to_number(s))", s="x") == 0


@pytest.mark.parametrize("text", ["a + 1", "a * 2", "-(-a - 1) + 1"])
def test_an_integer_beyond_64_bits_is_an_error(text: str) -> None:
    with pytest.raises(OverflowError):
        value(text, a=2**63 - 1)


def test_a_text_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="'n/a' is not a number"):
        value("to_number(s)", s="n/a")


def test_a_lenient_cast_gives_a_missing_value() -> None:
    assert value("try_to_number(s)", s="n/a") is None


def test_texts_compare_by_code_point() -> None:
    assert value("'Z' < s", s="a") is True


def test_an_iso_text_meets_a_date_as_a_date() -> None:
    assert value("d between '2024-01-01' and '2024-01-31'", d=date(2024, 1, 31)) is True


def test_a_date_is_the_beginning_of_its_day() -> None:
    assert value("t > '2024-01-31'", t=datetime(2024, 1, 31, 0, 0, 1)) is True


def test_a_time_without_zone_is_taken_as_utc() -> None:
    assert value("z = '2024-01-31T10:00:00'", z=datetime(2024, 1, 31, 10, tzinfo=UTC)) is True
