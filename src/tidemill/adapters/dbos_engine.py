"""`DurableEngine` on DBOS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbos import DBOS, DBOSConfig, SetWorkflowID

if TYPE_CHECKING:
    from sqlalchemy import Engine

Submit = Callable[[str], Awaitable[bool]]
Follow = Callable[[str], Awaitable[None]]

APPLICATION_VERSION = "runs-1"
"""Part of what recovery looks for: changed only when the workflow's stages change, not with every release."""
EXECUTOR_ID = "tidemill"
MAX_RECOVERIES = 1_000_000
"""A run may outlive any number of restarts; what ends it is its process."""

RECORDING_S = 2.0
"""How long a stop waits for DBOS to write down what is over; what it then has not, is taken up at the next start."""


@dataclass
class DbosEngine:
    """One workflow for each run, whose id is the run's: submit, then follow.

    The stages are given back their run id only, so nothing of ours is pickled into DBOS's tables.
    """

    engine: Engine
    """For DBOS's own tables; stays open when the durable engine stops."""
    _stages: set[asyncio.Task[object]] = field(default_factory=set)
    _recording: set[asyncio.Task[object]] = field(default_factory=set)
    """Tasks whose stages may be over, but are perhaps not yet in DBOS's tables."""
    _workflow: Callable[[str], Awaitable[None]] | None = None

    async def start(self, submit: Submit, follow: Follow) -> None:
        _quiet()
        DBOS(config=_config(self.engine))
        self._workflow = self._register(submit, follow)
        # Called on the event loop's own thread: DBOS then runs recovered workflows on this loop too.
        DBOS.launch()

    async def begin(self, run_id: str) -> None:
        if self._workflow is None:
            raise RuntimeError("the engine is not started")
        with SetWorkflowID(run_id):
            await DBOS.start_workflow_async(self._workflow, run_id)  # type: ignore[arg-type]  # an async function in DBOS's wrapping

    async def stop(self) -> None:
        """Cancel the stages under way: DBOS then leaves their workflows pending, which is what recovery takes up."""
        if self._workflow is None:
            return
        self._workflow = None
        for stage in self._stages:
            stage.cancel()
        await asyncio.gather(*self._stages, return_exceptions=True)
        if self._recording:
            await asyncio.wait(self._recording, timeout=RECORDING_S)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # DBOS made its own thread pool the loop's default, and has shut it down.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    def _register(self, submit: Submit, follow: Follow) -> Callable[[str], Awaitable[None]]:
        @DBOS.step(name="submit")
        async def submit_run(run_id: str) -> bool:
            with self._stage():
                return await submit(run_id)

        @DBOS.step(name="follow")
        async def follow_run(run_id: str) -> None:
            with self._stage():
                await follow(run_id)

        @DBOS.workflow(name="run", max_recovery_attempts=MAX_RECOVERIES)
        async def run(run_id: str) -> None:
            if await submit_run(run_id):
                await follow_run(run_id)

        return run

    @contextmanager
    def _stage(self) -> Iterator[None]:
        """Remember the task of a stage while it lasts."""
        task = asyncio.current_task()
        if task is not None:
            self._stages.add(task)
            self._recording.add(task)
            task.add_done_callback(self._recording.discard)
        try:
            yield
        finally:
            self._stages.discard(task)


def _config(engine: Engine) -> DBOSConfig:
    return DBOSConfig(
        name="tidemill",
        system_database_engine=engine,
        application_version=APPLICATION_VERSION,
        executor_id=EXECUTOR_ID,
        log_level="ERROR",
        # Nothing here waits for DBOS's notifications; a short poll only shortens the stop.
        notification_listener_polling_interval_sec=0.2,
        use_listen_notify=False,
        enable_otlp=False,
        # Also the threads of everything else on this loop that waits for a disk or a database.
        max_executor_threads=64,
    )


def _quiet() -> None:
    """DBOS speaks of its own service and of tasks cancelled at a stop; errors still come through."""
    logging.getLogger("dbos").setLevel(logging.ERROR)
