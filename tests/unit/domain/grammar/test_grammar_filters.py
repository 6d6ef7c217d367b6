"""Sentences that keep and drop rows (P1, P8, P11)."""

from __future__ import annotations

import pytest
from brief_tables import configs, doubted, drafted

FILTERS = [
    ("Keep only paid orders.", [{"filter": {"status": {"equals": "paid"}}}]),
    ('Keep only rows where status does not start with "test".', [{"where": "not coalesce(starts_with({status}, 'test'), false)"}]),
    ('Drop rows whose status does not end in "ed".', [{"where": "not coalesce(not coalesce(ends_with({status}, 'ed'), false), false)"}]),
    ("Keep orders with an amount of at least 100.", [{"filter": {"amount": {"greaterThanOrEqual": 100}}}]),
    ("Drop orders whose status is cancelled or open.", [{"exclude": {"status": {"in": ["cancelled", "open"]}}}]),
    ("Exclude cancelled orders.", [{"exclude": {"status": {"equals": "cancelled"}}}]),
    ("Filter for orders placed in Germany.", [{"filter": {"country": {"equals": "Germany"}}}]),
    (
        "Only keep rows where status is not cancelled and amount is greater than 20.",
        [{"filter": {"status": {"notEquals": "cancelled"}, "amount": {"greaterThan": 20}}}],
    ),
    ("Remove rows where the country is blank.", [{"dropNulls": {"columns": ["country"]}}]),
    ("Ignore everything before 2024-02-01 in order_date.", [{"exclude": {"order_date": {"lessThan": "2024-02-01"}}}]),
    ('Keep rows where email ends with "@x.org" and note is missing.', [{"filter": {"email": {"endsWith": "@x.org"}, "note": {"isNull": True}}}]),
    ("Keep only rows where quantity times unit price is above 100.", [{"where": "{quantity} * {unit_price} > 100"}]),
    ("Keep rows where amount is more than twice the unit_price.", [{"where": "{amount} > 2 * {unit_price}"}]),
    ("Discard orders with a quantity below 2.", [{"exclude": {"quantity": {"lessThan": 2}}}]),
    ("Keep only orders that are paid and over 50 in amount.", [{"filter": {"status": {"equals": "paid"}, "amount": {"greaterThan": 50}}}]),
    ("where status in [paid, open]", [{"filter": {"status": {"in": ["paid", "open"]}}}]),
    ("We only want orders from Germany or France.", [{"filter": {"country": {"in": ["Germany", "France"]}}}]),
    ("Skip rows with no country.", [{"dropNulls": {"columns": ["country"]}}]),
    ("Keep only orders where the amount is above 50 euros.", [{"filter": {"amount": {"greaterThan": 50}}}]),
    ('Keep only rows where country starts with "Ger" (ignore case).', [{"filter": {"country": {"startsWith": "Ger", "ignoreCase": True}}}]),
    ("Drop rows where amount is negative.", [{"exclude": {"amount": {"lessThan": 0}}}]),
    ("Keep orders whose amount is between 20 and 100.", [{"filter": {"amount": {"between": [20, 100]}}}]),
    ("Do not keep cancelled orders.", [{"exclude": {"status": {"equals": "cancelled"}}}]),
    ("Leave out orders that have no shipped_at.", [{"dropNulls": {"columns": ["shipped_at"]}}]),
    ("Drop rows where quantity or country is missing", [{"dropNulls": {"columns": ["quantity", "country"]}}]),
    (
        'Ignore orders whose status is "open" and those without an email.',
        [{"exclude": {"status": {"equals": "open"}}}, {"dropNulls": {"columns": ["email"]}}],
    ),
    (
        'keep amount > 50 and (country = "Germany" or country = "France")',
        [{"where": "{amount} > 50 and ({country} = 'Germany' or {country} = 'France')"}],
    ),
    ("Orders without an email are not needed.", [{"dropNulls": {"columns": ["email"]}}]),
]


@pytest.mark.parametrize(("sentence", "expected"), FILTERS)
def test_condition_in_words_becomes_a_filter(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])


DATES = [
    ("Keep only orders where order date is in 2024.", [{"filter": {"order_date": {"greaterThanOrEqual": "2024-01-01", "lessThan": "2025-01-01"}}}]),
    (
        "Keep rows with order_date between January 1st, 2024 and March 31st, 2024.",
        [{"filter": {"order_date": {"between": ["2024-01-01", "2024-03-31"]}}}],
    ),
    ("Keep rows where order_date is on or after 1 February 2024.", [{"filter": {"order_date": {"greaterThanOrEqual": "2024-02-01"}}}]),
    ("Keep orders shipped after 2024-02-01.", [{"filter": {"shipped_at": {"greaterThanOrEqual": "2024-02-02"}}}]),
    ("Keep rows where shipped_at is in March 2024.", [{"filter": {"shipped_at": {"greaterThanOrEqual": "2024-03-01", "lessThan": "2024-04-01"}}}]),
]


@pytest.mark.parametrize(("sentence", "expected"), DATES)
def test_days_months_and_years_become_ranges_of_the_column(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])
