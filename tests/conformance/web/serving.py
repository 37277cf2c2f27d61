"""A process of its own that serves a city, as long as a block lasts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

__all__ = ["serve"]


class serve:
    """A process that serves a folder: entering the block gives its address, leaving it ends the process.

    Its standard error must have no traceback at the end.
    """

    def __init__(self, folder: Path, *options: str, rate: str = "100000/second") -> None:
        words = [sys.executable, "-m", "stcloud", "serve", str(folder), "--port", "0"]
        self._words = [*words, "--rate", rate, *options]

    @property
    def process_id(self) -> int:
        return self._process.pid

    def __enter__(self) -> str:
        self._process = subprocess.Popen(self._words, stderr=subprocess.PIPE, text=True)
        line = self._process.stderr.readline()
        match = re.search(r"http://\S+/", line)
        assert match, line
        return match[0]

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        errors = self._process.communicate(timeout=60)[1]
        assert "Traceback" not in errors, errors
