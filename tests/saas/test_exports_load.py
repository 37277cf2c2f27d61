"""What is exported loads back: the same keys, the same places, nothing ended."""

import json

import pytest
import shapely

import stcloud

CRS = "EPSG:4548"
SQUARES = [{"type": "Polygon", "coordinates": [[[x, 31.9], [x + 0.01, 31.9], [x + 0.01, 31.91], [x, 31.9]]]}
           for x in (117.0, 117.1)]  # fmt: skip


@pytest.fixture
def place(run, tmp_path):
    stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai")
    features = [
        {
            "type": "Feature",
            "id": number,
            "properties": {"code": f"0{number}", "名称": name, "n": 1.5},
            "geometry": shape,
        }
        for number, (name, shape) in enumerate(zip(("道路", "a,b"), SQUARES, strict=True), start=1)
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    done = run(
        "load", tmp_path / "city", "a", tmp_path / "a.geojson", "--key", "code", "--valid-from", "2024-01-01"
    )
    assert done.code == 0, done.err
    (tmp_path / "e.csv").write_text(
        "id,at,lon,lat\n07,2024-03-01 10:00,117.005,31.905\n8,2024-03-01 11:00,117.1,31.9\n"
    )
    load = (
        "load",
        tmp_path / "city",
        "e",
        tmp_path / "e.csv",
        "--key",
        "id",
        "--time",
        "at",
        "--lon",
        "lon",
        "--lat",
        "lat",
    )
    assert run(*load).code == 0
    return tmp_path


@pytest.mark.costly
@pytest.mark.parametrize("suffix", ["csv", "geojson", "gpkg", "parquet", "fgb"])
def test_features_load_back(run, place, suffix):
    out = place / f"out.{suffix}"
    assert run("show", place / "city", "a", "--as-of", "2024-06-01", "-o", out).code == 0
    crs = ["--crs", CRS] if suffix == "csv" else []
    done = run("load", place / "city", "b", out, "--key", "code", "--valid-from", "2024-01-01", *crs)
    assert done.code == 0, done.err
    city = stcloud.open(place / "city")
    before, after = (city.layer(name).as_of("2024-06-01").to_geopandas() for name in ("a", "b"))
    assert sorted(after["code"]) == ["01", "02"]
    assert sorted(after["名称"]) == sorted(before["名称"])
    first, second = (frame.sort_values("code").geometry.normalize().to_numpy() for frame in (before, after))
    assert shapely.equals_exact(first, second, 0.002).all()


def test_an_export_loaded_into_its_own_layer_changes_nothing(run, place):
    out = place / "a.geojson"
    assert run("show", place / "city", "a", "--as-of", "2024-06-01", "-o", out).code == 0
    done = stcloud.open(place / "city").load("a", out, valid_from="2024-01-01")
    assert (done.read, done.unchanged) == (2, 2)


@pytest.mark.costly
@pytest.mark.parametrize("suffix", ["csv", "geojson", "ndjson", "json", "gpkg", "parquet"])
def test_events_load_back(run, place, suffix):
    out = place / f"out.{suffix}"
    assert run("query", place / "city", "e", "-o", out).code == 0
    where = [] if suffix in ("geojson", "gpkg", "parquet") else ["--lon", "lon", "--lat", "lat"]
    done = run("load", place / "city", "f", out, "--key", "id", "--time", "at", *where)
    assert done.code == 0, done.err
    shown = [
        run("query", place / "city", layer, "--format", "ndjson").out.splitlines() for layer in ("e", "f")
    ]
    first, second = ([json.loads(line) for line in lines] for lines in shown)
    assert [row["id"] for row in second] == [row["id"] for row in first] == ["07", "8"]
    assert [row["at"] for row in second] == [row["at"] for row in first]
