"""Definitions of scenes: what is stated, what is fixed, and that they read back as they are."""

import pytest

from stcloud.daas.definition import Definition
from stcloud.daas.definition.scene import SceneDefinition
from stcloud.errors import InvalidDefinition

TEXT = """
id = "landsat"
kind = "scene"
product = "sr"

[acquired]
file = "{tile}_%Y%m%d"
zone = "America/Lima"

[raster]
bands = ["red", "nir"]
nodata = 0
scale = [0.1, 0.2]
crs = "EPSG:4326"

[raster.classes]
1 = "water"

[raster.regrid]
crs = "EPSG:32618"
resolution = 100
radius_m = 200
"""


def read(text=TEXT):
    return Definition.from_toml(text, name="landsat.toml")


def test_a_definition_reads_back_as_it_is():
    definition = read()
    assert isinstance(definition, SceneDefinition)
    again = Definition.from_toml(definition.to_toml(), name="again.toml")
    assert again == definition
    assert again.digest() == definition.digest()
    assert "valid" not in definition.to_toml()


def test_what_is_stated_is_how_files_are_read():
    reading = read().raster_reading
    assert (reading.product, reading.tile) == ("sr", None)
    assert (reading.bands, reading.nodata, reading.scale, reading.crs) == (
        ("red", "nir"),
        0,
        (0.1, 0.2),
        "EPSG:4326",
    )
    assert reading.classed
    assert reading.regridding.radius_m == 200
    assert read().key == ("product", "tile")
    assert read().valid.zone == "America/Lima"


def test_what_means_the_same_has_the_same_digest():
    assert read(TEXT.replace('id = "landsat"', 'id = "other"')).digest() == read().digest()
    assert read(TEXT.replace("nodata = 0", "nodata = 1")).digest() != read().digest()


def test_names_that_differ_in_what_is_read_are_other_loads():
    definition = read()
    assert definition.read_in_name("a_20200101.tif") == definition.read_in_name("a_20200101.nc")
    assert definition.read_in_name("a_20200101.tif") != definition.read_in_name("a_20200102.tif")
    assert definition.read_in_name("what.tif") == "what"
    assert read('id = "x"\nkind = "scene"\nproduct = "p"\n').read_in_name("what.nc") is None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (('product = "sr"\n', ""), "product is needed"),
        (('product = "sr"\n', 'product = "sr"\ntile = "a"\n'), "stated once"),
        (('product = "sr"\n', 'product = "sr"\nkey = ["a"]\n'), "key is not stated"),
        (("{tile}_%Y%m%d", "{tile}_%m%d"), "has a year"),
        (("[0.1, 0.2]", "[0.1]"), "one for each of the 2 bands"),
        (('1 = "water"', 'wet = "water"'), "whole numbers"),
        (("resolution = 100", "resolution = 0"), "greater than 0"),
        (("America/Lima", "America/Limo"), "America/Limo"),
        (('"red", "nir"', '"red", "red"'), "each another"),
        (("nodata = 0", "nodatum = 0"), "did you mean 'nodata'"),
        (('zone = "', 'tag = "x"\nzone = "'), "one of them"),
    ],
)
def test_what_is_wrong_is_said(change, text):
    with pytest.raises(InvalidDefinition, match=text):
        read(TEXT.replace(*change))
