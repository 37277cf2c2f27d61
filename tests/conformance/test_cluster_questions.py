"""Hot spots and evaluations of cases are the same where an endpoint reads and counts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stcloud
from stcloud.iaas.engine.model import Engine
from tests.paas.query.run.test_cubing import CRS, ZONE, rows

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))

from generator.caseyear import case_year
from generator.caseyearstore import write_year


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hot") / "town"
    with stcloud.create(place, crs=CRS, zone=ZONE) as city:
        city.load("calls", rows(), key="id", time="at", x="x", y="y", crs=CRS)
    return place


def test_hot_spots_are_the_same_where_an_endpoint_counts(folder: Path, sail: Engine) -> None:
    results = []
    for engine in ("duckdb", sail):
        with stcloud.open(folder, engine=engine) as city:
            cube = city.query("calls").when("2024-02-10/2024-11-20").cube(cell="500m", every="7D")
            results.append(cube.hotspots(corrected=False, alpha=0.2))
    here, there = results
    assert (here.levels != 0).any()
    np.testing.assert_array_equal(here.classes, there.classes)
    np.testing.assert_array_equal(here.levels, there.levels)
    np.testing.assert_allclose(here.z, there.z, rtol=1e-9)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city with the cases of a simulated year as a layer."""
    place = tmp_path_factory.mktemp("published") / "city"
    with stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN") as city:
        (place / "cases").mkdir()
        write_year(place, "matters", case_year(200, seed=5))
        with city.cases("matters") as cases:
            cases.publish("settled")
    return place


@pytest.mark.parametrize("by", ["street", "class"])
def test_evaluations_are_the_same_where_an_endpoint_reads(published: Path, sail: Engine, by: str) -> None:
    tables = []
    for engine in ("duckdb", sail):
        with stcloud.open(published, engine=engine) as city:
            tables.append(city.evaluate("settled", by=by).table.to_pandas())
    assert len(tables[0]) > 1
    pd.testing.assert_frame_equal(*tables, rtol=1e-9)
