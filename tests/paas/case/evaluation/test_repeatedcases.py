"""Cases that were reported again, compared with every pair of cases."""

import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.case.evaluation import RepeatRule, evaluate, repeats, with_repeats
from stcloud.paas.case.facts import FACTS
from stcloud.testing.casefacts import FIRST_US, HOUR_US, as_table, case_facts
from stcloud.time import Zone

GEOD = pyproj.Geod(ellps="WGS84")


@st.composite
def placed(draw):
    """Draw rows of two classes at few places and instants, so that many repeat others."""
    rows = []
    for number in range(draw(st.integers(0, 12))):
        reported = FIRST_US + draw(st.integers(0, 60)) * HOUR_US
        after = draw(st.one_of(st.none(), st.integers(0, 30)))
        lon, lat = (draw(st.integers(0, 6)) / 3e4 for _ in range(2))
        rows.append(dict.fromkeys(FACTS.names) | {
            "number": f"{draw(st.integers(0, 9))}{number:02}", "reported_at": reported,
            "class": draw(st.sampled_from("ab")),
            "closed_at": None if after is None else reported + after * HOUR_US,
            "counted": draw(st.integers(0, 9)) > 0, "cancelled": draw(st.integers(0, 9)) == 0,
            "lon": draw(st.sampled_from([None, 120.38 + lon, 120.38 + lon])), "lat": 36.06 + lat,
        })  # fmt: skip
    return rows


def pairs_of(rows, metres, days):
    usable = [row for row in rows if row["counted"] and not row["cancelled"] and row["lon"] is not None]
    pairs = {}
    for again in usable:
        near = []
        for first in usable:
            if first is again or first["closed_at"] is None or first["class"] != again["class"]:
                continue
            after = again["reported_at"] - first["closed_at"]
            metre = GEOD.inv(first["lon"], first["lat"], again["lon"], again["lat"])[2]
            if 0 <= after <= days * 24 * HOUR_US and metre <= metres:
                near.append((-first["closed_at"], round(metre, 6), first["number"], metre))
        if near:
            best = min(near)
            pairs[again["number"]] = (best[2], round(best[3], 1))
    return pairs


@given(rows=placed(), metres=st.sampled_from([1, 5, 12, 50]), days=st.sampled_from([0.25, 1, 3]))
def test_a_repeat_is_paired_with_the_one_that_was_closed_last_before_it(rows, metres, days):
    result = repeats(as_table(rows), RepeatRule(metres, days)).to_pylist()
    assert {row["again"]: (row["number"], row["distance_m"]) for row in result} == pairs_of(
        rows, metres, days
    )


def at_place(number, reported_hours, closed_hours, lat=36.06):
    return dict.fromkeys(FACTS.names) | {
        "number": number, "class": "a", "counted": True, "cancelled": False, "lon": 120.38, "lat": lat,
        "reported_at": FIRST_US + reported_hours * HOUR_US, "closed_at": FIRST_US + closed_hours * HOUR_US,
    }  # fmt: skip


def test_no_case_repeats_itself():
    assert repeats(as_table([at_place("1", 0, 0)])).num_rows == 0


def test_of_equal_closings_the_nearest_is_taken_and_of_these_the_least_number():
    rows = [
        at_place("4", 0, 9),
        at_place("2", 0, 9),
        at_place("1", 0, 9, 36.0601),
        at_place("3", 0, 8),
        at_place("9", 10, 99),
    ]
    for order in (rows, rows[::-1]):
        assert repeats(as_table(order))["number"].to_pylist() == ["2"]


def test_many_cases_are_paired_as_few_are():
    table = case_facts(1_500, seed=3)
    rows = [
        row | {name: int(row[name].timestamp() * 1e6) for name in ("reported_at", "closed_at") if row[name]}
        for row in table.to_pylist()
    ]
    result = repeats(table, RepeatRule(100, 20)).to_pylist()
    expected = pairs_of(rows, 100, 20)
    assert len(expected) > 10
    assert {row["again"]: (row["number"], row["distance_m"]) for row in result} == expected


def test_repeats_become_truths_that_indicators_count():
    table = with_repeats(case_facts(3_000, seed=3))
    pairs = repeats(case_facts(3_000, seed=3))
    assert sum(table["repeats"].to_pylist()) == pairs.num_rows
    assert sum(table["reported_again"].to_pylist()) == len(set(pairs["number"].to_pylist()))
    row = evaluate(table, 1_735_689_600_000_000, Zone("Asia/Shanghai")).row()
    assert row["reported_again_rate_numerator"] == len(set(pairs["number"].to_pylist()))
    assert 0 < row["repeat_rate"] < 100


def test_facts_without_places_are_refused_and_without_cases_have_no_pairs():
    assert repeats(as_table([])).num_rows == 0
    assert with_repeats(as_table([]).to_reader()).column_names[-2:] == ["reported_again", "repeats"]
    with pytest.raises(InvalidInput) as caught:
        repeats(as_table([]).drop_columns(["lon"]))
    assert caught.value.kind == "not-facts"


@pytest.mark.parametrize("rule", [(0, 5), (5, 0), (2_000, 5), (5, 400), (float("nan"), 5)])
def test_a_rule_has_bounds(rule):
    with pytest.raises(InvalidInput) as caught:
        RepeatRule(*rule)
    assert caught.value.kind == "bad-repeat-rule"
