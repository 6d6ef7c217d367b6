"""Whole briefs in the forms people write (P1, P7, P11)."""

from __future__ import annotations

import pytest
from brief_tables import configs, doubted, draft, drafted

from tidemill.domain.connectors import GoogleSheetsDestination, GoogleSheetsSource
from tidemill.domain.draft import Draft

SEED = """\
Create a sales analytics pipeline that processes order data:

1. Source: Google Sheets
   - Spreadsheet ID: 1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms
   - Range: Sales!A1:G1000
   - Credentials: credentials.json

2. Transformations:
   - Calculate: total_revenue = unit_price * quantity
   - Filter: Keep only orders where total_revenue > 100
   - Group by: product_name
   - Aggregate:
     * Sum of total_revenue as total_product_revenue
     * Count of orders as order_count

3. Destination: Google Sheets
   - Spreadsheet ID: (same as source)
   - Sheet Name: Sales_Analytics_Output
   - Auto-create if doesn't exist

4. Schedule: Daily at 9 AM (0 9 * * *)

5. Requirements:
   - Idempotent (safe to re-run)
   - Log all operations
   - Handle missing data gracefully
   - Retry on transient failures
"""
TOTALS = [
    {"filter": {"status": {"equals": "paid"}}},
    {"groupBy": ["country"], "aggregations": [{"column": "amount", "operation": "sum", "outputName": "total"}]},
]
FORMS = {
    "numbered": (
        "1. Source: CSV file\n   - Path: orders.csv\n2. Keep only paid orders\n3. Group by: country\n4. Aggregate:\n "
        "  - Sum of amount as total\n5. Destination: CSV file\n   - Path: out/x.csv\n"
    ),
    "bullets": "- read orders.csv\n- keep only rows where status is paid\n- per country: sum of amount as total\n- write the result to out/x.csv\n",
    "markdown": (
        "# Paid totals\n\n## Source\n`orders.csv`\n\n## Steps\n1. Keep only orders where `status` is 'paid'\n2. "
        "Group by `country` and compute the sum of `amount` as `total`\n\n## Destination\n`out/x.csv`\n"
    ),
    "labels": (
        "Name: Paid totals\nSource: orders.csv\nFilter: status = paid\nGroup by: country\nAggregate: sum of amount as total\nOutput: out/x.csv\n"
    ),
    "terse": "weekly totals\nsrc: orders.csv\n- status = paid\n- per country: sum(amount) -> total\n-> out/x.csv\n",
    "arrows": "orders.csv -> keep status = paid -> per country: sum amount -> total -> out/x.csv",
    "prose": (
        "Our shop exports its orders to orders.csv. Keep only the orders whose status is paid. For each country,"
        " add up the amount and call it total. Save the result as out/x.csv."
    ),
    "e-mail": (
        "Hi Noor,\n\nhope you had a good weekend!\n\nPlease take orders.csv, keep only paid orders, and group "
        "by country, adding up the amount as total. Put that into out/x.csv.\n\nThanks a lot, I owe you a coffee!\nPieter\n"
    ),
    "questions": (
        "Where is the data? In orders.csv\nWhich rows count? Only those with status paid\nWhat should be computed? "
        "per country the total amount as total\nWhere does it go? To out/x.csv\n"
    ),
    "out of order": (
        "The result goes to out/x.csv. The data is in orders.csv. Group by country and sum amount as total, but before that keep only paid orders."
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_same_wish_in_every_form_is_the_same_pipeline(form: str) -> None:
    made = draft(FORMS[form])
    assert (configs(made), doubted(made)) == (TOTALS, [])


def test_seed_example_is_read_completely() -> None:
    made = draft(SEED)
    assert (doubted(made), made.spec is not None and made.spec.schedule) == ([], "0 9 * * *")


def test_google_sheets_take_their_parts_from_indented_details() -> None:
    steps = _steps(draft(SEED))
    source, target = steps[0].config, steps[-1].config
    assert isinstance(source, GoogleSheetsSource)
    assert isinstance(target, GoogleSheetsDestination)
    assert (source.range, target.sheet_name, target.spreadsheet_id) == ("Sales!A1:G1000", "Sales_Analytics_Output", source.spreadsheet_id)


def test_wishes_that_every_pipeline_fulfils_are_guaranteed() -> None:
    steps = [r.step for r in draft(SEED).readings]
    assert steps.count("guaranteed") == 4


def test_name_follows_from_the_introduction() -> None:
    spec = draft(SEED).spec
    assert spec is not None
    assert spec.name == "Sales Analytics Pipeline"


def test_schedule_with_time_zone_is_taken_over() -> None:
    spec = drafted("Schedule: Mondays 18:00 Europe/Berlin").spec
    assert spec is not None
    assert (spec.schedule, spec.timezone, spec.trigger) == ("0 18 * * 1", "Europe/Berlin", "scheduled")


def test_destination_named_between_two_stages_writes_the_first() -> None:
    made = draft(
        "Source: orders.csv\nFilter: status = paid\nOutput: out/detail.csv\nGroup by: country\nAggregate: count "
        "of rows as n\nOutput: out/sums.jsonl\n"
    )
    assert [(s.config.path, s.inputs) for s in _steps(made) if s.type == "destination"] == [
        ("out/detail.csv", ("Keep rows by status",)),
        ("out/sums.jsonl", None),
    ]


def test_detail_rows_are_those_before_the_grouping() -> None:
    made = draft("Read orders.csv. Group by country, number of rows as n. Write it to out/n.csv and the detail rows to out/detail.csv.")
    assert [s.inputs for s in _steps(made) if s.type == "destination"] == [None, ("Load orders",)]


def test_several_destinations_in_one_sentence_are_all_written() -> None:
    made = draft(
        "Take orders.csv, keep the first 10 rows and write them to out/a.csv, to out/a.parquet and to the table top in the SQLite database out/a.db."
    )
    assert [s.config.connector for s in _steps(made) if s.type == "destination"] == ["csv", "parquet", "sqlite"]


def test_sql_is_taken_over_word_by_word() -> None:
    made = draft(
        "1. Source: CSV file orders.csv, call it sales\n2. Transform with SQL:\n   SELECT country, COUNT(*) AS "
        "n FROM sales GROUP BY country\n3. Destination: CSV file out/x.csv\n"
    )
    assert [c["sql"] for c in configs(made)] == ["SELECT country, COUNT(*) AS n FROM sales GROUP BY country"]


def test_columns_of_a_source_that_cannot_be_read_are_taken_as_written() -> None:
    made = draft("Read later.csv. Keep rows where net_total > 5. Save to out/x.csv.")
    assert configs(made) == [{"filter": {"net_total": {"greaterThan": 5}}}]


def test_later_sentence_sees_renamed_and_added_columns() -> None:
    made = drafted("Rename amount to value. Add double = value * 2. Keep rows where double > 10.")
    assert (configs(made)[-1], doubted(made)) == ({"filter": {"double": {"greaterThan": 10}}}, [])


def test_thousands_separators_of_an_example_are_heard() -> None:
    made = drafted('"Amount EUR" is text with thousands separators such as 1,250.00; convert it to a number', sources="Read prices.csv.")
    assert configs(made) == [{"cast": {"Amount EUR": {"to": "number", "thousands": ","}}}]


def test_same_brief_gives_the_same_draft() -> None:
    assert draft(SEED) == draft(SEED)


def _steps(made: Draft):  # type: ignore[no-untyped-def]  # steps of three classes, looked at by attribute
    assert made.spec is not None
    return made.spec.steps
