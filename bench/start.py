"""Starting: importing the package and asking the command for help, beside an interpreter that does nothing."""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.data import Scale
from bench.report import Finding, Target

__all__ = ["findings"]

_TIMES = 9
_HELP = "import sys; sys.argv = ['stcloud', '--help']; from stcloud.saas.cli import main; main()"


def findings(_scale: Scale) -> Iterator[Finding]:
    """Measure the start of the package, of the city behind its door, and of the command."""
    bare = _median_s("pass")
    yield _finding("import stcloud", _median_s("import stcloud"), bare, most=0.35)
    yield _finding("import stcloud; stcloud.open", _median_s("import stcloud; stcloud.open"), bare)
    there = importlib.util.find_spec("stcloud.saas") is not None
    yield _finding("stcloud --help", _median_s(_HELP) if there else None, bare, most=0.5)


def _finding(name: str, seconds: float | None, bare: float, *, most: float | None = None) -> Finding:
    targets = (None, None) if most is None else (Target(most=most), Target(most=most / 2))
    return Finding(name, seconds, "s", "bare python", bare, *targets)


def _median_s(code: str) -> float:
    """Seconds of a whole process; the first run, which may compile, is left out."""
    seconds = []
    for _ in range(_TIMES + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])
