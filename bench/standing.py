"""Standing questions: how many rows a second rules are put to, and what of planted incidents they find.

::

    python bench/standing.py                     10,000 rules, 1,000 rows a second, a minute of them
    python bench/standing.py --rules 1000
    python bench/standing.py --latency           from a batch to its alerts, by the way of a feed

Rows go through `LayerEvaluation` load by load, a load a second: half of the rules are areas that movers enter, half
count rows of a class within a unit. Then incidents are planted into noise, late rows and corrections, and what is
raised is compared with what was planted. ``--latency`` has a city with the rules, and takes for batches of a second
how long it is from when a batch is there until its alerts are visible: its load, the rules, and the load of alerts.
All of it is synthetic, by a seed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

import stcloud
from stcloud.city.standingrules import StandingRules
from stcloud.daas.table.schema import INSTANT, Attribute
from stcloud.paas.query.condition.area import InArea
from stcloud.paas.query.condition.filtered import FilteredInMemory
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.filter.node import Column, Constant, compare
from stcloud.paas.query.place.extent import Extent
from stcloud.paas.query.plan.limits import NO_LIMITS
from stcloud.paas.standing import LayerEvaluation, StandingRule
from stcloud.paas.standing.boundrule import BoundRule, tracker_of
from stcloud.paas.standing.layerevaluation import LoadedRows
from stcloud.saas.feed.garbage import garbage_between_batches
from stcloud.space import Lattice
from stcloud.time import Zone

SECOND, HOUR = 1_000_000, 3_600_000_000
START = 1_700_000_000 * SECOND
SIDE_M = 20_000.0
ORIGIN = (450_000.0, 3_500_000.0)
LATTICE = Lattice("EPSG:4548", (-4_000_000, 0))
NAMES = ("mover", "kind", "unit")
BY = {name: Attribute(name, name, "text") for name in NAMES}
SCHEMA = pa.schema([
    ("st_key", pa.string()), ("st_time", INSTANT), ("st_x", pa.float64()), ("st_y", pa.float64()),
    ("st_cell", pa.int64()), ("st_recorded_from", INSTANT), ("st_recorded_to", INSTANT),
    *((name, pa.string()) for name in NAMES),
])  # fmt: skip


def bound(document: dict[str, Any], conditions: tuple[Any, ...], equality: Any, number: int) -> BoundRule:
    rule = StandingRule.from_document(document, name="bench")
    by = tuple(BY[name] for name in rule.question.by)
    return BoundRule(
        rule, 1, conditions, by, START - 1, 2**62, START - 1, None, tracker_of(rule, None), None, (), equality,
        Zone("Asia/Shanghai"), str(number),
    )  # fmt: skip


def area_rule(number: int, x: float, y: float, size: float) -> BoundRule:
    shape = shapely.box(x, y, x + size, y + size)
    place = Place(shape, (), "area")
    region = place.region(LATTICE)
    condition = InArea(region, Extent.of(region, place.boxes(LATTICE)))
    question = {"layer": "rows", "where": "bbox:1,2,3,4", "by": "mover"}
    return bound({"id": f"area-{number}", "gap": "10min", "question": question}, (condition,), None, number)


def count_rule(number: int, kind: str, least: int = 6) -> BoundRule:
    column, value = Column("text", "kind"), Constant("text", kind)
    condition = FilteredInMemory((compare("=", column, value),), NO_LIMITS)
    question = {"layer": "rows", "what": f"kind = '{kind}'", "by": "unit"}
    document = {
        "id": f"count-{number}",
        "at_least": least,
        "within": "1h",
        "quiet": "1h",
        "question": question,
    }
    return bound(document, (condition,), ("kind", kind), number)


def batch(columns: dict[str, Any], at_us: int) -> pa.RecordBatch:
    count = len(columns["st_time"])
    cells = LATTICE.cells(np.asarray(columns["st_x"]), np.asarray(columns["st_y"]))
    columns = columns | {
        "st_cell": cells,
        "st_recorded_from": np.full(count, at_us),
        "st_recorded_to": [None] * count,
    }
    arrays = [
        pa.array(columns[field.name], pa.int64()).cast(INSTANT)
        if field.type == INSTANT
        else pa.array(columns[field.name], field.type)
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


NOTHING = pa.RecordBatch.from_pylist([], SCHEMA)


def speed(rules: int, rows: int, seconds: int) -> None:
    chance = np.random.default_rng(1)
    reads = 0

    def history(*_: object) -> pa.RecordBatch:
        nonlocal reads
        reads += 1
        return NOTHING

    evaluation = LayerEvaluation(history)
    corners = chance.uniform(0, SIDE_M - 200, (rules // 2, 2)) + ORIGIN
    made = [area_rule(number, x, y, 200.0) for number, (x, y) in enumerate(corners.tolist())]
    made += [count_rule(number, f"{number:05d}") for number in range(rules - len(made))]
    began = time.perf_counter()
    for rule in made:
        evaluation.add(rule)
    print(f"{rules:,} rules are added in {time.perf_counter() - began:.1f} s")
    movers = 5_000
    place = chance.uniform(0, SIDE_M, (movers, 2)) + ORIGIN
    took, raised = [], 0
    for second in range(seconds):
        chosen = chance.choice(movers, rows, replace=False)
        place[chosen] += chance.normal(0, 60, (rows, 2))
        at_us = START + (second + 1) * SECOND
        time_us = at_us - chance.integers(0, SECOND, rows)
        load = LoadedRows(at_us, batch({
            "st_key": [f"{second}.{number}" for number in range(rows)], "st_time": time_us, "st_x": place[chosen, 0],
            "st_y": place[chosen, 1], "mover": [f"m{mover}" for mover in chosen.tolist()],
            "kind": [f"{kind:05d}" for kind in chance.integers(0, rules, rows).tolist()],
            "unit": [f"u{unit}" for unit in chance.integers(0, 200, rows).tolist()],
        }, at_us), NOTHING)  # fmt: skip
        began = time.process_time()
        raised += sum(alert.raised_us == at_us for alert in evaluation.load(load))
        took.append(time.process_time() - began)
    busy = np.array(took)
    print(
        f"{rows:,} rows a load, {seconds} loads: {rows * seconds / busy.sum():,.0f} rows a second of one core, "
        f"median {np.median(busy) * 1e3:.0f} ms, p95 {np.quantile(busy, 0.95) * 1e3:.0f} ms a load; "
        f"{raised:,} alerts, the layer was read again {reads - rules:,} times"
    )


def planted(incidents: int, noise_a_day: int) -> None:
    """Plant incidents into a week of noise, with a tenth of the rows late by up to two hours."""
    chance = np.random.default_rng(2)
    span, units = 7 * 24 * HOUR, 120
    time_us = [START + chance.integers(0, span, 7 * noise_a_day)]
    unit = [chance.integers(0, units, 7 * noise_a_day)]
    truth = []
    for _ in range(incidents):
        place, begins = int(chance.integers(0, units)), START + int(chance.integers(0, span - 2 * HOUR))
        count = int(chance.integers(6, 14))
        times = begins + np.sort(chance.integers(0, int(0.9 * HOUR), count))
        time_us.append(times)
        unit.append(np.full(count, place))
        truth.append((place, int(times[0]), int(times[-1])))
    time_all, unit_all = np.concatenate(time_us), np.concatenate(unit)
    late = np.where(chance.random(len(time_all)) < 0.1, chance.integers(0, 2 * HOUR, len(time_all)), 0)
    arrives = (time_all + late - START) // (5 * 60 * SECOND)
    everything: dict[str, Any] = {}
    loads: list[pa.RecordBatch] = []

    def history(*_: object) -> pa.RecordBatch:
        return pa.Table.from_batches(loads, SCHEMA).combine_chunks().to_batches()[0] if loads else NOTHING

    evaluation = LayerEvaluation(history)
    evaluation.add(count_rule(0, "06010"))
    for bin_of in np.unique(arrives).tolist():
        chosen = np.flatnonzero(arrives == bin_of)
        at_us = START + (bin_of + 1) * 5 * 60 * SECOND
        rows = batch({
            "st_key": [str(each) for each in chosen.tolist()], "st_time": time_all[chosen],
            "st_x": np.full(len(chosen), ORIGIN[0]),
            "st_y": np.full(len(chosen), ORIGIN[1]), "mover": ["m"] * len(chosen), "kind": ["06010"] * len(chosen),
            "unit": [f"u{each}" for each in unit_all[chosen].tolist()],
        }, at_us)  # fmt: skip
        loads.append(rows)
        for alert in evaluation.load(LoadedRows(at_us, rows, NOTHING)):
            everything[alert.id] = alert
    alerts = [alert for alert in everything.values() if alert.is_believed]
    hits = [
        any(
            alert.group == f"u{place}"
            and alert.incident.from_us <= last
            and first <= (alert.incident.to_us or 2**62)
            for alert in alerts
        )
        for place, first, last in truth
    ]
    right = [
        any(
            alert.group == f"u{place}"
            and alert.incident.from_us <= last
            and first <= (alert.incident.to_us or 2**62)
            for place, first, last in truth
        )
        for alert in alerts
    ]
    print(
        f"{incidents} planted incidents in {len(time_all):,} rows, 10 % late by up to 2 h: "
        f"recall {np.mean(hits):.1%}, precision {np.mean(right):.1%}; {len(alerts)} alerts, "
        f"{sum(alert.late for alert in alerts)} late (to beat: 92 %)"
    )


def latency(rules: int, rows: int, seconds: int) -> None:
    """Print how long batches take from when they are there until their alerts are visible."""
    chance = np.random.default_rng(3)
    movers, side, now_us = 5_000, 0.2, START
    west_south = np.array((116.9, 31.5))
    place = chance.uniform(0, side, (movers, 2)) + west_south

    def arriving(second: int) -> pa.Table:
        chosen = chance.choice(movers, rows, replace=False)
        place[chosen] += chance.normal(0, 0.0006, (rows, 2))
        at_us = START + second * SECOND - chance.integers(0, SECOND, rows)
        return pa.table({
            "id": [f"{second}.{number}" for number in range(rows)], "at": pa.array(at_us).cast(INSTANT),
            "lon": place[chosen, 0], "lat": place[chosen, 1], "mover": [f"m{mover}" for mover in chosen.tolist()],
            "kind": [f"{kind:05d}" for kind in chance.integers(0, rules, rows).tolist()],
            "unit": [f"u{unit}" for unit in chance.integers(0, 200, rows).tolist()],
        })  # fmt: skip

    options: dict[str, Any] = {"key": "id", "time": "at", "lon": "lon", "lat": "lat", "datum": "wgs84"}
    took: list[tuple[float, float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        stcloud.create(Path(folder) / "city", crs="EPSG:4548", zone="Asia/Shanghai").close()
        with stcloud.open(Path(folder) / "city", clock=lambda: now_us) as city:
            city.load("rows", arriving(0), **options)
            kept = StandingRules(city.parts, city.configuration.zone)
            for number in range(rules):
                corner = chance.uniform(0, side - 0.002, 2) + west_south if number % 2 else None
                rule = StandingRule.from_document(_document(number, corner), name="bench")
                now_us += 1
                kept.append(rule.id, rule.to_toml(), now_us)
            city.standing.run()
            raised = 0
            with garbage_between_batches() as rest:  # as `stcloud listen` does
                for second in range(1, seconds + 1):
                    now_us, batch_rows = START + (second + 1) * SECOND, arriving(second)
                    began, processor = time.perf_counter(), time.process_time()
                    reckoning = city.load("rows", batch_rows, **options)
                    loaded = time.perf_counter()
                    run = city.standing.after_load(reckoning)
                    raised += 0 if run is None else run.raised
                    done = time.perf_counter()
                    spent = time.process_time() - processor
                    rest()
                    took.append((done - began, loaded - began, spent, time.perf_counter() - done))
    every = np.array(took[2:]) * 1e3
    for name, column in (
        ("until alerts are visible", 0),
        ("of these the load", 1),
        ("of the processor", 2),
        ("then garbage is searched for", 3),
    ):
        median, p95, most = np.quantile(every[:, column], (0.5, 0.95, 1.0))
        print(f"{name}: median {median:.0f} ms, p95 {p95:.0f} ms, at most {most:.0f} ms")
    print(f"{rules:,} rules, {len(every)} batches of {rows:,} rows, {raised / seconds:.0f} alerts a batch")


def _document(number: int, corner: Any) -> dict[str, Any]:
    if corner is None:
        question = {"layer": "rows", "what": f"kind = '{number:05d}'", "by": "unit"}
        more = {"at_least": 6, "within": "1h", "quiet": "1h"}
        return {"id": f"count-{number}", "from": "2023-01-01", "question": question} | more
    west, south = corner
    area = f"bbox:{west:.5f},{south:.5f},{west + 0.002:.5f},{south + 0.002:.5f}"
    question = {"layer": "rows", "where": area, "by": "mover"}
    return {"id": f"area-{number}", "from": "2023-01-01", "gap": "10min", "question": question}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--latency", action="store_true")
    given = parser.parse_args()
    if given.latency:
        latency(given.rules, given.rows, given.seconds)
        return
    speed(given.rules, given.rows, given.seconds)
    planted(200, 2_000)


if __name__ == "__main__":
    main()
