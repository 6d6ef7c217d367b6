"""`PipelineSpec`: what a person wants to happen, typed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from tidemill.domain.connectors import DestinationConfig, SourceConfig
from tidemill.domain.transforms import TransformConfig
from tidemill.domain.values import SpecModel

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_STEPS = 500
"""Far above any pipeline seen by hand; keeps a hostile file from costing minutes."""

StepName = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Trigger(StrEnum):
    """What starts a run besides a person."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    EVENT = "event"


class MissedRuns(StrEnum):
    """What happens to scheduled times that passed while Tidemill was down."""

    SKIP = "skip"
    RUN_ONCE = "runOnce"
    """One run for all of them."""
    CATCH_UP = "catchUp"
    """One run for each, oldest first."""


class SourceStep(SpecModel):
    """Reads a table."""

    type: Literal["source"] = "source"
    name: StepName
    description: str = ""
    config: SourceConfig

    @property
    def inputs(self) -> None:
        return None


class TransformStep(SpecModel):
    """Makes a table from one or several."""

    type: Literal["transform"] = "transform"
    name: StepName
    description: str = ""
    inputs: tuple[StepName, ...] | None = None
    """Names of the steps that are read; left out, the step before this one that is not a destination."""
    config: TransformConfig


class DestinationStep(SpecModel):
    """Writes a table."""

    type: Literal["destination"] = "destination"
    name: StepName
    description: str = ""
    inputs: tuple[StepName, ...] | None = None
    """One name; left out, the step before this one that is not a destination."""
    config: DestinationConfig


Step = Annotated[SourceStep | TransformStep | DestinationStep, Field(discriminator="type")]


class PipelineSpec(SpecModel):
    """A pipeline: sources, transforms, destinations, and when it runs."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    description: str = ""
    trigger: Trigger = Trigger.MANUAL
    schedule: str | None = None
    """Five-field cron line: minute, hour, day of month, month, day of week."""
    timezone: str | None = None
    """IANA name, such as `Europe/Berlin`; UTC if left out."""
    missed_runs: MissedRuns = MissedRuns.SKIP
    event: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")] | None = None
    """Name of the event that starts a run, with `trigger: event`."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MAX_STEPS)]

    def inputs_of(self, index: int) -> tuple[str, ...]:
        """The names of the steps that step `index` (0-based) reads, the default applied; empty for a source, and for a first step
        that has nothing before it."""
        step = self.steps[index]
        if step.type == "source":
            return ()
        if step.inputs is not None:
            return step.inputs
        before = [s.name for s in self.steps[:index] if s.type != "destination"]
        return tuple(before[-1:])

    @property
    def by_name(self) -> Mapping[str, Step]:
        """Steps by name; of two with the same name the first."""
        return {s.name: s for s in reversed(self.steps)}
