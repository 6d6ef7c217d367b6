"""A server that is killed in the middle of a run loses nothing (P15)."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.integration.parts import CONFIG
from tests.servers.databases import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
START_S = 30
RUN_S = 30
LINES = 150
"""At 20 ms each: long enough to kill the server in between."""


@contextmanager
def server(project: Path, *environment: str) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """A server process of its own, and a client of it; killed in the end if it still lives."""
    process = subprocess.Popen([sys.executable, "-m", "tests.e2e.scripted_server", str(project), *environment], cwd=ROOT)
    try:
        with httpx.Client(base_url=url_of(process, project), timeout=10) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()


def url_of(process: subprocess.Popen[bytes], project: Path) -> str:
    found: list[str] = []

    def said() -> bool:
        assert process.poll() is None, "the server ended"
        path = project / ".tidemill" / "server.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        found[:] = [known["url"]] if known.get("pid") == process.pid else []
        return bool(found)

    until(said, START_S)
    return found[0]


def until(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def start_run(client: httpx.Client, project: Path, *, lines: int = LINES) -> str:
    (project / "lines.txt").write_text(str(lines))
    pipeline = client.post("/api/pipelines", json={"config": CONFIG}).raise_for_status().json()["pipeline"]["id"]
    return str(client.post(f"/api/pipelines/{pipeline}/runs").raise_for_status().json()["id"])


def lines(client: httpx.Client, run_id: str) -> list[str]:
    return [e["message"] for e in client.get(f"/api/runs/{run_id}/logs").json()["entries"]]


ALL_LINES = ["begin", *(f"line {n}" for n in range(LINES)), "end"]


def check_a_killed_server_loses_nothing(project: Path, *environment: str) -> None:
    with server(project, *environment) as (process, client):
        run_id = start_run(client, project)
        until(lambda: len(lines(client, run_id)) > 10, RUN_S)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (project / "out.csv").exists(), "the run was over before the server was killed"
    with server(project, *environment) as (_, client):
        until(lambda: client.get(f"/api/runs/{run_id}").json()["state"] == "succeeded", RUN_S)
        run = client.get(f"/api/runs/{run_id}").json()
        assert lines(client, run_id) == ALL_LINES
    assert len((project / "starts.txt").read_text().split()) == 1
    assert (project / "out.csv").read_text() == "done"
    assert next((s["name"], s["state"], s["rows"]) for s in run["steps"]) == ("Load Sales", "succeeded", LINES)


def test_kill_9_in_the_middle_of_a_run_loses_nothing(tmp_path: Path) -> None:
    check_a_killed_server_loses_nothing(tmp_path)


def test_kill_9_in_the_middle_of_a_run_loses_nothing_on_postgresql(tmp_path: Path) -> None:
    with postgres() as url:
        check_a_killed_server_loses_nothing(tmp_path, f"TIDEMILL_DATABASE_URL={url}")


def test_a_run_that_ended_while_no_server_was_there_is_recorded(tmp_path: Path) -> None:
    with server(tmp_path) as (process, client):
        run_id = start_run(client, tmp_path)
        until(lambda: len(lines(client, run_id)) > 10, RUN_S)
        process.kill()
    until((tmp_path / "out.csv").exists, RUN_S)
    with server(tmp_path) as (_, client):
        until(lambda: client.get(f"/api/runs/{run_id}").json()["state"] == "succeeded", RUN_S)


def test_runs_that_waited_when_the_server_was_killed_are_run_in_their_order(tmp_path: Path) -> None:
    with server(tmp_path) as (process, client):
        first = start_run(client, tmp_path)
        pipeline = client.get(f"/api/runs/{first}").json()["pipelineId"]
        second = client.post(f"/api/pipelines/{pipeline}/runs").json()["id"]
        until(lambda: len(lines(client, first)) > 10, RUN_S)
        process.kill()
    with server(tmp_path) as (_, client):
        until(lambda: client.get(f"/api/runs/{second}").json()["state"] == "succeeded", RUN_S)
        one, two = (client.get(f"/api/runs/{r}").json() for r in (first, second))
    assert one["finishedAt"] <= two["startedAt"]


def test_a_cancel_that_a_crash_interrupted_is_carried_out(tmp_path: Path) -> None:
    with server(tmp_path) as (process, client):
        run_id = start_run(client, tmp_path, lines=3000)
        until(lambda: len(lines(client, run_id)) > 10, RUN_S)
        process.kill()
    # As if the server had been killed between recording the wish and acting on it.
    with sqlite3.connect(tmp_path / ".tidemill" / "tidemill.sqlite") as database:
        (document,) = database.execute("SELECT document FROM runs").fetchone()
        changed = {**json.loads(document), "state": "cancelling"}
        database.execute("UPDATE runs SET state = 'cancelling', document = ?", (json.dumps(changed),))
    with server(tmp_path) as (_, client):
        until(lambda: client.get(f"/api/runs/{run_id}").json()["state"] == "cancelled", RUN_S)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_asked_to_end_does_so_at_once_although_a_log_is_followed(tmp_path: Path, sent: signal.Signals) -> None:
    with server(tmp_path) as (process, client):
        run_id = start_run(client, tmp_path)
        with client.stream("GET", f"/api/runs/{run_id}/logs/stream") as stream:
            received = stream.iter_lines()
            assert next(received) == "event: run"
            begun = time.monotonic()
            process.send_signal(sent)
            for _ in received:
                pass
        process.wait(timeout=10)
        assert time.monotonic() - begun < 4
    assert not (tmp_path / ".tidemill" / "server.json").exists()
