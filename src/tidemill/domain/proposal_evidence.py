"""Whether a sentence of a brief bears out what a model says it made of it.

A model that claims more than it did is worse than none. So everything definite in a sentence (numbers, quoted words, names of
columns, files) must show up in the steps that are claimed for it, and something in the sentence must ask for the kind of work that
is done there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from tidemill.domain.grammar.vocabulary import NUMBER_WORDS
from tidemill.domain.proposal_facts import Fact
from tidemill.domain.proposal_sense import against_the_sense, base_forms

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?(?![\w])")
_QUOTED = re.compile(r"[\"“`]([^\"”`]{1,100})[\"”`]|(?<!\w)'([^']{1,100})'(?!\w)")
_IDENTIFIER = re.compile(r"\b[A-Za-z]\w*_\w+\b|\b[a-z]+[A-Z]\w*\b")
_FILE = re.compile(r"(?<![\w/])[\w./~-]*\w\.[A-Za-z]\w{1,6}\b|\b[a-z0-9+]{2,}://\S+")
_NAMED = re.compile(r"\b(?:as|called|named|call (?:it|that|them)|name (?:it|that|them)|into)\s+(?:(?:an?|the|its)\s+)?([A-Za-z]\w*)", re.IGNORECASE)
_NO_NAMES = frozenset(
    ("text", "number", "date", "string", "integer", "timestamp", "follows", "missing", "column", "columns", "new", "one", "row", "rows")
)
_BULLET = re.compile(r"^\s*(?:\(?\d{1,3}[.):]\s+|[-*•]\s+)")
_COMMON = frozenset((
    "name", "order", "date", "day", "time", "count", "total", "number", "value", "group", "type", "id", "row", "record", "column", "table", "item",
    "key", "line", "state",    "rate", "price", "year", "month",
))  # fmt: skip
"""Words that are as often no column's name as they are one, so that leaving them out proves nothing."""

ASKS_FOR: Mapping[str, frozenset[str]] = {
    operation: frozenset(words)
    for operation, words in {
        "join": ("join", "merge", "match", "lookup", "look", "combine", "enrich", "attach", "bring", "with", "belong"),
        "union": ("union", "append", "stack", "combine", "concatenate", "below", "together", "merge", "both", "all"),
        "sql": ("sql", "select", "query"),
        "cast": ("convert", "cast", "number", "text", "date", "parse", "turn", "type", "numeric", "integer", "timestamp", "read", "treat"),
        "fillNulls": ("fill", "replace", "missing", "empty", "blank", "null", "default", "treat", "set", "put"),
        "dedupe": ("duplicate", "unique", "distinct", "once", "deduplicate", "dedupe", "latest", "newest", "oldest", "first", "last", "recent"),
        "window": ("rank", "running", "cumulative", "previous", "next", "moving", "rolling", "lag", "lead", "share", "number", "change"),
        "groupBy": ("per", "by", "each", "group", "every", "summarise", "summarize", "aggregate"),
        "pivot": ("pivot", "column", "per", "across", "spread", "cross", "wide"),
        "unpivot": ("unpivot", "melt", "row", "long"),
        "sort": (
            "sort", "order", "ascending", "descending", "highest", "lowest", "biggest", "largest", "smallest", "newest", "oldest", "alphabetical",
            "top", "bottom",
        ),
        "limit": ("top", "first", "limit", "only", "bottom", "best", "worst", "most", "highest", "lowest", "largest", "smallest"),
        "rename": ("rename", "call", "name", "as", "to"),
        "select": ("keep", "only", "select", "column", "retain", "need", "want", "output", "leave", "just"),
        "drop": ("drop", "remove", "delete", "without", "omit", "discard", "exclude", "hide"),
    }.items()
}  # fmt: skip
"""By operation, words (in their base form) one of which stands in a sentence that asks for it; for the others `proposal_sense` knows more."""


def doubt(sentence: str, facts: Iterable[Fact], columns: Collection[str], *, files: Collection[str] = (), in_english: bool = True) -> str:
    """Why the facts are not what the sentence asks for, "" if they can be.

    Args:
        sentence: As it stands in the brief.
        facts: What the steps do that are claimed for it.
        columns: Names of columns there are in the sources and made on the way.
        files: What the claimed sources and destinations read and write.
        in_english: False where the words for operations cannot be known; what is definite must be found all the same.
    """
    done = tuple(facts)
    text = _BULLET.sub("", sentence)
    shown = " ".join((*(f.text for f in done), *files))
    if not done and not files:
        return "No step of the draft does it."
    if missing := _unaccounted(text, shown, columns):
        return f"The draft does nothing with {missing} in this sentence."
    if not done:
        return "" if _names_a_place(text, files) else "The words name none of the files or tables that are claimed for them."
    if not in_english:
        return "" if any(_is_about(text, f) for f in done) else f"Nothing in these words is about `{done[0]}`, which the model proposed."
    if not any(_asked(text, f, columns) for f in done):
        return f"Nothing in these words asks for `{done[0]}`, which the model proposed."
    return next((why for f in done if (why := against_the_sense(text, f))), "")


def bears_on(sentence: str, facts: Collection[Fact], columns: Collection[str]) -> bool:
    """True if a sentence can be what asks for each of the facts."""
    return all(_asked(sentence, f, columns) and not against_the_sense(sentence, f) for f in facts)


def _names_a_place(text: str, files: Iterable[str]) -> bool:
    said = text.casefold()
    return any(name and name.casefold() in said for f in files for name in re.split(r"[/=!]", f)[1:])


def _unaccounted(text: str, shown: str, columns: Collection[str]) -> str:
    """Something definite in the sentence that does not appear in what is done."""
    numbers, folded, words = _numbers(shown), shown.casefold(), frozenset(base_forms(shown))
    for part in _FILE.findall(text):
        if str(part).casefold().rstrip(".") not in folded:
            return f"{part!r}"
    rest = _FILE.sub(" ", text)
    for quoted in (str(a or b) for a, b in _QUOTED.findall(rest)):
        if quoted.casefold() not in folded and not set(base_forms(quoted)) <= words:
            return f"{quoted!r}"
    for name in _IDENTIFIER.findall(rest):
        if not set(base_forms(name)) <= words:
            return f"{name!r}"
    for number in _NUMBER.findall(_QUOTED.sub(" ", rest)):
        if not _stands_in(number, numbers, folded):
            return str(number)
    for name in _NAMED.findall(rest):
        if str(name).casefold() not in _NO_NAMES and not set(base_forms(name)) <= words:
            return f"the name {name!r}"
    said = base_forms(rest)
    return next((f"`{c}`" for c in columns if _is_named(c, said) and not set(base_forms(c)) <= words), "")


def _is_named(column: str, said: list[str]) -> bool:
    """True if the words of a column's name stand side by side in a sentence, and could hardly mean something else."""
    words = base_forms(column)
    if not words or (len(words) == 1 and words[0] in _COMMON):
        return False
    return any(said[i : i + len(words)] == words for i in range(len(said) - len(words) + 1))


def _asked(text: str, fact: Fact, columns: Collection[str]) -> bool:
    """True if the sentence has a word for this kind of work and something that the work is about."""
    said = frozenset(base_forms(text)) | ({"="} if "=" in text else frozenset())
    if fact.operation in ASKS_FOR and not ASKS_FOR[fact.operation] & said:
        return False
    names = {w for c in columns for w in base_forms(c)}
    return _is_about(text, fact) or not ({*base_forms(fact.text)} & names)


def _is_about(text: str, fact: Fact) -> bool:
    """True if the sentence shares a word or a number with what is done."""
    return bool({*base_forms(fact.text)} & {*base_forms(text)} or _numbers(fact.text) & _numbers(text))


def _numbers(text: str) -> frozenset[float]:
    found = {float(n.replace(",", "").rstrip("%")) for n in _NUMBER.findall(text)}
    return frozenset(found | {float(NUMBER_WORDS[w]) for w in re.findall(r"[a-z]+", text.lower()) if w in NUMBER_WORDS})


def _stands_in(number: str, numbers: Collection[float], folded: str) -> bool:
    value = float(number.replace(",", "").rstrip("%"))
    forms = {value, -value, value / 100} | ({value + 1, value - 1} if value.is_integer() else set())
    return bool(forms & set(numbers)) or number.strip("+-%") in folded
