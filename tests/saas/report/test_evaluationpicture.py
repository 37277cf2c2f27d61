"""Pictures of evaluations: an indicator of areas as a map, of groups as a chart."""

import sys
from pathlib import Path

import geopandas
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, Unsupported
from stcloud.saas.report.evaluationpicture import chart_evaluation, map_evaluation

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "fixtures"))

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


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    place = tmp_path_factory.mktemp("pictures") / "city"
    city = stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN")
    (place / "cases").mkdir()
    write_year(place, "matters", case_year(300, seed=9))
    with city.cases("matters") as cases:
        codes = sorted(set(cases.facts().read_all()["cell"].to_pylist()) - {None})
    boxes = [
        shapely.box(500_000 + 100 * (at % 12), 3_500_000 + 100 * (at // 12), 500_100 + 100 * (at % 12),
                    3_500_100 + 100 * (at // 12))
        for at in range(len(codes))
    ]  # fmt: skip
    cells = geopandas.GeoDataFrame({"gridCode": codes}, geometry=boxes, crs="EPSG:4548")
    city.load(
        "cells", cells, definition=stcloud.Definition.from_toml(GRID, name="cells"), valid_from="2023-01-01"
    )
    yield city
    city.close()


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_streets_are_shaded_by_an_indicator(city, tmp_path, suffix):
    with city.cases("matters") as cases:
        evaluation = cases.evaluate(by="street", period="2024")
    notes = []
    path = map_evaluation(city, evaluation, "on_time_closing_rate", tmp_path / f"m.{suffix}", notes.append)
    assert path.stat().st_size > 4_000
    if suffix == "svg":
        text = path.read_text()
        assert "Closed on time by street" in text
        assert "closed_on_time of should_close" in text


def test_a_chart_has_a_panel_for_each_indicator(city, tmp_path):
    with city.cases("matters") as cases:
        evaluation = cases.evaluate(by="month", period="2024", indicators=["closing_rate", "handling_rate"])
    path = chart_evaluation(evaluation, ["closing_rate", "handling_rate"], tmp_path / "c.svg", print)
    assert "by month" in path.read_text()


def test_what_has_no_place_or_was_not_evaluated_is_refused(city, tmp_path):
    with city.cases("matters") as cases:
        by_department = cases.evaluate(by="department", indicators="closing_rate")
    with pytest.raises(Unsupported) as refused:
        map_evaluation(city, by_department, "closing_rate", tmp_path / "m.png", print)
    assert refused.value.kind == "no-geometry"
    with pytest.raises(InvalidInput) as refused:
        chart_evaluation(by_department, ["rework_rate"], tmp_path / "c.png", print)
    assert refused.value.kind == "no-such-number"
    assert not list(tmp_path.iterdir())
