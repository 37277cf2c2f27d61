"""Cells of cubes that are units of a grid, areas, or of a lattice: each bin is the question by the cell and its step.

The grid changes at New Year 2021 of a city that is 13 hours ahead of UTC: two cells become one, and a code is gone.
"""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.grid.crosswalk import crosswalk_versions
from stcloud.paas.query.run.cubing import CubeShape, cubed
from stcloud.testing.cases import AREAS, CRS, EVENTS, GRID, events
from stcloud.testing.town import quads

ZONE = "Pacific/Auckland"
SIZES = AREAS + 'people = {type = "integer"}\n'


def cells_in(year):
    """The cells of a year; in 2021 the first two are one."""
    shapes, codes = quads(34, 2)
    frame = geopandas.GeoDataFrame({"gridCode": codes.astype(str)}, geometry=shapes, crs=CRS)
    if year == 2021:
        frame.loc[0, "geometry"] = shapely.union_all(shapes[:2])
        frame = frame.drop(index=1)
    return frame


def areas_in(year):
    """Two areas; in 2021 the first one is wider and has more inhabitants."""
    west, south, east, north = shapely.total_bounds(quads(34, 2)[0])
    edge = west + (600 if year == 2020 else 900)
    boxes = [shapely.box(west, south, edge, north), shapely.box(edge, south, east, north)]
    people = [1500 if year == 2020 else 2500, 800]
    return geopandas.GeoDataFrame({"name": ["a", "b"], "people": people}, geometry=boxes, crs=CRS)


def patrols_in(year):
    """Who has which cell: in 2021 A and B have changed places."""
    codes = cells_in(2020)["gridCode"]
    names = ("A", "B") if year == 2020 else ("B", "A")
    return pd.DataFrame({"duty": [names[row % 2] for row in range(len(codes))], "unit": codes})


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    cases = events(900, 5, shapely.total_bounds(quads(34, 2)[0]))
    with stcloud.create(folder / "auckland", crs=CRS, zone=ZONE) as opened:
        for year in (2020, 2021):
            for name, frame, text in (("cells", cells_in(year), GRID), ("areas", areas_in(year), SIZES)):
                path = folder / f"{name}_{year}.gpkg"
                frame.to_file(path)
                definition = stcloud.Definition.from_toml(text, name=name)
                opened.load(name, path, definition=definition, valid_from=f"{year}-01-01")
            patrols_in(year).to_csv(folder / f"patrols_{year}.csv", index=False)
            path = folder / f"patrols_{year}.csv"
            opened.load("patrols", path, definition="duty-grids", valid_from=f"{year}-01-01")
        for part in (cases[:600], cases[600:]):
            part.to_csv(folder / f"cases{len(part)}.csv", index=False)
            definition = stcloud.Definition.from_toml(EVENTS, name="cases")
            opened.load("cases", folder / f"cases{len(part)}.csv", definition=definition)
        opened.index("cases", "cells")
        yield opened


def cube_of(query, cell, every="1M", **more):
    return cubed(query.inquiry(), CubeShape(cell, every, **more))


def bins_of(cube, name="count"):
    """Return what known bins have, by label and cell, where they have something."""
    dense, names = cube.dense(name), cube.cells.names.to_pylist()
    return {
        (cube.labels[step], names[cell]): dense[step, cell].item()
        for step, cell in zip(*np.nonzero(cube.known), strict=True)
        if dense[step, cell]
    }


def answered(query, cell, every="month", measure="count"):
    rows = (
        query.measure(measure, by=[every, f"cell:{cell}" if cell[0].isdigit() else cell])
        .to_arrow()
        .to_pylist()
    )
    step, group, *_ = rows[0]
    return {(row[step], row[group]): list(row.values())[2] for row in rows if row[group] is not None}


@pytest.mark.costly
@pytest.mark.parametrize("cell", ["unit", "community", "street", "district", "duty:patrols", "in:areas"])
def test_known_bins_are_the_question_by_cell_and_month(city, cell):
    query = city.query("cases").when("2020/2022")
    cube = cube_of(query, cell)
    assert bins_of(cube) == answered(query, cell)
    (total,) = query.count().to_arrow()["count"].to_pylist()
    assert int(cube.dense()[cube.known].sum()) + sum(cube.leftovers.values()) == total
    assert cube.leftovers["unplaced"] > 0


def test_a_cell_is_unknown_after_its_end_and_zero_while_it_had_nothing(city):
    cube = cube_of(city.query("cases").when("2020/2022"), "unit")
    codes = cells_in(2020)["gridCode"].tolist()
    gone, grown, *_ = (cube.cells.names.to_pylist().index(code) for code in (codes[1], codes[0]))
    assert cube.known[:, gone].tolist() == [True] * 12 + [False] * 12
    assert cube.known[:, grown].all()
    assert (cube.dense()[cube.known] == 0).any()


def test_what_is_in_a_bin_that_a_cell_was_not_there_all_of_is_left_over_as_unknown(city):
    query = city.query("cases").when("2019-10/2021-10")
    cube = cube_of(query, "unit", "28D")
    (total,) = query.count().to_arrow()["count"].to_pylist()
    assert cube.leftovers["unknown"] > 0
    assert int(cube.dense()[cube.known].sum()) + sum(cube.leftovers.values()) == total


@pytest.mark.parametrize("at", ["2020-06-01", "2021-06-01"])
@pytest.mark.parametrize("cell", ["unit", "community"])
def test_on_one_version_of_the_grid_each_cell_is_always_known(city, at, cell):
    query = city.query("cases").when("2020/2022").restated(at)
    cube = cube_of(query, cell)
    assert cube.known.all()
    assert bins_of(cube) == answered(query, cell)
    if cell == "unit":
        assert cube.cells.names.to_pylist() == sorted(cells_in(int(at[:4]))["gridCode"])


@pytest.mark.parametrize("cell", ["unit", "community", "in:areas", "1km"])
def test_rates_by_area_are_those_of_the_bin(city, cell):
    query = city.query("cases").when("2020/2022")
    cube = cube_of(query, cell, measures=("per_km2",))
    for step in (0, 11, 12, 23):
        when = city.query("cases").when(cube.labels[step])
        wanted = {
            key: value for key, value in answered(when, cell, measure="per_km2").items() if value is not None
        }
        got = {key: value for key, value in bins_of(cube, "per_km2").items() if key[0] == cube.labels[step]}
        assert got == pytest.approx(wanted)


def test_rates_by_inhabitants_are_those_of_the_bin(city):
    query = city.query("cases").when("2020/2022")
    cube = cube_of(query, "in:areas", "1Y", measures=("count", "r = per_1000(areas.people)"))
    counts, rates = bins_of(cube), bins_of(cube, "r")
    people = {("2020", "a"): 1500, ("2020", "b"): 800, ("2021", "a"): 2500, ("2021", "b"): 800}
    assert rates == pytest.approx({key: counts[key] * 1000 / people[key] for key in counts})


@pytest.mark.parametrize(
    ("small", "large"),
    [("100m", "1km"), ("100m", "500m"), ("250m", "1km"), ("250m", "500m"), ("10m", "250m"), ("unit", "community"),
     ("unit", "street"), ("community", "district")],
)  # fmt: skip
def test_larger_cells_are_those_of_another_cube_of_the_question(city, small, large):
    query = city.query("cases").when("2020/2022")
    rolled, direct = cube_of(query, small).roll_up(cell=large), cube_of(query, large)
    (total,) = query.count().to_arrow()["count"].to_pylist()
    assert int(rolled.dense()[rolled.known].sum()) + sum(rolled.leftovers.values()) == total
    assert rolled.cells.noun == direct.cells.noun
    assert rolled.cells.names.equals(direct.cells.names)
    np.testing.assert_allclose(rolled.cells.area_m2, direct.cells.area_m2)
    assert (rolled.known <= direct.known).all()
    assert (rolled.dense()[rolled.known] == direct.dense()[rolled.known]).all()
    assert (rolled.known == direct.known).all()


@pytest.mark.parametrize(
    ("own", "other"), [("100m", "unit"), ("unit", "1km"), ("unit", "in:areas"), ("250m", "in:areas")]
)
def test_cells_are_shared_out_by_area(city, own, other):
    """Each step is what the crosswalk of the two makes of it, and nothing is lost."""
    query = city.query("cases").when("2021").restated("2021-06-01")
    cube = cube_of(query, own, "1Q", measures=("count",))
    shared = cube.roll_up(cell=other, by_area=True)
    mine, theirs = cube.cells, shared.cells
    table = crosswalk_versions(
        mine.shapes(), mine.names.to_pylist(), theirs.shapes(), theirs.names.to_pylist()
    )
    counted, total = 0.0, 0
    for step in range(4):
        wanted = table.restate(cube.dense()[step], to="right")
        known = shared.known[step]
        np.testing.assert_allclose(shared.dense()[step][known], wanted.values[known], atol=1e-9)
        counted += wanted.outside
        total += cube.dense()[step].sum()
    assert shared.leftovers["outside"] == pytest.approx(cube.leftovers["outside"] + counted)
    lost = sum(shared.leftovers[reason] - cube.leftovers[reason] for reason in ("outside", "unknown"))
    assert shared.dense()[shared.known].sum() + lost == pytest.approx(total)
    inside = shapely.union_all(mine.shapes()).buffer(0.001)
    covered = shapely.covers(inside, theirs.shapes())
    assert (shared.known == covered).all()
    assert covered.any() or other == "1km"


def test_cells_that_change_are_not_shared_out(city):
    cube = cube_of(city.query("cases").when("2020/2022"), "unit", "1Y")
    with pytest.raises(InvalidInput) as caught:
        cube.roll_up(cell="1km", by_area=True)
    assert caught.value.kind == "cells-change"


def test_longer_steps_are_those_of_another_cube_of_the_question(city):
    query = city.query("cases").when("2020/2022")
    for every in ("1M", "1Q", "1Y"):
        rolled, direct = cube_of(query, "unit", "1D").roll_up(every=every), cube_of(query, "unit", every)
        assert (rolled.labels, rolled.edges_us.tolist()) == (direct.labels, direct.edges_us.tolist())
        assert (rolled.known == direct.known).all()
        assert bins_of(rolled) == bins_of(direct)


@pytest.mark.parametrize(
    ("small", "large"), [("1km", "100m"), ("500m", "250m"), ("unit", "in:areas"), ("unit", "1km")]
)
def test_cells_that_do_not_nest_are_refused(city, small, large):
    cube = cube_of(city.query("cases").when("2020"), small, "1Y")
    with pytest.raises(InvalidInput) as caught:
        cube.roll_up(cell=large)
    assert caught.value.kind == "not-nested"


def test_a_mean_does_not_roll_up(city):
    cube = cube_of(city.query("cases").when("2020"), "unit", "1Q", measures=("count", "per_km2"))
    with pytest.raises(Unsupported) as caught:
        cube.roll_up(cell="street")
    assert caught.value.kind == "not-additive"


def test_what_was_known_earlier_lies_beside_what_is_known_now(city):
    query = city.query("cases").when("2020")
    first = query.subject.layer.loads[0].recorded_at_us
    early = query.known_at(f"{np.datetime64(first, 'us')}Z")
    change = cube_of(query, "unit").difference(cube_of(early, "unit"))
    now, then = bins_of(cube_of(query, "unit")), bins_of(cube_of(early, "unit"))
    assert bins_of(change) == now
    assert bins_of(change, "count_before") == then
    assert sum(bins_of(change, "count_change").values()) == sum(now.values()) - sum(then.values()) > 0


def test_years_lie_beside_each_other_and_what_is_unknown_in_one_is_unknown(city):
    change = cube_of(city.query("cases").when("2021"), "unit").difference(
        cube_of(city.query("cases").when("2020"), "unit")
    )
    assert change.labels[0] == "2021-01"
    codes = cells_in(2020)["gridCode"].tolist()
    known = dict(zip(change.cells.names.to_pylist(), change.known.all(axis=0).tolist(), strict=True))
    assert codes[0] not in known or not known[codes[0]]
    assert not known.get(codes[1], False)
    assert all(known[code] for code in codes[2:])


def test_two_versions_of_the_grid_have_the_cells_in_common_that_did_not_change(city):
    query = city.query("cases").when("2020/2022")
    cubes = [cube_of(query.restated(at), "unit", "1Y") for at in ("2021-06-01", "2020-06-01")]
    change = cubes[0].difference(cubes[1])
    assert change.cells.names.to_pylist() == sorted(cells_in(2020)["gridCode"][2:])
    assert not change.dense("count_change").any()


def test_what_came_later_does_not_change_what_is_known_at_a_pin(city, tmp_path):
    """A load of older events moves the first day of the layer, and of no cube that was pinned before it."""
    pinned = city.query("cases").when("2019-06/2020-06").known_at(city.query("cases").count().pin)
    before = cube_of(pinned, "1km")
    old = pd.DataFrame({"id": ["old"], "at": ["2019-06-15T08:00+12:00"], "x": [0.0], "y": [0.0]})
    old[["x", "y"]] = shapely.get_coordinates(quads(34, 2)[0][5].centroid).round(1)
    old.to_csv(tmp_path / "old.csv", index=False)
    load = city.load(
        "cases", tmp_path / "old.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases")
    )
    again = city.query("cases").when("2019-06/2020-06")
    after = cube_of(again.known_at(pinned.known), "1km")
    assert (after.known == before.known).all()
    assert not before.known[0].any()
    assert cube_of(again, "1km").known[0].all()
    city.undo("cases", load.load)
    assert (cube_of(city.query("cases").when("2019-06/2020-06"), "1km").known == before.known).all()
