"""P8, P14: one meaning of a spec. Random specs on random tables give the same rows in the rendered pipeline and in the reference evaluation."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from tidemill.domain.finding import has_errors
from tidemill.domain.pipeline_check import check_pipeline
from tidemill.domain.reference import NotEvaluable, UnreadableValue, evaluate
from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.spec_yaml import dump_spec, load_document
from tidemill.domain.stages import stages
from tidemill.domain.table_schema import ColumnType, TableSchema, common_type
from tidemill.domain.transforms import TransformConfig
from tidemill.render.pipeline_py import render_pipeline
from tidemill.render.python_text import IBIS_TYPES, same_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tidemill.domain.pipeline import PipelineSpec
    from tidemill.domain.reference import Row, Rows

COLUMNS = {
    "n": ColumnType.INTEGER,
    "Amount EUR": ColumnType.NUMBER,
    "x": ColumnType.NUMBER,
    "s": ColumnType.STRING,
    "group": ColumnType.STRING,
    "count": ColumnType.INTEGER,
    "day": ColumnType.DATE,
    "at": ColumnType.TIMESTAMP,
    "seen": ColumnType.TIMESTAMPTZ,
    "naïve": ColumnType.BOOLEAN,
}
WIDER = {"n": ColumnType.NUMBER, "count": ColumnType.NUMBER, "day": ColumnType.TIMESTAMP}
"""Types of the same columns in a second source, where a join or union has to find the common one."""
EXTREME = "x"
"""The column of extreme numbers; not added up, as the last digits of such a sum depend on the order."""
ZONES = (dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=45)), dt.timezone(dt.timedelta(hours=-9)))
MOMENTS = (
    dt.datetime(1970, 1, 1),
    dt.datetime(2024, 2, 29, 23, 59, 59, 999999),
    dt.datetime(2024, 12, 31, 12),
    dt.datetime(1, 1, 2),
    dt.datetime(9999, 12, 30, 1),
)
TEXTS = ("a", "a", "A", "ab", "b", "Ä", "ß", "日本", "😀", "", " a ", "01067", "12", "3.5", "-7", "nan", "x'y", 'q"z', "2024-02-29", "a%_b")
COMPARISONS = ("equals", "notEquals", "greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual", "between", "in", "notIn", "isNull")
# Numbers are sums of powers of two, so that sums are exact and no filter hangs on a last digit.
VALUES: dict[ColumnType, st.SearchStrategy[object]] = {
    ColumnType.INTEGER: st.sampled_from([0, 1, 1, 2, 3, -1, 7, 10, 100, -2_147_483_649]),
    ColumnType.NUMBER: st.sampled_from([0.0, -0.0, 0.25, 1.0, 2.5, 3.5, -2.5, 99.75, 100.0, 1_000_000.5]),
    ColumnType.STRING: st.sampled_from(TEXTS),
    ColumnType.BOOLEAN: st.booleans(),
    ColumnType.DATE: st.sampled_from([m.date() for m in MOMENTS]),
    ColumnType.TIMESTAMP: st.sampled_from(MOMENTS),
    ColumnType.TIMESTAMPTZ: st.builds(lambda m, z: m.replace(tzinfo=z).astimezone(dt.UTC), st.sampled_from(MOMENTS[:3]), st.sampled_from(ZONES)),
}
EXTREMES = st.sampled_from([1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 1e16, -1e16, 0.1, 2.0**53 + 2])


@dataclass
class Case:
    """A spec with the rows of its sources."""

    spec: PipelineSpec
    tables: dict[str, Rows]


def rows_for(columns: Mapping[str, ColumnType]) -> st.SearchStrategy[Rows]:
    cells = {name: st.none() | (EXTREMES if name == EXTREME else VALUES[kind]) for name, kind in columns.items()}
    return st.lists(st.tuples(*cells.values()).map(lambda values: dict(zip(cells, values, strict=True))), max_size=8)


def of(columns: Mapping[str, ColumnType], *kinds: ColumnType) -> list[str]:
    return [name for name, kind in columns.items() if kind in kinds]


def numeric(columns: Mapping[str, ColumnType]) -> list[str]:
    return [name for name in of(columns, ColumnType.INTEGER, ColumnType.NUMBER) if not name.startswith(EXTREME)]


def traced(column: str, name: str) -> str:
    """The name of a column made of another; that of extreme numbers stays known."""
    return f"{EXTREME} {name}" if column.startswith(EXTREME) else name


def written(value: object) -> object:
    """A value as the file of a spec holds it."""
    return value.isoformat() if isinstance(value, dt.date) else value


def condition(draw: Callable, columns: Mapping[str, ColumnType], name: str) -> dict[str, object]:
    kind = columns[name]
    value = VALUES[kind].map(written)
    if kind is ColumnType.BOOLEAN:
        return {draw(st.sampled_from(["equals", "notEquals"])): draw(value)}
    if kind is ColumnType.STRING and draw(st.booleans()):
        part = draw(st.sampled_from(["contains", "notContains", "startsWith", "endsWith"]))
        return {part: draw(st.sampled_from(["a", "A", "Ä", "%", "_"])), "ignoreCase": draw(st.booleans())}
    part = draw(st.sampled_from(COMPARISONS))
    if part == "between":
        return {part: [draw(value), draw(value)]}
    if part in ("in", "notIn"):
        return {part: draw(st.lists(value, min_size=1, max_size=3))}
    return {part: draw(st.booleans()) if part == "isNull" else draw(value)}


def conditions(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    names = draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=2, unique=True))
    return {name: condition(draw, columns, name) for name in names}


def formula(draw: Callable, columns: Mapping[str, ColumnType]) -> str:
    number = st.sampled_from([f"{{{n}}}" for n in numeric(columns)] or ["2"])
    text = st.sampled_from([f"{{{n}}}" for n in of(columns, ColumnType.STRING)] or ["'q'"])
    day = st.sampled_from([f"{{{n}}}" for n in of(columns, ColumnType.DATE, ColumnType.TIMESTAMP)] or ["date('2024-02-29')"])
    a, b, s, t, d = draw(number), draw(number), draw(text), draw(text), draw(day)
    return draw(
        st.sampled_from(
            [
                f"{a} + {b}", f"{a} - {b}", f"{a} / {b}", f"{a} // 2", f"{a} % 3", f"-{a}", f"round({a})", f"round({a} / 4, 1)", f"abs({a})",
                f"coalesce({a}, 0)", f"greatest({a}, {b}, 1)", f"if {a} > {b} then 'more' else if {a} = {b} then 'same' else 'less'",
                f"{s} || '-' || {t}", f"upper({s})", f"lower({s})", f"length(trim({s}))", f"substring({s}, 1, 2)", f"replace({s}, 'a', 'e')",
                f"{s} contains 'a'", f"nullif({s}, '')", f"if {s} is null then 'none' else {s}", f"year({d})", f"month({d})", f"weekday({d})",
                f"date_trunc('month', {d})", f"format_date({d}, '%Y-%m')", f"{a} between 1 and 3", f"{a} in (1, 2)",
                f"try_to_integer({s})", f"floor({a})", f"ceil({a} / 2)",
            ]
        )
    )  # fmt: skip


def predicate(draw: Callable, columns: Mapping[str, ColumnType]) -> str:
    number = st.sampled_from([f"{{{n}}}" for n in numeric(columns)] or ["2"])
    text = st.sampled_from([f"{{{n}}}" for n in of(columns, ColumnType.STRING)] or ["'q'"])
    a, b, s = draw(number), draw(number), draw(text)
    options = [f"{a} > {b}", f"{a} >= 1 and {s} != 'a'", f"{a} < 3 or {s} = 'b'", f"not ({a} = {b})", f"{s} is null or {a} <> 0", f"{a} / {b} > 1"]
    return draw(st.sampled_from(options))


def sort_keys(draw: Callable, columns: Mapping[str, ColumnType]) -> list[dict[str, str]]:
    names = draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=2, unique=True))
    return [{"column": n, "direction": draw(st.sampled_from(["asc", "desc"]))} for n in names]


def cast(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    name = draw(st.sampled_from(list(columns)))
    kind = columns[name]
    if kind is ColumnType.STRING:
        to = draw(st.sampled_from(["integer", "number", "boolean", "date", "timestamp"]))
        more = {"strip": draw(st.sampled_from(["", "'\"", "x"])), "decimal": draw(st.sampled_from([".", ","]))} if to in ("integer", "number") else {}
        return {name: {"to": to, "onError": "missing", **more}}
    if kind is ColumnType.TIMESTAMPTZ:
        # Not to string: DuckDB 1.5.5 compares `seen::text <> 'a'` as times and finds no row, as 'a' is none.
        return {name: draw(st.sampled_from(["date", "timestamp"]))}
    if kind.is_temporal:
        return {name: draw(st.sampled_from(["string", "date", "timestamp"]))}
    return {name: draw(st.sampled_from(["string", "integer", "number"] if name != EXTREME else ["number"]))}


def fill_nulls(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    names = draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=3, unique=True))
    return {n: draw(VALUES[columns[n]].map(written)) for n in names}


def drop_nulls(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    names = draw(st.lists(st.sampled_from(list(columns)), max_size=3, unique=True))
    return {"columns": names, "how": draw(st.sampled_from(["any", "all"]))}


def add_columns(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    names = draw(st.lists(st.sampled_from(["new", "new 2", "s", "Amount EUR"]), min_size=1, max_size=2, unique=True))
    return [{"name": n, "formula": formula(draw, columns)} for n in names]


def dedupe(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    names = draw(st.lists(st.sampled_from(list(columns)), max_size=2, unique=True))
    order = sort_keys(draw, columns) if names and draw(st.booleans()) else []
    return {"columns": names, "keep": draw(st.sampled_from(["first", "last"])), "orderBy": order}


def window(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    function = draw(st.sampled_from(["sum", "avg", "min", "max", "count", "rank", "denseRank", "rowNumber", "lag", "lead", "first", "last"]))
    allowed = numeric(columns) if function in ("sum", "avg") else list(columns)
    assume(allowed)
    made: dict[str, object] = {"name": draw(st.sampled_from(["w", "n"])), "function": function}
    if function not in ("rank", "denseRank", "rowNumber"):
        made["column"] = draw(st.sampled_from(allowed))
        made["name"] = traced(str(made["column"]), str(made["name"]))
    made["partitionBy"] = draw(st.lists(st.sampled_from(list(columns)), max_size=1))
    if function not in ("sum", "avg", "min", "max", "count") or draw(st.booleans()):
        made["orderBy"] = sort_keys(draw, columns)
        if function in ("sum", "avg", "min", "max", "count") and draw(st.booleans()):
            made["rows"] = draw(st.integers(1, 3))
    if function in ("lag", "lead"):
        made["offset"] = draw(st.integers(1, 2))
    return [made]


def aggregations(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    made = []
    for number in range(draw(st.integers(1, 3))):
        operation = draw(st.sampled_from(["sum", "count", "avg", "min", "max", "median", "countDistinct", "stddev", "first", "last"]))
        allowed = numeric(columns) if operation in ("sum", "avg", "median", "stddev") else list(columns)
        assume(allowed)
        column = draw(st.sampled_from(allowed))
        made.append({"column": column, "operation": operation, "outputName": traced(column, f"{operation} {number}")})
    return made


def group_by(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    return draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=2, unique=True))


def pivot(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    texts = of(columns, ColumnType.STRING, ColumnType.BOOLEAN)
    assume(texts and numeric(columns))
    named = draw(st.sampled_from(texts))
    index = draw(st.sampled_from([c for c in columns if c != named]))
    made = {"index": [index], "columns": named, "values": draw(st.sampled_from(numeric(columns))),
            "operation": draw(st.sampled_from(["sum", "count", "avg", "min", "max", "median"]))}  # fmt: skip
    if draw(st.booleans()):
        made["names"] = ["a", "Ä"] if columns[named] is ColumnType.STRING else ["true", "false"]
    if draw(st.booleans()):
        made["fill"] = 0
    return made


def unpivot(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    kind = draw(st.sampled_from(sorted(set(columns.values()))))
    same = [c for c, k in columns.items() if k is kind or (k.is_numeric and kind.is_numeric)]
    names = draw(st.lists(st.sampled_from(same), min_size=1, max_size=2, unique=True))
    return {"columns": names, "nameTo": "what", "valueTo": traced(min(names, key=lambda n: not n.startswith(EXTREME)), "value")}


def limit(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    count = draw(st.integers(0, 4))
    return draw(st.sampled_from([count, {"count": count, "per": [draw(st.sampled_from(list(columns)))]}]))


def rename(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    names = draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=2, unique=True))
    if len(names) == 2 and not any(n.startswith(EXTREME) for n in names) and draw(st.booleans()):
        return {names[0]: names[1], names[1]: names[0]}
    return {n: f"{n} renamed" for n in names}


def select(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    return draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=4, unique=True))


def drop(draw: Callable, columns: Mapping[str, ColumnType]) -> object:
    assume(len(columns) > 1)
    return [draw(st.sampled_from(list(columns)))]


OPERATIONS: dict[str, Callable[[Callable, Mapping[str, ColumnType]], object]] = {
    "cast": cast, "fillNulls": fill_nulls, "dropNulls": drop_nulls, "addColumns": add_columns, "filter": conditions, "exclude": conditions,
    "where": predicate, "dedupe": dedupe, "window": window, "groupBy": group_by, "aggregations": aggregations, "pivot": pivot,
    "unpivot": unpivot, "sort": sort_keys, "limit": limit, "rename": rename, "select": select, "drop": drop,
}  # fmt: skip
"""In order of application."""


def config(draw: Callable, inputs: Sequence[TableSchema], begin: dict[str, object]) -> tuple[dict[str, object], TableSchema]:
    """A step's config that begins as given, and the table it leaves."""
    made = dict(begin)
    names = [f"t{i}" for i in range(len(inputs))]
    table = stages(TransformConfig.model_validate(made), inputs, names)[-1].after if made else inputs[0]
    before: Mapping[str, ColumnType] = table.columns
    chosen = draw(st.sets(st.sampled_from(list(OPERATIONS)), min_size=0 if made else 1, max_size=4))
    for operation in sorted(chosen, key=list(OPERATIONS).index):
        if not table.complete:
            break
        assume(ColumnType.UNKNOWN not in table.columns.values())
        made[operation] = OPERATIONS[operation](draw, table.columns if operation != "aggregations" or "groupBy" not in made else before)
        before = table.columns
        table = stages(TransformConfig.model_validate(made), inputs, names)[-1].after
    return made, table


def joined(draw: Callable, left: TableSchema, right: TableSchema) -> dict[str, object]:
    how = draw(st.sampled_from(["inner", "left", "right", "outer", "semi", "anti"]))
    shared = [n for n, kind in left.columns.items() if n in right.columns and common_type(kind, right.columns[n]) and n != EXTREME]
    assume(shared)
    keys = draw(st.lists(st.sampled_from(shared), min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        return {"join": {"how": how, "on": keys}}
    return {"join": {"how": how, "leftOn": keys, "rightOn": keys, "suffix": " of right"}}


@st.composite
def cases(draw: Callable) -> Case:
    """A valid spec with rows for its sources."""
    kept = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=3, max_size=6, unique=True))
    also = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=2, max_size=4, unique=True))
    wide = draw(st.booleans())
    schemas = [TableSchema({n: COLUMNS[n] for n in kept}), TableSchema({n: WIDER.get(n, COLUMNS[n]) if wide else COLUMNS[n] for n in also})]
    two = draw(st.sampled_from(["", "join", "union"]))
    sources = schemas if two else schemas[:1]
    steps: list[dict[str, object]] = [
        {"type": "source", "name": f"Source {i}", "config": {"path": f"{i}.parquet", "columns": {n: str(k) for n, k in s.columns.items()}}}
        for i, s in enumerate(sources)
    ]
    begin: dict[str, object] = {"union": {"distinct": draw(st.booleans())}} if two == "union" else joined(draw, *schemas) if two else {}
    inputs: Sequence[TableSchema] = sources
    for number in range(draw(st.integers(1, 3))):
        made, table = config(draw, inputs, begin)
        read = [s["name"] for s in steps] if number == 0 else [steps[-1]["name"]]
        steps.append({"type": "transform", "name": f"Step {number}", "inputs": read, "config": made})
        inputs, begin = [table], {}
        if not table.complete:
            break
    steps.append({"type": "destination", "name": "Result", "config": {"path": "out.csv"}})
    spec = load_document({"name": "Random", "steps": steps})
    assume(not has_errors(check_pipeline(spec)))
    return Case(spec, {f"Source {i}": draw(rows_for(s.columns)) for i, s in enumerate(sources)})


NUMBERS = itertools.count()
CON = ibis.duckdb.connect()
CON.raw_sql("SET TimeZone = 'UTC'; SET threads = 1")


def rendered(spec: PipelineSpec) -> ModuleType:
    """The generated pipeline.py as a module."""
    module = ModuleType(f"rendered_{next(NUMBERS)}")
    module.__file__ = __file__
    sys.modules[module.__name__] = module
    exec(compile(render_pipeline(spec, schema_flow(spec)), module.__name__, "exec"), vars(module))
    return module


def table_of(rows: Rows, columns: Mapping[str, ColumnType]) -> ibis.Table:
    schema = ibis.schema({n: IBIS_TYPES[k] for n, k in columns.items()}).to_pyarrow()
    return CON.create_table(f"given_{next(NUMBERS)}", pa.Table.from_pylist(rows, schema=schema), temp=True)


def plain(row: Row) -> Row:
    """A row in which what counts as equal is equal."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime) and value.tzinfo:
        return value.astimezone(dt.UTC)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return None if math.isnan(value) else float(value) + 0.0
    return value


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_rendered_pipeline_and_reference_agree(case: Case) -> None:
    compare(case)


def compare(case: Case) -> None:
    try:
        expected, backwards = (evaluate(case.spec, case.tables, backwards=b)["Result"] for b in (False, True))
    except (NotEvaluable, UnreadableValue):
        return
    if not same_rows(expected, backwards):
        return
    note(dump_spec(case.spec))
    note(str(case.tables))
    module = rendered(case.spec)
    sources = [s for s in case.spec.steps if s.type == "source"]
    result = module.transform(*(table_of(case.tables[s.name], s.config.columns or {}) for s in sources))
    found = result.to_pyarrow().to_pylist()
    assert same_rows([plain(r) for r in found], [plain(r) for r in expected])
    if expected:
        assert list(result.columns) == list(expected[0])
