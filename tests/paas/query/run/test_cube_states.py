"""Cubes of features: at the start of each bin what the question as of this instant answers; unknown before the layer.

The city is 13 hours ahead of UTC in summer; its clock is set back on 7 April 2024, so 02:00 comes twice. The trees
change between snapshots, and so do the areas that they stand in.
"""

import itertools

import geopandas
import numpy as np
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, StcloudError, Unsupported
from stcloud.paas.query.run.cubing import CubeShape, cubed

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
WEST, SOUTH = 1_750_000.0, 5_430_000.0
SNAPSHOTS = ("2024-01-10", "2024-02-01", "2024-03-15T08:30", "2024-04-07T02:30+12:00", "2024-06-01")
LAYER = """
id = "NAME"
kind = "feature"
key = ["name"]
[space]
column = "geometry"
encoding = "wkb"
crs = "EPSG:2193"
[columns]
name = {}
"""
TREES = LAYER + 'height = {type = "number"}\nage = {type = "integer"}\nsort = {}\n'
AREAS = LAYER + 'people = {type = "integer"}\n'


def trees(seed):
    """Some of a hundred trees; each time others are missing, and some have moved or grown."""
    chance = np.random.default_rng(seed)
    kept = np.sort(chance.choice(100, 70 + seed, replace=False))
    x, y = np.random.default_rng(9).uniform(0, 1500, (2, 100)) + chance.uniform(0, 1, (2, 100)).round() * 300
    return geopandas.GeoDataFrame(
        {
            "name": kept.astype(str), "height": chance.integers(1, 9, len(kept)) / 10,
            "age": chance.integers(0, 40, len(kept)), "sort": chance.choice(["oak", "elm"], len(kept)),
        },
        geometry=shapely.points(WEST + x[kept], SOUTH + y[kept]), crs=CRS,
    )  # fmt: skip


def areas(seed):
    """Three strips whose edges and inhabitants move; the last one is there from the second snapshot on."""
    edges = [-100.0, 500.0 + 100 * seed, 1000.0, 2000.0]
    boxes = [
        shapely.box(WEST + low, SOUTH - 100, WEST + high, SOUTH + 2000)
        for low, high in itertools.pairwise(edges)
    ]
    people = [1000 * (seed + 1), 2000, 500]
    frame = geopandas.GeoDataFrame({"name": ["a", "b", "c"], "people": people}, geometry=boxes, crs=CRS)
    return frame if seed else frame.iloc[:2]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("states")
    with stcloud.create(folder / "town", crs=CRS, zone=ZONE) as opened:
        for seed, at in enumerate(SNAPSHOTS):
            for name, make, text in (("trees", trees, TREES), ("areas", areas, AREAS)):
                make(seed).to_file(folder / f"{name}{seed}.gpkg")
                definition = stcloud.Definition.from_toml(text.replace("NAME", name), name=name)
                opened.load(name, folder / f"{name}{seed}.gpkg", definition=definition, valid_from=at)
        yield opened


def cube_of(query, cell="1km", every="1M", **more):
    return cubed(query.inquiry(), CubeShape(cell, every, **more))


def rows_of(cube, step):
    """Return what a known bin has: measures by cell and classes, those with a count."""
    table = cube.to_arrow().to_pylist()
    names = [cube.cells.noun, *(axis.name for axis in cube.classes)]
    return {
        tuple(row[name] for name in names): tuple(row[name] for name in cube.measures)
        for row in table
        if row["time"] == cube.labels[step]
    }


def expected(query, cube, step, measures, by):
    at = np.datetime64(int(cube.edges_us[step]), "us")
    answer = query.as_of(f"{at}Z").measure(*measures, by=list(by)).to_arrow().to_pylist()
    names = list(cube.measures)
    places = {
        tuple(row[name] for name in row if name not in names): tuple(row[name] for name in names)
        for row in answer
    }
    return {key: values for key, values in places.items() if key[0] is not None}


ADDED = ("count", "sum(height)", "sum(age)", "mean(age)")
OTHERS = ("count", "max(height)", "median(age)", "distinct(sort)", "per_km2")


@pytest.mark.parametrize("measures", [ADDED, OTHERS, (*ADDED, *OTHERS[1:])])
@pytest.mark.parametrize(("cell", "by"), [("1km", ()), ("500m", ("sort",)), ("in:areas", ())])
@pytest.mark.parametrize(("when", "every"), [("2024-01-05/2024-07", "7D"), ("2024-04-07", "1h")])
def test_each_bin_is_the_question_as_of_its_start(city, measures, cell, by, when, every):
    """Law: a bin of a cube of features is the answer of the question as of the start of the bin."""
    query = city.query("trees")
    cube = cube_of(query.when(when), cell, every, by=by, measures=measures)
    assert cube.of_instants
    group = f"cell:{cell}" if cell[0].isdigit() else cell
    steps = np.flatnonzero(cube.known.any(axis=1))
    assert len(steps) >= 6
    for step in steps[:: len(steps) // 6]:
        wanted = expected(query, cube, step, measures, (group, *by))
        got = rows_of(cube, step)
        assert got.keys() == wanted.keys()
        for key, values in wanted.items():
            assert got[key] == pytest.approx(values, rel=1e-9, nan_ok=True)


def test_inhabitants_are_those_of_the_bin(city):
    query = city.query("trees")
    cube = cube_of(
        query.when("2024-01/2024-07"), "in:areas", "1M", measures=("count", "per_1000(areas.people)")
    )
    for step in np.flatnonzero(cube.known.any(axis=1)):
        wanted = expected(query, cube, step, ("count", "per_1000(areas.people)"), ("in:areas",))
        got = rows_of(cube, step)
        assert got.keys() == wanted.keys()
        assert all(got[key] == pytest.approx(wanted[key]) for key in wanted)


def test_before_the_first_day_and_before_a_cell_nothing_is_known(city):
    cube = cube_of(city.query("trees").when("2024-01-08/2024-03"), "in:areas", "1D")
    names = cube.cells.names.to_pylist()
    first = {name: cube.labels[int(np.argmax(cube.known[:, at]))] for at, name in enumerate(names)}
    assert first == {"a": "2024-01-10", "b": "2024-01-10", "c": "2024-02-01"}
    assert not cube.known[:2].any()


def test_after_the_last_load_nothing_is_known(city):
    cube = cube_of(city.query("trees").when("2024/2400"), "1km", "1Y")
    last = cube.known_us[1]
    assert (
        cube.known.all(axis=1) == ((cube.edges_us[:-1] <= last) & (np.arange(len(cube.labels)) > 0))
    ).all()
    assert not cube.known[-1].any()


def test_without_a_time_all_that_is_known_is_in_the_cube(city):
    cube = cube_of(city.query("trees"), "1km", "1M")
    assert cube.labels[0] == "2024-02"
    assert cube.known.all()


def test_what_was_known_earlier_makes_another_cube(city):
    query = city.query("trees")
    second = f"{np.datetime64(query.subject.layer.loads[1].recorded_at_us, 'us')}Z"
    early = cube_of(query.known_at(second).when("2024-02/2024-07"), "1km", "1M")
    for step in range(5):
        wanted = expected(query.known_at(second), early, step, ("count",), ("cell:1km",))
        assert rows_of(early, step) == wanted
    assert (early.dense()[0] == early.dense()[4]).all()
    assert early.known_us[1] == query.subject.layer.loads[1].recorded_at_us


def test_features_in_an_area_that_changes_are_those_in_it_then(city):
    query = city.query("trees").where("areas:a")
    cube = cube_of(query.when("2024-02/2024-07"), "1km", "1M")
    for step in range(len(cube.labels)):
        assert rows_of(cube, step) == expected(query, cube, step, ("count",), ("cell:1km",))


def test_a_bin_that_the_time_begins_inside_of_is_partial(city):
    query = city.query("trees").when("2024-02-10/2024-05-20")
    assert cube_of(query).labels == ("2024-03", "2024-04", "2024-05")
    flagged = cube_of(query, partial="flag")
    assert flagged.labels == ("2024-02", "2024-03", "2024-04", "2024-05")
    assert flagged.whole.tolist() == [False, True, True, True]


def test_cells_outside_are_left_over(city):
    box = shapely.box(WEST, SOUTH, WEST + 10, SOUTH + 10)
    query = city.query("trees").when("2024-02/2024-05")
    cube = cube_of(query, extent=box)
    total = sum(
        query_at["count"]
        for step in range(3)
        for query_at in city.query("trees").as_of(f"2024-0{step + 2}-01").count().to_arrow().to_pylist()
    )
    assert int(cube.dense().sum()) + sum(cube.leftovers.values()) == total
    assert cube.leftovers["outside"] > 0


@pytest.mark.parametrize(
    ("query", "cell", "kind"),
    [
        (lambda q: q.as_of("2024-02-01"), "1km", "which-time"),
        (lambda q: q.when("2024", relation="starts"), "1km", "which-time"),
        (lambda q: q.when("2024", "2026"), "1km", "several-spans"),
        (lambda q: q.when("2024"), "unit", "events-only"),
        (lambda q: q.when("2024"), "sort", "no-cells"),
    ],
)
def test_what_is_no_cube_of_features_is_refused(city, query, cell, kind):
    with pytest.raises((InvalidInput, Unsupported)) as caught:
        cube_of(query(city.query("trees")), cell)
    assert caught.value.kind == kind


@pytest.mark.parametrize("cell", ["1km", "in:areas"])
@pytest.mark.parametrize("measure", ["count", "max(height)"])
def test_of_nothing_a_cube_has_nothing(city, cell, measure):
    query = city.query("trees").what("height > 99").when("2024-02/2024-05")
    cube = cube_of(query, cell, measures=(measure,), extent=None)
    assert len(cube.at) == 0
    assert len(cube.cells) == (0 if cell == "1km" else 3)
    box = shapely.box(WEST, SOUTH, WEST + 10, SOUTH + 10)
    assert cube_of(query, "1km", extent=box).dense().tolist() == [[0]] * 3


def test_a_layer_without_rows_has_no_cube(city):
    with pytest.raises(StcloudError) as caught:
        cube_of(city.query("trees").known_at("2001-01-01"))
    assert caught.value.kind == "no-events"
