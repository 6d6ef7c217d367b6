"""The sandbox runs honest tests and keeps dishonest code in, with each isolation that this machine has (P9)."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path

import pytest

from tidemill.adapters.local.isolation import Isolation, find_bubblewrap, has_landlock
from tidemill.adapters.local.sandbox import LocalSandbox, LocalSandboxSettings
from tidemill.adapters.local.work_folder import remove_left_folders
from tidemill.domain.artifact import Artifact, ArtifactBundle
from tidemill.domain.verification import CheckName, Verification
from tidemill.errors import InvalidInput, Unsupported
from tidemill.services.verification import VerificationService

AVAILABLE = [
    pytest.param(Isolation.BUBBLEWRAP, marks=pytest.mark.skipif(not find_bubblewrap(), reason="bubblewrap does not work here")),
    pytest.param(Isolation.LANDLOCK, marks=pytest.mark.skipif(not has_landlock(), reason="the kernel has no Landlock")),
]
MY_PROCESS = f"/proc/{os.getpid()}"
PASSING = "def test_truth():\n    assert True\n"


@pytest.fixture(params=AVAILABLE)
def isolation(request):
    return request.param


def bundle_of(tests: str = PASSING, pipeline: str = "") -> ArtifactBundle:
    return ArtifactBundle(artifacts=(Artifact(path="pipeline.py", text=pipeline), Artifact(path="tests.py", text=tests)))


def verify(isolation: Isolation, bundle: ArtifactBundle, timeout_s: float = 30, **settings: object) -> Verification:
    values: dict[str, object] = {"isolations": (isolation,), "warm": False}
    sandbox = LocalSandbox(LocalSandboxSettings.model_validate(values | settings))
    return asyncio.run(VerificationService(sandbox, timeout_s).verify(bundle))


def is_refused(isolation: Isolation, attempt: str, error: str = "OSError") -> bool:
    """True if the attempt, a Python statement, raises the error inside."""
    body = "\n".join(f"        {line}" for line in attempt.splitlines())
    found = verify(isolation, bundle_of(f"import os, pytest\ndef test_attempt():\n    with pytest.raises({error}):\n{body}\n"))
    assert found.tests, found
    return found.passed


class TestHonestBundles:
    def test_libraries_of_generated_code_work(self, isolation):
        pipeline = "import ibis\ndef double(t): return t.mutate(b=t.a * 2)\n"
        tests = (
            "import duckdb, ibis, pipeline, pyarrow.parquet\n"
            "def test_double(tmp_path):\n"
            "    con = ibis.duckdb.connect()\n"
            "    out = con.to_pyarrow(pipeline.double(ibis.memtable([{'a': 1}, {'a': 2}]).order_by('a')))\n"
            "    pyarrow.parquet.write_table(out, tmp_path / 'x.parquet')\n"
            "    assert duckdb.sql(f\"from '{tmp_path}/x.parquet'\").fetchall() == [(1, 2), (2, 4)]\n"
        )
        found = verify(isolation, bundle_of(tests, pipeline))
        assert found.passed, found
        assert [(c.name, c.passed) for c in found.checks] == [(CheckName.COMPILE, True), (CheckName.IMPORT, True), (CheckName.TESTS, True)]
        assert found.isolation == isolation.value

    def test_a_failing_test_is_shown_with_its_line(self, isolation):
        found = verify(isolation, bundle_of("def test_good(): pass\ndef test_sum():\n    assert 1 + 1 == 3\n"))
        assert [(t.name, t.passed) for t in found.tests] == [("test_good", True), ("test_sum", False)]
        assert "assert (1 + 1) == 3" in found.tests[1].message
        assert "tests.py:3" in found.tests[1].message
        assert not found.passed

    def test_a_failing_teardown_fails_the_test(self, isolation):
        tests = "import pytest\n@pytest.fixture\ndef end():\n    yield\n    raise ValueError('late')\ndef test_it(end): pass\n"
        found = verify(isolation, bundle_of(tests))
        assert [(t.name, t.passed) for t in found.tests] == [("test_it", False)]

    def test_an_import_that_fails_is_shown_and_stops_the_rest(self, isolation):
        found = verify(isolation, bundle_of(pipeline="import no_such_library\n"))
        assert [(c.name, c.passed) for c in found.checks] == [(CheckName.COMPILE, True), (CheckName.IMPORT, False)]
        assert "No module named 'no_such_library'" in found.checks[1].detail
        assert "line 1" in found.checks[1].detail

    def test_code_that_does_not_compile_is_not_run(self, isolation):
        found = verify(isolation, bundle_of(pipeline="def f(:\n"))
        assert [(c.name, c.passed) for c in found.checks] == [(CheckName.COMPILE, False)]
        assert "pipeline.py, line 1" in found.checks[0].detail
        assert found.isolation == "not run"

    def test_no_tests_is_no_success(self, isolation):
        found = verify(isolation, bundle_of("X = 1\n"))
        assert not found.passed
        assert found.checks[-1].detail == "tests.py has no tests."

    def test_tests_that_cannot_be_collected_fail(self, isolation):
        assert not verify(isolation, bundle_of("import nothing_like_this\n" + PASSING)).passed

    def test_a_prepared_sandbox_gives_the_same(self, isolation):
        async def prepared() -> Verification:
            sandbox = LocalSandbox(LocalSandboxSettings(isolations=(isolation,)))
            await sandbox.prepare()
            found = await sandbox.verify(bundle_of(), timeout_s=30)
            await sandbox.close()
            return found

        assert asyncio.run(prepared()).passed

    def test_nothing_is_left_behind(self, isolation, tmp_path, monkeypatch):
        tmp_path.chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        tests = (
            "import os\ndef test_mess():\n    os.mkdir('locked')\n    open('locked/x', 'w')\n    os.chmod('locked', 0)\n"
            "    for _ in range(1500):\n        os.mkdir('deep')\n        os.chdir('deep')\n"
        )
        verify(isolation, bundle_of(tests))
        assert list(tmp_path.iterdir()) == []
        assert tmp_path.stat().st_mode & 0o777 == 0o755, "the folder around it is not ours to change"


class TestNetwork:
    @pytest.mark.parametrize("address", ["'127.0.0.1', {port}", "'1.1.1.1', 53"])
    def test_no_connection(self, isolation, address):
        with socket.create_server(("127.0.0.1", 0)) as server:
            target = address.format(port=server.getsockname()[1])
            assert is_refused(isolation, f"import socket; socket.create_connection(({target}), timeout=2)")

    @pytest.mark.parametrize(
        "kind", ["AF_INET, socket.SOCK_DGRAM", "AF_INET6, socket.SOCK_STREAM", "AF_UNIX, socket.SOCK_STREAM", "AF_NETLINK, socket.SOCK_RAW"]
    )
    def test_no_socket_of_any_kind(self, isolation, kind):
        assert is_refused(isolation, f"import socket; socket.socket(socket.{kind})")

    def test_pairs_of_sockets_within_the_process_work(self, isolation):
        tests = "import asyncio\ndef test_loop():\n    async def one(): return 1\n    assert asyncio.run(one()) == 1\n"
        assert verify(isolation, bundle_of(tests)).passed


class TestFiles:
    @pytest.mark.parametrize("path", ["/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/ME/environ", "/proc/ME/cmdline"])
    def test_what_others_own_cannot_be_read(self, isolation, path):
        """In a namespace of its own the first process is the sandboxed one, which may read its own environment."""
        if isolation is Isolation.BUBBLEWRAP and path == "/proc/1/environ":
            found = verify(isolation, bundle_of("def test_it(): assert 'HOME=/sandbox/home' in open('/proc/1/environ').read()\n"))
            assert found.passed
            return
        mine = path.replace("ME", str(os.getpid()))
        assert is_refused(isolation, f"print(open({mine!r}).read())")

    def test_the_home_folder_cannot_be_read(self, isolation):
        with tempfile.NamedTemporaryFile(dir=Path.home(), suffix=".secret") as secret:
            assert is_refused(isolation, f"open({secret.name!r})")
            assert is_refused(isolation, f"os.listdir({str(Path.home())!r})" if isolation is Isolation.LANDLOCK else f"open({secret.name!r})")

    def test_the_project_cannot_be_read(self, isolation):
        assert is_refused(isolation, f"open({__file__!r})")

    def test_files_of_other_programs_cannot_be_read(self, isolation):
        with tempfile.NamedTemporaryFile() as other:
            assert is_refused(isolation, f"open({other.name!r})")

    @pytest.mark.parametrize(
        "attempt",
        [
            "open('/usr/evil', 'w')",
            "import ibis; open(ibis.__file__, 'a')",
            "import ibis; os.remove(ibis.__file__)",
            "import ibis; os.rename(ibis.__file__, 'ibis.py')",
            "import ibis; os.link(ibis.__file__, 'ibis.py')",
            "open('/evil', 'w')",
            "open('/dev/shm/evil', 'w')",
            "os.mkdir('/etc/evil')",
            "os.mkfifo('pipe'); os.mknod('/evil')",
        ],
    )
    def test_nothing_outside_the_work_folder_can_be_changed(self, isolation, attempt):
        assert is_refused(isolation, attempt)

    def test_a_link_out_of_the_folder_leads_nowhere(self, isolation):
        with tempfile.NamedTemporaryFile(dir=Path.home()) as secret:
            assert is_refused(isolation, f"os.symlink({secret.name!r}, 'link'); open('link')")
            assert is_refused(isolation, f"os.symlink({secret.name!r}, 'link'); open('link', 'w')")

    def test_cleaning_up_does_not_delete_what_a_link_points_to(self, isolation, tmp_path):
        (tmp_path / "kept").write_text("x")
        verify(
            isolation,
            bundle_of(f"import os\ndef test_it():\n    os.symlink({str(tmp_path)!r}, '../tmp/link')\n    os.symlink({str(tmp_path)!r}, 'link')\n"),
        )
        assert (tmp_path / "kept").read_text() == "x"

    def test_a_path_out_of_the_bundle_is_refused(self, isolation):
        bad = Artifact.model_construct(path="../../evil", text="x")
        with pytest.raises(InvalidInput):
            verify(isolation, ArtifactBundle(artifacts=(*bundle_of().artifacts, bad)))


class TestSecretsAndProcesses:
    def test_the_environment_holds_nothing_of_ours(self, isolation, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        found = verify(
            isolation, bundle_of("import os\ndef test_it():\n    assert 'sk-secret' not in str(os.environ) + open('/proc/self/environ').read()\n")
        )
        assert found.passed, found

    @pytest.mark.parametrize(
        "attempt",
        ["os.fork()", "import subprocess; subprocess.run(['true'])", "os.execv('/bin/true', ['true'])", "os.posix_spawn('/bin/true', ['true'], {})"],
    )
    def test_no_other_program_can_be_started(self, isolation, attempt):
        assert is_refused(isolation, attempt)

    @pytest.mark.parametrize(
        "attempt",
        ["os.kill(ME, 0)", "os.kill(PARENT, 9)", "import resource; resource.prlimit(ME, resource.RLIMIT_CPU)"],
    )
    def test_other_processes_cannot_be_reached(self, isolation, attempt):
        assert is_refused(isolation, attempt.replace("ME", str(os.getpid())).replace("PARENT", str(os.getppid())))

    def test_limits_cannot_be_lifted(self, isolation):
        lift = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))"
        assert is_refused(isolation, lift, "(ValueError, OSError)")

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param("272, 0x10000000", id="unshare"),
            pytest.param("101, 16, 1, 0, 0", id="ptrace"),
            pytest.param("321, 0, 0, 0", id="bpf"),
            pytest.param("425, 1, 0", id="io_uring_setup"),
            pytest.param("250, 0, -3, 0", id="keyctl"),
        ],
    )
    def test_calls_that_reach_into_the_kernel_are_refused(self, isolation, call):
        if os.uname().machine != "x86_64":
            pytest.skip("the numbers are those of x86-64")
        tests = (
            "import ctypes\ndef test_it():\n    c = ctypes.CDLL(None, use_errno=True)\n"
            f"    assert c.syscall({call}) == -1\n    assert ctypes.get_errno() == 1\n"
        )
        assert verify(isolation, bundle_of(tests)).passed

    def test_the_second_set_of_call_numbers_is_no_way_round(self, isolation):
        if os.uname().machine != "x86_64":
            pytest.skip("x86-64 alone has it")
        tests = f"import ctypes\ndef test_it(): assert ctypes.CDLL(None).syscall({0x40000000 + 41}, 2, 1, 0) == -1\n"
        assert verify(isolation, bundle_of(tests)).passed


class TestLimits:
    @pytest.mark.parametrize("where", ["pipeline", "tests"])
    def test_an_endless_loop_is_ended(self, isolation, where):
        loop = "while True: pass\n"
        begun = time.monotonic()
        found = verify(isolation, bundle_of(pipeline=loop) if where == "pipeline" else bundle_of("def test_it():\n    " + loop), timeout_s=2)
        assert not found.passed
        assert "it took longer than 2 s" in found.checks[-1].detail
        assert time.monotonic() - begun < 6

    def test_4_gigabytes_are_refused(self, isolation):
        assert is_refused(isolation, "bytearray(4 << 30)", "MemoryError")

    @pytest.mark.parametrize("flags", ["mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS", "mmap.MAP_SHARED | mmap.MAP_ANONYMOUS"])
    def test_memory_taken_bit_by_bit_ends_the_process(self, isolation, flags):
        tests = (
            "import mmap\ndef test_it():\n    kept = []\n    for _ in range(64):\n"
            f"        block = mmap.mmap(-1, 64 << 20, flags={flags})\n        kept.append(block)\n"
            "        for i in range(0, 64 << 20, 4096): block[i] = 1\n    raise SystemExit\n"
        )
        found = verify(isolation, bundle_of(tests), memory_mib=512)
        assert not found.passed
        assert "used more than 512 MiB" in str(found) or "Cannot allocate memory" in str(found)

    def test_a_bomb_of_threads_is_ended(self, isolation):
        tests = (
            "import threading, time\ndef test_it():\n    while True:\n"
            "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n        time.sleep(0.002)\n"
        )
        found = verify(isolation, bundle_of(tests), timeout_s=20, threads=100)
        assert "started more than 100 threads" in found.checks[-1].detail

    def test_a_file_beyond_the_limit_is_refused(self, isolation):
        found = verify(isolation, bundle_of("def test_it():\n    with open('x', 'wb') as f: f.write(bytes(2 << 20))\n"), file_mib=1)
        assert "File too large" in str(found.tests)

    def test_many_files_beyond_the_limit_end_the_process(self, isolation):
        tests = "import os\ndef test_it():\n    i = 0\n    while True:\n        i += 1\n        open(f'f{i}', 'wb').write(os.urandom(1 << 20))\n"
        found = verify(isolation, bundle_of(tests), disk_mib=20)
        assert "wrote more than 20 MiB to disk" in found.checks[-1].detail

    def test_endless_output_is_cut(self, isolation):
        tests = "import os\ndef test_it(capfd):\n    with capfd.disabled():\n        for _ in range(2000): os.write(1, b'x' * 10000)\n"
        found = verify(isolation, bundle_of(tests))
        assert found.passed, found
        assert len(found.output) <= 32 * 1024

    def test_ending_the_process_is_no_success(self, isolation):
        found = verify(isolation, bundle_of("import os\ndef test_a(): pass\ndef test_b(): os._exit(0)\n"))
        assert not found.passed
        assert "the code ended the process with exit code 0" in found.checks[-1].detail

    def test_a_crash_of_the_interpreter_is_told(self, isolation):
        found = verify(isolation, bundle_of("import ctypes\ndef test_it(): ctypes.string_at(8)\n"))
        assert not found.passed
        assert "SIGSEGV" in found.checks[-1].detail

    def test_reports_that_the_code_forges_do_not_harm(self, isolation):
        forged = (
            "import os\ndef test_it():\n    for fd in range(3, 64):\n"
            "        try: os.write(fd, b'{\"test\": 1}\\n[]\\nnull\\n' + b'x' * 200000 + b'\\n')\n"
            "        except OSError: pass\n    assert False\n"
        )
        assert not verify(isolation, bundle_of(forged)).passed


class TestAvailability:
    def test_without_isolation_nothing_is_run_and_the_error_says_what_to_install(self):
        with pytest.raises(Unsupported, match="apt install bubblewrap"):
            asyncio.run(LocalSandbox(LocalSandboxSettings(isolations=())).verify(bundle_of(), timeout_s=30))

    def test_an_administrator_may_allow_it(self):
        found = asyncio.run(LocalSandbox(LocalSandboxSettings(isolations=(), allow_unsandboxed=True)).verify(bundle_of(), timeout_s=30))
        assert (found.passed, found.isolation) == (True, "none")

    def test_a_missing_bubblewrap_is_noticed(self, monkeypatch):
        monkeypatch.setattr(shutil, "which", lambda _: None)
        assert find_bubblewrap() is None

    def test_a_bubblewrap_that_fails_is_noticed(self, monkeypatch):
        monkeypatch.setattr(shutil, "which", lambda _: "/bin/false")
        assert find_bubblewrap() is None

    def test_folders_of_killed_servers_are_removed_and_others_are_not(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        for name in ("tidemill-sandbox-99999999-a", f"tidemill-sandbox-{os.getpid()}-b", "tidemill-sandbox-x-c"):
            (tmp_path / name).mkdir()
        remove_left_folders()
        assert sorted(p.name for p in tmp_path.iterdir()) == [f"tidemill-sandbox-{os.getpid()}-b", "tidemill-sandbox-x-c"]
