"""Sentences about neighbouring rows, and wide and long tables (P1, P8, P11)."""

from __future__ import annotations

import pytest
from brief_tables import configs, doubted, drafted

WINDOWS = [
    (
        "For each customer, add running_total: the running total of amount by order_date.",
        [
            {
                "window": [
                    {
                        "name": "running_total",
                        "function": "sum",
                        "column": "amount",
                        "partitionBy": ["customer_id"],
                        "orderBy": [{"column": "order_date"}],
                    }
                ]
            }
        ],
    ),
    (
        "Add a running total of amount per customer in order of order_date, called running.",
        [
            {
                "window": [
                    {"name": "running", "function": "sum", "column": "amount", "partitionBy": ["customer_id"], "orderBy": [{"column": "order_date"}]}
                ]
            }
        ],
    ),
    (
        "Rank the orders by amount within each country, highest first, as rank_in_country.",
        [
            {
                "window": [
                    {
                        "name": "rank_in_country",
                        "function": "rank",
                        "partitionBy": ["country"],
                        "orderBy": [{"column": "amount", "direction": "desc"}],
                    }
                ]
            }
        ],
    ),
    (
        "Add prev_amount, the previous amount of the same customer in order of order_date.",
        [
            {
                "window": [
                    {
                        "name": "prev_amount",
                        "function": "lag",
                        "column": "amount",
                        "partitionBy": ["customer_id"],
                        "orderBy": [{"column": "order_date"}],
                    }
                ]
            }
        ],
    ),
    (
        "For each customer add change = the difference between amount and the previous amount, ordered by order_date.",
        [
            {
                "window": [
                    {
                        "name": "previous_amount",
                        "function": "lag",
                        "column": "amount",
                        "partitionBy": ["customer_id"],
                        "orderBy": [{"column": "order_date"}],
                    }
                ]
            },
            {"addColumns": [{"name": "change", "formula": "{amount} - {previous_amount}"}]},
            {"drop": ["previous_amount"]},
        ],
    ),
    (
        "Add pct = amount as a percentage of the total amount, rounded to 1 decimal",
        [
            {"window": [{"name": "total_of_amount", "function": "sum", "column": "amount"}]},
            {"addColumns": [{"name": "pct", "formula": "round({amount} / {total_of_amount} * 100, 1)"}]},
            {"drop": ["total_of_amount"]},
        ],
    ),
    (
        "Add share: each order's amount divided by the total amount of its country.",
        [
            {"window": [{"name": "total_of_amount", "function": "sum", "column": "amount", "partitionBy": ["country"]}]},
            {"addColumns": [{"name": "share", "formula": "{amount} / {total_of_amount}"}]},
            {"drop": ["total_of_amount"]},
        ],
    ),
    (
        "Add moving_avg, the moving average of amount over the last 3 rows in order of order_date.",
        [{"window": [{"name": "moving_avg", "function": "avg", "column": "amount", "orderBy": [{"column": "order_date"}], "rows": 3}]}],
    ),
    (
        "Number the rows per customer in order of order_date as seq.",
        [{"window": [{"name": "seq", "function": "rowNumber", "partitionBy": ["customer_id"], "orderBy": [{"column": "order_date"}]}]}],
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), WINDOWS)
def test_neighbouring_rows_in_words_become_window_columns(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])


PIVOTS = [
    (
        "Pivot it so that there is one row per country, one column per status, and the sum of amount in the cells; fill empty cells with 0.",
        [{"pivot": {"index": ["country"], "columns": "status", "values": "amount", "fill": 0}}],
    ),
    (
        "Make a pivot table with country as rows, status as columns and the total amount in the cells, empty cells 0.",
        [{"pivot": {"index": ["country"], "columns": "status", "values": "amount", "fill": 0}}],
    ),
    (
        "One row per country and one column per status, with the number of orders in each cell.",
        [{"pivot": {"index": ["country"], "columns": "status", "operation": "count"}}],
    ),
    (
        "Melt the columns amount, unit_price: names to measure, values to eur.",
        [{"unpivot": {"columns": ["amount", "unit_price"], "nameTo": "measure", "valueTo": "eur"}}],
    ),
    (
        "Unpivot the columns amount and unit_price: the column name goes into kind, the value into eur",
        [{"unpivot": {"columns": ["amount", "unit_price"], "nameTo": "kind", "valueTo": "eur"}}],
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), PIVOTS)
def test_wide_and_long_tables_in_words(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])
