"""Columns over neighbouring rows: running totals, ranks, previous values, shares."""

from __future__ import annotations

from dataclasses import dataclass

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.expressions import digits
from tidemill.domain.grammar.operations import Operation
from tidemill.domain.grammar.sorting import direction_here, sort_keys

_PER = ("per", "within each", "within", "for each", "for every", "of each", "in each", "by each", "of the same", "of its", "in its", "within its", "within the", "within the same", "inside each", "in the", "for the same", "of the", "over each", "partitioned by", "in every")
_RANKS = {"rank": "rank", "dense rank": "denseRank", "row number": "rowNumber", "ranking": "rank", "position": "rank", "place": "rank", "sequence number": "rowNumber", "running number": "rowNumber", "serial number": "rowNumber",
          "line number": "rowNumber", "consecutive number": "rowNumber", "running count": "rowNumber", "numbering": "rowNumber"}  # fmt: skip


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
    for reader in (_running, _moving, _rank, _difference, _neighbour, _share, _group_value):
        if (found := c.attempt(lambda r=reader: r(c, name, Frame(per)))) is not None:  # type: ignore[misc]  # called at once
            return found
    return None


def _frame(c: Cursor, frame: Frame) -> Frame:
    """`per team`, `in order of booked_on`, in any sequence."""
    while True:
        with c.saved() as keep:
            c.take(",")
            bracket = c.take("(")
            if c.take("in order of", "in the order of", "ordered by", "sorted by", "order by", "going by", "sort by", "when sorted by", "in order by", "along", "when ordered by", "in sequence of", "following", "over", "by order of", "in date order of", "by", "based on", "ordered on", "arranged by"):
                keys = sort_keys(c)
                if keys and (not bracket or c.take(")")):
                    frame.order = tuple(keys)
                    keep()
                    continue
            elif c.take(*_PER):
                c.take("the")
                keys_ = c.columns()
                if keys_ and (not bracket or c.take(")")):
                    if frame.per and set(frame.per) != set(keys_):
                        return frame
                    frame.per = keys_
                    keep()
                    continue
            elif c.take("restarting for each", "starting over for each", "restarting per", "starting again for each", "that restarts for each", "which restarts for each", "starting anew for each", "resetting for each"):
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
    word = c.take("running total", "running sum", "cumulative sum", "cumulative total", "running balance", "cumulated sum", "cumulative", "accumulated", "running average", "running maximum", "running minimum", "running total sum", "rolling total", "cumulated", "running")
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
        c.take("rows", "row", "day", "point", "period", "month", "week", "readings")
    else:
        token = c.peek()
        head = token.low.split("-")[0] if token else ""
        if head.isdigit() and token is not None and "-" in token.low:
            count = int(head)
            c.i += 1
    word = c.take("moving average", "rolling average", "moving mean", "rolling mean", "moving sum", "rolling sum", "sliding average", "trailing average")
    if word is None:
        return None
    c.take("of", "over", "of the")
    column = c.column(demanded=True)
    frame = _frame(c, frame)
    c.take(",")
    if c.take("over the last", "over", "of the last", "over the present and the previous", "using the last", "across the last", "for the last", "of the latest", "with a window of", "window of"):
        count = c.count()
        c.take("rows", "row", "days", "records", "readings", "values", "entries", "points")
    frame = _frame(c, frame)
    if column is None or count is None or not _need_order(c, frame, "moving average"):
        return None
    function = "sum" if word.endswith("sum") else "avg"
    return [_operation(f"Add {name}", {"name": name, "function": function, "column": column, "partition_by": frame.per, "order_by": frame.order, "rows": count})]


def _rank(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    word = c.take(*_RANKS)
    if word is None:
        return None
    c.take("of the row", "of each row", "of the rows")
    c.attempt(lambda: (c.take("of the", "of each", "of") and c.row_noun()) or None)
    frame = _frame(c, frame)
    if c.take("by", "on", "according to", "in", "from", "based on", "with respect to", "of"):
        frame.order = frame.order or tuple(sort_keys(c))
    c.take(",")
    if frame.order and (direction := direction_here(c)) is not None:
        frame.order = (*frame.order[:-1], frame.order[-1] | {"direction": direction})
    elif frame.order and c.take("1 being the highest", "1 is the highest", "1 = highest", "1 for the highest", "the highest gets 1", "the highest is 1", "1 for the largest", "1 being the largest", "highest gets 1", "highest is 1"):
        frame.order = (*frame.order[:-1], frame.order[-1] | {"direction": "desc"})
    elif frame.order and all(k.get("direction") == "asc" and not k.get("said") for k in frame.order) and _RANKS[word] != "rowNumber":
        c.doubts.append((f"{word} by {frame.order[-1]['column']}", "It is not said whether the highest or the lowest comes first; the lowest was taken. Add 'highest first' or 'lowest first'."))
    frame = _frame(c, frame)
    if not _need_order(c, frame, "rank"):
        return None
    c.take("(1 = highest)", "(ties share a rank)")
    order = tuple({k: v for k, v in key.items() if k != "said"} for key in frame.order)
    return [_operation(f"Add {name}", {"name": name, "function": _RANKS[word], "partition_by": frame.per, "order_by": order})]


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
    if word := c.take("previous", "preceding", "prior", "last", "next", "following", "lag of", "lead of", "previous value of", "previous row's", "preceding row's", "next value of", "value of the previous", "previous one's", "lagged", "earlier"):
        column = c.column()
        return (column, "lead" if word.startswith(("next", "following", "lead")) else "lag") if column else None
    column = c.column()
    if column is None:
        return None
    c.take("value")
    if not c.take("of", "in", "from", "on", "at"):
        return None
    c.articles()
    word = c.take("previous", "preceding", "prior", "next", "following", "row before", "one before", "line before", "row after", "entry before", "last")
    if word is None:
        return None
    if word in ("previous", "preceding", "prior", "next", "following", "last"):
        c.take("row", "line", "record", "entry", "reading", "one", "day", "month", "week", "value") or c.row_noun()
    return column, "lead" if word in ("next", "following", "row after") else "lag"


def _difference(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    """`the difference between x and the previous x`, `the change in x from the previous row`, `x minus the previous x`."""
    column: str | None = None
    if c.take("difference between", "difference from", "difference to", "difference of", "difference in", "change between", "change of", "change in", "increase in", "increase of", "difference against", "change", "difference", "growth in"):
        c.articles()
        if not c.sees("previous", "preceding", "prior"):
            column = c.column()
        c.take("and", "to", "from", "compared to", "compared with", "versus", "against", "since", "vs", "over", "relative to", "with", "minus", "as compared to")
    else:
        column = c.column()
        if column is None or not c.take("minus", "-", "less", "compared to", "compared with"):
            return None
    c.articles()
    c.take("its", "that of")
    before = c.attempt(lambda: _previous(c))
    if before is None:
        if column is None or not c.take("previous row", "previous one", "row before", "preceding row", "previous line", "one before", "previous reading", "previous value", "previous record", "previous entry", "previous day", "previous month", "previous week", "day before", "month before", "preceding one", "preceding value", "previous", "prior row"):
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
        _operation(f"Look up the previous {column}", {"name": helper, "function": "lag", "column": column, "partition_by": frame.per, "order_by": frame.order}),
        Operation(f"Add {name}", {"add_columns": ({"name": name, "formula": f"{{{column}}} - {{{helper}}}"},)}),
        Operation(f"Drop {helper}", {"drop": (helper,)}),
    ]


def _share(c: Cursor, name: str, frame: Frame) -> list[Operation] | None:
    """`the share of amount in the total`, `the percentage of the overall total_spend that each department makes up`."""
    word = c.take("share", "percentage", "percent", "percentage share", "proportion", "fraction", "percent share", "share in percent", "percentage of", "part")
    percent = word is not None and "percent" in word
    whole: bool = False
    if word:
        c.take("of", "that", "each")
        whole = bool(c.take("the overall", "the total", "total", "overall", "the grand total of", "the grand total", "the sum of", "all", "the whole", "the combined"))
        c.take("of")
        column = c.column(demanded=True)
    else:
        column = c.column()
        if column is None:
            return None
        if c.take("as a percentage of", "as percentage of", "in percent of", "as a percent of", "as percent of", "as % of"):
            percent = True
        elif not c.take("as a share of", "as share of", "divided by", "as a fraction of", "as a proportion of", "/", "over"):
            return None
        whole = bool(c.take("the total", "the sum of", "the overall total", "the sum over all rows of", "the grand total", "total", "the overall", "the sum", "sum of", "the total of", "its total", "the sum of all", "the combined", "the whole"))
        if not whole:
            return None
        c.take("of")
        again = c.column()
        if again not in (None, column):
            return None
    if column is None:
        return None
    while True:
        if c.take("in the total", "of the total", "in the whole", "of the grand total", "in the overall total", "in the grand total", "in total", "of the overall total", "of the sum", "in the sum", "that it makes up",
                  "over all rows", "overall", "of all rows", "across all rows", "of the overall", "of the whole", "of total", "in the overall"):  # fmt: skip
            whole = True
        elif c.take("that each", "each", "that every", "that the"):
            if not (c.column() or c.row_noun()):
                return None
            if not c.take("makes up", "has", "accounts for", "contributes", "represents", "holds", "stands for", "is", "make up"):
                return None
        elif c.take("(in percent)", "in percent", "as a percentage", "as percentage", "in %", "as percent", "times 100", "* 100", "multiplied by 100"):
            percent = True
        elif c.take("in its", "within its", "of its", "in the total of its", "of the total of its", "of the total of the", "of the total per", "in the total per", "within the", "of the total for its", "of the total for the", "in the total of the", "of the"):
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
    word = c.take("average", "mean", "total", "sum of", "sum", "highest", "lowest", "maximum", "minimum", "average of", "total of", "mean of", "largest", "smallest")
    if word is None:
        return None
    c.take("of")
    column = c.column()
    if column is None or not (frame.per or c.sees(*_PER)):
        return None
    frame = _frame(c, frame)
    if not frame.per or frame.order:
        return None
    function = {"average": "avg", "mean": "avg", "total": "sum", "sum": "sum", "highest": "max", "maximum": "max", "largest": "max"}.get(word.split()[0], "min")
    return [_operation(f"Add {name}", {"name": name, "function": function, "column": column, "partition_by": frame.per})]
