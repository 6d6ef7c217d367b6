"""Where pipelines, schedules and runs are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tidemill.domain.run import Run, RunState
    from tidemill.domain.saved_pipeline import PipelineSchedule, SavedPipeline

T = TypeVar("T")


@dataclass(frozen=True)
class RunQuery:
    """Which runs are asked for; what is None does not narrow."""

    pipeline_id: str | None = None
    states: tuple[RunState, ...] | None = None


@dataclass(frozen=True)
class Page:
    """A part of a list, newest first."""

    limit: int = 50
    offset: int = 0


class PipelineRecords(Protocol):
    """Pipelines, each with all its revisions."""

    def add(self, pipeline: SavedPipeline) -> None:
        """Keep a new pipeline.

        Raises:
            Conflict: There is one with its id.
        """

    def get(self, pipeline_id: str) -> SavedPipeline:
        """Its latest revision.

        Raises:
            NotFound: There is none.
        """

    def find(self, search: str, page: Page) -> tuple[Sequence[SavedPipeline], int]:
        """Those whose name, description or id contains the text, last changed first, and how many there are in all."""

    def of_event(self, event: str) -> Sequence[SavedPipeline]:
        """Those that an event starts, by id."""

    def save(self, pipeline: SavedPipeline) -> None:
        """Keep a changed pipeline; `version` must be one higher than the stored one.

        Raises:
            NotFound: There is none.
            StaleVersion: Somebody saved first.
        """

    def revisions(self, pipeline_id: str) -> Sequence[SavedPipeline]:
        """Every revision as it was saved first, newest first."""

    def remove(self, pipeline_id: str) -> None:
        """Forget it with its revisions and its schedule; its runs stay. A pipeline that is not there is no error."""


class ScheduleRecords(Protocol):
    """At most one schedule for each pipeline."""

    def get(self, pipeline_id: str) -> PipelineSchedule | None: ...

    def put(self, schedule: PipelineSchedule) -> None:
        """Keep it in place of the one before."""

    def remove(self, pipeline_id: str) -> None: ...

    def due(self, now: datetime) -> Sequence[PipelineSchedule]:
        """Those with `next_fire_at` at or before `now`, the longest waiting first."""

    def next_fire_at(self) -> datetime | None:
        """The earliest of all."""


class RunRecords(Protocol):
    """Runs."""

    def add(self, run: Run, *, idempotency_key: str | None = None) -> Run:
        """Keep a new run, or give the one that is kept already for the same pipeline and scheduled time or idempotency key."""

    def get(self, run_id: str) -> Run:
        """The run as it was saved last.

        Raises:
            NotFound: There is none.
        """

    def save(self, run: Run, *, expected_version: int) -> None:
        """Keep a changed run.

        Raises:
            StaleVersion: The stored one has another version than `expected_version`.
        """

    def find(self, query: RunQuery, page: Page) -> tuple[Sequence[Run], int]:
        """Newest first, and how many there are in all."""

    def unfinished(self) -> Sequence[Run]:
        """Runs that are pending, running or being cancelled, oldest first."""


class UnitOfWork(Protocol):
    """Everything that is read and written in one transaction."""

    @property
    def pipelines(self) -> PipelineRecords: ...

    @property
    def schedules(self) -> ScheduleRecords: ...

    @property
    def runs(self) -> RunRecords: ...


class Store(Protocol):
    """The database."""

    async def apply(self, change: Callable[[UnitOfWork], T]) -> T:
        """Call `change` in one transaction, in a thread of its own: all of it is kept if it returns, nothing if it raises.

        `change` does nothing but read and write records: it may be called again if the database was busy.

        Raises:
            UpstreamUnavailable: The database cannot be reached, or its disk is full.
        """

    async def close(self) -> None: ...
