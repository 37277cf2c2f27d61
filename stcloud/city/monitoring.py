"""What was measured at a place: the latest readings of the nearest station, and the scenes that show it.

Tested by `tests/city/test_monitoring.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput, NotFound
from stcloud.time.micros import DAY_US

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.dispatch import PlaceTime

__all__ = ["READING_COLUMNS", "SCENE_COLUMNS", "readings_at", "scenes_at"]

FARTHEST_M = 5_000.0
OLDEST_US = DAY_US

READING_COLUMNS = ("value", "reading", "unit", "flag", "station", "distance_m", "time")
SCENE_COLUMNS = ("layer", "band", "reading", "acquired", "product", "tile")

Records = list[dict[str, Any]]


def readings_at(city: City, layers: Sequence[str], there: PlaceTime) -> tuple[Records, list[str]]:
    """Return the latest values of the nearest station of each layer, and why there are none.

    The station is the nearest one as it was then of those that sent a reading in the day before, up to 5 km away.
    None of its values is later than the instant.
    """
    records: Records = []
    reasons = [] if layers else ["the city has no layers of readings"]
    for layer in layers:
        past = city.series(layer).when((there.at_us - OLDEST_US, there.at_us + 1))
        past = past if there.known_us is None else past.known_at(there.known_us)
        try:
            values = past.value_at(
                (there.lon, there.lat), there.at_us, within="1d", max_distance_m=FARTHEST_M
            )  # fmt: skip
        except (InvalidInput, NotFound) as error:
            reasons.append(f"layer {layer}: {error.message}")
            continue
        measured = [value for value in values.values() if value.stations]
        if not measured:
            reasons.append(
                f"layer {layer} had no reading of a station within {FARTHEST_M:,.0f} m in the day before"
            )
        for value in measured:
            station = value.stations[0]
            missing = math.isnan(value.value)
            records.append({
                "layer": layer, "value": value.name, "reading": None if missing else value.value, "unit": value.unit,
                "flag": value.flag, "station": station.station, "distance_m": round(station.distance_m, 1),
                "time": None if missing else city.configuration.zone.iso(station.time_us),
            })  # fmt: skip
    return records, reasons


def scenes_at(city: City, layers: Sequence[str], there: PlaceTime) -> tuple[Records, list[str]]:
    """Return the value of each band at the place, of the scenes that held there then, and why there are none."""
    records: Records = []
    reasons = [] if layers else ["the city has no layers of scenes"]
    for layer in layers:
        try:
            choice = city.scenes(layer).as_of(there.at_us, known_at=there.known_us).at((there.lon, there.lat))
        except NotFound as error:
            reasons.append(f"layer {layer}: {error.message}")
            continue
        if not len(choice):
            reasons.append(f"layer {layer} had no scene of the place")
            continue
        shown = [(scene, band) for scene in choice.scenes for band in scene.facts.bands]
        for scene, band in shown:
            alone = replace(choice, scenes=(scene,))
            value = float(alone.value_at((there.lon, there.lat), band).to_numpy()[-1, 0])
            records.append({
                "layer": layer, "band": band, "reading": None if math.isnan(value) else value,
                "acquired": city.configuration.zone.iso(scene.acquired_us), "product": scene.product,
                "tile": scene.tile,
            })  # fmt: skip
    return records, reasons
