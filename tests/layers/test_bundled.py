"""Bundled definitions: they read what the cities publish; nothing is lost, guessed or counted twice."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.daas.definition import Definition
from stcloud.daas.load.clean_events import EventCleaner
from stcloud.daas.load.place import Placer
from stcloud.daas.table.schema import bind_columns
from stcloud.iaas.bundle import bundled, bundled_text, definitions
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source
from stcloud.space import Lattice
from stcloud.testing.examples import examples
from stcloud.time import Zone, read_stamps

SOURCES = bundled("fixtures", "sources")
DISTRICT = bundled("fixtures", "district")
PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference" / "definitions"

BOSTON = ("EPSG:32619", "America/New_York")
CITIES = {
    "nyc-311": ("EPSG:32618", "America/New_York"),
    "boston-311": BOSTON,
    "chicago-311": ("EPSG:32616", "America/Chicago"),
    "sf-311": ("EPSG:32610", "America/Los_Angeles"),
    "stl-csb": ("EPSG:26915", "America/Chicago"),
    "open311": BOSTON,
    "district-requests": ("EPSG:4548", "Asia/Shanghai"),
}
FEATURES = {
    "administrative-areas": ["Polygon", "MultiPolygon"],
    "communities": ["Polygon", "MultiPolygon"],
    "unit-grid": ["Polygon", "MultiPolygon"],
    "duty-grids": [],
    "indicator-values": [],
    "conflict-decisions": [],
    "streets": ["LineString", "Polygon"],
    "buildings": ["Polygon", "MultiPolygon"],
    "points-of-interest": ["Point", "Point"],
    "components": ["Point", "LineString", "Polygon"],
}
SERIES = {"beijing-air", "beijing-air-stations"}
SAMPLES = [
    ("nyc-311", "nyc.csv"),
    ("boston-311", "boston_2016.csv"),
    ("boston-311", "boston_2020_with_id.csv"),
    ("chicago-311", "chicago.csv"),
    ("sf-311", "sf.csv"),
    ("stl-csb", "stl.csv"),
    ("open311", "open311.json"),
]


def read(name):
    return Definition.from_toml(bundled_text("layers", f"{name}.toml"), name=f"{name}.toml")


def clean(name, path):
    """Rows by key (the last row of a key stands), refusals, and the attributes that are kept."""
    definition, (crs, zone) = read(name), CITIES[name]
    asked = definition.read
    source = open_source(path, Reading(asked.format, asked.encoding, asked.delimiter, asked.layer))
    attributes = bind_columns(definition, source.columns, str(path))
    cleaner = EventCleaner(definition, attributes, Placer(definition.space, Lattice.for_crs(crs)), Zone(zone))
    cleaned = [cleaner.clean(batch) for batch in source.batches()]
    rows = pa.Table.from_batches([one.rows for one in cleaned]).to_pylist()
    refusals = [refusal for one in cleaned for refusal in one.refusals]
    return {row["st_key"]: row for row in rows}, refusals, attributes


def table(name):
    with (SOURCES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def digests(rows):
    return {key: row["st_digest"] for key, row in rows.items()}


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_these_are_bundled():
    assert definitions() == tuple(sorted({*CITIES, *FEATURES, *SERIES}))
    assert {name for name, _ in SAMPLES} == set(CITIES) - {"district-requests"}


@pytest.mark.parametrize("name", [*CITIES, *FEATURES, *sorted(SERIES)])
def test_a_bundled_definition_is_whole(name):
    definition = read(name)
    assert definition.id == name
    assert definition.title
    assert definition.source
    assert definition.key_columns
    assert Definition.from_toml(definition.to_toml(), name=name) == definition
    assert not set(definition.required) & {one for one, said in definition.columns.items() if said.optional}


@pytest.mark.parametrize("name", sorted(set(CITIES) - {"district-requests"}))
def test_a_bundled_definition_has_its_page(name):
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert f"--definition {name}" in page


def test_definitions_of_series_have_a_page():
    page = (PAGES / "beijing-air.md").read_text(encoding="utf-8")
    assert all(f"--definition {name}" in page for name in SERIES)


@pytest.mark.parametrize("name", FEATURES)
def test_a_definition_of_features_is_on_their_page(name):
    page = (PAGES / "city-features.md").read_text(encoding="utf-8")
    assert f"--definition {name} " in page
    assert f"| `{name}` |" in page


@pytest.mark.parametrize(("name", "file"), SAMPLES)
def test_a_sample_loads_without_a_refusal(name, file):
    rows, refusals, attributes = clean(name, SOURCES / file)
    assert refusals == []
    assert len(rows) > 1
    assert {attributes[key].type for key in read(name).key} == {"text"}
    assert {one.type for column, one in attributes.items() if "zip" in column.lower()} <= {"text"}
    assert any(row["st_unplaced"] is None for row in rows.values())


@pytest.mark.parametrize("name", CITIES)
@given(at=st.datetimes(datetime(2010, 1, 1), datetime(2039, 12, 31)), data=st.data())
@settings(deadline=None, max_examples=examples(25))
def test_no_format_reads_what_another_has_written(name, at, data):
    """Law: whatever format wrote a time, the whole list reads it as that format alone does."""
    definition = read(name)
    lists = {
        definition.time.formats,
        *(one.formats for one in definition.columns.values() if one.type == "instant"),
    }
    formats = data.draw(st.sampled_from(sorted(lists)))
    one = data.draw(st.sampled_from(formats))
    text = pa.array([at.isoformat() if one == "iso" else at.strftime(one)])
    alone, together = read_stamps(text, [one], Zone("UTC")), read_stamps(text, formats, Zone("UTC"))
    assert alone.valid.all()
    assert together.utc_us.tolist() == alone.utc_us.tolist()


def test_nyc_reads_the_clock_of_new_york():
    rows, _, attributes = clean("nyc-311", SOURCES / "nyc.csv")
    assert len(attributes) == 41
    alarm, pothole, taxi = rows["90000001"], rows["90000002"], rows["90000003"]
    assert alarm["st_time"] == utc(2024, 11, 3, 3, 58, 3)
    assert alarm["Closed_Date"] == utc(2024, 11, 3, 5, 30)  # 01:30 comes twice: the earlier one
    assert pothole["st_time"] == utc(2024, 3, 5, 5, 5)
    assert taxi["st_time"] == utc(2024, 3, 6, 17, 30, 15)


def test_nyc_nothing_is_null_and_a_known_borough_is_not():
    rows, _, _ = clean("nyc-311", SOURCES / "nyc.csv")
    pothole, taxi = rows["90000002"], rows["90000003"]
    assert pothole["Incident_Zip"] == "00083"
    assert (pothole["Borough"], pothole["Community_Board"]) == ("QUEENS", "Unspecified QUEENS")
    assert [taxi[name] for name in ("Descriptor", "Borough", "Park_Borough", "Community_Board")] == [None] * 4
    assert taxi["st_unplaced"] == "missing"


def test_nyc_reads_an_export_without_the_newer_columns(tmp_path):
    newer = {
        "Resolution Description", "BBL", "Open Data Channel Type", "Vehicle Type", "Taxi Company Borough",
        "Taxi Pick Up Location", "Bridge Highway Name", "Bridge Highway Direction", "Road Ramp",
        "Bridge Highway Segment",
    }  # fmt: skip
    short = [{name: value for name, value in row.items() if name not in newer} for row in table("nyc.csv")]
    rows, refusals, attributes = clean("nyc-311", write(tmp_path / "nyc.csv", short))
    assert (len(rows), refusals, len(attributes)) == (3, [], 31)


def test_nyc_keeps_one_column_for_what_the_portal_renamed(tmp_path):
    names = {
        "Complaint Type": "Problem (formerly Complaint Type)",
        "Descriptor": "Problem Detail (formerly Descriptor)",
    }
    renamed = [
        {names.get(name, name): value for name, value in row.items()} | {"Council District": "07"}
        for row in table("nyc.csv")
    ]
    rows, refusals, attributes = clean("nyc-311", write(tmp_path / "nyc.csv", renamed))
    assert refusals == []
    assert (rows["90000002"]["Complaint_Type"], rows["90000002"]["Descriptor"]) == (
        "Street Condition",
        "Pothole",
    )
    assert rows["90000002"]["Council_District"] == "07"
    assert attributes["Problem (formerly Complaint Type)"].name == "Complaint Type"


def test_boston_row_numbers_change_nothing(tmp_path):
    numbered = table("boston_2020_with_id.csv")
    plain = [{name: value for name, value in row.items() if name != "_id"} for row in numbered]
    other = [row | {"_id": str(at)} for at, row in enumerate(numbered, start=70_001)]
    told = [
        digests(clean("boston-311", write(tmp_path / f"{at}.csv", rows))[0])
        for at, rows in enumerate((numbered, plain, other))
    ]
    assert told[0] == told[1] == told[2]
    moved = [row | {"latitude": "42.0"} for row in numbered]
    assert digests(clean("boston-311", write(tmp_path / "moved.csv", moved))[0]) != told[0]


def test_boston_old_and_new_names_are_one_column():
    old, _, of_old = clean("boston-311", SOURCES / "boston_2016.csv")
    new, _, of_new = clean("boston-311", SOURCES / "boston_2020_with_id.csv")
    assert {one.stored for one in of_old.values()} == {one.stored for one in of_new.values()}
    assert old["101900000001"]["sla_target_dt"] == utc(2016, 3, 2, 13, 15, 30)
    assert new["101900000003"]["sla_target_dt"] == utc(2020, 7, 15, 13)
    assert [row["on_time"] for row in (*old.values(), *new.values())] == [
        "ONTIME",
        "OVERDUE",
        "OVERDUE",
        "ONTIME",
    ]
    assert old["101900000002"]["ward"] is None


def test_chicago_twins_are_told():
    rows, _, attributes = clean("chicago-311", SOURCES / "chicago.csv")
    twin = rows["SR24-90000002"]
    assert (twin["DUPLICATE"], twin["PARENT_SR_NUMBER"]) == (True, "SR24-90000001")
    assert rows["SR24-90000001"]["st_time"] == utc(2024, 3, 5, 6, 10)
    assert rows["SR24-90000001"]["WARD"] == "01"
    assert len(attributes) == 39


def test_sf_copies_of_the_portal_change_nothing(tmp_path):
    nightly = [row | {"data_as_of": "later", "data_loaded_at": "later"} for row in table("sf.csv")]
    before, _, _ = clean("sf-311", SOURCES / "sf.csv")
    after, _, _ = clean("sf-311", write(tmp_path / "sf.csv", nightly))
    assert digests(before) == digests(after)
    assert before["90000002"]["st_unplaced"] == "zero"


def test_stl_status_has_one_form():
    written = {row["status"] for row in table("stl.csv")}
    rows, _, _ = clean("stl-csb", SOURCES / "stl.csv")
    assert written == {"CLOSED", "Disptch", "CANCEL"}
    assert [row["status"] for row in rows.values()] == ["closed", "dispatched", "cancelled"]
    kept = read("stl-csb").columns["status"].values
    assert kept["CLOSED"] == kept["Closed"]


def test_stl_feet_are_us_survey_feet_of_missouri_east():
    rows, _, _ = clean("stl-csb", SOURCES / "stl.csv")
    placed, nowhere = rows["9000001"], rows["9000002"]
    assert (placed["st_x"], placed["st_y"]) == pytest.approx((741_721.0, 4_279_510.3), abs=1)
    assert nowhere["st_unplaced"] == "missing"
    assert placed["callertype"] == "PHONE"  # the last of two callers


def test_open311_codes_are_text_and_offsets_are_obeyed():
    rows, _, _ = clean("open311", SOURCES / "open311.json")
    first, second, third = rows["900001"], rows["900002"], rows["900003"]
    assert (first["service_code"], second["service_code"]) == ("001", "7")
    assert first["st_time"] == utc(2024, 3, 5, 12, 30)
    assert second["st_time"] == utc(2024, 3, 5, 23, 59, 59)
    assert second["st_unplaced"] == "missing"
    assert json.loads(second["extended_attributes"])["ward"] == "3"
    assert third["status"] == "open"


@pytest.mark.parametrize("file", ["requests_2024.csv", "requests_2024_update.csv"])
def test_district_loads_but_for_what_is_planted(file):
    planted = json.loads((DISTRICT / "planted.json").read_text(encoding="utf-8"))
    rows, refusals, attributes = clean("district-requests", DISTRICT / file)
    said = planted["expected"][file]
    assert len(refusals) == said["rejected"]
    assert len(rows) == said["read"] - said["rejected"] - said["duplicates"]
    assert attributes["class_code"].type == "text"
    assert {len(row["class_code"]) for row in rows.values()} == {5}


def shape(kind, at):
    """Draw a shape of some metres in the district; others lie beside it."""
    lon, lat = 117.03 + at / 1000, 31.89
    area = shapely.box(lon, lat, lon + 0.0005, lat + 0.0005)
    return {
        "Point": shapely.Point(lon, lat),
        "LineString": shapely.LineString([(lon, lat), (lon, lat + 0.0005)]),
        "Polygon": area,
        "MultiPolygon": shapely.MultiPolygon([area]),
    }[kind]


def features(path, name, kinds, **columns):
    """Write a file of features with the columns that must be there, each filled with what its type reads."""
    definition, count = read(name), len(kinds)
    said = {"integer": "1", "number": "1.5", "date": "20240229", "text": "012"}
    rows = {
        column: [said[definition.column(column).type]] * count
        for column in definition.required
        if column != definition.space.column
    }
    rows |= {definition.key[0]: [f"0{at}" for at in range(count)], **columns}
    frame = geopandas.GeoDataFrame(
        rows, geometry=[shape(kind, at) for at, kind in enumerate(kinds)], crs="OGC:CRS84"
    )
    frame.to_file(path)
    return path


@pytest.fixture
def lantang(tmp_path):
    city = stcloud.create(tmp_path / "lantang", crs="EPSG:4548", zone="Asia/Shanghai")
    yield city
    city.close()


@pytest.mark.parametrize("name", [name for name, kinds in FEATURES.items() if kinds])
def test_features_with_what_they_must_have_are_loaded(lantang, tmp_path, name):
    file = features(tmp_path / "some.gpkg", name, FEATURES[name])
    told = lantang.load("some", file, definition=name, valid_from="2024-01-01")
    assert (told.accepted, told.rejected, told.unplaced) == (len(FEATURES[name]), 0, 0)
    rows = lantang.features("some").as_of("2024-06-01").to_pandas()
    assert rows["st_key"].tolist() == [f"0{at}" for at in range(len(rows))]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("administrative-areas", "Point"), ("communities", "LineString"), ("streets", "Point"),
        ("buildings", "LineString"), ("points-of-interest", "Polygon"),
    ],
)  # fmt: skip
def test_features_of_another_kind_are_refused(lantang, tmp_path, name, kind):
    file = features(tmp_path / "some.gpkg", name, [FEATURES[name][0], kind])
    told = lantang.load("some", file, definition=name, valid_from="2024-01-01", max_rejected=1)
    assert (told.accepted, told.rejected) == (1, 1)


def test_components_have_the_attributes_of_the_standard(lantang, tmp_path):
    definition = read("components")
    coded = [name for name in definition.columns if name.endswith(("DM", "BSM"))]
    assert len([name for name in definition.columns if name.isupper()]) == 18
    assert definition.digest() == "f9666e179479224d"  # that of cities which loaded it before it named classes
    assert {definition.column(name).type for name in coded} == {"text"}
    assert all(one.title for one in definition.columns.values())
    removed = {"GLBJZT": ["移除"], "BGRQ": ["20250301"], "CZ": ["铸铁"]}
    file = features(tmp_path / "components.gpkg", "components", ["Point"], **removed)
    lantang.load("components", file, definition="components", valid_from="2024-01-01")
    (row,) = lantang.features("components").as_of("2024-06-01").to_records()
    assert (row["CSRQ"].isoformat(), row["BGRQ"].isoformat()) == ("2024-02-29", "2025-03-01")
    assert (row["GLBJZT"], row["CZ"], row["SZDYWGBSM"]) == ("移除", "铸铁", "012")


def test_communities_of_the_district_in_two_versions(lantang):
    for year in (2023, 2025):
        file = DISTRICT / f"communities_{year}.geojson"
        told = lantang.load("communities", file, definition="communities", valid_from=f"{year}-01-01")
        assert (told.read, told.rejected, told.repaired) == (24, 0, 0)
    for year in (2023, 2025):
        published = geopandas.read_file(DISTRICT / f"communities_{year}.geojson").set_index("code")
        rows = lantang.features("communities").as_of(f"{year}-06-01").to_pandas().set_index("st_key")
        assert rows["name"].to_dict() == published["name"].to_dict()
        assert rows["population"].to_dict() == published["population"].to_dict()
