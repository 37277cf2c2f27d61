"""Maps of what changed between two instants, and of the versions of a feature."""

import geopandas
import matplotlib as mpl
import pytest
from shapely import LineString, Point, box
from shapely.affinity import translate

import stcloud
from stcloud.errors import Unsupported
from stcloud.saas.report import MapOptions, map_changes, map_versions, versionmap
from stcloud.saas.report.palette import DIFFERING, LINES

mpl.use("Agg")
CRS, ZONE = "EPSG:32760", "Pacific/Auckland"
WEST, EAST, FAR = box(0, 0, 400, 400), box(400, 0, 800, 400), box(900, 0, 1300, 400)


def frame(**shapes):
    shifted = [translate(shape, 300_000, 5_900_000) for shape in shapes.values()]
    return geopandas.GeoDataFrame({"name": list(shapes)}, geometry=shifted, crs=CRS)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with stcloud.create(tmp_path_factory.mktemp("versions") / "city", crs=CRS, zone=ZONE) as city:
        city.load("areas", frame(a=WEST, b=EAST, far=FAR), key="name", valid_from="2013-01-01")
        city.load(
            "areas", frame(a=WEST.union(EAST), far=FAR, new=box(0, 500, 90, 590)), valid_from="2023-01-01"
        )
        manholes = frame(m1=Point(1, 1), m2=Point(90, 9), pipe=LineString([(0, 0), (9, 400)]))
        city.load("network", manholes, key="name", valid_from="2013-01-01")
        city.load("network", manholes.iloc[[0]], valid_from="2023-01-01")
        yield city


@pytest.fixture
def drawn(monkeypatch):
    """What maps were drawn of: symbols, text, and the names of the layers underneath."""
    maps, draw = [], versionmap.draw_map

    def recorded(symbols, place, text, **rest):
        canvas = draw(symbols, place, text, **rest)
        maps.append((symbols, text, canvas))
        return canvas

    monkeypatch.setattr(versionmap, "draw_map", recorded)
    return maps


def changes(city, layer, first, second, path, **options):
    answer = city.features(layer).diff(first, second)
    return map_changes(city.query(layer).subject, answer, path, print, options=MapOptions(**options))


def named(canvas, gid):
    return [artist for artist in canvas.findobj() if artist.get_gid() == gid]


def test_changes_are_drawn_by_kind_in_their_colours(city, drawn, tmp_path):
    path = changes(city, "areas", "2020-01-01", "2024-01-01", tmp_path / "areas.png")
    ((symbols, text, canvas),) = drawn
    assert path.stat().st_size > 5000
    assert [category.label for category in symbols.categories] == ["removed", "changed", "added"]
    assert symbols.values.tolist() == [1, 0, 2]  # a, b, new: by key
    assert text.title == "areas: changes from 2020-01-01 to 2024-01-01"
    assert ZONE in text.known
    for kind, (_, line) in DIFFERING.items():
        (edges,) = named(canvas, kind)
        assert mpl.colors.to_hex(edges.get_color()[0]) == line
    legend = [artist.get_text() for artist in named(canvas, "category")]
    assert legend == ["removed", "changed", "added"]
    assert named(canvas, "under-areas")  # what did not change is seen beneath


def test_points_and_lines_that_changed_are_drawn_and_counted(city, drawn, tmp_path):
    changes(city, "network", "2020-01-01", "2024-01-01", tmp_path / "network.svg", title="Gone", under=())
    ((symbols, text, canvas),) = drawn
    assert (text.title, len(symbols)) == ("Gone", 2)
    assert [category.label for category in symbols.categories] == ["removed"]
    assert len(named(canvas, "removed")) == 2  # a line and a point
    assert [artist.get_text() for artist in named(canvas, "size")] == ["2"]
    assert not named(canvas, "under-network")


def test_where_nothing_changed_the_map_says_so(city, drawn, tmp_path):
    changes(city, "areas", "2014-01-01", "2015-01-01", tmp_path / "same.png")
    texts = [artist.get_text() for artist in drawn[0][2].findobj(mpl.text.Text)]
    assert "no changes" in texts


def versions(city, layer, key, path):
    answer = city.features(layer).history(key)
    return map_versions(city.query(layer).subject, answer, path, print)


def test_versions_have_the_periods_in_which_they_were_valid(city, drawn, tmp_path):
    versions(city, "areas", "a", tmp_path / "a.png")
    ((symbols, text, canvas),) = drawn
    labels = [category.label for category in symbols.categories]
    assert labels == ["2013-01-01 to 2023-01-01", "since 2023-01-01"]
    assert [shape.area for shape in symbols.shapes] == [160_000, 320_000]
    assert [category.line for category in symbols.categories] == list(LINES[:2])
    assert text.title == "areas: versions of a"
    assert text.left_out == ("1 version that is not believed any more is not shown",)
    assert " ".join(artist.get_text() for artist in named(canvas, "category")) == " ".join(labels)


def test_versions_in_the_same_place_are_one(city, drawn, tmp_path):
    versions(city, "areas", "far", tmp_path / "far.png")
    ((symbols, _, _),) = drawn
    assert [category.label for category in symbols.categories] == ["since 2013-01-01"]


def test_more_versions_than_colours_are_refused(city, tmp_path):
    with stcloud.create(tmp_path / "other", crs=CRS, zone=ZONE) as other:
        for year in range(2010, 2019):
            shape = box(0, 0, year - 2000, 10)
            named_once = {"key": "name"} if year == 2010 else {}
            other.load("areas", frame(a=shape), valid_from=f"{year}-01-01", **named_once)
        with pytest.raises(Unsupported, match="at most 7 versions, and there are 9") as caught:
            versions(other, "areas", "a", tmp_path / "a.png")
    assert caught.value.kind == "no-map"
    assert not (tmp_path / "a.png").exists()
