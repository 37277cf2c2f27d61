"""Processes that tests fork instead of starting an interpreter: whole, and alike to a started one."""

import subprocess
import sys
from pathlib import Path

import pytest

TASKS = "import os, pathlib; pathlib.Path(args[0]).write_text(str(len(os.listdir('/proc/self/task'))))"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lists the threads of a process")
def test_what_is_forked_begins_with_one_thread(forks, tmp_path):
    """A lock that another thread held at the fork would stay held for ever."""
    forks(TASKS, str(tmp_path / "tasks")).join()
    assert (tmp_path / "tasks").read_text() == "1"


@pytest.mark.parametrize("words", [("layers", "nowhere"), ("--version",), ("nothing",)], ids=" ".join)
def test_a_forked_command_ends_as_a_started_one(command, words):
    started = subprocess.run(
        [Path(sys.executable).with_name("stcloud"), *words], capture_output=True, text=True, check=False
    )
    forked = command(*words)
    assert forked.communicate() == (started.stdout, started.stderr)
    assert forked.returncode == started.returncode
