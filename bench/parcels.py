"""Invented parcels, the same for the same seed: polygons on a jittered lattice, of which some change now and then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray

from bench.data import CRS, SEED

__all__ = ["DEFINITION", "SIDE_M", "SOUTH", "WEST", "changed", "columns", "write"]

DEFINITION = f"""
id = "parcels"
kind = "feature"
key = ["id"]
[space]
column = "geometry"
encoding = "wkb"
crs = "{CRS}"
[columns]
floors = {{ type = "integer" }}
height_m = {{ type = "number", unit = "m" }}
"""
WEST, SOUTH, SIDE_M = 571_300.0, 4_488_300.0, 24.0
_CHUNK = 100_000
_USES = pa.array(["dwelling", "shop", "office", "school", "works", "depot", "farm", "park", "road", "water"])
_WKB = {b"ARROW:extension:name": b"geoarrow.wkb"}
_SCHEMA = pa.schema([
    ("id", pa.string()), ("name", pa.string()), ("use", pa.string()), ("floors", pa.int32()),
    ("height_m", pa.float64()), pa.field("geometry", pa.binary(), metadata=_WKB),
])  # fmt: skip


def columns(count: int) -> int:
    """Return how many parcels lie side by side; the lattice is as high as it is wide."""
    return int(np.ceil(np.sqrt(count)))


def changed(count: int, shares: Sequence[float]) -> NDArray[np.int64]:
    """Return the number of the round in which each parcel changed last: from 1, 0 for never.

    Each of ``shares`` is a round, in which that share of the parcels changes, anywhere.
    """
    last = np.zeros(count, np.int64)
    for number, share in enumerate(shares, start=1):
        chance = np.random.default_rng([SEED, 7, number])
        last[chance.choice(count, round(count * share), replace=False, shuffle=False)] = number
    return last


def write(
    path: Path, count: int, shares: Sequence[float] = (), *, newest: bool = False, shuffled: bool = False
) -> tuple[Path, int]:
    """Write parcels as they are after some rounds; return the file and its rows' size in Arrow, bytes.

    Parameters
    ----------
    path
        FlatGeobuf or GeoPackage, by its suffix; what lies there is replaced.
    count, shares
        How many parcels, and the rounds, as of `changed`.
    newest
        Only the parcels that changed in the last round.
    shuffled
        The same rows in another order.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    sizes: list[int] = []

    def told() -> Iterator[pa.RecordBatch]:
        for rows in _rows(count, shares, newest=newest, shuffled=shuffled):
            sizes.append(rows.nbytes)
            yield rows

    geopackage = path.suffix == ".gpkg"
    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(_SCHEMA, told()), path, geometry_name="geometry", crs=CRS,
        driver="GPKG" if geopackage else "FlatGeobuf", geometry_type="Polygon", layer="parcels",
        SPATIAL_INDEX="YES" if geopackage else "NO",  # FlatGeobuf's index would put the rows in its own order
    )  # fmt: skip
    return path, sum(sizes)


def _rows(count: int, shares: Sequence[float], *, newest: bool, shuffled: bool) -> Iterator[pa.RecordBatch]:
    last = changed(count, shares)
    starts = range(0, count, _CHUNK)
    for start in reversed(starts) if shuffled else starts:
        size = min(_CHUNK, count - start)
        rows = _chunk(start, last[start : start + size], columns(count))
        if newest:
            rows = rows.take(pa.array(np.flatnonzero(last[start : start + size] == len(shares))))
        if shuffled:
            rows = rows.take(pa.array(np.random.default_rng([SEED, 8, start]).permutation(len(rows))))
        yield rows


def _chunk(start: int, last: NDArray[np.int64], across: int) -> pa.RecordBatch:
    """Return parcels as the round of their last change left them: higher, and every other one moved."""
    chance = np.random.default_rng([SEED, 6, start])
    number = np.arange(start, start + len(last))
    floors = chance.integers(1, 30, len(last))
    corner = (
        np.column_stack((number % across, number // across)) + 0.5 + chance.uniform(-0.1, 0.1, (len(last), 2))
    )
    middle = corner * SIDE_M + (WEST, SOUTH)
    middle[:, 0] += np.where(number % 2, last * 0.05, 0)
    values = [
        pa.array([f"P{one:08d}" for one in number]),
        pa.array([f"lot {one % 997} of block {one // 997}" for one in number]),
        _USES.take(pa.array(chance.integers(0, len(_USES), len(last)))),
        pa.array(floors, pa.int32()),
        pa.array(np.round(floors * 3.1 + last * 0.5, 2)),
        pa.array(shapely.to_wkb(_polygons(chance, middle)), pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(values, schema=_SCHEMA)


def _polygons(chance: np.random.Generator, middle: NDArray[np.float64]) -> NDArray[np.object_]:
    """Draw a polygon of 8 to 12 corners around each point, none of which crosses itself; to the millimetre."""
    corners = chance.integers(8, 13, len(middle))
    whose = np.repeat(np.arange(len(middle)), corners)
    within = np.arange(len(whose)) - np.repeat(np.cumsum(corners) - corners, corners)
    angle = 2 * np.pi * (within + chance.uniform(0, 0.8, len(whose))) / corners[whose]
    radius = chance.uniform(6, 10, len(whose))[:, None]
    at = middle[whose] + radius * np.column_stack((np.cos(angle), np.sin(angle)))
    found: NDArray[np.object_] = shapely.polygons(shapely.linearrings(np.round(at, 3), indices=whose))
    return found
