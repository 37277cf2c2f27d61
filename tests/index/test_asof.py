"""AsOfIndex: what plain pandas and shapely say, in small worlds of whole numbers: ties and borders are common."""

import itertools
import math
import pickle
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import FormatError, InternalError, InvalidInput
from stcloud.index import AsOfIndex, timeslice
from stcloud.paas.query.join import Nearest, Within, WithinDistance, held_by
from stcloud.testing.examples import examples

SIDE, DAYS = 8, 6
whole = st.integers(0, SIDE)
only_points = st.tuples(whole, whole)
EVERY = ("area", "line", "point")
KEYS = ["a", "b", "b2", "B", "10", "9", "é"]


@st.composite
def areas(draw):
    (x1, y1), (x2, y2) = draw(only_points), draw(only_points)
    box = shapely.box(min(x1, x2), min(y1, y2), max(x1, x2) + 1, max(y1, y2) + 1)
    corners = draw(st.lists(only_points, min_size=3, max_size=5))
    hull = shapely.MultiPoint(corners).convex_hull
    kind = draw(st.integers(0, 3))
    if kind == 0 and hull.geom_type == "Polygon":
        return hull
    if kind == 1:
        return box.difference(hull) if box.difference(hull).geom_type in {"Polygon", "MultiPolygon"} else box
    if kind == 2:
        return shapely.MultiPolygon([box, shapely.box(SIDE + 2, 0, SIDE + 3, SIDE)])
    return box


lines = st.lists(only_points, min_size=2, max_size=4).map(shapely.LineString)
points = only_points.map(shapely.Point)
nothing = st.sampled_from([None, shapely.Polygon(), shapely.Point(), shapely.LineString()])
anything = st.one_of(
    areas(), lines, points, st.lists(only_points, min_size=1, max_size=3).map(shapely.MultiPoint)
)


@st.composite
def histories(draw, shapes):
    """VersionTable of several features: each its own periods, with gaps; shapes come again, and are missing."""
    rows = []
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=5)):
        cuts = sorted(draw(st.sets(st.integers(0, DAYS), min_size=2, max_size=5)))
        some = draw(st.lists(st.one_of(shapes, shapes, nothing), min_size=1, max_size=2))
        for start, end in itertools.pairwise(cuts):
            if draw(st.integers(0, 4)):
                rows.append((key, start, end, draw(st.sampled_from(some))))
    return draw(st.permutations(rows))


places = st.one_of(whole, st.integers(-3, SIDE + 4).map(lambda n: n / 2), st.just(math.nan))
events = st.lists(st.tuples(places, places, st.integers(-1, DAYS)), max_size=12)


def shape_of(chance, kind):
    """Return any shape of a kind, at whole numbers."""
    only_points = chance.integers(0, SIDE + 1, (4, 2))
    if kind == "point":
        return shapely.Point(only_points[0])
    if kind == "line":
        return shapely.LineString(only_points[: chance.integers(2, 5)])
    low, high = np.minimum(only_points[0], only_points[1]), np.maximum(only_points[0], only_points[1]) + 1
    hull = shapely.convex_hull(shapely.multipoints(only_points))
    return hull if hull.geom_type == "Polygon" and chance.integers(2) else shapely.box(*low, *high)


@st.composite
def crowds(draw, kinds):
    """Many versions and events at whole numbers and halves: each event has several partners, and ties."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = []
    for key in KEYS + [f"k{one}" for one in range(chance.integers(0, 30))]:
        cuts = np.flatnonzero(chance.integers(0, 2, DAYS + 1)).tolist()
        some = [shape_of(chance, str(chance.choice(kinds))) for _ in range(2)]
        rows += [(key, *cut, some[chance.integers(2)]) for cut in itertools.pairwise(cuts)]
    places = chance.integers(-2, 2 * SIDE + 4, (40, 2)) / 2
    at = chance.integers(-1, DAYS + 1, 40).tolist()
    chance.shuffle(rows)
    return rows, [(x, y, one) for (x, y), one in zip(places.tolist(), at, strict=True)]


def worlds(shapes, *kinds):
    """Return versions and events, few and strange or many and plain."""
    return st.one_of(st.tuples(histories(shapes), events), crowds(kinds))


def partners_of(rows, fewest=1):
    """SlicedRuns, with an number as often as may be."""
    key, start, end, shapes = zip(*rows, strict=True) if rows else ((), (), (), ())
    made = AsOfIndex.of(list(key), np.array(start, np.int64), np.array(end, np.int64), list(shapes))
    with mock.patch.object(timeslice, "_FEWEST", fewest):
        assert len(made.sliced.slices) <= len(rows) + 1
    return made


def columns(rows):
    x, y, at = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(x, float), np.array(y, float), np.array(at, np.int64)


def everything(history, happened):
    """Every event with every version valid at its instant, with what shapely says of the two; a plain cross join."""
    versions = (
        pd.DataFrame(history, columns=["key", "start", "end", "shape"]).rename_axis("version").reset_index()
    )
    found = pd.DataFrame(happened, columns=["x", "y", "at"]).rename_axis("event").reset_index()
    pairs = found.merge(versions, how="cross")
    pairs = pairs[(pairs["start"] <= pairs["at"]) & (pairs["at"] < pairs["end"])]
    pairs = pairs[
        pairs[["x", "y"]].notna().all(axis=1) & pairs["shape"].map(lambda one: one is not None)
    ].copy()
    at = shapely.points(pairs["x"].to_numpy(float), pairs["y"].to_numpy(float))
    shape = pairs["shape"].to_numpy(object)
    pairs["held"] = shapely.covers(shape, at)
    pairs["far"] = shapely.distance(shape, at)
    pairs["um"] = (pairs["far"] * 1e6).round()
    return pairs[~shapely.is_empty(shape)].sort_values(["event", "um", "key", "start"])


def said(pairs):
    return list(zip(pairs.event.tolist(), pairs.version.tolist(), strict=True))


def pairs_in(frame):
    return list(zip(frame["event"].tolist(), frame["version"].tolist(), strict=True))


def smallest(expected, count):
    """The smallest key of those that held each event, by plain pandas."""
    keys = expected[expected["held"]].groupby("event")["key"].min()
    return [keys.get(event) for event in range(count)]


quick = settings(deadline=None, max_examples=examples(100))
metres = st.one_of(st.integers(0, 6), st.sampled_from([0.5, 1.5, math.sqrt(2), math.sqrt(5)]))


@quick
@given(worlds(areas(), "area"))
def test_within_is_every_area_that_covers_the_event_and_was_valid_at_its_instant(world):
    history, happened = world
    found = partners_of(history).within(*columns(happened))
    expected = everything(history, happened)
    expected = expected[expected["held"]].sort_values(["event", "key", "start"])
    assert said(found) == pairs_in(expected)
    assert found.distance_m is None


@quick
@given(worlds(areas(), "area"))
def test_of_areas_that_share_a_border_or_overlap_the_one_with_the_smallest_key_is_first(world):
    history, happened = world
    found = partners_of(history).within(*columns(happened), first=True)
    expected = everything(history, happened)
    expected = expected[expected["held"]].sort_values(["event", "key", "start"])
    assert said(found) == pairs_in(expected[~expected.duplicated("event")])


@quick
@given(worlds(areas(), "area"))
def test_the_key_of_an_event_is_the_smallest_of_those_that_held_it(world):
    history, happened = world
    made = partners_of(history)
    found = made.keys_of(*columns(happened))
    assert found.to_pylist() == smallest(everything(history, happened), len(happened))
    x, y, at = columns(happened)
    for lone in (pa.Table.from_batches, lambda batches: batches[0]):
        rows = pa.record_batch({"st_x": x, "st_y": y, "st_time": pa.array(at, pa.timestamp("us", "UTC"))})
        assert held_by(lone([rows]), made).equals(found)


@quick
@given(worlds(anything, *EVERY), st.booleans())
def test_what_was_kept_answers_as_what_was_built(world, distances):
    """Law: partners that travelled, or were kept as arrays, are the partners they were."""
    history, happened = world
    made = partners_of(history)
    if distances:
        made.prepare(distances=True)
    kept = pickle.loads(pickle.dumps(made))
    assert kept.sliced.has_segments == distances
    hows = [WithinDistance(2), Nearest(1), Nearest(2, 3.0)] if distances else []
    if not made.sliced.without_areas:
        hows += [Within(), Within(first=False)]
        assert kept.keys_of(*columns(happened)).equals(made.keys_of(*columns(happened)))
    assert kept.sliced.without_areas == made.sliced.without_areas
    assert kept.versions.key.equals(made.versions.key)
    for how in hows:
        one, other = how.pairs(made, *columns(happened)), how.pairs(kept, *columns(happened))
        assert said(one) == said(other)
        assert (one.distance_m is None and other.distance_m is None) or (
            one.distance_m.tolist() == other.distance_m.tolist()
        )


@quick
@given(worlds(points, "point"), st.one_of(metres, st.just(math.inf)))
def test_the_nearest_point_is_the_nearest_of_all_shapes(world, most):
    """One loop for points, one for everything: an area far off makes the layer one of the second kind."""
    history, happened = world
    far = shapely.box(1e7, 1e7, 1e7 + 1, 1e7 + 1)
    mixed = partners_of([*history, ("zz", -9, 9, far)])
    found = partners_of(history).nearest(*columns(happened), 1, most)
    other = mixed.nearest(*columns(happened), 1, min(most, 1e6))
    assert said(found) == said(other)
    assert found.distance_m.tolist() == other.distance_m.tolist()


@quick
@given(worlds(anything, *EVERY), metres)
def test_within_a_distance_is_what_shapely_measures_nearest_first_then_smallest_key(world, most):
    history, happened = world
    found = partners_of(history).within_distance(*columns(happened), most)
    expected = everything(history, happened)
    expected = expected[expected["um"] <= round(most * 1e6)]
    assert said(found) == pairs_in(expected)
    assert found.distance_m == pytest.approx(expected["far"].to_numpy(), abs=1e-9)


@quick
@given(worlds(anything, *EVERY), st.integers(1, 4), st.one_of(metres, st.just(math.inf)))
def test_nearest_are_the_first_within_the_distance(world, k, most):
    history, happened = world
    found = partners_of(history).nearest(*columns(happened), k, most)
    expected = everything(history, happened)
    expected = expected[expected["far"] <= most + 5e-7].groupby("event").head(k)
    assert said(found) == pairs_in(expected)
    assert found.distance_m == pytest.approx(expected["far"].to_numpy(), abs=1e-9)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["points", "lines", "areas"])
def test_large_worlds_agree_with_shapely_event_by_event(kind):
    """Thousands of random shapes in many squares, and one far off; in several threads as in one."""
    chance = np.random.default_rng(5)
    n, count = 3000, 400
    corner = np.array([571_300.0, 4_488_300.0])
    at = chance.uniform(0, 3000, (n, 2)) + corner
    if kind == "points":
        shapes = shapely.points(at)
    elif kind == "lines":
        shapes = shapely.linestrings(
            np.cumsum(np.concatenate([at[:, None], chance.uniform(-60, 60, (n, 5, 2))], 1), 1)
        )
    else:
        shapes = shapely.buffer(shapely.points(at), chance.uniform(5, 90, n), quad_segs=2)
    shapes[0] = shapely.transform(shapes[0], lambda xy: xy + 900_000)
    start = chance.integers(0, 50, n)
    partners = AsOfIndex.of([f"k{one}" for one in range(n)], start, start + 30, shapes)
    assert len(partners.sliced.slices) > 1
    x, y = (chance.uniform(-300, 3300, (count, 2)) + corner).T
    instants = chance.integers(0, 90, count)
    happened = list(zip(x, y, instants, strict=True))
    history = [(f"k{one}", start[one], start[one] + 30, shapes[one]) for one in range(n)]
    expected = everything(history, happened)
    far = expected[expected["far"] <= 120]
    found = partners.within_distance(x, y, instants, 120)
    assert said(found) == pairs_in(far)
    assert found.distance_m == pytest.approx(far["far"].to_numpy(), abs=1e-9)
    for k, most in ((1, math.inf), (3, 120), (7, math.inf)):
        near = expected[expected["far"] <= most].groupby("event").head(k)
        assert said(partners.nearest(x, y, instants, k, most)) == pairs_in(near)
    if kind == "areas":
        held = expected[expected["held"]].sort_values(["event", "key"])
        assert said(partners.within(x, y, instants)) == pairs_in(held)


def test_threads_change_no_answer():
    chance = np.random.default_rng(6)
    grid = [shapely.box(i, j, i + 1, j + 1) for i in range(9) for j in range(9)]
    partners = AsOfIndex.of([f"{one:02}" for one in range(81)], np.zeros(81), np.full(81, 9), grid)
    x, y = chance.integers(-2, 24, (2, 70_000)) / 2
    at = chance.integers(0, 10, 70_000)
    for how in (Within(), Within(first=False), WithinDistance(0.5), Nearest(2, 1.0)):
        one, other = how.pairs(partners, x, y, at, workers=1), how.pairs(partners, x, y, at, workers=3)
        assert said(one) == said(other)
        assert len(one)


def test_a_version_begins_at_its_first_instant_and_has_gone_at_its_last():
    box = shapely.box(0, 0, 1, 1)
    partners = AsOfIndex.of(["a", "a", "b"], [ALWAYS, 10, 20], [5, 20, FOREVER], [box] * 3)
    found = partners.within(np.full(6, 0.5), np.full(6, 0.5), [4, 5, 9, 10, 20, FOREVER - 1])
    assert said(found) == [(0, 0), (3, 1), (4, 2), (5, 2)]
    assert said(partners.within([0.5], [0.5], 10)) == [(0, 1)]


def test_many_versions_of_one_shape_are_searched_as_one():
    shapes = [shapely.box(0, 0, 1, 1) for _ in range(500)]
    start = np.arange(500)
    partners = AsOfIndex.of(["a"] * 500, start[::-1], start[::-1] + 1, shapes)
    assert partners.sliced.runs.first.tolist() == [0]
    assert said(partners.within([0.5, 0.5], [0.5, 0.5], [0, 499])) == [(0, 499), (1, 0)]


def test_shapes_that_share_a_piece_tie_whatever_way_they_run():
    line = shapely.LineString([(0, 0), (7, 3)])
    partners = AsOfIndex.of(["b", "a"], [0, 0], [9, 9], [line, line.reverse()])
    found = partners.nearest([1.0, 2.3], [5.0, 7.7], 0, 1)
    assert found.version.tolist() == [1, 1]
    both = partners.within_distance([1.0], [5.0], 0, 9)
    assert both.distance_m[0] == both.distance_m[1]


def test_events_that_are_nowhere_or_very_far_have_no_partner_near_them():
    partners = AsOfIndex.of(["a"], [0], [9], [shapely.Point(0, 0)])
    x = np.array([math.nan, 0, math.inf, -math.inf, 1e300, 1e9])
    y = np.array([0, math.nan, 0, math.inf, 1e300, 1e9])
    assert not len(partners.within_distance(x, y, 0, 1e6))
    assert said(partners.nearest(x, y, 0, 1)) == [(5, 0)]


def test_a_layer_without_versions_or_places_has_no_partners():
    for partners in (AsOfIndex.of([], [], [], []), AsOfIndex.of(["a"], [0], [9], [None])):
        for how in (Within(), WithinDistance(5), Nearest(2)):
            assert not len(how.pairs(partners, [1.0], [1.0], 3))
            assert not len(how.pairs(partners, [], [], np.empty(0, np.int64)))


def test_points_and_lines_hold_nothing():
    for shape in (shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])):
        with pytest.raises(InvalidInput) as caught:
            AsOfIndex.of(["a"], [0], [9], [shape]).within([0.0], [0.0], 0)
        assert caught.value.kind == "not-an-area"
    mixed = AsOfIndex.of(["a", "b"], [0, 0], [9, 9], [shapely.Point(0, 0), shapely.box(0, 0, 1, 1)])
    assert said(mixed.within([0.0], [0.0], 0)) == [(0, 1)]


def test_what_is_no_index_is_refused():
    whole = AsOfIndex.of(["a"], [0], [9], [shapely.box(0, 0, 1, 1)]).arrays()
    for arrays, kind in (
        ({**whole, "layout": np.array([0])}, "unknown-index"),
        ({}, "unknown-index"),
        ({name: one for name, one in whole.items() if name != "key_text"}, "damaged-index"),
    ):
        with pytest.raises(FormatError) as caught:
            AsOfIndex.from_arrays(arrays)
        assert caught.value.kind == kind
    with pytest.raises(InternalError):
        AsOfIndex.from_arrays(whole).nearest([0.0], [0.0], 0)


@pytest.mark.parametrize(
    ("given_", "kind"),
    [
        ((["a"], [0], [1, 2], [None]), "columns-differ"),
        (([None], [0], [1], [None]), "no-key"),
        ((["a"], [1], [1], [None]), "empty-period"),
    ],
)
def test_versions_that_are_none_are_refused(given_, kind):
    with pytest.raises(InvalidInput) as caught:
        AsOfIndex.of(*given_)
    assert caught.value.kind == kind


def test_shapes_and_events_that_cannot_be_measured_are_refused():
    mixed = shapely.GeometryCollection([shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])])
    nowhere = shapely.Point(math.inf, 0)
    for shape, kind in ((mixed, "mixed-geometry"), (nowhere, "not-finite")):
        with pytest.raises(InvalidInput) as caught:
            AsOfIndex.of(["a"], [0], [1], [shape]).nearest([0.0], [0.0], 0)
        assert caught.value.kind == kind
    with pytest.raises(InvalidInput) as caught:
        AsOfIndex.of(["a"], [0], [1], [None]).nearest([0.0], [0.0, 1.0], 0)
    assert caught.value.kind == "events-differ"


def test_keys_may_come_in_pieces():
    keys = pa.chunked_array([["b"], ["a"]])
    partners = AsOfIndex.of(keys, [0, 0], [9, 9], [shapely.Point(0, 0)] * 2)
    assert partners.nearest([1.0], [0.0], 0, 2).version.tolist() == [1, 0]
