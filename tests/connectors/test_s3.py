"""Generated pipelines that read and write objects of a real S3 server (P4, P7)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from tests.connectors.conftest import Project

pytestmark = pytest.mark.xdist_group("connectors-s3")


@pytest.fixture
def lake(s3_environment: dict[str, str], project: Project) -> fsspec.AbstractFileSystem:
    """The bucket `lake`, empty; runs of the project reach its server."""
    project.environment |= s3_environment
    store = fsspec.filesystem(
        "s3",
        key=s3_environment["AWS_ACCESS_KEY_ID"],
        secret=s3_environment["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=s3_environment["AWS_ENDPOINT_URL"],
        use_listings_cache=False,
    )
    if store.exists("lake"):
        store.rm("lake", recursive=True)
    store.mkdir("lake")
    return store


def summed(source: str, out: str, columns: str = "k: string, v: number") -> str:
    return f"""
name: Summed
steps:
  - {{type: source, name: In, config: {{path: "{source}", columns: {{{columns}}}}}}}
  - {{type: transform, name: Sum, config: {{groupBy: [k], aggregations: [{{column: v, operation: sum, outputName: total}}]}}}}
  - {{type: destination, name: Out, config: {{path: "{out}"}}}}
"""


def test_csv_becomes_json_in_another_folder(lake: fsspec.AbstractFileSystem, project: Project) -> None:
    lake.pipe_file("lake/in/Größe 1.csv", "k,v\nä,1\nb,2\nä,0.5\n".encode())
    ended = project.run(summed("s3://lake/in/Größe 1.csv", "s3://lake/out/2025/sums.json"))
    assert ended.code == 0
    assert json.loads(lake.cat_file("lake/out/2025/sums.json")) == [{"k": "b", "total": 2.0}, {"k": "ä", "total": 1.5}]


def test_parquet_is_read_and_written_and_a_second_run_replaces_it(lake: fsspec.AbstractFileSystem, project: Project) -> None:
    with lake.open("lake/in.parquet", "wb") as file:
        pq.write_table(pa.table({"k": ["a", "b", "a"], "v": [1.0, None, 2.5]}), file)
    spec = summed("s3://lake/in.parquet", "s3://lake/out.parquet")
    assert (project.run(spec).code, project.run(spec).code) == (0, 0)
    with lake.open("lake/out.parquet", "rb") as file:
        assert pq.read_table(file).to_pylist() == [{"k": "a", "total": 3.5}, {"k": "b", "total": 0.0}]
    assert sorted(lake.ls("lake", detail=False)) == ["lake/in.parquet", "lake/out.parquet"]


def test_a_missing_object_is_told_and_the_old_output_stays(lake: fsspec.AbstractFileSystem, project: Project) -> None:
    lake.pipe_file("lake/out.csv", b"old\n")
    ended = project.run(summed("s3://lake/gone.csv", "s3://lake/out.csv"))
    assert ended.code == 1
    assert "there is no object s3://lake/gone.csv" in ended.failure
    assert lake.cat_file("lake/out.csv") == b"old\n"


def test_a_missing_bucket_is_told_and_not_tried_again(lake: fsspec.AbstractFileSystem, project: Project) -> None:
    lake.pipe_file("lake/in.csv", b"k,v\na,1\n")
    ended = project.run(summed("s3://lake/in.csv", "s3://no-such-bucket/out.csv"))
    assert ended.code == 1
    assert "bucket" in ended.failure
    assert "attempt" not in ended.out


def test_a_store_that_is_away_is_tried_again_and_then_told(project: Project, s3_environment: dict[str, str]) -> None:
    project.environment |= s3_environment | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    ended = project.run(summed("s3://lake/in.csv", "out.csv"))
    assert ended.code == 1
    assert ended.out.count("failed, next in") == 4
    assert "127.0.0.1:1" in ended.failure
    assert not (project.folder / "out.csv").exists()
