"""Joining tables and putting them below each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.operations import Act, Combination, Operation
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
        c.take("the file", "the files", "file", "the table", "table", "the tables", "that of", "files")
        c.articles()
        token = c.peek()
        if token is None:
            return None
        for length in (3, 2, 1):
            phrase = c.words_between(c.i, c.i + length)
            if token.kind in (Kind.PATH, Kind.QUOTED, Kind.TICK):
                phrase, length = token.text, 1
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


_HOWS = {"left join": "left", "inner join": "inner", "right join": "right", "outer join": "outer", "full outer join": "outer", "full join": "outer", "left outer join": "left", "left-join": "left", "inner-join": "inner", "anti join": "anti", "semi join": "semi",
         "join": "inner", "merge": "inner", "match": "inner", "combine": "inner", "link": "inner", "enrich": "left", "look up": "left", "bring together": "inner", "connect": "inner", "inner join it": "inner"}  # fmt: skip


def read_join(c: Cursor, tables: Tables) -> list[Act] | None:
    """`join orders and customers on customer_id`, `left join it with absences.csv on pupil_id, so that …`."""
    if len(tables.scopes) < 2:
        return None
    for reader in (_join, _lookup, _matchless):
        if (found := c.attempt(lambda r=reader: r(c, tables))) is not None:  # type: ignore[misc]  # called at once
            return found
    return None


def read_join_remark(c: Cursor, tables: Tables, left: str, right: str) -> str | None:
    """`left` or `inner`, where a sentence behind a join says what becomes of rows without a match."""
    return c.attempt(lambda: _unmatched_remark(c, tables, left, right))


def _join(c: Cursor, tables: Tables) -> list[Act] | None:
    c.take("do a", "make a", "use a", "do an", "perform a", "perform an", "with a", "as a")
    verb = c.take(*_HOWS)
    if verb is None:
        return None
    how = _HOWS[verb]
    sure = verb not in ("combine", "bring together", "match", "link", "connect")
    c.take("of", "it", "them", "both", "these", "that", "together", ":", "the result", "the two", "the two files", "the two tables", "the files", "the tables", "both tables", "both files", "the rows", "the two of them", "this")
    c.take("together")
    left = table_here(c, tables)
    right = None
    if c.take("with", "to", "and", "onto", "against", "by adding", "on to", "together with", ",", "&", "plus", "into", "from", "using"):
        right = table_here(c, tables)
        if right is None:
            c.i -= 1
    elif left is not None and left != tables.current and tables.current:
        left, right = tables.current, left
    names = [n for n in tables.scopes]
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
    ("left", ("left join", "(left join)", "as a left join", "with a left join", "using a left join", "a left join", "(a left join)", "as left join", "left", "(left)")),
    ("inner", ("inner join", "(inner join)", "as an inner join", "with an inner join", "an inner join", "(an inner join)", "inner", "(inner)", "using an inner join")),
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
            kind = next((kind for kind, words in _HOW_REMARKS if c.take(*words)), None)
            if kind:
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
    if c.take("where", "so that", "with", "matching", "when", "by matching", "on", "using", "via", "by", "over", "through", "based on", "joining", "match", "linked by", "by joining", "whenever", "connecting", "such that", "linking", "on the condition that", "if", "comparing", "joined on", "matched on", "matched by", "joined by", "the key is", "key is", "key", "linked on", "matching on", "the join key is", "with the key", "join on"):
        c.take("the", "common", "shared", "same", "key", "the key", "column", "the column", "columns", "matching", ":", "the columns", "the common column", "the shared column", "join key")
        if pair := c.attempt(lambda: _pair(c, tables, left, right)):
            pairs = [pair]
            while more := c.attempt(lambda: _pair(c, tables, left, right) if c.take("and", ",") else None):
                pairs.append(more)
            if all(a == b for a, b in pairs):
                return {"on": tuple(a for a, _ in pairs)}
            return {"left_on": tuple(a for a, _ in pairs), "right_on": tuple(b for _, b in pairs)}
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
    c.take("in both", "in both files", "in both tables", "column", "columns", "on both sides", "which both have", "that both have", "of both", "that both files share", "as the key", "as key", "they share", "that they share", "match", "matches", "is the same", "are the same", "agree", "which is in both")
    other = tables.scopes[right]
    matched = []
    for name in names:
        found = other.find(name)
        if len(found.names) != 1:
            c.trouble("unknown-column", f"`{right}` has no column `{name}` to join on.", "Say which columns belong together: 'where customer_id in the orders equals id in the customers'.", sure=other.schema.complete)
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
            own = c.scope
            c.scope = tables.scopes[table]
            name = c.column()
            c.scope = own
            if name:
                keep()
                return table, name
    for table in (expected, *(t for t in tables.scopes if t != expected)):
        with c.saved() as keep:
            own = c.scope
            c.scope = tables.scopes[table]
            name = c.column()
            c.scope = own
            if name is None:
                continue
            if c.take("in", "of", "from", "on"):
                said = table_here(c, tables)
                if said is None or (said != table and not len(tables.scopes[said].find(name).names) == 1):
                    continue
                keep()
                return said, name
            keep()
            return table, name
    return None


def _pair(c: Cursor, tables: Tables, left: str, right: str) -> tuple[str, str] | None:
    one = _sided(c, tables, left)
    if one is None or not c.take("equals", "equal", "=", "==", "matches", "match", "is", "is the same as", "is equal to", "to", "with", "corresponds to", "matching", "and", "->", "matches the", "is the", "agrees with", "against", "belongs to", "refers to", "↔", "points to", "and the", "being", "meets"):
        return None
    joined = c.tokens[c.i - 1].low
    other_side = right if one[0] == left else left
    two = _sided(c, tables, other_side)
    if two is None or one[0] == two[0] or {one[0], two[0]} != {left, right}:
        return None
    if joined == "and" and one[1] not in tables.scopes[two[0]].schema.columns and False:
        return None
    return (one[1], two[1]) if one[0] == left else (two[1], one[1])


def _unmatched_remark(c: Cursor, tables: Tables, left: str, right: str) -> str | None:
    """`so that pupils without any absence stay in the list`, `orders without a matching customer are not needed`."""
    c.take("so that", "so", "but", "and", "in which", "where", "such that", "i.e.", "-", "–", "meaning", "that is")
    if c.take("keep all rows of", "keep all", "keep every", "keeping all", "keeping every", "keep all of", "keep all rows from", "keep all rows in", "keeping all rows of", "keep also", "keep all the", "keeping all the", "keeping all rows from", "keep each"):
        table = table_here(c, tables)
        c.take("even if there is no match", "even those without a match", "even without a match", "even if they have no match", "even the ones without a match", "even when there is no match", "also those without a match", "even if nothing matches", "including those without a match", ", even those without a match", ", even without a match", ", also without a match", ", even if there is no match", ", matched or not", "whether or not they match", "also those without", ", even if they have no match", ", even when there is no match", ", also those without a match", "even if there are none", ", even the ones without a match", "also without a match")
        return {left: "left", right: "right"}.get(table or "")
    for verb in ("keep", "drop", "leave out", "also keep", "still keep", "remove", "ignore", "discard", "skip", "without", "exclude", "include"):
        with c.saved() as keep:
            if c.take(verb) and c.attempt(lambda: _unmatched(c, tables, left)):
                keep()
                return "left" if verb in ("keep", "also keep", "still keep", "include") else "inner"
    if c.attempt(lambda: _unmatched(c, tables, left)):
        if c.take("stay in the list", "stay", "are kept", "remain", "should stay", "must stay", "stay in", "should be kept", "must be kept", "are kept too", "stay in the result", "are still listed", "stay in the table", "must not get lost", "are not lost", "should not get lost", "remain in the list", "should remain", "still show up", "show up too", "still appear", "must still appear", "should still appear", "are to be kept", "should also be kept", "stay as well", "are still there", "still there", "don't get lost", "do not get lost", "are included", "must remain", "remain in the result", "should not be lost", "must not be lost", "should stay in", "should still be there", "stay too", "are kept as well", "still stay in", "should stay in the list", "should be included", "remain in", "should also stay", "should not drop out", "are not dropped", "must stay in the list", "should stay in the result"):
            c.take("too", "as well")
            return "left"
        if c.take("are not needed", "can go", "should be dropped", "are dropped", "are left out", "drop out", "should be left out", "can be dropped", "are ignored", "can be ignored", "should go", "are removed", "are excluded", "fall out", "should be ignored", "disappear", "are not wanted", "should be removed", "can be left out", "should be excluded", "must be dropped", "get dropped", "are skipped", "fall away", "may go", "should drop out", "can drop out", "do not matter", "need not be kept", "may be dropped", "are of no interest"):
            return "inner"
    return None


def _unmatched(c: Cursor, tables: Tables, left: str) -> bool | None:
    """`orders without a matching customer`, `those without a match`."""
    c.take("any", "all", "also", "even", "the", "those", "also those", "also the")
    if not (table_here(c, tables) == left or c.row_noun() or c.tokens[c.i - 1].low in ("those", "the ones") or _plural(c)):
        return None
    if not c.take("without", "that have no", "with no", "which have no", "lacking", "having no", "who have no", "for which there is no", "where there is no", "that do not have", "not having", "that don't have", "with missing", "that do not", "that don't", "that never"):
        return None
    c.take("a", "any", "an")
    c.take("matching", "match in", "match", "corresponding", "known", "matching row in", "partner in", "match among", "matches in", "row in", "entry in", "matching entry in", "counterpart in", "match for", "record in", "matching record in")
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
    c.trouble("join-key", f"It is not said on which column to join; the tables have {listed} in common.", "Say 'join A with B on COLUMN' or 'where x in A equals y in B'.", sure=not common)
    return None


def _lookup(c: Cursor, tables: Tables) -> list[Act] | None:
    """`add the city from customers.csv, matching on customer_id`: some columns of another table."""
    if not c.take("add", "look up", "bring in", "get", "pull in", "attach", "fetch", "take", "append", "enrich it with", "enrich with", "lookup", "add in", "pull", "enrich the rows with", "enrich each row with", "find", "merge in", "enrich"):
        return None
    if c.tokens[c.i - 1].low == "enrich" and not (table_here(c, tables) and c.take("with", "by")):
        return None
    left = tables.current
    for right in (n for n in tables.scopes if n != left):
        found = c.attempt(lambda r=right: _lookup_from(c, tables, left, r))  # type: ignore[misc]  # called at once
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
    if c.take("to"):
        if not table_here(c, tables):
            return None
    if not wanted or not c.take("from", "of", "out of", "in", "found in", "which is in", "that is in", "that are in", "with the help of", "using"):
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
    clash = set(wanted) & set(left_names) - set(str(k) for k in keys.get("on", ()))  # type: ignore[union-attr]  # a tuple of names
    if clash or not tables.scopes[left].schema.complete:
        return None
    kept = tuple(dict.fromkeys((*left_names, *wanted)))
    combination = Combination(f"Look up {', '.join(wanted)}", (left, right), {"join": {"how": how, **keys}}, (Operation(f"Keep {', '.join(wanted)}", {"select": kept}),))
    return [combination]


def _matchless(c: Cursor, tables: Tables) -> list[Act] | None:
    """`keep only customers that have no orders`, `drop the orders whose customer_id is in blocked.csv`."""
    drops = bool(c.take("drop", "remove", "exclude", "ignore", "leave out", "discard", "skip", "throw out", "delete", "filter out"))
    if not drops:
        c.take("keep only", "keep", "only", "find", "list", "show", "we need", "i need", "only keep", "give me", "i want", "we want", "get", "return", "select", "take only", "i want only", "we only want", "we only need", "we want only", "pick")
    c.take("all", "the", "those", "all the", "only", "rows of", "the rows of", "all rows of", "rows from", "the rows from")
    left = table_here(c, tables)
    if left is None:
        if not c.row_noun():
            return None
        left = tables.current
    others = [n for n in tables.scopes if n != left]
    negative: bool | None = None
    keys: dict[str, object] | None = None
    if c.take("that have no", "without", "without a", "without any", "with no", "which have no", "that do not have a", "that do not have any", "that never had a", "who have no", "that don't have a", "that don't have any", "having no", "that are not in", "not in", "that do not appear in", "which are not in", "that don't appear in", "who are not in", "not found in", "that are not found in",
              "which do not appear in", "that cannot be found in", "not listed in", "that are missing from", "that are missing in", "missing from", "that do not occur in", "for which there is no", "that have not got a", "who do not appear in", "who never", "that never appear in", "for which there are no", "with not a single", "where there is no", "that have never had a", "who do not have a", "which do not have a", "absent from", "that are not listed in", "which are missing from", "who don't have a", "lacking a", "lacking"):  # fmt: skip
        negative = True
    elif c.take("that have a", "with a", "that have at least one", "that are in", "that appear in", "which have a", "with at least one", "which are in", "that occur in", "found in", "who have a", "that are listed in", "listed in", "which appear in", "for which there is a", "that also appear in", "that are also in", "who appear in", "that can be found in", "who are in", "that have"):
        negative = False
    elif c.take("whose", "where the", "where"):
        own = c.scope
        c.scope = tables.scopes[left]
        name = c.column()
        c.scope = own
        if name is None:
            return None
        if c.take("is not in", "does not appear in", "does not occur in", "is missing from", "isn't in", "is not found in", "has no match in", "is not listed in", "cannot be found in", "is missing in", "doesn't appear in", "is not among", "is not one of those in", "never appears in", "has no row in", "is absent from", "has no entry in", "is not present in"):
            negative = True
        elif c.take("is in", "appears in", "occurs in", "is found in", "is listed in", "has a match in", "can be found in", "is among", "is present in", "also appears in", "is also in", "is one of those in"):
            negative = False
        else:
            return None
        right_named = c.attempt(lambda: _column_of_table(c, tables, others))
        if right_named is None:
            return None
        right, other = right_named
        other = other or (found.names[0] if len((found := tables.scopes[right].find(name)).names) == 1 else "")
        if not other:
            return None
        keys = {"on": (name,)} if other == name else {"left_on": (name,), "right_on": (other,)}
        how = "anti" if negative != drops else "semi"
        return [Combination(f"Keep {left} {'not ' if how == 'anti' else ''}in {right}", (left, right), {"join": {"how": how, **keys}})]
    if negative is None:
        return None
    c.take("matching", "match in", "a match in", "row in", "matching row in", "matching rows in", "any", "rows in", "entry in", "record in", "corresponding", "matches in", "entries in", "match among", "single", "matching entry in", "matching record in", "counterpart in")
    right = table_here(c, tables)
    if right is None:
        if not c.take("match") or len(others) != 1:
            return None
        right = others[0]
    if right == left:
        return None
    c.take("at all", "yet")
    c.take("list", "file", "table", "rows")
    found_rest = _rest(c, tables, left, right, "inner")
    keys = found_rest[0] if found_rest else {}
    if not keys:
        common = _common(c, tables, left, right)
        if common is None:
            return None
        keys = {"on": common}
    how = "anti" if negative != drops else "semi"
    return [Combination(f"Keep {left} {'without' if how == 'anti' else 'with'} {right}", (left, right), {"join": {"how": how, **keys}})]


def _column_of_table(c: Cursor, tables: Tables, others: list[str]) -> tuple[str, str] | None:
    c.take("the")
    with c.saved() as keep:
        for table in others:
            own = c.scope
            c.scope = tables.scopes[table]
            c.take("column")
            name = c.column()
            c.scope = own
            if name and c.take("of", "in", "column of", "from") and table_here(c, tables) == table:
                keep()
                return table, name
            c.i = c.i if not name else c.i
        c.i = c.i
    table = table_here(c, tables)
    return (table, "") if table in others and table else None


def read_union(c: Cursor, tables: Tables) -> list[Act] | None:
    """`combine a.csv and b.csv into one table`, `stack the three files`, `append b to a`."""
    if len(tables.scopes) < 2:
        return None
    verb = c.take("combine", "union", "stack", "append", "concatenate", "put", "merge", "bring", "join", "add", "pool", "unite", "collect", "take", "glue", "make one table of", "make one table from", "build one table from", "stick", "pile", "lump", "paste", "read", "load", "union all", "gather", "consolidate", "bundle", "throw", "pull", "get")
    if verb is None:
        return None
    c.take("the rows of", "all rows of", "all", "the", "both", "rows of", "the rows from", "all rows from", "together")
    named = _tables(c, tables)
    if len(named) == 1 and verb in ("append", "add", "stack", "put") and c.take("to", "below", "under", "onto", "on top of", "underneath", "beneath"):
        first = table_here(c, tables) or (tables.current if tables.current not in named and c.take("it", "that", "them") else None)
        named = [first, *named] if first else []
    if not named:
        c.take("the", "these", "those", "both", "all")
        c.take("two", "three", "four", "five", "six")
        c.take("of them", "of these")
        if not c.take("files", "tables", "lists", "sources", "them", "sheets", "exports", "sets", "data sets", "datasets", "both", "of them", "logs", "inputs", "parts", "these", "two") and c.tokens[c.i - 1].low not in ("them", "all", "both", "these", "those"):
            return None
        named = list(tables.scopes)
    sure = verb in ("union", "stack", "append", "concatenate", "union all", "pool")
    while True:
        if c.take("into one table", "into a single table", "into one", "below each other", "on top of each other", "underneath each other", "one below the other", "together into one table", "together", "one under the other", "under each other", "in one table", "as one table", "into one list", "into a single list", "to one table",
                  "into one data set", "into one dataset", "into a single dataset", "row-wise", "into one long table", "beneath each other", "one after the other", "vertically", "into one big table", "end to end", "into one set", "into one long list", "in one list", "into one file", "into a single file", "to a single table", "as one", "on top of one another", "below one another", "in a single table"):  # fmt: skip
            sure = True
        elif c.take("(same columns)", ", they have the same columns", "(they have the same columns)", "which have the same columns", ", which have the same columns", "(all with the same columns)"):
            pass
        else:
            break
    if len(named) < 2 or not sure or not _alike(tables, named):
        return None
    distinct = bool(c.take("without duplicates", "and remove duplicates", "dropping duplicates", "removing duplicates", "without duplicate rows"))
    return [Combination(f"Combine {', '.join(named)}", tuple(named), {"union": {"distinct": True} if distinct else {}})]


def _alike(tables: Tables, named: list[str]) -> bool:
    sets = [set(tables.scopes[n].schema.columns) for n in named if tables.scopes[n].schema.complete]
    return all(s & sets[0] for s in sets) if sets else True
