"""Finds the sources of a brief before its sentences are read, so that columns are known wherever they are spoken of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from tidemill.domain.finding import Finding, error, warning
from tidemill.domain.grammar.files import Source, connector_for, paths_in, role_of, source_config, validated
from tidemill.domain.grammar.scope import name_words
from tidemill.domain.grammar.sentences import Unit
from tidemill.domain.grammar.sheets import sheet_config
from tidemill.domain.grammar.tokens import tokenise
from tidemill.domain.grammar.vocabulary import STOPWORDS, singular, word_list
from tidemill.domain.grammar.workspace import Workspace
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.errors import InvalidInput

Look = Callable[[Any], "SourceSchema | Unreadable"]


@dataclass
class Sources:
    """The sources of a brief and the role of each file."""

    workspace: Workspace = field(default_factory=Workspace)
    by_path: dict[tuple[int, str], str] = field(default_factory=dict)
    """(id of the unit, path) to role."""
    words: dict[str, frozenset[str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """Paths that are read."""

    def roles(self, unit: Unit, text: str) -> Callable[[int], str]:
        """The role of the file at an offset of `text`, a version of the unit's words."""
        tokens = {t.start: t for t in tokenise(text)}

        def role(start: int) -> str:
            token = tokens.get(start)
            if token is None:
                return ""
            found = self.by_path.get((id(unit), token.text))
            return found or self.by_path.get((0, token.text), "source" if token.text in self.known else "")

        return role


def find_sources(units: list[Unit], look: Look) -> Sources:
    """Looks for every file, sheet and database that is read."""
    found = Sources()
    brief = "\n".join(u.text for u in units)
    nouns = _brief_nouns(units)
    seen: dict[str, Any] = {}

    def looked(config: dict[str, object]) -> Any:
        key = repr(sorted(config.items(), key=str))
        if key not in seen:
            typed = validated(config)
            try:
                seen[key] = Unreadable(Obstacle.BROKEN, "") if typed is None else look(typed)
            except InvalidInput as failure:
                seen[key] = failure
        return seen[key]

    for unit in units:
        text = unit.text
        for tokens, index in paths_in(text):
            path = tokens[index].text
            if (
                re.search(r"credentials?\b|service.account|auth", text[max(0, tokens[index].start - 60) : tokens[index].start], re.IGNORECASE)
                and path.endswith(".json")
            ) or path == "credentials.json":
                continue
            config = source_config(path, text)
            there = looked(config) if config else None
            readable = isinstance(there, SourceSchema) or (
                isinstance(there, Unreadable) and there.why in (Obstacle.EMPTY, Obstacle.BROKEN, Obstacle.CHOICE) and there.reason != ""
            )
            role = role_of(tokens, index, unit.context, readable=readable)
            found.by_path[(id(unit), path)] = role
            found.by_path.setdefault((0, path), role)
            if role == "source" and path not in found.known and config:
                found.known.add(path)
                _add(found, path, config=config, there=there, text=text, nouns=nouns, brief=brief)
    _sheets(found, units, looked, nouns, brief)
    return found


def _add(found: Sources, path: str, *, config: dict[str, object], there: Any, text: str, nouns: frozenset[str], brief: str) -> None:
    if isinstance(there, InvalidInput):
        found.findings += [f for f in there.findings if isinstance(f, Finding)] or [error("path", "", there.message)]
        return
    typed = validated(config)
    if typed is None:
        found.findings.append(
            error(
                "source",
                "",
                f"The source {path!r} lacks something: {sorted(config)} is all that is said of it.",
                "For a database say 'table NAME in PATH'.",
            )
        )
        return
    if isinstance(there, Unreadable):
        _obstacle(found, path, there)
        if there.why is Obstacle.CHOICE or there.why is Obstacle.BROKEN:
            return
    stem = PurePosixPath(path).stem if connector_for(path) else path.rsplit("/", 1)[-1]
    table = config.get("table")
    name = str(table or stem)
    while name in found.workspace.tables:
        name += "_2"
    alias = _alias(text, path)
    source = Source(alias or name, typed, there, path=path, alias=alias or "")
    own = _words(name, path, stem) | ({alias.lower(), singular(alias.lower())} if alias else set())
    described = re.search(r"\b(?:the )?(\w+)\s*\(\s*[`\"']?" + re.escape(path), text, re.IGNORECASE)
    if described and described[1].lower() not in STOPWORDS:
        own |= {described[1].lower(), singular(described[1].lower())}
    columns = {singular(w) for c in (there.schema.columns if isinstance(there, SourceSchema) else ()) for w in (c.lower(), *name_words(c))}
    own |= {w for noun in _said_rows(text, path) if singular(noun) not in columns for w in (noun, singular(noun))}
    found.words[source.name] = frozenset(own)
    step = alias or (_sql_name(brief, name) or f"Load {name.replace('_', ' ')}")
    single = {singular(w) for w in own if "." not in w}
    found.workspace.add_source(source, step, nouns | frozenset(single))


def _said_rows(text: str, path: str) -> set[str]:
    """What a description calls the rows: `the openings are in jobs.csv`, `each row of jobs.csv is one opening`."""
    file = rf"[`\"']?{re.escape(path)}[`\"']?"
    row = r"(?:row|line|record|entry|object)"
    hits = (
        re.search(pattern, text, re.IGNORECASE)
        for pattern in (
            rf"\b(?:the|all|our|these)\s+([a-z]+s)\s+(?:are|live|come|sit|can be found|arrive)\s+(?:in|from|as)\s+(?:the file\s+)?{file}",
            rf"\b(?:each|every)\s+{row}\s+(?:of|in)\s+{file}\s+(?:is|stands for|describes)\s+(?:one|an?)\s+([a-z]+)(?=[\s,.;]*(?:$|[,.;]|with))",
            rf"{file}[^.]{{0,40}}\bone\s+{row}\s+(?:per|for each|for every)\s+([a-z]+)",
            rf"{file}\s+(?:lists|holds|contains|has)\s+(?:all\s+)?(?:the|our|every|each|all)\s+([a-z]+)(?=[\s]*(?:$|[,.;(]))",
        )
    )
    return {h[1].lower() for h in hits if h and h[1].lower() not in STOPWORDS and h[1].lower() not in _NO_NOUNS}


def _obstacle(found: Sources, path: str, there: Unreadable) -> None:
    if there.why in (Obstacle.BROKEN, Obstacle.CHOICE):
        found.findings.append(
            error("unreadable-source", "", f"{path}: {there.reason}", f"It has {', '.join(there.choices)}." if there.choices else "")
        )
    elif there.why is Obstacle.MISSING:
        found.findings.append(warning("missing-source", "", f"{path}: {there.reason}", "Column names are taken as they are written."))


def _sql_name(brief: str, name: str) -> str | None:
    """The table's own name where an SQL statement of the brief speaks of it."""
    return (
        name
        if re.search(rf"\b(?:from|join)\s+[\"`]?{re.escape(name)}\b", brief, re.IGNORECASE) and re.search(r"\bselect\b", brief, re.IGNORECASE)
        else None
    )


def _alias(text: str, path: str) -> str | None:
    hit = re.search(
        re.escape(path)
        + r"[`\"')]*[^.;\n]{0,40}?[,(]?\s*(?:and )?(?:call (?:it|this|that)|called|named|name it|known as|referred to as|as)\s+[`\"']?([A-Za-z_]\w*)",
        text,
    )
    return hit[1] if hit and hit[1].lower() not in ("a", "an", "the", "source", "input", "json", "csv", "it", "is", "well", "of", "one") else None


def _words(name: str, path: str, stem: str) -> set[str]:
    words = {name.lower(), path.lower(), PurePosixPath(path).name.lower(), stem.lower(), singular(stem.lower()), singular(name.lower())}
    parts = name_words(stem)
    if parts:
        words |= {parts[-1], " ".join(parts)}
        if len(parts) > 1:
            words |= {parts[0]}
    return words


def _brief_nouns(units: list[Unit]) -> frozenset[str]:
    """Singular words by which the brief may call the rows: those of its title and of the files it names."""
    words: set[str] = set()
    for unit in units:
        for tokens, index in paths_in(unit.text):
            words |= set(name_words(PurePosixPath(tokens[index].text).stem))
    return frozenset(w for w in words if len(w) > 2 and w not in STOPWORDS and w not in _NO_NOUNS)


_NO_NOUNS = frozenset(
    word_list("out top new old total sum best first last detail summary result clean per day month year week data file list raw report final active")
)


def _sheets(found: Sources, units: list[Unit], looked: Callable[[dict[str, object]], Any], nouns: frozenset[str], brief: str) -> None:
    """Google Sheets, which have no path."""
    credentials = re.search(r"\b([\w./-]*(?:credential|service|account)[\w./-]*\.json)\b", brief, re.IGNORECASE)
    for unit in units:
        writes = unit.context == "destination" or re.match(
            r"\s*(?:and |then |finally )?(?:save|write|put|store|export|output|send)", unit.text, re.IGNORECASE
        )
        if writes or any(connector_for(t[i].text) not in (None, "json") for t, i in paths_in(unit.text)):
            continue
        config = sheet_config(unit.text, "source", None)
        if config is None or "spreadsheet_id" not in config or "range" not in config:
            continue
        if credentials:
            config.setdefault("credentials_path", credentials[1])
        _add(found, str(config["range"]).split("!")[0], config=config, there=looked(config), text=unit.text, nouns=nouns, brief=brief)
