"""Where the files of pipelines are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tidemill.domain.artifact import ArtifactBundle


class ArtifactStore(Protocol):
    """One folder for each pipeline, whose files people may read and edit, and copies of every bundle that was run."""

    async def save(self, pipeline_id: str, bundle: ArtifactBundle) -> None:
        """Make the folder hold the bundle's files, all or none of them; its logs stay.

        Raises:
            UpstreamUnavailable: The disk is full or may not be written.
        """

    async def load(self, pipeline_id: str) -> ArtifactBundle | None:
        """The files as they are now, with what people changed in them; None if there is no folder.

        Raises:
            Conflict: A file is not UTF-8 text, cannot be read, or is larger than an artifact can be.
        """

    async def exists(self, pipeline_id: str) -> bool:
        """True if there is a folder (or anything else) of that name."""

    async def remove(self, pipeline_id: str) -> None:
        """Remove the folder with its logs; one that is not there is no error."""

    async def keep(self, bundle: ArtifactBundle) -> str:
        """Keep an unchangeable copy under the bundle's digest, which is given."""

    async def kept(self, digest: str) -> ArtifactBundle:
        """The copy that was kept.

        Raises:
            NotFound: None was.
        """
