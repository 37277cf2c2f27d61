"""The command line in this process."""

import sys
from dataclasses import dataclass

import pytest

from stcloud.saas.cli import main


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process."""

    def command(*args):
        monkeypatch.setattr(sys, "argv", ["stcloud", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Outcome(ended.value.code, said.out, said.err)

    return command
