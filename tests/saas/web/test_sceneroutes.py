"""Scenes over HTTP: their list, and pictures for a map, of those that may be read."""

import io

import numpy as np
import pytest
from matplotlib.image import imread
from starlette.testclient import TestClient

import stcloud
from stcloud.errors import MissingExtra
from stcloud.saas.rights.policy import Policy
from stcloud.saas.web import Service, Settings, application
from tests.paas.scene.imagery import city_of, values_of

POLICY = """
[[allow]]
who = "anonymous"
do = "read"
layers = "areas"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("sceneroutes")
    city_of(place, {f"image_{year}0101.tif": values_of(year) for year in (2020, 2021)}).close()
    return place / "city"


def opened(folder, **given):
    service = Service({"town": stcloud.open(folder)}, Settings(rate="100000/second"), **given)
    return TestClient(application(service), raise_server_exceptions=False)


def test_scenes_are_listed_with_their_footprints(folder):
    with opened(folder) as client:
        every = client.get("/scenes/sat").json()
        assert (every["numberMatched"], every["classes"]) == (2, {"1": "water"})
        first, second = every["features"]
        assert first["properties"]["until"] == second["properties"]["acquired"] == "2020-12-31T16:00:00Z"
        assert first["geometry"]["type"] == "Polygon"
        held = client.get("/scenes/sat?at=2020-06-01").json()["features"]
        assert [feature["id"] for feature in held] == [first["id"]]
        assert client.get("/scenes/sat?limit=1").json()["numberReturned"] == 1
        assert client.get("/scenes/sat?at=1999-06-01").json()["features"] == []


def test_a_picture_lies_where_it_says(folder):
    with opened(folder) as client:
        (scene, _) = client.get("/scenes/sat").json()["features"]
        where = client.get(f"/scenes/sat/{scene['id']}/image.json?width=120").json()
        answer = client.get(where["image"])
        assert answer.headers["content-type"] == "image/png"
        assert imread(io.BytesIO(answer.content)).shape == (where["height"], 120, 4)
        west, south, east, north = map(float, answer.headers["content-bbox"].split(","))
        assert np.allclose(
            where["corners"], [[west, north], [east, north], [east, south], [west, south]], atol=1e-8
        )
        held = client.get("/scenes/sat/image?width=120&at=2020-06-01")
        assert held.content == answer.content
        now = client.get("/scenes/sat/image.json?width=120").json()
        assert [made["acquired"] for made in now["scenes"]] == ["2020-12-31T16:00:00Z"]


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/scenes/areas", 400, "not-scenes"), ("/scenes/none", 404, "unknown-layer"),
        ("/scenes/sat/x/image", 404, "unknown-scene"), ("/scenes/sat/image?width=9999", 400, "bad-width"),
        ("/scenes/sat/image?width=%D9%A1", 400, "bad-width"),
        ("/scenes/sat/image?bbox=1,2,3", 400, "unreadable-bbox"),
        ("/scenes/sat/image?bbox=3,2,1,4", 400, "bad-box"), ("/scenes/sat/image?bands=blue", 404, "unknown-band"),
        ("/scenes/sat/image?bands=red,nir", 400, "wrong-bands"),
        ("/scenes/sat/image?at=%0A", 400, "unreadable-time"),
        ("/scenes/sat/image?at=1990-01-01", 404, "no-scenes"), ("/scenes/sat?page=1", 400, "unknown-parameter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_line(folder, path, status, kind):
    with opened(folder) as client:
        answer = client.get(path)
        assert (answer.status_code, answer.json()["title"]) == (status, kind)
        assert "\n" not in answer.text


def test_scenes_that_may_not_be_seen_are_absent(folder):
    with opened(folder, policy=Policy.from_toml(POLICY, name="policy.toml")) as client:
        for path in ("/scenes/{}", "/scenes/{}/image", "/scenes/{}/image.json", "/scenes/{}/x/image"):
            forbidden, none = (client.get(path.format(layer)) for layer in ("sat", "absent"))
            assert forbidden.status_code == none.status_code == 404
            assert forbidden.content.replace(b"'sat'", b"'absent'") == none.content


def test_without_the_extra_a_picture_is_501(folder, monkeypatch):
    def lacking():
        raise MissingExtra("missing-extra", "images are read with rasterio, which is not installed")

    monkeypatch.setattr("stcloud.paas.scene.mapimage.require_raster", lacking)
    with opened(folder) as client:
        answer = client.get("/scenes/sat/image?at=2020-06-01")
        assert (answer.status_code, answer.json()["title"]) == (501, "missing-extra")
