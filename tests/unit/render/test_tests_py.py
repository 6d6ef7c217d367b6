"""P5: tests.py checks each step and the whole pipeline, without network or credentials, and reads well."""

from __future__ import annotations

import ast
import re
import time

import pytest

from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.spec_yaml import load_document
from tidemill.render.tests_py import render_tests

COLUMNS = {"customer": "string", "qty": "integer", "price": "number"}
CSV = {"connector": "csv", "path": "data/orders.csv", "columns": COLUMNS}


def spec(*configs: dict[str, object], source: dict[str, object] = CSV, target: dict[str, object] | None = None) -> PipelineSpec:
    steps: list[object] = [{"type": "source", "name": "Load orders", "config": source}]
    steps += [{"type": "transform", "name": f"Step {n}", "description": "Does it.", "config": c} for n, c in enumerate(configs, start=1)]
    steps.append({"type": "destination", "name": "Save result", "config": target or {"connector": "csv", "path": "out/result.csv"}})
    return load_document({"name": "Orders", "steps": steps})


def rendered(*configs: dict[str, object], source: dict[str, object] = CSV, target: dict[str, object] | None = None) -> str:
    one = spec(*configs, source=source, target=target)
    return render_tests(one, schema_flow(one))[0]


def test_names(text: str) -> list[str]:
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


test_names.__test__ = False  # type: ignore[attr-defined]
FILTER = {"filter": {"price": {"greaterThan": 100}}}


def test_each_step_and_the_whole_are_tested() -> None:
    assert test_names(rendered(FILTER)) == [
        "test_step_1",
        "test_step_1_of_no_rows",
        "test_step_1_without_a_column",
        "test_transform",
        "test_running_twice",
        "test_a_failed_run_keeps_the_last_result",
        "test_empty_sources",
        "test_a_source_without_a_column",
    ]


def test_expected_rows_stand_in_the_file() -> None:
    text = rendered({"groupBy": ["qty"], "aggregations": [{"operation": "count", "outputName": "n"}]})
    expected = text[text.index("expected: list[Row] = [") : text.index("# fmt: on")]
    assert re.search(r"^        \(None, 1\),$", expected, re.MULTILINE)


def test_rows_say_why_they_are_there() -> None:
    assert "# price exactly 100\n" in rendered(FILTER)


def test_sorted_rows_are_compared_in_order() -> None:
    assert "check(pipeline.step_1(orders), columns, expected, ordered=True)" in rendered({"sort": [{"column": "price"}]})
    assert "check(pipeline.step_1(orders), columns, expected)" in rendered(FILTER)


def test_cast_that_must_not_fail_is_seen_to_stop() -> None:
    assert "test_step_1_stops_at_text_it_cannot_read" in test_names(rendered({"cast": {"customer": "integer"}}))


def test_python_step_is_named_as_untested_and_run_for_repeatability() -> None:
    code = "def transform(rows):\n    return rows"
    one = spec({"python": {"code": code, "columns": COLUMNS}}, FILTER)
    text, untested = render_tests(one, schema_flow(one))
    assert untested == ("Step 1",)
    assert "test_step_1_is_repeatable" in test_names(text)
    assert "test_step_2" in test_names(text)


def test_result_that_rests_on_hidden_order_is_untested() -> None:
    one = spec({"groupBy": ["customer"], "limit": 1})
    assert render_tests(one, schema_flow(one))[1] == ("Step 1",)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ({"connector": "csv", "path": "a/b.csv", "delimiter": ";", "nullValues": ["NA"]}, 'delimiter=";", missing="NA"'),
        ({"connector": "json", "path": "b.json", "recordsPath": "data.rows"}, 'records_path="data.rows"'),
        ({"connector": "jsonl", "path": "b.jsonl"}, "write_jsonl("),
        ({"connector": "parquet", "path": "b.parquet"}, "pq.write_table("),
        ({"connector": "sqlite", "path": "b.db", "table": "orders"}, 'name="orders"'),
    ],
)
def test_local_source_is_a_file_of_its_format(source: dict[str, object], written: str) -> None:
    assert written in rendered(FILTER, source={**source, "columns": COLUMNS})


REMOTE = [
    {"connector": "postgres", "url": "postgresql://u@h/d", "table": "orders"},
    {"connector": "csv", "path": "s3://bucket/orders.csv"},
    {"connector": "httpJson", "url": "https://example.com/orders"},
    {"connector": "googleSheets", "spreadsheetId": "x", "range": "Orders"},
    {"connector": "sqlite", "path": "b.db", "query": "SELECT 1"},
]


@pytest.mark.parametrize("source", REMOTE)
def test_source_that_is_no_local_file_is_replaced(source: dict[str, object]) -> None:
    assert 'monkeypatch.setattr(pipeline, "load_orders", lambda con, *_: table(' in rendered(FILTER, source={**source, "columns": COLUMNS})


def test_destination_on_a_server_is_replaced() -> None:
    text = rendered(FILTER, target={"connector": "mysql", "url": "mysql://u@h/d", "table": "t"})
    assert 'monkeypatch.setattr(pipeline, "write_result_table", keep("result_table"))' in text


def test_appending_destination_holds_the_rows_twice() -> None:
    text = rendered(FILTER, target={"connector": "sqlite", "path": "o.db", "table": "t", "mode": "append"})
    assert "sorted(rows * 2)" in text


def test_rendering_twice_gives_the_same_text() -> None:
    assert rendered(FILTER) == rendered(FILTER)


def test_hostile_texts_stay_texts() -> None:
    name = '"""\nimport os # {x}\\'
    steps = [
        {"type": "source", "name": name, "config": {**CSV, "columns": {'q"\\n{': "string", "a\nb": "number"}}},
        {"type": "transform", "name": f"{name} 2", "description": name, "config": {"filter": {'q"\\n{': {"equals": '"""\\'}, "a\nb": {"equals": 1}}}},
        {"type": "destination", "name": f"{name} 3", "config": {"path": 'out/"x.csv'}},
    ]
    one = load_document({"name": name, "steps": steps})
    tree = ast.parse(render_tests(one, schema_flow(one))[0])
    assert "os" not in {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


def test_forty_steps_take_less_than_a_second() -> None:
    formulas = [{"addColumns": [{"name": f"c{n}", "formula": "if {qty} > 3 then {price} * {qty} else coalesce({price}, 0)"}]} for n in range(20)]
    filters = [{"filter": {f"c{n}": {"greaterThan": n}}} for n in range(20)]
    one = spec(*formulas, *filters)
    began = time.process_time()
    render_tests(one, schema_flow(one))
    assert time.process_time() - began < 1
