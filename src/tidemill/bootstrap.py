"""The only place where adapters meet services: `Settings` -> `App`."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from tidemill.adapter_registry import adapter
from tidemill.domain.artifact import ArtifactBundle
from tidemill.domain.draft import Draft
from tidemill.domain.grammar import read_instructions
from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.pipeline_check import CheckContext
from tidemill.domain.run import Run
from tidemill.errors import Disabled
from tidemill.render.bundle import render_bundle
from tidemill.services.dispatching import Dispatcher
from tidemill.services.drafting import DraftingService, GrammarDrafter
from tidemill.services.model_drafting import ModelDrafter
from tidemill.services.pipelines import PipelineService
from tidemill.services.rendering import Renderer
from tidemill.services.runs import RunService
from tidemill.services.scheduling import Scheduler
from tidemill.services.verification import VerificationService
from tidemill.settings import Settings, prepare_data_folder

if TYPE_CHECKING:
    from tidemill.domain.finding import Finding
    from tidemill.domain.proposal_check import ReadSchema
    from tidemill.ports.drafter import Drafter
    from tidemill.ports.run_backend import RunBackend
    from tidemill.ports.sandbox import Sandbox
    from tidemill.ports.spec_proposer import SpecProposer
    from tidemill.ports.unit_of_work import Store


class Lock(Protocol):
    """Something only one process has."""

    def release(self) -> None: ...


@dataclass(frozen=True)
class Parts:
    """What a start may be given instead of what the settings name."""

    render: Callable[[PipelineSpec], ArtifactBundle] | None = None
    sandbox: Sandbox | None = None
    read: Callable[[str, str | None], Draft] | None = None
    clock: Callable[[], datetime] | None = None


@dataclass(frozen=True)
class App:
    """The services, started."""

    settings: Settings
    clock: Callable[[], datetime]
    store: Store
    pipelines: PipelineService
    runs: RunService
    drafting: DraftingService
    dispatcher: Dispatcher | None
    """None if this process carries no runs."""
    closing: AsyncExitStack

    @property
    def carries_runs(self) -> bool:
        """True if runs that are asked for here are executed by this process."""
        return self.dispatcher is not None

    def require_engine(self) -> Dispatcher:
        """What carries runs.

        Raises:
            Disabled: This process was started without it.
        """
        if self.dispatcher is None:
            raise Disabled("This process does not carry runs; start `tidemill up` and ask that one.")
        return self.dispatcher

    async def cancel(self, run_id: str) -> Run:
        """Ask a run to stop."""
        return await self.require_engine().cancel(run_id)

    async def check_database(self) -> None:
        """Return if the database answers.

        Raises:
            UpstreamUnavailable: It does not.
        """
        await self.store.apply(lambda work: work.schedules.next_fire_at())

    async def stop(self) -> None:
        """Let go of everything; pipelines that run go on, and are taken up at the next start. A second call does nothing."""
        self.runs.changes.close()
        await self.closing.aclose()


async def start(settings: Settings, *, engine: bool = True, parts: Parts | None = None) -> App:
    """Open the database, take up the runs that were under way, and begin with schedules.

    Args:
        settings: Everything chosen.
        engine: Whether this process carries runs; only one process of a project can.
        parts: Replacements, for tests and for programs that embed Tidemill.

    Raises:
        Conflict: Another process carries runs for this project.
        UpstreamUnavailable: The database cannot be reached.
    """
    parts = parts or Parts()
    closing = AsyncExitStack()
    try:
        prepare_data_folder(settings)
        database = adapter("database")(settings.database)
        closing.callback(database.dispose)
        if engine:
            await _take_locks(settings, database, closing)
        await asyncio.to_thread(adapter("database-schema"), database)
        app = _assemble(settings, database, parts, closing, keep_sandbox=engine)
        if not engine:
            return app
        return await _with_engine(app)
    except BaseException:
        await closing.aclose()
        raise


def _assemble(settings: Settings, database: object, parts: Parts, closing: AsyncExitStack, *, keep_sandbox: bool) -> App:
    clock = parts.clock or (lambda: datetime.now(UTC))
    store = adapter("store")(database)
    artifacts = adapter("artifact-store")(settings.artifacts, settings.data / "bundles")
    renderer = Renderer(parts.render or _renderer(), check_context(settings), _look(settings))
    sandbox = parts.sandbox or _sandbox(settings, keep_prepared=keep_sandbox)
    closing.push_async_callback(sandbox.close)
    verification = VerificationService(sandbox, timeout_s=settings.verification.timeout_s)
    return App(
        settings=settings,
        clock=clock,
        store=store,
        pipelines=PipelineService(store, artifacts, renderer, verification, clock),
        runs=RunService(store, artifacts, _backend(settings), renderer, clock, new_run_id),
        drafting=DraftingService(GrammarDrafter(parts.read or _reader(settings)), renderer, verification, _models(settings)),
        dispatcher=None,
        closing=closing,
    )


async def _take_locks(settings: Settings, database: object, closing: AsyncExitStack) -> None:
    folder_lock: Lock = adapter("process-lock")(settings.engine_lock)
    closing.callback(folder_lock.release)
    database_lock: Lock = await asyncio.to_thread(adapter("engine-lock"), database)
    closing.callback(database_lock.release)


async def _with_engine(app: App) -> App:
    """Runs that were under way first, schedules second."""
    database = adapter("database")(_engine_url(app.settings))
    app.closing.callback(database.dispose)
    dispatcher = Dispatcher(app.runs, adapter("durable-engine")(database), app.settings.runs.concurrency)
    app.closing.push_async_callback(dispatcher.stop)
    await dispatcher.start()
    scheduler = Scheduler(app.store, app.runs, app.clock)
    app.pipelines.schedule_changed.append(scheduler.wake)
    app.closing.push_async_callback(scheduler.stop)
    scheduler.start()
    return replace(app, dispatcher=dispatcher)


def _backend(settings: Settings) -> RunBackend:
    chosen = adapter("local-run-settings")(
        project=settings.project,
        runs=settings.data / "runs",
        artifacts=settings.artifacts,
        environment=dict(os.environ),
        grace_s=settings.runs.cancel_grace_s,
    )
    backend: RunBackend = adapter("local-run-backend")(chosen)
    return backend


def _sandbox(settings: Settings, *, keep_prepared: bool) -> Sandbox:
    chosen = adapter("sandbox-settings")(allow_unsandboxed=settings.verification.allow_unsandboxed, keep_prepared=keep_prepared)
    sandbox: Sandbox = adapter("sandbox")(chosen)
    return sandbox


def _engine_url(settings: Settings) -> str:
    """DBOS's own tables: in a schema of the PostgreSQL database, or in a SQLite file beside ours, so that neither waits for the other."""
    return settings.database if settings.database.startswith("postgres") else f"sqlite:///{settings.data / 'engine.sqlite'}"


def _renderer() -> Callable[[PipelineSpec], ArtifactBundle]:
    return partial(render_bundle, format_python=adapter("python-formatter"))


def check_context(settings: Settings) -> CheckContext:
    """Where pipelines will run."""
    return CheckContext(project=str(settings.project), allowed_folders=tuple(map(str, settings.allowed_folders)))


def _look(settings: Settings) -> Callable[[PipelineSpec], tuple[Finding, ...]]:
    return partial(adapter("project-check"), root=settings.project, allowed=settings.allowed_folders)


def _schema_reader(settings: Settings) -> ReadSchema:
    return partial(adapter("schema-reader"), root=settings.project, allowed=settings.allowed_folders)


def _reader(settings: Settings) -> Callable[[str, str | None], Draft]:
    read_schema = _schema_reader(settings)

    def read(brief: str, name: str | None) -> Draft:
        return read_instructions(brief, read_schema, name=name)

    return read


def _models(settings: Settings) -> Mapping[str, Drafter]:
    """The drafters that ask a model; each is imported and connected when it is first used."""
    context, read_schema = check_context(settings), _schema_reader(settings)
    return {p: ModelDrafter(partial(_connect_model, p), read_schema, context) for p in ("openai", "anthropic")}


def _connect_model(provider: str) -> SpecProposer:
    proposer: SpecProposer = adapter(f"model-proposer:{provider}")(os.environ)
    return proposer


def new_run_id(now: datetime) -> str:
    """An id that sorts by time: `20260401-093000-1f0c9a2b`."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
