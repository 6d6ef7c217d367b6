"""P4: step names become Python names that read well and never clash."""

from __future__ import annotations

import pytest

from tidemill.domain.pipeline import PipelineSpec
from tidemill.domain.spec_yaml import load_document
from tidemill.render.names import RESERVED, function_names, load_name, snake_case, write_name


def spec(sources: list[str], transforms: list[str], destinations: list[str]) -> PipelineSpec:
    steps: list[object] = [{"type": "source", "name": n, "config": {"path": "a.csv"}} for n in sources]
    steps += [{"type": "transform", "name": n, "config": {"limit": 1}} for n in transforms]
    steps += [{"type": "destination", "name": n, "config": {"path": "b.csv"}} for n in destinations]
    return load_document({"name": "N", "steps": steps})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Filter & Aggregate", "filter_aggregate"),
        ("Über-Größe 2024", "uber_grosse_2024"),
        ("calcRevenueMetrics", "calc_revenue_metrics"),
        ("Q3 report", "q3_report"),
        ("customer's orders", "customers_orders"),
        ("売上", ""),
    ],
)
def test_snake_case(text: str, expected: str) -> None:
    assert snake_case(text) == expected


def test_verbs_of_sources_and_destinations_are_left_to_their_functions() -> None:
    names = function_names(spec(["Load Sales Data"], ["Filter and Aggregate"], ["Save Analytics Results"]))
    assert names == {"Load Sales Data": "sales_data", "Filter and Aggregate": "filter_and_aggregate", "Save Analytics Results": "analytics_results"}
    assert (load_name("sales_data"), write_name("analytics_results")) == ("load_sales_data", "write_analytics_results")


def test_equal_names_are_numbered() -> None:
    names = function_names(spec([], ["Do it", "do-it", "DO IT"], []))
    assert list(names.values()) == ["do_it", "do_it_2", "do_it_3"]


def test_function_of_a_source_does_not_take_the_name_of_a_step() -> None:
    names = function_names(spec(["Prices"], ["Load prices"], []))
    assert load_name(names["Prices"]) != names["Load prices"]


@pytest.mark.parametrize("name", ["class", "filter", "main", "ibis", "log", "transform", "None", "match", "table"])
def test_names_of_the_language_and_of_the_files_are_avoided(name: str) -> None:
    found = function_names(spec([], [name], []))[name]
    assert found not in RESERVED
    assert found.isidentifier()


@pytest.mark.parametrize(("name", "expected"), [("売上", "step_1"), ("2024 totals", "step_2024_totals")])
def test_names_without_a_letter_at_the_beginning(name: str, expected: str) -> None:
    assert function_names(spec([], [name], [])) == {name: expected}


def test_long_names_are_cut_at_a_word() -> None:
    name = "keep only the orders of customers who have ordered more than twice this year"
    assert function_names(spec([], [name], []))[name] == "keep_only_the_orders_of_customers_who_have_ordered"
