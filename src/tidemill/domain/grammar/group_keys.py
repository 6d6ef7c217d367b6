"""What rows are grouped by: columns, and parts of dates."""

from __future__ import annotations

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.expressions import operand
from tidemill.domain.grammar.operations import Operation

_PARTS = ("year", "month", "quarter", "weekday", "week", "hour", "day")


def group_keys(c: Cursor, *, named: bool) -> tuple[str, ...]:
    """A list of columns and of parts of dates; the columns that the parts need are kept in the cursor, for `helper_columns`.

    Args:
        named: A name for a part may stand behind it without brackets: `by the month of sold_on as month and …`.
    """
    first = c.attempt(lambda: _calculated(c, named=named))
    if first is None:
        found = list(c.columns(demanded=True))
        if not found:
            return ()
    else:
        found = [first]
    while more := c.attempt(lambda: _next(c, named=named)):
        if more in found:
            break
        found.append(more)
    return tuple(found)


def helper_columns(c: Cursor, keys: tuple[str, ...]) -> list[Operation]:
    """The step that adds what `keys` need before grouping; empty if all are columns."""
    added = tuple({"name": k, "formula": c.key_formulas[k]} for k in keys if k in c.key_formulas)
    return [Operation(f"Add {', '.join(a['name'] for a in added)}", {"add_columns": added})] if added else []


def _next(c: Cursor, *, named: bool) -> str | None:
    if not c.list_mark():
        return None
    return c.attempt(lambda: _calculated(c, named=named)) or (c.column() if c.key_formulas else None)


def _calculated(c: Cursor, *, named: bool) -> str | None:
    """`the month of sold_on`, `year of sold_on as sold_year`."""
    start = c.i
    c.articles()
    c.take("calendar")
    part = next((p for p in _PARTS if c.sees(p)), None)
    if part is None or c.low(1) not in ("of", "from", "in"):
        return None
    c.i = start
    text = operand(c)
    if text is None or "{" not in text or text.startswith("{"):
        return None
    words = c.words_between(start, c.i)
    name = c.attempt(lambda: _name(c, named=named))
    if name is None:
        name = part
        if part == "month" and text.startswith("month("):
            c.doubts.append((words, "The number of the month is taken, from 1 to 12, over all years. Say 'like 2025-03' for month and year."))
    if name in c.scope.schema.columns or c.key_formulas.get(name, text) != text:
        return None
    c.key_formulas[name] = text
    return name


def _name(c: Cursor, *, named: bool) -> str | None:
    bracket = c.take("(")
    if not bracket and not named:
        return None
    if not c.take("as", "called", "named", "call it"):
        return None
    name = c.new_name()
    if name is None or (bracket and not c.take(")")):
        return None
    return name if bracket or not (c.done or c.low() in (".", ";", "!")) else None
