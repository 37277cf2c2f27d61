"""Clocks of cases: a million deadlines of mixed kinds with pauses, beside pandas and numpy where these do the same.

pandas adds work hours to one instant after another and knows no pauses: it does a sample of work hours without any,
and its seconds are scaled to all. numpy counts working days of dates, without a time of day. What both have in common
with us is compared, row by row. Where a deadline is the end of a spell, pandas names the start of the next one: no
work lies between, which is what is compared.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.data import Scale
from bench.process import apart
from bench.report import Finding, Target
from stcloud.paas.case.allowance import ClockLimits
from stcloud.paas.case.clockrules import ClockRules
from stcloud.paas.case.clocks import read_clocks
from stcloud.paas.case.interval import ClockIntervals
from stcloud.paas.case.limit import KINDS, WorkDay
from stcloud.time import Calendar, WorkTime, Zone

__all__ = ["findings"]

_TIMES = 5
_PAUSED = 0.3
_SAMPLE = 2_000
_FIRST_US, _YEARS = 1_577_836_800_000_000, 5
_DAY_US, _HOUR_US = 86_400_000_000, 3_600_000_000
_AT_US = _FIRST_US + (_YEARS + 1) * 366 * _DAY_US
_ZONE = "Asia/Shanghai"

Ints = NDArray[np.int64]


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure deadlines of all kinds with pauses, of work hours alone, and of ends of working days alone."""
    count = {"small": 100_000, "full": 1_000_000}[scale.name]
    must, aim = Target(most=2), Target(most=0.6)
    mixed = apart(our_mixed, count=count)
    pandas = apart(pandas_hours, count=count).result
    yield Finding(
        f"{count / 1e6:g}M deadlines of four kinds, {mixed.result['entries'] / 1e6:.1f}M entries, "
        f"{_PAUSED:.0%} with a pause",
        _median(mixed.result), "s", f"pandas, work hours without pauses, {_SAMPLE:,} scaled to all", pandas["scaled"],
        must, aim, mixed.result | {"peak_gb": round(mixed.peak_gb, 2)},
    )  # fmt: skip
    hours = apart(our_hours, count=count).result
    worked = _rules().time.over(_FIRST_US, _AT_US).worked
    differing = int((worked(np.array(hours["sample"])) != worked(np.array(pandas["sample"]))).sum())
    yield Finding(
        f"{count / 1e6:g}M deadlines of work hours, no pauses", _median(hours), "s",
        f"pandas, {_SAMPLE:,} scaled to all", pandas["scaled"], must, aim,
        {"seconds": hours["seconds"], "cpu": hours["cpu"], "differing": {"pandas": differing}},
    )  # fmt: skip
    days, dates = apart(our_days, count=count).result, apart(numpy_days, count=count).result
    yield Finding(
        f"{count / 1e6:g}M deadlines of work days by end, no pauses", _median(days), "s", "numpy, dates alone",
        _median(dates), must, aim,
        {"seconds": days["seconds"], "cpu": days["cpu"], "differing": {"numpy": int(days["sum"] != dates["sum"])}},
    )  # fmt: skip


def _median(result: dict[str, Any]) -> float:
    return float(statistics.median(result["seconds"]))


def _timed(work: Callable[[], Any]) -> tuple[dict[str, list[float]], Any]:
    """Return seconds of some times, by the clock and of a core, after one that counts not, and the last result."""
    result = work()
    taken: dict[str, list[float]] = {"seconds": [], "cpu": []}
    for _ in range(_TIMES):
        start, busy = time.perf_counter(), time.process_time()
        result = work()
        taken["seconds"].append(round(time.perf_counter() - start, 4))
        taken["cpu"].append(round(time.process_time() - busy, 4))
    return taken, result


def _rules(work_day: WorkDay = "hours") -> ClockRules:
    return ClockRules(WorkTime(Calendar("CN"), Zone(_ZONE)), work_day)


def _starts(count: int) -> Ints:
    return _FIRST_US + np.random.default_rng(7).integers(0, _YEARS * 365 * 86_400, count) * 1_000_000


def _hours(count: int) -> Ints:
    return np.random.default_rng(8).integers(1, 40, count)


def _days(count: int) -> Ints:
    return np.random.default_rng(9).integers(1, 20, count)


def _logs(count: int) -> ClockIntervals:
    """Cases that run and stop after up to two days, some with a pause of up to two days within."""
    random = np.random.default_rng(10)
    entries = np.where(random.random(count) < _PAUSED, 4, 2)
    first = np.cumsum(entries) - entries
    case = np.repeat(np.arange(count), entries)
    place = np.arange(len(case)) - np.repeat(first, entries)
    clock = np.where(place == np.repeat(entries, entries) - 1, 0, np.where(place % 2 == 0, 1, 2))
    length = np.where(place == 0, 0, random.integers(60, 2 * 86_400, len(case)) * 1_000_000)
    passed = np.cumsum(length)
    happened = np.repeat(_starts(count), entries) + passed - np.repeat(passed[first], entries)
    return ClockIntervals.of_entries(case, np.zeros_like(case), clock, happened, ("handle",))


def our_mixed(count: int) -> dict[str, Any]:
    """All kinds, with pauses."""
    logs, random = _logs(count), np.random.default_rng(11)
    kind = random.integers(0, len(KINDS), count)
    value = np.where(kind < 2, random.integers(1, 40, count), random.integers(1, 20, count))
    limits = ClockLimits.of(np.arange(count), kind, value)
    rules = _rules()
    taken, clocks = _timed(lambda: read_clocks(logs, limits, rules, _AT_US))
    return {**taken, "entries": len(logs), "overdue": int(clocks.overdue.sum())}


def _straight(count: int, kind: str, value: Ints, rules: ClockRules) -> tuple[dict[str, list[float]], Any]:
    case = np.arange(count)
    logs = ClockIntervals.of_entries(case, case * 0, np.ones_like(case), _starts(count), ("handle",))
    limits = ClockLimits.of(case, np.full(count, KINDS.index(kind)), value)
    return _timed(lambda: read_clocks(logs, limits, rules, _AT_US))


def our_hours(count: int) -> dict[str, Any]:
    """Work hours alone, all of them still running."""
    taken, clocks = _straight(count, "work_hour", _hours(count), _rules())
    return {**taken, "sample": clocks.deadline_us[:_SAMPLE].tolist()}


def our_days(count: int) -> dict[str, Any]:
    """Ends of working days alone, all of them still running."""
    taken, clocks = _straight(count, "work_day", _days(count), _rules("end"))
    return {**taken, "sum": int(((clocks.deadline_us + 8 * _HOUR_US) // _DAY_US).sum())}


def _free() -> NDArray[np.datetime64]:
    days = np.arange((_FIRST_US // _DAY_US), _AT_US // _DAY_US + 366, dtype=np.int64)
    return days[~Calendar("CN").expected(days)].view("M8[D]")


def pandas_hours(count: int) -> dict[str, Any]:
    """Add work hours to a sample of instants on the wall clock, which has no summer time here."""
    free, hours = _free().tolist(), _hours(count)[:_SAMPLE]
    local = pd.to_datetime(_starts(count)[:_SAMPLE] + 8 * _HOUR_US, unit="us")
    offsets = {
        size: pd.offsets.CustomBusinessHour(  # type: ignore[call-arg]  # the stubs lack weekmask
            size, start=["08:00", "14:00"], end=["12:00", "18:00"], weekmask="1111111", holidays=free
        )
        for size in set(hours.tolist())
    }
    start = time.perf_counter()
    deadlines = [at + offsets[size] for at, size in zip(local, hours.tolist(), strict=True)]
    scaled = (time.perf_counter() - start) * count / _SAMPLE
    sample = pd.DatetimeIndex(deadlines).as_unit("us").asi8 - 8 * _HOUR_US
    return {"scaled": round(scaled, 1), "sample": sample.tolist()}


def numpy_days(count: int) -> dict[str, Any]:
    """Count working days from dates on: the n-th after the date, which itself does not count."""
    dates = ((_starts(count) + 8 * _HOUR_US) // _DAY_US).view("M8[D]")
    days, calendar = _days(count), np.busdaycalendar("1111111", _free())
    taken, last = _timed(lambda: np.busday_offset(dates, days, roll="backward", busdaycal=calendar))
    return {**taken, "sum": int(last.astype(np.int64).sum())}
