"""A city, and a way to load lines into it at instants of one's own choice."""

import itertools

import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.testing.events import HEAD, define


class Desk:
    """A city whose clock ticks a second a load, and its layer ``events``."""

    def __init__(self, folder):
        self.folder = folder
        seconds = itertools.count(1_700_000_000)
        stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
        self.city = stcloud.open(folder / "city", clock=lambda: next(seconds) * 1_000_000)
        self._names = itertools.count(1)

    def load(self, *lines, head=HEAD, definition=None, **options):
        """Load lines; return the reckoning."""
        file = self.folder / f"{next(self._names)}.csv"
        file.write_text(head + "".join(lines), encoding="utf-8")
        self.last = file
        first = "events" not in [one.name for one in self.city.layers()]
        given = definition or (define() if first else None)
        assert given is None or isinstance(given, Definition)
        return self.city.load("events", file, definition=given, **options)

    def rows(self, known_at=None, what=None):
        """The rows of the layer by key, as they were known at an instant (UTC microseconds)."""
        asked = self.city.query("events")
        asked = asked.what(what) if what else asked
        asked = asked if known_at is None else asked.known_at(known_at)
        return {row["st_key"]: row for row in asked.rows().table.to_pylist()}

    def notes(self, known_at=None):
        return {key: row["note"] for key, row in sorted(self.rows(known_at).items())}

    def rejected(self):
        found = self.city.rejected("events").to_pylist()
        return [(one["source"], one["row"], one["field"], one["value"], one["reason"]) for one in found]

    def faults(self):
        return [one for one in self.city.check() if one.faults]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)
