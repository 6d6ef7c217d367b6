"""P5: sample rows reach each branch of a step, so that a wrong step gives a wrong result on them."""

from __future__ import annotations

import datetime as dt

import pytest

from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.domain.transforms import TransformConfig
from tidemill.render.python_text import same_rows
from tidemill.render.sample_inputs import SampleTable
from tidemill.render.samples import chain_samples, sample_tables
from tidemill.render.tests_py import settled_rows

ORDERS = TableSchema(
    {
        "order_id": ColumnType.INTEGER,
        "customer": ColumnType.STRING,
        "product": ColumnType.STRING,
        "qty": ColumnType.INTEGER,
        "price": ColumnType.NUMBER,
        "day": ColumnType.DATE,
        "paid": ColumnType.BOOLEAN,
        "note": ColumnType.STRING,
    }
)
CUSTOMERS = TableSchema({"customer": ColumnType.STRING, "city": ColumnType.STRING, "price": ColumnType.NUMBER})


def config(**fields: object) -> TransformConfig:
    return TransformConfig.model_validate(fields)


def sample(one: TransformConfig, *, schema: TableSchema = ORDERS) -> SampleTable:
    return sample_tables(one, [schema], ["orders"])[0]


def values(table: SampleTable, column: str) -> set[object]:
    return {row[column] for row in table.rows}


def test_bound_is_met_and_missed_on_both_sides() -> None:
    table = sample(config(filter={"price": {"greaterThan": 100}}))
    assert {100.0, 100.01, 99.99, None} <= values(table, "price")


def test_each_member_another_value_and_other_case() -> None:
    table = sample(config(filter={"product": {"in": ["Lamp", "Desk"]}}))
    assert {"Lamp", "Desk", "LAMP", None} < values(table, "product")


def test_dates_around_a_bound() -> None:
    table = sample(config(filter={"day": {"greaterThanOrEqual": "2024-01-15"}}))
    assert {dt.date(2024, 1, 14), dt.date(2024, 1, 15), dt.date(2024, 1, 16)} <= values(table, "day")


def test_bound_of_a_calculated_column_is_met_exactly() -> None:
    steps = [config(addColumns=[{"name": "net", "formula": "{price} * {qty}"}]), config(filter={"net": {"greaterThan": 100}})]
    table = chain_samples(steps, [ORDERS], ["orders"])[0]
    nets = [row["price"] * row["qty"] for row in table.rows if row["price"] is not None and row["qty"] is not None]
    assert 100 in nets
    assert any(100 < n <= 100.05 for n in nets)
    assert any(99.95 <= n < 100 for n in nets)


def test_both_sides_of_each_if() -> None:
    table = sample(config(addColumns=[{"name": "size", "formula": "if {qty} >= 10 then 'bulk' else if {qty} > 1 then 'some' else 'one'"}]))
    assert {9, 10, 11, 1, 2, 0} <= values(table, "qty")


def test_divisor_is_zero_once() -> None:
    assert 0 in values(sample(config(addColumns=[{"name": "unit", "formula": "{price} / {qty}"}])), "qty")


def test_text_that_cannot_be_read_where_it_becomes_missing() -> None:
    assert "n/a" in values(sample(config(cast={"note": {"to": "integer", "onError": "missing"}})), "note")
    assert "n/a" not in values(sample(config(cast={"note": {"to": "integer"}})), "note")


def test_texts_have_the_form_that_a_cast_reads() -> None:
    table = sample(config(cast={"note": {"to": "number", "thousands": ".", "decimal": ",", "strip": "€"}}, filter={"note": {"greaterThan": 1000}}))
    assert {"1.000,0€", "1.000,01€", "999,99€"} <= values(table, "note")


def test_dates_in_text_have_the_format_of_the_cast() -> None:
    assert "31.01.2024" in values(sample(config(cast={"note": {"to": "date", "format": "%d.%m.%Y"}})), "note")


def test_a_table_has_a_text_that_is_not_ascii() -> None:
    assert any(not str(v).isascii() for v in values(sample(config(sort=[{"column": "customer"}])), "customer"))


def test_a_limit_is_exceeded() -> None:
    assert len(sample(config(limit=5)).rows) > 5


def test_each_row_says_why_it_is_there() -> None:
    table = sample(config(filter={"price": {"greaterThan": 100}}, groupBy=["customer"], aggregations=[{"operation": "count", "outputName": "n"}]))
    assert len(table.notes) == len(table.rows)
    assert all(table.notes)


def test_the_same_config_gives_the_same_rows() -> None:
    one = config(filter={"price": {"between": [1, 2]}}, dedupe={"columns": ["customer"]})
    assert sample(one) == sample(one)


def test_samples_stay_small() -> None:
    many = config(filter={c: {"notEquals": 1} for c in ("order_id", "qty", "price")}, where="{qty} > 3 or {price} < 7 and {product} = 'Desk'",
                  groupBy=["customer"], aggregations=[{"column": "price", "operation": "sum", "outputName": "s"}])  # fmt: skip
    assert len(sample(many).rows) <= 20


JOIN = {"how": "left", "on": ["customer"]}


def test_join_keys_match_never_once_and_twice() -> None:
    left, right = sample_tables(config(join=JOIN), [ORDERS, CUSTOMERS], ["orders", "customers"])
    counts = {row["customer"]: [r["customer"] for r in right.rows].count(row["customer"]) for row in left.rows if row["customer"] is not None}
    assert {0, 1, 2} <= set(counts.values())
    assert None in values(left, "customer")
    assert None in values(right, "customer")
    assert values(right, "customer") - values(left, "customer") - {None}


def test_union_inputs_have_a_row_in_common() -> None:
    one, other = sample_tables(config(union={"distinct": True}), [CUSTOMERS, CUSTOMERS], ["a", "b"])
    assert any(row in other.rows for row in one.rows)


PIVOT = {"index": ["customer"], "columns": "product", "values": "qty"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"filter": {"price": {"greaterThan": 100}}}, {"filter": {"price": {"greaterThanOrEqual": 100}}}),
        ({"filter": {"price": {"lessThan": 100}}}, {"filter": {"price": {"lessThan": 99}}}),
        ({"filter": {"qty": {"between": [2, 10]}}}, {"filter": {"qty": {"between": [2, 9]}}}),
        ({"filter": {"product": {"equals": "Lamp"}}}, {"filter": {"product": {"equals": "Lamp", "ignoreCase": True}}}),
        ({"filter": {"product": {"notEquals": "Lamp"}}}, {"filter": {"product": {"notEquals": "Lamp", "isNull": False}}}),
        ({"filter": {"product": {"in": ["Lamp", "Desk"]}}}, {"filter": {"product": {"in": ["Lamp"]}}}),
        ({"filter": {"note": {"contains": "spam"}}}, {"filter": {"note": {"startsWith": "spam"}}}),
        ({"filter": {"price": {"isNull": False}}}, {"dropNulls": {"columns": ["customer"]}}),
        ({"exclude": {"price": {"lessThan": 5}}}, {"filter": {"price": {"greaterThanOrEqual": 5}}}),
        ({"where": "{qty} > 2 and {paid}"}, {"where": "{qty} > 2 or {paid}"}),
        ({"where": "{qty} * {price} >= 50"}, {"where": "{qty} * {price} > 50"}),
        ({"where": "{day} > '2024-02-01'"}, {"where": "{day} >= '2024-02-01'"}),
        ({"addColumns": [{"name": "u", "formula": "coalesce({price}, 0)"}]}, {"addColumns": [{"name": "u", "formula": "{price}"}]}),
        ({"addColumns": [{"name": "u", "formula": "if {qty} > 5 then 1 else 2"}]},
         {"addColumns": [{"name": "u", "formula": "if {qty} >= 5 then 1 else 2"}]}),
        ({"fillNulls": {"qty": 0}}, {"dropNulls": {"columns": ["qty"]}}),
        ({"dedupe": {"columns": ["customer"]}}, {"dedupe": {"columns": ["customer"], "keep": "last"}}),
        ({"dedupe": {"columns": ["customer"], "orderBy": [{"column": "day"}]}}, {"dedupe": {"columns": ["customer"]}}),
        ({"dedupe": {"columns": ["customer"], "orderBy": [{"column": "day", "direction": "desc"}]}},
         {"dedupe": {"columns": ["customer"], "orderBy": [{"column": "day"}]}}),
        ({"dedupe": {"columns": ["customer", "product"]}}, {"dedupe": {"columns": ["customer"]}}),
        ({"groupBy": ["customer"], "aggregations": [{"column": "price", "operation": "count", "outputName": "n"}]},
         {"groupBy": ["customer"], "aggregations": [{"operation": "count", "outputName": "n"}]}),
        ({"groupBy": ["customer"], "aggregations": [{"column": "price", "operation": "avg", "outputName": "n"}]},
         {"groupBy": ["customer"], "aggregations": [{"column": "price", "operation": "median", "outputName": "n"}]}),
        ({"groupBy": ["customer"], "aggregations": [{"column": "qty", "operation": "countDistinct", "outputName": "n"}]},
         {"groupBy": ["customer"], "aggregations": [{"column": "qty", "operation": "count", "outputName": "n"}]}),
        ({"groupBy": ["customer"], "aggregations": [{"column": "qty", "operation": "first", "outputName": "n"}]},
         {"groupBy": ["customer"], "aggregations": [{"column": "qty", "operation": "min", "outputName": "n"}]}),
        ({"groupBy": ["customer", "product"]}, {"groupBy": ["customer", "day"], "rename": {"day": "product"}}),
        ({"pivot": PIVOT}, {"pivot": {**PIVOT, "operation": "max"}}),
        ({"pivot": PIVOT}, {"pivot": {**PIVOT, "fill": 0}}),
        ({"sort": [{"column": "price", "direction": "desc"}], "limit": 2}, {"sort": [{"column": "price"}], "limit": 2}),
        ({"sort": [{"column": "price"}], "limit": 3}, {"sort": [{"column": "price"}], "limit": 2}),
        ({"sort": [{"column": "price"}], "limit": {"count": 1, "per": ["customer"]}}, {"sort": [{"column": "price"}], "limit": 1}),
        ({"window": [{"name": "w", "function": "rank", "orderBy": [{"column": "price"}]}]},
         {"window": [{"name": "w", "function": "denseRank", "orderBy": [{"column": "price"}]}]}),
        ({"window": [{"name": "w", "function": "sum", "column": "qty", "partitionBy": ["customer"], "orderBy": [{"column": "day"}]}]},
         {"window": [{"name": "w", "function": "sum", "column": "qty", "orderBy": [{"column": "day"}]}]}),
        ({"window": [{"name": "w", "function": "sum", "column": "qty", "partitionBy": ["customer"], "orderBy": [{"column": "day"}]}]},
         {"window": [{"name": "w", "function": "sum", "column": "qty", "partitionBy": ["customer"]}]}),
        ({"window": [{"name": "w", "function": "lag", "column": "qty", "partitionBy": ["customer"], "orderBy": [{"column": "day"}]}]},
         {"window": [{"name": "w", "function": "lead", "column": "qty", "partitionBy": ["customer"], "orderBy": [{"column": "day"}]}]}),
    ],
)  # fmt: skip
def test_a_step_gone_wrong_gives_other_rows(right: dict[str, object], wrong: dict[str, object]) -> None:
    rows = [sample(config(**right)).rows]
    good, bad = (settled_rows(config(**c), rows, ["orders"], [ORDERS]) for c in (right, wrong))
    assert good is not None
    assert bad is not None
    assert not same_rows(good, bad)


@pytest.mark.parametrize(
    ("right", "wrong"), [("inner", "left"), ("left", "outer"), ("inner", "semi"), ("semi", "left"), ("anti", "semi"), ("outer", "right")]
)
def test_a_join_gone_wrong_gives_other_rows(right: str, wrong: str) -> None:
    tables = [t.rows for t in sample_tables(config(join={"how": right, "on": ["customer"]}), [ORDERS, CUSTOMERS], ["orders", "customers"])]
    good, bad = (
        settled_rows(config(join={"how": h, "on": ["customer"]}), tables, ["orders", "customers"], [ORDERS, CUSTOMERS]) for h in (right, wrong)
    )
    assert good is not None
    assert bad is not None
    assert not same_rows(good, bad)
