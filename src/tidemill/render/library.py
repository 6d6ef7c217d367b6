"""The helpers a generated pipeline.py may contain, and which of them a given text needs."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tidemill.render import parts_read, parts_run, parts_write

if TYPE_CHECKING:
    from collections.abc import Iterable

STANDARD = {
    "collections.abc": ("Callable", "Collection", "Iterable", "Iterator", "Mapping", "Sequence"),
    "contextvars": ("ContextVar",),
    "dataclasses": ("dataclass",),
    "datetime": ("UTC", "date", "datetime"),
    "decimal": ("Decimal",),
    "email.utils": ("parsedate_to_datetime",),
    "pathlib": ("Path",),
    "typing": ("Any", "NamedTuple", "ParamSpec"),
}
STANDARD_MODULES = (
    "contextlib", "csv", "errno", "functools", "io", "itertools", "json", "logging", "math", "os", "re", "resource", "sqlite3", "sys", "tempfile",
    "time", "urllib.parse", "uuid",
)  # fmt: skip
LIBRARIES = {
    "botocore": "import botocore.exceptions", "duckdb": "import duckdb", "dt": "import ibis.expr.datatypes as dt", "fsspec": "import fsspec",
    "google": "import google.auth.exceptions", "gspread": "import gspread", "httpx": "import httpx", "ibis": "import ibis",
    "ir": "import ibis.expr.types as ir", "pa": "import pyarrow as pa", "pq": "import pyarrow.parquet as pq", "requests": "import requests",
    "sa": "import sqlalchemy as sa", "tenacity": "import tenacity",
}  # fmt: skip
LIBRARY_NAMES = {
    "bigquery": "from google.cloud import bigquery", "BaseBackend": "from ibis.backends import BaseBackend",
    "mysql": "from sqlalchemy.dialects import mysql",
}  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """One function, class or constant of the library."""

    name: str
    source: str
    uses: frozenset[str]


@cache
def _definitions(*, finds_types: bool) -> dict[str, Definition]:
    """All helpers by name, in the order in which they appear in a file."""
    texts = (
        parts_read.COMMON, parts_run.STEPS, parts_run.LOGGING, parts_run.RETRY, parts_run.PLACES, parts_read.FILES, parts_read.ROWS,
        parts_read.HTTP, parts_read.DATABASES, parts_read.SHEETS, parts_read.BIGQUERY, parts_write.FILES, parts_write.DATABASES,
        parts_write.SHEETS, parts_write.BIGQUERY, parts_write.SQL, parts_write.PYTHON, parts_write.TABLES,
    )  # fmt: skip
    return {d.name: d for text in texts for d in definitions_of(_variant(text, finds_types=finds_types))}


def _variant(text: str, *, finds_types: bool) -> str:
    """The text with the lines that are there in one case only (see `parts_read`)."""
    kept, dropped = ("  #~found", "  #~declared") if finds_types else ("  #~declared", "  #~found")
    return "\n".join(line.removesuffix(kept) for line in text.splitlines() if not line.endswith(dropped))


def definitions_of(text: str) -> list[Definition]:
    """The top-level definitions of Python source, each with the names it uses."""
    lines = text.splitlines()
    found: list[Definition] = []
    for node in ast.parse(text).body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(d.lineno for d in decorators)])
        while first > 1 and lines[first - 2].startswith("#"):
            first -= 1
        source = "\n".join(lines[first - 1 : node.end_lineno])
        found.append(Definition(_name(node), source, names_used(node)))
    return found


def _name(node: ast.stmt) -> str:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return node.name
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
    if isinstance(target, ast.Name):
        return target.id
    raise TypeError(f"No definition: {ast.unparse(node)}")


def names_used(tree: ast.AST) -> frozenset[str]:
    """Every name that the code reads, the parts of dotted names aside."""
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def needed_helpers(used: Iterable[str], own: Iterable[Definition] = (), *, finds_types: bool = False) -> list[Definition]:
    """The library's definitions behind `used` names, with those that they use in turn, in the order of the file.

    Args:
        used: Names that the rest of the file reads.
        own: Definitions of this very pipeline that helpers use (`_is_transient`).
        finds_types: True if the pipeline finds types of columns when it runs.
    """
    known = _definitions(finds_types=finds_types) | {d.name: d for d in own}
    wanted: set[str] = set()
    waiting = [n for n in used if n in known]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(n for n in known[name].uses if n in known)
    return [d for d in known.values() if d.name in wanted]


def import_lines(used: frozenset[str]) -> str:
    """The import statements for the names a file uses, in isort's order."""
    modules = sorted(m for m in STANDARD_MODULES if m.split(".")[0] in used)
    standard = [f"import {m}" for m in modules]
    standard += [f"from {m} import {', '.join(found)}" for m, names in STANDARD.items() if (found := [n for n in names if n in used])]
    plain = sorted((line for name, line in LIBRARIES.items() if name in used), key=lambda line: line.split()[1])
    named = sorted(line for name, line in LIBRARY_NAMES.items() if name in used)
    return "\n".join([*standard, "", *plain, *named])
