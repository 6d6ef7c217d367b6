"""Sources and destinations: which files and tables a brief speaks of, and in which role."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tidemill.domain.connectors import FILE_CONNECTORS, SourceConfig
from tidemill.domain.grammar.sentences import Unit
from tidemill.domain.grammar.tokens import Kind, Token, tokenise
from tidemill.domain.grammar.vocabulary import word_list
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable

_SOURCE_CONFIG: TypeAdapter[Any] = TypeAdapter(SourceConfig)
_WRITES = frozenset(
    word_list(
        "write save put store output export dump send deliver produce create generate place drop result destination target sink into "
        "output dst dest emit persist land goes go end land written saved publish return ship hand"
    )
)
_READS = frozenset(
    word_list(
        "read load take use from source input src open import pull get join fetch combine merge stack union append start ingest extract "
        "with match compare process have has had contains contain lookup enrich analyse analyze need add grab pick be is are holds come "
        "comes live lives find found receive based look"
    )
)
_TO = frozenset({"to", "into", "->", "→", "=>", "as", "onto"})
_OURS = frozenset(
    word_list(
        "it pipeline this that which we i you then result and results everything should must to please table list summary rows report please job"
    )
)


@dataclass
class Source:
    """A table that is read."""

    name: str
    config: Any
    found: SourceSchema | Unreadable
    words: frozenset[str] = frozenset()
    path: str = ""
    alias: str = ""


@dataclass
class Mention:
    """A file or URL in a unit."""

    unit: Unit
    token: Token
    role: str
    config: dict[str, object] = field(default_factory=dict)


def connector_for(path: str) -> str | None:
    """The file connector of a path."""
    return FILE_CONNECTORS.get(PurePosixPath(path.lower()).suffix)


def role_of(tokens: tuple[Token, ...], index: int, context: str, *, readable: bool) -> str:
    """`source`, `destination` or "" for the file at `index`, by the words before it."""
    before = [t for t in tokens[:index] if t.kind in (Kind.WORD, Kind.MARK)]
    ours = [t for t in before if t.text not in ",()"]
    near = ours[-1].low if ours else ""
    if near in ("->", "→", "=>"):
        return "destination"
    if context in ("source", "destination") and not any(t.lemma in _WRITES - {"result", "target"} for t in ours[-4:]):
        return context
    verb = next((k for k in range(len(before) - 1, -1, -1) if _is_cue(before, k)), None)
    if verb is None:
        if near in _TO and not readable:
            return "destination"
        return (
            "source"
            if readable
            else "destination"
            if re.match(r"(out|output|result|target|export)s?/", tokens[index].text)
            else "source"
            if context != "destination"
            else ""
        )
    cue = before[verb]
    if cue.lemma in _WRITES and cue.low not in ("from",):
        if any(t.low == "from" for t in before[verb + 1 :]):
            return "source"
        return "source" if readable and _described(before, verb) else "destination"
    if cue.low in ("from", "source", "input", "src"):
        return "source"
    tail = [t.low for t in before[verb + 1 :]]
    if tail and tail[-1] in ("to", "into") and not readable and cue.lemma not in ("append", "add", "join", "match"):
        return "destination"
    if not readable and re.match(r"(out|output|result|results)/", tokens[index].text):
        return "destination"
    return "source"


def _is_cue(before: list[Token], k: int) -> bool:
    token = before[k]
    if token.kind is not Kind.WORD:
        return False
    if token.lemma in _WRITES or token.low in _WRITES:
        return (
            not (
                token.low in ("result", "results", "target", "output")
                and k + 1 < len(before)
                and any(t.lemma in _WRITES - {"result"} for t in before[:k])
            )
            or True
        )
    return token.lemma in _READS or token.low in _READS


def _described(before: list[Token], verb: int) -> bool:
    """True of `The cold store writes its readings to …` and `The log is exported to …`: somebody else wrote the file."""
    word, subject = before[verb], before[verb - 1] if verb else None
    if subject is None or any(t.low in ("result", "results", "output", "summary") for t in before):
        return False
    if word.low in ("into", "to", "onto") and (written := _writer(before, verb)) is not None:
        return _described(before, written) or (before[written].low in _PAST and _has_subject(before, written))
    inflected = word.low != word.lemma or word.low in ("drop",)
    passive = subject.low in ("is", "are", "gets", "get") and word.low.endswith(("ed", "en", "nt"))
    third = word.low.endswith("s") and subject.low not in _OURS
    return (inflected and third) or passive or (inflected and word.low.endswith("ed") and subject.low not in _OURS)


_PAST = frozenset(word_list("put wrote sent saved stored exported dumped collected"))


def _writer(before: list[Token], preposition: int) -> int | None:
    """Index of the verb that a preposition belongs to: the `dumps` of `dumps the reviews into`."""
    return next(
        (k for k in range(preposition - 1, -1, -1) if before[k].kind is Kind.WORD and (before[k].lemma in _WRITES or before[k].low in _PAST)), None
    )


def _has_subject(before: list[Token], verb: int) -> bool:
    """True if a noun with its article stands before the verb, so that it is no order."""
    return verb >= 2 and before[verb - 2].low in ("the", "our", "my", "a", "an", "their", "your") and before[verb - 1].low not in _OURS


def table_named(text: str, path: str) -> str | None:
    """The table of a database file that the words around it name."""
    around = text.replace(path, " ")
    for pattern in (
        r"\btables?(?:\s+name)?\s*(?:is|called|named|:|=)?\s*[`\"'“]?([A-Za-z_]\w*)[`\"'”]?",
        r"[`\"']([A-Za-z_]\w*)[`\"']\s+table\b",
        r"\b([A-Za-z_]\w*)\s+table\b",
    ):
        for hit in re.finditer(pattern, around, re.IGNORECASE):
            if hit[1].lower() not in (
                "in",
                "of",
                "from",
                "the",
                "a",
                "one",
                "table",
                "sqlite",
                "and",
                "is",
                "to",
                "it",
                "into",
                "that",
                "this",
                "database",
                "with",
                "called",
                "named",
                "as",
                "by",
                "for",
            ):
                return hit[1]
    return None


def source_config(path: str, words: str) -> dict[str, object]:
    """The config of the source at `path`, with what the words around it add."""
    if path.startswith(("http://", "https://")) and connector_for(path) is None:
        return {"connector": "httpJson", "url": path}
    if re.match(r"(postgres(ql)?|mysql|mariadb)://", path):
        config: dict[str, object] = {"connector": "postgres" if path.startswith("postgres") else "mysql", "url": path}
        if table := table_named(words, path):
            config["table"] = table
        return config
    connector = connector_for(path)
    if connector is None:
        return {}
    config = {"connector": connector, "path": path}
    if connector == "sqlite" and (table := table_named(words, path)):
        config["table"] = table
    if connector == "csv" and (mark := delimiter(words)):
        config["delimiter"] = mark
    if connector == "csv" and path.endswith(".tsv"):
        config["delimiter"] = "\t"
    return config


def delimiter(words: str) -> str | None:
    """The separator that words such as "semicolon separated" name."""
    hit = re.search(
        (
            r"\b(semicolon|tab|pipe|comma|colon)s?[- ]?(?:separated|delimited)|(?:separated|delimited|"
            r"delimiter|separator)\s*(?:by|with|is|:|=|are)?\s*(?:a\s+)?(semicolon|tab|pipe|comma|vertical "
            r"bar|[;|])"
        ),
        words,
        re.IGNORECASE,
    )
    if hit is None:
        return None
    word = (hit[1] or hit[2]).lower()
    return {"semicolon": ";", "tab": "\t", "pipe": "|", "comma": ",", "vertical bar": "|", "colon": ":"}.get(word, word)


def validated(config: dict[str, object]) -> Any | None:
    """The typed source config, None if something is missing in it."""
    try:
        return _SOURCE_CONFIG.validate_python(config)
    except ValidationError:
        return None


def exists(path: str, look: Callable[[Any], SourceSchema | Unreadable]) -> bool:
    """True if there is a file at `path` now."""
    typed = validated(source_config(path, ""))
    if typed is None:
        return False
    found = look(typed)
    return isinstance(found, SourceSchema) or found.why in (Obstacle.EMPTY, Obstacle.BROKEN, Obstacle.CHOICE)


def paths_in(text: str) -> list[tuple[tuple[Token, ...], int]]:
    """Every file or URL in a text, as (tokens, index)."""
    tokens = tokenise(text)
    return [(tokens, k) for k, t in enumerate(tokens) if t.kind is Kind.PATH]
