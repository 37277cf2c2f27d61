"""Small worlds of movers: drawn fixes, cities that have them, and plain rules that say what stops, dwell … must be.

Tested by `tests/paas/movement/test_fixes.py` and `tests/properties/test_movement.py`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from stcloud.testing.readings import AUCKLAND, SHANGHAI

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from stcloud.city import City
    from stcloud.paas.movement import Fixes

__all__ = [
    "BEGIN_US", "CORNER", "FIXES", "SECOND", "Fix", "Place", "dwell_by_rule", "fixes_of", "load_fixes", "movers_city",
    "observed_moves", "places", "position_at", "runs_of_stops", "tracks_of", "worlds",
]  # fmt: skip

Fix: TypeAlias = tuple[str, int, float, float]
"""A mover, an instant (UTC microseconds), metres."""
Place: TypeAlias = tuple[str, str]
"""CRS and zone of a city."""
Track: TypeAlias = Sequence[Fix]

SECOND = 1_000_000
BEGIN_US: Mapping[str, int] = {
    AUCKLAND[1]: int(np.datetime64("2024-04-06T13:30", "us").astype(np.int64)),
    SHANGHAI[1]: int(np.datetime64("1991-09-14T16:30", "us").astype(np.int64)),
}
"""Half an hour before an hour that the clocks of a zone show twice."""

FIXES = """
id = "vehicles"
kind = "event"
key = ["id"]
mover = "vehicle"
[time]
column = "at"
formats = ["epoch-ms"]
[space]
x = "x"
y = "y"
crs = "{crs}"
[columns.speed]
type = "number"
optional = true
"""
"""Definition of fixes: ``id,vehicle,at,x,y,speed``."""


CORNER: Mapping[str, tuple[float, float]] = {
    AUCKLAND[0]: (1_750_000.0, 5_900_000.0),
    SHANGHAI[0]: (500_000.0, 3_500_000.0),
}
"""Where the fixes of a world lie in the CRS of a city: corners of cells."""


def movers_city(folder: Any, place: Place, **keywords: Any) -> City:
    """Create a city for fixes; with a ``clock`` it has that."""
    import stcloud  # noqa: PLC0415  (what draws alone needs none)

    stcloud.create(folder, crs=place[0], zone=place[1]).close()
    return stcloud.open(folder, **keywords)


def load_fixes(city: City, rows: Iterable[Fix], keys: Iterable[str] | None = None, **more: Any) -> Any:
    """Load fixes into the layer ``vehicles``, and return the reckoning; keys are numbers if none are given.

    Parameters
    ----------
    city, rows
        The city, and the fixes, from the corner of a cell on.
    keys
        Key of each fix.
    more
        Columns by name, or keywords of `City.load`.
    """
    import pandas as pd  # noqa: PLC0415

    import stcloud  # noqa: PLC0415

    given = list(rows)
    crs = city.configuration.crs
    x, y = CORNER[crs]
    named = [f"{at:04}" for at in range(len(given))] if keys is None else list(keys)
    columns: dict[str, Any] = {
        "id": named,
        "vehicle": [fix[0] for fix in given],
        "at": [str(fix[1] // 1000) for fix in given],
        "x": [fix[2] + x for fix in given],
        "y": [fix[3] + y for fix in given],
    }
    if "speed" in more:
        columns["speed"] = more.pop("speed")
    definition = stcloud.Definition.from_toml(FIXES.format(crs=crs), name="vehicles.toml")
    return city.load(
        "vehicles", pd.DataFrame(columns), definition=definition, max_rejected="100%", again=True, **more
    )


def places() -> SearchStrategy[Place]:
    """Draw the place of a city, far from UTC."""
    return st.sampled_from([AUCKLAND, SHANGHAI])


def worlds(most: int = 12, movers: str = "abc", least: int = 0) -> SearchStrategy[list[Fix]]:
    """Draw fixes in any order: often at one place, on the lines of a lattice, or at one instant.

    Parameters
    ----------
    most, movers, least
        So many fixes at most; names of movers; so many fixes at least.
    """
    metre = st.one_of(
        st.sampled_from([0.0, 100.0, 200.0, -100.0]), st.integers(-2500, 2500).map(lambda dm: dm / 10)
    )
    fix = st.tuples(
        st.sampled_from(movers), st.integers(0, 60).map(lambda at: at * 20 * SECOND), metre, metre
    )
    return st.lists(fix, min_size=least, max_size=most)


def tracks_of(fixes: Iterable[Fix]) -> dict[str, list[Fix]]:
    """Return the fixes of each mover in order of time, at one instant in the order in which they were given."""
    tracks: dict[str, list[Fix]] = defaultdict(list)
    for fix in fixes:
        tracks[fix[0]].append(fix)
    return {mover: sorted(tracks[mover], key=lambda fix: fix[1]) for mover in sorted(tracks)}


def fixes_of(given: Iterable[Fix]) -> Fixes:
    """Return fixes as arrays, a track for each mover."""
    from stcloud.paas.movement import Fixes  # noqa: PLC0415  (what draws alone needs none)

    tracks = tracks_of(given)
    rows = [fix for track in tracks.values() for fix in track]
    starts = np.cumsum([0, *(len(track) for track in tracks.values())])
    return Fixes(
        pa.array(list(tracks), pa.string()), np.arange(len(tracks)), starts.astype(np.int64),
        np.array([fix[1] for fix in rows], np.int64), np.array([fix[2] for fix in rows], np.float64),
        np.array([fix[3] for fix in rows], np.float64), np.ones(len(tracks), np.bool_),
    )  # fmt: skip


def runs_of_stops(
    track: Track, within_m: float, least_us: int, gap_us: float = math.inf
) -> list[tuple[int, int]]:
    """Return the first and last fix of each stop of a track, by the rule as it is written."""
    runs, at = [], 0
    while at < len(track):
        last = at
        while (
            last + 1 < len(track)
            and track[last + 1][1] - track[last][1] <= gap_us
            and round(math.dist(track[at][2:], track[last + 1][2:]), 6) <= within_m
        ):
            last += 1
        if track[last][1] - track[at][1] >= least_us:
            runs.append((at, last))
            at = last + 1
        else:
            at += 1
    return runs


def observed_moves(track: Track, gap_us: int) -> list[tuple[Fix, Fix]]:
    """Return the segments of a track that take time, and no more than a gap."""
    pairs = pairwise(track)
    return [(fix, later) for fix, later in pairs if 0 < later[1] - fix[1] <= gap_us]


def position_at(track: Track, gap_us: int, at_us: float) -> tuple[float, float] | None:
    """Return where a mover was at an instant at which it was observed; None: nobody knows."""
    for fix, later in observed_moves(track, gap_us):
        if fix[1] <= at_us <= later[1]:
            share = (at_us - fix[1]) / (later[1] - fix[1])
            return fix[2] + share * (later[2] - fix[2]), fix[3] + share * (later[3] - fix[3])
    return None


def dwell_by_rule(
    tracks: Mapping[str, Track], gap_us: int, side_m: int, edges_us: Sequence[int]
) -> dict[tuple[Any, ...], Fraction]:
    """Return the microseconds of each mover, step, column and row of squares, as exact fractions."""
    dwell: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
    for mover, track in tracks.items():
        for fix, later in observed_moves(track, gap_us):
            begin, lasted = fix[1], later[1] - fix[1]
            x, y = map(Fraction, fix[2:])
            dx, dy = Fraction(later[2]) - x, Fraction(later[3]) - y
            shares = {Fraction(0), Fraction(1)}
            shares |= {Fraction(edge - begin, lasted) for edge in edges_us if begin < edge < begin + lasted}
            for start, way in ((x, dx), (y, dy)):
                low, high = sorted((start, start + way))
                lines = range(math.ceil(low / side_m), math.floor(high / side_m) + 1) if way else ()
                shares |= {(line * side_m - start) / way for line in lines}
            ordered = sorted(shares)
            for first, last in pairwise(ordered):
                middle = (first + last) / 2
                step = sum(edge <= begin + middle * lasted for edge in edges_us) - 1
                cell = (math.floor((x + middle * dx) / side_m), math.floor((y + middle * dy) / side_m))
                dwell[mover, step, *cell] += (last - first) * lasted
    return dict(dwell)
