"""Shapes of cells as arrays, by the CF conventions: bounds of boxes, or nodes of polygons.

Tested by `tests/paas/cube/test_cell_shapes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import Unsupported

if TYPE_CHECKING:
    from stcloud.paas.cube.cells import CubeCells

__all__ = ["BOUNDS", "SHAPE", "boxes_of", "shape_variables", "shapes_in"]

BOUNDS, SHAPE = ("x_bounds", "y_bounds"), "shape"
"""Names of the variables: bounds of x and y, or the container of polygons."""

Variables = dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]]
_AREAS = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))
_NODE, _PART, _ALONE = f"{SHAPE}_node", f"{SHAPE}_part", f"{SHAPE}_multi"


def boxes_of(cells: CubeCells) -> NDArray[np.float64] | None:
    """Return west, south, east and north of each cell, ``(4, c)``; None: not all shapes are boxes."""
    if cells.boxes is not None:
        return cells.boxes()
    shapes = np.empty(0, object) if cells.shapes is None else cells.shapes()
    if len(shapes) != len(cells) or shapely.is_missing(shapes).any() or not _are_boxes(shapes):
        return None
    return np.ascontiguousarray(shapely.bounds(shapes).T)


def shape_variables(cells: CubeCells, mapping: str) -> Variables:
    """Return the variables of a dataset that hold the shapes of cells.

    Parameters
    ----------
    cells
        Their shapes are polygons, or None for what has none.
    mapping
        Name of the variable with the CRS.

    Returns
    -------
    Dimensions, values and attributes by name. Where all are boxes: ``x_bounds`` and ``y_bounds`` of each cell; else
    ``shape``, a geometry container with the nodes, rings and holes of all; of cells without shapes nothing.

    Raises
    ------
    Unsupported
        ``not-areas``: a shape is no polygon.
    """
    if cells.shapes is None:
        return {}
    boxes = boxes_of(cells)
    if boxes is not None:
        west, south, east, north = boxes
        edges = (np.stack([west, east], axis=1), np.stack([south, north], axis=1))
        return {name: (("cell", "bound"), pair, {}) for name, pair in zip(BOUNDS, edges, strict=True)}
    shapes = cells.shapes()
    present = ~shapely.is_missing(shapes)
    if not np.isin(shapely.get_type_id(shapes[present]), _AREAS).all():
        raise Unsupported("not-areas", "the cells are not all areas", hint="use to_arrow")
    return _polygons(shapely.force_2d(shapes), present & ~shapely.is_empty(shapes), mapping)


def _are_boxes(shapes: NDArray[Any]) -> bool:
    """Tell whether all shapes are what `shapely.box` makes, node by node."""
    if (
        not (shapely.get_type_id(shapes) == _AREAS[0]).all()
        or not (shapely.get_num_coordinates(shapes) == 5).all()
    ):
        return False
    west, south, east, north = shapely.bounds(shapes).T
    x, y = shapely.get_coordinates(shapes).reshape(-1, 5, 2).transpose(2, 1, 0)
    corners = ((east, south), (east, north), (west, north), (west, south), (east, south))
    return all((x[at] == right).all() and (y[at] == up).all() for at, (right, up) in enumerate(corners))


def _polygons(shapes: NDArray[Any], present: NDArray[np.bool_], mapping: str) -> Variables:
    count = np.zeros(len(shapes), np.int64)
    nodes, part, inner = np.empty((0, 2)), np.empty(0, np.int64), np.empty(0, np.int8)
    if present.any():
        _, nodes, offsets = shapely.to_ragged_array(shapes[present])
        ring, polygon = offsets[:2]
        area = offsets[2] if len(offsets) > 2 else np.arange(len(polygon))  # as many polygons as areas
        count[present] = np.diff(ring[polygon[area]])
        part = np.diff(ring)
        inner = np.ones(len(part), np.int8)
        inner[polygon[:-1]] = 0
    names = [f"{SHAPE}_{name}" for name in ("node_count", "part_node_count", "interior_ring", "x", "y")]
    container = {
        "geometry_type": "polygon", "node_count": names[0], "part_node_count": names[1], "interior_ring": names[2],
        "node_coordinates": f"{names[3]} {names[4]}", "grid_mapping": mapping, "coordinates": "x y",
    }  # fmt: skip
    alone = (shapely.get_type_id(shapes) == _AREAS[1]) & (shapely.get_num_geometries(shapes) == 1)
    text = {"long_name": "whether one polygon is a MultiPolygon"}
    return {
        **({_ALONE: (("cell",), alone, text)} if alone.any() else {}),
        SHAPE: ((), np.array(0, np.int8), container),
        names[0]: (("cell",), count, {"long_name": "number of nodes"}),
        names[1]: ((_PART,), part, {"long_name": "number of nodes of a ring"}),
        names[2]: ((_PART,), inner, {"long_name": "whether a ring is a hole"}),
        names[3]: ((_NODE,), nodes[:, 0], {"axis": "X", "units": "m"}),
        names[4]: ((_NODE,), nodes[:, 1], {"axis": "Y", "units": "m"}),
    }


def shapes_in(arrays: Mapping[str, NDArray[Any]], area_m2: NDArray[np.float64]) -> NDArray[Any] | None:
    """Return the shapes that variables hold; None: they hold none.

    Parameters
    ----------
    arrays
        Values by the name of the variable.
    area_m2
        ``(c,)``: NaN where a cell has no shape.
    """
    if BOUNDS[0] in arrays:
        (west, east), (south, north) = (arrays[name].T for name in BOUNDS)
        return np.asarray(shapely.box(west, south, east, north), object)
    if SHAPE not in arrays:
        return None
    count, part, inner = (
        arrays[f"{SHAPE}_{name}"].astype(np.int64)
        for name in ("node_count", "part_node_count", "interior_ring")
    )
    nodes = np.stack([arrays[f"{SHAPE}_x"], arrays[f"{SHAPE}_y"]], axis=1)
    ring = np.concatenate(([0], np.cumsum(part)))
    polygon = np.append(np.flatnonzero(inner == 0), len(part))
    ring_of_area = np.searchsorted(ring, np.concatenate(([0], np.cumsum(count))))
    area = np.searchsorted(polygon, ring_of_area)
    kind = shapely.GeometryType.MULTIPOLYGON
    shapes = np.asarray(shapely.from_ragged_array(kind, nodes, (ring, polygon, area)), object)
    single = (np.diff(area) == 1) & ~arrays.get(_ALONE, np.zeros(len(count))).astype(np.bool_)
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    shapes[np.diff(area) == 0] = shapely.Polygon()
    shapes[np.isnan(area_m2)] = None
    return shapes
