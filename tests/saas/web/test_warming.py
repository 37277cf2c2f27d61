"""What answers are made with is loaded before the first of them is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import stcloud
from stcloud.saas.web.warming import MODULES, warm

CODE = """
import sys
import stcloud
from starlette.testclient import TestClient
from stcloud.saas.web import Service, application
from stcloud.saas.web.warming import warm

city = stcloud.open(sys.argv[1])
with TestClient(application(Service({"town": city}))) as client:
    client.get("/health")
    before = set(sys.modules)
    warm([city])
    warmed = set(sys.modules)
    tiles = "/collections/calls/tiles/WebMercatorQuad"
    for path in (f"{tiles}/14/9999/16144", "/collections/calls/items", "/collections?f=html"):
        assert client.get(path).status_code in (200, 204), path
for names in (warmed - before, set(sys.modules) - warmed):
    print(sorted({name.partition(".")[0] for name in names}))
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland") as made:
        row = {"k": "a", "at": "2024-03-01T00:00:00", "lon": 174.73, "lat": -36.88}
        made.load("calls", [row], key="k", time="at", lon="lon", lat="lat")
        yield made


def test_what_is_loaded_is_there_and_no_city_is_read(city):
    before = city.traffic
    warm([city])
    assert {*MODULES} <= {*sys.modules}
    assert city.traffic == before


@pytest.mark.thorough
def test_the_first_answers_load_no_library(city, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CODE, tmp_path / "town"], capture_output=True, text=True, check=True
    )
    warmed, after, everything = done.stdout.splitlines()
    assert "'pandas'" in warmed
    assert not {"pandas", "pyproj", "duckdb", "shapely", "jinja2"} & {*eval(after)}, after
    assert not {"mapclassify", "matplotlib", "numba", "sklearn"} & {*eval(everything)}, (
        "a service needs none of these"
    )
