"""Groups with a place have its geometry in every format, as plain GeoPandas unites it from the source files.

The grid, the areas and the duty grids change at New Year 2021 of a city that is 13 hours ahead of UTC.
"""

import geopandas
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely

import stcloud
from stcloud.errors import Unsupported
from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.output import print_answer
from stcloud.saas.cli.target import Target
from stcloud.testing.cases import CRS, EVENTS, GRID, events
from stcloud.testing.town import quads

mpl.use("Agg")
ZONE = "Pacific/Auckland"
YEARS = (2020, 2021)
CASES = EVENTS + '[columns]\ndone = {type = "instant"}\n'
PLACED = ("unit", "community", "street", "district", "duty:patrols", "in:areas", "in:areas.zone")
FORMATS = {
    OutputFormat.GEOJSON: geopandas.read_file, OutputFormat.GPKG: geopandas.read_file,
    OutputFormat.FGB: geopandas.read_file, OutputFormat.PARQUET: geopandas.read_parquet,
}  # fmt: skip


def cells_in(year):
    """The cells of a year; in 2021 the first two are one, and their second code is not used any more."""
    shapes, codes = quads(34, 2)
    frame = geopandas.GeoDataFrame({"gridCode": codes.astype(str)}, geometry=shapes, crs=CRS)
    if year == 2021:
        frame.loc[0, "geometry"] = shapely.union_all(shapes[:2])
        frame = frame.drop(index=1)
    return frame


def areas_in(year):
    """Three areas of two zones; in 2021 the middle one is wider, and the last one is gone."""
    west, south, east, north = shapely.total_bounds(quads(34, 2)[0])
    edge = west + (600 if year == 2020 else 900)
    boxes = [shapely.box(west, south, edge, north), shapely.box(edge, south, east - 500, north)]
    frame = geopandas.GeoDataFrame({"name": ["a", "b"], "zone": ["x", "x"]}, geometry=boxes, crs=CRS)
    last = geopandas.GeoDataFrame(
        {"name": ["c"], "zone": ["y"]}, geometry=[shapely.box(east - 500, south, east, north)], crs=CRS
    )
    return pd.concat([frame, last], ignore_index=True) if year == 2020 else frame


def patrols_in(year):
    """Who has which cell: in 2021 A and B have changed places."""
    codes = cells_in(2020)["gridCode"]
    names = ("A", "B") if year == 2020 else ("B", "A")
    return pd.DataFrame({"duty": [names[row % 2] for row in range(len(codes))], "unit": codes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("placing")


@pytest.fixture(scope="module")
def city(folder):
    areas = GRID.replace("cells", "areas").replace("gridCode", "name").replace("[grid]\n", "") + "zone = {}\n"
    cases = events(600, 5, shapely.total_bounds(quads(34, 2)[0])).assign(done="2023-01-01T00:00")
    cases.to_csv(folder / "cases.csv", index=False)
    with stcloud.create(folder / "auckland", crs=CRS, zone=ZONE) as city:
        for year in YEARS:
            for name, frame, text in (("cells", cells_in(year), GRID), ("areas", areas_in(year), areas)):
                frame.to_file(folder / f"{name}_{year}.gpkg")
                definition = stcloud.Definition.from_toml(text, name=name)
                city.load(
                    name, folder / f"{name}_{year}.gpkg", definition=definition, valid_from=f"{year}-01-01"
                )
            patrols_in(year).to_csv(folder / f"patrols_{year}.csv", index=False)
            city.load(
                "patrols", folder / f"patrols_{year}.csv", definition="duty-grids", valid_from=f"{year}-01-01"
            )
        city.load("cases", folder / "cases.csv", definition=stcloud.Definition.from_toml(CASES, name="cases"))
        city.index("cases", "cells")
        yield city


def pieces_in(year, by):
    """Oracle: the pieces of the groups in a year, by name."""
    if by.startswith("in:"):
        return areas_in(year).rename(columns={by.partition(".")[2] or "name": "group"})[["group", "geometry"]]
    cells = cells_in(year)
    if by == "duty:patrols":
        merged = cells.merge(patrols_in(year), left_on="gridCode", right_on="unit")
        return merged.rename(columns={"duty": "group"})[["group", "geometry"]]
    length = {"unit": 15, "community": 12, "street": 9, "district": 6}[by]
    return cells.assign(group=cells["gridCode"].str[:length])[["group", "geometry"]]


def expected(year, by):
    """Oracle: one geometry for each group; what is gone in a year is as it was in the year before."""
    now = pieces_in(year, by).dissolve("group").geometry
    then = pieces_in(2020, by).dissolve("group").geometry
    return pd.concat([now, then[~then.index.isin(now.index)]])


def same(frame, wanted, tolerance_m2=0.0):
    """Tell whether each row's geometry is that of its group."""
    frame = frame.to_crs(CRS)
    column = frame.columns[0]
    for name, shape in zip(frame[column], frame.geometry, strict=True):
        if name is None or pd.isna(name):
            assert shape is None
            continue
        assert shape.symmetric_difference(wanted[name]).area <= tolerance_m2, name
    return len(frame)


@pytest.mark.parametrize("by", PLACED)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_the_places_of_the_groups(city, tmp_path, by, form):
    answer = city.query("cases").when("2020/2022").count(by=[by])
    path = tmp_path / f"groups.{form}"
    print_answer(answer, Target(form, path))
    frame = FORMATS[form](path)
    tolerance = 1.0 if form is OutputFormat.GEOJSON else 1e-6
    assert same(frame, expected(2021, by), tolerance) == len(answer)
    assert frame["count"].sum() == sum(answer.table["count"].to_pylist())


@pytest.mark.parametrize("by", PLACED)
@pytest.mark.parametrize("year", YEARS)
def test_the_places_are_those_of_the_last_instant_of_the_question(city, by, year):
    frame = city.query("cases").when(str(year)).count(by=[by]).to_geopandas()
    assert same(frame, expected(year, by), 1e-6) == len(frame) > 0
    before = expected(2020, by)
    if year == 2021 and by in ("unit", "duty:patrols", "in:areas"):  # the test can tell the years apart
        changed = [
            name for name, shape in zip(frame.iloc[:, 0], frame.geometry, strict=True)
            if shape is not None and not shape.equals(before[name])
        ]  # fmt: skip
        assert changed


@pytest.mark.parametrize("by", PLACED)
def test_a_pinned_answer_has_the_places_that_were_known(city, by):
    known = city.layer("patrols").loads[0].recorded_at_us  # before anything of 2021 was loaded
    frame = city.query("cases").when("2021").known_at(known).count(by=[by]).to_geopandas()
    assert not len(frame)  # no event was known then
    pin = city.query("cases").when("2020/2022").count(by=[by]).pin
    old = stcloud.paas.query.Pin.of({**dict(pin.layers), **{
        name: known for name, _ in pin.layers if name != "cases"
    }}, dict(pin.rules))  # fmt: skip
    frame = city.query("cases").when("2020/2022").known_at(old).count(by=[by]).to_geopandas()
    assert same(frame, expected(2020, by), 1e-6) == len(frame) > 0


def test_a_fixed_grid_and_the_instant_of_rates_decide(city):
    fixed = city.query("cases").when("2021").restated("2020-06-01").count(by=["unit"])
    assert same(fixed.to_geopandas(), expected(2020, "unit"), 1e-6) > 60
    rated = (
        city.query("cases").when("2021").measure("count", "per_km2", by=["in:areas"], rated_at="2020-06-01")
    )
    frame = rated.to_geopandas()
    assert same(frame, expected(2020, "in:areas"), 1e-6) > 0
    placed = frame[frame.geometry.notna()]
    np.testing.assert_allclose(placed["per_km2"] * placed.area / 1e6, placed["count"])


def test_cells_of_the_lattice_and_features_have_theirs(city):
    counted = city.query("cases").count(by=["cell:100m"])
    frame = counted.to_geopandas()
    assert set(frame[frame.geometry.notna()].area.round()) == {10_000}
    features = city.query("areas").as_of("2021-06-01").rows().to_geopandas()
    assert same(features[["name", "geometry"]], expected(2021, "in:areas")) == 2
    of_features = city.query("areas").as_of("2020-06-01").count(by=["in:areas"]).to_geopandas()
    assert same(of_features, expected(2020, "in:areas"), 1e-6) == 3


def test_the_first_group_with_a_place_counts_and_a_comparison_has_places(city):
    answer = city.query("cases").when("2021").measure(by=["week", "community", "unit"], compare="year")
    assert answer.shape_column == "community"
    assert same(answer.to_geopandas()[["community", "geometry"]], expected(2021, "community"), 1e-6)
    assert city.query("cases").count(by=["week"]).shape_column is None
    with pytest.raises(Unsupported, match="no place in it"):
        city.query("cases").count(by=["week"]).geometry()


def test_a_timeline_by_units_has_places(city):
    answer = city.query("cases").timeline(by=["community"], during="2020-01", end="done")
    assert same(answer.to_geopandas(), expected(2021, "community"), 1e-6) > 0


def test_counting_reads_no_geometry_before_it_is_needed(city, monkeypatch):
    def refuse(*_):
        raise AssertionError("geometry was read")

    with monkeypatch.context() as patched:
        patched.setattr("stcloud.paas.grid.grid.UnitGrid.versions", refuse)
        answer = city.query("cases").when("2021").count(by=["unit"])
        assert len(answer) > 60
        with pytest.raises(AssertionError):
            answer.geometry()
    assert len(answer.geometry()) == len(answer)


@pytest.mark.parametrize("by", PLACED)
def test_a_map_shades_the_places(city, by):
    axes = city.query("cases").when("2021").count(by=[by]).plot()
    assert len(axes.collections[0].get_paths()) > 0
    mpl.pyplot.close(axes.figure)


def community_at(point, cells, length=12):
    """Oracle: the community of the cell that contains a point."""
    codes = cells["gridCode"][cells.geometry.contains(point)]
    return None if codes.empty else codes.iloc[0][:length]


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("by", ["cell:100m", "cell:250m"])
def test_cells_know_the_community_of_their_centre_as_the_grid_was_then(city, year, by):
    answer = city.query("cases").when(str(year)).count(by=[by, "done"])
    centres = answer.to_geopandas().geometry.dropna().centroid
    communities = answer.communities(centres.x.to_numpy(), centres.y.to_numpy()).to_pylist()
    assert communities == [community_at(point, cells_in(year)) for point in centres]
    assert len({*communities} - {None}) == 2


@pytest.mark.parametrize("known", [None, 0])
def test_the_cells_near_points_hold_them_as_all_cells_do(city, known):
    grid = city.grid("cells")
    at = None if known is None else city.layer("cells").loads[known].recorded_at_us
    corners = shapely.get_coordinates(
        cells_in(2020).geometry.to_numpy()
    )  # edges and corners, shared and outer
    middles = (corners[:-1] + corners[1:]) / 2
    x, y = np.concatenate([corners, middles, np.add(corners, [13, -7]), [[0, 0]]]).T
    near, units = grid.units_near(x, y, at), grid.units(at)
    for instant in city.layer("cases").span_us:
        codes = [part.code_of(part.locate(x, y, instant)).to_pylist() for part in (near, units)]
        assert codes[0] == codes[1]
    assert len(grid.units_near(x[:1], y[:1], at).codes) < len(units.codes)


def test_communities_are_of_the_grid_that_the_pin_knows(city):
    known = city.layer("cells").loads[0].recorded_at_us
    answer = city.query("cases").known_at(city.query("cases").count().pin).count(by="cell:100m")
    assert answer.communities is not None
    first = city.query("cases").known_at(known).when("2021").count(by="cell:100m")
    assert first.communities.args[1] == known


@pytest.mark.parametrize("by", [["unit"], ["cell:1km", "community"], ["week"], ["in:areas"]])
def test_other_groups_have_no_communities_of_cells(city, by):
    assert city.query("cases").count(by=by).communities is None


def test_a_table_has_the_community_beside_a_cell_and_a_file_has_not(run, folder, city, tmp_path):
    words = (
        "query",
        folder / "auckland",
        "cases",
        "--when",
        "2021",
        "--by",
        "cell:100m",
        "--order",
        "-count",
    )
    (head, *lines) = run(*words, "--limit", "3").out.splitlines()
    assert head.split() == ["cell_100m", "lon", "lat", "community", "count"]
    answer = city.query("cases").when("2021").count(by="cell:100m").to_geopandas().set_index("cell_100m")
    for line in lines:
        cell, _, _, *community, count = line.split()
        centre = answer.geometry[int(cell)].centroid
        assert ([*community, None])[0] == community_at(centre, cells_in(2021))
        assert int(count) == answer["count"][int(cell)]
    assert run(*words, "-o", tmp_path / "a.csv").code == 0
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == "cell_100m,count"
