"""A proposer that asks again where that can help."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tidemill.errors import UpstreamError, UpstreamThrottled, UpstreamTimeout
from tidemill.ports.spec_proposer import Answer, Ask, Progress, SpecProposer


@dataclass(frozen=True)
class RetryingProposer:
    """Repeats a request that failed for a reason that passes; one that ran into its time-out is not repeated."""

    inner: SpecProposer
    attempts: int = 3
    first_wait_s: float = 0.5
    """Doubled each time, unless the server says how long to wait."""
    longest_wait_s: float = 30.0
    """A server that wants more than this is not waited for."""

    @property
    def engine(self) -> str:
        return self.inner.engine

    async def propose(self, ask: Ask, *, progress: Progress | None = None) -> Answer:
        """See `SpecProposer.propose`."""
        for attempt in range(1, self.attempts + 1):
            try:
                return await self.inner.propose(ask, progress=progress)
            except UpstreamError as failure:
                wait_s = self._wait_s(failure, attempt)
                if wait_s is None:
                    raise
            await asyncio.sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def _wait_s(self, failure: UpstreamError, attempt: int) -> float | None:
        """How long to wait before the next attempt, None if there is to be none."""
        if not failure.retryable or isinstance(failure, UpstreamTimeout) or attempt == self.attempts:
            return None
        asked_s = failure.retry_after_s if isinstance(failure, UpstreamThrottled) else None
        wait_s = self.first_wait_s * 2 ** (attempt - 1) if asked_s is None else asked_s
        return wait_s if wait_s <= self.longest_wait_s else None
