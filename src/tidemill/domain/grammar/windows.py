"""Columns over neighbouring rows: running totals, ranks, previous values, shares."""

from __future__ import annotations

from dataclasses import dataclass

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.expressions import digits
from tidemill.domain.grammar.operations import Operation
from tidemill.domain.grammar.phrasebook import windows as w
from tidemill.domain.grammar.sorting import direction_here, sort_keys
from tidemill.domain.grammar.tokens import Kind

_RANKS = {
    "rank": "rank",
    "dense rank": "denseRank",
    "row number": "rowNumber",
    "ranking": "rank",
    "position": "rank",
    "place": "rank",
    "sequence number": "rowNumber",
    "running number": "rowNumber",
    "serial number": "rowNumber",
    "line number": "rowNumber",
    "consecutive number": "rowNumber",
    "running count": "rowNumber",
    "numbering": "rowNumber",
}


@dataclass
class Frame:
    """Over which rows, and in which order."""

    per: tuple[str, ...] = ()
    order: tuple[dict[str, str], ...] = ()


def window_operations(c: Cursor, name: str, per: tuple[str, ...]) -> list[Operation] | None:
    """The steps that add the column `name`; None if no window phrase stands here."""
    c.articles()
    c.take("with the", "with", "holding the", "holding", "containing the")
    c.articles()
    return c.first((_running, _moving, _rank, _difference, _neighbour, _share, _group_value), name, Frame(per))


def _frame(c: Cursor, frame: Frame) -> Frame:
    """`per team`, `in order of booked_on`, in any sequence."""
    while True:
        with c.saved() as keep:
            c.take(",")
            bracket = c.take("(")
            if not c.sees("over the last") and c.take(*w.IN_ORDER_OF):
                keys = sort_keys(c)
                if keys and (not bracket or c.take(")")):
                    frame.order = tuple(keys)
                    keep()
                    continue
            elif c.take(*w.PER):
                c.take("the")
                keys_ = c.columns()
                if keys_ and (not bracket or c.take(")")):
                    if frame.per and set(frame.per) != set(keys_):
                        return frame
                    frame.per = keys_
                    keep()
                    continue
            elif c.take(*w.RESTARTING_FOR_EACH):
                keys_ = c.columns()
                if keys_:
                    frame.per = keys_
                    keep()
                    continue
        return frame


def _operation(title: str, column: dict[str, object]) -> Operation:
    return Operation(title, {"window": ({k: v for k, v in column.items() if v not in ((), None)},)})


def _need_order(c: Cursor, frame: Frame, what: str) -> bool:
    if frame.order:
        return True
    c.trouble("no-order", f"A {what} needs an order of the rows.", "Add 'in order of COLUMN'.")
    return False


def _running(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    word = c.take(*w.RUNNING_TOTAL)
    if word is None:
        return None
    c.take("of", "over", "of the")
    column = c.column(demanded=True)
    if column is None:
        return None
    frame = _frame(c, frame)
    if not _need_order(c, frame, "running total"):
        return None
    function = {"average": "avg", "maximum": "max", "minimum": "min"}.get(word.split()[-1], "sum")
    return [_operation(f"Add {name}", {"name": name, "function": function, "column": column, "partition_by": frame.per, "order_by": frame.order})]


def _moving(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    count = c.count()
    if count is not None:
        c.take("-")
        c.take(*w.ROWS)
    else:
        token = c.peek()
        head = token.low.split("-")[0] if token else ""
        if head.isdigit() and token is not None and "-" in token.low:
            count = int(head)
            c.i += 1
    word = c.take(*w.MOVING_AVERAGE)
    if word is None:
        word = c.take("average", "mean", "sum") if c.attempt(lambda: _over_last_ahead(c)) else None
    if word is None:
        return None
    if count is None:
        count = c.attempt(lambda: _last_rows(c))
    c.take("of", "over", "of the")
    column = c.column(demanded=True)
    frame = _frame(c, frame)
    c.take(",")
    if count is None and c.take(*w.OVER_THE_LAST):
        count = c.count()
        c.take(*w.ROWS_2)
    frame = _frame(c, frame)
    if column is None or count is None or not _need_order(c, frame, "moving average"):
        return None
    function = "sum" if word.endswith("sum") else "avg"
    return [
        _operation(
            f"Add {name}", {"name": name, "function": function, "column": column, "partition_by": frame.per, "order_by": frame.order, "rows": count}
        )
    ]


def _last_rows(c: Cursor) -> int | None:
    """`of the last 3 rows`."""
    count = c.count() if c.take(*w.OVER_THE_LAST) else None
    return count if count is not None and c.take(*w.ROWS_2) else None


def _over_last_ahead(c: Cursor) -> bool | None:
    """True where `average of km over the last 3 rows` stands."""
    with c.saved():
        if not c.take("average", "mean", "sum"):
            return None
        if c.attempt(lambda: _last_rows(c)) is not None:
            return True
        c.take("of", "of the")
        if c.column() is None:
            return None
        return c.attempt(lambda: _last_rows(c)) is not None or None


def _rank(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    word = "row number" if c.take("number the rows", "number rows", "number the") else c.take(*_RANKS)
    if word is None:
        return None
    if not c.row_noun() and word == "row number":
        c.attempt(lambda: _noun_before_group(c))
    c.take("of the row", "of each row", "of the rows")
    c.attempt(lambda: (c.take("of the", "of each", "of") and c.row_noun()) or None)
    frame = _frame(c, frame)
    if c.take(*w.BY):
        frame.order = frame.order or tuple(sort_keys(c))
        frame = _frame(c, frame)
    c.take(",")
    if frame.order and (direction := direction_here(c)) is not None:
        frame.order = (*frame.order[:-1], frame.order[-1] | {"direction": direction})
    elif frame.order and c.take(*w.N1_BEING_THE_HIGHEST):
        frame.order = (*frame.order[:-1], frame.order[-1] | {"direction": "desc"})
    elif frame.order and all(k.get("direction") == "asc" and not k.get("said") for k in frame.order) and _RANKS[word] != "rowNumber":
        c.doubts.append(
            (
                f"{word} by {frame.order[-1]['column']}",
                "It is not said whether the highest or the lowest comes first; the lowest was taken. Add 'highest first' or 'lowest first'.",
            )
        )
    frame = _frame(c, frame)
    if not _need_order(c, frame, "rank"):
        return None
    c.take("(1 = highest)", "(ties share a rank)")
    order = tuple({k: v for k, v in key.items() if k != "said"} for key in frame.order)
    return [_operation(f"Add {name}", {"name": name, "function": _RANKS[word], "partition_by": frame.per, "order_by": order})]


def _noun_before_group(c: Cursor) -> bool | None:
    """Consumes any plural for the rows where their group follows: `number the visits of each patient`."""
    token = c.peek()
    if token is None or token.kind is not Kind.WORD or not token.low.endswith("s"):
        return None
    c.i += 1
    return True if c.sees("of each", "of every", "per", "for each", "within each", "in each", "for every") else None


def _neighbour(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    """`the previous amount`, `the amount of the row before`."""
    found = _previous(c)
    if found is None:
        return None
    column, function = found
    frame = _frame(c, frame)
    if not _need_order(c, frame, "previous value"):
        return None
    return [_operation(f"Add {name}", {"name": name, "function": function, "column": column, "partition_by": frame.per, "order_by": frame.order})]


def _previous(c: Cursor) -> tuple[str, str] | None:
    c.articles()
    if word := c.take(*w.PREVIOUS_2):
        column = c.column()
        return (column, "lead" if word.startswith(("next", "following", "lead")) else "lag") if column else None
    column = c.column()
    if column is None:
        return None
    c.take("value")
    if not c.take("of", "in", "from", "on", "at"):
        return None
    c.articles()
    word = c.take(*w.PREVIOUS)
    if word is None:
        return None
    if word in ("previous", "preceding", "prior", "next", "following", "last"):
        c.take(*w.ROW) or c.row_noun()
    return column, "lead" if word in ("next", "following", "row after") else "lag"


def _difference(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    """`the difference between x and the previous x`, `the change in x from the previous row`, `x minus the previous x`."""
    column: str | None = None
    if c.take(*w.DIFFERENCE_BETWEEN):
        c.articles()
        if not c.sees("previous", "preceding", "prior"):
            column = c.column()
        c.take(*w.AND)
    else:
        column = c.column()
        if column is None or not c.take("minus", "-", "less", "compared to", "compared with"):
            return None
    c.articles()
    c.take("its", "that of")
    before = c.attempt(lambda: _previous(c))
    if before is None:
        if column is None or not c.take(*w.PREVIOUS_ROW):
            return None
        before = (column, "lag")
    column = column or before[0]
    if before != (column, "lag"):
        return None
    frame = _frame(c, frame)
    if not _need_order(c, frame, "difference to the previous row"):
        return None
    helper = f"previous_{column}".replace(" ", "_")
    return [
        _operation(
            f"Look up the previous {column}",
            {"name": helper, "function": "lag", "column": column, "partition_by": frame.per, "order_by": frame.order},
        ),
        Operation(f"Add {name}", {"add_columns": ({"name": name, "formula": f"{{{column}}} - {{{helper}}}"},)}),
        Operation(f"Drop {helper}", {"drop": (helper,)}),
    ]


def _share(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    """`the share of amount in the total`, `the percentage of the overall total_spend that each department makes up`."""
    word = c.take(*w.SHARE)
    percent = word is not None and "percent" in word
    whole: bool = False
    divides = word is None and c.take("divides", "dividing", "divide")
    if c.take("each", "every") and (owner := c.peek()) and owner.low.endswith(("'s", "’s")):
        c.i += 1
    if word:
        c.take("of", "that", "each")
        whole = bool(c.take(*w.OVERALL))
        c.take("of")
        column = c.column(demanded=True)
    else:
        column = c.column()
        if column is None:
            return None
        if c.take("as a percentage of", "as percentage of", "in percent of", "as a percent of", "as percent of", "as % of"):
            percent = True
        elif not c.take(*(("by",) if divides else w.AS_A_SHARE_OF)):
            return None
        whole = bool(c.take(*w.TOTAL))
        if not whole:
            return None
        c.take("of")
        again = c.column()
        if again not in (None, column):
            return None
    if column is None:
        return None
    while True:
        if c.take(*w.IN_THE_TOTAL):
            whole = True
        elif c.take("that each", "each", "that every", "that the"):
            if not (c.column() or c.row_noun()):
                return None
            if not c.take(*w.MAKES_UP):
                return None
        elif c.take(*w.IN_PERCENT):
            percent = True
        elif c.take(*w.IN_ITS):
            keys = c.columns()
            if not keys:
                return None
            c.take("total", "'s total", "sum")
            frame.per, whole = keys, True
        else:
            break
    if not whole and not frame.per:
        c.trouble("share", "It is not said what the share is of.", "Say 'the share of X in the total' or 'in the total of its Y'.")
        return None
    formula = f"{{{column}}} / {{{(helper := f'total_of_{column}'.replace(' ', '_'))}}}{' * 100' if percent else ''}"
    with c.saved() as keep:
        c.take(",")
        c.take("(")
        if c.take("round") and (places := digits(c)) is not None:
            c.take(")")
            keep()
            formula = f"round({formula}, {places})"
    return [
        _operation(f"Add the total of {column}", {"name": helper, "function": "sum", "column": column, "partition_by": frame.per}),
        Operation(f"Add {name}", {"add_columns": ({"name": name, "formula": formula},)}),
        Operation(f"Drop {helper}", {"drop": (helper,)}),
    ]


def _group_value(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    """`the average amount of its team` beside each row: an aggregate that keeps the rows."""
    word = c.take(*w.AVERAGE)
    if word is None:
        return None
    c.take("of")
    column = c.column()
    if column is None or not (frame.per or c.sees(*w.PER)):
        return None
    frame = _frame(c, frame)
    if not frame.per or frame.order:
        return None
    function = {"average": "avg", "mean": "avg", "total": "sum", "sum": "sum", "highest": "max", "maximum": "max", "largest": "max"}.get(
        word.split()[0], "min"
    )
    return [_operation(f"Add {name}", {"name": name, "function": function, "column": column, "partition_by": frame.per})]
