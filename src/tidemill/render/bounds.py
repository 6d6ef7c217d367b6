"""Where a value stands to a bound or to a set of values, in words for the comment of a sample row."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tidemill.domain.formula_eval import evaluate_condition
from tidemill.domain.reference.rows import literal
from tidemill.domain.table_schema import ColumnType
from tidemill.render.sample_values import neighbours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tidemill.domain.reference import Value
    from tidemill.domain.transforms import Condition

_NEAR = 0.05
"""Up to this far from a bound a calculated number counts as just inside or outside."""
TEXT_PARTS = ("contains", "not_contains", "starts_with", "ends_with", "matches")


def condition_labels(name: str, condition: Condition, value: Value, kind: ColumnType) -> Iterator[str]:
    """What a value is to a condition: `net just above 100`."""
    if value is None:
        yield f"{name} missing"
        return
    for part, operand in condition.parts:
        if part == "is_null":
            yield f"{name} there"
        elif part == "between" and isinstance(operand, tuple):
            for bound in operand:
                yield from bound_labels(name, value, literal(bound, kind))
        elif isinstance(operand, tuple):
            yield from member_labels(name, value, [literal(o, kind) for o in operand])
        elif part in TEXT_PARTS:
            yield from _text_labels(name, condition, part, str(value), str(operand))
        else:
            yield from bound_labels(name, value, literal(operand, kind))


def bound_labels(name: str, value: Value, bound: Value) -> Iterator[str]:
    """Where a value stands to a bound; nothing if the two cannot be compared."""
    if value is None or bound is None:
        return
    if isinstance(value, (str, bool)) or isinstance(bound, (str, bool)):
        yield from member_labels(name, value, [bound])
        return
    written = bound.isoformat() if isinstance(bound, dt.date) else f"{bound:.12g}"
    if value == bound:
        yield f"{name} exactly {written}"
        return
    try:
        side = "below" if value < bound else "above"  # type: ignore[operator]
    except TypeError:
        return
    close = isinstance(value, float) and isinstance(bound, (int, float)) and abs(value - bound) <= _NEAR
    yield f"{name} just {side} {written}" if close or value in neighbours(bound) else f"{name} {side} {written}"


def member_labels(name: str, value: Value, members: Sequence[Value]) -> Iterator[str]:
    """Which of the members a value is, if any."""
    if value is None:
        return
    if value in members:
        yield f"{name} is {value!r}"
    elif isinstance(value, str) and value.casefold() in [m.casefold() for m in members if isinstance(m, str)]:
        yield f"{name} is {value!r}, in other case"
    else:
        yield f"{name} is another value"


def _text_labels(name: str, condition: Condition, part: str, value: str, operand: str) -> Iterator[str]:
    alone = condition.model_copy(update=dict.fromkeys(dict(condition.parts)) | {part: operand})
    relation = part.removeprefix("not_").replace("_", " ")
    hit = evaluate_condition(alone, value, ColumnType.STRING) != part.startswith("not_")
    if hit and operand not in value and part != "matches":
        yield f"{name} {relation} {operand!r} in other case"
    elif hit and part in ("contains", "not_contains") and not value.startswith(operand):
        yield f"{name} contains {operand!r} after its beginning"
    elif hit:
        yield f"{name} {relation} {operand!r}"
    elif operand.casefold() in value.casefold():
        yield f"{name} has {operand!r}, but in another place or case"
    else:
        yield f"{name} without {operand!r}"
