"""Invented data, the same for the same seed, kept on disk: a city of events, and a service-request export."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from bench.requests import HEADER, rows_like_nyc, write_csv
from stcloud.space import Area, project_area

__all__ = ["CRS", "ZONE", "Question", "Scale", "events", "questions", "requests"]

CRS = "EPSG:32618"
ZONE = "America/New_York"
SEED = 20_240_301
_WEST, _SOUTH, _SIDE_M = 571_300.0, 4_488_300.0, 37_400.0  # 374 x 374 cells of 100 m: 139,876
_FIRST, _LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
_MONTHS = 60
_SPOTS = 400
_CHUNK = 250_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much data, and where it lies. ``reuse``: ask layers of events that an earlier run has loaded."""

    name: str
    folder: Path
    requests: int
    more_requests: int
    events: int
    more_events: int
    points: int
    repeats: int
    reuse: bool = False

    @classmethod
    def of(cls, name: str, folder: Path, *, reuse: bool) -> Scale:
        """Return the scale of a name: ``small`` to try, ``full`` to report."""
        sizes = {
            "small": (300_000, 1_000_000, 500_000, 1_500_000, 10_000_000, 1),
            "full": (3_000_000, 10_000_000, 5_000_000, 50_000_000, 10_000_000, 2),
        }
        return cls(name, folder, *sizes[name], reuse)


@dataclass(frozen=True, slots=True)
class Question:
    """An irregular area of about 2 km across, in degrees, and three months from ``first`` to before ``last``."""

    polygon: shapely.Polygon
    first: str
    last: str

    @property
    def when(self) -> str:
        """The months, as `City.query` reads them."""
        return f"{self.first}/{self.last}"

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The months as UTC instants, half-open."""
        starts = [
            datetime.strptime(one, "%Y-%m").replace(tzinfo=ZoneInfo(ZONE)) for one in (self.first, self.last)
        ]
        return starts[0].astimezone(UTC), starts[1].astimezone(UTC)

    @property
    def metric(self) -> BaseGeometry:
        """The area in the city's metres: straight in degrees, some edges bend by a centimetre and get a vertex."""
        return project_area(Area(self.polygon), CRS)


def questions(count: int) -> list[Question]:
    """Return questions that differ in area and months; areas lie where events do."""
    chance = np.random.default_rng([SEED, 1])
    xs, ys = _points(chance, count)
    return [_question(chance, x, y) for x, y in zip(xs, ys, strict=True)]


def _question(chance: np.random.Generator, x: float, y: float) -> Question:
    angles = np.sort(chance.uniform(0, 2 * np.pi, 20))
    radii = chance.uniform(700, 1200, 20)
    lon, lat = _to_metres().transform(
        x + radii * np.cos(angles), y + radii * np.sin(angles), direction="INVERSE"
    )
    month = int(chance.integers(0, _MONTHS - 3))
    first, last = (f"{_FIRST.year + at // 12}-{at % 12 + 1:02d}" for at in (month, month + 3))
    return Question(shapely.Polygon(np.round(np.column_stack((lon, lat)), 7)), first, last)


def events(count: int, folder: Path) -> Path:
    """Return a Parquet file of ``count`` events in the order they happened: id, at, x, y (metres), category."""
    return _kept(folder / f"events-{count}-{SEED}.parquet", lambda path: _write_events(count, path))


def requests(count: int, folder: Path) -> Path:
    """Return a CSV file of ``count`` rows with the 31 columns of New York's export, in no order."""
    return _kept(folder / f"requests-{count}-{SEED}.csv", lambda path: write_csv(path, _request_rows(count)))


def _kept(path: Path, write: Callable[[Path], None]) -> Path:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        write(part)
        part.rename(path)
    return path


def _write_events(count: int, path: Path) -> None:
    schema = pa.schema([
        ("id", pa.int64()), ("at", pa.timestamp("us", "UTC")), ("x", pa.float64()), ("y", pa.float64()),
        ("category", pa.string()),
    ])  # fmt: skip
    names = pa.array([f"category {number:03d}" for number in range(200)])
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        for start in range(0, count, _CHUNK):
            size = min(_CHUNK, count - start)
            chance = np.random.default_rng([SEED, 2, start])
            x, y = _points(chance, size)
            at = pa.array(
                _times(chance, size, start / count, (start + size) / count), schema.field("at").type
            )
            category = names.take(pa.array(_skewed(chance, 200, size)))
            ids = pa.array(np.arange(start, start + size))
            writer.write_table(
                pa.Table.from_arrays([ids, at, pa.array(x), pa.array(y), category], schema=schema)
            )


def _request_rows(count: int) -> Iterator[pa.Table]:
    for start in range(0, count, _CHUNK):
        size = min(_CHUNK, count - start)
        chance = np.random.default_rng([SEED, 3, start])
        lon, lat = _to_metres().transform(*_points(chance, size), direction="INVERSE")
        yield rows_like_nyc(chance, start, lon, lat, _times(chance, size, 0.0, 1.0, ordered=False)).select(
            HEADER
        )


@functools.cache
def _to_metres() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("OGC:CRS84", CRS, always_xy=True)


def _points(chance: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Seven of ten points in hot spots, the others anywhere; to the centimetre."""
    spots = np.random.default_rng([SEED, 4])
    centres = spots.uniform(0, _SIDE_M, (_SPOTS, 2))
    spread_m = np.exp(spots.uniform(np.log(150), np.log(1500), _SPOTS))
    spot = _skewed(chance, _SPOTS, count)
    at = centres[spot] + chance.standard_normal((count, 2)) * spread_m[spot, None]
    stray = (chance.random(count) < 0.3) | (at < 0).any(axis=1) | (at >= _SIDE_M).any(axis=1)
    at[stray] = chance.uniform(0, _SIDE_M, (int(stray.sum()), 2))
    return np.round(at[:, 0] + _WEST, 2), np.round(at[:, 1] + _SOUTH, 2)


def _times(
    chance: np.random.Generator, count: int, low: float, high: float, *, ordered: bool = True
) -> NDArray[np.datetime64]:
    """Instants within a share of the five years, to the second; days are busier than nights."""
    length_s = int((_LAST - _FIRST).total_seconds())
    second = chance.uniform(low * length_s, high * length_s, count)
    day, hour = second // 86_400, chance.normal(19, 4.5, count) % 24  # UTC: early afternoon in the city
    second = np.clip(day * 86_400 + np.floor(hour * 3600), 0, length_s - 1).astype(np.int64)
    second = np.sort(second) if ordered else second
    return (second + int(_FIRST.timestamp())).astype("datetime64[s]").astype("datetime64[us]")


def _skewed(chance: np.random.Generator, kinds: int, count: int) -> NDArray[np.int64]:
    """Draw kinds of which few are frequent: the k-th as often as 1 / (k + 10)."""
    weights = np.cumsum(1 / (np.arange(kinds) + 10))
    return np.searchsorted(weights / weights[-1], chance.random(count), side="right")
