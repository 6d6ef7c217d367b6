"""Clauses that say where data comes from and where it goes."""

from __future__ import annotations

import re

from tidemill.domain.grammar.cursor import Cursor
from tidemill.domain.grammar.files import connector_for, delimiter, table_named
from tidemill.domain.grammar.operations import Act, Said, Target
from tidemill.domain.grammar.phrasebook import places as w
from tidemill.domain.grammar.tokens import Kind, Token
from tidemill.domain.grammar.vocabulary import VERBS, singular, word_list

OPERATIVE = frozenset(
    word_list(
        "need needs should must shall deserve deserves require requires ought only keep drop exclude ignore remove "
        "skip discard where whose above below least most sum average total count group sort top "
        "distinct unique unless filter calculate compute derive without except latest newest earliest duplicate duplicates round rename "
        "convert cast pivot unpivot limit highest lowest mean median not every rank running cumulative per maximum minimum each fill "
        "replace aggregate dedupe deduplicate clean fix normalise anonymise mask delete omit leave select summarise column-wise pop nicely "
        "tidy enrich look lookup match matching matched join joined merge merged combine combined stack append union add correct correctly "
        "validate check adjust replaced split anonymised standardise pretty usual properly sensible appropriate relevant important bad "
        "wrong invalid normal except"
    )
)
"""Words that ask for something: a clause about a file that holds one is not about the file alone."""
_HARMLESS = re.compile(
    r"header|same columns|columns|may be|separat|delimit|per line|one (?:row|line|record|entry) (?:per|for (?:each|every)) \w+$|empty|one json|each line|utf|encod|safe|some days|rows in",
    re.IGNORECASE,
)
_OPENERS = frozenset(set(VERBS) | {"left", "inner", "outer", "right", "for", "per", "only", "where", "then", "sort"}) - frozenset(
    word_list("read load take use open import fetch pull start find name list show total count have")
)


def _ends_here(c: Cursor) -> bool:
    """True at a separator with something new behind it."""
    token = c.peek()
    if token is None:
        return True
    if token.text in ".;!?":
        return True
    ahead = 0
    while (t := c.peek(ahead)) and t.low in (",", "and", "then", "-", "–", "but", "please", "we", "i", "also", "to", ".", ";", "now", "next"):
        ahead += 1
    following = c.peek(ahead)
    return ahead > 0 and following is not None and following.kind is Kind.WORD and (following.lemma in _OPENERS or following.low in _OPENERS)


def read_source(c: Cursor, roles: dict[int, str]) -> list[Act] | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    """`load orders.csv`, `the data is in members.csv`, `Source: SQLite database x.db, table y`, `our library exports its loans to loans.csv`."""
    seen: list[Token] = []
    strange: list[str] = []
    start = c.i
    orders = bool(c.take(*w.LOOK_AT)) or (c.tokens[c.i].kind is Kind.WORD and c.tokens[c.i].lemma in _LOADS)
    while (token := c.peek()) is not None:
        if token.kind is Kind.PATH:
            if roles.get(token.start) != "source":
                return None
            seen.append(token)
            c.i += 1
            continue
        if (
            token.text == "("
            and (end := _bracket_end(c))
            and (any(t.kind is Kind.PATH for t in c.tokens[c.i : end]) or _HARMLESS.search(c.words_between(c.i, end)))
        ):
            seen += [t for t in c.tokens[c.i : end] if t.kind is Kind.PATH]
            c.i = end
            continue
        if seen and _origin(c):
            continue
        if seen and _ends_here(c):
            break
        if _row_frame(c):
            continue
        if token.text in "=+" and c.i + 1 < len(c.tokens) and c.tokens[c.i + 1].kind is Kind.PATH:
            c.i += 1
            continue
        if c.take(*w.CALL_IT):
            if (named := c.peek()) and named.kind is Kind.PATH:
                continue
            if c.new_name() is None:
                return None
            continue
        if token.low in ("separated", "delimited", "delimiter") or token.text in ";|":
            c.i += 1
            continue
        asks = token.kind is Kind.WORD and (token.low in OPERATIVE or token.lemma in OPERATIVE)
        if token.kind is Kind.NUMBER or (asks and not _one_per_line(c) and not _is_noun(c, seen)):
            return None
        if token.kind is Kind.MARK and token.text not in ",()–-:'&/#*.":
            return None
        if orders and seen and token.kind is Kind.WORD and not _about_source(c, token):
            strange.append(token.text)
        c.i += 1
    if not seen:
        return None
    if strange:
        c.doubts.append((c.words_between(start, c.i), f"The file is read; what {', '.join(map(repr, strange))} asks for besides was not understood."))
    return [Said("source")]


_LOADS = frozenset(word_list("read load take use open import fetch pull get start ingest extract grab"))
_SOURCE_WORDS = frozenset(
    word_list(
        "the a an and from in of with file files table database sqlite csv json jsonl parquet tsv which that is are it its has have holds "
        "contains columns column header row rows line lines same they both these this our my your as data db per one object each encoded "
        "utf separated by semicolon semicolons comma commas tab tabs pipe delimited fields to called named credentials for authentication "
        "them into memory list records sheet folder directory there here at on export extract exports input source first all please tables "
        "together"
    )
)


def _about_source(c: Cursor, token: Token) -> bool:
    return token.low in _SOURCE_WORDS or token.lemma in _LOADS or singular(token.low) in c.scope.nouns | c.table_nouns


_EXPORTS = frozenset(word_list("exported written produced delivered generated dumped extracted stored saved sent collected uploaded put"))
_HOLDS = frozenset(word_list("list contain contains hold holds have has show shows record records includes"))
_ROWS = ("row", "line", "record", "entry", "object", "document", "one")


def _origin(c: Cursor) -> bool:
    """`, exported from the till` behind a file: how it came to be."""
    with c.saved() as keep:
        c.take(",")
        if c.low() in _EXPORTS and c.low(1) in ("from", "by", "out", "at", "on", "every", "each", "there"):
            c.i += 1
            keep()
            return True
    return False


def _row_frame(c: Cursor) -> bool:
    """`one row per donation`, `for every donation there is a line`: what a row of a file stands for."""
    with c.saved() as keep:
        if c.take("for each", "for every"):
            c.articles()
            for _ in range(2):
                if c.done or c.tokens[c.i].kind is not Kind.WORD:
                    return False
                c.i += 1
                if c.take("there is", "there are", "it has", "it holds") and c.take("a", "an", "one", "a single", "exactly one") and c.take(*_ROWS):
                    keep()
                    return True
            return False
        stands_for = c.take("one", "a", "a single", "exactly one") and c.take(*_ROWS) and c.take("per", "for each", "for every")
        if stands_for and not c.done and c.tokens[c.i].kind is Kind.WORD and c.tokens[c.i].low not in OPERATIVE:
            c.i += 1
            keep()
            return True
    return False


def _is_noun(c: Cursor, seen: list[Token]) -> bool:
    """True of a word that can be an order but names something here: `the rounds`, `our group`, `lists every opening`."""
    token, before = c.tokens[c.i], c.peek(-1)
    if before is None:
        return False
    if token.low == "keeps":
        return not seen and c.i > 1 and c.tokens[c.i - 2].low in ("the", "our", "my", "their", "a", "an")
    if token.low == "every":
        return bool(seen) and before.lemma in _HOLDS
    if before.low in ("the", "our", "their", "which", "a", "an") and singular(token.low) in c.table_nouns:
        return True
    return token.low == "group" and before.low in ("our", "their", "your", "its", "whole")


def _one_per_line(c: Cursor) -> bool:
    return c.sees(*w.PER_LINE)


def _bracket_end(c: Cursor) -> int | None:
    for k in range(c.i + 1, min(c.i + 40, len(c.tokens))):
        if c.tokens[k].text == ")":
            return k + 1
    return None


_PLAIN = frozenset(word_list(
        "the a an it them this that these those result results everything all rows row table tables list output outputs file files csv "
        "json jsonl jsonlines parquet sqlite database databases db data as to into in under called named new final finished of with out "
        "and then also both please finally end resulting whole two three format one line object per be should goes go is are written saved "
        "stored goes lands sheet summary report destination target dest dst ndjson lines tsv name result's for us me there at comma "
        "separated text json-lines again once more too well which we need i want as-is on local path folder array objects plain formatted "
        "records record tab excel copy set ones version i'd like have must shall will gets get put finish up by writing saving storing "
        "finished final together they make sure that ends lies ready available complete totals total overview ranking averages average "
        "counts figures aggregates grouped aggregated full everyone outcome outputs lines entries written thing lot bunch belongs belong"
    )
)  # fmt: skip
_REMAINDER = frozenset(word_list("rest remainder remaining"))
_DETAIL = frozenset(word_list("detail details detailed individual single ungrouped unaggregated row-level filtered cleaned raw"))


def read_target(c: Cursor, roles: dict[int, str]) -> list[Act] | None:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    """`save the result as JSON in out/x.json`, `-> out/x.csv`, `write them to a.csv, to b.parquet and to the table t in the SQLite database c.db`."""
    targets: list[Act] = []
    unknown: list[str] = []
    stage, begin, clause = "", c.i, c.i
    puts = c.take(*w.PUTS, *w.PUTS_ASIDE)
    path_first = c.tokens[c.i].kind is Kind.PATH if not c.done else False
    if puts is None and c.context != "destination" and not path_first and not c.sees(*w.MARKS, *w.LEFT):
        return None
    while (token := c.peek()) is not None:
        if c.take(*w.LEFT):
            continue
        if path_first and targets and begin == c.i and c.take(*w.IS_WHERE):
            continue
        if token.low in _REMAINDER and c.rest_is_clear and not targets:
            c.i += 1
            continue
        if token.kind is Kind.PATH:
            if roles.get(token.start) != "destination":
                return None
            c.i += 1
            end = _following_table(c)
            target = _target(token, c.words_between(begin, end), stage)
            if target is None:
                c.trouble(
                    "destination-table", f"It is not said which table of {token.text} to write.", f"Say 'table NAME in {token.text}'.", at=c.i - 1
                )
                return None
            c.i = end
            targets.append(target)
            stage = ""
            begin = c.i
            continue
        if targets and (_ends_here(c) or token.text == "("):
            break
        if token.text == ";" and c.context == "destination":
            c.i += 1
            continue
        if token.kind is Kind.NUMBER or (token.kind is Kind.MARK and token.text not in ",:-–>→=&'#"):
            return None
        if token.low in ("table", "sheet") and (named := c.peek(1)) and named.kind in (Kind.WORD, Kind.TICK, Kind.QUOTED) and named.low not in _PLAIN:
            c.i += 2
            continue
        if not targets and token.kind is Kind.WORD and token.low in ("where", "only", "whose", "if"):
            return None
        if token.low in _DETAIL:
            stage = "detail"
        elif token.kind is Kind.WORD and not _plain(c, token):
            unknown.append(token.text)
        c.i += 1
    if not targets:
        return None
    for token in reversed(c.tokens[clause : c.i]):
        if token.kind is Kind.PATH:
            break
    if len(unknown) > (4 if puts else 1) or (puts is None and unknown and c.context != "destination"):
        return None
    if unknown:
        c.doubts.append(
            (c.words_between(clause, c.i), f"The result is written there; what {', '.join(map(repr, unknown))} asks for besides was not understood.")
        )
    return targets


def _plain(c: Cursor, token: Token) -> bool:
    return (
        token.low in _PLAIN
        or token.lemma in w.PUTS
        or singular(token.low) in c.scope.nouns | c.table_nouns
        or token.lemma in ("write", "save", "store")
    )


def _following_table(c: Cursor) -> int:
    """The end of `, table x` or `(table x)` behind a database file."""
    with c.saved():
        c.take(",", "(", ";", "-", "–")
        c.take(*w.IN)
        c.articles()
        c.take("new")
        if c.take("table", "table name"):
            c.take("is", "called", "named", ":", "name")
            if c.new_name():
                c.take(")")
                return c.i
        if (name := c.new_name()) and c.take("table"):
            del name
            c.take(")")
            return c.i
    return c.i


def _target(token: Token, words: str, stage: str) -> Target | None:
    path = token.text
    if re.match(r"(postgres(ql)?|mysql|mariadb)://", path):
        table = table_named(words, path)
        kind = "postgres" if path.startswith("postgres") else "mysql"
        return Target(f"Save {table}", {"connector": kind, "url": path, "table": table}, stage) if table else None
    connector = connector_for(path)
    if connector is None:
        return None
    config: dict[str, object] = {"connector": connector, "path": path}
    if connector == "sqlite":
        table = table_named(words, path)
        if table is None:
            return None
        config["table"] = table
        if re.search(r"\bappend", words, re.IGNORECASE):
            config["mode"] = "append"
    if connector == "csv" and (mark := delimiter(words)) and mark != ",":
        config["delimiter"] = mark
    if connector == "csv" and path.lower().endswith(".tsv"):
        config["delimiter"] = "\t"
    return Target(f"Save {re.split(r'[/.]', path)[-2]}", config, stage)
