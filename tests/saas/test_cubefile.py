"""Files of cubes: what is read back is what was written, and a file is there whole or as it was."""

import builtins
import random
import shutil
import stat
from dataclasses import replace

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings

import stcloud
from stcloud.errors import InvalidInput, MissingExtra, NotFound, StorageError, Unsupported
from stcloud.paas.cube.cells import CubeCells
from stcloud.saas.cubefile import check_cube_path
from stcloud.testing.examples import examples
from tests.paas.cube.test_emerging import made
from tests.paas.cube.test_reading import any_cubes, same

FORMATS = (".nc", ".zarr", ".parquet")
RANDOM = settings(
    deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def cube():
    """Return a cube of three days and two cells, one bin unknown, one without events."""
    values = np.array([[3, 0], [1, 2], [4, 9]], np.int64)
    known = np.array([[True, True], [True, True], [False, True]])
    return made(values, known, np.array([1_750_000.0, 1_750_100.0]), np.full(2, 5_430_000.0))


@pytest.mark.parametrize("suffix", FORMATS)
@given(cube=any_cubes())
@RANDOM
def test_a_file_is_read_without_loss(suffix, cube, tmp_path):
    """Law: whatever a cube is of, each format gives it back."""
    same(cube, stcloud.read_cube(stcloud.write_cube(cube, tmp_path / f"cube{suffix}")))


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_long_history_of_loads_is_kept(suffix, cube, tmp_path):
    cube.facts["loads"] = " ".join(f"{load:016x}" for load in range(9_000))
    again = stcloud.read_cube(stcloud.write_cube(cube, tmp_path / f"cube{suffix}"))
    assert again.facts == cube.facts


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_cube_larger_than_a_chunk_is_the_same(suffix, cube, tmp_path, monkeypatch):
    monkeypatch.setattr("stcloud.paas.cube.dataset.CHUNK_BYTES", 16)
    monkeypatch.setattr("stcloud.paas.cube.reading.CHUNK_BYTES", 32)
    assert cube.to_xarray()["count"].chunks == ((1, 1, 1), (2,))
    same(cube, stcloud.read_cube(stcloud.write_cube(cube, tmp_path / f"cube{suffix}")))


def test_other_programs_read_the_files(cube, tmp_path):
    expected = [[3, 0], [1, 2], [np.nan, 9]]
    for suffix, engine in ((".nc", "h5netcdf"), (".zarr", "zarr")):
        path = stcloud.write_cube(cube, tmp_path / f"cube{suffix}")
        with xr.open_dataset(
            path, engine=engine, **({"consolidated": False} if engine == "zarr" else {})
        ) as dataset:
            np.testing.assert_array_equal(dataset["count"].to_numpy(), expected)
            assert dataset["count"].encoding["dtype"] == np.int64
            assert dataset["x"].attrs["bounds"] == "x_bounds"
    rows = pq.read_table(stcloud.write_cube(cube, tmp_path / "cube.parquet"))
    assert rows.column_names == ["time", "from", "to", "cell_100m", "count"]
    assert rows["count"].to_pylist() == [3, 1, 2, 9]
    assert rows.schema.field("from").type == pa.timestamp("us", "Pacific/Auckland")


def test_a_geopackage_has_cells_and_bins(cube, tmp_path):
    path = stcloud.write_cube(cube, tmp_path / "cube.gpkg")
    cells, bins = (geopandas.read_file(path, layer=name) for name in ("cells", "bins"))
    assert cells["known_steps"].tolist() == [2, 3]
    assert cells["count_in_all"].tolist() == [4, 11]
    assert bins["count"].tolist() == [3, 1, 2, 9]
    assert bins["time"].tolist() == ["day 0", "day 1", "day 1", "day 2"]
    assert bins.geometry.iloc[3].equals(cells.geometry.iloc[1])
    assert cells.crs == "EPSG:2193"


def test_cells_without_shapes_are_no_geopackage(cube, tmp_path):
    bare = CubeCells("kind", cube.cells.names, cube.cells.x, cube.cells.y, cube.cells.area_m2)
    with pytest.raises(InvalidInput) as caught:
        stcloud.write_cube(replace(cube, cells=bare), tmp_path / "a.gpkg")
    assert caught.value.kind == "no-shapes"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [*FORMATS, ".gpkg"])
def test_a_file_that_fails_leaves_the_former_one(suffix, cube, tmp_path, monkeypatch):
    path = stcloud.write_cube(cube, tmp_path / f"cube{suffix}")
    before = contents(path)
    monkeypatch.setattr("stcloud.saas.wholefile.Path.replace", lambda *_: refuse())
    with pytest.raises(StorageError, match="could not write"):
        stcloud.write_cube(cube, path)
    assert contents(path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def refuse():
    raise OSError(28, "No space left on device")


def contents(path):
    files = [path] if path.is_file() else sorted(part for part in path.rglob("*") if part.is_file())
    return {str(part.relative_to(path)): part.read_bytes() for part in files}


@pytest.mark.parametrize("suffix", [*FORMATS, ".gpkg"])
def test_a_file_that_is_there_is_replaced(suffix, cube, tmp_path):
    path = stcloud.write_cube(cube, tmp_path / f"cube{suffix}")
    if suffix == ".zarr":
        (path / "stale").mkdir()
    else:
        path.chmod(0o640)
    stcloud.write_cube(cube, path)
    assert not (path / "stale").exists()
    assert suffix == ".zarr" or stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_is_no_store_is_not_replaced(cube, tmp_path):
    (tmp_path / "full.zarr").mkdir()
    (tmp_path / "full.zarr" / "thesis.txt").write_text("precious")
    (tmp_path / "file.zarr").write_text("precious")
    for name in ("full.zarr", "file.zarr"):
        with pytest.raises(StorageError, match="could not write"):
            stcloud.write_cube(cube, tmp_path / name)
    (tmp_path / "empty.zarr").mkdir()
    assert stcloud.write_cube(cube, tmp_path / "empty.zarr").is_dir()


@pytest.mark.parametrize("name", ["cube.tif", "cube", "cube.csv"])
def test_an_unknown_suffix_is_refused(name, cube, tmp_path):
    with pytest.raises(Unsupported, match=r"\.zarr, \.nc, \.parquet or \.gpkg"):
        stcloud.write_cube(cube, tmp_path / name)
    with pytest.raises(Unsupported, match=r"\.zarr, \.nc or \.parquet"):
        stcloud.read_cube(tmp_path / name)


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_no_cube_is_one_plain_error(suffix, tmp_path):
    with pytest.raises(NotFound):
        stcloud.read_cube(tmp_path / f"none{suffix}")
    junk = tmp_path / f"junk{suffix}"
    junk.mkdir() if suffix == ".zarr" else junk.write_bytes(b"not a file of this kind" * 9)
    other = tmp_path / f"other{suffix}"
    frame = xr.Dataset({"a": ("x", [1, 2])})
    match suffix:
        case ".nc":
            frame.to_netcdf(other, engine="h5netcdf")
        case ".zarr":
            frame.to_zarr(other, zarr_format=3, consolidated=False)
        case _:
            pq.write_table(pa.table({"a": [1]}), other)
    for path in (junk, other):
        with pytest.raises(InvalidInput) as caught:
            stcloud.read_cube(path)
        assert caught.value.kind == "no-cube"
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)


LACKING = [(".nc", "h5netcdf"), (".nc", "h5py"), (".zarr", "zarr"), (".zarr", "xarray")]


@pytest.mark.parametrize(("suffix", "lacking"), LACKING)
def test_what_is_not_installed_is_named_with_the_line_for_pip(suffix, lacking, cube, tmp_path, monkeypatch):
    usual = builtins.__import__

    def without(name, *rest):
        if name == lacking:
            raise ImportError(f"No module named '{name}'", name=name)
        return usual(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    for refused in (check_cube_path, lambda path: stcloud.write_cube(cube, path)):
        with pytest.raises(MissingExtra) as caught:
            refused(tmp_path / f"cube{suffix}")
        assert (caught.value.kind, caught.value.hint) == ("missing-cube", "pip install 'stcloud[cube]'")
        assert lacking in str(caught.value)
    if lacking == "xarray":
        with pytest.raises(MissingExtra) as caught:
            cube.to_xarray()
        assert caught.value.kind == "xarray-needed"


def cube_or_error(source):
    try:
        return stcloud.read_cube(source)
    except InvalidInput as error:
        return error


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_damaged_file_is_the_cube_or_one_plain_error(suffix, cube, tmp_path):
    """Law: whatever bytes change or are cut, no other cube is read."""
    source = stcloud.write_cube(cube, tmp_path / f"cube{suffix}")
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    chance = random.Random(20240310)
    for _ in range(examples(60)):
        path = chance.choice(files)
        whole = path.read_bytes()
        changed = bytearray(whole)
        place = chance.randrange(len(whole))
        if chance.random() < 0.5:
            changed[place] ^= 1 << chance.randrange(8)
        else:
            del changed[place:]
        path.write_bytes(changed)
        again = cube_or_error(source)
        if isinstance(again, InvalidInput):
            assert again.kind == "no-cube"
            assert "\n" not in str(again)
        else:
            np.testing.assert_array_equal(again.dense(), cube.dense())
            np.testing.assert_array_equal(again.known, cube.known)
        path.write_bytes(whole)
    same(cube, stcloud.read_cube(source))


def test_a_store_that_lacks_a_part_is_refused(cube, tmp_path):
    store = stcloud.write_cube(cube, tmp_path / "cube.zarr")
    shutil.rmtree(store / "known" / "c")  # Zarr takes what is not there for zeros
    with pytest.raises(InvalidInput, match="damaged") as caught:
        stcloud.read_cube(store)
    assert caught.value.kind == "no-cube"
