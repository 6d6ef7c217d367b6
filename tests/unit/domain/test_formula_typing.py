"""Formulas are typed from the schema, and demand types of columns that have none yet (P8, P9)."""

from __future__ import annotations

import pytest

from tidemill.domain.formula import demands, parse_formula, type_of
from tidemill.domain.table_schema import ColumnType
from tidemill.errors import FormulaError

SCHEMA = {
    "name": ColumnType.STRING,
    "quantity": ColumnType.INTEGER,
    "unit_price": ColumnType.NUMBER,
    "paid": ColumnType.BOOLEAN,
    "opened": ColumnType.DATE,
    "closed": ColumnType.DATE,
    "seen": ColumnType.TIMESTAMP,
    "sent": ColumnType.TIMESTAMPTZ,
    "mystery": ColumnType.UNKNOWN,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quantity * 2", "integer"),
        ("quantity * unit_price", "number"),
        ("quantity / 2", "number"),
        ("quantity // 2", "integer"),
        ("quantity ** 2", "number"),
        ("name + 'x'", "string"),
        ("name || quantity", "string"),
        ("quantity > 1 and paid", "boolean"),
        ("if(paid, 1, 2.5)", "number"),
        ("if(paid, null, 1)", "integer"),
        ("coalesce(opened, seen)", "timestamp"),
        ("coalesce(opened, '2024-01-01')", "date"),
        ("round(unit_price)", "integer"),
        ("round(unit_price, 2)", "number"),
        ("round(quantity, 2)", "integer"),
        ("date_trunc('month', opened)", "date"),
        ("date_trunc('month', sent)", "timestamptz"),
        ("date_add(opened, 1, 'day')", "date"),
        ("date_add(opened, 1, 'hour')", "timestamp"),
        ("date_diff('day', opened, closed)", "integer"),
        ("to_number(name)", "number"),
        ("opened > '2024-01-31'", "boolean"),
        ("mystery + 1", "number"),
        ("mystery", "unknown"),
        ("lower(mystery)", "string"),
    ],
)
def test_a_formula_has_the_type_of_its_values(text: str, expected: str) -> None:
    assert type_of(parse_formula(text), SCHEMA) == expected


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("name * quantity", "to_number({name})"),
        ("name + 1", "concat(...)"),
        ("opened - closed", "date_diff('day', from, to)"),
        ("opened + 7", "date_add({opened}, 1, 'day')"),
        ("name = 5", "to_number({name})"),
        ("quantity = '5'", "without quotes"),
        ("opened > name", "to_date({name})"),
        ("lower(quantity)", "to_string({quantity})"),
        ("year(name)", "to_date({name})"),
        ("not name", "Compare it"),
        ("if(quantity, 1, 2)", "Compare it"),
        ("quantity = null", "is null"),
        ("unit_prize * 2", "`unit_price`"),
        ("if(paid, 1, 'a')", "quotes"),
    ],
)
def test_nonsense_is_refused_with_what_to_write_instead(text: str, fix: str) -> None:
    with pytest.raises(FormulaError) as caught:
        type_of(parse_formula(text), SCHEMA)
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hour(opened)", "has no hour"),
        ("opened > 'soon'", "'soon' is not a date"),
        ("quantity / 0", "divides by zero"),
        ("9223372036854775807 + 1", "beyond 64 bits"),
        ("paid < true", "cannot compare"),
        ("regex_extract(name, '(?=a)')", "(?="),
        ("regex_extract(name, '(a)', 2)", "no group 2"),
        ("regex_replace(name, 'a*', 'b')", "empty text"),
        ("name matches '['", "is not a regular expression"),
        ("name matches '(a)\\1'", "\\1"),
        ("format_date(opened, '%Q')", "%Q"),
        ("split_part(name, '', 1)", "separator is empty"),
        ("lpad(name, 99999999, ' ')", "10,000"),
        ("round(unit_price, quantity)", "needs a whole number written in the formula"),
        ("to_date(quantity)", "cannot become"),
        ("if(paid, null, null)", "every value is null"),
        ("title(" * 20 + "name" + ")" * 20, "too large"),
    ],
)
def test_what_has_no_value_in_every_engine_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        type_of(parse_formula(text), SCHEMA)
    assert message in caught.value.message


def test_an_unknown_column_is_named_with_its_place() -> None:
    with pytest.raises(FormulaError) as caught:
        type_of(parse_formula("quantity * loyalty_tier"), SCHEMA)
    assert (caught.value.message, caught.value.position) == ("there is no column `loyalty_tier`", 11)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a} * {b}", {"a": "number", "b": "number"}),
        ("{a} + 'x'", {"a": "string"}),
        ("lower({a})", {"a": "string"}),
        ("year({a})", {"a": "date"}),
        ("hour({a})", {"a": "timestamp"}),
        ("{a} > 5", {"a": "number"}),
        ("{a} = 'gold'", {"a": "string"}),
        ("{a} >= '2024-01-31'", {"a": "date"}),
        ("{a} in ('x', 'y')", {"a": "string"}),
        ("if({a}, {b}, 'x')", {"a": "boolean", "b": "string"}),
        ("{a} and not {b}", {"a": "boolean", "b": "boolean"}),
        ("date_add({a}, {b}, 'day')", {"a": "date", "b": "integer"}),
        ("date_diff('hour', {a}, {b})", {"a": "timestamp", "b": "timestamp"}),
        ("coalesce({a}, 0)", {"a": "number"}),
        ("year({a}) + hour({a})", {"a": "timestamp"}),
        ("{a} is null", {}),
        ("{a} = {b}", {}),
        ("concat({a}, {b})", {}),
        ("to_number({a})", {}),
    ],
)
def test_use_tells_the_type_of_a_column(text: str, expected: dict[str, str]) -> None:
    assert demands(parse_formula(text)) == expected


def test_the_wanted_result_reaches_the_columns() -> None:
    assert demands(parse_formula("{flag}"), ColumnType.BOOLEAN) == {"flag": "boolean"}
