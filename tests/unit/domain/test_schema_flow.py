"""Schemas carried through the steps, and what is found missing or of the wrong type on the way (P8, P9)."""

from __future__ import annotations

from typing import Any

import pytest

from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.table_schema import ColumnType

ORDERS = {"order_id": "integer", "product": "string", "price": "number", "quantity": "integer", "ordered_on": "date", "note": "string"}


def spec(*transforms: dict[str, Any], columns: dict[str, str] | None = ORDERS) -> PipelineSpec:
    source = {"path": "orders.csv"} | ({"columns": columns} if columns else {})
    steps: list[dict[str, Any]] = [{"type": "source", "name": "load", "config": source}]
    steps += [{"type": "transform", "name": f"t{i}", "config": t} for i, t in enumerate(transforms, 1)]
    return PipelineSpec.model_validate({"name": "p", "steps": [*steps, {"type": "destination", "name": "save", "config": {"path": "out.csv"}}]})


def written(*transforms: dict[str, Any]) -> dict[str, str]:
    flow = schema_flow(spec(*transforms))
    assert flow.findings == ()
    return {n: str(t) for n, t in flow.outputs["save"].columns.items()}


def rules(*transforms: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f.rule, f.field) for f in schema_flow(spec(*transforms)).findings]


def test_an_added_column_has_the_type_of_its_formula() -> None:
    assert written({"addColumns": [{"name": "total", "formula": "{price} * {quantity}"}]})["total"] == "number"


def test_a_group_leaves_keys_and_aggregations_only() -> None:
    aggregations = [
        {"column": "quantity", "operation": "sum", "outputName": "q"},
        {"column": "quantity", "operation": "avg", "outputName": "a"},
        {"operation": "count", "outputName": "n"},
        {"column": "ordered_on", "operation": "max", "outputName": "last"},
    ]
    expected = {"product": "string", "q": "integer", "a": "number", "n": "integer", "last": "date"}
    assert written({"groupBy": ["product"], "aggregations": aggregations}) == expected


def test_operations_of_one_step_apply_in_the_documented_order() -> None:
    step = {"select": ["item"], "rename": {"product": "item"}, "filter": {"product": {"equals": "x"}}}
    assert written(step) == {"item": "string"}


def test_a_renamed_column_is_gone_for_later_steps() -> None:
    assert rules({"rename": {"note": "remark"}}, {"drop": ["note"]}) == [("unknown-column", "steps[2].config.drop")]


def test_an_unknown_column_names_the_nearest() -> None:
    (finding,) = schema_flow(spec({"filter": {"Order ID": {"equals": 1}}})).findings
    assert "Did you mean `order_id`?" in finding.fix


@pytest.mark.parametrize(
    ("step", "rule", "field"),
    [
        ({"aggregations": [{"column": "product", "operation": "sum", "outputName": "s"}]}, "type-mismatch", "aggregations[0].column"),
        ({"filter": {"price": {"contains": "x"}}}, "type-mismatch", "filter.price"),
        ({"where": "{price} + 1"}, "type-mismatch", "where"),
        ({"addColumns": [{"name": "x", "formula": "{product} * 2"}]}, "formula", "addColumns[0].formula"),
        ({"addColumns": [{"name": "x", "formula": "__import__('os')"}]}, "formula", "addColumns[0].formula"),
        ({"fillNulls": {"price": "none"}}, "type-mismatch", "fillNulls.price"),
        ({"cast": {"ordered_on": "number"}}, "type-mismatch", "cast.ordered_on"),
        ({"rename": {"product": "note"}}, "duplicate-column", "rename.product"),
        ({"window": [{"name": "r", "function": "rank"}]}, "missing-key", "window[0].orderBy"),
        (
            {"groupBy": ["product"], "aggregations": [{"operation": "count", "outputName": "product"}]},
            "duplicate-column",
            "aggregations[0].outputName",
        ),
        ({"sql": "DROP TABLE orders"}, "sql-not-select", "sql"),
        ({"sql": "SELECT * FROM read_csv('/etc/passwd')"}, "sql-reads-outside", "sql"),
        ({"sql": "SELECT * FROM elsewhere"}, "unknown-table", "sql"),
        ({"sql": "SELECT prize FROM load"}, "unknown-column", "sql"),
        ({"python": {"code": "import os\ndef transform(rows): return rows", "columns": {"a": "string"}}}, "python-import", "python.code"),
        ({"limit": -1}, "not-allowed", "limit"),
        ({"drop": list(ORDERS)}, "no-columns", "drop"),
        ({"addColumns": [{"name": "Price", "formula": "1"}]}, "duplicate-column", "addColumns"),
    ],
)
def test_what_cannot_work_is_found_at_its_place(step: dict[str, Any], rule: str, field: str) -> None:
    assert (rule, f"steps[1].config.{field}") in rules(step)


def test_sql_results_are_typed() -> None:
    query = "SELECT product, COUNT(*) AS n, SUM(price) / SUM(quantity) AS unit FROM load GROUP BY product"
    assert written({"sql": query}) == {"product": "string", "n": "integer", "unit": "number"}


def test_an_undeclared_source_is_assumed_to_hold_what_later_steps_use() -> None:
    steps = spec(
        {"addColumns": [{"name": "net", "formula": "{price} * {quantity}"}]},
        {"filter": {"net": {"greaterThan": 100}, "state": {"equals": "paid"}}},
        {"groupBy": ["product"], "aggregations": [{"column": "net", "operation": "sum", "outputName": "total"}]},
        columns=None,
    )
    flow = schema_flow(steps)
    assert flow.findings == ()
    assert flow.outputs["load"].columns == {
        "price": ColumnType.NUMBER, "quantity": ColumnType.NUMBER, "state": ColumnType.STRING, "product": ColumnType.UNKNOWN,
    }  # fmt: skip
    assert not flow.outputs["load"].complete


def two_sources(step: dict[str, Any]) -> PipelineSpec:
    right = {"path": "c.csv", "columns": {"id": "integer", "product": "string", "city": "string"}}
    return PipelineSpec.model_validate({"name": "p", "steps": [
        {"type": "source", "name": "load", "config": {"path": "orders.csv", "columns": ORDERS}},
        {"type": "source", "name": "right", "config": right},
        {"type": "transform", "name": "both", "inputs": ["load", "right"], "config": step},
        {"type": "destination", "name": "save", "config": {"path": "out.csv"}},
    ]})  # fmt: skip


def test_a_join_on_different_names_keeps_both_and_marks_clashes() -> None:
    flow = schema_flow(two_sources({"join": {"leftOn": ["order_id"], "rightOn": ["id"]}}))
    assert flow.outputs["save"].names == (*ORDERS, "id", "product_right", "city")


def test_a_join_of_text_with_number_is_found() -> None:
    flow = schema_flow(two_sources({"join": {"leftOn": ["note"], "rightOn": ["id"]}}))
    assert [f.rule for f in flow.findings] == ["type-mismatch"]


def test_a_cycle_is_found() -> None:
    document = {"name": "p", "steps": [
        {"type": "transform", "name": "a", "inputs": ["b"], "config": {"limit": 1}},
        {"type": "transform", "name": "b", "inputs": ["a"], "config": {"limit": 1}},
    ]}  # fmt: skip
    assert [f.rule for f in schema_flow(PipelineSpec.model_validate(document)).findings] == ["cycle"]
