"""Generated pipelines on other Ibis backends than DuckDB, chosen by PIPELINE_BACKEND, give the same result (P4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.connectors.conftest import Project

pytestmark = pytest.mark.xdist_group("connectors-databases")

SALES = "product,region,price,amount,sold_on\npen,n,1.5,4,2025-01-02\nink,s,7,,2025-01-03\npen,s,2.5,2,2025-02-01\n,n,1,1,\ngum,n,0.5,3,2025-02-01\n"
SPEC = """
name: Sales by product
steps:
  - type: source
    name: Sales
    config: {path: in.csv, columns: {product: string, region: string, price: number, amount: integer, sold_on: date}}
  - type: transform
    name: Revenue
    config:
      addColumns:
        - {name: revenue, formula: "round({price} * {amount}, 2)"}
        - {name: kind, formula: "if({price} >= 2, 'dear', 'cheap')"}
  - {type: transform, name: Sold, config: {where: "{revenue} > 1"}}
  - type: transform
    name: Per product
    config:
      groupBy: [product]
      aggregations:
        - {column: revenue, operation: sum, outputName: total}
        - {operation: count, outputName: orders}
        - {column: kind, operation: max, outputName: kind}
        - {column: sold_on, operation: max, outputName: last_sold}
  - {type: transform, name: Best, config: {sort: [{column: total, direction: desc}]}}
  - {type: destination, name: Save, config: {path: out.csv}}
"""
RESULT = "product,total,orders,kind,last_sold\npen,11.0,2,dear,2025-02-01\ngum,1.5,1,cheap,2025-02-01\n"


def test_the_result_on_duckdb(project: Project) -> None:
    project.write("in.csv", SALES)
    assert (project.run(SPEC).code, project.text("out.csv")) == (0, RESULT)


def test_the_same_result_on_sqlite(project: Project) -> None:
    project.write("in.csv", SALES)
    project.environment["PIPELINE_BACKEND"] = "sqlite://"
    assert (project.run(SPEC).code, project.text("out.csv")) == (0, RESULT)


def test_the_same_result_on_postgres(postgres_url: str, project: Project) -> None:
    project.write("in.csv", SALES)
    project.environment["PIPELINE_BACKEND"] = postgres_url
    assert (project.run(SPEC).code, project.text("out.csv")) == (0, RESULT)


def test_a_backend_that_is_not_there_is_told(project: Project) -> None:
    project.write("in.csv", SALES)
    project.environment["PIPELINE_BACKEND"] = "nosuch://host/db"
    ended = project.run(SPEC)
    assert ended.code == 1
    assert "nosuch" in ended.failure
