"""Small series: definitions of readings and stations, cities that have them, and readings made of plain values.

Tested by `tests/city/test_series.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.series.readings import Readings

__all__ = ["AUCKLAND", "LONG", "SHANGHAI", "STATIONS", "WIDE", "readings_from", "series_city"]

SHANGHAI = ("EPSG:4548", "Asia/Shanghai")
AUCKLAND = ("EPSG:2193", "Pacific/Auckland")
"""CRS and zone of cities far from UTC; the second one's clock is set twice a year."""

STATIONS = """
id = "sensors"
kind = "feature"
key = ["station"]
[space]
lon = "lon"
lat = "lat"
datum = "wgs84"
"""
"""Definition of stations: ``station,lon,lat``."""

_HEAD = """
id = "air"
kind = "event"
null = ["", "NA"]
[time]
column = "time"
[space]
none = true
[series]
station = "station"
stations = "sensors"
step = "1h"
complete = "18 of 24"
"""

WIDE = f"""{_HEAD}
[series.values]
"PM2.5" = {{ unit = "ug/m3", plausible = [0, 1000] }}
CO = {{ unit = "mg/m3", from = "ug/m3" }}
"""
"""Definition of readings, a column a value: ``station,time,PM2.5,CO``."""

LONG = f"""{_HEAD}
variable = "pollutant"
value = "amount"
[series.values]
"PM2.5" = {{ unit = "ug/m3", plausible = [0, 1000] }}
CO = {{ unit = "mg/m3", from = "ug/m3" }}
"""
"""Definition of readings, a row a value: ``station,time,pollutant,amount``."""


def series_city(
    folder: Path, place: tuple[str, str], stations: str = "", clock: Callable[[], int] | None = None
) -> City:
    """Make a city with a layer of stations, valid for ever, if there are any: lines ``station,lon,lat``."""
    import stcloud  # noqa: PLC0415  (who imports the definitions needs no city)

    crs, zone = place
    stcloud.create(folder, crs=crs, zone=zone).close()
    city = stcloud.open(folder) if clock is None else stcloud.open(folder, clock=clock)
    if stations:
        source = folder.with_name("sensors.csv")
        source.write_text(f"station,lon,lat\n{stations}", encoding="utf-8")
        definition = folder.with_name("sensors.toml")
        definition.write_text(STATIONS, encoding="utf-8")
        city.load("sensors", source, definition=definition, valid_from="1990-01-01")
    return city


def readings_from(
    rows: Iterable[tuple[str, int, Mapping[str, float]]],
    names: Iterable[str],
    step_us: int | None = 3_600_000_000,
    recorded_us: int = 0,
) -> Readings:
    """Return readings of plain rows: station, UTC microseconds, values; NaN or absent: none, negative: implausible.

    >>> readings_from([("a", 5, {"x": 1.0})], ["x"])
    Readings: 1 of 1 stations: x (1)
    """
    from stcloud.paas.series.readings import GOOD, IMPLAUSIBLE, MISSING, Readings  # noqa: PLC0415

    ordered: list[tuple[str, int, Mapping[str, float]]] = sorted(rows, key=lambda row: row[:2])
    stations = tuple(sorted({station for station, _, _ in ordered}))
    values = {name: np.array([row[2].get(name, np.nan) for row in ordered], np.float64) for name in names}
    flags: dict[str, Any] = {
        name: np.where(np.isnan(of), MISSING, np.where(of < 0, IMPLAUSIBLE, GOOD)).astype(np.uint8)
        for name, of in values.items()
    }
    return Readings(
        stations, np.array([stations.index(row[0]) for row in ordered], np.int32),
        np.array([row[1] for row in ordered], np.int64), values, flags,
        np.full(len(ordered), recorded_us, np.int64), step_us, dict.fromkeys(values, "1"),
    )  # fmt: skip
