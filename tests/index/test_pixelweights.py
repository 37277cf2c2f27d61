"""Weights of pixels: what shapely's intersection of each polygon with each pixel says."""

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stcloud.errors import FormatError, InvalidInput
from stcloud.index.kernel import plainly
from stcloud.index.pixelweights import PixelWeights
from stcloud.testing.examples import examples
from tests.index.pixelshapes import SHAPE, TRANSFORMS, polygons

BOX = shapely.box(0, 0, 10, 10)


def by_shapely(shapes, transform, shape):
    """The share of each pixel in each polygon, one intersection after the other."""
    a, _, c, _, e, f = transform
    shares = {}
    for owner, polygon in enumerate(shapes):
        for row in range(shape[0]):
            for column in range(shape[1]):
                x, y = (a * column + c, a * (column + 1) + c), (e * row + f, e * (row + 1) + f)
                pixel = shapely.box(min(x), min(y), max(x), max(y))
                share = 0 if polygon is None else polygon.intersection(pixel).area / pixel.area
                if share > 1e-7:
                    shares[owner, row * shape[1] + column] = share
    return shares


def shares_of(weights):
    polygon, pixel, share = weights.spread()
    pairs = zip(polygon.tolist(), pixel.tolist(), share.tolist(), strict=True)
    return {(owner, at): part for owner, at, part in pairs if part > 1e-7}


@settings(max_examples=examples(120), deadline=None)
@given(st.lists(polygons(), max_size=4), st.sampled_from(TRANSFORMS))
@example([shapely.box(-5, -5, 500, 500)], TRANSFORMS[0])
def test_weights_are_shares_of_intersections(shapes, transform):
    weights = PixelWeights.of(np.array(shapes, object), transform, SHAPE)
    assert shares_of(weights) == pytest.approx(by_shapely(shapes, transform, SHAPE), abs=2e-7)
    assert weights.area == pytest.approx(shapely.area(shapes) / abs(transform[0] * transform[4]))
    assert len(set(zip(*(each.tolist() for each in weights.spread()[:2]), strict=True))) == weights.pixels


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(polygons(), max_size=3), st.sampled_from(TRANSFORMS))
def test_compiled_loops_give_the_same_weights_to_the_bit(shapes, transform):
    fast = PixelWeights.of(np.array(shapes, object), transform, SHAPE).arrays()
    plain = plainly(PixelWeights.of, np.array(shapes, object), transform, SHAPE).arrays()
    assert {name: values.tobytes() for name, values in plain.items()} == {
        name: values.tobytes() for name, values in fast.items()
    }


def test_cells_along_pixels_have_whole_pixels_alone():
    cells = shapely.box(np.arange(0, 60, 20), 0.0, np.arange(20, 80, 20), 40.0)
    weights = PixelWeights.of(cells, (10, 0, 0, 0, -10, 40), (4, 6))
    assert len(weights.pixel) == 0
    assert weights.length.tolist() == [2] * 12


def test_shares_of_cells_that_tile_the_raster_sum_to_whole_pixels():
    chance = np.random.default_rng(3)
    parts = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(chance.uniform(0, 100, (40, 2)))))
    tiles = shapely.intersection(parts, shapely.box(0, 0, 100, 100))
    _, pixel, share = PixelWeights.of(tiles, (7, 0, 0, 0, -7, 98), (14, 14)).spread()
    assert np.bincount(pixel, share, 14 * 14) == pytest.approx(np.ones(14 * 14), abs=1e-6)


def test_a_large_polygon_of_a_large_raster_takes_the_memory_of_its_edge():
    weights = PixelWeights.of(
        np.array([shapely.box(0.5, 0.5, 2999.5, 299.5)]), (1, 0, 0, 0, -1, 300), (300, 3000)
    )
    assert weights.pixels == 900_000
    assert weights.nbytes < 60_000


def test_none_empty_and_far_polygons_have_no_pixels():
    shapes = np.array(
        [None, shapely.Polygon(), shapely.box(1e6, 1e6, 2e6, 2e6), BOX, shapely.MultiPolygon()], object
    )
    weights = PixelWeights.of(shapes, (10, 0, 0, 0, -10, 40), (4, 6))
    assert weights.area.tolist() == [0, 0, 1e10, 1, 0]
    assert [each.tolist() for each in weights.spread()] == [[3], [18], [1.0]]


@pytest.mark.parametrize(
    ("transform", "shapes", "kind"),
    [
        ((10, 1, 0, 0, -10, 40), [BOX], "rotated-raster"), ((10, 0, 0, 1e-9, -10, 40), [BOX], "rotated-raster"),
        ((0, 0, 0, 0, -10, 40), [BOX], "invalid-raster"), ((np.nan, 0, 0, 0, -10, 40), [BOX], "invalid-raster"),
        ((10, 0, 0, 0, -10, 40), [shapely.Point(1, 1)], "not-an-area"),
        ((10, 0, 0, 0, -10, 40), [shapely.Polygon([(0, 0), (1, np.inf), (1, 0)])], "not-finite"),
        ((1e-7, 0, 5, 0, -1e-7, 5), [BOX], None),
    ],
)  # fmt: skip
def test_what_cannot_be_weighed_is_refused(transform, shapes, kind):
    if kind is None:
        assert PixelWeights.of(np.array(shapes, object), transform, (4, 6)).pixels == 24
        return
    with pytest.raises(InvalidInput) as caught:
        PixelWeights.of(np.array(shapes, object), transform, (4, 6))
    assert caught.value.kind == kind


def test_weights_come_back_from_their_arrays_and_damaged_ones_do_not():
    weights = PixelWeights.of(np.array([shapely.box(5, 5, 33, 33), BOX]), (10, 0, 0, 0, -10, 40), (4, 6))
    arrays = weights.arrays()
    again = PixelWeights.from_arrays(arrays)
    assert again.shape == weights.shape
    assert [each.tolist() for each in again.spread()] == [each.tolist() for each in weights.spread()]
    for name, values in arrays.items():
        with pytest.raises(FormatError):
            PixelWeights.from_arrays({key: each for key, each in arrays.items() if key != name})
        with pytest.raises(FormatError):
            PixelWeights.from_arrays({**arrays, name: values.astype("f2")})
    for name in ("pixel", "first", "edges", "runs"):
        with pytest.raises(FormatError):
            PixelWeights.from_arrays({**arrays, name: arrays[name] + arrays[name].dtype.type(99)})
