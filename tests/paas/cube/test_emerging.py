"""Hot spots of whole cubes: every cell as the oracle's, planted classes found, rules told."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from stcloud.errors import InvalidInput, NotFound, Unsupported
from stcloud.paas.cube.cells import CubeCells, Lives
from stcloud.paas.cube.cube import Cube, CubeClass, CubeMeasure
from stcloud.paas.cube.emerging import Neighbourhood
from stcloud.paas.cube.hotspot import CLASSES
from stcloud.testing.examples import examples
from stcloud.testing.hotspots import benjamini_hochberg, class_of, gi_star, kendall, sen
from stcloud.time import Zone
from tests.paas.cube.conftest import bins_of, cubes

DAY_US = 86_400_000_000


def made(values, known, x, y, *, classes=(), of_nothing=0.0):
    """Return a cube with these values and known bins."""
    steps, count = values.shape[:2]
    edges = np.arange(steps + 1) * DAY_US
    step, cell = np.nonzero(known)
    lives = Lives(cell.astype(np.int64), edges[step], edges[step + 1])
    shapes = np.asarray(shapely.box(x - 50, y - 50, x + 50, y + 50), object)
    cells = CubeCells(
        "cell_100m", pa.array(np.arange(count)), x, y, np.full(count, 1e4), lives, lambda: shapes
    )
    joined = "sum" if of_nothing == 0 else "none"
    there = known.reshape(*known.shape, *(1,) * len(classes)) & (values != 0)
    at = np.flatnonzero(there)
    return Cube(
        "1D", edges, tuple(f"day {at}" for at in range(steps)), np.ones(steps, bool), cells, classes, at,
        {"count": CubeMeasure("count", values.reshape(-1)[at], of_nothing, joined)}, (0, int(edges[-1])),
        Zone("Pacific/Auckland"), "EPSG:2193",
    )  # fmt: skip


def expected(cube, near, *, steps=0, both=False, reference="cube", corrected=True, alpha=0.10, skip=True, few=False,
             area_km2=None):  # fmt: skip
    """Return by plain loops: of each cell its class, hot and cold steps, trends and slope; and z of each bin."""
    values, known = cube.dense(), cube.known.copy()
    if few:
        for cell in range(values.shape[1]):
            if not any(values[step, cell] for step in range(len(values)) if known[step, cell]):
                known[:, cell] = False
    bins = bins_of(values, known)
    if area_km2 is not None:
        bins = {(step, cell): value / area_km2[cell] for (step, cell), value in bins.items()}
    z = gi_star(bins, near, steps=steps, both=both, reference=reference)
    places = list(z)
    past = benjamini_hochberg([z[place] for place in places], 0.10) if corrected and places else [
        2 * norm.sf(abs(z[place])) <= 0.10 for place in places
    ]  # fmt: skip
    hot = dict(zip(places, past, strict=True))
    first, rows = steps if skip else 0, []
    for cell in range(values.shape[1]):
        signs = [
            None if not known[step, cell] else (int(np.sign(z[step, cell])) if hot.get((step, cell)) else 0)
            for step in range(len(values))
        ]
        _, trend, p = kendall([z[step, cell] for step in range(first, len(values)) if (step, cell) in z])
        direction = 0 if math.isnan(p) or p > alpha else int(np.sign(trend))
        there = {step: bins[step, cell] for step in range(first, len(values)) if (step, cell) in bins}
        name = None if few and not known[:, cell].any() else class_of(signs, direction)
        value_trend = kendall(list(there.values()))[1:]
        rows.append((name, signs.count(1), signs.count(-1), trend, p, *value_trend, sen(there)))
    return rows, z


def assert_equal(spots, rows, z):
    """Refuse hot spots that are not the oracle's: classes and steps equal in every cell, numbers within 1e-9."""
    frame = spots.to_pandas()
    for at, column in enumerate(frame.columns[1:]):
        theirs = [row[at] for row in rows]
        if at < 3:
            assert [None if pd.isna(value) else value for value in frame[column]] == theirs
        else:
            np.testing.assert_allclose(
                frame[column].to_numpy(float), np.array(theirs, float), rtol=1e-9, atol=1e-9
            )
    mine = {
        (int(step), int(cell)): spots.z[step, cell]
        for step, cell in zip(*np.nonzero(~np.isnan(spots.z)), strict=True)
    }
    assert mine == pytest.approx(z, rel=1e-9, abs=1e-9)


def within(x, y, distance_m):
    return {
        i: {j for j in range(len(x)) if math.hypot(x[i] - x[j], y[i] - y[j]) <= distance_m}
        for i in range(len(x))
    }


@given(
    cubes(fewest=2), st.sampled_from([0, 100, 150]), st.integers(0, 2), st.booleans(),
    st.sampled_from(["cube", "step", "window"]), st.booleans(), st.sampled_from([0.10, 0.4]), st.booleans(),
    st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=examples(200))
def test_every_cell_is_that_of_the_oracle_with_every_switch(
    cube, distance_m, steps, both, reference, corrected, alpha, skip, few
):
    values, known, x, y = cube
    values = np.abs(values).astype(np.int64)
    made_of = made(values, known, x, y)
    spots = made_of.hotspots(
        distance_m=distance_m, steps=steps, both=both, reference=reference, corrected=corrected, alpha=alpha,
        skip_warm_up=skip, with_events_only=few,
    )  # fmt: skip
    switches = {"steps": steps, "both": both, "reference": reference, "corrected": corrected, "alpha": alpha}
    assert_equal(spots, *expected(made_of, within(x, y, distance_m), **switches, skip=skip, few=few))


@given(cubes(fewest=3), st.lists(st.tuples(st.integers(0, 6), st.integers(1, 7)), min_size=12, max_size=12))
@settings(deadline=None, max_examples=examples(100))
def test_cells_that_are_born_and_end_are_those_of_the_oracle(cube, lives):
    """Cells that differ in area are there for some steps only; before and after nothing of them is known."""
    values, _, x, y = cube
    values = np.abs(values).astype(np.int64)
    count = values.shape[1]
    begin = np.array([min(first, len(values) - 1) for first, _ in lives[:count]])
    known = np.array([[first <= step < first + length for step in range(len(values))]
                      for first, (_, length) in zip(begin, lives[:count], strict=True)]).T  # fmt: skip
    area = 1e4 * np.array([1 + length % 2 for _, length in lives[:count]])
    cube = made(values, known, x, y)
    cube = replace(cube, cells=replace(cube.cells, area_m2=area))
    even = len(set(area.tolist())) == 1
    rows, z = expected(cube, within(x, y, 100), steps=1, area_km2=None if even else area / 1e6)
    assert_equal(cube.hotspots(distance_m=100), rows, z)


PATTERNS = {
    "new": [0] * 19 + [20],
    "consecutive": [0] * 17 + [20] * 3,
    "intensifying": [15 + step / 2 for step in range(20)],
    "persistent": [20] * 20,
    "diminishing": [25 - step / 2 for step in range(20)],
    "sporadic": [0] * 3 + [20] + [0] * 5 + [20, 20] + [0] * 8 + [20],
    "oscillating": [0] * 5 + [-20] + [0] * 6 + [20] + [0] * 6 + [20],
    "historical": [20] * 19 + [0],
    "none": [0] * 9 + [20, 20] + [0] * 9,
}


@pytest.mark.thorough
@pytest.mark.parametrize("neighbours", [{"distance_m": 150}, {"nearest": 8}, {}])
def test_all_seventeen_classes_are_recovered_where_they_were_planted(neighbours):
    """In a town of 60 x 30 cells, each class is a square of 3 x 3 whose counts go its way for 20 days."""
    at = np.arange(1800)
    column, row = at % 60, at // 60
    values = 60 + np.random.default_rng(6).integers(-1, 2, (20, 1800)) * 2
    wanted = {}
    for place, (name, pattern) in enumerate(PATTERNS.items()):
        for side, word, line in ((1, "hot", 8), (-1, "cold", 22)):
            square = (abs(column - 3 - 6 * place) <= 1) & (abs(row - line) <= 1)
            values[:, square] = 60 + side * np.array([round(2 * value) for value in pattern])[:, None]
            wanted[line * 60 + 3 + 6 * place] = name if name == "none" else f"{name} {word}"
    cube = made(values, np.ones(values.shape, bool), column * 100.0, row * 100.0)
    spots = cube.hotspots(steps=0, **neighbours)
    classes = spots.to_pandas()["class"]
    assert {cell: classes[cell] for cell in wanted} == wanted
    assert set(wanted.values()) == set(CLASSES) - {"unknown"}
    rules = {name: spots.why(cell)["rule"] for cell, name in wanted.items()}
    assert len(set(rules.values())) == 17


@pytest.fixture
def planted():
    """A town of 12 x 12 cells over 20 days: a spot that is always hot, a new one, and one that is over."""
    at = np.arange(144)
    x, y = at % 12 * 100.0, at // 12 * 100.0
    values = np.random.default_rng(1).poisson(2, (20, 144)).astype(np.int64)
    for days, column, row in ((slice(0, 20), 2, 2), (slice(19, 20), 9, 9), (slice(0, 19), 9, 2)):
        values[days, (abs(x / 100 - column) <= 1) & (abs(y / 100 - row) <= 1)] += 40
    return made(values, np.ones(values.shape, bool), x, y)


def class_at(spots, column, row):
    return spots.to_pandas()["class"][row * 12 + column]


def test_planted_spots_are_found(planted):
    spots = planted.hotspots(distance_m=150, steps=0)
    assert class_at(spots, 2, 2) in ("persistent hot", "intensifying hot", "diminishing hot")
    assert class_at(spots, 9, 9) == "new hot"
    assert class_at(spots, 9, 2) == "historical hot"
    assert "new hot" in repr(spots)
    frame = spots.to_geopandas()
    assert frame.crs == "EPSG:2193"
    assert len(frame) == len(spots) == 144


def test_a_cell_tells_why_it_has_its_class(planted):
    why = planted.hotspots(distance_m=150, steps=0).why(9 * 12 + 9)
    assert (why["class"], why["rule"]) == ("new hot", "only the last step is hot")
    assert [step["level"] > 0 for step in why["steps"]] == [False] * 19 + [True]
    assert why["steps"][-1]["time"] == "day 19"
    with pytest.raises(NotFound) as caught:
        planted.hotspots(distance_m=150).why(999)
    assert caught.value.kind == "unknown-cell"


def test_hot_spots_are_a_dataset(planted):
    spots = planted.hotspots(distance_m=150, steps=0)
    dataset = spots.to_xarray()
    frame = spots.to_pandas()
    assert {*planted.measures, "known", "z", "level", "class", *frame.columns[2:]} <= set(dataset.variables)
    meanings = dataset["class"].attrs["flag_meanings"].split()
    names = [meanings[number + 1].replace("_", " ") for number in dataset["class"].to_numpy()]
    assert names == frame["class"].tolist()
    np.testing.assert_array_equal(dataset["z"].to_numpy(), spots.z)
    np.testing.assert_array_equal(dataset["sen_slope"].to_numpy(), frame["sen_slope"])


def test_cells_without_events_may_be_left_out():
    values = np.zeros((4, 9), np.int64)
    values[:, :3] = [[1, 5, 2]] * 4
    at = np.arange(9)
    cube = made(values, np.ones(values.shape, bool), at * 100.0, np.zeros(9))
    frame = cube.hotspots(distance_m=100, steps=0, with_events_only=True).to_pandas()
    assert frame["class"].isna().tolist() == [False] * 3 + [True] * 6
    assert cube.hotspots(distance_m=100, steps=0).to_pandas()["class"].notna().all()


def test_few_events_are_warned_of(planted):
    assert planted.hotspots(distance_m=150).notes == ()
    (note,) = (
        made(np.eye(9, dtype=np.int64)[:3], np.ones((3, 9), bool), np.arange(9) * 100.0, np.zeros(9))
        .hotspots(distance_m=100)
        .notes
    )
    assert "0.111" in note


def test_cells_of_other_areas_are_compared_by_square_kilometre(planted):
    """A cell twice as large with twice the events is as unusual, and who looks is told."""
    area = np.where(np.arange(144) % 12 < 6, 1e4, 2e4)
    dense = planted.dense() * (area / 1e4).astype(np.int64)
    x, y = planted.cells.x, planted.cells.y
    uneven = made(dense, np.ones(dense.shape, bool), x, y)
    uneven = replace(uneven, cells=replace(uneven.cells, area_m2=area))
    spots = uneven.hotspots(distance_m=150)
    np.testing.assert_allclose(spots.z, planted.hotspots(distance_m=150).z, rtol=1e-9)
    assert "per km²" in spots.notes[-1]
    as_they_are = uneven.hotspots(distance_m=150, per_km2=False)
    assert "as they are" in as_they_are.notes[-1]
    assert not np.allclose(as_they_are.z, spots.z)
    lost = replace(uneven, cells=replace(uneven.cells, area_m2=np.where(np.arange(144) == 5, np.nan, area)))
    assert np.isnan(lost.hotspots(distance_m=150).z[:, 5]).all()


def test_a_rate_is_not_divided_by_area_again(planted):
    """Law: where cells differ in area, the density that a cube holds is as unusual as the counts that it is of."""
    area = np.where(np.arange(144) % 12 < 6, 1e4, 2e4)
    cells = replace(planted.cells, area_m2=area)
    density = replace(
        planted.measure(), values=planted.dense().ravel()[planted.at] / area[planted.positions()[1]] * 1e6
    )
    rates = replace(
        planted, cells=cells, measures={"per_km2": replace(density, written="per_km2", joined="none")}
    )
    spots = rates.hotspots(distance_m=150)
    np.testing.assert_allclose(spots.z, replace(planted, cells=cells).hotspots(distance_m=150).z, rtol=1e-9)
    assert spots.notes[-1] == "cells differ in area: per_km2 is compared as it is"
    with pytest.raises(Unsupported) as refused:
        rates.hotspots(distance_m=150, per_km2=True)
    assert refused.value.kind == "not-additive"


@pytest.mark.parametrize("shape", [(3, 0), (1, 1), (2, 3)])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("neighbours", [{"distance_m": 100}, {"nearest": 2}, {}])
def test_of_nothing_there_is_nothing_unusual(shape, known, neighbours):
    cube = made(
        np.zeros(shape, np.int64), np.full(shape, known), np.arange(shape[1]) * 100.0, np.zeros(shape[1])
    )
    spots = cube.hotspots(**neighbours, steps=0)
    assert spots.to_pandas()["class"].tolist() == ["none" if known else "unknown"] * shape[1]
    assert np.isnan(spots.z).all()
    assert cube.change_points().num_rows == 0


def test_neighbours_touch_where_nothing_else_is_stated(planted):
    assert (planted.hotspots(steps=0).z == planted.hotspots(distance_m=150, steps=0).z).all()
    assert np.isfinite(planted.hotspots(nearest=8, steps=0).z).all()


def test_what_has_no_hot_spots_is_refused(planted):
    axis = CubeClass("subject", pa.array(["a", "b"]))
    split = made(
        np.ones((3, 4, 2), np.int64), np.ones((3, 4), bool), np.arange(4.0), np.zeros(4), classes=(axis,)
    )
    means = made(
        np.ones((3, 4)) * np.nan, np.ones((3, 4), bool), np.arange(4.0), np.zeros(4), of_nothing=np.nan
    )
    shapeless = replace(planted, cells=replace(planted.cells, shapes=None))
    for ask, kind in (
        (shapeless.hotspots, "no-shapes"),
        (lambda: shapeless.hotspots(nearest=3).to_geopandas(), "no-shapes"),
        (lambda: split.hotspots(distance_m=1), "has-classes"),
        (lambda: means.hotspots(distance_m=1), "no-value"),
        (lambda: planted.hotspots(distance_m=1, nearest=2), "which-neighbours"),
        (lambda: planted.hotspots(distance_m=1, reference="steps"), "unknown-reference"),
        (lambda: planted.hotspots(distance_m=1, alpha=5), "bad-level"),
    ):
        with pytest.raises(InvalidInput) as caught:
            ask()
        assert caught.value.kind == kind
    with pytest.raises(NotFound):
        planted.hotspots("cuont", distance_m=1)
    with pytest.raises(Unsupported) as refused:
        planted.dense(most_mb=0.001)
    assert refused.value.kind == "too-large"


def test_all_seventeen_classes_have_a_rule_in_words():
    assert len(set(itertools.chain(CLASSES))) == 18


@pytest.mark.parametrize(
    ("neighbourhood", "text"),
    [
        (
            Neighbourhood(distance_m=1500.0, steps=2, both=True),
            "cells within 1,500 m, 2 steps before and after",
        ),
        (Neighbourhood(nearest=8, steps=1), "8 nearest cells, 1 step before"),
        (Neighbourhood(), "cells that touch"),
    ],
)
def test_a_neighbourhood_is_written_in_words(neighbourhood, text):
    assert neighbourhood.text == text
