"""Cells of a lattice: which larger ones hold them, also of a cube that was read from a file."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.paas.cube.cell_shapes import boxes_of
from stcloud.paas.cube.lattice_cells import lattice_cells, parents_of_lattice
from stcloud.saas.cubefile import read_cube, write_cube
from stcloud.space import Lattice, Level, parse_cell_size

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
FIRST = pd.Timestamp("2024-04-01", tz=ZONE)
WEST, SOUTH = 1_749_000.0, 5_429_000.0
LATTICE = Lattice.for_crs(CRS)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lattice")
    stcloud.create(folder / "town", crs=CRS, zone=ZONE)
    chance = np.random.default_rng(4)
    rows = pd.DataFrame({
        "id": range(300), "at": FIRST + pd.to_timedelta(chance.integers(0, 2000, 300), "h"),
        "x": WEST + chance.uniform(0, 3000, 300), "y": SOUTH + chance.uniform(0, 2500, 300),
        "cost": chance.integers(0, 9, 300),
    })  # fmt: skip
    with stcloud.open(folder / "town") as opened:
        opened.load("calls", rows, key="id", time="at", x="x", y="y", crs=CRS)
        yield opened


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".parquet"])
@pytest.mark.parametrize(
    ("cell", "larger"), [("100m", "500m"), ("100m", "1km"), ("500m", "1km"), ("250m", "10km")]
)
def test_a_cube_of_a_file_is_rolled_up_like_one_that_was_counted(city, tmp_path, suffix, cell, larger):
    """Law: reading and rolling up commute."""
    counted = city.query("calls").when("2024-03-15/2024-06").cube(cell, "1W", measures=["count", "max(cost)"])
    again = read_cube(write_cube(counted, tmp_path / f"cube{suffix}"))
    expected, got = counted.roll_up(cell=larger), again.roll_up(cell=larger)
    assert got.cells.names.equals(expected.cells.names)
    assert (got.cells.noun, got.leftovers) == (expected.cells.noun, expected.leftovers)
    for name in ("x", "y", "area_m2"):
        np.testing.assert_array_equal(getattr(got.cells, name), getattr(expected.cells, name))
    np.testing.assert_array_equal(got.known, expected.known)
    for name in counted.measures:
        np.testing.assert_array_equal(got.dense(name), expected.dense(name))
    longer = got.roll_up(cell="100km")
    assert longer.dense().sum() == counted.dense().sum()


def test_what_does_not_nest_is_refused(city, tmp_path):
    cube = read_cube(write_cube(city.query("calls").cube("500m", "1M"), tmp_path / "cube.parquet"))
    for wanted in ("500m", "100m", "community", "in:areas"):
        with pytest.raises(InvalidInput) as caught:
            cube.roll_up(cell=wanted)
        assert caught.value.kind == "not-nested"


NAMES = np.sort(LATTICE.cells(np.array([WEST, WEST + 5000]), np.array([SOUTH, SOUTH]), Level.M100))


def test_boxes_are_those_of_the_shapes():
    for text in ("100m", "250m", "1km"):
        size = parse_cell_size(text)
        names = LATTICE.cells(np.array([WEST, WEST + 5000]), np.array([SOUTH, SOUTH]), Level.M10)
        names = np.sort(
            LATTICE.cells(*LATTICE.centres(names), size) if isinstance(size, Level) else size.of(names)
        )
        cells = lattice_cells(size, LATTICE, names)
        np.testing.assert_array_equal(cells.boxes(), boxes_of(replace(cells, boxes=None)))


@pytest.mark.parametrize(
    ("noun", "names", "move", "crs"),
    [
        ("in_areas", NAMES, 0, CRS), ("cell_100m", NAMES, 1, CRS), ("cell_100m", NAMES, 0, "EPSG:4548"),
        ("cell_colour", NAMES, 0, CRS), ("cell_100m", np.array([7, 8]), 0, CRS), ("cell_100m", NAMES, 0, "EPSG:4326"),
    ],
)  # fmt: skip
def test_cells_that_are_none_of_the_lattice_have_no_parents(noun, names, move, crs):
    x, y = LATTICE.centres(NAMES)
    assert parents_of_lattice("cell_100m", pa.array(NAMES), x, y, CRS) is not None
    assert parents_of_lattice(noun, pa.array(names), x + move, y, crs) is None
    assert parents_of_lattice("cell_100m", pa.array(["a", "b"]), x, y, CRS) is None
