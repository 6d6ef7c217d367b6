"""Asks for runs when their time has come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from tidemill.domain.pipeline import MissedRuns
from tidemill.domain.run import ObservationKind, RunState, RunTrigger
from tidemill.domain.saved_pipeline import PipelineSchedule
from tidemill.domain.schedule import missed_fire_times, next_fire_times, parse_cron
from tidemill.errors import Conflict, InvalidInput, NotFound, TidemillError
from tidemill.ports.unit_of_work import Store
from tidemill.services.runs import Request, RunService

LOG = structlog.get_logger(__name__)
ON_TIME = timedelta(seconds=90)
"""A scheduled time that is dealt with within this is on time; an older one was missed, and the pipeline's policy decides."""
LONGEST_SLEEP_S = 20.0
"""The clock may be set, the machine may sleep: looked at again at least this often."""
AFTER_FAILURE_S = 5.0


@dataclass(frozen=True)
class Due:
    """The scheduled times of one pipeline that have come, oldest first."""

    to_run: tuple[datetime, ...]
    left_out: tuple[datetime, ...]
    """Missed times that the policy does not make up for."""


@dataclass
class Scheduler:
    """One loop over the schedule table."""

    store: Store
    runs: RunService
    clock: Callable[[], datetime]
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with what was missed."""
        self._task = asyncio.create_task(self._tick_forever())

    async def stop(self) -> None:
        """Times that come from now on are missed ones at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wake(self) -> None:
        """A schedule changed."""
        self._woken.set()

    async def tick(self) -> datetime | None:
        """Ask for every run that is due, and say when the next one will be.

        A crash between asking and remembering is harmless: a scheduled time of a pipeline has one run, however often it is asked for.
        """
        now = self.clock()
        for schedule in await self.store.apply(lambda work: work.schedules.due(now)):
            await self._fire(schedule, now)
        return await self.store.apply(lambda work: work.schedules.next_fire_at())

    async def _fire(self, schedule: PipelineSchedule, now: datetime) -> None:
        due = due_times(schedule, now)
        for at in due.to_run:
            await self._ask(schedule, at)
        if due.left_out:
            await self._left_out(schedule, due.left_out)
        upcoming = next_fire_times(parse_cron(schedule.cron), schedule.timezone, after=now, count=1)
        after = schedule.model_copy(update={"considered_until": now, "next_fire_at": upcoming[0] if upcoming else None})
        await self.store.apply(lambda work: work.schedules.put(after) if work.schedules.get(schedule.pipeline_id) == schedule else None)

    async def _ask(self, schedule: PipelineSchedule, at: datetime) -> None:
        asked = Request(trigger=RunTrigger.SCHEDULE, scheduled_for=at)
        if schedule.missed_runs is not MissedRuns.CATCH_UP and await self._one_waits(schedule.pipeline_id, at):
            detail = "The scheduled run before this one has not begun yet."
            await self.runs.record_unstarted(schedule.pipeline_id, asked, kind=ObservationKind.SKIPPED, detail=detail)
            return
        try:
            await self.runs.request(schedule.pipeline_id, asked)
        except (Conflict, InvalidInput, NotFound) as error:
            LOG.warning("scheduled run refused", pipeline=schedule.pipeline_id, error=error.message)
            await self.runs.record_unstarted(schedule.pipeline_id, asked, kind=ObservationKind.REFUSED, detail=error.message)

    async def _left_out(self, schedule: PipelineSchedule, times: Sequence[datetime]) -> None:
        count = "One scheduled time" if len(times) == 1 else f"{len(times)} scheduled times"
        detail = f"{count} passed while Tidemill was not running; the policy is {schedule.missed_runs.value!r}."
        asked = Request(trigger=RunTrigger.SCHEDULE, scheduled_for=times[-1])
        await self.runs.record_unstarted(schedule.pipeline_id, asked, kind=ObservationKind.SKIPPED, detail=detail)

    async def _one_waits(self, pipeline_id: str, at: datetime) -> bool:
        unfinished = await self.store.apply(lambda work: work.runs.unfinished())
        waiting = (r for r in unfinished if r.pipeline_id == pipeline_id and r.state is RunState.PENDING)
        return any(r.trigger is RunTrigger.SCHEDULE and r.scheduled_for != at for r in waiting)

    async def _tick_forever(self) -> None:
        while True:
            self._woken.clear()
            try:
                upcoming = await self.tick()
                pause_s = LONGEST_SLEEP_S if upcoming is None else (upcoming - self.clock()).total_seconds()
            except TidemillError as error:
                LOG.warning("the scheduler waits", error=error.message)
                pause_s = AFTER_FAILURE_S
            except Exception:
                LOG.exception("the scheduler goes on")
                pause_s = AFTER_FAILURE_S
            # Not `wait_for`, which in Python 3.11 swallows a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(pause_s, 0.0), LONGEST_SLEEP_S)):
                    await self._woken.wait()


def due_times(schedule: PipelineSchedule, now: datetime) -> Due:
    """What a schedule's times since it was last considered come to: those on time run, for the others the policy decides."""
    cron, since, policy = parse_cron(schedule.cron), schedule.considered_until, schedule.missed_runs
    late_until = min(max(since, now - ON_TIME), now)
    on_time = missed_fire_times(cron, schedule.timezone, last=late_until, now=now, policy=MissedRuns.CATCH_UP)
    missed = missed_fire_times(cron, schedule.timezone, last=since, now=late_until, policy=MissedRuns.CATCH_UP)
    if policy is MissedRuns.CATCH_UP:
        return Due((*missed, *on_time), ())
    if policy is MissedRuns.RUN_ONCE and missed and not on_time:
        return Due(missed[-1:], ())
    if policy is MissedRuns.RUN_ONCE:
        return Due(on_time, ())
    return Due(on_time, missed)
