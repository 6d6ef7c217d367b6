"""Sample rows of the sources of a whole pipeline."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tidemill.domain.connectors import CsvSource
from tidemill.domain.table_schema import ColumnType
from tidemill.render.sample_inputs import SampleTable
from tidemill.render.sample_values import plain_values
from tidemill.render.samples import chain_samples, plain_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tidemill.domain.connectors import SourceConfig
    from tidemill.domain.pipeline import PipelineSpec
    from tidemill.domain.schema_flow import SchemaFlow
    from tidemill.domain.table_schema import TableSchema
    from tidemill.domain.transforms import TransformConfig

MAX_CHAIN = 12
"""Steps that the rows of a source are followed through; each candidate row is worked out in each of them."""
_TEXT_FILES = ("csv", "googleSheets")
"""Sources that cannot tell an empty text from a missing value."""
_SOME_COLUMN = {"name": ColumnType.STRING}
"""Of a source whose columns are not known and not asked for: a table needs one to have rows."""


def source_samples(spec: PipelineSpec, flow: SchemaFlow) -> dict[str, SampleTable]:
    """Rows for each source, by step name; they reach the branches of the steps that follow it one by one."""
    found: dict[str, SampleTable] = {}
    sources = {s.name: s for s in spec.steps if s.type == "source"}
    readers = Counter(name for i in range(len(spec.steps)) for name in set(spec.inputs_of(i)))
    for index, step in enumerate(spec.steps):
        read = spec.inputs_of(index)
        if step.type != "transform" or any(n not in sources or n in found for n in read):
            continue
        tables = chain_samples(_chain(spec, index, readers), [_with_columns(flow.outputs[n]) for n in read], read)
        found.update(zip(read, tables, strict=True))
    for name in sources:
        if name not in found:
            found[name] = _key_table(spec, name, _with_columns(flow.outputs[name]))
    return {name: _as_read(found[name], source.config) for name, source in sources.items()}


def _with_columns(schema: TableSchema) -> TableSchema:
    return schema if schema.columns else replace(schema, columns=_SOME_COLUMN)


def _chain(spec: PipelineSpec, index: int, readers: Mapping[str, int]) -> list[TransformConfig]:
    """The configs of a transform step and of those that follow it, as long as one step reads one other."""
    step = spec.steps[index]
    chain: list[TransformConfig] = []
    while step.type == "transform" and len(chain) < MAX_CHAIN:
        chain.append(step.config)
        following = [s for i, s in enumerate(spec.steps) if spec.inputs_of(i) == (step.name,)]
        if readers[step.name] != 1 or len(following) != 1:
            break
        step = following[0]
    return chain


def _key_table(spec: PipelineSpec, name: str, schema: TableSchema) -> SampleTable:
    """Plain rows of a source that is joined later on; its keys have the values that the other side has, if of another name."""
    table = plain_table(schema)
    for index, step in enumerate(spec.steps):
        read = spec.inputs_of(index)
        if step.type == "transform" and step.config.join and len(read) == 2 and read[1] == name:
            for left, right in zip(step.config.join.left_on, step.config.join.right_on, strict=True):
                table = _renamed_values(table, right, plain_values(left, schema.columns[right])) if right in schema else table
    return table


def _renamed_values(table: SampleTable, column: str, values: Sequence[object]) -> SampleTable:
    old = list(dict.fromkeys(row[column] for row in table.rows))
    new = dict(zip(old, values, strict=False))
    return replace(table, rows=[{**row, column: new.get(row[column], row[column])} for row in table.rows])  # type: ignore[dict-item]


def _as_read(table: SampleTable, config: SourceConfig) -> SampleTable:
    """The rows as the source can hold them: without empty texts in a text file, and in its encoding."""
    rows = table.rows
    if config.connector in _TEXT_FILES:
        rows = [{n: None if v == "" else v for n, v in row.items()} for row in rows]
    if isinstance(config, CsvSource) and config.encoding == "latin-1":
        rows = [{n: _in_latin(v) if isinstance(v, str) else v for n, v in row.items()} for row in rows]
    return replace(table, rows=rows)


def _in_latin(text: str) -> str:
    """The text, letters that Latin-1 lacks without their accents."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text
