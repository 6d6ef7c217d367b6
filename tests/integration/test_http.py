"""The REST face (P12, P14, P15): shapes, problems, streams, and who may come in."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.integration.parts import (
    BRIEF,
    CONFIG,
    EVENT_CONFIG,
    QUICK,
    WAITING,
    ScriptedSandbox,
    application,
    client_of,
    create,
    over,
    scripted_parts,
    settings_for,
    sse_events,
    until,
)
from tidemill.entrypoints.http.openapi import openapi_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from tidemill.bootstrap import App

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(folder: Path, *, code: str = QUICK, passes: bool = True) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    parts = scripted_parts(code=code, sandbox=ScriptedSandbox(passes))
    async with application(settings_for(folder), parts) as app, client_of(app) as client:
        yield app, client


async def test_a_brief_is_answered_with_exactly_the_named_fields_and_what_was_found_out(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        answer = await client.post("/api/ai/generate-pipeline", json={"instructions": BRIEF, "ownerEmail": "a@b.example", "pipelineName": "Mine"})
    body = answer.json()
    named = {"success", "config", "code", "tests", "strategy", "rawResponse"}
    assert (answer.status_code, set(body) - named) == (200, {"readings", "findings", "verification", "engine"})
    assert (body["success"], body["code"], body["engine"]) == (True, QUICK, "none")
    assert body["config"].startswith("name: Mine\n")


async def test_a_brief_that_nothing_can_be_made_of_is_answered_with_its_readings(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        answer = await client.post("/api/ai/generate-pipeline", json={"instructions": "Make me happy."})
    body = answer.json()
    assert (answer.status_code, body["success"], body["config"], body["verification"]) == (200, False, "", None)
    assert body["readings"] == [{"sentence": "Make me happy.", "understood": False, "step": None, "hint": "Name a source."}]


async def test_a_draft_whose_tests_fail_is_shown_but_is_no_success(tmp_path: Path) -> None:
    async with served(tmp_path, passes=False) as (_, client):
        body = (await client.post("/api/ai/generate-pipeline", json={"instructions": BRIEF})).json()
    assert (body["success"], body["code"], body["verification"]["tests"][0]["message"]) == (False, QUICK, "assert 1 == 2")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "instructions"), ({"instructions": ""}, "instructions"), ({"instructions": 7}, "instructions"), ({"instructions": "a\0b"}, "instructions"),
     ({"instructions": "x" * 1_000_001}, "instructions"), ({"instructions": "x", "ownerEmail": "nobody"}, "ownerEmail"),
     ({"instructions": "x", "a": 1}, "a"), ({"instructions": "x", "provider": "oracle"}, "provider")],
)  # fmt: skip
async def test_a_request_that_is_not_valid_is_a_problem_that_names_the_field(tmp_path: Path, body: dict[str, object], field: str) -> None:
    async with served(tmp_path) as (_, client):
        answer = await client.post("/api/ai/generate-pipeline", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [f["field"] for f in answer.json()["findings"]] == [field]


async def test_a_body_larger_than_two_mebibytes_is_too_large(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"instructions": "'
        for _ in range(22):
            yield b"x" * 100_000
        yield b'"}'

    async with served(tmp_path) as (_, client):
        sized = await client.post("/api/ai/generate-pipeline", json={"instructions": "x" * 2_200_000})
        unsized = await client.post("/api/ai/generate-pipeline", content=pieces(), headers={"Content-Type": "application/json"})
    assert [(a.status_code, a.headers["content-type"]) for a in (sized, unsized)] == [(413, "application/problem+json")] * 2


async def test_a_pipeline_is_created_from_config_spec_or_brief(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        one = await client.post("/api/pipelines", json={"config": CONFIG, "name": "One"})
        two = await client.post("/api/pipelines", json={"spec": one.json()["pipeline"]["spec"], "ownerEmail": "a@b.example"})
        three = await client.post("/api/pipelines", json={"instructions": BRIEF, "name": "Three"})
    assert [a.status_code for a in (one, two, three)] == [201, 201, 201]
    assert [a.headers["location"] for a in (one, two, three)] == ["/api/pipelines/one", "/api/pipelines/one-2", "/api/pipelines/three"]
    assert [a.json()["pipeline"]["origin"] for a in (one, two, three)] == ["config", "config", "brief"]


async def test_a_brief_with_a_sentence_that_was_not_understood_creates_nothing_unless_told_to(tmp_path: Path) -> None:
    brief = f"{BRIEF} Tidy it up."
    async with served(tmp_path) as (_, client):
        refused = await client.post("/api/pipelines", json={"instructions": brief})
        forced = await client.post("/api/pipelines", json={"instructions": brief, "force": True})
    assert refused.status_code == 422
    assert refused.json()["findings"][0]["message"] == "Not understood: 'Tidy it up.'."
    assert forced.status_code == 201
    assert [r["understood"] for r in forced.json()["readings"]] == [True, False]


async def test_an_invalid_config_is_a_problem_with_line_and_column(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        answer = await client.post("/api/pipelines", json={"config": CONFIG.replace("description", "descripton")})
    finding = answer.json()["findings"][0]
    assert (answer.status_code, finding["line"], finding["column"]) == (422, 2, 1)
    assert "Did you mean `description`?" in finding["fix"]


async def test_pipelines_are_listed_in_pages_and_searched(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        for name in ("Alpha", "Beta", "Gamma"):
            await create(app, CONFIG.replace("Daily Sales", name))
        page = (await client.get("/api/pipelines", params={"limit": 1, "offset": 1})).json()
        found = (await client.get("/api/pipelines", params={"search": "GAM"})).json()
    assert (page["total"], [p["name"] for p in page["items"]]) == (3, ["Beta"])
    assert (found["total"], [p["id"] for p in found["items"]]) == (1, ["gamma"])


async def test_a_pipelines_files_can_be_read(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        pipeline_id = await create(app)
        listed = (await client.get(f"/api/pipelines/{pipeline_id}/artifacts")).json()
        code = await client.get(f"/api/pipelines/{pipeline_id}/artifacts/pipeline.py")
        none = await client.get(f"/api/pipelines/{pipeline_id}/artifacts/secret.txt")
    assert {"path": "pipeline.py", "sizeBytes": len(QUICK)} in listed
    assert (code.text, code.headers["content-type"]) == (QUICK, "text/plain; charset=utf-8")
    assert none.status_code == 404


async def test_an_update_on_an_old_version_is_a_conflict(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        pipeline_id = await create(app)
        changes = [{"config": CONFIG.replace("out.csv", f"{n}.csv"), "version": 1} for n in range(2)]
        answers = [await client.put(f"/api/pipelines/{pipeline_id}", json=c) for c in changes]
    assert [(a.status_code, a.json().get("code")) for a in answers] == [(200, None), (409, "stale_version")]


async def test_a_run_is_started_followed_and_read(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        pipeline_id = await create(app)
        started = await client.post(f"/api/pipelines/{pipeline_id}/runs")
        await over(app, started.json()["id"])
        run = (await client.get(started.headers["location"])).json()
        steps = (await client.get(f"{started.headers['location']}/steps")).json()
    assert (started.status_code, run["state"], run["exitCode"]) == (202, "succeeded", 0)
    assert [(s["name"], s["rows"], s["peakMemoryBytes"]) for s in steps] == [("Load Sales", 5, 1024), ("Save Sales", 3, 1024)]


async def test_the_same_idempotency_key_starts_one_run(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        path = f"/api/pipelines/{await create(app)}/runs"
        ids = [(await client.post(path, headers={"Idempotency-Key": "k-1"})).json()["id"] for _ in range(2)]
        total = (await client.get("/api/runs")).json()["total"]
    assert (ids[0] == ids[1], total) == (True, 1)


async def test_runs_are_listed_by_pipeline_and_state(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        one, two = await create(app), await create(app)
        ids = [(await over(app, (await app.runs.request(p)).id)).id for p in (one, two)]
        of_one = (await client.get("/api/runs", params={"pipelineId": one, "state": ["succeeded", "failed"]})).json()
        waiting = (await client.get("/api/runs", params={"state": "pending"})).json()
    assert [r["id"] for r in of_one["items"]] == [ids[0]]
    assert waiting["items"] == []


async def test_a_log_is_read_in_pages(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        run = await over(app, (await app.runs.request(await create(app))).id)
        first = (await client.get(f"/api/runs/{run.id}/logs", params={"limit": 2})).json()
        rest = (await client.get(f"/api/runs/{run.id}/logs", params={"after": first["next"]})).json()
    assert [e["number"] for e in first["entries"]] == [1, 2]
    assert [e["number"] for e in rest["entries"]] == [3, 4, 5]
    assert (first["complete"], rest["complete"]) == (False, True)


async def test_a_log_stream_gives_the_run_each_entry_and_the_end(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        run = await app.runs.request(await create(app))
        answer = await client.get(f"/api/runs/{run.id}/logs/stream")
    events = sse_events(answer.text)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [kind for kind, _, _ in events] == ["run", *["log"] * 5, "end"]
    assert (events[1][2]["message"], events[-1][2]["state"]) == ("begin", "succeeded")


async def test_a_log_stream_goes_on_after_the_last_entry_that_was_seen(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        run = await over(app, (await app.runs.request(await create(app))).id)
        path = f"/api/runs/{run.id}/logs/stream"
        seen = [e for e in sse_events((await client.get(path)).text) if e[0] == "log"]
        again = sse_events((await client.get(path, headers={"Last-Event-ID": seen[2][1]})).text)
    assert [e for e in again if e[0] == "log"] == seen[3:]


async def test_open_log_streams_end_when_the_server_does(tmp_path: Path) -> None:
    async with served(tmp_path, code=WAITING) as (app, client):
        run = await app.runs.request(await create(app))
        await until((tmp_path / "started.txt").exists)
        stream = asyncio.create_task(client.get(f"/api/runs/{run.id}/logs/stream"))
        await asyncio.sleep(0.1)
        app.runs.changes.close()
        events = sse_events((await asyncio.wait_for(stream, 5)).text)
        (tmp_path / "go.txt").touch()
        await app.dispatcher.runs.backend.wait((await app.runs.get(run.id)).ref, timeout_s=5)  # type: ignore[union-attr,arg-type]
    assert [kind for kind, _, _ in events] == ["run"]


async def test_the_stream_of_a_run_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        assert (await client.get("/api/runs/none/logs/stream")).status_code == 404


async def test_a_run_is_cancelled_with_its_process(tmp_path: Path) -> None:
    async with served(tmp_path, code=WAITING) as (app, client):
        run = await app.runs.request(await create(app))
        await until((tmp_path / "started.txt").exists)
        answer = await client.post(f"/api/runs/{run.id}/cancel")
        assert (await over(app, run.id)).state == "cancelled"
        again = await client.post(f"/api/runs/{run.id}/cancel")
    assert (answer.status_code, answer.json()["state"], again.json()["state"]) == (202, "cancelling", "cancelled")


async def test_a_schedule_is_answered_with_its_words_and_next_times(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        path = f"/api/pipelines/{await create(app)}/schedule"
        answer = await client.put(path, json={"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin", "missedRuns": "runOnce"})
        removed = await client.delete(path)
        gone = await client.get(path)
    assert (answer.json()["words"], len(answer.json()["nextFireTimes"])) == ("every weekday at 09:00, Europe/Berlin time", 5)
    assert (removed.status_code, gone.status_code) == (204, 404)


@pytest.mark.parametrize("body", [{"cron": "0 9 31 2 *"}, {"cron": "every day"}, {"cron": "0 9 * * *", "timezone": "Berlin"}])
async def test_a_schedule_that_cannot_be_is_refused_with_a_way_out(tmp_path: Path, body: dict[str, str]) -> None:
    async with served(tmp_path) as (app, client):
        answer = await client.put(f"/api/pipelines/{await create(app)}/schedule", json=body)
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["message"]


async def test_an_event_starts_the_pipelines_that_listen_to_it(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        listening = await create(app, EVENT_CONFIG)
        started = await client.post("/api/events/orders.landed")
        nobody = await client.post("/api/events/other")
    assert [(r["pipelineId"], r["trigger"], r["event"]) for r in started.json()["runs"]] == [(listening, "event", "orders.landed")]
    assert (nobody.status_code, nobody.json()["runs"]) == (202, [])


async def test_a_host_that_is_not_this_machine_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        answers = [await client.get("/api/runs", headers={"Host": host}) for host in ("evil.example", "127.0.0.1.evil.example", "a@127.0.0.1", "[")]
        good = [await client.get("/api/runs", headers={"Host": host}) for host in ("localhost:3000", "127.0.0.1", "[::1]:3000")]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(400, "bad_host")}
    assert {a.status_code for a in good} == {200}


async def test_a_form_on_a_foreign_page_starts_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        path = f"/api/pipelines/{await create(app)}/runs"
        foreign = [await client.post(path, headers={"Origin": origin}) for origin in ("https://evil.example", "null", "http://127.0.0.1:9999")]
        own = await client.post(path, headers={"Origin": "http://127.0.0.1:3000"})
    assert {a.status_code for a in foreign} == {403}
    assert own.status_code == 202


async def test_the_first_page_shows_pipelines_and_runs_with_their_names_escaped(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, client):
        run = await app.runs.request(await create(app, CONFIG.replace("Daily Sales", "<script>alert(1)</script>")))
        page = await client.get("/")
        await over(app, run.id)
    assert (page.status_code, "<script>" in page.text, "&lt;script&gt;" in page.text, run.id in page.text) == (200, False, True, True)


async def test_what_is_not_there_and_what_is_not_possible_are_problems(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        answers = [await client.get("/api/none"), await client.get("/api/runs/none"), await client.delete("/api/runs")]
    assert [(a.status_code, a.headers["content-type"]) for a in answers] == [(s, "application/problem+json") for s in (404, 404, 405)]


async def test_health_says_whether_the_database_answers(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        good = await client.get("/api/health")
        for path in (tmp_path / ".tidemill").glob("tidemill.sqlite*"):
            path.write_bytes(b"no database any more" * 400)
        bad = await client.get("/api/health")
    assert (good.status_code, good.json()["status"]) == (200, "ok")
    assert (bad.status_code, bad.json()["code"]) == (503, "upstream_unavailable")


def test_the_committed_openapi_document_is_that_of_the_code() -> None:
    from pathlib import Path

    committed = Path(__file__).parents[2] / "contracts" / "openapi.json"
    assert committed.read_text(encoding="utf-8") == openapi_text(), "run `make openapi` and read the diff"
