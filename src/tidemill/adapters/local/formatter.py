"""Formats Python source with the bundled ruff."""

from __future__ import annotations

import subprocess

from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

from tidemill.errors import InvalidInput

LINE_LENGTH = 100
"""Of generated files: wide enough for an Ibis expression a line, narrow enough for two files side by side."""
_TIMEOUT_S = 30


def format_python(source: str) -> str:
    """The source as `ruff format` writes it.

    Raises:
        InvalidInput: The source is not Python.
    """
    command = [find_ruff_bin(), "format", "--isolated", "--line-length", str(LINE_LENGTH), "--stdin-filename", "pipeline.py", "-"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise InvalidInput(f"The generated Python cannot be formatted: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()
