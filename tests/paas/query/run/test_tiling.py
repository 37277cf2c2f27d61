"""Vector tiles of questions, beside pandas, pyproj and shapely: no row is lost, and none is on two tiles.

The city is 13 hours ahead of UTC in summer, and its CRS is not that of the tiles.
"""

import itertools
from dataclasses import replace

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.engine.duck import Duck
from stcloud.paas.query.run import group_tiling, tiling
from stcloud.space.tilegrid import EXTENT, HALF_SIDE_M, Tile, cell_of_zoom
from stcloud.testing.examples import examples
from stcloud.testing.vectortiles import read_tile

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
WEST, SOUTH = 1_748_000.0, 5_426_000.0
HERE = pyproj.Transformer.from_crs(CRS, "OGC:CRS84", always_xy=True).transform(WEST + 2_800, SOUTH + 2_900)
EXTREMES = [2**63 - 1, -(2**63), 0, -1, 2**53 + 1]


def rows():
    """Events of a year in a place of nine by seven kilometres, many close together, some without a place."""
    chance = np.random.default_rng(11)
    count = 600
    x, y = WEST + chance.uniform(0, 9_000, count), SOUTH + chance.uniform(0, 7_000, count)
    x[:200], y[:200] = x[0] + chance.normal(0, 60, 200), y[0] + chance.normal(0, 60, 200)
    at = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(
        chance.integers(0, 365 * 86_400, count), unit="s"
    )
    frame = pd.DataFrame({
        "id": [f"k{number}" for number in range(count)], "at": at, "x": x, "y": y,
        "kind": chance.choice(["pothole", "Māori ünï 路", "", "noise"], count),
        "big": pd.array(chance.choice(EXTREMES, count), "Int64"), "share": chance.normal(0, 1, count),
        "open": pd.array(chance.random(count) < 0.5, "boolean"),
    })  # fmt: skip
    frame.loc[::7, ["big", "open", "kind"]] = pd.NA
    frame.loc[::40, ["x", "y"]] = np.nan
    return frame


def areas():
    """Six squares, one smaller than a unit of a coarse tile; in June two of them become one."""
    squares = [
        shapely.box(WEST + 3_000 * i, SOUTH + 3_000 * j, WEST + 3_000 * i + 3_000, SOUTH + 3_000 * j + 3_000)
        for i, j in itertools.product(range(3), range(2))
    ]
    tiny = shapely.box(WEST, SOUTH, WEST + 2, SOUTH + 2)
    return geopandas.GeoDataFrame({"code": [*"abcdef", "tiny"]}, geometry=[*squares, tiny], crs=CRS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiles") / "town"
    stcloud.create(folder, crs=CRS, zone=ZONE)
    with stcloud.open(folder) as city:
        city.load("calls", rows(), key="id", time="at", x="x", y="y", crs=CRS)
        first = areas()
        city.load("areas", first, key="code", valid_from="2024-01-01")
        merged = first.iloc[2:].copy()
        merged.loc[len(merged) + 9] = ["ab", shapely.union_all(first.geometry[:2].to_numpy())]
        city.load("areas", merged, valid_from="2024-06-01")
    return folder


@pytest.fixture(scope="module")
def city(folder):
    with stcloud.open(folder) as opened:
        yield opened


def placed(frame, z):
    """Add tile and unit of each event, by pyproj; events without a place are left out."""
    frame = frame[frame["x"].notna()].copy()
    east, north = pyproj.Transformer.from_crs(CRS, "EPSG:3857", always_xy=True).transform(
        frame["x"].to_numpy(), frame["y"].to_numpy()
    )
    scale = (1 << z) * EXTENT / (2 * HALF_SIDE_M)
    across, down = np.floor((east + HALF_SIDE_M) * scale), np.floor((HALF_SIDE_M - north) * scale)
    frame["tile"] = list(zip((across // EXTENT).astype(int), (down // EXTENT).astype(int), strict=True))
    return frame.assign(column=(across % EXTENT).astype(int), row=(down % EXTENT).astype(int))


def tiles_near(frame):
    """Return the tiles that events lie on, and some beside them."""
    held = set(frame["tile"])
    beside = sorted({(x + i, y + j) for x, y in held for i, j in ((1, 0), (0, 1), (-1, -1))} - held)
    return sorted(held | set(beside[::4]))


WHENS = [None, "2024-03", ("2024-02-10T07:00", "2024-09-01"), "2023"]


@settings(
    max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from([8, 11, 12, 13, 14]), st.sampled_from([None, True, False, "100m", "500m"]),
    st.sampled_from(WHENS), st.sampled_from([None, "kind = 'pothole'"]), st.booleans(),
)  # fmt: skip
def test_counts_over_the_tiles_of_a_zoom_add_up_to_the_count(city, z, cluster, when, what, cut):
    query, frame = city.query("calls"), placed(rows(), z)
    if when is not None:
        query = query.when(when)
        first, end = (
            (pd.Timestamp(when[0], tz=ZONE), pd.Timestamp(when[1], tz=ZONE)) if isinstance(when, tuple)
            else (pd.Timestamp(when, tz=ZONE), pd.Period(when).end_time.ceil("s").tz_localize(ZONE))
        )  # fmt: skip
        frame = frame[(frame["at"] >= first) & (frame["at"] < end)]
    if what is not None:
        query, frame = query.what(what), frame[frame["kind"].eq("pothole").fillna(value=False)]
    if cut:
        query = query.where((WEST, SOUTH, WEST + 4_000, SOUTH + 4_000), crs=CRS)
        frame = frame[(frame["x"] <= WEST + 4_000) & (frame["y"] <= SOUTH + 4_000)]
    tiles = {place: query.vector_tile(z, *place, cluster=cluster) for place in tiles_near(frame)}
    expected = frame.groupby("tile").size().to_dict()
    assert {place: tile.count for place, tile in tiles.items() if tile.count} == expected
    world = shapely.box(WEST - 1e5, SOUTH - 1e5, WEST + 1e5, SOUTH + 1e5)
    assert (
        sum(tile.count for tile in tiles.values())
        == query.where(world, crs=CRS).count().to_records()[0]["count"]
    )
    for place, tile in tiles.items():
        assert bool(tile.content) == (place in expected)
        features = read_tile(tile.content)["calls"].features if tile.content else []
        assert len(features) == tile.features
        assert sum(feature.attributes.get("count", 1) for feature in features) == tile.count


def test_points_are_the_rows_with_all_their_columns(city):
    frame = placed(rows(), 14)
    for place in set(frame["tile"]):
        features = read_tile(city.query("calls").tile(14, *place))["calls"].features
        drawn = {feature.attributes.pop("st_key"): feature for feature in features}
        here = frame[frame["tile"] == place]
        assert set(drawn) == set(here["id"])
        for row in here.itertuples():
            feature, at = drawn[row.id], row.at.tz_convert(ZONE).isoformat()
            expected = {
                "st_time": at, "at": at, "id": row.id, "kind": row.kind, "big": row.big, "share": row.share,
                "open": row.open,
            }  # fmt: skip
            known = {name: value for name, value in expected.items() if not pd.isna(value) and value != ""}
            assert {**feature.attributes, **known} == {**feature.attributes} != {}
            assert set(feature.attributes) <= set(expected) | {"x", "y"}
            assert all(
                pd.isna(expected[name]) or expected[name] == ""
                for name in set(expected) - set(feature.attributes)
            )
            assert np.abs(np.array(feature.points) - [[row.column, row.row]]).max() <= 1
    times = [feature.attributes["st_time"] for feature in features]
    assert times == sorted(times, key=pd.Timestamp)


def test_gdal_reads_a_tile_where_its_events_are(city, tmp_path):
    frame = placed(rows(), 14)
    x, y = frame["tile"].iloc[0]
    path = tmp_path / "14" / str(x) / f"{y}.mvt"
    path.parent.mkdir(parents=True)
    path.write_bytes(city.query("calls").tile(14, x, y))
    read = pyogrio.read_dataframe(path).to_crs(CRS).set_index("id")
    here = frame[[place == (x, y) for place in frame["tile"]]].set_index("id").loc[read.index]
    assert len(read) == len(here) > 20
    assert np.abs(read.geometry.x - here["x"]).max() < 1
    assert np.abs(read.geometry.y - here["y"]).max() < 1
    assert read["kind"].fillna("").tolist() == here["kind"].fillna("").tolist()


@pytest.mark.parametrize("z", [9, 12, 13])
def test_clusters_are_the_cells_of_the_lattice_with_their_counts(city, z):
    frame, size = placed(rows(), z), cell_of_zoom(z)
    assert city.query("calls").known is None
    for place in set(frame["tile"]):
        here = frame[frame["tile"] == place]
        side = size.side_m
        grouped = here.groupby([here["x"] // side, here["y"] // side])
        features = read_tile(city.query("calls").tile(z, *place))["calls"].features
        assert sorted(feature.attributes["count"] for feature in features) == sorted(grouped.size())
        lattice = city.configuration.lattice
        middles = {
            (int(west // side), int(south // side)): feature
            for feature in features
            for west, south in [lattice.bounds(feature.attributes[f"cell_{size.label}"])[:2]]
        }
        for cell, group in grouped:
            feature = middles[tuple(map(int, cell))]
            assert feature.attributes["count"] == len(group)
            assert feature.number == feature.attributes[f"cell_{size.label}"]
            middle = group[["column", "row"]].mean().to_numpy()
            assert np.abs(np.array(feature.points[0]) - middle).max() <= 2


def test_a_tile_has_the_columns_that_are_asked_for(city):
    place = placed(rows(), 14)["tile"].iloc[0]
    layer = read_tile(city.query("calls").tile(14, *place, columns=["kind", "st_cell"], layer_name="路"))[
        "路"
    ]
    assert set(layer.keys) == {"kind", "st_cell"}
    assert read_tile(city.query("calls").tile(14, *place, columns=()))["calls"].keys == []
    with pytest.raises(NotFound, match="did you mean 'kind'"):
        city.query("calls").tile(14, *place, columns="knid")


def test_too_many_rows_are_clusters_and_say_so(city, monkeypatch):
    monkeypatch.setattr(tiling, "MOST_FEATURES", 100)
    frame = placed(rows(), 14)
    place = frame["tile"].iloc[1]
    tile = city.query("calls").vector_tile(14, *place)
    assert (tile.crowded, tile.cell, tile.count) == (True, "100m", int((frame["tile"] == place).sum()))
    features = read_tile(tile.content)["calls"].features
    assert {feature.attributes["crowded"] for feature in features} == {True}
    monkeypatch.setattr(tiling, "MOST_FEATURES", 2)
    at = Tile.at(*HERE, 10)
    shapes = city.query("areas").as_of("2024-02-01").vector_tile(10, at.x, at.y)
    assert (shapes.crowded, shapes.count) == (True, 7)


def test_a_statement_gives_the_same_bytes_as_memory(city, folder):
    place = Tile.at(*HERE, 13).place
    with stcloud.open(folder, engine=Duck(small_rows=0)) as other:
        for z, (x, y) in ((13, place), (14, (place[0] * 2, place[1] * 2))):
            for name in ("calls", "areas"):
                first, second = (
                    query.what("st_key <> 'k5'").when("2024").tile(z, x, y)
                    for query in (city.query(name), other.query(name))
                )
                assert first == second
                assert first or z == 14


def features_of(query, z, at, **options):
    tile = query.vector_tile(z, at.x, at.y, **options)
    return {
        f.attributes["st_key"]: f for f in read_tile(tile.content)[query.subject.layer.name].features
    }, tile


@pytest.mark.parametrize("z", [7, 10, 13, 16])
def test_features_are_those_of_the_instant_where_they_were(city, z):
    at = Tile.at(*HERE, z)
    forward = pyproj.Transformer.from_crs(CRS, "EPSG:3857", always_xy=True)
    scale = (1 << z) * EXTENT / (2 * HALF_SIDE_M)

    def units(places):
        east, north = forward.transform(*places.T)
        across, down = (east + HALF_SIDE_M) * scale, (HALF_SIDE_M - north) * scale
        return np.stack([across - at.x * EXTENT, down - at.y * EXTENT], axis=1)

    for day in ("2024-03-01", "2024-07-01"):
        frame = city.layer("areas").as_of(day).to_geopandas()
        exact = shapely.transform(shapely.segmentize(frame.geometry.to_numpy(), 50), units)
        exact = dict(
            zip(frame["st_key"], shapely.intersection(exact, shapely.box(-64, -64, 4160, 4160)), strict=True)
        )
        drawn, tile = features_of(city.query("areas").as_of(day), z, at)
        seen = {key for key, shape in exact.items() if not shape.buffer(-2).is_empty}
        assert seen <= set(drawn)
        assert tile.invisible == sum(not shape.is_empty for shape in exact.values()) - len(drawn)
        for key, feature in drawn.items():
            shape = feature.shape()
            assert shape.is_valid
            assert shape.symmetric_difference(exact[key]).buffer(-2.1).is_empty
            assert feature.attributes["code"] == key


def test_groups_have_the_measures_of_the_question_and_its_areas(city):
    at = Tile.at(*HERE, 11)
    query = city.query("calls").when("2024")
    for by, field in (("in:areas", "in_areas"), ("cell:1km", "cell_1km"), ("cell:500m", "cell_500m")):
        answer = query.measure("count", "mean(share)", by=by).to_records()
        expected = {row[field]: row for row in answer if row[field] is not None}
        tile = query.vector_tile(11, at.x, at.y, by=by, measures=["count", "mean(share)"])
        drawn = {f.attributes[field]: f for f in read_tile(tile.content)["calls"].features}
        assert len(drawn) > 3
        for name, feature in drawn.items():
            assert feature.attributes == pytest.approx(expected[name])
            assert feature.kind == 3
    few = city.query("calls").vector_tile(16, *placed(rows(), 16)["tile"].iloc[0], by="cell:100m")
    assert 0 < few.count < 100
    assert few.pin == city.query("calls").inquiry().pin()


def test_a_pinned_tile_never_changes(folder, tmp_path):
    with stcloud.open(folder) as opened:
        opened.copy_to(tmp_path / "copy")
    with stcloud.open(tmp_path / "copy") as city:
        place = placed(rows(), 12)["tile"].iloc[1]
        before = city.query("calls").vector_tile(12, *place)
        more = rows().assign(id=lambda frame: "again" + frame["id"])
        city.load("calls", more, key="id", time="at", x="x", y="y", crs=CRS)
        assert city.query("calls").known_at(before.pin).tile(12, *place) == before.content
        assert city.query("calls").vector_tile(12, *place).count == 2 * before.count


def test_only_what_a_tile_covers_is_read(city):
    z, (x, y) = 15, placed(rows(), 15)["tile"].iloc[0]
    condition = tiling.OnTile(Tile(z, x, y), 0)
    inquiry = city.query("calls").when("2024-02/2024-05").inquiry()
    compiled = replace(inquiry, conditions=(*inquiry.conditions, condition)).compiled(
        tiling.RowColumns(("st_x",))
    )
    assert len(compiled.files.files) <= 3
    far = city.query("calls").vector_tile(z, *Tile.at(-60, 30, z).place)
    assert (far.content, far.count) == (b"", 0)


def test_what_cannot_be_drawn_is_refused(city, monkeypatch):
    monkeypatch.setattr(group_tiling, "MOST_FEATURES", 3)
    at = Tile.at(*HERE, 11)
    for wrong, kind in [
        (lambda: city.query("calls").tile(30, 0, 0), "unknown-tile"),
        (lambda: city.query("calls").tile(11, at.x, at.y, cluster="7m"), "unknown-level"),
        (lambda: city.query("areas").tile(11, at.x, at.y), "which-time"),
        (lambda: city.query("calls").tile(11, at.x, at.y, by="kind"), "no-geometry"),
        (lambda: city.query("calls").tile(11, at.x, at.y, by="cell:1km"), "crowded-tile"),
    ]:
        with pytest.raises(stcloud.StcloudError) as refused:
            wrong()
        assert refused.value.kind == kind
    assert issubclass(InvalidInput, stcloud.StcloudError)
