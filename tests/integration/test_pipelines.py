"""Pipelines and their folders (P2, P3, P9): created whole or not at all, never overwritten unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.parts import CONFIG, ScriptedSandbox, application, create, over, scripted_parts, settings_for
from tidemill.adapters.local.artifact_store import STAGED, LocalArtifactStore
from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.domain.spec_yaml import load_spec
from tidemill.errors import Conflict, InvalidInput, NotFound, StaleVersion, UpstreamUnavailable
from tidemill.ports.unit_of_work import Page
from tidemill.services.pipelines import NewPipeline

pytestmark = pytest.mark.anyio
CHANGED = CONFIG.replace("out.csv", "elsewhere.csv")


def bundle(**texts: str) -> ArtifactBundle:
    return ArtifactBundle(artifacts=tuple(Artifact(path=p.replace("_", "."), text=t) for p, t in texts.items()))


async def test_a_new_pipeline_has_its_folder_with_its_files(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        folder = tmp_path / "pipeline_artifacts" / await create(app)
    assert {p.name for p in folder.iterdir()} == {"config.yaml", "pipeline.py", "tests.py", "README.md", "logs"}


async def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        assert [await create(app) for _ in range(3)] == ["daily-sales", "daily-sales-2", "daily-sales-3"]


async def test_a_folder_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "pipeline_artifacts" / "daily-sales"
    own.mkdir(parents=True)
    async with application(settings_for(tmp_path), engine=False) as app:
        assert await create(app) == "daily-sales-2"
    assert list(own.iterdir()) == []


async def test_a_pipeline_whose_tests_fail_is_not_kept(tmp_path: Path) -> None:
    parts = scripted_parts(sandbox=ScriptedSandbox(passes=False))
    async with application(settings_for(tmp_path), parts, engine=False) as app:
        with pytest.raises(InvalidInput, match="test_values"):
            await create(app)
        assert (await app.pipelines.overviews("", Page()))[1] == 0
    assert not (tmp_path / "pipeline_artifacts" / "daily-sales").exists()


async def test_a_pipeline_whose_tests_fail_is_kept_when_told_to(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("amount\n1\n")
    parts = scripted_parts(sandbox=ScriptedSandbox(passes=False))
    async with application(settings_for(tmp_path), parts, engine=False) as app:
        outcome = await app.pipelines.create(NewPipeline(load_spec(CONFIG)), force=True)
    assert [(f.rule, f.severity) for f in outcome.findings] == [("verification-failed", "warning")]


async def test_a_spec_with_errors_is_not_rendered(tmp_path: Path) -> None:
    sandbox = ScriptedSandbox()
    async with application(settings_for(tmp_path), scripted_parts(sandbox=sandbox), engine=False) as app:
        with pytest.raises(InvalidInput, match="has errors"):
            await create(app, CONFIG.replace("out.csv", "sales.csv"))
    assert sandbox.verified == []


async def test_nothing_is_left_when_the_database_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        await app.store.apply(lambda work: work.schedules.next_fire_at())
        database = tmp_path / ".tidemill" / "tidemill.sqlite"
        app.store.engine.dispose()  # type: ignore[attr-defined]
        for path in database.parent.glob("tidemill.sqlite*"):
            path.unlink()
        database.mkdir()
        with pytest.raises(UpstreamUnavailable):
            await create(app)
    assert not (tmp_path / "pipeline_artifacts" / "daily-sales").exists()


async def test_an_update_is_the_next_revision(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        pipeline_id = await create(app)
        outcome = await app.pipelines.update(pipeline_id, load_spec(CHANGED))
        revisions = await app.pipelines.revisions(pipeline_id)
    assert outcome.pipeline.revision == 2
    assert [r.revision for r in revisions] == [2, 1]
    assert "elsewhere.csv" in (tmp_path / "pipeline_artifacts" / pipeline_id / "config.yaml").read_text()


async def test_the_same_spec_again_is_no_new_revision(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        outcome = await app.pipelines.update(await create(app), load_spec(CONFIG))
    assert outcome.pipeline.revision == 1


async def test_an_update_on_an_old_version_is_refused(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        pipeline_id = await create(app)
        await app.pipelines.update(pipeline_id, load_spec(CHANGED), expected_version=1)
        with pytest.raises(StaleVersion):
            await app.pipelines.update(pipeline_id, load_spec(CONFIG), expected_version=1)


async def test_an_update_does_not_overwrite_what_people_edited(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        pipeline_id = await create(app)
        code = tmp_path / "pipeline_artifacts" / pipeline_id / "pipeline.py"
        code.write_text("print('by hand')\n")
        with pytest.raises(Conflict, match=r"`pipeline\.py` of pipeline `daily-sales` were edited by hand"):
            await app.pipelines.update(pipeline_id, load_spec(CHANGED))
        assert code.read_text() == "print('by hand')\n"
        await app.pipelines.update(pipeline_id, load_spec(CHANGED), force=True)
        assert code.read_text() != "print('by hand')\n"


async def test_a_deleted_pipeline_is_gone_with_its_folder(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        pipeline_id = await create(app)
        await app.pipelines.delete(pipeline_id)
        with pytest.raises(NotFound):
            await app.pipelines.get(pipeline_id)
    assert not (tmp_path / "pipeline_artifacts" / pipeline_id).exists()


async def test_the_id_of_a_deleted_pipeline_is_not_given_again_while_its_runs_are_kept(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path)) as app:
        pipeline_id = await create(app)
        await over(app, (await app.runs.request(pipeline_id)).id)
        await app.pipelines.delete(pipeline_id)
        assert await create(app) == "daily-sales-2"


async def test_a_pipeline_with_a_run_that_is_not_over_is_not_deleted(tmp_path: Path) -> None:
    async with application(settings_for(tmp_path), engine=False) as app:
        pipeline_id = await create(app)
        await app.runs.request(pipeline_id)
        with pytest.raises(Conflict, match="cancel it first"):
            await app.pipelines.delete(pipeline_id)


async def test_a_save_that_a_crash_cut_short_is_finished_at_the_next_look(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path, tmp_path / "copies")
    await store.save("p", bundle(pipeline_py="old", config_yaml="old"))
    staged = tmp_path / "p" / STAGED
    staged.mkdir()
    (staged / "pipeline.py").write_text("new")
    (tmp_path / "p" / "config.yaml").write_text("new")
    assert await store.load("p") == bundle(config_yaml="new", pipeline_py="new")
    assert not staged.exists()


async def test_a_save_that_a_crash_stopped_before_it_counted_changes_nothing(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path, tmp_path / "copies")
    await store.save("p", bundle(pipeline_py="old"))
    (tmp_path / "p" / f"{STAGED}.draft").mkdir()
    (tmp_path / "p" / f"{STAGED}.draft" / "pipeline.py").write_text("new")
    assert await store.load("p") == bundle(pipeline_py="old")


async def test_logs_and_credentials_in_the_folder_stay_and_are_no_artifacts(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path, tmp_path / "copies")
    await store.save("p", bundle(pipeline_py="old"))
    (tmp_path / "p" / "credentials.json").write_text("{}")
    (tmp_path / "p" / "logs" / "execution_1.log").write_text("a line")
    await store.save("p", bundle(pipeline_py="new"))
    assert await store.load("p") == bundle(pipeline_py="new")
    assert (tmp_path / "p" / "logs" / "execution_1.log").read_text() == "a line"
    assert (tmp_path / "p" / "credentials.json").exists()


async def test_a_kept_bundle_is_given_back_byte_for_byte(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path, tmp_path / "copies")
    made = bundle(pipeline_py="print('ä\\r\\n')\r\n", README_md="")
    assert await store.kept(await store.keep(made)) == made


async def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = LocalArtifactStore(tmp_path / "file", tmp_path / "copies")
    with pytest.raises(UpstreamUnavailable, match="cannot be written: Not a directory"):
        await store.save("p", bundle(pipeline_py="x"))


async def test_a_full_disk_leaves_the_old_files(tmp_path: Path) -> None:
    store = LocalArtifactStore(tmp_path, tmp_path / "copies")
    await store.save("p", bundle(pipeline_py="old"))
    (tmp_path / "p" / f"{STAGED}.draft").symlink_to("/dev/full")
    with pytest.raises(UpstreamUnavailable):
        await store.save("p", bundle(pipeline_py="new"))
    (tmp_path / "p" / f"{STAGED}.draft").unlink(missing_ok=True)
    assert await store.load("p") == bundle(pipeline_py="old")
