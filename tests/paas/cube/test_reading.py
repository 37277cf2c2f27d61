"""Cubes read back are the cubes that were written: from datasets, decoded or not, and from tables.

Random cubes have classes with nulls, names that a file cannot have or takes for its own, several measures, cells of
several shapes that come and go, bins whose rows have no value, and numbers that no float holds.
"""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.cube.cells import CubeCells, Lives
from stcloud.paas.cube.cube import Cube, CubeClass, CubeMeasure
from stcloud.paas.cube.cube_table import table_of
from stcloud.paas.cube.dataset import dataset_of
from stcloud.paas.cube.heading import HEADING, Heading
from stcloud.paas.cube.reading import cube_of_dataset, cube_of_table
from stcloud.testing.examples import examples
from stcloud.time import Every, Zone, parse_when
from tests.paas.cube.test_emerging import made

ZONE = Zone("Pacific/Auckland")
HOLE = shapely.box(0, 0, 90, 90).difference(shapely.box(10, 10, 20, 20))
PARTS = shapely.MultiPolygon([shapely.box(200, 0, 250, 50), HOLE])
OTHER_VALUES = [
    pa.array(["", "噪音", None]), pa.array([3, 2**60, None]), pa.array([True, False]), pa.array([0.1, 2.5, None]),
    pa.array([19_000, None], pa.date32()), pa.array([1, None], pa.timestamp("us", "Pacific/Auckland")),
    pa.array([7, 8]), pa.array(["a"]),
]  # fmt: skip
NAMES = ["count", "time", "cell", "x", "known", "a/b", "a_b", "Count", "面积 ", "from", "crs"]


@st.composite
def any_cells(draw):
    count = draw(st.integers(1, 5))
    x, y = np.arange(count) * 100.0, np.full(count, 0.1)
    boxes = np.asarray(shapely.box(x - 50, y - 50, x + 50, y + 50), object)
    polygons = np.array(
        [draw(st.sampled_from([HOLE, PARTS, None, shapely.Polygon()])) for _ in range(count)], object
    )
    shapes = draw(st.sampled_from([boxes, polygons, None]))
    names = draw(
        st.sampled_from([pa.array(range(7, 7 + count)), pa.array([f"区{at}" for at in range(count)])])
    )
    area = (
        np.full(count, 1e4)
        if shapes is None
        else np.where(shapely.is_missing(shapes), np.nan, shapely.area(shapes))
    )
    x = x if shapes is None else np.where(np.isnan(area), np.nan, x)
    return CubeCells("cell_100m", names, x, y, area, draw(st.none() | any_lives(count)), _given(shapes))


def _given(shapes):
    return None if shapes is None else lambda: shapes


@st.composite
def any_lives(draw, count):
    rows = draw(
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(-2, 2), st.integers(1, 3)), max_size=6)
    )
    bounds = np.array([-(2**63), 1_709_200_000_000_000, 1_709_400_000_000_000, 2**63 - 1], np.int64)
    low = np.array([bounds[max(first, 0)] for _, first, _ in rows], np.int64)
    high = np.array([bounds[min(max(first, 0) + length, 3)] for _, first, length in rows], np.int64)
    return Lives(np.array([cell for cell, _, _ in rows], np.int64), low, high)


@st.composite
def any_cubes(draw):
    every, span = draw(
        st.sampled_from([("1D", "2024-03-01/2024-03-05"), ("1h", "2024-04-07T00:00/2024-04-07T05:00")])
    )
    bins = Every.parse(every).cut(parse_when(span, ZONE), ZONE)
    cells = draw(any_cells())
    names = draw(st.permutations(NAMES))
    classes = tuple(
        CubeClass(names.pop(), values) for values in draw(st.lists(st.sampled_from(OTHER_VALUES), max_size=2))
    )
    empty = Cube(
        every, bins.edges_us, tuple(bins.labels().tolist()), np.arange(len(bins.whole)) > 0, cells, classes,
        np.empty(0, np.int64), {}, (int(bins.edges_us[draw(st.integers(0, 2))]), int(bins.edges_us[-1])), ZONE,
        "EPSG:2193", {"partial": draw(st.integers(0, 2**60)), "unplaced": 3}, {"layer": "calls", "loads": "a b"},
    )  # fmt: skip
    if draw(st.booleans()):
        bits = st.lists(st.booleans(), min_size=len(cells), max_size=len(cells))
        empty = replace(empty, mask=np.array([draw(bits) for _ in empty.labels], bool))
    empty = replace(empty, of_instants=draw(st.booleans()))
    known = np.broadcast_to(empty.known.reshape(*empty.known.shape, *(1,) * len(classes)), empty.shape)
    at = np.flatnonzero(known)
    at = at[np.array(draw(st.lists(st.booleans(), min_size=len(at), max_size=len(at))), bool)]
    measures = {names.pop(): draw(any_measures(len(at))) for _ in range(draw(st.integers(1, 3)))}
    return replace(empty, at=at, measures=measures)


@st.composite
def any_measures(draw, count):
    numbers = draw(st.sampled_from([
        st.integers(0, 3), st.integers(-(2**62), 2**62), st.integers(-9, 2**53 + 1), st.sampled_from([-1, 0, 2]),
        st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, np.nan, -1.5]),
    ]))  # fmt: skip
    values = draw(st.lists(numbers, min_size=count, max_size=count))
    kind = np.int64 if all(isinstance(value, int) for value in values) else np.float64
    return CubeMeasure(
        draw(st.sampled_from(["count", "sum(费用)"])),
        np.array(values, kind),
        draw(st.sampled_from([0.0, np.nan])),
        draw(st.sampled_from(["sum", "min", "max", "none"])),
    )


def same(cube, other):
    for name in ("every", "labels", "known_us", "crs", "leftovers", "facts", "of_instants"):
        assert getattr(cube, name) == getattr(other, name), name
    assert str(cube.zone) == str(other.zone)
    assert (cube.edges_us.tolist(), cube.whole.tolist()) == (other.edges_us.tolist(), other.whole.tolist())
    assert cube.cells.noun == other.cells.noun
    assert cube.cells.names.equals(other.cells.names)
    for name in ("x", "y", "area_m2"):
        np.testing.assert_array_equal(getattr(cube.cells, name), getattr(other.cells, name))
    assert (cube.cells.lives is None) == (other.cells.lives is None)
    for name in ("cell", "begin_us", "end_us") if cube.cells.lives is not None else ():
        np.testing.assert_array_equal(getattr(cube.cells.lives, name), getattr(other.cells.lives, name))
    assert (cube.cells.shapes is None) == (other.cells.shapes is None)
    if cube.cells.shapes is not None:
        assert shapely.to_wkb(cube.cells.shapes()).tolist() == shapely.to_wkb(other.cells.shapes()).tolist()
    assert [axis.name for axis in cube.classes] == [axis.name for axis in other.classes]
    assert all(
        axis.values.equals(again.values) for axis, again in zip(cube.classes, other.classes, strict=True)
    )
    assert cube.at.tolist() == other.at.tolist()
    assert list(cube.measures) == list(other.measures)
    for measure, again in zip(cube.measures.values(), other.measures.values(), strict=True):
        assert (measure.written, measure.joined) == (again.written, again.joined)
        assert (
            measure.of_nothing == again.of_nothing or np.isnan([measure.of_nothing, again.of_nothing]).all()
        )
        assert measure.values.dtype == again.values.dtype or not len(measure.values)
        np.testing.assert_array_equal(measure.values, again.values)
    assert (cube.known == other.known).all()
    assert (cube.mask is None) == (other.mask is None)


@given(any_cubes())
@settings(deadline=None, max_examples=examples(100))
def test_a_dataset_with_whole_numbers_is_read_without_loss(cube):
    """Law: whatever a cube is of, its exact dataset is the cube."""
    same(cube, cube_of_dataset(dataset_of(cube, 100.0, exact=True)))


@given(any_cubes())
@settings(deadline=None, max_examples=examples(100))
def test_a_dataset_for_people_is_read_as_exactly_as_floats_are(cube):
    """Law: with whole numbers within what floats hold, the dataset of `to_xarray` is the cube too."""
    values = [measure.values for measure in cube.measures.values() if measure.values.dtype == np.int64]
    if all(np.abs(array).max(initial=0) <= 2**53 for array in values):
        same(cube, cube_of_dataset(cube.to_xarray()))


@given(any_cubes())
@settings(deadline=None, max_examples=examples(100))
def test_a_table_is_read_without_loss(cube):
    """Law: the table of a cube is the cube, whatever order its rows have."""
    table = table_of(cube)
    same(cube, cube_of_table(table))
    same(cube, cube_of_table(table.take(pa.array(np.arange(len(table))[::-1], pa.int64()))))


@given(any_cubes())
@settings(deadline=None, max_examples=examples(50))
def test_what_has_no_value_is_missing_in_the_dataset(cube):
    """Law: unknown bins are NaN, known ones without rows have what nothing has."""
    dataset = cube.to_xarray()
    variables = [measure["variable"] for measure in Heading.read(dataset[HEADING].item()).fields["measures"]]
    known = np.broadcast_to(cube.known.reshape(*cube.known.shape, *(1,) * len(cube.classes)), cube.shape)
    for name, variable in zip(cube.measures, variables, strict=True):
        expected = np.where(known, cube.dense(name), np.nan).astype(np.float64)
        np.testing.assert_array_equal(dataset[variable].to_numpy(), expected)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": 3}'])
def test_what_is_no_heading_is_refused(text):
    with pytest.raises(InvalidInput) as caught:
        Heading.read(text)
    assert caught.value.kind == "no-cube"


@pytest.mark.parametrize(("version", "hint"), [(1, "write it again"), (99, "upgrade")])
def test_a_file_of_another_version_says_what_to_do(version, hint):
    with pytest.raises(InvalidInput, match=hint):
        Heading.read(json.dumps({"version": version}))


def with_shapes(shapes):
    """Return a cube whose cells have these shapes."""
    cube = made(np.array([[1, 0], [2, 3]]), np.ones((2, 2), bool), np.array([0.0, 100.0]), np.zeros(2))
    given_shapes = np.array(shapes, object)
    return replace(cube, cells=replace(cube.cells, shapes=lambda: given_shapes, boxes=None))


@pytest.mark.parametrize(
    "shapes", [[HOLE, PARTS], [shapely.box(0, 0, 9, 9), shapely.box(9, 0, 18, 9)], [HOLE, None]]
)
def test_shapes_that_were_changed_in_a_file_are_refused(shapes):
    cube = with_shapes(shapes)
    cube = replace(cube, cells=replace(cube.cells, area_m2=np.where(shapely.is_missing(shapes), np.nan, 1.0)))
    dataset, table = cube.to_xarray(), table_of(cube)
    for again in (cube_of_dataset(dataset), cube_of_table(table)):
        assert shapely.equals_identical(again.cells.shapes(), cube.cells.shapes()).tolist() == [
            shape is not None for shape in shapes
        ]
    name = "x_bounds" if "x_bounds" in dataset else "shape_x"
    moved = dataset[name].to_numpy().copy()
    moved.reshape(-1)[1] += 0.5
    with pytest.raises(InvalidInput, match="changed since it was written"):
        cube_of_dataset(dataset.assign({name: (dataset[name].dims, moved)}))
    other = table_of(with_shapes([shapely.box(0, 0, 9, 8), *shapes[1:]])).schema.metadata[b"stcloud_cells"]
    changed = table.replace_schema_metadata(table.schema.metadata | {b"stcloud_cells": other})
    with pytest.raises(InvalidInput, match="changed since it was written"):
        cube_of_table(changed)


def test_what_was_made_of_no_cube_is_refused():
    import xarray as xr

    for read, other in ((cube_of_dataset, xr.Dataset()), (cube_of_table, pa.table({"a": [1]}))):
        with pytest.raises(InvalidInput) as caught:
            read(other)
        assert caught.value.kind == "no-cube"


@given(any_cubes())
@settings(deadline=None, max_examples=10)
def test_a_part_that_is_missing_is_named(cube):
    dataset, table = cube.to_xarray(), table_of(cube)
    with pytest.raises(InvalidInput, match=r"lacks a part of the cube: .*time_label"):
        cube_of_dataset(dataset.drop_vars("time_label"))
    with pytest.raises(InvalidInput, match=r"lacks a part of the cube: .*from"):
        cube_of_table(table.drop_columns(["from"]))


def test_a_heading_is_json():
    fields = {"version": 1, "noun": "格"}
    assert json.loads(Heading(fields).text) == fields


@pytest.mark.parametrize("values", [[[-1, 0], [2, 3]], [[0, 0], [0, 0]], [[2**62, 1], [0, -(2**62)]]])
@pytest.mark.parametrize("of_nothing", [0.0, np.nan])
def test_numbers_that_stand_for_none_in_files_are_kept(values, of_nothing):
    """A file has -1 where there is no count; a sum may be -1."""
    cube = made(
        np.array(values), np.ones((2, 2), bool), np.array([0.0, 100.0]), np.zeros(2), of_nothing=of_nothing
    )
    same(cube, cube_of_dataset(dataset_of(cube, 100.0, exact=True)))
