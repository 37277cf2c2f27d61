"""Logs of entries: single actions a second, and how long a desk waits until its action is committed.

``python -m bench.records`` measures SQLite, PostgreSQL with 20 desks, and a bulk import into both.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

from stcloud.iaas.records import CaseSummary, Entry, RecordBatch, Records
from stcloud.testing.pgserver import NoServer, pg_server

__all__ = ["Waits", "bulk", "desks", "main", "singles"]

_STEPS = ("report", "verify", "file", "dispatch", "handle", "feedback", "check", "close")
_FIELDS = {"class": "0101", "condition": "0101-02", "note": "private:1"}


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from an action until it was committed."""

    actions_a_second: float
    p50_s: float
    p99_s: float
    longest_s: float

    @classmethod
    def of(cls, waits_s: list[float], whole_s: float) -> Waits:
        """Return the figures of some waits within a time."""
        cuts = statistics.quantiles(waits_s, n=100)
        return cls(len(waits_s) / whole_s, cuts[49], cuts[98], max(waits_s))

    def __str__(self) -> str:
        return (
            f"{self.actions_a_second:,.0f} actions/s, p50 {self.p50_s * 1e3:.1f} ms, p99 {self.p99_s * 1e3:.1f} ms, "
            f"longest {self.longest_s * 1e3:.1f} ms"
        )


def batch(case: str, seq: int) -> RecordBatch:
    """Return an action as an urban management centre writes it."""
    step = _STEPS[(seq - 1) % len(_STEPS)]
    entry = Entry(
        case=case, seq=seq, id=f"{case}-{seq}", name=step, actor="operator-7", role="operator", post="desk",
        department="centre", lon=118.1, lat=24.5, fields=_FIELDS,
    )  # fmt: skip
    summary = CaseSummary(
        number=case, state=step, kind="component", class_code="0101", department="centre", cell="350203001001001",
        lon=118.1, lat=24.5, due_us=1_800_000_000_000_000, text="井盖破损 湖滨北路12号" if seq == 1 else None,
    )  # fmt: skip
    return RecordBatch(entries=(entry,), summaries=(summary,))


def act(records: Records, case: str) -> None:
    """Do what a desk does: read the log, then append to it."""
    records.append(batch(case, len(records.log(case)) + 1))


def singles(records: Records, count: int, *, prefix: str = "s") -> Waits:
    """Append single actions one after the other."""
    waits_s = []
    start = time.perf_counter()
    for number in range(count):
        before = time.perf_counter()
        records.append(batch(f"{prefix}{number // 8:06d}", number % 8 + 1))
        waits_s.append(time.perf_counter() - before)
    return Waits.of(waits_s, time.perf_counter() - start)


def desks(place: str, name: str, *, count: int = 20, actions: int = 100, pause_s: float = 0.0) -> Waits:
    """Let desks act at once, each a process with a connection of its own, on cases of its own."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(count)
    with context.Pool(count, _prepare_desk, (place, name, barrier)) as pool:
        spans = pool.starmap(_desk, [(number, actions, pause_s) for number in range(count)], chunksize=1)
    waits_s = [wait_s for _, _, waits in spans for wait_s in waits]
    return Waits.of(waits_s, max(end for _, end, _ in spans) - min(start for start, _, _ in spans))


_DESK: dict[str, Any] = {}


def _prepare_desk(place: str, name: str, barrier: Barrier) -> None:
    _DESK.update(records=Records.open(place, name), barrier=barrier)


def _desk(number: int, actions: int, pause_s: float) -> tuple[float, float, list[float]]:
    records: Records = _DESK["records"]
    act(records, f"warm{number}")
    _DESK["barrier"].wait()
    start, waits_s = time.time(), []
    for action in range(actions):
        if pause_s:
            time.sleep(pause_s * (0.5 + (number * 7 + action * 13) % 20 / 20))
        before = time.perf_counter()
        act(records, f"desk{number:02d}-{action // 8}")
        waits_s.append(time.perf_counter() - before)
    return start, time.time(), waits_s


def bulk(records: Records, cases: int, *, size: int = 2_000) -> float:
    """Import whole cases of 8 actions in batches; return entries a second, without the time to make them."""
    whole_s = 0.0
    for first in range(0, cases, size):
        parts = [
            batch(f"b{case:07d}", seq)
            for case in range(first, min(first + size, cases))
            for seq in range(1, 9)
        ]
        rows = RecordBatch(
            entries=tuple(part.entries[0] for part in parts),
            summaries=tuple(part.summaries[0] for part in parts[7::8]),
        )
        start = time.perf_counter()
        records.append(rows)
        whole_s += time.perf_counter() - start
    return cases * 8 / whole_s


def main() -> None:
    """Measure and print."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="records-") as folder:
        with Records.create(folder, "speed") as records:
            print(f"SQLite, single:            {singles(records, 3_000)}")
            print(f"SQLite, bulk:              {bulk(records, cases):,.0f} entries/s")
            start = time.perf_counter()
            rows = sum(part.num_rows for part in records.logs(records.pin()))
            print(f"SQLite, all logs:          {rows / (time.perf_counter() - start):,.0f} entries/s")
        with Records.create(folder, "durable", durable=True) as records:
            print(f"SQLite, every commit flushed: {singles(records, 500)}")
        print(f"SQLite, 20 desks:          {desks(folder, 'speed', actions=20)}")
    try:
        with pg_server(fsync=True) as server:
            _measure_postgres(server.url, cases)
    except NoServer as error:
        print(f"PostgreSQL: {error}")


def _measure_postgres(url: str, cases: int) -> None:
    with Records.create(url, "speed") as records:
        print(f"PostgreSQL, single:        {singles(records, 1_000)}")
        print(f"PostgreSQL, 20 desks:      {desks(url, 'speed')}")
        print(f"PostgreSQL, 20 desks, an action each second: {desks(url, 'speed', actions=15, pause_s=1.0)}")
        print(f"PostgreSQL, bulk:          {bulk(records, cases):,.0f} entries/s")
        start = time.perf_counter()
        rows = sum(part.num_rows for part in records.logs(records.pin()))
        print(f"PostgreSQL, all logs:      {rows / (time.perf_counter() - start):,.0f} entries/s")


if __name__ == "__main__":
    main()
