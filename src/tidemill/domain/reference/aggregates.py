"""The reference meaning of aggregations: values of one group to one value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, assert_never

from tidemill.domain.reference.rows import MAX_INTEGER, UnreadableValue, group_rows
from tidemill.domain.transforms import AggregateOperation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidemill.domain.reference.rows import Row, Rows, Value
    from tidemill.domain.transforms import Aggregation


def aggregate_rows(rows: Rows, group_by: Sequence[str], aggregations: Sequence[Aggregation]) -> Rows:
    """One row per group in order of first appearance; without `group_by` one row over all rows, of which there may be none."""
    groups = group_rows(rows, group_by) if group_by else {(): rows}
    return [dict(zip(group_by, key, strict=True)) | _aggregated(group, aggregations) for key, group in groups.items()]


def _aggregated(group: Rows, aggregations: Sequence[Aggregation]) -> Row:
    return {a.output_name: aggregate(a.operation, [True if a.column is None else row[a.column] for row in group]) for a in aggregations}


def aggregate(operation: AggregateOperation, values: Sequence[Value]) -> Value:
    """What an operation makes of the values of a group, in the order of the source."""
    if operation is AggregateOperation.FIRST:
        return values[0] if values else None
    if operation is AggregateOperation.LAST:
        return values[-1] if values else None
    # A column holds values of one type, which is the type that the checker found fit for the operation.
    present: list[Any] = [v for v in values if v is not None]
    if operation is AggregateOperation.COUNT:
        return len(present)
    if operation is AggregateOperation.COUNT_DISTINCT:
        return len(set(present))
    if operation is AggregateOperation.SUM:
        return total(present)
    if not present:
        return None
    if operation is AggregateOperation.MIN:
        return min(present)  # type: ignore[no-any-return]
    if operation is AggregateOperation.MAX:
        return max(present)  # type: ignore[no-any-return]
    if operation is AggregateOperation.AVG:
        return _mean(present)
    if operation is AggregateOperation.MEDIAN:
        return _median(present)
    if operation is AggregateOperation.STDDEV:
        return _stddev(present)
    assert_never(operation)


def total(numbers: Sequence[int | float]) -> int | float:
    """Exact for integers, correctly rounded for floats, infinite beyond their range; 0 for none.

    Raises:
        UnreadableValue: The sum of integers does not fit into 64 bits, at which the pipeline fails.
    """
    if any(isinstance(n, float) for n in numbers):
        return _float_total(numbers)
    exact = sum(numbers)
    if abs(exact) > MAX_INTEGER:
        raise UnreadableValue(f"The sum {exact} does not fit into 64 bits.", value=exact)
    return exact


def _float_total(numbers: Sequence[int | float]) -> float:
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):  # fsum refuses to pass the largest float, and to add opposite infinities
        return float(sum(numbers))


def _mean(numbers: Sequence[int | float]) -> float:
    return _float_total(numbers) / len(numbers)


def _median(numbers: Sequence[int | float]) -> float:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _stddev(numbers: Sequence[int | float]) -> float | None:
    if len(numbers) < 2:
        return None
    mean = _mean(numbers)
    return math.sqrt(_float_total([(n - mean) ** 2 for n in numbers]) / (len(numbers) - 1))
