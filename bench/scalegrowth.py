"""A city of more and more events in the same place and years: load, questions, cube and join, on two engines.

Cities of all sizes are asked in turns by one process, so that whoever else the machine works for slows all alike.
"""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
from rich.console import Console
from rich.table import Table

import stcloud
from bench import scalebucket
from bench.cityjoin import AREAS, sail
from bench.data import CRS, SEED, events, questions
from bench.quads import Quads
from bench.query import load_events
from bench.report import Finding, Target
from bench.scalewatch import Step, watched

__all__ = ["findings", "show_steps"]

_WEST, _SOUTH = 571_300.0, 4_488_300.0
_AREAS_QUADS = Quads(75, 500.0, 125.0, 3.0, (6, 6))
_VERSIONS = 4
_ENGINES = ("duckdb", "sail")
_SPARE, _QUESTIONS = 20, 20
_MOST_GB = 3.0


def findings(
    folder: Path, sizes: Sequence[int], engines: Sequence[str] = _ENGINES, *, reuse: bool = False,
    bucket: bool = False,
) -> Iterator[Finding]:  # fmt: skip
    """Measure each size; then the growth from the first to the last.

    ``reuse``: keep cities, and ask those kept. ``bucket``: ask neighbourhood questions of copies in a bucket alone.
    """
    cities: dict[int, Path] = {}
    for size in sizes:
        cities[size] = folder / f"city-scale-{size}"
        step = _kept(cities[size]) if reuse else None
        step = step or _loaded(folder, size, cities[size])
        yield _finding(step)
    yield from _in_bucket(cities) if bucket else _asked(cities, sizes, engines)
    for city in () if reuse else cities.values():
        shutil.rmtree(city)
        _note(city).unlink()


def _in_bucket(cities: dict[int, Path]) -> Iterator[Finding]:
    measured = list(scalebucket.steps(cities))
    yield from map(_finding, measured)
    yield from scalebucket.targets(measured)


def _asked(cities: dict[int, Path], sizes: Sequence[int], engines: Sequence[str]) -> Iterator[Finding]:
    steps: list[Step] = []
    for engine in engines:
        asked = watched(
            ask_in_turns, cities={str(size): str(city) for size, city in cities.items()}, engine=engine
        )
        steps += [Step(**row, peak_gb=round(asked.peak_gb, 2)) for row in asked.result]
        for work in (cube, join):
            steps += [_watched_step(work, size, city, engine) for size, city in cities.items()]
    for step in steps:
        yield _finding(step)
    yield from _grown(steps, sizes, engines)


def show_steps(measured: Sequence[Finding]) -> None:
    """Print what each piece of work took, and of how much."""
    steps = [finding.more["step"] for finding in measured if finding.more and "step" in finding.more]
    if not steps:
        return
    table = Table(title="work by size", title_justify="left")
    for name in (
        "events",
        "work",
        "engine",
        "seconds",
        "cpu s",
        "peak GB",
        "rows",
        "files",
        "MB",
        "requests",
    ):
        table.add_column(name, justify="left" if name in {"work", "engine"} else "right")
    for step in steps:
        megabytes = None if step["bytes"] is None else step["bytes"] / 1e6
        numbers = (step["seconds"], step["cpu_s"], step["peak_gb"], step["rows"], step["files"], megabytes)
        table.add_row(
            f"{step['events']:,}", step["work"], step["engine"], *map(_text, (*numbers, step["requests"]))
        )
    Console(width=None if Console().is_terminal else 160).print(table)


def _text(number: float | None) -> str:
    if number is None:
        return "–"
    return (
        f"{number:,}" if isinstance(number, int) else f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
    )


def _finding(step: Step) -> Finding:
    name = f"{step.work}, {step.events / 1e6:g}M events, {step.engine}"
    return Finding(name, step.seconds, "s", more={"step": asdict(step)})


def _grown(steps: Sequence[Step], sizes: Sequence[int], engines: Sequence[str]) -> Iterator[Finding]:
    few, many = sizes[0], sizes[-1]
    times = many / few
    for engine in engines:
        for work, most in (("neighbourhood", 2.0), ("cube", times), ("join", times)):
            first, last = (_seconds(steps, work, engine, size) for size in (few, many))
            name = f"{work}, {many / 1e6:g}M events, {engine}"
            must = Target(ratio=most) if engine == "duckdb" else None
            yield Finding(f"growth: {name}", last, "s", f"{few / 1e6:g}M", first, must)
    peak = max(step.peak_gb or 0.0 for step in steps)
    yield Finding("peak memory of all questions", peak, "GB", must=Target(most=_MOST_GB))


def _seconds(steps: Sequence[Step], work: str, engine: str, size: int) -> float | None:
    chosen = (step.seconds for step in steps if (step.work, step.engine, step.events) == (work, engine, size))
    return next(chosen, None)


def _loaded(folder: Path, size: int, city: Path) -> Step:
    """Load a city of so many events, and the areas that they are joined with."""
    shutil.rmtree(city, ignore_errors=True)
    source = events(size, folder)
    done = watched(load_events, city=str(city), source=str(source))
    source.unlink()
    watched(load_areas, city=str(city))
    result, size_bytes = (
        done.result,
        sum(path.stat().st_size for path in city.glob("layers/events/*.parquet")),
    )
    step = Step(
        size, "load", "duckdb", round(done.seconds, 2), round(done.cpu_s, 2), round(done.peak_gb, 2),
        result["accepted"], result["files"], size_bytes,
    )  # fmt: skip
    _note(city).write_text(json.dumps(asdict(step)))
    return step


def _note(city: Path) -> Path:
    return city.with_name(f"{city.name}.json")


def _kept(city: Path) -> Step | None:
    """Return what the load of a city took that an earlier run has kept."""
    return Step(**json.loads(_note(city).read_text())) if _note(city).exists() else None


def _watched_step(work: Callable[..., Any], size: int, city: Path, engine: str) -> Step:
    done = watched(work, city=str(city), engine=engine)
    return Step(
        size, work.__name__, engine, done.result.pop("seconds"), round(done.cpu_s, 2), round(done.peak_gb, 2),
        **{name: done.result.pop(name) for name in ("rows", "files", "bytes")}, more=done.result,
    )  # fmt: skip


def load_areas(city: str) -> None:
    """Load areas that cover the city, each year other ones."""
    opened, file = stcloud.open(city), Path(f"{city}-areas.parquet")
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    names = [f"{number:06}" for number in range(_AREAS_QUADS.across**2)]
    for version in range(_VERSIONS):
        drawn = _AREAS_QUADS.draw(_WEST, _SOUTH, np.random.default_rng([SEED, 33, version]))
        geopandas.GeoDataFrame({"name": names}, geometry=drawn, crs=CRS).to_parquet(file)
        opened.load("areas", file, definition=definition, valid_from=f"{2020 + version}-01-01")
    file.unlink()
    opened.close()


def ask_in_turns(cities: dict[str, str], engine: str) -> list[dict[str, Any]]:
    """Ask the same neighbourhood questions of cities of all sizes in turns; those after the first ones count."""
    opened = {int(size): _open(city, engine) for size, city in cities.items()}
    seconds: dict[int, list[float]] = {size: [] for size in opened}
    cpu_s: dict[int, list[float]] = {size: [] for size in opened}
    rows: dict[int, list[int]] = {size: [] for size in opened}
    for question in questions(_SPARE + _QUESTIONS):
        for size, city in opened.items():
            start, cpu = time.perf_counter(), time.process_time()
            query = city.query("events").where(question.polygon).when(question.when)
            answer = query.count(by=["cell:100m", "week"])
            seconds[size].append(time.perf_counter() - start)
            cpu_s[size].append(time.process_time() - cpu)
            rows[size].append(sum(answer.to_arrow()["count"].to_pylist()))
    return [
        {
            "events": size, "work": "neighbourhood", "engine": engine, "seconds": statistics.median(taken[_SPARE:]),
            "cpu_s": statistics.median(cpu_s[size][_SPARE:]), "rows": round(statistics.median(rows[size])),
            **_size(opened[size]),
            "more": {"first_s": taken[0], "early_s": statistics.median(taken[1:_SPARE]), "all_s": taken},
        }
        for size, taken in seconds.items()
    ]  # fmt: skip


def cube(city: str, engine: str) -> dict[str, Any]:
    """Count all events by square kilometre and week."""
    opened = _open(city, engine)
    start = time.perf_counter()
    made = opened.query("events").when("2020/2025").cube("1km", "1W")
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "rows": opened.layer("events").rows, "shape": list(made.shape)} | _size(
        opened
    )


def join(city: str, engine: str) -> dict[str, Any]:
    """Give each event the area that held it at its own time, streamed."""
    opened = _open(city, engine)
    for _ in opened.query("events").when("2020-01").join_batches("areas"):
        pass  # the index of the areas is made once
    start, rows = time.perf_counter(), 0
    for batch in opened.query("events").join_batches("areas"):
        rows += batch.num_rows
    return {"seconds": time.perf_counter() - start, "rows": rows} | _size(opened)


def _size(city: stcloud.City) -> dict[str, int]:
    snapshot = city.layer("events").snapshot
    return {"files": len(snapshot.files), "bytes": snapshot.bytes}


_SERVERS: list[Any] = []


def _open(city: str, engine: str) -> stcloud.City:
    """Open a city on an engine; one server of Sail lives in this process until its end."""
    if engine != "sail":
        return stcloud.open(city, engine=engine)
    if not _SERVERS:
        _SERVERS.append(sail())
    return stcloud.open(city, engine="sc://{}:{}".format(*_SERVERS[0].listening_address))
