"""P5, P8: the reference evaluation gives what the documentation of each transform says; expected rows are written by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from tidemill.domain.reference import NotEvaluable, UnreadableValue, apply_transform, evaluate
from tidemill.domain.spec_yaml import load_document
from tidemill.domain.table_schema import ColumnType, TableSchema
from tidemill.domain.transforms import TransformConfig

KINDS = {
    "string": ColumnType.STRING,
    "integer": ColumnType.INTEGER,
    "number": ColumnType.NUMBER,
    "boolean": ColumnType.BOOLEAN,
    "date": ColumnType.DATE,
}


def schema(text: str) -> TableSchema:
    """`name:type` pairs, a bare name being an integer."""
    pairs = [part.partition(":") for part in text.split()]
    return TableSchema({name: KINDS[kind or "integer"] for name, _, kind in pairs})


def apply(config: dict[str, object], columns: str, *rows: tuple[object, ...]) -> list[tuple[object, ...]]:
    """The rows that a step makes of rows, as tuples."""
    table = schema(columns)
    given = [dict(zip(table.names, row, strict=True)) for row in rows]
    made = apply_transform(TransformConfig.model_validate(config), [given], ["input"], [table])
    return [tuple(row.values()) for row in made]


def apply_to_two(
    config: dict[str, object], left: tuple[str, list[tuple[object, ...]]], right: tuple[str, list[tuple[object, ...]]]
) -> list[dict[str, object]]:
    schemas = [schema(left[0]), schema(right[0])]
    tables = [[dict(zip(s.names, row, strict=True)) for row in rows] for s, (_, rows) in zip(schemas, (left, right), strict=True)]
    return apply_transform(TransformConfig.model_validate(config), tables, ["left", "right"], schemas)


LEFT = ("k a", [(1, 10), (2, 20), (None, 30)])
RIGHT = ("k b", [(1, 100), (1, 101), (3, 300), (None, 400)])


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("inner", [(1, 10, 100), (1, 10, 101)]),
        ("left", [(1, 10, 100), (1, 10, 101), (2, 20, None), (None, 30, None)]),
        ("right", [(1, 10, 100), (1, 10, 101), (3, None, 300), (None, None, 400)]),
        ("outer", [(1, 10, 100), (1, 10, 101), (2, 20, None), (None, 30, None), (3, None, 300), (None, None, 400)]),
    ],
)
def test_join_keeps_unmatched_rows_as_asked(how: str, expected: list[tuple[object, ...]]) -> None:
    assert [tuple(r.values()) for r in apply_to_two({"join": {"how": how, "on": ["k"]}}, LEFT, RIGHT)] == expected


@pytest.mark.parametrize(("how", "expected"), [("semi", [(1, 10)]), ("anti", [(2, 20), (None, 30)])])
def test_semi_and_anti_join_keep_left_rows_once(how: str, expected: list[tuple[object, ...]]) -> None:
    assert [tuple(r.values()) for r in apply_to_two({"join": {"how": how, "on": ["k"]}}, LEFT, RIGHT)] == expected


def test_join_on_different_names_keeps_both_keys() -> None:
    rows = apply_to_two({"join": {"how": "outer", "leftOn": ["k"], "rightOn": ["id"]}}, ("k", [(1,), (2,)]), ("id", [(1,), (3,)]))
    assert rows == [{"k": 1, "id": 1}, {"k": 2, "id": None}, {"k": None, "id": 3}]


def test_join_adds_suffix_to_a_right_column_that_the_left_has() -> None:
    rows = apply_to_two({"join": {"on": ["k"], "suffix": "_2"}}, ("k v", [(1, 5)]), ("k v", [(1, 6)]))
    assert rows == [{"k": 1, "v": 5, "v_2": 6}]


def test_join_key_of_both_number_types_is_a_number() -> None:
    rows = apply_to_two({"join": {"how": "outer", "on": ["k"]}}, ("k", [(1,)]), ("k:number b", [(1.0, 7), (2.5, 8)]))
    assert rows == [{"k": 1.0, "b": 7}, {"k": 2.5, "b": 8}]
    assert isinstance(rows[0]["k"], float)


def test_union_matches_columns_by_name() -> None:
    rows = apply_to_two({"union": {}}, ("a b", [(1, 2)]), ("b:number c", [(2.5, 3)]))
    assert rows == [{"a": 1, "b": 2.0, "c": None}, {"a": None, "b": 2.5, "c": 3}]


def test_union_distinct_counts_missing_values_as_equal() -> None:
    assert apply_to_two({"union": {"distinct": True}}, ("a", [(1,), (None,)]), ("a", [(None,), (1,), (2,)])) == [{"a": 1}, {"a": None}, {"a": 2}]


def test_filter_drops_missing_and_exclude_keeps_it() -> None:
    rows = [(1,), (5,), (None,)]
    assert apply({"filter": {"a": {"greaterThan": 1}}}, "a", *rows) == [(5,)]
    assert apply({"exclude": {"a": {"greaterThan": 1}}}, "a", *rows) == [(1,), (None,)]


def test_negative_conditions_hold_for_missing_values() -> None:
    assert apply({"filter": {"a": {"notEquals": 1}}}, "a", (1,), (2,), (None,)) == [(2,), (None,)]


def test_where_keeps_only_true() -> None:
    assert apply({"where": "{a} > 1"}, "a", (1,), (2,), (None,)) == [(2,)]


def test_exclude_drops_rows_where_all_conditions_hold() -> None:
    config = {"exclude": {"a": {"equals": 1}, "b": {"equals": 2}}}
    assert apply(config, "a b", (1, 2), (1, 3), (None, 2)) == [(1, 3), (None, 2)]


def test_later_formula_sees_earlier_column() -> None:
    config = {"addColumns": [{"name": "b", "formula": "{a} + 1"}, {"name": "c", "formula": "{b} * 2"}]}
    assert apply(config, "a", (1,), (None,)) == [(1, 2, 4), (None, None, None)]


def test_formula_replaces_a_column_in_its_place() -> None:
    assert apply({"addColumns": [{"name": "a", "formula": "{a} * {b}"}]}, "a b", (2, 3)) == [(6, 3)]


def test_cast_reads_a_number_with_separators() -> None:
    config = {"cast": {"a": {"to": "number", "thousands": ".", "decimal": ",", "strip": "€ "}}}
    assert apply(config, "a:string", ("1.234,50 €",), (None,)) == [(1234.5,), (None,)]


def test_cast_reads_a_date_by_its_format() -> None:
    assert apply({"cast": {"a": {"to": "date", "format": "%d.%m.%Y"}}}, "a:string", ("31.01.2024",)) == [(dt.date(2024, 1, 31),)]


def test_cast_that_may_fail_gives_missing() -> None:
    assert apply({"cast": {"a": {"to": "integer", "onError": "missing"}}}, "a:string", ("7",), ("n/a",)) == [(7,), (None,)]


def test_cast_that_must_not_fail_stops() -> None:
    with pytest.raises(UnreadableValue, match="n/a"):
        apply({"cast": {"a": "integer"}}, "a:string", ("n/a",))


def test_cast_of_number_to_integer_rounds_half_away_from_zero() -> None:
    assert apply({"cast": {"a": "integer"}}, "a:number", (2.5,), (-2.5,), (2.4,)) == [(3,), (-3,), (2,)]


def test_not_a_number_in_text_is_missing() -> None:
    assert apply({"cast": {"a": "number"}}, "a:string", ("nan",)) == [(None,)]


def test_fill_nulls_leaves_empty_text() -> None:
    assert apply({"fillNulls": {"a": "x"}}, "a:string", (None,), ("",)) == [("x",), ("",)]


def test_fill_nulls_reads_iso_text_as_the_columns_type() -> None:
    assert apply({"fillNulls": {"a": "2024-01-31"}}, "a:date", (None,)) == [(dt.date(2024, 1, 31),)]


@pytest.mark.parametrize(("how", "expected"), [("any", [(1, 1)]), ("all", [(1, 1), (1, None)])])
def test_drop_nulls_looks_at_any_or_all(how: str, expected: list[tuple[object, ...]]) -> None:
    assert apply({"dropNulls": {"how": how}}, "a b", (1, 1), (1, None), (None, None)) == expected


def test_dedupe_keeps_the_first_in_source_order() -> None:
    assert apply({"dedupe": {"columns": ["k"]}}, "k v", (1, 9), (2, 8), (1, 7), (None, 1), (None, 2)) == [(1, 9), (2, 8), (None, 1)]


def test_dedupe_keeps_the_last_where_it_stood() -> None:
    assert apply({"dedupe": {"columns": ["k"], "keep": "last"}}, "k v", (1, 9), (2, 8), (1, 7)) == [(2, 8), (1, 7)]


def test_dedupe_by_order_breaks_ties_by_source_order() -> None:
    config = {"dedupe": {"columns": ["k"], "orderBy": [{"column": "v", "direction": "desc"}]}}
    assert apply(config, "k v id", (1, 5, 1), (1, 7, 2), (1, 7, 3), (1, None, 4)) == [(1, 7, 2)]
    config["dedupe"]["keep"] = "last"
    assert apply(config, "k v id", (1, 5, 1), (1, 7, 2), (1, None, 3), (1, None, 4)) == [(1, None, 4)]


def test_dedupe_without_columns_removes_equal_rows() -> None:
    assert apply({"dedupe": {}}, "a b", (1, None), (1, None), (1, 2)) == [(1, None), (1, 2)]


def window(function: str, **more: object) -> dict[str, object]:
    return {"window": [{"name": "w", "function": function, "orderBy": [{"column": "o"}], **more}]}


ORDERED = [(1, 10), (3, 30), (2, None), (2, 20), (None, 5)]
"""Columns o and v; o has a tie and a missing value, which comes last."""


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (window("sum", column="v"), [10, 60, 10, 30, 65]),
        (window("count", column="v"), [1, 3, 1, 2, 4]),
        (window("count"), [1, 4, 2, 3, 5]),
        (window("avg", column="v"), [10, 20, 10, 15, 16.25]),
        (window("sum", column="v", rows=2), [10, 50, 10, 20, 35]),
        (window("rank"), [1, 4, 2, 2, 5]),
        (window("denseRank"), [1, 3, 2, 2, 4]),
        (window("rowNumber"), [1, 4, 2, 3, 5]),
        (window("lag", column="v"), [None, 20, 10, None, 30]),
        (window("lead", column="v", offset=2), [20, None, 30, 5, None]),
        (window("first", column="v"), [10] * 5),
        (window("last", column="v"), [5] * 5),
        (window("min", column="v", orderBy=[]), [5] * 5),
    ],
)
def test_window_column(config: dict[str, object], expected: list[object]) -> None:
    assert [row[-1] for row in apply(config, "o v", *ORDERED)] == expected


def test_window_sums_stay_within_their_partition() -> None:
    config = {"window": [{"name": "w", "function": "sum", "column": "v", "partitionBy": ["k"]}]}
    assert apply(config, "k v", (1, 2), (None, 4), (1, 3), (None, None)) == [(1, 2, 5), (None, 4, 4), (1, 3, 5), (None, None, 4)]


def test_window_sum_of_missing_values_is_zero() -> None:
    assert [row[-1] for row in apply(window("sum", column="v"), "o v", (1, None))] == [0]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("sum", 10), ("count", 3), ("avg", 10 / 3), ("min", 2), ("max", 4), ("median", 4), ("countDistinct", 2), ("first", None), ("last", 4),
        ("stddev", (4 / 3) ** 0.5),
    ],
)  # fmt: skip
def test_aggregation_of_values(operation: str, expected: object) -> None:
    config = {"aggregations": [{"column": "v", "operation": operation, "outputName": "x"}]}
    assert apply(config, "v", (None,), (2,), (4,), (4,)) == [(pytest.approx(expected) if isinstance(expected, float) else expected,)]


@pytest.mark.parametrize(("operation", "expected"), [("sum", 0), ("count", 0), ("avg", None), ("median", None), ("min", None), ("first", None)])
def test_aggregation_of_nothing(operation: str, expected: object) -> None:
    config = {"aggregations": [{"column": "v", "operation": operation, "outputName": "x"}]}
    assert apply(config, "v") == [(expected,)]


def test_median_of_an_even_number_lies_between() -> None:
    assert apply({"aggregations": [{"column": "v", "operation": "median", "outputName": "x"}]}, "v", (1,), (4,), (2,), (3,)) == [(2.5,)]


def test_standard_deviation_of_one_value_is_missing() -> None:
    assert apply({"aggregations": [{"column": "v", "operation": "stddev", "outputName": "x"}]}, "v", (1,)) == [(None,)]


def test_missing_group_key_is_a_group() -> None:
    config = {"groupBy": ["k"], "aggregations": [{"operation": "count", "outputName": "n"}]}
    assert apply(config, "k", (1,), (None,), (1,), (None,), (None,)) == [(1, 2), (None, 3)]


def test_groups_of_no_rows_are_none() -> None:
    assert apply({"groupBy": ["k"], "aggregations": [{"operation": "count", "outputName": "n"}]}, "k") == []


def test_group_by_alone_gives_the_keys() -> None:
    assert apply({"groupBy": ["k"]}, "k v", (1, 1), (1, 2), (2, 3)) == [(1,), (2,)]


def test_sum_beyond_64_bits_stops() -> None:
    with pytest.raises(UnreadableValue, match="64 bits"):
        apply({"aggregations": [{"column": "v", "operation": "sum", "outputName": "x"}]}, "v", (2**63 - 1,), (1,))


def test_pivot_makes_a_column_per_value_sorted() -> None:
    config = {"pivot": {"index": ["k"], "columns": "c", "values": "v"}}
    rows = [(1, "b", 1), (1, "a", 2), (1, "b", 3), (2, None, 9), (2, "b", None)]
    made = apply_transform(
        TransformConfig.model_validate(config), [[dict(zip("kcv", r, strict=True)) for r in rows]], ["i"], [schema("k c:string v")]
    )
    assert made == [{"k": 1, "a": 2, "b": 4}, {"k": 2, "a": None, "b": 0}]


def test_pivot_fills_only_cells_without_rows() -> None:
    config = {"pivot": {"index": ["k"], "columns": "c", "values": "v", "operation": "max", "names": ["a", "b"], "fill": -1}}
    assert apply(config, "k c:string v", (1, "a", None), (1, "z", 5)) == [(1, None, -1)]


def test_unpivot_gives_a_row_per_column() -> None:
    config = {"unpivot": {"columns": ["a", "b"], "nameTo": "what", "valueTo": "v"}}
    assert apply(config, "k a b:number", (1, 2, None)) == [(1, "a", 2.0), (1, "b", None)]


def test_sort_puts_missing_last_in_both_directions() -> None:
    rows = [(2,), (None,), (1,)]
    assert apply({"sort": [{"column": "a"}]}, "a", *rows) == [(1,), (2,), (None,)]
    assert apply({"sort": [{"column": "a", "direction": "desc"}]}, "a", *rows) == [(2,), (1,), (None,)]


def test_sort_compares_texts_by_code_point() -> None:
    assert apply({"sort": [{"column": "a"}]}, "a:string", ("b",), ("ä",), ("B",), ("a",)) == [("B",), ("a",), ("b",), ("ä",)]


def test_sort_breaks_ties_by_the_other_columns() -> None:
    assert apply({"sort": [{"column": "a"}], "limit": 2}, "b a", (9, 1), (8, 1), (7, 1)) == [(7, 1), (8, 1)]


def test_limit_per_group_keeps_the_first_of_each() -> None:
    assert apply({"limit": {"count": 1, "per": ["k"]}}, "k v", (1, 5), (2, 6), (1, 7), (None, 8)) == [(1, 5), (2, 6), (None, 8)]


def test_rename_may_swap_names() -> None:
    rows = apply_transform(TransformConfig.model_validate({"rename": {"a": "b", "b": "a"}}), [[{"a": 1, "b": 2}]], ["i"], [schema("a b")])
    assert rows == [{"b": 1, "a": 2}]


def test_operations_are_applied_in_the_fixed_order() -> None:
    config = {"select": ["twice"], "filter": {"twice": {"greaterThan": 2}}, "addColumns": [{"name": "twice", "formula": "{a} * 2"}]}
    assert apply(config, "a", (1,), (2,)) == [(4,)]


def test_reversed_hidden_order_shows_what_rests_on_it() -> None:
    config = TransformConfig.model_validate({"groupBy": ["k"], "limit": 1})
    rows = [{"k": 1}, {"k": 2}]
    results = [apply_transform(config, [rows], ["i"], [schema("k")], backwards=b) for b in (False, True)]
    assert results == [[{"k": 1}], [{"k": 2}]]


def test_sql_within_the_trusted_forms_is_evaluated() -> None:
    config = {"sql": "select k, sum(v) as total from input where v > 1 group by k"}
    assert sorted(apply(config, "k v", (1, 1), (1, 2), (2, 3), (1, 4), (2, None))) == [(1, 6), (2, 3)]


@pytest.mark.parametrize(
    "query",
    [
        "select count(distinct k) as n from input",
        "select row_number() over (order by k) as n from input",
        "select round(v, 1) as r from input",
        "select a.k from input a join input b on a.k < b.k",
        "select sum(v) from input",
    ],
)
def test_sql_beyond_the_trusted_forms_is_not_evaluable(query: str) -> None:
    with pytest.raises(NotEvaluable):
        apply({"sql": query}, "k v", (1, 2))


def test_python_is_never_executed() -> None:
    code = "def transform(rows):\n    raise SystemExit"
    with pytest.raises(NotEvaluable, match="never executed"):
        apply({"python": {"code": code, "columns": {"a": "integer"}}}, "a", (1,))


def test_spec_is_evaluated_from_sources_to_destinations() -> None:
    spec = load_document(
        {
            "name": "Two ends",
            "steps": [
                {"type": "source", "name": "orders", "config": {"path": "o.csv", "columns": {"k": "integer", "v": "integer"}}},
                {"type": "transform", "name": "big", "config": {"filter": {"v": {"greaterThan": 1}}}},
                {
                    "type": "transform",
                    "name": "sums",
                    "config": {"groupBy": ["k"], "aggregations": [{"column": "v", "operation": "sum", "outputName": "t"}]},
                },
                {"type": "destination", "name": "rows out", "inputs": ["big"], "config": {"path": "rows.csv"}},
                {"type": "destination", "name": "sums out", "inputs": ["sums"], "config": {"path": "sums.csv"}},
            ],
        }
    )
    written = evaluate(spec, {"orders": [{"k": 1, "v": 1}, {"k": 1, "v": 2}, {"k": 1, "v": 3}]})
    assert written == {"rows out": [{"k": 1, "v": 2}, {"k": 1, "v": 3}], "sums out": [{"k": 1, "t": 5}]}
