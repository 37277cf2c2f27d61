"""A unit grid made from what lies on the ground: the cells with what a grid's layer keeps of them.

Tested by ``tests/saas/test_same_answer.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import shapely

from stcloud.errors import InvalidInput
from stcloud.paas.grid.geometries import GeometryReader, GeometrySource, Origin
from stcloud.space import require_metric

if TYPE_CHECKING:
    import geopandas

    from stcloud.paas.grid.division import Division

__all__ = ["DividedGrid", "GroundSources", "divide", "divide_ground"]


@dataclass(frozen=True, slots=True)
class GroundSources:
    """What is divided, as people name it: see `divide`."""

    communities: GeometrySource
    streets: GeometrySource
    buildings: GeometrySource | None = None
    components: GeometrySource | None = None
    water: GeometrySource | None = None
    previous: GeometrySource | None = None
    community_code: str = "code"


@dataclass(frozen=True, slots=True, eq=False)
class DividedGrid:
    """A new unit grid, which can be written to a file and loaded.

    Parameters
    ----------
    division
        The cells, with the report of their division.
    crs
        CRS of the cells.
    origins
        For each cell its initial date and its predecessors; for a cell that kept its code those of the earlier
        grid.
    """

    division: Division
    crs: str
    origins: tuple[Origin, ...]

    @property
    def table(self) -> pa.Table:
        """Cells as a table for the definition ``unit-grid``; the geometry is WKB in ``st_geom``."""
        division = self.division
        codes = division.codes.tolist()
        return pa.table(
            {
                "gridCode": pa.array(codes, pa.string()),
                "communityCode": pa.array(division.communities.tolist(), pa.string()),
                "area": shapely.area(division.cells).round(3),
                "initialDate": pa.array([since for since, _ in self.origins], pa.string()),
                "terminationDate": pa.nulls(len(codes), pa.string()),
                "predecessors": pa.array([cells for _, cells in self.origins], pa.string()),
                "st_geom": pa.array(shapely.to_wkb(division.cells), pa.binary()),
            }
        )

    @property
    def report(self) -> dict[str, Any]:
        """Report by name: preset, target area, number of retired codes, and measures of quality."""
        division = self.division
        return {
            "preset": division.preset.name, "target_area_m2": division.target_area_m2,
            "retired": len(division.retired), "thinned": list(division.thinned), **asdict(division.quality),
        }  # fmt: skip

    @property
    def weights(self) -> dict[str, Any]:
        """Weights of the preset, by name."""
        return asdict(self.division.preset)

    def to_geopandas(self) -> geopandas.GeoDataFrame:
        """Return the cells as a GeoDataFrame in the grid's CRS."""
        import geopandas  # noqa: PLC0415  (slow to import)

        frame = self.table.drop_columns(["st_geom"]).to_pandas()
        return geopandas.GeoDataFrame(frame, geometry=list(self.division.cells), crs=self.crs)

    def __len__(self) -> int:
        return len(self.origins)


def divide(
    communities: GeometrySource, streets: GeometrySource, *, crs: str, buildings: GeometrySource | None = None,
    components: GeometrySource | None = None, water: GeometrySource | None = None,
    previous: GeometrySource | None = None, community_code: str = "code", target_area_m2: float = 10_000.0,
    preset: str = "balanced", initial_date: str | date | None = None, source_crs: str | None = None, workers: int = 2,
    tell: Callable[[str], object] | None = None,
) -> DividedGrid:  # fmt: skip
    """Divide communities into unit cells that follow streets and shores and do not cut buildings.

    Parameters
    ----------
    communities, streets
        Polygons that no cell crosses, and lines that cells follow: files or GeoDataFrames.
    crs
        Metric CRS to divide in, e.g. ``"EPSG:4548"``.
    buildings, components, water
        Polygons that cells should not cut; geometries of any kind, where they are dense cells are smaller;
        polygons whose shores become edges.
    previous
        Earlier cells with ``gridCode`` and ``terminationDate``: cells that do not change keep their codes, and
        no code is reused.
    community_code
        Column with the communities' codes of 12 characters.
    target_area_m2
        Intended area of a cell, m².
    preset
        Weights of the goals that conflict: ``balanced``, ``streets``, ``compact`` or ``area-only``.
    initial_date
        Day on which new cells begin, a ``date`` or ISO 8601.
    source_crs
        CRS of files and frames that declare none.
    workers
        Number of threads; it does not change the cells.
    tell
        Called with a line of text for each source with rows that are left out.

    Raises
    ------
    InvalidInput
        ``unreadable-time``, ``unknown-preset``, ``metric-crs-needed``, ``crs-needed``, ``code-needed``,
        ``bad-communities``, ``bad-target-area``, ``codes-exhausted``
    NotFound
        ``no-source``, ``unknown-column``

    Examples
    --------
    >>> import geopandas
    >>> squares = geopandas.GeoDataFrame(
    ...     {"code": ["420106001001"]}, geometry=[shapely.box(0, 0, 400, 200)], crs="EPSG:4548"
    ... )
    >>> street = geopandas.GeoDataFrame(geometry=[shapely.LineString([(200, -50), (200, 250)])], crs="EPSG:4548")
    >>> from datetime import date
    >>> grid = divide(squares, street, crs="EPSG:4548", initial_date=date(2024, 8, 1))
    >>> len(grid), grid.table["initialDate"].to_pylist()[:2], grid.report["streets_near"]
    (8, ['2024-08-01', '2024-08-01'], 1.0)
    """
    require_metric(crs)
    sources = GroundSources(communities, streets, buildings, components, water, previous, community_code)
    reader = GeometryReader(crs, None, source_crs, tell)
    return divide_ground(reader, sources, target_area_m2, preset, initial_date, workers)


def divide_ground(
    reader: GeometryReader, sources: GroundSources, target_area_m2: float, preset: str,
    initial_date: str | date | None, workers: int,
) -> DividedGrid:  # fmt: skip
    """Divide what a reader reads; see `divide`."""
    from stcloud.paas.grid.division import PRESETS  # noqa: PLC0415  (compiled code is slow to import)
    from stcloud.paas.grid.division import divide as divide_communities  # noqa: PLC0415

    begins = _day_text(initial_date)  # before the work is done
    if preset not in PRESETS:
        raise InvalidInput(
            "unknown-preset", f"there is no preset '{preset}'", hint=f"use {', '.join(PRESETS)}"
        )
    areas, codes = reader.areas(sources.communities, sources.community_code)
    lines = reader.shapes(sources.streets, frozenset({"LineString"}))
    polygon = frozenset({"Polygon"})
    buildings = None if sources.buildings is None else reader.shapes(sources.buildings, polygon)
    water = None if sources.water is None else reader.shapes(sources.water, polygon)
    components = None if sources.components is None else reader.shapes(sources.components)
    earlier, origins = (None, {}) if sources.previous is None else reader.earlier(sources.previous)
    division = divide_communities(
        areas, codes.astype(str), lines, buildings, components, water, target_area_m2=target_area_m2,
        preset=PRESETS[preset], workers=workers, previous=earlier,
    )  # fmt: skip
    return DividedGrid(division, reader.crs, _origins(division, origins, begins))


def _origins(division: Division, known: Mapping[str, Origin], begins: str | None) -> tuple[Origin, ...]:
    """Return the origin of each cell: what is known of one that was there before, else what it took ground from."""
    fresh = [(begins, ";".join(cells) or None) for cells in division.predecessors]
    codes, kept = division.codes.tolist(), division.kept.tolist()
    return tuple(
        known.get(code, origin) if stays else origin
        for code, stays, origin in zip(codes, kept, fresh, strict=True)
    )


def _day_text(day: str | date | None) -> str | None:
    """Return a day as it is loaded; refuse what could not be."""
    try:
        return None if day is None else date.fromisoformat(str(day)).isoformat()
    except ValueError as error:
        raise InvalidInput(
            "unreadable-time", f"'{day}' is no day", hint="write initial_date='2024-08-01'",
            in_shell="write --initial-date 2024-08-01",
        ) from error  # fmt: skip
