"""Shapes of cells as CF arrays: boxes as bounds, polygons with holes and parts as nodes."""

import cf_xarray
import numpy as np
import pyarrow as pa
import pytest
import shapely
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import Unsupported
from stcloud.paas.cube.cell_shapes import shape_variables, shapes_in
from stcloud.paas.cube.cells import CubeCells

HOLE = shapely.box(0, 0, 90, 90).difference(shapely.box(10, 10, 20, 20))
TWO = shapely.MultiPolygon([shapely.box(200, 0, 250, 50), HOLE])
ALONE = shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])
TRIANGLE = shapely.Polygon([(0.1, 0), (7, 0), (3, 5 / 3)])


def cells(shapes):
    """Return cells with these shapes."""
    nothing = np.zeros(len(shapes))
    return CubeCells(
        "in_areas", pa.array(range(len(shapes))), nothing, nothing, nothing, None, lambda: shapes
    )


def arrays(shapes):
    return {name: values for name, (_, values, _) in shape_variables(cells(shapes), "crs").items()}


@given(st.lists(st.sampled_from([HOLE, TWO, ALONE, TRIANGLE, None, shapely.Polygon()]), max_size=6))
def test_shapes_are_what_their_arrays_say(given_shapes):
    """Law: shapes as arrays and back are the same, node by node."""
    shapes = np.array(given_shapes, object)
    area = np.where(shapely.is_missing(shapes), np.nan, shapely.area(shapes))
    again = shapes_in(arrays(shapes), area)
    assert [None if shape is None else shape.wkb for shape in again] == [
        None if shape is None else shape.wkb for shape in shapes
    ]


def test_boxes_are_bounds_of_x_and_y():
    shapes = np.asarray(shapely.box([0, 100.1], [0, 0], [100.1, 200], [50, 50]), object)
    assert {name: values.tolist() for name, values in arrays(shapes).items()} == {
        "x_bounds": [[0, 100.1], [100.1, 200]], "y_bounds": [[0, 50], [0, 50]],
    }  # fmt: skip
    assert shapely.equals_identical(shapes_in(arrays(shapes), np.ones(2)), shapes).all()


def test_a_container_says_where_nodes_rings_and_holes_are():
    found = shape_variables(cells(np.array([TWO, TRIANGLE], object)), "crs")
    (_, _, container) = found["shape"]
    assert (container["geometry_type"], container["node_coordinates"]) == ("polygon", "shape_x shape_y")
    assert found[container["node_count"]][1].tolist() == [5 + 5 + 5, 4]
    assert found[container["part_node_count"]][1].tolist() == [5, 5, 5, 4]
    assert found[container["interior_ring"]][1].tolist() == [0, 0, 1, 0]


def test_others_read_the_shapes():
    shapes = np.array([TWO, TRIANGLE, ALONE], object)
    centres = {"cell": [1, 2, 3], "x": ("cell", [0, 0, 0]), "y": ("cell", [0, 0, 0])}
    dataset = xr.Dataset(shape_variables(cells(shapes), "crs"), centres)
    dataset["crs"] = 0
    assert shapely.equals(
        cf_xarray.geometry.cf_to_shapely(dataset, container="shape").to_numpy(), shapes
    ).all()


def test_without_variables_there_are_no_shapes():
    assert shapes_in({"x": np.zeros(1)}, np.ones(1)) is None


def test_what_is_no_area_is_refused():
    with pytest.raises(Unsupported) as caught:
        shape_variables(cells(np.array([shapely.Point(0, 0)], object)), "crs")
    assert caught.value.kind == "not-areas"
