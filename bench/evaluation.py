"""Evaluation of cases: all indicators by department and month, one number opened; beside DuckDB and pandas by hand.

Facts are invented (`stcloud.testing.casefacts`) and lie in memory, as an Arrow table for DuckDB and us, as a frame
for pandas. The peers count three of the indicators by department and month, of which all must tell the same; we count
all of them. The peer opens the number by one statement over all cases.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather

from bench.data import Scale
from bench.process import apart
from bench.report import Finding, Target
from stcloud.paas.case.evaluation import EvaluationPlan, evaluate_plan, opened
from stcloud.testing.casefacts import FIRST_US, case_facts
from stcloud.time import Zone

__all__ = ["findings"]

_TIMES, _DAYS = 5, 1_800
_ZONE, _DEPARTMENT, _MONTH = "Asia/Shanghai", "department 07", "2024-05"
_AT_US = FIRST_US + _DAYS * 86_400_000_000
_NAMES = ("handling_rate", "on_time_handling_rate", "closing_rate")
_COLUMNS = (
    "number", "department", "counted", "cancelled", "suspended", "exempt", "dispatched_at", "due_at", "handled_at",
    "closed_at",
)  # fmt: skip
_POLICIES = """
    counted AND NOT cancelled AND dispatched_at IS NOT NULL AND NOT suspended AS to_handle,
    handled_at IS NOT NULL AS handled, handled_at IS NOT NULL AND (exempt OR handled_at <= due_at) AS on_time,
    counted AND NOT cancelled AND NOT suspended
      AND (handled_at IS NOT NULL OR due_at < to_timestamp($at)) AS to_close,
    closed_at IS NOT NULL AS closed
"""
_SQL = f"""
    SELECT department, month,
      count(*) FILTER (to_handle AND handled), count(*) FILTER (to_handle),
      count(*) FILTER (to_handle AND on_time), count(*) FILTER (to_handle),
      count(*) FILTER (to_close AND closed), count(*) FILTER (to_close)
    FROM (
      SELECT department, date_trunc('month', timezone('{_ZONE}', due_at)) AS month, {_POLICIES}
      FROM facts WHERE due_at IS NOT NULL
    ) GROUP BY ALL ORDER BY department NULLS LAST, month
"""
_OPENED = f"""
    SELECT number FROM (SELECT *, {_POLICIES} FROM facts)
    WHERE to_handle AND on_time AND department = '{_DEPARTMENT}'
      AND date_trunc('month', timezone('{_ZONE}', due_at)) = DATE '{_MONTH}-01' ORDER BY number
"""


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure all indicators, and one number opened."""
    count = {"small": 200_000, "full": 6_000_000}[scale.name]
    source = str(_facts(count, scale.folder))
    ours = apart(our_numbers, source=source)
    peers = {name: apart(work, source=source).result for name, work in _PEERS.items()}
    differing = {name: int(peer["counts"] != ours.result["counts"]) for name, peer in peers.items()}
    more = {"seconds": ours.result["seconds"], "cpu": ours.result["cpu"], "peak_gb": round(ours.peak_gb, 2)}
    for name, peer in peers.items():
        yield Finding(
            f"{count / 1e6:g}M cases by department and month, all {ours.result['indicators']} indicators",
            statistics.median(ours.result["seconds"]), "s", f"{name}, {len(_NAMES)} indicators",
            statistics.median(peer["seconds"]), Target(most=3), Target(most=1),
            more | {"peer_cpu": peer["cpu"], "differing": differing},
        )  # fmt: skip
    ours_open, sql = apart(our_cases, source=source).result, apart(duckdb_cases, source=source).result
    yield Finding(
        f"one number of {count / 1e6:g}M cases opened into its cases", statistics.median(ours_open["seconds"]), "s",
        "DuckDB", statistics.median(sql["seconds"]), Target(most=0.3), Target(most=0.1),
        {
            "seconds": ours_open["seconds"], "cpu": ours_open["cpu"], "cases": len(ours_open["counts"]),
            "differing": {"DuckDB": int(ours_open["counts"] != sql["counts"])},
        },
    )  # fmt: skip


def our_numbers(source: str) -> dict[str, Any]:
    """Evaluate all indicators."""
    facts, plan = feather.read_table(source, memory_map=False), _plan()
    taken, evaluation = _timed(lambda: evaluate_plan(facts, plan))
    rows = [row for row in evaluation.table.to_pylist() if any(row[f"{name}_denominator"] for name in _NAMES)]
    counts = [
        [
            row["department"],
            row["month"],
            *(row[f"{name}_{part}"] for name in _NAMES for part in ("numerator", "denominator")),
        ]
        for row in rows
    ]
    return {**taken, "counts": counts, "indicators": len(plan.names) - len(evaluation.left_out)}


def our_cases(source: str) -> dict[str, Any]:
    """Open a number."""
    facts, plan = feather.read_table(source, memory_map=False), _plan()
    group = {"department": _DEPARTMENT, "month": _MONTH}
    taken, cases = _timed(lambda: opened(facts, plan, "on_time_handling_rate", "numerator", group))
    return {**taken, "counts": cases["number"].to_pylist()}


def duckdb_numbers(source: str) -> dict[str, Any]:
    """Let DuckDB count three indicators."""
    facts = feather.read_table(source, memory_map=False, columns=list(_COLUMNS))
    with _connect(facts) as connection:
        taken, rows = _timed(lambda: connection.execute(_SQL, {"at": _AT_US / 1e6}).fetchall())
    return {**taken, "counts": _told([(row[0], f"{row[1]:%Y-%m}", *row[2:]) for row in rows])}


def duckdb_cases(source: str) -> dict[str, Any]:
    """Let DuckDB list the cases of the number."""
    facts = feather.read_table(source, memory_map=False, columns=list(_COLUMNS))
    with _connect(facts) as connection:
        taken, rows = _timed(lambda: connection.execute(_OPENED, {"at": _AT_US / 1e6}).fetchall())
    return {**taken, "counts": [row[0] for row in rows]}


def pandas_numbers(source: str) -> dict[str, Any]:
    """Let pandas count three indicators."""
    frame = feather.read_table(source, memory_map=False, columns=list(_COLUMNS)).to_pandas()
    at = pd.Timestamp(_AT_US, unit="us", tz="UTC")

    def count() -> pd.DataFrame:
        due = frame[frame["due_at"].notna()]
        handled = due["handled_at"].notna()
        valid = due["counted"] & ~due["cancelled"] & ~due["suspended"]
        to_handle, to_close = valid & due["dispatched_at"].notna(), valid & (handled | (due["due_at"] < at))
        on_time = handled & (due["exempt"] | (due["handled_at"] <= due["due_at"]))
        masks = [
            to_handle & handled, to_handle, to_handle & on_time, to_handle,
            to_close & due["closed_at"].notna(), to_close,
        ]  # fmt: skip
        month = due["due_at"].dt.tz_convert(_ZONE).dt.strftime("%Y-%m")
        sums = pd.DataFrame(dict(enumerate(masks)))
        return sums.groupby([due["department"], month], dropna=False).sum()

    taken, sums = _timed(count, 2)
    rows = [
        (None if pd.isna(key[0]) else key[0], key[1], *row)
        for key, row in zip(sums.index, sums.to_numpy().tolist(), strict=True)
    ]
    return {**taken, "counts": _told(rows)}


_PEERS: dict[str, Callable[..., dict[str, Any]]] = {"DuckDB": duckdb_numbers, "pandas": pandas_numbers}


@cache
def _plan() -> EvaluationPlan:
    return EvaluationPlan.of(_AT_US, Zone(_ZONE), by=["department", "month"], indicators="all")


def _told(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    """Return groups in which something is counted, in one order."""
    counted = [list(row) for row in rows if any(row[place] for place in (3, 5, 7))]
    return sorted(counted, key=lambda row: (row[0] is None, row[0] or "", row[1]))


def _connect(facts: pa.Table) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("facts", facts)
    return connection


def _timed(work: Callable[[], Any], times: int = _TIMES) -> tuple[dict[str, list[float]], Any]:
    """Return seconds of some times, by the clock and of all cores, after one that counts not, and the last result."""
    result = work()
    taken: dict[str, list[float]] = {"seconds": [], "cpu": []}
    for _ in range(times):
        start, busy = time.perf_counter(), time.process_time()
        result = work()
        taken["seconds"].append(round(time.perf_counter() - start, 3))
        taken["cpu"].append(round(time.process_time() - busy, 3))
    return taken, result


def _facts(count: int, folder: Path) -> Path:
    path = folder / f"facts-{count}.arrow"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        parts = [
            case_facts(min(count, 500_000), seed=seed, days=_DAYS, at_us=_AT_US)
            for seed in range(-(-count // 500_000))
        ]
        feather.write_feather(pa.concat_tables(parts).slice(0, count), path, compression="uncompressed")
    return path
