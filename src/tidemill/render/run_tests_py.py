"""The tests of tests.py that run the whole pipeline: `transform`, running twice, failing, empty sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidemill.domain.connectors import (
    CsvDestination,
    CsvSource,
    JsonDestination,
    JsonlDestination,
    JsonlSource,
    JsonSource,
    ParquetDestination,
    ParquetSource,
    SqliteDestination,
    SqliteSource,
    WriteMode,
)
from tidemill.domain.reference import NotEvaluable, UnreadableValue, evaluate
from tidemill.render.branches import Operation, used_columns
from tidemill.render.names import load_name, write_name
from tidemill.render.python_text import columns_source, names_source, rounded, rows_source, same_rows, text_source
from tidemill.render.source_samples import source_samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tidemill.domain.connectors import DestinationConfig, SourceConfig
    from tidemill.domain.pipeline import DestinationStep, PipelineSpec
    from tidemill.domain.reference import Rows
    from tidemill.domain.schema_flow import SchemaFlow
    from tidemill.render.sample_inputs import SampleTable

WRITERS = {
    "write_csv": """
def write_csv(path: Path, columns: dict[str, str], rows: list[Row], *, delimiter: str = ",", encoding: str = "utf-8", missing: str = "") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows([missing if v is None else v for v in row] for row in rows)
""",
    "write_json": """
def write_json(path: Path, columns: dict[str, str], rows: list[Row], *, records_path: str = "") -> None:
    document: object = [dict(zip(columns, row, strict=True)) for row in rows]
    for key in reversed(records_path.split(".") if records_path else []):
        document = {key: document}
    path.write_text(json.dumps(document, default=str), encoding="utf-8")
""",
    "write_jsonl": """
def write_jsonl(path: Path, columns: dict[str, str], rows: list[Row]) -> None:
    lines = [json.dumps(dict(zip(columns, row, strict=True)), default=str) for row in rows]
    path.write_text("".join(f"{line}\\n" for line in lines), encoding="utf-8")
""",
    "write_parquet": """
def write_parquet(path: Path, columns: dict[str, str], rows: list[Row]) -> None:
    pq.write_table(table(columns, rows).to_pyarrow(), path)
""",
    "write_sqlite": '''
SQL_TYPES = {"int64": "INTEGER", "float64": "REAL", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}


def write_sqlite(path: Path, columns: dict[str, str], rows: list[Row], *, name: str) -> None:
    database = sqlite3.connect(path)
    with contextlib.closing(database), database:
        database.execute(f'DROP TABLE IF EXISTS "{name}"')
        database.execute(f'CREATE TABLE "{name}" ({", ".join(f"""\"{c}\" {SQL_TYPES.get(t, "TEXT")}""" for c, t in columns.items())})')
        marks = ", ".join("?" for _ in columns)
        database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', [[str(v) if isinstance(v, dt.date) else v for v in row] for row in rows])
''',
}
READERS = {
    "read_csv": """
def read_csv(path: Path, delimiter: str = ",") -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(map(str, list(csv.reader(file, delimiter=delimiter))[1:]))
""",
    "read_json": """
def read_json(path: Path) -> list[str]:
    return sorted(map(str, json.loads(path.read_text(encoding="utf-8"))))
""",
    "read_jsonl": """
def read_jsonl(path: Path) -> list[str]:
    return sorted(str(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
""",
    "read_parquet": """
def read_parquet(path: Path) -> list[str]:
    return sorted(map(str, pq.read_table(path).to_pylist()))
""",
    "read_sqlite": """
def read_sqlite(path: Path, name: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return sorted(map(str, database.execute(f'SELECT * FROM "{name}"')))
""",
}
KEEP = '''
WRITTEN: dict[str, list[Row]] = {}


def keep(name: str) -> Callable[..., int]:
    """Stands for a function that writes to a server: keeps the rows in WRITTEN."""

    def write(result: ir.Table, *_: object) -> int:
        WRITTEN[name] = in_order(rows_of(result))
        return len(WRITTEN[name])

    return write
'''


@dataclass(frozen=True)
class _Source:
    """A source as the tests provide it."""

    identifier: str
    config: SourceConfig
    sample: SampleTable
    needs: str | None
    """A column of it that a step looks at."""

    @property
    def columns(self) -> str:
        return f"{self.identifier.upper()}_COLUMNS"

    @property
    def rows(self) -> str:
        return f"{self.identifier.upper()}_ROWS"

    @property
    def file(self) -> str | None:
        """The path of the file it is read from; None if it is not a local one."""
        files = (CsvSource, JsonSource, JsonlSource, ParquetSource, SqliteSource)
        return self.config.path if isinstance(self.config, files) and _is_local(self.config) else None


@dataclass(frozen=True)
class _Destination:
    """A destination as the tests look at it."""

    identifier: str
    config: DestinationConfig
    rows: int | None
    """How many rows arrive from the samples; None if that is not known."""

    @property
    def appends(self) -> bool:
        return isinstance(self.config, SqliteDestination) and self.config.mode is WriteMode.APPEND

    @property
    def reading(self) -> str | None:
        """The call that reads what was written; None if it is not written to a local file."""
        config = self.config
        files = (CsvDestination, JsonDestination, JsonlDestination, ParquetDestination, SqliteDestination)
        if not isinstance(config, files) or not _is_local(config):
            return None
        path = f"folder / {text_source(config.path)}"
        if isinstance(config, CsvDestination) and config.delimiter != ",":
            return f"read_csv({path}, {text_source(config.delimiter)})"
        if isinstance(config, SqliteDestination):
            return f"read_sqlite({path}, {text_source(config.table)})"
        return f"read_{config.connector}({path})"


def render_run_tests(spec: PipelineSpec, flow: SchemaFlow, names: Mapping[str, str]) -> list[str]:
    """The constants, helpers and tests; nothing for a spec without sources or destinations."""
    samples = source_samples(spec, flow)
    sources = [_Source(names[s.name], s.config, samples[s.name], _needed(spec, flow, s.name)) for s in spec.steps if s.type == "source"]
    steps = [s for s in spec.steps if s.type == "destination"]
    if not sources or not steps:
        return []
    written = settled_tables(spec, {name: table.rows for name, table in samples.items()})
    nothing = settled_tables(spec, {name: [] for name in samples})
    destinations = [_Destination(names[s.name], s.config, None if written is None else len(written[s.name])) for s in steps]
    tests = _Tests(spec, flow, sources, destinations, names)
    return [*tests.constants(), *tests.transform_test(steps, written), *tests.helpers(), *tests.run_tests(steps, nothing)]


def settled_tables(spec: PipelineSpec, tables: Mapping[str, Rows]) -> dict[str, Rows] | None:
    """What the destinations receive; None if that cannot be told, or rests on an order of rows that no engine promises."""
    try:
        forwards, backwards = evaluate(spec, tables), evaluate(spec, tables, backwards=True)
    except (NotEvaluable, UnreadableValue):
        return None
    return forwards if all(same_rows(rows, backwards[name]) for name, rows in forwards.items()) else None


def _needed(spec: PipelineSpec, flow: SchemaFlow, source: str) -> str | None:
    """The first column of a source that the first step after it looks at."""
    for index, step in enumerate(spec.steps):
        if step.type == "transform" and spec.inputs_of(index) == (source,):
            used = {name for stage in flow.stages[step.name] for name in used_columns(Operation(step.config, stage), whole=False)}
            return next((name for name in flow.outputs[source].columns if name in used), None)
    return None


def _is_local(config: object) -> bool:
    path = str(getattr(config, "path", ""))
    return "://" not in path and not path.startswith(("/", "~")) and getattr(config, "query", None) is None


@dataclass(frozen=True)
class _Tests:
    spec: PipelineSpec
    flow: SchemaFlow
    sources: Sequence[_Source]
    destinations: Sequence[_Destination]
    names: Mapping[str, str]

    def constants(self) -> Iterator[str]:
        """The sample rows of each source."""
        for source in self.sources:
            rows = rows_source([list(row.values()) for row in source.sample.rows], source.sample.notes)
            yield f"# fmt: off\n{source.columns} = {columns_source(source.sample.columns)}\n{source.rows}: list[Row] = {rows}\n# fmt: on"

    def transform_test(self, steps: Sequence[DestinationStep], written: Mapping[str, Rows] | None) -> Iterator[str]:
        tables = ", ".join(f"table({s.columns}, {s.rows})" for s in self.sources)
        lines = ["def test_transform() -> None:", '    """All steps together, from the sources to what is written."""']
        lines.append(f"    result = pipeline.transform({tables})")
        if written is None:
            again = f"pipeline.transform({tables})"
            found = "[result]" if len(steps) == 1 else "result"
            lines += [f"    again = {again}"]
            lines += [f"    for one, other in zip({found}, {found.replace('result', 'again')}, strict=True):",
                      "        assert in_order(rows_of(one)) == in_order(rows_of(other))"]  # fmt: skip
            yield "\n".join(lines)
            return
        lines.append("    # fmt: off")
        for i, step in enumerate(steps):
            columns = list(written[step.name][0]) if written[step.name] else list(self.flow.outputs[step.name].columns)
            rows = rows_source([[rounded(row[c]) for c in columns] for row in written[step.name]], indent=4)
            table = "result" if len(steps) == 1 else f"result[{i}]"
            lines.append(f"    columns = {names_source(columns, indent=4)}")
            lines.append(f"    check({table}, columns, {rows}{', ordered=True' if self._ordered(step) else ''})")
        lines.append("    # fmt: on")
        yield "\n".join(lines)

    def _ordered(self, step: DestinationStep) -> bool:
        read = self.spec.inputs_of(self.spec.steps.index(step))
        before = self.spec.by_name[read[0]] if read else None
        return before is not None and before.type == "transform" and before.config.sort is not None

    def helpers(self) -> Iterator[str]:
        """The functions that give the pipeline its sources and look at what it wrote."""
        given, found = "\n".join(self._giving()), ", ".join(self._finding())
        for name, text in {**WRITERS, **READERS}.items():
            if f"{name}(" in given + found:
                yield text.strip()
        if "keep(" in given:
            yield KEEP.strip()
        yield "\n".join(
            [
                "def give(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool = True) -> None:",
                '    """Puts the sample sources into a folder and makes it the pipeline\'s; servers are replaced by functions in memory."""',
                '    monkeypatch.setenv("PIPELINE_ROOT", str(folder))',
                '    monkeypatch.delenv("PIPELINE_BACKEND", raising=False)',
                '    monkeypatch.setattr(pipeline, "LOGS", folder / "logs")',
                given,
            ]
        )
        yield "\n".join(
            [
                "def results(folder: Path) -> dict[str, list[str]] :".replace(" :", ":"),
                '    """What stands in each destination, in any order."""',
                f"    return {{{found}}}",
            ]
        )

    def _giving(self) -> Iterator[str]:
        folders = {source.file.rpartition("/")[0] for source in self.sources if source.file}
        folders |= {d.config.path.rpartition("/")[0] for d in self.destinations if d.reading and hasattr(d.config, "path")}
        yield from (f"    (folder / {text_source(f)}).mkdir(parents=True, exist_ok=True)" for f in sorted(folders) if f)
        for source in self.sources:
            if source.file:
                yield f"    {_writing(source)}"
            else:
                name = text_source(load_name(source.identifier))
                made = f"table({source.columns}, {source.rows} if rows else [], con)"
                yield f"    monkeypatch.setattr(pipeline, {name}, lambda con, *_: {made})"
        for destination in self.destinations:
            if destination.reading is None:
                name = write_name(destination.identifier)
                yield f"    monkeypatch.setattr(pipeline, {text_source(name)}, keep({text_source(destination.identifier)}))"
        if any(d.reading is None for d in self.destinations):
            yield "    WRITTEN.clear()"

    def _finding(self) -> Iterator[str]:
        for d in self.destinations:
            reading = d.reading or f"list(map(str, WRITTEN.get({text_source(d.identifier)}, [])))"
            yield f"{text_source(d.identifier)}: {reading}"

    def run_tests(self, steps: Sequence[DestinationStep], nothing: Mapping[str, Rows] | None) -> Iterator[str]:
        yield self._twice_test()
        yield self._failure_test()
        if nothing is not None:
            counts = ", ".join(f"{text_source(self.names[s.name])}: {len(nothing[s.name])}" for s in steps)
            yield "\n".join(
                [
                    "def test_empty_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:",
                    '    """Sources without rows are no failure."""',
                    "    give(tmp_path, monkeypatch, rows=False)",
                    "    assert pipeline.main() == 0",
                    f"    assert {{name: len(rows) for name, rows in results(tmp_path).items()}} == {{{counts}}}",
                ]
            )
        yield from self._missing_column_test()

    def _twice_test(self) -> str:
        files = [s.file for s in self.sources if s.file]
        lines = ["def test_running_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:", f'    """{self._twice_told()}"""']
        lines += ["    give(tmp_path, monkeypatch)"]
        lines += [f"    sources = {{name: (tmp_path / name).read_bytes() for name in {names_source(files)}}}"] if files else []
        lines += ["    assert pipeline.main() == 0", "    first = results(tmp_path)"]
        counted = {d.identifier: d.rows for d in self.destinations if d.rows is not None}
        lines += [f"    assert len(first[{text_source(name)}]) == {count}" for name, count in counted.items()]
        lines += ["    assert pipeline.main() == 0"]
        appended = [d.identifier for d in self.destinations if d.appends]
        if appended:
            expected = "{name: sorted(rows * 2) if name in " + names_source(appended) + " else rows for name, rows in first.items()}"
            lines.append(f"    assert results(tmp_path) == {expected}")
        else:
            lines.append("    assert results(tmp_path) == first")
        lines += ["    assert sources == {name: (tmp_path / name).read_bytes() for name in sources}"] if files else []
        return "\n".join(lines)

    def _twice_told(self) -> str:
        if any(d.appends for d in self.destinations):
            return "A second run appends the same rows once more, where the pipeline is told to append."
        return "A second run leaves the same result, and the sources are as they were."

    def _failure_test(self) -> str:
        load = text_source(load_name(self.sources[-1].identifier))
        return "\n".join(
            [
                "def test_a_failed_run_keeps_the_last_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:",
                '    """A run that fails says so and leaves what is written as it was."""',
                "    def fail(*_: object) -> ir.Table:",
                '        raise ValueError("the source cannot be read")',
                "",
                "    give(tmp_path, monkeypatch)",
                "    assert pipeline.main() == 0",
                "    first = results(tmp_path)",
                f"    monkeypatch.setattr(pipeline, {load}, fail)",
                "    assert pipeline.main() == 1",
                "    assert results(tmp_path) == first",
            ]
        )

    def _missing_column_test(self) -> Iterator[str]:
        for source in self.sources:
            if source.file and (missing := source.needs):
                yield "\n".join(
                    [
                        "def test_a_source_without_a_column("
                        "tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:",
                        '    """The message names the column that a file lacks."""',
                        "    give(tmp_path, monkeypatch)",
                        f"    columns = {{name: kind for name, kind in {source.columns}.items() if name != {text_source(missing)}}}",
                        '    columns = columns or {"another": "string"}  # a file without any column fails for another reason',
                        f"    {_writing(source, columns='columns', rows='[]', folder='tmp_path')}",
                        "    assert pipeline.main() == 1",
                        f"    assert {text_source(missing)} in capsys.readouterr().out",
                    ]
                )
                return


def _writing(source: _Source, *, columns: str = "", rows: str = "", folder: str = "folder") -> str:
    """The call that writes a source file."""
    config = source.config
    what = f"{folder} / {text_source(source.file or '')}, {columns or source.columns}, {rows or f'{source.rows} if rows else []'}"
    options = ""
    if isinstance(config, CsvSource):
        options += f", delimiter={text_source(config.delimiter)}" if config.delimiter != "," else ""
        options += f", encoding={text_source(config.encoding)}" if config.encoding != "utf-8" else ""
        options += f", missing={text_source(config.null_values[0])}" if config.null_values and config.null_values[0] else ""
    elif isinstance(config, JsonSource) and config.records_path:
        options = f", records_path={text_source(config.records_path)}"
    elif isinstance(config, SqliteSource):
        options = f", name={text_source(config.table or '')}"
    return f"write_{config.connector}({what}{options})"
