"""Dwell in cells of a grid and in features as they were then, and as a cube."""

import numpy as np
import pytest

from stcloud.errors import InvalidInput
from stcloud.testing.movers import SECOND
from tests.paas.movement.conftest import CODES, MERGED

CROSSING = "2024-03-01T09:58/2024-03-01T10:10"


def test_cells_are_those_of_the_time(patrol_town):
    """Law of cells: a move is in the cell that held it at its instant: two cells are one from 10:00:50 on."""
    dwell = patrol_town.tracks("patrols").during(CROSSING).dwell("unit", "1D")
    # 1 m/s from 09:58:20 on, and 0.25 m/s from 10:01:40 on: at 10:00:50 it is in the middle of the second cell.
    expected = {CODES[0]: 100.0, CODES[1]: 50.0, MERGED: 250.0}
    assert {row["unit"]: row["dwell_s"] for row in dwell.to_arrow().to_pylist()} == expected
    hours = patrol_town.tracks("patrols").during(CROSSING).dwell("unit", "1h").to_arrow().to_pylist()
    assert [row["time"][11:13] for row in hours] == ["09", "10", "10"]
    assert int(dwell.dwell_us.sum()) == dwell.observed_us.sum() == 400 * SECOND
    earlier = patrol_town.tracks("patrols").during("2024-03-01T09:58:20/2024-03-01T10:01:40")
    assert earlier.dwell("unit").dwell_us.sum() == 0  # one fix is no move
    assert dwell.pin.of_layer("cells") > 0


def test_a_feature_holds_a_move_and_the_rest_is_outside(patrol_town):
    dwell = patrol_town.tracks("patrols").during(CROSSING).dwell("in:areas", "1D")
    expected = {"west": 100.0, "middle": 300.0}
    assert {row["in_areas"]: row["dwell_s"] for row in dwell.to_arrow().to_pylist()} == expected
    beyond = patrol_town.tracks("patrols").during("2024-03-01").dwell("in:areas", "1D")
    assert beyond.outside_us == pytest.approx(50 / 3 * SECOND, abs=1)  # 3 m/s to 50 m east of both
    assert beyond.dwell_us.sum() + beyond.outside_us == 500 * SECOND
    assert beyond.to_cube().leftovers["outside"] == pytest.approx(50 / 3)


def test_parts_of_codes_and_larger_cells_are_the_same_time(patrol_town):
    tracks = patrol_town.tracks("patrols").during("2024-03-01")
    observed = tracks.dwell("unit").observed_us.sum()
    assert observed == 500 * SECOND  # the silence of 800 s counts as not observed
    for cell in ("unit", "community", "street", "100m", "1km", "250m"):
        dwell = tracks.dwell(cell, "1h")
        assert dwell.dwell_us.sum() + dwell.outside_us == observed
    assert tracks.dwell("100m", gap="1h").observed_us.sum() == 1300 * SECOND


def test_dwell_is_a_cube(patrol_town):
    cube = patrol_town.tracks("patrols").during("2024-03-01").dwell("100m", "1h").to_cube()
    assert cube.shape[0] == 24
    assert cube.measure("dwell_s").values.sum() == pytest.approx(500.0)
    dense = cube.to_xarray()["dwell_s"]
    assert float(dense.sum()) == pytest.approx(500.0)
    assert not np.isnan(dense.values[:, 0]).any()
    assert cube.roll_up(every="1D").measure("dwell_s").values.sum() == pytest.approx(500.0)
    units = patrol_town.tracks("patrols").during("2024-03-01").dwell("unit", "1h").to_cube()
    assert units.measure("dwell_s").values.sum() == pytest.approx(500.0)


def test_an_answer_has_the_cells_places(patrol_town):
    tracks = patrol_town.tracks("patrols").during(CROSSING)
    frame = tracks.dwell("unit", "1h", by_mover=True).answer().to_geopandas()
    assert frame["mover"].tolist() == ["p1"] * 3
    assert frame.geometry.area.tolist() == pytest.approx([10_000.0, 10_000.0, 20_000.0], rel=1e-9)
    assert tracks.dwell("100m").answer().to_geopandas().geometry.area.tolist() == [10_000.0] * 3


def test_what_is_no_cell_is_refused(patrol_town):
    tracks = patrol_town.tracks("patrols")
    for cell in ("week", "who"):
        with pytest.raises(InvalidInput) as refused:
            tracks.dwell(cell)
        assert refused.value.kind == "no-cells"
