"""Cities, layers, loads and queries show themselves in a few lines; hostile names and values are written out."""

import geopandas
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.daas.display import html_table, one_line, text_table

ZONE = "Asia/Shanghai"
HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A city with events and features whose values would steer a terminal or a page."""
    folder = tmp_path_factory.mktemp("display")
    pd.DataFrame(
        {
            "id": range(30), "opened": "2024-03-05 07:00:00", "x": 600_000.0, "y": 3_500_000.0,
            "<b>kind": HOSTILE, "类别": "道路坑洼",
        }
    ).to_csv(folder / "a<i>.csv", index=False)  # fmt: skip
    frame = geopandas.GeoDataFrame(
        {"name": [HOSTILE]}, geometry=[shapely.box(6e5, 3.5e6, 6.1e5, 3.6e6)], crs="EPSG:32650"
    )
    frame.to_file(folder / "areas.gpkg")
    with stcloud.create(folder / "hangzhou", crs="EPSG:32650", zone=ZONE) as city:
        city.load("requests", folder / "a<i>.csv", key="id", time="opened", x="x", y="y", crs="EPSG:32650")
        city.load("areas", folder / "areas.gpkg", key="name", valid_from="2020-01-01")
        yield city


def shown(city):
    query = city.query("requests").what("\"<b>kind\" = '<script>'").when("2024-03").known_at("2030-01-01")
    answers = [
        city.query("requests").rows(),
        query.count(by=["<b>kind"]),
        city.features("areas").as_of("2024"),
    ]
    return [city, *city.layers(), *city.layer("requests").loads, query, *answers]


def test_a_repr_is_a_few_short_lines_of_printable_text(city):
    for thing in shown(city):
        lines = repr(thing).splitlines()
        assert 1 <= len(lines) <= 12, repr(thing)
        assert max(map(len, lines)) <= 200
        assert all(line.isprintable() for line in lines)


def test_html_escapes_what_data_hold(city):
    for thing in shown(city):
        page = thing._repr_html_()
        assert page.startswith("<div>")
        for hostile in ("<script", "<b>", "<i>", "\x1b"):
            assert hostile not in page


def test_a_repr_says_what_matters(city):
    assert repr(city) == (
        "City hangzhou (EPSG:32650, Asia/Shanghai): 2 layers\n"
        "  areas: 1 version of features, 2020-01-01 to 2020-01-01\n"
        "  requests: 30 events, 2024-03-05 to 2024-03-05"
    )
    assert repr(city.layer("requests")).startswith(
        "Layer requests: 30 events, 2024-03-04 to 2024-03-04 (UTC), 6 columns\n"
    )
    assert repr(city.layer("requests").loads[0]) == "Load of a<i>.csv into requests: read 30, accepted 30"
    assert repr(city.query("requests").when("2024-03")) == (
        "Query of requests\n  when 2024-03-01T00:00+08:00/2024-04-01T00:00+08:00 (Asia/Shanghai)"
    )


def test_the_repr_of_a_query_stays_short_whatever_was_asked(city):
    query = city.query("requests")
    for number in range(50):
        query = query.what(f"id <> '{'x' * 500}{number}'")
    assert len(repr(query)) < 2_000


def test_a_closed_city_shows_that_it_is(tmp_path):
    city = stcloud.create(tmp_path / "town", crs="EPSG:32650", zone=ZONE)
    city.close()
    assert "was closed" in repr(city)


def test_wide_letters_take_two_columns_and_what_does_not_fit_is_counted():
    assert text_table(["类别", "n"], [{"类别": "坑", "n": 1}]) == ["类别  n", "坑    1"]
    lines = text_table([f"column{number:02}" for number in range(30)], [{}])
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "… and 22 more columns"


@pytest.mark.parametrize(
    ("value", "line"),
    [(None, ""), (b"abc", "<3 bytes>"), (1 / 3, "0.333333"), ("a\u202eb", "a\\u202eb"), ("a\nb", "a\\nb")],
)
def test_a_value_is_one_line(value, line):
    assert one_line(value) == line


def test_a_table_without_columns_has_its_title_alone():
    assert html_table("a & b", [], []) == "<div><p>a &amp; b</p></div>"
