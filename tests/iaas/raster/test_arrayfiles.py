"""Array files: immutable, whole or not there, read through any store."""

import numpy as np
import pytest
import rasterio

from stcloud.errors import NotFound
from stcloud.iaas.raster.arrayfiles import ArrayFiles, StoredImage
from stcloud.iaas.raster.geotiff import open_geotiff
from stcloud.iaas.raster.image import content_digest
from stcloud.iaas.raster.window import RasterReader
from stcloud.iaas.source.rasterreading import RasterReading
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.memory import MemoryStore
from tests.rasters import geotiff, values_of

VALUES = values_of(3, 2, 1100, 1030, "uint16")


class Counting(MemoryStore):
    """A store that notes which ranges are read."""

    def __init__(self):
        super().__init__("arrays")

    def get_range(self, key, start, length):
        self.ranges = [*getattr(self, "ranges", []), (start, length)]
        return super().get_range(key, start, length)


@pytest.fixture
def image(tmp_path):
    return open_geotiff(geotiff(tmp_path / "2020.tif", VALUES, nodata=0), RasterReading("p", "t"))[0]


@pytest.fixture(params=["folder", "memory"])
def files(request, tmp_path):
    (tmp_path / "staging").mkdir()
    return ArrayFiles(LocalStore(tmp_path / "place") if request.param == "folder" else Counting())


def test_an_image_is_kept_as_it_is(image, files, tmp_path):
    digest = content_digest(image)
    files.write(image, digest, tmp_path / "staging")
    key = files.key(digest)
    assert files.store.list("_scenes") == [key]
    assert list((tmp_path / "staging").iterdir()) == []
    assert files.fault(key, digest, image.facts) is None
    assert content_digest(StoredImage(files, key, image.facts)) == digest
    with RasterReader(files) as reader:
        read, missing = reader.read(key, image.facts, image.facts.grid.window(1000, 600, 50, 60), [1], None)
    assert np.array_equal(read[0], VALUES[1, 1000:1050, 600:660])
    assert np.array_equal(missing[0], VALUES[1, 1000:1050, 600:660] == 0)


def test_writing_again_changes_nothing(image, files, tmp_path):
    digest = content_digest(image)
    files.write(image, digest, tmp_path / "staging")
    before = files.store.get(files.key(digest))
    files.write(image, digest, tmp_path / "staging")
    assert files.store.get(files.key(digest)) == before


def test_a_window_reads_a_part_of_the_file(image, tmp_path):
    (tmp_path / "staging").mkdir()
    files = ArrayFiles(Counting())
    digest = content_digest(image)
    files.write(image, digest, tmp_path / "staging")
    files.store.ranges = []
    with RasterReader(files) as reader:
        reader.read(files.key(digest), image.facts, image.facts.grid.window(700, 700, 1, 1), [0], None)
    whole = len(files.store.get(files.key(digest)))
    assert sum(length for _, length in files.store.ranges) < whole / 2


def test_what_is_not_there_is_said(files):
    with pytest.raises(NotFound) as refused, files.open("_scenes/none.tif"):
        pass
    assert refused.value.kind == "no-object"


def test_unneeded_files_are_those_that_are_not_named_and_old(image, tmp_path):
    (tmp_path / "staging").mkdir()
    files = ArrayFiles(LocalStore(tmp_path / "place"))
    digest = content_digest(image)
    files.write(image, digest, tmp_path / "staging")
    key = files.key(digest)
    assert files.unneeded({key}, older_hours=0) == []
    assert files.unneeded(set(), older_hours=1) == []
    assert files.unneeded(set(), older_hours=0) == [key]


def test_floats_and_gaps_are_kept_exactly(tmp_path):
    values = np.random.default_rng(1).normal(size=(1, 40, 50)).astype("float32")
    values[0, 3] = np.nan
    image = open_geotiff(geotiff(tmp_path / "2020.tif", values), RasterReading("p", "t"))[0]
    files = ArrayFiles(LocalStore(tmp_path))
    files.write(image, content_digest(image), tmp_path)
    with rasterio.open(tmp_path / files.key(content_digest(image))) as source:
        assert np.array_equal(source.read(), values, equal_nan=True)
