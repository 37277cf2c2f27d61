"""Cubes beside each other: each bin as plain subtraction says, and unknown where one of them is."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.cube.cube import CubeClass, CubeMeasure
from stcloud.testing.examples import examples
from tests.paas.cube.conftest import cubes
from tests.paas.cube.test_emerging import DAY_US, made


def beside(values, known, first, names=None):
    """Return a cube of some days from a day on, of some cells of a row."""
    names = np.arange(values.shape[1]) if names is None else names
    cube = made(values, known, names * 100.0, np.zeros(len(names)))
    moved = cube.edges_us + first * DAY_US
    lives = replace(
        cube.cells.lives, begin_us=cube.cells.lives.begin_us + first * DAY_US,
        end_us=cube.cells.lives.end_us + first * DAY_US,
    )  # fmt: skip
    return replace(
        cube, edges_us=moved, known_us=(int(moved[0]), int(moved[-1])),
        cells=replace(cube.cells, lives=lives, names=pa.array(names)), facts={"known_at": f"day {first}"},
    )  # fmt: skip


@given(cubes(), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=examples(150))
def test_a_difference_is_that_of_each_bin(drawn, seed):
    values, known, _, _ = drawn
    values, chance = np.abs(values).astype(np.int64), np.random.default_rng(seed)
    names = np.flatnonzero(chance.random(values.shape[1] + 3) < 0.7)
    then, then_known = (
        chance.integers(0, 3, (len(values), len(names))),
        chance.random((len(values), len(names))) < 0.8,
    )
    common = np.intersect1d(names, np.arange(values.shape[1]))
    later, earlier = beside(values, known, 40), beside(then, then_known, 3, names)
    if not len(common):
        with pytest.raises(InvalidInput) as caught:
            later.difference(earlier)
        assert caught.value.kind == "no-common-cells"
        return
    change = later.difference(earlier)
    mine, theirs = common, np.searchsorted(names, common)
    assert change.cells.names.to_pylist() == common.tolist()
    both = known[:, mine] & then_known[:, theirs]
    assert (change.known == both).all()
    now, before = values[:, mine], then[:, theirs]
    assert change.labels == later.labels
    for name, expected in (("count", now), ("count_before", before), ("count_change", now - before)):
        assert (change.dense(name)[both] == expected[both]).all()
        assert change.dense(name).dtype == np.int64


def small(values, **more):
    values = np.array(values)
    return replace(beside(values, np.ones(values.shape, bool), 0), **more)


def test_a_difference_says_what_it_is_of():
    change = small([[1, 2]]).difference(beside(np.array([[5]]), np.ones((1, 1), bool), 7))
    assert change.facts["known_at_before"] == "day 7"
    assert change.facts["cells"] == "1 in common of 2 and 1"
    assert change.facts["span_before"].startswith("1970-01-08")
    assert "count_change" in repr(change)
    assert change.hotspots("count_change", nearest=1).cube is change


def test_cells_of_one_name_that_moved_are_other_cells():
    cube = small([[1, 2]])
    moved = replace(cube, cells=replace(cube.cells, area_m2=cube.cells.area_m2 * [1, 2]))
    assert cube.difference(moved).cells.names.to_pylist() == [0]
    with pytest.raises(InvalidInput) as caught:
        cube.difference(replace(cube, cells=replace(cube.cells, x=cube.cells.x + 1)))
    assert (caught.value.kind, "others there" in str(caught.value)) == ("no-common-cells", True)


def test_classes_of_either_are_classes_of_the_difference():
    def of(names, values):
        axis = CubeClass("subject", pa.array(names))
        values = np.array(values)
        return made(values, np.ones(values.shape[:2], bool), np.zeros(1), np.zeros(1), classes=(axis,))

    change = of(["a", None], [[[1, 2]]]).difference(of(["b", None], [[[5, 4]]]))
    assert change.classes[0].values.to_pylist() == ["a", "b", None]
    assert change.dense("count_change").tolist() == [[[1, -5, -2]]]


def test_a_mean_of_nothing_changes_by_no_number():
    def of(values):
        cube = small([[1, 1]])
        return replace(cube, measures={"mean(x)": CubeMeasure("mean(x)", np.array(values))})

    change = of([2.0, 3.0]).difference(replace(of([5.0]), at=np.array([0])))
    np.testing.assert_array_equal(change.dense("mean(x)_change"), [[-3.0, np.nan]])


def test_a_step_is_the_same_by_either_of_its_names():
    assert small([[1, 2]]).difference(small([[1, 1]], every="day")).dense("count_change").tolist() == [[0, 1]]


def test_cubes_that_are_not_alike_are_refused():
    cube = small([[1, 2]])
    other = replace(cube, measures={"n": replace(cube.measure(), written="sum(n)")})
    for wrong in (
        small([[1, 2], [3, 4]]), replace(cube, every="1W"), replace(cube, crs="EPSG:4548"),
        replace(cube, of_instants=True), replace(cube, cells=replace(cube.cells, noun="unit")), other,
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            cube.difference(wrong)
        assert caught.value.kind == "cubes-differ"
