"""`SavedPipeline`: a spec with an id, as it stands in its latest revision."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tidemill.domain.pipeline import MissedRuns, PipelineSpec
from tidemill.domain.run import RunId, UtcDatetime
from tidemill.domain.spec_yaml import spec_document
from tidemill.domain.values import FrozenModel

MAX_ID_LENGTH = 60
"""Leaves room for a counter within the 63 characters of a Kubernetes name."""


class PipelineOrigin(StrEnum):
    """How a pipeline came about."""

    BRIEF = "brief"
    """Drafted from plain language."""
    CONFIG = "config"
    """A spec that a person or a program wrote."""


class SavedPipeline(FrozenModel):
    """A pipeline as it is kept; each change of its spec makes the next revision."""

    id: RunId
    """Name of its folder below `pipeline_artifacts/`."""
    spec: PipelineSpec
    revision: Annotated[int, Field(ge=1)] = 1
    spec_digest: str
    bundle_digest: str | None
    """Digest of the artifacts that were rendered from the spec; None if it keeps none and they are rendered for each run."""
    origin: PipelineOrigin = PipelineOrigin.CONFIG
    owner_email: str | None = None
    created_at: UtcDatetime
    updated_at: UtcDatetime
    version: Annotated[int, Field(ge=1)] = 1
    """Grows by one with each save; a save is refused if the stored one differs."""

    @property
    def name(self) -> str:
        return self.spec.name


class PipelineSchedule(FrozenModel):
    """The times at which a pipeline runs, and up to when they were dealt with."""

    pipeline_id: RunId
    cron: str
    timezone: str
    """IANA name."""
    missed_runs: MissedRuns
    considered_until: UtcDatetime
    """Every scheduled time up to here, inclusive, has its run or was left out on purpose."""
    next_fire_at: UtcDatetime | None = None
    """None if it never fires again."""


def spec_digest(spec: PipelineSpec) -> str:
    """sha256 of the spec's canonical JSON, hex; equal specs have equal digests."""
    canonical = json.dumps(spec_document(spec), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def id_of_name(name: str, attempt: int = 1) -> str:
    """A folder name for a pipeline's name: lower case ASCII letters, digits and hyphens; `attempt` 2 and above are counted on."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:MAX_ID_LENGTH].strip("-") or "pipeline"
    return words if attempt == 1 else f"{words}-{attempt}"
