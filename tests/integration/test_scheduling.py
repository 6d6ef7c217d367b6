"""Schedules: each time once, and a stated policy for missed ones (P15)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.integration.parts import SCHEDULED_CONFIG, Clock, application, create, over, scripted_parts, settings_for, until
from tidemill.domain.pipeline import MissedRuns
from tidemill.domain.run import Run, RunState, RunTrigger, TerminationReason
from tidemill.domain.saved_pipeline import PipelineSchedule
from tidemill.ports.unit_of_work import Page, RunQuery
from tidemill.services.scheduling import Scheduler, due_times

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tidemill.bootstrap import App

pytestmark = pytest.mark.anyio
EIGHT = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
NINE = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def daily_at_nine(policy: MissedRuns, timezone: str = "UTC") -> PipelineSchedule:
    return PipelineSchedule(pipeline_id="p", cron="0 9 * * *", timezone=timezone, missed_runs=policy, considered_until=EIGHT)


def test_a_time_that_has_just_come_is_run_whatever_the_policy() -> None:
    due = [due_times(daily_at_nine(policy), NINE + timedelta(seconds=30)) for policy in MissedRuns]
    assert [(d.to_run, d.left_out) for d in due] == [((NINE,), ())] * 3


def test_missed_times_are_left_out_with_skip() -> None:
    due = due_times(daily_at_nine(MissedRuns.SKIP), NINE + 2 * DAY + timedelta(hours=1))
    assert (due.to_run, due.left_out) == ((), (NINE, NINE + DAY, NINE + 2 * DAY))


def test_missed_times_have_one_run_for_all_with_run_once() -> None:
    due = due_times(daily_at_nine(MissedRuns.RUN_ONCE), NINE + 2 * DAY + timedelta(hours=1))
    assert due.to_run == (NINE + 2 * DAY,)


def test_a_time_on_time_stands_for_the_missed_ones_with_run_once() -> None:
    due = due_times(daily_at_nine(MissedRuns.RUN_ONCE), NINE + DAY + timedelta(seconds=5))
    assert due.to_run == (NINE + DAY,)


def test_missed_times_have_a_run_each_oldest_first_with_catch_up() -> None:
    due = due_times(daily_at_nine(MissedRuns.CATCH_UP), NINE + DAY + timedelta(seconds=5))
    assert due.to_run == (NINE, NINE + DAY)


def test_times_are_those_of_the_schedules_own_zone() -> None:
    due = due_times(daily_at_nine(MissedRuns.CATCH_UP, "America/New_York"), datetime(2026, 4, 1, 13, 0, 10, tzinfo=UTC))
    assert due.to_run == (datetime(2026, 4, 1, 13, 0, tzinfo=UTC),)


@asynccontextmanager
async def scheduled(folder: Path, clock: Clock, config: str = SCHEDULED_CONFIG) -> AsyncIterator[tuple[App, Scheduler]]:
    """An application whose runs are only asked for, with a scheduler that is called by hand."""
    async with application(settings_for(folder), scripted_parts(clock=clock), engine=False) as app:
        await create(app, config)
        yield app, Scheduler(app.store, app.runs, clock)


async def runs_of(app: App) -> list[Run]:
    return list(reversed((await app.runs.find(RunQuery(), Page()))[0]))


async def test_a_scheduled_pipeline_runs_at_its_time_and_not_before(tmp_path: Path) -> None:
    clock = Clock()
    async with scheduled(tmp_path, clock) as (app, scheduler):
        assert await scheduler.tick() == NINE
        assert await runs_of(app) == []
        clock.advance(hours=1)
        assert await scheduler.tick() == NINE + DAY
        assert [(r.trigger, r.scheduled_for) for r in await runs_of(app)] == [(RunTrigger.SCHEDULE, NINE)]


async def test_a_scheduled_time_has_one_run_however_often_it_is_looked_at(tmp_path: Path) -> None:
    clock = Clock(NINE - timedelta(seconds=1))
    async with scheduled(tmp_path, clock) as (app, scheduler):
        before = await app.store.apply(lambda work: work.schedules.get("daily-sales"))
        clock.advance(seconds=2)
        await scheduler.tick()
        # As after a crash between asking for the run and remembering that it was asked for.
        assert before is not None
        await app.store.apply(lambda work: work.schedules.put(before))
        await scheduler.tick()
        assert len(await runs_of(app)) == 1


async def test_times_missed_while_the_server_was_away_are_recorded_as_skipped(tmp_path: Path) -> None:
    clock = Clock()
    async with scheduled(tmp_path, clock) as (app, scheduler):
        clock.advance(days=3)
        await scheduler.tick()
        (run,) = await runs_of(app)
    assert (run.state, run.reason, run.scheduled_for) == (RunState.SKIPPED, TerminationReason.SKIPPED, NINE + 2 * DAY)
    assert run.detail.startswith("3 scheduled times passed")


async def test_catching_up_asks_for_a_run_for_each_missed_time(tmp_path: Path) -> None:
    clock = Clock()
    config = SCHEDULED_CONFIG.replace("steps:", "missedRuns: catchUp\nsteps:")
    async with scheduled(tmp_path, clock, config) as (app, scheduler):
        clock.advance(days=3)
        await scheduler.tick()
        runs = await runs_of(app)
    assert sorted(r.scheduled_for for r in runs if r.scheduled_for) == [NINE, NINE + DAY, NINE + 2 * DAY]
    assert {r.state for r in runs} == {RunState.PENDING}


async def test_a_time_that_comes_while_the_run_before_still_waits_is_skipped(tmp_path: Path) -> None:
    clock = Clock()
    async with scheduled(tmp_path, clock) as (app, scheduler):
        for _ in range(2):
            clock.now = clock.now.replace(hour=9) if clock.now.hour < 9 else clock.now + DAY
            await scheduler.tick()
        assert [r.state for r in await runs_of(app)] == [RunState.PENDING, RunState.SKIPPED]


async def test_a_scheduled_run_that_cannot_be_prepared_is_recorded_as_failed(tmp_path: Path) -> None:
    clock = Clock()
    async with scheduled(tmp_path, clock) as (app, scheduler):
        (tmp_path / "pipeline_artifacts" / "daily-sales" / "pipeline.py").write_bytes(b"\xff\xfe\x00")
        clock.advance(hours=1)
        await scheduler.tick()
        (run,) = await runs_of(app)
    assert (run.state, run.reason) == (RunState.FAILED, TerminationReason.NOT_STARTED)
    assert "is not UTF-8 text" in run.detail


async def test_a_new_schedule_looks_forward_only(tmp_path: Path) -> None:
    clock = Clock(NINE + timedelta(hours=3))
    async with scheduled(tmp_path, clock) as (app, scheduler):
        assert await scheduler.tick() == NINE + DAY
        assert await runs_of(app) == []


async def test_changing_a_step_keeps_the_schedules_place_in_time(tmp_path: Path) -> None:
    from tidemill.domain.spec_yaml import load_spec

    clock = Clock()
    async with scheduled(tmp_path, clock) as (app, _):
        before = await app.pipelines.schedule("daily-sales")
        clock.advance(minutes=30)
        await app.pipelines.update("daily-sales", load_spec(SCHEDULED_CONFIG.replace("out.csv", "other.csv")))
        assert await app.pipelines.schedule("daily-sales") == before


async def test_a_schedule_can_be_set_and_removed_and_stands_in_the_config(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), scripted_parts(clock=Clock()), engine=False) as app:
        pipeline_id = await create(app)
        await app.pipelines.set_schedule(pipeline_id, "30 6 * * mon", timezone="Europe/Berlin", missed_runs=MissedRuns.RUN_ONCE)
        config = (tmp_path / "pipeline_artifacts" / pipeline_id / "config.yaml").read_text()
        schedule = await app.pipelines.schedule(pipeline_id)
        await app.pipelines.remove_schedule(pipeline_id)
        assert await app.pipelines.schedule(pipeline_id) is None
    assert "trigger: scheduled\nschedule: 30 6 * * 1\n" in config.replace('"', "")
    assert schedule is not None
    assert schedule.next_fire_at == datetime(2026, 4, 6, 4, 30, tzinfo=UTC)


async def test_setting_a_schedule_keeps_what_people_edited(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        pipeline_id = await create(app)
        code = tmp_path / "pipeline_artifacts" / pipeline_id / "pipeline.py"
        code.write_text("print('by hand')\n")
        await app.pipelines.set_schedule(pipeline_id, "0 6 * * *", timezone=None, missed_runs=MissedRuns.SKIP)
        assert code.read_text() == "print('by hand')\n"
        assert (await app.pipelines.stored(pipeline_id)).edited


async def test_the_running_server_fires_schedules_by_itself(tmp_path: Path) -> None:
    clock = Clock(NINE - timedelta(seconds=1))
    async with application(settings_for(tmp_path), scripted_parts(clock=clock)) as app:
        pipeline_id = await create(app, SCHEDULED_CONFIG)
        clock.advance(seconds=1)

        async def asked() -> bool:
            return bool(await runs_of(app))

        await until(asked)
        (run,) = await runs_of(app)
        assert (await over(app, run.id)).state is RunState.SUCCEEDED
        assert (run.pipeline_id, run.scheduled_for) == (pipeline_id, NINE)
