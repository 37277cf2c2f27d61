"""A layer of features answers as the chronicle does, after whatever loads in whatever order.

Days of January stand for instants, a few names and shapes for contents; the city is a real one in a folder.
"""

import csv
import itertools
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import stcloud
from stcloud.testing.examples import examples
from stcloud.testing.features import define
from stcloud.testing.timeline import Chronicle, Counts

DAYS = 8
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
KEYS = ("1", "2", "10", "a b")
SHAPES = (
    "POINT (500000 4500000)",
    "POINT (500000 4500001)",
    "POLYGON ((500000 4500000, 500100 4500000, 500100 4500100, 500000 4500000))",
)

days = st.integers(0, DAYS - 1)
contents = st.tuples(st.sampled_from(["x", "y", None]), st.sampled_from(SHAPES))
rows = st.dictionaries(st.sampled_from(KEYS), contents, min_size=1, max_size=len(KEYS))
some_rows = st.dictionaries(st.sampled_from(KEYS), contents, min_size=1, max_size=2)
periods = st.tuples(days, st.one_of(st.none(), days)).filter(
    lambda ends: ends[1] is None or ends[0] < ends[1]
)


def date(day):
    return f"{FIRST + timedelta(days=day):%Y-%m-%d}"


def instant(day):
    return None if day is None else FIRST + timedelta(days=day)


@dataclass(frozen=True)
class Load:
    """What is loaded: a file, how, and of which period."""

    file: Path
    mode: str
    start: int
    end: int | None
    rows: dict
    repeated: int = 0  # how many rows are written twice

    @property
    def options(self):
        until = {} if self.end is None else {"valid_to": date(self.end)}
        return {"mode": self.mode, "valid_from": date(self.start), "max_rejected": "100%", **until}

    @property
    def identity(self):
        """Loads of one identity are the same to the ledger; their files may differ by name only."""
        return self.file.read_bytes(), self.mode, self.start, self.end

    def tell(self, chronicle):
        """Tell the model; return the counts it expects."""
        if self.mode == "snapshot":
            return chronicle.snapshot(self.start, self.rows)
        if self.mode == "delete":
            return chronicle.delete([(key, self.start, self.end) for key in self.rows])
        stated = [(key, self.start, self.end, content) for key, content in self.rows.items()]
        return chronicle.append(stated) if self.mode == "append" else chronicle.changes(stated)


class FeatureLayer(RuleBasedStateMachine):
    """A city with one layer, and the chronicle beside it."""

    every_load = False  # compare all that was ever known after every load, not after the last one alone
    overridden = False  # of a piece that two loads made one, the model remembers each day who said it

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        # A clock may stand still or go back a little: loads are recorded one after another all the same.
        steps = itertools.accumulate(
            itertools.cycle([SECOND_US, 0, -SECOND_US // 2]), initial=1_700_000_000 * SECOND_US
        )
        stcloud.create(self.folder / "city", crs="EPSG:32618", zone="UTC")
        self.clock = steps.__next__
        self.city = stcloud.open(self.folder / "city", clock=self.clock)
        self.chronicle = Chronicle(DAYS + 1)
        self.loads = {}  # by number
        self.names = {}  # of loads, by number
        self.recorded_us = []
        self.undone = set()

    # What may happen.

    @initialize(at=days, drawn=some_rows, mode=st.sampled_from(["snapshot", "changes", "append"]))
    def found(self, at, drawn, mode):
        self.take(
            self.written(mode, at, None, drawn),
            definition=define(more="[columns.name]"),
        )

    @rule(at=days, drawn=rows, repeated=st.integers(0, 1))
    def snapshot(self, at, drawn, repeated):
        self.take(self.written("snapshot", at, None, drawn, repeated))

    @rule(period=periods, drawn=some_rows, mode=st.sampled_from(["changes", "changes", "append"]))
    def change(self, period, drawn, mode):
        self.take(self.written(mode, *period, drawn))

    @rule(period=periods, drawn=some_rows)
    def delete(self, period, drawn):
        self.take(self.written("delete", *period, drawn))

    @rule(data=st.data())
    def load_once_more(self, data):
        """State what was stated before, as a load of its own."""
        self.take(self.loads[data.draw(st.sampled_from(sorted(self.loads)))])

    @precondition(lambda self: self.reloadable)
    @rule(data=st.data())
    def reload(self, data):
        """Law: loading a file again changes nothing, under whatever name."""
        load = self.loads[data.draw(st.sampled_from(self.reloadable))]
        copy = shutil.copy(load.file, load.file.with_name(f"copy-of-{load.file.name}"))
        before = len(self.city.layer("things").loads)
        reckoning = self.city.load("things", copy, **load.options)
        assert reckoning.known
        assert reckoning.recorded_at_us in self.recorded_us
        assert len(self.city.layer("things").loads) == before
        self.compare()

    @precondition(lambda self: set(self.loads) - self.undone)
    @rule(data=st.data())
    def undo(self, data):
        number = data.draw(st.sampled_from(sorted(set(self.loads) - self.undone)))
        reckoning = self.city.undo("things", self.names[number])
        self.chronicle.undo(number)
        self.undone.add(number)
        self.recorded_us.append(reckoning.recorded_at_us)
        self.compare()

    # What must be so.

    def compare(self):
        """Law: every pair of as-of and known-at is what a dictionary of instants gives."""
        assert self.recorded_us == sorted(set(self.recorded_us))
        newest = self.chronicle.loads
        if self.every_load:
            for number in range(newest + 1):
                self.compare_known(number, range(DAYS + 1))
        else:
            self.compare_known(newest, range(newest % 3, DAYS + 1, 3))

    def compare_known(self, number, days):
        """Law: no overlap, no two touching periods of equal content, no change of what was known."""
        known_at = self.recorded_us[number - 1] if number else self.recorded_us[0] - 1
        layer = self.city.layer("things")
        pieces = self.chronicle.pieces(number)
        for day in days:
            expected = [
                {"k": key, "name": content[0], "st_valid_from": instant(start), "st_valid_to": instant(end)}
                for key in sorted(pieces)
                for start, end, content in pieces[key]
                if start <= day and (end is None or day < end)
            ]
            found = layer.as_of(date(day), known_at=known_at).to_records()
            told = [
                {name: row[name] for name in ("k", "name", "st_valid_from", "st_valid_to")} for row in found
            ]
            assert told == expected, f"as of {date(day)}, known after load {number}"

    def teardown(self):
        try:
            if len(self.recorded_us) == self.chronicle.loads > 0:  # no rule has failed half-way
                self.city = stcloud.open(self.folder / "city", clock=self.clock)
                for number in range(self.chronicle.loads + 1):
                    self.compare_known(number, range(DAYS + 1))
                assert [finding for finding in self.city.check() if finding.faults] == []
        finally:
            self.city.close()
            shutil.rmtree(self.folder)

    # How it is done.

    @property
    def reloadable(self):
        """Loads whose statement is not undone, under no name."""
        undone = {self.loads[number].identity for number in self.undone}
        return [number for number, load in self.loads.items() if load.identity not in undone]

    def written(self, mode, start, end, drawn, repeated=0):
        file = self.folder / f"{len(list(self.folder.iterdir()))}.csv"
        lines = [(key, *content) for key, content in drawn.items()]
        with file.open("w", newline="", encoding="utf-8") as stream:
            table = csv.writer(stream)
            table.writerow(["k"] if mode == "delete" else ["k", "name", "wkt"])
            table.writerows(line[:1] if mode == "delete" else line for line in [*lines, *lines[:repeated]])
        return Load(file, mode, start, end, drawn, repeated)

    def take(self, load, **options):
        reckoning = self.city.load("things", load.file, again=True, **load.options, **options)
        expected = load.tell(self.chronicle)
        found = Counts(**{name: getattr(reckoning, name) for name in Counts.__slots__})
        if not self.overridden:
            found, expected = replace(found, overridden=0), replace(expected, overridden=0)
        assert found == expected
        assert reckoning.duplicates == load.repeated
        assert reckoning.adds_up
        assert not reckoning.known
        number = self.chronicle.loads
        self.loads[number], self.names[number] = load, reckoning.load
        self.recorded_us.append(reckoning.recorded_at_us)
        self.compare()


class EveryLoad(FeatureLayer):
    """The same, and nothing that was ever known is let out of sight."""

    every_load = True


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def test_a_layer_of_features_is_as_the_chronicle_says():
    few = settings(
        max_examples=examples(10), stateful_step_count=8, deadline=None, suppress_health_check=SLOW
    )
    run_state_machine_as_test(FeatureLayer, settings=few)


@pytest.mark.slow
def test_a_layer_of_many_loads_is_as_the_chronicle_says():
    many = settings(
        max_examples=examples(12), stateful_step_count=15, deadline=None, suppress_health_check=SLOW
    )
    run_state_machine_as_test(EveryLoad, settings=many)


class Overridden(FeatureLayer):
    """The same by hand: loads of mode, period and rows."""

    overridden = True

    def take_all(self, *loads):
        definition = define(more="[columns.name]")
        try:
            for load in loads:
                self.take(self.written(*load), definition=definition)
        finally:
            self.teardown()


X, Y = (("x", SHAPES[0]), ("y", SHAPES[0]))


def test_a_snapshot_counts_the_changes_that_it_overrides():
    Overridden().take_all(
        ("changes", 2, None, {"1": X, "2": X}),
        ("snapshot", 4, None, {"1": X, "10": X}),
        ("snapshot", 0, None, {"10": Y}),
        ("snapshot", 0, None, {"10": Y}),
    )


def test_a_snapshot_that_makes_a_change_last_longer_overrides_nothing():
    Overridden().take_all(("changes", 4, None, {"1": X}), ("snapshot", 0, None, {"1": X}))


def test_what_a_change_leaves_of_a_snapshot_is_no_change():
    snapshot, change = ("snapshot", 0, None, {"1": X}), ("changes", 3, 4, {"1": Y})
    Overridden().take_all(snapshot, change, ("snapshot", 6, None, {"1": Y}))


def test_what_a_snapshot_leaves_of_a_change_is_a_change():
    change, snapshot = ("changes", 0, None, {"1": X}), ("snapshot", 6, None, {"2": X})
    Overridden().take_all(change, snapshot, ("snapshot", 2, None, {"2": X}))
