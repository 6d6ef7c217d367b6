"""The development briefs stay read as they should be: none wrong, at least four in five right (P1, P10, P11)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.evals.score import CASES, score_case

FOLDERS = sorted(p.parent for p in CASES.glob("*/case.json"))


@pytest.mark.parametrize("part", range(2))
def test_no_brief_is_misread_and_most_are_read_right(part: int) -> None:
    """In two parts, for two cores."""
    folders = FOLDERS[part::2]
    verdicts = {f.name: score_case(f) for f in folders}
    assert {n: why for n, (verdict, why) in verdicts.items() if verdict == "wrong"} == {}
    assert Counter(v for v, _ in verdicts.values())["right"] >= 0.8 * len(folders)
