"""Whether a step goes the way its sentence goes: stay or go, above or below, sum or average, plus or minus.

Small models turn exactly these round ("drop above 120" became "keep above 120"), so a sentence that does not say clearly which way it
goes bears nothing out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from tidemill.domain.formula import Binary, Call, Column, If, Literal, Node, Unary, parse_formula
from tidemill.domain.formula.nodes import ARITHMETIC, walk
from tidemill.domain.grammar.vocabulary import LEMMAS, singular
from tidemill.domain.proposal_facts import Fact
from tidemill.errors import FormulaError

_AWAY = frozenset((
    "drop", "exclude", "remove", "ignore", "skip", "discard", "delete", "without", "throw", "toss", "omit", "reject", "eliminate", "except", "chuck",
    "bin", "kick",    "scrap", "dump", "ditch", "cut", "purge", "weed", "lose", "strip", "axe", "trash", "erase", "rid", "forget", "bar", "unwanted",
))  # fmt: skip
_STAY = frozenset((
    "keep", "only", "retain", "restrict", "select", "want", "need", "care", "interested", "include", "pick", "take", "limit", "just",
))  # fmt: skip
_UP = frozenset(
    (
        "above",
        "over",
        "more",
        "greater",
        "higher",
        "larger",
        "exceed",
        "exceeding",
        "after",
        "since",
        "bigger",
        "later",
        "longer",
        "upward",
        "minimum",
    )
)
_DOWN = frozenset(
    ("below", "under", "less", "fewer", "lower", "smaller", "before", "until", "earlier", "younger", "shorter", "downward", "maximum", "cheaper")
)
_NOTHING = frozenset(("missing", "empty", "blank", "null", "absent", "unknown"))
_DESCENDING = frozenset(("descending", "desc", "highest", "largest", "biggest", "most", "newest", "latest", "top", "longest"))
_ASCENDING = frozenset(
    ("ascending", "asc", "lowest", "smallest", "least", "fewest", "oldest", "earliest", "alphabetical", "alphabetically", "bottom", "shortest")
)
_BY_FUNCTION: Mapping[str, frozenset[str]] = {
    "sum": frozenset(("sum", "summed", "total", "totals", "add", "together", "altogether", "running", "cumulative")),
    "count": frozenset(("count", "counted", "number", "many", "often")),
    "avg": frozenset(("average", "mean", "avg")),
    "min": frozenset(("minimum", "min", "lowest", "smallest", "least", "earliest", "cheapest", "oldest")),
    "max": frozenset(("maximum", "max", "highest", "largest", "biggest", "most", "latest", "newest", "greatest")),
    "median": frozenset(("median",)),
    "countDistinct": frozenset(("distinct", "unique", "different")),
    "stddev": frozenset(("standard", "stddev", "deviation")),
    "first": frozenset(("first", "earliest")),
    "last": frozenset(("last", "latest")),
    "rank": frozenset(("rank", "ranking", "place", "position")),
    "denseRank": frozenset(("rank", "ranking", "place", "position")),
    "rowNumber": frozenset(("number", "numbering", "rank")),
    "lag": frozenset(("previous", "before", "prior", "last")),
    "lead": frozenset(("next", "following", "after")),
}
_BY_OPERATOR: Mapping[str, re.Pattern[str]] = {
    "+": re.compile(r"\b(?:plus|sum|added?|together|and)\b|\S\s*\+\s*\S", re.IGNORECASE),
    "-": re.compile(r"\b(?:minus|less|subtract\w*|difference|without|reduced|deduct\w*|net of|after)\b|\w\s+[-–−]\s+\w", re.IGNORECASE),
    "*": re.compile(r"\b(?:times|multipl\w+|product)\b|\w\s*[*×]\s*\w|\w\s+x\s+\w|%|\bper ?cent\b", re.IGNORECASE),
    "/": re.compile(r"\b(?:divid\w+|over|per|ratio|share|half|quotient)\b|\w\s*[/÷]\s*\w|%|\bper ?cent(?:age)?\b", re.IGNORECASE),
}
_CLEAR: Mapping[str, re.Pattern[str]] = {
    "+": re.compile(r"\bplus\b|\w\s*\+\s*\w", re.IGNORECASE),
    "-": re.compile(r"\b(?:minus|subtract\w*)\b|\w\s+[-−]\s+\w", re.IGNORECASE),
    "*": re.compile(r"\b(?:times|multipl\w+)\b|\w\s*[*×]\s*\w", re.IGNORECASE),
    "/": re.compile(r"\bdivided\b|\w\s*÷\s*\w", re.IGNORECASE),
}
"""Words that mean an operator and nothing else, so that a formula without it leaves something out."""


_BY_CALL: Mapping[str, frozenset[str]] = {
    "lower": frozenset(("lower", "lowercase", "small")),
    "upper": frozenset(("upper", "uppercase", "capital")),
    "trim": frozenset(("trim", "strip", "whitespace", "space")),
    "concat": frozenset(("concatenate", "combine", "join", "together", "full", "concat", "followed", "and")),
    "concat_ws": frozenset(("concatenate", "combine", "join", "together", "full", "concat", "followed", "and")),
    "coalesce": frozenset(("missing", "fallback", "otherwise", "first", "else", "empty", "blank", "default")),
    "date_diff": frozenset(("between", "difference", "since", "until", "from", "age")),
    "date_trunc": frozenset(("month", "week", "quarter", "year", "day", "hour")),
    "substring": frozenset(("first", "last", "letter", "character", "part")),
    "left": frozenset(("first", "letter", "character")),
    "right": frozenset(("last", "letter", "character")),
    "split_part": frozenset(("part", "before", "after", "split")),
    "length": frozenset(("length", "long", "character")),
    "ceil": frozenset(("up", "ceil", "ceiling")),
    "floor": frozenset(("down", "floor", "whole")),
    "abs": frozenset(("absolute", "sign", "abs")),
}
"""Of the other functions, the name itself must be said."""
_TESTS = frozenset(("in", "between", "is_null", "is_empty", "contains", "starts_with", "ends_with", "regex_matches"))
_CHOICE = frozenset(("if", "when", "otherwise", "else", "flag", "label", "mark", "tag", "bucket", "classify", "where", "yes", "true"))
_COPY = frozenset(("copy", "constant", "set", "add", "duplicate", "="))


_INCLUSIVE = re.compile(
    r"\b(?:at least|at most|or more|or less|or fewer|or above|or below|or higher|or lower|or later|or earlier|on or|minimum|maximum|up to|no more|"
    r"no less|no fewer|"
    r"not more|not less|since|from)\b|[<>]=|[≥≤]",
    re.IGNORECASE,
)
"""Words by which the value named belongs to those that are meant."""


class _Condition(NamedTuple):
    """A condition without its negation."""

    kind: str
    """`above`, `below`, `equal` or `missing`."""
    positive: bool


def base_forms(text: str) -> list[str]:
    """Base forms of the words of a text, names taken apart at underscores and capitals."""
    parts = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text))
    return [LEMMAS.get(p, singular(p)) for p in (p.lower() for p in parts)]


def against_the_sense(sentence: str, fact: Fact) -> str:
    """Why the fact does not go the way the sentence goes, "" if it does."""
    if fact.operation in ("keep", "exclude"):
        return _condition_doubt(sentence, fact)
    if fact.operation == "sort":
        return _sort_doubt(sentence, fact)
    if fact.operation in ("aggregations", "window"):
        return _function_doubt(sentence, fact)
    return _formula_doubt(sentence, fact) if fact.operation == "addColumns" else ""


def _condition_doubt(sentence: str, fact: Fact) -> str:
    words = frozenset(base_forms(sentence))
    condition = _condition(fact.text)
    away, stay = bool(words & _AWAY), bool(words & _STAY)
    if condition is None or away == stay:
        return f"It is not certain from these words that `{fact}` is meant."
    kept = (fact.operation == "keep") == condition.positive
    negated = bool({"not", "never"} & words) or "n't" in sentence
    expected = stay != negated
    if condition.kind in ("above", "below") and _keeps_bound(fact) != (bool(_INCLUSIVE.search(sentence)) == expected):
        return f"`{fact}` treats the value that is named itself otherwise than these words do."
    if condition.kind in ("above", "below"):
        up, down = bool(words & _UP) or ">" in sentence, bool(words & _DOWN) or "<" in sentence
        if _at_least_or_most(sentence) is not None:
            up, down = bool(_at_least_or_most(sentence)), not _at_least_or_most(sentence)
        if up == down:
            return f"It is not certain from these words that `{fact}` is meant."
        expected = expected == (up == (condition.kind == "above"))
    if condition.kind == "missing" and not words & _NOTHING:
        expected = not expected
    return "" if kept == expected else f"The model turned the condition round: `{fact}` is not what these words say."


def _keeps_bound(fact: Fact) -> bool:
    """True if a row that has exactly the value named is kept."""
    holds = ("<=" in fact.text or ">=" in fact.text) != fact.text.startswith("not ")
    return holds == (fact.operation == "keep")


def _at_least_or_most(sentence: str) -> bool | None:
    """True of "at least" and "or more", False of "at most" and "no more than", None if nothing of the kind is said."""
    if re.search(r"\b(?:at least|or more|or above|or higher|or later|not less|no less|no fewer)\b", sentence, re.IGNORECASE):
        return True
    return (
        False if re.search(r"\b(?:at most|or less|or below|or fewer|or lower|or earlier|no more|no later|up to)\b", sentence, re.IGNORECASE) else None
    )


def _condition(text: str) -> _Condition | None:
    """The condition, None if it is of several parts."""
    try:
        node: Node = parse_formula(text).root
    except FormulaError:
        return None
    positive = True
    if isinstance(node, Binary) and node.operator == "or" and isinstance(node.left, Call) and node.left.function == "is_null":
        node = node.right  # the form of `notEquals`, `notIn`, `notContains`: missing, or not this
    if isinstance(node, Unary) and node.operator == "not":
        node, positive = node.operand, False
    if isinstance(node, Call):
        return _Condition("missing" if node.function in ("is_null", "is_empty") else "equal", positive)
    if not isinstance(node, Binary) or isinstance(node.left, Column) == isinstance(node.right, Column):
        return None
    turned = isinstance(node.left, Literal)
    kinds = {"=": ("equal", True), "!=": ("equal", False), ">": ("above", True), ">=": ("above", True), "<": ("below", True), "<=": ("below", True)}
    if node.operator not in kinds:
        return None
    kind, plain = kinds[node.operator]
    if turned and kind != "equal":
        kind = "below" if kind == "above" else "above"
    return _Condition(kind, positive == plain)


def _sort_doubt(sentence: str, fact: Fact) -> str:
    said = frozenset(re.findall(r"[a-z]+", sentence.lower()))
    down, up = bool(said & _DESCENDING), bool(said & _ASCENDING)
    keys = json.loads(fact.text)
    wrong = len(keys) == 1 and down != up and (keys[0].get("direction", "asc") == "desc") != down
    return f"The model turned the order round: `{fact}` is not what these words say." if wrong else ""


def _function_doubt(sentence: str, fact: Fact) -> str:
    made = json.loads(fact.text)
    function = str(made.get("operation") or made.get("function"))
    said = frozenset((*base_forms(sentence), *re.findall(r"[a-z]+", sentence.lower())))
    return "" if _BY_FUNCTION.get(function, said) & said else f"Nothing in these words asks for `{function}`."


def _formula_doubt(sentence: str, fact: Fact) -> str:
    try:
        root = parse_formula(str(json.loads(fact.text)["formula"])).root
    except FormulaError:
        return ""
    nodes = tuple(walk(root))
    said = frozenset((*base_forms(sentence), *re.findall(r"[a-z]+|=", sentence.lower())))
    used = {n.operator for n in nodes if isinstance(n, Binary) and n.operator in ARITHMETIC}
    unasked = [f"`{o}`" for o in sorted(used) if o in _BY_OPERATOR and not _BY_OPERATOR[o].search(sentence)]
    unasked += [f"`{c}`" for c in _calls(nodes) if not _BY_CALL.get(c, frozenset(base_forms(c))) & said]
    unasked += ["`if`"] if any(isinstance(n, If) for n in nodes) and not _CHOICE & said else []
    unasked += [f"`{fact}`"] if len(nodes) == 1 and not _COPY & said else []
    left_out = [o for o in _CLEAR if o not in used and _CLEAR[o].search(sentence)]
    if unasked:
        return f"Nothing in these words asks for {unasked[0]}, which the model proposed."
    return f"The `{left_out[0]}` of these words is not in `{fact}`." if left_out else ""


def _calls(nodes: tuple[Node, ...]) -> list[str]:
    """Functions that make a value; those that test one are part of a choice."""
    return [n.function for n in nodes if isinstance(n, Call) and n.function not in _TESTS]
