"""What a check found out about a spec."""

from __future__ import annotations

from enum import StrEnum

from tidemill.domain.values import FrozenModel


class Severity(StrEnum):
    """How much a finding weighs: an error stops rendering and running, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(FrozenModel):
    """One rule that a spec breaks or that its reader should know of."""

    rule: str
    """Stable kebab-case name of the rule, such as `unknown-column`."""
    field: str
    """Where it is, as a path into config.yaml: `steps[2].config.filter.net`. Empty for the whole file."""
    severity: Severity
    message: str
    """What is wrong and with which value, in one or two sentences."""
    fix: str = ""
    """What to write instead, with the nearest known name where there is one."""
    line: int | None = None
    """1-based line of config.yaml, where the spec came from one."""
    column: int | None = None
    """1-based column of config.yaml, where the spec came from one."""


def error(rule: str, field: str, message: str, fix: str = "") -> Finding:
    """A finding that stops the pipeline."""
    return Finding(rule=rule, field=field, severity=Severity.ERROR, message=message, fix=fix)


def warning(rule: str, field: str, message: str, fix: str = "") -> Finding:
    """A finding a person should read before running."""
    return Finding(rule=rule, field=field, severity=Severity.WARNING, message=message, fix=fix)


def has_errors(findings: tuple[Finding, ...]) -> bool:
    """True if at least one finding stops the pipeline."""
    return any(f.severity is Severity.ERROR for f in findings)
