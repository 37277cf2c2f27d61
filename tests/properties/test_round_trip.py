"""Law: what is loaded from any format and exported to any other loads back as what is believed already."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas
import pandas as pd
import shapely
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

import stcloud
from stcloud.testing.examples import examples

CRS = "EPSG:4548"
COLUMNS = ("code", "n", "x", "yes", "day", "at", "note")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
SOURCES = ("csv", "gpkg", "fgb", "geojson", "parquet")
EXPORTS = ("csv", "gpkg", "fgb", "geojson", "parquet")

letters = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
texts = st.text(letters, min_size=1, max_size=6) | st.sampled_from(
    ["007", "1e5", "1.0", "北山", "e\u0301", "a,b\"c'", "-0", "1e400", "0x10", "true", "2024-03-01"]
)
whole = st.sampled_from([0, 1, -1, 340102001001, 2**31, 2**53 - 1, -(2**53) + 1]) | st.integers(
    -(2**53) + 1, 2**53 - 1
)
numbers = st.floats(-1e300, 1e300, allow_nan=False).map(
    lambda x: 0.0 if abs(x) < 1e-290 else x
) | st.sampled_from([0.1, -0.0, 1e10, 340102001001.0, 1e15, 1.5e-7, 2.0**53])
days = st.dates(dt.date(1, 1, 3), dt.date(9999, 12, 29))
instants = st.datetimes(dt.datetime(1902, 1, 1), dt.datetime(2250, 1, 1)).map(
    lambda at: at.replace(microsecond=0, tzinfo=dt.UTC)
)
CODES = {
    "text": texts,
    "integer": whole,
    "float": whole.map(float),
}
SHAPES = {
    "point": shapely.Point,
    "line": lambda x, y: shapely.LineString([(x, y), (x + 0.001, y + 0.002)]),
    "area": lambda x, y: shapely.Point(x, y).buffer(0.001, 2),
}


@st.composite
def frames(draw: st.DrawFn) -> geopandas.GeoDataFrame:
    """Draw a frame with odd values in columns of every type."""
    codes = draw(
        st.lists(draw(st.sampled_from(list(CODES.values()))), min_size=1, max_size=4, unique_by=_key)
    )
    count = len(codes)

    def several(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(st.none() | values, min_size=count, max_size=count))

    make = SHAPES[draw(st.sampled_from(list(SHAPES)))]
    places = draw(st.lists(st.integers(0, 500), min_size=count, max_size=count))
    columns = {
        "code": codes,
        "n": pd.array(several(whole), "Int64"),
        "x": pd.array(several(numbers), "Float64").to_numpy(float, na_value=float("nan")),
        "yes": pd.array(several(st.booleans()), "boolean"),
        "day": several(days),
        "at": pd.Series(several(instants), dtype="datetime64[us, UTC]"),
        "note": pd.array(several(texts), "string").astype(object),
    }
    geometry = [make(117 + at / 1000, 31.9 + at / 2000) for at in places]
    return geopandas.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")


def _key(code: Any) -> str:
    return str(int(code)) if isinstance(code, float) else str(code)


def written(frame: geopandas.GeoDataFrame, file: Path) -> Path:
    """Write a frame in the format that the suffix says; what GDAL's writers cannot take is text."""
    plain = frame.assign(day=[None if day is None else day.isoformat() for day in frame["day"]])
    if file.suffix == ".csv":
        shown = pd.DataFrame(plain.drop(columns="geometry")).assign(
            geometry=shapely.to_wkt(plain.geometry, -1)
        )
        shown["code"] = [
            _key(code) for code in frame["code"]
        ]  # pandas would write 1 as 1.0, which is another text
        shown["at"] = [None if pd.isna(at) else at.isoformat() for at in shown["at"]]
        shown.to_csv(file, index=False)
    elif file.suffix == ".parquet":
        frame.to_parquet(file)
    elif file.suffix in (".gpkg", ".fgb"):
        plain.to_file(file, engine="pyogrio", layer="f")
    else:
        plain.to_file(file, engine="pyogrio")
    return file


@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=SLOW,
    phases=[Phase.explicit, Phase.generate],
)
@given(st.data())
def test_what_is_exported_loads_back(run: Any, data: st.DataObject) -> None:
    """Same keys, same values, nothing ended, whatever the formats."""
    frame = data.draw(frames())
    source, exports = data.draw(st.sampled_from(SOURCES)), data.draw(st.permutations(EXPORTS))
    note(f"{source} -> {exports}")
    folder = Path(tempfile.mkdtemp())
    try:
        _round(run, frame, source, exports, folder)
    finally:
        shutil.rmtree(folder)


def _round(run: Any, frame: geopandas.GeoDataFrame, source: str, exports: list[str], folder: Path) -> None:
    seconds = itertools.count(1_700_000_000)
    stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    city = stcloud.open(folder / "city", clock=lambda: next(seconds) * 1_000_000)
    mine = frame if source == "geojson" else frame.to_crs(CRS)
    file = written(mine, folder / f"source.{source}")
    first = city.load("f", file, key=("code",), valid_from="2010-01-01", **_said(source))
    assert (first.accepted, first.rejected) == (len(frame), 0), first
    before = _content(city, "f")
    assert set(before) == {_key(code) for code in frame["code"]}
    for number, suffix in enumerate(exports, start=1):
        out = folder / f"out-{number}.{suffix}"
        shown = run("show", folder / "city", "f", "--as-of", "2030-01-01", "-o", out)
        assert shown.code == 0, (suffix, shown.err)
        anew = city.load(f"anew-{number}", out, key=("code",), valid_from="2010-01-01", **_said(suffix))
        assert (anew.accepted, anew.rejected) == (len(frame), 0), (source, suffix, anew)
        assert _plain(_content(city, f"anew-{number}")) == _plain(before), (source, suffix)
        if (suffix == "geojson") == (source == "geojson"):  # others are in another CRS, and for another layer
            again = city.load("f", out, valid_from=f"20{10 + number}-01-01")
            counts = (again.unchanged, again.accepted, again.updated, again.ended, again.rejected)
            assert counts == (len(frame), 0, 0, 0, 0), (source, suffix, again)
            assert _content(city, "f") == before, (source, suffix)
    assert not [one for one in city.check() if one.faults]


def _said(suffix: str) -> dict[str, Any]:
    return {"crs": CRS} if suffix == "csv" else {}


def _content(city: stcloud.City, layer: str) -> dict[str, dict[str, Any]]:
    rows = city.features(layer).as_of("2030-01-01").to_arrow().to_pylist()
    return {row["st_key"]: {name: row[name] for name in COLUMNS} for row in rows}


def _plain(content: dict[str, dict[str, Any]]) -> dict[str, dict[str, str | None]]:
    """Return values as texts that do not depend on their types: CSV has none."""
    return {key: {name: _value(name, value) for name, value in row.items()} for key, row in content.items()}


def _value(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if name == "at":
        return str(pd.Timestamp(value).tz_convert("UTC"))
    if name == "day" and isinstance(value, dt.datetime):  # FlatGeobuf has no dates
        return value.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
    if name == "x":
        return repr(float(value))
    if name == "yes":
        return str(value).lower()
    return str(value)
