"""What was found out about a bundle before it is offered."""

from __future__ import annotations

import ast
from enum import StrEnum
from typing import ClassVar

from tidemill.domain.artifact import ArtifactBundle
from tidemill.domain.values import FrozenModel

PIPELINE_FILE = "pipeline.py"
TESTS_FILE = "tests.py"


class CheckName(StrEnum):
    """The checks, in their order; one that fails stops the rest."""

    COMPILE = "compile"
    IMPORT = "import"
    TESTS = "tests"


class VerificationCheck(FrozenModel):
    """One check of a bundle."""

    name: CheckName
    passed: bool
    seconds: float
    detail: str = ""
    """What went wrong, or how many tests passed; empty if there is nothing to say."""


class TestResult(FrozenModel):
    """One test of the bundle's own tests."""

    __test__: ClassVar[bool] = False
    """Keeps pytest from taking the class for a test."""

    name: str
    passed: bool
    message: str = ""
    """The failing lines; for a skipped test the reason."""


class Verification(FrozenModel):
    """The outcome of compiling, importing and testing a bundle."""

    passed: bool
    """True if every check was done and passed."""
    checks: tuple[VerificationCheck, ...]
    tests: tuple[TestResult, ...] = ()
    isolation: str
    """What kept the bundle's code away from the machine: `bubblewrap`, `landlock`, `none`, or `not run`."""
    untested: tuple[str, ...] = ()
    """Steps whose values the tests do not check."""
    output: str = ""
    """The last of what the tests printed."""


def check_syntax(bundle: ArtifactBundle) -> str:
    """Why a Python file of the bundle does not compile, with file and line; empty if all do and the two needed files are there."""
    paths = {a.path for a in bundle.artifacts}
    if missing := [f for f in (PIPELINE_FILE, TESTS_FILE) if f not in paths]:
        return f"The bundle has no {' and no '.join(missing)}."
    problems = (_syntax_problem(a.path, a.text) for a in bundle.artifacts if a.path.endswith(".py"))
    return "\n".join(p for p in problems if p)


def _syntax_problem(path: str, text: str) -> str:
    try:
        ast.parse(text, filename=path)
    except SyntaxError as error:
        shown = f": {error.text.strip()[:200]}" if error.text else ""
        return f"{path}, line {error.lineno}: {error.msg}{shown}"
    except ValueError as error:
        return f"{path}: {error}"
    except (RecursionError, MemoryError):
        return f"{path}: too deeply nested to compile."
    return ""


def compile_failed(problem: str, seconds: float, untested: tuple[str, ...] = ()) -> Verification:
    """The verification of a bundle that does not compile; nothing of it was run."""
    check = VerificationCheck(name=CheckName.COMPILE, passed=False, seconds=seconds, detail=problem)
    return Verification(passed=False, checks=(check,), isolation="not run", untested=untested)


def with_compile(verification: Verification, seconds: float, untested: tuple[str, ...] = ()) -> Verification:
    """A sandbox's verification with the compile check, which had passed, in front."""
    check = VerificationCheck(name=CheckName.COMPILE, passed=True, seconds=seconds)
    return verification.model_copy(update={"checks": (check, *verification.checks), "untested": untested})
