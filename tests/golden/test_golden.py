"""The artifacts of the specs in `specs/` (P3, P4, P5): as they were reviewed, clean, and right when they run."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruff.__main__ import find_ruff_bin
from tests.golden.inputs import CASES, written
from tests.golden.rewrite import EXPECTED, SPECS

from tidemill.adapters.local.formatter import format_python
from tidemill.domain.spec_yaml import load_spec
from tidemill.render.bundle import render_bundle

if TYPE_CHECKING:
    from types import ModuleType

NAMES = sorted(path.stem for path in SPECS.glob("*.yaml"))


def pipeline(name: str) -> ModuleType:
    """The reviewed pipeline.py of a golden spec, imported."""
    location = importlib.util.spec_from_file_location(f"golden_{name}", EXPECTED / name / "pipeline.py")
    assert location
    assert location.loader
    module = importlib.util.module_from_spec(location)
    sys.modules[location.name] = module
    location.loader.exec_module(module)
    return module


def ran(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    module = pipeline(name)
    monkeypatch.setenv("PIPELINE_ROOT", str(folder))
    monkeypatch.setattr(module, "LOGS", folder / "logs")
    return int(module.main())


@pytest.mark.parametrize("name", NAMES)
def test_rendering_gives_the_reviewed_artifacts(name: str) -> None:
    bundle = render_bundle(load_spec((SPECS / f"{name}.yaml").read_text(encoding="utf-8")), format_python=format_python)
    expected = {str(p.relative_to(EXPECTED / name)): p.read_text(encoding="utf-8") for p in (EXPECTED / name).iterdir() if p.is_file()}
    assert {a.path: a.text for a in bundle.artifacts} == expected


@pytest.mark.parametrize("name", NAMES)
def test_config_yaml_loads_as_the_spec_it_was_made_from(name: str) -> None:
    assert load_spec((EXPECTED / name / "config.yaml").read_text(encoding="utf-8")) == load_spec((SPECS / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_pipeline_imports_nothing_of_ours(name: str) -> None:
    tree = ast.parse((EXPECTED / name / "pipeline.py").read_text(encoding="utf-8"))
    modules = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    modules |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not [m for m in modules if m.split(".")[0] == "tidemill"]


@pytest.mark.parametrize("name", NAMES)
def test_python_files_are_formatted_and_clean(name: str) -> None:
    for command in (["format", "--line-length", "100", "--check"], ["check", "--target-version", "py311"]):
        done = subprocess.run([find_ruff_bin(), *command, "--isolated", "."], cwd=EXPECTED / name, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(CASES))
def test_running_it_gives_the_result_worked_out_by_hand(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, expected = CASES[name]
    make(tmp_path)
    assert ran(name, tmp_path, monkeypatch) == 0
    assert {place: written(tmp_path, place) for place in expected} == expected


@pytest.mark.parametrize("name", ["orders_with_customers", "claims_by_branch", "depot_stock"])
def test_running_it_twice_gives_the_same_and_leaves_nothing_else(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, expected = CASES[name]
    make(tmp_path)
    assert ran(name, tmp_path, monkeypatch) == 0
    files = {p for p in tmp_path.rglob("*") if p.parent.name != "logs"}
    assert ran(name, tmp_path, monkeypatch) == 0
    assert {p for p in tmp_path.rglob("*") if p.parent.name != "logs"} == files
    assert {place: written(tmp_path, place) for place in expected} == expected


def test_sales_analytics_calculates_what_the_seed_describes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = pipeline("sales_analytics")
    rows = [
        ("Laptop", 1200.0, 2.0, 0.1), ("Mouse", 25.0, 5.0, 0.05), ("Keyboard", 120.0, 3.0, 0.1), ("Mouse", 20.0, 5.0, 0.0),
        ("Laptop", 1000.0, 1.0, None),
    ]  # fmt: skip
    columns = ["product_name", "unit_price", "quantity", "discount_rate"]
    kept: list[dict[str, object]] = []
    schema = {"product_name": "string", "unit_price": "float64", "quantity": "float64", "discount_rate": "float64"}

    def load(con: Any) -> Any:
        return con.create_table("sample", module.pa.Table.from_pylist([dict(zip(columns, r, strict=True)) for r in rows]), schema=schema, temp=True)

    def keep(table: Any) -> int:
        kept.extend(table.to_pyarrow().to_pylist())
        return len(kept)

    monkeypatch.setattr(module, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(module, "load_sales_data", load)
    monkeypatch.setattr(module, "write_analytics_results", keep)
    assert module.main() == 0
    assert kept == [
        {"product_name": "Keyboard", "total_product_revenue": pytest.approx(324.0), "order_count": 1, "avg_order_value": pytest.approx(324.0)},
        {"product_name": "Laptop", "total_product_revenue": pytest.approx(2160.0), "order_count": 1, "avg_order_value": pytest.approx(2160.0)},
        {"product_name": "Mouse", "total_product_revenue": pytest.approx(118.75), "order_count": 1, "avg_order_value": pytest.approx(118.75)},
    ]
