"""Reach: 15 minutes on foot to the nearest of 500 services in a city of 100 km²; beside networkx.

The city is invented: streets a block long, bent at random, buildings with inhabitants, communities of a square
kilometre. We read layers from a city; the peer has the same as frames in memory. Both snap places within edges, find
the nearest service of each building, count the services that it reaches, and say the share of inhabitants who do.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

import stcloud
from bench.data import SEED, Scale
from bench.process import apart
from bench.report import Finding, Target

__all__ = ["findings"]

_CRS = "EPSG:32650"
_WEST, _SOUTH, _SIDE_M = 440_000, 3_500_000, 10_000
_SPEED, _LIMIT_S = 1.2, 900.0
_SINCE = "2024-01-01"


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure who reaches a service, read from a city, and the same in memory."""
    blocks, services, buildings = {"small": (20, 50, 5_000), "full": (70, 500, 50_000)}[scale.name]
    city = _city(scale.folder / "reach", blocks, services, buildings)
    ours = apart(our_reach, city=city)
    peer = apart(networkx_reach, blocks=blocks, services=services, buildings=buildings)
    done, theirs = ours.result, peer.result
    same = (
        theirs is not None
        and abs(done["share"] - theirs["share"]) < 1e-9
        and done["pairs"] == theirs["pairs"]
    )
    size = f"{done['edges']:,} edges, {services:,} services, {buildings:,} buildings"
    more = done | {"peak_gb": round(ours.peak_gb, 2), "same": same}
    yield Finding(
        f"{size}: who reaches a service, by community, first question", done["seconds"], "s", must=Target(most=5),
        more=more,
    )  # fmt: skip
    yield Finding(
        f"{size}: the same once imports are done", done["again_s"], "s", "networkx, in memory",
        None if theirs is None else theirs["seconds"], aim=Target(ratio=1), more=theirs,
    )  # fmt: skip
    yield Finding(f"{size}: reached streets as areas", done["map_s"], "s")


def our_reach(city: str) -> dict[str, Any]:
    """Ask for groups, from the files: as the first question of a process, and again."""
    with stcloud.open(city) as opened:
        done: dict[str, Any] = {}
        for name in ("", "again_"):
            start, cpu = time.perf_counter(), time.process_time()
            reach = opened.reach(
                "streets", "services", people="buildings:people", by="in:communities", at=_SINCE
            )
            groups = reach.groups().to_pandas()
            done[name + ("s" if name else "seconds")] = round(time.perf_counter() - start, 3)
            done[f"{name}cpu_s"] = round(time.process_time() - cpu, 3)
        start = time.perf_counter()
        reach.areas()
        done["map_s"] = round(time.perf_counter() - start, 3)
        done["edges"] = opened.layer("streets").events
        done["share"] = round(float(groups["reached"].sum() / groups["people"].sum()), 12)
        return done | {"pairs": int(reach.people().to_pandas()["services"].sum())}


def networkx_reach(blocks: int, services: int, buildings: int) -> dict[str, Any] | None:
    """Do the same with networkx and arrays; None: it is not installed."""
    try:
        import networkx as nx  # noqa: PLC0415  (a peer that need not be installed)
    except ImportError:
        return None
    streets, asked, homes = _streets(blocks), _services(services), _buildings(buildings)
    start, cpu = time.perf_counter(), time.process_time()
    lines = streets.geometry.to_numpy()
    tree = shapely.STRtree(lines)
    snapped = []
    for places in (asked, homes):
        points = places.geometry.to_numpy()
        edge, far = tree.query_nearest(points, return_distance=True, all_matches=False)
        at = shapely.line_locate_point(lines[edge[1]], points)
        snapped.append((edge[1], at, np.where(far <= 100, far, np.inf)))
    graph, ends = nx.Graph(), {}
    cuts: dict[int, list[tuple[float, Any]]] = {number: [] for number in range(len(lines))}
    for number, (edge, at) in enumerate(zip(*snapped[0][:2], strict=True)):
        cuts[int(edge)].append((float(at), ("cut", number)))
    for number, line in enumerate(lines):
        first, last = ((*line.coords[place], "end") for place in (0, -1))
        ends[number] = [(0.0, first), *sorted(cuts[number]), (line.length, last)]
        for (from_m, one), (to_m, other) in pairwise(ends[number]):
            graph.add_edge(one, other, seconds=(to_m - from_m) / _SPEED)
    for number, far in enumerate(snapped[0][2].tolist()):
        graph.add_edge(("service", number), ("cut", number), seconds=far / _SPEED)
    index = {node: number for number, node in enumerate(graph)}
    edge, at, far = snapped[1]
    sides = np.array(
        [_sides(ends[number], place) for number, place in zip(edge.tolist(), at.tolist(), strict=True)],
        object,
    )
    u, v = (np.array([index[node] for node in sides[:, column]]) for column in (0, 2))
    a, b = ((np.abs(sides[:, column].astype(float) - at) + far) / _SPEED for column in (1, 3))
    starts = [("service", number) for number in range(len(asked))]

    def times(found: dict[Any, float]) -> Any:
        seconds = np.full(len(index), np.inf)
        seconds[[index[node] for node in found]] = list(found.values())
        return np.minimum(seconds[u] + a, seconds[v] + b)

    nearest_s = times(nx.multi_source_dijkstra_path_length(graph, starts, weight="seconds"))
    pairs = sum(
        int((times(nx.single_source_dijkstra_path_length(graph, one, _LIMIT_S, "seconds")) <= _LIMIT_S).sum())
        for one in starts
    )
    people = homes["people"].to_numpy()
    share = float(people[nearest_s <= _LIMIT_S].sum() / people.sum())
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    return {"seconds": round(seconds, 3), "cpu_s": round(cpu_s, 3), "share": round(share, 12), "pairs": pairs}


def _sides(ends: list[tuple[float, Any]], at: float) -> tuple[Any, float, Any, float]:
    """Return the nodes on both sides of a place of an edge, and where they are along it."""
    place = max(number for number, (from_m, _) in enumerate(ends[:-1]) if from_m <= at)
    (from_m, one), (to_m, other) = ends[place], ends[place + 1]
    return one, from_m, other, to_m


def _frame(columns: dict[str, Any], shapes: Any) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(columns, geometry=shapes, crs=_CRS)


def _streets(blocks: int) -> geopandas.GeoDataFrame:
    """Return streets between crossings of a lattice that are moved at random, each with a bend."""
    chance, step = np.random.default_rng([SEED, 71]), _SIDE_M / blocks
    nodes = np.stack(np.meshgrid(np.arange(blocks + 1), np.arange(blocks + 1), indexing="ij"), axis=-1) * step
    nodes = nodes + chance.uniform(-0.25, 0.25, nodes.shape) * step + [_WEST, _SOUTH]
    pairs = np.concatenate([
        np.stack([nodes[:-1], nodes[1:]], axis=-2).reshape(-1, 2, 2),
        np.stack([nodes[:, :-1], nodes[:, 1:]], axis=-2).reshape(-1, 2, 2),
    ])  # fmt: skip
    bend = pairs.mean(axis=1) + chance.normal(0, step / 20, (len(pairs), 2))
    lines = shapely.linestrings(np.stack([pairs[:, 0], bend, pairs[:, 1]], axis=1).round(3))
    return _frame({"id": [f"s{number:06}" for number in range(len(lines))]}, lines)


def _services(count: int) -> geopandas.GeoDataFrame:
    places = np.random.default_rng([SEED, 72]).random((count, 2)) * _SIDE_M + [_WEST, _SOUTH]
    return _frame({"id": [f"k{number:04}" for number in range(count)]}, shapely.points(places.round(2)))


def _buildings(count: int) -> geopandas.GeoDataFrame:
    chance = np.random.default_rng([SEED, 73])
    places = chance.random((count, 2)) * _SIDE_M + [_WEST, _SOUTH]
    columns = {"id": [f"b{number:06}" for number in range(count)], "people": chance.integers(0, 60, count)}
    return _frame(columns, shapely.points(places.round(2)))


def _communities() -> geopandas.GeoDataFrame:
    x, y = (part.ravel() * 1_000 for part in np.meshgrid(np.arange(10), np.arange(10)))
    shapes = shapely.box(_WEST + x, _SOUTH + y, _WEST + x + 1_000, _SOUTH + y + 1_000)
    return _frame({"id": [f"c{number:02}" for number in range(100)]}, shapes)


def _city(folder: Path, blocks: int, services: int, buildings: int) -> str:
    """Make the city; return where it is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    layers = {
        "streets": _streets(blocks), "services": _services(services), "buildings": _buildings(buildings),
        "communities": _communities(),
    }  # fmt: skip
    with stcloud.create(folder / "city", crs=_CRS, zone="UTC") as city:
        for name, frame in layers.items():
            city.load(name, frame, key="id", valid_from=_SINCE)
    return str(folder / "city")
