"""Real clients of OGC API Features read a real process: GDAL, OWSLib, and schemathesis over its definition."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from tests.conformance.web.serving import serve
from tests.saas.web.conftest import DAYS
from tests.saas.web.town import Town, town

pytestmark = pytest.mark.costly


@pytest.fixture(scope="module", params=["shanghai", "auckland"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Town]]:
    """Return the address of a process that serves a town of its own, and the town's rows."""
    folder = tmp_path_factory.mktemp(request.param)
    crs, zone, corner = {"shanghai": ("EPSG:4549", "Asia/Shanghai", (121.4, 31.2)),
                         "auckland": ("EPSG:2193", "Pacific/Auckland", (174.7, -36.9))}[request.param]  # fmt: skip
    with town(folder, crs, zone, corner, DAYS) as made:
        rows = made
    with serve(folder / "town") as url:
        yield url, rows


def read(url: str, layer: str, **options: object) -> gpd.GeoDataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pyogrio.read_dataframe(f"OAPIF:{url}", layer=layer, **options)


def test_gdal_reads_every_row_in_pages(served):
    url, rows = served
    assert pyogrio.list_layers(f"OAPIF:{url}")[:, 0].tolist() == ["calls", "plots", "catalog"]
    frame = read(url, "calls", PAGE_SIZE=7)
    assert frame["id"].tolist() == rows.calls["id"].tolist()
    assert frame.crs == rows.city.configuration.crs
    assert frame["category"].isna().tolist() == rows.calls["category"].isna().tolist()
    assert frame["n"].tolist() == rows.calls["n"].tolist()
    assert (frame["at"].dt.floor("ms") == rows.calls["at"].dt.floor("ms")).all()
    lonlat = frame.to_crs("OGC:CRS84").geometry
    placed = rows.calls["lon"].notna()
    assert lonlat[placed].x.tolist() == pytest.approx(rows.calls["lon"][placed].tolist(), abs=1e-7)
    assert lonlat[placed].y.tolist() == pytest.approx(rows.calls["lat"][placed].tolist(), abs=1e-7)
    assert (lonlat[~placed].isna() | lonlat[~placed].is_empty).all()


def test_gdal_filters_by_a_box(served):
    url, _ = served
    frame = read(url, "calls")
    west, south, _, _ = frame.total_bounds
    box = (west - 500, south - 500, west + 2_400, south + 2_800)
    inside = frame[frame.intersects(shapely.box(*box))]
    assert 0 < len(inside) < len(frame)
    assert read(url, "calls", bbox=box)["id"].tolist() == inside["id"].tolist()


WHERE = {
    "n = 3": lambda calls: calls["n"] == 3,
    "category = '路灯'": lambda calls: calls["category"] == "路灯",
    "n > 2 AND category = 'pothole'": lambda calls: (calls["n"] > 2) & (calls["category"] == "pothole"),
    "category IS NULL": lambda calls: calls["category"].isna(),
    "n IN (1, 2)": lambda calls: calls["n"].isin([1, 2]),
    "weight < 2": lambda calls: calls["weight"] < 2,
    "ok = 1": lambda calls: (calls["ok"] == True).fillna(value=False),  # noqa: E712
    "time >= '2024/03/02 00:00:00+00'": lambda calls: calls["at"] >= pd.Timestamp("2024-03-02", tz="UTC"),
}


@pytest.mark.parametrize("where", WHERE)
def test_gdal_filters_by_attributes_and_time(where, served):
    url, rows = served
    assert (
        read(url, "calls", where=where)["id"].tolist() == rows.calls["id"][WHERE[where](rows.calls)].tolist()
    )


def test_gdal_reads_features_as_they_are_and_as_they_were(served):
    url, rows = served
    now = {plot.key: plot for plot in rows.plots if plot.end is None}
    frame = read(url, "plots").to_crs("OGC:CRS84").set_index("k")
    assert sorted(frame.index) == sorted(now)
    assert all(frame.geometry[key].symmetric_difference(now[key].shape).area < 1e-9 for key in now)
    then = pyogrio.read_dataframe(f"{url}collections/plots/items?datetime=2021-01-01T00:00:00Z")
    expected = {plot.key: plot.use for plot in rows.plots if plot.holds(pd.Timestamp("2021-01-01", tz="UTC"))}
    assert dict(zip(then["k"], then["use"], strict=True)) == expected


def test_owslib_reads_what_there_is(served):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from owslib.ogcapi.features import Features
    url, rows = served
    client, calls = Features(url), rows.calls
    assert client.feature_collections() == ["calls", "plots"]
    assert client.api()["openapi"].startswith("3.0.")
    assert any("ogcapi-features-1" in uri for uri in client.conformance()["conformsTo"])
    assert client.collection("calls")["id"] == "calls"
    assert "n" in client.collection_queryables("calls")["properties"]
    ids = [feature["id"] for feature in client.collection_items("calls", limit=1000)["features"]]
    assert ids == calls["id"].tolist()
    assert client.collection_item("calls", "r020")["id"] == "r020"
    late = client.collection_items("calls", datetime_="2024-03-01T12:00:00Z/..", limit=1000)["numberMatched"]
    assert late == (calls["at"] >= pd.Timestamp("2024-03-01T12:00:00Z")).sum()
    assert client.collection_items("calls", filter="n = 3")["numberMatched"] == (calls["n"] == 3).sum()
    west, south = calls["lon"].min(), calls["lat"].min()
    box = [west - 0.005, south - 0.005, west + 0.025, south + 0.025]
    inside = calls["lon"].isna() | (
        calls["lon"].between(box[0], box[2]) & calls["lat"].between(box[1], box[3])
    )
    assert client.collection_items("calls", bbox=box)["numberMatched"] == inside.sum()


@pytest.mark.thorough
def test_schemathesis_finds_no_fault(served, tmp_path):
    """Requests that the definition allows are taken, but for documents, whose schema cannot say what a city has."""
    url, rows = served
    version = {"Asia/Shanghai": "openapi30", "Pacific/Auckland": "openapi"}[rows.zone.key]
    place = Path(__file__).parent
    words = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(place / "schemathesis.toml"),
        "run",
    ]
    words += [f"{url}api?f={version}", "--max-examples", "20", "--seed", "1"]
    run = subprocess.run(
        words, capture_output=True, text=True, timeout=900, check=False, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(place)},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
    assert "Tested" in run.stdout
