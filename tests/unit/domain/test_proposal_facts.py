"""Two specs are compared by what they do, not by how their steps are cut (P11)."""

from __future__ import annotations

import pytest

from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.proposal_facts import facts_of, lost_readings, same_work
from tidemill.domain.spec_yaml import load_document
from tidemill.domain.transforms import TransformConfig

FILTER = {"filter": {"a": {"greaterThan": 5}}}
ADD = {"addColumns": [{"name": "b", "formula": "{a} * 2"}]}


def config(**given: object) -> TransformConfig:
    return TransformConfig.model_validate(given)


def spec(*configs: dict[str, object], path: str = "b.csv") -> PipelineSpec:
    steps = [{"type": "transform", "name": f"s{i}", "config": c} for i, c in enumerate(configs)]
    source = {"type": "source", "name": "in", "config": {"path": "a.csv"}}
    return load_document({"name": "x", "steps": [source, *steps, {"type": "destination", "name": "out", "config": {"path": path}}]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (config(filter={"a": {"greaterThan": 5}}), config(where="{a}>5")),
        (config(filter={"a": {"greaterThan": 5}, "b": {"equals": "x"}}), config(where="{a} > 5 and ({b} = 'x')")),
        (config(dropNulls={"columns": ["a"]}), config(exclude={"a": {"isNull": True}})),
        (config(dropNulls={"columns": ["a"]}), config(filter={"a": {"isNull": False}})),
        (config(addColumns=[{"name": "b", "formula": "({a}*2)"}]), config(addColumns=[{"name": "b", "formula": "{a} * 2"}])),
        (config(limit=5), config(limit={"count": 5})),
        (config(groupBy=["a", "b"]), config(groupBy=["b", "a"])),
    ],
)
def test_two_ways_to_say_the_same_are_the_same(one: TransformConfig, other: TransformConfig) -> None:
    assert set(facts_of(one)) == set(facts_of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (config(filter={"a": {"greaterThan": 5}}), config(exclude={"a": {"greaterThan": 5}})),
        (config(filter={"a": {"greaterThan": 5}}), config(filter={"a": {"greaterThanOrEqual": 5}})),
        (config(exclude={"a": {"lessThan": 5}}), config(filter={"a": {"greaterThanOrEqual": 5}})),
        (config(sort=[{"column": "a"}]), config(sort=[{"column": "a", "direction": "desc"}])),
    ],
)
def test_what_differs_is_not_the_same(one: TransformConfig, other: TransformConfig) -> None:
    assert set(facts_of(one)) != set(facts_of(other))


def test_steps_cut_otherwise_do_the_same_work() -> None:
    assert same_work(spec(FILTER, {"sort": [{"column": "a"}]}), spec({**FILTER, "sort": [{"column": "a"}]}))


@pytest.mark.parametrize(
    ("proposed", "rule"),
    [
        (spec(ADD), "left-out"),
        (spec(FILTER, ADD, path="c.csv"), "left-out"),
        (spec(FILTER, ADD), "reordered"),
    ],
    ids=["a filter is gone", "another destination", "another order"],
)
def test_what_the_rules_read_is_missed(proposed: PipelineSpec, rule: str) -> None:
    assert rule in {f.rule for f in lost_readings(spec(ADD, FILTER), proposed)}


def test_a_step_more_is_no_loss() -> None:
    assert lost_readings(spec(FILTER), spec(ADD, FILTER)) == ()
