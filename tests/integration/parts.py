"""What the tests of services and HTTP share: pipelines that need no library, a sandbox that agrees, and an application over them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx

from tidemill.bootstrap import App, Parts, start
from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.domain.draft import Draft, Reading
from tidemill.domain.spec_yaml import dump_spec, load_spec
from tidemill.domain.verification import CheckName, TestResult, Verification, VerificationCheck
from tidemill.entrypoints.http.app import create_app
from tidemill.entrypoints.http.server import serve
from tidemill.services.pipelines import NewPipeline
from tidemill.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tidemill.domain.pipeline import PipelineSpec
    from tidemill.domain.run import Run

BASE_URL = "http://127.0.0.1:3000"
CONFIG = """\
name: Daily Sales
description: Sums up sales
steps:
  - type: source
    name: Load Sales
    config: {path: sales.csv, columns: {amount: number}}
  - type: destination
    name: Save Sales
    config: {path: out.csv}
"""
EVENT_CONFIG = CONFIG.replace("steps:", "trigger: event\nevent: orders.landed\nsteps:")
SCHEDULED_CONFIG = CONFIG.replace("steps:", 'trigger: scheduled\nschedule: "0 9 * * *"\nsteps:')
BRIEF = "Read sales.csv and write it to out.csv."

QUICK = """\
import json
def say(**said): print(json.dumps(said), flush=True)
say(time="2026-01-01T00:00:00+00:00", level="info", message="begin")
for step, rows in (("Load Sales", 5), ("Save Sales", 3)):
    say(step=step, event="started", message=step)
    say(step=step, event="finished", message=step, rows=rows, seconds=0.25, peakMemoryBytes=1024)
"""
FAILING = "import sys; print('no such column'); sys.exit(1)\n"
WAITING = """\
import pathlib, time
pathlib.Path("started.txt").write_text("yes")
while not pathlib.Path("go.txt").exists():
    time.sleep(0.02)
"""


@dataclass
class ScriptedSandbox:
    """Agrees to everything, or disagrees as told; runs nothing."""

    passes: bool = True
    verified: list[ArtifactBundle] = field(default_factory=list)

    async def prepare(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def verify(self, bundle: ArtifactBundle, *, timeout_s: float) -> Verification:
        self.verified.append(bundle)
        check = VerificationCheck(name=CheckName.TESTS, passed=self.passes, seconds=0.1)
        test = TestResult(name="test_values", passed=self.passes, message="" if self.passes else "assert 1 == 2")
        return Verification(passed=self.passes, checks=(check,), tests=(test,), isolation="scripted")


@dataclass
class Clock:
    """A clock that stands still until told."""

    now: datetime = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class ScriptedRenderer:
    """Renders every spec to the same pipeline.py."""

    code: str = QUICK

    def __call__(self, spec: PipelineSpec) -> ArtifactBundle:
        texts = {"config.yaml": dump_spec(spec), "pipeline.py": self.code, "tests.py": "def test_values(): pass\n", "README.md": f"# {spec.name}\n"}
        return ArtifactBundle(artifacts=tuple(Artifact(path=p, text=t) for p, t in texts.items()))


def scripted_reader(brief: str, name: str | None) -> Draft:
    """Understands one brief, and no sentence of another."""
    if BRIEF not in brief:
        return Draft(spec=None, readings=(Reading(sentence=brief, understood=False, hint="Name a source."),))
    rest = brief.replace(BRIEF, "").strip()
    not_understood = (Reading(sentence=rest, understood=False, hint="Say which column."),) if rest else ()
    spec = load_spec(CONFIG)
    named = spec if name is None else spec.model_copy(update={"name": name})
    return Draft(spec=named, readings=(Reading(sentence=BRIEF, understood=True, step="Load Sales"), *not_understood))


def settings_for(folder: Path, **environment: str) -> Settings:
    """Settings of a project in a temporary folder; cancelling is quick."""
    return read_settings({"TIDEMILL_RUNS__CANCEL_GRACE_S": "0.5", **environment}, working_folder=folder)


def scripted_parts(*, code: str = QUICK, sandbox: ScriptedSandbox | None = None, clock: Clock | None = None) -> Parts:
    return Parts(render=ScriptedRenderer(code), sandbox=sandbox or ScriptedSandbox(), read=scripted_reader, clock=clock)


@asynccontextmanager
async def application(settings: Settings, parts: Parts | None = None, *, engine: bool = True) -> AsyncIterator[App]:
    """A started application that is stopped in the end."""
    app = await start(settings, engine=engine, parts=parts or scripted_parts())
    try:
        yield app
    finally:
        await app.stop()


@asynccontextmanager
async def client_of(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application's HTTP face, without a socket."""
    transport = httpx.ASGITransport(create_app(app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


async def create(app: App, config: str = CONFIG) -> str:
    """The id of a new pipeline."""
    return (await app.pipelines.create(NewPipeline(load_spec(config)))).pipeline.id


async def over(app: App, run_id: str, timeout_s: float = 20) -> Run:
    """The run once it is over."""
    async with asyncio.timeout(timeout_s):
        while not (run := await app.runs.get(run_id)).state.is_final:
            await asyncio.sleep(0.01)
    return run


async def until(condition: object, timeout_s: float = 20) -> None:
    """Return once the condition, a function or coroutine function, holds."""
    async with asyncio.timeout(timeout_s):
        while True:
            held = condition()  # type: ignore[operator]
            if await held if asyncio.iscoroutine(held) else held:
                return
            await asyncio.sleep(0.01)


def sse_events(text: str) -> list[tuple[str, str, dict[str, object]]]:
    """(event, id, data) of a text/event-stream body."""
    events = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in fields:
            events.append((fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"])))
    return events


@contextmanager
def running_server(settings: Settings, parts: Parts) -> Iterator[str]:
    """The URL of a server that runs in a thread of this process."""
    loop = asyncio.new_event_loop()
    url: Future[str] = Future()
    serving = loop.create_task(serve(settings, ready=url.set_result, parts=parts))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield url.result(timeout=30)
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()
        loop.close()
