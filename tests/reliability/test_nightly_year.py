"""A year of nightly loads: late, empty, repeated and drifting files, killed nights; the reckonings add up.

The oracle is a dict of what each request was last said to be, in the order in which files came.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.testing.events import define

NIGHTS = 365
HEAD = ("id", "at", "lon", "lat", "note")


class Year:
    """Makes the files of a year, and knows what a city should hold once they are loaded."""

    def __init__(self, folder, seed):
        self.folder, self.draw = folder, random.Random(seed)
        self.known: dict[str, tuple] = {}
        self.next_id = 1

    def file(self, night):
        """Write the file of a night; return it with its rows that can be read, and how many cannot."""
        drifted = 100 <= night < 250
        head = (*HEAD, "crew") if drifted else HEAD
        count = 0 if night % 37 == 0 else self.draw.randint(1, 12)
        old = (
            self.draw.sample(sorted(self.known), min(len(self.known), self.draw.randint(0, 6)))
            if count
            else []
        )
        rows = []
        for key in [*old, *(str(self.next_id + number) for number in range(count))]:
            at = f"2024-{1 + night % 12:02}-{1 + night % 28:02} 0{night % 10}:00:00"
            before = self.known.get(key)
            if before is not None and self.draw.random() < 0.4:  # as it was
                rows.append((key, *before[:4], before[4] if drifted else None))
            else:
                rows.append(
                    (key, at, "117.01", "31.9", f"night {night}", f"crew {night}" if drifted else None)
                )
        self.next_id += count
        bad = [("", *rows[0][1:])] * self.draw.choice([0, 0, 0, 1]) if len(rows) > 5 else []
        lines = [
            ",".join(head),
            *(",".join(map(str, row[: len(head)])).replace("None", "") for row in [*rows, *bad]),
        ]
        path = self.folder / f"requests-{night:03}.csv"
        path.write_text("\n".join(lines) + "\n")
        return path, rows, len(bad), drifted

    def take(self, rows):
        """Return the counts that a load of the rows must have, and believe them from now on."""
        counts = Counter(accepted=0, updated=0, unchanged=0)
        for key, *content in rows:
            before = self.known.get(key)
            counts[
                "accepted" if before is None else "unchanged" if before == tuple(content) else "updated"
            ] += 1
            self.known[key] = tuple(content)
        return dict(counts)


def counts(reckoning):
    return {name: getattr(reckoning, name) for name in ("accepted", "updated", "unchanged")}


def killed(monkeypatch, city, path, options, where):
    """Load a file and be killed: while rows are written, or after the commit and before the ledger's entry."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    place = {
        "write": "stcloud.daas.table.layer.EventLayer.write",
        "entry": "stcloud.daas.ledger.Ledger.write",
    }[where]
    entry = stcloud.daas.ledger.Ledger.write
    with monkeypatch.context() as patched:
        patched.setattr(
            place, stop if where == "write" else lambda own, loads: stop() if loads else entry(own, loads)
        )
        try:
            city.load("requests", path, **options)
        except KeyboardInterrupt:
            return True
    return False  # there was nothing to write


def knows_crew(city):
    return any("crew" in {one.name for one in layer.attributes} for layer in city.layers())


def timeless(reckoning):
    return replace(reckoning, recorded_at_us=0, attempt="", known=False)


@pytest.mark.slow
def test_the_reckonings_of_a_year_add_up(tmp_path, monkeypatch):
    year, draw = Year(tmp_path, 1), random.Random(2)
    stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    now_us = [1_700_000_000_000_000]

    def clock():
        now_us[0] += 60_000_000
        return now_us[0]

    city = stcloud.open(tmp_path / "city", clock=clock)
    late, loaded, delivered, happened = [], [], 0, Counter()
    for night in range(NIGHTS):
        late.append(year.file(night))
        if draw.random() < 0.1 and night < NIGHTS - 1:  # it comes together with the next one, and after it
            happened["late"] += 1
            continue
        for path, rows, bad, drifted in reversed(late):
            missing = () if drifted or not knows_crew(city) else ("crew",)
            options = {"definition": define(), "max_rejected": 1, "allow_missing": missing}
            if missing and rows and night % 5 == 0:
                with pytest.raises(InvalidInput) as refused:
                    city.load("requests", path, definition=define(), max_rejected=1)
                assert refused.value.kind == "vanished-column"
                happened["drifted"] += 1
            dry = city.load("requests", path, dry_run=True, **options) if night % 5 == 1 else None
            tried = night % 7 == 0
            if tried:
                where = draw.choice(["write", "entry"])
                happened["killed"] += killed(monkeypatch, city, path, options, where)
            done = city.load("requests", path, **options)
            assert (
                not done.known or tried or not rows
            )  # killed after its commit; one empty file is like another
            assert done.adds_up
            assert dry is None or timeless(dry) == timeless(done)
            assert (done.read, done.rejected) == (len(rows) + bad, bad)
            assert counts(done) == year.take(rows)
            delivered += done.read
            happened["empty"] += not rows
            loaded.append((path, done))
        late = []
        if night % 11 == 0:  # somebody starts the job again
            path, before = draw.choice(loaded)
            again = city.load("requests", path, definition=define(), max_rejected=1, allow_missing=("crew",))
            assert (again.known, counts(again), again.load) == (True, counts(before), before.load)
            happened["repeated"] += 1
    assert min(happened[name] for name in ("late", "drifted", "killed", "empty", "repeated")) > 5
    ledger = city.layer("requests").loads
    assert {load.load for load in ledger} == {done.load for _, done in loaded}
    assert len({load.load for load in ledger}) == len(ledger)
    assert sum(load.read for load in ledger) == delivered
    assert sum(load.accepted for load in ledger) == len(year.known) == city.layer("requests").events
    found = city.query("requests").rows().to_pandas()
    assert {
        row.id: (row.note, row.crew if isinstance(row.crew, str) else None) for row in found.itertuples()
    } == {key: (content[3], content[4]) for key, content in year.known.items()}
    assert len(city.rejected("requests")) == sum(load.rejected for load in ledger)
    assert not [finding for finding in city.check() if finding.faults]
