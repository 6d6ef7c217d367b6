"""What carries runs through a crash of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class DurableEngine(Protocol):
    """Calls a run's stages in order, each at least once, and goes on where it was after a crash."""

    async def start(self, submit: Callable[[str], Awaitable[bool]], follow: Callable[[str], Awaitable[None]]) -> None:
        """Take up work, beginning with the runs that were under way when the process before this one ended.

        Args:
            submit: Brings the run with this id to its backend; False if there is nothing to follow. May be called again after a crash.
            follow: Returns when the run is over and that is recorded. May be called again after a crash.
        """

    async def begin(self, run_id: str) -> None:
        """Carry a run from now on; a second call with the same id does nothing."""

    async def stop(self) -> None:
        """Let go of everything; runs that are under way are taken up at the next start."""
