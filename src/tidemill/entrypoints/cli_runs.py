"""Commands about saved pipelines and their runs; they speak to the server, or to the services in this process if none runs."""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from tidemill.domain.draft import Reading
from tidemill.domain.finding import Finding
from tidemill.entrypoints.cli_output import ERR, OUT, failing, print_findings, print_json, print_json_line, print_readings
from tidemill.entrypoints.cli_text import read_text
from tidemill.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tidemill.entrypoints.cli_client import Client

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
PipelineId = Annotated[str, typer.Argument(help="A pipeline's id, as `tidemill pipelines` shows it.")]
RunId = Annotated[str, typer.Argument(help="A run's id, as `tidemill runs` shows it.")]
POLL_S = 0.2
"""How often the log is asked for while it is followed."""
INTERRUPTED = 130
"""What a shell gives for a command that Ctrl-C ended."""
FINAL = ("succeeded", "failed", "cancelled", "skipped")
COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "running": "blue",
    "pending": "dim",
    "cancelling": "yellow",
    "cancelled": "yellow",
    "skipped": "dim",
}
LEVELS = {"error": "red", "critical": "red", "warning": "yellow"}


def create(
    source: Annotated[
        str, typer.Argument(metavar="BRIEF|CONFIG.yaml", help="A brief or a config.yaml: a file, `-`, or the instructions themselves.")
    ],
    name: Annotated[str | None, typer.Option(help="The pipeline's name.")] = None,
    force: Annotated[bool, typer.Option(help="Keep it although its tests fail or sentences were not understood.")] = False,
    as_json: AsJson = False,
) -> None:
    """Save a pipeline with its artifacts, after its own tests have passed."""
    with failing(as_json=as_json):
        text = read_text(source, "brief")
        kind = "config" if looks_like_config(source, text) else "instructions"
        with connect(engine=False) as client:
            saved = client.post("/api/pipelines", {kind: text, "name": name, "force": force})
    if as_json:
        print_json(saved)
        return
    show_saved(saved)
    OUT.print(f"Run it with: tidemill run {saved['pipeline']['id']} --follow")


def run(
    pipeline: PipelineId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show the log until the run is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a pipeline now."""
    with failing(as_json=as_json), connect(engine=True) as client:
        started = client.post(f"/api/pipelines/{checked_id(pipeline, 'pipeline')}/runs")
        if client.url is None and not follow and not as_json:
            ERR.print("[dim]No server is running, so the run is followed here; `tidemill up` runs pipelines in the background.[/]")
        if follow or client.url is None:
            started = _followed(client, started["id"], show=None if as_json else show_entry)
    if as_json:
        print_json(started)
    elif started["state"] in FINAL:
        show_run(started)
    else:
        OUT.print(f"Started: {started['id']}. Watch it with: tidemill logs {started['id']} -f")
    _exit_with(started)


def runs(
    pipeline: Annotated[str | None, typer.Option(help="Runs of this pipeline only.")] = None,
    state: Annotated[str | None, typer.Option(help="Runs in this state only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    with failing(as_json=as_json), connect(engine=False) as client:
        page = client.get("/api/runs", pipelineId=pipeline and checked_id(pipeline, "pipeline"), state=state, limit=limit)
    if as_json:
        print_json(page)
        return
    table = _table("run", "pipeline", "state", "trigger", "requested", "took")
    for item in page["items"]:
        colour = COLOURS[item["state"]]
        table.add_row(item["id"], item["pipelineId"], f"[{colour}]{item['state']}[/]", item["trigger"], item["requestedAt"][:19], _took(item))
    OUT.print(table if page["items"] else "No runs yet. Start one with: tidemill run PIPELINE")


def logs(
    run_id: RunId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a run's log."""
    with failing(as_json=as_json), connect(engine=False) as client:
        checked_id(run_id, "run")
        if follow:
            follow_run(client, run_id, show=print_json_line if as_json else show_entry)
            return
        entries = all_entries(client, run_id)
    if as_json:
        print_json(entries)
    else:
        for entry in entries:
            show_entry(entry)


def cancel(run_id: RunId, as_json: AsJson = False) -> None:
    """Stop a run with everything it started."""
    with failing(as_json=as_json), connect(engine=True) as client:
        stopped = client.post(f"/api/runs/{checked_id(run_id, 'run')}/cancel")
    if as_json:
        print_json(stopped)
    else:
        OUT.print(f"{run_id} is {stopped['state']}")


def schedule(
    pipeline: PipelineId,
    cron: Annotated[str | None, typer.Argument(help='Minute, hour, day, month, weekday: "0 9 * * *".')] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name; UTC if left out.")] = None,
    missed_runs: Annotated[str, typer.Option(help="Times that passed while Tidemill was down: skip, runOnce or catchUp.")] = "skip",
    remove: Annotated[bool, typer.Option("--remove", help="Remove the schedule.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set, show or remove a pipeline's schedule."""
    if (remove or timezone) and (remove == bool(cron)):
        raise typer.BadParameter("Give a cron line, with a --timezone if it needs one, or --remove alone.", param_hint="CRON")
    with failing(as_json=as_json), connect(engine=False) as client:
        path = f"/api/pipelines/{checked_id(pipeline, 'pipeline')}/schedule"
        if remove:
            client.delete(path)
            shown = None
        elif cron is not None:
            shown = client.put(path, {"cron": cron, "timezone": timezone, "missedRuns": missed_runs})
        else:
            shown = client.get(path)
        background = client.url is not None
    if as_json:
        print_json(shown)
    elif shown is None:
        OUT.print(f"{pipeline} has no schedule any more.")
    else:
        OUT.print(f"{pipeline} runs {shown['words']}. Next: {', '.join(t[:16] for t in shown['nextFireTimes'][:3])} UTC")
        if not background:
            ERR.print("[dim]Schedules fire while `tidemill up` is running.[/]")


def pipelines(
    search: Annotated[str, typer.Option(help="Text in the name, description or id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List saved pipelines."""
    with failing(as_json=as_json), connect(engine=False) as client:
        page = client.get("/api/pipelines", search=search, limit=limit)
    if as_json:
        print_json(page)
        return
    table = _table("pipeline", "name", "runs", "last run")
    for item in page["items"]:
        last = item["lastRun"]
        state = f"[{COLOURS[last['state']]}]{last['state']}[/] {last['requestedAt'][:16]}" if last else "[dim]never[/]"
        table.add_row(item["id"], escape(item["name"]), item["schedule"]["words"] if item["schedule"] else item["trigger"], state)
    OUT.print(table if page["items"] else "No pipelines yet. Make one with: tidemill create BRIEF")


def connect(*, engine: bool) -> AbstractContextManager[Client]:
    """A client of the services; imported here because the web framework costs half a second that `draft` does not need."""
    from tidemill.entrypoints import cli_client

    return cli_client.connect(engine=engine)


COMMANDS = (create, run, runs, logs, cancel, schedule, pipelines)


def looks_like_config(source: str, text: str) -> bool:
    """True for a config.yaml: by the file's ending, else by its first key."""
    if Path(source).suffix.lower() in (".yaml", ".yml", ".json"):
        return True
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return first.startswith(("name:", "steps:", "description:", "{", "trigger:"))


def follow_run(client: Client, run_id: str, *, show: Callable[[dict[str, Any]], None] | None) -> dict[str, Any]:
    """Shows the log as it grows until the run is over; gives the run."""
    after = "0"
    while True:
        page = client.get(f"/api/runs/{run_id}/logs", after=after)
        after = page["next"]
        for entry in page["entries"]:
            if show is not None:
                show(entry)
        if page["complete"]:
            run: dict[str, Any] = client.get(f"/api/runs/{run_id}")
            return run
        if not page["entries"]:
            time.sleep(POLL_S)


def all_entries(client: Client, run_id: str) -> list[dict[str, Any]]:
    """The whole log as far as it goes now."""
    entries: list[dict[str, Any]] = []
    after = "0"
    while True:
        page = client.get(f"/api/runs/{run_id}/logs", after=after, limit=10_000)
        entries += page["entries"]
        if not page["entries"]:
            return entries
        after = page["next"]


def checked_id(given: str, what: str) -> str:
    """The id of a pipeline or run, if it can be one.

    Raises:
        InvalidInput: It cannot be one, such as a path or a name with spaces.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", given):
        raise InvalidInput(f"{given!r} is not the id of a {what}. `tidemill {what}s` lists them.")
    return given


def show_entry(entry: dict[str, Any]) -> None:
    """One log line."""
    colour = LEVELS.get(entry["level"])
    message = escape(entry["message"])
    OUT.print(f"[dim]{entry['at'][11:19]}[/] {f'[{colour}]{message}[/]' if colour else message}", soft_wrap=True)


def show_run(run: dict[str, Any]) -> None:
    """A run that is over, with its steps."""
    table = Table("step", "state", "rows", "seconds", "peak memory", box=None)
    for step in run["steps"]:
        memory = f"{step['peakMemoryBytes'] / 2**20:.0f} MiB" if step["peakMemoryBytes"] else ""
        seconds = f"{step['seconds']:.2f}" if step["seconds"] is not None else ""
        table.add_row(
            escape(step["name"]),
            f"[{COLOURS.get(step['state'], 'dim')}]{step['state']}[/]",
            str(step["rows"] if step["rows"] is not None else ""),
            seconds,
            memory,
        )
    OUT.print(table)
    detail = f": {escape(run['detail'])}" if run["detail"] else ""
    OUT.print(f"[{COLOURS[run['state']]}]{run['state']}[/] {run['id']}{' in ' + _took(run) if _took(run) else ''}{detail}", soft_wrap=True)


def show_saved(saved: dict[str, Any]) -> None:
    """A pipeline as it was created."""
    print_readings([Reading.model_validate(r) for r in saved["readings"]])
    print_findings([Finding.model_validate(f) for f in saved["findings"]])
    show_verification(saved["verification"])
    pipeline = saved["pipeline"]
    OUT.print(
        f"[green]✓[/] created {pipeline['id']} in pipeline_artifacts/{pipeline['id']}/: {', '.join(a['path'] for a in pipeline['artifacts'])}",
        soft_wrap=True,
    )


def show_verification(verification: dict[str, Any] | None) -> None:
    """What the sandbox said."""
    if verification is None:
        return
    passed = sum(t["passed"] for t in verification["tests"])
    mark = "[green]✓[/]" if verification["passed"] else "[red]✗[/]"
    OUT.print(f"{mark} {passed} of {len(verification['tests'])} tests passed in the sandbox ({escape(verification['isolation'])})", soft_wrap=True)
    for test in verification["tests"]:
        if not test["passed"]:
            OUT.print(f"  [red]✗[/] {escape(test['name'])}\n{escape(test['message'])}", soft_wrap=True)
    for check in verification["checks"]:
        if not check["passed"]:
            OUT.print(f"  [red]✗[/] {escape(check['name'])}: {escape(check['detail'])}", soft_wrap=True)


def _table(*columns: str) -> Table:
    """A table whose cells are folded, never cut: an id that is cut cannot be copied."""
    table = Table(box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _took(run: dict[str, Any]) -> str:
    if not run["startedAt"] or not run["finishedAt"]:
        return ""
    seconds = (datetime.fromisoformat(run["finishedAt"]) - datetime.fromisoformat(run["startedAt"])).total_seconds()
    return f"{seconds:.1f} s"


def _followed(client: Client, run_id: str, *, show: Callable[[dict[str, Any]], None] | None) -> dict[str, Any]:
    """As `follow_run`; Ctrl-C ends the following, not the run."""
    try:
        return follow_run(client, run_id, show=show)
    except KeyboardInterrupt:
        ERR.print(f"\nRun {run_id} goes on. Watch it with: tidemill logs {run_id} -f; stop it with: tidemill cancel {run_id}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None


def _exit_with(run: dict[str, Any]) -> None:
    if run["state"] in FINAL and run["state"] != "succeeded":
        raise typer.Exit(1)
