"""Grouping and aggregations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from tidemill.domain.grammar.condition_config import formula
from tidemill.domain.grammar.conditions import Cond, condition
from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.expressions import digits
from tidemill.domain.grammar.group_keys import group_keys, helper_columns
from tidemill.domain.grammar.operations import Act, Keys, Operation
from tidemill.domain.grammar.phrasebook import aggregates as w
from tidemill.domain.grammar.phrasebook import expressions as ew
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.vocabulary import ROW_NOUNS, STOPWORDS, singular

_WORDS: tuple[tuple[str, str], ...] = tuple(
    (phrase, operation)
    for operation, phrases in {
        "sum": (
            "sum|total|sum of|total of|add up|sum up|totals of|sums of|overall|summed|summed up|grand "
            "total|grand total of|combined|sum total of|total up"
        ),
        "avg": "average|mean|avg|average of|mean of|avg of|averages of|average value of|arithmetic mean of|mean value of|averaged",
        "min": (
            "minimum|min|lowest|smallest|earliest|least|minimum of|min of|oldest|cheapest|shortest|lowest "
            "value of|smallest value of|minimum value of|earliest of|lowest of|smallest of"
        ),
        "max": (
            "maximum|max|highest|largest|biggest|greatest|latest|most recent|newest|maximum of|max of|"
            "longest|highest value of|largest value of|maximum value of|latest of|highest of|largest "
            "of"
        ),
        "median": "median|median of|median value of",
        "stddev": "standard deviation|standard deviation of|stddev of|stddev|std dev of|std of|sample standard deviation of",
        "countDistinct": "number of distinct|number of different|number of unique|count distinct|count of distinct|count of unique|"
        "count of different|how many distinct|"
        "how many different|how many unique|distinct count of|unique count of|count unique|count the distinct|"
        "count the different|count the unique|distinct|unique|different|"
        "count the number of distinct|count the number of different|count the number of unique|number of distinct "
        "values of|number of different values of|"
        "count how many different|count how many distinct|count how many unique|distinct number of|number of "
        "the distinct|number of distinct values in|count distinct values of|"
        "number of unique values of|unique number of|count of the distinct|count of the different",
        "count": "number of|count of|how many|count|count the|no. of|row count|count how many|count the number of|counts "
        "of|tally|# of|the count of|the number of|count up|num|number|count all|"
        "count all the|tally of",
    }.items()
    for phrase in phrases.split("|")
)
_SINGLE = frozenset(p for p, _ in _WORDS if " " not in p)
_BY_LENGTH = tuple(sorted(_WORDS, key=lambda p: -len(p[0].split())))
DEFAULT_PREFIX = {"sum": "total", "avg": "average", "countDistinct": "distinct", "stddev": "stddev", "median": "median", "min": "min", "max": "max"}


@dataclass(frozen=True)
class Measure:
    """One aggregation; `name` is empty where the brief gives none."""

    operation: str
    column: str | None
    name: str = ""
    where: Cond | None = None
    places: int | None = None
    words: str = ""


def read_group(c: Cursor) -> list[Act] | None:
    """`group by a and b and compute the sum of x as y`, `total x per a`, `for each a the average of x`."""
    return c.first((_keys_first, _measures_first))


def _keys_first(c: Cursor) -> list[Act] | None:
    c.take(*w.I_NEED)
    named = c.take(*w.GROUP_BY)  # fmt: skip
    if named is None:
        return None
    if named == "group" and not (c.row_noun() and c.take("by", "per", "on")):
        return None
    c.take("the")
    keys = group_keys(c, named=True)
    if not keys:
        return None
    c.take("combination", "pair", "together")
    with c.saved() as keep:
        c.skip(*w.MARKS)
        while not c.sees("add up", "sum up") and c.take(*w.VERBS):
            pass
        c.skip(",", ":", ";", "the", "these")
        if c.take("columns", "aggregates", "values", "figures", "aggregations", "measures"):
            c.take(":")
        measures = _measures(c)
        if measures:
            keep()
            named_now = _trailing_names(c, [m for m, _ in measures]) if not any(m.name for m, _ in measures) else [m for m, _ in measures]
            return _acts(c, keys, [(n, own) for n, (_, own) in zip(named_now, measures, strict=True)])
    if named.startswith(("group", "aggregate", "summari")) or c.context in ("group",):
        return [*helper_columns(c, keys), Keys(keys)]
    return None


def _measures_first(c: Cursor) -> list[Act] | None:
    start = c.i
    while not c.sees("count", "average", "sum", "total", "how many", "add up") and c.take(*w.VERBS):
        pass
    c.take(":")
    measures = _measures(c)
    if not measures:
        return None
    keys = c.pending_keys
    found = [k for m in measures for k in m[1]]
    c.take(",")
    if trailing := c.attempt(lambda: _per(c)):
        found.append(trailing)
    if not any(m.name for m, _ in measures):
        named = _trailing_names(c, [m for m, _ in measures])
        measures = [(n, k) for n, (_, k) in zip(named, measures, strict=True)]
    distinct = list(dict.fromkeys(found))
    if len(distinct) > 1:
        c.trouble("group-keys", "One sentence groups in two ways.", "Say one grouping per sentence.")
        return None
    if distinct and keys and set(distinct[0]) != set(keys):
        return None
    keys = distinct[0] if distinct else keys
    if (
        not keys
        and c.context not in ("aggregate", "group")
        and not c.sees("overall", "over all", "in total", "in all", "of all")
        and not _asked(c, start)
    ):
        return None
    if not keys:
        c.take(*w.OVERALL)
    return _acts(c, keys, [m[0] for m in measures])


def _asked(c: Cursor, start: int) -> bool:
    """True if the clause names its results, so that it asks for one row over all."""
    return any(t.low in ("as", "called", "named", "->", "call") for t in c.tokens[start : c.i])


def _per(c: Cursor) -> tuple[str, ...] | None:
    with c.saved() as keep:
        bracket = c.take("(")
        if not c.take(*w.PER):
            return None
        each = c.tokens[c.i - 1].low in ("each", "every")
        c.take("the")
        keys = group_keys(c, named=False)
        if not keys or (bracket and not c.take(")")):
            return None
        if each:
            c.take("has", "had", "contains", "holds")
        keep()
        return keys


def _measures(c: Cursor) -> list[tuple[Measure, list[tuple[str, ...]]]]:
    """A list of aggregations, each with the group keys it names itself."""
    found: list[tuple[Measure, list[tuple[str, ...]]]] = []
    while more := c.attempt(partial(_item, c, first=not found)):
        measures, own = more
        found += [(m, own) for m in measures]
    return found


def _item(c: Cursor, *, first: bool) -> tuple[list[Measure], list[tuple[str, ...]]] | None:
    if not first:
        marked = c.list_mark() or bool(c.take(";", "."))
        c.list_mark()
        if not marked:
            return None
        c.skip("then", "also", "please")
    while not c.sees("add up") and c.take(*(v for v in w.VERBS if v not in ("sum up", "and"))):
        pass
    c.take("*", "-")
    start = c.i
    named = c.attempt(lambda: _name_before(c))
    c.articles()
    measures = _phrases(c)
    if not measures:
        return None
    c.take("over all rows", "of all rows", "across all rows", "over all the rows", "over everything")
    own: list[tuple[str, ...]] = []
    if keys := c.attempt(lambda: _per(c)):
        own.append(keys)
    where = c.attempt(lambda: _where(c))
    measures = [replace(measures[0], name=named)] if named and len(measures) == 1 else _trailing_names(c, measures)
    if where is None:
        where = c.attempt(lambda: _where(c))
    if not own and (keys := c.attempt(lambda: _per(c))):
        own.append(keys)
        if any(not m.name for m in measures):
            measures = _trailing_names(c, measures)
    places = c.attempt(lambda: _places(c))
    if any(not m.name for m in measures):
        measures = _trailing_names(c, measures)
    words = c.words_between(start, c.i)
    return [replace(m, where=m.where or where, places=m.places if places is None else places, words=words) for m in measures], own


def _places(c: Cursor) -> int | None:
    c.take(",")
    bracket = c.take("(")
    c.take("and")
    if not c.take("round", "round it", "round that"):
        places = c.count() if c.tokens[c.i - 1].text in (",", "(") else None
        return places if places is not None and c.take(*ew.DECIMALS) and (not bracket or c.take(")")) else None
    places = digits(c)
    return places if not bracket or c.take(")") else None


def _where(c: Cursor) -> Cond | None:
    bracket = c.take("(")
    c.take(",")
    if not c.take(*w.WHERE):
        return None
    found = condition(c)
    return found if found is not None and (not bracket or c.take(")")) else None


def _name_before(c: Cursor) -> str | None:
    """`total_net = sum of net`, `n_stops: the number of rows`, `hits (number of rows)`."""
    name = c.new_name()
    if name is None or (name.lower() in _SINGLE and not c.sees("=", ":=", ":")) or not c.take(*w.MARKS_2):
        return None
    c.articles()
    if name.lower() in ("what", "which", "how", "who"):
        return None
    return name if any(c.sees(p) for p, _ in _WORDS) or c.sees("first", "last", *_SHARES) else None


def _trailing_names(c: Cursor, measures: list[Measure]) -> list[Measure]:
    if len(measures) == 1 and (bracketed := c.attempt(lambda: _bracketed_name(c))):
        return [replace(measures[0], name=bracketed[0], places=bracketed[1])]
    with c.saved() as keep:
        c.take(",")
        bracket = c.take("(")
        if not c.take(*w.AS):  # fmt: skip
            return measures
        names = c.names() if len(measures) > 1 else _only_name(c)
        if len(names) != len(measures) or not all(names) or (bracket and not c.take(")")):
            return measures
        c.take("respectively", ", respectively")
        keep()
        return [replace(m, name=name or "") for m, name in zip(measures, names, strict=True)]


def _only_name(c: Cursor) -> list[str]:
    """The one name that stands here; none if a list of names does, which belongs to several aggregations."""
    name = c.new_name()
    if name is None:
        return []
    with c.saved():
        if c.list_mark() and c.new_name() and (c.done or c.low() in (".", ";", "!", "?", ")")):
            return []
    return [name]


def _bracketed_name(c: Cursor) -> tuple[str, int | None] | None:
    """`(total)` or `(avg_x, rounded to 2 decimals)` behind an aggregation."""
    if not c.take("("):
        return None
    token = c.peek()
    name = c.new_name() if token is not None and token.low not in ("rounded", "only", "all") else None
    places = c.attempt(lambda: _places(c)) if name else None
    return (name, places) if name and c.take(")") else None


def _phrases(c: Cursor) -> list[Measure] | None:
    """`sum of net`, `the lowest, the highest and the average celsius`, `sum of a and b`, `count of orders`."""
    called = c.attempt(lambda: _called(c)) or c.attempt(lambda: _first_or_last(c)) or c.attempt(lambda: _share_of_rows(c))
    if called:
        return called
    operations = [word] if (word := _operation(c)) else []
    while operations and (more := c.attempt(lambda: _next_operation(c))):
        operations.append(more)
    if not operations:
        return c.attempt(lambda: _column_first(c))
    c.take("of", "in", "for", "values of", "value of")
    return _counted(c) if operations == ["count"] else _measured(c, operations)


def _operation(c: Cursor) -> str | None:
    return next((operation for phrase, operation in _BY_LENGTH if c.take(phrase)), None)


def _next_operation(c: Cursor) -> str | None:
    if not c.list_mark():
        return None
    c.articles()
    found = _operation(c)
    if c.low() in ("=", ":=", ":"):
        return None
    return found if found and (c.take("of") or True) else None


def _first_or_last(c: Cursor) -> list[Measure] | None:
    """`the last order_date`: of dates the latest; of anything else it would depend on an order that is not said."""
    word = c.take("first", "last", "earliest", "latest", "most recent")
    if word is None:
        return None
    c.take("of", "value of", "date of", "day of", "date in")
    column = c.column()
    later = word in ("last", "latest", "most recent")
    return [Measure("max" if later else "min", column)] if column and c.scope.type_of(column).is_temporal else None


def _share_of_rows(c: Cursor) -> list[Measure] | None:
    """`the percentage of rows where outcome is "solved"`."""
    word = c.take(*_SHARES)
    if word is None:
        return None
    c.take("the", "all")
    if not c.row_noun() and not c.attempt(lambda: _row_word(c)):
        return None
    test = condition(c) if c.take(*w.WHERE) else None
    return [Measure(_SHARES[word], None, where=test)] if test is not None else None


_SHARES = {
    "percentage of": "percentage", "percent of": "percentage", "share of": "share", "fraction of": "share", "proportion of": "share",
    "% of": "percentage",
}  # fmt: skip


def _called(c: Cursor) -> list[Measure] | None:
    """`sum(net)`, `count(*)`, `count(distinct ip)`."""
    operation = _operation(c)
    if operation is None or not c.take("("):
        return None
    if operation == "count" and (c.take("*", "rows") or c.low() == ")"):
        return [Measure("count", None)] if c.take(")") else None
    if operation == "count" and c.take("distinct", "unique"):
        operation = "countDistinct"
    column = c.column()
    return [Measure(operation, column)] if column and c.take(")") else None


def _column_first(c: Cursor) -> list[Measure] | None:
    """`net total`, `score average`."""
    column = c.column()
    operation = c.take(*w.TOTAL) if column else None
    if not column or not operation:
        return None
    return [Measure({"added up": "sum"}.get(operation) or dict(_WORDS)[operation], column)]


def _measured(c: Cursor, operations: list[str]) -> list[Measure] | None:
    token = c.peek()
    if token is not None and token.kind is Kind.QUOTED and not c.scope.find(token.text, lenient=False).names:
        return None
    first = c.column(demanded=True)
    if first is None:
        return None
    columns = [first]
    if len(operations) == 1:
        while more := c.attempt(lambda: _one_more_column(c)):
            columns.append(more)
    _value_words(c)
    if operations == ["countDistinct"]:
        _there_are(c)
    return [Measure(o, n) for o in operations for n in columns]


def _one_more_column(c: Cursor) -> str | None:
    """A further column of the same operation; not one that begins something else, as in `sum of a, b: the number …`."""
    if not c.list_mark() or any(c.sees(p) for p, _ in _WORDS):
        return None
    name = c.column()
    return name if name and not c.sees("=", ":", "total", "sum", "is") else None


def _value_words(c: Cursor) -> None:
    c.take("values", "value")


def _counted(c: Cursor) -> list[Measure] | None:
    start = c.i
    with c.saved() as keep:
        c.take("of")
        c.take("all", "the")
        token = c.peek()
        if (
            token is None
            or (token.kind in (Kind.MARK,) and token.text != "*")
            or token.low in ("as", "per", "by", "called", "for", "where", "named", "with")
        ):
            c.i = start
            keep()
            return [Measure("count", None)]
        if token.text == "*":
            c.i += 1
            keep()
            return [Measure("count", None)]
        if token.low in ("non-missing", "non-empty", "filled"):
            c.i += 1
            name = c.column(demanded=True)
            if name:
                keep()
                return [Measure("count", name)]
            return None
        rows_of_unread = not c.scope.schema.complete and token.kind is Kind.WORD and token.low.endswith("s") and "_" not in token.text
        exact = None if rows_of_unread else c.attempt(c.column)
        if token.kind is Kind.WORD and (c.is_row_noun(token) if exact is None else token.low in ROW_NOUNS) and exact is None:
            c.i += 1
            _there_are(c)
            keep()
            return [Measure("count", None)]
        if exact is not None:
            keep()
            return _count_of_column(c, exact, c.words_between(start, c.i), start)
        if token.kind is Kind.WORD and (name := _row_word(c)):
            del name
            _there_are(c)
            keep()
            return [Measure("count", None)]
    return None


def _there_are(c: Cursor) -> None:
    c.take(*w.THERE_ARE)


def _count_of_column(c: Cursor, column: str, words: str, start: int) -> list[Measure] | None:
    """The count of a column; words like "customers" for `customer_id` may mean rows or different values."""
    written = c.tokens[start : c.i]
    literal = any(t.text == column or t.low == column.lower() for t in written)
    if literal and singular(column.lower()) == column.lower():
        return [Measure("count", column)]
    if column in c.scope.unique or singular(column.lower().removesuffix("_id")) in c.scope.nouns:
        return [Measure("count", None)]
    c.trouble(
        "unclear-count",
        f"'{words}' can mean the rows, or the different values of `{column}`.",
        f"Say 'number of rows' or 'number of different {column}'.",
        at=start,
    )
    return None


def _row_word(c: Cursor) -> str | None:
    """A plural that the brief uses for the rows though nothing is called so: `count the visits`."""
    token = c.peek()
    if (
        token is None
        or token.kind is not Kind.WORD
        or token.low in STOPWORDS
        or not token.low.endswith("s")
        or singular(token.low) == token.low
        or "_" in token.text
    ):
        return None
    word = singular(token.low)
    if (
        c.scope.columns_holding(word)
        or c.scope.columns_holding(token.low)
        or word in ("item", "unit", "piece", "day", "hour", "minute", "night", "month", "week", "year", "duplicate", "value", "error", "failure")
    ):
        return None
    if any(word in n.lower() for n in c.scope.schema.columns):
        c.trouble("unclear-count", f"'{token.text}' can mean the rows or the values of a column.", "Say 'number of rows' or 'number of different …'.")
        return None
    c.i += 1
    return word


def _acts(c: Cursor, keys: tuple[str, ...], measures: list[tuple[Measure, list[tuple[str, ...]]]] | list[Measure]) -> list[Act] | None:
    plain = [m[0] if isinstance(m, tuple) else m for m in measures]
    own = [k for m in measures if isinstance(m, tuple) for k in m[1]]
    if any(set(k) != set(keys) for k in own):
        return None
    acts: list[Act] = []
    helpers, aggregations, rounded = [], [], []
    for measure in plain:
        name = measure.name or default_name(measure)
        if not measure.name:
            c.doubts.append((measure.words, f"It is not said what this column is called; it became `{name}`. Add 'as NAME' to choose."))
        column, operation = measure.column, measure.operation
        if measure.where is not None:
            helper, column, operation = _conditional(measure, name)
            helpers.append(helper)
        aggregations.append({"operation": operation, "output_name": name, **({"column": column} if column else {})})
        if measure.places is not None:
            rounded.append({"name": name, "formula": f"round({{{name}}}, {measure.places})"})
    outputs = [a["output_name"] for a in aggregations]
    if len(set(outputs)) < len(outputs) or set(outputs) & set(keys):
        c.trouble(
            "duplicate-name", f"Two columns of the result have the same name: {', '.join(map(str, outputs))}.", "Give each its own name.", sure=True
        )
        return None
    if helpers:
        acts.append(Operation("Mark the rows to count", {"add_columns": tuple(helpers)}))
    acts = [*helper_columns(c, keys), *acts]
    title = f"Group by {', '.join(keys)}" if keys else "Aggregate all rows"
    config: dict[str, object] = {"aggregations": tuple(aggregations), **({"group_by": keys} if keys else {})}
    acts.append(Operation(title, config, aggregates=True))
    if rounded:
        acts.append(Operation(f"Round {', '.join(str(r['name']) for r in rounded)}", {"add_columns": tuple(rounded)}))
    return acts


def _conditional(measure: Measure, name: str) -> tuple[dict[str, str], str, str]:
    """A helper column that holds a value only where the condition is true, and how to aggregate it."""
    assert measure.where is not None
    helper = f"{name}_part"
    test = formula(measure.where)
    if measure.operation in ("share", "percentage"):
        return {"name": helper, "formula": f"if {test} then {100 if measure.operation == 'percentage' else 1} else 0"}, helper, "avg"
    if measure.operation == "count":
        counted = f"{test} and {{{measure.column}}} is not null" if measure.column else test
        return {"name": helper, "formula": f"if {counted} then 1 else 0"}, helper, "sum"
    return {"name": helper, "formula": f"if {test} then {{{measure.column}}} else null"}, helper, measure.operation


def default_name(measure: Measure) -> str:
    """The name of an aggregated column for which the brief has none."""
    if measure.operation in ("share", "percentage"):
        return measure.operation
    if measure.operation == "count":
        return f"count_{measure.column}" if measure.column else "row_count"
    return f"{DEFAULT_PREFIX[measure.operation]}_{measure.column}".replace(" ", "_").lower()
