"""Others who join: each is given its best form, points that are built already and versions split by hand."""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from bench import postgis
from bench.data import CRS
from bench.world import NEAR_M, POINTS_SIDE_M, VERSIONS, YEAR_US, World, sums, timed

__all__ = ["hold_geopandas", "hold_postgis", "hold_sedona", "near_geopandas", "near_tree"]

_TIMES, _SLOW = 3, 1
_SRID = 32618

Ints = NDArray[np.int64]


def hold_geopandas(events: int, across: int) -> dict[str, Any]:
    """Let GeoPandas join version by version."""
    world = World(events, across, 0)
    asked, polygons = _split(world)

    def work() -> dict[str, int]:
        found = [
            geopandas.sjoin(one, areas, predicate="within")["index_right"]
            for one, areas in zip(asked, polygons, strict=True)
        ]
        event = np.concatenate([one.index.to_numpy() for one in found])
        return sums(event, np.concatenate([one.to_numpy() for one in found]))

    work()
    return timed(work, _TIMES)


def hold_sedona(events: int, across: int) -> dict[str, Any]:
    """Let SedonaDB join version by version."""
    import sedonadb  # noqa: PLC0415  (perhaps not there)

    session, world = sedonadb.connect(), World(events, across, 0)
    for version, (one, areas) in enumerate(zip(*_split(world), strict=True)):
        for name, frame in (("e", one), ("p", areas)):
            named = frame.rename_axis("id").reset_index()
            session.create_data_frame(named).to_memtable().to_view(f"{name}{version}")
    joins = [
        f"SELECT e.id AS e, p.id AS p FROM e{one} AS e JOIN p{one} AS p ON ST_Intersects(p.geometry, e.geometry)"
        for one in range(VERSIONS)
    ]

    def work() -> dict[str, int]:
        found = pa.concat_tables([pa.table(session.sql(one)) for one in joins])
        return sums(found["e"].to_numpy(), found["p"].to_numpy())

    work()
    return timed(work, _TIMES)


def near_tree(events: int, points: int) -> dict[str, Any]:
    """Ask scipy's tree, which knows neither time nor whose distances are equal."""
    from scipy.spatial import cKDTree  # noqa: PLC0415  (perhaps not there)

    world = World(events, 0, points)
    x, y, _ = world.happened(POINTS_SIDE_M)
    tree, at = cKDTree(world.spots()), np.column_stack([x, y])

    def work() -> dict[str, int]:
        _, found = tree.query(at, distance_upper_bound=NEAR_M, workers=2)
        event = np.flatnonzero(found < points)
        return sums(event, found[event])

    work()
    return timed(work, _TIMES)


def near_geopandas(events: int, points: int) -> dict[str, Any]:
    """Let GeoPandas find the nearest."""
    world = World(events, 0, points)
    x, y, _ = world.happened(POINTS_SIDE_M)
    asked = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(x, y), crs=CRS)
    spots = geopandas.GeoDataFrame(geometry=shapely.points(world.spots()), crs=CRS)
    _ = spots.sindex

    def work() -> dict[str, int]:
        found = geopandas.sjoin_nearest(asked, spots, max_distance=NEAR_M)["index_right"]
        return sums(found.index.to_numpy(), found.to_numpy())

    return timed(work, _SLOW)


def hold_postgis(events: int, across: int) -> dict[str, Any]:
    """Let PostGIS join version by version; it gives sums, since rows would take longer to fetch than to find."""
    world = World(events, across, 0)
    x, y, at = world.happened(world.side_m)
    with postgis.server() as connection:
        for version in range(VERSIONS):
            own = np.flatnonzero(at // YEAR_US == version)
            _fill(connection, f"e{version}", own, shapely.points(x[own], y[own]))
            cells = world.cells(version)
            _fill(connection, f"p{version}", np.arange(len(cells)) + version * len(cells), cells)
        ask = " UNION ALL ".join(
            f"SELECT count(*), sum(e.id), sum(p.id) FROM e{one} e JOIN p{one} p ON ST_Intersects(p.geom, e.geom)"
            for one in range(VERSIONS)
        )

        def work() -> dict[str, int]:
            rows = connection.execute(ask).fetchall()
            pairs, event, version = (int(sum(column)) for column in zip(*rows, strict=True))
            return {"pairs": pairs, "events_sum": event, "versions_sum": version}

        work()
        return timed(work, _SLOW)


def _fill(connection: postgis.Connection, name: str, ids: Ints, shapes: NDArray[Any]) -> None:
    connection.execute(f"CREATE TABLE {name} (id bigint, geom geometry(Geometry, {_SRID}))")
    places = shapely.to_wkb(shapely.set_srid(shapes, _SRID), hex=True, include_srid=True)
    rows = "".join(f"{one}\t{place}\n" for one, place in zip(ids.tolist(), places, strict=True))
    with connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
        copy.write(rows)
    connection.execute(f"CREATE INDEX ON {name} USING gist (geom)")
    connection.execute(f"VACUUM ANALYZE {name}")


def _split(world: World) -> tuple[list[Any], list[Any]]:
    """Return events and polygons of each version as frames, with numbers as the whole has them."""
    x, y, at = world.happened(world.side_m)
    asked, polygons = [], []
    for version in range(VERSIONS):
        own, cells = np.flatnonzero(at // YEAR_US == version), world.cells(version)
        numbers = np.arange(len(cells)) + version * len(cells)
        asked.append(geopandas.GeoDataFrame(geometry=shapely.points(x[own], y[own]), index=own, crs=CRS))
        polygons.append(geopandas.GeoDataFrame(geometry=cells, index=numbers, crs=CRS))
    return asked, polygons
