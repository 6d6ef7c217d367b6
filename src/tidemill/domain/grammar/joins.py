"""Joining tables and putting them below each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.operations import Act, Combination, Operation
from tidemill.domain.grammar.phrasebook import joins as w
from tidemill.domain.grammar.scope import Scope
from tidemill.domain.grammar.tokens import Kind
from tidemill.domain.grammar.vocabulary import singular


@dataclass(frozen=True)
class Tables:
    """The tables a sentence can name: scope by name, and the words people use for each."""

    scopes: Mapping[str, Scope]
    words: Mapping[str, frozenset[str]]
    current: str = ""


def table_here(c: Cursor, tables: Tables) -> str | None:
    """Consumes a word or file name for one of the tables."""
    with c.saved() as keep:
        c.take(*w.FILE)
        c.articles()
        token = c.peek()
        if token is None:
            return None
        named = token.kind in (Kind.PATH, Kind.QUOTED, Kind.TICK)
        for length in (1,) if named else (3, 2, 1):
            phrase = token.text if named else c.words_between(c.i, c.i + length)
            hits = [n for n, words in tables.words.items() if phrase.lower() in words or singular(phrase.lower()) in words]
            if len(hits) == 1 and c.i + length <= len(c.tokens):
                c.i += length
                c.take("file", "table", "data", "list", "rows", "records")
                if c.take("("):
                    inner = c.peek()
                    if inner is not None and inner.kind is Kind.PATH and c.low(1) == ")":
                        c.i += 2
                    else:
                        c.i -= 1
                keep()
                return hits[0]
        return None


def _tables(c: Cursor, tables: Tables) -> list[str]:
    first = table_here(c, tables)
    found = [first] if first else []
    while found and (more := c.attempt(lambda: table_here(c, tables) if c.list_mark() else None)):
        if more not in found:
            found.append(more)
    return found


_HOWS = {
    "left join": "left",
    "inner join": "inner",
    "right join": "right",
    "outer join": "outer",
    "full outer join": "outer",
    "full join": "outer",
    "left outer join": "left",
    "left-join": "left",
    "inner-join": "inner",
    "anti join": "anti",
    "semi join": "semi",
    "join": "inner",
    "merge": "inner",
    "match": "inner",
    "combine": "inner",
    "link": "inner",
    "enrich": "left",
    "look up": "left",
    "bring together": "inner",
    "connect": "inner",
    "inner join it": "inner",
}


def read_join(c: Cursor, tables: Tables) -> list[Act] | None:
    """`join orders and customers on customer_id`, `left join it with absences.csv on pupil_id, so that …`."""
    if len(tables.scopes) < 2:
        return None
    return c.longest(lambda: _join(c, tables), lambda: _lookup(c, tables), lambda: _matchless(c, tables))


def read_join_remark(c: Cursor, tables: Tables, left: str, right: str) -> str | None:
    """`left` or `inner`, where a sentence behind a join says what becomes of rows without a match."""
    return c.attempt(lambda: _unmatched_remark(c, tables, left, right))


def _join(c: Cursor, tables: Tables) -> list[Act] | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    c.take(*w.DO_A)
    verb = c.take(*_HOWS)
    if verb is None:
        return None
    how = _HOWS[verb]
    sure = verb not in ("combine", "bring together", "match", "link", "connect")
    c.take(*w.OF)
    c.take("together")
    c.take("each", "every", "all")
    left = table_here(c, tables)
    right = None
    word = c.take(*w.WITH)
    if word is not None:
        right = table_here(c, tables)
        if right is None:
            c.i -= 1
        elif left is not None and how == "left" and word in ("to", "onto", "on to", "into"):
            c.doubts.append(
                (
                    f"{verb} {left} {word} {right}",
                    f"It is not clear which table keeps all its rows; {left} does now. Say 'keep all {left}' or 'keep all {right}'.",
                )
            )
    elif left is not None and left != tables.current and tables.current:
        left, right = tables.current, left
    names = list(tables.scopes)
    if left is None and right is None and len(names) == 2:
        left, right = names
    elif left is None and right is not None:
        left = tables.current if tables.current != right else next((n for n in names if n != right), None) if len(names) == 2 else None
    elif left is not None and right is None and len(names) == 2:
        right = next(n for n in names if n != left)
    if not left or not right or left == right:
        return None
    found = _rest(c, tables, left, right, how)
    if found is None:
        return None
    keys, how, certain = found
    if not keys:
        if not sure and not certain:
            return None
        common = _common(c, tables, left, right)
        if common is None:
            return None
        keys = {"on": common}
    return [Combination(f"Join {left} with {right}", (left, right), {"join": {"how": how, **keys}})]


_HOW_REMARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "left",
        (
            "left join",
            "(left join)",
            "as a left join",
            "with a left join",
            "using a left join",
            "a left join",
            "(a left join)",
            "as left join",
            "left",
            "(left)",
        ),
    ),
    (
        "inner",
        (
            "inner join",
            "(inner join)",
            "as an inner join",
            "with an inner join",
            "an inner join",
            "(an inner join)",
            "inner",
            "(inner)",
            "using an inner join",
        ),
    ),
    ("outer", ("full outer join", "(full outer join)", "an outer join", "(outer join)", "as a full outer join", "outer join")),
)


def _rest(c: Cursor, tables: Tables, left: str, right: str, how: str) -> tuple[dict[str, object], str, bool] | None:
    """Keys and kind of the join, in any sequence."""
    keys: dict[str, object] = {}
    certain = False
    while True:
        with c.saved() as keep:
            c.take(",", ";", "(")
            c.take("and")
            found = c.attempt(lambda: _keys(c, tables, left, right))
            if found is None and c.i and c.tokens[c.i - 1].text == "(":
                found = c.attempt(lambda: _named_pair(c, tables, left, right))
            if found:
                if keys and keys != found:
                    return None
                keys = found
                c.take(")")
                keep()
                continue
            bracketed = c.i > 0 and c.tokens[c.i - 1].text == "("
            kind = next((kind for kind, words in _HOW_REMARKS if c.take(*words)), None)
            if kind and (not bracketed or c.take(")")):
                how, certain = kind, True
                keep()
                continue
            remark = c.attempt(lambda: _unmatched_remark(c, tables, left, right))
            if remark:
                how, certain = remark, True
                c.take(")")
                keep()
                continue
        return keys, how, certain


def _keys(c: Cursor, tables: Tables, left: str, right: str) -> dict[str, object] | None:
    if word := c.take(*w.WHERE):
        c.take(*w.THE)
        if pair := c.attempt(lambda: _pair(c, tables, left, right)):
            pairs = [pair]
            while more := c.attempt(lambda: _pair(c, tables, left, right) if c.take("and", ",") else None):
                pairs.append(more)
            if all(a == b for a, b in pairs):
                return {"on": tuple(a for a, _ in pairs)}
            return {"left_on": tuple(a for a, _ in pairs), "right_on": tuple(b for _, b in pairs)}
        if word in ("so that", "such that", "when", "whenever", "if", "with"):
            return None
        return c.attempt(lambda: _common_keys(c, tables, left, right))
    return None


def _named_pair(c: Cursor, tables: Tables, left: str, right: str) -> dict[str, object] | None:
    """`(emp_id in staff.csv = employee in courses.csv)`."""
    pair = _pair(c, tables, left, right)
    if pair is None:
        return None
    return {"on": (pair[0],)} if pair[0] == pair[1] else {"left_on": (pair[0],), "right_on": (pair[1],)}


def _common_keys(c: Cursor, tables: Tables, left: str, right: str) -> dict[str, object] | None:
    own = c.scope
    c.scope = tables.scopes[left]
    try:
        names = c.columns(demanded=True)
    finally:
        c.scope = own
    c.take("is the same", "are the same", "matches", "match", "agrees", "agree")
    c.take(*w.IN_BOTH)
    other = tables.scopes[right]
    matched = []
    for name in names:
        found = other.find(name)
        if len(found.names) != 1:
            c.trouble(
                "unknown-column",
                f"`{right}` has no column `{name}` to join on.",
                "Say which columns belong together: 'where customer_id in the orders equals id in the customers'.",
                sure=other.schema.complete,
            )
            return None
        matched.append(found.names[0])
    if not names:
        return None
    if tuple(matched) == names:
        return {"on": names}
    return {"left_on": names, "right_on": tuple(matched)}


def _sided(c: Cursor, tables: Tables, expected: str) -> tuple[str, str] | None:
    """`orders.customer_id`, `customer_id in the orders`, `the order's customer_id`: a column with its table."""
    c.articles()
    with c.saved() as keep:
        table = table_here(c, tables)
        if table and (c.take(".", "'s") or c.peek()):
            name = _column_in(c, tables.scopes[table])
            if name:
                keep()
                return table, name
    for table in (expected, *(t for t in tables.scopes if t != expected)):
        with c.saved() as keep:
            name = _column_in(c, tables.scopes[table])
            if name is None:
                continue
            if c.take("in", "of", "from", "on"):
                said = table_here(c, tables)
                if said is None or (said != table and len(tables.scopes[said].find(name).names) != 1):
                    continue
                keep()
                return said, name
            keep()
            return table, name
    return None


def _pair(c: Cursor, tables: Tables, left: str, right: str) -> tuple[str, str] | None:
    one = _sided(c, tables, left)
    if one is None or not c.take(*w.EQUALS):
        return None
    other_side = right if one[0] == left else left
    two = _sided(c, tables, other_side)
    if two is None or one[0] == two[0] or {one[0], two[0]} != {left, right}:
        return None
    return (one[1], two[1]) if one[0] == left else (two[1], one[1])


def _unmatched_remark(c: Cursor, tables: Tables, left: str, right: str) -> str | None:
    """`so that pupils without any absence stay in the list`, `orders without a matching customer are not needed`."""
    c.take(*w.SO_THAT)
    if c.take(*w.KEEP_ALL_ROWS_OF):
        table = table_here(c, tables)
        c.take(*w.EVEN_IF_THERE_IS_NO_MATCH)
        return {left: "left", right: "right"}.get(table or "")
    for verb in ("keep", "drop", "leave out", "also keep", "still keep", "remove", "ignore", "discard", "skip", "without", "exclude", "include"):
        with c.saved() as keep:
            if c.take(verb) and c.attempt(lambda: _unmatched(c, tables, left)):
                keep()
                return "left" if verb in ("keep", "also keep", "still keep", "include") else "inner"
    if c.attempt(lambda: _unmatched(c, tables, left)):
        if c.take(*w.STAY_IN_THE_LIST):
            c.take("too", "as well")
            return "left"
        if c.take(*w.ARE_NOT_NEEDED):
            return "inner"
    return None


def _unmatched(c: Cursor, tables: Tables, left: str) -> bool | None:
    """`orders without a matching customer`, `those without a match`."""
    c.take(*w.ANY)
    if not (table_here(c, tables) == left or c.row_noun() or c.tokens[c.i - 1].low in ("those", "the ones") or _plural(c)):
        return None
    if not c.take(*w.WITHOUT):
        return None
    c.take("a", "any", "an")
    c.take(*w.MATCHING)
    c.articles()
    table_here(c, tables) or c.row_noun() or _plural_or_singular(c)
    return True


def _plural(c: Cursor) -> bool:
    token = c.peek()
    if token is not None and token.kind is Kind.WORD and singular(token.low) != token.low:
        c.i += 1
        return True
    return False


def _plural_or_singular(c: Cursor) -> bool:
    token = c.peek()
    if token is not None and token.kind is Kind.WORD and token.low not in ("stay", "are", "should", "can", "remain", "must"):
        c.i += 1
    return True


def _common(c: Cursor, tables: Tables, left: str, right: str) -> tuple[str, ...] | None:
    one, two = tables.scopes[left].schema, tables.scopes[right].schema
    common = [n for n in one.columns if n in two.columns]
    if len(common) == 1:
        c.notes.append(f"Joined on `{common[0]}`, the only column that both have.")
        return tuple(common)
    listed = ", ".join(f"`{n}`" for n in common) or "no column"
    c.trouble(
        "join-key",
        f"It is not said on which column to join; the tables have {listed} in common.",
        "Say 'join A with B on COLUMN' or 'where x in A equals y in B'.",
        sure=not common,
    )
    return None


def _lookup(c: Cursor, tables: Tables) -> list[Act] | None:
    """`add the city from customers.csv, matching on customer_id`: some columns of another table."""
    if not c.take(*w.ADD):
        return None
    if c.tokens[c.i - 1].low == "enrich" and not (table_here(c, tables) and c.take("with", "by")):
        return None
    left = tables.current
    for right in (n for n in tables.scopes if n != left):
        found = c.attempt(partial(_lookup_from, c, tables, left, right))
        if found:
            return found
    return None


def _lookup_from(c: Cursor, tables: Tables, left: str, right: str) -> list[Act] | None:
    own = c.scope
    c.scope = tables.scopes[right]
    try:
        wanted = c.columns()
    finally:
        c.scope = own
    c.take("to each row", "to every row", "to it", "to each order", "to them", "for each row")
    if c.take("to") and not table_here(c, tables):
        return None
    if c.take("of the", "of each", "of every", "for the", "for each") and not (table_here(c, tables) or c.row_noun()):
        return None
    if not wanted or not c.take(*w.FROM):
        return None
    if table_here(c, tables) != right:
        return None
    found = _rest(c, tables, left, right, "left")
    if found is None:
        return None
    keys, how, _ = found
    if not keys:
        common = _common(c, tables, left, right)
        if common is None:
            return None
        keys = {"on": common}
    left_names = tuple(tables.scopes[left].schema.columns)
    shared = keys.get("on")
    clash = set(wanted) & set(left_names) - set(shared if isinstance(shared, tuple) else ())
    if clash or not tables.scopes[left].schema.complete:
        return None
    kept = tuple(dict.fromkeys((*left_names, *wanted)))
    combination = Combination(
        f"Look up {', '.join(wanted)}", (left, right), {"join": {"how": how, **keys}}, (Operation(f"Keep {', '.join(wanted)}", {"select": kept}),)
    )
    return [combination]


def _matchless(c: Cursor, tables: Tables) -> list[Act] | None:
    """`keep only customers that have no orders`, `drop the orders whose customer_id is in blocked.csv`."""
    drops = bool(c.take(*w.DROP))
    if not drops:
        c.take(*w.KEEP_ONLY)
    c.take(*w.ALL)
    left = table_here(c, tables)
    if left is None:
        if not c.row_noun():
            return None
        left = tables.current
    if c.sees("whose", "where the", "where"):
        return _by_keys(c, tables, left, drops=drops)
    negative = bool(c.take(*w.THAT_HAVE_NO))
    if not negative and not c.take(*w.THAT_HAVE_A):
        return None
    others = [n for n in tables.scopes if n != left]
    c.take(*w.MATCHING_2)
    right = table_here(c, tables) or (others[0] if c.take("match") and len(others) == 1 else "")
    if not right or right == left:
        return None
    if c.take("in") and table_here(c, tables) not in (right, None):
        return None
    c.take("at all", "yet")
    c.take("list", "file", "table", "rows")
    rest = _rest(c, tables, left, right, "inner")
    keys = rest[0] if rest else {}
    if not keys and (common := _common(c, tables, left, right)) is not None:
        keys = {"on": common}
    return _kept(left, right, keys, anti=negative != drops) if keys else None


def _kept(left: str, right: str, keys: dict[str, object], *, anti: bool) -> list[Act]:
    join = {"join": {"how": "anti" if anti else "semi", **keys}}
    return [Combination(f"Keep {left} {'without' if anti else 'with'} {right}", (left, right), join)]


def _by_keys(c: Cursor, tables: Tables, left: str, *, drops: bool) -> list[Act] | None:
    """`whose customer_id is not in customers.csv`."""
    c.take("whose", "where the", "where")
    name = _column_in(c, tables.scopes[left])
    if name is None:
        return None
    negative = bool(c.take(*w.IS_NOT_IN))
    if not negative and not c.take(*w.IS_IN):
        return None
    named = c.attempt(lambda: _column_of_table(c, tables, [n for n in tables.scopes if n != left]))
    if named is None:
        return None
    right, other = named
    same = tables.scopes[right].find(name).names
    other = other or (same[0] if len(same) == 1 else "")
    if not other:
        return None
    keys: dict[str, object] = {"on": (name,)} if other == name else {"left_on": (name,), "right_on": (other,)}
    return _kept(left, right, keys, anti=negative != drops)


def _column_in(c: Cursor, scope: Scope) -> str | None:
    """A column of another table than the one at hand."""
    own, c.scope = c.scope, scope
    try:
        return c.column()
    finally:
        c.scope = own


def _column_of_table(c: Cursor, tables: Tables, others: list[str]) -> tuple[str, str] | None:
    c.take("the")
    with c.saved() as keep:
        for table in others:
            c.take("column")
            name = _column_in(c, tables.scopes[table])
            if name and c.take("of", "in", "column of", "from") and table_here(c, tables) == table:
                keep()
                return table, name
    named = table_here(c, tables)
    return (named, "") if named in others and named else None


def read_union(c: Cursor, tables: Tables) -> list[Act] | None:
    """`combine a.csv and b.csv into one table`, `stack the three files`, `append b to a`."""
    if len(tables.scopes) < 2:
        return None
    verb = c.take(*w.COMBINE)
    if verb is None:
        return None
    c.take(*w.ROWS_OF)
    named = _tables(c, tables)
    if len(named) == 1 and verb in ("append", "add", "stack", "put") and c.take(*w.TO):
        first = table_here(c, tables) or (tables.current if tables.current not in named and c.take("it", "that", "them") else None)
        named = [first, *named] if first else []
    if not named:
        c.take("the", "these", "those", "both", "all")
        c.take("two", "three", "four", "five", "six")
        c.take("of them", "of these")
        if not c.take(*w.FILES) and c.tokens[c.i - 1].low not in ("them", "all", "both", "these", "those"):
            return None
        named = list(tables.scopes)
    sure = verb in ("union", "stack", "append", "concatenate", "union all", "pool")
    while True:
        if c.take(*w.INTO_ONE_TABLE):
            sure = True
        elif c.take(
            "(same columns)",
            ", they have the same columns",
            "(they have the same columns)",
            "which have the same columns",
            ", which have the same columns",
            "(all with the same columns)",
        ):
            pass
        else:
            break
    if len(named) < 2 or not sure or not _alike(tables, named):
        return None
    distinct = bool(c.take("without duplicates", "and remove duplicates", "dropping duplicates", "removing duplicates", "without duplicate rows"))
    return [Combination(f"Combine {', '.join(named)}", tuple(named), {"union": {"distinct": True} if distinct else {}})]


def _alike(tables: Tables, named: list[str]) -> bool:
    sets = [set(tables.scopes[n].schema.columns) for n in named if tables.scopes[n].schema.complete]
    return all(len(s & sets[0]) >= 0.7 * len(s | sets[0]) for s in sets) if sets else True
