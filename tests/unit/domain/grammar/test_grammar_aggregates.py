"""Sentences that group, sort, cut and deduplicate (P1, P8, P11)."""

from __future__ import annotations

import pytest
from brief_tables import configs, doubted, drafted

GROUPS = [
    (
        "Group by country and sum amount as total.",
        [{"groupBy": ["country"], "aggregations": [{"column": "amount", "operation": "sum", "outputName": "total"}]}],
    ),
    (
        "For each country compute the total amount (total), the average amount (avg_amount) and the number of orders (n).",
        [
            {
                "groupBy": ["country"],
                "aggregations": [
                    {"column": "amount", "operation": "sum", "outputName": "total"},
                    {"column": "amount", "operation": "avg", "outputName": "avg_amount"},
                    {"operation": "count", "outputName": "n"},
                ],
            }
        ],
    ),
    (
        "Total amount per country as revenue, sorted by revenue descending.",
        [
            {"groupBy": ["country"], "aggregations": [{"column": "amount", "operation": "sum", "outputName": "revenue"}]},
            {"sort": [{"column": "revenue", "direction": "desc"}]},
        ],
    ),
    ("How many orders are there per status? Call it n.", [{"groupBy": ["status"], "aggregations": [{"operation": "count", "outputName": "n"}]}]),
    (
        "Per status: count -> n, sum(amount) -> total",
        [
            {
                "groupBy": ["status"],
                "aggregations": [{"operation": "count", "outputName": "n"}, {"column": "amount", "operation": "sum", "outputName": "total"}],
            }
        ],
    ),
    (
        "Group by country: total = sum of amount, biggest = max of amount, n = count of rows",
        [
            {
                "groupBy": ["country"],
                "aggregations": [
                    {"column": "amount", "operation": "sum", "outputName": "total"},
                    {"column": "amount", "operation": "max", "outputName": "biggest"},
                    {"operation": "count", "outputName": "n"},
                ],
            }
        ],
    ),
    (
        "For each customer, work out how many orders were placed, called n_orders, and the total of amount, called spend.",
        [
            {
                "groupBy": ["customer_id"],
                "aggregations": [{"operation": "count", "outputName": "n_orders"}, {"column": "amount", "operation": "sum", "outputName": "spend"}],
            }
        ],
    ),
    (
        "Take the average of amount over all rows as overall_avg.",
        [{"aggregations": [{"column": "amount", "operation": "avg", "outputName": "overall_avg"}]}],
    ),
    (
        "Give me the number of distinct customers per country as customers.",
        [{"groupBy": ["country"], "aggregations": [{"column": "customer_id", "operation": "countDistinct", "outputName": "customers"}]}],
    ),
    (
        "Group by country. Compute sum of amount as total and count of orders where status is paid as n_paid.",
        [
            {"addColumns": [{"name": "n_paid_part", "formula": "if({status} = 'paid', 1, 0)"}]},
            {
                "groupBy": ["country"],
                "aggregations": [
                    {"column": "amount", "operation": "sum", "outputName": "total"},
                    {"column": "n_paid_part", "operation": "sum", "outputName": "n_paid"},
                ],
            },
        ],
    ),
    (
        'Per country: sum of amount where status is "paid" as paid_amount.',
        [
            {"addColumns": [{"name": "paid_amount_part", "formula": "if({status} = 'paid', {amount}, null)"}]},
            {"groupBy": ["country"], "aggregations": [{"column": "paid_amount_part", "operation": "sum", "outputName": "paid_amount"}]},
        ],
    ),
    (
        "average amount per country as avg_amount, rounded to 1 decimal",
        [
            {"groupBy": ["country"], "aggregations": [{"column": "amount", "operation": "avg", "outputName": "avg_amount"}]},
            {"addColumns": [{"name": "avg_amount", "formula": "round({avg_amount}, 1)"}]},
        ],
    ),
    (
        "Sum amount and quantity per country as total_amount and total_quantity.",
        [
            {
                "groupBy": ["country"],
                "aggregations": [
                    {"column": "amount", "operation": "sum", "outputName": "total_amount"},
                    {"column": "quantity", "operation": "sum", "outputName": "total_quantity"},
                ],
            }
        ],
    ),
    (
        "one row per country with total amount as total and number of rows as n; keep only countries with total above 100",
        [
            {
                "groupBy": ["country"],
                "aggregations": [{"column": "amount", "operation": "sum", "outputName": "total"}, {"operation": "count", "outputName": "n"}],
            },
            {"filter": {"total": {"greaterThan": 100}}},
        ],
    ),
    (
        "For each country work out the lowest, the highest and the median amount, called low, high and mid.",
        [
            {
                "groupBy": ["country"],
                "aggregations": [
                    {"column": "amount", "operation": "min", "outputName": "low"},
                    {"column": "amount", "operation": "max", "outputName": "high"},
                    {"column": "amount", "operation": "median", "outputName": "mid"},
                ],
            }
        ],
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), GROUPS)
def test_grouping_in_words_becomes_keys_and_aggregations(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])


ORDERED = [
    ("top 3 orders by amount", [{"sort": [{"column": "amount", "direction": "desc"}]}, {"limit": 3}]),
    (
        "Keep the 2 orders with the highest amount per country.",
        [{"sort": [{"column": "amount", "direction": "desc"}]}, {"limit": {"count": 2, "per": ["country"]}}],
    ),
    (
        "For each customer keep only the latest order by order_date.",
        [{"dedupe": {"columns": ["customer_id"], "keep": "last", "orderBy": [{"column": "order_date"}]}}],
    ),
    ("Keep the first 5 rows.", [{"limit": 5}]),
    ("Limit to 10 rows", [{"limit": 10}]),
    (
        "Deduplicate by customer_id, keep the last by order_date.",
        [{"dedupe": {"columns": ["customer_id"], "keep": "last", "orderBy": [{"column": "order_date"}]}}],
    ),
    ("Drop duplicates on customer_id and country, keep first.", [{"dedupe": {"columns": ["customer_id", "country"]}}]),
    ("Remove exact duplicate rows.", [{"dedupe": {}}]),
    ("sort by amount (descending), then country", [{"sort": [{"column": "amount", "direction": "desc"}, {"column": "country"}]}]),
    ("order by country, amount desc", [{"sort": [{"column": "country"}, {"column": "amount", "direction": "desc"}]}]),
    ("Sort the result by amount from largest to smallest.", [{"sort": [{"column": "amount", "direction": "desc"}]}]),
]


@pytest.mark.parametrize(("sentence", "expected"), ORDERED)
def test_sorting_and_choosing_rows_in_words(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])
