"""Meetings against dense sampling, and PyMEOS's distances."""

import itertools
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.movement.meetings import meetings_table, passes_table
from stcloud.paas.movement.motionrules import MeetingRule
from stcloud.paas.movement.tracktable import tracks_table
from stcloud.testing.examples import examples
from stcloud.testing.movers import SECOND, fixes_of, position_at, tracks_of, worlds
from stcloud.time import Zone, instant_us

ZONE = Zone("Asia/Shanghai")


def meetings(rows, others, rule, **more):
    given_others = rows if others is None else others
    keywords = {"same": others is None, "each_once": others is None} | more
    table = meetings_table(fixes_of(rows), fixes_of(given_others), rule, ZONE, **keywords)
    return [
        (
            row["mover"],
            row["other"],
            *(instant_us(row[name], ZONE) for name in ("from", "to")),
            row["least_m"],
        )
        for row in table.to_pylist()
    ]


@settings(max_examples=examples(150))
@given(worlds(16), st.sampled_from([0.0, 50.0, 100.0]), st.sampled_from([20, 60, 2000]))
def test_movers_meet_when_they_are_near_each_other(rows, within_m, gap):
    """Law of meetings: at each instant, two movers that were observed meet if and only if they are so near."""
    gap_us, tracks = gap * SECOND, tracks_of(rows)
    found = meetings(rows, None, MeetingRule(within_m, 0, gap_us))
    assert all(mover < other for mover, other, *_ in found)
    for before, after in itertools.pairwise(found):  # periods of a pair do not touch
        assert before[:2] != after[:2] or before[3] < after[2]
    for mover in tracks:
        for other in tracks:
            if mover >= other:
                continue
            periods = [row[2:4] for row in found if row[:2] == (mover, other)]
            for at_us in range(0, 60 * 20 * SECOND + 1, 4 * SECOND):
                one, two = (position_at(tracks[name], gap_us, at_us) for name in (mover, other))
                if one is None or two is None:
                    continue
                jumps = any(
                    sum(fix[1] == at_us for fix in tracks[name]) > 1 for name in (mover, other)
                )  # two fixes at one instant: it is where either of them is
                met = any(first <= at_us <= last for first, last in periods)
                far_m = math.dist(one, two)
                if jumps or abs(far_m - within_m) < 1e-4:
                    continue
                assert met == (far_m <= within_m), (mover, other, at_us)


def test_a_lone_fix_meets_at_its_instant():
    rows, other = [("a", 30 * SECOND, 10.0, 0.0)], [("b", 0, 0.0, 0.0), ("b", 60 * SECOND, 20.0, 0.0)]
    found = meetings(rows, other, MeetingRule(1.0, 0, 600 * SECOND))
    assert found == [("a", "b", 30 * SECOND, 30 * SECOND, 0.0)]
    assert meetings(rows, other, MeetingRule(1.0, 1, 600 * SECOND)) == []
    assert meetings(rows, other, MeetingRule(1.0, 0, 59 * SECOND)) == []  # nobody knows where b was


def test_periods_that_touch_are_one_and_are_cut_to_a_span():
    rows = [("a", at * SECOND, float(at), 0.0) for at in range(0, 61, 20)]
    other = [("b", 0, 30.0, 0.0), ("b", 60 * SECOND, 30.0, 0.0)]
    rule = MeetingRule(15.0, 0, 600 * SECOND)
    ((_, _, first, last, least_m),) = meetings(rows, other, rule)
    assert (first / SECOND, last / SECOND, least_m) == (pytest.approx(15), pytest.approx(45), 0.0)
    span = (20 * SECOND, 21 * SECOND)
    ((_, _, *cut, _),) = meetings(rows, other, rule, span_us=span)
    assert tuple(cut) == span
    assert meetings(rows, other, rule, span_us=(50 * SECOND, 55 * SECOND)) == []


def passes(rows, place, rule, **more):
    table = passes_table(fixes_of(rows), place, rule, ZONE, **more)
    return [
        (row["mover"], *(instant_us(row[name], ZONE) for name in ("from", "to")), row["least_m"])
        for row in table.to_pylist()
    ]


@settings(max_examples=examples(150))
@given(worlds(16), st.sampled_from([0.0, 50.0, 100.0]), st.sampled_from([20, 60, 2000]), st.data())
def test_movers_pass_a_place_when_they_are_near_it(rows, within_m, gap, data):
    """Law of passes: at each instant, a mover that was observed passes a place if and only if it is so near."""
    gap_us, tracks = gap * SECOND, tracks_of(rows)
    place = tuple(float(data.draw(st.integers(-200, 200))) for _ in range(2))
    found = passes(rows, place, MeetingRule(within_m, 0, gap_us))
    for before, after in itertools.pairwise(found):  # periods of a mover do not touch
        assert before[0] != after[0] or before[2] < after[1]
    for mover, track in tracks.items():
        periods = [row[1:3] for row in found if row[0] == mover]
        for at_us in range(0, 60 * 20 * SECOND + 1, 4 * SECOND):
            here = position_at(track, gap_us, at_us)
            jumps = sum(fix[1] == at_us for fix in track) > 1  # it is where either of its fixes is
            if here is None or jumps or abs(math.dist(here, place) - within_m) < 1e-4:
                continue
            met = any(first <= at_us <= last for first, last in periods)
            assert met == (math.dist(here, place) <= within_m), (mover, at_us)


def test_who_only_drives_past_passes_and_is_cut_to_a_span():
    rows = [("a", 0, -100.0, 30.0), ("a", 20 * SECOND, 100.0, 30.0), ("b", 7 * SECOND, 3.0, 4.0)]
    rule = MeetingRule(50.0, 0, 600 * SECOND)
    assert passes(rows, (0.0, 0.0), rule) == [
        ("a", 6 * SECOND, 14 * SECOND, 30.0), ("b", 7 * SECOND, 7 * SECOND, 5.0)
    ]  # fmt: skip
    assert passes(rows, (0.0, 0.0), MeetingRule(50.0, SECOND, 600 * SECOND))[0][0] == "a"
    cut = passes(rows, (0.0, 0.0), rule, span_us=(10 * SECOND, 11 * SECOND))
    assert [row[:3] for row in cut] == [("a", 10 * SECOND, 11 * SECOND)]
    assert (
        passes(rows, (0.0, 0.0), MeetingRule(50.0, 0, 19 * SECOND))[0][0] == "b"
    )  # nobody knows where a was


PYMEOS = """
import json, sys
from pymeos import TGeomPointSeq, pymeos_initialize
pymeos_initialize()
answers = []
for pair in json.load(sys.stdin):
    first, second = (TGeomPointSeq("[" + ", ".join(track) + "]") for track in pair)
    distance = first.distance(second)
    answers.append([first.length(), second.length(), None if distance is None else distance.min_value()])
print(json.dumps(answers))
"""


def of_pymeos(pairs):
    """Return lengths and least distances by PyMEOS, in a process of its own: its PROJ replaces that of others."""
    texts = [
        [[f"POINT({x} {y})@{np.datetime64(at_us, 'us')}+00" for _, at_us, x, y in track] for track in pair]
        for pair in pairs
    ]
    done = subprocess.run(
        [sys.executable, "-c", PYMEOS], input=json.dumps(texts), capture_output=True, text=True, check=False
    )
    if done.returncode:
        error = done.stderr.strip().rpartition("\n")[2]
        assert error.startswith(("ModuleNotFoundError", "ImportError", "OSError")), done.stderr
        pytest.skip(f"PyMEOS is not available: {error}")
    return json.loads(done.stdout)


def test_distances_are_those_of_pymeos():
    random, pairs = np.random.default_rng(7), []
    rule, second = MeetingRule(1e6, 0, 3600 * SECOND), int(np.datetime64("2024-03-01", "us").astype(np.int64))
    for _ in range(1000):
        pair = []
        for mover in "ab":
            times = np.sort(random.choice(600, random.integers(2, 6), replace=False)).tolist()
            pair.append(
                [(mover, second + at * SECOND, *random.uniform(-1e4, 1e4, 2).round(3)) for at in times]
            )
        pairs.append(pair)
    for pair, (*theirs, least_m) in zip(pairs, of_pymeos(pairs), strict=True):
        lengths = [tracks_table(fixes_of(track), ZONE)["length_m"][0].as_py() for track in pair]
        assert lengths == pytest.approx(theirs, rel=1e-9)
        found = meetings(*pair, rule)
        if least_m is None:
            assert found == [] or found[0][2] == found[0][3]
        else:
            assert found[0][4] == pytest.approx(least_m, abs=1e-6)
