"""Law: loading rows in memory is loading a file of them, and loading them again changes nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples

ZONE, CRS = "Pacific/Kiritimati", "EPSG:4548"  # 14 hours before UTC
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
SAID: dict[str, Any] = {"key": "id", "time": "at", "max_rejected": "100%", "time_formats": ["iso"]}
ids = st.sampled_from(["a", "b", "c", "北山", "007"])
places = (
    st.none()
    | st.builds(shapely.Point, st.floats(116, 118), st.floats(31, 33))
    | st.just(shapely.Point(0, 0))
)
naive = st.datetimes(dt.datetime(1902, 1, 1), dt.datetime(2250, 1, 1))


@st.composite
def frames(draw: st.DrawFn) -> geopandas.GeoDataFrame:
    """Draw a frame with keys and times that may lack or repeat, and columns of several types."""
    count = draw(st.integers(1, 5))

    def several(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    at = pd.Series(several(st.none() | naive), dtype="datetime64[us]")
    if draw(st.booleans()):
        at = at.dt.tz_localize(draw(st.sampled_from(["UTC", "Asia/Shanghai"])))
    columns = {
        "id": pd.Series(several(st.none() | ids), dtype="str"),
        "at": at,
        "n": pd.array(several(st.none() | st.integers(-9, 2**53)), "Int64"),
        "x": several(st.floats(-1e9, 1e9) | st.just(float("nan"))),
        "kind": pd.Categorical(several(st.sampled_from(["u", "v", None]))),
        "list": pd.Series(several(st.none() | st.lists(st.integers(0, 3), max_size=2)), dtype=object),
    }
    return geopandas.GeoDataFrame(columns, geometry=several(places), crs=4326)


def in_pieces(frame: geopandas.GeoDataFrame, size: int) -> pa.RecordBatchReader:
    """Return a frame as a stream of small batches."""
    table = pa.table(frame.to_arrow(index=False))
    return table.to_reader(max_chunksize=size)


FORMS: dict[str, Callable[[geopandas.GeoDataFrame], Any]] = {
    "frame": lambda frame: frame,
    "table": lambda frame: pa.table(frame.to_arrow(index=False)),
    "reader": lambda frame: in_pieces(frame, 1),
    "pairs": lambda frame: in_pieces(frame, 2),
    "indexed": lambda frame: frame.set_index("id"),
}


def loaded(city: stcloud.City, layer: str, source: Any, **more: Any) -> Any:
    done = city.load(layer, source, **SAID, **more)
    return done[0] if isinstance(done, list) else done


def outcome(city: stcloud.City, layer: str, reckoning: Any) -> Any:
    """Return all that a load leaves: its counts, the rows and their types, the rows that were refused."""
    kept = city.query(layer).to_arrow().drop_columns([])
    refused = city.rejected(layer)
    rows = refused.select(["row", "field", "value", "reason"]).sort_by("row").to_pylist()
    return reckoning.counts, reckoning.rejected_by, kept.schema, kept.to_pylist(), rows


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("city") / "c"


@pytest.fixture(scope="module")
def city(place: Path) -> Any:
    with stcloud.create(place, crs=CRS, zone=ZONE) as city:
        yield city


counter = iter(range(10_000))


@settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=SLOW,
    phases=[Phase.explicit, Phase.generate],
)
@given(frames(), st.permutations(sorted(FORMS)))
def test_a_frame_is_a_file_of_it_in_whatever_form(
    city: Any, frame: geopandas.GeoDataFrame, forms: list[str]
) -> None:
    number = next(counter)
    folder = Path(tempfile.mkdtemp())
    try:
        file = folder / "rows.parquet"
        frame.to_parquet(file, index=False)
        filed, held = f"filed-{number}", f"held-{number}"
        first, *others = forms
        expected = outcome(city, filed, loaded(city, filed, file))
        reckoning = loaded(city, held, FORMS[first](frame))
        assert outcome(city, held, reckoning) == expected
        count = len(frame)
        assert reckoning.source.endswith(f" of {count} row{'s' * (count != 1)}")
        sources = {row["source"] for row in city.rejected(held).to_pylist()}
        assert sources <= {reckoning.source}
        for form in others:
            assert loaded(city, held, FORMS[form](frame)) == dataclasses.replace(reckoning, known=True)
        assert outcome(city, held, reckoning) == expected
    finally:
        shutil.rmtree(folder)


@settings(
    max_examples=examples(6),
    deadline=None,
    suppress_health_check=SLOW,
    phases=[Phase.explicit, Phase.generate],
)
@given(frames())
def test_features_and_content_are_files_of_them(city: Any, frame: geopandas.GeoDataFrame) -> None:
    number = next(counter)
    texts = frame.assign(at=frame["at"].astype("str").where(frame["at"].notna(), None))
    collection = json.loads(texts.to_json(drop_id=True))
    folder = Path(tempfile.mkdtemp())
    try:
        file = folder / "rows.geojson"
        file.write_text(json.dumps(collection))
        expected = outcome(city, f"file-{number}", loaded(city, f"file-{number}", file))
        for form, given_ in (("list", collection["features"]), ("content", io.BytesIO(file.read_bytes()))):
            layer = f"{form}-{number}"
            assert outcome(city, layer, loaded(city, layer, given_)) == expected
            if form == "list":
                assert loaded(city, layer, collection).known
        assert loaded(city, f"content-{number}", file).known
    finally:
        shutil.rmtree(folder)


def test_naive_times_are_the_citys_wall_clock_and_zoned_ones_are_instants(city: Any) -> None:
    frame = geopandas.GeoDataFrame(
        {"id": ["a"], "at": pd.to_datetime(["2024-03-01 08:00"])},
        geometry=[shapely.Point(117, 31.9)],
        crs=4326,
    )
    zoned = frame.assign(id=["b"], at=frame["at"].dt.tz_localize("Asia/Shanghai"))
    stated = frame.assign(id=["c"])
    loaded(city, "times", frame)
    loaded(city, "times", zoned)
    city.load("elsewhere", stated, key="id", time="at", zone="Asia/Shanghai")
    at = {row["id"]: row["st_time"] for row in city.query("times").to_arrow().to_pylist()}
    assert at["a"] == dt.datetime(2024, 2, 29, 18, tzinfo=dt.UTC)
    assert at["b"] == dt.datetime(2024, 3, 1, 0, tzinfo=dt.UTC)
    (row,) = city.query("elsewhere").to_arrow().to_pylist()
    assert row["st_time"] == at["b"]


def test_a_frame_without_a_crs_needs_one_and_a_definition_has_one(city: Any) -> None:
    frame = geopandas.GeoDataFrame({"id": ["a"], "at": ["2024-03-01"]}, geometry=[shapely.Point(117, 31.9)])
    with pytest.raises(InvalidInput, match="GeoDataFrame of 1 row does not declare the CRS") as refused:
        loaded(city, "unsaid", frame)
    assert refused.value.kind == "place-needed"
    assert loaded(city, "unsaid", frame, crs="EPSG:4326").accepted == 1
    assert loaded(city, "unsaid", frame.assign(id=["b"])).accepted == 1
    with pytest.raises(InvalidInput, match="declares") as refused:
        loaded(city, "unsaid", frame.assign(id=["c"]).set_crs(4548))
    assert refused.value.kind == "other-crs"


def test_times_of_frames_are_read_though_a_definition_has_another_format(city: Any) -> None:
    text = pd.DataFrame(
        {"id": ["a"], "at": ["03/13/2024 08:00"], "end": ["03/02/2024"], "lon": [117.0], "lat": [31.9]}
    )
    definition = city.draft("formats", text, key="id", time="at", lon="lon", lat="lat").definition
    assert definition.time.formats == ("%m/%d/%Y %H:%M",)
    typed = text.assign(id=["b"], at=pd.to_datetime(["2024-03-13 08:00"]))
    assert city.load("formats", text, definition=definition) != city.load("formats", typed)
    rows = city.query("formats").to_arrow()["st_time"].to_pylist()
    assert len(rows) == 2
    assert rows[0] == rows[1]


def test_a_load_that_fails_or_was_killed_leaves_no_spool(city: Any, place: Path, tmp_path: Path) -> None:
    def batches() -> Any:
        yield pa.record_batch({"id": ["a"]})
        raise RuntimeError("mine")

    broken = pa.RecordBatchReader.from_batches(pa.schema({"id": pa.string()}), batches())
    with pytest.raises(InvalidInput, match="mine"):
        loaded(city, "broken", broken, lon="lon", lat="lat")
    work = place / ".work"
    assert [path.name for path in work.iterdir() if not path.name.endswith(".lock")] == []
    left = work / "layer-broken.spool.staging"
    left.mkdir()
    (left / "rows.parquet").write_bytes(b"PAR1")
    file = tmp_path / "rows.csv"
    file.write_text("id,at,lon,lat\na,2024-03-01,117,31.9\n")
    loaded(city, "broken", file, lon="lon", lat="lat")
    assert not left.exists()
