"""Operations, sources and destinations in words, for docstrings and guides."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from tidemill.domain.connectors import (
    BigQueryDestination,
    BigQuerySource,
    CsvDestination,
    CsvSource,
    DatabaseConnection,
    GoogleSheetsDestination,
    GoogleSheetsSource,
    HttpJsonSource,
    JsonDestination,
    JsonlDestination,
    JsonlSource,
    JsonSource,
    MysqlDestination,
    MysqlSource,
    ParquetDestination,
    ParquetSource,
    PostgresDestination,
    PostgresSource,
    SqliteDestination,
    SqliteSource,
)
from tidemill.domain.transforms import CastConfig, LimitConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tidemill.domain.connectors import DestinationConfig, SourceConfig
    from tidemill.domain.transforms import Aggregation, Condition, SortKey, TransformConfig, WindowColumn

_CONDITIONS = {
    "equals": "is {}", "not_equals": "is not {}", "greater_than": "is greater than {}", "greater_than_or_equal": "is at least {}",
    "less_than": "is less than {}", "less_than_or_equal": "is at most {}", "in_": "is one of {}", "not_in": "is none of {}",
    "contains": "contains {}", "not_contains": "does not contain {}", "starts_with": "starts with {}", "ends_with": "ends with {}",
    "matches": "matches {}",
}  # fmt: skip
_AGGREGATIONS = {
    "sum": "sum", "count": "number", "avg": "average", "min": "smallest", "max": "largest", "median": "median",
    "countDistinct": "number of different values", "stddev": "standard deviation", "first": "first", "last": "last",
}  # fmt: skip
_WINDOWS = {"rank": "rank", "denseRank": "rank without gaps", "rowNumber": "row number", "lag": "value before", "lead": "value after"}
_FORMATS = {"csv": "CSV file", "json": "JSON file", "jsonl": "JSON Lines file", "parquet": "Parquet file"}


def one_line(text: str) -> str:
    """Text without line breaks that can stand in a docstring or a Markdown line."""
    return " ".join(text.split())


def listed(names: Iterable[object], last: str = "and") -> str:
    """`a, b and c`."""
    parts = [str(n) for n in names]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


def source_words(config: SourceConfig) -> str:
    """What a source is, without secrets."""
    if isinstance(config, (CsvSource, JsonSource, JsonlSource, ParquetSource)):
        return f"{_FORMATS[config.connector]} `{config.path}`"
    if isinstance(config, SqliteSource):
        return f"{_table(config.table)} of the SQLite file `{config.path}`"
    if isinstance(config, (PostgresSource, MysqlSource)):
        return f"{_table(config.table)} of the {_server(config)}"
    if isinstance(config, HttpJsonSource):
        return f"the records at `{config.url}`"
    if isinstance(config, GoogleSheetsSource):
        return f"range `{config.range}` of the Google Sheets spreadsheet `{config.spreadsheet_id}`"
    if isinstance(config, BigQuerySource):
        return f"{_table(config.table)} of the BigQuery project `{config.project}`"
    assert_never(config)


def destination_words(config: DestinationConfig) -> str:
    """What a destination is, without secrets."""
    if isinstance(config, (CsvDestination, JsonDestination, JsonlDestination, ParquetDestination)):
        return f"{_FORMATS[config.connector]} `{config.path}`"
    if isinstance(config, SqliteDestination):
        return f"table `{config.table}` of the SQLite file `{config.path}`"
    if isinstance(config, (PostgresDestination, MysqlDestination)):
        return f"table `{config.table}` of the {_server(config)}"
    if isinstance(config, GoogleSheetsDestination):
        return f"sheet `{config.sheet_name}` of the Google Sheets spreadsheet `{config.spreadsheet_id}`"
    if isinstance(config, BigQueryDestination):
        return f"table `{config.table}` of the BigQuery project `{config.project}`"
    assert_never(config)


def _table(name: str | None) -> str:
    return f"table `{name}`" if name else "a query"


def _server(config: DatabaseConnection) -> str:
    product = "MySQL" if isinstance(config, (MysqlSource, MysqlDestination)) else "PostgreSQL"
    return f"{product} database `{config.url}`" if config.url else f"{product} database that `{config.url_secret}` names"


def operation_words(config: TransformConfig) -> list[str]:
    """Each operation of a step as a phrase in the imperative, in order of application."""
    return [phrase for name in config.operations for phrase in _phrases(name, config)]


def _phrases(name: str, config: TransformConfig) -> list[str]:
    if name in ("join", "union", "sql", "python"):
        return [_input_phrase(config)]
    if name in ("filter", "exclude"):
        verb, conditions = ("keep", config.filter) if name == "filter" else ("drop", config.exclude)
        return [f"{verb} rows where {listed(condition_words(c, how) for c, how in (conditions or {}).items())}"]
    if name == "aggregations" and config.group_by:
        return []
    if name in ("group_by", "aggregations"):
        return [_aggregate_phrase(config.group_by or (), config.aggregations or ())]
    if name == "window":
        return [_window_phrase(w) for w in config.window or ()]
    if name in ("pivot", "unpivot"):
        return [_turn_phrase(config)]
    return [_column_phrase(name, config) or _row_phrase(name, config)]


def _input_phrase(config: TransformConfig) -> str:
    if join := config.join:
        pairs = [f"`{k}`" for k in join.on] or [f"`{a}` = `{b}`" for a, b in zip(join.left_on, join.right_on, strict=True)]
        kept = {"semi": "keep rows that have a match by ", "anti": "keep rows that have no match by "}
        return kept.get(join.how, f"join the two tables ({join.how}) by ") + listed(pairs)
    if config.union:
        return "put the rows of all inputs below each other" + (", each only once" if config.union.distinct else "")
    return "run the SQL query" if config.sql else "run the Python function of the step"


def _aggregate_phrase(keys: Sequence[str], aggregations: Sequence[Aggregation]) -> str:
    made = listed(f"`{a.output_name}` ({_AGGREGATIONS[a.operation]}{f' of `{a.column}`' if a.column else ' of rows'})" for a in aggregations)
    grouped = f"per {listed(f'`{k}`' for k in keys)}" if keys else "over all rows"
    return f"calculate {made} {grouped}" if made else f"keep one row {grouped}"


def _window_phrase(w: WindowColumn) -> str:
    what = _WINDOWS.get(w.function) or f"{'running ' if w.order_by and w.function not in ('first', 'last') else ''}{_AGGREGATIONS[w.function]}"
    of = f" of `{w.column}`" if w.column else ""
    per = f" per {listed(f'`{c}`' for c in w.partition_by)}" if w.partition_by else ""
    by = f" in order of {_order(w.order_by)}" if w.order_by else ""
    return f"add `{w.name}`: {what}{of}{per}{by}{f' over {w.rows} rows' if w.rows else ''}"


def _turn_phrase(config: TransformConfig) -> str:
    if pivot := config.pivot:
        values = f" of `{pivot.values}`" if pivot.values else " of rows"
        cells = f"the {_AGGREGATIONS[pivot.operation]}{values}"
        return f"make one column per `{pivot.columns}` with {cells}, one row per {_names(pivot.index)}"
    unpivot = config.unpivot
    return f"make one row per column of {listed(f'`{c}`' for c in unpivot.columns)}" if unpivot else ""


def _column_phrase(name: str, config: TransformConfig) -> str:
    if name == "cast":
        return "convert " + listed(f"`{c}` to {how.to if isinstance(how, CastConfig) else how}" for c, how in (config.cast or {}).items())
    if name == "fill_nulls":
        return "fill missing " + listed(f"`{c}` with {v!r}" for c, v in (config.fill_nulls or {}).items())
    if name == "add_columns":
        return "calculate " + listed(f"`{a.name}` = {one_line(a.formula)}" for a in config.add_columns or ())
    if name == "rename":
        return "rename " + listed(f"`{old}` to `{new}`" for old, new in (config.rename or {}).items())
    if name == "select":
        return f"keep the columns {_names(config.select)}"
    return f"drop the columns {_names(config.drop)}" if name == "drop" else ""


def _row_phrase(name: str, config: TransformConfig) -> str:
    if name == "drop_nulls" and (drop := config.drop_nulls):
        which = "" if len(drop.columns) == 1 else "any of " if drop.how == "any" else "every one of "
        return f"drop rows where {which}{_names(drop.columns) if drop.columns else 'the columns'} is missing"
    if name == "where":
        return f"keep rows where {one_line(config.where or '')}"
    if name == "dedupe" and (dedupe := config.dedupe):
        by = f" by {_order(dedupe.order_by)}" if dedupe.order_by else ""
        return f"keep the {dedupe.keep} row{by} per {_names(dedupe.columns)}" if dedupe.columns else "remove duplicate rows"
    if name == "sort":
        return f"sort by {_order(config.sort or ())}"
    limit = config.limit
    if isinstance(limit, LimitConfig):
        return f"keep the first {limit.count} rows{f' per {_names(limit.per)}' if limit.per else ''}"
    return f"keep the first {limit} rows"


def condition_words(column: str, condition: Condition) -> str:
    """`net` is greater than 100."""
    parts = []
    for name, operand in condition.parts:
        if name == "is_null":
            parts.append("is missing" if operand else "is there")
        elif name == "between" and isinstance(operand, tuple):
            parts.append(f"is between {operand[0]!r} and {operand[1]!r}")
        else:
            shown = listed(map(repr, operand), "or") if isinstance(operand, tuple) else repr(operand)
            parts.append(_CONDITIONS[name].format(shown))
    return f"`{column}` {listed(parts)}{' (in any case)' if condition.ignore_case else ''}"


def _order(keys: Sequence[SortKey]) -> str:
    return listed(f"`{k.column}`{' (descending)' if k.direction == 'desc' else ''}" for k in keys)


def _names(names: Sequence[str] | Mapping[str, object] | None) -> str:
    return listed(f"`{n}`" for n in names or ())
