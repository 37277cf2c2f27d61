"""Layers of a GIS that show a cube: its cells, and its bins with the shape of their cell.

Tested by `tests/saas/test_cubefile.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.cube.cube_table import table_of
from stcloud.paas.cube.heading import free_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stcloud.paas.cube.cube import Cube

__all__ = ["bins_of", "cells_of"]


def cells_of(cube: Cube) -> geopandas.GeoDataFrame:
    """Return all cells with ``area_m2``, how many steps are known, and what adds up in all known steps.

    Raises
    ------
    InvalidInput
        ``no-shapes``
    """
    _, cell, *_ = cube.positions()
    columns: dict[str, Any] = {
        cube.cells.noun: cube.cells.names, "area_m2": cube.cells.area_m2, "known_steps": cube.known.sum(axis=0),
    }  # fmt: skip
    added = {
        name: measure
        for name, measure in cube.measures.items()
        if measure.joined == "sum" and not cube.of_instants
    }
    names = free_names([f"{name}_in_all" for name in added], [*columns, "st_fid", "st_geom"])
    for name, measure in zip(names, added.values(), strict=True):
        weights = np.nan_to_num(measure.values.astype(np.float64))
        columns[name] = np.bincount(cell, weights, len(cube.cells))
    frame = pa.table({name: pa.array(values) for name, values in columns.items()}).to_pandas()
    return geopandas.GeoDataFrame(frame, geometry=_shapes(cube), crs=cube.crs)


def bins_of(cube: Cube) -> geopandas.GeoDataFrame:
    """Return the bins that have something: ``time``, ``from`` and ``to`` in UTC, cell, classes, measures, shape.

    Raises
    ------
    InvalidInput
        ``no-shapes``
    """
    _, cell, *_ = cube.positions()
    table = table_of(cube).replace_schema_metadata(None)
    for at, name in enumerate(("from", "to"), 1):
        table = table.set_column(at, name, table[name].cast(pa.timestamp("us", "UTC")))
    return geopandas.GeoDataFrame(table.to_pandas(), geometry=_shapes(cube)[cell], crs=cube.crs)


def _shapes(cube: Cube) -> NDArray[Any]:
    if cube.cells.shapes is None:
        raise InvalidInput("no-shapes", "the cells have no shapes", hint="write .nc, .zarr or .parquet")
    return cube.cells.shapes()
