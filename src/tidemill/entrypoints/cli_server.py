"""Commands about this machine: the server, its health, the demonstration."""

from __future__ import annotations

import asyncio
import csv
import importlib.util
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from tidemill import __version__
from tidemill.adapter_registry import adapter
from tidemill.domain.draft import Reading
from tidemill.domain.finding import Finding
from tidemill.entrypoints.cli_output import OUT, failing, print_findings, print_json, print_readings
from tidemill.entrypoints.cli_runs import connect, follow_run, show_entry, show_run, show_verification
from tidemill.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tidemill.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")]
SHOWN_ROWS = 12
EXTRAS = {
    "models": ("pydantic_ai", "drafting with a model"), "postgres": ("psycopg", "PostgreSQL"), "mysql": ("pymysql", "MySQL and MariaDB"),
    "sheets": ("gspread", "Google Sheets"), "s3": ("s3fs", "s3:// paths"), "gcs": ("gcsfs", "gs:// paths"), "azure": ("adlfs", "az:// paths"),
    "bigquery": ("google.cloud.bigquery", "BigQuery"),
}  # fmt: skip
FREE_BYTES = 500 * 2**20
"""Less free space than this is worth a word: DuckDB spills what does not fit into memory."""


@dataclass(frozen=True)
class Check:
    """One thing the doctor looked at."""

    name: str
    ok: bool
    detail: str
    required: bool = True


def up(port: Port = 3000) -> None:
    """Serve the REST API and run schedules, on this machine only."""
    from tidemill.entrypoints.http.server import serve
    from tidemill.settings import from_machine
    from tidemill.telemetry import set_up_logging

    with failing(as_json=False):
        settings = from_machine({"http": {"port": port}})
        set_up_logging(level=settings.log.level, log_format=settings.log.format)
        asyncio.run(serve(settings, ready=lambda url: OUT.print(f"Tidemill serves {settings.project} on {url} (Ctrl-C to stop)", soft_wrap=True)))


def doctor(as_json: AsJson = False) -> None:
    """Look whether this machine has what Tidemill needs, and say how to mend what it lacks."""
    from tidemill.settings import from_machine

    with failing(as_json=as_json):
        checks = list(_checks(from_machine()))
    if as_json:
        print_json({"ok": all(c.ok for c in checks if c.required), "checks": [vars(c) for c in checks]})
    else:
        for c in checks:
            mark = "[green]✓[/]" if c.ok else "[red]✗[/]" if c.required else "[dim]-[/]"
            OUT.print(f"{mark} {c.name}: {escape(c.detail)}", soft_wrap=True)
    if not all(c.ok for c in checks if c.required):
        raise typer.Exit(1)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the run, do not serve.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the demonstration's files go.")] = Path("demo"),
    port: Port = 3000,
) -> None:
    """Turn a brief into a spec, artifacts, passing tests, a run and a result, on data that comes with Tidemill."""
    with failing(as_json=False):
        _copy_example(folder)
        os.chdir(folder)
        _demonstrate()
    if not once:
        up(port)


COMMANDS = (up, doctor, demo)


def _copy_example(folder: Path) -> None:
    """The example's brief and data; what a person changed in them stays."""
    example = Path(__file__).parent.parent / "examples" / "sales_analytics"
    for file in sorted(p for p in example.rglob("*") if p.is_file()):
        target = folder / file.relative_to(example)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def _demonstrate() -> None:
    brief = Path("brief.txt").read_text(encoding="utf-8")
    OUT.rule("[bold]1. A brief, in plain words[/]")
    OUT.print(escape(brief))
    with connect(engine=True) as client:
        OUT.rule("[bold]2. What was understood[/]")
        made = client.post("/api/ai/generate-pipeline", {"instructions": brief})
        print_readings([Reading.model_validate(r) for r in made["readings"]])
        print_findings([Finding.model_validate(f) for f in made["findings"]])
        OUT.rule("[bold]3. The spec: config.yaml[/]")
        OUT.print(made["config"], markup=False)
        OUT.rule("[bold]4. The artifacts, tested in a sandbox[/]")
        show_verification(made["verification"])
        pipeline = _saved(client, brief)
        OUT.print(
            f"Saved in {Path.cwd() / 'pipeline_artifacts' / pipeline}: " + ", ".join(_files(Path("pipeline_artifacts") / pipeline)), soft_wrap=True
        )
        OUT.rule("[bold]5. A run, step by step[/]")
        run = follow_run(client, client.post(f"/api/pipelines/{pipeline}/runs")["id"], show=show_entry)
        show_run(run)
    if run["state"] != "succeeded":
        raise typer.Exit(1)
    OUT.rule("[bold]6. The result: out/sales_analytics.csv[/]")
    _show_csv(Path("out/sales_analytics.csv"))
    OUT.print("Change brief.txt and try again: tidemill draft brief.txt")


def _saved(client: Any, brief: str) -> str:
    """The id of the demonstration's pipeline, made once."""
    known = client.get("/api/pipelines", search="sales-analytics")["items"]
    if known:
        return str(known[0]["id"])
    return str(client.post("/api/pipelines", {"instructions": brief})["pipeline"]["id"])


def _files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_file())


def _show_csv(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    table = Table(*header, box=None)
    for row in rows[:SHOWN_ROWS]:
        table.add_row(*(escape(cell) for cell in row))
    OUT.print(table)
    if len(rows) > SHOWN_ROWS:
        OUT.print(f"… and {len(rows) - SHOWN_ROWS} rows more")


def _checks(settings: Settings) -> Iterator[Check]:
    python = ".".join(str(v) for v in sys.version_info[:3])
    yield Check("python", sys.version_info >= (3, 11), f"{python}, tidemill {__version__}")
    yield _writable("project folder", settings.project)
    yield _disk(settings.project)
    yield _sandbox()
    yield _database(settings)
    yield _server(settings)
    for extra, (module, what) in EXTRAS.items():
        found = _is_installed(module)
        yield Check(f"extra `{extra}`", found, f"{what}: {'installed' if found else f'not installed; pip install tidemill[{extra}]'}", required=False)


def _writable(name: str, folder: Path) -> Check:
    if os.access(folder, os.W_OK | os.X_OK):
        return Check(name, True, str(folder))
    return Check(name, False, f"{folder} cannot be written; change its permissions or set TIDEMILL_PROJECT to another folder")


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    return Check(
        "free space", free > FREE_BYTES, f"{free / 2**30:.1f} GiB" + ("" if free > FREE_BYTES else "; make room, results and logs need some")
    )


def _sandbox() -> Check:
    try:
        return Check("sandbox", True, str(adapter("sandbox")().isolation()))
    except Unsupported as missing:
        return Check("sandbox", False, missing.message)


def _database(settings: Settings) -> Check:
    from tidemill.bootstrap import start

    async def try_it() -> None:
        app = await start(settings, engine=False)
        await app.check_database()
        await app.stop()

    where = "SQLite in " + str(settings.data) if settings.database_url is None else "the database of TIDEMILL_DATABASE_URL"
    try:
        asyncio.run(try_it())
    except Exception as failed:  # the doctor reports whatever is wrong and goes on
        return Check("database", False, f"{where} does not answer: {failed}")
    return Check("database", True, where)


def _server(settings: Settings) -> Check:
    from tidemill.entrypoints.server_file import running_server

    url = running_server(settings)
    return Check("server", url is not None, url or "not running; start it with `tidemill up`", required=False)


def _is_installed(module: str) -> bool:
    with suppress(ModuleNotFoundError):
        return importlib.util.find_spec(module) is not None
    return False
