"""The value at a place: of the nearest station as it was then, or a mean weighted by distance, with its stations.

Tested by `tests/paas/series/test_placevalue.py` and `tests/properties/test_series.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.index.neartime import nearest_in_time
from stcloud.paas.series.readings import GOOD, MISSING, Ints, Readings
from stcloud.paas.series.stations import Stations
from stcloud.time import Zone

__all__ = ["PlaceRule", "PlaceValue", "StationValue", "value_at"]

_METHODS = ("nearest", "idw")
_HERE_M = 0.01
"""A place as near to a station as this is its own."""


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """How a value at a place is made of values of stations.

    Parameters
    ----------
    method
        ``nearest``, or ``idw``: inverse distance weighting.
    within_us
        How far a reading may be in time, microseconds, inclusive.
    within_m
        How far a station may be, metres, inclusive; infinite: any.
    power
        Weights are ``1 / distance ** power``.

    Raises
    ------
    InvalidInput
        ``unknown-method``, ``invalid-distance``, ``invalid-power``
    """

    method: str
    within_us: int
    within_m: float = math.inf
    power: float = 2.0

    def __post_init__(self) -> None:
        if self.method not in _METHODS:
            raise InvalidInput(
                "unknown-method", f"no method '{self.method}' gives a value at a place",
                hint=f"use {' or '.join(_METHODS)}",
            )  # fmt: skip
        if not self.within_m >= 0:
            raise InvalidInput(
                "invalid-distance", f"{self.within_m} m is no distance", hint="0 or more metres"
            )
        if not 0 < self.power <= 10:
            raise InvalidInput(
                "invalid-power", f"{self.power} is no power of a distance", hint="more than 0, at most 10"
            )

    def __str__(self) -> str:
        far = "" if math.isinf(self.within_m) else f" within {self.within_m:g} m"
        near = f"reading nearest in time within {self.within_us / 60e6:g} min"
        if self.method == "nearest":
            return f"nearest station{far} as it was then, {near}"
        return f"stations{far} as they were then, weighted by 1 / distance^{self.power:g}, good {near}"


@dataclass(frozen=True, slots=True)
class StationValue:
    """What a station contributed: its key, distance (metres), value, weight (all weights add up to 1), and time."""

    station: str
    distance_m: float
    value: float
    weight: float
    time_us: int


@dataclass(frozen=True, slots=True)
class PlaceValue:
    """A value at a place and an instant.

    Attributes
    ----------
    name, unit
        What it is of, and its unit.
    value
        NaN: there is none.
    flag
        ``good``, ``implausible`` (of the nearest station), or ``missing``.
    rule
        How it was made.
    stations
        The stations that it was made of, the nearest first; of the nearest also one that has no value.
    zone
        The city's, for texts.
    """

    name: str
    unit: str
    value: float
    flag: str
    rule: str
    stations: tuple[StationValue, ...]
    zone: Zone

    def __repr__(self) -> str:
        shown = "no value" if math.isnan(self.value) else f"{self.value:.6g} {self.unit}"
        parts = ", ".join(f"{part.station} ({part.distance_m:,.0f} m)" for part in self.stations)
        return f"{self.name}: {shown} ({self.flag}; {self.rule}: {parts or 'none'})"

    def to_records(self) -> list[dict[str, Any]]:
        """Return a record for each station: what it contributed."""
        return [
            {
                "value": self.name, "unit": self.unit, "result": _number(self.value), "flag": self.flag,
                "station": part.station, "distance_m": part.distance_m, "reading": _number(part.value),
                "weight": part.weight, "time": None if part.time_us < 0 else self.zone.iso(part.time_us),
                "rule": self.rule,
            }
            for part in self.stations
        ]  # fmt: skip


def value_at(
    readings: Readings, stations: Stations, at_us: int, x: float, y: float, rule: PlaceRule, zone: Zone
) -> Mapping[str, PlaceValue]:
    """Return each value at a place, metres in the city's CRS, and an instant, UTC microseconds."""
    there = stations.valid_at(at_us)
    far_m = np.hypot(there.x - x, there.y - y)
    order = [
        row for row in np.lexsort((there.keys.astype(str), far_m)).tolist() if far_m[row] <= rule.within_m
    ]
    made = {}
    for name in readings.values:
        parts = list(
            _parts(readings, name, [(str(there.keys[row]), float(far_m[row])) for row in order], at_us, rule)
        )
        made[name] = _combined(readings, name, parts, rule, zone)
    return made


def _parts(
    readings: Readings, name: str, near: list[tuple[str, float]], at_us: int, rule: PlaceRule
) -> Iterator[tuple[str, float, int]]:
    """Give station, distance and row of what counts, nearest first; row -1: no value near in time."""
    flags = readings.flags[name]
    usable = np.flatnonzero(flags != MISSING if rule.method == "nearest" else flags == GOOD)
    starts = np.searchsorted(readings.station[usable], np.arange(len(readings.stations) + 1))
    number = {key: at for at, key in enumerate(readings.stations)}
    for key, far_m in near:
        wanted: Ints = np.array([number.get(key, -1)], np.int64)
        row = int(
            nearest_in_time(starts, readings.time_us[usable], wanted, np.array([at_us]), rule.within_us)[0]
        )
        if rule.method == "nearest":
            yield key, far_m, -1 if row < 0 else int(usable[row])
            return
        if row >= 0:
            yield key, far_m, int(usable[row])


def _combined(
    readings: Readings, name: str, parts: list[tuple[str, float, int]], rule: PlaceRule, zone: Zone
) -> PlaceValue:
    here = [part for part in parts if part[1] <= _HERE_M]
    used = here[:1] or parts
    far_m = np.array([max(part[1], _HERE_M) for part in used])
    weights = (far_m.min(initial=np.inf) / far_m) ** rule.power
    weights = weights / weights.sum() if len(weights) else weights
    contributed, value, flag = [], math.nan, "missing"
    for (key, metres, row), weight in zip(used, weights.tolist(), strict=True):
        reading = math.nan if row < 0 else float(readings.values[name][row])
        time_us = -1 if row < 0 else int(readings.time_us[row])
        contributed.append(StationValue(key, metres, reading, weight, time_us))
    if contributed:
        value = math.fsum(part.value * part.weight for part in contributed)
        row = used[0][2]
        flag = "missing" if row < 0 else ("good", "implausible", "missing")[int(readings.flags[name][row])]
    return PlaceValue(name, readings.units[name], value, flag, str(rule), tuple(contributed), zone)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
