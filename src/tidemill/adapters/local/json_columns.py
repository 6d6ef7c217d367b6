"""The columns of JSON documents and of files with one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from tidemill.adapters.local.found_columns import SAMPLE_ROWS, SAMPLES, FoundColumn, source_schema
from tidemill.domain.column_types import TextColumn, ValueKind, is_marker, kind_of, type_of_kinds
from tidemill.domain.connectors import JsonlSource, JsonSource
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.domain.table_schema import ColumnType

LARGEST_DOCUMENT_BYTES = 100_000_000
"""A JSON document has to be read as a whole; beyond this that takes seconds and gigabytes."""
_DEPTH = 4

_TYPED_TEXTS = (ValueKind.DATE, ValueKind.TIMESTAMP, ValueKind.TIMESTAMPTZ)
"""JSON has no times: they are texts. Numbers it has, so a number in quotes is meant as text."""


class BrokenJsonError(Exception):
    """The file holds no records; the message says why."""


def read_json(config: JsonSource, path: Path) -> SourceSchema | Unreadable:
    """The columns of the list of records, which is looked for where the config does not name it."""
    if path.stat().st_size > LARGEST_DOCUMENT_BYTES:
        limit = f"{LARGEST_DOCUMENT_BYTES // 1_000_000} MB"
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} is larger than {limit}; use JSON lines, or declare its columns.")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as problem:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} is not a JSON document: {problem}.")
    found = _records(config, document)
    if isinstance(found, Unreadable):
        return found
    records_path, records = found
    try:
        columns, rows = _columns(records)
    except BrokenJsonError as broken:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} {broken}")
    return source_schema(config.model_copy(update={"records_path": records_path}), columns, rows=rows, partial=rows < len(records))


def _records(config: JsonSource, document: object) -> tuple[str, Sequence[object]] | Unreadable:
    """The list of records with its path."""
    lists = _lists(document)
    listed = ", ".join(f"`{p}`" for p in lists if p) or "none"
    if config.records_path:
        named = _at(document, config.records_path)
        if named is None:
            why = f"{config.path!r} has no list at `recordsPath` {config.records_path!r}; lists of records in it: {listed}."
            return Unreadable(Obstacle.BROKEN, why)
        return config.records_path, named
    if not lists:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} holds no list of records.")
    if len(lists) > 1:
        return Unreadable(Obstacle.CHOICE, f"{config.path!r} holds several lists: {listed}. Name one as `recordsPath`.", tuple(lists))
    return next(iter(lists.items()))


def read_jsonl(config: JsonlSource, path: Path) -> SourceSchema | Unreadable:
    """The columns of the objects, one per line."""
    try:
        with path.open("rb") as file:
            columns, rows = _columns(islice(_lines(file), SAMPLE_ROWS))
    except BrokenJsonError as broken:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} {broken}")
    if not rows:
        return Unreadable(Obstacle.EMPTY, f"{config.path!r} holds no line with an object.")
    return source_schema(config, columns, rows=rows, partial=rows >= SAMPLE_ROWS)


def _lines(lines: Iterable[bytes]) -> Iterator[object]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as problem:
            raise BrokenJsonError(f"is not JSON in line {number}: {problem}.") from problem


def _at(document: object, dotted: str) -> Sequence[object] | None:
    for key in dotted.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, list) else None


def _lists(document: object, prefix: str = "", depth: int = 0) -> dict[str, Sequence[object]]:
    """The lists of objects in a document by their dotted paths."""
    if isinstance(document, list):
        return {prefix: document} if all(isinstance(r, dict) for r in document) and (document or not prefix) else {}
    found: dict[str, Sequence[object]] = {}
    if isinstance(document, dict) and depth < _DEPTH:
        for key, value in document.items():
            found |= _lists(value, f"{prefix}.{key}" if prefix else key, depth + 1)
    return found


def _columns(records: Iterable[object]) -> tuple[dict[str, FoundColumn], int]:
    values: dict[str, dict[object, ValueKind]] = {}
    counts: dict[str, int] = {}
    rows = 0
    for rows, record in enumerate(islice(records, SAMPLE_ROWS), 1):
        if not isinstance(record, dict):
            raise BrokenJsonError(f"holds {json.dumps(record)[:40]} as record {rows}, which is not an object.")
        for name, value in record.items():
            kinds = values.setdefault(name, {})
            counts[name] = counts.get(name, 0) + 1
            key = (type(value), json.dumps(value) if isinstance(value, dict | list) else value)
            if key not in kinds:
                kinds[key] = _kind(value)
    _check_names(values)
    return {name: _column(kinds, missing=counts[name] < rows) for name, kinds in values.items()}, rows


def _kind(value: object) -> ValueKind:
    if value is None:
        return ValueKind.MISSING
    if isinstance(value, bool):
        return ValueKind.BOOLEAN
    if isinstance(value, int):
        return ValueKind.INTEGER if -(2**63) <= value < 2**63 else ValueKind.HUGE
    if isinstance(value, float):
        return ValueKind.NUMBER if value == value else ValueKind.MISSING  # noqa: PLR0124 - NaN differs from itself
    if isinstance(value, str):
        kind = kind_of(value)
        return kind if kind in _TYPED_TEXTS else ValueKind.TEXT
    return ValueKind.NESTED


def _column(kinds: Mapping[object, ValueKind], *, missing: bool) -> FoundColumn:
    seen = frozenset(kinds.values()) | ({ValueKind.MISSING} if missing else set())
    values = [key[1] for key in kinds if isinstance(key, tuple) and key[1] is not None]
    texts = [v for v in values if isinstance(v, str)]
    plain = ValueKind.NESTED not in seen and len(texts) == len(values)
    markers = frozenset(t for t in texts if t and is_marker(t))
    found = FoundColumn(TextColumn(seen, markers), tuple(_text(v) for v in values[:SAMPLES]), texts if plain else ())
    if ValueKind.NESTED in seen:
        found.notes.append("holds objects or lists; they are read as their JSON text")
    elif type_of_kinds(seen) is ColumnType.STRING and len({type(v) for v in values}) > 1:
        found.notes.append("holds values of several types; it is read as text")
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _check_names(names: Iterable[str]) -> None:
    folded: dict[str, str] = {}
    for name in names:
        if not name.strip():
            raise BrokenJsonError("has records with a key that is empty.")
        if (other := folded.setdefault(name.casefold(), name)) != name:
            raise BrokenJsonError(f"has the keys {other!r} and {name!r}, which differ in capital letters only.")
