"""The command line as a person or a program uses it, each command a process of its own (P1, P2, P9, P14)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TIDEMILL = str(Path(sys.executable).parent / "tidemill")
TIMEOUT_S = 30
ORDERS = "order_id,product,unit_price,quantity\n1,tea,10.5,3\n2,tea,20,\n3,jam,15,4\n4,jam,30,2\n"
BRIEF = """\
1. Load orders.csv
2. Drop rows where quantity is missing
3. Calculate: net = unit_price * quantity
4. Group by product: sum of net as total
5. Save to out/totals.csv
"""
TOTALS = "product,total\njam,120.0\ntea,31.5\n"
"""By hand: 15 x 4 + 30 x 2, and 10.5 x 3; the tea without a quantity is dropped."""
CONFIG = """\
name: Copy
steps:
  - type: source
    name: Load
    config: {path: orders.csv, columns: {order_id: integer, product: string, unit_price: number, quantity: integer}}
  - type: transform
    name: Keep
    config: {filter: {quantity: {greaterThan: 2}}}
  - type: destination
    name: Save
    config: {path: copy.csv}
"""
SLOW = "import time\nfor i in range(200):\n    print('tick', i, flush=True)\n    time.sleep(0.1)\n"


class Shell:
    """A project folder and the commands given in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDEMILL_")}

    def __call__(self, *words: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [TIDEMILL, *words], cwd=self.folder, env={**self.environment, **environment}, input=stdin, capture_output=True,
            text=True, encoding="utf-8", timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def json(self, *words: str, code: int = 0) -> Any:
        done = self(*words, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def write(self, name: str, content: str | bytes) -> str:
        (self.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def refused(self, *words: str, code: int = 1, environment: dict[str, str] | None = None) -> str:
        """What a command that must fail says."""
        before = self.files()
        done = self(*words, **(environment or {}))
        assert done.returncode == code, done.stdout + done.stderr
        assert self.files() == before
        return done.stderr + done.stdout

    def files(self) -> set[Path]:
        return {p for p in self.folder.rglob("*") if ".tidemill" not in p.parts}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.write("orders.csv", ORDERS)
    shell.write("brief.txt", BRIEF)
    shell.write("config.yaml", CONFIG)
    return shell


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A project whose folder has spaces and accents in its name, with its server and a pipeline that takes twenty seconds."""
    shell = Shell(tmp_path_factory.mktemp("my dätä ☂"))
    shell.write("orders.csv", ORDERS)
    shell.write("config.yaml", CONFIG)
    shell.json("create", "config.yaml", "--name", "Slow")
    (shell.folder / "pipeline_artifacts/slow/pipeline.py").write_text(SLOW)
    server = subprocess.Popen(
        [TIDEMILL, "up", "--port", "0"], cwd=shell.folder, env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    assert "http://127.0.0.1:" in server.stdout.readline()
    yield shell
    server.send_signal(signal.SIGINT)
    assert server.wait(TIMEOUT_S) == 0


def wait_for(shell: Shell, run_id: str, state: str) -> None:
    for _ in range(60):
        if next(r for r in shell.json("runs")["items"] if r["id"] == run_id)["state"] == state:
            return
        time.sleep(0.1)
    raise AssertionError(f"{run_id} is not {state}")


def test_draft_gives_spec_readings_findings_and_engine(shell: Shell) -> None:
    made = shell.json("draft", "brief.txt")
    assert set(made) == {"spec", "readings", "findings", "engine"}
    assert [s["type"] for s in made["spec"]["steps"]] == ["source", "transform", "transform", "transform", "destination"]
    assert [set(r) for r in made["readings"]] == [{"sentence", "understood", "step", "hint"}] * 5
    assert shell("draft", "-", "--json", stdin=BRIEF).stdout == shell("draft", BRIEF, "--json").stdout


def test_a_draft_as_text_names_every_sentence(shell: Shell) -> None:
    done = shell("draft", "brief.txt")
    assert done.returncode == 0
    assert done.stdout.count("✓") == 5


def test_check_render_and_schema_need_no_database(shell: Shell) -> None:
    assert shell.json("check", "config.yaml") == {"findings": []}
    rendered = shell.json("render", "config.yaml", "--out", "made")
    assert set(rendered["files"]) >= {"config.yaml", "pipeline.py", "tests.py", "README.md", "EXECUTION_STRATEGY.md"}
    assert json.loads(shell("schema").stdout)["type"] == "object"
    assert not (shell.folder / ".tidemill").exists()


def test_a_brief_is_created_and_run_without_a_server(shell: Shell) -> None:
    created = shell.json("create", "brief.txt", "--name", "Totals")
    assert (created["pipeline"]["id"], created["verification"]["passed"]) == ("totals", True)
    run = shell("run", "totals", "--follow")
    assert (run.returncode, "succeeded" in run.stdout) == (0, True)
    assert sorted((shell.folder / "out/totals.csv").read_text().splitlines()) == sorted(TOTALS.splitlines())


def test_a_pipeline_is_created_run_read_and_scheduled_with_a_server(served: Shell) -> None:
    assert served.json("create", "config.yaml")["pipeline"]["id"] == "copy"
    run_id = served.json("run", "copy", "--follow")["id"]
    assert f"{run_id} " in served("runs", "--pipeline", "copy").stdout
    messages = [e["message"] for e in served.json("logs", run_id)]
    streamed = [json.loads(line)["message"] for line in served("logs", run_id, "-f", "--json").stdout.splitlines()]
    assert messages == streamed != []
    assert "is over" in served.refused("cancel", run_id)
    scheduled = served.json("schedule", "copy", "0 9 * * *", "--timezone", "Europe/Berlin")
    assert (scheduled["cron"], scheduled["timezone"]) == ("0 9 * * *", "Europe/Berlin")
    assert {p["id"] for p in served.json("pipelines")["items"]} == {"copy", "slow"}
    again = served.json("create", "config.yaml")
    assert (again["pipeline"]["id"], [f["rule"] for f in again["findings"]]) == ("copy-2", ["same-name"])


def test_a_run_that_lost_its_server_is_cancelled_without_one(shell: Shell) -> None:
    shell.json("create", "config.yaml")
    (shell.folder / "pipeline_artifacts/copy/pipeline.py").write_text(SLOW)
    following = subprocess.Popen(
        [TIDEMILL, "run", "copy"], cwd=shell.folder, env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert following.stdout is not None
    following.stdout.readline()
    following.send_signal(signal.SIGINT)
    _, said = following.communicate(timeout=TIMEOUT_S)
    assert (following.returncode, "tidemill cancel" in said) == (130, True)
    run_id = said.split()[said.split().index("cancel") + 1]
    shell.json("cancel", run_id)
    assert shell.json("runs")["items"][0]["state"] == "cancelled"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("schedule", "slow", "0 0 30 2 *"), "never fires"),
        (("schedule", "slow", ""), "schedule"),
        (("schedule", "slow", "0 9 * * *", "--timezone", "Mars/Base"), "no time zone"),
        (("schedule", "slow", "0 9 * * *", "--missed-runs", "never"), "catchUp"),
        (("run", "nothing"), "`tidemill pipelines`"),
        (("run", "../slow"), "not the id of a pipeline"),
        (("logs", "nothing"), "`tidemill runs`"),
        (("logs", "../../pipelines/slow"), "not the id of a run"),
        (("cancel", "nothing"), "There is no run"),
        (("runs", "--state", "lost"), "'pending'"),
        (("up", "--port", "0"), "already runs for this project"),
    ],
)
def test_what_the_server_cannot_do_is_said_with_a_way_out(served: Shell, words: tuple[str, ...], said: str) -> None:
    assert said in served.refused(*words)


@pytest.mark.parametrize(
    "words", [("schedule", "slow", "--timezone", "Europe/Berlin"), ("schedule", "slow", "0 9 * * *", "--remove"), ("nothing",), ("draft",)]
)
def test_a_wrong_command_line_ends_with_2(served: Shell, words: tuple[str, ...]) -> None:
    assert "Usage" in served.refused(*words, code=2)


def test_a_run_is_followed_and_cancelled_by_other_commands(served: Shell) -> None:
    run_id = served.json("run", "slow")["id"]
    following = subprocess.Popen([TIDEMILL, "logs", run_id, "-f"], cwd=served.folder, env=served.environment, stdout=subprocess.PIPE, text=True)
    assert following.stdout is not None
    lines = [following.stdout.readline() for _ in range(3)]
    assert served.json("cancel", run_id)["state"] == "cancelling"
    following.communicate(timeout=TIMEOUT_S)
    wait_for(served, run_id, "cancelled")
    assert any("tick" in line for line in lines)
    assert served.json("cancel", run_id)["state"] == "cancelled"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"Load orders.csv. " * 62_000, "larger than 1000 kB"),
        (b"\x00\x01\x02", "binary"),
        ("Lade größe.csv".encode("latin-1"), "Save it as UTF-8"),
        (b"1. Lade orders.csv\n2. Behalte nur Zeilen, in denen quantity 2 ist\n3. Speichere nach out.csv\n", "German"),
        (b"1. Load orders.csv\n2. Keep only rows where quantity > 5\n3. Keep only rows where quantity < 3\n4. Save to out.csv\n", "contradict"),
        (b"1. Load orders.csv\n2. Keep only rows where colour is red\n3. Save to out.csv\n", "There is no column 'colour'"),
        (b"1. Load orders.csv\n2. Calculate: x = __import__('os').system('id')\n3. Save to out.csv\n", "never executed"),
        (b"1. Load orders.csv\n2. Save to ../out.csv\n", "project folder"),
        (b"1. Load orders.csv\n2. Save to elsewhere/out.csv\n", "project folder"),
    ],
)
def test_a_brief_that_cannot_be_followed_is_refused_by_draft(shell: Shell, content: bytes, said: str) -> None:
    (shell.folder / "elsewhere").symlink_to("/tmp")
    shell.write("bad.txt", content)
    assert said in shell.refused("draft", "bad.txt")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("copy.csv", "elsewhere/copy.csv", "TIDEMILL_ALLOWED_FOLDERS"),
        ("orders.csv", "elsewhere/orders.csv", "TIDEMILL_ALLOWED_FOLDERS"),
        ("quantity", "quantty", "`quantity`"),
        ("name: Copy", "name: &a [*a]", "Anchors"),
        ("name: Copy", 'name: Copy\ntrigger: scheduled\nschedule: "0 0 30 2 *"', "never fires"),
    ],
)
def test_a_config_that_cannot_run_is_refused_by_check_with_its_place(shell: Shell, old: str, new: str, said: str) -> None:
    (shell.folder / "elsewhere").symlink_to("/tmp")
    shell.write("bad.yaml", CONFIG.replace(old, new))
    answer = shell.refused("check", "bad.yaml")
    assert said in answer
    assert "line " in answer


def test_a_folder_that_is_allowed_may_be_a_link(shell: Shell) -> None:
    (shell.folder / "elsewhere").symlink_to("/tmp")
    shell.write("linked.yaml", CONFIG.replace("copy.csv", "elsewhere/copy.csv"))
    assert shell("check", "linked.yaml", TIDEMILL_ALLOWED_FOLDERS="/srv:/tmp").returncode == 0


def test_a_column_that_the_file_does_not_have_is_found_without_declared_columns(shell: Shell) -> None:
    declared = ", columns: {order_id: integer, product: string, unit_price: number, quantity: integer}"
    shell.write("typo.yaml", CONFIG.replace(declared, "").replace("quantity", "quantty"))
    (finding,) = shell.json("check", "typo.yaml", code=1)["findings"]
    assert (finding["rule"], finding["line"]) == ("unknown-column", 5)
    assert "`quantity`" in finding["fix"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TIDEMILL_PROJECT": "/nowhere/at/all"}, "does not exist"),
        ({"TIDEMILL_DATA": "/proc/none"}, "Check its permissions"),
        ({"TIDEMILL_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x"}, "`tidemill doctor`"),
        ({"TIDEMILL_HTP": "1"}, "Did you mean `http`"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(shell: Shell, environment: dict[str, str], said: str) -> None:
    answer = shell.refused("pipelines", environment=environment)
    assert said in answer
    assert "hunter2" not in answer


def test_a_port_that_is_taken_is_named(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "--port" in shell.refused("up", "--port", str(taken.getsockname()[1]))


def test_a_broken_database_file_is_named_by_every_command(shell: Shell) -> None:
    (shell.folder / ".tidemill").mkdir()
    shell.write(".tidemill/tidemill.sqlite", "no database " * 20)
    assert "file is not a database" in shell.refused("pipelines")
    doctor = shell.json("doctor", code=1)
    assert [c["name"] for c in doctor["checks"] if c["required"] and not c["ok"]] == ["database"]


def test_render_writes_over_nothing_of_anybody_else(shell: Shell) -> None:
    (shell.folder / "mine").mkdir()
    shell.write("mine/notes.txt", "keep")
    assert "--force" in shell.refused("render", "config.yaml", "--out", "mine")
    assert "cannot be written" in shell.refused("render", "config.yaml", "--out", "orders.csv/x")
