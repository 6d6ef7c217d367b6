"""What a run costs beside the script itself, against Prefect 3 running the same script.

    python benchmarks/bench_run_overhead.py [--runs 10]

Tidemill: `tidemill up` as a separate process, a run asked for over REST. Prefect, two ways, both with its server as a separate process and a flow
whose one task starts the script: `served`, a deployment that is served by a process of its own and asked for over REST, which is what Tidemill does,
polled for every second (the quickest setting, default 10); and `called`, the flow function called in a process that is up already, which needs no
trigger at all. Times start when the run is asked for; the first ends at the script's first line, the second when the service reports the run as
over. The script takes no time. Prefect is installed into .venv-bench at the first run. Goal: at most a fifth of Prefect's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
PEER = ROOT / ".venv-bench"
PREFECT = ("prefect==3.8.8", "fastapi>=0.139,<0.141")
"""prefect 3.8.8 fails with newer FastAPI."""
CONFIG = """\
name: Overhead
steps:
  - {type: source, name: Load, config: {path: in.csv, columns: {a: integer}}}
  - {type: destination, name: Save, config: {path: out.csv}}
"""
SCRIPT = """\
import time
from pathlib import Path
Path("stamp").write_text(str(time.time()))
"""
FLOW = """\
import json, subprocess, sys, time
from pathlib import Path
from prefect import flow, task

@task
def script():
    subprocess.run([sys.executable, "script.py"], check=True)

@flow(log_prints=False)
def pipeline():
    script()

def main():
    if sys.argv[1] == "serve":
        pipeline.serve(name="bench", print_starting_message=False)
    first, whole = [], []
    for i in range(int(sys.argv[1]) + 1):
        began = time.time()
        pipeline()
        over = time.time()
        if i:
            first.append(float(Path("stamp").read_text()) - began)
            whole.append(over - began)
    print(json.dumps([first, whole]))

if __name__ == "__main__":
    main()
"""


def main() -> None:
    """Measures all and prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidemill-bench-") as name:
        ours = tidemill(Path(name) / "ours", args.runs)
        served, called = prefect(Path(name) / "theirs", args.runs)
    for way, theirs in (("served", served), ("called", called)):
        for label, a, b in zip(("trigger to the first line", "trigger to the end"), ours, theirs, strict=True):
            one, other = 1000 * statistics.median(a), 1000 * statistics.median(b)
            print(f"{label:26} tidemill {one:6.0f} ms   prefect ({way}) {other:6.0f} ms   ratio {one / other:.2f} (medians of {args.runs})")


def tidemill(folder: Path, runs: int) -> tuple[list[float], list[float]]:
    """Times of runs over REST."""
    folder.mkdir()
    (folder / "in.csv").write_text("a\n1\n")
    server = subprocess.Popen(
        [Path(sys.executable).parent / "tidemill", "up", "--port", "0"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        known = folder / ".tidemill" / "server.json"
        while not known.exists():
            time.sleep(0.1)
        with httpx.Client(base_url=json.loads(known.read_text())["url"], timeout=60) as http:
            pipeline = http.post("/api/pipelines", json={"config": CONFIG}).raise_for_status().json()["pipeline"]["id"]
            (folder / "pipeline_artifacts" / pipeline / "pipeline.py").write_text(SCRIPT)
            times = [one_run(http, folder, pipeline) for _ in range(runs + 1)][1:]
    finally:
        server.terminate()
        server.wait()
    return [t[0] for t in times], [t[1] for t in times]


def one_run(http: httpx.Client, folder: Path, pipeline: str) -> tuple[float, float]:
    """Seconds from the request to the script's first line, and to the end as the log stream reports it."""
    began = time.time()
    run = http.post(f"/api/pipelines/{pipeline}/runs").raise_for_status().json()["id"]
    with http.stream("GET", f"/api/runs/{run}/logs/stream") as stream:
        for line in stream.iter_lines():
            if line == "event: end":
                break
    over = time.time()
    return float((folder / "stamp").read_text()) - began, over - began


def prefect(folder: Path, runs: int) -> tuple[tuple[list[float], list[float]], tuple[list[float], list[float]]]:
    """Times of a served deployment, and of flow calls, with a running Prefect server."""
    install_prefect()
    folder.mkdir()
    (folder / "flow.py").write_text(FLOW)
    (folder / "script.py").write_text(SCRIPT)
    url = "http://127.0.0.1:4288/api"
    environment = {**os.environ, "PREFECT_HOME": str(folder / "home"), "PREFECT_API_URL": url, "PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                   "PREFECT_RUNNER_POLL_FREQUENCY": "1", "DO_NOT_TRACK": "1"}  # fmt: skip
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([PEER / "bin" / "prefect", "server", "start", "--port", "4288"], **quiet)
    serving = None
    try:
        wait_for(f"{url}/health")
        done = subprocess.run(
            [PEER / "bin" / "python", "flow.py", str(runs)], cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
        serving = subprocess.Popen([PEER / "bin" / "python", "flow.py", "serve"], cwd=folder, **quiet)
        wait_for(f"{url}/deployments/name/pipeline/bench")
        with httpx.Client(base_url=url, timeout=60) as http:
            times = [one_served_run(http, folder) for _ in range(runs + 1)][1:]
    finally:
        for process in filter(None, (serving, server)):
            process.terminate()
            process.wait()
    first, whole = json.loads(done.stdout.splitlines()[-1])
    return ([t[0] for t in times], [t[1] for t in times]), (first, whole)


def install_prefect() -> None:
    """Prefect in an environment of its own."""
    if (PEER / "bin" / "prefect").exists():
        return
    uv = Path(sys.executable).parent / "uv"
    command = str(uv) if uv.exists() else "uv"
    subprocess.run([command, "venv", "--quiet", "--clear", "--python", sys.executable, PEER], check=True)
    subprocess.run([command, "pip", "install", "--quiet", "--python", PEER / "bin" / "python", *PREFECT], check=True)


def one_served_run(http: httpx.Client, folder: Path) -> tuple[float, float]:
    """The same two times of a run of the served deployment."""
    deployment = http.get("/deployments/name/pipeline/bench").raise_for_status().json()["id"]
    for _ in range(40):
        began = time.time()
        answer = http.post(f"/deployments/{deployment}/create_flow_run", json={"state": {"type": "SCHEDULED"}})
        if answer.status_code != 503:  # Prefect's SQLite was locked; the clock starts again
            break
        time.sleep(0.25)
    run = answer.raise_for_status().json()["id"]
    while http.get(f"/flow_runs/{run}").raise_for_status().json()["state_type"] not in ("COMPLETED", "FAILED", "CRASHED"):
        time.sleep(0.02)
    over = time.time()
    return float((folder / "stamp").read_text()) - began, over - began


def wait_for(url: str) -> None:
    """Returns once the address answers."""
    for _ in range(600):
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    sys.exit(f"{url} does not answer")


if __name__ == "__main__":
    main()
