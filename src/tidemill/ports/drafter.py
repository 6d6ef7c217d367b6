"""Who turns plain language into a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tidemill.domain.draft import Draft


class Drafter(Protocol):
    """Reads a brief; `Draft.engine` says who did it in the end."""

    async def draft(self, brief: str, *, name: str | None = None) -> Draft:
        """A draft with a reading for every sentence.

        Args:
            brief: Not empty.
            name: What the pipeline is to be called, where the person said so apart from the brief.
        """
