"""What can be said of a bundle without running it (P9)."""

from __future__ import annotations

import pytest

from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.domain.verification import check_syntax


def bundle(**texts: str) -> ArtifactBundle:
    return ArtifactBundle(artifacts=tuple(Artifact(path=f"{name}.py", text=text) for name, text in texts.items()))


def test_files_that_compile_have_no_problem():
    assert check_syntax(bundle(pipeline="x = 1\n", tests="def test_x(): pass\n")) == ""


def test_a_problem_names_file_line_and_text():
    problem = check_syntax(bundle(pipeline="x = 1\ny = = 2\n", tests=""))
    assert problem == "pipeline.py, line 2: invalid syntax: y = = 2"


def test_missing_files_are_named():
    assert check_syntax(bundle(other="")) == "The bundle has no pipeline.py and no tests.py."


@pytest.mark.parametrize("text", ["x = '\0'", "(" * 10_000, "-" * 100_000 + "1", "x = " + "[" * 5000 + "]" * 5000])
def test_hostile_text_is_a_problem_and_not_a_crash(text):
    assert check_syntax(bundle(pipeline=text, tests="")).startswith("pipeline.py")
