"""A data file is read as what its name promises: it reads no other file and opens no connection."""

import contextlib
import gzip
import json
import os
import socket
import sqlite3
import stat
import struct
import threading
import time
import zipfile
import zlib

import geopandas
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from stcloud.errors import StcloudError
from stcloud.iaas.source.polygons import read_areas
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source
from stcloud.iaas.source.wkb import read_wkt, without_deep

SECRET = "code,name\nTOPSECRET,root:x:0:0\n"
SUFFIXES = ["geojson", "gpkg", "kml", "shp", "fgb", "gml", "pbf", "kmz", "json", "geojsonl"]
SQUARE = {"type": "Polygon", "coordinates": [[[117, 31], [118, 31], [118, 32], [117, 31]]]}


@pytest.fixture
def listener():
    """A port of this machine, and the connections made to it."""
    made = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    ended = threading.Event()

    def listen():
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                continue
            made.append(connection.recv(200))
            connection.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.getsockname()[1]}", made
    ended.set()
    thread.join()
    server.close()
    assert made == []


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "elsewhere" / "secret.csv"
    file.parent.mkdir()
    file.write_text(SECRET)
    geopandas.GeoDataFrame(
        {"code": ["TOPSECRET"]}, geometry=[shapely.box(117, 31, 118, 32)], crs=4326
    ).to_file(file.with_suffix(".gpkg"))
    return file


def vrt(secret, address):
    return f"""<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>
    <LayerSRS>EPSG:4326</LayerSRS></OGRVRTLayer></OGRVRTDataSource>"""


def vrt_of_features(secret, address):
    return vrt(secret.with_suffix(".gpkg"), address)


def vrt_within_geojson(secret, address):
    feature = {"type": "Feature", "properties": {"code": "1"}, "geometry": SQUARE}
    return json.dumps({"type": "FeatureCollection", "x": vrt(secret, address), "features": [feature]})


def gdalg(secret, address):
    return json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret}"})


def gdalg_within_geojson(secret, address):
    plain = {
        "type": "FeatureCollection",
        "features": [],
        "command_line": f"gdal vector pipeline ! read {secret}",
    }
    return json.dumps(plain)[:-1] + ', "type": "gdal_streamed_alg"}'


def wfs(secret, address):
    return f"<OGRWFSDataSource><URL>http://{address}/wfs</URL></OGRWFSDataSource>"


def oapif(secret, address):
    return json.dumps(
        {"links": [{"rel": "self", "href": f"http://{address}/collections"}], "collections": []}
    )


def wms(secret, address):
    return f"<GDAL_WMS><Service name='WMS'><ServerUrl>http://{address}/wms?</ServerUrl></Service></GDAL_WMS>"


def esri_json(secret, address):
    return json.dumps(
        {"fields": [], "features": [], "exceededTransferLimit": True, "url": f"http://{address}"}
    )


def linked_crs(secret, address, kind="link"):
    crs = {
        "type": kind,
        "properties": {"href": f"http://{address}/crs", "type": "ogcwkt", "url": f"http://{address}"},
    }
    feature = {"type": "Feature", "properties": {"code": "1"}, "geometry": SQUARE}
    return json.dumps({"type": "FeatureCollection", "features": [feature], "crs": crs})


def linked_crs_in_escapes(secret, address):
    return linked_crs(secret, address).replace('"crs"', '"\\u0063rs"').replace('"link"', '"\\u006cink"')


def crs_named_as_address(secret, address):
    crs = {"type": "name", "properties": {"name": f"http://{address}/crs"}}
    feature = {"type": "Feature", "properties": {"code": "1"}, "geometry": SQUARE}
    return json.dumps({"type": "FeatureCollection", "features": [feature], "crs": crs})


def crs_named_as_file(secret, address):
    return crs_named_as_address(secret, address).replace(f"http://{address}/crs", str(secret))


def gml(secret, address, schema="", inside="", head=""):
    return f"""<?xml version="1.0"?>{head}<f:FeatureCollection xmlns:f="http://f" xmlns:gml="http://www.opengis.net/gml"
    xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {schema}>
    <gml:featureMember><f:r><f:code>1</f:code>{inside}<gml:pointProperty><gml:Point srsName="EPSG:4326">
    <gml:coordinates>117,31</gml:coordinates></gml:Point></gml:pointProperty></f:r></gml:featureMember>
    </f:FeatureCollection>"""


def gml_schema(secret, address):
    return gml(secret, address, f'xsi:schemaLocation="http://f http://{address}/f.xsd"')


def gml_schema_in_a_file(secret, address):
    return gml(secret, address, f'xsi:schemaLocation="http://f {secret}"')


def gml_link(secret, address):
    return gml(
        secret, address, inside=f'<f:x xlink:href="http://{address}/x#y"/><f:y xlink:href="{secret}#z"/>'
    )


def gml_crs(secret, address):
    return gml(secret, address).replace("EPSG:4326", f"http://{address}/crs")


def gml_entity(secret, address):
    return gml(secret, address, inside="&s;", head=f'<!DOCTYPE f [<!ENTITY s SYSTEM "file://{secret}">]>')


def kml_link(secret, address):
    return f"""<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
    <NetworkLink><Link><href>http://{address}/a.kml</href></Link></NetworkLink>
    <Placemark><name>1</name><styleUrl>http://{address}/s.kml#s</styleUrl>
    <Point><coordinates>117,31</coordinates></Point></Placemark></Document></kml>"""


def path_of_the_network(secret, address):
    return f"/vsicurl/http://{address}/a.geojson"


ATTACKS = [
    vrt, vrt_of_features, vrt_within_geojson, gdalg, gdalg_within_geojson, wfs, oapif, wms, esri_json, linked_crs,
    linked_crs_in_escapes, crs_named_as_address, crs_named_as_file, gml_schema, gml_schema_in_a_file, gml_link,
    gml_crs, gml_entity, kml_link, path_of_the_network,
]  # fmt: skip


def wrappings(tmp_path, name, content):
    """The file, the file in a zip file, and the file compressed."""
    plain = tmp_path / name
    plain.write_text(content)
    packed = tmp_path / f"{name}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, name)
    zipped = tmp_path / f"{name}.gz"
    zipped.write_bytes(gzip.compress(content.encode()))
    return plain, packed, zipped


def read(file, **reading):
    """All that comes out of a file, or the error."""
    try:
        source = open_source(file, Reading(**reading))
        found = [(batch.rows.to_pylist(), batch.refusals, batch.faults) for batch in source.batches()]
    except StcloudError as error:
        return str(error)
    return f"{source.columns} {found}"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_reads_no_other_file_and_opens_no_connection(tmp_path, secret, listener, suffix):
    for attack in ATTACKS:
        for file in wrappings(tmp_path, f"x.{suffix}", attack(secret, listener[0])):
            for layer in (None, "secret"):
                found = read(file, layer=layer)
                assert "root:x" not in found, attack
                assert "TOPSECRET" not in found, attack
            with contextlib.suppress(StcloudError):
                assert "TOPSECRET" not in str(read_areas(file))
        assert listener[1] == [], attack


@pytest.mark.parametrize("name", ["x.geojson", "x.gpkg", "x.kml", "x.shp"])
def test_neither_do_commands(run, city, tmp_path, secret, listener, name):
    for attack in (vrt, gdalg, linked_crs):
        file, packed, _ = wrappings(tmp_path, name, attack(secret, listener[0]))
        load = ("load", city, "l", file, "--key", "code", "--valid-from", "2024-01-01")
        for line in (
            load,
            ("query", city, "events", "--where", f'file:"{packed}"'),
            ("define", file, "--key", "code"),
        ):
            done = run(*line)
            assert done.code in (2, 5)
            assert "root:x" not in done.line
            assert str(tmp_path) in done.line or name in done.line


def package(path):
    """A GeoPackage of one layer, and its database to be spoilt."""
    geopandas.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(117, 31, 118, 32)], crs=4326).to_file(path)
    database = sqlite3.connect(path)
    for (trigger,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        database.execute(f'drop trigger "{trigger}"')
    return database


VIEWS = {
    "endless": "create view bad as with recursive n(i) as (select 1 union all select i + 1 from n) "
    "select i as fid, i as code from n where i < 0",
    "table function": "create view bad as select 1 as fid, * from pragma_database_list",
}
REGISTER = "insert into gpkg_contents (table_name, data_type, identifier) values ('bad', 'attributes', 'bad')"


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_in_a_geopackage_is_not_read(tmp_path, view):
    file = tmp_path / "a.gpkg"
    with contextlib.closing(package(file)) as database, database:
        database.execute(VIEWS[view])
        database.execute(REGISTER)
    started = time.monotonic()
    assert "'code': '1'" in read(file)
    assert "has no layer 'bad'" in read(file, layer="bad")
    assert time.monotonic() - started < 5


def test_a_view_in_place_of_the_contents_is_refused(tmp_path):
    file = tmp_path / "a.gpkg"
    with contextlib.closing(package(file)) as database, database:
        database.execute("alter table gpkg_contents rename to c")
        database.execute(
            "create view gpkg_contents as with recursive n(i) as (select 1 union all select i + 1 from n) "
            "select c.* from c, n"
        )
    assert "'gpkg_contents' in it is no plain table" in read(file)


@pytest.mark.parametrize("module", ["VirtualText", "VirtualShape", "VirtualOGR", "fts5"])
def test_a_virtual_table_in_a_geopackage_is_refused(tmp_path, secret, module):
    file = tmp_path / "a.gpkg"
    with contextlib.closing(package(file)) as database, database:
        database.execute("pragma writable_schema = 1")
        database.execute(
            "insert into sqlite_master values ('table', 'bad', 'bad', 0, ?)",
            (f"CREATE VIRTUAL TABLE bad USING {module}('{secret}', 'utf-8', 0, COMMA)",),
        )
        database.execute(REGISTER)
    for layer in (None, "bad"):
        found = read(file, layer=layer)
        assert "virtual table 'bad'" in found
        assert "TOPSECRET" not in found


def test_a_table_that_computes_is_not_read(tmp_path):
    file = tmp_path / "a.gpkg"
    with contextlib.closing(package(file)) as database, database:
        database.execute("create table bad (fid integer primary key, code text as (upper('x')))")
        database.execute(REGISTER)
    assert "has no layer 'bad'" in read(file, layer="bad")


def test_members_of_a_zip_file_that_lead_out_of_it(tmp_path, secret):
    target = secret.with_suffix(".gpkg")
    for name in ("../elsewhere/secret.gpkg", str(target), "a/../../elsewhere/secret.gpkg", "..\\secret.gpkg"):
        file = tmp_path / "a.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), b"x")
        before = target.read_bytes()
        assert "leads out of it" in read(file)
        assert target.read_bytes() == before


def test_a_link_in_a_zip_file_is_passed_over(tmp_path, secret):
    file = tmp_path / "a.zip"
    link = zipfile.ZipInfo("a.gpkg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, str(secret.with_suffix(".gpkg")))
    assert "no layer was found" in read(file)


BLANKS_MB = 600


@pytest.fixture(scope="module")
def blanks():
    """600 MB of blanks, deflated, with their checksum: a block that is compressed once comes many times in them."""
    block = b" " * (1 << 20)
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(BLANKS_MB):
        checksum = zlib.crc32(block, checksum)
    return packed * BLANKS_MB + packer.flush(), checksum


def zip_of(name, stream, checksum):
    """A zip file with one member, from its deflated bytes."""
    named = name.encode()
    facts = (20, 0, 8, 0, 33, checksum, len(stream), BLANKS_MB << 20, len(named), 0)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", *facts) + named + stream
    central = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *facts, 0, 0, 0, 0, 0) + named
    return local + central + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)


def gzip_of(stream, checksum):
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + stream + struct.pack("<2L", checksum, BLANKS_MB << 20)


def test_what_is_packed_here_is_read_by_others(tmp_path, blanks):
    (tmp_path / "a.zip").write_bytes(zip_of("a.csv", *blanks))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, archive.open("a.csv") as member:
        assert archive.getinfo("a.csv").file_size == BLANKS_MB << 20
        assert member.read(3 << 20) == b" " * (3 << 20)
    (tmp_path / "a.gz").write_bytes(gzip_of(*blanks))
    with gzip.open(tmp_path / "a.gz") as opened:
        assert opened.read(3 << 20) == b" " * (3 << 20)


@pytest.mark.parametrize("name", ["a.geojson", "a.csv", "a.shp", "a.kml", "a.gpkg"])
def test_what_unpacks_to_very_much_more_is_refused_at_once(tmp_path, blanks, name):
    packed = tmp_path / "a.zip"
    packed.write_bytes(zip_of(name, *blanks))
    started = time.monotonic()
    assert any(words in read(packed) for words in ("times its size", "no layer was found"))
    zipped = tmp_path / f"{name}.gz"
    zipped.write_bytes(gzip_of(*blanks))
    assert any(
        words in read(zipped) for words in ("times its size", "white space", "longer than", "cannot be read")
    )
    assert time.monotonic() - started < 20


def wide(count):
    return {f"c{at}": at for at in range(count)}


WIDE = {
    "a.csv": lambda: ",".join(wide(100_000)) + "\n" + ",".join(map(str, wide(100_000).values())),
    "a.json": lambda: json.dumps([wide(100_000)]),
    "a.ndjson": lambda: json.dumps(wide(100_000)),
    "a.geojson": lambda: json.dumps({"type": "Feature", "properties": wide(100_000), "geometry": None}),
}
NEST = '{"type": "GeometryCollection", "geometries": [' * 50_000 + "]}" * 50_000
DEEP = {
    "a.json": '[{"a": ' + "[" * 200_000 + "]" * 200_000 + "}]",
    "a.ndjson": '{"a": ' + '{"a":' * 200_000 + "1" + "}" * 200_000 + "}",
    "a.geojson": '{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": ' + NEST + "}]}",
}


@pytest.mark.parametrize("name", WIDE)
def test_too_many_columns_are_refused_at_once(run, city, tmp_path, name):
    file = tmp_path / name
    file.write_text(WIDE[name]())
    started = time.monotonic()
    done = run("load", city, "l", file, "--key", "c0", "--valid-from", "2024-01-01")
    assert (done.code, "more than 5,000 columns" in done.line) == (2, True)
    assert time.monotonic() - started < 10


def test_a_parquet_file_of_too_many_columns_is_refused_at_once(tmp_path):
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({name: [value] for name, value in wide(5_001).items()}), file)
    started = time.monotonic()
    with pytest.raises(StcloudError, match="more than 5,000 columns"):
        open_source(file, Reading())
    assert time.monotonic() - started < 5


def test_an_archive_that_unpacks_to_very_much_more_is_called_so(tmp_path, blanks):
    packed = tmp_path / "a.zip"
    packed.write_bytes(zip_of("a.geojson", *blanks))
    with pytest.raises(StcloudError) as caught:
        open_source(packed, Reading())
    assert caught.value.kind == "archive-bomb"


@pytest.mark.parametrize("crs", ["+init={}:4326", "+proj=longlat +ellps=bessel +nadgrids={} +type=crs"])
def test_the_crs_of_a_geoparquet_file_opens_no_file(tmp_path, crs):
    """Who opens the pipe waits for a writer that never comes."""
    os.mkfifo(tmp_path / "pipe")
    column = {"encoding": "WKB", "geometry_types": [], "crs": crs.format(tmp_path / "pipe")}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"id": ["1"], "geometry": shapely.to_wkb([shapely.Point(1, 2)])})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / "a.parquet")
    assert open_source(tmp_path / "a.parquet", Reading()).crs is None


@pytest.mark.parametrize("name", DEEP)
def test_what_is_nested_too_deep_is_refused_at_once(run, city, tmp_path, name):
    file = tmp_path / name
    file.write_text(DEEP[name])
    started = time.monotonic()
    done = run("load", city, "l", file, "--key", "c0", "--valid-from", "2024-01-01")
    assert (done.code, "too deep" in done.line) == (2, True)
    assert time.monotonic() - started < 10


LEVELS = 100_000
DEEP_WKT = "GEOMETRYCOLLECTION(" * LEVELS + "POINT(117 31.9)" + ")" * LEVELS
DEEP_WKB = struct.pack("<BII", 1, 7, 1) * LEVELS + struct.pack("<BIdd", 1, 1, 117, 31.9)
DEEP_POINTS = struct.pack(">BII", 0, 4, 1) * LEVELS + struct.pack("<BIdd", 1, 1, 117, 31.9)
DEEP_SHAPES = {
    "a.csv": ("geometry", DEEP_WKT), "b.csv": ("geometry", DEEP_WKB.hex()), "a.json": ("shape", DEEP_WKT),
    "a.parquet": ("geometry", DEEP_WKB), "b.parquet": ("geometry", DEEP_POINTS),
}  # fmt: skip


@pytest.mark.parametrize("name", DEEP_SHAPES)
@pytest.mark.parametrize("kind", ["events", "features"])
def test_a_geometry_nested_too_deep_is_a_fault_of_its_row(run, city, tmp_path, name, kind):
    column, deep = DEEP_SHAPES[name]
    plain = shapely.Point(117, 31.9)
    good = plain.wkb if isinstance(deep, bytes) else plain.wkt if deep == DEEP_WKT else plain.wkb_hex
    rows = pd.DataFrame({"id": ["1", "2"], "at": ["2024-03-01", "2024-03-02"], column: [good, deep]})
    file = tmp_path / name
    writers = {"csv": rows.to_csv, "json": rows.to_json, "parquet": rows.to_parquet}
    writers[file.suffix[1:]](file, **({"orient": "records"} if file.suffix == ".json" else {"index": False}))
    encoding = "wkt" if good == plain.wkt else "wkb"
    time = '[time]\ncolumn = "at"' if kind == "events" else ""
    definition = tmp_path / "d.toml"
    definition.write_text(
        f'id = "d"\nkind = "{kind[:-1]}"\nkey = ["id"]\n{time}\n[space]\ncolumn = "{column}"\n'
        f'encoding = "{encoding}"\ncrs = "EPSG:4326"\n'
    )
    valid = ("--valid-from", "2024-01-01") if kind == "features" else ()
    done = run("load", city, "l", file, "--definition", definition, *valid, "--max-rejected", "1")
    assert done.code == 0, done.err
    (refused,) = json.loads(run("quarantine", city, "l", "--format", "json").out)
    assert (refused["row"], refused["field"]) == (2, column)
    assert refused["reason"] in ("unreadable-geometry", "not-a-geometry")


def test_a_collection_of_many_parts_is_not_deep():
    many = shapely.GeometryCollection([shapely.MultiPoint([(at, at), (at, 1)]) for at in range(5_000)])
    assert without_deep([many.wkb, shapely.to_wkb(many, byte_order=0), None])[:2].tolist() == [
        many.wkb, shapely.to_wkb(many, byte_order=0),
    ]  # fmt: skip
    assert read_wkt([many.wkt])[0].equals(many)
