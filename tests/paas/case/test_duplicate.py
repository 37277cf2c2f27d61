"""Probable duplicates: the laws of the score, and a plain search in pandas that finds the same."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.classes import bundled_classes
from stcloud.paas.case.duplicate import CaseReport, Reach, compare, is_kin, pairs_of, probable_duplicates
from stcloud.testing.desks import new_desk
from stcloud.testing.hands import Hands

CRS = "EPSG:2193"
NOW = "2024-03-20T12:00+13:00"
HOUR_US = 3_600_000_000
SEWAGE = ("01002", "0102", "01003", None)
"""A class of 2026, its predecessor of 2013, another class, none."""

metres = st.floats(-80, 80)
hours = st.floats(-200, 200)


@st.composite
def reports(draw):
    """A report at the origin of space and time, and another."""
    kinds = st.sampled_from(["component", "matter", None])
    codes = st.sampled_from(SEWAGE)
    components = st.sampled_from(["c1", "c2", None])
    own = CaseReport("A", draw(kinds), draw(codes), draw(components), 0.0, 0.0, 0, None)
    opened_us = round(draw(hours) * HOUR_US)
    ended_us = draw(st.none() | st.floats(0, 300).map(lambda lasted: opened_us + round(lasted * HOUR_US)))
    other = CaseReport(
        "B", draw(kinds), draw(codes), draw(components), draw(metres), draw(metres), opened_us, ended_us
    )
    return own, other


reaches = st.builds(Reach, st.floats(1, 100), st.floats(0.1, 20))


def score(report, other, reach):
    """Return the score; what is no duplicate is below all that are."""
    compared = compare(report, other, reach, bundled_classes())
    return -1.0 if compared is None else compared[0]


@given(reports(), reaches)
def test_a_score_lies_between_0_and_1_and_says_why(pair, reach):
    compared = compare(*pair, reach, bundled_classes())
    if compared is not None:
        assert 0 <= compared[0] <= 1
        assert f"{compared[1]:.1f} m away" in compared[3]
        assert f"reported {abs(compared[2]):.1f} h " in compared[3]
        assert compared[1] <= reach.metres


@given(reports(), reaches, st.floats(0, 1))
def test_nearer_never_scores_lower(pair, reach, share):
    report, other = pair
    nearer = replace(other, x_m=other.x_m * share, y_m=other.y_m * share)
    assert score(report, nearer, reach) >= score(report, other, reach) - 1e-12


@given(reports(), reaches, st.floats(0, 1))
def test_sooner_never_scores_lower(pair, reach, share):
    report, other = pair
    shift_us = round(other.opened_us * (1 - share))
    ended_us = None if other.ended_us is None else max(other.ended_us - shift_us, 0)
    if other.opened_us >= 0:  # reported later: the report comes nearer, and has not ended by then
        sooner = replace(other, opened_us=other.opened_us - shift_us, ended_us=None)
    else:
        sooner = replace(other, opened_us=other.opened_us - shift_us, ended_us=ended_us)
    assert score(report, sooner, reach) >= score(report, other, reach) - 1e-12


@given(reports(), reaches)
def test_what_has_not_ended_never_scores_lower(pair, reach):
    report, other = pair
    assert score(report, replace(other, ended_us=None), reach) >= score(report, other, reach)


@given(reports(), reaches)
def test_the_same_class_never_scores_lower(pair, reach):
    report, other = pair
    same = replace(other, kind=report.kind, code=report.code)
    if report.code is not None:
        assert score(report, same, reach) >= score(report, other, reach)


def test_a_successor_counts_less_than_the_same_class_and_more_than_none():
    report = CaseReport("A", "component", "01002", None, 0, 0, 0, None)
    scores = [
        score(report, replace(report, number="B", code=code), Reach()) for code in ("01002", "0102", None, "01003")
    ]  # fmt: skip
    assert scores == [1.0, 0.9, 0.5, -1.0]
    assert score(report, replace(report, number="B", kind="matter"), Reach()) == -1.0


@pytest.mark.parametrize("wrong", [{"metres": 0}, {"metres": 6000}, {"days": float("nan")}, {"days": -1}])
def test_a_reach_that_is_none_is_refused(wrong):
    with pytest.raises(InvalidInput) as refused:
        Reach(**wrong)
    assert refused.value.kind == "bad-reach"


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A log of reports in an acre of Auckland, and what was done, in a frame."""
    desk = new_desk(
        tmp_path_factory.mktemp("log"), clock=Hands(NOW), zone="Pacific/Auckland", calendar="NZ"
    )  # fmt: skip
    chance, start = np.random.default_rng(17), pd.Timestamp("2024-03-10", tz="Pacific/Auckland").value // 1000
    rows = []
    for number in range(70):
        code = SEWAGE[chance.integers(4)]
        opened_us = start + int(chance.uniform(0, 200) * HOUR_US)
        row = {
            "number": f"R{number:02}", "code": code, "lon": 174.76 + chance.uniform(0, 0.0012),
            "lat": -36.85 + chance.uniform(0, 0.0010), "opened_us": opened_us, "ended_us": None,
        }  # fmt: skip
        stated = {"kind": "component", "lon": row["lon"], "lat": row["lat"]}
        desk.do(row["number"], "report", happened_us=opened_us, **stated, **({"class": code} if code else {}))
        if chance.random() < 0.5:
            row["ended_us"] = opened_us + int(chance.uniform(1, 40) * HOUR_US)
            desk.do(row["number"], "reject", happened_us=row["ended_us"])
        rows.append(row)
    yield desk, pd.DataFrame(rows).astype({"ended_us": "Int64"})
    desk.records.close()


def plain_duplicates(frame, number, reach):
    """Return what a search through all reports finds, by the words of the documentation."""
    plane = pyproj.Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    frame = frame.assign(**dict(zip("xy", plane.transform(frame["lon"], frame["lat"]), strict=True)))
    own = frame[frame["number"] == number].iloc[0]
    others = frame[frame["number"] != number].copy()
    others["m"] = np.hypot(others["x"] - own["x"], others["y"] - own["y"])
    others["h"] = (own["opened_us"] - others["opened_us"]) / HOUR_US
    others["since"] = (own["opened_us"] - others["ended_us"].astype("Float64")) / HOUR_US
    window = reach.days * 24

    def weight(row):
        if pd.isna(own["code"]) or pd.isna(row["code"]):
            return 0.5
        return (
            1.0
            if own["code"] == row["code"]
            else 0.9
            if {own["code"], row["code"]} == {"01002", "0102"}
            else 0
        )

    def time(row):
        if row["h"] <= 0:
            return 1 - abs(row["h"]) / (2 * window) if abs(row["h"]) <= window else 0
        if pd.isna(row["since"]) or row["since"] <= 0:
            return max(0.5, 1 - row["h"] / (2 * window))
        return 0.5 * (1 - row["since"] / window) if row["since"] <= window else 0

    near = others[others["m"] <= reach.metres]
    scores = {
        row["number"]: weight(row) * (1 - row["m"] / (2 * reach.metres)) * time(row)
        for _, row in near.iterrows()
    }
    return {number: value for number, value in scores.items() if value > 0}


@pytest.mark.costly
@pytest.mark.parametrize(
    "reach", [Reach(), Reach(20, 1), pytest.param(Reach(90, 8), marks=pytest.mark.thorough)], ids=str
)
def test_duplicates_are_those_of_a_plain_search(books, reach):
    desk, frame = books
    at_us = desk.log.now_us()
    total = 0
    for number in frame["number"]:
        state = desk.log.state(number, at_us=at_us)
        answer = probable_duplicates(
            desk.log, state, reach, bundled_classes(), CRS, at_us=at_us, known_us=desk.records.pin()
        )
        expected = plain_duplicates(frame, number, reach)
        assert {each.number: each.score for each in answer if each.score > 0} == pytest.approx(expected)
        assert [each.score for each in answer] == sorted((each.score for each in answer), reverse=True)
        total += len(answer)
    assert total > 20


def test_a_report_that_was_moved_is_sought_at_its_new_place_and_earlier_at_the_old_one(tmp_path):
    clock = Hands(NOW)
    desk = new_desk(tmp_path, clock=clock, zone="Pacific/Auckland", calendar="NZ")
    here, there = {"lon": 174.76, "lat": -36.85}, {"lon": 174.80, "lat": -36.85}
    desk.do("A", "report", **here)
    desk.do("B", "report", **here)
    before_us = desk.records.pin()
    clock.pass_hours(1)
    desk.do("B", "amend", **there)

    def numbers(known_us):
        state = desk.log.state("A", at_us=known_us, known_us=known_us)
        found = probable_duplicates(
            desk.log, state, Reach(), bundled_classes(), CRS, at_us=known_us, known_us=known_us
        )
        return [each.number for each in found]

    assert numbers(before_us) == ["B"]
    assert numbers(desk.records.pin()) == []
    desk.records.close()


def test_what_is_linked_already_is_left_out_and_a_case_without_a_place_is_refused(tmp_path):
    desk = new_desk(tmp_path, clock=Hands(NOW), zone="Pacific/Auckland", calendar="NZ")
    here = {"lon": 174.76, "lat": -36.85}
    for number in "ABC":
        desk.do(number, "report", **here)
    desk.do("B", "link", master="A")
    desk.do("D", "report")

    def numbers(number):
        at_us, known_us = desk.log.now_us(), desk.records.pin()
        state = desk.log.state(number, at_us=at_us)
        found = probable_duplicates(
            desk.log, state, Reach(), bundled_classes(), CRS, at_us=at_us, known_us=known_us
        )
        return [each.number for each in found]

    assert numbers("A") == ["C"]
    assert numbers("C") == ["B", "A"]
    states = desk.log.states_of(["A", "B", "C"])
    assert is_kin(states["A"], states["B"])
    assert is_kin(states["B"], states["A"])
    assert not is_kin(states["A"], states["C"])
    with pytest.raises(InvalidInput) as refused:
        numbers("D")
    assert refused.value.kind == "no-place"
    desk.records.close()


@given(st.lists(st.tuples(metres, metres, hours, st.sampled_from(SEWAGE)), max_size=12), reaches)
def test_pairs_are_those_of_every_two_reports(drawn, reach):
    classes = bundled_classes()
    some = [
        CaseReport(f"{place:02}", None, code, None, x, y, round(hour * HOUR_US), None)
        for place, (x, y, hour, code) in enumerate(drawn)
    ]
    expected = {}
    for left in some:
        for right in some:
            if (left.opened_us, left.number) < (right.opened_us, right.number):
                compared = compare(right, left, reach, classes)
                if compared is not None:
                    expected[left.number, right.number] = compared[0]
    assert {(first, second): value for first, second, value, _ in pairs_of(some, reach, classes)} == expected
