"""Every run backend, against real processes: start once, observe, read, stop (P4, P14, P15)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.contract.run_backends import bundle_of, is_alive, local_backend, read_log, run_named, wait_for_file

from tidemill.adapters.local import supervisor
from tidemill.domain.log import LogCursor, LogEvent, LogLevel
from tidemill.domain.run import ExternalRef, Observation, ObservationKind
from tidemill.errors import InvalidInput, NotFound, UpstreamRejected, UpstreamUnavailable

FOREVER = "import time\nopen('started', 'w').write('yes')\ntime.sleep(600)\n"
ADAPTERS = {"local": local_backend}


@pytest.fixture(params=ADAPTERS)
def backend(request, tmp_path):
    return ADAPTERS[request.param](tmp_path)


def finish(backend, pipeline: str, run_id: str = "run-1", config: str = "name: test\n") -> tuple[ExternalRef, Observation]:
    async def whole() -> tuple[ExternalRef, Observation]:
        ref = await backend.submit(run_named(run_id), bundle_of(pipeline, config))
        return ref, await backend.wait(ref, timeout_s=20)

    return asyncio.run(whole())


def start(backend, pipeline: str, run_id: str = "run-1") -> ExternalRef:
    return asyncio.run(backend.submit(run_named(run_id), bundle_of(pipeline)))


class TestOutcome:
    def test_exit_code_0_is_observed(self, backend):
        _, seen = finish(backend, "print('done')")
        assert (seen.kind, seen.exit_code, seen.signal) == (ObservationKind.EXITED, 0, None)

    def test_exit_code_of_a_failure_is_observed(self, backend):
        assert finish(backend, "raise SystemExit(3)")[1].exit_code == 3

    def test_a_signal_from_outside_is_observed_and_is_no_memory_shortage(self, backend):
        _, seen = finish(backend, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
        assert (seen.exit_code, seen.signal, seen.out_of_memory) == (None, signal.SIGKILL, False)

    def test_times_and_peak_memory_are_recorded(self, backend):
        before = datetime.now(UTC)
        _, seen = finish(backend, "block = bytearray(200_000_000)\nblock[::4096] = b'x' * len(block[::4096])")
        assert before <= seen.started_at <= seen.finished_at <= datetime.now(UTC)
        assert 200_000_000 < seen.peak_memory_bytes < 400_000_000

    def test_running_is_observed_while_it_runs(self, backend):
        ref = start(backend, FOREVER)
        seen = asyncio.run(backend.observe(ref))
        asyncio.run(backend.cancel(ref))
        assert seen.kind is ObservationKind.RUNNING

    def test_waiting_ends_with_the_time(self, backend):
        async def waited() -> tuple[Observation, float]:
            ref = await backend.submit(run_named(), bundle_of(FOREVER))
            begun = time.monotonic()
            seen = await backend.wait(ref, timeout_s=0.2)
            spent = time.monotonic() - begun
            await backend.cancel(ref)
            return seen, spent

        seen, spent = asyncio.run(waited())
        assert seen.kind is ObservationKind.RUNNING
        assert 0.2 <= spent < 1

    def test_the_end_is_noticed_at_once(self, backend):
        _, seen = finish(backend, "import time\ntime.sleep(0.3)")
        assert (datetime.now(UTC) - seen.finished_at).total_seconds() < 0.15

    def test_a_run_nobody_submitted_is_not_found(self, backend):
        with pytest.raises(NotFound):
            asyncio.run(backend.observe(ExternalRef(backend=backend.capabilities.backend, handle="nobody")))

    def test_a_bundle_without_pipeline_is_rejected(self, backend):
        empty = bundle_of("").model_copy(update={"artifacts": ()})
        with pytest.raises(UpstreamRejected):
            asyncio.run(backend.submit(run_named(), empty))


class TestSubmitTwice:
    def test_starts_once(self, backend, tmp_path):
        count = "open('starts', 'a').write('x')"

        async def twice() -> None:
            refs = [await backend.submit(run_named(), bundle_of(count)) for _ in range(2)]
            assert refs[0] == refs[1]
            await backend.wait(refs[0], timeout_s=20)
            await backend.submit(run_named(), bundle_of(count))

        asyncio.run(twice())
        assert (tmp_path / "project" / "starts").read_text() == "x"

    def test_at_the_same_time_starts_once(self, backend, tmp_path):
        count = "import time\nopen('starts', 'a').write('x')\ntime.sleep(0.3)"

        async def together() -> None:
            refs = await asyncio.gather(*(backend.submit(run_named(), bundle_of(count)) for _ in range(8)))
            await backend.wait(refs[0], timeout_s=20)

        asyncio.run(together())
        assert (tmp_path / "project" / "starts").read_text() == "x"


class TestLogs:
    def test_json_lines_are_taken_apart_and_others_are_messages(self, backend):
        ref, _ = finish(
            backend,
            'print(\'{"time": "2026-01-02T03:04:05Z", "level": "warning", "step": "Load", "event": "finished", "message": "5 rows", "rows": 5}\')\n'
            "print('plain')",
        )
        first, second = asyncio.run(read_log(backend, ref))
        assert (first.number, first.level, first.step, first.event, first.rows) == (1, LogLevel.WARNING, "Load", LogEvent.FINISHED, 5)
        assert (second.number, second.message, second.at) == (2, "plain", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    def test_standard_error_is_read_too(self, backend):
        ref, _ = finish(backend, "1 / 0")
        assert asyncio.run(read_log(backend, ref))[-1].message == "ZeroDivisionError: division by zero"

    def test_output_without_line_end_is_read_when_the_run_is_over(self, backend):
        ref, _ = finish(backend, "print('a\\nb', end='')")
        assert [e.message for e in asyncio.run(read_log(backend, ref))] == ["a", "b"]

    def test_a_line_of_10_megabytes_is_cut_and_says_so(self, backend):
        ref, _ = finish(backend, "print('x' * 10_000_000)\nprint('after')")
        long, after = asyncio.run(read_log(backend, ref))
        assert long.message == "x" * 65536 + " … [cut, the line has 10000000 bytes]"
        assert after.message == "after"

    def test_bytes_that_are_no_text_are_replaced(self, backend):
        ref, _ = finish(backend, "import os\nos.write(1, b'a\\xff\\x00b\\n')")
        assert [e.message for e in asyncio.run(read_log(backend, ref))] == ["a\ufffd\ufffdb"]

    def test_reading_goes_on_after_any_cursor(self, backend):
        ref, _ = finish(backend, "for i in range(100): print(i)")
        whole = asyncio.run(read_log(backend, ref))
        for cursor in (whole[41].cursor, LogCursor(number=42)):
            assert asyncio.run(read_log(backend, ref, cursor)) == whole[42:]

    def test_lines_come_while_the_run_goes_on(self, backend, tmp_path):
        pipeline = "import os, time\nprint('first')\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('last')"

        async def follow() -> list[str]:
            ref = await backend.submit(run_named(), bundle_of(pipeline))
            seen = []
            async for entry in backend.logs(ref, after=LogCursor()):
                seen.append(entry.message)
                (tmp_path / "project" / "go").touch()
            return seen

        assert asyncio.run(asyncio.wait_for(follow(), 20)) == ["first", "last"]

    def test_a_hundred_thousand_lines_are_read_within_seconds(self, backend):
        ref, _ = finish(backend, "for i in range(100_000): print('line', i)")
        begun = time.monotonic()
        entries = asyncio.run(read_log(backend, ref))
        assert (len(entries), entries[-1].message) == (100_000, "line 99999")
        assert time.monotonic() - begun < 10

    def test_output_of_a_cancelled_run_is_complete(self, backend, tmp_path):
        ref = start(backend, "print('before')\n" + FOREVER)
        wait_for_file(tmp_path / "project" / "started")
        asyncio.run(backend.cancel(ref))
        assert [e.message for e in asyncio.run(read_log(backend, ref))] == ["before"]


class TestCancel:
    def test_ends_the_run_with_the_polite_signal(self, backend, tmp_path):
        ref = start(backend, FOREVER)
        wait_for_file(tmp_path / "project" / "started")
        asyncio.run(backend.cancel(ref))
        assert asyncio.run(backend.observe(ref)).signal == signal.SIGTERM

    def test_ends_a_process_that_ignores_the_polite_signal(self, backend, tmp_path):
        ref = start(backend, "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER)
        wait_for_file(tmp_path / "project" / "started")
        asyncio.run(backend.cancel(ref))
        assert asyncio.run(backend.observe(ref)).signal == signal.SIGKILL

    @pytest.mark.parametrize("own_session", [False, True])
    def test_ends_the_whole_tree(self, backend, tmp_path, own_session):
        """Also a child that ignores the signal, and one that left the process group."""
        child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
        ref = start(
            backend,
            "import subprocess, sys, time\n"
            f"child = subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session={own_session}, stdout=subprocess.PIPE)\n"
            "child.stdout.readline()\nopen('child', 'w').write(str(child.pid))\ntime.sleep(600)\n",
        )
        child_pid = int(wait_for_file(tmp_path / "project" / "child"))
        asyncio.run(backend.cancel(ref))
        assert not is_alive(child_pid)

    def test_a_run_that_is_over_stays_as_it_was(self, backend):
        ref, _ = finish(backend, "print(1)")
        asyncio.run(backend.cancel(ref))
        assert asyncio.run(backend.observe(ref)).exit_code == 0

    def test_what_a_pipeline_leaves_running_is_ended_with_it(self, backend, tmp_path):
        finish(
            backend,
            "import subprocess, sys\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
            "open('child', 'w').write(str(child.pid))",
        )
        assert not is_alive(int((tmp_path / "project" / "child").read_text()))


class TestLocalEnvironment:
    SHOW = "import os, json\nopen('seen', 'w').write(json.dumps(dict(os.environ)))"

    def seen(self, tmp_path: Path, environment: dict[str, str], config: str) -> dict[str, str]:
        finish(local_backend(tmp_path, environment=environment), self.SHOW, config=config)
        return json.loads((tmp_path / "project" / "seen").read_text())

    def test_only_variables_that_the_spec_names_are_seen(self, tmp_path):
        config = "steps:\n- config: {passwordSecret: 'env:DB_PASSWORD', table: 'env:OTHER_SECRET'}\n"
        seen = self.seen(tmp_path, {"DB_PASSWORD": "a", "OTHER_SECRET": "b", "OPENAI_API_KEY": "c", "PATH": "/bin"}, config)
        assert seen["DB_PASSWORD"] == "a"
        assert not {"OTHER_SECRET", "OPENAI_API_KEY"} & set(seen)
        assert seen["PATH"] == "/bin"

    def test_cloud_credentials_are_seen_by_pipelines_of_that_cloud_only(self, tmp_path):
        environment = {"AWS_ACCESS_KEY_ID": "a", "AZURE_STORAGE_KEY": "b"}
        seen = self.seen(tmp_path, environment, "steps:\n- config: {path: 's3://bucket/a.csv'}\n")
        assert "AWS_ACCESS_KEY_ID" in seen
        assert "AZURE_STORAGE_KEY" not in seen

    def test_the_log_format_is_json(self, tmp_path):
        assert self.seen(tmp_path, {"PIPELINE_LOG_FORMAT": "text"}, "")["PIPELINE_LOG_FORMAT"] == "json"

    def test_relative_paths_are_the_projects(self, tmp_path):
        finish(local_backend(tmp_path), "open('here', 'w')")
        assert (tmp_path / "project" / "here").exists()

    def test_the_pipelines_own_log_file_lands_in_its_artifact_folder(self, tmp_path):
        finish(local_backend(tmp_path), "import pathlib\n(pathlib.Path(__file__).parent / 'logs' / 'execution_1.log').write_text('x')")
        assert (tmp_path / "pipeline_artifacts" / "sales" / "logs" / "execution_1.log").read_text() == "x"

    def test_a_path_out_of_the_folder_is_refused(self, tmp_path):
        bundle = bundle_of("print(1)")
        bad = bundle.artifacts[0].model_copy(update={"path": "a/../../../evil.py"})
        with pytest.raises(InvalidInput):
            asyncio.run(local_backend(tmp_path).submit(run_named(), bundle.model_copy(update={"artifacts": (*bundle.artifacts, bad)})))
        assert not list(tmp_path.rglob("evil.py"))

    def test_a_missing_interpreter_is_an_error_of_the_backend(self, tmp_path):
        with pytest.raises(UpstreamUnavailable):
            start(local_backend(tmp_path, python="/no/such/python"), "print(1)")


class TestLocalCrash:
    """`kill -9` of whoever submitted, of the supervisor, of everything."""

    SUBMIT = (
        "import asyncio, sys, time\nfrom pathlib import Path\nfrom tests.contract.run_backends import *\n"
        "backend = local_backend(Path(sys.argv[1]))\n"
        "asyncio.run(backend.submit(run_named(), bundle_of(sys.argv[2])))\n"
        "print('submitted', flush=True)\ntime.sleep(600)\n"
    )

    def submit_and_die(self, tmp_path: Path, pipeline: str) -> ExternalRef:
        with subprocess.Popen(
            [sys.executable, "-c", self.SUBMIT, str(tmp_path), pipeline], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        ) as server:
            assert server.stdout.readline() == b"submitted\n"
            server.kill()
        return ExternalRef(backend="local", handle="run-1")

    def test_the_run_goes_on_and_its_end_is_found(self, tmp_path):
        ref = self.submit_and_die(tmp_path, "import time\nprint('a')\ntime.sleep(0.5)\nprint('b')\nraise SystemExit(7)")
        backend = local_backend(tmp_path)
        assert asyncio.run(backend.observe(ref)).kind is ObservationKind.RUNNING
        assert asyncio.run(backend.wait(ref, timeout_s=20)).exit_code == 7
        assert [e.message for e in asyncio.run(read_log(backend, ref))] == ["a", "b"]

    def test_another_server_can_cancel_it(self, tmp_path):
        ref = self.submit_and_die(tmp_path, FOREVER)
        asyncio.run(local_backend(tmp_path).cancel(ref))
        assert asyncio.run(local_backend(tmp_path).observe(ref)).signal == signal.SIGTERM

    def test_submitting_again_starts_nothing(self, tmp_path):
        ref = self.submit_and_die(tmp_path, "import time\nopen('starts', 'a').write('x')\ntime.sleep(0.3)")
        backend = local_backend(tmp_path)
        assert start(backend, "open('starts', 'a').write('y')") == ref
        asyncio.run(backend.wait(ref, timeout_s=20))
        assert (tmp_path / "project" / "starts").read_text() == "x"

    def test_a_server_that_died_before_the_start_can_start_it_later(self, tmp_path):
        (tmp_path / "runs" / "run-1" / "bundle").mkdir(parents=True)
        backend = local_backend(tmp_path)
        ref = ExternalRef(backend="local", handle="run-1")
        assert asyncio.run(backend.observe(ref)).kind is ObservationKind.LOST
        assert finish(backend, "print(1)")[1].exit_code == 0

    def test_a_killed_supervisor_leaves_a_run_that_is_watched_still(self, tmp_path):
        backend = local_backend(tmp_path)
        ref = start(backend, FOREVER)
        os.kill(self.supervisor_of(tmp_path), signal.SIGKILL)
        assert asyncio.run(backend.observe(ref)).kind is ObservationKind.RUNNING
        asyncio.run(backend.cancel(ref))
        assert asyncio.run(backend.observe(ref)).kind is ObservationKind.LOST

    def test_a_reused_process_number_is_not_taken_for_the_run(self, tmp_path):
        backend = local_backend(tmp_path)
        ref = start(backend, FOREVER)
        folder = tmp_path / "runs" / "run-1"
        asyncio.run(backend.cancel(ref))
        (folder / "exit.json").unlink()
        me, record = os.getpid(), (folder / "process.json")
        supervisor.write_json(str(record), {"pid": me, "start": "b:1", "supervisorPid": me, "supervisorStart": "b:1", "startedAt": 0.0})
        assert asyncio.run(backend.observe(ref)).kind is ObservationKind.LOST

    def supervisor_of(self, tmp_path: Path) -> int:
        return int(json.loads(wait_for_file(tmp_path / "runs" / "run-1" / "process.json"))["supervisorPid"])
