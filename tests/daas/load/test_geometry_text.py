"""Geometry in text columns is told by its content when a definition is drafted."""

import geopandas
import numpy as np
import pyarrow as pa
import pytest
import shapely

import stcloud
from stcloud.daas.load.draft import Options, draft
from stcloud.daas.load.geometry_text import pair_columns, read_geometry_texts
from stcloud.errors import InvalidInput

SHAPES = [shapely.Point(117, 31.9), shapely.box(117, 31, 118, 32), None]
WRITTEN = {
    "wkt": [one and one.wkt for one in SHAPES],
    "wkb": [one and one.wkb_hex for one in SHAPES],
}


def write(path, **columns):
    frame = geopandas.pd.DataFrame({"code": ["1", "2", "3"], **columns})
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
@pytest.mark.parametrize("name", ["geometry", "the_geom", "WKT"])
@pytest.mark.parametrize("encoding", ["wkt", "wkb"])
def test_the_column_and_its_encoding(tmp_path, suffix, name, encoding):
    file = write(
        tmp_path / f"a{suffix}", **{name: WRITTEN[encoding], "street": ["Point Road 1", "POINT", "x"]}
    )
    made = draft(file, Options(key=("code",), crs="EPSG:4326"), dated=True)
    assert (made.space.column, made.space.encoding) == (name, encoding)


def test_several_columns_are_named(tmp_path):
    file = write(tmp_path / "a.csv", a=WRITTEN["wkt"], b=WRITTEN["wkb"])
    with pytest.raises(InvalidInput, match=r"several columns of a\.csv hold geometry: a, b"):
        draft(file, Options(key=("code",), crs="EPSG:4326"), dated=True)


def test_text_that_is_none_is_no_geometry(tmp_path):
    file = write(tmp_path / "a.csv", geometry=["POINT (1", "x", "y"], b=["0101", "0102", "01"])
    with pytest.raises(InvalidInput) as error:
        draft(file, Options(key=("code",), crs="EPSG:4326"), dated=True)
    assert error.value.kind == "place-needed"


def test_the_geometry_that_geoparquet_declares(tmp_path):
    file = tmp_path / "a.parquet"
    frame = geopandas.GeoDataFrame({"code": ["1"]}, geometry=geopandas.GeoSeries([SHAPES[1]], crs=4548))
    frame.rename_geometry("outline").to_parquet(file)
    made = draft(file, Options(key=("code",)), dated=True)
    assert (made.space.column, made.space.encoding, made.space.crs) == ("outline", "wkb", "EPSG:4548")


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("(40.7, -73.9)", (-73.9, 40.7)), (" ( 40.7 ,-73.9 ) ", (-73.9, 40.7)), ("40.7,-73.9", (-73.9, 40.7)),
        ("285 COZINE AVENUE\nBrooklyn, NY\n(40.7, -73.9)", (-73.9, 40.7)), ("(1e1, +.5)", (0.5, 10)),
        ("(40.7 -73.9)", None), ("(40.7, -73.9", None), ("285 A, 3", None), ("(nan, 1)", None), ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_pairs_of_degrees_are_points_in_the_stated_order(text, point):
    latitude_first, longitude_first = (
        read_geometry_texts(np.array([text], object), order)[0] for order in ("lat-lon", "lon-lat")
    )
    assert (None if latitude_first is None else (latitude_first.x, latitude_first.y)) == point
    assert (None if longitude_first is None else (longitude_first.y, longitude_first.x)) == point


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["(31.9, 117.0)", None, "(31.8, 117.1)"], {"where": "lat-lon"}), (["(117.0, 31.9)"], {"where": "lon-lat"}),
        (["(40.7, -73.9)"], {"where": None}), (["(117.0, 31.9)", "(31.9, 117.0)"], {"where": None}),
        (["(31.9, 117.0)", "unknown"], {}), ([None], {}), (["31.9, 117.0"], {}),
    ],
)  # fmt: skip
def test_an_order_is_named_where_only_one_is_possible(texts, order):
    rows = pa.RecordBatch.from_arrays(
        [pa.array(texts, pa.string()), pa.array(["a"] * len(texts))], ["where", "b"]
    )
    assert pair_columns(rows) == order


PAIRS = """id,at,location
1,2024-03-01 08:00:00,"(31.9, 117.01)"
2,2024-03-01 08:00:00,"1 Well Street
Lantang
(31.91, 117.02)"
3,2024-03-01 08:00:00,
4,2024-03-01 08:00:00,"(0.0, 0.0)"
5,2024-03-01 08:00:00,"north of the well"
6,2024-03-01 08:00:00,"(117.01, 31.9)"
"""


def test_events_are_placed_by_pairs_and_the_order_is_shown_and_never_swapped(tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    (tmp_path / "a.csv").write_text(PAIRS)
    options = {"key": "id", "time": "at", "max_rejected": 3}
    with pytest.raises(InvalidInput) as refused:  # one row has the other order: none is certain
        city.load("e", tmp_path / "a.csv", **options)
    assert refused.value.kind == "place-needed"
    (tmp_path / "a.csv").write_text(
        PAIRS.replace('"(117.01, 31.9)"', '"(31.9, 117.01)"').replace("north of", "(north")
    )
    with pytest.raises(InvalidInput):
        city.load("e", tmp_path / "a.csv", **options)
    (tmp_path / "b.csv").write_text("".join(PAIRS.splitlines(keepends=True)[:2]))
    city.load("e", tmp_path / "b.csv", **options)
    assert 'encoding = "lat-lon"' in city.layer("e").definition.to_toml()
    (tmp_path / "a.csv").write_text(PAIRS)
    loaded = city.load("e", tmp_path / "a.csv", max_rejected=3)
    assert loaded.rejected_by == {"not-a-geometry": 1}
    assert dict(loaded.unplaced_by) == {"missing": 1, "zero": 1, "outside": 1}
    points = city.query("e").rows().to_geopandas().to_crs("OGC:CRS84").set_index("id").geometry
    assert (round(points["1"].x, 6), round(points["1"].y, 6)) == (117.01, 31.9)
    assert (round(points["2"].x, 6), round(points["2"].y, 6)) == (117.02, 31.91)


def test_features_are_placed_by_pairs(tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    (tmp_path / "a.csv").write_text('code,place\nm1,"(31.9, 117.01)"\nm2,"(31.91, 117.02)"\n')
    city.load("manholes", tmp_path / "a.csv", key="code", valid_from="2024-01-01")
    points = city.features("manholes").as_of("2024-02-01").to_geopandas().to_crs("OGC:CRS84").geometry
    assert [(round(point.x, 6), round(point.y, 6)) for point in points] == [(117.01, 31.9), (117.02, 31.91)]
