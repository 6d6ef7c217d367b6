"""Pipelines: created, changed, looked at, scheduled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.domain.finding import Finding, error, has_errors, warning
from tidemill.domain.pipeline import MissedRuns, PipelineSpec, Trigger
from tidemill.domain.run import Run
from tidemill.domain.saved_pipeline import PipelineOrigin, PipelineSchedule, SavedPipeline, id_of_name, spec_digest
from tidemill.domain.schedule import check_schedule, next_fire_times, parse_cron
from tidemill.domain.spec_yaml import dump_spec
from tidemill.domain.verification import Verification
from tidemill.errors import Conflict, InvalidInput, NotFound, StaleVersion, TidemillError, Unsupported
from tidemill.ports.artifact_store import ArtifactStore
from tidemill.ports.unit_of_work import Page, RunQuery, Store, UnitOfWork
from tidemill.services.rendering import Renderer
from tidemill.services.verification import VerificationService

MAX_SAME_NAMES = 10_000
UTC_NAME = "UTC"


@dataclass(frozen=True)
class NewPipeline:
    """What is to be created."""

    spec: PipelineSpec
    origin: PipelineOrigin = PipelineOrigin.CONFIG
    owner_email: str | None = None
    keeps_artifacts: bool = True
    """False keeps config.yaml only; it is rendered for each run."""


@dataclass(frozen=True)
class Outcome:
    """A pipeline as it was saved, with what was found out on the way."""

    pipeline: SavedPipeline
    findings: tuple[Finding, ...] = ()
    verification: Verification | None = None
    """None if there was nothing to try out, or no sandbox to do it in."""


@dataclass(frozen=True)
class Overview:
    """A pipeline with what a list shows beside it."""

    pipeline: SavedPipeline
    schedule: PipelineSchedule | None
    last_run: Run | None


@dataclass(frozen=True)
class StoredArtifacts:
    """A pipeline's files as they are now."""

    bundle: ArtifactBundle
    edited: bool
    """True if they are not as they were rendered."""


@dataclass(frozen=True)
class PipelineService:
    """Pipelines with their folders."""

    store: Store
    artifacts: ArtifactStore
    renderer: Renderer
    verification: VerificationService
    clock: Callable[[], datetime]
    schedule_changed: list[Callable[[], None]] = field(default_factory=list)
    """Called when the next fire time may be another; the scheduler puts itself here."""
    _saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Folder and record are written by one caller at a time."""

    async def create(self, new: NewPipeline, *, force: bool = False) -> Outcome:
        """Check, render, try out, and keep a pipeline; with a schedule it is scheduled from now on.

        Args:
            new: What is to be created.
            force: Keep it although its own tests fail, or cannot be run here.

        Raises:
            InvalidInput: The spec has errors, or its tests fail.
            Unsupported: There is no sandbox on this machine.
        """
        bundle, findings, verification = await self._tried_out(new.spec, keeps_artifacts=new.keeps_artifacts, force=force)
        now = self.clock()
        pipeline = SavedPipeline(
            id="new",
            spec=new.spec,
            spec_digest=spec_digest(new.spec),
            bundle_digest=bundle.digest if new.keeps_artifacts else None,
            origin=new.origin,
            owner_email=new.owner_email,
            created_at=now,
            updated_at=now,
        )
        async with self._saving:
            saved = await self._add(pipeline, bundle)
        self._tell()
        if saved.id != id_of_name(saved.name, 1):
            findings = (*findings, _same_name(saved))
        return Outcome(saved, findings, verification)

    async def update(self, pipeline_id: str, spec: PipelineSpec, *, expected_version: int | None = None, force: bool = False) -> Outcome:
        """Save a new revision; the same spec again changes nothing.

        Args:
            pipeline_id: Which one.
            spec: What it is to be.
            expected_version: The version the change was made on; left out, the last save wins.
            force: Overwrite artifacts that people edited, and keep a spec whose own tests fail.

        Raises:
            NotFound: There is none.
            StaleVersion: Somebody saved first.
            Conflict: People edited the artifacts.
            InvalidInput: The spec has errors, or its tests fail.
        """
        before = await self.get(pipeline_id)
        _check_version(before, expected_version)
        if before.spec == spec and not force:
            return Outcome(before, await self.renderer.check(spec))
        await self._check_not_edited(before, force=force)
        bundle, findings, verification = await self._tried_out(spec, keeps_artifacts=before.bundle_digest is not None, force=force)
        async with self._saving:
            saved = await self._save(pipeline_id, spec, bundle, expected_version=expected_version)
        self._tell()
        return Outcome(saved, findings, verification)

    async def get(self, pipeline_id: str) -> SavedPipeline:
        """One pipeline.

        Raises:
            NotFound: There is none.
        """
        return await self.store.apply(lambda work: work.pipelines.get(pipeline_id))

    async def overview(self, pipeline_id: str) -> Overview:
        """One pipeline with schedule and last run.

        Raises:
            NotFound: There is none.
        """
        return await self.store.apply(lambda work: _overview(work, work.pipelines.get(pipeline_id)))

    async def overviews(self, search: str, page: Page) -> tuple[Sequence[Overview], int]:
        """Those whose name, description or id contains the text, last changed first, and how many there are in all."""
        return await self.store.apply(lambda work: _overviews(work, search, page))

    async def revisions(self, pipeline_id: str) -> Sequence[SavedPipeline]:
        """Every revision, newest first."""
        await self.get(pipeline_id)
        return await self.store.apply(lambda work: work.pipelines.revisions(pipeline_id))

    async def of_event(self, event: str) -> Sequence[SavedPipeline]:
        """The pipelines that an event starts."""
        return await self.store.apply(lambda work: work.pipelines.of_event(event))

    async def delete(self, pipeline_id: str) -> None:
        """Forget the pipeline, its schedule and its folder; the records of its runs stay.

        Raises:
            NotFound: There is none.
            Conflict: A run of it is not over.
        """
        await self.get(pipeline_id)
        async with self._saving:
            await self.store.apply(lambda work: _remove(work, pipeline_id))
            await self.artifacts.remove(pipeline_id)
        self._tell()

    async def stored(self, pipeline_id: str) -> StoredArtifacts:
        """The files of a pipeline as they are now; where it keeps none, as they would be rendered.

        Raises:
            NotFound: There is no such pipeline.
            Conflict: A file cannot be read.
        """
        pipeline = await self.get(pipeline_id)
        bundle = await self.artifacts.load(pipeline_id)
        if bundle is None or (pipeline.bundle_digest is None and len(bundle.artifacts) <= 1):
            rendered, _ = await self.renderer.bundle(pipeline.spec)
            return StoredArtifacts(rendered, edited=False)
        return StoredArtifacts(bundle, edited=pipeline.bundle_digest is not None and bundle.digest != pipeline.bundle_digest)

    async def artifact(self, pipeline_id: str, path: str) -> Artifact:
        """One file.

        Raises:
            NotFound: There is no such pipeline or file.
        """
        stored = await self.stored(pipeline_id)
        for artifact in stored.bundle.artifacts:
            if artifact.path == path:
                return artifact
        known = ", ".join(a.path for a in stored.bundle.artifacts)
        raise NotFound(f"Pipeline `{pipeline_id}` has no artifact {path!r}; it has {known}.", pipeline_id=pipeline_id, path=path)

    async def schedule(self, pipeline_id: str) -> PipelineSchedule | None:
        """When it runs; None if it has no schedule.

        Raises:
            NotFound: There is no such pipeline.
        """
        await self.get(pipeline_id)
        return await self.store.apply(lambda work: work.schedules.get(pipeline_id))

    async def set_schedule(self, pipeline_id: str, cron: str, *, timezone: str | None, missed_runs: MissedRuns) -> Outcome:
        """Run at these times from now on; a new revision of the spec, whose other steps stay as they are.

        Raises:
            NotFound: There is no such pipeline.
            InvalidInput: The line or the zone is not valid.
        """
        findings = check_schedule(cron, timezone)
        if has_errors(findings):
            raise InvalidInput("\n".join(f"{f.message} {f.fix}".rstrip() for f in findings), findings=findings)
        change = {"trigger": Trigger.SCHEDULED, "schedule": parse_cron(cron).text, "timezone": timezone, "missed_runs": missed_runs, "event": None}
        return await self._change_trigger(pipeline_id, change, findings)

    async def remove_schedule(self, pipeline_id: str) -> Outcome:
        """Run at no times any more; a pipeline without schedule stays as it is.

        Raises:
            NotFound: There is no such pipeline.
        """
        pipeline = await self.get(pipeline_id)
        if pipeline.spec.trigger is not Trigger.SCHEDULED:
            return Outcome(pipeline)
        change = {"trigger": Trigger.MANUAL, "schedule": None, "timezone": None, "missed_runs": MissedRuns.SKIP}
        return await self._change_trigger(pipeline_id, change, ())

    async def _change_trigger(self, pipeline_id: str, change: Mapping[str, object], findings: tuple[Finding, ...]) -> Outcome:
        """Render again, but keep every file that people edited, except for config.yaml: the code does not depend on when it runs."""
        async with self._saving:
            before = await self.get(pipeline_id)
            spec = before.spec.model_copy(update=change)
            if spec == before.spec:
                return Outcome(before, findings)
            bundle = await self._bundle(spec, keeps_artifacts=before.bundle_digest is not None)
            edited = await self._edited_files(before)
            saved = await self._save(pipeline_id, spec, bundle, expected_version=before.version, keep=edited)
        self._tell()
        return Outcome(saved, findings)

    async def _tried_out(
        self, spec: PipelineSpec, *, keeps_artifacts: bool, force: bool
    ) -> tuple[ArtifactBundle, tuple[Finding, ...], Verification | None]:
        await self.verification.sandbox.prepare()
        rendered, findings = await self.renderer.checked_bundle(spec)
        try:
            verification = await self.verification.verify(rendered)
        except Unsupported as missing:
            if not force:
                raise
            findings = (*findings, warning("no-sandbox", "", f"The tests were not run: {missing.message}"))
            verification = None
        if verification is not None and not verification.passed:
            failed = _failures(verification, spec.name)
            if not force:
                raise InvalidInput("\n".join(f.message for f in failed), findings=(*findings, *failed))
            findings = (*findings, *(f.model_copy(update={"severity": "warning"}) for f in failed))
        return (rendered if keeps_artifacts else _config_only(spec)), findings, verification

    async def _bundle(self, spec: PipelineSpec, *, keeps_artifacts: bool) -> ArtifactBundle:
        if not keeps_artifacts:
            return _config_only(spec)
        return (await self.renderer.bundle(spec))[0]

    async def _add(self, pipeline: SavedPipeline, bundle: ArtifactBundle) -> SavedPipeline:
        for attempt in range(1, MAX_SAME_NAMES):
            candidate = pipeline.model_copy(update={"id": id_of_name(pipeline.name, attempt)})
            if await self.artifacts.exists(candidate.id):
                continue
            try:
                await self.artifacts.keep(bundle)
                await self.artifacts.save(candidate.id, bundle)
                await self.store.apply(lambda work, made=candidate: _insert(work, made))  # type: ignore[misc]  # mypy infers no lambda defaults
            except Conflict:
                await self.artifacts.remove(candidate.id)
                continue
            except BaseException:
                await self.artifacts.remove(candidate.id)
                raise
            return candidate
        raise Conflict(f"There are {MAX_SAME_NAMES} pipelines named {pipeline.name!r}; choose another name.")

    async def _save(
        self, pipeline_id: str, spec: PipelineSpec, bundle: ArtifactBundle, *, expected_version: int | None, keep: tuple[Artifact, ...] = ()
    ) -> SavedPipeline:
        """Files first, record second; the files go back if the record cannot be saved."""
        before = await self.get(pipeline_id)
        _check_version(before, expected_version)
        saved = before.model_copy(
            update={
                "spec": spec,
                "revision": before.revision + 1,
                "spec_digest": spec_digest(spec),
                "bundle_digest": None if before.bundle_digest is None else bundle.digest,
                "updated_at": self.clock(),
                "version": before.version + 1,
            }
        )
        old = await self.artifacts.load(pipeline_id)
        await self.artifacts.keep(bundle)
        await self.artifacts.save(pipeline_id, _with_kept(bundle, keep))
        try:
            await self.store.apply(lambda work: _update(work, saved))
        except TidemillError:
            if old is not None:
                await self.artifacts.save(pipeline_id, old)
            raise
        return saved

    async def _check_not_edited(self, pipeline: SavedPipeline, *, force: bool) -> None:
        edited = () if force else await self._edited_files(pipeline)
        if edited:
            named = ", ".join(f"`{a.path}`" for a in edited)
            raise Conflict(f"{named} of pipeline `{pipeline.id}` were edited by hand and would be overwritten; repeat with `force` to do so.")

    async def _edited_files(self, pipeline: SavedPipeline) -> tuple[Artifact, ...]:
        """Files that differ from what the spec is rendered to; config.yaml is never among them."""
        bundle = await self.artifacts.load(pipeline.id)
        if bundle is None or pipeline.bundle_digest in (None, bundle.digest):
            return ()
        rendered = {a.path: a.text for a in (await self._as_rendered(pipeline)).artifacts}
        return tuple(a for a in bundle.artifacts if a.path != "config.yaml" and rendered.get(a.path) != a.text)

    async def _as_rendered(self, pipeline: SavedPipeline) -> ArtifactBundle:
        """The artifacts as they were saved; rendered anew, which another version of Tidemill may do otherwise, only if that copy is gone."""
        try:
            return await self.artifacts.kept(pipeline.bundle_digest or "")
        except NotFound:
            return (await self.renderer.bundle(pipeline.spec))[0]

    def _tell(self) -> None:
        for changed in self.schedule_changed:
            changed()


def _same_name(saved: SavedPipeline) -> Finding:
    first = id_of_name(saved.name, 1)
    message = f"There is or was a pipeline `{first}` already; this one is `{saved.id}`, beside it."
    return warning("same-name", "name", message, "If both write to the same place, delete one of them or change its destination.")


def schedule_of(pipeline: SavedPipeline, now: datetime) -> PipelineSchedule | None:
    """The schedule that the spec asks for, from `now` on."""
    spec = pipeline.spec
    if spec.trigger is not Trigger.SCHEDULED or spec.schedule is None:
        return None
    upcoming = next_fire_times(parse_cron(spec.schedule), spec.timezone, after=now, count=1)
    return PipelineSchedule(
        pipeline_id=pipeline.id,
        cron=spec.schedule,
        timezone=spec.timezone or UTC_NAME,
        missed_runs=spec.missed_runs,
        considered_until=now,
        next_fire_at=upcoming[0] if upcoming else None,
    )


def _overviews(work: UnitOfWork, search: str, page: Page) -> tuple[Sequence[Overview], int]:
    found, total = work.pipelines.find(search, page)
    return [_overview(work, p) for p in found], total


def _overview(work: UnitOfWork, pipeline: SavedPipeline) -> Overview:
    runs, _ = work.runs.find(RunQuery(pipeline_id=pipeline.id), Page(limit=1))
    return Overview(pipeline, work.schedules.get(pipeline.id), runs[0] if runs else None)


def _insert(work: UnitOfWork, pipeline: SavedPipeline) -> None:
    if work.runs.find(RunQuery(pipeline_id=pipeline.id), Page(limit=1))[1]:
        # A deleted pipeline had this id; its runs are not this one's.
        raise Conflict(f"The id `{pipeline.id}` has runs.", pipeline_id=pipeline.id)
    work.pipelines.add(pipeline)
    if schedule := schedule_of(pipeline, pipeline.created_at):
        work.schedules.put(schedule)


def _update(work: UnitOfWork, pipeline: SavedPipeline) -> None:
    """Save; a schedule that stays the same keeps its place in time, so that a change of a step loses no missed run."""
    work.pipelines.save(pipeline)
    wanted, present = schedule_of(pipeline, pipeline.updated_at), work.schedules.get(pipeline.id)
    if wanted is None:
        work.schedules.remove(pipeline.id)
    elif present is None or (present.cron, present.timezone, present.missed_runs) != (wanted.cron, wanted.timezone, wanted.missed_runs):
        work.schedules.put(wanted)


def _remove(work: UnitOfWork, pipeline_id: str) -> None:
    unfinished = [r.id for r in work.runs.unfinished() if r.pipeline_id == pipeline_id]
    if unfinished:
        raise Conflict(f"Run `{unfinished[0]}` of pipeline `{pipeline_id}` is not over; cancel it first.", pipeline_id=pipeline_id)
    work.pipelines.remove(pipeline_id)


def _check_version(pipeline: SavedPipeline, expected: int | None) -> None:
    if expected is not None and pipeline.version != expected:
        raise StaleVersion(
            f"Pipeline `{pipeline.id}` is at version {pipeline.version}, the change was made on version {expected}; load it again and repeat.",
            pipeline_id=pipeline.id, version=pipeline.version,
        )  # fmt: skip


def _config_only(spec: PipelineSpec) -> ArtifactBundle:
    return ArtifactBundle(artifacts=(Artifact(path="config.yaml", text=dump_spec(spec)), Artifact(path=".gitignore", text="logs/\n")))


def _with_kept(bundle: ArtifactBundle, keep: tuple[Artifact, ...]) -> ArtifactBundle:
    kept = {a.path for a in keep}
    return bundle.model_copy(update={"artifacts": (*(a for a in bundle.artifacts if a.path not in kept), *keep)})


def _failures(verification: Verification, name: str) -> tuple[Finding, ...]:
    """A finding for each failed test, or for the check that failed before there were tests."""
    fix = "Change the pipeline, or repeat with `force` to keep it as it is."
    tests = [f"Test `{t.name}` of pipeline `{name}` fails: {t.message}" for t in verification.tests if not t.passed]
    checks = [f"Pipeline `{name}` does not pass the check `{c.name}`: {c.detail}" for c in verification.checks if not c.passed]
    return tuple(error("verification-failed", "", text[:2000], fix) for text in (tests or checks))
