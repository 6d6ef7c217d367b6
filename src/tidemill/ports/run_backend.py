"""Where runs are executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tidemill.domain.artifact import ArtifactBundle
    from tidemill.domain.log import LogCursor, LogEntry
    from tidemill.domain.run import ExternalRef, Observation, Run, RunCapabilities


class RunBackend(Protocol):
    """Starts bundles, watches them, stops them, reads what they print.

    Every method may be called from another process than the one that submitted, also after that one died. A service behind the
    backend that cannot be reached raises `UpstreamUnavailable`.
    """

    @property
    def capabilities(self) -> RunCapabilities:
        """What this backend can do."""

    async def submit(self, run: Run, bundle: ArtifactBundle) -> ExternalRef:
        """Start the bundle's `pipeline.py`; a second call with the same `run.id` starts nothing and gives the same ref.

        Raises:
            UpstreamRejected: The backend will never be able to start this run.
            UpstreamUnavailable: It cannot at present.
        """

    async def observe(self, ref: ExternalRef) -> Observation:
        """What is known now: running, exited or lost. The observation of a run that ended is the same at every call but for `at`.

        Raises:
            NotFound: No run was ever submitted under this ref.
        """

    async def wait(self, ref: ExternalRef, *, timeout_s: float) -> Observation:
        """Like `observe`, but returns only when the run is over or `timeout_s` seconds have passed; the end is noticed at once where
        the backend can."""

    async def cancel(self, ref: ExternalRef) -> None:
        """Stop the run and everything it started: first politely, after a grace period by force.

        Returns when it is over, or at once if it already was.
        """

    def logs(self, ref: ExternalRef, *, after: LogCursor, follow: bool = True) -> AsyncIterator[LogEntry]:
        """Entries after the cursor, then each new one as it comes; ends when the run is over and all was read.

        With `follow` false it ends at once where the log ends at present. The same run read twice gives the same entries with the
        same numbers.
        """
