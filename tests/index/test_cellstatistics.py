"""Statistics of polygons: what exactextract says of a raster, and the same to the bit however it is read."""

from contextlib import contextmanager

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index import cellquantile, cellspread, cellsums
from stcloud.index.cellquantile import cell_quantiles
from stcloud.index.cellspread import cell_spread
from stcloud.index.cellsums import cell_sums
from stcloud.index.pixelweights import PixelWeights
from stcloud.testing.examples import examples
from tests.index.pixelshapes import SHAPE, TRANSFORMS, polygons

BOUNDS = (0.0, 0.0, 70.0, 60.0)
HEIGHTS = st.integers(1, SHAPE[0])
_COUNT = SHAPE[0] * SHAPE[1]


@contextmanager
def in_numpy():
    with pytest.MonkeyPatch.context() as patch:
        for module in (cellsums, cellspread, cellquantile):
            patch.setattr(module, "pays", lambda *_: False)
        yield


@st.composite
def rasters(draw):
    """Values that all differ or often repeat, some of them missing."""
    values = draw(
        st.one_of(
            st.permutations(range(_COUNT)), st.lists(st.integers(0, 5), min_size=_COUNT, max_size=_COUNT)
        )
    )
    scale = draw(st.sampled_from([1.0, 0.37, -1e4]))
    raster = np.array(values, np.float64).reshape(SHAPE) * scale + draw(st.sampled_from([0.0, -7.5, 1e6]))
    raster[np.array(draw(st.lists(st.booleans(), min_size=_COUNT, max_size=_COUNT))).reshape(SHAPE)] = np.nan
    return raster


def strips(raster, height):
    return [(row, raster[row : row + height]) for row in range(0, len(raster), height)]


def statistics(weights, raster, height):
    sums, spread = cell_sums(weights, strips(raster, height)), cell_spread(weights, strips(raster, height))
    shares = {
        f"quantile_{100 * share:g}": cell_quantiles(weights, share, strips(raster, height))
        for share in (0, 0.5, 0.9)
    }
    return {
        "mean": sums.mean, "sum": sums.sum, "count": sums.count, "min": spread.least, "max": spread.greatest,
        "stdev": spread.stdev, **shares,
    }  # fmt: skip


def by_exactextract(shapes, raster):
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    frame = geopandas.GeoDataFrame({"id": range(len(shapes))}, geometry=list(shapes), crs="EPSG:32618")
    source = NumPyRasterSource(raster, *BOUNDS, nodata=np.nan, srs_wkt=frame.crs.to_wkt())
    names = [
        "mean",
        "sum",
        "count",
        "min",
        "max",
        "stdev",
        "quantile(q=0)",
        "quantile(q=0.5)",
        "quantile(q=0.9)",
    ]
    return exact_extract(source, frame, names, output="pandas")


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(polygons(), min_size=1, max_size=4), rasters(), HEIGHTS)
def test_statistics_are_those_of_exactextract(shapes, raster, height):
    weights = PixelWeights.of(np.array(shapes, object), TRANSFORMS[0], SHAPE)
    ours, theirs = statistics(weights, raster, height), by_exactextract(shapes, raster)
    size = max(np.nanmax(np.abs(raster)) if not np.isnan(raster).all() else 1, 1)
    some = ours["count"] > 0
    for name, values in ours.items():
        expected = np.asarray(theirs[name], np.float64)
        if name != "count":
            assert np.isnan(values[~some]).all()
        assert values[some] == pytest.approx(expected[some], rel=1e-6, abs=1e-6 * size), name
    assert (np.asarray(theirs["count"])[~some] == 0).all()


@settings(max_examples=examples(80), deadline=None)
@given(
    st.lists(polygons(), min_size=1, max_size=4),
    rasters(),
    st.sampled_from(TRANSFORMS),
    st.integers(1, 6),
    st.integers(1, 6),
)
def test_neither_strips_nor_compiling_change_a_bit(shapes, raster, transform, height, other):
    weights = PixelWeights.of(np.array(shapes, object), transform, SHAPE)
    fast, again = statistics(weights, raster, height), statistics(weights, raster, other)
    with in_numpy():
        plain = statistics(weights, raster, other)
    for name, values in fast.items():
        assert values.tobytes() == again[name].tobytes() == plain[name].tobytes(), name


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20, unique=True), st.floats(0, 1))
def test_quantiles_of_whole_pixels_with_distinct_values_are_those_of_numpy(values, share):
    weights = PixelWeights.of(
        np.array([shapely.box(0, 0, 200, 10)]), (10, 0, 0, 0, -10, 10), (1, len(values))
    )
    (ours,) = cell_quantiles(weights, share, [(0, np.array([values]))])
    assert ours == pytest.approx(np.quantile(values, share), rel=1e-9, abs=1e-6)


def test_rows_that_are_not_given_have_no_value():
    weights = PixelWeights.of(np.array([shapely.box(0, 0, 10, 30)]), (10, 0, 0, 0, -10, 30), (3, 1))
    raster = np.array([[1.0], [2.0], [6.0]])
    given_rows = [(0, raster[:1]), (2, raster[2:])]
    for compiled in (True, False):
        with in_numpy() if not compiled else pytest.MonkeyPatch.context():
            assert cell_sums(weights, given_rows).mean.tolist() == [3.5]
            assert cell_spread(weights, given_rows[1:]).least.tolist() == [6.0]
            assert cell_quantiles(weights, 0.5, given_rows[:1]).tolist() == [1.0]


def test_a_polygon_without_values_has_a_count_of_nothing_and_no_other_statistic():
    weights = PixelWeights.of(
        np.array([None, shapely.box(0, 0, 10, 10)], object), (10, 0, 0, 0, -10, 10), (1, 1)
    )
    result = statistics(weights, np.array([[np.nan]]), 1)
    assert result.pop("count").tolist() == [0, 0]
    assert all(np.isnan(values).all() for values in result.values())
