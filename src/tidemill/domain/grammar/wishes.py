"""The same wish in other words, for sentences that cannot be read as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tidemill.domain.grammar.places import OPERATIVE
from tidemill.domain.grammar.schedule_frames import TALK
from tidemill.domain.grammar.sentences import Unit
from tidemill.domain.grammar.tokens import ENDINGS
from tidemill.domain.grammar.vocabulary import LEMMAS, NUMBER_WORDS, STOPWORDS, VERBS, singular, word_list
from tidemill.domain.grammar.workspace import Workspace


@dataclass(frozen=True)
class Wish:
    """A sentence to read in place of another."""

    text: str
    doubt: tuple[str, str] | None = None
    """Words and hint of what the rewording left out, if that may matter."""
    partial: bool = False
    """True if it is worth having when only some of its clauses can be read."""


_LABEL = re.compile(r"([A-Za-z][A-Za-z'’-]{1,24}(?:[ -][A-Za-z'’-]{1,20}){0,2}?(?: ?#?\d{1,2})?)\s*:\s+(\S.*)$", re.DOTALL)
_NUMBERED = re.compile(r"(?:step|task|part|point|phase|stage|item|rule|job|no) ?#?\d{1,2}", re.IGNORECASE)
_HOLLOW = frozenset(
    word_list(
        "clean cleaning cleanup clean-up cleansing tidy tidying trim math maths arithmetic scope important reminder careful attention dupes doubles "
        "duplicates stacking combining combine merging sums ordering order sorting prep preparation shaping reshape reshaping also next "
        "details goal ask request wish wanted need needed selection check checks quality hygiene housekeeping basics core main housework finishing "
        "finish finally transformation work rule rules task please remember todo afterwards filtering naming tidy-up deduping grouping joining "
        "rounding start beginning end"
    )
)
"""Labels that add nothing to the instruction behind them."""
_OF_ITS_KIND = (
    (r"dup|doubl|dedup", r"duplicat|dedup|identical|dupes|doubl|twice"),
    (r"sort|order", r"sort|order"),
    (r"group|sum", r"group|\bper\b|\bby\b|for each|sum|total"),
    (r"join", r"join|match|merge|look"),
    (r"stack|combin|merg", r"append|stack|combin|union|merg|join|below|together"),
    (r"round", r"round"),
    (r"filter|selection", r"keep|drop|remove|exclude|only|take"),
    (r"nam", r"renam|call"),
)
"""Stem of a label that names an operation, and what must be in the instruction behind it."""
_TELLING = frozenset(
    word_list(
        "not no never dont don't without except unless if optional optionally maybe perhaps later example instead alternatively option alternative "
        "old wrong previously formerly former current currently draft obsolete deprecated cancelled idea question ascending descending reverse "
        "unique rounded all everything nothing none both missing empty blank other others bonus future nice"
    )
)
"""Words that change what the instruction behind them asks for."""


def unlabelled(unit: Unit, space: Workspace) -> Iterator[Wish]:
    """The instruction behind a label that is none of those with a meaning: `Tidy up: remove exact duplicates`."""
    hit = None if unit.label or unit.context not in ("", "steps") else _LABEL.fullmatch(unit.body.strip())
    if hit is None:
        return
    label = hit[1].lower()
    words = label.split()
    if any(re.match(stem, label) and not re.search(needed, hit[2], re.IGNORECASE) for stem, needed in _OF_ITS_KIND):
        return
    if _NUMBERED.fullmatch(label) or label in ("tidy up", "clean up", "to do", "what we want", "what we need", "what to do") or label in _HOLLOW:
        yield Wish(hit[2])
    elif len(words) == 1 and not _says_something(label, space):
        yield Wish(hit[2], (hit[1], f"{hit[1]!r} was taken for a title. If it asks for something, say it in a sentence of its own."))


def _says_something(word: str, space: Workspace) -> bool:
    """True if a label may be part of the instruction: an order, a restriction, a time, a column, a table or a value."""
    if word in _TELLING | STOPWORDS | OPERATIVE or LEMMAS.get(word, word) in VERBS or word in NUMBER_WORDS or word.endswith(("est", "ed")):
        return True
    if TALK.search(word):
        return True
    for name, table in space.tables.items():
        if table.scope.find(word).names or table.scope.find(word).near or word in name.lower() or singular(word) in table.scope.nouns:
            return True
        if any(word in str(value).lower() for seen in table.scope.samples.values() for value in seen):
            return True
    return False


_HEADER = re.compile(
    r"(?P<keys>(?:per|for each|for every|within each|by)\s+[^:;=]{1,60}?),?\s*"
    r"(?P<order>\(?(?:ordered by|sorted by|in order of|in the order of|order by)"
    r"\s+[^:;=]{1,60}?\)?)\s*[:;]\s*(?P<rest>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED = re.compile(r"[A-Za-z_]\w*\s*:?=\s*[^;,]+")


def spread_header(unit: Unit) -> Iterator[Wish]:
    """`per van, ordered by read_on: before = previous value of km` with the header on every line below it."""
    hit = _HEADER.fullmatch(unit.whole.strip(" ."))
    if hit is None:
        return
    lines = [line.strip() for line in re.split(r"[;,]\s*(?=[A-Za-z_]\w*\s*:?=)", hit["rest"])]
    if all(_ASSIGNED.fullmatch(line) for line in lines):
        keys = re.sub(r"^(?:for each|for every|within each|by)\b", "per", hit["keys"], flags=re.IGNORECASE)
        order = re.sub(
            r"^\W*(?:ordered by|sorted by|in order of|in the order of|order by)", "in order of", hit["order"].strip("()"), flags=re.IGNORECASE
        )
        yield Wish("; ".join(f"{line} {keys} {order}" for line in lines))


_PUTS = r"(?:put|save|write|store|export|output|send|dump|deliver)"
_PARTED = re.compile(
    r"(?P<ask>\S.*?),?\s+(?:in|into|to|as|under)\s+(?:the file\s+|a file called\s+)?"
    rf"(?P<path>[`\"']?[\w./~-]{{1,200}}\.{ENDINGS}[`\"']?)"
    r"(?:,?\s*(?:with|containing|showing)\s+(?P<columns>(?:(?:only|just)\s+|(?:only |just )?(?:the |these )?(?:columns?|fields?):?\s+).+?))?\s*[.!]?",
    re.IGNORECASE | re.DOTALL,
)
_COUNTED = re.compile(
    r"(?:please\s+)?(?:(?:i|we)\s+(?:just\s+|only\s+)?(?:need|want|would like)|(?:i|we)['’]d like|(?:give|get|find|show|list)(?:\s+(?:me|us))?"
    rf"|{_PUTS})\s+(?P<what>.+)",
    re.IGNORECASE | re.DOTALL,
)
_WHOLE = re.compile(
    rf"(?:please\s+|then\s+|and\s+|finally,?\s+)*{_PUTS}(?:\s+(?:it|them|this|that|everything|the (?:result|results|table|rows|list|output)))?",
    re.IGNORECASE,
)
_PICKS = re.compile(
    r"(?:only\s+|just\s+)?(?:the\s+)?(?:columns?\b|top\s|\w+\s+(?:\w+est|most|least|latest|top)\b|(?:first|last|latest|newest)\s+\w+\s)",
    re.IGNORECASE,
)
"""What a destination clause may ask for besides: some columns, or a number of rows at one end of an order."""


def parted(unit: Unit) -> Iterator[Wish]:
    """`We need the 6 newest jobs in out/x.csv, with the columns id and title` as three clauses."""
    hit = _PARTED.fullmatch(unit.body.strip())
    if hit is None or unit.context not in ("", "steps") or re.search(rf"\.{ENDINGS}\b", hit["ask"], re.IGNORECASE):
        return
    write = f"write it to {hit['path']}"
    columns = re.sub(r"^(?:only\s+|just\s+)?(?:(?:the\s+|these\s+)?(?:columns?|fields?):?\s+)?", "", hit["columns"] or "", flags=re.IGNORECASE)
    select = f"keep only the columns {columns}; " if columns else ""
    if _WHOLE.fullmatch(hit["ask"]):
        if select:
            yield Wish(f"{select}{write}")
        return
    counted = _COUNTED.fullmatch(hit["ask"])
    if counted and _PICKS.match(counted["what"]):
        what = re.sub(r"^(?:only|just)\s+", "", counted["what"], flags=re.IGNORECASE)
        yield Wish(f"keep only {what}; {select}{write}", partial=True)
