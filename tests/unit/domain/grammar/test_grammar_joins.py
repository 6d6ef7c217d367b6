"""Sentences that bring tables together (P1, P8, P11)."""

from __future__ import annotations

import pytest
from brief_tables import configs, doubted, drafted

JOINS = [
    ("Join them on customer_id.", [{"join": {"on": ["customer_id"]}}]),
    ("Join orders with customers on customer_id, keeping all orders.", [{"join": {"how": "left", "on": ["customer_id"]}}]),
    ("Merge both files on customer_id (left join).", [{"join": {"how": "left", "on": ["customer_id"]}}]),
    (
        "Match each order with its customer using customer_id, then keep only gold customers.",
        [{"join": {"on": ["customer_id"]}}, {"filter": {"segment": {"equals": "gold"}}}],
    ),
    (
        "Add the city from customers.csv, matching on customer_id.",
        [
            {"join": {"how": "left", "on": ["customer_id"]}},
            {
                "select": [
                    "order_id",
                    "customer_id",
                    "order_date",
                    "status",
                    "amount",
                    "quantity",
                    "unit_price",
                    "country",
                    "shipped_at",
                    "note",
                    "email",
                    "gift",
                    "city",
                ]
            },
        ],
    ),
    ("Find the customers that have no orders.", [{"join": {"how": "anti", "on": ["customer_id"]}}]),
    ("Drop orders whose customer_id is not in customers.csv.", [{"join": {"how": "semi", "on": ["customer_id"]}}]),
    ("Join the two files where customer_id is the same in both.", [{"join": {"on": ["customer_id"]}}]),
    (
        "Drop orders with amount below 50. Then join the orders with the customers on customer_id.",
        [{"exclude": {"amount": {"lessThan": 50}}}, {"join": {"on": ["customer_id"]}}],
    ),
    (
        "Before joining them on customer_id, drop all cancelled orders.",
        [{"exclude": {"status": {"equals": "cancelled"}}}, {"join": {"on": ["customer_id"]}}],
    ),
    ("Join them on customer_id. Orders without a matching customer are not needed.", [{"join": {"on": ["customer_id"]}}]),
    ("Join them on customer_id. Orders without a matching customer should stay.", [{"join": {"how": "left", "on": ["customer_id"]}}]),
]


@pytest.mark.parametrize(("sentence", "expected"), JOINS)
def test_join_in_words(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence, sources="Read orders.csv and customers.csv.")
    assert (configs(made), doubted(made)) == (expected, [])


UNIONS = [
    ("Combine the files east.csv and west.csv into one table (same columns; the west file may be empty some days).", [{"union": {}}]),
    ("Stack both files. Keep only parcels heavier than 2.5 in weight_kg.", [{"union": {}}, {"filter": {"weight_kg": {"greaterThan": 2.5}}}]),
]


@pytest.mark.parametrize(("sentence", "expected"), UNIONS)
def test_tables_of_one_kind_are_put_below_each_other(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence, sources="Read east.csv and west.csv.")
    assert (configs(made), doubted(made)) == (expected, [])
