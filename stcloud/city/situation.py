"""The situation at a place: what is there, what is measured, what is open, and who is responsible; a value.

Tested by `tests/city/test_situation.py`.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stcloud.daas.display import html_table, one_line, text_table
from stcloud.time import Zone

__all__ = ["GROUPS", "Situation", "SituationGroup", "SituationPart"]

GROUPS = ("basic", "monitoring", "decision", "management")
"""Names of the groups of a situation, in order."""

_SHOWN = 8
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_WIDTH = 80


@dataclass(frozen=True, slots=True)
class SituationPart:
    """Records of one kind in a situation.

    Attributes
    ----------
    name
        What they are: ``cases``.
    records
        The records, nearest or most probable first: texts, numbers, truth values and nulls.
    columns
        The fields that a person reads first.
    more
        How many records there are besides.
    reasons
        What is not known, and why.
    """

    name: str
    records: tuple[Mapping[str, Any], ...] = ()
    columns: tuple[str, ...] = ()
    more: int = 0
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the part as JSON has it."""
        records = [dict(record) for record in self.records]
        return {"records": records, "more": self.more, "reasons": list(self.reasons)}


@dataclass(frozen=True, slots=True)
class SituationGroup:
    """A group of parts: ``basic``, ``monitoring``, ``decision`` or ``management``."""

    name: str
    parts: tuple[SituationPart, ...]

    def __getitem__(self, name: str) -> SituationPart:
        """Return a part by its name; ``KeyError``."""
        return {part.name: part for part in self.parts}[name]


@dataclass(frozen=True, slots=True, repr=False)
class Situation:
    """What a city knows of a place at an instant, as it was known at another.

    Asked again with its ``at`` and ``known_at``, it is the same for ever.

    Attributes
    ----------
    city
        Name of the city.
    lon, lat, radius_m
        The place, degrees, and how far around it, metres.
    at_us, known_us
        The instant, and as it was known at another, UTC microseconds.
    zone
        The city's.
    groups
        Four: ``basic``, ``monitoring``, ``decision``, ``management``.
    """

    city: str
    lon: float
    lat: float
    radius_m: float
    at_us: int
    known_us: int
    zone: Zone
    groups: tuple[SituationGroup, ...]

    def __repr__(self) -> str:
        return self.text()

    def __getitem__(self, name: str) -> SituationGroup:
        """Return a group by its name; ``KeyError``."""
        return {group.name: group for group in self.groups}[name]

    @property
    def basic(self) -> SituationGroup:
        """The cell, what it lies in, its people, components and other features there."""
        return self["basic"]

    @property
    def monitoring(self) -> SituationGroup:
        """Readings and scenes."""
        return self["monitoring"]

    @property
    def decision(self) -> SituationGroup:
        """Open cases with their clocks, recent events, probable repeats."""
        return self["decision"]

    @property
    def management(self) -> SituationGroup:
        """Departments, duty grids, and the nearest resources."""
        return self["management"]

    @property
    def at(self) -> str:
        """The instant, on the city's clock."""
        return self.zone.iso(self.at_us)

    @property
    def known_at(self) -> str:
        """The instant at which it was known, on the city's clock."""
        return self.zone.iso(self.known_us)

    def to_dict(self) -> dict[str, Any]:
        """Return the situation as JSON has it."""
        about = {"city": self.city, "lon": self.lon, "lat": self.lat, "radius_m": self.radius_m}
        groups = {group.name: {part.name: part.to_dict() for part in group.parts} for group in self.groups}
        return {**about, "at": self.at, "known_at": self.known_at, **groups}

    def to_json(self) -> str:
        """Return the situation as a text of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_geojson(self) -> str:
        """Return the place, and all records that have one, as a collection of points (RFC 7946)."""
        about = {name: value for name, value in self.to_dict().items() if name not in GROUPS}
        features = [_point({**about, "group": "basic", "part": "point"})]
        for group, part in self._parts():
            features += [
                _point({"group": group, "part": part.name, **record})
                for record in part.records
                if record.get("lon") is not None
            ]
        return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)

    def text(self) -> str:
        """Return the situation as a person reads it, 80 columns wide."""
        lines = [*self._title]
        for group in self.groups:
            lines += ["", group.name.upper()]
            for part in group.parts:
                lines += _part_lines(part)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        tables = [
            html_table(
                f"{group}: {part.name}",
                part.columns if part.records else (),
                part.records[:_SHOWN],
                _below(part),
            )
            for group, part in self._parts()
        ]
        return "".join([html_table(" ".join(self._title), (), ()), *tables])

    @property
    def _title(self) -> list[str]:
        return [
            f"{one_line(self.city)}: {self.lon:.6f}, {self.lat:.6f}, within {self.radius_m:g} m",
            f"at {self.at[:16].replace('T', ' ')}, known at {self.known_at[:16].replace('T', ' ')}",
        ]

    def _parts(self) -> Iterator[tuple[str, SituationPart]]:
        return ((group.name, part) for group in self.groups for part in group.parts)


def _point(properties: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in properties.items() if name not in ("lon", "lat")}
    place = {"type": "Point", "coordinates": [properties["lon"], properties["lat"]]}
    return {"type": "Feature", "geometry": place, "properties": own}


def _part_lines(part: SituationPart) -> list[str]:
    """Return a part in lines of at most 80 columns."""
    total = len(part.records) + part.more
    lines = [f"{part.name}: {total if total else 'none'}"]
    if part.records:
        lines += text_table(part.columns, map(_readable, part.records[:_SHOWN]))
        lines += _why_lines(part.records[:_SHOWN])
    if total > _SHOWN:
        lines.append(f"… and {total - min(len(part.records), _SHOWN):,} more")
    for reason in part.reasons:
        lines += _wrapped(reason, "  (")
        lines[-1] += ")"
    return lines


def _readable(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as a person reads it: instants to the minute, reasons in lines of their own."""
    shown = {
        name: value[:16].replace("T", " ") if isinstance(value, str) and _INSTANT.match(value) else value
        for name, value in record.items()
        if name != "why"
    }
    if isinstance(shown.get("left"), float):
        shown["left"] = f"{shown['left']:.2f} of {shown['limit']}"
    return shown


def _why_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        line
        for record in records
        if "why" in record
        for line in _wrapped(f"{record['first']}, {record['second']}: {record['why']}", "  ")
    ]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        one_line(text), _WIDTH - 2, initial_indent=indent, subsequent_indent="    ", break_on_hyphens=False
    )


def _below(part: SituationPart) -> str:
    hidden = len(part.records) + part.more - min(len(part.records), _SHOWN)
    return "; ".join([*([f"… and {hidden:,} more"] if hidden else []), *part.reasons])
