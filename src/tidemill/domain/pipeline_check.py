"""Checks a spec beyond its shape: columns, types, names, inputs, targets, credentials, schedule."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tidemill.domain.connectors import (
    BigQuerySource,
    DatabaseConnection,
    GoogleSheetsDestination,
    GoogleSheetsSource,
    HttpJsonSource,
    MysqlDestination,
    MysqlSource,
    PostgresDestination,
    PostgresSource,
    SqliteDestination,
    SqliteSource,
    WriteMode,
)
from tidemill.domain.contradictions import contradiction_findings
from tidemill.domain.finding import Finding, error, warning
from tidemill.domain.nearest import suggest
from tidemill.domain.pipeline import DestinationStep, PipelineSpec, SourceStep, TransformStep, Trigger
from tidemill.domain.schedule import check_schedule
from tidemill.domain.schema_flow import SchemaFlow, schema_flow
from tidemill.domain.values import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tidemill.domain.connectors import DestinationConfig, SourceConfig
    from tidemill.domain.pipeline import Step

OBJECT_STORES = ("s3", "gs", "gcs", "az", "abfs", "abfss")
"""URL schemes of file paths that fsspec reads."""
_SECRET_NAME = re.compile(r"authorization|api[-_]?key|token|secret|passw|credential|signature|^key$", re.IGNORECASE)


class CheckContext(FrozenModel):
    """Where the pipeline will run."""

    project: str = "/project"
    """Absolute path of the project folder, which relative paths start from."""
    allowed_folders: tuple[str, ...] = ()
    """Further absolute folders that files may be read from and written to."""


def check_pipeline(spec: PipelineSpec, context: CheckContext | None = None, *, flow: SchemaFlow | None = None) -> tuple[Finding, ...]:
    """Everything that is wrong or worth knowing, errors and warnings, in the order of the steps.

    Args:
        spec: What is checked.
        context: Where it will run; without it, only paths that leave their own folder are found.
        flow: The spec's schema flow, where the caller has it already.
    """
    flow = flow or schema_flow(spec)
    found = [*_names(spec), *_shape(spec), *flow.findings, *_schedule(spec)]
    for i, step in enumerate(spec.steps):
        place = f"steps[{i}]"
        found += _inputs(spec, i)
        if isinstance(step, TransformStep):
            found += _transform(step, place)
        else:
            found += _paths(step, f"{place}.config", context or CheckContext())
            found += _connection(step.config, f"{place}.config")
        if isinstance(step, DestinationStep):
            found += _destination(step, f"{place}.config", flow)
    found += _targets(spec, context or CheckContext())
    found += contradiction_findings(spec, flow)
    return tuple(dict.fromkeys(found))


def _names(spec: PipelineSpec) -> Iterator[Finding]:
    count = Counter(s.name.casefold() for s in spec.steps)
    for i, step in enumerate(spec.steps):
        if count[step.name.casefold()] > 1:
            yield error("duplicate-name", f"steps[{i}].name", f"Two steps are named `{step.name}`.", "Give each step a name of its own.")


def _shape(spec: PipelineSpec) -> Iterator[Finding]:
    kinds = {s.type for s in spec.steps}
    if "source" not in kinds:
        yield error("no-source", "steps", "The pipeline reads nothing.", "Add a step with `type: source`.")
    if "destination" not in kinds:
        yield error("no-destination", "steps", "The pipeline writes nothing.", "Add a step with `type: destination`.")
    read = {name for i in range(len(spec.steps)) for name in spec.inputs_of(i)}
    for i, step in enumerate(spec.steps):
        if step.type != "destination" and step.name not in read:
            yield warning("unused-step", f"steps[{i}]", f"Nothing reads `{step.name}`.", "Remove it, or name it in the `inputs` of a later step.")


def _inputs(spec: PipelineSpec, index: int) -> Iterator[Finding]:
    step, place, count = spec.steps[index], f"steps[{index}].inputs", len(spec.inputs_of(index))
    if isinstance(step, SourceStep) or count == 0:
        return
    config = step.config if isinstance(step, TransformStep) else None
    if config and config.join and config.union:
        yield error("join-and-union", place, "A step cannot both join and unite its inputs.", "Make two steps of it.")
    several = config is not None and (config.join or config.union or config.sql)
    if count > 1 and not several:
        yield error(
            "wrong-inputs",
            place,
            f"`{step.name}` reads {count} steps but neither joins nor unites them.",
            "Give one input, or add `join` or `union`.",
        )


def _transform(step: TransformStep, place: str) -> Iterator[Finding]:
    if not step.config.operations:
        yield error("empty-step", f"{place}.config", f"`{step.name}` does nothing.", "Add an operation such as `filter`, or remove the step.")


def _schedule(spec: PipelineSpec) -> Iterator[Finding]:
    if spec.trigger is Trigger.SCHEDULED and not spec.schedule:
        yield error("missing-key", "schedule", "`trigger: scheduled` needs a `schedule`.", 'Add `schedule: "0 9 * * *"`.')
    if spec.schedule and spec.trigger is not Trigger.SCHEDULED:
        yield warning("unused-schedule", "schedule", f"The schedule is not used with `trigger: {spec.trigger}`.", "Set `trigger: scheduled`.")
    if spec.trigger is Trigger.EVENT and not spec.event:
        yield error("missing-key", "event", "`trigger: event` needs the name of an `event`.", "Add `event: orders-landed`.")
    if spec.schedule or spec.timezone:
        yield from check_schedule(spec.schedule, spec.timezone)


def _paths(step: Step, place: str, context: CheckContext) -> Iterator[Finding]:
    for name in ("path", "credentials_path"):
        path = getattr(step.config, name, None)
        if not isinstance(path, str):
            continue
        field = f"{place}.{'credentialsPath' if name == 'credentials_path' else name}"
        scheme = urlsplit(path).scheme if "://" in path else ""
        if scheme and scheme not in OBJECT_STORES:
            yield error(
                "unknown-scheme",
                field,
                f"`{scheme}://` paths are not read.",
                f"Use a path under the project folder, or one of {', '.join(OBJECT_STORES)}.",
            )
        elif scheme and getattr(step.config, "connector", "") == "sqlite":
            yield error("unknown-scheme", field, "A SQLite file must be local.", "Use a path under the project folder.")
        elif "\0" in path or not is_inside(path, context):
            yield error("path-outside-project", field, f"`{path}` leaves the project folder.",
                        "Move the file under the project folder, or list its folder in TIDEMILL_ALLOWED_FOLDERS.")  # fmt: skip


def is_inside(path: str, context: CheckContext) -> bool:
    """True if a local path, taken from the project folder, stays in it or in an allowed folder; symbolic links are not followed here."""
    whole = PurePosixPath(normpath(PurePosixPath(context.project, path)))
    return "://" in path or any(whole.is_relative_to(normpath(folder)) for folder in (context.project, *context.allowed_folders))


def _connection(config: SourceConfig | DestinationConfig, place: str) -> Iterator[Finding]:
    if isinstance(config, DatabaseConnection):
        yield from _database(config, place)
    if isinstance(config, (SqliteSource, PostgresSource, MysqlSource, BigQuerySource)) and bool(config.table) == bool(config.query):
        yield error("table-or-query", place, "A database source reads either a `table` or a `query`.", "Give exactly one of them.")
    if isinstance(config, HttpJsonSource):
        yield from _http(config, place)


def _database(config: DatabaseConnection, place: str) -> Iterator[Finding]:
    if bool(config.url) == bool(config.url_secret):
        yield error(
            "missing-key", f"{place}.url", "The database's address is needed, once.", "Give `url` without a password, or `urlSecret: env:NAME`."
        )
    if config.url is None:
        return
    parts = urlsplit(config.url)
    if parts.password:
        yield error(
            "credential-inline", f"{place}.url", "The URL holds a password.", "Take it out and give `passwordSecret: env:NAME` or `file:PATH`."
        )
    schemes = ("postgresql", "postgres") if isinstance(config, (PostgresSource, PostgresDestination)) else ("mysql", "mariadb")
    if parts.scheme not in schemes or not parts.path.strip("/"):
        yield error(
            "not-allowed",
            f"{place}.url",
            f"`{_without_password(config.url)}` is not `{schemes[0]}://user@host/database`.",
            "Give scheme, host and database.",
        )


def _without_password(url: str) -> str:
    return re.sub(r"(//[^/:@]*):[^@/]*@", r"\1:***@", url)


def _http(config: HttpJsonSource, place: str) -> Iterator[Finding]:
    parts = urlsplit(config.url)
    fix = "Leave it out and give `auth: {secret: env:NAME, header: …}`."
    if parts.password or parts.username:
        yield error("credential-inline", f"{place}.url", "The URL holds a user or password.", fix)
    for key, _ in parse_qsl(parts.query):
        if _SECRET_NAME.search(key):
            yield error("credential-inline", f"{place}.url", f"The URL holds `{key}`, which looks like a credential.", fix)
    for field in ("headers", "params"):
        for key in getattr(config, field):
            if _SECRET_NAME.search(key):
                yield error("credential-inline", f"{place}.{field}.{key}", f"`{key}` looks like a credential.", fix)
    if config.paging and config.paging.kind == "cursor" and not config.paging.cursor_path:
        yield error("missing-key", f"{place}.paging.cursorPath", "Paging by cursor needs `cursorPath`.", "Add `cursorPath: next`.")


def _destination(step: DestinationStep, place: str, flow: SchemaFlow) -> Iterator[Finding]:
    mode, keys = getattr(step.config, "mode", WriteMode.REPLACE), getattr(step.config, "keys", ())
    schema = flow.outputs.get(step.name)
    if mode is WriteMode.UPSERT and not keys:
        yield error("missing-key", f"{place}.keys", "`mode: upsert` needs `keys`.", "Name the columns that tell rows apart.")
    if keys and mode is not WriteMode.UPSERT:
        yield warning("unused-keys", f"{place}.keys", f"`keys` are not used with `mode: {mode}`.", "Set `mode: upsert`.")
    if mode is WriteMode.APPEND:
        yield warning(
            "not-idempotent", f"{place}.mode", "With `mode: append`, running twice writes the rows twice.", "Use `replace`, or `upsert` with `keys`."
        )
    for key in keys:
        if schema and schema.complete and key not in schema:
            yield error("unknown-column", f"{place}.keys", f"There is no column `{key}` at this point.", suggest(key, schema.names))


def _targets(spec: PipelineSpec, context: CheckContext) -> Iterator[Finding]:
    read = {_target(s.config, context): s.name for s in spec.steps if isinstance(s, SourceStep)}
    written: dict[tuple[str, ...], str] = {}
    for i, step in enumerate(spec.steps):
        if not isinstance(step, DestinationStep):
            continue
        target = _target(step.config, context)
        if target in read:
            yield error("overwrites-source", f"steps[{i}].config", f"`{step.name}` writes where `{read[target]}` reads.", "Write to another place.")
        if target in written:
            yield error(
                "same-target", f"steps[{i}].config", f"`{step.name}` and `{written[target]}` write to the same place.", "Write to two places."
            )
        written[target] = step.name


def _target(config: SourceConfig | DestinationConfig, context: CheckContext) -> tuple[str, ...]:
    """What tells two places to read or write apart."""
    if isinstance(config, (SqliteSource, SqliteDestination)):
        return ("sqlite", _normal(config.path, context), _table(config))
    if isinstance(config, (PostgresSource, PostgresDestination, MysqlSource, MysqlDestination)):
        return (config.connector, config.url or config.url_secret or "", _table(config).removeprefix("public."))
    if isinstance(config, GoogleSheetsSource):
        return ("sheet", config.spreadsheet_id, config.range.split("!")[0].strip("'"))
    if isinstance(config, GoogleSheetsDestination):
        return ("sheet", config.spreadsheet_id, config.sheet_name)
    if path := getattr(config, "path", None):
        return ("file", _normal(path, context))
    return (config.connector, getattr(config, "url", "") or getattr(config, "project", ""), getattr(config, "table", "") or "")


def _table(config: object) -> str:
    """The table that is read or written, or the query that is read."""
    return getattr(config, "table", None) or getattr(config, "query", None) or ""


def _normal(path: str, context: CheckContext) -> str:
    return path if "://" in path else normpath(PurePosixPath(context.project, path))
