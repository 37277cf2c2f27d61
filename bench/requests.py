"""Rows with the 31 columns of New York City's 311 export; every value is invented."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["HEADER", "rows_like_nyc", "write_csv"]

HEADER = [
    "Unique Key", "Created Date", "Closed Date", "Agency", "Agency Name", "Complaint Type", "Descriptor",
    "Location Type", "Incident Zip", "Incident Address", "Street Name", "Cross Street 1", "Cross Street 2",
    "Intersection Street 1", "Intersection Street 2", "Address Type", "City", "Landmark", "Status",
    "Resolution Description", "Resolution Action Updated Date", "Community Board", "BBL", "Borough",
    "X Coordinate (State Plane)", "Y Coordinate (State Plane)", "Open Data Channel Type", "Park Facility Name",
    "Latitude", "Longitude", "Location",
]  # fmt: skip
_WORDS = [
    "street",
    "light",
    "noise",
    "residential",
    "heating",
    "water",
    "leak",
    "pothole",
    "sidewalk",
    "tree",
    "damaged",
    "parking",
    "blocked",
    "driveway",
    "vehicle",
    "derelict",
    "graffiti",
    "sewer",
    "catch",
    "basin",
    "odor",
    "animal",
    "rodent",
    "construction",
    "permit",
    "curb",
    "signal",
    "traffic",
    "collection",
    "missed",
    "litter",
    "basket",
    "elevator",
    "paint",
    "plaster",
    "plumbing",
    "door",
    "window",
    "safety",
    "general",
    "maintenance",
]
_BOROUGHS = ("BROOKLYN", "QUEENS", "BRONX", "MANHATTAN", "STATEN ISLAND", "Unspecified")
_CLOCK = "%m/%d/%Y %I:%M:%S %p"

Drawn = NDArray[np.int64]


def write_csv(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write tables of one schema as one CSV file, quoted only where needed."""
    connection, piece = duckdb.connect(), path.with_suffix(".piece")
    connection.execute("SET enable_progress_bar = false")
    with path.open("wb") as whole:
        for number, table in enumerate(tables):
            duckdb.from_arrow(table, connection=connection).write_csv(str(piece), header=number == 0)
            with piece.open("rb") as part:
                shutil.copyfileobj(part, whole, 1 << 22)
    piece.unlink()


def rows_like_nyc(
    chance: np.random.Generator,
    start: int,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    created: NDArray[np.datetime64],
) -> pa.Table:
    """Return rows numbered from ``start``; ``created`` is read as local time."""
    count = len(lon)
    draw = _Draw(chance, count)
    kind = draw.skewed(220)
    borough = draw.skewed(6, flat=1)
    street = draw.skewed(9_000, flat=500)
    house = chance.integers(1, 3_000, count)
    placed = chance.random(count) >= 0.015
    closed = created + (chance.exponential(5 * 86_400, count) * 1e6).astype("timedelta64[us]")
    is_closed = chance.random(count) < 0.93
    spot = np.round(np.stack((lat, lon)), 11)
    latitude, longitude = (pa.array(one, mask=~placed) for one in spot)
    corner = chance.random(count) < 0.12
    columns: dict[str, pa.Array] = {
        "Unique Key": pa.array(np.arange(20_000_000 + start, 20_000_000 + start + count)),
        "Created Date": _clock(created),
        "Closed Date": _clock(closed, is_closed),
        "Agency": _name("AG{}", 15).take(pa.array(kind % 15)),
        "Agency Name": _phrases("Department of {}", 15).take(pa.array(kind % 15)),
        "Complaint Type": _phrases("{} {}", 220).take(pa.array(kind)),
        "Descriptor": _phrases("{} {}", 1_100).take(pa.array(kind * 5 + draw.skewed(5))),
        "Location Type": draw.pick(_phrases("{} {}", 150), empty=0.2),
        "Incident Zip": draw.pick(_name("1{:04d}", 230), empty=0.03),
        "Incident Address": _text(pa.array(house), " ", _streets().take(pa.array(street)), mask=corner),
        "Street Name": _streets().take(pa.array(street, mask=corner)),
        "Cross Street 1": draw.pick(_streets(), empty=0.45),
        "Cross Street 2": draw.pick(_streets(), empty=0.45),
        "Intersection Street 1": draw.pick(_streets(), empty=0.65),
        "Intersection Street 2": draw.pick(_streets(), empty=0.65),
        "Address Type": draw.pick(pa.array(["ADDRESS", "INTERSECTION", "BLOCKFACE", "PLACENAME"]), empty=0.1),
        "City": draw.pick(_phrases("{} HEIGHTS", 50), empty=0.05),
        "Landmark": draw.pick(_streets(), empty=0.85),
        "Status": pa.array(["Closed", "Open", "In Progress"]).take(
            pa.array(np.where(is_closed, 0, 1 + kind % 2))
        ),
        "Resolution Description": draw.pick(_resolutions(), empty=0.2),
        "Resolution Action Updated Date": _clock(closed, chance.random(count) < 0.98),
        "Community Board": _text(
            draw.pick(_name("{:02d}", 18)), " ", pa.array(_BOROUGHS).take(pa.array(borough))
        ),
        "BBL": pa.array(
            (borough % 5 + 1) * 10**9 + chance.integers(1, 10**9, count), mask=chance.random(count) < 0.12
        ),
        "Borough": pa.array(_BOROUGHS).take(pa.array(borough)),
        "X Coordinate (State Plane)": pa.array(((lon + 77) * 276_000).astype(np.int64), mask=~placed),
        "Y Coordinate (State Plane)": pa.array(((lat - 40.1) * 364_000).astype(np.int64), mask=~placed),
        "Open Data Channel Type": draw.pick(pa.array(["PHONE", "ONLINE", "MOBILE", "UNKNOWN", "OTHER"])),
        "Park Facility Name": draw.pick(pa.array(["Unspecified"] * 9 + ["Playground"])),
        "Latitude": latitude,
        "Longitude": longitude,
        "Location": _text("(", latitude, ", ", longitude, ")"),
    }
    return pa.table(columns)


class _Draw:
    """Draws values for ``count`` rows."""

    def __init__(self, chance: np.random.Generator, count: int) -> None:
        self.chance = chance
        self.count = count

    def skewed(self, kinds: int, flat: int = 10) -> Drawn:
        weights = np.cumsum(1 / (np.arange(kinds) + flat))
        return np.searchsorted(weights / weights[-1], self.chance.random(self.count), side="right")

    def pick(self, values: pa.Array, empty: float = 0.0) -> pa.Array:
        """Take values by chance, none in a share ``empty`` of the rows."""
        mask = self.chance.random(self.count) < empty
        return values.take(pa.array(self.skewed(len(values), flat=1 + len(values) // 10), mask=mask))


def _clock(times: NDArray[np.datetime64], written: NDArray[np.bool_] | None = None) -> pa.Array:
    seconds = pa.array(times.astype("datetime64[s]"), mask=None if written is None else ~written)
    return pc.strftime(seconds, _CLOCK)


def _text(*parts: pa.Array | str, mask: NDArray[np.bool_] | None = None) -> pa.Array:
    texts = [part if isinstance(part, str) else part.cast(pa.string()) for part in parts]
    joined = pc.binary_join_element_wise(*texts, "")
    return joined if mask is None else pc.if_else(pa.array(mask), None, joined)


def _name(form: str, count: int) -> pa.Array:
    return pa.array([form.format(number) for number in range(count)])


def _phrases(form: str, count: int) -> pa.Array:
    chance = np.random.default_rng([count, len(form)])
    return pa.array([form.format(*chance.choice(_WORDS, form.count("{}"))).title() for _ in range(count)])


def _streets() -> pa.Array:
    kinds = ("ST", "AVENUE", "PLACE", "STREET", "ROAD")
    return pa.array([f"{word} {at} {kinds[at % 5]}".upper() for at in range(225) for word in _WORDS])


def _resolutions() -> pa.Array:
    chance = np.random.default_rng(6)
    lengths = chance.integers(2, 6, 1_200)
    return pa.array([f"The agency, {' '.join(chance.choice(_WORDS, length))}." for length in lengths])
