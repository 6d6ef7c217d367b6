"""How a run changes: one table, and the functions that apply it."""

from __future__ import annotations

from collections.abc import Mapping

from tidemill.domain.log import LogEntry, LogEvent
from tidemill.domain.run import Observation, ObservationKind, Run, RunState, StepRun, StepState, TerminationReason
from tidemill.errors import IllegalTransition

ENDED = "ended"
"""Stands in the table for the state that an exit code decides."""

TRANSITIONS: Mapping[RunState, Mapping[ObservationKind, RunState | str]] = {
    RunState.PENDING: {
        ObservationKind.RUNNING: RunState.RUNNING,
        ObservationKind.EXITED: ENDED,
        ObservationKind.LOST: RunState.FAILED,
        ObservationKind.REFUSED: RunState.FAILED,
        ObservationKind.CANCEL_REQUESTED: RunState.CANCELLED,
        ObservationKind.SKIPPED: RunState.SKIPPED,
    },
    RunState.RUNNING: {
        ObservationKind.RUNNING: RunState.RUNNING,
        ObservationKind.EXITED: ENDED,
        ObservationKind.LOST: RunState.FAILED,
        ObservationKind.REFUSED: RunState.FAILED,
        ObservationKind.CANCEL_REQUESTED: RunState.CANCELLING,
    },
    RunState.CANCELLING: {
        ObservationKind.RUNNING: RunState.CANCELLING,
        ObservationKind.EXITED: ENDED,
        ObservationKind.LOST: RunState.CANCELLED,
        ObservationKind.REFUSED: RunState.CANCELLED,
        ObservationKind.CANCEL_REQUESTED: RunState.CANCELLING,
    },
    RunState.SUCCEEDED: {ObservationKind.EXITED: ENDED},
    RunState.FAILED: {ObservationKind.EXITED: ENDED, ObservationKind.LOST: RunState.FAILED, ObservationKind.REFUSED: RunState.FAILED},
    RunState.CANCELLED: {
        ObservationKind.EXITED: ENDED,
        ObservationKind.LOST: RunState.CANCELLED,
        ObservationKind.REFUSED: RunState.CANCELLED,
        ObservationKind.CANCEL_REQUESTED: RunState.CANCELLED,
    },
    RunState.SKIPPED: {ObservationKind.SKIPPED: RunState.SKIPPED},
}
"""State before, what was seen, state after. A final state has only itself to go to, so that an end may be reported twice."""


def transition(run: Run, observation: Observation) -> Run:
    """The run after an observation; the same object if it tells nothing new, else `version` is one higher.

    Raises:
        IllegalTransition: The table has no such move.
    """
    after = _state_after(run, observation)
    if run.state.is_final:
        return run
    changed = _ended(run, observation, after) if after.is_final else run.model_copy(update=_progress(run, observation, after))
    return run if changed == run else changed.model_copy(update={"version": run.version + 1})


def apply_log(run: Run, entry: LogEntry) -> Run:
    """The run after an entry of its log: the step that it names is started, finished, failed or retried.

    Entries of steps that the run does not have, and entries without an event, change nothing.
    """
    if entry.event is None or run.state.is_final:
        return run
    steps = tuple(_step_after(s, entry) if s.name == entry.step else s for s in run.steps)
    return run if steps == run.steps else run.model_copy(update={"steps": steps, "version": run.version + 1})


def _state_after(run: Run, observation: Observation) -> RunState:
    after = TRANSITIONS[run.state].get(observation.kind)
    if after == ENDED:
        after = _end_state(run, observation)
    if not isinstance(after, RunState) or (run.state.is_final and after is not run.state):
        raise IllegalTransition(
            f"Run `{run.id}` is {run.state.value}; it cannot change because of {observation.kind.value!r}.",
            run_id=run.id, state=run.state.value, observation=observation.kind.value,
        )  # fmt: skip
    return after


def _end_state(run: Run, observation: Observation) -> RunState:
    """An exit code of 0 is success even while cancelling: the work was done before the signal came."""
    if observation.exit_code == 0:
        return RunState.SUCCEEDED
    return RunState.CANCELLED if run.state in (RunState.CANCELLING, RunState.CANCELLED) else RunState.FAILED


def _progress(run: Run, observation: Observation, after: RunState) -> dict[str, object]:
    if observation.kind is not ObservationKind.RUNNING:
        return {"state": after}
    return {"state": after, "ref": run.ref or observation.ref, "started_at": run.started_at or observation.started_at or observation.at}


def _ended(run: Run, observation: Observation, after: RunState) -> Run:
    finished_at = observation.finished_at or observation.at
    ran = observation.kind in (ObservationKind.EXITED, ObservationKind.LOST)
    reason, detail = _reason(observation, after)
    return run.model_copy(
        update={
            "state": after,
            "ref": run.ref or observation.ref,
            "started_at": run.started_at or (observation.started_at or finished_at if ran else None),
            "finished_at": finished_at,
            "exit_code": observation.exit_code,
            "signal": observation.signal,
            "reason": reason,
            "detail": detail,
            "peak_memory_bytes": observation.peak_memory_bytes or run.peak_memory_bytes,
            "steps": tuple(_step_at_end(s, after, observation) for s in run.steps),
        }
    )


def _reason(observation: Observation, after: RunState) -> tuple[TerminationReason | None, str]:
    if after is RunState.SUCCEEDED:
        return None, ""
    if after is RunState.CANCELLED:
        return TerminationReason.CANCELLED, observation.detail or "Cancelled."
    if observation.kind is ObservationKind.SKIPPED:
        return TerminationReason.SKIPPED, observation.detail
    if observation.kind is ObservationKind.REFUSED:
        return TerminationReason.NOT_STARTED, observation.detail or "The backend could not start the pipeline."
    if observation.kind is ObservationKind.LOST:
        return TerminationReason.LOST, observation.detail or "The process is gone and left no exit record."
    if observation.out_of_memory:
        return TerminationReason.OUT_OF_MEMORY, observation.detail or "The operating system killed the process because memory ran out."
    if observation.signal is not None:
        return TerminationReason.SIGNAL, observation.detail or f"Signal {observation.signal} from outside ended the process."
    return TerminationReason.ERROR, observation.detail or f"The pipeline ended with exit code {observation.exit_code}."


def _step_at_end(step: StepRun, after: RunState, observation: Observation) -> StepRun:
    """A step that was under way shares the end of the run; one that never began is skipped, unless the run succeeded: then the
    pipeline did not report its steps."""
    if step.state not in (StepState.PENDING, StepState.RUNNING):
        return step
    if after is RunState.SUCCEEDED:
        return step.model_copy(update={"state": StepState.SUCCEEDED})
    if step.state is StepState.PENDING:
        return step.model_copy(update={"state": StepState.SKIPPED})
    state = StepState.CANCELLED if after is RunState.CANCELLED else StepState.FAILED
    return step.model_copy(update={"state": state, "finished_at": observation.finished_at or observation.at})


def _step_after(step: StepRun, entry: LogEntry) -> StepRun:
    if entry.event is LogEvent.STARTED:
        return step.model_copy(update={"state": StepState.RUNNING, "started_at": step.started_at or entry.at})
    if entry.event is LogEvent.RETRY:
        return step.model_copy(update={"retries": step.retries + 1})
    return step.model_copy(
        update={
            "state": StepState.SUCCEEDED if entry.event is LogEvent.FINISHED else StepState.FAILED,
            "started_at": step.started_at or entry.at,
            "finished_at": entry.at,
            "rows": entry.rows if entry.rows is not None else step.rows,
            "seconds": entry.seconds if entry.seconds is not None else step.seconds,
            "peak_memory_bytes": entry.peak_memory_bytes or step.peak_memory_bytes,
        }
    )
