"""The `tidemill` command."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidemill import __version__
from tidemill.adapter_registry import adapter
from tidemill.domain.finding import Finding, Severity, has_errors
from tidemill.domain.spec_yaml import dump_spec, json_schema, load_spec, spec_document
from tidemill.entrypoints import cli_runs, cli_server
from tidemill.entrypoints.cli_output import OUT, failing, print_findings, print_json, print_readings
from tidemill.entrypoints.cli_text import bad_text, read_text
from tidemill.errors import InvalidInput

if TYPE_CHECKING:
    from tidemill.domain.draft import Draft
    from tidemill.domain.pipeline import PipelineSpec
    from tidemill.domain.pipeline_check import CheckContext
    from tidemill.domain.proposal_check import ReadSchema
    from tidemill.settings import Settings

app = typer.Typer(
    name="tidemill", no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode="rich",
    help="From plain words to a checked, tested, running data pipeline.",
)  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def main() -> None:
    """Entry point of the console script."""
    app()


for _command in (*cli_runs.COMMANDS, *cli_server.COMMANDS):
    app.command()(_command)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        OUT.print(f"tidemill {__version__}")
        raise typer.Exit


@app.command()
def draft(
    brief: Annotated[str, typer.Argument(help="A file with the instructions, `-` for standard input, or the instructions themselves.")],
    provider: Annotated[str, typer.Option(help="Who drafts: none, openai or anthropic.")] = "none",
    name: Annotated[str | None, typer.Option(help="The pipeline's name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Turn plain words into a pipeline spec, and say what was not understood."""
    with failing(as_json=as_json):
        made = _draft(read_text(brief, "brief"), provider=provider, name=name)
    if as_json:
        print_json(draft_document(made))
    else:
        print_readings(made.readings)
        print_findings(made.findings)
        if made.spec:
            OUT.print("\n" + dump_spec(made.spec), markup=False, soft_wrap=True)
    if made.spec is None or has_errors(made.findings):
        raise typer.Exit(1)


@app.command()
def check(config: Annotated[str, typer.Argument(help="A config.yaml, or `-` for standard input.")], as_json: AsJson = False) -> None:
    """Check a config.yaml: shape, columns, types, targets, credentials, schedule."""
    with failing(as_json=as_json):
        _, findings = _checked(read_text(config, "config"))
    if as_json:
        print_json({"findings": [f.model_dump(mode="json") for f in findings]})
    else:
        print_findings(findings)
        if not findings:
            OUT.print("[green]✓[/] nothing to report")
    if has_errors(findings):
        raise typer.Exit(1)


@app.command()
def render(
    config: Annotated[str, typer.Argument(help="A config.yaml, or `-` for standard input.")],
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    force: Annotated[bool, typer.Option(help="Write into a folder that is not empty.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a pipeline's artifacts: pipeline.py, tests.py, README.md, EXECUTION_STRATEGY.md."""
    from tidemill.render.bundle import render_bundle

    with failing(as_json=as_json):
        spec, findings = _checked(read_text(config, "config"))
        if has_errors(findings):
            raise InvalidInput("The pipeline has errors; nothing was written.", findings=findings)
        bundle = render_bundle(spec, format_python=adapter("python-formatter"))
        adapter("bundle-folder")(bundle, out, force=force)
    if as_json:
        print_json(
            {
                "out": str(out),
                "files": [a.path for a in bundle.artifacts],
                "digest": bundle.digest,
                "findings": [f.model_dump(mode="json") for f in findings],
            }
        )
    else:
        print_findings(findings)
        OUT.print(f"[green]✓[/] {len(bundle.artifacts)} files in {out}", soft_wrap=True)


@app.command()
def schema() -> None:
    """Print the JSON Schema of config.yaml, for editors."""
    print_json(json_schema())


def draft_document(made: Draft) -> dict[str, object]:
    """A draft as `--json` shows it."""
    return {
        "spec": spec_document(made.spec) if made.spec else None,
        "readings": [r.model_dump(mode="json") for r in made.readings],
        "findings": [f.model_dump(mode="json") for f in made.findings],
        "engine": made.engine,
    }


def _draft(text: str, *, provider: str, name: str | None) -> Draft:
    from tidemill.domain.grammar import read_instructions

    if provider in ("openai", "anthropic"):
        from tidemill.entrypoints.cli_models import draft_with_model

        proposed = draft_with_model(text, provider, name=name, context=_context(), read_schema=_schema_reader())
        return proposed.model_copy(update={"findings": _with_check(proposed.spec, proposed.findings)})
    if provider != "none":
        raise bad_text("provider", f"There is no provider {provider!r}.", "Give none, openai or anthropic.")
    made = read_instructions(text, _schema_reader(), name=name)
    return made.model_copy(update={"findings": _with_check(made.spec, made.findings)})


def _with_check(spec: PipelineSpec | None, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The draft's findings and the checker's, each thing once; what the drafter could not open it has said itself."""
    from tidemill.domain.pipeline_check import check_pipeline

    checked = (*check_pipeline(spec, _context()), *(f for f in _looked_at(spec) if f.severity is Severity.ERROR)) if spec else ()
    return (*findings, *(f for f in checked if f not in findings))


def _checked(text: str) -> tuple[PipelineSpec, tuple[Finding, ...]]:
    from tidemill.domain.pipeline_check import check_pipeline
    from tidemill.domain.spec_yaml import locate

    spec = load_spec(text)
    return spec, locate((*check_pipeline(spec, _context()), *_looked_at(spec)), text)


def _context() -> CheckContext:
    from tidemill.domain.pipeline_check import CheckContext

    settings = _settings()
    return CheckContext(project=str(settings.project), allowed_folders=tuple(map(str, settings.allowed_folders)))


def _schema_reader() -> ReadSchema:
    return partial(adapter("schema-reader"), root=_settings().project, allowed=_settings().allowed_folders)


def _looked_at(spec: PipelineSpec) -> tuple[Finding, ...]:
    """What the files that are there at present say of the spec."""
    found: tuple[Finding, ...] = adapter("project-check")(spec, root=_settings().project, allowed=_settings().allowed_folders)
    return found


@cache
def _settings() -> Settings:
    from tidemill.settings import from_machine

    return from_machine()
