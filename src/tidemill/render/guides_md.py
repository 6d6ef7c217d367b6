"""README.md and EXECUTION_STRATEGY.md of a pipeline, in the words of this very pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidemill.domain.connectors import (
    BigQueryDestination,
    CsvDestination,
    GoogleSheetsDestination,
    HttpJsonSource,
    JsonDestination,
    JsonlDestination,
    MysqlDestination,
    ParquetDestination,
    PostgresDestination,
    SqliteDestination,
    WriteMode,
)
from tidemill.domain.pipeline import MissedRuns, Trigger
from tidemill.domain.table_schema import ColumnType
from tidemill.render.needs import environment_of, libraries_of, secret_files_of
from tidemill.render.plan import Plan
from tidemill.render.words import destination_words, listed, one_line, operation_words, source_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tidemill.domain.pipeline import DestinationStep, PipelineSpec, SourceStep, TransformStep
    from tidemill.domain.schema_flow import SchemaFlow
    from tidemill.domain.table_schema import TableSchema

_FILES = (CsvDestination, JsonDestination, JsonlDestination, ParquetDestination)
_DATABASES = (SqliteDestination, PostgresDestination, MysqlDestination)
_MISSED = {
    MissedRuns.SKIP: "they are left out",
    MissedRuns.RUN_ONCE: "one run makes up for all of them",
    MissedRuns.CATCH_UP: "each of them is made up for, oldest first",
}


def render_readme(spec: PipelineSpec, flow: SchemaFlow, untested: Sequence[str] = ()) -> str:
    """README.md: what the pipeline does, what it needs, how to run and test it.

    Args:
        spec: What the pipeline does.
        flow: Its schema flow.
        untested: Names of steps whose values tests.py does not check.
    """
    plan = Plan(spec, flow)
    parts = [
        f"# {one_line(spec.name)}",
        one_line(spec.description),
        "\n".join(_what_it_does(plan)),
        "\n".join(_tables(plan)),
        "\n".join(_how_to_run(plan)),
        "\n".join(_how_to_test(untested)),
        "\n".join(_environment(plan)),
        _FOLDER,
    ]
    return "\n\n".join(p.strip("\n") for p in parts if p) + "\n"


def render_strategy(spec: PipelineSpec, flow: SchemaFlow) -> str:
    """EXECUTION_STRATEGY.md: what happens on each kind of run of this pipeline."""
    plan = Plan(spec, flow)
    parts = [
        f"# Execution strategy of {one_line(spec.name)}",
        _summary(plan),
        *("\n".join(section(plan)) for section in (_first_run, _rerun, _changed, _failure, _empty, _at_once, _when)),
    ]
    return "\n\n".join(p.strip("\n") for p in parts if p) + "\n"


_FOLDER = """\
## The files

| file | what it is |
|---|---|
| `config.yaml` | what the pipeline does; the other files are made from it |
| `pipeline.py` | the program; it needs no other file |
| `tests.py` | its tests, with sample rows and the results they have to give |
| `EXECUTION_STRATEGY.md` | what happens on a first run, a repeated one and a failed one |
| `logs/` | one log per run |"""


def _what_it_does(plan: Plan) -> Iterator[str]:
    yield "## What it does\n"
    steps: list[SourceStep | TransformStep | DestinationStep] = [*plan.sources, *plan.transforms, *plan.destinations]
    for number, step in enumerate(steps, start=1):
        yield f"{number}. **{one_line(step.name)}**{_from(plan, step.name)}: {_told(step)}."


def _from(plan: Plan, name: str) -> str:
    """Which tables a step reads, where that is not simply the one before."""
    names = plan.inputs[name]
    steps = [*(s.name for s in plan.sources), *(s.name for s in plan.transforms)]
    place = steps.index(name) if name in steps else len(steps)
    follows = len(names) == 1 and place > 0 and steps[place - 1] == names[0]
    return "" if not names or follows else f" (from {listed(names)})"


def _told(step: SourceStep | TransformStep | DestinationStep) -> str:
    if step.type == "source":
        return f"read {source_words(step.config)}"
    if step.type == "destination":
        return f"write {destination_words(step.config)}{_mode_words(step)}"
    return "; ".join(operation_words(step.config)) or "hand the rows on"


def _mode_words(step: DestinationStep) -> str:
    mode = getattr(step.config, "mode", WriteMode.REPLACE)
    if mode is WriteMode.UPSERT:
        return f", replacing rows with the same {listed(f'`{k}`' for k in getattr(step.config, 'keys', ()))}"
    return ", adding to what is there" if mode is WriteMode.APPEND else ""


def _tables(plan: Plan) -> Iterator[str]:
    yield "## Columns\n"
    for step in plan.ends:
        done = "Read from" if step.type == "source" else "Written by"
        yield f"{done} **{one_line(step.name)}**: {_columns(plan.flow.outputs[step.name])}.\n"


def _columns(schema: TableSchema) -> str:
    known = ", ".join(f"`{n}`" + (f" ({t})" if t is not ColumnType.UNKNOWN else "") for n, t in schema.columns.items())
    if schema.complete:
        return known or "none"
    return f"{known}, and the others that are there" if known else "all that are there"


def _how_to_run(plan: Plan) -> Iterator[str]:
    yield "## Run it\n"
    yield "```sh"
    yield f"pip install {' '.join(repr(p) if '[' in p else p for p in libraries_of(plan))}"
    yield "python pipeline.py"
    yield "```\n"
    yield "Relative paths start from the working directory, or from `PIPELINE_ROOT` where it is set. It ends with 0 if it succeeded and with"
    yield "1 if it failed. It logs to the terminal and to `logs/execution_<time>.log` beside `pipeline.py`: rows, seconds and peak memory of"
    yield "each step."
    yield from _schedule(plan.spec)


def _schedule(spec: PipelineSpec) -> Iterator[str]:
    if spec.trigger is Trigger.SCHEDULED and spec.schedule:
        yield f"\nIt is to run at `{spec.schedule}` (cron: minute, hour, day of month, month, day of week), time zone {spec.timezone or 'UTC'}."
    elif spec.trigger is Trigger.EVENT and spec.event:
        yield f"\nIt is to run on the event `{spec.event}`."


def _how_to_test(untested: Sequence[str]) -> Iterator[str]:
    yield "## Test it\n"
    yield "```sh"
    yield "pip install pytest"
    yield "python -m pytest tests.py"
    yield "```\n"
    yield "The tests need no network and no credentials."
    if untested:
        names = listed(f"**{one_line(n)}**" for n in untested)
        yield f"They do not check the values that {names} gives: that is code of its own. Please read it."


def _environment(plan: Plan) -> Iterator[str]:
    yield "## Environment\n"
    yield "| variable | what it is for |\n|---|---|"
    for name, meaning in dict.fromkeys(environment_of(plan)):
        yield f"| {name if ' ' in name else f'`{name}`'} | {meaning} |"
    for path, step in secret_files_of(plan):
        yield f"\n**{one_line(step)}** reads its credentials from the file `{path}`."


def _summary(plan: Plan) -> str:
    appended = [d for d in plan.destinations if getattr(d.config, "mode", None) is WriteMode.APPEND]
    if not appended:
        return "The pipeline may be run again at any time: from the same sources it leaves the same result."
    names = listed(f"**{one_line(d.name)}**" for d in appended)
    return f"**Not safe to repeat without thought:** {names} appends, so that a second run writes the same rows a second time."


def _first_run(plan: Plan) -> Iterator[str]:
    yield "## First run\n"
    for number, source in enumerate(plan.sources, start=1):
        yield f"{number}. `{source.name}` reads {source_words(source.config)}."
    count = len(plan.sources)
    if plan.transforms:
        count += 1
        yield f"{count}. {listed(f'`{t.name}`' for t in plan.transforms)} compute{'s' if len(plan.transforms) == 1 else ''} the result."
    for number, step in enumerate(plan.destinations, start=count + 1):
        yield f"{number}. {_write_words(step)}"
    if len(plan.destinations) > 1:
        yield "\nAll results are computed before the first of them is written."


def _write_words(step: DestinationStep) -> str:
    config, place = step.config, destination_words(step.config)
    if isinstance(config, _FILES) and "://" in config.path:
        return f"`{step.name}` writes the {place} as one object, which appears when it is complete."
    if isinstance(config, _FILES):
        return f"`{step.name}` writes the {place}: first under another name in the same folder (made if missing), then it is renamed."
    if isinstance(config, _DATABASES):
        made = "the file and the table are" if isinstance(config, SqliteDestination) else "the table is"
        return f"`{step.name}` writes {place} in one transaction; {made} made if missing."
    if isinstance(config, GoogleSheetsDestination):
        return f"`{step.name}` writes {place} in one update; the sheet is made if missing."
    return f"`{step.name}` writes {place} in one load job; the table is made if missing."


def _rerun(plan: Plan) -> Iterator[str]:
    yield "## Run again, sources unchanged\n"
    for step in plan.destinations:
        yield f"- {_again_words(step)}"


def _again_words(step: DestinationStep) -> str:
    config, place = step.config, destination_words(step.config)
    mode = getattr(config, "mode", WriteMode.REPLACE)
    if mode is WriteMode.APPEND:
        return f"{_capital(place)}: the same rows are added a second time."
    if mode is WriteMode.UPSERT:
        keys = listed(f"`{k}`" for k in getattr(config, "keys", ()))
        return f"{_capital(place)}: rows with the same {keys} are deleted and written again in one transaction, which leaves it as it was."
    if isinstance(config, _DATABASES):
        return f"{_capital(place)}: all rows are deleted and the same rows are written, in one transaction."
    if isinstance(config, GoogleSheetsDestination):
        return f"{_capital(place)}: the same cells are written over the old ones; what stood there beyond them is cut off."
    if isinstance(config, BigQueryDestination):
        return f"{_capital(place)}: it is replaced by the same rows."
    return f"{_capital(place)}: it is replaced by a file with the same rows{_row_order(config)}."


def _row_order(config: object) -> str:
    return " in the same order" if isinstance(config, _FILES) else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _changed(plan: Plan) -> Iterator[str]:
    yield "## Run again after a source has changed\n"
    yield "Every run reads the sources in full and computes everything anew; nothing is remembered from the run before."
    for step in plan.destinations:
        mode = getattr(step.config, "mode", WriteMode.REPLACE)
        if mode is WriteMode.UPSERT:
            keys = listed(f"`{k}`" for k in getattr(step.config, "keys", ()))
            said = f"changed rows are replaced and new ones added, by {keys}; rows that the sources no longer have stay."
            yield f"- {_capital(destination_words(step.config))}: {said}"
        elif mode is WriteMode.APPEND:
            yield f"- {_capital(destination_words(step.config))}: all rows of the new result are added, also those that have not changed."
        else:
            yield f"- {_capital(destination_words(step.config))}: it holds the new result only; rows that no longer occur are gone."
    for source in plan.sources:
        if source.config.columns is not None or plan.needed.get(source.name):
            yield f"- A column that `{source.name}` needs and does not find ends the run with a message that names it, before anything is written."


def _failure(plan: Plan) -> Iterator[str]:
    yield "## When a run fails\n"
    yield "It ends with 1; the last lines of the log say which step failed and why."
    yield "- Up to the first write nothing has changed: loading and computing touch no destination."
    for step in plan.destinations:
        yield f"- {_capital(destination_words(step.config))}: {_whole_words(step)}"
    if len(plan.destinations) > 1:
        order = listed((f"`{d.name}`" for d in plan.destinations), "then")
        yield f"- Destinations are written one after the other: {order}. If a later one fails, the earlier ones hold the new result already and it"
        yield f"  holds the old one; {_repair(plan)}"
    elif not _appends(plan):
        yield "- Run it again when the cause is gone; it starts from the beginning."
    yield ""
    yield f"Before it gives up, it tries a load or a write up to five times, waiting 1, 2, 4 and 8 seconds and a bit of chance, {_retried(plan)}"
    yield "A file or a value that is wrong is not tried again."


def _whole_words(step: DestinationStep) -> str:
    config = step.config
    if isinstance(config, _FILES) and "://" in config.path:
        return "the object is the old one until the upload is complete."
    if isinstance(config, _FILES):
        return "the file is the old one until the new one is complete; there is never half a file."
    if isinstance(config, _DATABASES):
        extra = " (a table that was just made stays, empty)" if isinstance(config, MysqlDestination) else ""
        return f"the transaction is rolled back, so that it holds what it held before{extra}."
    if isinstance(config, GoogleSheetsDestination):
        return "the cells change in one update; if the run ends right after it, old cells may remain beside, which the next run cuts off."
    return "the load job is applied whole or not at all."


def _appends(plan: Plan) -> bool:
    return any(getattr(d.config, "mode", None) is WriteMode.APPEND for d in plan.destinations)


def _repair(plan: Plan) -> str:
    if _appends(plan):
        return "before running it again, remove what was appended."
    return "running it again repairs that."


def _retried(plan: Plan) -> str:
    causes = ["lost connections", "time-outs"]
    if any(isinstance(s.config, HttpJsonSource) for s in plan.sources):
        causes += ["answers 429 and 5xx (after as long as `Retry-After` asks)"]
    if any(isinstance(d.config, _DATABASES) for d in plan.destinations):
        causes += ["deadlocks", "locked tables"]
    return f"after {listed(causes, 'and')}."


def _empty(plan: Plan) -> Iterator[str]:
    yield "## When a source is empty\n"
    names = listed(f"`{s.name}`" for s in plan.sources)
    yield f"No rows in {names} are no failure: the steps go on with no rows, and"
    for step in plan.destinations:
        mode = getattr(step.config, "mode", WriteMode.REPLACE)
        kept = "keeps the rows it has" if mode in (WriteMode.UPSERT, WriteMode.APPEND) else "has its columns and no rows afterwards"
        if isinstance(step.config, (JsonDestination, JsonlDestination)):
            kept = "holds an empty list afterwards" if isinstance(step.config, JsonDestination) else "is empty afterwards"
        yield f"- {destination_words(step.config)} {kept}{_single_row(plan, step)}."
    yield "\nA source that is missing altogether, or a file without the line of column names, ends the run with a message."


def _single_row(plan: Plan, step: DestinationStep) -> str:
    before = plan.spec.by_name[plan.inputs[step.name][0]]
    single = before.type == "transform" and before.config.aggregations and not before.config.group_by
    return ", but for the one row of totals over all rows" if single else ""


def _at_once(plan: Plan) -> Iterator[str]:
    yield "## Two runs at the same time\n"
    for step in plan.destinations:
        config, place = step.config, _capital(destination_words(step.config))
        if isinstance(config, _FILES):
            yield f"- {place}: each run writes its own file; the one that ends last wins, whole."
        elif isinstance(config, MysqlDestination):
            yield f"- {place}: the second waits for the rows that the first has locked; if the database calls that a deadlock, it tries again."
        elif isinstance(config, _DATABASES):
            yield f"- {place}: the second run waits until the first has committed."
        elif isinstance(config, GoogleSheetsDestination):
            yield f"- {place}: the updates follow each other; if both results differ in size, run it once more."
        else:
            yield f"- {place}: the load jobs follow each other."


def _when(plan: Plan) -> Iterator[str]:
    spec = plan.spec
    if spec.trigger is not Trigger.SCHEDULED or not spec.schedule:
        return
    yield "## Schedule\n"
    yield f"It is to run at `{spec.schedule}` ({spec.timezone or 'UTC'}). If times have passed while nothing was there to start it,"
    yield f"{_MISSED[spec.missed_runs]}."
