"""Tiny sources for the golden specs that read and write files, and what has to come out, worked out by hand."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def orders_with_customers(folder: Path) -> None:
    (folder / "data").mkdir()
    # Order 5 has no amount, order 6 a customer that nobody knows, order 4 the same revenue as order 3.
    (folder / "data/orders.csv").write_text(
        "order_id,customer_id,ordered_on,amount\n"
        "1,007,2025-01-02,10.5\n2,007,2025-01-09,4.5\n3,8,2025-01-03,12\n4,9,2025-01-04,12\n5,9,2025-01-05,\n6,10,2025-01-06,100\n7,11,2025-02-01,1\n"
    )
    (folder / "data/customers.csv").write_text('customer_id;name;city\n007;"Bond; James";London\n8;Ödön;Győr\n9;Ann;\n11;Zoe;Rome\n')


ORDERS_WITH_CUSTOMERS = {
    "out/top_customers.csv": (
        "customer_id,name,revenue,orders,last_order\n10,unknown,100.0,1,2025-01-06\n007,Bond; James,15.0,2,2025-01-09\n8,Ödön,12.0,1,2025-01-03\n"
    ),
    "out/top_customers.json": [
        {"customer_id": "10", "name": "unknown", "revenue": 100.0, "orders": 1, "last_order": "2025-01-06"},
        {"customer_id": "007", "name": "Bond; James", "revenue": 15.0, "orders": 2, "last_order": "2025-01-09"},
        {"customer_id": "8", "name": "Ödön", "revenue": 12.0, "orders": 1, "last_order": "2025-01-03"},
    ],
}


def claims_by_branch(folder: Path) -> None:
    rows = [
        (1, "north", "settled", "2025-01-01", 900.0), (2, "north", "SETTLED", "2025-03-31", 300.0), (3, "north", "open", "2025-02-01", 5000.0),
        (4, "south", "settled", "2025-04-01", 9000.0), (5, "south", "settled", "2025-02-02", 1000.0), (6, None, "settled", "2025-02-03", 2000.5),
        (7, "north", "settled", "2025-02-04", None),
    ]  # fmt: skip
    database = sqlite3.connect(folder / "claims.db")
    database.execute("CREATE TABLE claims (claim_id INTEGER, branch TEXT, state TEXT, opened TEXT, paid REAL)")
    database.executemany("INSERT INTO claims VALUES (?, ?, ?, ?, ?)", rows)
    database.commit()
    database.close()


CLAIMS_BY_BRANCH = {"out/report.db:branch_claims": [("north", 600.0, 1200.0, "2025-01-01"), (None, 2000.5, 2000.5, "2025-02-03")]}


def team_ranking(folder: Path) -> None:
    rows = [("b", "2025-01-02", 5.0), ("a", "2025-01-03", 3.0), ("a", "2025-01-01", 3.0), ("a", "2025-01-02", None), ("a", "2025-01-04", 7.0)]
    table = pa.table(
        {
            "team": [r[0] for r in rows],
            "booked_on": pa.array([r[1] for r in rows]).cast(pa.date32()),
            "amount": pa.array([r[2] if r[2] is not None else float("nan") for r in rows]),
        }
    )
    pq.write_table(table, folder / "bookings.parquet")


TEAM_RANKING = {
    "out/bookings_ranked.csv": (
        "team,booked_on,amount,running_total,rank_in_team,share\n"
        "a,2025-01-01,3.0,3.0,2,3.0\n"
        "a,2025-01-02,,3.0,4,3.0\n"
        "a,2025-01-03,3.0,6.0,2,3.0\n"
        "a,2025-01-04,7.0,13.0,1,5.0\n"
        "b,2025-01-02,5.0,5.0,1,5.0\n"
    )
}


def ticket_pivot(folder: Path) -> None:
    (folder / "tickets.csv").write_text(
        "ticket,team,priority,minutes\n1,red,low,10\n2,red,high,5\n3,blue,low,7\n4,red,low,1\n5,blue,n/a,100\n6,blue,low,\n7,green,high,n/a\n"
    )


TICKET_PIVOT = {"out/ticket_minutes.csv": "team,high,low\nblue,0,7\ngreen,0,0\nred,5,11\n"}


def depot_stock(folder: Path) -> None:
    (folder / "depot_east.csv").write_text(
        "article,counted_at,pieces\nA1,2025-01-01 08:00:00,5\nA2,2025-01-01 08:00:00,0\nA3,2025-01-02 08:00:00,3\nA1,2025-01-03 08:00:00,6\n"
    )
    (folder / "depot_west.csv").write_text("article,counted_at,pieces,shelf\nA1,2025-01-02 08:00:00,9,W1\nA3,2025-01-02 08:00:00,4.5,W2\nÄ4,,,W3\n")


DEPOT_STOCK = {
    "out/stock.jsonl": [
        {"article": "A1", "counted_at": "2025-01-03 08:00:00", "pieces": 6.0, "shelf": None},
        {"article": "A3", "counted_at": "2025-01-02 08:00:00", "pieces": 4.5, "shelf": "W2"},
        {"article": "Ä4", "counted_at": None, "pieces": None, "shelf": "W3"},
    ]
}


def plot_yield(folder: Path) -> None:
    (folder / "plots.csv").write_text("plot,crop,area_m2,yield_kg\n1,rye,100,40\n2,oats,50,30\n3,rye,300,60\n4,oats,0,9\n")


PLOT_YIELD = {"out/yield.csv": "crop,n_plots,kg_per_m2\noats,1,0.6\nrye,2,0.25\n"}


def lead_scores(folder: Path) -> None:
    (folder / "leads.csv").write_text(
        'lead,postcode,budget,met_on\nAcme,01067,"€ 1.250,50",31.01.2025\nBeta,99999,"90",01.02.2025\nGamma,10115,unknown,02.02.2025\n'
    )


LEAD_SCORES = {"out/scores.csv": "lead;postcode;budget;met_on;score\nAcme;01067;1250.5;2025-01-31;3\nBeta;99999;90.0;2025-02-01;1\n"}

CASES = {
    "orders_with_customers": (orders_with_customers, ORDERS_WITH_CUSTOMERS),
    "claims_by_branch": (claims_by_branch, CLAIMS_BY_BRANCH),
    "team_ranking": (team_ranking, TEAM_RANKING),
    "ticket_pivot": (ticket_pivot, TICKET_PIVOT),
    "depot_stock": (depot_stock, DEPOT_STOCK),
    "plot_yield": (plot_yield, PLOT_YIELD),
    "lead_scores": (lead_scores, LEAD_SCORES),
}
"""By spec: what writes the sources into a folder, and what is in each file afterwards."""


def written(folder: Path, place: str) -> object:
    """The text of a CSV file, the values of a JSON or JSON Lines file, the rows of a `file:table` of SQLite."""
    path, _, table = place.partition(":")
    if table:
        database = sqlite3.connect(folder / path)
        rows = database.execute(f"SELECT * FROM {table}").fetchall()
        database.close()
        return rows
    text = (folder / path).read_text(encoding="utf-8")
    if path.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text) if path.endswith(".json") else text
