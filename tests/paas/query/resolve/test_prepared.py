"""What can matter is taken: whatever is left out, the answer is that of the whole layer."""

import geopandas
import numpy as np
import pytest
import shapely

import stcloud
from stcloud.daas.table.feature import FeatureLayer
from stcloud.paas.query.resolve import prepared as room
from stcloud.paas.query.resolve.cache import IndexCache
from stcloud.paas.query.resolve.prepared import Held
from stcloud.testing.cases import AREAS, CRS, EVENTS, events

WEST, SOUTH, SIDE, COUNT = 500_000, 3_380_000, 50, 20
DAYS = ("2015-01-01", "2020-06-01", "2021-01-01", "2021-06-01", "2022-01-01")
PLACES = [
    shapely.box(WEST + 100, SOUTH + 100, WEST + 250, SOUTH + 250),
    shapely.Polygon([(WEST + 900, SOUTH + 900), (WEST + 1100, SOUTH + 900), (WEST + 1000, SOUTH + 1100)]),
    shapely.box(WEST - 900, SOUTH - 900, WEST - 800, SOUTH - 800),
]


def state(number):
    """Squares that overlap a little; each state is moved; some features are gone, some are nowhere."""
    at = [(WEST + 7 * number + SIDE * i, SOUTH + SIDE * j) for i in range(COUNT) for j in range(COUNT)]
    shapes = np.array([shapely.box(x, y, x + SIDE + 5, y + SIDE) for x, y in at], object)
    names = [f"n{one}" for one in range(len(at))]
    frame = geopandas.GeoDataFrame({"name": names, "state": number}, geometry=shapes, crs=CRS)
    return frame[np.arange(len(at)) % 7 != number]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    found = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    for number, day in enumerate(DAYS):
        state(number).to_file(folder / f"{day}.gpkg")
        found.load("areas", folder / f"{day}.gpkg", definition=definition, valid_from=day)
    rows = events(600, 5, (WEST, SOUTH, WEST + SIDE * COUNT, SOUTH + SIDE * COUNT))
    rows.loc[::50, ["x", "y"]] = np.nan
    rows.to_csv(folder / "cases.csv", index=False)
    found.load("cases", folder / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    return found


@pytest.fixture
def bare(city, monkeypatch):
    """The city with nothing made ready, and nothing that will be kept."""
    monkeypatch.setattr(IndexCache, "find", lambda *_: None)
    return city


def narrowed(city, place, when):
    asked = city.query("cases")
    asked = asked if place is None else asked.where(place, crs=CRS)
    return asked if when is None else asked.when(when)


@pytest.mark.costly
@pytest.mark.parametrize("how", ["within", "within 60 m", "nearest 2 within 100 m", "nearest"])
@pytest.mark.parametrize("when", [None, "2021-02/2021-04", "1999"])
@pytest.mark.parametrize("place", [None, *PLACES])
def test_what_is_left_out_changes_no_answer(bare, place, when, how, monkeypatch):
    """Law: a join of some events is the whole join, for these events."""
    known = bare.layer("areas").loads[3].recorded_at_us
    for more in ({}, {"at": "2021-07-01"}, {"inner": True}, {"known_at": known}):
        some = narrowed(bare, place, when).join("areas", how, **more).table
        with monkeypatch.context() as patch:
            patch.setattr(room, "_SMALL", -1)
            patch.setattr(room, "_FEW", -1)
            whole = narrowed(bare, place, when).join("areas", how, **more).table
        assert some.equals(whole)


def test_a_small_place_reads_no_list_of_the_whole_layer(bare, monkeypatch):
    def unread(*_, **__):
        raise AssertionError("the layer was read")

    monkeypatch.setattr(FeatureLayer, "believed", unread)
    found = narrowed(bare, PLACES[0], "2021").join("areas").table
    assert found["areas_key"].null_count < len(found)
    with pytest.raises(AssertionError, match="was read"):
        narrowed(bare, PLACES[0], "2021").join("areas", "nearest")


def test_few_versions_are_made_ready_where_few_were_valid(bare, monkeypatch):
    sizes = []
    whole = room._whole
    monkeypatch.setattr(room, "_whole", lambda layer, one: sizes.append(len(one)) or whole(layer, one))
    bare.query("cases").when("2021-02/2021-03").join("areas")
    bare.query("cases").join("areas")
    assert 0 < sizes[0] < sizes[1] / 2


def test_columns_are_read_when_wanted_and_twice_at_most(city, monkeypatch):
    layer = city.layer("areas")
    believed = layer.table.believed(layer.snapshot)
    names = layer.table.content(layer.snapshot, believed.row, ["name"])["name"].to_pylist()
    held, reads = Held(layer, believed.row), []
    content = FeatureLayer.content
    monkeypatch.setattr(
        FeatureLayer, "content", lambda *given: reads.append(len(given[2])) or content(*given)
    )
    for version in ([-1], [5, -1, 5], [5], [9, 700, 5], list(range(len(names))), [3, 3]):
        expected = [None if one < 0 else names[one] for one in version]
        assert held(np.array(version))["name"].to_pylist() == expected
    assert reads == [1, len(names) - 1]
