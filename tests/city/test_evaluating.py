"""Evaluations of a city: those of a simulated year are its books'; a layer's at a batch is the log's."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, NotFound, StcloudError
from stcloud.paas.case.evaluation import RepeatRule, read_score_table
from stcloud.testing.indicatororacle import INDICATORS, members

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))

from generator.casebooks import KNOWN_US
from generator.caseyear import case_year
from generator.caseyearstore import write_year

GRID = """
id = "cells"
kind = "feature"
key = ["gridCode"]
[space]
column = "geometry"
encoding = "wkb"
crs = "EPSG:4548"
[grid]
"""
SOURCES = Path(__file__).resolve().parents[2] / "fixtures" / "sources"
EAST, NORTH = 500_000, 3_500_000


def instant(at_us):
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat()


def without_repeats(names):
    return [name for name in names if name not in ("repeat_rate", "reported_again_rate")]


@pytest.fixture(scope="module")
def year():
    return case_year(700, seed=5)


@pytest.fixture(scope="module")
def city(tmp_path_factory, year):
    """A town whose unit cells are squares in a row, with the cases of a year."""
    place = tmp_path_factory.mktemp("evaluated") / "city"
    city = stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN")
    (place / "cases").mkdir()
    write_year(place, "matters", year)
    codes = sorted({row["cell"] for row in year.rows(KNOWN_US[2]).values() if row["cell"]})
    boxes = [
        shapely.box(EAST + 100 * at, NORTH, EAST + 100 * at + 100, NORTH + 100) for at in range(len(codes))
    ]
    cells = geopandas.GeoDataFrame({"gridCode": codes}, geometry=boxes, crs="EPSG:4548")
    city.load(
        "cells", cells, definition=stcloud.Definition.from_toml(GRID, name="cells"), valid_from="2023-01-01"
    )
    duties = pd.DataFrame({"duty": ["D1" if at % 3 else "D2" for at in range(len(codes))], "unit": codes})
    city.load("patrols", duties, definition="duty-grids", valid_from="2023-01-01")
    yield city
    city.close()


@pytest.fixture(scope="module")
def log(city):
    with city.cases("matters") as cases:
        yield cases


@pytest.mark.parametrize("known_us", KNOWN_US)
@pytest.mark.parametrize("by", ["street", "department", "handler_post", "class", "source"])
def test_an_evaluation_of_a_simulated_year_is_that_of_its_books(log, year, known_us, by):
    books = list(year.rows(known_us).values())
    names = without_repeats(INDICATORS)
    evaluation = log.evaluate(by=by, known_at=instant(known_us), indicators=names)
    for row in (*evaluation.table.to_pylist(), evaluation.row()):
        own = books if by not in row else [book for book in books if book[by] == row[by]]
        for name in names:
            numerator, denominator = members(INDICATORS[name], own, known_us, None)
            if f"{name}_denominator" in row:
                counts = (row[f"{name}_numerator"], row[f"{name}_denominator"])
                assert counts == (len(numerator), len(denominator)), (name, row.get(by))
            elif f"{name}_cases" in row:
                assert row[f"{name}_cases"] == len(numerator), (name, row.get(by))
            elif (times := INDICATORS[name].times) is not None:
                assert row[name] == sum(book[times] for book in numerator), (name, row.get(by))
            else:
                assert row[name] == len(numerator), (name, row.get(by))


def test_every_number_opens_into_its_cases(log, year):
    known_us = KNOWN_US[1]
    evaluation = log.evaluate(by="street", period="2024-05", known_at=instant(known_us))
    books = year.rows(known_us)
    for row in evaluation.table.to_pylist():
        for part, column in (("numerator", "_numerator"), ("denominator", "_denominator")):
            cases = evaluation.cases("on_time_closing_rate", part, street=row["street"])
            assert len(cases) == row[f"on_time_closing_rate{column}"]
            assert {books[number]["street"] for number in cases["number"].to_pylist()} <= {row["street"]}
    late = evaluation.cases("on_time_closing_rate", "difference")
    total = evaluation.row()
    assert len(late) == total["on_time_closing_rate_denominator"] - total["on_time_closing_rate_numerator"]


def test_a_later_known_at_changes_only_cases_with_later_records(log):
    first, second = (log.facts(known_at=instant(known_us)).read_all() for known_us in KNOWN_US[1:])
    at = instant(KNOWN_US[1])
    again = log.facts(at=at, known_at=instant(KNOWN_US[2])).read_all()
    recorded = dict(zip(second["number"].to_pylist(), second["recorded_at"].to_pylist(), strict=True))
    before = {row["number"]: row for row in first.to_pylist()}
    after = {row["number"]: row for row in again.to_pylist()}
    known = datetime.fromtimestamp(KNOWN_US[1] / 1e6, UTC)
    for number, row in before.items():
        if recorded[number] <= known:
            assert after[number] == row
    assert any(after[number] != row for number, row in before.items())


def test_two_policies_are_reconciled_case_by_case(log):
    known = instant(KNOWN_US[0])
    usual = log.evaluate(period="2024-05", known_at=known, indicators="closing_rate")
    other = log.evaluate(
        period="2024-05", known_at=known, indicators="closing_rate", policy="should_close_handled"
    )
    rows = usual.against("should_close_handled")
    gained = rows["counted_by"].to_pylist().count("should_close_handled")
    lost = len(rows) - gained
    assert lost
    denominators = [each.row()["closing_rate_denominator"] for each in (usual, other)]
    assert denominators[1] == denominators[0] + gained - lost


def test_a_published_layer_evaluates_as_the_log_at_its_batch(city, log):
    log.publish()
    loaded_us = city.layer("matters-cases").loads[-1].recorded_at_us
    layer = city.evaluate("matters-cases", by=["department", "quarter"], indicators="all")
    same = log.evaluate(
        by=["department", "quarter"], indicators="all", at=instant(loaded_us), known_at=instant(loaded_us)
    )
    assert layer.table.equals(same.table)
    assert layer.row() == same.row()
    with pytest.raises(InvalidInput) as refused:
        city.evaluate("matters-cases", at="2024-05-01")
    assert refused.value.kind == "at-a-batch"
    with pytest.raises(NotFound):
        city.evaluate("matters-cases", known_at="2024-05-01")


def test_areas_have_their_shape(log):
    frame = log.evaluate(by="street").to_geopandas()
    placed = frame[frame["street"].notna()]
    assert placed.geometry.notna().all()
    assert (placed.geometry.area > 0).all()
    cells = log.evaluate(by="cell", indicators="closing_rate").to_geopandas()
    assert cells.geometry.notna().sum() > len(placed)
    unknown = log.evaluate(by="street", known_at=instant(KNOWN_US[2])).to_geopandas()
    assert unknown.geometry.isna().all()  # the grid was loaded later


def test_duty_grids_are_those_that_had_the_cell(log, year):
    known_us = log.pin()
    books = year.rows(known_us)
    cells = sorted({row["cell"] for row in books.values() if row["cell"]})
    duty = {cell: "D1" if at % 3 else "D2" for at, cell in enumerate(cells)}
    evaluation = log.evaluate(by="duty_grid", indicators="filed_cases", known_at=instant(known_us))
    counts = {row["duty_grid"]: row["filed_cases"] for row in evaluation.table.to_pylist()}
    filed, _ = members(INDICATORS["filed_cases"], list(books.values()), known_us, None)
    expected = {}
    for row in filed:
        expected[duty.get(row["cell"])] = expected.get(duty.get(row["cell"]), 0) + 1
    assert {key: count for key, count in counts.items() if count} == expected


def test_scores_times_repeats_and_periods(log):
    known = instant(KNOWN_US[2])
    table = read_score_table("jinniu-example")
    evaluation = log.evaluate(
        by="department", period="2024-05", known_at=known, indicators=table.indicators, repeats=RepeatRule()
    )
    scores = evaluation.score("jinniu-example")
    ranks = [rank for rank in scores["rank"].to_pylist() if rank is not None]
    assert min(ranks) == 1
    compared = evaluation.compare("previous").table
    assert "handling_rate_change" in compared.column_names
    times = evaluation.time_to_close()
    assert all(each.median_us is None or each.median_us > 0 for each in times.values())
    assert evaluation.repeats().column_names[0] == "number"
    assert "Evaluation of matters" in repr(evaluation)
    assert "<table" in evaluation._repr_html_()
    assert len(evaluation.to_pandas()) == len(evaluation)


def test_a_layer_of_which_nobody_says_how_its_requests_went_is_refused(tmp_path):
    city = stcloud.create(tmp_path / "c", crs="EPSG:32615", zone="America/Chicago")
    frame = pd.DataFrame({"id": ["1"], "at": ["2024-03-01T08:00"], "lon": [-90.2], "lat": [38.6]})
    city.load("plain", frame, key="id", time="at", lon="lon", lat="lat", datum="wgs84")
    with pytest.raises(InvalidInput) as refused:
        city.evaluate("plain")
    assert refused.value.kind == "unknown-import"
    city.close()


@pytest.mark.parametrize(
    ("definition", "file", "crs", "zone"),
    [
        ("stl-csb", "stl.csv", "EPSG:26915", "America/Chicago"),
        ("nyc-311", "nyc.csv", "EPSG:32618", "America/New_York"),
        ("boston-311", "boston_2020_with_id.csv", "EPSG:26986", "America/New_York"),
    ],
)
def test_open_data_is_evaluated_by_its_own_due_and_closing_times(tmp_path, definition, file, crs, zone):
    city = stcloud.create(tmp_path / "c", crs=crs, zone=zone)
    city.load("requests", SOURCES / file, definition=definition, max_rejected="100%")
    rows = city.query("requests").rows().to_pandas()
    evaluation = city.evaluate("requests", by="department", indicators=["reported_cases", "closing_rate"])
    assert evaluation.row()["reported_cases"] <= len(rows)
    assert evaluation.row()["reported_cases"] == sum(evaluation.table["reported_cases"].to_pylist()) > 0
    opened = evaluation.cases("reported_cases")
    assert set(opened["number"].to_pylist()) <= set(rows["st_key"].astype(str))
    early = city.evaluate("requests", at="1990-01-01", indicators="reported_cases")
    assert early.row()["reported_cases"] == 0
    if definition == "stl-csb":
        wards = city.evaluate("requests", by="street", indicators="reported_cases", areas={"street": "ward"})
        assert set(wards.table["street"].to_pylist()) <= set(rows["ward"].astype(str)) | {None}
        with pytest.raises(InvalidInput) as refused:
            city.evaluate("requests", areas={"stret": "ward"})
        assert refused.value.kind == "unknown-area"
    city.close()


REFUSED = {
    "unknown-group": {"by": "stret"}, "unknown-indicator": {"indicators": "closng_rate"},
    "unknown-policy": {"policy": "should_clos"}, "unknown-scheme": {"scheme": "nope"},
    "areas-of-requests": {"areas": {"street": "x"}}, "future-instant": {"known_at": "2099-01-01"},
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_evaluated_is_refused_in_one_line(log, kind):
    with pytest.raises(StcloudError) as refused:
        log.evaluate(**REFUSED[kind])
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)


def test_a_city_without_duty_grids_has_no_groups_of_them(tmp_path):
    with stcloud.create(tmp_path / "c", crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN") as city:
        cases = city.cases("matters", create="urban-management")
        with pytest.raises(InvalidInput) as refused:
            cases.evaluate(by="duty_grid")
        assert refused.value.kind == "which-duty-grids"
        with pytest.raises(InvalidInput) as refused:
            cases.evaluate(grid_at="2024-01-01")
        assert refused.value.kind == "which-grid"
        assert cases.evaluate().row()["reported_cases"] == 0
        cases.close()
