"""Work in a process of its own, so that its memory, its imports and its first time are its own."""

from __future__ import annotations

import dataclasses
import importlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Done", "apart"]

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Done:
    """What the work gave, the seconds it took (of the clock, of all cores) and the most memory it held resident."""

    result: Any
    seconds: float
    cpu_s: float
    peak_gb: float


def apart(work: Callable[..., Any], **arguments: Any) -> Done:
    """Call a function of a module in a new interpreter; arguments and result travel as JSON."""
    call = json.dumps([work.__module__, work.__name__, arguments])
    done = subprocess.run(
        [sys.executable, "-m", __name__, call], check=True, stdout=subprocess.PIPE, text=True
    )
    return Done(**json.loads(done.stdout.splitlines()[-1]))


def _peak_gb() -> float:
    """Highest resident memory; ``ru_maxrss`` would count what the parent held when it forked."""
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9


def main() -> None:
    """Do the work that the first argument names."""
    module, name, arguments = json.loads(sys.argv[1])
    work = getattr(importlib.import_module(module), name)
    start = time.perf_counter()
    result = work(**arguments)
    seconds = time.perf_counter() - start
    done = Done(result, seconds, time.process_time(), _peak_gb())
    print(json.dumps(dataclasses.asdict(done)))


if __name__ == "__main__":
    main()
