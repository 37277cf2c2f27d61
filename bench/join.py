"""As-of joins: events with the polygons that were there at their own time, and with the nearest points.

Each party works in a process of its own, with its data in its best form: arrays for us, points that are built already
and versions split by hand for the others, who know no time. Indexes are built before, but where it is said. All must
find the same pairs. Seconds are the best of several, with those of all cores kept beside.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

from bench import cityjoin, holding, joiners, postgis
from bench.data import Scale
from bench.process import Done, apart
from bench.report import Finding, Target
from bench.world import NEAR_M, World

__all__ = ["findings"]


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the join with polygons, its growth, and the nearest points."""
    world = World.of(scale.name)
    yield from _within(world)
    yield from _nearest(world)
    yield from cityjoin.findings(scale.folder, world)


def _within(world: World) -> Iterator[Finding]:
    size = {"events": world.events, "across": world.across}
    ours, again = apart(holding.hold, **size).result, apart(holding.hold_built, **size)
    peers = {
        "geopandas": apart(joiners.hold_geopandas, **size).result,
        "SedonaDB": _if_there("sedonadb", joiners.hold_sedona, **size),
        "PostGIS": _postgis(world),
    }
    fastest, best_s = _fastest(peers)
    more = {**ours, **peers, "differing": _differing(ours, peers)}
    name = f"as-of join, {world.said}, exact"
    must, aim = Target(ratio=1 / 4, most=0.35), Target(ratio=1 / 10, most=0.13)
    yield Finding(name, _best(ours), "s", fastest, best_s, must, aim, more)
    built = again.result
    yield Finding(
        "the same, index built first",
        _best(built),
        "s",
        fastest,
        best_s,
        Target(most=1.5),
        Target(most=0.5),
        built,
    )
    yield Finding("its memory, events and polygons too", again.peak_gb, "GB", "", None, Target(most=1.0))
    ten = apart(holding.hold, **{**size, "events": world.events * 10})
    yield from _grown("the same with ten times the events", ours, ten)
    ten = apart(holding.build, across=round(world.across * 10**0.5))
    yield from _grown("index built of ten times the polygons", built["build"], ten)


def _nearest(world: World) -> Iterator[Finding]:
    size = {"events": world.events, "points": world.points}
    ours = apart(holding.near, **size).result
    peers = {
        "cKDTree": _if_there("scipy", joiners.near_tree, **size),
        "sjoin_nearest": apart(joiners.near_geopandas, **size).result,
    }
    fastest, best_s = _fastest(peers)
    more = {**ours, **peers, "differing": _differing(ours, peers)}
    name = f"nearest within {NEAR_M:g} m, {world.events / 1e6:g}M events × {world.points:,} points"
    yield Finding(name, _best(ours), "s", fastest, best_s, Target(most=0.5), Target(most=0.16), more)
    ten = apart(holding.near, **{**size, "events": world.events * 10})
    yield from _grown("the same with ten times the events", ours, ten)
    ten = apart(holding.near, **{**size, "points": world.points * 10})
    yield from _grown("the same with ten times the points", ours, ten)


def _postgis(world: World) -> dict[str, Any]:
    try:
        with postgis.server() as connection:
            version = postgis.version(connection)
    except postgis.Missing as missing:
        return {"missing": str(missing)}
    return {
        **apart(joiners.hold_postgis, events=world.events, across=world.across).result,
        "version": version,
    }


def _if_there(package: str, work: Callable[..., Any], **size: int) -> dict[str, Any]:
    if importlib.util.find_spec(package) is None:
        return {"missing": f"{package} is not installed"}
    found: dict[str, Any] = apart(work, **size).result
    return found


def _best(found: dict[str, Any]) -> float:
    """Return the best of several: whoever else the machine works for slows all, and not alike."""
    return float(found["best_s"])


def _fastest(peers: dict[str, dict[str, Any]]) -> tuple[str, float | None]:
    there = {name: _best(one) for name, one in peers.items() if "s" in one}
    name = min(there, key=lambda one: there[one], default="")
    return name, there.get(name)


def _differing(ours: dict[str, Any], peers: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {name: int(one["found"] != ours["found"]) for name, one in peers.items() if "found" in one}


def _grown(name: str, once: dict[str, Any], ten: Done) -> Iterator[Finding]:
    """Tell how the time grew, beside ten times the time."""
    found = {**ten.result, "once_s": _best(once), "peak_gb": round(ten.peak_gb, 2)}
    times = _best(ten.result) / _best(once)
    yield Finding(
        name, _best(ten.result), "s", "10 ×", 10 * _best(once), None, None, {**found, "times": times}
    )
