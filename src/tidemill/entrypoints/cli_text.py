"""Texts that commands are given: a file, standard input, or the words themselves."""

from __future__ import annotations

import sys
from pathlib import Path

from tidemill.domain.finding import error
from tidemill.errors import InvalidInput

MAX_TEXT_BYTES = 1_000_000


def read_text(argument: str, what: str) -> str:
    """The text of a file, of standard input (`-`), or of the argument itself if it reads like prose.

    Raises:
        InvalidInput: There is no such file, it is too large, or it is not UTF-8 text.
    """
    if not argument.strip():
        raise bad_text(what, f"The {what} is empty.", "Give a file, or `-` and pipe the text in.")
    if argument == "-":
        raw = sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
    elif what == "brief" and ("\n" in argument or (" " in argument.strip() and not Path(argument).exists())):
        raw = argument.encode("utf-8", "surrogateescape")
    else:
        raw = _file_bytes(Path(argument), what)
    if len(raw) > MAX_TEXT_BYTES:
        raise bad_text(what, f"The {what} is larger than {MAX_TEXT_BYTES // 1000} kB.", "Shorten it: a pipeline's instructions fit on a page.")
    if b"\0" in raw:
        raise bad_text(what, f"The {what} is a binary file.", "Give a text file.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise bad_text(what, f"The {what} is not UTF-8 text (byte {wrong.start}).", "Save it as UTF-8.") from None


def _file_bytes(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_TEXT_BYTES + 1)
    except OSError as failed:
        raise bad_text(what, f"`{path}` cannot be read: {failed.strerror or failed}.", "Check the path, or give `-` and pipe the text in.") from None


def bad_text(what: str, message: str, fix: str) -> InvalidInput:
    """The error for a text that cannot be used."""
    return InvalidInput(f"{message} {fix}", findings=(error("input-file", what, message, fix),))
