"""Whether a sentence of a brief bears out what a model says it made of it.

A model that claims more than it did is worse than none. So everything definite in a sentence (numbers, quoted words, names of
columns, files) must show up in the steps that are claimed for it, and something in the sentence must ask for the kind of work that
is done there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from tidemill.domain.formula import Binary, Column, Literal, Node, Unary, parse_formula
from tidemill.domain.grammar.vocabulary import LEMMAS, NUMBER_WORDS, singular
from tidemill.domain.proposal_facts import Fact
from tidemill.errors import FormulaError

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?(?![\w])")
_QUOTED = re.compile(r"[\"“`]([^\"”`]{1,100})[\"”`]|(?<!\w)'([^']{1,100})'(?!\w)")
_IDENTIFIER = re.compile(r"\b[A-Za-z]\w*_\w+\b|\b[a-z]+[A-Z]\w*\b")
_FILE = re.compile(r"(?<![\w/])[\w./~-]*\w\.[A-Za-z]\w{1,6}\b|\b[a-z0-9+]{2,}://\S+")
_BULLET = re.compile(r"^\s*(?:\(?\d{1,3}[.):]\s+|[-*•]\s+)")
_COMMON = frozenset("name order date day time count total number value group type id row record column table item key line state rate price year month".split())
"""Words that are as often no column's name as they are one, so that leaving them out proves nothing."""

ASKS_FOR: Mapping[str, frozenset[str]] = {
    operation: frozenset(words.split())
    for operation, words in {
        "join": "join joined merge match lookup combine enrich attach bring with from",
        "union": "union append stack combine concatenate below together merge both all",
        "sql": "sql select query",
        "cast": "convert cast number text date parse turn type numeric integer timestamp read",
        "fillNulls": "fill replace missing empty blank null default treat set put",
        "keep": "keep only where filter with above below over under at least most more less than is not equal between before after since from drop exclude remove ignore skip "
                "discard delete without missing empty blank null contain start end in leave throw toss omit reject retain restrict except out",
        "exclude": "drop exclude remove ignore skip discard delete without leave throw toss omit reject except out filter not",
        "addColumns": "add compute calculate derive column = equals is as plus minus times divided multiply per ratio percent share flag label mark tag difference sum product "
                      "round lower upper trim lowercase uppercase days if when otherwise else bucket classify concatenate combine full first year month day number",
        "dedupe": "duplicate unique distinct once dedupe deduplicate latest newest oldest first last most recent one per",
        "window": "rank running cumulative previous next moving rolling lag lead share row number per change",
        "groupBy": "per by each for group every total sum average mean count summarise aggregate number how many",
        "aggregations": "sum total add up average mean count number many minimum maximum min max lowest highest largest smallest median distinct unique per each standard deviation",
        "pivot": "pivot column per across spread cross wide",
        "unpivot": "unpivot melt long row wide",
        "sort": "sort order by ascending descending highest lowest first last biggest largest smallest newest oldest alphabetical top bottom most least rank reverse",
        "limit": "top first limit only bottom best worst most highest lowest largest smallest leading",
        "rename": "rename call called name named as to",
        "select": "keep only select column retain need want return output leave just",
        "drop": "drop remove delete without leave out omit discard exclude column hide strip",
    }.items()
}  # fmt: skip
"""By operation, words (in their base form) one of which stands in a sentence that asks for it."""

_AWAY = frozenset("drop exclude remove ignore skip discard delete without throw toss omit reject eliminate except".split())
_STAY = frozenset("keep only retain restrict where select".split())
_UP = frozenset("above over more greater higher larger exceed exceeding after since bigger older later".split())
_DOWN = frozenset("below under less fewer lower smaller before until earlier younger".split())


def doubt(sentence: str, facts: Iterable[Fact], columns: Collection[str], *, files: Collection[str] = ()) -> str:
    """Why the facts are not what the sentence asks for, "" if they can be.

    Args:
        sentence: As it stands in the brief.
        facts: What the steps do that are claimed for it.
        columns: Names of columns there are in the sources and made on the way.
        files: What the claimed sources and destinations read and write.
    """
    done = tuple(facts)
    text = _BULLET.sub("", sentence)
    shown = " ".join((*(f.text for f in done), *files))
    if not done and not files:
        return "No step of the draft does it."
    if missing := _unaccounted(text, shown, columns):
        return f"The draft does nothing with {missing} in this sentence."
    if done and not any(_asked(text, f, columns) for f in done):
        return f"Nothing in these words asks for `{done[0]}`, which the model proposed."
    if any(_opposite(text, f) for f in done):
        return "The model turned the condition round: it keeps what is to go."
    return ""


def _unaccounted(text: str, shown: str, columns: Collection[str]) -> str:
    """Something definite in the sentence that does not appear in what is done."""
    numbers, folded, words = _numbers(shown), shown.casefold(), frozenset(_words(shown))
    for part in _FILE.findall(text):
        if str(part).casefold().rstrip(".") not in folded:
            return f"{part!r}"
    rest = _FILE.sub(" ", text)
    for quoted in (str(a or b) for a, b in _QUOTED.findall(rest)):
        if quoted.casefold() not in folded and not set(_words(quoted)) <= words:
            return f"{quoted!r}"
    for name in _IDENTIFIER.findall(rest):
        if not set(_words(name)) <= words:
            return f"{name!r}"
    for number in _NUMBER.findall(_QUOTED.sub(" ", rest)):
        if not _stands_in(number, numbers, folded):
            return str(number)
    said = _words(rest)
    return next((f"`{c}`" for c in columns if _is_named(c, said) and not set(_words(c)) <= words), "")


def _is_named(column: str, said: list[str]) -> bool:
    """True if the words of a column's name stand side by side in a sentence, and could hardly mean something else."""
    words = _words(column)
    if not words or (len(words) == 1 and words[0] in _COMMON):
        return False
    return any(said[i : i + len(words)] == words for i in range(len(said) - len(words) + 1))


def _asked(text: str, fact: Fact, columns: Collection[str]) -> bool:
    """True if the sentence has a word for this kind of work and something that the work is about."""
    said = frozenset(_words(text)) | ({"="} if "=" in text else frozenset())
    about = {*_words(fact.text)} & said
    values = _numbers(fact.text) & _numbers(text)
    wanted = ASKS_FOR.get(fact.operation, frozenset())
    if not wanted & said:
        return False
    names = {w for c in columns for w in _words(c)}
    return bool(values or about or not ({*_words(fact.text)} & names))


def _opposite(text: str, fact: Fact) -> bool:
    """True if a sentence that drops what is above (or below) became a condition that keeps it, or the other way round."""
    said = frozenset(_words(text))
    away, stay, up, down = bool(said & _AWAY), bool(said & _STAY), bool(said & _UP), bool(said & _DOWN)
    if fact.operation not in ("keep", "exclude") or away == stay or up == down:
        return False
    rising = _direction(fact.text)
    if rising is None:
        return False
    wants_rising_kept = up if stay else down
    keeps_rising = rising if fact.operation == "keep" else not rising
    return wants_rising_kept != keeps_rising


def _direction(text: str) -> bool | None:
    """True for `column > value`, False for `column < value`, None for anything else."""
    try:
        node: Node = parse_formula(text).root
    except FormulaError:
        return None
    turned = isinstance(node, Unary) and node.operator == "not"
    if isinstance(node, Unary):
        node = node.operand
    if not isinstance(node, Binary) or node.operator not in ("<", "<=", ">", ">="):
        return None
    if isinstance(node.left, Literal) and isinstance(node.right, Column):
        turned = not turned
    return (node.operator in (">", ">=")) != turned


def _words(text: str) -> list[str]:
    """Base forms of the words of a text, names taken apart at underscores and capitals."""
    parts = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text))
    return [LEMMAS.get(p, singular(p)) for p in (p.lower() for p in parts)]


def _numbers(text: str) -> frozenset[float]:
    found = {float(n.replace(",", "").rstrip("%")) for n in _NUMBER.findall(text)}
    return frozenset(found | {float(NUMBER_WORDS[w]) for w in re.findall(r"[a-z]+", text.lower()) if w in NUMBER_WORDS})


def _stands_in(number: str, numbers: Collection[float], folded: str) -> bool:
    value = float(number.replace(",", "").rstrip("%"))
    forms = {value, -value, value / 100} | ({value + 1, value - 1} if value.is_integer() else set())
    return bool(forms & set(numbers)) or number.strip("+-%") in folded


