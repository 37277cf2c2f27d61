"""What a commit is judged by is neither empty nor less than what the project promises."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".ci" / "run"
JUDGES = ("make check", "make test PROFILE=deep", "make test-slow PROFILE=deep")


def test_ci_runs_the_checks_the_deep_tests_and_the_slow_proofs_and_stops_at_the_first_failure() -> None:
    lines = RUN.read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == list(JUDGES)
    assert "set -euo pipefail" in lines
    assert os.access(RUN, os.X_OK)


@pytest.mark.parametrize("script", ["Makefile", ".ci/run", "README.md", "pyproject.toml", "constraints.txt"])
def test_no_file_that_others_start_from_is_empty(script: str) -> None:
    assert (ROOT / script).read_text().strip()
