"""Two surveys of the street lamps of Alderport, before and after a storm.

Tested by `tests/saas/demo/test_survey.py`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import shapely

from stcloud.saas.demo.ground import StreetPlan

__all__ = ["STORMY", "Lamp", "after_the_storm", "first_survey"]

STORMY = ("Old Quay", "Fish Market")
"""Communities in which the storm damaged lamps."""

_APART_M, _ASIDE_M = 60.0, 5.0
_DARK, _DAMAGED = 0.05, 0.3
_MOVED, _REMOVED, _ADDED = 6, 4, 9


@dataclass(frozen=True, slots=True)
class Lamp:
    """A street lamp as a survey describes it.

    Parameters
    ----------
    number
        Of its plate; a lamp that is replaced keeps it.
    street, fitting, status
        Name of the street; ``sodium`` or ``LED``; ``working``, ``dark`` or ``damaged``.
    x, y
        Metres in the ground's CRS.
    """

    number: int
    street: str
    fitting: str
    status: str
    x: float
    y: float

    @property
    def key(self) -> str:
        """What its plate says."""
        return f"L{self.number:04d}"


def first_survey(ground: StreetPlan) -> list[Lamp]:
    """Return the lamps of 1 January 2024: one every 60 m, beside the streets."""
    chance = np.random.default_rng([ground.seed, 4])
    lamps: list[Lamp] = []
    town = shapely.union_all([place["area"] for place in ground.communities])
    for name, kind, line in ground.streets:
        sides = [shapely.offset_curve(line, aside) for aside in (_ASIDE_M, -_ASIDE_M)]
        beside = next(side for side in sides if town.covers(side.interpolate(0.5, normalized=True)))
        for metres in np.arange(_APART_M / 2, beside.length, _APART_M).tolist():
            place = beside.interpolate(metres)
            is_new, is_dark = chance.random() < (0.5 if kind == "main" else 0.1), chance.random() < _DARK
            lamps.append(
                Lamp(
                    len(lamps) + 1, name, "LED" if is_new else "sodium", "dark" if is_dark else "working",
                    round(place.x, 2), round(place.y, 2),
                )
            )  # fmt: skip
    return lamps


def after_the_storm(ground: StreetPlan, lamps: list[Lamp]) -> list[Lamp]:
    """Return the lamps of 1 July 2024: some damaged, some replaced, moved, removed or added."""
    chance = np.random.default_rng([ground.seed, 5])
    stormy = shapely.union_all([place["area"] for place in ground.communities if place["name"] in STORMY])
    shapely.prepare(stormy)
    changed: list[Lamp] = []
    for lamp in lamps:
        is_hit = chance.random() < _DAMAGED
        if lamp.status == "dark":
            changed.append(dataclasses.replace(lamp, fitting="LED", status="working"))
        elif is_hit and shapely.contains_xy(stormy, lamp.x, lamp.y):
            changed.append(dataclasses.replace(lamp, status="damaged"))
        else:
            changed.append(lamp)
    drawn = chance.choice(len(changed), _MOVED + _REMOVED, replace=False).tolist()
    for number in drawn[:_MOVED]:
        lamp = changed[number]
        changed[number] = dataclasses.replace(lamp, x=round(lamp.x + 12.0, 2), y=round(lamp.y - 9.0, 2))
    removed = set(drawn[_MOVED:])
    kept = [lamp for number, lamp in enumerate(changed) if number not in removed]
    return kept + _added(ground, len(lamps))


def _added(ground: StreetPlan, before: int) -> list[Lamp]:
    """Return new lamps along the path through the park."""
    south, north = ground.nodes[5, 9], ground.nodes[7, 9]
    shares = (np.arange(_ADDED) + 0.5) / _ADDED
    places = south + (north - south) * shares[:, None]
    return [
        Lamp(before + number, "Park Path", "LED", "working", round(x, 2), round(y, 2))
        for number, (x, y) in enumerate(places.tolist(), start=1)
    ]
