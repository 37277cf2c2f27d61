"""Groups on tiles: each has the value of its whole group, wherever a tile's edge cuts it, and is asked for once."""

import geopandas
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.paas.query.run import wholegroups
from stcloud.space.tilegrid import EXTENT, HALF_SIDE_M, Tile
from stcloud.testing.examples import examples
from stcloud.testing.vectortiles import read_tile

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
WEST, SOUTH = 1_748_000.0, 5_426_000.0
TO_TILES = pyproj.Transformer.from_crs(CRS, "EPSG:3857", always_xy=True)
HERE = pyproj.Transformer.from_crs(CRS, "OGC:CRS84", always_xy=True).transform(WEST + 2_800, SOUTH + 2_900)


def calls(start, count):
    chance = np.random.default_rng(start)
    at = pd.Timestamp("2024-01-01", tz=ZONE) + pd.to_timedelta(
        chance.integers(0, 365 * 86_400, count), unit="s"
    )
    return pd.DataFrame(
        {
            "id": [f"k{start + number}" for number in range(count)],
            "at": at.tz_convert("UTC"),
            "x": WEST + chance.uniform(0, 9_000, count),
            "y": SOUTH + chance.uniform(0, 6_000, count),
            "kind": chance.choice(["pothole", "noise"], count),
            "n": chance.integers(0, 9, count),
        }
    )


def make(folder):
    """Make a city of calls, and of six squares of three kilometres."""
    city = stcloud.create(folder, crs=CRS, zone=ZONE)
    city.load("calls", calls(0, 300), key="id", time="at", x="x", y="y", crs=CRS)
    squares = {f"{i}{j}": shapely.box(WEST + 3_000 * i, SOUTH + 3_000 * j, WEST + 3_000 * (i + 1),
                                      SOUTH + 3_000 * (j + 1)) for i in range(3) for j in range(2)}  # fmt: skip
    frame = geopandas.GeoDataFrame({"code": [*squares]}, geometry=[*squares.values()], crs=CRS)
    city.load("areas", frame, key="code", valid_from="2023-01-01")
    return city


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with make(tmp_path_factory.mktemp("groups") / "town") as made:
        yield made


@pytest.fixture
def asked(monkeypatch):
    """Return a list that grows with each time that the whole question is asked."""
    times, ask = [], wholegroups.measured
    monkeypatch.setattr(wholegroups, "measured", lambda *given: times.append(given) or ask(*given))
    return times


def on_grid(shapes, z):
    """Return areas as units of all tiles of a zoom, by pyproj."""
    scale = (1 << z) * EXTENT / (2 * HALF_SIDE_M)

    def units(places):
        east, north = TO_TILES.transform(*places.T)
        return np.stack([(east + HALF_SIDE_M) * scale, (HALF_SIDE_M - north) * scale], axis=1)

    return shapely.transform(shapely.segmentize(shapes, 100), units)


BY = (["in:areas"], ["cell:1km"], ["cell:500m"], ["kind", "cell:1km"], ["in:areas", "kind"])


@settings(max_examples=examples(20), deadline=None)
@given(
    st.sampled_from([13, 12, 14, 15, 9]), st.tuples(*[st.integers(-1, 1)] * 2),
    st.sampled_from([None, "2024-03", "2024"]), st.booleans(),
)  # fmt: skip
def test_a_group_has_the_value_of_the_whole_answer_on_every_tile(city, z, shift, when, noise):
    query = city.query("calls")
    query = query if when is None else query.when(when)
    query = query.what("kind = 'noise'") if noise else query
    at = Tile.at(*HERE, z)
    for by in BY:
        check(query, Tile(z, at.x + shift[0], at.y + shift[1]), by)


def check(query, at, by):
    """Compare the groups on a tile with those of the whole answer that lie there."""
    measures = ["count", "mean(n)", "median(n)", "per_km2"]
    answer = query.measure(*measures, by=by)
    names = [name.replace(":", "_") for name in by]
    place = next(name for name in names if name != "kind")
    whole = {tuple(row[name] for name in names): row for row in answer.to_records() if row[place] is not None}
    tile = query.vector_tile(at.z, at.x, at.y, by=by, measures=measures)
    features = read_tile(tile.content)["calls"].features if tile.content else []
    drawn = {tuple(made.attributes[name] for name in names): made.attributes for made in features}
    assert len(drawn) == len(features)
    for key, attributes in drawn.items():
        assert attributes == pytest.approx(whole[key])
    shapes = on_grid(answer.geometry(), at.z)
    left, top = at.x * EXTENT, at.y * EXTENT
    inside = shapely.box(left, top, left + EXTENT, top + EXTENT).buffer(-2)
    keys = [tuple(row[name] for name in names) for row in answer.to_records()]
    met = {
        key for key, shape in zip(keys, shapes, strict=True) if shape and shape.intersection(inside).area > 9
    }
    assert met <= set(drawn)


def test_groups_of_areas_are_asked_for_once_for_all_tiles_of_a_pin(tmp_path, asked):
    with make(tmp_path / "town") as city:
        at = Tile.at(*HERE, 13)

        def tiles(query):
            return [query.tile(13, at.x + east, at.y, by="in:areas", measures="count") for east in range(3)]

        first = tiles(city.query("calls"))
        assert len(asked) == 1
        pin = city.query("calls").vector_tile(13, at.x, at.y, by="in:areas", measures="count").pin
        assert tiles(city.query("calls").known_at(pin)) == first
        assert len(asked) == 1
        other = tiles(city.query("calls").what("n > 3"))
        assert len(asked) == 2
        city.load("calls", calls(1_000, 50), key="id", time="at", x="x", y="y", crs=CRS)
        second = tiles(city.query("calls"))
        assert len(asked) == 3
        assert len({*map(tuple, (first, second, other))}) == 3
        assert tiles(city.query("calls").known_at(pin)) == first


def test_what_was_purged_is_on_no_tile(tmp_path):
    with make(tmp_path / "town") as city:
        at = Tile.at(*HERE, 11)

        def tile(query):
            return query.vector_tile(11, at.x, at.y, by="in:areas", measures="count")

        def total(made):
            return sum(part.attributes["count"] for part in read_tile(made.content)["calls"].features)

        before = tile(city.query("calls"))
        city.purge("calls", what="kind = 'noise'")
        after = tile(city.query("calls"))
        assert total(after) == int((calls(0, 300)["kind"] == "pothole").sum()) < total(before) == 300
        with pytest.raises(stcloud.StcloudError) as refused:
            tile(city.query("calls").known_at(before.pin))
        assert "purge" in str(refused.value)


def test_a_changed_layer_of_areas_is_asked_for_anew(tmp_path, asked):
    with make(tmp_path / "town") as city:
        at = Tile.at(*HERE, 11)
        first = city.query("calls").tile(11, at.x, at.y, by="in:areas", measures="count")
        whole = shapely.box(WEST, SOUTH, WEST + 9_000, SOUTH + 6_000)
        frame = geopandas.GeoDataFrame({"code": ["all"]}, geometry=[whole], crs=CRS)
        city.load("areas", frame, key="code", valid_from="2023-06-01")
        second = city.query("calls").tile(11, at.x, at.y, by="in:areas", measures="count")
        assert len(asked) == 2
        assert (len(read_tile(first)["calls"].features), len(read_tile(second)["calls"].features)) == (6, 1)
