"""What tests of every room share: the command line in this process, and no deadline for random cases."""

import sys
from dataclasses import dataclass

import pytest
from hypothesis import settings

settings.register_profile("shared machine", deadline=None)  # no test is timed
settings.load_profile("shared machine")


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
