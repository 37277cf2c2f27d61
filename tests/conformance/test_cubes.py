"""Cubes are the same from every engine: of events by bins, cells and classes, and of features at starts of bins."""

import numpy as np
import pytest

import stcloud
from stcloud.paas.query.run.cubing import CubeShape, cubed
from tests.paas.query.run.test_cube_states import AREAS, SNAPSHOTS, TREES, areas, trees
from tests.paas.query.run.test_cubing import CRS, ZONE, rows

SHAPES = [
    (
        "calls",
        "2024-02-10/2024-11-20",
        CubeShape("500m", "7D", measures=("count", "sum(cost)", "mean(cost)")),
    ),
    ("calls", "2024-03-20/2024-04-20", CubeShape("1km", "1h", by=("subject",))),
    ("calls", "2024", CubeShape("in:areas", "1M", measures=("per_km2", "p90(cost)"), partial="keep")),
    ("trees", "2024-01-05/2024-07", CubeShape("1km", "1W", by=("sort",), measures=("count", "mean(height)"))),
    (
        "trees",
        "2024-01-05/2024-07",
        CubeShape("in:areas", "1M", measures=("max(height)", "per_1000(areas.people)")),
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cubes")
    with stcloud.create(folder / "town", crs=CRS, zone=ZONE) as city:
        city.load("calls", rows(), key="id", time="at", x="x", y="y", crs=CRS)
        for seed, at in enumerate(SNAPSHOTS[:3]):
            for name, make, text in (("trees", trees, TREES), ("areas", areas, AREAS)):
                make(seed).to_file(folder / f"{name}{seed}.gpkg")
                definition = stcloud.Definition.from_toml(text.replace("NAME", name), name=name)
                city.load(name, folder / f"{name}{seed}.gpkg", definition=definition, valid_from=at)
    return folder / "town"


@pytest.mark.parametrize(("layer", "when", "shape"), SHAPES)
@pytest.mark.parametrize("other", ["sail", "duckdb_by_sql"])
def test_every_engine_gives_the_same_cube(folder, layer, when, shape, other, request):
    cubes = []
    for engine in (None, request.getfixturevalue(other)):
        with stcloud.open(folder, engine=engine) if engine else stcloud.open(folder) as city:
            cubes.append(cubed(city.query(layer).when(when).inquiry(), shape))
    mine, theirs = cubes
    assert len(mine.at) > 0
    assert (mine.labels, mine.leftovers, mine.known_us) == (theirs.labels, theirs.leftovers, theirs.known_us)
    assert mine.cells.names.equals(theirs.cells.names)
    assert [axis.values.to_pylist() for axis in mine.classes] == [
        axis.values.to_pylist() for axis in theirs.classes
    ]
    np.testing.assert_array_equal(mine.at, theirs.at)
    for name, measure in mine.measures.items():
        assert measure.values.dtype == theirs.measure(name).values.dtype
        np.testing.assert_allclose(measure.values, theirs.measure(name).values, rtol=1e-9)
