"""Scenes: small cities to put questions to, each with one layer, its loads and its oracle.

`district` is the corpus of `fixtures/`; the others are invented here, for what a tidy year does not hold: points
on edges, texts that want to be escaped, nulls, days, the nights when clocks change, and years long ago.

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

import stcloud
from stcloud.daas.catalogue import read_definition
from stcloud.daas.definition import EventDefinition
from stcloud.testing.oracle import ExpectedLoad, Oracle

if TYPE_CHECKING:
    from stcloud.daas.load.event_load import Mode
    from stcloud.daas.reckoning import Reckoning

__all__ = ["Delivery", "Scene", "csv_texts", "district", "edges", "nights", "scenes", "spans"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One load: rows of text, how to take them, and when (UTC microseconds)."""

    rows: pd.DataFrame
    at_us: int
    mode: Mode = "changes"


@dataclass(frozen=True, slots=True)
class Scene:
    """A city with one layer.

    Parameters
    ----------
    name
        What it is called.
    crs, zone
        The city's.
    definition
        How the layer is read; its id is the layer's name.
    deliveries
        The loads, in order.
    """

    name: str
    crs: str
    zone: str
    definition: EventDefinition
    deliveries: tuple[Delivery, ...]

    @property
    def layer(self) -> str:
        """Name of the layer."""
        return self.definition.id

    def build(self, folder: Path) -> list[Reckoning]:
        """Make the city in ``folder``, load it, and return what the loads came to."""
        stcloud.create(folder, crs=self.crs, zone=self.zone)
        return [self.deliver(folder, number) for number in range(len(self.deliveries))]

    def deliver(self, folder: Path, number: int) -> Reckoning:
        """Do the load of that number (from 0) in the city in ``folder``; it may lack what the layer keeps."""
        delivery = self.deliveries[number]
        source = folder.with_name(f"{folder.name}-{number}.csv")
        delivery.rows.to_csv(source, index=False)
        city = stcloud.open(folder, clock=lambda: delivery.at_us)
        kept = [column.name for layer in city.layers() for column in layer.attributes]
        return city.load(
            self.layer,
            source,
            definition=self.definition,
            mode=delivery.mode,
            max_rejected="100%",
            allow_missing=kept,
        )

    def oracle(self) -> Oracle:
        """Return the oracle, which knows nothing yet."""
        lattice = stcloud.daas.configuration.CityConfiguration.create(self.name, self.crs, self.zone).lattice
        return Oracle(self.definition, self.crs, lattice.origin, self.zone)

    def load_all(self, oracle: Oracle) -> list[ExpectedLoad]:
        """Load the oracle."""
        return [
            oracle.load(delivery.rows, mode=delivery.mode, now_us=delivery.at_us)
            for delivery in self.deliveries
        ]


def csv_texts(text: str) -> pd.DataFrame:
    """Read CSV as text: nothing is null, nothing is a number."""
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def micros(text: str) -> int:
    """Return UTC microseconds of an ISO 8601 instant."""
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def district(fixtures: Path) -> Scene:
    """Return the fixture district: a year of requests, and the newer dump two weeks later.

    Parameters
    ----------
    fixtures
        The repository's ``fixtures`` folder.
    """
    files = {
        "requests_2024.csv": "2025-01-01T09:00+08:00",
        "requests_2024_update.csv": "2025-01-15T09:00+08:00",
    }
    loads = (
        Delivery(csv_texts((fixtures / "district" / name).read_text(encoding="utf-8")), micros(at))
        for name, at in files.items()
    )
    return Scene("district", "EPSG:4548", "Asia/Shanghai", _events("district-requests"), tuple(loads))


def _events(name: str) -> EventDefinition:
    return EventDefinition.from_toml(read_definition(name).to_toml(), name=name)


_TYPED_EVENTS = """
id = "marks"
kind = "event"
key = ["id"]
[time]
column = "at"
[space]
x = "x"
y = "y"
crs = "{crs}"
[columns]
note = {{}}
n = {{ type = "number" }}
m = {{ type = "number" }}
i = {{ type = "integer" }}
ok = {{ type = "boolean" }}
day = {{ type = "date" }}
done = {{ type = "instant" }}
"""


def typed_events(crs: str) -> EventDefinition:
    """Return a definition with a column of every type and places in metres of ``crs``."""
    return EventDefinition.from_toml(_TYPED_EVENTS.format(crs=crs), name="marks.toml")


_EDGES = r'''id,at,x,y,note,n,m,i,ok,day,done
a01,2024-03-01 08:00,500000,3500000,100%,1,2,1,true,2024-02-29,2024-03-01 08:00
a02,2024-03-01 08:00,500300,3500000,a_b,0.1,0.2,2,false,2024-03-01,2024-03-02 00:00
a03,2024-03-01 08:00,500300,3500300,back\slash,-1.5,0,3,,,
a04,2024-03-01 08:00,500000,3500300,it's,,1,,true,2023-12-31,2024-02-29 23:59:59.999999
a05,2024-03-02,500150,3500000,"say ""hi""",1e3,,4,false,2024-01-01,
a06,2024-03-02 09:30,500100,3500100,路灯不亮,0,0,-5,true,1969-12-31,1969-12-31 23:59:59
a07,2024-03-02 10:00,500150,3500100,🚲 lane,,,,,,
a08,2024-03-02 10:30,500150,3500150,"x'; DROP TABLE layer; --",2.5,-2.5,6,true,1900-01-01,1900-01-01 00:00
a09,2024-03-02 11:00,500200,3500200,"two
lines",7,7,7,false,2100-12-31,2100-12-31 12:00
a10,2024-03-03 00:00,500050,3500050,a%b,8,0.5,8,true,2024-03-01,2024-03-01 00:00
a11,2024-03-03 23:59:59.999999,499999.999,3500150,a\b,9,3,9,false,2024-03-03,2024-03-04 00:00
a12,2024-03-04 00:00,500300.001,3500150,A,10,3,10,true,2024-03-04,2024-03-04 00:00
a13,2024-03-05 12:00,500300,3500150, spaced ,11,,11,false,2024-03-05,
a14,2024-03-05 12:00,500100,3500300,ab,12,12,12,,2024-03-06,2024-03-06 00:00
a15,2024-03-05 12:00,500200,3500200.001,Ab,13,13,13,true,,2024-03-07 00:00
a16,2024-03-05 12:00,500399.999,3500000.001,_,14,14,999999999999999999,false,2024-03-08,2024-03-08 00:00
a17,2024-03-05 12:00,500400,3500000,%,15,1.5,9007199254740993,true,2024-03-09,2024-03-09 00:00
a18,2024-03-05 12:00,510000,3510000,\,16,16,-999999999999999999,false,2024-03-10,2024-03-10 00:00
a19,2024-03-05 12:00,,3500000,NULL,17,17,17,true,2024-03-11,2024-03-11 00:00
a20,2024-03-05 12:00,0,0,null,18,18,18,false,2024-03-12,2024-03-12 00:00
a21,1969-12-31 23:59:59.999999,3500000,500000,é,19,19,19,true,2024-03-13,2024-03-13 00:00
a22,1900-01-01 00:00,500099.999,3500099.999,e,-0.0,-0.0,0,false,2024-03-14,2024-03-14 00:00
a23,2100-12-31 23:59,500100,3500099.999,ﬁ,1e-9,1e9,1,true,2024-03-15,2024-03-15 00:00
a24,1940-06-01 00:30,499900,3500000,z,20,-20,20,false,2024-03-16,2024-03-16 00:00
'''


def edges() -> Scene:
    """Return points on the edges of cells and areas, texts that want escaping, nulls, old and far years.

    A second load changes some, a third withdraws some.
    """
    first = csv_texts(_EDGES)
    changed = first[first["id"].isin(["a02", "a07", "a13", "a24"])].assign(note="changed", n="99", x="500100")
    gone = csv_texts("id\na01\na20\nz99\n")
    deliveries = (
        Delivery(first, micros("2025-01-01T00:00Z")),
        Delivery(changed, micros("2025-02-01T00:00Z")),
        Delivery(gone, micros("2025-03-01T00:00Z"), "delete"),
    )
    return Scene("edges", "EPSG:4548", "Asia/Shanghai", typed_events("EPSG:4548"), deliveries)


_LASTING = """
id = "spans"
kind = "event"
key = ["id"]
[time]
column = "at"
end = "until"
[space]
x = "x"
y = "y"
crs = "{crs}"
[columns]
tags = {{}}
first_day = {{ type = "date" }}
last_day = {{ type = "date" }}
"""
_SPANS = """id,at,until,x,y,tags,first_day,last_day
before,2024-03-09T06:00Z,2024-03-09T20:00Z,500000,3500000,a;b,2024-03-01,2024-03-08
meets,2024-03-09T06:00Z,2024-03-10T05:00Z,500010,3500000,a,2024-03-01,2024-03-09
overlaps,2024-03-10T04:59Z,2024-03-10T06:00Z,500020,3500000, b ; a;,2024-03-08,2024-03-09
starts,2024-03-10T05:00Z,2024-03-10T06:00Z,500030,3500000,c,2024-03-09,2024-03-10
during,2024-03-10T06:00Z,2024-03-10T07:00Z,500040,3500000,a;b;c,2024-03-09,2024-03-11
finishes,2024-03-10T07:00Z,2024-03-10T11:00Z,500050,3500000,;;,2024-03-10,2024-03-12
equals,2024-03-10T05:00Z,2024-03-10T11:00Z,500060,3500000,,2024-03-10,2024-03-10
finished,2024-03-10T04:00Z,2024-03-10T11:00Z,500070,3500000,b,2024-03-11,2024-03-12
contains,2024-03-10T04:00Z,2024-03-10T12:00Z,500080,3500000,a;b;a,,2024-03-12
started,2024-03-10T05:00Z,2024-03-10T12:00Z,500090,3500000,b;a,2024-03-11,
overlapped,2024-03-10T10:00Z,2024-03-10T12:00Z,500100,3500000,c;d,2024-03-12,2024-03-11
met,2024-03-10T11:00Z,2024-03-10T12:00Z,500110,3500000,a,2024-03-08,2024-03-12
after,2024-03-11T04:00Z,2024-03-11T05:00Z,500120,3500000,a,2024-03-08,2024-03-10
open,2024-03-10T06:00Z,,500130,3500000,a,2024-03-08,2024-03-10
instant,2024-03-10T05:00Z,2024-03-10T05:00Z,500140,3500000,a,2024-03-09,2024-03-09
"""


def spans() -> Scene:
    """Return events that last, in every relation to the seven hours of a night of which New York skips one."""
    definition = EventDefinition.from_toml(_LASTING.format(crs="EPSG:4548"), name="spans.toml")
    loads = (Delivery(csv_texts(_SPANS), micros("2025-01-01T00:00Z")),)
    return Scene("spans", "EPSG:4548", "America/New_York", definition, loads)


_NIGHTS = {
    "America/New_York": ("EPSG:32618", ("2024-03-10T07:00", "2024-11-03T06:00")),
    "Australia/Lord_Howe": ("EPSG:32757", ("2024-04-06T15:00", "2024-10-05T15:30", "1981-02-28T14:00")),
    "Asia/Kathmandu": ("EPSG:32645", ("1985-12-31T18:30", "2024-03-10T18:15", "1919-12-31T18:18:44")),
}
_MINUTES = (-1500, -180, -90, -61, -60, -45, -31, -30, -1, 0, 1, 15, 29, 30, 59, 60, 61, 90, 120, 1500)


def nights(zone: str) -> Scene:
    """Return events around the changes of a zone's clock, every one written in UTC, and a few in local time."""
    crs, changes = _NIGHTS[zone]
    instants = [
        datetime.fromisoformat(at).replace(tzinfo=UTC) + timedelta(minutes=by)
        for at in changes
        for by in _MINUTES
    ]
    instants += [at + timedelta(minutes=by, microseconds=-1) for at in instants[:40:4] for by in (0, 1)]
    written = [at.isoformat().replace("+00:00", "Z") for at in instants]
    local = [
        at.astimezone(ZoneInfo(zone)) + timedelta(minutes=by) for at in instants[:40] for by in (-60, 60)
    ]
    written += [
        at.replace(tzinfo=None).isoformat(" ") for at in local
    ]  # some of them never were, some were twice
    rows = pd.DataFrame({"id": [f"n{number:03}" for number in range(len(written))], "at": written})
    rows = rows.assign(x="500050", y="4500050", note="", n="", m="", i="", ok="", day="", done=rows["at"])
    if zone == "Australia/Lord_Howe":
        rows = rows.assign(y="6500050")
    if zone == "Asia/Kathmandu":
        rows = rows.assign(x="335050", y="3060050")
    return Scene(zone, crs, zone, typed_events(crs), (Delivery(rows, micros("2025-01-01T00:00Z")),))


def scenes(fixtures: Path) -> dict[str, Scene]:
    """Return all scenes by name."""
    every = [district(fixtures), edges(), spans(), *map(nights, _NIGHTS)]
    return {scene.name: scene for scene in every}
