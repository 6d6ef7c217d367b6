"""What goes over the wire: JSON in camelCase."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from tidemill.domain.draft import Reading
from tidemill.domain.finding import Finding
from tidemill.domain.log import LogEntry, LogEvent, LogLevel
from tidemill.domain.pipeline import MissedRuns, Trigger
from tidemill.domain.run import Run, RunState, RunTrigger, StepState, TerminationReason
from tidemill.domain.saved_pipeline import PipelineOrigin, PipelineSchedule, SavedPipeline
from tidemill.domain.schedule import describe, next_fire_times, parse_cron
from tidemill.domain.spec_yaml import dump_spec, spec_document
from tidemill.domain.verification import Verification
from tidemill.services.pipelines import Outcome, Overview, StoredArtifacts

SHOWN_FIRE_TIMES = 5
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
Email = Annotated[str, StringConstraints(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]


class Wire(BaseModel):
    """A JSON body."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True, from_attributes=True, extra="forbid")


class Body(Wire):
    """A JSON body that is sent to us."""

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        """JSON can spell half a character (`\\ud800`), which no file, database or answer of ours can hold."""
        stack = [value]
        while stack:
            here = stack.pop()
            if isinstance(here, str) and not here.isascii() and not here.isprintable():
                _check_encodable(here)
            elif isinstance(here, dict):
                stack += [*here.keys(), *here.values()]
            elif isinstance(here, list):
                stack += here
        return value


class GenerateBody(Body):
    """A brief to be turned into a pipeline."""

    instructions: Annotated[str, Field(description="What the pipeline is to do, in plain language.")]
    owner_email: Email | None = None
    pipeline_name: Name | None = None
    provider: Annotated[str, StringConstraints(max_length=100), Field(description="Who reads the brief; `none` needs no model.")] = "none"


class CheckShape(Wire):
    """One check of the artifacts."""

    name: str
    passed: bool
    seconds: float
    detail: str


class TestShape(Wire):
    """One of the pipeline's own tests."""

    name: str
    passed: bool
    message: str


class VerificationShape(Wire):
    """The outcome of compiling, importing and testing the artifacts."""

    passed: bool
    isolation: str
    checks: list[CheckShape]
    tests: list[TestShape]
    untested: Annotated[list[str], Field(description="Steps whose values the tests do not check.")]
    output: str


class GeneratedShape(Wire):
    """What became of a brief."""

    success: bool
    config: str
    code: str
    tests: str
    strategy: str
    raw_response: str
    readings: list[Reading]
    findings: list[Finding]
    verification: VerificationShape | None
    engine: str


class NewPipelineBody(Body):
    """A pipeline, given as exactly one of `config`, `spec` and `instructions`."""

    config: Annotated[str | None, Field(description="The text of a config.yaml.")] = None
    spec: Annotated[dict[str, JsonValue] | None, Field(description="The same as a JSON document; its schema is at /api/schema.")] = None
    instructions: Annotated[str | None, Field(description="A brief; every sentence of it must be understood.")] = None
    name: Annotated[Name | None, Field(description="Instead of the name in the config or brief.")] = None
    owner_email: Email | None = None
    artifacts: Annotated[bool, Field(description="False keeps config.yaml only, which is rendered for each run.")] = True
    force: Annotated[bool, Field(description="Keep it although its own tests fail, or sentences of the brief were not understood.")] = False

    @model_validator(mode="after")
    def _one_of_three(self) -> NewPipelineBody:
        if [self.config, self.spec, self.instructions].count(None) != 2:
            raise ValueError("give exactly one of `config`, `spec` and `instructions`")
        return self


class ChangedPipelineBody(Body):
    """The next revision, given as either `config` or `spec`."""

    config: str | None = None
    spec: dict[str, JsonValue] | None = None
    version: Annotated[int | None, Field(ge=1, description="The version the change was made on; a later one refuses it.")] = None
    force: Annotated[bool, Field(description="Overwrite artifacts that were edited by hand, and keep a spec whose own tests fail.")] = False

    @model_validator(mode="after")
    def _one_of_two(self) -> ChangedPipelineBody:
        if [self.config, self.spec].count(None) != 1:
            raise ValueError("give exactly one of `config` and `spec`")
        return self


class ScheduleBody(Body):
    """When to run."""

    cron: Annotated[str, StringConstraints(max_length=200), Field(description="minute hour day-of-month month day-of-week")]
    timezone: Annotated[str | None, StringConstraints(max_length=100), Field(description="IANA name; UTC if left out.")] = None
    missed_runs: MissedRuns = MissedRuns.SKIP


class ScheduleShape(Wire):
    """When a pipeline runs."""

    cron: str
    timezone: str
    missed_runs: MissedRuns
    words: str
    next_fire_times: list[datetime]


class StepRunShape(Wire):
    """One step of a run."""

    name: str
    state: StepState
    rows: int | None
    seconds: float | None
    peak_memory_bytes: int | None
    started_at: datetime | None
    finished_at: datetime | None
    retries: int


class RunShape(Wire):
    """One execution of a pipeline."""

    id: str
    pipeline_id: str
    state: RunState
    trigger: RunTrigger
    event: str | None
    scheduled_for: datetime | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    exit_code: int | None
    signal: int | None
    reason: TerminationReason | None
    detail: str
    note: str
    peak_memory_bytes: int | None
    rerun_of: str | None
    spec_digest: str
    bundle_digest: str
    version: int
    steps: list[StepRunShape]


class PipelineSummary(Wire):
    """A pipeline in a list."""

    id: str
    name: str
    description: str
    trigger: Trigger
    event: str | None
    owner_email: str | None
    revision: int
    created_at: datetime
    updated_at: datetime
    schedule: ScheduleShape | None
    last_run: RunShape | None


class ArtifactShape(Wire):
    """A file of a pipeline."""

    path: str
    size_bytes: int


class PipelineShape(PipelineSummary):
    """A pipeline."""

    origin: PipelineOrigin
    version: int
    spec_digest: str
    bundle_digest: str | None
    config: Annotated[str, Field(description="The text of its config.yaml.")]
    spec: dict[str, JsonValue]
    artifacts: list[ArtifactShape]
    edited: Annotated[bool, Field(description="True if the artifacts are not as they were rendered.")]


class SavedShape(Wire):
    """A pipeline as it was saved, with what was found out on the way."""

    pipeline: PipelineShape
    findings: list[Finding]
    verification: VerificationShape | None
    readings: list[Reading] = []


class RevisionShape(Wire):
    """One revision of a pipeline's spec."""

    revision: int
    saved_at: datetime
    spec_digest: str
    bundle_digest: str | None
    config: str


class PipelinePage(Wire):
    """A part of the list of pipelines."""

    items: list[PipelineSummary]
    total: int
    limit: int
    offset: int


class RunPage(Wire):
    """A part of the list of runs, newest first."""

    items: list[RunShape]
    total: int
    limit: int
    offset: int


class StartedRuns(Wire):
    """The runs that an event started."""

    event: str
    runs: list[RunShape]


class LogEntryShape(Wire):
    """One line of a run's log."""

    number: int
    at: datetime
    level: LogLevel
    step: str | None
    message: str
    event: LogEvent | None
    rows: int | None
    seconds: float | None
    peak_memory_bytes: int | None


class LogPage(Wire):
    """A part of a run's log."""

    entries: list[LogEntryShape]
    next: Annotated[str, Field(description="Give it as `after` for the entries that follow.")]
    complete: Annotated[bool, Field(description="True if no entry follows and none will.")]


class HealthShape(Wire):
    """Whether the server can do its work."""

    status: str
    version: str
    engine: Annotated[bool, Field(description="True if this process carries runs.")]


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as wrong:
        raise ValueError(f"a text holds half a character ({text[wrong.start]!r} at place {wrong.start}); send whole ones") from None


def run_shape(run: Run) -> RunShape:
    """A run as it is shown."""
    return RunShape.model_validate(run, extra="ignore")


def entry_shape(entry: LogEntry) -> LogEntryShape:
    """A log entry as it is shown."""
    return LogEntryShape.model_validate(entry, extra="ignore")


def verification_shape(verification: Verification | None) -> VerificationShape | None:
    """A verification as it is shown."""
    return None if verification is None else VerificationShape.model_validate(verification, extra="ignore")


def schedule_shape(schedule: PipelineSchedule | None, now: datetime) -> ScheduleShape | None:
    """A schedule with its words and next times."""
    if schedule is None:
        return None
    cron = parse_cron(schedule.cron)
    return ScheduleShape(
        cron=schedule.cron,
        timezone=schedule.timezone,
        missed_runs=schedule.missed_runs,
        words=describe(cron, schedule.timezone),
        next_fire_times=list(next_fire_times(cron, schedule.timezone, after=now, count=SHOWN_FIRE_TIMES)),
    )


def summary_shape(overview: Overview, now: datetime) -> PipelineSummary:
    """A pipeline as a list shows it."""
    return PipelineSummary(**_summary(overview, now))


def pipeline_shape(overview: Overview, stored: StoredArtifacts, now: datetime) -> PipelineShape:
    """A pipeline as its own page shows it."""
    pipeline = overview.pipeline
    return PipelineShape(
        **_summary(overview, now),
        origin=pipeline.origin,
        version=pipeline.version,
        spec_digest=pipeline.spec_digest,
        bundle_digest=pipeline.bundle_digest,
        config=dump_spec(pipeline.spec),
        spec=spec_document(pipeline.spec),
        artifacts=[ArtifactShape(path=a.path, size_bytes=len(a.text.encode("utf-8", "surrogatepass"))) for a in stored.bundle.artifacts],
        edited=stored.edited,
    )


def saved_shape(outcome: Outcome, shown: PipelineShape, readings: Sequence[Reading] = ()) -> SavedShape:
    """A saved pipeline with what was found out on the way."""
    verification = verification_shape(outcome.verification)
    return SavedShape(pipeline=shown, findings=list(outcome.findings), verification=verification, readings=list(readings))


def revision_shape(pipeline: SavedPipeline) -> RevisionShape:
    """One revision as it is shown."""
    return RevisionShape(
        revision=pipeline.revision,
        saved_at=pipeline.updated_at,
        spec_digest=pipeline.spec_digest,
        bundle_digest=pipeline.bundle_digest,
        config=dump_spec(pipeline.spec),
    )


def _summary(overview: Overview, now: datetime) -> dict[str, Any]:
    pipeline = overview.pipeline
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "description": pipeline.spec.description,
        "trigger": pipeline.spec.trigger,
        "event": pipeline.spec.event,
        "owner_email": pipeline.owner_email,
        "revision": pipeline.revision,
        "created_at": pipeline.created_at,
        "updated_at": pipeline.updated_at,
        "schedule": schedule_shape(overview.schedule, now),
        "last_run": None if overview.last_run is None else run_shape(overview.last_run),
    }
