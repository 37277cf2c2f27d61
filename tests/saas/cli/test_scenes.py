"""`stcloud scenes`: lists in 80 columns, and files by their suffix."""

import csv
import io
import json

import pytest
import rasterio
import xarray as xr

from tests.rasters import city_with, geotiff


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    city = city_with(folder)
    for day, seed in (("20200101", 1), ("20200301", 2)):
        city.load("images", geotiff(folder / f"a_{day}.tif", seed), definition=folder / "images.toml")
    return folder


def test_scenes_are_listed_in_80_columns(folder, run):
    done = run("scenes", folder / "city", "images")
    assert done.code == 0
    assert done.out.splitlines()[0].split() == ["acquired", "product", "tile", "pixels", "bands"]
    assert len(done.out.splitlines()) == 3
    assert max(map(len, done.out.splitlines())) <= 80
    assert "2 scenes of images" in done.err


def test_all_is_in_json_and_csv(folder, run):
    rows = json.loads(run("scenes", folder / "city", "images", "--as-of", "2020-02-01", "-f", "json").out)
    assert [(row["acquired"], row["tile"], row["rows"]) for row in rows] == [
        ("2020-01-01T00:00+08:00", "a", 30)
    ]
    read = list(csv.DictReader(io.StringIO(run("scenes", folder / "city", "images", "-f", "csv").out)))
    assert [row["digest"] for row in read][:1] == [rows[0]["digest"]]
    nothing = run("scenes", folder / "city", "images", "--between", "2019,2020-01-01", "-f", "json")
    assert (nothing.code, json.loads(nothing.out)) == (0, [])


def test_files_are_written_by_their_suffix(folder, run, tmp_path):
    assert (
        run(
            "scenes", folder / "city", "images", "--as-of", "2021", "--bands", "nir", "-o", tmp_path / "x.tif"
        ).code
        == 0
    )
    with rasterio.open(tmp_path / "x.tif") as source:
        assert source.descriptions == ("nir",)
    assert (
        run("scenes", folder / "city", "images", "--between", "2020,2021", "-o", tmp_path / "x.nc").code == 0
    )
    with xr.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as read:
        assert dict(read.sizes) == {"time": 2, "y": 30, "x": 40}
    assert (
        run(
            "scenes", folder / "city", "images", "--as-of", "2021", "--bands", "red", "-o", tmp_path / "x.png"
        ).code
        == 0
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.nc", "x.png", "x.tif"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--as-of", "2020", "--between", "2019,2020"], "two choices"),
        (["--between", "2019"], "no period"),
        (["--bbox", "1,2,3"], "write --bbox W,S,E,N"),
        (["--at", "x"], "write --at LON,LAT"),
        (["-o", "x.tif", "-f", "csv"], "leave out --format"),
        (["--between", "2020,2021", "-o", "x.tif"], "name an instant with --as-of, or write .nc"),
        (["--as-of", "2021", "-o", "x.tif", "--bands", "blue"], "no band 'blue'"),
        (["--as-of", "2021", "-o", "x.tif", "--resolution", "7"], "state --resampling"),
        (["--as-of", "2010", "-o", "x.tif"], "no scene"),
        (["-o", "x.jpg"], "x.jpg"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(folder, run, options, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("scenes", folder / "city", "images", *options)
    assert done.code != 0
    assert text in done.line
    assert list(tmp_path.iterdir()) == []


def test_layers_journal_and_check_know_scenes(folder, run):
    assert "scene" in run("layers", folder / "city").out
    described = run("layers", folder / "city", "images").out
    assert 'kind = "scene"' in described
    checks = json.loads(run("check", folder / "city", "-f", "json").out)
    assert {check["check"] for check in checks} >= {"arrays"}
    assert not any(check["faults"] for check in checks)
    assert run("journal", folder / "city", "images").code in (0, 2)


def test_a_load_from_the_shell(folder, run, tmp_path):
    run("create", tmp_path / "city", "--crs", "EPSG:4548", "--zone", "Asia/Shanghai")
    many = tmp_path / "many"
    many.mkdir()
    for day in ("20200101", "20200102"):
        geotiff(many / f"b_{day}.tif", 1)
    (many / "b_20200103.tif").write_bytes((many / "b_20200102.tif").read_bytes()[:300])
    done = run(
        "load", tmp_path / "city", "images", many, "--definition", folder / "images.toml", "--keep-going"
    )
    assert done.code != 0
    assert "b_20200103.tif" in done.err
    assert "Traceback" not in done.err
    assert len(json.loads(run("scenes", tmp_path / "city", "images", "-f", "json").out)) == 2
