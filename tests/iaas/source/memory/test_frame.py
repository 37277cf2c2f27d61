"""Frames of pandas and GeoPandas: types, geometry and named indexes are kept; what cannot be is refused."""

import datetime as dt

import geopandas
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from stcloud.errors import InvalidInput
from stcloud.iaas.source.geoarrow import geometry_columns
from stcloud.iaas.source.memory.frame import frame_rows, is_frame

PERIODS = pd.period_range("2024", periods=2, freq="M")
POINTS = [shapely.Point(1, 2), None]


def test_types_are_the_frames():
    frame = pd.DataFrame(
        {
            "text": ["a", None],
            "object": pd.Series([None, "北山"], dtype=object),
            "nullable": pd.array([1, pd.NA], "Int64"),
            "missing": [1.5, float("nan")],
            "yes": pd.array([True, None], "boolean"),
            "day": [dt.date(2024, 3, 1), None],
            "zoned": pd.to_datetime(["2024-03-01 08:00", None]).tz_localize("Asia/Shanghai"),
            "naive": pd.to_datetime(["2024-03-01 08:00", pd.NaT]),
            "words": pd.Categorical(["x", None]),
            "sparse": pd.arrays.SparseArray([1.0, float("nan")]),
        }
    )
    table = frame_rows(frame)
    assert [table.column(name).null_count for name in table.schema.names] == [1] * 10
    assert table["zoned"].type.tz == "Asia/Shanghai"
    assert table["naive"].type.tz is None
    assert [table[name].type for name in ("nullable", "missing", "yes", "day")] == [
        pa.int64(), pa.float64(), pa.bool_(), pa.date32(),
    ]  # fmt: skip
    assert table["words"].to_pylist() == ["x", None]


def test_named_levels_of_an_index_are_columns_and_positions_are_not():
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="id"))
    assert frame_rows(frame).to_pydict() == {"id": ["a", "b"], "n": [1, 2]}
    both = pd.DataFrame(
        {"n": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["id", None])
    )
    assert frame_rows(both).to_pydict() == {"id": ["a", "b"], "n": [1, 2]}
    assert frame_rows(pd.DataFrame({"n": [1, 2]}, index=[7, 9])).schema.names == ["n"]
    assert frame_rows(pd.Series([1, 2], name="n")).schema.names == ["n"]


def test_the_active_geometry_is_the_layers_and_has_its_crs():
    frame = geopandas.GeoDataFrame({"geometry": POINTS, "seen_from": POINTS}, crs=4326)
    frame["seen_from"] = geopandas.GeoSeries(POINTS, crs=4548)
    frame = frame.set_geometry("seen_from")
    columns = geometry_columns(frame_rows(frame).schema)
    assert {name: (column.crs, column.primary) for name, column in columns.items()} == {
        "geometry": ("EPSG:4326", False),
        "seen_from": ("EPSG:4548", True),
    }
    series = geopandas.GeoSeries(POINTS, crs=4548, index=pd.Index(["a", "b"], name="id"))
    rows = frame_rows(series)
    assert rows.schema.names == ["id", "geometry"]
    assert geometry_columns(rows.schema)["geometry"].crs == "EPSG:4548"


def test_shapes_in_a_plain_frame_have_no_crs():
    rows = frame_rows(pd.DataFrame({"id": ["a", "b"], "where": POINTS}))
    assert geometry_columns(rows.schema)["where"].crs is None
    assert shapely.from_wkb(rows["where"].to_pylist()).tolist() == POINTS


@pytest.mark.parametrize(
    ("frame", "kind", "words"),
    [
        (pd.DataFrame({"a": ["x", 1]}), "mixed-column", "int, str"),
        (pd.DataFrame({"a": [True, 1]}, dtype=object), "mixed-column", "bool, int"),
        (pd.DataFrame({"a": [POINTS[0], "x"]}), "mixed-column", "Point, str"),
        (pd.DataFrame({"a": [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 5)]}), "mixed-column", "date, datetime"),
        (
            pd.DataFrame({"a": [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]}, dtype=object),
            "mixed-column", "datetime, datetime with a zone",
        ),
        (pd.DataFrame({"a": [1j, 2j]}), "unsupported-column", "complex128"),
        (pd.DataFrame({0: [1]}), "unnamed-column", "0"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "repeated-column", "two columns called 'a'"),
        (
            pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="a")),
            "repeated-column", "an index and a column called 'a'",
        ),
    ],
)  # fmt: skip
def test_what_no_column_can_hold_is_refused(frame, kind, words):
    with pytest.raises(InvalidInput, match=words) as refused:
        frame_rows(frame)
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)


def test_other_objects_are_no_frames():
    assert is_frame(pd.DataFrame())
    assert is_frame(pd.Series(dtype=float))
    assert not is_frame(pa.table({"a": [1]}))
    assert not is_frame({"a": [1]})
