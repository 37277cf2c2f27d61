"""A load of scenes that dies at any step leaves the layer as it was or as it should be, and the next load whole."""

import numpy as np
import pytest

import stcloud
from tests.rasters import city_with, geotiff, values_of

ARRAYS, TABLE = "stcloud.iaas.raster.arrayfiles", "stcloud.iaas.table.table"
MOMENTS = [
    (ARRAYS, "ArrayFiles", "_take", "before"),
    (ARRAYS, "ArrayFiles", "write", "before"),
    (ARRAYS, "ArrayFiles", "write", "after"),
    (TABLE, "Table", "commit", "before"),
    (TABLE, "DeltaTable", "create_write_transaction", "after"),
]


@pytest.mark.costly
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: " ".join((one[3], *one[1:3])))
def test_a_load_that_dies_is_whole_or_absent(die, tmp_path, moment):
    """Atomicity."""
    city = city_with(tmp_path)
    first = geotiff(tmp_path / "a_20200101.tif", 1)
    city.load("images", first, definition=tmp_path / "images.toml")
    second = geotiff(tmp_path / "a_20200201.tif", 2)

    die(moment, tmp_path / "city", "images", second)

    done = moment[2] == "create_write_transaction"
    opened = stcloud.open(tmp_path / "city")
    assert len(opened.scenes("images").all()) == 1 + done
    red = opened.scenes("images").as_of("2021").pixels(bands="red").bands["red"]
    assert np.array_equal(red, values_of(2 if done else 1)[0])
    assert [finding for finding in opened.check() if finding.faults] == []

    again = opened.load("images", second)
    assert (again.known, again.accepted) == (done, 1)
    assert np.array_equal(
        opened.scenes("images").as_of("2021").pixels(bands="red").bands["red"], values_of(2)[0]
    )
    opened.vacuum(retain_hours=0, force=True)
    assert len(list((tmp_path / "city/layers/images/_scenes").iterdir())) == 2
    assert [finding for finding in opened.check() if finding.faults] == []
