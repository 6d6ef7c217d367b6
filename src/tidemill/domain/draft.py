"""What became of a brief."""

from __future__ import annotations

from tidemill.domain.finding import Finding
from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.values import FrozenModel


class Reading(FrozenModel):
    """How one sentence of a brief was read."""

    sentence: str
    """The words as they stand in the brief."""
    understood: bool
    step: str | None = None
    """What it became: the name of a step, `schedule`, `name`, or `guaranteed` for a wish every pipeline fulfils (retries, logging …)."""
    hint: str = ""
    """If not understood: why, and an example of how to say it. If understood: what it was taken to mean, where that is worth a word."""


class Draft(FrozenModel):
    """A proposed spec with the account of how it came about."""

    spec: PipelineSpec | None
    """None if the brief names too little for a pipeline (no source, or no destination)."""
    readings: tuple[Reading, ...] = ()
    findings: tuple[Finding, ...] = ()
    engine: str = "none"
    """What made it: `none` for the deterministic drafter, else provider and model; says so if a model was asked and failed."""
