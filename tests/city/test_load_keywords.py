"""Keywords of a load are real ones, typed alike for callers and for type checkers; one source has one reckoning."""

import inspect
import typing
from dataclasses import fields
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

import stcloud
from stcloud.city.keywords import LoadKeywords
from stcloud.daas.load.draft import Options
from stcloud.daas.reckoning import Reckoning
from stcloud.errors import InvalidInput

ZONE = "Pacific/Kiritimati"  # UTC+14


@pytest.fixture
def city(tmp_path):
    with stcloud.create(tmp_path / "kiritimati", crs="EPSG:32604", zone=ZONE) as city:
        yield city


def write(folder, name, *numbers):
    lines = [f"{number},2024-03-05 07:00,300000,200000" for number in numbers]
    (folder / name).write_text("\n".join(["id,at,x,y", *lines, ""]))
    return folder / name


def wells(folder):
    (folder / "wells.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "w"},'
        ' "geometry": {"type": "Point", "coordinates": [-157.4, 1.9]}}]}'
    )


SHAPE = {"key": "id", "time": "at", "x": "x", "y": "y", "crs": "EPSG:32604"}


def test_one_source_has_one_reckoning_and_several_have_a_list(city, tmp_path):
    only = city.load("trees", write(tmp_path, "a.csv", 1, 2), **SHAPE)
    assert isinstance(only, Reckoning)
    assert only.accepted == 2
    several = city.load("trees", write(tmp_path, "b.csv", 3), write(tmp_path, "c.csv", 4, 5))
    assert [reckoning.accepted for reckoning in several] == [1, 2]


def test_every_option_of_a_file_is_a_keyword_of_load_and_draft():
    for method in (stcloud.City.load, stcloud.City.draft):
        parameters = inspect.signature(method).parameters
        assert {field.name for field in fields(Options)} <= parameters.keys()
        assert all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values())


def test_type_checkers_see_the_keywords_that_load_takes():
    keywords = {
        name for name, parameter in inspect.signature(stcloud.City.load).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }  # fmt: skip
    assert keywords == LoadKeywords.__optional_keys__
    assert len(typing.get_overloads(stcloud.City.load)) == 3


@pytest.mark.parametrize(
    "start",
    ["2024-01-01", date(2024, 1, 1), datetime(2024, 1, 1), pd.Timestamp("2024-01-01"), np.datetime64("2024-01-01"),
     datetime(2023, 12, 31, 10, tzinfo=UTC)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_valid_period_starts_at_an_instant_of_any_form(city, tmp_path, start):
    wells(tmp_path)
    city.load("wells", tmp_path / "wells.geojson", key="id", valid_from=start)
    assert city.features("wells").as_of("2024").to_pandas()["st_valid_from"][0] == pd.Timestamp(
        "2024-01-01", tz=ZONE
    )


def test_what_is_no_instant_is_refused(city, tmp_path):
    wells(tmp_path)
    for start in (pd.NaT, np.datetime64("NaT"), 1.5, True, [2024]):
        with pytest.raises(InvalidInput) as caught:
            city.load("wells", tmp_path / "wells.geojson", key="id", valid_from=start)
        assert caught.value.kind == "unreadable-time"
