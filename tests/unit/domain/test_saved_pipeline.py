"""Ids and digests of kept pipelines (P3)."""

from __future__ import annotations

import pytest

from tidemill.domain.saved_pipeline import id_of_name, spec_digest
from tidemill.domain.spec_yaml import load_spec

CONFIG = "name: A\nsteps:\n  - {type: source, name: In, config: {path: in.csv}}\n  - {type: destination, name: Out, config: {path: out.csv}}\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Sales Analytics Pipeline", "sales-analytics-pipeline"), ("  Zürich & Genève 2026! ", "zurich-geneve-2026"), ("../../etc", "etc"),
     ("売上", "pipeline"), ("a" * 200, "a" * 60)],
)  # fmt: skip
def test_a_name_becomes_a_plain_folder_name(name: str, expected: str) -> None:
    assert id_of_name(name) == expected


def test_further_pipelines_of_a_name_are_counted() -> None:
    assert [id_of_name("Sales", n) for n in (1, 2, 3)] == ["sales", "sales-2", "sales-3"]


def test_equal_specs_have_equal_digests_however_they_are_written() -> None:
    other = CONFIG.replace("{path: in.csv}", "{connector: csv, path: in.csv, delimiter: ','}")
    assert spec_digest(load_spec(CONFIG)) == spec_digest(load_spec(other))


def test_different_specs_have_different_digests() -> None:
    assert spec_digest(load_spec(CONFIG)) != spec_digest(load_spec(CONFIG.replace("out.csv", "b.csv")))
