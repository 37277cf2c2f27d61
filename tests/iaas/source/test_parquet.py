"""What a Parquet file says of its rows besides their values."""

import geopandas
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shapely import Point, box

import stcloud as st
from stcloud.iaas.source.protocol import Reading, remarks_of
from stcloud.iaas.source.registry import open_source

TICKS = [1_704_067_200_000_000_000, 1_704_067_200_000_000_999, -1, None, -1_000]


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Shanghai"])
def test_instants_that_are_cut_are_counted(tmp_path, zone):
    times = pa.array(TICKS, pa.int64()).cast(pa.timestamp("ns", zone))
    pq.write_table(pa.table({"id": list("abcde"), "t": times}), tmp_path / "n.parquet")
    source = open_source(tmp_path / "n.parquet", Reading())
    assert remarks_of(source) == ()
    list(source.batches())
    assert remarks_of(source) == ("column 't': 2 cut to microseconds",)


def test_the_reckoning_says_what_was_cut_and_which_geometry_became_text(tmp_path):
    frame = geopandas.GeoDataFrame(
        {"code": ["a"], "seen": pd.to_datetime(["2024-01-01T00:00:00.000000001Z"])},
        geometry=[box(117, 31.9, 117.01, 31.91)],
        crs="OGC:CRS84",
    )
    frame["centre"] = geopandas.GeoSeries([Point(117.005, 31.905)], crs="OGC:CRS84")
    frame.to_parquet(tmp_path / "f.parquet")
    city = st.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    reckoning = city.load("f", tmp_path / "f.parquet", key=["code"], valid_from="2024-01-01")
    assert reckoning.notes[:2] == (
        "column 'centre' holds geometry that is not the layer's: kept as text (WKT)",
        "column 'seen': 1 cut to microseconds",
    )
    [row] = city.features("f").as_of("2024-06-01").to_records()
    assert row["centre"] == "POINT (117.005 31.905)"


def test_a_file_without_such_columns_has_no_remarks(tmp_path):
    pq.write_table(pa.table({"id": ["a"], "t": pa.array([0], pa.timestamp("us"))}), tmp_path / "u.parquet")
    source = open_source(tmp_path / "u.parquet", Reading())
    list(source.batches())
    assert remarks_of(source) == ()
