"""A sentence bears out what a model did for it, or does not (P11)."""

from __future__ import annotations

import pytest

from tidemill.domain.proposal_evidence import doubt
from tidemill.domain.proposal_facts import facts_of
from tidemill.domain.transforms import TransformConfig

COLUMNS = ("region", "gross", "unit_price", "quantity", "amount", "minutes", "name", "status")


def total(operation: str = "sum", name: str = "takings") -> dict[str, object]:
    return {"groupBy": ["region"], "aggregations": [{"column": "gross", "operation": operation, "outputName": name}]}


def add(name: str, formula: str) -> dict[str, object]:
    return {"addColumns": [{"name": name, "formula": formula}]}


def why(sentence: str, config: dict[str, object]) -> str:
    return doubt(sentence, facts_of(TransformConfig.model_validate(config)), COLUMNS)


@pytest.mark.parametrize(
    ("sentence", "config"),
    [
        ("Chuck the lines whose gross stays under 30.", {"exclude": {"gross": {"lessThan": 30}}}),
        ("Chuck the lines whose gross stays under 30.", {"filter": {"gross": {"greaterThanOrEqual": 30}}}),
        ("I only care for a quantity of at least 3.", {"filter": {"quantity": {"greaterThanOrEqual": 3}}}),
        ("Ditch everyone whose status is not open.", {"exclude": {"status": {"notEquals": "open"}}}),
        ("Ditch everyone whose status is not open.", {"filter": {"status": {"equals": "open"}}}),
        ("Lose whatever has a blank amount.", {"dropNulls": {"columns": ["amount"]}}),
        ("I am after the takings per region, summed up from gross and named takings.", total()),
        ("Gross is what you get from unit_price multiplied with quantity.", add("gross", "{unit_price} * {quantity}")),
        ("Give me the unit_price rounded to 2 digits as gross.", add("gross", "round({unit_price}, 2)")),
        ("Biggest gross first please.", {"sort": [{"column": "gross", "direction": "desc"}]}),
        ("Just the ten best.", {"limit": 10}),
    ],
)
def test_borne_out(sentence: str, config: dict[str, object]) -> None:
    assert why(sentence, config) == ""


@pytest.mark.parametrize(
    ("sentence", "config"),
    [
        ("Chuck the lines whose gross stays under 30.", {"filter": {"gross": {"lessThan": 30}}}),
        ("Chuck the lines whose gross stays under 30.", {"exclude": {"gross": {"greaterThan": 30}}}),
        ("Chuck the lines whose gross stays under 30.", {"exclude": {"gross": {"lessThanOrEqual": 30}}}),
        ("Chuck the lines whose gross stays under 30.", {"exclude": {"gross": {"lessThan": 20}}}),
        ("Chuck the lines whose gross stays under 30.", {"exclude": {"amount": {"lessThan": 30}}}),
        ("I only care for a quantity of at least 3.", {"filter": {"quantity": {"greaterThan": 3}}}),
        ("Ditch everyone whose status is not open.", {"exclude": {"status": {"equals": "open"}}}),
        ("I am after the takings per region, summed up from gross and named takings.", total("avg")),
        ("I am after the takings per region, summed up from gross and named takings.", total(name="total")),
        ("Gross is what you get from unit_price multiplied with quantity.", add("gross", "{unit_price} + {quantity}")),
        ("Gross is what you get from unit_price multiplied with quantity.", add("gross", "{unit_price}")),
        ("Biggest gross first please.", {"sort": [{"column": "gross"}]}),
        ("Make the numbers pop a bit more for the board.", {"cast": {"minutes": "integer"}}),
        ("Make the minutes look as good as possible.", add("minutes", "round({minutes})")),
        ("And please anonymise the names.", {"drop": ["name"]}),
        ("And please anonymise the names.", add("name", "left({name}, 1)")),
        ("Clean it up nicely.", {"dropNulls": {"columns": ["amount"]}}),
        ("Clean it up nicely.", {"dedupe": {}}),
        ('Keep only what is "North" in region.', {"filter": {"region": {"equals": "South"}}}),
        ("Keep only the gold loyalty_tier.", {"filter": {"status": {"equals": "gold"}}}),
    ],
)
def test_not_borne_out(sentence: str, config: dict[str, object]) -> None:
    assert why(sentence, config) != ""


def test_nothing_done_bears_nothing_out() -> None:
    assert doubt("Make it shine.", (), COLUMNS) == "No step of the draft does it."


def test_a_file_must_be_named_to_be_claimed() -> None:
    assert doubt("Make it shine.", (), COLUMNS, files=("csv", "path=a.csv")) != ""
    assert doubt("Take a.csv.", (), COLUMNS, files=("csv", "path=a.csv")) == ""
