"""Weights that are kept: used again, made anew when cells or rasters differ, and when a byte has changed."""

import shutil

import numpy as np
import pyarrow as pa
import pytest
import shapely

import stcloud
from stcloud.iaas.store.arrays import ArrayFolder
from stcloud.paas.cache import Cache
from stcloud.paas.scene import kept_weights as kept
from stcloud.paas.scene.cellsource import SceneCells
from stcloud.space.rastergrid import RasterGrid
from tests.paas.scene.imagery import city_of, values_of

CRS = "EPSG:4548"
GRID = RasterGrid(CRS, (1.0, 0.0, 500_000.0, 0.0, -1.0, 3_380_300.0), (300, 300))


def cells(moved=0.0):
    at = np.arange(0, 300, 30) + 500_000.5 + moved
    return SceneCells(
        "in_areas",
        pa.array([f"{n}" for n in range(10)]),
        shapely.box(at, 3_380_000.5, at + 29, 3_380_299.5),
        home="areas",
    )


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "_SMALL", 0)
    return ArrayFolder(tmp_path / "areas.pixels")


def files(place):
    return sorted(path.relative_to(place.root).parent.as_posix() for path in place.root.rglob("pixel.npy"))


def made(monkeypatch):
    """Count how many times weights are made."""
    from stcloud.index import PixelWeights

    made, plain = [], PixelWeights.of
    monkeypatch.setattr(PixelWeights, "of", lambda *given: made.append(1) or plain(*given))
    return made


def test_weights_are_made_once_and_come_back_from_disk(place, monkeypatch):
    counted = made(monkeypatch)
    first = kept.kept_weights(cells(), CRS, GRID, place, Cache())
    again = kept.kept_weights(cells(), CRS, GRID, place, Cache())
    assert len(counted) == 1
    assert [each.tolist() for each in first.spread()] == [each.tolist() for each in again.spread()]


def test_other_cells_and_other_rasters_have_weights_of_their_own(place, monkeypatch):
    counted, memory = made(monkeypatch), Cache()
    other = RasterGrid(CRS, GRID.transform, (300, 299))
    for moved, grid in ((0, GRID), (0, other), (1, GRID), (1, GRID)):
        kept.kept_weights(cells(moved), CRS, grid, place, memory)
    assert len(counted) == 3
    assert len(files(place)) == 2  # of the older cells none are kept on disk


def test_damaged_weights_are_made_anew(place, monkeypatch):
    kept.kept_weights(cells(), CRS, GRID, place, Cache())
    (path,) = place.root.rglob("fraction.npy")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    counted = made(monkeypatch)
    kept.kept_weights(cells(), CRS, GRID, place, Cache())
    kept.kept_weights(cells(), CRS, GRID, place, Cache())
    assert len(counted) == 1


def test_a_folder_that_cannot_be_written_only_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "_SMALL", 0)
    blocked = tmp_path / "areas.pixels"
    blocked.write_text("a file where the folder should be")
    assert kept.kept_weights(cells(), CRS, GRID, ArrayFolder(blocked), Cache()).pixels > 0


def test_a_raster_is_cropped_to_the_cells():
    large = RasterGrid(CRS, (1.0, 0.0, 499_000.0, 0.0, -1.0, 3_390_000.0), (20_000, 20_000))
    crop = kept.cropped(cells(), CRS, large)
    west, south, east, north = crop.bounds
    assert 499_997 < west <= 500_000.5
    assert 500_299.5 <= east < 500_303
    assert 3_379_997 < south <= 3_380_000.5
    assert 3_380_299.5 <= north < 3_380_303
    far = RasterGrid(CRS, (1.0, 0.0, 0.0, 0.0, -1.0, 0.0), (10, 10))
    assert kept.cropped(cells(), CRS, far).shape == (1, 1)


def test_a_layer_that_is_deleted_or_purged_takes_its_weights_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "_SMALL", 0)
    with city_of(tmp_path, {"image_20200601.tif": values_of(2020)}) as city:
        first = city.scenes("sat").as_of("2020-07-01").by("in:areas", "mean", "nir")
        place = tmp_path / "city" / "index" / "areas.pixels"
        assert [path.name for path in place.rglob("pixel.npy")] == ["pixel.npy"]
    with stcloud.open(tmp_path / "city") as city:
        again = city.scenes("sat").as_of("2020-07-01").by("in:areas", "mean", "nir")
        assert again.to_arrow().equals(first.to_arrow())
        shutil.rmtree(tmp_path / "city" / "index")
    with stcloud.open(tmp_path / "city") as city:
        again = city.scenes("sat").as_of("2020-07-01").by("in:areas", "mean", "nir")
        assert again.to_arrow().equals(first.to_arrow())
        assert place.exists()
        city.delete("areas")
        assert not place.exists()
