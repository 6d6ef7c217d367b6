"""Writes the expected artifacts of every spec in `specs/` anew; the difference is read in review.

Run with: python -m tests.golden.rewrite
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tidemill.adapters.local.formatter import format_python
from tidemill.domain.spec_yaml import load_spec
from tidemill.render.bundle import render_bundle

FOLDER = Path(__file__).parent
SPECS = FOLDER / "specs"
EXPECTED = FOLDER / "expected"


def main() -> None:
    shutil.rmtree(EXPECTED, ignore_errors=True)
    for path in sorted(SPECS.glob("*.yaml")):
        bundle = render_bundle(load_spec(path.read_text(encoding="utf-8")), format_python=format_python)
        for artifact in bundle.artifacts:
            target = EXPECTED / path.stem / artifact.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(artifact.text, encoding="utf-8")


if __name__ == "__main__":
    main()
