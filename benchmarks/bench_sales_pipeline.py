"""The generated sales-analytics pipeline against pandas code that does the same work, on the same rows, in one run.

    python benchmarks/bench_sales_pipeline.py [--rows 5000000] [--repeat 3]

Prints wall time and peak memory of both for CSV and Parquet input, and the ratios. Goal: at least 5 times faster, at most a quarter of the memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import duckdb

from benchmarks.measure import Measured, best, measure
from tidemill.adapter_registry import adapter
from tidemill.domain.spec_yaml import load_spec
from tidemill.render.bundle import render_bundle

SPEC = """\
name: Sales Analytics Pipeline
steps:
  - type: source
    name: Load Sales Data
    config:
      path: {source}
  - type: transform
    name: Calculate Revenue Metrics
    config:
      addColumns:
        - name: total_revenue
          formula: "{{unit_price}} * {{quantity}}"
        - name: discount_amount
          formula: "{{total_revenue}} * {{discount_rate}}"
        - name: net_revenue
          formula: "{{total_revenue}} - {{discount_amount}}"
  - type: transform
    name: Filter and Aggregate
    config:
      filter:
        net_revenue:
          greaterThan: 100
      groupBy: [product_name]
      aggregations:
        - {{column: net_revenue, operation: sum, outputName: total_product_revenue}}
        - {{column: net_revenue, operation: count, outputName: order_count}}
        - {{column: net_revenue, operation: avg, outputName: avg_order_value}}
  - type: destination
    name: Save Analytics Results
    config:
      path: tidemill.csv
"""
PEER = """\
import sys
import pandas as pd

source = sys.argv[1]
orders = pd.read_csv(source) if source.endswith(".csv") else pd.read_parquet(source)
orders["total_revenue"] = orders["unit_price"] * orders["quantity"]
orders["discount_amount"] = orders["total_revenue"] * orders["discount_rate"]
orders["net_revenue"] = orders["total_revenue"] - orders["discount_amount"]
orders = orders[orders["net_revenue"] > 100]
result = orders.groupby("product_name").agg(
    total_product_revenue=("net_revenue", "sum"), order_count=("net_revenue", "count"), avg_order_value=("net_revenue", "mean")
).reset_index()
result.to_csv("pandas.csv", index=False)
"""


def main() -> None:
    """Measures both on both formats."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-") as name:
        folder = Path(name)
        make_orders(folder, args.rows)
        (folder / "peer.py").write_text(PEER)
        for source in ("orders.csv", "orders.parquet"):
            compare(folder, source, args.repeat)


def make_orders(folder: Path, rows: int) -> None:
    """Seven columns as in the example, 200 products, about one missing quantity in a hundred."""
    query = f"""
        SELECT 'S-' || i AS order_id, DATE '2025-01-01' + (i % 365)::INTEGER AS ordered_on, 'C-' || (hash(i) % 50000) AS customer_id,
               'Product ' || (hash(i + 1) % 200) AS product_name, round(5 + (hash(i + 2) % 50000) / 100, 2)::DOUBLE AS unit_price,
               CASE WHEN hash(i + 3) % 100 = 0 THEN NULL ELSE 1 + hash(i + 4) % 9 END AS quantity, ((hash(i + 5) % 6) * 0.05)::DOUBLE AS discount_rate
        FROM range({rows}) t(i)"""
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{folder / 'orders.parquet'}' (FORMAT parquet)")
        connection.execute(f"COPY (FROM '{folder / 'orders.parquet'}') TO '{folder / 'orders.csv'}' (HEADER)")


def compare(folder: Path, source: str, repeat: int) -> None:
    """One format: renders, runs both in turn, checks that the results agree, prints the ratios."""
    bundle = render_bundle(load_spec(SPEC.format(source=source)), format_python=adapter("python-formatter"))
    adapter("bundle-folder")(bundle, folder / "artifacts", force=True)
    ours: list[Measured] = []
    theirs: list[Measured] = []
    for _ in range(repeat):
        ours.append(measure([sys.executable, "artifacts/pipeline.py"], cwd=folder))
        theirs.append(measure([sys.executable, "peer.py", source], cwd=folder))
    check(folder)
    a, b = best(ours), best(theirs)
    print(f"{source:15} pipeline.py {a.wall_s:6.2f} s {a.peak_mib:7.0f} MiB   pandas {b.wall_s:6.2f} s {b.peak_mib:7.0f} MiB   "
          f"{b.wall_s / a.wall_s:4.1f}x faster, {a.peak_mib / b.peak_mib:.0%} of the memory")  # fmt: skip


def check(folder: Path) -> None:
    """Both results hold the same products with the same figures."""
    with duckdb.connect() as connection:
        differing = connection.execute(f"""
            SELECT count(*) FROM '{folder}/tidemill.csv' a FULL JOIN '{folder}/pandas.csv' b USING (product_name)
            WHERE a.order_count IS DISTINCT FROM b.order_count OR abs(a.total_product_revenue - b.total_product_revenue) > 1e-6 * b.total_product_revenue
        """).fetchone()
    if differing != (0,):
        sys.exit(f"the results differ: {differing}")


if __name__ == "__main__":
    main()
