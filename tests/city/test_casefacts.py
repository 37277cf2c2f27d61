"""Facts of cases from layers: of published cases those of the log, of requests those of their import."""

import pyarrow as pa
import pytest

import stcloud
from stcloud.city.casefacts import facts_of_published, facts_of_requests
from stcloud.errors import InvalidInput
from stcloud.paas.case.facts import FACTS
from stcloud.paas.case.requested import read_import
from stcloud.testing.hands import Hands
from tests.city.test_caseimport import COLUMNS, FIRST, SECOND, load
from tests.city.test_cases import TO_CHECK, go, opened

CRS = "EPSG:4548"
OF_IMPORTER = {"recorded_at"}


@pytest.fixture
def clock():
    return Hands("2024-03-07T09:00+08:00")


@pytest.fixture
def city(tmp_path, clock):
    stcloud.create(tmp_path / "city", crs=CRS, zone="Asia/Shanghai", calendar="CN").close()
    with stcloud.open(tmp_path / "city", clock=clock) as made:
        yield made


def rows(reader, without=()):
    return {
        row["number"]: {name: value for name, value in row.items() if name not in without}
        for row in reader.read_all().to_pylist()
    }


def test_the_facts_of_the_layer_are_the_facts_of_the_log_at_the_instant_of_each_batch(city, clock):
    with city.cases("desk", create="urban-management") as cases:
        expected = {}

        def publish():
            reckoning = cases.publish()
            expected[reckoning.recorded_at_us] = rows(cases.facts())

        opened(cases, clock, "A")
        opened(cases, clock, "B")
        publish()
        go(cases, clock, "A", *TO_CHECK, "close")
        go(cases, clock, "B", "file", "dispatch", "assign")
        go(cases, clock, "B", "suspend", until=cases.zone.iso(clock.now_us + 40 * 3_600_000_000))
        publish()
        clock.pass_hours(50)
        go(cases, clock, "A", "reopen")
        publish()
        layer = city.layer("desk-cases")
        for known_at, facts in expected.items():
            query = city.query("desk-cases").known_at(known_at)
            published = rows(facts_of_published(query, layer, CRS))
            for number, row in facts.items():
                assert published[number] == row
            assert published.keys() == facts.keys()
    last = expected[max(expected)]
    assert (last["A"]["open"], last["A"]["closed_at"], last["B"]["suspended"]) == (True, None, False)


def test_facts_of_requests_are_those_of_their_import(city, clock, tmp_path):
    with city.cases("open", create="imported-requests") as cases:
        for text in (FIRST, SECOND.replace("4,2030-01-01T00:00,117.1,31.9,pothole,Open,\n", "")):
            load(city, tmp_path, text)
            cases.import_layer("requests", columns=COLUMNS)
            at_us = cases.pin()
            layer = city.layer("requests")
            facts = facts_of_requests(city.query("requests"), layer, CRS, COLUMNS, at_us)
            assert rows(facts, OF_IMPORTER) == rows(cases.facts(), OF_IMPORTER)
            clock.pass_hours(24)


@pytest.mark.parametrize(
    ("name", "file", "crs"),
    [
        ("stl-csb", "stl.csv", "EPSG:26915"), ("nyc-311", "nyc.csv", "EPSG:32618"),
        ("boston-311", "boston_2020_with_id.csv", "EPSG:26986"), ("open311", "open311.json", "EPSG:25832"),
        ("chicago-311", "chicago.csv", "EPSG:26916"), ("sf-311", "sf.csv", "EPSG:26910"),
    ],
)  # fmt: skip
def test_bundled_sources_have_the_facts_of_their_imports(tmp_path, name, file, crs):
    stcloud.create(tmp_path / "city", crs=crs, zone="America/New_York", calendar="US").close()
    with stcloud.open(tmp_path / "city") as city, city.cases("open", create="imported-requests") as cases:
        city.load("requests", f"fixtures/sources/{file}", definition=name, max_rejected="100%")
        cases.import_layer("requests")
        layer, at_us = city.layer("requests"), cases.pin()
        columns = read_import(name).among({attribute.name for attribute in layer.attributes})
        facts = rows(facts_of_requests(city.query("requests"), layer, crs, columns, at_us), OF_IMPORTER)
        assert facts == rows(cases.facts(), OF_IMPORTER)
        assert facts


def test_units_are_columns_if_they_are_named(city, clock, tmp_path):
    load(city, tmp_path, FIRST)
    layer, query = city.layer("requests"), city.query("requests")
    given = rows(facts_of_requests(query, layer, CRS, COLUMNS, clock.now_us, units={"street": "what"}))
    assert [given[number]["street"] for number in "123"] == ["pothole", "pothole", "graffiti"]
    assert given["1"]["district"] is None
    with pytest.raises(InvalidInput) as missing:
        facts_of_requests(query, layer, CRS, COLUMNS, clock.now_us, units={"street": "road"})
    assert missing.value.kind == "unknown-column"
    with pytest.raises(InvalidInput) as foreign:
        facts_of_published(query, layer, CRS)
    assert foreign.value.kind == "unknown-column"


def test_a_reader_of_facts_has_their_schema(city, clock, tmp_path):
    load(city, tmp_path, FIRST)
    reader = facts_of_requests(city.query("requests"), city.layer("requests"), CRS, COLUMNS, clock.now_us)
    assert isinstance(reader, pa.RecordBatchReader)
    assert reader.schema == FACTS
