"""How long cases took, by class and month: from our files, by DuckDB over one Parquet file, by pandas in memory.

Every party answers in one warm process of its own; all must tell the same.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import stcloud
from bench.data import CRS, ZONE, Scale
from bench.process import apart
from bench.report import Finding, Target

__all__ = ["findings"]

_TIMES = 5
_CLASSES = 40
_CASES_PER_EVENT = 1.2
_DEFINITION = """
id = "cases"
kind = "event"
key = ["id"]
[time]
column = "opened"
[space]
x = "x"
y = "y"
crs = "EPSG:32618"
[columns]
closed = { type = "instant" }
"""
_SQL = """
    SELECT class, month, count, shares[1] AS p50, shares[2] AS p90 FROM (
      SELECT class, date_trunc('month', timezone('America/New_York', opened)) AS month, count(*) AS count,
        quantile_cont(date_diff('microsecond', opened, closed) / 3.6e9, [0.5, 0.9]) AS shares
      FROM read_parquet(?) GROUP BY ALL
    ) ORDER BY class, month
"""


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the statistics of all cases, and of a tenth of them."""
    seconds = {}
    for count in (int(scale.events * _CASES_PER_EVENT), int(scale.events * _CASES_PER_EVENT) // 10):
        source = _cases(count, scale.folder)
        ours = apart(our_answer, source=str(source)).result
        peers = {name: apart(work, source=str(source)).result for name, work in _PEERS.items()}
        seconds[count] = statistics.median(ours["seconds"])
        more: dict[str, Any] = {"ours": ours["seconds"]}
        for name, peer in peers.items():
            if not np.allclose(ours["told"], peer["told"], rtol=1e-9):
                raise AssertionError(f"{name} tells other numbers")
            more[name] = peer["seconds"]
        if len(seconds) > 1:
            break
        for name, must in (("DuckDB, one Parquet file", Target(most=1.0)), ("pandas, in memory", None)):
            yield Finding(
                f"time to close by class and month, {count / 1e6:g}M cases, p50 of {_TIMES}", seconds[count], "s",
                name, statistics.median(peers[name]["seconds"]), must, Target(most=0.2) if must else None, more,
            )  # fmt: skip
    many, few = seconds.values()
    yield Finding("the same, of a tenth of the cases", few, "s", "all of them", many)


def our_answer(source: str) -> dict[str, Any]:
    """Load the cases and ask a few times."""
    folder = Path(source).with_suffix(".city")
    shutil.rmtree(folder, ignore_errors=True)
    definition = folder.with_suffix(".toml")
    definition.write_text(_DEFINITION)
    city = stcloud.create(folder, crs=CRS, zone=ZONE)
    city.load("cases", source, definition=definition)
    asked = city.query("cases")

    def ask() -> pd.DataFrame:
        return asked.measure(
            "count", "median(closed - opened)", "p90(closed - opened)", by=["class", "month"]
        ).to_pandas()

    return _timed(ask)


def duckdb_answer(source: str) -> dict[str, Any]:
    """Ask DuckDB over the file."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET parquet_metadata_cache = true")
        return _timed(lambda: connection.execute(_SQL, [source]).df())


def pandas_answer(source: str) -> dict[str, Any]:
    """Ask pandas, with the columns in memory."""
    frame = pq.read_table(source, columns=["class", "opened", "closed"]).to_pandas()

    def ask() -> pd.DataFrame:
        hours = (frame["closed"] - frame["opened"]) / pd.Timedelta("1h")
        month = frame["opened"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.to_period("M")
        groups = hours.groupby([frame["class"], month], observed=True)
        sizes = frame.groupby([frame["class"], month], observed=True).size()
        return pd.DataFrame(
            {"count": sizes, "p50": groups.median(), "p90": groups.quantile(0.9)}
        ).reset_index()

    return _timed(ask)


_PEERS: dict[str, Callable[..., dict[str, Any]]] = {
    "DuckDB, one Parquet file": duckdb_answer, "pandas, in memory": pandas_answer
}  # fmt: skip


def _timed(ask: Callable[[], pd.DataFrame]) -> dict[str, Any]:
    found = ask()
    seconds = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - start)
    told = found.iloc[:, 2:].astype(float).fillna(-1).to_numpy().tolist()
    return {"seconds": seconds, "told": told}


def _cases(count: int, folder: Path) -> Path:
    path = folder / f"cases-{count}.parquet"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    opened = np.int64(1_577_836_800_000_000) + random.integers(0, 5 * 365 * 86_400, count) * 1_000_000
    lasted = random.lognormal(10.5, 1.5, count).astype(np.int64) * 1_000_000
    kind = pa.timestamp("us", "UTC")
    table = pa.table(
        {
            "id": np.arange(count), "class": pa.array([f"class {n:02}" for n in range(_CLASSES)]).take(
                pa.array(random.integers(0, _CLASSES, count))
            ),
            "opened": pa.array(opened).cast(kind),
            "closed": pa.array(opened + lasted, mask=random.random(count) < 0.05).cast(kind),
            "x": 571_300 + random.random(count) * 37_400, "y": 4_488_300 + random.random(count) * 37_400,
        }
    )  # fmt: skip
    pq.write_table(table, path)
    return path
