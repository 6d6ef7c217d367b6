"""Generated pipelines that read and write Google Sheets, by way of gspread and a server that speaks Sheets v4 (P4, P7)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.connectors.conftest import Project
    from tests.servers.sheets import Spreadsheets

pytestmark = pytest.mark.xdist_group("connectors-sheets")

TOTALS = """
name: Totals
steps:
  - {type: source, name: Sales, config: {spreadsheetId: book, range: "Sales!A1:D10", columns: {product: string, price: number}}}
  - {type: transform, name: Per product, config: {groupBy: [product], aggregations: [{column: price, operation: sum, outputName: total}]}}
  - {type: destination, name: Save, config: {spreadsheetId: book, sheetName: Totals}}
"""


def read_to_json(cells: str, columns: str = "") -> str:
    declared = f", columns: {{{columns}}}" if columns else ""
    return f"""
name: From a sheet
steps:
  - {{type: source, name: Sales, config: {{spreadsheetId: book, range: "{cells}"{declared}}}}}
  - {{type: destination, name: Out, config: {{path: out.json}}}}
"""


@pytest.fixture
def sales(book: Spreadsheets) -> Spreadsheets:
    """A spreadsheet with sales: numbers, blank cells, a short row, a blank row."""
    rows: list[list[Any]] = [["product", "price", "note"], ["pen", 2.5, "x"], ["ink", 7], [], ["pen", 3, ""], ["gum", "", "blank price"]]
    book.sheets["book"] = {"Sales": rows}
    return book


def test_short_rows_and_blank_cells_are_missing_and_numbers_stay_numbers(sales: Spreadsheets, project: Project) -> None:
    assert project.run(read_to_json("Sales!A1:C10")).code == 0
    assert json.loads(project.text("out.json")) == [
        {"product": "pen", "price": 2.5, "note": "x"},
        {"product": "ink", "price": 7.0, "note": None},
        {"product": "pen", "price": 3.0, "note": None},
        {"product": "gum", "price": None, "note": "blank price"},
    ]


def test_a_declared_text_stays_one_and_a_sheet_alone_names_all_its_cells(sales: Spreadsheets, project: Project) -> None:
    sales.sheets["book"]["Lager 1"] = [["code", "amount"], ["01067", 3], [1067, "4"]]
    assert project.run(read_to_json("Lager 1", "code: string, amount: integer")).code == 0
    assert json.loads(project.text("out.json")) == [{"code": "01067", "amount": 3}, {"code": "1067", "amount": 4}]


def test_a_sheet_is_made_and_a_second_run_leaves_the_same(sales: Spreadsheets, project: Project) -> None:
    wanted = [["product", "total"], ["gum", 0], ["ink", 7], ["pen", 5.5]]
    assert project.run(TOTALS).code == 0
    assert sales.sheets["book"]["Totals"] == wanted
    assert project.run(TOTALS).code == 0
    assert sales.sheets["book"]["Totals"] == wanted
    assert sales.titles("book") == ["Sales", "Totals"]


def test_a_smaller_result_leaves_nothing_of_the_larger_one_before(sales: Spreadsheets, project: Project) -> None:
    sales.sheets["book"]["Totals"] = [["old"] * 5 for _ in range(9)]
    assert project.run(TOTALS).code == 0
    assert sales.sheets["book"]["Totals"] == [["product", "total"], ["gum", 0], ["ink", 7], ["pen", 5.5]]


def test_an_empty_result_leaves_the_header(sales: Spreadsheets, project: Project) -> None:
    sales.sheets["book"] = {"Sales": [["product", "price"]], "Totals": [["product", "total"], ["pen", 1]]}
    assert project.run(TOTALS).code == 0
    assert sales.sheets["book"]["Totals"] == [["product", "total"]]


def test_texts_that_look_like_formulas_or_dates_are_written_as_texts(sales: Spreadsheets, project: Project) -> None:
    project.write("in.csv", "text,on,at,yes,n\n=1+1,2025-01-02,2025-01-02 10:00:00,true,\n")
    columns = "text: string, on: date, at: timestamp, yes: boolean, n: integer"
    ended = project.run(f"""
name: To a sheet
steps:
  - {{type: source, name: In, config: {{path: in.csv, columns: {{{columns}}}}}}}
  - {{type: destination, name: Save, config: {{spreadsheetId: book, sheetName: Totals}}}}
""")
    assert ended.code == 0
    assert sales.sheets["book"]["Totals"][1] == ["=1+1", "2025-01-02", "2025-01-02 10:00:00", True, ""]


def test_throttling_and_outages_are_waited_out(sales: Spreadsheets, project: Project) -> None:
    sales.fail_next += [503, 429]
    ended = project.run(TOTALS)
    assert ended.code == 0
    assert ended.out.count("failed, next in") == 2
    assert sales.sheets["book"]["Totals"][1:] == [["gum", 0], ["ink", 7], ["pen", 5.5]]


def test_an_outage_that_lasts_is_told_and_nothing_is_written(sales: Spreadsheets, project: Project) -> None:
    sales.fail_next += [503] * 40
    ended = project.run(TOTALS)
    sales.fail_next.clear()
    assert ended.code == 1
    assert "503" in ended.failure
    assert sales.titles("book") == ["Sales"]


@pytest.mark.parametrize("shared", [True, False])
def test_a_spreadsheet_that_is_missing_or_not_shared_is_told_by_its_id_and_not_tried_again(
    shared: bool, book: Spreadsheets, project: Project
) -> None:
    if not shared:
        book.fail_next += [403]
    ended = project.run(TOTALS)
    assert ended.code == 1
    assert "there is no spreadsheet 'book', or it is not shared with" in ended.failure
    assert "attempt" not in ended.out


def test_a_missing_sheet_and_a_missing_column_are_told_by_name(sales: Spreadsheets, project: Project) -> None:
    assert "Gone!A1:C9" in project.run(read_to_json("Gone!A1:C9", "product: string")).failure
    assert (
        "range Sales!A1:C9 has no column 'cost'; it has 'product', 'price', 'note'"
        in project.run(read_to_json("Sales!A1:C9", "cost: number")).failure
    )


def test_an_empty_range_is_told(book: Spreadsheets, project: Project) -> None:
    book.sheets["book"] = {"Sales": []}
    ended = project.run(read_to_json("Sales!A1:C9", "product: string"))
    assert ended.code == 1
    assert "Sales!A1:C9" in ended.failure


@pytest.mark.parametrize(("content", "told"), [(None, "there is no file credentials.json"), ("not json", "credentials.json")])
def test_credentials_that_cannot_be_read_are_told_by_path(content: str | None, told: str, sales: Spreadsheets, project: Project) -> None:
    (project.folder / "credentials.json").unlink()
    if content:
        project.write("credentials.json", content)
    ended = project.run(TOTALS)
    assert ended.code == 1
    assert told in ended.failure
