"""Reports of real cities: every command gives its figure's numbers, and the pages are small."""

import contextlib

import pytest

import stcloud
from tests.saas.paper.pageparts import differing, read_page


@pytest.fixture(scope="module")
def cities(tmp_path_factory, real_data):
    folder = tmp_path_factory.mktemp("reports")
    with stcloud.create(folder / "nyc", crs="EPSG:32618", zone="America/New_York") as city:
        city.load("requests", real_data / "nyc" / "requests_2025.csv", definition="nyc-311")
        districts = real_data / "nyc" / "community_districts.geojson"
        city.load("districts", districts, key="boro_cd", valid_from="2013-01-01")
    with stcloud.create(folder / "stl", crs="EPSG:26915", zone="America/Chicago", calendar="US") as city:
        city.load("requests", real_data / "stl" / "csb_january_2018.csv", definition="stl-csb")
        neighbourhoods = real_data / "stl" / "STL_BOUNDARY_Nhoods.shp"
        city.load("neighbourhoods", neighbourhoods, key="NHD_NUM", valid_from="2013-01-01")
    (folder / "nyc.toml").write_text('layer = "requests"\nwhen = "2025-02"\n')
    (folder / "stl.toml").write_text(
        'layer = "requests"\nwhen = "2018-01"\nwhat = "callertype = \'PHONE\'"\n'
    )
    return folder


@pytest.mark.parametrize(("city", "template", "areas"), [
    ("nyc", "weekly", "districts"), ("stl", "monthly", "neighbourhoods.NHD_NAME"), ("stl", "class", "neighbourhoods"),
])  # fmt: skip
def test_a_real_citys_month_is_a_page_that_can_be_checked(cities, run, city, template, areas):
    with contextlib.chdir(cities):
        done = run(
            "report", city, f"{city}.toml", "--template", template, "--areas", areas, "-o", f"{city}.html"
        )
        assert done.code == 0, done.err
        html = (cities / f"{city}.html").read_text(encoding="utf-8")
        page = read_page(html)
        assert len(html.encode()) < 500_000
        assert {"number", "course", "days", "areas", "closing", "quality"} <= {
            figure.name for figure in page.figures
        }
        assert {figure.name: differing(figure, run) for figure in page.figures} == {
            figure.name: [] for figure in page.figures
        }
