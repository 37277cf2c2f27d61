"""Logs of cases from the store: all states and clocks at a past instant, and all facts, counted by street.

What the log knew at the instant is the most part of a year: every case has eight actions, and nothing is read twice.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from bench.data import Scale
from bench.process import apart
from bench.report import Finding, Target
from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import Records
from stcloud.paas.case.casefacts import case_facts, entry_logs
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, clocks_body
from stcloud.paas.case.deadlines import Deadlines
from stcloud.paas.case.replayedcases import ReplayedCases, starting

__all__ = ["findings"]

_TIMES = 3
_FIRST_US = 1_704_067_200_000_000
_YEAR_S = 360 * 86_400
_KNOWN_US = _FIRST_US + 350 * 86_400_000_000
_STEPS = (
    ("report", "collector"), ("file", "operator"), ("dispatch", "dispatcher"), ("assign", "department"),
    ("handle", "handler"), ("feed_back", "department"), ("check", "collector"), ("close", "operator"),
)  # fmt: skip


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure both, each in a process of its own."""
    cases = {"small": 20_000, "full": 200_000}[scale.name]
    place = _log(cases, scale.folder)
    for name, work, must, aim in (
        ("states and clocks", states_and_clocks, Target(most=10), Target(most=3)),
        ("facts, by street", facts_by_street, Target(most=4), Target(most=1.5)),
    ):
        done = apart(work, place=str(place))
        taken = done.result["seconds"]
        yield Finding(
            f"{cases / 1e3:g}k cases × {len(_STEPS)} actions from the store at a past instant: {name}",
            statistics.median(taken), "s", must=must, aim=aim, more=done.result | {"peak_gb": round(done.peak_gb, 2)},
        )  # fmt: skip


def states_and_clocks(place: str) -> dict[str, Any]:
    """Replay all logs, and read all clocks."""

    def work(records: Records, rules: CaseRules) -> int:
        count = 0
        for logs in entry_logs(records, _KNOWN_US):
            for workflow, _ in starting(logs, rules):
                cases = ReplayedCases(logs, workflow, rules, _KNOWN_US)
                Deadlines.of(cases.clock_cases(), rules, _KNOWN_US, ("accept", "dispatch", "check"))
                count += int((cases.replay.state >= 0).sum())
        return count

    return _timed(place, work)


def facts_by_street(place: str) -> dict[str, Any]:
    """Compute all facts, and count by street what was handled in time."""

    def work(records: Records, rules: CaseRules) -> int:
        table = case_facts(records, rules, _KNOWN_US).read_all()
        on_time = pc.less_equal(table.column("handled_at"), table.column("due_at"))
        counts = table.select(["street"]).append_column("on_time", on_time)
        return sum(
            counts.group_by("street").aggregate([("on_time", "count")]).column("on_time_count").to_pylist()
        )

    return _timed(place, work)


def _timed(place: str, work: Any) -> dict[str, Any]:
    taken: dict[str, Any] = {"seconds": [], "cpu": []}
    with Records.open(place, "cases") as records:
        rules = CaseRules(records.rules.known())
        for _ in range(_TIMES):
            start, busy = time.perf_counter(), time.process_time()
            taken["count"] = work(records, rules)
            taken["seconds"].append(round(time.perf_counter() - start, 3))
            taken["cpu"].append(round(time.process_time() - busy, 3))
    return taken


def _log(cases: int, folder: Path) -> Path:
    """Return the folder of a log with so many cases; it is made once."""
    place = folder / f"caselog-{cases}"
    if (place / "made").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    with Records.create(str(place), "cases", clock=lambda: _FIRST_US - 1) as records:
        text = bundled_text("layers", "workflows", "urban-management.toml")
        clocks = clocks_body(None, name="urban-management", calendar="CN", zone="Asia/Shanghai")
        for kind, body in (("workflow", text), ("clocks", clocks)):
            records.rules.add(kind, body, valid_from_us=ALWAYS_US)
    with sqlite3.connect(place / "cases" / "cases.sqlite") as connection:
        connection.executemany(f"INSERT INTO entry VALUES ({', '.join('?' * 13)})", _entries(cases))
        connection.execute("UPDATE about SET watermark_us = ?", (_KNOWN_US + _YEAR_S * 1_000_000,))
    connection.close()
    (place / "made").touch()
    return place


def _entries(cases: int) -> Iterator[tuple[Any, ...]]:
    chance, taken = random.Random(7), set[int]()
    for number in range(cases):
        now_us = _FIRST_US + chance.randrange(_YEAR_S) * 1_000_000
        case = f"2024{number:08}"
        cell = f"35020300{chance.randint(1, 9)}{chance.randint(1, 20):03}{chance.randint(1, 99):03}"
        limit = {"limit_kind": chance.choice(("work_hour", "work_day", "urgent_hour")), "limit_value": 4.0}
        lon, lat = round(118 + chance.random(), 6), round(24 + chance.random(), 6)
        stated: dict[str, dict[str, Any]] = {
            "report": {"source": "collector", "kind": "component", "cell": cell, "lon": lon, "lat": lat},
            "file": {"class": "01001", "condition": "1", **limit}, "check": {"check": "pass"},
            "dispatch": {"department": chance.choice(("roads", "lamps", "water"))}, "assign": {"handler": "h1"},
        }  # fmt: skip
        for seq, (name, role) in enumerate(_STEPS, 1):
            recorded = now_us + chance.randrange(60_000_000)
            while recorded in taken:
                recorded += 1
            taken.add(recorded)
            fields = json.dumps(stated.get(name, {}), sort_keys=True, separators=(",", ":"))
            yield (
                case, seq, f"{case}/{seq}", name, now_us, recorded, f"{role} 7", role, f"{role} desk", "roads", None,
                None, fields,
            )  # fmt: skip
            now_us += chance.randrange(600, 8 * 3600) * 1_000_000
