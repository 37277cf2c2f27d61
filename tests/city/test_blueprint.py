"""The blueprint of a city: pieces after decisions, sums, and a layer made of it."""

import geopandas
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput

CRS = "EPSG:4548"
RULES = {"id": "town", "exclude": [{"id": "any", "first": {"layer": "landuse"}, "second": {"layer": "wood"}}]}


def box(west, south, east, north):
    return shapely.box(500_000 + west, 3_520_000 + south, 500_000 + east, 3_520_000 + north)


@pytest.fixture
def city(tmp_path):
    stcloud.create(tmp_path / "bay", crs=CRS, zone="Asia/Shanghai").close()
    with stcloud.open(tmp_path / "bay") as opened:
        for layer, shapes in (
            ("landuse", [box(0, 0, 100, 100)]),
            ("wood", [box(80, 0, 150, 100), box(0, 90, 50, 200)]),
        ):
            rows = geopandas.GeoDataFrame(
                {"id": [f"{layer[0]}{at}" for at in range(len(shapes))]}, geometry=shapes, crs=CRS
            )
            opened.load(layer, rows, key="id", valid_from="2024-01-01")
        yield opened


def blueprint(city, **more):
    return city.blueprint(["landuse", "wood"], rules=RULES, **{"at": "2024-06-01", **more})


def test_pieces_after_a_decision(city):
    first = blueprint(city)
    assert [(row["feature"], row["state"], row["area_m2"]) for row in first] == [
        ("l0", "open", 2500.0), ("l0", "settled", 7500.0), ("w0", "open", 2000.0), ("w0", "settled", 5000.0),
        ("w1", "open", 500.0), ("w1", "settled", 5000.0),
    ]  # fmt: skip
    conflict = next(row["conflicts"] for row in first if row["feature"] == "w0" and row["state"] == "open")
    city.conflicts(["landuse", "wood"], rules=RULES).decide(conflict, "wood", by="council", on="2024-05-01")
    rows = {(row["feature"], row["state"]): row for row in blueprint(city)}
    assert (rows["l0", "cut"]["area_m2"], rows["l0", "open"]["area_m2"]) == (2000.0, 500.0)
    assert rows["w0", "settled"]["area_m2"] == 7000.0
    assert rows["l0", "cut"]["conflicts"] == conflict
    assert blueprint(city, known_at=first.pin).to_records() == first.to_records()
    assert len(blueprint(city, at="2023-01-01")) == 0


def test_sums(city):
    sums = {row["state"]: (row["pieces"], row["area_m2"]) for row in blueprint(city).by("state")}
    assert sums == {"open": (3, 5000.0), "settled": (3, 17500.0)}
    with pytest.raises(InvalidInput, match="did you mean 'state'") as caught:
        blueprint(city).by("stat")
    assert caught.value.kind == "unknown-group"


def test_it_may_be_kept_as_a_layer(city):
    city.load("blueprint", blueprint(city).to_geopandas(), key="piece", valid_from="2024-06-01")
    assert len(city.features("blueprint").as_of("2024-06-02")) == 6
