"""Many small loads, and a feed: what a load costs after many others, what is merged, and what is left of a minute."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import stcloud
from bench.data import CRS, SEED, ZONE
from bench.report import Finding, Target
from bench.scalewatch import watched

__all__ = ["feed", "small_loads"]

_DEFINITION = """
id = "events"
kind = "event"
key = [{key}]
[time]
column = "at"
[space]
x = "x"
y = "y"
crs = "EPSG:32618"
"""
_WEST, _SOUTH, _SIDE_M = 571_300.0, 4_488_300.0, 37_400.0
_START_S = 1_704_085_200  # 2024-01-01 in the city
_ROWS, _SPAN_S = 100, 60 * 86_400  # of a small load, and of all of them: two months
_FEED_ROWS_S, _MINUTE_S = 7_870, 60
_QUESTIONS = 15


def small_loads(folder: Path, loads: int) -> Iterator[Finding]:
    """Measure loads of few rows, the last hundred beside the first, and a question beside a bulk load of the same."""
    city, other = folder / "city-small-loads", folder / "city-few-loads"
    for place in (city, other):
        shutil.rmtree(place, ignore_errors=True)
    part = min(100, loads // 4)
    done = watched(load_often, city=str(city), other=str(other), loads=loads, part=part)
    more = {key: value for key, value in done.result.items() if not isinstance(value, list)}
    more |= {f"hundreds_{name}": _by_hundred(done.result[name], part) for name in ("seconds", "cpu_s")}
    for name, unit in (("", "seconds"), (", time of all cores", "cpu_s")):
        first = 1e3 * statistics.fmean(done.result[f"first_{unit}"])
        last = 1e3 * statistics.fmean(done.result[unit][-part:])
        yield Finding(
            f"small load, last {part} of {loads:,}{name}", last, "ms", f"first {part}, in turns", first,
            Target(ratio=1.3), None, more,
        )  # fmt: skip
    shutil.rmtree(other)
    yield Finding("its memory", done.peak_gb, "GB", must=Target(most=3))
    asked = watched(ask_both, city=str(city), loads=loads).result
    for state in ("as loaded", "merged"):
        bulk = asked[f"bulk, {state}"]
        yield Finding(
            f"question after {loads:,} small loads, {state}", asked[state], "ms", "bulk load", bulk,
            Target(ratio=1.3) if state == "merged" else None, None, asked,
        )  # fmt: skip
    shutil.rmtree(city)


def feed(folder: Path, minutes: int, rows_s: int = _FEED_ROWS_S) -> Iterator[Finding]:
    """Measure loads of a minute of readings each, whose keys begin with the time, and whose keys end with it."""
    for name, key in (("key of time and mover", '"at", "mover"'), ("key of mover and time", '"mover", "at"')):
        city = folder / "city-feed"
        shutil.rmtree(city, ignore_errors=True)
        done = watched(load_minutes, city=str(city), minutes=minutes, rows_s=rows_s, key=key)
        seconds = done.result["seconds"]
        yield Finding(
            f"feed of {rows_s:,} rows/s, a minute, {name}", statistics.median(seconds[1:]), "s", "", None,
            Target(most=_MINUTE_S / 3), None, {**done.result, "last_s": seconds[-1]},
        )  # fmt: skip
        yield Finding("its memory", done.peak_gb, "GB", must=Target(most=3))
        shutil.rmtree(city)


def load_often(city: str, other: str, loads: int, part: int) -> dict[str, Any]:
    """Load a few rows many times; rows of a load are of one hour, and hours go on through two months.

    The last ``part`` of the loads are made in turns with the first ones of another city, so that whoever else the
    machine works for slows both alike.
    """
    opened, new = _created(city, '"id"'), _created(other, '"id"')
    done: dict[str, list[float]] = {"seconds": [], "cpu_s": [], "first_seconds": [], "first_cpu_s": []}
    for number in range(loads):
        _load_one(opened, Path(f"{city}.parquet"), number, loads, done, "")
        if number >= loads - part:
            _load_one(new, Path(f"{other}.parquet"), number - loads + part, loads, done, "first_")
    layer = opened.layer("events")
    on_disk = [path.stat().st_size for path in Path(city).rglob("*") if path.is_file()]
    return {
        **done, "rows": layer.rows, "files": len(layer.snapshot.files),
        "bytes": layer.bytes, "files_on_disk": len(on_disk), "bytes_on_disk": sum(on_disk),
    }  # fmt: skip


def _load_one(
    opened: stcloud.City, source: Path, number: int, loads: int, done: dict[str, list[float]], which: str
) -> None:
    """Load the rows of a number, and note what it took."""
    pq.write_table(_rows(number, loads), source)
    start, cpu = time.perf_counter(), time.process_time()
    opened.load("events", source)
    done[f"{which}seconds"].append(time.perf_counter() - start)
    done[f"{which}cpu_s"].append(time.process_time() - cpu)
    source.unlink()


def ask_both(city: str, loads: int) -> dict[str, float]:
    """Ask the same of the layer, of one that holds the same rows by one load, in turns; then merge, and ask again."""
    opened, source = stcloud.open(city), Path(f"{city}.parquet")
    pq.write_table(pa.concat_tables(_rows(number, loads) for number in range(loads)), source)
    opened.load("bulk", source, definition=_definition('"id"', "bulk"))
    source.unlink()
    answers: dict[str, float] = {}
    for state in ("as loaded", "merged"):
        if state == "merged":
            opened._catalogue.events("events").compact(Path(city).parent, least=2)  # noqa: SLF001
        asked = {layer: _question(opened, layer) for layer in ("events", "bulk")}
        assert asked["events"]() == asked["bulk"]()
        times = {layer: [] for layer in asked}  # type: dict[str, list[float]]
        for _ in range(_QUESTIONS):
            for layer, ask in asked.items():
                start = time.perf_counter()
                ask()
                times[layer].append(time.perf_counter() - start)
        answers[state], answers[f"bulk, {state}"] = (
            1e3 * statistics.median(times[layer]) for layer in ("events", "bulk")
        )
        answers[f"files, {state}"] = len(opened.layer("events").snapshot.files)
    return answers


def load_minutes(city: str, minutes: int, rows_s: int, key: str) -> dict[str, Any]:
    """Load a minute of readings after the other."""
    opened, source = _created(city, key), Path(f"{city}.parquet")
    seconds, cpu_s = [], []
    for minute in range(minutes):
        pq.write_table(_minute(minute, rows_s), source)
        start, cpu = time.perf_counter(), time.process_time()
        reckoning = opened.load("events", source)
        seconds.append(round(time.perf_counter() - start, 2))
        cpu_s.append(round(time.process_time() - cpu, 2))
        assert reckoning.accepted == rows_s * _MINUTE_S, reckoning
    source.unlink()
    layer = opened.layer("events")
    return {
        "seconds": seconds, "cpu_s": cpu_s, "rows": layer.rows, "files": len(layer.snapshot.files),
        "bytes": layer.bytes,
    }  # fmt: skip


def _question(opened: stcloud.City, layer: str) -> Callable[[], list[dict[str, Any]]]:
    from shapely import Point  # noqa: PLC0415  (the loads need it not)

    area = Point(_WEST + _SIDE_M / 2, _SOUTH + _SIDE_M / 2).buffer(2_000)
    query = opened.query(layer).where(area, crs=CRS).when("2024-01")
    return lambda: query.count(by=["cell:100m", "week"]).to_records()


def _created(city: str, key: str) -> stcloud.City:
    stcloud.create(city, crs=CRS, zone=ZONE).close()
    opened = stcloud.open(city)
    first, source = _rows(-1, 1), Path(f"{city}.parquet")
    pq.write_table(first, source)
    opened.load("events", source, definition=_definition(key, "events"))  # the first load makes the layer
    source.unlink()
    return opened


def _definition(key: str, name: str) -> stcloud.Definition:
    return stcloud.Definition.from_toml(_DEFINITION.format(key=key), name=name)


def _rows(number: int, loads: int) -> pa.Table:
    chance = np.random.default_rng([SEED, 31, number + 1])
    hour = _START_S + number * _SPAN_S // loads + np.sort(chance.integers(0, 3600, _ROWS))
    return _table(
        np.arange(_ROWS) + (number + 1) * _ROWS, chance.integers(0, 40, _ROWS), hour * 10**6, chance
    )


def _minute(minute: int, rows_s: int) -> pa.Table:
    """Return readings of movers, each every ten seconds."""
    chance, count = np.random.default_rng([SEED, 32, minute]), rows_s * _MINUTE_S
    ids = 10**9 + np.arange(count) + minute * count
    movers = rows_s * 10
    mover = 10**6 + np.arange(count) % movers
    at_us = (_START_S + minute * _MINUTE_S + np.arange(count) // movers * 10) * 10**6
    return _table(ids, mover, at_us, chance)


def _table(ids: Any, mover: Any, at_us: Any, chance: np.random.Generator) -> pa.Table:
    x, y = np.round(chance.uniform(0, _SIDE_M, (2, len(ids))), 2)
    return pa.table({
        "id": ids, "mover": mover, "at": pa.array(at_us, pa.timestamp("us", "UTC")), "x": x + _WEST,
        "y": y + _SOUTH, "speed": np.round(chance.gamma(2.0, 4.0, len(ids)), 1),
    })  # fmt: skip


def _by_hundred(seconds: list[float], part: int) -> list[float]:
    return [round(1e3 * statistics.fmean(seconds[at : at + part]), 1) for at in range(0, len(seconds), part)]
