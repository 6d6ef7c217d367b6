"""Python names for the steps of a spec, shared by everything that is rendered for it."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tidemill.domain.pipeline import PipelineSpec, Step

MAX_LENGTH = 50
"""Longer step names are cut at a word; a function name past this makes its call unreadable."""
LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "þ": "th", "ð": "d"}
)
"""Letters that Unicode decomposition leaves as they are."""
SOURCE_VERBS = ("load", "read", "fetch", "get", "import", "extract", "ingest", "pull", "open")
DESTINATION_VERBS = ("write", "save", "store", "export", "load", "publish", "upload", "put", "output", "send")
RESERVED = frozenset(
    {
        *keyword.kwlist, *keyword.softkwlist, *dir(builtins),
        "annotations", "argparse", "base64", "bigquery", "collections", "con", "config", "connection", "contextlib", "count", "csv", "dataclass",
        "dataclasses", "date", "datetime", "decimal", "duckdb", "engine", "env", "fsspec", "functools", "google", "gspread", "gzip", "hashlib",
        "httpx", "ibis", "index", "io", "ir", "itertools", "json", "load", "log", "logger", "logging", "main", "math", "name", "operator", "os", "pa",
        "path", "pathlib", "pipeline", "pq", "psycopg", "pyarrow", "pymysql", "pytest", "re", "replace", "resource", "result", "results", "retry",
        "root", "row", "rows", "run", "schema", "shutil", "source", "sqlalchemy", "sqlite3", "started", "step", "steps", "string", "sys", "table",
        "tables", "tempfile", "tenacity", "textwrap", "threading", "time", "timedelta", "timezone", "traceback", "transform", "typing", "unicodedata",
        "urllib", "uuid", "value", "values", "warnings", "window", "write",
        "botocore", "dt", "errno", "mysql", "names", "numbered_left", "numbered_right", "requests", "sa",
    }
)  # fmt: skip
"""Names that pipeline.py and tests.py need for themselves. What a rendered file defines beyond them is in capitals or starts with `_`."""


def function_names(spec: PipelineSpec) -> dict[str, str]:
    """One Python identifier for each step name: the step's function, or the table of a source or destination.

    A source `Load Sales Data` is `sales_data`, read by `load_sales_data()` (`load_name`); a destination `Save Results` is
    written by `write_results()` (`write_name`); a transform `Filter and Aggregate` is the function `filter_and_aggregate`.
    No two functions and no two tables get the same name (a destination may be called as the table it is made from); none is a
    keyword, a builtin or a name that the rendered files use for themselves.
    """
    taken: set[str] = set()
    names: dict[str, str] = {}
    # Transforms first: their functions are what a reader meets most, so theirs are the names without a number.
    for wanted in ("transform", "source", "destination"):
        for number, step in enumerate(spec.steps, start=1):
            if step.type == wanted and step.name not in names:
                names[step.name] = _free(_base(step, number), partial(_occupied, step), taken)
                taken.update(_occupied(step, names[step.name]))
    return {step.name: names[step.name] for step in spec.steps}


def load_name(identifier: str) -> str:
    """The name of the function that reads a source, from its name in `function_names`."""
    return f"load_{identifier}"


def write_name(identifier: str) -> str:
    """The name of the function that writes a destination, from its name in `function_names`."""
    return f"write_{identifier}"


def snake_case(text: str) -> str:
    """Lower-case ASCII words joined by `_`; accents are taken off, other characters are dropped, so the result may be empty."""
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS)).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+", plain.replace("'", ""))
    return "_".join(_joined_digits(words)).lower()


def _joined_digits(words: list[str]) -> list[str]:
    """`q3` stays one word: digits that follow a single letter belong to it."""
    joined: list[str] = []
    for word in words:
        if word.isdigit() and joined and len(joined[-1]) == 1:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _base(step: Step, number: int) -> str:
    words = snake_case(step.name).split("_")
    verbs = {"source": SOURCE_VERBS, "destination": DESTINATION_VERBS}.get(step.type, ())
    if len(words) > 1 and words[0] in verbs and not words[1].isdigit():
        words = words[1:]
    while len(words) > 1 and len("_".join(words)) > MAX_LENGTH:
        words = words[:-1]
    name = "_".join(words)[:MAX_LENGTH]
    if not name:
        return f"step_{number}"
    return f"step_{name}" if name[0].isdigit() else name


def _occupied(step: Step, base: str) -> set[str]:
    if step.type == "source":
        return {base, load_name(base)}
    if step.type == "destination":
        return {write_name(base)}
    return {base}


def _free(base: str, occupied: Callable[[str], set[str]], taken: set[str]) -> str:
    base = f"{base}_table" if base in RESERVED else base
    name, number = base, 2
    while occupied(name) & taken:
        name, number = f"{base}_{number}", number + 1
    return name
