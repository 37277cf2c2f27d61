"""A city is closed by a with statement, and may be used by several threads at once."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput
from stcloud.iaas.engine.engines import start
from stcloud.testing.cases import AREAS, EVENTS, GRID, grid_of
from stcloud.testing.town import quads

CRS, ZONE = "EPSG:32618", "America/New_York"
READERS, LOADS = 8, 6


def definition(text, name):
    return stcloud.Definition.from_toml(text.replace("EPSG:4547", CRS), name=name)


def total(answer):
    """Return the sum of an answer's counts."""
    return sum(answer.table["count"].to_pylist())


def load_events(city, folder, number, bounds):
    """Load 50 events, all of one batch."""
    chance = np.random.default_rng(number)
    west, south, east, north = bounds
    frame = pd.DataFrame(
        {
            "id": [f"{number}-{row}" for row in range(50)],
            "at": [f"2024-03-{1 + row % 28:02} 23:30:00-05:00" for row in range(50)],
            "x": chance.uniform(west + 1, east - 1, 50).round(3),
            "y": chance.uniform(south + 1, north - 1, 50).round(3),
        }
    )
    frame.to_csv(folder / f"{number}.csv", index=False)
    return city.load("cases", folder / f"{number}.csv", definition=definition(EVENTS, "cases"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A city with a grid, areas and events."""
    place = tmp_path_factory.mktemp("model")
    shapes, codes = quads(4, 4)
    with stcloud.create(place / "city", crs=CRS, zone=ZONE) as city:
        grid_of(shapes, codes).set_crs(CRS, allow_override=True).to_file(place / "cells.gpkg")
        city.load(
            "cells", place / "cells.gpkg", definition=definition(GRID, "cells"), valid_from="2020-01-01"
        )
        frame = geopandas.GeoDataFrame({"name": codes}, geometry=list(shapes), crs=CRS)
        frame.to_file(place / "areas.gpkg")
        city.load(
            "areas", place / "areas.gpkg", definition=definition(AREAS, "areas"), valid_from="2020-01-01"
        )
        load_events(city, place, 0, shapely.total_bounds(shapes))
    return place


@pytest.fixture
def folder(model, tmp_path):
    """A copy of the model."""
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_closed_city_refuses_what_is_asked_of_it(folder):
    with stcloud.open(folder / "city") as city:
        query = city.query("cases")
        assert total(query.count()) == 50
    city.close()
    assert city.name == "city"
    uses = (
        city.layers,
        lambda: city.query("cases"),
        lambda: city.grid("cells"),
        lambda: city.load("cases", folder / "0.csv"),
        lambda: city.index("cases"),
        city.check,
        city.vacuum,
        lambda: city.delete("cases"),
        lambda: city.engine,
    )
    for use in uses:
        with pytest.raises(InvalidInput) as refused:
            use()
        assert refused.value.kind == "city-closed"
    for late in (query.count, lambda: query.join("areas"), lambda: query.count(by=["in:areas"])):
        with pytest.raises(InvalidInput) as refused:
            late()
        assert refused.value.kind in {"city-closed", "engine-closed"}
        assert "\n" not in str(refused.value)


def test_an_engine_of_the_caller_stays_open(folder):
    engine = start("duckdb")
    with stcloud.open(folder / "city", engine=engine) as city:
        assert total(city.query("cases").count()) == 50
    with stcloud.open(folder / "city", engine=engine) as city:
        assert total(city.query("cases").count()) == 50
    engine.close()


def test_a_failure_within_closes_the_city(folder):
    with pytest.raises(ZeroDivisionError), stcloud.open(folder / "city") as city:
        1 // 0  # noqa: B018
    with pytest.raises(InvalidInput):
        city.layers()


@pytest.mark.thorough
def test_eight_readers_and_a_loader_share_a_city(folder):
    """Each answer is that of whole loads: of those known at its pin, of none half."""
    bounds = shapely.total_bounds(quads(4, 4)[0])
    with stcloud.open(folder / "city") as city:
        known = [(city.layer("cases").recorded_us[1], 50)]
        done = threading.Event()

        def loading():
            try:
                for number in range(1, LOADS + 1):
                    reckoning = load_events(city, folder, number, bounds)
                    known.append((reckoning.recorded_at_us, 50 * (number + 1)))
            finally:
                done.set()

        def reading(number):
            answers = 0
            while not done.is_set() or answers < 3:
                at_us, count = known[-1 - (number + answers) % len(known)]
                pinned = city.query("cases").known_at(at_us)
                assert total(pinned.count()) == count
                match (number + answers) % 4:
                    case 0:
                        table = pinned.count(by=["in:areas"]).table
                        assert sum(table["count"].to_pylist()) == count
                    case 1:
                        table = pinned.join("areas", "nearest within 500 m").table
                        assert len(table) == count
                    case 2:
                        table = pinned.count(by=["unit"]).table
                        assert sum(table["count"].to_pylist()) == count
                        assert None not in table["unit"].to_pylist()
                    case 3:
                        assert total(city.query("cases").count()) % 50 == 0
                        x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
                        assert city.grid("cells").locate([x], [y]).null_count == 0
                answers += 1
            return answers

        with ThreadPoolExecutor(READERS + 1) as pool:
            loader = pool.submit(loading)
            readers = [pool.submit(reading, number) for number in range(READERS)]
            loader.result()
            assert all(reader.result() >= 3 for reader in readers)
        assert total(city.query("cases").count()) == 50 * (LOADS + 1)
