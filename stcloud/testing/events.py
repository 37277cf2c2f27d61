"""Small files of events, a definition that reads them, and what lies on disk: for tests of loading.

Tested by `tests/daas/load/test_event_load.py`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from stcloud.daas.definition import EventDefinition

__all__ = ["DEFINITION", "HEAD", "OPTIONS", "define", "on_disk", "row", "rows"]

HEAD = "id,at,lon,lat,note\n"
"""Header of the files that `rows` makes."""

_FORMAT = "%Y-%m-%d %H:%M:%S"

OPTIONS = ("--key", "id", "--time", "at", "--time-format", _FORMAT, "--lon", "lon", "--lat", "lat")
"""What `stcloud load` needs to read them."""

DEFINITION = f"""
id = "events"
kind = "event"
key = ["id"]

[time]
column = "at"
formats = ["{_FORMAT}"]

[space]
lon = "lon"
lat = "lat"
"""
"""The same as a definition."""


def define(more: str = "", **columns: str) -> EventDefinition:
    """Return the definition with other top-level lines before it and column types after it.

    >>> define('duplicates = "first"', n="integer").column("n").type
    'integer'
    """
    typed = "".join(f'[columns.{name}]\ntype = "{kind}"\n' for name, kind in columns.items())
    return EventDefinition.from_toml(f"{more}\n{DEFINITION}\n{typed}", name="events.toml")


def row(number: int, *others: object, at: str | None = None, lon: object = None, note: str = "x") -> str:
    r"""Return a line: an event a day of March 2024, along the 31.9th parallel; ``others`` are further fields.

    >>> row(1, note="pothole")
    '1,2024-03-02 10:00:00,117.01,31.9,pothole\n'
    """
    when = at or f"2024-03-{1 + number % 28:02} 10:00:00"
    where = lon if lon is not None else f"{117 + number % 50 / 100:.2f}"
    return ",".join(map(str, (number, when, where, "31.9", note, *others))) + "\n"


def rows(count: int = 5, *, note: str = "x") -> str:
    """Return a file of ``count`` events, numbered from 1."""
    return HEAD + "".join(row(number, note=note) for number in range(1, count + 1))


def on_disk(city: Path) -> dict[str, str]:
    """Return what lies in a city's folder but for its locks: digest by path."""
    files = (path for path in city.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {
        str(path.relative_to(city)): hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in files
    }
