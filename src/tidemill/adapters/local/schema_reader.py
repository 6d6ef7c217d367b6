"""Looks into the files that a brief names, so that a draft knows their columns."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from pathlib import Path

from tidemill.adapters.local.csv_columns import read_csv
from tidemill.adapters.local.json_columns import read_json, read_jsonl
from tidemill.adapters.local.sqlite_columns import read_sqlite
from tidemill.domain.connectors import CsvSource, JsonlSource, JsonSource, ParquetSource, SourceConfig, SqliteSource
from tidemill.domain.finding import error
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.errors import InvalidInput


def read_schema(config: SourceConfig, *, root: Path, allowed: Sequence[Path] = ()) -> SourceSchema | Unreadable:
    """The columns a local source really has, with the config that reads them; nothing but files under `root` or an allowed folder is opened.

    Raises:
        InvalidInput: If the path leads out of them.
    """
    if not isinstance(config, CsvSource | JsonSource | JsonlSource | ParquetSource | SqliteSource):
        return Unreadable(Obstacle.REMOTE, f"A {config.connector} source is looked at when the pipeline runs, not while it is drafted.")
    if not is_local(config.path):
        return Unreadable(Obstacle.REMOTE, f"{config.path!r} is looked at when the pipeline runs, not while it is drafted.")
    path = path_under(root, config.path, allowed=allowed)
    return _obstacle(path, config.path) or _read(config, path)


def is_local(path: str) -> bool:
    """False for a URL."""
    return not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path)


def path_under(root: Path, path: str, *, allowed: Sequence[Path] = ()) -> Path:
    """The file that `path` means, links followed.

    Raises:
        InvalidInput: If it is neither under `root` nor under an allowed folder.
    """
    try:
        found = (root / path).resolve()
        inside = any(found.is_relative_to(folder.resolve()) for folder in (root, *allowed))
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not inside:
        message = f"The path {path!r} leads out of the project folder."
        fix = "Use a path inside the project folder, such as `data/orders.csv`, or list the folder in TIDEMILL_ALLOWED_FOLDERS."
        raise InvalidInput(message, findings=[error("path-outside-project", "path", message, fix)])
    return found


def _obstacle(path: Path, written: str) -> Unreadable | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        pattern = " Patterns such as `*.csv` are not read; name one file." if re.search(r"[*?\[]", written) else ""
        return Unreadable(Obstacle.MISSING, f"There is no file {written!r} in the project folder.{pattern}")
    except OSError as problem:
        return Unreadable(Obstacle.BROKEN, f"{written!r} cannot be opened: {problem.strerror}.")
    if not stat.S_ISREG(found.st_mode):
        return Unreadable(Obstacle.BROKEN, f"{written!r} is {'a folder' if stat.S_ISDIR(found.st_mode) else 'not a regular file'}; name one file.")
    if found.st_size == 0:
        return Unreadable(Obstacle.EMPTY, f"{written!r} is empty: it holds not even the names of its columns.")
    return None


def _read(config: CsvSource | JsonSource | JsonlSource | ParquetSource | SqliteSource, path: Path) -> SourceSchema | Unreadable:
    try:
        if isinstance(config, CsvSource):
            return read_csv(config, path)
        if isinstance(config, JsonSource):
            return read_json(config, path)
        if isinstance(config, JsonlSource):
            return read_jsonl(config, path)
        if isinstance(config, SqliteSource):
            return read_sqlite(config, path)
        # DuckDB takes 40 ms to import: only a Parquet file pays for it.
        from tidemill.adapters.local.parquet_columns import read_parquet

        return read_parquet(config, path)
    except PermissionError:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} may not be read by this user; check the permissions of the file.")
    except OSError as problem:
        return Unreadable(Obstacle.BROKEN, f"{config.path!r} cannot be read: {problem.strerror or problem}.")
