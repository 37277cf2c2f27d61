"""Law: bins are known up to when the loads of a layer are complete, as it is known at the pin, and no pin changes.

The city is 13 hours ahead of UTC in summer; its clock is set back on 7 April 2024 and forward on 29 September.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.run.cubing import CubeShape, cubed
from stcloud.paas.query.run.refreshing import refreshed
from stcloud.testing.examples import examples

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
WEST, SOUTH = 1_750_000.0, 5_430_000.0
FIRST = pd.Timestamp("2024-03-20", tz=ZONE)
KEYS = {"key": "id", "time": "at", "x": "x", "y": "y", "crs": CRS}
SHAPE = CubeShape("1km", "1D")
SPAN = "2024-03-10/2024-05-10"


def us(day):
    """Return the first instant of a day, counted from the first one, on the city's clock."""
    return (FIRST.tz_localize(None) + pd.Timedelta(days=day)).tz_localize(ZONE).value // 1000


def frame(file):
    """Return the rows of a file: the same one has the same rows."""
    chance = np.random.default_rng(file)
    at = FIRST + pd.to_timedelta(chance.integers(0, 24 * 12, 4) + 24 * 5 * file, unit="h")
    ids = [f"{file}-{number}" for number in range(4)]
    return pd.DataFrame({"id": ids, "at": at, "x": WEST + 100.0, "y": SOUTH + 100.0})


class Town:
    """A city whose clock shows what it is told, and, beside it, until when its files are complete."""

    def __init__(self, folder):
        self.now_us = us(30)
        stcloud.create(folder / "town", crs=CRS, zone=ZONE)
        self.city = stcloud.open(folder / "town", clock=lambda: self.now_us)
        self.files, self.last = {}, {}

    def load(self, file, day, how):
        """Load a file that is complete to the end of a day; None: nothing is stated."""
        stated = (
            {} if day is None else {"complete_to": (FIRST.tz_localize(None) + pd.Timedelta(days=day)).date()}
        )
        done = self.city.load("calls", frame(file), again=how == "again", **(KEYS | stated))
        if done.known:
            assert day is None or self.files[file] == us(day + 1)
            return
        if day is not None:
            self.files[file] = us(day + 1)
        elif file not in self.files or file not in self.last:
            self.files[file] = done.recorded_at_us
        else:  # again: as complete as was stated, or else to the later instant
            known = self.city.layer("calls").loads[-1].complete_to_us
            self.files[file] = done.recorded_at_us if known is None else self.files[file]
        self.last[file] = done.source if done.mode == "complete" else done.load

    def undo(self, file):
        """Take back the only load of a file."""
        loads = [
            load for load in self.city.layer("calls").loads if load.load.split(".")[0] == self.last.get(file)
        ]
        if file in self.last and len(loads) == 1 and len(self.files) > 1:
            self.city.undo("calls", loads[0].load)
            del self.files[file], self.last[file]

    def cube(self, known=None, shape=SHAPE):
        query = self.city.query("calls").when(SPAN)
        return cubed((query if known is None else query.known_at(known)).inquiry(), shape)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["load", "load", "load", "again", "undo"]), st.integers(0, 3),
        st.none() | st.integers(-3, 60), st.integers(0, 4),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@given(STEPS)
@settings(deadline=None, max_examples=examples(30), suppress_health_check=list(HealthCheck))
def test_bins_are_known_as_far_as_files_are_complete_and_no_pin_changes(steps):
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder))
        town.load(0, None, "load")
        pinned, cube = [], town.cube()
        for how, file, day, later in steps:
            town.now_us += later * 86_400_000_000
            if how == "undo":
                town.undo(file)
            else:
                town.load(file, day, how)
            query = town.city.query("calls").when(SPAN)
            cube, anew = refreshed(cube, query.inquiry(), SHAPE), town.cube()
            assert cube.known_us == anew.known_us
            assert cube.facts == anew.facts
            assert cube.leftovers == anew.leftovers
            assert cube.at.tolist() == anew.at.tolist()
            expected = max(town.files.values())
            assert cube.known_us[1] == expected
            known = (cube.edges_us[1:] <= expected) & (cube.edges_us[1:] > cube.known_us[0])
            assert (cube.known == known[:, None]).all()
            pinned.append(cube)
        for cube in pinned:
            again = town.cube(Pin.read(cube.facts["pin"]))
            assert again.known_us == cube.known_us
            assert again.leftovers == cube.leftovers
            assert (again.known == cube.known).all()
            assert (again.dense() == cube.dense()).all()
            assert again.facts["pin"] == cube.facts["pin"]
        town.city.close()


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path)
    yield made
    made.city.close()


def test_months_after_the_end_of_a_file_are_unknown_and_not_zero(town):
    town.now_us = us(200)
    town.load(0, 20, "load")  # to the end of 9 April
    cube = town.city.query("calls").when("2024-03/2024-07").cube("1km", "1W")
    ends = pd.to_datetime(cube.edges_us[1:], unit="us", utc=True).tz_convert(ZONE)
    last = pd.Timestamp("2024-04-10", tz=ZONE)
    assert (cube.known_steps == ((ends <= last) & (cube.edges_us[1:] > cube.known_us[0]))).all()
    assert np.isnan(cube.to_xarray()["count"].to_numpy()[~cube.known_steps]).all()


def test_a_load_that_changes_no_row_moves_the_end_and_the_pin(town):
    town.load(0, None, "load")
    before = town.cube()
    town.now_us += 5 * 86_400_000_000
    town.city.load("calls", frame(0).iloc[:2], **KEYS)  # another file, of rows that are known
    cube = town.cube()
    assert cube.known_us[1] == town.now_us > before.known_us[1]
    assert town.cube(Pin.read(cube.facts["pin"])).known_us == cube.known_us
    assert town.cube(Pin.read(before.facts["pin"])).known_us == before.known_us
    assert town.cube(pd.Timestamp(before.known_us[1], unit="us", tz="UTC")).known_us == before.known_us


def test_features_are_known_at_the_start_of_bins_up_to_then(town):
    trees = frame(0).drop(columns="at")
    town.now_us = us(60)
    town.city.load(
        "trees", trees, key="id", x="x", y="y", crs=CRS, valid_from="2024-03-01", complete_to="2024-04-07"
    )
    cube = town.city.query("trees").when("2024-04-01/2024-04-20").cube("1km", "1D")
    assert [label for label, known in zip(cube.labels, cube.known_steps, strict=True) if known][
        -1
    ] == "2024-04-08"
    corrected = town.city.load("trees", trees, valid_from="2024-03-01", complete_to="2024-04-10")
    assert corrected.mode == "complete"
    cube = town.city.query("trees").when("2024-04-01/2024-04-20").cube("1km", "1D")
    assert cube.known_steps.sum() == 11
    town.city.undo("trees", corrected.load)
    cube = town.city.query("trees").when("2024-04-01/2024-04-20").cube("1km", "1D")
    assert cube.dense().sum(axis=1).tolist() == [4] * 8 + [0] * 11
    assert cube.leftovers["unknown"] == 44


def test_hot_spots_end_where_rows_are_complete(town):
    town.load(0, 8, "load")  # to the end of 28 March
    question = "2024-03-20/2024-04-03"
    spots = town.city.query("calls").when(question).cube("500m", "1D").hotspots(distance_m=600, steps=0)
    assert set(spots.to_pandas()["class"]) == {"unknown"}
    town.load(0, 15, "load")
    spots = town.city.query("calls").when(question).cube("500m", "1D").hotspots(distance_m=600, steps=0)
    assert "unknown" not in set(spots.to_pandas()["class"])
