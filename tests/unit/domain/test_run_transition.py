"""A run changes along one table, and its steps follow its log (P15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from tidemill.domain.log import LogEntry, LogEvent
from tidemill.domain.run import ExternalRef, Observation, ObservationKind, Run, RunState, StepRun, StepState, TerminationReason
from tidemill.domain.run_transition import apply_log, transition
from tidemill.errors import IllegalTransition

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REF = ExternalRef(backend="local", handle="run-1")


def run(state: RunState = RunState.PENDING, **values: object) -> Run:
    fields = {"id": "run-1", "pipeline_id": "sales", "spec_digest": "s", "bundle_digest": "b", "requested_at": NOON, "state": state}
    return Run.model_validate(fields | values)


def seen(kind: ObservationKind, **values: object) -> Observation:
    return Observation.model_validate({"kind": kind, "at": NOON + timedelta(minutes=1)} | values)


def entry(event: LogEvent | None, step: str = "Load", **values: object) -> LogEntry:
    return LogEntry.model_validate({"number": 1, "at": NOON, "message": "m", "event": event, "step": step} | values)


class TestTransition:
    @pytest.mark.parametrize(
        ("state", "observation", "after"),
        [
            (RunState.PENDING, seen(ObservationKind.RUNNING), RunState.RUNNING),
            (RunState.PENDING, seen(ObservationKind.SKIPPED), RunState.SKIPPED),
            (RunState.PENDING, seen(ObservationKind.CANCEL_REQUESTED), RunState.CANCELLED),
            (RunState.PENDING, seen(ObservationKind.REFUSED), RunState.FAILED),
            (RunState.RUNNING, seen(ObservationKind.EXITED, exit_code=0), RunState.SUCCEEDED),
            (RunState.RUNNING, seen(ObservationKind.EXITED, exit_code=1), RunState.FAILED),
            (RunState.RUNNING, seen(ObservationKind.EXITED, signal=9), RunState.FAILED),
            (RunState.RUNNING, seen(ObservationKind.LOST), RunState.FAILED),
            (RunState.RUNNING, seen(ObservationKind.CANCEL_REQUESTED), RunState.CANCELLING),
            (RunState.CANCELLING, seen(ObservationKind.EXITED, signal=15), RunState.CANCELLED),
            (RunState.CANCELLING, seen(ObservationKind.EXITED, exit_code=1), RunState.CANCELLED),
            (RunState.CANCELLING, seen(ObservationKind.EXITED, exit_code=0), RunState.SUCCEEDED),
            (RunState.CANCELLING, seen(ObservationKind.LOST), RunState.CANCELLED),
            (RunState.CANCELLING, seen(ObservationKind.RUNNING), RunState.CANCELLING),
        ],
    )
    def test_follows_the_table(self, state, observation, after):
        assert transition(run(state), observation).state is after

    @pytest.mark.parametrize(
        ("state", "observation"),
        [
            (RunState.SUCCEEDED, seen(ObservationKind.RUNNING)),
            (RunState.SUCCEEDED, seen(ObservationKind.EXITED, exit_code=1)),
            (RunState.SUCCEEDED, seen(ObservationKind.CANCEL_REQUESTED)),
            (RunState.FAILED, seen(ObservationKind.EXITED, exit_code=0)),
            (RunState.RUNNING, seen(ObservationKind.SKIPPED)),
            (RunState.SKIPPED, seen(ObservationKind.RUNNING)),
            (RunState.CANCELLED, seen(ObservationKind.RUNNING)),
        ],
    )
    def test_refuses_what_is_not_in_it(self, state, observation):
        with pytest.raises(IllegalTransition, match=state.value):
            transition(run(state), observation)

    def test_an_end_reported_twice_changes_nothing(self):
        ended = transition(run(RunState.RUNNING), seen(ObservationKind.EXITED, exit_code=0))
        assert transition(ended, seen(ObservationKind.EXITED, exit_code=0)) is ended

    def test_every_change_counts_the_version_up(self):
        first = transition(run(), seen(ObservationKind.RUNNING, ref=REF))
        assert (first.version, first.ref) == (2, REF)
        assert transition(first, seen(ObservationKind.RUNNING, ref=REF)) is first

    def test_start_and_end_are_those_of_the_process(self):
        exited = seen(ObservationKind.EXITED, exit_code=0, started_at=NOON, finished_at=NOON + timedelta(seconds=3), peak_memory_bytes=7)
        ended = transition(run(), exited)
        assert (ended.started_at, ended.finished_at, ended.peak_memory_bytes) == (NOON, NOON + timedelta(seconds=3), 7)

    @pytest.mark.parametrize(
        ("observation", "reason"),
        [
            (seen(ObservationKind.EXITED, exit_code=2), TerminationReason.ERROR),
            (seen(ObservationKind.EXITED, signal=11), TerminationReason.SIGNAL),
            (seen(ObservationKind.EXITED, signal=9, out_of_memory=True), TerminationReason.OUT_OF_MEMORY),
            (seen(ObservationKind.LOST), TerminationReason.LOST),
            (seen(ObservationKind.REFUSED, detail="no disk"), TerminationReason.NOT_STARTED),
            (seen(ObservationKind.EXITED, exit_code=0), None),
        ],
    )
    def test_the_reason_is_named(self, observation, reason):
        ended = transition(run(RunState.RUNNING), observation)
        assert ended.reason is reason
        assert bool(ended.detail) is (reason is not None)

    def test_a_run_that_never_started_has_no_start(self):
        assert transition(run(), seen(ObservationKind.CANCEL_REQUESTED)).started_at is None


class TestSteps:
    STEPS = (StepRun(name="Load"), StepRun(name="Write"))

    def test_a_log_entry_starts_its_step(self):
        changed = apply_log(run(RunState.RUNNING, steps=self.STEPS), entry(LogEvent.STARTED))
        assert [s.state for s in changed.steps] == [StepState.RUNNING, StepState.PENDING]
        assert changed.steps[0].started_at == NOON

    def test_a_log_entry_finishes_its_step_with_figures(self):
        changed = apply_log(run(RunState.RUNNING, steps=self.STEPS), entry(LogEvent.FINISHED, rows=5, seconds=0.5, peak_memory_bytes=9))
        step = changed.steps[0]
        assert (step.state, step.rows, step.seconds, step.peak_memory_bytes) == (StepState.SUCCEEDED, 5, 0.5, 9)

    def test_retries_are_counted(self):
        started = run(RunState.RUNNING, steps=self.STEPS)
        assert apply_log(apply_log(started, entry(LogEvent.RETRY)), entry(LogEvent.RETRY)).steps[0].retries == 2

    @pytest.mark.parametrize("said", [entry(None), entry(LogEvent.STARTED, step="Unknown")])
    def test_other_entries_change_nothing(self, said):
        started = run(RunState.RUNNING, steps=self.STEPS)
        assert apply_log(started, said) is started

    def test_a_failed_run_fails_the_step_under_way_and_skips_the_rest(self):
        started = run(RunState.RUNNING, steps=(StepRun(name="a", state=StepState.RUNNING), StepRun(name="b")))
        ended = transition(started, seen(ObservationKind.EXITED, exit_code=1))
        assert [s.state for s in ended.steps] == [StepState.FAILED, StepState.SKIPPED]

    def test_a_cancelled_run_cancels_the_step_under_way(self):
        started = run(RunState.CANCELLING, steps=(StepRun(name="a", state=StepState.RUNNING),))
        assert transition(started, seen(ObservationKind.EXITED, signal=15)).steps[0].state is StepState.CANCELLED

    def test_steps_that_were_not_reported_succeed_with_the_run(self):
        assert transition(run(RunState.RUNNING, steps=self.STEPS), seen(ObservationKind.EXITED, exit_code=0)).steps[1].state is StepState.SUCCEEDED


class TestRun:
    def test_times_are_kept_in_utc(self):
        berlin = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
        assert run(requested_at=berlin).requested_at.isoformat() == "2026-03-01T12:00:00+00:00"

    def test_a_time_without_zone_is_refused(self):
        with pytest.raises(ValidationError):
            run(requested_at=datetime(2026, 3, 1))

    @pytest.mark.parametrize("name", ["../x", "", "a/b", "-a", "a" * 101])
    def test_an_id_that_is_no_folder_name_is_refused(self, name):
        with pytest.raises(ValidationError):
            run(id=name)
