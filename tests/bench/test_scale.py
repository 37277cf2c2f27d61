"""The bench of growth runs, at its small scale: each part gives figures, and what both engines read is the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_bench_of_growth_runs_and_keeps_what_it_measured(tmp_path):
    command = [sys.executable, "-m", "bench.scale", "--scale", "small", "--sizes", "2k,8k"]
    places = ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    done = subprocess.run([*command, *places], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (kept,) = (tmp_path / "results").glob("*.jsonl")
    findings = [json.loads(line) for line in kept.read_text().splitlines()]
    assert all(finding["ours"] is not None for finding in findings), findings
    steps = [finding["more"]["step"] for finding in findings if "step" in finding["more"]]
    assert {(step["work"], step["engine"], step["events"]) for step in steps} == {
        *(("load", "duckdb", size) for size in (2_000, 8_000)),
        *((work, engine, size) for work in ("neighbourhood", "cube", "join") for engine in ("duckdb", "sail")
          for size in (2_000, 8_000)),
    }  # fmt: skip
    rows = {(step["work"], step["events"], step["rows"]) for step in steps}
    assert len(rows) == 4 * 2  # both engines read the same
    assert all(step["files"] > 0 and step["bytes"] > 0 and step["peak_gb"] > 0 for step in steps)
    assert not any((tmp_path / "data").iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("s3")
def test_the_bench_of_growth_counts_what_questions_ask_a_bucket_for(tmp_path):
    command = [sys.executable, "-m", "bench.scale", "--scale", "small", "--sizes", "2k", "--only", "growth"]
    places = ["--bucket", "--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    done = subprocess.run([*command, *places], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (kept,) = (tmp_path / "results").glob("*.jsonl")
    findings = [json.loads(line) for line in kept.read_text().splitlines()]
    steps = [finding["more"]["step"] for finding in findings if "step" in finding["more"]]
    assert [step["work"] for step in steps] == ["load", "open, bucket", "neighbourhood, bucket"]
    assert all(step["requests"] > 0 and step["bytes"] > 0 for step in steps[1:])
