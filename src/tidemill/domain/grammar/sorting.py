"""Sorting, first and last rows, top N, and one row of several."""

from __future__ import annotations

from tidemill.domain.grammar.condition_config import keeping
from tidemill.domain.grammar.conditions import condition
from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.operations import Act, Operation
from tidemill.domain.grammar.phrasebook import sorting as w
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.vocabulary import STOPWORDS, singular


def direction_here(c: Cursor) -> str | None:
    """`desc` or `asc` if the words for it stand here."""
    with c.saved() as keep:
        c.take(",")
        c.take("and")
        bracket = c.take("(")
        found = "desc" if c.take(*w.DESCENDING) else "asc" if c.take(*w.ASCENDING) else None
        if found is None or (bracket and not c.take(")")):
            return None
        keep()
        return found


def sort_keys(c: Cursor) -> list[dict[str, str]]:
    """`a desc, then b`; `said` marks a direction that the brief gives."""
    keys: list[dict[str, str]] = []
    while key := c.attempt(lambda: _key(c, first=not keys)):
        keys.append(key)
    return keys


def _key(c: Cursor, *, first: bool) -> dict[str, str] | None:
    if not first:
        c.skip(*w.MARKS)
    leading = c.take(*w.DESCENDING_2)
    column = c.column(demanded=first)
    if column is None:
        return None
    _same_case(c)
    if not first and c.sees("=", "is", "where"):
        return None
    if leading:
        return {"column": column, "direction": "desc" if leading.removeprefix("the ").startswith("de") else "asc", "said": "yes"}
    direction = direction_here(c)
    if not first or direction is None:
        _same_case(c)
    return {"column": column, "direction": direction or "asc", **({"said": "yes"} if direction else {})}


def _same_case(c: Cursor) -> None:
    """`… where the fine is the same`, a remark about ties."""
    with c.saved() as keep:
        c.take(",", "(")
        if c.take(*w.WHERE):
            c.articles()
            if c.take("ties", "a tie", "tie") or (c.column() and c.take(*w.IS_THE_SAME)):
                c.take(")")
                keep()


def clean(keys: list[dict[str, str]]) -> tuple[dict[str, str], ...]:
    return tuple({k: v for k, v in key.items() if k != "said"} for key in keys)


def read_sort(c: Cursor) -> list[Act] | None:
    """`sort by a, then b desc`, `order by a from high to low`, `highest total first`."""
    if c.take("order by", "ordered by", "in order of", "arrange by", "arrange"):
        pass
    elif c.take("sort", "order", "list", "reorder", "arrange"):
        c.take(*w.IT_2) or c.row_noun()
        if (direction := direction_here(c)) is not None and (done := _only_direction(c, direction)):
            return done
        if not c.take(*w.BY_4) and c.context != "sort" and not c.column_next():
            return None
    elif c.context != "sort":
        return c.attempt(lambda: _superlative_first(c))
    else:
        c.take("by", "on")
    c.take("the")
    keys = sort_keys(c)
    if not keys:
        return None
    if (late := direction_here(c)) and len(keys) == 1:
        keys[0] |= {"direction": late}
    _remark_about_missing(c)
    return [Operation(f"Sort by {', '.join(k['column'] for k in keys)}", {"sort": clean(keys)})]


def _remark_about_missing(c: Cursor) -> None:
    c.take(", missing values last", "(missing values last)", "with missing values last", ", missing last", "with missing last")


def _only_direction(c: Cursor, direction: str) -> list[Act] | None:
    if not c.take("by", "on"):
        return None
    keys = sort_keys(c)
    if not keys:
        return None
    if len(keys) == 1:
        keys[0] |= {"direction": direction}
    elif not any(k.get("said") for k in keys):
        keys = [k | {"direction": direction} for k in keys]
    return [Operation(f"Sort by {', '.join(k['column'] for k in keys)}", {"sort": clean(keys)})]


def _superlative_first(c: Cursor) -> list[Act] | None:
    """`the highest total first`, `biggest amounts on top`."""
    c.articles()
    word = c.take(*w.HIGH, *w.LOW)
    column = c.column() if word else None
    if column is None or not c.take("first", "on top", "at the top"):
        return None
    return [Operation(f"Sort by {column}", {"sort": ({"column": column, "direction": "desc" if word in w.HIGH else "asc"},)})]


def read_limit(c: Cursor) -> list[Act] | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    """`keep the first 10 rows`, `top 5 by amount`, `the 5 companies with the highest total`, `for each team the 2 rows with the highest x`."""
    per = c.attempt(lambda: _leading_per(c)) or ()
    kept = c.take(*w.KEEPS)
    c.take("the", "only the", "just the", "only", "a")
    sides = c.take("top", "bottom", "first", "last")
    count = c.count()
    if count is None:
        if kept in ("limit", "limit to") or c.context != "limit":
            return None
        return None
    if sides is None:
        sides = c.take(*w.BEST) if not c.sees("highest value") else None
    if sides in (None, "top", "first", "last", "best", "worst", "bottom") or not c.attempt(lambda: _measure_next(c)):
        _nouns(c)
    if not per and c.take(*w.PER):
        if c.tokens[c.i - 1].low == "by":
            c.i -= 1
        else:
            per = c.columns(demanded=True)
            if not per:
                return None
    keys = c.attempt(lambda: _ranking(c, sides)) or []
    if not per and c.take(*w.PER_2):
        per = c.columns(demanded=True)
    if not keys and sides not in ("first", "top", None) and sides is not None:
        c.trouble("no-order", f"'{sides} {count}' needs a column to go by.", f"Say '{sides} {count} by COLUMN'.")
        return None
    if not keys and sides == "top":
        c.doubts.append((f"top {count}", "It is not said by which column; the order so far was taken. Say 'top 5 by COLUMN'."))
    if not keys and sides is None and kept is None and c.context != "limit":
        return None
    if not keys and per and sides != "first":
        return None
    c.take("only")
    ending = direction_here(c)
    if keys and ending and ending != keys[-1]["direction"]:
        return _turned(count, per, keys, ending)
    limit: object = {"count": count, "per": per} if per else count
    acts: list[Act] = []
    if keys:
        acts.append(Operation(f"Sort by {', '.join(k['column'] for k in keys)}", {"sort": clean(keys)}))
    acts.append(Operation(f"Keep the first {count} per {', '.join(per)}" if per else f"Keep the first {count}", {"limit": limit}))
    return acts


def _turned(count: int, per: tuple[str, ...], keys: list[dict[str, str]], ending: str) -> list[Act]:
    limit: object = {"count": count, "per": per} if per else count
    again = [keys[0] | {"direction": ending}]
    return [
        Operation(f"Sort by {keys[0]['column']}", {"sort": clean(keys)}),
        Operation(f"Keep the first {count}", {"limit": limit}),
        Operation(f"Sort the result by {keys[0]['column']}", {"sort": clean(again)}),
    ]


def _leading_per(c: Cursor) -> tuple[str, ...] | None:
    if not c.take(*w.FOR_EACH):
        return None
    keys = c.columns(demanded=True)
    c.take(",", ":")
    return keys or None


def _measure_next(c: Cursor) -> bool | None:
    """True where a column stands that things are ranked by: `the 3 highest amounts`."""
    with c.saved():
        name = c.column()
        return True if name and (c.scope.type_of(name).is_numeric or c.scope.type_of(name).is_temporal) else None


def _nouns(c: Cursor) -> None:
    """`rows`, `companies`: the rows by a generic word, a table's, or the plural of a column's."""
    token = c.peek()
    if token is None:
        return
    if c.row_noun():
        return
    with c.saved() as keep:
        word = singular(token.low)
        if (
            word != token.low
            and any(word in n.lower().split("_") or word == n.lower() for n in c.scope.schema.columns)
            and c.low(1) in ("with", "by", "per", "for", "in", "having", "", "of", ".")
        ):
            c.i += 1
            keep()


def _ranking(c: Cursor, sides: str | None) -> list[dict[str, str]] | None:
    low = sides in ("bottom", "lowest", "smallest", "oldest", "earliest", "cheapest", "worst", "shortest", "last")
    if c.take(*w.BY):
        c.take("highest", "largest", "biggest", "the")
        if c.tokens[c.i - 1].low == "the" or True:
            found = sort_keys(c)
        if not found:
            return None
        if sides != "first" and not any(k.get("said") for k in found):
            found[0] |= {"direction": "asc" if low and sides != "last" else "desc"}
        return found
    if c.take(*w.WITH):
        c.take("the")
        word = c.take(*w.HIGH, *w.LOW)
        column = c.column(demanded=True) if word else None
        if column is None or word is None:
            return None
        c.take("values", "value")
        found = [{"column": column, "direction": "desc" if word in w.HIGH else "asc"}]
        while more := c.attempt(lambda: _tie(c)):
            found.append(more)
        return found
    if sides in (
        "highest",
        "lowest",
        "largest",
        "smallest",
        "latest",
        "newest",
        "oldest",
        "earliest",
        "most recent",
        "biggest",
        "longest",
        "shortest",
    ):
        column = c.column()
        return [{"column": column, "direction": "asc" if low else "desc"}] if column else None
    return None


def _tie(c: Cursor) -> dict[str, str] | None:
    """`(ties by name)`, a second key."""
    c.take(",", "(")
    if not c.take(*w.TIES_BY):
        return None
    column = c.column()
    direction = direction_here(c)
    c.take(")")
    return {"column": column, "direction": direction or "asc"} if column else None


def read_dedupe(c: Cursor) -> list[Act] | None:
    """`remove duplicates by a, keeping the latest by b`, `keep only the latest row by b for each a`, `remove exact duplicate rows`."""
    return c.attempt(lambda: _one_per_key(c)) or c.attempt(lambda: _duplicates(c))


def _duplicates(c: Cursor) -> list[Act] | None:
    verb = c.take(*w.REMOVE)
    if verb is None and c.context != "dedupe":
        return None
    c.take("any", "all", "the")
    exact = c.take(*w.EXACT)
    if verb in ("deduplicate", "dedupe", "de-duplicate", "de-dupe", "dedup"):
        c.take(*w.IT) or c.row_noun()
    elif not c.take(*w.DUPLICATES):
        if c.context != "dedupe":
            return None
    elif c.tokens[c.i - 1].low == "rows" and not exact:
        return None
    if c.tokens[c.i - 1].low in ("duplicate", "duplicated"):
        c.row_noun()
    c.take("from the data", "from it", "rows")
    columns: tuple[str, ...] = ()
    if c.take(*w.BY_2):
        c.take("key", "the key", "the same", "same")
        columns = c.columns(demanded=True)
        if not columns:
            return None
        c.take("is the same", "are the same", "as the key", "as key", "is repeated")
    elif not exact and verb not in ("deduplicate", "dedupe"):
        pass
    c.take("(", ",", ":", ";", "-")
    c.take("and", "by")
    keep, order = c.attempt(lambda: _kept(c)) or ("first", [])
    if not columns and c.take("for each", "per", "by"):
        columns = c.columns()
    c.take(")")
    if keep == "first" and not order and columns and not any(t.low in ("first", "any") for t in c.tokens):
        c.doubts.append(
            (
                f"duplicates by {', '.join(columns)}",
                "It is not said which of the rows stays; the first one was kept. Add 'keeping the latest by COLUMN' or 'keeping the first'.",
            )
        )
    title = f"Remove duplicates by {', '.join(columns)}" if columns else "Remove duplicate rows"
    return [Operation(title, {"dedupe": _dedupe(columns, keep, order)})]


def _dedupe(columns: tuple[str, ...], keep: str, order: list[dict[str, str]]) -> dict[str, object]:
    return {"columns": columns, **({"keep": keep} if keep != "first" else {}), **({"order_by": clean(order)} if order else {})}


def _kept(c: Cursor) -> tuple[str, list[dict[str, str]]] | None:
    """`keeping the latest row by updated_at`, `keep the first`, `keep the row with the highest score`."""
    if not c.take(*w.KEEP):
        return None
    c.take("only")
    c.take("the")
    c.take("one", "row", "entry", "record", "version") if c.sees("row with", "one with", "entry with", "record with", "version with") else None
    return _which(c)


def _which(c: Cursor) -> tuple[str, list[dict[str, str]]] | None:
    c.take("with the", "with", "that has the", "having the", "which has the")
    word = c.take(*w.LATEST)
    if word is None:
        return None
    high = word in (
        "latest",
        "most recent",
        "newest",
        "last",
        "highest",
        "largest",
        "biggest",
        "most",
        "longest",
        "maximum",
        "best",
        "greatest",
        "heaviest",
    )
    with c.saved() as keep:
        c.take(*w.ONE) or c.row_noun() or c.attempt(lambda: _row_word(c))
        c.take(",")
        bracket = c.take("(")
        if not bracket and c.sees(*w.OF_EACH):
            keep()
            return word if word in ("first", "last") else "ordered last" if high else "ordered first", []
        if c.take(*w.BY_3):
            keys = sort_keys(c)
            if keys and (not bracket or c.take(")")):
                keep()
                if word in ("first", "last") or (len(keys) == 1 and not keys[0].get("said")):
                    return ("last" if high else "first"), keys
                return "first", keys
        elif word in ("first", "last"):
            c.take("in the file", "in file order", "as they appear", "that appears", "in the order of the file", "that comes")
            keep()
            return word, []
    column = c.column(demanded=True)
    return ("last" if high else "first", [{"column": column, "direction": "asc"}]) if column else None


def _repeated_key(c: Cursor) -> tuple[str, ...] | None:
    """`of several rows with the same id`, `if an id occurs more than once`, `each id should appear only once`."""
    if c.take(*w.SEVERAL_WITH_THE_SAME):
        columns = c.columns(demanded=True)
    elif c.take("if", "when", "where", "whenever"):
        c.take("the same", "one", "a", "an", "the")
        columns = c.columns()
        if not columns or not c.take(*w.OCCURS) or not c.take(*w.MORE_THAN_ONCE):
            return None
    elif c.take("each", "every"):
        columns = c.columns()
        if not columns or not c.take(*w.SHOULD_OCCUR) or not c.take("only once", "just once", "once", "at most once", "once only", "exactly once"):
            return None
    else:
        return None
    c.skip(",", ":", ";", "-", "–", "so", "and", "then", "please")
    return columns or None


def _row_word(c: Cursor) -> bool | None:
    """Consumes any noun for a row where `of each` follows: `the last reading of each van`."""
    token = c.peek()
    if token is None or token.kind is not Kind.WORD or token.low in STOPWORDS or c.scope.find(token.text).names:
        return None
    c.i += 1
    return True if c.sees("of each", "of every", "per", "for each", "for every", "of the same") else None


def _one_per_key(c: Cursor) -> list[Act] | None:
    """`for each member_id keep the latest row by updated_at`, `keep only the earliest row by ordered_at for each customer_id`."""
    columns = c.attempt(lambda: _repeated_key(c)) or c.attempt(lambda: _leading_per(c)) or ()
    if not c.take(*w.KEEP_2) and not columns and not c.sees(*w.ONE_ROW_PER):
        return None
    c.take("only", "just")
    c.take("the", *w.ONE_ROW_PER, "one row")
    if c.tokens[c.i - 1].low == "per" or (c.tokens[c.i - 1].low == "each"):
        columns = c.columns(demanded=True)
        c.skip(",", ":", "(", "namely", "-", "–")
        c.take("the")
    elif c.tokens[c.i - 1].low == "row":
        c.take("with the")
    c.take("row", "one", "entry", "record", "version") if c.sees(
        "row with", "one with", "entry with", "record with", "version with", "row that has"
    ) else c.attempt(lambda: c.row_noun_before_with() or None)
    found = c.attempt(lambda: _which(c))
    if found is None:
        return None
    keep, order = found
    c.take(")")
    if not columns:
        if not c.take(*w.FOR_EACH_2):
            return None
        columns = c.columns(demanded=True)
    if not columns:
        return None
    c.take(",")
    if not order and c.take("by", "according to", "going by", "based on", "judged by", "measured by"):
        order = sort_keys(c)
        if not order:
            return None
    in_file = any(t.low in ("file", "appear", "appears", "occurrence", "found") for t in c.tokens)
    if not order and (keep not in ("first", "last") or not in_file):
        c.trouble("no-order", "It is not said by which column the row is chosen.", "Add 'by COLUMN'.")
        return None
    c.take(*w.SHOULD_STAY)
    keep = keep.removeprefix("ordered ")
    return [Operation(f"Keep one row per {', '.join(columns)}", {"dedupe": _dedupe(columns, keep, order)})]


def read_having(c: Cursor) -> list[Act] | None:
    """`having hits >= 5`."""
    if not c.take("having"):
        return None
    cond = condition(c)
    return [Operation("Keep groups", config) for config in keeping(cond)] if cond else None
