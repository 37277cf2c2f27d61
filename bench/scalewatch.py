"""Work in a process of its own whose memory is watched, with that of its children."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil

__all__ = ["Step", "watched"]

_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """What one piece of work took, of how much.

    Parameters
    ----------
    events
        Size of the city, events.
    work, engine
        What was done, by what.
    seconds, cpu_s
        Of the clock, and of all cores.
    peak_gb
        Most memory that the process and its children held resident together; mapped files count.
    rows, files, bytes
        What was read or written: rows, data files, bytes of these files.
    requests
        Requests to a bucket; None: the city lies in a folder.
    more
        What else is worth keeping.
    """

    events: int
    work: str
    engine: str
    seconds: float
    cpu_s: float | None = None
    peak_gb: float | None = None
    rows: int | None = None
    files: int | None = None
    bytes: int | None = None
    requests: int | None = None
    more: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What work gave, the seconds it took, and the most memory that it and its children held."""

    result: Any
    seconds: float
    cpu_s: float
    peak_gb: float


def watched(work: Callable[..., Any], **arguments: Any) -> Watched:
    """Call a function of a module in a new interpreter, as `bench.process.apart`, and sample its memory meanwhile."""
    call = json.dumps([work.__module__, work.__name__, arguments])
    command = [sys.executable, "-m", "bench.process", call]
    with tempfile.TemporaryFile("w+") as output, subprocess.Popen(command, stdout=output) as process:
        root, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            peak = max(peak, _resident(root))
            try:
                process.wait(_EVERY_S)
            except subprocess.TimeoutExpired:
                continue
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        output.seek(0)
        done = json.loads(output.read().splitlines()[-1])
    return Watched(done["result"], done["seconds"], done["cpu_s"], max(peak / 1e9, done["peak_gb"]))


def _resident(root: psutil.Process) -> int:
    total = 0
    try:
        for process in (root, *root.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:  # it has ended right now
        return total
    return total
