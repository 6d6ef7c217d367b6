"""From the example brief to a spec, to artifacts, to verified artifacts, without a model.

    python benchmarks/bench_draft.py [--repeat 20]

Goals: drafting and rendering under 100 ms, verified artifacts under 2 s, `tidemill --help` and `tidemill draft` under 0.5 s of CPU. The peer
in the same run is an empty Python start and `import ibis`, which every verification pays for.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.measure import best, measure
from tidemill.adapter_registry import adapter
from tidemill.domain.grammar import read_instructions
from tidemill.domain.pipeline_check import check_pipeline
from tidemill.render.bundle import render_bundle

EXAMPLE = ROOT / "src" / "tidemill" / "examples" / "sales_analytics"


def main() -> None:
    """Measures in process, then the command line as a process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=20)
    args = parser.parse_args()
    brief = (EXAMPLE / "brief.txt").read_text(encoding="utf-8")
    read_schema = partial(adapter("schema-reader"), root=EXAMPLE)
    format_python = adapter("python-formatter")
    drafting, rendering = [], []
    for _ in range(args.repeat):
        start = time.perf_counter()
        draft = read_instructions(brief, read_schema)
        assert draft.spec is not None
        check_pipeline(draft.spec)
        middle = time.perf_counter()
        bundle = render_bundle(draft.spec, format_python=format_python)
        drafting.append(middle - start)
        rendering.append(time.perf_counter() - middle)
    print(f"draft and check   {1000 * statistics.median(drafting):7.1f} ms (median of {args.repeat})")
    print(f"render            {1000 * statistics.median(rendering):7.1f} ms")
    start = time.perf_counter()
    verification = asyncio.run(adapter("sandbox")().verify(bundle, timeout_s=60))
    print(
        f"verify            {1000 * (time.perf_counter() - start):7.1f} ms, {len(verification.tests)} tests, {'passed' if verification.passed else 'FAILED'}"
    )
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import ibis'": [sys.executable, "-c", "import ibis; ibis.duckdb"],
        "tidemill --help": [str(Path(sys.executable).parent / "tidemill"), "--help"],
        "tidemill draft": [str(Path(sys.executable).parent / "tidemill"), "draft", "brief.txt", "--json"],
    }
    for name, command in commands.items():
        measured = best([measure(command, cwd=EXAMPLE, environment={"PYTHONDONTWRITEBYTECODE": ""}) for _ in range(3)])
        print(f"{name:24} {measured.cpu_s:5.2f} s CPU, {measured.wall_s:5.2f} s")


if __name__ == "__main__":
    main()
