"""What the documentation shows is true: every pipeline in it loads without findings, every brief is understood, every Python block runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tidemill.domain.grammar import read_instructions
from tidemill.domain.pipeline_check import check_pipeline
from tidemill.domain.source_schema import Obstacle, Unreadable
from tidemill.domain.spec_yaml import load_spec

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[object]:
    found = [(page, m) for page in PAGES for m in BLOCK.finditer(page.read_text(encoding="utf-8")) if m[1] == language]
    return [pytest.param(m[2], id=f"{page.name}:{page.read_text(encoding='utf-8')[: m.start()].count(chr(10)) + 1}") for page, m in found]


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_pipeline_shown_is_sound(text: str) -> None:
    assert check_pipeline(load_spec(text)) == ()


@pytest.mark.parametrize("text", blocks("brief"))
def test_every_brief_shown_is_understood(text: str) -> None:
    draft = read_instructions(text, lambda _: Unreadable(Obstacle.MISSING, "not here"))
    assert [r.sentence for r in draft.readings if not r.understood] == []
    assert draft.spec is not None


@pytest.mark.parametrize("text", blocks("python"))
def test_every_python_block_runs(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(text, "block", "exec"), {"__name__": "__docs__"})


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []
