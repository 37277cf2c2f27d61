"""Real layers of two dates: council districts, census tracts, neighbourhoods, division codes; against geopandas."""

import csv

import geopandas
import numpy as np
import pyproj
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidDefinition

UTM = "EPSG:32618"
VECTOR = """
id = "of-new-york"
kind = "feature"
key = ["{key}"]
extra_columns = "ignore"
[space]
column = "geometry"
encoding = "wkb"
crs = "EPSG:4326"
[columns]
name = {{}}
"""
CODES = """
id = "streets"
kind = "feature"
key = ["code"]
[space]
lon = "lon"
lat = "lat"
"""


def definition(key):
    return stcloud.Definition.from_toml(VECTOR.format(key=key), name="of-new-york")


def found(folder, *, crs=UTM, zone="America/New_York"):
    return stcloud.create(folder, crs=crs, zone=zone)


def load_districts(city, data, year):
    file = data / "nyc" / f"council_districts_{year}.geojson"
    said = definition("geography_value")
    return city.load("districts", file, definition=said, valid_from=f"{year}-01-01")


def published(data, name, key):
    """The file as geopandas has it, made valid and in metres, by key."""
    rows = geopandas.read_file(data / "nyc" / f"{name}.geojson")
    rows["geometry"] = rows.geometry.make_valid()
    return rows.set_index(rows[key].astype(str)).to_crs(UTM).sort_index()


def areas(answer):
    rows = answer.to_geopandas().set_index("st_key")
    return rows.area.sort_index()


def state(features, at, **rest):
    """What a layer says at an instant, apart from when it was loaded."""
    rows = features.as_of(at, **rest).to_arrow()
    return rows.select(["st_key", "st_valid_from", "st_valid_to", "name", "st_geom"]).to_pylist()


@pytest.fixture(scope="module")
def districts(tmp_path_factory, real_data):
    city = found(tmp_path_factory.mktemp("nyc") / "forwards")
    told = {year: load_districts(city, real_data, year) for year in (2013, 2023)}
    yield city, told
    city.close()


def test_both_versions_are_loaded_and_repairs_are_counted(districts):
    _, told = districts
    assert [(one.read, one.rejected, one.repaired) for one in told.values()] == [(51, 0, 4), (51, 0, 0)]
    assert (told[2013].accepted, told[2023].updated, told[2023].ended) == (51, 51, 0)
    assert all(one.adds_up for one in told.values())


@pytest.mark.parametrize(("year", "asked"), [(2013, "2022-12-31"), (2023, "2023-01-01")])
def test_areas_are_those_of_geopandas(districts, real_data, year, asked):
    city, _ = districts
    ours = areas(city.features("districts").as_of(asked))
    theirs = published(real_data, f"council_districts_{year}", "geography_value").area
    assert list(ours.index) == list(theirs.index)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_nothing_was_there_before_the_first_snapshot(districts):
    city, _ = districts
    assert len(city.features("districts").as_of("2012-12-31")) == 0
    told = city.query("districts").timeline().to_records()
    assert [(one["from"].year, one["count"]) for one in told] == [(2013, 51)]


def test_a_ninth_of_the_land_changes_district(districts, real_data):
    city, _ = districts
    rows = city.features("districts").lineage("2013-01-01", "2023-01-01").to_pandas()
    ours = rows.set_index(["old", "new"])["area_m2"].sort_index()
    old, new = (
        published(real_data, f"council_districts_{year}", "geography_value")[["geometry"]]
        for year in (2013, 2023)
    )
    one, other = new.sindex.query(old.geometry, predicate="intersects")
    shared = shapely.area(shapely.intersection(old.geometry.array[one], new.geometry.array[other]))
    theirs = {
        (old.index[a], new.index[b]): area for a, b, area in zip(one, other, shared, strict=True) if area >= 1
    }
    assert set(ours.index) == set(theirs)
    np.testing.assert_allclose(ours, [theirs[pair] for pair in ours.index], rtol=1e-9)
    moved = sum(area for (before, after), area in theirs.items() if before != after)
    assert rows[rows["old"] != rows["new"]]["area_m2"].sum() == pytest.approx(moved)
    assert moved / sum(theirs.values()) == pytest.approx(0.115, abs=0.005)


@pytest.mark.thorough
def test_the_older_version_may_come_last(districts, tmp_path, real_data):
    """Law: after the same snapshots in any order, as_of gives the same for every instant."""
    city, _ = districts
    backwards = found(tmp_path / "backwards")
    newer, older = (load_districts(backwards, real_data, year) for year in (2023, 2013))
    assert (newer.accepted, older.accepted, older.overridden) == (51, 51, 0)
    late = backwards.features("districts")
    for at in ("2012-06-01", "2013-01-01", "2022-12-31", "2023-01-01", "2030-01-01"):
        assert state(late, at) == state(city.features("districts"), at)
    assert len(late.as_of("2015-06-01", known_at=newer.recorded_at_us)) == 0
    assert len(late.as_of("2024-06-01", known_at=newer.recorded_at_us)) == 51
    assert len(late.as_of("2015-06-01", known_at=older.recorded_at_us)) == 51
    backwards.close()


def test_what_was_known_before_the_second_load_stays(districts):
    city, told = districts
    features, known = city.features("districts"), told[2013].recorded_at_us
    then = state(features, "2024-06-01", known_at=known)
    assert [one["st_geom"] for one in then] == [one["st_geom"] for one in state(features, "2022-06-01")]
    assert state(features, "2024-06-01") != then


def test_the_same_file_again_changes_nothing(districts, real_data):
    city, told = districts
    again = load_districts(city, real_data, 2013)
    assert again.known
    assert again.counts == told[2013].counts


def test_census_tracts_have_other_ids_each_time(tmp_path, real_data):
    """Two tracts of 2000 come in two pieces under one id: neither can be chosen, and both are refused."""
    city = found(tmp_path / "tracts")
    told = [
        city.load(
            "tracts", real_data / "nyc" / f"census_tracts_{year}.geojson", definition=definition("geoid"),
            valid_from=f"{year}-04-01",
        )
        for year in (2000, 2010)
    ]  # fmt: skip
    old, new = (published(real_data, f"census_tracts_{year}", "geoid") for year in (2000, 2010))
    assert [one.read for one in told] == [len(old), len(new)] == [2219, 2167]
    twice = old.index[old.index.duplicated()]
    assert told[0].rejected_by == {"conflicting-key": 4}
    assert {one["value"] for one in city.rejected("tracts").to_pylist()} == set(twice)
    old = old.drop(twice)
    assert told[1].updated == len(old.index.intersection(new.index))
    assert told[1].ended == len(old.index.difference(new.index))
    features = city.features("tracts")
    for at, theirs in (("2005-01-01", old), ("2015-01-01", new)):
        ours = areas(features.as_of(at))
        assert list(ours.index) == list(theirs.index)
        np.testing.assert_allclose(ours, theirs.area, rtol=1e-9)
    changes = features.diff("2005-01-01", "2015-01-01").to_pandas()["change"].value_counts()
    assert changes["removed"] == told[1].ended
    assert changes["added"] == told[1].accepted
    city.close()


def test_neighbourhoods_in_feet(tmp_path, real_data):
    file = real_data / "stl" / "STL_BOUNDARY_Nhoods.shp"
    city = found(tmp_path / "stl", crs="EPSG:26915", zone="America/Chicago")
    told = city.load("neighbourhoods", file, key=["NHD_NUM"], valid_from="2018-01-01")
    assert (told.read, told.accepted, told.rejected) == (88, 88, 0)
    declared = pyproj.CRS(city.features("neighbourhoods").definition.space.crs)
    assert declared.to_authority() == ("ESRI", "102696")
    theirs = geopandas.read_file(file).to_crs("EPSG:26915")
    theirs = theirs.set_index(theirs["NHD_NUM"].astype(str)).area.sort_index()
    ours = areas(city.features("neighbourhoods").as_of("2018-06-01"))
    assert list(ours.index) == list(theirs.index)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    city.close()


def codes_2016(data):
    """Nine digits of each street office of Wuhan, its name and its point, as published without a header."""
    for file in sorted((data / "china" / "adcode_2016").glob("4201*.csv")):
        with file.open(encoding="utf-8", newline="") as rows:
            for row in csv.reader(rows):
                if row[3] == "town":
                    yield {"code": row[0][:9], "name": row[2], "lon": row[12], "lat": row[13]}


def codes_2023(data):
    with (data / "china" / "streets_2023.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["code"].startswith("4201"):
                yield {"code": row["code"], "name": row["name"], "lon": "", "lat": ""}


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["code", "name", "lon", "lat"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_division_codes_without_a_place(tmp_path, real_data):
    """A definition needs a place; rows may leave it empty, and are then kept without one."""
    with pytest.raises(InvalidDefinition, match="space"):
        stcloud.Definition.from_toml('id = "a"\nkind = "feature"\nkey = ["code"]', name="codes")
    old, new = list(codes_2016(real_data)), list(codes_2023(real_data))
    said = stcloud.Definition.from_toml(CODES, name="streets")
    city = found(tmp_path / "wuhan", crs="EPSG:4547", zone="Asia/Shanghai")
    first, second = (
        city.load("streets", write(tmp_path / f"{year}.csv", rows), definition=said, valid_from=str(year))
        for year, rows in ((2016, old), (2023, new))
    )
    assert (first.read, first.rejected, first.unplaced) == (len(old), 0, sum(not one["lon"] for one in old))
    assert (second.read, second.rejected) == (len(new), 0)
    before, after = ({one["code"]: one for one in rows} for rows in (old, new))
    changes = city.features("streets").diff("2016-06-01", "2024-01-01").to_pandas()
    kinds = {kind: set(rows["st_key"]) for kind, rows in changes.groupby("change")}
    assert kinds["removed"] == set(before) - set(after)
    assert kinds["added"] == set(after) - set(before)
    assert kinds["changed"] == {code for code in before.keys() & after.keys() if before[code] != after[code]}
    names = city.features("streets").as_of("2024-01-01").to_pandas().set_index("st_key")["name"]
    assert names.to_dict() == {code: one["name"] for code, one in after.items()}
    city.close()
