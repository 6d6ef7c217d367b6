"""Where a bundle's own tests are run before a person has agreed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tidemill.domain.artifact import ArtifactBundle
    from tidemill.domain.verification import Verification


class Sandbox(Protocol):
    """Runs code nobody has read yet: no network, no home, no secrets, bounded in time, memory and disk."""

    async def prepare(self) -> None:
        """A verification is likely to follow: a sandbox may use the time until then. Returns at once."""

    async def verify(self, bundle: ArtifactBundle, *, timeout_s: float) -> Verification:
        """Import `pipeline.py` and run `tests.py`.

        Code that fails, hangs, or breaks out of its limits is an answer, not an error: `passed` is false and the check says why.

        Raises:
            Unsupported: This machine has no means of isolation; the text says what to install.
        """

    async def close(self) -> None:
        """Give back what `prepare` took; a second call does nothing."""
