"""Events indexed on a unit grid: each lies in the cell that was there at its own time, whatever was loaded when."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import InvalidInput
from stcloud.paas.grid.index import affected
from stcloud.testing.cases import CRS, EVENTS, GRID, events, grid_of
from stcloud.testing.examples import examples
from stcloud.testing.town import quads

DAYS = ("2020-01-01", "2021-01-01", "2022-01-01")


def merged(shapes, codes, pairs):
    """Merge some neighbouring cells; the new cell has a new code, the old ones are gone."""
    kept, names = list(shapes), list(codes)
    for one, other in pairs:
        kept[one] = shapely.unary_union([kept[one], kept[other]])
        names[one] = names[one][:12] + f"{900 + one:03}"
        kept[other] = None
    there = [place for place, shape in enumerate(kept) if shape is not None]
    return [kept[place] for place in there], [names[place] for place in there]


def expected(rows, versions, at=None):
    """Oracle: plain shapely and dates, an event at a time."""
    found = []
    for row in rows.itertuples():
        time = pd.Timestamp(row.at if at is None else at)
        time = time.tz_localize("Asia/Shanghai") if time.tzinfo is None else time
        code = None
        for day, (shapes, codes) in versions.items():
            if time >= pd.Timestamp(day, tz="Asia/Shanghai"):
                inside = shapely.contains_xy(np.array(shapes), row.x, row.y)
                code = codes[int(np.flatnonzero(inside)[0])] if inside.any() else None
        found.append(code)
    return found


@given(st.lists(st.sampled_from(["grid0", "grid1", "grid2", "events0", "events1"]), min_size=2, max_size=4))
@settings(deadline=None, max_examples=examples(6), phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_an_event_lies_in_the_cell_of_its_own_time(tmp_path_factory, order):
    """Law: whatever was loaded when, an event's unit is the cell that was there at the event's own time."""
    folder = tmp_path_factory.mktemp("law")
    city = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    shapes, codes = quads(4, 4)
    two = merged(shapes, codes, [(0, 1), (5, 9)])
    three = merged(*two, [(3, 4)])
    states = dict(zip(DAYS, ((list(shapes), list(codes)), two, three), strict=True))
    definition = stcloud.Definition.from_toml(GRID, name="cells")
    cases = stcloud.Definition.from_toml(EVENTS, name="cases")
    bounds = shapely.total_bounds(shapes)
    loaded, versions = [], {}
    for step in [*order, "grid0", "events0", "events1"]:
        number = int(step[-1])
        if step.startswith("grid"):
            day = DAYS[number]
            versions[day] = states[day]
            file = folder / f"{day}.gpkg"
            grid_of(*states[day]).to_file(file)
            city.load("cells", file, definition=definition, valid_from=day)
        else:
            rows = events(40, number, bounds)
            rows.to_csv(folder / f"{step}.csv", index=False)
            city.load("cases", folder / f"{step}.csv", definition=cases)
            loaded.append(rows)
    city.index("cases")
    rows = pd.concat(loaded).drop_duplicates("id")
    versions = dict(sorted(versions.items()))
    found = city.query("cases").to_pandas().set_index("st_key")["st_unit"]
    wanted = expected(rows, versions)
    assert [None if pd.isna(found[key]) else found[key] for key in rows["id"]] == wanted
    _compare_counts(city, rows, wanted, versions)


def _compare_counts(city, rows, wanted, versions):
    counted = {row["unit"]: row["count"] for row in city.query("cases").count(["unit"]).to_records()}
    assert counted == Counter(wanted)
    some = next((code for code in wanted if code), None)
    if some is not None:
        assert len(city.query("cases").where(f"unit:{some}").rows()) == wanted.count(some)
        inside = sum(code is not None and code.startswith(some[:12]) for code in wanted)
        assert len(city.query("cases").where(f"unit:{some[:12]}").rows()) == inside
    again = expected(rows, versions, at="2021-06-01")
    restated = city.query("cases").restated("2021-06-01")
    counted = {row["unit"]: row["count"] for row in restated.count(["unit"]).to_records()}
    assert counted == Counter(again)
    assert "2021-06-01" in restated.facts()["units"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A city with a grid of two communities, and indexed events."""
    folder = tmp_path_factory.mktemp("model")
    shapes, codes = quads(4, 4)
    grid_of(shapes, codes).to_file(folder / "cells.gpkg")
    events(200, 1, shapely.total_bounds(shapes)).to_csv(folder / "cases.csv", index=False)
    grid, cases = (
        stcloud.Definition.from_toml(text, name=name) for text, name in ((GRID, "c"), (EVENTS, "cases"))
    )
    with stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai") as made:
        made.load("cells", folder / "cells.gpkg", definition=grid, valid_from=DAYS[0])
        made.load("cases", folder / "cases.csv", definition=cases)
    return folder


@pytest.fixture
def city(model, tmp_path):
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    return stcloud.open(tmp_path / "city")


def test_events_loaded_into_a_city_with_one_grid_are_indexed(city):
    facts = city.query("cases").facts()
    assert "grid 'cells'" in facts["units"]
    assert len(city.query("cases").count(["community"]).to_records()) > 1


def test_only_files_near_a_changed_cell_are_written_anew(city, tmp_path):
    shapes, codes = quads(4, 4)
    grid_of(*merged(shapes, codes, [(0, 1)])).to_file(tmp_path / "later.gpkg")
    before = {file.path for file in city.layer("cases").snapshot.files}
    city.load("cells", tmp_path / "later.gpkg", valid_from="2021-01-01")
    after = {file.path for file in city.layer("cases").snapshot.files}
    kept = set(before & after)
    assert any("2020" in path for path in kept)
    assert all("2020" not in path for path in after - before)
    done = city.index("cases")
    assert (done.looked_at, done.written, done.changed) == (0, 0, 0)


def test_words_for_units_need_an_index(city, tmp_path):
    other = stcloud.create(tmp_path / "other", crs=CRS, zone="Asia/Shanghai")
    cases = stcloud.Definition.from_toml(EVENTS, name="cases")
    other.load("cases", tmp_path / "cases.csv", definition=cases)
    asked = other.query("cases")
    for ask in (
        lambda: asked.count(["unit"]),
        lambda: asked.where("unit:3205"),
        lambda: asked.restated("2024"),
    ):
        with pytest.raises(InvalidInput) as told:
            ask()
        assert told.value.kind == "not-indexed"
    with pytest.raises(InvalidInput) as told:
        other.index("cases")
    assert told.value.kind == "which-grid"
    with pytest.raises(InvalidInput) as told:
        city.grid("cases")
    assert told.value.kind == "not-a-grid"


def test_locate_takes_the_grid_as_it_was(city, tmp_path):
    shapes, codes = quads(4, 4)
    changed = merged(shapes, codes, [(0, 1)])
    grid_of(*changed).to_file(tmp_path / "later.gpkg")
    city.load("cells", tmp_path / "later.gpkg", valid_from="2021-01-01")
    middle = shapely.point_on_surface(shapes[0])
    x, y = [middle.x, 0.0, np.nan], [middle.y, 0.0, 1.0]
    grid = city.grid("cells")
    assert grid.locate(x, y, "2020-06-01").to_pylist() == [codes[0], None, None]
    assert grid.locate(x, y).to_pylist() == [codes[0][:12] + "900", None, None]
    assert grid.locate(x, y, "2019-06-01").to_pylist() == [None] * 3
    at = dt.datetime(2020, 6, 1, tzinfo=dt.UTC)
    assert grid.locate(x, y, at).to_pylist()[0] == codes[0]


def test_a_grid_is_made_ready_once_for_each_change(city, monkeypatch):
    city.grid("cells").units()
    from stcloud.paas.grid import units

    monkeypatch.setattr(units.Units, "of", lambda *_: pytest.fail("made anew"))
    assert len(city.grid("cells").units().codes) == 16


def test_what_cells_share_with_the_lattice_and_with_their_past(city, tmp_path):
    shapes, codes = quads(4, 4)
    grid_of(*merged(shapes, codes, [(0, 1)])).to_file(tmp_path / "later.gpkg")
    city.load("cells", tmp_path / "later.gpkg", valid_from="2021-01-01")
    grid, area = city.grid("cells"), float(shapely.area(shapes).sum())
    counted = grid.crosswalk("100m", "2020-06-01").restate(np.ones(16), to="right")
    assert counted.values.sum() == pytest.approx(16)
    assert (
        grid.crosswalk("1km").to_arrow(left="unit", right="cell")["area_m2"].to_pandas().sum() >= area - 1e-3
    )
    between = grid.crosswalk_versions("2020-06-01", "2021-06-01")
    moved = between.restate(np.ones(16), to="right")
    held = dict(zip(moved.keys.tolist(), moved.values.tolist(), strict=True))
    assert held[codes[0][:12] + "900"] == pytest.approx(2)


def test_a_cell_that_ends_changes_nothing_before(city, tmp_path):
    shapes, codes = quads(4, 4)
    grid_of(*merged(shapes, codes, [(0, 1)])).to_file(tmp_path / "later.gpkg")
    known = city.grid("cells").known_us
    city.load("cells", tmp_path / "later.gpkg", valid_from="2021-01-01")
    grid = city.grid("cells")
    before, after = (grid.table.believed(grid.layer.snapshot, at) for at in (known, grid.known_us))
    since = affected(grid.table, grid.layer.snapshot, before, after).since_us
    assert since == pd.Timestamp("2021-01-01", tz="Asia/Shanghai").value // 1000


@pytest.mark.parametrize("indexed", [False, True])
def test_a_column_called_like_a_part_of_a_code_is_counted_by(city, tmp_path, indexed):
    """Without an index a bare name is the column; with one it must be said which is meant."""
    asked = city if indexed else stcloud.create(tmp_path / "other", crs=CRS, zone="Asia/Shanghai")
    rows = events(20, 5, (500_000, 3_380_000, 500_400, 3_380_400)).assign(street="Main", unit="3 B")
    rows.to_csv(tmp_path / "named.csv", index=False)
    asked.load("named", tmp_path / "named.csv", definition=stcloud.Definition.from_toml(EVENTS, name="named"))
    query = asked.query("named")
    assert query.count(['"street"', '"unit"']).to_records() == [
        {"street": "Main", "unit": "3 B", "count": 20}
    ]
    if not indexed:
        assert query.count(["street"]).to_records() == [{"street": "Main", "count": 20}]
        return
    with pytest.raises(InvalidInput) as told:
        query.count(["street"])
    assert told.value.kind == "unclear-group"
    assert sum(row["count"] for row in query.count(["unit:street"]).to_records()) == 20
