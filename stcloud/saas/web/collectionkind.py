"""What a collection is made of: events, which have one state, or features, which have versions.

The draft *Versioned Features* of OGC API Features has one time axis: ours is that of valid time, seen from one
recorded instant. Its intervals are closed, ours half-open: a version that ends where an interval begins meets it, as
the draft has it.

Tested by `tests/saas/web/test_items.py` and `tests/saas/web/test_versions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.saas.web.parameter import ClosedInterval, iso_utc

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.paas.query import Query

__all__ = [
    "PROFILES",
    "PROFILE_ADDRESS",
    "SAME_IDS",
    "SLICES",
    "UNIQUE_IDS",
    "CollectionKind",
    "kind_of",
    "read_profile",
    "version_id",
]

UNIQUE_IDS, SAME_IDS = "versions-as-features-unique-ids", "versions-as-features"
SLICES = "features-with-time-slices"
PROFILES = (UNIQUE_IDS, SAME_IDS, SLICES)
PROFILE_ADDRESS = "http://www.opengis.net/def/profile/OGC/0/"


class CollectionKind(Protocol):
    """What differs between collections of events and of features."""

    versioned: bool
    lasting: bool
    """Whether its rows have a period."""

    def selected(self, query: Query, interval: ClosedInterval | None, now_us: int) -> Query:
        """Return what ``datetime`` selects; without it, what is so at ``now_us``."""

    def times(self, table: pa.Table) -> list[dict[str, Any]]:
        """Return the member ``time`` of each row, as JSON-FG has it."""

    def ids(self, table: pa.Table, profile: str) -> list[str]:
        """Return the id of each row."""


class _Events:
    versioned = False

    def __init__(self, layer: Layer) -> None:
        self.lasting = _has_end(layer)

    def selected(self, query: Query, interval: ClosedInterval | None, now_us: int) -> Query:
        del now_us
        if interval is None:
            return query
        return query.when(interval.half_open, relation="intersects" if self.lasting else None)

    def times(self, table: pa.Table) -> list[dict[str, Any]]:
        starts = _micros(table, "st_time")
        ends = _micros(table, "st_time_to")
        return [
            {"timestamp": iso_utc(start)} if end is None else {"interval": [iso_utc(start), iso_utc(end)]}
            for start, end in zip(starts, ends, strict=True)
            if start is not None
        ]

    def ids(self, table: pa.Table, profile: str) -> list[str]:
        if profile not in ("", UNIQUE_IDS):
            raise InvalidInput("unknown-profile", f"events have no versions: there is no profile '{profile}'")
        return list(table["st_key"].to_pylist())


class _Features:
    versioned = True
    lasting = True

    def selected(self, query: Query, interval: ClosedInterval | None, now_us: int) -> Query:
        if interval is None:
            return query.as_of(now_us)
        if interval.is_instant and interval.first_us is not None:
            return query.as_of(interval.first_us)
        return query.when(interval.touching)

    def times(self, table: pa.Table) -> list[dict[str, Any]]:
        return [
            {"interval": [".." if start is None else iso_utc(start), ".." if end is None else iso_utc(end)]}
            for start, end in zip(_micros(table, "st_valid_from"), _micros(table, "st_valid_to"), strict=True)
        ]

    def ids(self, table: pa.Table, profile: str) -> list[str]:
        keys: list[str] = table["st_key"].to_pylist()
        if profile in ("", SAME_IDS):
            return keys
        return [
            f"{key}.{version_id(start)}"
            for key, start in zip(keys, _micros(table, "st_valid_from"), strict=True)
        ]


def version_id(start_us: int | None) -> str:
    """Return the part of an id that names a version: its start, without signs.

    >>> version_id(994_070_597_000_000)
    '20010702T104317Z'
    """
    return ".." if start_us is None else iso_utc(start_us).replace("-", "").replace(":", "")


def kind_of(layer: Layer) -> CollectionKind:
    """Return what the collection of a layer is made of."""
    return _Features() if layer.layer_kind.versioned else _Events(layer)


def read_profile(parameters: Mapping[str, str], interval: ClosedInterval | None) -> str:
    """Return how versions are given, for an interval; `InvalidInput` ``unknown-profile``."""
    profile = parameters.get("profile", UNIQUE_IDS).removeprefix(PROFILE_ADDRESS)
    if profile not in PROFILES:
        raise InvalidInput(
            "unknown-profile", f"profile={profile[:80]} is unknown", hint=f"there are: {', '.join(PROFILES)}"
        )
    return profile if interval is not None and not interval.is_instant else ""


def _has_end(layer: Layer) -> bool:
    from stcloud.paas.query.plan.row_kind import row_kind  # noqa: PLC0415

    return row_kind(layer).has_period(layer)


def _micros(table: pa.Table, name: str) -> list[int | None]:
    if name not in table.schema.names:
        return [None] * len(table)
    return list(table[name].cast(pa.int64()).to_pylist())
