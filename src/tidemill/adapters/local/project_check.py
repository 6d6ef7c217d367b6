"""Compares a spec with the files that lie in its project: where links lead, and which columns there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tidemill.adapters.local.schema_reader import is_local, path_under, read_schema
from tidemill.domain.finding import Finding, error, warning
from tidemill.domain.nearest import suggest
from tidemill.domain.pipeline import PipelineSpec, SourceStep
from tidemill.domain.schema_flow import schema_flow
from tidemill.domain.source_schema import Obstacle, SourceSchema, Unreadable
from tidemill.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tidemill.domain.connectors import SourceConfig


def check_project(spec: PipelineSpec, *, root: Path, allowed: Sequence[Path] = ()) -> tuple[Finding, ...]:
    """What a run would fail on that only a look at the files shows; a source that is not there yet is a warning.

    Args:
        spec: What is checked; that its paths stay in the project as written is checked elsewhere.
        root: The project folder.
        allowed: Further folders that files may be in.
    """
    return tuple(_findings(spec, root, allowed))


def _findings(spec: PipelineSpec, root: Path, allowed: Sequence[Path]) -> Iterator[Finding]:
    outputs = schema_flow(spec).outputs
    for i, step in enumerate(spec.steps):
        path = getattr(step.config, "path", None)
        if not isinstance(path, str) or not is_local(path):
            continue
        field = f"steps[{i}].config"
        try:
            path_under(root, path, allowed=allowed)
        except InvalidInput as outside:
            yield from (f.model_copy(update={"field": f"{field}.path"}) for f in outside.findings if isinstance(f, Finding))
            continue
        if isinstance(step, SourceStep):
            yield from _source(step, outputs[step.name].names, field, read_schema(_undeclared(step.config), root=root, allowed=allowed))


def _source(step: SourceStep, wanted: Sequence[str], field: str, found: SourceSchema | Unreadable) -> Iterator[Finding]:
    if isinstance(found, Unreadable):
        if found.why in (Obstacle.MISSING, Obstacle.EMPTY, Obstacle.BROKEN):
            yield warning("source-not-read", f"{field}.path", found.reason)
        return
    for name in wanted:
        if name not in found.schema:
            path = getattr(step.config, "path", "")
            yield error("unknown-column", field, f"There is no column `{name}` in {path!r}.", suggest(name, found.schema.names))


def _undeclared(config: SourceConfig) -> SourceConfig:
    """The config without the columns it names, so that those of the file are found."""
    return config.model_copy(update={"columns": None}) if getattr(config, "columns", None) else config
