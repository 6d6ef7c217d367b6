"""What the command line prints: tables and notes for a person, JSON for a program."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from tidemill.domain.finding import Finding, Severity
from tidemill.errors import InvalidInput, TidemillError, unusable_storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tidemill.domain.draft import Reading

PIPED_WIDTH = 160
"""Columns of output that goes to a file or another program, which has no width of its own."""
OUT = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
ERR = Console(stderr=True, highlight=False)
_MARKS = {Severity.ERROR: "[red]error[/]", Severity.WARNING: "[yellow]warning[/]", Severity.INFO: "[blue]note[/]"}


def print_json(document: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def print_json_line(document: object) -> None:
    """One JSON document on one line, at once, for a program that reads along."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_findings(findings: Sequence[Finding], console: Console = OUT) -> None:
    """One finding a line, with its place and its fix."""
    for f in findings:
        place = f"line {f.line}, column {f.column}: " if f.line else ""
        where = f" [dim]({escape(f.field)})[/]" if f.field else ""
        console.print(f"{_MARKS[f.severity]} {place}{escape(f.message)} {escape(f.fix)}".rstrip() + where, soft_wrap=True)


def print_readings(readings: Sequence[Reading]) -> None:
    """Each sentence of the brief with what became of it."""
    for r in readings:
        sentence = escape(" ".join(r.sentence.split()))
        if r.understood:
            OUT.print(f"[green]✓[/] {sentence} [dim]→ {escape(r.step or 'remark')}{': ' + escape(r.hint) if r.hint else ''}[/]", soft_wrap=True)
        else:
            OUT.print(f"[red]?[/] {sentence}\n    [yellow]{escape(r.hint)}[/]", soft_wrap=True)


@contextmanager
def failing(*, as_json: bool) -> Iterator[None]:
    """Tells of an error and ends the command with 1."""
    try:
        yield
    except TidemillError as failure:
        raise fail(failure, as_json=as_json) from None
    except BrokenPipeError:
        raise
    except OSError as failed:
        raise fail(unusable_storage(failed), as_json=as_json) from None


def fail(failure: TidemillError, *, as_json: bool) -> typer.Exit:
    """Tells of the error and gives the exit to raise."""
    findings = [f for f in failure.findings if isinstance(f, Finding)] if isinstance(failure, InvalidInput) else []
    if as_json:
        shown = [f.model_dump(mode="json") for f in findings] or [
            {"rule": failure.code, "field": "", "severity": "error", "message": failure.message, "fix": ""}
        ]
        print_json({"error": failure.code, "message": failure.message, "findings": shown})
    elif findings:
        print_findings(findings, ERR)
    else:
        ERR.print(f"[red]error[/] {escape(failure.message)}", soft_wrap=True)
    return typer.Exit(1)
