"""Cases near a place are those whose place was near then, as it was known then: a scan of the whole log agrees."""

import math

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.nearby import PlaceCircle, cases_near
from stcloud.testing.desks import new_desk
from stcloud.testing.hands import Hands

HOUR_US = 3_600_000_000
PLACES = {"EPSG:2193": (174.76, -36.85), "EPSG:4548": (117.02, 31.9), "EPSG:3857": (-0.1, 51.5)}


@given(st.sampled_from([*PLACES]), st.floats(1, 5000), st.floats(0, 2 * math.pi), st.floats(0, 1))
def test_the_box_holds_the_circle(crs, radius_m, angle, share):
    lon, lat = PLACES[crs]
    circle = PlaceCircle(lon, lat, radius_m, crs)
    back = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    x, y = circle.x_m + radius_m * share * math.cos(angle), circle.y_m + radius_m * share * math.sin(angle)
    at_lon, at_lat = back.transform(x, y)
    west, south, east, north = circle.box
    assert west <= at_lon <= east
    assert south <= at_lat <= north
    assert circle.distances_m([at_lon], [at_lat])[0] == pytest.approx(radius_m * share, abs=1e-4)


def test_across_the_antimeridian_the_box_reaches_round_the_world():
    west, south, east, north = PlaceCircle(180.0, -17.0, 3000, "EPSG:3460").box  # Fiji
    assert (west, east) == (-180, 180)
    assert north - south < 0.1


@pytest.mark.parametrize(
    ("lon", "lat", "radius_m", "kind"),
    [
        (117, 31, 0, "bad-radius"),
        (117, 31, 6000, "bad-radius"),
        (117, 31, float("nan"), "bad-radius"),
        (float("nan"), 31, 100, "not-a-place"),
    ],
)
def test_a_circle_that_is_none_is_refused(lon, lat, radius_m, kind):
    with pytest.raises(InvalidInput) as refused:
        PlaceCircle(lon, lat, radius_m, "EPSG:4548")
    assert refused.value.kind == kind


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log in which cases are reported, moved, corrected and rejected, and instants between the actions."""
    clock, chance = Hands("2024-03-20T12:00+13:00"), np.random.default_rng(3)
    desk = new_desk(tmp_path_factory.mktemp("log"), clock=clock, zone="Pacific/Auckland", calendar="NZ")
    instants = []
    for step in range(160):
        number = f"N{chance.integers(30):02}"
        place = {"lon": 174.76 + chance.uniform(0, 0.004), "lat": -36.85 + chance.uniform(0, 0.004)}
        state = desk.log.states_of([number]).get(number)
        happened_us = clock.now_us - int(chance.uniform(0, 3) * HOUR_US)
        if state is None:
            desk.do(number, "report", happened_us=happened_us, **(place if chance.random() < 0.9 else {}))
        elif state.state == "reported" and chance.random() < 0.15:
            desk.do(number, "reject", happened_us=happened_us)
        elif state.state == "reported" and chance.random() < 0.2:
            early_us = state.opened_us - HOUR_US
            desk.do(number, "correct", corrects=1, corrected=early_us, happened_us=happened_us)
        elif state.state == "reported":
            desk.do(number, "amend", happened_us=happened_us, **place)
        clock.pass_hours(0.5)
        if step % 16 == 8:
            instants.append(desk.records.pin())
    yield desk.log, instants
    desk.records.close()


@pytest.mark.parametrize("radius_m", [60, 150, 400])
def test_cases_near_a_place_are_those_of_a_scan_of_the_log(log, radius_m):
    cases, instants = log
    plane = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2193", always_xy=True)
    circle = PlaceCircle(174.762, -36.848, radius_m, "EPSG:2193")
    moved = 0
    for known_us in instants:
        known = {state.case: state.values for state in cases.states(known_us)}
        for at_us in (known_us, known_us - 5 * HOUR_US, known_us - 40 * HOUR_US):
            expected = {}
            for state in cases.states(known_us, at_us=at_us):
                if "lon" in (values := known[state.case]):
                    x, y = plane.transform(values["lon"], values["lat"])
                    expected[state.case] = (math.hypot(x - circle.x_m, y - circle.y_m), state)
            near = cases_near(cases, circle, at_us=at_us, known_us=known_us)
            wanted = {case for case, (metres, _) in expected.items() if metres <= radius_m}
            assert {each.state.case for each in near} == wanted
            for each in near:
                metres, state = expected[each.state.case]
                assert each.state == state
                assert each.distance_m == pytest.approx(metres, abs=1e-6)
            now = {each.state.case for each in cases_near(cases, circle, at_us=2**62, known_us=instants[-1])}
            moved += len(wanted - now)
    assert moved or radius_m == 400  # or nothing would be lost by looking at the places of now alone
