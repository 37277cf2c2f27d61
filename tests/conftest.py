"""What tests of every room share: the command line in this process, and profiles of how many cases are drawn.

With ``STCLOUD_ERROR_KINDS=FILE`` the kinds of all errors that the run makes are added to the file, one a line.
"""

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

# No test is timed. What a commit is judged by does not change from run to run: only "explore" draws at random.
settings.register_profile("explore", deadline=None, max_examples=250, derandomize=False)
settings.register_profile("deep", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=25, derandomize=True)
settings.load_profile("quick")

# Under pytest's workers pyspark takes itself for being tested, and ends the process where it finds no home.
os.environ.setdefault("SPARK_HOME", "none")


if record := os.environ.get("STCLOUD_ERROR_KINDS"):
    from stcloud.errors import StcloudError

    KINDS = set()
    INIT = StcloudError.__init__

    def recording(self, kind, *rest, **named):
        KINDS.add(kind)
        INIT(self, kind, *rest, **named)

    StcloudError.__init__ = recording

    def pytest_sessionfinish():
        with Path(record).open("a", encoding="utf-8") as lines:
            lines.writelines(f"{kind}\n" for kind in sorted(KINDS))


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def line(self):
        """The one line of an error; there must be no other on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("stcloud: ")
        return lines[0]


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process."""
    from stcloud.saas.cli import main

    def command(*args):
        monkeypatch.setattr(sys, "argv", ["stcloud", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Outcome(ended.value.code, said.out, said.err)

    return command


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL of this run's own; tests that need it are skipped where it cannot be started."""
    from stcloud.testing.pgserver import NoServer, pg_server

    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(pg_server())
        except NoServer as error:
            pytest.skip(f"PostgreSQL is not available: {error}")
        yield server
