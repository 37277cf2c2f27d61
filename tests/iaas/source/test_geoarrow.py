"""GeoParquet and Arrow geometry: every encoding gives the same shapes, and other columns of geometry are text."""

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from stcloud.iaas.source.protocol import Reading, geometry_column
from stcloud.iaas.source.registry import open_source

HOLED = shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 2, 2))
SHAPES = {
    "point": [shapely.Point(1, 2), None, shapely.Point(3, 4)],
    "linestring": [shapely.LineString([(0, 0), (1, 1)]), None, shapely.LineString([(0, 0), (1, 1), (2, 0.1)])],
    "polygon": [HOLED, None, shapely.box(5, 5, 6, 6)],
    "multipoint": [shapely.MultiPoint([(1, 2), (3, 4)]), None, shapely.MultiPoint([(1, 2)])],
    "multilinestring": [shapely.MultiLineString([[(1, 2), (3, 4)], [(0, 0), (1, 1)]]), None,
                        shapely.MultiLineString([[(1, 2), (3, 4)]])],
    "multipolygon": [shapely.MultiPolygon([HOLED, shapely.box(5, 5, 6, 6)]), None, shapely.MultiPolygon([HOLED])],
}  # fmt: skip


def read(path):
    source = open_source(path, Reading())
    rows = pa.Table.from_batches([batch.rows for batch in source.batches()])
    return source, rows


def same(wkb, shapes):
    found = shapely.from_wkb(wkb.to_pylist())
    return [
        one.equals(two) if two is not None else one is None for one, two in zip(found, shapes, strict=True)
    ]


def frame(kind, crs=4528, *, high=False):
    shapes = [shapely.force_3d(one, 7.0) if high and one is not None else one for one in SHAPES[kind]]
    series = geopandas.GeoSeries(shapes, crs=crs)
    other = geopandas.GeoSeries(shapes, crs=4326)
    return geopandas.GeoDataFrame({"n": ["a", "b", "c"], "other": other}, geometry=series).rename_geometry(
        "geom"
    )


@pytest.mark.every_case
@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("high", [False, True])
def test_every_encoding_of_geoparquet(tmp_path, kind, encoding, high):
    file = tmp_path / "a.parquet"
    frame(kind, high=high).to_parquet(file, geometry_encoding=encoding)
    source, rows = read(file)
    assert (geometry_column(source), source.crs, source.columns) == (
        "geom",
        "EPSG:4528",
        ("n", "other", "geom"),
    )
    assert all(same(rows["geom"], SHAPES[kind]))
    assert shapely.has_z(shapely.from_wkb(rows["geom"][0].as_py())) == high
    assert [one if one is None else shapely.from_wkt(one).equals(two) for one, two in
            zip(rows["other"].to_pylist(), SHAPES[kind], strict=True)] == [True, None, True]  # fmt: skip


@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize("kind", SHAPES)
def test_arrow_geometry_without_geoparquet(tmp_path, kind, interleaved):
    file = tmp_path / "a.parquet"
    whole = frame(kind).drop(columns="other")
    table = pa.table(whole.to_arrow(geometry_encoding="geoarrow", interleaved=interleaved))
    pq.write_table(table.slice(1).replace_schema_metadata(None), file)
    source, rows = read(file)
    assert (geometry_column(source), source.crs) == ("geom", "EPSG:4528")
    assert all(same(rows["geom"], SHAPES[kind][1:]))


def test_several_columns_of_arrow_geometry_are_text_unless_one_is_called_geometry(tmp_path):
    file = tmp_path / "a.parquet"
    table = pa.table(frame("point").to_arrow())
    pq.write_table(table.replace_schema_metadata(None), file)
    source, rows = read(file)
    assert geometry_column(source) is None
    assert rows["geom"].to_pylist() == rows["other"].to_pylist() == ["POINT (1 2)", None, "POINT (3 4)"]
    pq.write_table(table.rename_columns(["n", "other", "geometry"]).replace_schema_metadata(None), file)
    assert geometry_column(read(file)[0]) == "geometry"
