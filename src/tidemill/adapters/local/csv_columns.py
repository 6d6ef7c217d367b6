"""The columns of a delimited text file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from tidemill.adapters.local.csv_head import BrokenCsvError, CsvHead, Encoding
from tidemill.adapters.local.found_columns import SAMPLES, FoundColumn, source_schema
from tidemill.domain.column_types import TextColumn, ValueKind, is_marker, kind_of
from tidemill.domain.connectors import CsvSource
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable

SMALL_BYTES = 400_000
"""Up to here Python reads faster than DuckDB can be imported."""
_HEAD_BYTES = 256_000
_SNIFFED_LINES = 200
_DELIMITERS = ",;\t|"


def read_csv(config: CsvSource, path: Path) -> SourceSchema | Unreadable:
    """The columns of the file, with delimiter and encoding found out unless the config sets them."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            raw = file.read(SMALL_BYTES if size <= SMALL_BYTES else _HEAD_BYTES)
        head = read_head(config, raw, whole=size <= SMALL_BYTES)
        completed = config.model_copy(update={"delimiter": head.delimiter, "encoding": head.encoding})
        if size <= SMALL_BYTES:
            rows = list(_rows(raw.decode(_python_encoding(head.encoding)), head))
            return source_schema(completed, _columns(head.names, rows), rows=len(rows), notes=head.notes)
        # DuckDB takes 40 ms to import: only a large file pays for it.
        from tidemill.adapters.local.large_csv import read_large_csv

        return read_large_csv(completed, path, head)
    except BrokenCsvError as broken:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} {broken}")


def read_head(config: CsvSource, raw: bytes, *, whole: bool) -> CsvHead:
    """Encoding, delimiter and column names.

    Args:
        whole: `raw` is all of the file, not only its beginning.

    Raises:
        BrokenCsvError: If the file is not delimited text with a usable header.
    """
    encoding, notes = _encoding(config, raw, whole=whole)
    text = raw.decode(_python_encoding(encoding), errors="strict" if whole else "ignore")
    if not text.strip():
        raise BrokenCsvError("holds nothing but white space; its first line must be the names of the columns.")
    lines = text.splitlines(keepends=True)[: _SNIFFED_LINES if whole else -1][:_SNIFFED_LINES]
    delimiter = config.delimiter if "delimiter" in config.model_fields_set else _delimiter(lines)
    try:
        names = next(row for row in csv.reader(lines, delimiter=delimiter) if row)
    except (csv.Error, StopIteration) as problem:
        raise BrokenCsvError(f"cannot be read as delimited text: {problem}.") from problem
    return CsvHead(encoding, delimiter, _checked([n.strip() for n in names]), tuple(notes + _header_notes(names)))


def _encoding(config: CsvSource, raw: bytes, *, whole: bool) -> tuple[Encoding, list[str]]:
    if "encoding" in config.model_fields_set:
        _decode_or_break(raw, config.encoding, whole=whole)
        return config.encoding, []
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", ["The file is UTF-16."]
    if b"\x00" in raw:
        raise BrokenCsvError("is not a text file (it holds zero bytes). Save it as CSV in UTF-8.")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        # The end of a beginning may cut a character in two.
        if not whole and problem.start >= len(raw) - 4:
            return "utf-8", []
        if any(0x80 <= b <= 0x9F for b in raw):
            raise BrokenCsvError("is neither UTF-8 nor Latin-1 (it may be Windows-1252). Save it as UTF-8.") from problem
        return "latin-1", ["The file is not UTF-8; it was read as Latin-1."]
    return "utf-8", []


def _decode_or_break(raw: bytes, encoding: Encoding, *, whole: bool) -> None:
    try:
        raw.decode(encoding, errors="strict" if whole else "ignore")
    except UnicodeError as problem:
        raise BrokenCsvError(f"is not {encoding}: {problem}.") from problem


def _python_encoding(encoding: Encoding) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter by which all lines have as many fields as the header, the most fields winning."""
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if widths[0] < 2:
            continue
        # Of the last sniffed line the end may be missing inside quotes.
        even = sum(w == widths[0] for w in widths) / len(widths)
        if (even, widths[0]) > best_score:
            best, best_score = delimiter, (even, widths[0])
    return best


def _checked(names: list[str]) -> tuple[str, ...]:
    for position, name in enumerate(names, 1):
        if not name:
            where = "the last column" if position == len(names) else f"column {position}"
            raise BrokenCsvError(f"has no name for {where} in its first line. Give each column a name there.")
    folded: dict[str, str] = {}
    for name in names:
        other = folded.get(name.casefold())
        folded[name.casefold()] = name
        if other is not None:
            same = f"twice a column {name!r}" if other == name else f"the columns {other!r} and {name!r}, which differ in capital letters only"
            raise BrokenCsvError(f"has {same}. Give each column a name of its own in the first line.")
    return tuple(names)


def _header_notes(names: Sequence[str]) -> list[str]:
    kinds = {kind_of(n.strip()) for n in names}
    if kinds & {ValueKind.TEXT, ValueKind.MARKER, ValueKind.BOOLEAN}:
        return []
    return [f"The first line ({', '.join(names[:3])} …) looks like values, not like names of columns; the first line is read as the header."]


def _rows(text: str, head: CsvHead) -> Iterator[list[str]]:
    """The rows below the header.

    Raises:
        BrokenCsvError: At the first row that has not as many fields as the header.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=head.delimiter)
    try:
        header_seen = False
        for row in reader:
            if not row:
                continue
            if header_seen and len(row) != len(head.names):
                fields = f"{len(row)} field{'s' if len(row) != 1 else ''} in line {reader.line_num}"
                raise BrokenCsvError(f"has {fields}, but {len(head.names)} columns in its first line. Quote texts that hold the delimiter.")
            if header_seen:
                yield row
            header_seen = True
    except csv.Error as problem:
        raise BrokenCsvError(f"cannot be read in line {reader.line_num}: {problem}.") from problem


def _columns(names: Sequence[str], rows: Sequence[list[str]]) -> dict[str, FoundColumn]:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: text_column(values) for name, values in zip(names, columns, strict=True)}


def text_column(values: Sequence[str]) -> FoundColumn:
    """What there is to know of a column, given all its texts."""
    distinct = list(dict.fromkeys(values))
    kinds = frozenset(map(kind_of, distinct))
    texts = [v for v in distinct if v]
    return FoundColumn(TextColumn(kinds, frozenset(v for v in texts if is_marker(v))), tuple(islice(texts, SAMPLES)), texts)
