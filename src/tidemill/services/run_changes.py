"""Tells those who wait in this process that a run changed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class RunChanges:
    """Wakes watchers of a run; belongs to one event loop."""

    closed: bool = False
    """True once the process is about to end: nobody should wait any longer."""
    _ending: set[asyncio.Task[None]] = field(default_factory=set)
    _watchers: dict[str, set[asyncio.Event]] = field(default_factory=lambda: defaultdict(set))

    @contextmanager
    def watch(self, run_id: str) -> Iterator[asyncio.Event]:
        """An event that is set by each change from now on; clear it before looking at the run."""
        event = asyncio.Event()
        if self.closed:
            event.set()
        self._watchers[run_id].add(event)
        try:
            yield event
        finally:
            self._watchers[run_id].discard(event)
            if not self._watchers[run_id]:
                del self._watchers[run_id]

    @contextmanager
    def cancel_on_close(self, task: asyncio.Task[None]) -> Iterator[None]:
        """Cancel the task when the process is about to end."""
        self._ending.add(task)
        if self.closed:
            task.cancel()
        try:
            yield
        finally:
            self._ending.discard(task)

    def tell(self, run_id: str) -> None:
        """The run changed."""
        for event in self._watchers.get(run_id, ()):
            event.set()

    def close(self) -> None:
        """Wake everybody for good."""
        self.closed = True
        for task in self._ending:
            task.cancel()
        for events in self._watchers.values():
            for event in events:
                event.set()
