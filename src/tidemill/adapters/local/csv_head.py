"""How a delimited file is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "latin-1"]


class BrokenCsvError(Exception):
    """The file is no table of delimited text; the message says where."""


@dataclass(frozen=True)
class CsvHead:
    """How a file is written, told from its beginning."""

    encoding: Encoding
    delimiter: str
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
