"""Readings that name the step their sentence became part of."""

from __future__ import annotations

from collections.abc import Iterable

from tidemill.domain.draft import Reading
from tidemill.domain.pipeline import PipelineSpec, SourceStep, TransformStep

SOURCE = "source"
"""What a reading says while the sources have no names yet."""
GROUP = "group"
"""What the reading of group keys says whose aggregations come in a later sentence."""


def with_step_names(readings: Iterable[Reading], spec: PipelineSpec | None) -> tuple[Reading, ...]:
    """The readings, `source` and `group` replaced by the names of the steps they are about where these can be told."""
    if spec is None:
        return tuple(readings)
    return tuple(r.model_copy(update={"step": _name(r, spec)}) if r.step in (SOURCE, GROUP) else r for r in readings)


def _name(reading: Reading, spec: PipelineSpec) -> str | None:
    if reading.step == SOURCE:
        sources = [s for s in spec.steps if isinstance(s, SourceStep)]
        named = [s.name for s in sources if any(word in reading.sentence for word in _words_of(s))]
        return ", ".join(named) if named else sources[0].name if len(sources) == 1 else reading.step
    groups = [s for s in spec.steps if isinstance(s, TransformStep) and s.config.group_by]
    named = [s.name for s in groups if all(key.casefold() in reading.sentence.casefold() for key in s.config.group_by or ())]
    return named[0] if named else groups[0].name if len(groups) == 1 else reading.step


def _words_of(step: SourceStep) -> list[str]:
    """What a sentence about this source would hold."""
    config = step.config
    found = [getattr(config, name, None) for name in ("path", "table", "spreadsheet_id", "url")]
    return [word for word in found if word]
