"""Which further rows the operations on a whole table need: equal ones, ties, groups of one and of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tidemill.domain.transforms import LimitConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tidemill.domain.transforms import DedupeConfig, PivotConfig, SortKey, WindowColumn
    from tidemill.render.branches import Operation

MAX_LIMIT = 6
"""Limits up to this are exceeded by the sample, so that the limit is seen to work."""
LIMIT_NOTE = "one more for the limit"
Case = tuple[Mapping[str, int | None], str]
"""Columns of the ordinary row that change (to their n-th other value, or to none), and why."""


def table_cases(operations: Sequence[Operation]) -> Iterator[Case]:
    """Changes of the ordinary row that `operations` tell apart."""
    for operation in operations:
        config = operation.config
        if operation.name == "dedupe" and config.dedupe:
            yield from _dedupe_cases(config.dedupe, tuple(operation.stage.before.columns))
        elif operation.name == "window":
            for window in config.window or ():
                yield from _window_cases(window)
        elif operation.name == "aggregate":
            yield from _aggregate_cases(config.group_by or (), [a.column for a in config.aggregations or () if a.column])
        elif operation.name == "pivot" and config.pivot:
            yield from _pivot_cases(config.pivot)
        elif operation.name == "sort":
            yield from _sort_cases(config.sort or (), tuple(operation.stage.before.columns))
        elif operation.name == "limit":
            yield from _limit_cases(config.limit)


def _dedupe_cases(config: DedupeConfig, columns: Sequence[str]) -> Iterator[Case]:
    yield {}, "the ordinary row again"
    order = [k.column for k in config.order_by]
    free = [c for c in columns if c not in config.columns and c not in order]
    if config.columns and free:
        yield {free[0]: 0}, f"same {_listed(config.columns)}, other {free[0]}"
    for column in order:
        yield {column: 0}, f"same {_listed(config.columns)}, other {column}"
        yield {column: 1}, f"same {_listed(config.columns)}, a third {column}"
        yield {column: None}, f"same {_listed(config.columns)}, no {column}"
    for column in config.columns[:1]:
        yield {column: 0}, f"another {column}"
        yield {column: None}, f"no {column}"


def _window_cases(window: WindowColumn) -> Iterator[Case]:
    group = f"same {_listed(window.partition_by)}, " if window.partition_by else ""
    order = [k.column for k in window.order_by]
    for column in order[:1]:
        yield {column: 0}, f"{group}other {column}"
        yield {column: 1, **({window.column: 0} if window.column and window.column != column else {})}, f"{group}a third {column}"
        yield {column: None}, f"{group}no {column}"
    if window.column and window.column not in order:
        yield {window.column: 1}, f"{group}tie in {_listed(order)}" if order else f"{group}other {window.column}"
        yield {window.column: None}, f"{group}no {window.column}"
    for column in window.partition_by[:1]:
        yield {column: 0}, f"another {column}"
        yield {column: None}, f"no {column}"


def _aggregate_cases(keys: Sequence[str], measures: Sequence[str]) -> Iterator[Case]:
    same = f"same {_listed(keys)}" if keys else "one more"
    measures = list(dict.fromkeys(measures))
    if measures:
        yield dict.fromkeys(measures, 0), f"{same}, other {_listed(measures)}"
        yield dict.fromkeys(measures, 1), f"{same}, a third {_listed(measures)}"
    yield {}, f"{same}, equal row"
    for key in keys:
        yield {key: 0, **dict.fromkeys(measures, 2)}, f"another {key}"
        yield {key: 1, **dict.fromkeys(measures)}, f"a {key} without any {_listed(measures)}" if measures else f"a third {key}"
        yield {key: None}, f"no {key}"


def _pivot_cases(config: PivotConfig) -> Iterator[Case]:
    value = {config.values: 0} if config.values else {}
    yield value, "a second value in the cell of the ordinary row"
    yield {config.columns: 0, **value}, f"another {config.columns}"
    yield {config.columns: None}, f"no {config.columns}"
    yield {config.index[0]: 0, config.columns: 0}, f"another {config.index[0]}, with one {config.columns} only"
    yield {config.index[0]: None}, f"no {config.index[0]}"
    if config.values:
        yield {config.index[0]: 1, config.values: None}, f"a cell without any {config.values}"


def _sort_cases(keys: Sequence[SortKey], columns: Sequence[str]) -> Iterator[Case]:
    free = [c for c in columns if c not in {k.column for k in keys}]
    if free:
        yield {free[0]: 1}, f"tie in {_listed([k.column for k in keys])}"
    for key in keys:
        yield {key.column: 1}, f"other {key.column}"
        yield {key.column: 2}, f"a third {key.column}"
        yield {key.column: None}, f"no {key.column}"


def _limit_cases(limit: int | LimitConfig | None) -> Iterator[Case]:
    count, per = (limit.count, limit.per) if isinstance(limit, LimitConfig) else (limit or 0, ())
    if count <= MAX_LIMIT:
        yield from (({}, LIMIT_NOTE) for _ in range(count))
    if per:
        yield {per[0]: 0}, f"another {per[0]}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 4 else "values"
