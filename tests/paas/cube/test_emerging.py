"""Hot spots of whole cubes: every cell as the oracle's, planted classes found, rules told."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, NotFound, Unsupported
from stcloud.paas.cube.cells import CubeCells, Lives
from stcloud.paas.cube.cube import Cube, CubeClass, CubeMeasure
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


def expected(values, known, x, y, distance_m, steps, both):
    """Return the class of each cell by plain loops."""
    count = values.shape[1]
    near = {
        i: {j for j in range(count) if math.hypot(x[i] - x[j], y[i] - y[j]) <= distance_m}
        for i in range(count)
    }
    z = gi_star(bins_of(values, known), near, steps=steps, both=both, reference="cube")
    bins = list(z)
    hot = dict(zip(bins, benjamini_hochberg([z[bin_] for bin_ in bins], 0.10), strict=True)) if bins else {}
    rows = []
    for cell in range(count):
        signs = [
            None if not known[step, cell] else (int(np.sign(z[step, cell])) if hot.get((step, cell)) else 0)
            for step in range(len(values))
        ]
        late = {step: z[step, cell] for step in range(steps, len(values)) if (step, cell) in z}
        _, trend, p = kendall(list(late.values()))
        direction = 0 if math.isnan(p) or p > 0.10 else int(np.sign(trend))
        there = {step: values[step, cell].item() for step in range(steps, len(values)) if known[step, cell]}
        rows.append((class_of(signs, direction), kendall(list(there.values()))[1], sen(there)))
    return rows, z


@given(cubes(fewest=2), st.sampled_from([0, 100, 150]), st.integers(0, 2), st.booleans())
@settings(deadline=None, max_examples=examples(100))
def test_every_cell_has_the_class_of_the_oracle(cube, distance_m, steps, both):
    values, known, x, y = cube
    values = np.abs(values).astype(np.int64)
    spots = made(values, known, x, y).hotspots(distance_m=distance_m, steps=steps, both=both)
    rows, _ = expected(values, known, x, y, distance_m, steps, both)
    frame = spots.to_pandas()
    assert frame["class"].tolist() == [name for name, _, _ in rows]
    for column, at in (("value_trend_z", 1), ("sen_slope", 2)):
        theirs = np.array([row[at] for row in rows], float)
        np.testing.assert_allclose(frame[column].to_numpy(float), theirs, rtol=1e-9, atol=1e-9)


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
