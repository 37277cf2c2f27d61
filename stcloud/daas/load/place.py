"""Places: from the coordinates that a source wrote to metres and cells of the city.

Tested by `tests/daas/load/test_event_load.py` and `tests/layers/test_bundled.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from stcloud.daas.definition import SpaceClause
from stcloud.daas.load.column import Faults, plain, read_numbers, trimmed
from stcloud.daas.load.geometry_text import read_geometry_texts
from stcloud.errors import InvalidInput
from stcloud.iaas.source.wkb import read_wkb
from stcloud.space import LONLAT, Datum, Lattice, inside_area_of_use, project, read_crs, same_crs, to_wgs84

__all__ = ["Placer", "refuse_other_crs"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Placer:
    """Places rows of a source in a city.

    A row without a usable place is kept, with ``st_unplaced`` telling why: ``missing`` (a coordinate is not
    written), ``zero`` (both are 0), ``not-finite``, ``outside`` (of the area of use of the source's or the
    city's CRS).

    Parameters
    ----------
    space
        Which columns tell where, in which CRS and datum.
    lattice
        The city's lattice; its CRS is the city's.
    """

    space: SpaceClause
    lattice: Lattice

    def place(self, source: Mapping[str, pa.Array], faults: Faults) -> dict[str, pa.Array]:
        """Return the columns ``st_x``, ``st_y`` (metres), ``st_cell`` and ``st_unplaced``."""
        if self.space.none:  # of a series: stations have the places
            return _nowhere(len(next(iter(source.values()))))
        first, second, reason = self._written(source, faults)
        _unplace(reason, ~np.isfinite(first) | ~np.isfinite(second), "not-finite")
        _unplace(reason, (first == 0) & (second == 0), "zero")
        usable = reason == ""
        x, y, inside = self._project(first[usable], second[usable])
        full_x, full_y = np.full(len(reason), np.nan), np.full(len(reason), np.nan)
        full_x[usable], full_y[usable] = np.where(inside, x, np.nan), np.where(inside, y, np.nan)
        _unplace(reason, usable & np.isnan(full_x), "outside")
        nowhere = reason != ""
        cells = self.lattice.cells(full_x, full_y)
        return {
            "st_x": pa.array(full_x, mask=nowhere),
            "st_y": pa.array(full_y, mask=nowhere),
            "st_cell": pa.array(cells, mask=nowhere),
            "st_unplaced": pa.array(reason, pa.string(), mask=~nowhere),
        }

    def _written(
        self, source: Mapping[str, pa.Array], faults: Faults
    ) -> tuple[Floats, Floats, NDArray[np.str_]]:
        if self.space.column is not None:
            return _points(self.space.column, plain(source[self.space.column]), self.space.encoding, faults)
        reason = np.full(len(next(iter(source.values()))), "", "U10")
        axes = []
        for name in self.space.columns:
            texts = trimmed(plain(source[name]))
            numbers, bad = read_numbers(texts)
            faults.add(bad, name, texts, "not-a-number")
            _unplace(reason, pc.is_null(texts).to_numpy(zero_copy_only=False), "missing")
            axes.append(numbers.to_numpy(zero_copy_only=False))
        return axes[0], axes[1], reason

    def _project(self, first: Floats, second: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        declared = self.space.declared_crs
        lon, lat = first, second
        if not read_crs(declared).is_geographic:
            lon, lat = project(first, second, declared, LONLAT)
        elif self.space.datum in (Datum.GCJ02, Datum.BD09):
            lon, lat = to_wgs84(first, second, self.space.datum)
            first, second = lon, lat
        inside = (np.abs(lon) <= 180) & (np.abs(lat) <= 90) & inside_area_of_use(lon, lat, declared)
        if not read_crs(
            declared
        ).is_geographic:  # UTM's own origin lies within the margin: degrees are no metres
            far = (np.abs(first) > 360) | (np.abs(second) > 90)
            inside &= far | inside_area_of_use(lon, lat, declared, margin_deg=0)
        inside &= inside_area_of_use(lon, lat, self.lattice.crs)
        x, y = project(
            np.where(inside, first, np.nan), np.where(inside, second, np.nan), declared, self.lattice.crs
        )
        return x, y, np.isfinite(x) & self.lattice.contains(x, y)


def refuse_other_crs(declared: str | None, column: str | None, space: SpaceClause, name: str) -> None:
    """Refuse a file that declares another CRS for its geometry than the definition does.

    Parameters
    ----------
    declared, column
        What the file says: the CRS, and the column of geometry; None: nothing.
    space
        The definition's.
    name
        What to call the file.

    Raises
    ------
    InvalidInput
        ``other-crs``
    """
    if declared is None or column is None or space.column != column:
        return
    if not same_crs(declared, space.declared_crs):
        shown = declared if len(declared) < 40 else read_crs(declared).name
        raise InvalidInput(
            "other-crs", f"{name} declares {shown}, where the definition says {space.declared_crs}",
            hint="state the file's with the first load, --crs EPSG:…, or load it into a layer of its own",
        )  # fmt: skip


def _nowhere(count: int) -> dict[str, pa.Array]:
    kinds = {"st_x": pa.float64(), "st_y": pa.float64(), "st_cell": pa.int64(), "st_unplaced": pa.string()}
    return {name: pa.nulls(count, kind) for name, kind in kinds.items()}


def _unplace(reason: NDArray[np.str_], where: NDArray[np.bool_], why: str) -> None:
    reason[where & (reason == "")] = why


def _points(
    name: str, values: pa.Array, encoding: str, faults: Faults
) -> tuple[Floats, Floats, NDArray[np.str_]]:
    """Read points; what is no geometry, or another one, is a fault; an empty point has no place."""
    raw = values.to_numpy(zero_copy_only=False)
    points = read_wkb(raw) if pa.types.is_binary(values.type) else read_geometry_texts(raw, encoding)
    written = pc.is_valid(values).to_numpy(zero_copy_only=False)
    unread = shapely.is_missing(points)
    faults.add(written & unread, name, values, "not-a-geometry")
    other = ~unread & (shapely.get_type_id(points) != 0)
    faults.add(other, name, values, "not-a-point")
    points = np.where(other | shapely.is_empty(points), np.array(None, object), points)
    reason = np.full(len(points), "", "U10")
    _unplace(reason, shapely.is_missing(points), "missing")
    return shapely.get_x(points), shapely.get_y(points), reason
