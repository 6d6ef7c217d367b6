"""Sentences that make and change columns (P1, P8, P11)."""

from __future__ import annotations

import pytest
from brief_tables import configs, doubted, drafted

NEW = [
    ("Add a column net that is amount minus 19% of amount.", [{"addColumns": [{"name": "net", "formula": "{amount} - 0.19 * {amount}"}]}]),
    ("Calculate gross as quantity times unit price.", [{"addColumns": [{"name": "gross", "formula": "{quantity} * {unit_price}"}]}]),
    ("Multiply quantity by unit_price and call it gross.", [{"addColumns": [{"name": "gross", "formula": "{quantity} * {unit_price}"}]}]),
    (
        "Add total = quantity * unit_price and tax = total * 0.19",
        [{"addColumns": [{"name": "total", "formula": "{quantity} * {unit_price}"}]}, {"addColumns": [{"name": "tax", "formula": "{total} * 0.19"}]}],
    ),
    (
        "add a column called size: small if amount is below 50, medium if it is below 100, large otherwise",
        [{"addColumns": [{"name": "size", "formula": "case when {amount} < 50 then 'small' when {amount} < 100 then 'medium' else 'large' end"}]}],
    ),
    (
        'Add a column band with "low" below 20, "mid" below 100 and "high" otherwise, based on amount.',
        [{"addColumns": [{"name": "band", "formula": "case when {amount} < 20 then 'low' when {amount} < 100 then 'mid' else 'high' end"}]}],
    ),
    (
        'size = if amount >= 80 then "hot", else if amount >= 50 then "warm", else "cold"',
        [{"addColumns": [{"name": "size", "formula": "case when {amount} >= 80 then 'hot' when {amount} >= 50 then 'warm' else 'cold' end"}]}],
    ),
    (
        'Give each remaining order a size: "big" if amount is above 100, and "small" otherwise.',
        [{"addColumns": [{"name": "size", "formula": "if({amount} > 100, 'big', 'small')"}]}],
    ),
    (
        "Add a flag is_big that is true when amount > 100 and false otherwise.",
        [{"addColumns": [{"name": "is_big", "formula": "coalesce({amount} > 100, false)"}]}],
    ),
    ("Add year, the year of order_date.", [{"addColumns": [{"name": "year", "formula": "year({order_date})"}]}]),
    ("Create a column country_upper with the country in upper case.", [{"addColumns": [{"name": "country_upper", "formula": "upper({country})"}]}]),
    ("Add label: country and status joined with a hyphen.", [{"addColumns": [{"name": "label", "formula": "concat({country}, '-', {status})"}]}]),
    ("Add contact as email, or note if email is missing.", [{"addColumns": [{"name": "contact", "formula": "coalesce({email}, {note})"}]}]),
    ("Add contact = the first non-missing of email, note", [{"addColumns": [{"name": "contact", "formula": "coalesce({email}, {note})"}]}]),
    (
        "Add price_with_tax = unit_price * 1.19, rounded to 2 decimals.",
        [{"addColumns": [{"name": "price_with_tax", "formula": "round({unit_price} * 1.19, 2)"}]}],
    ),
    ("Add diff as the difference between amount and unit_price.", [{"addColumns": [{"name": "diff", "formula": "{amount} - {unit_price}"}]}]),
    ("Add due = order_date plus 30 days", [{"addColumns": [{"name": "due", "formula": "date_add({order_date}, 30, 'day')"}]}]),
    ("email = lowercase of the trimmed email", [{"addColumns": [{"name": "email", "formula": "lower(trim({email}))"}]}]),
]


@pytest.mark.parametrize(("sentence", "expected"), NEW)
def test_calculation_in_words_becomes_a_formula(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])


CHANGED = [
    ("Round amount to one decimal place.", [{"addColumns": [{"name": "amount", "formula": "round({amount}, 1)"}]}]),
    ("Rename order_id to id, and customer_id to customer.", [{"rename": {"order_id": "id", "customer_id": "customer"}}]),
    ("Keep the columns order_id, amount and status, in this order.", [{"select": ["order_id", "amount", "status"]}]),
    ("Drop note and email.", [{"drop": ["note", "email"]}]),
    ("Keep everything except the columns note and email.", [{"drop": ["note", "email"]}]),
    ('Fill missing country with "unknown" and missing amount with 0.', [{"fillNulls": {"country": "unknown", "amount": 0}}]),
    ('Where country is empty, put "unknown".', [{"fillNulls": {"country": "unknown"}}]),
    ('Replace missing values in country by "n/a".', [{"fillNulls": {"country": "n/a"}}]),
    ("Trim the email and put it in lower case.", [{"addColumns": [{"name": "email", "formula": "lower(trim({email}))"}]}]),
    ("Convert order_date to text.", [{"cast": {"order_date": "string"}}]),
]


@pytest.mark.parametrize(("sentence", "expected"), CHANGED)
def test_change_of_columns_in_words(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])
