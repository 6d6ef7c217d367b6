"""Sources, destinations, schedules, labels and remarks in the many ways people say them (P1, P7, P10)."""

from __future__ import annotations

import pytest
from brief_tables import configs, doubted, draft, drafted

from tidemill.domain.draft import Draft

FIRST = [{"limit": 3}]

DESCRIBED_SOURCES = [
    "The web shop dumps its orders into orders.csv.",
    "My colleague put all the orders into orders.csv.",
    "Each row of orders.csv is one order, with its country, the status and the number of gifts.",
    "Every line of orders.csv stands for one purchase.",
    "orders.csv lists every order, one per row.",
    "orders.csv holds the orders of our group.",
    "orders.csv: one row per purchase, with country, status and amount.",
    "There is a file orders.csv with one line per purchase.",
    "For every purchase there is a row in orders.csv.",
    "The till keeps its entries in orders.csv (one row per purchase).",
    "The orders are in orders.csv, exported from the till.",
    "In the file orders.csv are all the orders.",
    "They come from the file orders.csv.",
    "Have a look at orders.csv.",
    "src = orders.csv",
    "Data = orders.csv",
    "input orders.csv",
]


@pytest.mark.parametrize("sentence", DESCRIBED_SOURCES)
def test_description_of_a_file_makes_it_the_source(sentence: str) -> None:
    made = draft(f"{sentence}\nKeep the first 3 rows.\nSave to out/x.csv.")
    assert (configs(made), doubted(made), _paths(made)) == (FIRST, [], ["orders.csv", "out/x.csv"])


TWO_SOURCES = [
    "in: orders.csv + customers.csv",
    "Input orders.csv and customers.csv.",
    "src = orders.csv, customers.csv",
    "The orders are in orders.csv, the customers in customers.csv.",
]


@pytest.mark.parametrize("sentence", TWO_SOURCES)
def test_two_files_in_one_line_are_two_sources(sentence: str) -> None:
    made = draft(f"{sentence}\nJoin them on customer_id.\ndst = out/x.parquet")
    assert (doubted(made), _paths(made)) == ([], ["orders.csv", "customers.csv", "out/x.parquet"])


NO_DESCRIPTIONS = [
    "Each row of orders.csv is one order, total amount per country.",
    "orders.csv holds one row per customer, the newest.",
    "Load orders.csv every night.",
]


@pytest.mark.parametrize("sentence", NO_DESCRIPTIONS)
def test_wish_beside_a_file_is_not_taken_for_its_description(sentence: str) -> None:
    assert doubted(draft(f"{sentence}\nSave to out/x.csv.")) != []


DESTINATIONS = [
    "Save the whole thing to out/x.csv.",
    "Save everything to out/x.csv.",
    "Save them all to out/x.csv.",
    "Save the lot to out/x.csv.",
    "Save all of it to out/x.csv.",
    "The finished table belongs in out/x.csv.",
    "Put what is left in out/x.csv.",
    "Everything that remains goes to out/x.csv.",
    "out/x.csv is where it should go.",
    "Please leave the result in out/x.csv.",
    "Keep the result in out/x.csv.",
    "Let me have it in out/x.csv.",
    "Name the output file out/x.csv.",
]


@pytest.mark.parametrize("sentence", DESTINATIONS)
def test_result_may_be_called_many_things(sentence: str) -> None:
    made = draft(f"Read orders.csv.\nKeep the first 3 rows.\n{sentence}")
    assert (configs(made), doubted(made), _paths(made)) == (FIRST, [], ["orders.csv", "out/x.csv"])


def test_rest_is_what_a_removal_has_left() -> None:
    assert doubted(draft("Read orders.csv. Drop rows where amount < 5. Save the rest to out/x.csv.")) == []


@pytest.mark.parametrize(
    "brief",
    [
        "Read orders.csv. Keep only rows where amount > 5. Save the rest to out/x.csv.",
        "Read orders.csv. Drop rows where amount < 5. Save them to out/a.csv. Save the rest to out/b.csv.",
        "Read orders.csv. Drop rows where amount < 5. Write the rest to out/a.csv and the remaining ones to out/b.csv.",
        "Read orders.csv. Save the important orders to out/x.csv.",
        "Read orders.csv. Have the names anonymised in out/x.csv.",
    ],
)
def test_rows_that_a_destination_may_or_may_not_get_are_doubted(brief: str) -> None:
    assert doubted(draft(brief)) != []


TOP = [{"sort": [{"column": "amount", "direction": "desc"}]}, {"limit": 3}]
PARTED = [
    ("I would like the 3 largest orders by amount in out/x.csv.", TOP),
    ("Put the 3 largest orders by amount into out/x.csv.", TOP),
    ("Give me the three largest orders by amount in out/x.csv, with the columns country and amount.", [*TOP, {"select": ["country", "amount"]}]),
    ("Save only the columns country and amount to out/x.csv.", [{"select": ["country", "amount"]}]),
    ("Save it to out/x.csv with the columns country, amount.", [{"select": ["country", "amount"]}]),
    ("Save it to out/x.csv with only country and amount.", [{"select": ["country", "amount"]}]),
]


@pytest.mark.parametrize(("sentence", "expected"), PARTED)
def test_wish_that_names_its_destination_is_read_in_parts(sentence: str, expected: list[dict[str, object]]) -> None:
    made = draft(f"Read orders.csv. {sentence}")
    assert (configs(made), doubted(made)) == (expected, [])


def test_part_of_such_a_wish_that_lacks_something_is_doubted_alone() -> None:
    made = draft("Read orders.csv. We need the 6 newest orders in out/x.csv, with the columns country, amount.")
    assert (configs(made), len(doubted(made)), _paths(made)) == ([{"select": ["country", "amount"]}], 1, ["orders.csv", "out/x.csv"])


def test_wish_with_its_own_destination_does_not_narrow_what_another_gets() -> None:
    made = draft("Read orders.csv. Save the 3 largest orders by amount to out/top.csv. Save all orders to out/all.csv.")
    assert (configs(made), len(doubted(made))) == ([], 1)


SCHEDULED = [
    ("Save it to out/x.parquet, every Wednesday at 6pm.", "0 18 * * 3", None),
    ("Write it to out/x.csv each Monday at 7.", "0 7 * * 1", None),
    ("Save the table as out/x.csv - every Friday at noon.", "0 12 * * 5", None),
    ("Write it to out/x.csv; run it hourly.", "0 * * * *", None),
    (
        "Save it to out/x.csv. It must run one time per week, on Saturday at 9:30 in the morning, time zone Europe/Warsaw.",
        "30 9 * * 6",
        "Europe/Warsaw",
    ),
]


@pytest.mark.parametrize(("sentence", "cron", "zone"), SCHEDULED)
def test_schedule_at_the_end_of_a_clause_is_heard(sentence: str, cron: str, zone: str | None) -> None:
    made = draft(f"Read orders.csv. {sentence}")
    assert made.spec is not None
    assert (made.spec.schedule, made.spec.timezone, doubted(made)) == (cron, zone, [])


BY_HAND = [
    "No schedule needed, I start it by hand.",
    "No schedule is needed.",
    "A schedule is not needed.",
    "no need to schedule this",
    "We will run it by hand when we need it.",
    "It does not have to run on a schedule.",
    "One-off, no schedule.",
    "There is no schedule.",
]


@pytest.mark.parametrize("sentence", BY_HAND)
def test_pipeline_that_is_started_by_hand_needs_no_schedule(sentence: str) -> None:
    made = drafted(sentence)
    assert made.spec is not None
    assert (made.spec.trigger, doubted(made)) == ("manual", [])


@pytest.mark.parametrize("sentence", ["Save it to out/x.csv daily.", "Save it to out/x.csv, every other Wednesday at 6pm."])
def test_time_that_is_not_exact_is_doubted(sentence: str) -> None:
    assert doubted(draft(f"Read orders.csv. {sentence}")) != []


ABOVE_5 = [{"filter": {"amount": {"greaterThan": 5}}}]
LABELLED = [
    ("Clean: remove exact duplicates", [{"dedupe": {}}]),
    ("Tidy up: remove exact duplicates.", [{"dedupe": {}}]),
    ("Dupes: drop exact duplicate rows", [{"dedupe": {}}]),
    ("Task 1: keep rows where amount > 5", ABOVE_5),
    ("Scope: only orders with amount above 5", ABOVE_5),
    ("Which orders do we want? Keep only orders with amount above 5.", ABOVE_5),
    ("Important: keep rows where amount > 5", ABOVE_5),
    ("Math: double = amount * 2", [{"addColumns": [{"name": "double", "formula": "{amount} * 2"}]}]),
    ("Also: double = amount * 2", [{"addColumns": [{"name": "double", "formula": "{amount} * 2"}]}]),
    ("What should it look like? Sort by amount descending.", [{"sort": [{"column": "amount", "direction": "desc"}]}]),
]


@pytest.mark.parametrize(("sentence", "expected"), LABELLED)
def test_label_that_says_nothing_is_passed_over(sentence: str, expected: list[dict[str, object]]) -> None:
    made = drafted(sentence)
    assert (configs(made), doubted(made)) == (expected, [])


def test_label_that_nobody_knows_is_doubted_and_the_instruction_is_read() -> None:
    made = drafted("Winter: keep rows where amount > 5")
    assert (configs(made), doubted(made)) == (ABOVE_5, ["Winter"])


@pytest.mark.parametrize(
    "sentence",
    [
        "Optional: sort by amount",
        "Never: drop rows where amount is 0",
        "Except Fridays: drop rows where amount is 0",
        "Open ones: keep rows with amount above 5",
        "Germany: keep rows where amount > 5",
        "country: keep only rows above 5",
        "Monthly: sum of amount as total",
        "Distinct: keep the columns country and status",
        "Dupes: keep the first 5 rows",
        "Pretty: make it pretty",
    ],
)
def test_label_that_may_change_the_instruction_is_not_passed_over(sentence: str) -> None:
    made = drafted(sentence)
    assert (configs(made), len(doubted(made))) == ([], 1)


def test_header_before_a_colon_holds_for_the_line_and_the_next_line_stands_alone() -> None:
    made = draft(
        "src = orders.csv\nper customer_id, ordered by order_date: last_amount = previous value of amount\n"
        "growth = amount - last_amount\ndst = out/x.csv"
    )
    assert (configs(made), doubted(made)) == (
        [
            {
                "window": [
                    {
                        "name": "last_amount",
                        "function": "lag",
                        "column": "amount",
                        "partitionBy": ["customer_id"],
                        "orderBy": [{"column": "order_date"}],
                    }
                ]
            },
            {"addColumns": [{"name": "growth", "formula": "{amount} - {last_amount}"}]},
        ],
        [],
    )


def test_aggregates_below_a_group_header_need_no_indent() -> None:
    made = draft("in: orders.csv\nper country:\ntotal = sum of amount\nn = number of rows\nsort by total desc\nout: out/x.csv")
    assert (configs(made)[0], doubted(made)) == (
        {
            "groupBy": ["country"],
            "aggregations": [{"column": "amount", "operation": "sum", "outputName": "total"}, {"operation": "count", "outputName": "n"}],
        },
        [],
    )


HARMLESS = [
    "We sell vegetable boxes through several shops.",
    "Our charity runs several campaigns.",
    "We are a small charity in Leeds.",
    "This is for the annual report.",
    "I am preparing the board meeting.",
    "PS: the coffee is on me.",
    "A customer may order again, so remove exact duplicates.",
    "The file may be empty on some days (header only).",
    "Overwrite it on each run.",
    "The file is overwritten on each run.",
    "customer_id stays text, e.g. 01067",
    "Keep customer_id as text.",
    "Treat customer_id as text, not as a number.",
    "Customer ids such as 0042 are text and keep their leading zeros.",
    "Leave customer_id as text (leading zeros matter).",
    "The leading zeros of customer_id must be kept.",
    "Keep rows where amount > 5 ).",
]


@pytest.mark.parametrize("sentence", HARMLESS)
def test_sentence_that_asks_for_nothing_more_is_not_doubted(sentence: str) -> None:
    assert doubted(drafted(sentence)) == []


ASKING = [
    "Make sure it feels fair to the older hotels.",
    "Please also apply the usual correction.",
    "anonymise the names",
    "and make it pretty",
    "Our boss wants the names anonymised.",
    "We sell vegetables and hide names.",
    "We run a shop and only count new customers.",
    "This is for the paid orders.",
    "We always leave out the test orders.",
    "Small orders may be hidden, so keep the first 3 rows.",
    "A customer may order again but counts once, so keep the first 3 rows.",
    "The second file may be empty, then use the first.",
    "customer_id stays text and gets translated.",
    "The amount keeps its leading zeros.",
]


@pytest.mark.parametrize("sentence", ASKING)
def test_sentence_that_may_ask_for_something_is_doubted(sentence: str) -> None:
    assert doubted(drafted(sentence)) != []


def test_column_of_another_type_that_is_to_stay_text_is_converted() -> None:
    assert configs(drafted("Keep order_id as text.")) == [{"cast": {"order_id": "string"}}]


def test_word_for_a_type_is_a_value_in_a_filter() -> None:
    assert configs(drafted("Filter: country is text")) == [{"filter": {"country": {"equals": "text"}}}]


def _paths(made: Draft) -> list[str]:
    assert made.spec is not None, made.findings
    return [getattr(s.config, "path", "") for s in made.spec.steps if s.type != "transform"]
