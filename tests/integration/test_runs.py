"""Runs from request to end (P3, P14, P15) over the local backend and DBOS."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.integration.parts import (
    CONFIG,
    EVENT_CONFIG,
    FAILING,
    WAITING,
    application,
    create,
    over,
    scripted_parts,
    settings_for,
    until,
)
from tidemill.domain.log import LogCursor
from tidemill.domain.run import RunState, RunTrigger, StepState, TerminationReason
from tidemill.domain.spec_yaml import load_spec
from tidemill.entrypoints.server_file import running_server
from tidemill.errors import Conflict, Disabled, IllegalTransition, NotFound
from tidemill.services.pipelines import NewPipeline
from tidemill.services.runs import Request

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_a_run_succeeds_with_the_rows_and_times_of_each_step(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        run = await over(app, (await app.runs.request(await create(app))).id)
    assert (run.state, run.exit_code) == (RunState.SUCCEEDED, 0)
    assert [(s.name, s.state, s.rows, s.seconds, s.peak_memory_bytes) for s in run.steps] == [
        ("Load Sales", StepState.SUCCEEDED, 5, 0.25, 1024),
        ("Save Sales", StepState.SUCCEEDED, 3, 0.25, 1024),
    ]


async def test_a_run_begins_in_the_project_folder_within_a_third_of_a_second(tmp_path: Path) -> None:
    code = "import pathlib, time; pathlib.Path('begun.txt').write_text(str(time.time()))\n"
    async with application(settings_for(tmp_path), scripted_parts(code=code)) as app:
        pipeline_id = await create(app)
        await over(app, (await app.runs.request(pipeline_id)).id)
        run = await over(app, (await app.runs.request(pipeline_id)).id)
    begun = float((tmp_path / "begun.txt").read_text()) - run.requested_at.timestamp()
    assert begun < 0.33


async def test_a_failed_run_says_so_and_keeps_its_log(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), scripted_parts(code=FAILING)) as app:
        run = await over(app, (await app.runs.request(await create(app))).id)
        entries = await app.runs.entries(run.id, after=LogCursor(), limit=10)
    assert (run.state, run.reason, run.exit_code) == (RunState.FAILED, TerminationReason.ERROR, 1)
    assert [e.message for e in entries] == ["no such column"]


async def test_two_runs_of_one_pipeline_wait_for_each_other(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), scripted_parts(code=WAITING)) as app:
        pipeline_id = await create(app)
        first, second = await app.runs.request(pipeline_id), await app.runs.request(pipeline_id)
        await until((tmp_path / "started.txt").exists)
        await asyncio.sleep(0.2)
        assert (await app.runs.get(second.id)).state is RunState.PENDING
        (tmp_path / "go.txt").touch()
        one, two = await over(app, first.id), await over(app, second.id)
    assert one.finished_at is not None
    assert two.started_at is not None
    assert one.finished_at <= two.started_at


async def test_no_more_runs_than_allowed_go_at_once(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, TIDEMILL_RUNS__CONCURRENCY="2")
    async with application(settings, scripted_parts(code=WAITING)) as app:
        runs = [await app.runs.request(await create(app, CONFIG.replace("Daily", str(n)))) for n in range(3)]

        async def states() -> list[str]:
            return [(await app.runs.get(r.id)).state.value for r in runs]

        async def two_run() -> bool:
            return (await states()).count("running") == 2

        await until(two_run)
        await asyncio.sleep(0.2)
        assert await states() == ["running", "running", "pending"]
        (tmp_path / "go.txt").touch()
        assert [(await over(app, r.id)).state for r in runs] == [RunState.SUCCEEDED] * 3


async def test_cancelling_a_run_ends_everything_it_started(tmp_path: Path) -> None:
    code = (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', \"import pathlib,time; time.sleep(1.5); pathlib.Path('survived.txt').touch()\"])\n"
        "pathlib.Path('started.txt').touch()\ntime.sleep(60)\n"
    )
    async with application(settings_for(tmp_path), scripted_parts(code=code)) as app:
        asked = await app.runs.request(await create(app))
        await until((tmp_path / "started.txt").exists)
        assert (await app.cancel(asked.id)).state is RunState.CANCELLING
        run = await over(app, asked.id)
        await asyncio.sleep(1.7)
    assert (run.state, run.reason) == (RunState.CANCELLED, TerminationReason.CANCELLED)
    assert not (tmp_path / "survived.txt").exists()


async def test_a_run_that_waits_is_cancelled_at_once_and_never_starts(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), scripted_parts(code=WAITING)) as app:
        pipeline_id = await create(app)
        first, second = await app.runs.request(pipeline_id), await app.runs.request(pipeline_id)
        assert (await app.cancel(second.id)).state is RunState.CANCELLED
        (tmp_path / "go.txt").touch()
        await over(app, first.id)
        run = await app.runs.get(second.id)
    assert (run.started_at, run.ref) == (None, None)


async def test_a_run_that_is_over_cannot_be_cancelled(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        run = await over(app, (await app.runs.request(await create(app))).id)
        with pytest.raises(IllegalTransition):
            await app.cancel(run.id)


async def test_an_edited_pipeline_is_run_as_it_is_and_the_run_says_so(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        pipeline_id = await create(app)
        (tmp_path / "pipeline_artifacts" / pipeline_id / "pipeline.py").write_text("print('by hand')\n")
        run = await over(app, (await app.runs.request(pipeline_id)).id)
        entries = await app.runs.entries(run.id, after=LogCursor(), limit=10)
    assert [e.message for e in entries] == ["by hand"]
    assert run.note == "Runs the artifacts as they were edited after they were rendered."


async def test_a_config_without_artifacts_is_rendered_for_the_run(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        made = await app.pipelines.create(NewPipeline(load_spec(CONFIG), keeps_artifacts=False))
        files = {p.name for p in (tmp_path / "pipeline_artifacts" / made.pipeline.id).iterdir()}
        run = await over(app, (await app.runs.request(made.pipeline.id)).id)
    assert "pipeline.py" not in files
    assert (run.state, run.note) == (RunState.SUCCEEDED, "Rendered from config.yaml for this run.")


async def test_a_hand_changed_config_without_artifacts_runs_as_it_is_now(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        made = await app.pipelines.create(NewPipeline(load_spec(CONFIG), keeps_artifacts=False))
        config = tmp_path / "pipeline_artifacts" / made.pipeline.id / "config.yaml"
        config.write_text(CONFIG.replace("Save Sales", "Keep Sales"))
        run = await over(app, (await app.runs.request(made.pipeline.id)).id)
    assert [s.name for s in run.steps] == ["Load Sales", "Keep Sales"]


async def test_a_rerun_executes_the_files_of_the_run_not_those_of_today(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), scripted_parts(code="print('old')\n")) as app:
        pipeline_id = await create(app)
        first = await over(app, (await app.runs.request(pipeline_id)).id)
        (tmp_path / "pipeline_artifacts" / pipeline_id / "pipeline.py").write_text("print('new')\n")
        again = await over(app, (await app.runs.rerun(first.id)).id)
        entries = await app.runs.entries(again.id, after=LogCursor(), limit=10)
    assert ([e.message for e in entries], again.rerun_of) == (["old"], first.id)


async def test_the_same_idempotency_key_gives_the_same_run(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        pipeline_id = await create(app)
        runs = [await app.runs.request(pipeline_id, Request(idempotency_key="order-7")) for _ in range(2)]
    assert runs[0].id == runs[1].id


async def test_an_event_names_the_pipelines_it_starts(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        await create(app)
        listening = await create(app, EVENT_CONFIG)
        assert [p.id for p in await app.pipelines.of_event("orders.landed")] == [listening]


async def test_runs_under_way_go_on_while_the_server_is_away_and_are_taken_up(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    async with application(settings, scripted_parts(code=WAITING)) as app:
        pipeline_id = await create(app)
        first, second = await app.runs.request(pipeline_id), await app.runs.request(pipeline_id)
        await until((tmp_path / "started.txt").exists)
    (tmp_path / "go.txt").touch()
    async with application(settings, scripted_parts(code=WAITING)) as app:
        states = [(await over(app, r.id)).state for r in (first, second)]
    assert states == [RunState.SUCCEEDED, RunState.SUCCEEDED]


async def test_runs_are_taken_up_although_the_engine_lost_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidemill.services.dispatching.LOOK_AGAIN_S", 0.3)
    settings = settings_for(tmp_path)
    async with application(settings, scripted_parts(code=WAITING)) as app:
        asked = await app.runs.request(await create(app))
        await until((tmp_path / "started.txt").exists)
    for path in (tmp_path / ".tidemill").glob("engine.sqlite*"):
        path.unlink()
    (tmp_path / "go.txt").touch()
    async with application(settings, scripted_parts(code=WAITING)) as app:
        assert (await over(app, asked.id)).state is RunState.SUCCEEDED


async def test_runs_go_through_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    async with application(settings_for(tmp_path, TIDEMILL_DATABASE_URL=postgres_url)) as app:
        run = await over(app, (await app.runs.request(await create(app))).id)
    assert run.state is RunState.SUCCEEDED


async def test_only_one_process_carries_runs_for_a_project(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)):
        with pytest.raises(Conflict, match=r"already runs for this project \(process \d+\)"):
            async with application(settings_for(tmp_path)):
                pass


async def test_without_the_engine_pipelines_can_be_kept_but_not_run(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        assert await create(app) == "daily-sales"
        with pytest.raises(Disabled):
            app.require_engine()


async def test_a_pipeline_that_is_not_there_cannot_be_run(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        with pytest.raises(NotFound):
            await app.runs.request("none")


async def test_a_log_of_a_hundred_thousand_lines_is_paged_quickly(tmp_path: Path) -> None:
    code = "for n in range(100_000): print('line', n)\n"
    async with application(settings_for(tmp_path), scripted_parts(code=code)) as app:
        run = await over(app, (await app.runs.request(await create(app))).id, timeout_s=60)
        begun = asyncio.get_running_loop().time()
        page = await app.runs.entries(run.id, after=LogCursor(number=99_990), limit=100)
        seconds = asyncio.get_running_loop().time() - begun
    assert [e.message for e in page] == [f"line {n}" for n in range(99_990, 100_000)]
    assert seconds < 3


async def test_a_pipeline_whose_files_vanished_is_rendered_again_for_the_run(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        pipeline_id = await create(app)
        await app.pipelines.artifacts.remove(pipeline_id)
        run = await over(app, (await app.runs.request(pipeline_id)).id)
    assert run.state is RunState.SUCCEEDED


async def test_a_run_asked_for_by_hand_says_so(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        assert (await app.runs.request(await create(app))).trigger is RunTrigger.MANUAL


async def test_a_cancel_is_carried_out_although_the_process_stops_at_once(tmp_path: Path) -> None:
    code = "import pathlib, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\npathlib.Path('started.txt').touch()\ntime.sleep(60)\n"
    settings = settings_for(tmp_path)
    async with application(settings, scripted_parts(code=code)) as app:
        asked = await app.runs.request(await create(app))
        await until((tmp_path / "started.txt").exists)
        await app.cancel(asked.id)
    async with application(settings, engine=False) as app:
        assert (await app.runs.get(asked.id)).state is RunState.CANCELLED


async def test_a_server_that_was_killed_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    file, known = settings.data / "server.json", {"url": "http://127.0.0.1:1", "pid": os.getpid()}
    async with application(settings):
        file.write_text(json.dumps(known))
        assert running_server(settings) == "http://127.0.0.1:1"
        file.write_text(json.dumps({**known, "pid": 1}))
        assert running_server(settings) is None
    file.write_text(json.dumps(known))
    assert running_server(settings) is None
