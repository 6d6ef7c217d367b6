"""Runs: asked for, looked at, stopped, read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tidemill.domain.artifact import ArtifactBundle
from tidemill.domain.log import LogCursor, LogEntry
from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.run import Observation, ObservationKind, Run, RunState, RunTrigger, StepRun
from tidemill.domain.run_transition import transition
from tidemill.domain.saved_pipeline import SavedPipeline, spec_digest
from tidemill.domain.spec_yaml import load_spec
from tidemill.errors import Conflict, IllegalTransition, NotFound, StaleVersion
from tidemill.ports.artifact_store import ArtifactStore
from tidemill.ports.run_backend import RunBackend
from tidemill.ports.unit_of_work import Page, RunQuery, Store, UnitOfWork
from tidemill.services.rendering import Renderer
from tidemill.services.run_changes import RunChanges

ATTEMPTS = 20
"""How often a change is applied again to a run that somebody else changed meanwhile; each time somebody got further."""
BUFFERED_ENTRIES = 1000
"""Read ahead of a client that is slow to take them."""
PENDING_LOOK_S = 5.0
"""A stream looks again at a run that waits, in case another process changed it."""


@dataclass(frozen=True)
class Request:
    """What is asked for with a run."""

    trigger: RunTrigger = RunTrigger.MANUAL
    event: str | None = None
    scheduled_for: datetime | None = None
    idempotency_key: str | None = None
    rerun_of: str | None = None


@dataclass(frozen=True)
class Prepared:
    """What a run would execute."""

    bundle: ArtifactBundle
    spec_digest: str
    step_names: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class RunService:
    """Runs of pipelines."""

    store: Store
    artifacts: ArtifactStore
    backend: RunBackend
    renderer: Renderer
    clock: Callable[[], datetime]
    new_id: Callable[[datetime], str]
    changes: RunChanges = field(default_factory=RunChanges)
    wake: list[Callable[[], None]] = field(default_factory=list)
    """Called after a run was added; the dispatcher puts itself here."""

    async def request(self, pipeline_id: str, asked: Request | None = None) -> Run:
        """A new run that waits for its turn; with a scheduled time or idempotency key that had its run, that run.

        What is run is decided now: the pipeline's artifacts as they are on disk, kept under their digest.

        Raises:
            NotFound: There is no such pipeline.
            Conflict: Its artifacts cannot be read.
            InvalidInput: It has no artifacts and its config.yaml is not valid.
        """
        asked = asked or Request()
        pipeline = await self.store.apply(lambda work: work.pipelines.get(pipeline_id))
        prepared = await self._prepare(pipeline)
        return await self._add(pipeline_id, prepared, asked)

    async def rerun(self, run_id: str, *, idempotency_key: str | None = None) -> Run:
        """A new run of the very files that an earlier run executed."""
        run = await self.get(run_id)
        if not run.bundle_digest:
            raise Conflict(f"Run `{run_id}` never had anything to execute; run its pipeline `{run.pipeline_id}` instead.", run_id=run_id)
        await self.store.apply(lambda work: work.pipelines.get(run.pipeline_id))
        bundle = await self.artifacts.kept(run.bundle_digest)
        same = Prepared(bundle, run.spec_digest, tuple(s.name for s in run.steps), run.note)
        return await self._add(run.pipeline_id, same, Request(idempotency_key=idempotency_key, rerun_of=run_id))

    async def record_unstarted(self, pipeline_id: str, asked: Request, *, kind: ObservationKind, detail: str) -> Run:
        """Keep a run that is over before it began (`kind` refused or skipped), so that a schedule's failures and gaps are seen."""
        run = self._new(pipeline_id, asked, spec_digest="", bundle_digest="")
        over = transition(run, Observation(kind=kind, at=self.clock(), detail=detail))
        return await self.store.apply(lambda work: work.runs.add(over))

    async def get(self, run_id: str) -> Run:
        """One run.

        Raises:
            NotFound: There is none.
        """
        return await self.store.apply(lambda work: work.runs.get(run_id))

    async def find(self, query: RunQuery, page: Page) -> tuple[Sequence[Run], int]:
        """Runs, newest first, and how many there are in all."""
        return await self.store.apply(lambda work: work.runs.find(query, page))

    async def cancel(self, run_id: str) -> Run:
        """Ask a run to stop; one that waits is cancelled at once, one that is cancelled already is given back.

        Raises:
            IllegalTransition: The run is over.
        """
        run = await self.get(run_id)
        if run.state.is_final and run.state is not RunState.CANCELLED:
            raise IllegalTransition(f"Run `{run_id}` is over ({run.state.value}); only a run that waits or runs can be cancelled.", run_id=run_id)
        return await self.change(run_id, lambda run: transition(run, Observation(kind=ObservationKind.CANCEL_REQUESTED, at=self.clock())))

    async def change(self, run_id: str, move: Callable[[Run], Run]) -> Run:
        """Load, apply, save; again if somebody saved in between."""
        for _ in range(ATTEMPTS):
            with contextlib.suppress(StaleVersion):
                changed = await self.store.apply(lambda work: _change(work, run_id, move))
                self.changes.tell(run_id)
                return changed
        raise StaleVersion(f"Run `{run_id}` changed {ATTEMPTS} times meanwhile; try again.", run_id=run_id)

    async def entries(self, run_id: str, *, after: LogCursor, limit: int) -> Sequence[LogEntry]:
        """Up to `limit` log entries after the cursor, as far as the log goes at present."""
        run = await self.get(run_id)
        found: list[LogEntry] = []
        if run.ref is not None:
            with contextlib.suppress(NotFound):
                async for entry in self.backend.logs(run.ref, after=after, follow=False):
                    found.append(entry)
                    if len(found) == limit:
                        break
        return found

    async def stream(self, run_id: str, *, after: LogCursor) -> AsyncIterator[LogEntry | Run]:
        """Each log entry after the cursor as it comes, and the run once it is over.

        Ends early, without the run, when the process is about to end.
        """
        run = await self._when(run_id, lambda r: r.ref is not None or r.state.is_final)
        if run.ref is not None and not self.changes.closed:
            async for entry in self._entries_until_closed(run, after):
                yield entry
        run = await self._when(run_id, lambda r: r.state.is_final)
        if run.state.is_final:
            yield run

    async def _prepare(self, pipeline: SavedPipeline) -> Prepared:
        """The artifacts on disk if there is a pipeline.py among them, else what the config.yaml there is rendered to."""
        bundle = await self.artifacts.load(pipeline.id)
        if bundle is None:
            return await self._rendered(pipeline.spec)
        paths = {a.path for a in bundle.artifacts}
        if "pipeline.py" in paths:
            return _prepared(pipeline.spec, bundle, _edit_note(pipeline, bundle))
        return await self._rendered(load_spec(bundle.text_of("config.yaml")) if "config.yaml" in paths else pipeline.spec)

    async def _rendered(self, spec: PipelineSpec) -> Prepared:
        return _prepared(spec, (await self.renderer.bundle(spec))[0], "Rendered from config.yaml for this run.")

    async def _add(self, pipeline_id: str, prepared: Prepared, asked: Request) -> Run:
        digest = await self.artifacts.keep(prepared.bundle)
        new = self._new(pipeline_id, asked, spec_digest=prepared.spec_digest, bundle_digest=digest)
        run = new.model_copy(update={"steps": tuple(StepRun(name=n) for n in prepared.step_names), "note": prepared.note})
        run = await self.store.apply(lambda work: work.runs.add(run, idempotency_key=asked.idempotency_key))
        for wake in self.wake:
            wake()
        return run

    def _new(self, pipeline_id: str, asked: Request, *, spec_digest: str, bundle_digest: str) -> Run:
        now = self.clock()
        return Run(
            id=self.new_id(now),
            pipeline_id=pipeline_id,
            spec_digest=spec_digest,
            bundle_digest=bundle_digest,
            trigger=asked.trigger,
            event=asked.event,
            scheduled_for=asked.scheduled_for,
            rerun_of=asked.rerun_of,
            requested_at=now,
        )

    async def _when(self, run_id: str, ready: Callable[[Run], bool]) -> Run:
        """The run once `ready` holds, or as it is when the process is about to end."""
        with self.changes.watch(run_id) as changed:
            while True:
                changed.clear()
                run = await self.get(run_id)
                if ready(run) or self.changes.closed:
                    return run
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PENDING_LOOK_S):
                        await changed.wait()

    async def _entries_until_closed(self, run: Run, after: LogCursor) -> AsyncIterator[LogEntry]:
        if run.ref is None:
            return
        queue: asyncio.Queue[LogEntry | None] = asyncio.Queue(maxsize=BUFFERED_ENTRIES)
        pump = asyncio.create_task(_pump(self.backend.logs(run.ref, after=after), queue))
        try:
            with self.changes.cancel_on_close(pump):
                while (entry := await queue.get()) is not None:
                    yield entry
        finally:
            pump.cancel()


async def _pump(entries: AsyncIterator[LogEntry], queue: asyncio.Queue[LogEntry | None]) -> None:
    """Move entries into the queue, then None; when cancelled, the None takes the place of what nobody waits for any more."""
    try:
        async for entry in entries:
            await queue.put(entry)
        await queue.put(None)
    except asyncio.CancelledError:
        while queue.full():
            queue.get_nowait()
        queue.put_nowait(None)
        raise


def _change(work: UnitOfWork, run_id: str, move: Callable[[Run], Run]) -> Run:
    run = work.runs.get(run_id)
    changed = move(run)
    if changed.version != run.version:
        work.runs.save(changed, expected_version=run.version)
    return changed


def _prepared(spec: PipelineSpec, bundle: ArtifactBundle, note: str) -> Prepared:
    return Prepared(bundle, spec_digest(spec), tuple(s.name for s in spec.steps), note)


def _edit_note(pipeline: SavedPipeline, bundle: ArtifactBundle) -> str:
    if pipeline.bundle_digest is None:
        return "Runs the pipeline.py that was put beside config.yaml."
    return "" if bundle.digest == pipeline.bundle_digest else "Runs the artifacts as they were edited after they were rendered."
