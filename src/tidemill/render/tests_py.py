"""tests.py: pytest tests of the generated pipeline.py beside it, with expected rows computed by the reference evaluation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.domain.reference import NotEvaluable, UnreadableValue, apply_transform
from tidemill.domain.stages import stages
from tidemill.domain.table_schema import ColumnType
from tidemill.render.branches import Operation, used_columns
from tidemill.render.names import function_names
from tidemill.render.python_text import (
    columns_source,
    names_source,
    one_line,
    rounded,
    rows_source,
    same_rows,
    text_source,
    tuple_source,
    value_source,
)
from tidemill.render.run_tests_py import render_run_tests
from tidemill.render.samples import sample_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tidemill.domain.pipeline import PipelineSpec, TransformStep
    from tidemill.domain.reference import Row, Rows
    from tidemill.domain.schema_flow import SchemaFlow
    from tidemill.domain.table_schema import TableSchema
    from tidemill.domain.transforms import TransformConfig
    from tidemill.render.sample_inputs import SampleTable

MODULES = ("contextlib", "csv", "json", "re", "sqlite3")

HEADER = '''"""Tests of pipeline.py: {name}.

They need no network and no credentials. The expected rows were calculated in plain Python from the
meaning of config.yaml when this file was made, not by pipeline.py.

Run with: python -m pytest tests.py
"""
'''

TABLE = '''
CON = ibis.duckdb.connect()
Row = tuple[object, ...]


def table(columns: dict[str, str], rows: list[Row], con: BaseBackend = CON) -> ir.Table:
    """Rows as a table with the given column names and types."""
    schema = ibis.schema(columns).to_pyarrow()
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return con.create_table(ibis.util.gen_name("sample"), pa.Table.from_pylist(records, schema=schema), temp=True)


def rows_of(result: ir.Table) -> list[Row]:
    """The rows of a table in its order."""
    return [tuple(record.values()) for record in result.to_pyarrow().to_pylist()]


def in_order(rows: list[Row]) -> list[Row]:
    """Rows sorted by their values as text, so that their order does not matter."""
    return sorted(rows, key=lambda row: [f"{v:.12g}" if isinstance(v, float | int) else str(v) for v in row])


def close(rows: list[Row]) -> list[Row]:
    """Rows that compare equal to others if numbers agree up to rounding."""
    return [tuple(pytest.approx(v) if isinstance(v, float) else v for v in row) for row in rows]
'''

CHECK = '''

def check(result: ir.Table, columns: list[str], rows: list[Row], *, ordered: bool = False) -> None:
    """Asserts that a table has these columns and rows, in any order of the rows unless `ordered`."""
    assert list(result.columns) == columns
    found = rows_of(result)
    if ordered:
        assert found == close(rows)
    else:
        assert in_order(found) == close(in_order(rows))
'''


def import_lines(body: str) -> str:
    """The imports that tests.py needs for `body`."""
    standard = [f"import {m}" for m in MODULES if re.search(rf"\b{m}\.", body)]
    standard += ["import datetime as dt"] if "dt." in body else []
    lines = ["from __future__ import annotations\n", *sorted(standard)]
    lines += ["from collections.abc import Callable"] if "Callable[" in body else []
    lines += ["from pathlib import Path"] if "Path" in body else []
    third = ["import ibis", "import ibis.expr.types as ir", "import pyarrow as pa", *(["import pyarrow.parquet as pq"] if "pq." in body else [])]
    return "\n".join([*lines, "", *third, "import pytest", "from ibis.backends import BaseBackend", "", "import pipeline"])


def render_tests(spec: PipelineSpec, flow: SchemaFlow) -> tuple[str, tuple[str, ...]]:
    """The text of tests.py, and the names of the transform steps whose values it does not check."""
    names = function_names(spec)
    tests = [_step_tests(step, spec, flow, names) for step in spec.steps if step.type == "transform" and step.name in flow.inputs]
    run = render_run_tests(spec, flow, names)
    body = "\n\n\n".join([*(text for t in tests for text in t.texts), *run])
    text = "\n".join([HEADER.format(name=one_line(spec.name)), import_lines(body), TABLE + CHECK, "", body])
    return text.rstrip() + "\n", tuple(t.step for t in tests if not t.values_checked)


@dataclass(frozen=True)
class _StepTests:
    """The tests of one step."""

    step: str
    texts: tuple[str, ...]
    values_checked: bool


@dataclass(frozen=True)
class Expected:
    """What a test compares with."""

    rows: Rows
    columns: tuple[str, ...]
    ordered: bool = False

    @property
    def source(self) -> str:
        return rows_source([[rounded(row[c]) for c in self.columns] for row in self.rows], indent=4)

    @property
    def how(self) -> str:
        return ", ordered=True" if self.ordered else ""


def _step_tests(step: TransformStep, spec: PipelineSpec, flow: SchemaFlow, names: Mapping[str, str]) -> _StepTests:
    read = spec.inputs_of(spec.steps.index(step))
    schemas = flow.inputs[step.name]
    given = sample_tables(step.config, schemas, read)
    function = names[step.name]
    named = dict(zip(_variables([names[n] for n in read], function), given, strict=True))
    expected = settled_rows(step.config, [t.rows for t in given], read, schemas)
    told = one_line(step.description or step.name).rstrip(".").replace('"', "'")
    if expected is None:
        return _StepTests(step.name, (_repeatable_test(function, told, named),), values_checked=False)
    found = Expected(expected, _columns(expected, flow.outputs[step.name]), ordered=step.config.sort is not None)
    texts = [_values_test(function, told, named, expected=found)]
    texts += _empty_test(step.config, function, named, schemas)
    texts += _unreadable_test(step.config, function, given[0], schemas)
    if len(named) == 1:
        looked_at = {n for stage in flow.stages[step.name] for n in used_columns(Operation(step.config, stage), whole=False)}
        texts += _missing_column_test(function, next(iter(named)), given[0], looked_at)
    return _StepTests(step.name, tuple(texts), values_checked=True)


def settled_rows(config: TransformConfig, tables: Sequence[Rows], names: Sequence[str], schemas: Sequence[TableSchema]) -> Rows | None:
    """The rows a step gives; None if that cannot be told, or rests on an order of rows that no engine promises."""
    try:
        forwards = apply_transform(config, tables, names, schemas)
        backwards = apply_transform(config, tables, names, schemas, backwards=True)
    except (NotEvaluable, UnreadableValue):
        return None
    return forwards if same_rows(forwards, backwards) else None


def _values_test(function: str, told: str, given: Mapping[str, SampleTable], *, expected: Expected) -> str:
    lines = [f"def test_{function}() -> None:", f'    """{told}."""', "    # fmt: off", *_tables_source(given)]
    lines += [f"    columns = {names_source(expected.columns, indent=4)}", f"    expected: list[Row] = {expected.source}", "    # fmt: on"]
    lines += [f"    check(pipeline.{function}({', '.join(given)}), columns, expected{expected.how})"]
    return "\n".join(lines)


def _tables_source(given: Mapping[str, SampleTable]) -> Iterator[str]:
    for variable, table in given.items():
        rows = rows_source([list(row.values()) for row in table.rows], table.notes, indent=8)
        yield f"    {variable} = table(\n        {columns_source(table.columns, indent=8)},\n        {rows},\n    )"


def _repeatable_test(function: str, told: str, given: Mapping[str, SampleTable]) -> str:
    """Of a step whose result cannot be calculated here: the same rows give the same result."""
    lines = [f"def test_{function}_is_repeatable() -> None:", f'    """{told}: the same rows give the same result."""', "    # fmt: off"]
    call = f"rows_of(pipeline.{function}({', '.join(given)}))"
    return "\n".join([*lines, *_tables_source(given), "    # fmt: on", f"    assert in_order({call}) == in_order({call})"])


def _empty_test(config: TransformConfig, function: str, given: Mapping[str, SampleTable], schemas: Sequence[TableSchema]) -> Iterator[str]:
    names = list(given)
    expected = settled_rows(config, [[] for _ in given], names, schemas)
    if expected is None:
        return
    columns = _columns(expected, stages(config, schemas, names)[-1].after if config.operations else schemas[0])
    lines = [f"def test_{function}_of_no_rows() -> None:"]
    lines += [f'    """No rows in, {"one row" if expected else "no rows"} out, with the same columns as ever."""', "    # fmt: off"]
    lines += [f"    {variable} = table({columns_source(table.columns, indent=4)}, [])" for variable, table in given.items()]
    lines += [f"    columns = {names_source(columns, indent=4)}"]
    lines += [f"    expected: list[Row] = {Expected(expected, columns).source}", "    # fmt: on"]
    yield "\n".join([*lines, f"    check(pipeline.{function}({', '.join(given)}), columns, expected)"])


def _unreadable_test(config: TransformConfig, function: str, given: SampleTable, schemas: Sequence[TableSchema]) -> Iterator[str]:
    """Of a step that casts texts with `onError: fail`: it stops at one that cannot be read."""
    for column in config.cast or {}:
        row = {**given.rows[0], column: "n/a"}
        if given.columns.get(column) is not ColumnType.STRING or not _fails(config, row, schemas):
            continue
        yield "\n".join(
            [
                f"def test_{function}_stops_at_text_it_cannot_read() -> None:",
                f'    """A value of {one_line(column)} that cannot be read ends the run, instead of getting lost."""',
                f"    unreadable = table({columns_source(given.columns)}, [{tuple_source([value_source(v) for v in row.values()])}])",
                "    with pytest.raises(Exception):  # noqa: B017 - each backend has an error of its own",
                f"        rows_of(pipeline.{function}(unreadable))",
            ]
        )
        return


def _fails(config: TransformConfig, row: Row, schemas: Sequence[TableSchema]) -> bool:
    try:
        apply_transform(config, [[row]], ["input"], schemas)
    except UnreadableValue:
        return True
    except NotEvaluable:
        return False
    return False


def _missing_column_test(function: str, variable: str, given: SampleTable, named: set[str]) -> Iterator[str]:
    """Of a step that names a column of its input: a table that lacks it is refused."""
    needed = next((name for name in given.columns if name in named), None)
    if needed is None or len(given.columns) == 1:
        return
    others = {name: kind for name, kind in given.columns.items() if name != needed}
    yield "\n".join(
        [
            f"def test_{function}_without_a_column() -> None:",
            '    """A table that lacks a column is refused, and the message names the column."""',
            "    # fmt: off",
            f"    {variable} = table({columns_source(others, indent=4)}, [])",
            "    # fmt: on",
            f"    with pytest.raises(Exception, match=re.escape({text_source(needed)})):",
            f"        rows_of(pipeline.{function}({variable}))",
        ]
    )


def _variables(names: Sequence[str], function: str) -> list[str]:
    """Names for the tables of a test; a step may read the same table twice."""
    found: list[str] = []
    for name in names:
        found.append(name if name not in (*found, function, "expected", "table") else f"{name}_{len(found) + 1}")
    return found


def _columns(rows: Rows, schema: TableSchema) -> tuple[str, ...]:
    return tuple(rows[0]) if rows else schema.names
