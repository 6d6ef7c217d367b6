"""What cannot be read for certain is named, never guessed (P10)."""

from __future__ import annotations

import pytest
from brief_tables import configs, doubted, draft, drafted

VAGUE = [
    "Clean it up nicely.",
    "Make the numbers pop a bit more for the board.",
    "Make sure the data looks professional.",
    "Please anonymise the email addresses.",
    "Keep only recent orders.",
    "Keep the most important orders.",
    "Remove bad rows.",
    "Fix the dates.",
    "Drop test orders.",
    "Keep orders where amount is high.",
    "Keep only orders with a valid email.",
    "Apply the usual Karlsson correction.",
    "Only orders from last month.",
    "Convert the amounts to dollars.",
    "Calculate the margin.",
    "Group by country.",
    "Send an e-mail to Bob when it is done.",
]


@pytest.mark.parametrize("sentence", VAGUE)
def test_sentence_without_an_exact_meaning_is_doubted_and_makes_no_step(sentence: str) -> None:
    made = drafted(sentence)
    assert (configs(made), [d.rstrip(".").lower() for d in doubted(made)]) == ([], [sentence.rstrip(".").lower()])


def test_part_that_is_not_understood_is_named_alone() -> None:
    made = draft("Load orders.csv, clean it up nicely, and save the results to out/x.csv.")
    assert doubted(made) == ["clean it up nicely"]


def test_every_doubt_says_how_to_say_it() -> None:
    made = drafted("Clean it up nicely.")
    assert all("such as" in r.hint for r in made.readings if not r.understood)


def test_rest_of_a_sentence_is_not_swallowed_by_the_part_that_was_read() -> None:
    made = drafted("Keep only paid orders and sprinkle some magic over them.")
    assert (configs(made), doubted(made)) == ([{"filter": {"status": {"equals": "paid"}}}], ["sprinkle some magic over them."])


def test_unknown_column_is_an_error_that_names_it() -> None:
    made = drafted('keep only rows where loyalty_tier is "gold"')
    assert [(f.rule, "loyalty_tier" in f.message) for f in made.findings] == [("unknown-column", True)]


def test_word_that_fits_two_columns_is_asked_about() -> None:
    made = drafted("Group by sku and calculate the sum of price as total.", sources="Read prices.csv.")
    said = " ".join(r.hint for r in made.readings if not r.understood)
    assert ("price_net" in said, "price_gross" in said) == (True, True)


def test_count_of_a_word_that_may_mean_rows_or_values_is_asked_about() -> None:
    made = drafted("Number of customers per country as n.")
    assert (configs(made), "number of different customer_id" in made.readings[-2].hint) == ([], True)


def test_value_spelled_otherwise_in_the_data_is_doubted() -> None:
    assert doubted(drafted("Keep only rows where status is Paid.")) == ["Paid"]


def test_and_with_or_without_brackets_is_doubted() -> None:
    made = drafted("Keep rows where amount > 5 and quantity > 1 or gift is true.")
    assert len(doubted(made)) == 1


def test_name_that_is_not_given_is_said() -> None:
    made = drafted("Group by country and compute the average amount.")
    assert ["average_amount" in r.hint for r in made.readings if not r.understood] == [True]


@pytest.mark.parametrize(
    "sentence",
    ["tag = __import__('os').system('touch x')", "add owner = exec(\"open('x', 'w').write('y')\")"],
)
def test_formula_that_is_program_code_is_an_error(sentence: str) -> None:
    made = drafted(sentence)
    assert (configs(made), [f.rule for f in made.findings]) == ([], ["formula"])


def test_column_that_was_dropped_is_not_found_later() -> None:
    made = drafted("Drop the columns country and note. Group by country and count the rows as n.")
    assert "unknown-column" in [f.rule for f in made.findings]


def test_keeping_and_dropping_the_same_rows_is_a_contradiction() -> None:
    made = drafted("Keep only rows where status is paid. Exclude rows where status is paid.")
    assert [f.rule for f in made.findings] == ["contradiction"]


def test_two_schedules_are_a_contradiction() -> None:
    made = drafted("Run daily at 9 AM. Run daily at 10 AM.")
    assert [f.rule for f in made.findings] == ["two-schedules"]


@pytest.mark.parametrize(
    ("brief", "rule"), [("Keep paid orders. Save to out/x.csv.", "no-source"), ("Read orders.csv. Keep paid orders.", "no-destination")]
)
def test_brief_without_source_or_destination_says_what_is_missing(brief: str, rule: str) -> None:
    made = draft(brief)
    assert (made.spec, rule in [f.rule for f in made.findings]) == (None, True)


def test_source_that_nothing_uses_is_an_error() -> None:
    made = drafted("Keep only paid orders.", sources="Read orders.csv and customers.csv.")
    assert [f.rule for f in made.findings] == ["unused-source"]


@pytest.mark.parametrize(
    ("brief", "rule"),
    [
        ("", "empty-brief"),
        ("a\0b", "not-text"),
        ("Keep paid orders. " * 60_000, "brief-too-long"),
        ("Bitte lies orders.csv und behalte nur die Zeilen, in denen der Betrag mehr als 100 ist. Speichere das Ergebnis in out/x.csv.", "language"),
    ],
    ids=["empty", "binary", "too long", "German"],
)
def test_text_that_is_no_brief_is_refused_with_a_reason(brief: str, rule: str) -> None:
    assert [f.rule for f in draft(brief).findings] == [rule]


def test_title_that_reads_like_an_order_changes_nothing_and_is_doubted() -> None:
    made = draft("Paid orders\n- read orders.csv\n- keep amount above 5\n- write to out/x.csv\n")
    assert (configs(made), doubted(made)) == ([{"filter": {"amount": {"greaterThan": 5}}}], ["Paid orders"])


@pytest.mark.parametrize(
    "brief",
    [
        "Best orders\nsrc: orders.csv\n- drop rows where amount is missing\n-> out/x.csv",
        "Read orders.csv and save it to out/x.csv.\n\nThanks, and drop rows where amount is missing.\n\nJo",
        "Read orders.csv and save it to out/x.csv.\n\nBest,\nJo\ndrop rows where amount is missing",
    ],
)
def test_a_request_behind_a_title_or_a_signature_is_not_taken_for_small_talk(brief: str) -> None:
    assert {"dropNulls": {"columns": ["amount"]}} in configs(draft(brief))


def test_a_remark_with_a_word_of_doing_is_doubted() -> None:
    made = draft("Load orders.csv. Save it to out/x.csv.\n\nBest,\nJo\nplease mask names")
    assert any("mask" in d for d in doubted(made))


def test_a_title_that_leaves_something_out_is_doubted() -> None:
    assert doubted(draft("Orders without returns\n- read orders.csv\n- save to out/x.csv")) == ["Orders without returns"]


def test_a_sort_that_names_no_column_is_doubted() -> None:
    assert doubted(draft("Load orders.csv. Sort: keep the first 5 rows. Save to out/x.csv.")) == ["Sort: keep the first 5 rows."]
