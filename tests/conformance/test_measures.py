"""Every engine tells measures, comparisons, groups by features and timelines alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

import stcloud
from stcloud.iaas.engine.model import Engine

DISTRICT = Path(__file__).parents[2] / "fixtures" / "district"
DURATION = "closed_at - reported_at"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("measures") / "city"
    city = stcloud.create(root, crs="EPSG:4548", zone="Asia/Shanghai")
    city.load("requests", DISTRICT / "requests_2024.csv", definition="district-requests")
    for year, since in ((2023, "2023-01-01"), (2025, "2024-08-01")):
        source = DISTRICT / f"communities_{year}.geojson"
        city.load("communities", source, definition="communities", valid_from=since)
    return root


ASKED: dict[str, Callable[[stcloud.City], stcloud.Answer]] = {
    "groups by features": lambda city: city.query("requests").measure(
        "count", "per_km2", "per_1000(communities.population)", by=["in:communities.street_name"]
    ),
    "a period beside the one before": lambda city: city.query("requests").when("2024-Q2").measure(
        f"median({DURATION})", f"p90({DURATION})", by=["month"], compare="previous"
    ),
    "durations until": lambda city: city.query("requests").measure(
        f"mean(days({DURATION}))", f"max({DURATION})", by=["status"], until="2024-07-01"
    ),
    "a timeline": lambda city: city.query("requests").timeline(
        "count", "mean(lon)", end="closed_at", during="2024-06-01/2024-06-02"
    ),
    "a page of a place": lambda city: city.query("requests").where("communities:999101002001").rows(
        5, order=["-closed_at"]
    ),
    "sizes of features": lambda city: city.query("communities").when("2024").measure(
        "sum(area_m2)", "distinct(st_key)", by=["street_name"], order=["-sum_area_m2"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("question", ASKED)
def test_engines_tell_measures_alike(
    question: str, folder: Path, duckdb: Engine, duckdb_by_sql: Engine, sail: Engine
) -> None:
    one, *others = (
        ASKED[question](stcloud.open(folder, engine=engine)).to_records()
        for engine in (duckdb, duckdb_by_sql, sail)
    )
    assert one
    for other in others:
        assert len(one) == len(other)
        for row, same in zip(one, other, strict=True):
            assert all(_alike(row[name], same[name]) for name in row), (row, same)


def _alike(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other
