"""The law of exchange: a received layer answers as its owner did at every instant of the owner's that was received.

Random histories of an owner (loads, corrections, deletes, loads that are undone), random slices of them as packages,
received in any order, twice, with packages that are lost, and with those of an owner who restored a backup and went
on otherwise. A model of a dozen lines says which of them are received; the owner's own city says what is answered.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import StcloudError
from stcloud.testing.examples import examples

START_US = 1_710_000_000_000_000
HOUR_US = 3_600_000_000
KEYS = "abcde"
ZONES = {"Asia/Shanghai": (120.1, 30.2, "EPSG:4549"), "America/New_York": (-74.0, 40.7, "EPSG:32618")}
TIMES = ("2024-03-01 10:00", "2024-11-03 01:30", "2024-12-31 23:59")  # one of them was twice in New York

cells = st.tuples(st.sampled_from(["open", "closed", None]), st.sampled_from(TIMES), st.integers(0, 3))
contents = st.dictionaries(st.sampled_from(KEYS), cells, min_size=1)
loads = st.tuples(
    st.sampled_from(["load", "load", "load", "delete", "undo", "restore"]), contents, st.integers(0, 9)
)
slices = st.tuples(st.integers(0, 9), st.integers(0, 9))


class Clock:
    """A clock that goes on by an hour whenever it is told to."""

    def __init__(self):
        self.now_us = START_US

    def __call__(self):
        return self.now_us

    def tick(self):
        self.now_us += HOUR_US


@dataclass(frozen=True)
class Package:
    """A package with all that its owner had entered until its end, and how much of that was entered before it."""

    path: Path
    entries: tuple
    first: int
    owner: object


def events(city, contents, mode):
    lon, lat, _ = ZONES[city.configuration.zone.name]
    frame = pd.DataFrame(
        [
            {"id": key, "status": status, "opened": time, "lon": lon + shift / 500, "lat": lat}
            for key, (status, time, shift) in contents.items()
        ]
    )
    city.load(
        "requests", frame, key="id", time="opened", lon="lon", lat="lat", datum="wgs84", mode=mode, again=True,
        max_rejected="100%",
    )  # fmt: skip


def features(city, contents, mode):
    rows = [
        {"id": key, "status": status, "from": time, "geometry": f"POINT ({500_000 + shift} 4500000)"}
        for key, (status, time, shift) in contents.items()
    ]
    city.load("requests", pd.DataFrame(rows), definition=feature_definition(city), mode=mode, again=True)


def feature_definition(city):
    return stcloud.Definition.from_toml(
        f"""
        id = "requests"
        kind = "feature"
        key = ["id"]
        [valid]
        from = "from"
        [space]
        column = "geometry"
        encoding = "wkt"
        crs = "{city.configuration.crs}"
        """,
        name="requests",
    )


def answers(city, known):
    """Return what is answered as known at an instant: rows, and of features those of each time too."""
    layer = city.layer("requests")
    if layer.kind == "event":
        return city.query("requests").known_at(known).rows().table
    tables = [layer.as_of(time, known_at=known).table for time in TIMES]
    return [table.drop_columns(["st_recorded_to"]) for table in tables]


def same(one, other):
    return (
        all(a.equals(b) for a, b in zip(one, other, strict=True))
        if isinstance(one, list)
        else one.equals(other)
    )


def attempt(act, *given):
    """Return the kind of the error that an act ends with; None: it is done."""
    try:
        act(*given)
    except StcloudError as error:
        return error.kind
    return None


def entries_of(owner):
    return tuple((load.attempt, load.recorded_at_us) for load in owner.layer("requests").loads)


def history(folder, zone, load, steps, cuts, clock):
    """Make an owner's city; return the packages of it, and of what it was before it was restored."""
    owner = stcloud.create(str(folder / "owner"), crs=ZONES[zone][2], zone=zone)
    owner, packages = stcloud.open(str(folder / "owner"), clock=clock), []
    for number, (step, rows, which) in enumerate(steps):
        clock.tick()
        known = [each for each in owner.layer("requests").loads if each.mode != "undo"] if number else []
        if step == "restore" and known:  # the city goes on from a copy that is as it is now
            place = folder / f"restored-{number}"
            owner.copy_to(place)
            load(owner, rows, "changes")
            packages += cut(owner, folder, cuts[:1], f"lost-{number}")
            owner = stcloud.open(str(place), clock=clock)
        elif step == "undo" and known:
            assert attempt(owner.undo, "requests", known[which % len(known)].load) in (
                None,
                "undone-already",
            )
        else:
            load(owner, rows, "delete" if step == "delete" and known else "changes")
        packages += cut(owner, folder, cuts[number : number + 2], str(number))
    return packages


def cut(owner, folder, cuts, name):
    packages = []
    entries = entries_of(owner)
    for number, (begin, size) in enumerate(cuts):
        first = begin % len(entries)
        last = min(len(entries), first + 1 + size)
        path = folder / f"{name}-{number}.stpack"
        since = entries[first - 1][1] if first else None
        owner.pack("requests", to=path, since=since, until=entries[last - 1][1])
        packages.append(Package(path, entries[:last], first, owner))
    return packages


def expected(state, package):
    """Return what becomes of a package, by comparing lists of entries, and the entries that are known then."""
    own, until = package.entries, state[-1][1] if state else 0
    since = own[package.first - 1][1] if package.first else 0
    if not state:
        return ("missing-package", state) if package.first else ("received", own)
    if state == own[: len(state)] and package.first <= len(state):
        return ("received", own) if len(own) > len(state) else ("known", state)
    if own == state[: len(own)]:
        return "known", state
    return ("missing-package" if since > until else "changed-past"), state


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("load", [events, features])
def test_a_received_layer_answers_as_its_owner(load, zone):
    @settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
    @given(st.lists(loads, min_size=1, max_size=6), st.lists(slices, min_size=8, max_size=8), st.randoms())
    def check(steps, cuts, order):
        folder = Path(tempfile.mkdtemp())
        try:
            run(folder, zone, load, steps, cuts, order)
        finally:
            shutil.rmtree(folder)

    check()


def run(folder, zone, load, steps, cuts, order):
    clock = Clock()
    packages = history(folder, zone, load, steps, cuts, clock)
    order.shuffle(packages)
    packages = sorted(packages, key=lambda package: package.first) + packages  # in order, and once more
    stcloud.create(str(folder / "city"), crs=ZONES[zone][2], zone=zone)
    city, state, owner, seen = stcloud.open(str(folder / "city"), clock=clock), (), None, []
    for package in packages:
        clock.tick()
        outcome, state = expected(state, package)
        done = []
        refused = attempt(lambda path=package.path, done=done: done.extend(city.receive(path)))
        assert refused == (None if done else outcome)
        assert [each.outcome for each in done] in ([outcome], [])
        if outcome == "received":
            owner = package.owner
            seen.append((clock.now_us, state[-1][1]))
    if owner is None:
        return
    instants = [at_us for _, at_us in state]
    for at_us in [instants[0] - 1, *instants, *(at_us + HOUR_US // 2 for at_us in instants[:-1])]:
        assert same(answers(city, f"origin:{iso(at_us)}"), answers(owner, at_us))
    for received_us, until_us in seen:
        for ours_us in (received_us, received_us + HOUR_US // 2):
            assert same(answers(city, ours_us), answers(owner, until_us))
    assert same(answers(city, seen[0][0] - 1), answers(owner, instants[0] - 1))
    assert [finding for finding in city.check() if finding.faults] == []


def iso(at_us):
    return pd.Timestamp(at_us, unit="us", tz="UTC").isoformat()
