"""`Run`: one execution of a bundle, and what is observed of it."""

from __future__ import annotations

from datetime import UTC
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from tidemill.domain.values import FrozenModel

UtcDatetime = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
"""A time with a zone, kept in UTC."""

RunId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
"""Fit to be the name of a folder and of a Kubernetes object."""


class RunState(StrEnum):
    """Where a run stands; the same words in API, CLI and web application."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        """True if nothing more happens to the run."""
        return self not in (RunState.PENDING, RunState.RUNNING, RunState.CANCELLING)


class StepState(StrEnum):
    """Where a step of a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """Never started, because the run ended before it."""


class RunTrigger(StrEnum):
    """What asked for a run."""

    MANUAL = "manual"
    SCHEDULE = "schedule"
    EVENT = "event"


class TerminationReason(StrEnum):
    """Why a run ended without success."""

    ERROR = "error"
    """The pipeline ended with an exit code other than 0."""
    SIGNAL = "signal"
    """Something outside Tidemill killed the process."""
    OUT_OF_MEMORY = "out-of-memory"
    """The operating system killed the process because memory ran out."""
    LOST = "lost"
    """The process is gone and left no exit record: a reboot, or the machine lost power."""
    NOT_STARTED = "not-started"
    """The backend could not start it."""
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """Its time had passed and the pipeline's policy is not to make up for it."""


class ExternalRef(FrozenModel):
    """Where a backend finds a run again, also after a restart of Tidemill."""

    backend: str
    handle: str
    """Means something to that backend only."""


class StepRun(FrozenModel):
    """One step within a run."""

    name: str
    state: StepState = StepState.PENDING
    rows: int | None = None
    """Rows that the step gave."""
    seconds: float | None = None
    peak_memory_bytes: int | None = None
    """Highest resident memory of the whole process up to the end of the step."""
    started_at: UtcDatetime | None = None
    finished_at: UtcDatetime | None = None
    retries: int = 0


class Run(FrozenModel):
    """One execution of a pipeline's bundle; changes only through `run_transition`."""

    id: RunId
    pipeline_id: RunId
    spec_digest: str
    bundle_digest: str
    state: RunState = RunState.PENDING
    steps: tuple[StepRun, ...] = ()
    """In the order of the spec."""
    trigger: RunTrigger = RunTrigger.MANUAL
    event: str | None = None
    """The event's name, with `trigger` event."""
    scheduled_for: UtcDatetime | None = None
    """The time of the schedule that this run stands for, with `trigger` schedule."""
    requested_at: UtcDatetime
    started_at: UtcDatetime | None = None
    finished_at: UtcDatetime | None = None
    exit_code: int | None = None
    """None while it runs, and if a signal ended it."""
    signal: int | None = None
    reason: TerminationReason | None = None
    """Set when the run ended without success."""
    detail: str = ""
    """One sentence on the reason, for a person."""
    peak_memory_bytes: int | None = None
    ref: ExternalRef | None = None
    """Set once a backend took it."""
    rerun_of: RunId | None = None
    note: str = ""
    """One sentence on what is run, where that is not the pipeline's artifacts as they were rendered."""
    version: Annotated[int, Field(ge=1)] = 1
    """Grows by one with each change; a save is refused if the stored one differs."""


class ObservationKind(StrEnum):
    """What happened to a run, seen from outside."""

    RUNNING = "running"
    """The backend took it and it has not ended."""
    EXITED = "exited"
    """It ended by itself or by a signal: `exit_code` or `signal` is set."""
    LOST = "lost"
    """It is gone and nobody knows how it ended."""
    REFUSED = "refused"
    """The backend could not start it."""
    CANCEL_REQUESTED = "cancel-requested"
    """A person wants it to stop."""
    SKIPPED = "skipped"
    """It will not be started."""


class Observation(FrozenModel):
    """One fact about a run; backends report the first three kinds, services make the others."""

    kind: ObservationKind
    at: UtcDatetime
    """When it was seen."""
    ref: ExternalRef | None = None
    exit_code: int | None = None
    signal: int | None = None
    out_of_memory: bool = False
    """True if the operating system is thought to have killed it for want of memory."""
    started_at: UtcDatetime | None = None
    finished_at: UtcDatetime | None = None
    peak_memory_bytes: int | None = None
    detail: str = ""

    @property
    def is_final(self) -> bool:
        """True if the backend will not report anything else."""
        return self.kind in (ObservationKind.EXITED, ObservationKind.LOST, ObservationKind.REFUSED, ObservationKind.SKIPPED)


class RunCapabilities(FrozenModel):
    """What a run backend can do; asked before, instead of trying."""

    backend: str
    reads_project_files: bool
    """True if relative paths of the spec mean the project's folder."""
    cancels: bool = True
    streams_logs: bool = True
    """False if the log comes only when the run is over."""
