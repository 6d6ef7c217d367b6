"""pipeline.py (P4, P8): what each transform gives, what the file holds, what it logs and how it fails."""

from __future__ import annotations

import ast
import datetime as dt
import importlib.util
import itertools
import json
import math
import sys
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.spec_yaml import load_document
from tidemill.render.pipeline_py import render_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

Document = dict[str, Any]
_numbers = itertools.count()


def source(name: str, columns: dict[str, str] | None, path: str = "") -> Document:
    return {"type": "source", "name": name, "config": {"path": path or f"{name}.csv", **({"columns": columns} if columns else {})}}


def step(name: str, config: Document, inputs: list[str] | None = None) -> Document:
    return {"type": "transform", "name": name, "config": config, **({"inputs": inputs} if inputs else {})}


def destination(path: str = "out.csv", name: str = "Out", **more: object) -> Document:
    return {"type": "destination", "name": name, "config": {"path": path, **more}}


def text_of(*steps: Document) -> str:
    spec = load_document({"name": "Test", "steps": list(steps)})
    flow = schema_flow(spec)
    assert not [f for f in flow.findings if f.severity == "error"]
    return render_pipeline(spec, flow)


def imported(text: str, folder: Path) -> ModuleType:
    name = f"rendered_{next(_numbers)}"
    file = folder / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    location = importlib.util.spec_from_file_location(name, file)
    assert location
    assert location.loader
    module = importlib.util.module_from_spec(location)
    sys.modules[name] = module
    location.loader.exec_module(module)
    return module


@pytest.fixture
def transformed(tmp_path: Path) -> Callable[..., list[tuple[object, ...]]]:
    """The rows that `transform` makes of one table with a single step."""

    def transform(columns: dict[str, str], rows: list[tuple[object, ...]], *configs: Document) -> list[tuple[object, ...]]:
        steps = [step(f"Step {i}", c) for i, c in enumerate(configs)]
        module = imported(text_of(source("In", columns), *steps, destination()), tmp_path)
        return [tuple(r.values()) for r in module.transform(table(columns, rows)).to_pyarrow().to_pylist()]

    return transform


TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


def table(columns: dict[str, str], rows: list[tuple[object, ...]]) -> Any:
    schema = pa.schema([(n, TYPES[t]) for n, t in columns.items()])
    return ibis.memtable(pa.Table.from_pylist([dict(zip(columns, r, strict=True)) for r in rows], schema=schema))


def joined(tmp_path: Path, config: Document) -> list[dict[str, object]]:
    left, right = {"k": "string", "v": "integer"}, {"k": "string", "v": "integer", "w": "string"}
    module = imported(text_of(source("L", left), source("R", right), step("Join", {"join": config}, ["L", "R"]), destination()), tmp_path)
    one = table(left, [("a", 1), ("b", 2), (None, 3), ("b", 4)])
    other = table(right, [("b", 20, "x"), ("c", 30, "y"), (None, 40, "z"), ("b", 50, "q")])
    return list(module.transform(one, other).to_pyarrow().to_pylist())


MATCHES = [
    {"k": "b", "v": 2, "v_right": 20, "w": "x"}, {"k": "b", "v": 2, "v_right": 50, "w": "q"},
    {"k": "b", "v": 4, "v_right": 20, "w": "x"}, {"k": "b", "v": 4, "v_right": 50, "w": "q"},
]  # fmt: skip
ONLY_LEFT = [{"k": "a", "v": 1, "v_right": None, "w": None}, {"k": None, "v": 3, "v_right": None, "w": None}]
ONLY_RIGHT = [{"k": "c", "v": None, "v_right": 30, "w": "y"}, {"k": None, "v": None, "v_right": 40, "w": "z"}]


def test_inner_join_keeps_matches_in_the_order_of_the_left_table(tmp_path: Path) -> None:
    assert joined(tmp_path, {"on": ["k"]}) == MATCHES


def test_left_join_keeps_left_rows_where_they_stood(tmp_path: Path) -> None:
    assert joined(tmp_path, {"on": ["k"], "how": "left"}) == [ONLY_LEFT[0], *MATCHES[:2], ONLY_LEFT[1], *MATCHES[2:]]


def test_right_join_takes_the_key_from_the_side_that_has_it(tmp_path: Path) -> None:
    assert joined(tmp_path, {"on": ["k"], "how": "right"}) == [*MATCHES, *ONLY_RIGHT]


def test_outer_join_matches_no_missing_keys(tmp_path: Path) -> None:
    assert joined(tmp_path, {"on": ["k"], "how": "outer"}) == [ONLY_LEFT[0], *MATCHES[:2], ONLY_LEFT[1], *MATCHES[2:], *ONLY_RIGHT]


def test_semi_and_anti_join_are_each_others_rest(tmp_path: Path) -> None:
    assert joined(tmp_path, {"on": ["k"], "how": "semi"}) == [{"k": "b", "v": 2}, {"k": "b", "v": 4}]
    assert joined(tmp_path, {"on": ["k"], "how": "anti"}) == [{"k": "a", "v": 1}, {"k": None, "v": 3}]


def test_keys_given_pair_by_pair_both_stay(tmp_path: Path) -> None:
    rows = joined(tmp_path, {"leftOn": ["k"], "rightOn": ["k"], "suffix": "_2"})
    assert rows[0] == {"k": "b", "v": 2, "k_2": "b", "v_2": 20, "w": "x"}


def test_union_matches_columns_by_name_and_widens_types(tmp_path: Path) -> None:
    one, other = {"a": "integer", "b": "string"}, {"b": "string", "a": "number", "c": "date"}
    module = imported(text_of(source("A", one), source("B", other), step("Both", {"union": {}}, ["A", "B"]), destination()), tmp_path)
    rows = module.transform(table(one, [(1, "x")]), table(other, [("y", 2.5, dt.date(2025, 1, 2))])).to_pyarrow().to_pylist()
    assert rows == [{"a": 1.0, "b": "x", "c": None}, {"a": 2.5, "b": "y", "c": dt.date(2025, 1, 2)}]


def test_distinct_union_keeps_the_first_of_equal_rows(tmp_path: Path) -> None:
    columns = {"a": "integer"}
    module = imported(
        text_of(source("A", columns), source("B", columns), step("Both", {"union": {"distinct": True}}, ["A", "B"]), destination()), tmp_path
    )
    rows = module.transform(table(columns, [(3,), (1,), (3,)]), table(columns, [(2,), (1,)])).to_pyarrow().to_pylist()
    assert [r["a"] for r in rows] == [3, 1, 2]


KV = {"k": "string", "v": "number"}


def test_dedupe_breaks_ties_by_the_order_of_the_source(transformed: Any) -> None:
    rows = [("b", 1.0), ("a", 5.0), ("b", 2.0), ("a", 4.0)]
    assert transformed(KV, rows, {"dedupe": {"columns": ["k"]}}) == [("b", 1.0), ("a", 5.0)]
    assert transformed(KV, rows, {"dedupe": {"columns": ["k"], "keep": "last"}}) == [("b", 2.0), ("a", 4.0)]


def test_dedupe_by_an_order_puts_missing_values_last(transformed: Any) -> None:
    rows = [("a", None), ("a", 2.0), ("a", 1.0)]
    newest = {"columns": ["k"], "orderBy": [{"column": "v", "direction": "desc"}]}
    assert transformed(KV, rows, {"dedupe": newest}) == [("a", 2.0)]
    assert transformed(KV, rows, {"dedupe": {**newest, "keep": "last"}}) == [("a", None)]


def test_dedupe_without_columns_removes_equal_rows_and_keeps_their_order(transformed: Any) -> None:
    assert transformed(KV, [("b", 1.0), ("a", None), ("b", 1.0), ("a", None)], {"dedupe": {}}) == [("b", 1.0), ("a", None)]


def test_sum_of_no_values_is_zero_and_the_others_are_missing(transformed: Any) -> None:
    operations = ["sum", "avg", "min", "max", "median", "count", "countDistinct", "stddev", "first", "last"]
    config = {"groupBy": ["k"], "aggregations": [{"column": "v", "operation": o, "outputName": o} for o in operations]}
    assert transformed(KV, [(None, None)], config) == [(None, 0.0, None, None, None, None, 0, 0, None, None, None)]


def test_aggregations_leave_missing_values_out(transformed: Any) -> None:
    operations = ["sum", "avg", "median", "count", "countDistinct", "stddev"]
    config = {"groupBy": ["k"], "aggregations": [{"column": "v", "operation": o, "outputName": o} for o in operations]}
    rows = [("a", 1.0), ("a", None), ("a", 4.0), ("a", 4.0)]
    assert transformed(KV, rows, config) == [("a", 9.0, 3.0, 4.0, 3, 2, pytest.approx(math.sqrt(3)))]


def test_first_and_last_follow_the_source_and_include_missing_values(transformed: Any) -> None:
    config = {"groupBy": ["k"], "aggregations": [{"column": "v", "operation": o, "outputName": o} for o in ("first", "last")]}
    assert transformed(KV, [("a", 7.0), ("b", None), ("a", 1.0), ("b", 2.0), ("a", None)], config) == [("a", 7.0, None), ("b", None, 2.0)]


def test_totals_of_no_rows_are_one_row(transformed: Any) -> None:
    config = {"aggregations": [{"operation": "count", "outputName": "n"}, {"column": "v", "operation": "sum", "outputName": "total"}]}
    assert transformed(KV, [], config) == [(0, 0.0)]


def test_running_values_and_ranks_of_ties(transformed: Any) -> None:
    by = {"partitionBy": ["k"], "orderBy": [{"column": "v"}]}
    windows = [{"name": f, "function": f, **by} for f in ("rank", "denseRank", "rowNumber")]
    windows.append({"name": "total", "function": "sum", "column": "v", **by})
    rows = transformed(KV, [("a", 2.0), ("a", 1.0), ("a", 2.0), ("a", 3.0), ("b", None)], {"window": windows})
    assert rows == [("a", 2.0, 2, 2, 2, 3.0), ("a", 1.0, 1, 1, 1, 1.0), ("a", 2.0, 2, 2, 3, 5.0), ("a", 3.0, 4, 3, 4, 8.0), ("b", None, 1, 1, 1, 0.0)]


def test_lag_lead_and_moving_average(transformed: Any) -> None:
    by = {"orderBy": [{"column": "k"}], "column": "v"}
    windows = [
        {"name": "lag2", "function": "lag", "offset": 2, **by},
        {"name": "lead", "function": "lead", **by},
        {"name": "avg2", "function": "avg", "rows": 2, **by},
    ]
    rows = transformed(KV, [("c", 3.0), ("a", 1.0), ("b", None)], {"window": windows})
    assert rows == [("c", 3.0, 1.0, None, 3.0), ("a", 1.0, None, None, 1.0), ("b", None, None, 3.0, 1.0)]


def test_a_window_may_build_on_another(transformed: Any) -> None:
    windows = [{"name": "total", "function": "sum", "column": "v"}, {"name": "most", "function": "max", "column": "total"}]
    assert transformed(KV, [("a", 1.0), ("b", 2.0)], {"window": windows}) == [("a", 1.0, 3.0, 3.0), ("b", 2.0, 3.0, 3.0)]


PIVOTED = {"team": "string", "prio": "string", "n": "integer"}


def test_pivot_tells_a_cell_without_rows_from_one_without_values(transformed: Any) -> None:
    rows = [("x", "hi", None), ("y", "lo", 2), ("y", "lo", 3), ("y", None, 9)]
    pivot = {"index": ["team"], "columns": "prio", "values": "n"}
    assert transformed(PIVOTED, rows, {"pivot": pivot}) == [("x", 0, None), ("y", None, 5)]
    assert transformed(PIVOTED, rows, {"pivot": {**pivot, "operation": "max", "fill": -1}}) == [("x", None, -1), ("y", -1, 3)]
    assert transformed(PIVOTED, rows, {"pivot": {**pivot, "operation": "count", "fill": 0}}) == [("x", 0, 0), ("y", 0, 2)]


def test_pivot_with_given_names_keeps_their_order(tmp_path: Path) -> None:
    pivot = {"index": ["team"], "columns": "prio", "operation": "count", "names": ["lo", "new", "hi"], "fill": 0}
    module = imported(text_of(source("In", PIVOTED), step("Pivot", {"pivot": pivot}), destination()), tmp_path)
    result = module.transform(table(PIVOTED, [("x", "hi", None), ("x", "hi", 2)]))
    assert (result.columns, result.to_pyarrow().to_pylist()) == (("team", "lo", "new", "hi"), [{"team": "x", "lo": 0, "new": 0, "hi": 2}])


def test_pivot_stops_at_values_that_cannot_name_columns_side_by_side(tmp_path: Path) -> None:
    pivot = {"index": ["team"], "columns": "prio", "operation": "count"}
    module = imported(text_of(source("In", PIVOTED), step("Pivot", {"pivot": pivot}), destination()), tmp_path)
    with pytest.raises(Exception, match=r"'Hi' and 'hi'|'hi' and 'Hi'"):
        module.transform(table(PIVOTED, [("x", "hi", 1), ("x", "Hi", 2)]))


def test_unpivot_makes_a_row_per_column_in_their_order(transformed: Any) -> None:
    columns = {"id": "string", "q2": "integer", "q1": "number"}
    config = {"unpivot": {"columns": ["q2", "q1"], "nameTo": "quarter", "valueTo": "sales"}}
    assert transformed(columns, [("a", 2, None), ("b", 4, 3.5)], config) == [("a", "q2", 2.0), ("a", "q1", None), ("b", "q2", 4.0), ("b", "q1", 3.5)]


def test_sort_puts_missing_values_last_both_ways_and_settles_ties_by_the_other_columns(transformed: Any) -> None:
    rows = [("b", None), ("c", 1.0), ("a", 1.0), ("d", 2.0)]
    assert transformed(KV, rows, {"sort": [{"column": "v"}]}) == [("a", 1.0), ("c", 1.0), ("d", 2.0), ("b", None)]
    assert transformed(KV, rows, {"sort": [{"column": "v", "direction": "desc"}]}) == [("d", 2.0), ("a", 1.0), ("c", 1.0), ("b", None)]


def test_limit_per_group_keeps_the_first_rows_of_each(transformed: Any) -> None:
    rows = [("a", 1.0), ("b", 2.0), ("a", 3.0), ("a", 4.0)]
    assert transformed(KV, rows, {"limit": {"count": 2, "per": ["k"]}}) == [("a", 1.0), ("b", 2.0), ("a", 3.0)]


def test_the_best_of_each_group_in_one_step(transformed: Any) -> None:
    config = {"sort": [{"column": "v", "direction": "desc"}], "limit": {"count": 1, "per": ["k"]}}
    assert transformed(KV, [("a", 1.0), ("b", 2.0), ("a", 3.0)], config) == [("a", 3.0), ("b", 2.0)]


def test_the_order_of_a_sort_lasts_through_later_steps(transformed: Any) -> None:
    sort, add = {"sort": [{"column": "v", "direction": "desc"}]}, {"addColumns": [{"name": "w", "formula": "{v} * 2"}], "select": ["k", "w"]}
    assert transformed(KV, [("a", 1.0), ("b", 3.0), ("c", 2.0)], sort, add, {"limit": 2}) == [("b", 6.0), ("c", 4.0)]


def test_exclude_keeps_rows_whose_value_is_missing(transformed: Any) -> None:
    assert transformed(KV, [("a", 1.0), ("b", None), ("c", 9.0)], {"exclude": {"v": {"greaterThan": 5}}}) == [("a", 1.0), ("b", None)]


def test_exclude_drops_rows_where_all_conditions_hold(transformed: Any) -> None:
    config = {"exclude": {"v": {"greaterThan": 5}, "k": {"equals": "a"}}}
    assert transformed(KV, [("a", 9.0), ("b", 9.0), ("a", 1.0), (None, 9.0)], config) == [("b", 9.0), ("a", 1.0), (None, 9.0)]


def test_casts_read_other_notations(transformed: Any) -> None:
    columns = {"price": "string", "day": "string", "share": "number"}
    casts = {
        "price": {"to": "number", "thousands": ".", "decimal": ",", "strip": "€ "},
        "day": {"to": "date", "format": "%d.%m.%Y", "onError": "missing"},
        "share": "integer",
    }
    rows = transformed(columns, [("€ 1.250,50", "31.01.2025", 2.5), ("7", "2025-01-31", -2.5), (None, None, None)], {"cast": casts})
    assert rows == [(1250.5, dt.date(2025, 1, 31), 3), (7.0, None, -3), (None, None, None)]


def test_a_text_that_cannot_be_read_ends_the_run(transformed: Any) -> None:
    with pytest.raises(Exception, match="n/a"):
        transformed({"v": "string"}, [("n/a",)], {"cast": {"v": "number"}})


def test_missing_dates_are_filled_with_a_date(transformed: Any) -> None:
    rows = transformed({"day": "date", "n": "integer"}, [(None, None)], {"fillNulls": {"day": "2025-01-31", "n": 0.5}})
    assert rows == [(dt.date(2025, 1, 31), 0.5)]


def test_drop_nulls_looks_at_all_columns_unless_some_are_named(transformed: Any) -> None:
    rows = [("a", None), (None, None), ("b", 1.0)]
    assert transformed(KV, rows, {"dropNulls": {}}) == [("b", 1.0)]
    assert transformed(KV, rows, {"dropNulls": {"how": "all"}}) == [("a", None), ("b", 1.0)]
    assert transformed(KV, rows, {"dropNulls": {"columns": ["k"]}}) == [("a", None), ("b", 1.0)]


def test_columns_may_have_any_name(transformed: Any) -> None:
    columns = {'Amount "EUR"': "number", "class": "string", "by": "integer", "self": "integer"}
    config = {
        "groupBy": ["class"],
        "aggregations": [
            {"column": 'Amount "EUR"', "operation": "sum", "outputName": "by"},
            {"column": "self", "operation": "max", "outputName": "größe m²"},
        ],
        "rename": {"class": "lambda"},
    }
    assert transformed(columns, [(1.5, "x", 1, 2), (2.0, "x", 3, 4)], config) == [("x", 3.5, 4)]


def test_sql_reads_each_input_under_its_name(tmp_path: Path) -> None:
    a, b = {"id": "integer", "n": "integer"}, {"id": "integer", "label": "string"}
    query = "SELECT label, SUM(n) AS total FROM first_part JOIN second_part USING (id) GROUP BY label ORDER BY label DESC"
    module = imported(
        text_of(source("First part", a), source("Second Part", b), step("Sum", {"sql": query}, ["First part", "Second Part"]), destination()),
        tmp_path,
    )
    result = module.transform(table(a, [(1, 2), (1, 3), (2, 4)]), table(b, [(1, "x"), (2, "y")])).to_pyarrow()
    assert (result.to_pylist(), str(result.schema.field("total").type)) == ([{"label": "y", "total": 4}, {"label": "x", "total": 5}], "int64")


def test_a_python_function_gets_rows_in_order_and_its_text_stays_as_it_is(transformed: Any) -> None:
    code = 'SUFFIX = """\n  !"""\n\ndef transform(rows):\n    for number, row in enumerate(rows):\n'
    code += '        row["k"] += SUFFIX + str(number)\n    return rows[::-1]\n'
    config = {"python": {"code": code, "columns": {"k": "string", "v": "number"}}}
    assert transformed(KV, [("a", 1.0), ("b", None)], config) == [("b\n  !1", None), ("a\n  !0", 1.0)]


def test_the_file_imports_only_what_this_pipeline_needs() -> None:
    text = text_of(source("In", KV), step("Keep", {"filter": {"v": {"greaterThan": 1}}}), destination())
    imports = {a.name.split(".")[0] for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import) for a in n.names}
    assert imports & {"httpx", "sqlalchemy", "gspread", "fsspec", "pyarrow", "sqlite3"} == set()


def test_the_same_spec_gives_the_same_text() -> None:
    steps = [source("In", KV), step("Keep", {"filter": {"v": {"greaterThan": 1}, "k": {"in": ["a", "b"]}}}), destination()]
    assert text_of(*steps) == text_of(*steps)


def test_only_the_columns_that_are_used_are_read(tmp_path: Path) -> None:
    columns = {"a": "string", "b": "number", "c": "date", "d": "integer"}
    add = step("Add", {"addColumns": [{"name": "e", "formula": "{b} * {d}"}]})
    group = step("Group", {"groupBy": ["a"], "aggregations": [{"column": "e", "operation": "sum", "outputName": "e"}]})
    module = imported(text_of(source("In", columns), add, group, destination()), tmp_path)
    assert set(module.IN_TABLE_COLUMNS) == {"a", "b", "d"}


def test_secrets_are_referred_to_and_never_written_down() -> None:
    config = {"connector": "postgres", "urlSecret": "env:WAREHOUSE_URL", "table": "t", "columns": KV}
    text = text_of({"type": "source", "name": "In", "config": config}, destination())
    assert "_secret(" in text
    assert '"env:WAREHOUSE_URL"' in text


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a pipeline over `in.csv` in `tmp_path`."""
    monkeypatch.setenv("PIPELINE_ROOT", str(tmp_path))

    def main(text: str, *steps: Document) -> int:
        (tmp_path / "In.csv").write_text(text)
        return int(imported(text_of(*steps), tmp_path).main())

    return main


DOUBLED = step("Double", {"addColumns": [{"name": "w", "formula": "{v} * 2"}]})


def test_a_file_with_a_header_only_gives_a_header_only(run: Any, tmp_path: Path) -> None:
    assert run("k,v\n", source("In", KV), DOUBLED, destination()) == 0
    assert (tmp_path / "out.csv").read_text() == "k,v,w\n"


def test_types_are_found_where_none_are_given_and_a_leading_zero_makes_a_text(run: Any, tmp_path: Path) -> None:
    text = "plz,n,x,day,at,ok,empty\n01067,1,1.5,2025-01-31,2025-01-31 10:00,true,\n99999,2,2,2025-02-01,2025-02-01 11:30:00,false,\n"
    assert run(text, source("In", None), destination("out.json")) == 0
    assert json.loads((tmp_path / "out.json").read_text())[0] == {
        "plz": "01067", "n": 1, "x": 1.5, "day": "2025-01-31", "at": "2025-01-31 10:00:00", "ok": True, "empty": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("k,w\na,1\n", "has no column 'v'; it has 'k', 'w'"),
        ("k,v\na,1\nb,x1\n", 'line 3: Error when converting column "v". Could not convert string "x1"'),
        ("k,v\na,1\nb\n", "line 3: Expected Number of Columns: 2 Found: 1"),
    ],
)
def test_a_wrong_file_is_told_in_one_line_and_nothing_is_written(
    text: str, said: str, run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(text, source("In", KV), DOUBLED, destination()) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert said in last
    assert "In.csv" in last
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(("kind", "value"), [("integer", "3.7"), ("date", "01/02/2025"), ("timestamp", "noon")])
def test_a_value_that_is_not_of_the_columns_type_is_refused_and_not_guessed(
    kind: str, value: str, run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"k,v\na,{value}\n", source("In", {"k": "string", "v": kind}), destination()) == 1
    assert f"column 'v': '{value}' is not " in capsys.readouterr().out


def test_nan_is_missing(run: Any, tmp_path: Path) -> None:
    pq.write_table(pa.table({"k": ["a", "b"], "v": [math.nan, 2.0]}), tmp_path / "in.parquet")
    assert run("", source("In", KV, "in.parquet"), step("Keep", {"dropNulls": {"columns": ["v"]}}), destination()) == 0
    assert (tmp_path / "out.csv").read_text() == "k,v\nb,2.0\n"


def test_csv_is_written_as_other_programs_read_it(run: Any, tmp_path: Path) -> None:
    columns = {"s": "string", "x": "number", "b": "boolean", "d": "date", "t": "timestamp"}
    assert run('s,x,b,d,t\n"a;""b""",1e3,TRUE,2025-01-02,2025-01-02T10:00:00\n,,,,\n', source("In", columns), destination(delimiter=";")) == 0
    assert (tmp_path / "out.csv").read_text() == 's;x;b;d;t\n"a;""b""";1000.0;true;2025-01-02;2025-01-02 10:00:00\n;;;;\n'


def test_each_step_logs_rows_and_seconds_as_json(run: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_LOG_FORMAT", "json")
    assert run("k,v\na,1\nb,5\n", source("In", KV), DOUBLED, step("Keep", {"filter": {"w": {"greaterThan": 4}}}), destination()) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    finished = [(e["step"], e["rows"]) for e in lines if e["event"] == "finished"]
    assert finished == [("In", 2), ("Double", 2), ("Keep", 1), ("Out", 1)]
    assert all(e["seconds"] >= 0 and e["peakMemoryBytes"] > 10**7 for e in lines if e["event"] == "finished")


def test_the_log_file_holds_the_traceback_and_the_terminal_does_not(run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("k,v\na,x\n", source("In", KV), DOUBLED, destination()) == 1
    (log,) = (tmp_path / "logs").glob("execution_*.log")
    assert "Traceback" in log.read_text()
    assert "Traceback" not in capsys.readouterr().out


def test_nothing_is_written_before_all_results_are_there(run: Any, tmp_path: Path) -> None:
    bad = step("Bad", {"cast": {"k": "number"}}, ["In"])
    first, second = destination("one.csv", "One"), destination("two.csv", "Two")
    assert run("k,v\na,1\n", source("In", KV), {**first, "inputs": ["In"]}, bad, {**second, "inputs": ["Bad"]}) == 1
    assert not list(tmp_path.glob("*o*.csv"))


def test_a_failed_write_leaves_the_old_file_and_no_other(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.csv").write_text("old")

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    assert run("k,v\na,1\n", source("In", KV), destination()) == 1
    assert (tmp_path / "out.csv").read_text() == "old"
    assert not list(tmp_path.glob(".out*"))


def test_forty_steps_are_rendered_in_a_moment() -> None:
    steps = [step(f"Add {i}", {"addColumns": [{"name": f"c{i}", "formula": "{v} * 2"}]}) for i in range(40)]
    tree = ast.parse(text_of(source("In", KV), *steps, destination()))
    assert sum(isinstance(n, ast.FunctionDef) and n.name.startswith("add_") for n in tree.body) == 40
