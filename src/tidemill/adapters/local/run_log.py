"""The output file of a run, read as entries while it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.log import MAX_LINE_BYTES, LogCursor, LogEntry, parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

CHUNK_BYTES = 256 * 1024


class RunLogReader:
    """Reads a run's output from a cursor on, as often as asked.

    Args:
        path: The file; it may not be there yet.
        after: What was seen.
        started_at: The time of lines before the first one that says its own.
    """

    def __init__(self, path: Path, after: LogCursor, *, started_at: datetime) -> None:
        self._path = path
        self._number = after.number if after.offset else 0
        self._skip = 0 if after.offset else after.number
        self._offset = after.offset
        self._at = after.at if after.offset and after.at else started_at
        self._head = b""
        self._length = 0

    def read(self) -> Iterator[list[LogEntry]]:
        """The whole lines that were added, in portions; ends at the present end of the file."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self._offset)
            while chunk := file.read(CHUNK_BYTES):
                yield self._feed(chunk)

    def rest(self) -> list[LogEntry]:
        """The last line where the file does not end with a line end; asked once nothing more can come."""
        return self._line() if self._length else []

    def _feed(self, chunk: bytes) -> list[LogEntry]:
        entries: list[LogEntry] = []
        *whole, partial = chunk.split(b"\n")
        for piece in whole:
            self._extend(piece)
            self._offset += 1
            entries += self._line()
        self._extend(partial)
        return entries

    def _extend(self, piece: bytes) -> None:
        """Keeps only what will be shown of a long line, so that a line of gigabytes costs no memory."""
        if len(self._head) < MAX_LINE_BYTES:
            self._head += piece[: MAX_LINE_BYTES - len(self._head)]
        self._length += len(piece)
        self._offset += len(piece)

    def _line(self) -> list[LogEntry]:
        text = line_text(self._head, self._length)
        self._head, self._length = b"", 0
        self._number += 1
        entry = parse_line(text, self._number, at=self._at, offset=self._offset)
        self._at = entry.at
        return [entry] if self._number > self._skip else []


def line_text(head: bytes, length: int) -> str:
    """A line as it is shown: bytes that are no UTF-8, and NUL, become the replacement character; a long line says how long it was."""
    text = head.decode("utf-8", errors="replace").rstrip("\r").replace("\0", "\ufffd")
    return text if length <= len(head) else f"{text} … [cut, the line has {length} bytes]"
