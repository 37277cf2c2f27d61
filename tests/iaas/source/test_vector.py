"""Vector files: every format gives the same rows, zip files and encodings are no mystery, faults are one line."""

import gzip
import json
import sqlite3
import struct
import warnings
import zipfile

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import shapely

from stcloud.errors import InvalidInput
from stcloud.iaas.source import jsontext, vector
from stcloud.iaas.source.protocol import GEOMETRY, Reading, geometry_column
from stcloud.iaas.source.registry import open_source

SQUARE = shapely.box(117, 31, 118, 32)
HOLED = shapely.Polygon(SQUARE.exterior, [shapely.box(117.2, 31.2, 117.4, 31.4).exterior])
PLACES = [SQUARE, shapely.MultiPolygon([HOLED, shapely.box(119, 31, 120, 32)]), None]


def rows(path, **reading):
    source = open_source(path, Reading(**reading))
    found = []
    for batch in source.batches():
        assert batch.rows.schema.names == list(source.columns)
        assert batch.numbers.tolist() == list(range(len(found) + 1, len(found) + 1 + batch.rows.num_rows))
        found += batch.rows.to_pylist()
    return found


def shapes(found):
    return [shapely.from_wkb(row[GEOMETRY]) for row in found]


def told(path, **reading):
    """The kind of the one clear line."""
    with pytest.raises(InvalidInput) as error:
        rows(path, **reading)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return error.value.kind


def frame(geometry=PLACES, crs=4326, **columns):
    named = columns or {"name": [f"区{at}" for at in range(len(geometry))]}
    return geopandas.GeoDataFrame(named, geometry=list(geometry), crs=crs)


def write(path, data=None, **how):
    pyogrio.write_dataframe(frame() if data is None else data, path, **how)
    return path


def pack(path, *files):
    """A zip file of (name inside, file or bytes); a Shapefile comes with its companions."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, file in files:
            if isinstance(file, bytes):
                packed.writestr(name, file)
                continue
            for part in sorted(file.parent.glob(f"{file.stem}.*")):
                packed.write(part, name.removesuffix(file.suffix) + part.suffix)
    return path


DRIVERS = {
    "a.geojson": "GeoJSON", "a.geojsonl": "GeoJSONSeq", "a.geojsons": "GeoJSONSeq", "a.shp": "ESRI Shapefile",
    "a.gpkg": "GPKG", "a.fgb": "FlatGeobuf", "a.kml": "LIBKML", "a.kmz": "LIBKML", "a.gml": "GML",
}  # fmt: skip


@pytest.mark.parametrize("name", DRIVERS)
def test_every_format_gives_the_same_features(tmp_path, name):
    places = PLACES[:2] if name.endswith(("fgb", "kmz", "kml")) else PLACES
    file = write(tmp_path / name, frame(places), driver=DRIVERS[name], promote_to_multi=False)
    beside = sorted(tmp_path.iterdir())
    source = open_source(file, Reading())
    assert (source.geometry, geometry_column(source)) == (GEOMETRY, GEOMETRY)
    assert pyproj.CRS(source.crs).equals(pyproj.CRS(4326), ignore_axis_order=True)
    found = {
        row.get("name") or row["Name"]: shape
        for row, shape in zip(rows(file), shapes(rows(file)), strict=True)
    }
    assert sorted(found) == [f"区{at}" for at in range(len(places))]
    for at, place in enumerate(places):
        shape = found[f"区{at}"]
        assert (place is None and (shape is None or shape.is_empty)) or shapely.equals(shape, place)
    assert sorted(tmp_path.iterdir()) == beside


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb", "a.geojson", "a.shp"])
def test_heights_are_kept(tmp_path, name):
    high = shapely.force_3d(SQUARE, 5.0)
    shape = shapes(rows(write(tmp_path / name, frame([high]))))[0]
    assert shape.has_z
    assert set(shapely.get_coordinates(shape, include_z=True)[:, 2]) == {5.0}


def test_a_projected_crs_is_kept_as_declared(tmp_path):
    for name in ("a.shp", "a.gpkg"):
        data = frame([shapely.Point(4e7 + 5e5, 3.4e6)], crs=4528)
        assert pyproj.CRS(open_source(write(tmp_path / name, data), Reading()).crs).to_epsg() == 4528
    (tmp_path / "a.prj").unlink()
    assert open_source(tmp_path / "a.shp", Reading()).crs is None


def test_a_layer_without_geometry_has_no_geometry_column(tmp_path):
    file = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"n": [1, 2]}), file, layer="style")
    source = open_source(file, Reading())
    assert (source.columns, source.geometry) == (("n",), None)
    assert rows(file) == [{"n": "1"}, {"n": "2"}]
    write(file, layer="districts")
    assert len(shapes(rows(file))) == 3
    assert len(rows(file, layer="style")) == 2


def test_a_property_named_as_the_geometry_has_a_name_of_its_own(tmp_path):
    feature = {"type": "Feature", "properties": {GEOMETRY: "x"}, "geometry": None}
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert rows(file) == [{"geometry_property": "x", GEOMETRY: None}]
    feature["properties"]["geometry_property"] = "y"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert told(file) == "repeated-column"


def test_nested_properties_are_json(tmp_path):
    feature = {"type": "Feature", "properties": {"a": {"b": [1, "道"]}, "wkb_geometry": 7}, "geometry": None}
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    found = rows(file)[0]
    assert (json.loads(found["a"]), found["wkb_geometry"], found[GEOMETRY]) == ({"b": [1, "道"]}, "7", None)


ARC = """<gml:Curve srsName="EPSG:32650"><gml:segments><gml:Arc>
<gml:posList>0 0 1 1 2 0</gml:posList></gml:Arc></gml:segments></gml:Curve>"""
LINE = '<gml:LineString srsName="EPSG:32650"><gml:posList>0 0 7 7</gml:posList></gml:LineString>'


def test_curves_come_as_lines_in_their_place(tmp_path, monkeypatch):
    monkeypatch.setattr(vector, "_BATCH_ROWS", 4)
    drawn = [ARC if at % 7 == 5 else LINE for at in range(20)]
    members = "".join(
        f"<gml:featureMember><a:r><a:n>{at}</a:n><a:g>{one}</a:g></a:r></gml:featureMember>"
        for at, one in enumerate(drawn)
    )
    file = tmp_path / "a.gml"
    file.write_text(
        '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:a="http://a">'
        f"{members}</gml:FeatureCollection>"
    )
    found = rows(file)
    assert [row["n"] for row in found] == [str(at) for at in range(20)]
    for at, shape in enumerate(shapes(found)):
        assert shape.length == pytest.approx(np.pi if at % 7 == 5 else 7 * 2**0.5, rel=1e-3)
    assert not (tmp_path / "a.gfs").exists()


def test_a_curve_inside_a_collection_comes_as_lines(tmp_path):
    file = write(tmp_path / "a.gpkg", frame([SQUARE, shapely.GeometryCollection([SQUARE])]))
    arc = struct.pack("<BII6d", 1, 8, 3, 0, 0, 1, 1, 2, 0)
    with sqlite3.connect(file) as database:
        head = database.execute("select geom from a where fid = 2").fetchone()[0][:8]
        database.execute("drop trigger if exists rtree_a_geom_update5")
        for (trigger,) in database.execute(
            "select name from sqlite_master where type = 'trigger'"
        ).fetchall():
            database.execute(f'drop trigger "{trigger}"')
        blob = head[:3] + b"\x01" + head[4:] + struct.pack("<BII", 1, 7, 1) + arc
        database.execute("update a set geom = ? where fid = 2", (blob,))
    database.close()
    assert shapes(rows(file))[1].length == pytest.approx(np.pi, rel=1e-3)


JUNK = [("__MACOSX/地 图/._a.shp", b"\x00\x05"), (".DS_Store", b"\x00"), ("地 图/read me.txt", b"x")]


def test_a_shapefile_in_a_zip_file_among_junk(tmp_path):
    shp = write(tmp_path / "a.shp")
    file = pack(tmp_path / "out 1.zip", *JUNK, ("地 图/道路.shp", shp))
    assert shapes(rows(file)) == shapes(rows(shp))
    assert shapes(rows(file, layer="道路")) == shapes(rows(shp))
    assert told(file, layer="road") == "unreadable-source"


def test_several_data_sets_in_a_zip_file(tmp_path):
    one, other = write(tmp_path / "a.shp"), write(tmp_path / "b.geojson", frame([SQUARE]))
    file = pack(tmp_path / "a.zip", *JUNK, ("x/a.shp", one), ("y/a.shp", one), ("b.geojson", other))
    with pytest.raises(InvalidInput, match=r"x/a\.shp/a, y/a\.shp/a") as error:
        open_source(file, Reading())
    assert error.value.kind == told(file, layer="a") == "several-layers"
    assert len(rows(file, layer="b")) == len(rows(file, layer="b.geojson")) == 1
    assert len(rows(file, layer="y/a.shp")) == 3


def test_layers_of_a_geopackage_in_a_zip_file(tmp_path):
    file = tmp_path / "a.gpkg"
    write(file, layer="n")
    write(file, frame([SQUARE]), layer="s")
    packed = pack(tmp_path / "b.zip", ("d/a.gpkg", file.read_bytes()))
    assert told(packed) == "several-layers"
    assert len(rows(packed, layer="s")) == len(rows(packed, layer="d/a.gpkg/s")) == 1


def test_a_zip_file_without_a_data_set(tmp_path):
    assert told(pack(tmp_path / "a.zip", ("a.txt", b"x"))) == "unreadable-source"
    assert told(pack(tmp_path / "b.zip")) == "unreadable-source"
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04junk")
    assert told(tmp_path / "c.zip") == "unreadable-source"


OSM = """<osm version="0.6"><node id="1" lat="31" lon="117"><tag k="amenity" v="bench"/><tag k="name" v="n"/></node>
<node id="2" lat="31" lon="118"/><way id="5"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way></osm>"""


def test_layers_of_openstreetmap(tmp_path):
    file = tmp_path / "a.osm"
    file.write_text(OSM)
    with pytest.raises(InvalidInput, match="points, lines, multilinestrings, multipolygons, other_relations"):
        open_source(file, Reading(format="vector"))
    (line,) = rows(file, format="vector", layer="lines")
    assert (line["osm_id"], line["highway"]) == ("5", "path")
    assert shapes([line])[0].equals(shapely.LineString([(117, 31), (118, 31)]))
    (point,) = rows(file, format="vector", layer="points")
    assert json.loads(point["other_tags"]) == {"amenity": "bench"}
    assert rows(file, format="vector", layer="multipolygons") == []


def chinese(tmp_path, *, cpg, wrong=False):
    """A Shapefile in GB 18030 whose .cpg says so, or says something else, or is missing."""
    file = write(tmp_path / "a.shp", frame([SQUARE], 名称=["道路"]), encoding="GB18030")
    (tmp_path / "a.cpg").unlink() if cpg is None else (tmp_path / "a.cpg").write_text(cpg)
    if wrong:
        table = (tmp_path / "a.dbf").read_bytes()
        (tmp_path / "a.dbf").write_bytes(table.replace("道路".encode("gb18030"), b"\xff\xff\xff\xff"))
    return file


def test_a_shapefile_in_the_encoding_that_it_declares(tmp_path):
    assert rows(chinese(tmp_path, cpg="GB18030"))[0]["名称"] == "道路"


@pytest.mark.parametrize("cpg", [None, "UTF-8", "ISO-8859-1"])
@pytest.mark.parametrize("encoding", ["gb18030", "GBK", "cp936"])
def test_a_stated_encoding_wins(tmp_path, cpg, encoding):
    assert rows(chinese(tmp_path, cpg=cpg), encoding=encoding)[0]["名称"] == "道路"


def test_text_that_is_not_in_the_encoding(tmp_path):
    for _ in range(2):
        (batch,) = open_source(chinese(tmp_path, cpg="GB18030", wrong=True), Reading()).batches()
        (refusal,) = batch.faults
        assert (refusal.row, refusal.field, refusal.reason) == (1, "名称", "undecodable-text")
        assert batch.refusals == ()
    assert told(chinese(tmp_path, cpg="UTF-8")) == "wrong-encoding"
    with pytest.raises(InvalidInput) as error:
        rows(chinese(tmp_path, cpg="UTF-8"), encoding="none")
    assert error.value.kind == "unknown-encoding"


@pytest.mark.every_case
@pytest.mark.parametrize(
    "name", ["a.geojson", "a.gpkg", "a.fgb", "a.shp", "a.kml", "a.kmz", "a.gml", "a.pbf"]
)
@pytest.mark.parametrize("content", [b"\x00\x01\x02junk", b"{", b"<a>"])
def test_what_is_no_such_file(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    assert told(file) == "unreadable-source"


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.fgb", "a.geojson.gz"])
def test_a_file_that_was_cut_off(tmp_path, name):
    data = frame([SQUARE] * 3000, n=[f"{at:09}" for at in range(3000)])
    whole = write(tmp_path / name.removesuffix(".gz"), data).read_bytes()
    file = tmp_path / name
    whole = gzip.compress(whole) if name.endswith("gz") else whole
    file.write_bytes(whole[: len(whole) * 2 // 3])
    assert told(file) == "unreadable-source"


def test_warnings_of_gdal_stay_with_us(tmp_path):
    file = tmp_path / "a.geojson"
    ring = [[0, 0], [9, 0], [9, 9]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(rows(file)) == 1


def geoparquet(path, **column):
    """A GeoParquet file whose geometry is in a column of its own name."""
    table = pa.table({"n": ["x"], "where": pa.array([SQUARE.wkb])})
    said = {"primary_column": "where", "columns": {"where": {"encoding": "WKB", **column}}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps({"version": "1.1.0", **said})}), path)
    return open_source(path, Reading())


def test_geoparquet_says_where_and_in_which_crs(tmp_path):
    file = tmp_path / "a.parquet"
    local = pyproj.CRS("+proj=tmerc +lon_0=121.4 +lat_0=31.2 +ellps=GRS80")
    for crs, text in [(pyproj.CRS(4528), "EPSG:4528"), (pyproj.CRS("OGC:CRS84"), "OGC:CRS84")]:
        source = geoparquet(file, crs=crs.to_json_dict())
        assert (source.crs, source.geometry, source.columns) == (text, "where", ("n", "where"))
        assert geometry_column(source) == "where"
    assert pyproj.CRS(geoparquet(file, crs=local.to_json_dict()).crs).equals(local)
    assert geoparquet(file).crs == "OGC:CRS84"
    assert geoparquet(file, crs=None).crs is None
    assert geoparquet(file, crs="nonsense").crs is None
    assert next(geoparquet(file).batches()).rows.to_pylist() == [{"n": "x", "where": SQUARE.wkb}]


@pytest.mark.parametrize("geo", [b"", b"{", b"[]", b'{"primary_column": "w"}', b'{"columns": 1}'])
def test_parquet_with_odd_metadata_is_parquet(tmp_path, geo):
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": ["x"]}).replace_schema_metadata({"geo": geo}), file)
    source = open_source(file, Reading())
    assert (source.geometry, source.crs, source.columns) == (None, None, ("n",))
    assert rows(file) == [{"n": "x"}]


def test_what_geopandas_writes_as_geoparquet(tmp_path):
    frame().to_parquet(tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet", Reading())
    assert (source.crs, source.geometry) == ("EPSG:4326", "geometry")
    assert shapes(rows(tmp_path / "a.parquet")) == PLACES


def test_text_formats_declare_no_geometry(tmp_path):
    (tmp_path / "a.csv").write_text("geometry\nPOINT (1 2)\n")
    assert geometry_column(open_source(tmp_path / "a.csv", Reading())) is None


def features(*ids, **properties):
    point = {"type": "Point", "coordinates": [117, 31]}
    made = [
        {"type": "Feature", "id": one, "properties": properties or {"n": 1}, "geometry": point} for one in ids
    ]
    for feature in made:
        if feature["id"] is None:
            del feature["id"]
    return json.dumps({"type": "FeatureCollection", "features": made})


@pytest.mark.parametrize(
    ("ids", "as_key", "otherwise"),
    [
        ([10, 20], ["10", "20"], None),
        (["10", "20"], ["10", "20"], ["10", "20"]),
        ([10, "b"], ["10", "b"], ["10", "b"]),
        ([10, 10], ["10", "10"], None),
        ([1.5, 2.0], ["1.5", "2"], ["1.5", "2"]),
        ([10, None], ["10", None], None),
        ([2**70, 1], [str(2**70), "1"], None),
        ([None, None], None, None),
    ],
)
@pytest.mark.parametrize("name", ["a.geojson", "a.json", "a.geojson.gz"])
def test_ids_of_geojson(tmp_path, name, ids, as_key, otherwise):
    file = tmp_path / name
    content = features(*ids).encode()
    file.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    for keys, wanted in (((), otherwise), (("id",), as_key)):
        found = rows(file, keys=keys)
        assert [row.get("id") for row in found] == (wanted or [None] * len(ids))
        assert ("id" in found[0]) == (wanted is not None)


def test_a_property_called_id_is_the_id(tmp_path):
    (tmp_path / "a.geojson").write_text(features(10, 20, id="x"))
    assert [row["id"] for row in rows(tmp_path / "a.geojson", keys=("id",))] == ["x", "x"]


def test_the_row_id_of_a_geopackage_is_a_key(tmp_path):
    for name, option in (("fid", {}), ("OBJECTID", {"FID": "OBJECTID"})):
        file = write(tmp_path / f"{name}.gpkg", frame(), layer_options=option)
        assert name not in rows(file)[0]
        assert [row[name] for row in rows(file, keys=(name,))] == ["1", "2", "3"]
        assert shapes(rows(file, keys=(name,))) == shapes(rows(file))


NUMBERS = [
    ([1, 2], "integer", ["1", "2"]), ([1, 2.5], "number", ["1", "2.5"]), ([True, None], "boolean", ["true", None]),
    ([1, "a"], "text", ["1", "a"]), ([2**60, 0.5], "text", [str(2**60), "0.5"]),
    ([2**64, 1], "text", [str(2**64), "1"]),
    (["007", "1"], "text", ["007", "1"]), ([{"a": 1}, [1, "道"]], "text", ['{"a": 1}', '[1, "道"]']),
    ([340102001001.0, 1e20], "number", ["340102001001", "100000000000000000000"]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "kind", "texts"), NUMBERS)
def test_types_of_geojson_hold_every_value(tmp_path, values, kind, texts):
    file = tmp_path / "a.geojson"
    made = [{"type": "Feature", "properties": {"v": one}, "geometry": None} for one in values]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": made}))
    assert open_source(file, Reading()).types["v"].type == kind
    assert [row["v"] for row in rows(file)] == texts


ODD = {
    "no geometry": {"type": "Circle", "coordinates": [1, 2]}, "no vertex": {"type": "Point", "coordinates": ["a", 1]},
    "no coordinates": {"type": "Polygon"}, "a number": 7,
    "one coordinate": {"type": "LineString", "coordinates": [[1], [2]]},
}  # fmt: skip


@pytest.mark.parametrize("geometry", ODD.values(), ids=ODD)
def test_a_geometry_that_is_none_is_a_fault_of_its_row(tmp_path, geometry):
    file = tmp_path / "a.geojson"
    made = [
        {"type": "Feature", "properties": {}, "geometry": one} for one in (geometry, SQUARE.__geo_interface__)
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": made}))
    found = rows(file)
    assert found[0][GEOMETRY] == b"\x00"
    assert shapely.from_wkb(found[1][GEOMETRY]).equals(SQUARE)


@pytest.mark.parametrize(
    "crs", [None, "EPSG:4548", "urn:ogc:def:crs:EPSG::4548", "http://www.opengis.net/def/crs/EPSG/0/4548"]
)
def test_the_crs_that_geojson_names(tmp_path, crs):
    content = json.loads(features("a")) | {
        "crs": {"type": "name", "properties": {"name": crs}} if crs else None
    }
    (tmp_path / "a.geojson").write_text(json.dumps(content))
    assert open_source(tmp_path / "a.geojson", Reading()).crs == (crs and "EPSG:4548")


@pytest.mark.parametrize("text", ["", "\x1e"])
def test_features_one_a_line_and_alone(tmp_path, text):
    one = json.dumps({"type": "Feature", "properties": {"n": 1}, "geometry": None})
    file = tmp_path / "a.geojsonl"
    file.write_text("\n".join(text + one for _ in range(3)))
    assert [row["n"] for row in rows(file)] == ["1"] * 3
    file.write_text(one)
    assert len(rows(file)) == 1
    file.write_text(json.dumps(SQUARE.__geo_interface__))
    assert shapely.from_wkb(rows(file)[0][GEOMETRY]).equals(SQUARE)


def test_long_values_over_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(jsontext, "_BLOCK_BYTES", 7)
    (tmp_path / "a.geojson").write_text(features("é1", "道2", 3, n="😀" * 40, m=-12.5e-3), encoding="utf-8")
    found = rows(tmp_path / "a.geojson")
    assert [(row["id"], row["n"], row["m"]) for row in found] == [
        (one, "😀" * 40, "-0.0125") for one in ("é1", "道2", "3")
    ]


@pytest.mark.parametrize("suffix", ["fgb", "gpkg", "geojson", "shp"])
@pytest.mark.parametrize("missing", [(0,), (2,), (4,), (1, 3), (0, 1, 2, 3)])
def test_a_missing_geometry_moves_no_other(tmp_path, suffix, missing):
    shapes = [None if at in missing else shapely.Point(117 + at, 31) for at in range(5)]
    frame = geopandas.GeoDataFrame({"code": list("abcde")}, geometry=shapes, crs=4326)
    file = tmp_path / f"a.{suffix}"
    frame.to_file(file, **({"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}))
    source = open_source(file, Reading())
    rows = [row for batch in source.batches() for row in batch.rows.to_pylist()]
    places = {row["code"]: row["geometry"] and shapely.from_wkb(row["geometry"]) for row in rows}
    assert places == dict(zip("abcde", shapes, strict=True))
