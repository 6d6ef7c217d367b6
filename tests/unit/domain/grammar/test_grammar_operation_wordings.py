"""Wordings of filters, columns, groups, windows and reshaping beyond the plain ones (P1, P10, P11)."""

from __future__ import annotations

import pytest
from tests.unit.domain.grammar.brief_tables import configs, doubted, drafted


def _added(name: str, formula: str) -> list[dict[str, object]]:
    return [{"addColumns": [{"name": name, "formula": formula}]}]


FILTERS = [
    ("Remove everyone whos status is open.", [{"exclude": {"status": {"equals": "open"}}}]),
    ("Keep all orders unless status is open.", [{"exclude": {"status": {"equals": "open"}}}]),
    ("Drop everything unless amount is above 5.", [{"filter": {"amount": {"greaterThan": 5}}}]),
    ("Keep all orders except for those where amount is below 5.", [{"exclude": {"amount": {"lessThan": 5}}}]),
    ("Drop everyone except those with amount above 5.", [{"filter": {"amount": {"greaterThan": 5}}}]),
    ("Keep everything but the orders with amount below 5.", [{"exclude": {"amount": {"lessThan": 5}}}]),
    ("Keep orders where status is neither open nor paid.", [{"filter": {"status": {"notIn": ["open", "paid"]}}}]),
    ("Keep orders with neither note nor email.", [{"filter": {"note": {"isNull": True}, "email": {"isNull": True}}}]),
    ("Keep orders where at least one of note and email is filled.", [{"where": "{note} is not null or {email} is not null"}]),
    ("Drop orders where amount is zero or negative.", [{"exclude": {"amount": {"lessThanOrEqual": 0}}}]),
    ("Drop everybody with a cancelled status.", [{"exclude": {"status": {"equals": "cancelled"}}}]),
    (
        'Keep those whose note contains "gift" (upper or lower case does not matter).',
        [{"filter": {"note": {"contains": "gift", "ignoreCase": True}}}],
    ),
    ("Keep orders with order_date by the end of March 2025.", [{"filter": {"order_date": {"lessThan": "2025-04-01"}}}]),
    (
        "Keep orders with order_date in the first quarter of 2025.",
        [{"filter": {"order_date": {"greaterThanOrEqual": "2025-01-01", "lessThan": "2025-04-01"}}}],
    ),
    (
        "Keep orders where order_date is in H2 2024.",
        [{"filter": {"order_date": {"greaterThanOrEqual": "2024-07-01", "lessThan": "2025-01-01"}}}],
    ),
    ("Orders where status is paid are all we need.", [{"filter": {"status": {"equals": "paid"}}}]),
    ("We are only interested in orders where status is paid.", [{"filter": {"status": {"equals": "paid"}}}]),
]
COLUMNS = [
    ('Add code = note with every "-" replaced by "".', _added("code", "replace({note}, '-', '')")),
    ("Add code, the note without dashes.", _added("code", "replace({note}, '-', '')")),
    ("Add code = note with all spaces removed.", _added("code", "replace({note}, ' ', '')")),
    ('Replace "-" by "/" in note.', _added("note", "replace({note}, '-', '/')")),
    ('In note replace "-" with "".', _added("note", "replace({note}, '-', '')")),
    ("Remove spaces from email.", _added("email", "replace({email}, ' ', '')")),
    ("Pad note to 5 digits.", _added("note", "lpad({note}, 5, '0')")),
    ("Add code = note padded with zeros to 8 characters.", _added("code", "lpad({note}, 8, '0')")),
    ("Add user = everything before the @ of email.", _added("user", "split_part({email}, '@', 1)")),
    ("Add month = the month of order_date, like 2025-03.", _added("month", "format_date({order_date}, '%Y-%m')")),
    ("Add month = order_date as YYYY-MM.", _added("month", "format_date({order_date}, '%Y-%m')")),
    ("Add whole = amount rounded up.", _added("whole", "ceil({amount})")),
    ("Round amount to the nearest 10.", _added("amount", "round({amount} / 10, 0) * 10")),
    ("Add k = amount in thousands.", _added("k", "{amount} / 1000")),
    ("Add best = amount or unit_price, whichever is larger.", _added("best", "greatest({amount}, {unit_price})")),
    ("Add mid = average of amount and unit_price.", _added("mid", "({amount} + {unit_price}) / 2")),
    ('Add flag = "yes" if amount is at least 4, otherwise "no".', _added("flag", "if({amount} >= 4, 'yes', 'no')")),
    ('Set status to "big" where amount is above 100.', _added("status", "if({amount} > 100, 'big', {status})")),
    ('Where amount is above 100 set status to "big".', _added("status", "if({amount} > 100, 'big', {status})")),
    ("Replace missing note by the value of email.", _added("note", "coalesce({note}, {email})")),
    ("Where note is missing, use email.", _added("note", "coalesce({note}, {email})")),
    (
        'Mark orders where amount is at least 4 as "good" in a new column grade, all others as "bad".',
        _added("grade", "if({amount} >= 4, 'good', 'bad')"),
    ),
]
GROUPS = [
    (
        "Group by year of order_date: total = sum of amount",
        ("year", "year({order_date})", {"column": "amount", "operation": "sum", "outputName": "total"}),
    ),
    (
        "Group by the month of order_date (as 2025-03) as ym and sum amount as total.",
        ("ym", "format_date({order_date}, '%Y-%m')", {"column": "amount", "operation": "sum", "outputName": "total"}),
    ),
]
ONE_PER_KEY = {"columns": ["customer_id"], "keep": "last", "orderBy": [{"column": "order_date"}]}
LATEST = (
    "One row per customer_id, the newest by order_date.",
    "Only the last order of each customer_id by order_date.",
    "Only the last reading of each customer_id by order_date.",
    "For each customer_id only the latest row by order_date should stay.",
    "Of several rows with the same customer_id keep the one with the latest order_date.",
    "If a customer_id occurs more than once, keep the row with the latest order_date.",
    "Keep the latest row (by order_date) per customer_id.",
    "Each customer_id should appear only once: keep the one with the latest order_date.",
)
DOUBTFUL = (
    "Drop the negative ones.",
    "Orders without both note and email can go.",
    "Add gross = amount plus 19 %.",
    "Add gross = amount including 19 % VAT.",
    "One row per customer_id, the newest.",
    'Remove "gift" from note.',
    "Pad note to 5 characters.",
    "Keep only countries with at least 3 rows.",
    "Group by the month of order_date and sum amount as total.",
    "Capitalise country.",
    "Round amount up to 2 decimals.",
    "Set status to big.",
    "I need the first order of every customer.",
    "Only the last order of each customer_id.",
)


@pytest.mark.parametrize(("sentence", "expected"), [*FILTERS, *COLUMNS])
def test_wording_gives_one_step_without_doubt(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])


@pytest.mark.parametrize(("sentence", "expected"), GROUPS)
def test_part_of_a_date_becomes_the_group_key(sentence: str, expected: tuple[str, str, dict[str, str]]) -> None:
    name, formula, aggregation = expected
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == ([*_added(name, formula), {"groupBy": [name], "aggregations": [aggregation]}], [])


@pytest.mark.parametrize("sentence", LATEST)
def test_one_row_per_key_is_the_latest(sentence: str) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == ([{"dedupe": ONE_PER_KEY}], [])


@pytest.mark.parametrize("sentence", DOUBTFUL)
def test_open_question_is_doubted(sentence: str) -> None:
    assert doubted(drafted(sentence))


def test_groups_are_kept_by_their_number_of_rows() -> None:
    made = drafted("Count the orders per country as n. Keep only countries with at least 3 rows.")
    assert (configs(made)[1:], doubted(made)) == ([{"filter": {"n": {"greaterThanOrEqual": 3}}}], [])


def test_percentage_of_rows_is_the_average_of_a_helper() -> None:
    made = drafted('Per country: paid_pct = percentage of orders where status is "paid", rounded to 1 decimal')
    assert (configs(made), doubted(made)) == (
        [
            *_added("paid_pct_part", "if({status} = 'paid', 100, 0)"),
            {"groupBy": ["country"], "aggregations": [{"column": "paid_pct_part", "operation": "avg", "outputName": "paid_pct"}]},
            *_added("paid_pct", "round({paid_pct}, 1)"),
        ],
        [],
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "For every country we need the cumulative sum of amount in the order of order_date, as new column so_far.",
        "For each country, the running total of amount by order_date as so_far.",
    ],
)
def test_running_total_per_group(sentence: str) -> None:
    window = {"name": "so_far", "function": "sum", "column": "amount", "partitionBy": ["country"], "orderBy": [{"column": "order_date"}]}
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == ([{"window": [window]}], [])


@pytest.mark.parametrize(
    "sentence",
    [
        "Add a moving average of amount over the last 3 rows, ordered by order_date, as mean3.",
        "Add mean3 = average of amount over the last 3 rows ordered by order_date.",
        "Add mean3 = rolling average of the last 3 rows of amount by order_date.",
    ],
)
def test_moving_average(sentence: str) -> None:
    window = {"name": "mean3", "function": "avg", "column": "amount", "orderBy": [{"column": "order_date"}], "rows": 3}
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == ([{"window": [window]}], [])


@pytest.mark.parametrize(
    "sentence",
    [
        "Unpivot the columns amount and unit_price into kind (the column name) and euros (the value).",
        "Turn the columns amount, unit_price into rows with kind and euros.",
        "Turn amount and unit_price into two columns, kind and euros.",
    ],
)
def test_unpivot_with_its_two_names(sentence: str) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == ([{"unpivot": {"columns": ["amount", "unit_price"], "nameTo": "kind", "valueTo": "euros"}}], [])


def test_table_with_a_row_and_a_column_per_value_is_a_pivot() -> None:
    made = drafted("Make a table with one row per country and one column per status showing the total of amount. Empty cells become 0.")
    assert (configs(made), doubted(made)) == ([{"pivot": {"index": ["country"], "columns": "status", "values": "amount", "fill": 0}}], [])
