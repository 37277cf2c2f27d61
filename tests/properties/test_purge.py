"""Laws of purges: what is purged is nowhere, all else is as if it had never been, pins are answered alike or refused.

The oracle is plain Python over dicts: which keys a purge is of, by what was loaded.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.errors import NotFound
from stcloud.testing import features
from stcloud.testing.events import define
from stcloud.testing.examples import examples
from stcloud.testing.residue import places_of

SECOND = 1_000_000
FIRST_US = 1_700_000_000 * SECOND
HEAD = "id,at,lon,lat,note,phone,n\n"
OURS = ("st_digest", "st_load", "st_row")
KEYS = [f"key{letter}" for letter in "abcd"]

changes = st.lists(
    st.tuples(st.sampled_from(KEYS), st.integers(1, 9), st.sampled_from(["x", "y", ""])),
    min_size=1, max_size=4, unique_by=lambda row: row[0],
)  # fmt: skip
deliveries = st.lists(
    st.tuples(st.sampled_from(["changes", "changes", "changes", "delete"]), changes), min_size=1, max_size=4
)
scopes = st.fixed_dictionaries(
    {
        "day": st.none() | st.integers(1, 10),
        "note": st.none() | st.sampled_from(["x", "y"]),
        "columns": st.booleans(),
    }
).filter(lambda scope: scope["day"] is not None or scope["note"] is not None)


class Town:
    """A city that loads what it is given at instants that the test sets."""

    def __init__(self, folder, zone):
        self.folder = Path(folder)
        self.now = FIRST_US
        self.files = itertools.count()
        stcloud.create(self.folder / "city", crs="EPSG:32618", zone=zone)
        self.city = stcloud.open(self.folder / "city", clock=lambda: self.now)

    def load(self, layer, text, **options):
        self.now += SECOND
        file = self.folder / f"{next(self.files)}.csv"
        file.write_text(text, encoding="utf-8")
        known = layer in [one.name for one in self.city.layers()]
        options |= {"definition": None} if known else {}
        if known or options.get("mode") != "delete":  # else nothing is there to delete from
            self.city.load(layer, file, max_rejected="100%", **options)

    def stored(self, layer):
        """All rows that the table holds, whenever they were believed, without digests and names of loads."""
        if layer not in [one.name for one in self.city.layers()]:
            return []
        known = self.city.layer(layer)
        table = known.snapshot.read(list(known.layer_kind.row_files(known.snapshot)))
        ends = {}
        if known.layer_kind.versioned:
            from stcloud.daas.table.feature import read_ends

            read = read_ends(known.snapshot)
            ends = dict(zip(read.row.tolist(), read.at_us.tolist(), strict=True))
            assert set(ends) <= set(table["st_row"].to_pylist())
        rows = []
        for row in table.to_pylist():
            until = ends.get(row.get("st_row"))
            if until is not None and row["st_recorded_to"] is None:
                row["st_recorded_to"] = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(
                    microseconds=until
                )
            rows.append({name: value for name, value in row.items() if name not in OURS})
        return sorted(rows, key=repr)


def event_text(rows, number, *, without=()):
    """Lines of a delivery; each row has a phone of its own, which nothing else holds."""
    lines = [
        f"{key},2024-03-{day:02} 10:00:00,-74.{number}{day},40.7,{note},"
        f"{'' if key in without else phone(key, number)},"
        f"{'' if key in without else digits(key, number)}\n"
        for key, day, note in rows
    ]
    return HEAD + "".join(lines)


def phone(key, number):
    return f"SECRET{key[-1]}{number}Z"


def digits(key, number):
    return 77000 + KEYS.index(key) * 100 + number + 900_000_000


def purged_keys(plan, scope):
    """The keys that a purge is of: by the last that was stated of their time, by any note that they ever had."""
    stated = {}
    for mode, rows in plan:
        for key, day, note in rows if mode == "changes" else ():
            stated.setdefault(key, []).append((day, note))
    day, note = scope["day"], scope["note"]
    return {
        key
        for key, versions in stated.items()
        if (day is None or versions[-1][0] < day)
        and (note is None or any(one[1] == note for one in versions))
    }


def purge_of(city, layer, scope, columns):
    return city.purge(
        layer, before=None if scope["day"] is None else f"2024-03-{scope['day']:02}",
        what=() if scope["note"] is None else f"note = '{scope['note']}'",
        columns=columns if scope["columns"] else (),
    )  # fmt: skip


def questions(city, known_at=None):
    """Answers to questions about the layer, now or as they were pinned; None: refused."""
    asked = {
        "rows": lambda query: sorted(map(repr, plain(query.rows().table.to_pylist()))),
        "count": lambda query: query.count().table.to_pylist(),
        "by note": lambda query: query.count(by=["note"]).table.to_pylist(),
        "phones": lambda query: query.measure("distinct(phone)").table.to_pylist(),
        "with phone": lambda query: query.what("phone IS NOT NULL").count().table.to_pylist(),
        "late": lambda query: query.when("2024-03-06/..").count(by=["day"]).table.to_pylist(),
    }
    return {name: answer(city, ask, known_at) for name, ask in asked.items()}


def plain(rows):
    return [{name: value for name, value in row.items() if name not in OURS} for row in rows]


def answer(city, ask, known_at):
    query = city.query("events")
    return unless_refused(lambda: ask(query if known_at is None else query.known_at(known_at)))


def unless_refused(ask):
    """The answer; None where it is refused because of a purge."""
    try:
        return ask()
    except NotFound as error:
        if error.kind != "purged":
            raise
        return None


@settings(max_examples=examples(24), suppress_health_check=list(HealthCheck))
@given(plan=deliveries, scope=scopes)
def test_after_a_purge_events_are_as_if_what_is_purged_had_never_been(plan, scope):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        town, clean = Town(one, "Pacific/Auckland"), Town(other, "Pacific/Auckland")
        definition = define(n="integer")
        gone = purged_keys(plan, scope)
        pins = []
        for number, (mode, rows) in enumerate(plan):
            town.load("events", event_text(rows, number), definition=definition, mode=mode)
            if "events" in [layer.name for layer in town.city.layers()]:
                pins.append((town.city.query("events").count().pin, questions(town.city)))
            kept = rows if scope["columns"] else [row for row in rows if row[0] not in gone]
            clean.load("events", event_text(kept, number, without=gone), definition=definition, mode=mode)
        if not pins:
            return
        (counted,) = town.city.purge(
            "events", before=None if scope["day"] is None else f"2024-03-{scope['day']:02}",
            what=() if scope["note"] is None else f"note = '{scope['note']}'",
            columns=("phone", "n") if scope["columns"] else (), dry_run=True,
        )  # fmt: skip
        (done,) = purge_of(town.city, "events", scope, ("phone", "n"))
        assert (done.rows, done.versions, done.quarantined) == (
            counted.rows,
            counted.versions,
            counted.quarantined,
        )
        assert done.rows == len(gone)

        for key, number in itertools.product(gone, range(len(plan))):
            assert places_of(Path(one) / "city", phone(key, number)) == []
            assert places_of(Path(one) / "city", str(digits(key, number))) == []
        assert [finding for finding in town.city.check() if finding.faults] == []
        if not scope["columns"]:
            assert town.stored("events") == clean.stored("events")
            assert all(key not in repr(town.stored("events")) for key in gone)
        now = questions(town.city)
        if "events" in [layer.name for layer in clean.city.layers()]:
            expected = questions(clean.city)
            if scope["columns"]:  # when a phone alone changed, the one has two versions and the other has one
                now["rows"], expected["rows"] = (unrecorded(some["rows"]) for some in (now, expected))
            assert now == expected
        check_pins(town.city, pins, gone, scope)


def unrecorded(rows):
    return [re.sub(r"'st_recorded_from': [^)]*\)[^)]*\), ", "", row) for row in rows]


def check_pins(city, pins, gone, scope):
    for pin, before in pins:
        after = questions(city, pin)
        for name, known in before.items():
            assert after[name] is None or after[name] == known, name
        if not gone:
            assert None not in after.values()
        elif scope["columns"]:
            assert None not in [after[name] for name in ("count", "by note", "late")]
    fresh = city.query("events").count().pin
    assert questions(city, fresh) == questions(city)


snapshots = st.lists(
    st.tuples(st.integers(1, 9), st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["x", "y"]), min_size=1)),
    min_size=1, max_size=4, unique_by=lambda snapshot: snapshot[0],
)  # fmt: skip


def feature_text(rows, number, *, without=()):
    lines = [
        f"{key},{note},{'' if key in without else phone(key, number)},"
        f'"POLYGON ((500000 {at}, 500010 {at}, 500010 {at + 9}, 500000 {at}))"\n'
        for key, note in rows.items()
        for at in [4_500_000 + 20 * KEYS.index(key)]
    ]
    return "k,note,phone,wkt\n" + "".join(lines)


def expired(plan, scope):
    """The keys of features that a purge is of: nothing of them lasts to its day, and a version has the note."""
    gone = set()
    held = dict(plan)
    for key in KEYS:
        states = sorted(held)
        with_key = [day for day in states if key in held[day]]
        ended = bool(with_key) and with_key[-1] != states[-1]
        end = states[states.index(with_key[-1]) + 1] if ended else None
        old = scope["day"] is None or (end is not None and end <= scope["day"])
        if (
            with_key
            and old
            and (scope["note"] is None or any(held[day][key] == scope["note"] for day in with_key))
        ):
            gone.add(key)
    return gone


@settings(max_examples=examples(24), suppress_health_check=list(HealthCheck))
@given(plan=snapshots, scope=scopes)
def test_after_a_purge_features_are_as_if_what_is_purged_had_never_been(plan, scope):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        town, clean = Town(one, "America/St_Johns"), Town(other, "America/St_Johns")
        definition = features.define(more="[columns.phone]\noptional = true")
        gone = expired(plan, scope)
        pins = []
        for number, (day, rows) in enumerate(plan):
            options = {"definition": definition, "valid_from": f"2024-03-{day:02}", "empty": True}
            town.load("events", feature_text(rows, number), **options)
            state = town.city.features("events").as_of("2024-03-10")
            pins.append((state.pin, plain(state.table.to_pylist())))
            kept = rows if scope["columns"] else {key: note for key, note in rows.items() if key not in gone}
            clean.load("events", feature_text(kept, number, without=gone), **options)
        (done,) = purge_of(town.city, "events", scope, ("phone",))
        assert done.rows == len(gone)
        for key, number in itertools.product(gone, range(len(plan))):
            assert places_of(Path(one) / "city", phone(key, number)) == []
        assert [finding for finding in town.city.check() if finding.faults] == []
        if not scope["columns"]:
            assert town.stored("events") == clean.stored("events")
        for day in range(1, 11):
            states = [
                [{name: value for name, value in row.items() if not name.startswith("st_")} for row in rows]
                for rows in (
                    some.city.features("events").as_of(f"2024-03-{day:02}").table.to_pylist()
                    for some in (town, clean)
                )
            ]
            assert states[0] == states[1]
        for pin, before in pins:
            asked = functools.partial(town.city.features("events").as_of, "2024-03-10", known_at=pin)
            after = unless_refused(lambda asked=asked: plain(asked().table.to_pylist()))
            assert after == before or (after is None and gone)


def test_a_law_that_holds_of_nothing_is_no_law():
    scope = {"day": 5, "note": None, "columns": False}
    assert purged_keys([("changes", [("keya", 1, "x"), ("keyb", 6, "x")])], scope) == {"keya"}
    with pytest.raises(KeyError):
        dict(expired([], scope))["keya"]
