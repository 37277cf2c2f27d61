"""Metric CRSs: which are accepted for a city, and which are proposed."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.space import area_of_use, read_crs, require_metric, suggest

WEB_MERCATOR = "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +units=m +nadgrids=@null +no_defs"


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:4528",
        "EPSG:32618",
        "EPSG:27700",
        "EPSG:3001",
        "+proj=tmerc +lon_0=117 +ellps=GRS80 +towgs84=0,0,0",
        "EPSG:32618+5773",
        read_crs("EPSG:2154").to_wkt("WKT1_ESRI"),
    ],
)
def test_projected_metres_are_accepted(text):
    assert require_metric(text) == read_crs(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("EPSG:4326", "degrees"),
        ("EPSG:4979", "degrees"),
        ("EPSG:4978", "not projected"),
        ("EPSG:2263", "US survey foot"),
        ("EPSG:3857", "Web Mercator"),
        ("EPSG:900913", "Web Mercator"),
        ("EPSG:3785", "Web Mercator"),
        ("ESRI:102100", "Web Mercator"),
        ("ESRI:102113", "Web Mercator"),
        (WEB_MERCATOR, "Web Mercator"),
        ("EPSG:5773", "not projected"),
    ],
)
def test_what_is_no_measure_of_the_ground_is_refused(text, fault):
    with pytest.raises(InvalidInput, match=fault) as caught:
        require_metric(text)
    assert caught.value.kind == "metric-crs-needed"
    assert "EPSG:32618" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("ESRI:102696", "use EPSG:32615"),
        ("EPSG:2263", "use EPSG:32618"),
        ("EPSG:4326", "use the UTM zone, such as"),
    ],
)
def test_a_crs_of_a_small_area_says_itself_which_one_is_proposed(text, proposed):
    with pytest.raises(InvalidInput) as refused:
        require_metric(text)
    assert refused.value.hint.startswith(proposed)


def test_hint_proposes_a_crs_for_the_place():
    with pytest.raises(InvalidInput) as caught:
        require_metric("EPSG:3857", at=(-73.98, 40.75))
    assert caught.value.hint == "use EPSG:32618"


@pytest.mark.parametrize(
    ("lon", "lat", "proposed"),
    [
        (116.40, 39.90, ("EPSG:4548", "EPSG:32650")),  # Beijing
        (121.47, 31.23, ("EPSG:4549", "EPSG:32651")),  # Shanghai
        (114.30, 30.59, ("EPSG:4547", "EPSG:32650")),  # Wuhan
        (118.09, 24.48, ("EPSG:4548", "EPSG:32650")),  # Xiamen
        (87.62, 43.82, ("EPSG:4538", "EPSG:32645")),  # Urumqi
        (75.99, 39.47, ("EPSG:4534", "EPSG:32643")),  # Kashgar
        (126.53, 45.80, ("EPSG:4551", "EPSG:32652")),  # Harbin
        (110.32, 20.03, ("EPSG:4546", "EPSG:32649")),  # Haikou
        (91.11, 29.65, ("EPSG:4539", "EPSG:32646")),  # Lhasa
        (102.71, 25.04, ("EPSG:4543", "EPSG:32648")),  # Kunming
        (126.98, 37.57, ("EPSG:32652",)),  # Seoul
        (106.92, 47.92, ("EPSG:32648",)),  # Ulaanbaatar
        (121.56, 25.04, ("EPSG:32651",)),  # Taipei
        (105.85, 21.03, ("EPSG:32648",)),  # Hanoi
        (76.9, 43.25, ("EPSG:32643",)),  # Almaty
        (151.2, -33.87, ("EPSG:32756",)),  # Sydney
        (180.0, 0.0, ("EPSG:32601",)),
        (-180.0, 0.0, ("EPSG:32601",)),
        (179.99, -1.0, ("EPSG:32760",)),
    ],
)
def test_proposals_for_places(lon, lat, proposed):
    assert suggest(lon, lat) == proposed


@pytest.mark.parametrize(("lon", "lat"), [(31.23, 121.47), (181.0, 0.0), (float("nan"), 0.0)])
def test_impossible_places_get_no_proposal(lon, lat):
    with pytest.raises(InvalidInput) as caught:
        suggest(lon, lat)
    assert caught.value.kind == "lon-lat-out-of-range"


def test_every_proposed_zone_is_named_for_its_meridian():
    for zone in range(25, 46):
        crs = read_crs(f"EPSG:{4534 + zone - 25}")
        assert crs.name == f"CGCS2000 / 3-degree Gauss-Kruger CM {3 * zone}E"
        west, _, east, _ = area_of_use(crs)
        assert west < 3 * zone < east + 0.5  # the last zone ends where the land does
