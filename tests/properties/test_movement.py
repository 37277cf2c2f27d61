"""Movement in cities whose clocks are far from UTC, against plain models: tracks, visits, dwell, last positions."""

import itertools
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.testing.examples import examples
from stcloud.testing.movers import (
    BEGIN_US,
    CORNER,
    SECOND,
    dwell_by_rule,
    load_fixes,
    movers_city,
    observed_moves,
    places,
    tracks_of,
    worlds,
)
from stcloud.time import Zone

HOUR = 3600 * SECOND


@contextmanager
def city_at(place):
    folder = Path(tempfile.mkdtemp())
    clock = iter(range(1_800_000_000_000_000, 1_900_000_000_000_000, SECOND))
    try:
        with movers_city(folder / "city", place, clock=lambda: next(clock)) as city:
            yield city
    finally:
        shutil.rmtree(folder)


def moved(rows, begin_us):
    return [(mover, at + begin_us, x, y) for mover, at, x, y in rows]


def shown(fixes, crs):
    """Return fixes as tracks of a world: mover, instant, place, as a list for each track."""
    x, y = CORNER[crs]
    places = zip((fixes.x - x).round(6).tolist(), (fixes.y - y).round(6).tolist(), strict=True)
    rows = [(at, *metres) for at, metres in zip(fixes.time_us.tolist(), places, strict=True)]
    movers = fixes.names(np.arange(fixes.tracks)).to_pylist()
    bounds = itertools.pairwise(fixes.starts.tolist())
    return [
        [(mover, *row) for row in rows[first:end]] for mover, (first, end) in zip(movers, bounds, strict=True)
    ]


@settings(max_examples=examples(70))
@given(places(), worlds(least=6), st.data())
def test_fixes_may_come_in_any_order(place, rows, data):
    """Law of order: whatever the order and the loads that fixes came in, tracks are in order of time, then key."""
    rows = moved(rows, BEGIN_US[place[1]])
    keys = data.draw(st.permutations([f"{at:02}" for at in range(len(rows))]))
    cut = data.draw(st.integers(0, len(rows)))
    with city_at(place) as city:
        for part in (slice(cut, None), slice(0, cut)):
            if rows[part]:
                load_fixes(city, rows[part], keys[part])
        by_key = [row for _, row in sorted(zip(keys, rows, strict=True), key=lambda pair: pair[0])]
        query = city.tracks("vehicles")
        assert shown(query.fixes(), place[0]) == list(tracks_of(by_key).values())
        chosen = data.draw(st.sets(st.sampled_from([row[0] for row in rows])))
        if chosen:
            expected = [track for mover, track in tracks_of(by_key).items() if mover in chosen]
            assert shown(query.movers(*chosen).fixes(), place[0]) == expected


@settings(max_examples=examples(70))
@given(places(), st.lists(worlds(6, least=2), min_size=1, max_size=3))
def test_a_corrected_fix_keeps_the_old_one(place, loads):
    """Law of beliefs: tracks known at an instant are those of the fixes stated until then."""
    with city_at(place) as city:
        stated, beliefs = {}, []
        for load in loads:
            rows = moved(load, BEGIN_US[place[1]])
            done = load_fixes(city, rows)  # keys are numbers: each load states some of them anew
            stated |= {f"{at:04}": row for at, row in enumerate(rows)}
            beliefs.append((done.recorded_at_us, list(dict(sorted(stated.items())).values())))
        for known_us, expected in beliefs:
            tracks = city.tracks("vehicles").as_of(known_at=known_us)
            assert shown(tracks.fixes(), place[0]) == list(tracks_of(expected).values())
            assert tracks.tracks().pin.of_layer("vehicles") <= known_us


@settings(max_examples=examples(70))
@given(places(), worlds(least=6), st.sampled_from(["2 hours", "hours", "what", "where"]), st.data())
def test_a_track_does_not_pass_what_is_left_out(place, rows, kind, data):
    """Law of visits: a track is a run of fixes that the question keeps, without one between that it leaves out."""
    begin_us = BEGIN_US[place[1]]
    rows = moved(rows, begin_us)
    speed = data.draw(st.lists(st.sampled_from([0.0, 5.0]), min_size=len(rows), max_size=len(rows)))
    corner = CORNER[place[0]]
    zone = Zone(place[1])
    with city_at(place) as city:
        load_fixes(city, rows, speed=speed)
        query = city.tracks("vehicles")
        if kind == "what":
            query, keeps = query.what("speed > 1"), lambda at: speed[at] > 1
        elif kind == "where":
            box = (corner[0] - 50, corner[1] - 500, corner[0] + 50, corner[1] + 500)
            query, keeps = query.where(box, crs=place[0]), lambda at: -50 <= rows[at][2] <= 50
        elif kind == "hours":
            query = query.when(hours="02:00-02:30")

            def keeps(at):
                local = zone.iso(rows[at][1])[11:16]
                return "02:00" <= local < "02:30"
        else:
            spans = [(begin_us, begin_us + 200 * SECOND), (begin_us + 400 * SECOND, begin_us + 900 * SECOND)]
            query = query.during(*spans)

            def keeps(at):
                return any(first <= rows[at][1] < end for first, end in spans)

        expected = []
        numbered = tracks_of([(row[0], row[1], at) for at, row in enumerate(rows)])
        for track in numbered.values():
            run = []
            for _, _, at in [*track, (None, None, None)]:
                if at is not None and keeps(at):
                    run.append(rows[at])
                elif run:
                    expected.append(run)
                    run = []
        assert shown(query.fixes(), place[0]) == expected


@settings(max_examples=examples(70))
@given(places(), worlds(least=6), st.sampled_from([40, 200, 2000]), st.sampled_from(["1h", "1D"]))
def test_dwell_is_the_time_that_was_observed(place, rows, gap, every):
    """Law of dwell: cell by cell and step by step what exact crossing gives; in sum all that was observed."""
    begin_us, gap_us = BEGIN_US[place[1]], gap * SECOND
    rows = moved(rows, begin_us)
    corner = CORNER[place[0]]
    with city_at(place) as city:
        load_fixes(city, rows)
        dwell = city.tracks("vehicles").dwell("100m", every, gap=f"{gap}s", by_mover=True)
        whole = city.tracks("vehicles").dwell("100m", every, gap=f"{gap}s")
        cube = whole.to_cube()
    tracks = tracks_of(rows)
    observed = [sum(b[1] - a[1] for a, b in observed_moves(track, gap_us)) for track in tracks.values()]
    assert dwell.observed_us.tolist() == observed
    sums = np.bincount(dwell.mover, dwell.dwell_us, len(tracks)).astype(np.int64)
    assert sums.tolist() == observed  # to the microsecond
    assert dwell.outside_us == 0
    assert int(whole.dwell_us.sum()) == sum(observed)
    assert cube.measure("dwell_s").values.sum() == pytest.approx(sum(observed) / SECOND)
    lattice = city.configuration.lattice
    absolute = {
        mover: [(name, at, x + corner[0], y + corner[1]) for name, at, x, y in track]
        for mover, track in tracks.items()
    }
    expected = dwell_by_rule(absolute, gap_us, 100, dwell.time.edges_us.tolist())
    x, y = lattice.centres(dwell.names.to_numpy().astype(np.int64)[dwell.cell])
    names = dwell.movers.to_pylist()
    found = {
        (names[mover], step, int(px // 100), int(py // 100)): took_us
        for mover, step, px, py, took_us in zip(
            dwell.mover.tolist(),
            dwell.step.tolist(),
            x.tolist(),
            y.tolist(),
            dwell.dwell_us.tolist(),
            strict=True,
        )
    }
    for key in found.keys() | {key for key, took in expected.items() if took > 24}:
        # each piece is rounded at both its ends: at most one microsecond a segment and crossing
        assert abs(found.get(key, 0) - float(expected.get(key, 0))) <= 24


@settings(max_examples=examples(70))
@given(places(), worlds(least=6), st.integers(0, 60), st.sampled_from([None, 300]))
def test_the_last_position_is_that_of_the_last_fix(place, rows, at, age):
    """Law of the present: a mover is where its last fix until then says, and is as old as that."""
    rows = moved(rows, BEGIN_US[place[1]])
    at_us = BEGIN_US[place[1]] + at * 20 * SECOND
    corner = CORNER[place[0]]
    with city_at(place) as city:
        load_fixes(city, rows)
        current = city.tracks("vehicles").current(at_us, max_age=None if age is None else f"{age}s")
    expected = []
    for mover, track in tracks_of(rows).items():
        until = [fix for fix in track if fix[1] <= at_us and (age is None or fix[1] >= at_us - age * SECOND)]
        if until:
            _, time_us, x, y = until[-1]
            expected.append((mover, (at_us - time_us) / SECOND, round(x, 6), round(y, 6)))
    found = [
        (row["mover"], row["age_s"], round(row["st_x"] - corner[0], 6), round(row["st_y"] - corner[1], 6))
        for row in current
    ]
    assert found == expected
