"""What a command does, a method does: both give the same cells, the same codes, the same faults."""

import json

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.testing.cases import GRID, grid_of
from stcloud.testing.town import quads, town

CRS, ZONE = "EPSG:32618", "America/New_York"


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """Files of an invented town, and a city that has its communities as a layer, and a unit grid."""
    place, invented = tmp_path_factory.mktemp("ground"), town(1000, 3)
    codes = invented.community_codes.tolist()
    frames = {
        "communities": geopandas.GeoDataFrame({"code": codes}, geometry=list(invented.communities), crs=CRS),
        "streets": geopandas.GeoDataFrame(geometry=list(invented.streets), crs=CRS),
        "buildings": geopandas.GeoDataFrame(geometry=list(invented.buildings), crs=CRS),
    }
    for name, frame in frames.items():
        frame.to_file(place / f"{name}.gpkg")
    city = stcloud.create(place / "city", crs=CRS, zone=ZONE)
    city.load("communities", place / "communities.gpkg", key=["code"], valid_from="2020")
    shapes, names = quads(4, 4)
    definition = stcloud.Definition.from_toml(GRID.replace("EPSG:4547", CRS), name="cells")
    for day, moved in (("2020-01-01", 0.0), ("2024-03-10", 100.0)):
        there = [shapely.transform(shape, lambda xy, by=moved: xy + np.array([by, 0.0])) for shape in shapes]
        grid_of(there, names).set_crs(CRS, allow_override=True).to_file(place / "cells.gpkg")
        city.load("cells", place / "cells.gpkg", definition=definition, valid_from=day)
    west, south, east, north = shapely.total_bounds(shapes)
    chance = np.random.default_rng(5)
    pd.DataFrame(
        {
            "id": range(40),
            "x": chance.uniform(west, east + 150, 40).round(2),
            "y": chance.uniform(south, north, 40).round(2),
            "at": ["2024-03-10 00:30", "2024-03-09 23:30", "2024-03-10T04:59:59Z", "nonsense"] * 10,
        }
    ).to_csv(place / "points.csv", index=False)  # fmt: skip
    return place


def same(frame, table):
    assert frame["gridCode"].tolist() == table["gridCode"].to_pylist()
    assert frame["area"].tolist() == table["area"].to_pylist()
    assert frame["initialDate"].astype(str).str[:10].tolist() == table["initialDate"].to_pylist()
    wkb = shapely.from_wkb(table["st_geom"].to_numpy())
    assert shapely.equals_exact(frame.geometry.to_numpy(), wkb, 1e-6).all()


def test_divide(run, ground, tmp_path):
    """A layer of communities and files of the rest, in the shell and in Python; then frames, without a city."""
    given = {"buildings": ground / "buildings.gpkg", "target_area_m2": 8000.0, "initial_date": "2024-08-01"}
    told = []
    city = stcloud.open(ground / "city")
    grid = city.divide("communities", ground / "streets.gpkg", tell=told.append, **given)
    ended = run(
        "grid", "divide", "--city", ground / "city", "--communities", "communities", "--streets",
        ground / "streets.gpkg", "--buildings", ground / "buildings.gpkg", "--target-area", "8000",
        "--initial-date", "2024-08-01", "-o", tmp_path / "cells.gpkg", "-f", "json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    same(geopandas.read_file(tmp_path / "cells.gpkg"), grid.table)
    report = json.loads(ended.out)
    assert report["count"] == grid.report["count"] == len(grid)
    assert report["weights"] == grid.weights
    frames = {
        name: geopandas.read_file(ground / f"{name}.gpkg") for name in ("communities", "streets", "buildings")
    }
    buildings = {"buildings": frames["buildings"]}
    again = stcloud.divide(frames["communities"], frames["streets"], crs=CRS, **given | buildings)
    assert again.table["gridCode"].equals(grid.table["gridCode"])
    assert again.to_geopandas().crs == CRS
    lonlat = frames["communities"].to_crs("EPSG:4326")
    projected = stcloud.divide(lonlat, frames["streets"], crs=CRS).to_geopandas()
    assert projected.area.sum() == pytest.approx(frames["communities"].area.sum(), rel=1e-6)
    later = city.divide("communities", ground / "streets.gpkg", previous=grid.to_geopandas(), **given)
    assert later.division.kept.all()
    assert later.table.equals(grid.table)


def test_locate(run, ground, tmp_path):
    city, points = stcloud.open(ground / "city"), ground / "points.csv"
    for at in (None, "2024-03-10 00:00", "2024-03-09", "at"):
        located = city.locate("cells", points, at=at)
        units = located.to_arrow()["unit"].to_pylist()
        more = () if at is None else ("--at", at)
        ended = run("grid", "locate", ground / "city", "cells", points, "-f", "json", *more)
        assert ended.code == 0, ended.err
        assert [row["unit"] for row in json.loads(ended.out)] == units
        assert located.counts["located"] == sum(unit is not None for unit in units) > 0
        frame = pd.read_csv(points)
        assert city.locate("cells", frame, at=at).to_arrow()["unit"].to_pylist() == units
    times = pd.to_datetime(frame["at"].where(frame["at"] != "nonsense"), format="ISO8601", utc=True)
    table = pa.table({"x": frame["x"], "y": frame["y"], "at": pa.array(times, pa.timestamp("ms", "UTC"))})
    nowhere = [unit for unit, at in zip(units, frame["at"], strict=True) if at == "nonsense"]
    assert set(nowhere) == {None}
    assert len(city.locate("cells", table, at="at").to_pandas()) == 40


def test_check(run, ground):
    city = stcloud.open(ground / "city")
    report = city.check_grid("cells", ground / "communities.gpkg", tolerance_m=0.5)
    ended = run(
        "grid", "check", ground / "city", "cells", "--communities", ground / "communities.gpkg", "--tolerance", "0.5",
        "-f", "json",
    )  # fmt: skip
    assert ended.code == 2
    assert json.loads(ended.out) == json.loads(json.dumps(report.to_dict()))
    assert not report.is_sound


BARE = geopandas.GeoDataFrame({"code": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)])
OLD = pa.table({"x": [1.0], "y": [1.0], "unit": [""]})
REFUSED = {
    "no-source": lambda city, streets, points: city.divide("cities", streets),
    "unknown-preset": lambda city, streets, points: city.divide("communities", streets, preset="best"),
    "metric-crs-needed": lambda city, streets, points: city.divide("communities", streets, crs="EPSG:4326"),
    "unreadable-time": lambda city, streets, points: city.divide("communities", streets, initial_date="soon"),
    "crs-needed": lambda city, streets, points: city.divide(BARE, streets),
    "unknown-column": lambda city, streets, points: city.locate("cells", points, x="lon"),
    "column-exists": lambda city, streets, points: city.locate(
        "cells", pa.table({"x": [1.0], "y": [1.0], "unit": [""]})
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_done_is_refused(ground, kind):
    with pytest.raises((InvalidInput, NotFound)) as refused:
        REFUSED[kind](stcloud.open(ground / "city"), ground / "streets.gpkg", ground / "points.csv")
    assert refused.value.kind == kind
