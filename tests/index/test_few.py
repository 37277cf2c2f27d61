"""Few events are searched without compiled loops; what they meet is the same."""

import subprocess
import sys

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index import AsOfIndex, Locator, box_areas, kernel, timeslice
from stcloud.index.kernel import pays
from stcloud.index.outline import outlines_of
from stcloud.index.strip import plain_strips, strips_of

SIDE = 6
whole = st.integers(0, SIDE)
halves = st.integers(-2, 2 * SIDE + 2).map(lambda number: number / 2)
corners = st.tuples(whole, whole)


def ring(points):
    return shapely.Polygon(points)  # may cross itself: the even-odd rule decides


areas = st.lists(corners, min_size=3, max_size=7).map(ring)
shapes = st.one_of(
    st.none(),
    areas,
    st.tuples(areas, areas).map(shapely.MultiPolygon),
    st.builds(
        lambda a, b, c, d: shapely.box(min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1), *[whole] * 4
    ),
    corners.map(shapely.Point),
    st.lists(corners, min_size=2, max_size=4).map(shapely.LineString),
)
coordinates = st.one_of(halves, st.floats(-1, SIDE + 1), st.just(float("nan")), st.just(float("inf")))
histories = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 8), st.integers(1, 9), shapes), min_size=1, max_size=8
)
events = st.lists(st.tuples(coordinates, coordinates, st.integers(0, 12)), min_size=1, max_size=12)


def indexed(history):
    key, start, length, shape = zip(*history, strict=True)
    end = np.array(start) + np.array(length)
    return AsOfIndex.of(list(key), np.array(start, np.int64), end.astype(np.int64), list(shape))


def equal(plain, compiled):
    assert plain.event.tolist() == compiled.event.tolist()
    assert plain.version.tolist() == compiled.version.tolist()
    assert plain.event.dtype == compiled.event.dtype
    assert plain.version.dtype == compiled.version.dtype
    if compiled.distance_m is not None:
        np.testing.assert_allclose(plain.distance_m, compiled.distance_m, rtol=0, atol=1e-6)


@pytest.mark.thorough
@settings(deadline=None)
@given(data=st.data(), history=histories, points=events, closed=st.booleans(), first=st.booleans())
def test_the_plain_path_and_the_compiled_one_give_the_same(data, history, points, closed, first):
    x, y, at = (np.array(column) for column in zip(*points, strict=True))
    metres, count = data.draw(st.sampled_from([0.0, 0.5, 1.0, 2.5, 50.0])), data.draw(st.integers(1, 4))
    bound = data.draw(st.sampled_from([0.5, 3.0, np.inf]))
    calls = [
        lambda partners: partners.within_distance(x, y, at, metres),
        lambda partners: partners.nearest(x, y, at, count, bound),
    ]
    if not indexed(history).sliced.without_areas:
        calls.append(lambda partners: partners.within(x, y, at, closed=closed, first=first))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeslice, "_FEWEST", 2)
        for call in calls:
            results = []
            for compiled in (False, True):
                patch.setattr(kernel.Kernel, "pays", lambda *_, answer=compiled: answer)
                results.append(call(indexed(history)))
            equal(*results)
            kept = AsOfIndex.from_arrays(indexed(history).prepare(distances=True).arrays())
            patch.setattr(kernel.Kernel, "pays", lambda *_: False)
            equal(call(kept), results[1])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "shape", [shapely.Point(0, 0), shapely.LineString([(0, -1), (0, 1)]), shapely.box(-1, -1, 0, 1)]
)
def test_what_is_as_far_as_it_may_be_is_near(monkeypatch, compiled, shape):
    monkeypatch.setattr(kernel.Kernel, "pays", lambda *_: compiled)
    partners = AsOfIndex.of(["a"], [0], [9], [shape])
    for metres, near in ((1.0, [0, 1]), (0.0, [0]), (0.9999994, [0])):
        assert partners.within_distance([0.0, 1.0, 3.0], [0.0] * 3, 4, metres).event.tolist() == near
    assert partners.nearest([0.0, 1.0, 3.0], [0.0] * 3, 4, 1, 1.0).event.tolist() == [0, 1]


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), areas), min_size=1, max_size=6), events, st.booleans())
def test_the_plain_locator_and_the_compiled_one_give_the_same(cells, points, closed):
    x, y, _ = (np.array(column) for column in zip(*points, strict=True))
    results = []
    with pytest.MonkeyPatch.context() as patch:
        for compiled in (False, True):
            patch.setattr(kernel.Kernel, "pays", lambda *_, answer=compiled: answer)
            locator = Locator.of(np.array(cells, object), np.arange(len(cells)))
            results.append([locator.locate(x, y), *locator.pairs(x, y, closed=closed)])
    for plain, compiled in zip(*results, strict=True):
        assert plain.dtype == compiled.dtype
        assert plain.tolist() == compiled.tolist()


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), areas), min_size=1, max_size=6), st.sampled_from([1.0, 1e-4, 1e5]))
def test_plain_strips_and_compiled_ones_are_the_same_arrays(cells, scale):
    scaled = [cell and shapely.transform(cell, lambda xy: xy * scale) for cell in cells]
    polygons = outlines_of(np.array(scaled, object))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel.Kernel, "pays", lambda *_: True)
        compiled = strips_of(polygons)
    for mine, theirs in zip(plain_strips(polygons), compiled, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


def test_what_was_worth_compiling_once_is_worth_it_ever_after(monkeypatch):
    monkeypatch.setattr(kernel, "PLAIN_STEPS", 10)
    loop = kernel.kernel(len)
    assert [pays(loop, steps) for steps in (6, 4, 1, 0)] == [False, False, True, True]


SMALL = """
import sys, numpy, shapely
from stcloud.index import AsOfIndex, Locator, box_areas, kernel, timeslice
cells = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
partners = AsOfIndex.of(["a", "b"], [0, 0], [9, 9], cells)
partners.keys_of([0.5], [0.5], 4), partners.within_distance([3.0], [0.5], 4, 2), partners.nearest([3.0], [0.5], 4)
Locator.of(cells, ["a", "b"]).locate([0.5], [0.5])
assert "numba" not in sys.modules
twice, thrice = kernel.kernel(lambda x: 2 * x), kernel.kernel(lambda x: 3 * x)
assert (twice(2), twice(2.5), thrice(2)) == (4, 5, 6)
assert "numba" in sys.modules
"""


def test_few_events_import_no_compiler_and_compiling_is_noted_once(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SMALL], env={"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("compiling") == 1


@settings(deadline=None)
@given(st.lists(st.tuples(halves, halves, whole, whole), min_size=1, max_size=5), st.integers(1, 3))
def test_areas_in_squares_are_the_same_as_written_and_compiled(boxes, side):
    polygons = np.array(
        [shapely.box(x, y, x + 1 + wide, y + 0.5 + tall) for x, y, wide, tall in boxes], object
    )
    results = []
    with pytest.MonkeyPatch.context() as patch:
        for compiled in (False, True):
            patch.setattr(kernel.Kernel, "pays", lambda *_, answer=compiled: answer)
            results.append(box_areas(polygons, (0, 0), side))
    for plain, compiled in zip(*results, strict=True):
        np.testing.assert_array_equal(plain, compiled)
