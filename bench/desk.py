"""Actions on cases, whole: read, judged, its deadline counted, appended with summary and notice, committed.

``python -m bench --only desk``. One desk on SQLite, and 20 desks on PostgreSQL, each a process of its own.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import stcloud
from bench.data import Scale
from bench.process import apart
from bench.records import Waits
from bench.report import Finding, Target
from stcloud.city.cases import Cases
from stcloud.testing.pgserver import NoServer, pg_server

__all__ = ["findings"]

_DESKS = 20
_LOG = "matters"
_STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("file", {"role": "operator", "fields": {
        "condition": "cover_missing", "limit_kind": "work_hour", "limit_value": 4,
    }}),
    ("dispatch", {"role": "dispatcher", "fields": {"department": "water"}}),
    ("assign", {"role": "department", "department": "water", "fields": {"handler": "crew-3"}}),
    ("handle", {"role": "handler", "actor": "crew-3", "department": "water"}),
    ("feed_back", {"role": "department", "department": "water"}),
    ("check", {"role": "collector", "fields": {"check": "pass"}}),
    ("close", {"role": "operator"}),
)  # fmt: skip
"""What follows the report of a missing manhole cover, to its close."""


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure single actions on SQLite, and how long 20 desks on PostgreSQL wait."""
    cases, actions = {"small": (50, 40), "full": (400, 150)}[scale.name]
    single = apart(our_actions, cases=cases).result
    yield Finding(
        "an action on a case, whole, one desk on SQLite", 1e3 / single["actions_a_second"], "ms", "none",
        None, Target(most=1.0), Target(most=1 / 1.8), single,
    )  # fmt: skip
    for pause_s, count in ((0.0, actions), (1.0, 15)):
        waits = apart(our_desks, actions=count, pause_s=pause_s).result
        if "missing" in waits:
            return
        between = f"{pause_s:g} s between actions" if pause_s else "no pause between actions"
        yield Finding(
            f"act → committed, {_DESKS} desks on PostgreSQL, {between}, p99", waits["p99_s"] * 1e3, "ms", "none",
            None, Target(most=60), Target(most=20), waits,
        )  # fmt: skip


def our_actions(cases: int) -> dict[str, Any]:
    """Carry cases from report to close, one after the other."""
    with (
        tempfile.TemporaryDirectory(prefix="desk-") as folder,
        _city(folder).cases(_LOG, create="urban-management", clocks="urban-management") as log,
    ):
        _carry(log, "warm", 16)
        cpu_s = time.process_time()
        start, waits_s = time.perf_counter(), _carry(log, "single", cases * (len(_STEPS) + 1))
        whole_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu_s
    return _result(Waits.of(waits_s, whole_s)) | {"cpu_ms": 1e3 * cpu_s / len(waits_s)}


def our_desks(actions: int, pause_s: float) -> dict[str, Any]:
    """Let desks act at once on cases of their own."""
    try:
        with pg_server(fsync=True) as server, tempfile.TemporaryDirectory(prefix="desk-") as folder:
            city = _city(folder)
            city.cases(_LOG, create="urban-management", clocks="urban-management", url=server.url).close()
            context = multiprocessing.get_context("spawn")
            barrier = context.Barrier(_DESKS)
            with context.Pool(_DESKS, _sit_down, (folder, barrier)) as pool:
                jobs = [(number, actions, pause_s) for number in range(_DESKS)]
                spans = pool.starmap(_desk, jobs, chunksize=1)
    except NoServer as error:
        return {"missing": str(error)}
    waits_s = [wait_s for _, _, waits in spans for wait_s in waits]
    return _result(Waits.of(waits_s, max(end for _, end, _ in spans) - min(start for start, _, _ in spans)))


_HERE: dict[str, Any] = {}


def _sit_down(folder: str, barrier: Barrier) -> None:
    city = stcloud.open(Path(folder) / "city")
    _HERE.update(city=city, log=city.cases(_LOG), barrier=barrier)


def _desk(number: int, actions: int, pause_s: float) -> tuple[float, float, list[float]]:
    log = _HERE["log"]
    _carry(log, f"warm{number}", len(_STEPS) + 1)
    _HERE["barrier"].wait()
    start = time.time()
    waits_s = _carry(log, f"desk{number}", actions, pause_s=pause_s, apart=number)
    return start, time.time(), waits_s


def _carry(log: Cases, prefix: str, actions: int, *, pause_s: float = 0.0, apart: int = 0) -> list[float]:
    """Do so many actions on one case after the other; return how long each took."""
    waits_s = []
    for count in range(actions):
        if pause_s:
            time.sleep(pause_s * (0.5 + (apart * 7 + count * 13) % 20 / 20))
        case, step = divmod(count, len(_STEPS) + 1)
        start = time.perf_counter()
        _act(log, f"{prefix}-{case}", step)
        waits_s.append(time.perf_counter() - start)
    return waits_s


def _act(log: Cases, number: str, step: int) -> None:
    if step == 0:
        reported = {"source": "collector", "kind": "component", "class": "01002"}
        log.open(number=number, actor="c07", role="collector", at=(117.0235, 31.9035), fields=reported)
        return
    action, stated = _STEPS[step - 1]
    log.act(number, action, **({"actor": f"{stated['role']}-1"} | stated))


def _city(folder: str) -> stcloud.City:
    return stcloud.create(Path(folder) / "city", crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN")


def _result(waits: Waits) -> dict[str, Any]:
    return {
        "actions_a_second": waits.actions_a_second, "p50_s": waits.p50_s, "p99_s": waits.p99_s,
        "longest_s": waits.longest_s,
    }  # fmt: skip
