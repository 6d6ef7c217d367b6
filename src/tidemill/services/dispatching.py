"""Starts waiting runs when there is room for them, and carries each to its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from tidemill.domain.log import LogCursor
from tidemill.domain.run import ExternalRef, Observation, ObservationKind, Run, RunState, StepRun
from tidemill.domain.run_transition import apply_log, transition
from tidemill.errors import IllegalTransition, NotFound, TidemillError
from tidemill.ports.durable_engine import DurableEngine
from tidemill.services.runs import RunService

T = TypeVar("T")
LOG = structlog.get_logger(__name__)

SAVE_STEPS_EVERY_S = 0.25
"""How far the recorded step states may lag behind the log."""
WAIT_S = 600.0
"""Longest single wait for the end of a run; the backend tells the end at once, so this only bounds a lost notice."""
LOOK_AGAIN_S = 30.0
"""The dispatcher looks at waiting runs this often even if nobody woke it."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
SHORT_LOOK_S = 0.02
END_S = 30.0
"""How long a stop waits for runs that are being cancelled: longer than the usual grace period and the forced end after it."""
LOG_END_S = 10.0
"""How long the end of the log may take after the end of the run."""


@dataclass
class Dispatcher:
    """At most `concurrency` runs at once and one run of each pipeline; the others wait in the order in which they were asked for."""

    runs: RunService
    engine: DurableEngine
    concurrency: int
    _carried: dict[str, str] = field(default_factory=dict)
    """Run id to pipeline id, of the runs that this process carries."""
    _followed: set[str] = field(default_factory=set)
    """Ids of the runs whose end is being waited for."""
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _ending: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """Run id to the task that ends its processes."""
    _cancelled: set[str] = field(default_factory=set)
    """Ids of the runs whose processes were asked to end, until that is recorded."""

    async def start(self) -> None:
        """Take up what was under way, then what waits."""
        for run in await self.runs.store.apply(lambda work: work.runs.unfinished()):
            if run.state is not RunState.PENDING:
                self._carried[run.id] = run.pipeline_id
        await self.engine.start(self.submit, self.follow)
        for run_id in tuple(self._carried):
            await self.engine.begin(run_id)
        self.runs.wake.append(self._woken.set)
        self._spawn(self._dispatch_forever())

    async def stop(self) -> None:
        """Let go; runs go on by themselves and are taken up at the next start. Those being cancelled are seen to their end."""
        self.runs.wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._until_cancelled()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.engine.stop()

    async def cancel(self, run_id: str) -> Run:
        """Ask a run to stop; its process group is ended in the background."""
        run = await self.runs.cancel(run_id)
        if run.state is RunState.CANCELLING and run.ref is not None:
            self._end_in_background(run_id, run.ref)
        return run

    async def submit(self, run_id: str) -> bool:
        """Bring a run to its backend and record where it is; False if it is over. A second call starts nothing anew."""
        run = await _until_done(run_id, lambda: self.runs.get(run_id))
        if run.state.is_final:
            return self._let_go(run_id)
        if run.ref is None and not await self._submit(run):
            return self._let_go(run_id)
        return True

    async def follow(self, run_id: str) -> None:
        """Record steps while the run goes on, and its end."""
        if run_id in self._followed:
            return
        self._followed.add(run_id)
        try:
            await _until_done(run_id, lambda: self._follow(run_id))
        finally:
            self._followed.discard(run_id)
            self._let_go(run_id)

    async def _dispatch_forever(self) -> None:
        while True:
            self._woken.clear()
            await _until_done("dispatch", self._dispatch)
            try:
                # Not `wait_for`, which in Python 3.11 swallows a cancellation that comes together with the event.
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._woken.wait()
            except TimeoutError:
                await _until_done("dispatch", self._follow_the_lost)

    async def _follow_the_lost(self) -> None:
        """Follow runs that the durable engine does not know, after its tables were lost or put back from an older copy."""
        for run in await self.runs.store.apply(lambda work: work.runs.unfinished()):
            if run.ref is not None and run.id not in self._followed:
                self._spawn(self.follow(run.id))

    async def _dispatch(self) -> None:
        for run in await self.runs.store.apply(lambda work: work.runs.unfinished()):
            if len(self._carried) >= self.concurrency:
                return
            if run.state is RunState.PENDING and run.pipeline_id not in self._carried.values():
                self._carried[run.id] = run.pipeline_id
                await self.engine.begin(run.id)

    async def _submit(self, run: Run) -> bool:
        now = self.runs.clock
        try:
            bundle = await self.runs.artifacts.kept(run.bundle_digest)
            ref = await _until_available(run.id, lambda: self.runs.backend.submit(run, bundle))
        except Exception as error:
            # Whatever it is, the run must not hold its place for ever.
            detail = error.message if isinstance(error, TidemillError) else f"It could not be started: {error!r}."
            LOG.warning("run not started", run=run.id, error=repr(error))
            await self._observed(run.id, Observation(kind=ObservationKind.REFUSED, at=now(), detail=detail), run.steps)
            return False
        try:
            await self._observed(run.id, Observation(kind=ObservationKind.RUNNING, at=now(), ref=ref), run.steps)
        except IllegalTransition:
            # A person cancelled it in the moment between the look at it and its start.
            await self.runs.backend.cancel(ref)
            return False
        return True

    async def _follow(self, run_id: str) -> None:
        run = await self.runs.get(run_id)
        ref = run.ref
        if ref is None or run.state.is_final:
            return
        self._carried[run_id] = run.pipeline_id
        if run.state is RunState.CANCELLING:
            self._end_in_background(run_id, ref)
        steps = _Steps(run.model_copy(update={"steps": tuple(StepRun(name=s.name) for s in run.steps)}))
        reading = asyncio.create_task(self._read_steps(ref, steps))
        saving = asyncio.create_task(self._save_steps(run.id, steps))
        try:
            seen = await _until_done(run.id, lambda: self._until_over(ref))
            await asyncio.wait({reading}, timeout=LOG_END_S)
        finally:
            reading.cancel()
            saving.cancel()
        await asyncio.gather(reading, saving, return_exceptions=True)
        await self._observed(run.id, seen, steps.run.steps)

    async def _until_over(self, ref: ExternalRef) -> Observation:
        while True:
            try:
                seen = await self.runs.backend.wait(ref, timeout_s=WAIT_S)
            except NotFound as error:
                return Observation(kind=ObservationKind.LOST, at=self.runs.clock(), detail=error.message)
            if seen.is_final:
                return seen

    async def _read_steps(self, ref: ExternalRef, steps: _Steps) -> None:
        """Fold the log from its beginning, so that nothing is counted twice after a crash."""

        async def read() -> None:
            async for entry in self.runs.backend.logs(ref, after=steps.cursor):
                steps.cursor = entry.cursor
                if entry.event is not None:
                    steps.run = apply_log(steps.run, entry)
                    steps.changed.set()

        with contextlib.suppress(NotFound):
            await _until_done(steps.run.id, read)

    async def _save_steps(self, run_id: str, steps: _Steps) -> None:
        while True:
            await steps.changed.wait()
            steps.changed.clear()
            await _until_done(run_id, lambda: self.runs.change(run_id, lambda run: _with_steps(run, steps.run.steps)))
            await asyncio.sleep(SAVE_STEPS_EVERY_S)

    async def _observed(self, run_id: str, seen: Observation, steps: tuple[StepRun, ...]) -> None:
        await _until_done(run_id, lambda: self.runs.change(run_id, lambda run: transition(_with_steps(run, steps), seen)))

    def _end_in_background(self, run_id: str, ref: ExternalRef) -> None:
        self._cancelled.add(run_id)
        if run_id not in self._ending:
            self._ending[run_id] = self._spawn(self._end(run_id, ref))

    async def _end(self, run_id: str, ref: ExternalRef) -> None:
        try:
            await _until_done(run_id, lambda: self.runs.backend.cancel(ref))
        finally:
            del self._ending[run_id]

    async def _until_cancelled(self) -> None:
        """Until the runs being cancelled are ended, and that is recorded."""
        while self._ending or self._cancelled & self._carried.keys():
            await asyncio.sleep(SHORT_LOOK_S)

    def _let_go(self, run_id: str) -> bool:
        self._carried.pop(run_id, None)
        self._cancelled.discard(run_id)
        self._woken.set()
        return False

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


@dataclass
class _Steps:
    """How far the log was folded into step states."""

    run: Run
    cursor: LogCursor = field(default_factory=LogCursor)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


def _with_steps(run: Run, steps: tuple[StepRun, ...]) -> Run:
    if run.state.is_final or run.steps == steps:
        return run
    return run.model_copy(update={"steps": steps, "version": run.version + 1})


async def _until_available(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat while the failure is one that passes; a run must not be lost because the database was away for a minute.

    Raises:
        TidemillError: One that repeating cannot help.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return await attempt()
        except TidemillError as error:
            if not error.retryable:
                raise
            LOG.warning("waiting for a service", work=what, error=error.message, pause_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _until_done(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat also after a failure nobody foresaw: what carries runs must live on.

    Raises:
        TidemillError: One that repeating cannot help.
    """
    while True:
        try:
            return await _until_available(what, attempt)
        except TidemillError:
            raise
        except Exception:
            LOG.exception("will be tried again", work=what)
        await asyncio.sleep(LONGEST_PAUSE_S)
