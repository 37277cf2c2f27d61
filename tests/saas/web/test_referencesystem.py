"""A CRS has the address of the register, and its order of axes."""

import numpy as np
import pyproj
import pytest
import shapely

from stcloud.errors import InvalidInput
from stcloud.saas.web.referencesystem import CRS84, chosen_system, reference_system, reference_systems

ADDRESS = "http://www.opengis.net/def/crs/EPSG/0/"


@pytest.mark.parametrize(
    "text", ["EPSG:4326", "EPSG:3857", "EPSG:4549", "EPSG:2193", "EPSG:32632", "EPSG:2263"]
)
def test_the_order_of_axes_is_that_of_the_register(text):
    system = reference_system(text)
    assert system.address == ADDRESS + text.partition(":")[2]
    axes = pyproj.CRS.from_user_input(text).axis_info
    assert system.north_first == (axes[0].direction == "north")
    assert system.degrees == axes[0].unit_name.startswith("degree")


def test_shapes_are_turned_and_rounded():
    shapes = np.array([shapely.Point(174.7, -36.9), None])
    turned = reference_system("EPSG:4326").shapes(shapes, "OGC:CRS84")
    assert (turned[0].x, turned[0].y) == (-36.9, 174.7)
    assert turned[1] is None
    assert CRS84.shapes(shapes, "OGC:CRS84")[0].x == 174.7


def test_a_box_is_turned():
    assert reference_system("EPSG:4326").box((-37, 174, -36, 175)) == (174, -37, 175, -36)
    assert CRS84.box((174, -37, 175, -36)) == (174, -37, 175, -36)


def test_the_default_is_first_and_no_crs_is_there_twice():
    assert [system.text for system in reference_systems("EPSG:4326")] == [
        "OGC:CRS84",
        "EPSG:4326",
        "EPSG:3857",
    ]
    assert reference_systems("+proj=tmerc +lon_0=7")[0] is CRS84


@pytest.mark.parametrize(
    "address",
    [
        f"{ADDRESS}2193",
        f"[{ADDRESS}2193]",
        "EPSG:2193",
        "[EPSG:2193]",
        f"{ADDRESS}2193".replace("http:", "https:"),
    ],
)
def test_a_crs_is_named_by_its_address_or_short(address):
    assert chosen_system(address, "crs", "EPSG:2193").text == "EPSG:2193"


@pytest.mark.parametrize("address", ["", "EPSG:2263", "EPSG:9999999", "nonsense", f"{ADDRESS}2193/"])
def test_another_crs_is_refused(address):
    with pytest.raises(InvalidInput, match="none of this collection") as error:
        chosen_system(address, "crs", "EPSG:2193")
    assert error.value.kind == "unknown-crs"
