"""The files a spec is rendered to."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Annotated

from pydantic import Field, field_validator

from tidemill.domain.values import FrozenModel


class Artifact(FrozenModel):
    """One file of a bundle."""

    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.][A-Za-z0-9_./-]*$")]
    """Relative to the pipeline's folder, and inside it."""
    text: str

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        if ".." in path.split("/"):
            raise ValueError(f"{path!r} leaves the pipeline's folder")
        return path


class ArtifactBundle(FrozenModel):
    """The artifact folder of one spec: config.yaml, pipeline.py, tests.py, EXECUTION_STRATEGY.md, README.md, .gitignore."""

    artifacts: tuple[Artifact, ...]
    untested: tuple[str, ...] = ()
    """Names of steps whose values tests.py does not check against the reference evaluation (Python steps, SQL it cannot evaluate)."""

    @cached_property
    def digest(self) -> str:
        """sha256 over path and content of every file, hex; the same files give the same digest."""
        total = hashlib.sha256()
        for a in sorted(self.artifacts, key=lambda a: a.path):
            total.update(f"{a.path}\0{len(a.text.encode())}\0".encode() + a.text.encode())
        return total.hexdigest()

    def text_of(self, path: str) -> str:
        """The content of one file.

        Raises:
            KeyError: The bundle has no such file.
        """
        for a in self.artifacts:
            if a.path == path:
                return a.text
        raise KeyError(path)
