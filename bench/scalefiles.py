"""A layer of very many files: what it costs to open it, to commit to it, and to choose the files of a question.

The files are links to one that a load wrote; the log has other months, keys and numbers of rows of them. Only the log
is read.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import stcloud
from bench.report import Finding
from bench.scalewatch import watched
from stcloud.iaas.table.datafile import STAGED, Written
from stcloud.iaas.table.table import Table
from stcloud.testing.events import HEAD, define, row

__all__ = ["findings"]

_MONTHS = 60
_ROWS = 200_000  # so many, that they are not merged


def findings(folder: Path, sizes: Sequence[int]) -> Iterator[Finding]:
    """Measure tables of so many files, beside the smallest."""
    first: dict[str, float] = {}
    for files in sizes:
        city = folder / "city-files"
        shutil.rmtree(city, ignore_errors=True)
        many = watched(city_of_files, city=str(city), files=files)
        used = watched(use, city=str(city))
        shutil.rmtree(city)
        for work, seconds in used.result.items():
            peer = first.setdefault(work, seconds)
            more = {"peak_gb": used.peak_gb, "built_s": many.seconds, "log_bytes": many.result}
            yield Finding(
                f"{work}, {files:,} files", seconds, "s", f"{sizes[0]:,} files", peer, None, None, more
            )


def city_of_files(city: str, files: int) -> int:
    """Make a city with a layer of so many files; return the size of its log."""
    source = Path(f"{city}.csv")
    with stcloud.create(city, crs="EPSG:32651", zone="Asia/Shanghai") as made:
        source.write_text(HEAD + "".join(row(number, at="2024-03-02 10:00:00") for number in range(100)))
        made.load("events", source, definition=define())
    source.unlink()
    table = Table(Path(city) / "layers" / "events")
    snapshot = table.snapshot()
    (file,) = snapshot.files
    staged = table.root / STAGED
    staged.mkdir(exist_ok=True)
    before = table.write(snapshot.read([file]), {"st_month": "2024-03"}, bounded=("st_key",))
    written = []
    for number in range(files):
        month = f"{2020 + number % _MONTHS // 12}-{1 + number % 12:02}"
        other = _other(before, month, number)
        os.link(staged / before.path, staged / other.path)
        written.append(other)
    table.commit(add=written, after=table.sequence())
    table.checkpoint()
    return sum(path.stat().st_size for path in (table.root / "_delta_log").iterdir())


def use(city: str) -> dict[str, float]:
    """Open the layer, ask for a count of an empty hour, which reads no file, and load a few rows."""
    opened, times = stcloud.open(city), {}
    start = time.perf_counter()
    opened.layer("events")
    times["open the layer"] = time.perf_counter() - start
    for name in ("first question", "question"):
        start = time.perf_counter()
        opened.query("events").when("2022-05-17T03").count()
        times[name] = time.perf_counter() - start
    for name in ("first load", "load of few rows"):
        source = Path(f"{city}.csv")
        source.write_text(HEAD + row(10**6, at="2026-03-02 10:00:00", note=name))
        start = time.perf_counter()
        opened.load("events", source)
        times[name] = time.perf_counter() - start
        source.unlink()
    return times


def _other(written: Written, month: str, number: int) -> Written:
    """Return a file of another month, whose keys no other file has."""
    stats: dict[str, Any] = json.loads(written.stats) | {"numRecords": _ROWS}
    for name in ("minValues", "maxValues"):
        stats[name] |= {"st_time": f"{month}-02T02:00:00.000000Z", "st_key": f"file {number:09}"}
    path = f"{number:09}-{written.path}"
    return replace(written, path=path, rows=_ROWS, partition={"st_month": month}, stats=json.dumps(stats))
