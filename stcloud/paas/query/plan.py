"""The plan: a question as a tuple of frozen operators, in the order of their meaning.

::

    Scan → Known → AsOf? → When* → Related* → Where* → Sited* | Touched* → InUnits* → OnDuty* → Restated? → What*
    → Rows | Summary
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, nearest
from stcloud.paas.grid import Units
from stcloud.paas.query.measure.measure import COUNT, Measure
from stcloud.paas.query.page import Order
from stcloud.paas.query.place.siting import Sited
from stcloud.paas.query.place.touch import Touched
from stcloud.paas.query.place.where import Place
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.relating import AsOf, Related
from stcloud.space import Level
from stcloud.time import Bin, When

__all__ = [
    "AsOf", "By", "Duties", "In", "InUnits", "Known", "OnDuty", "Operator", "Part", "Plan", "Restated", "Rows",
    "Scan", "Summary", "by_name", "is_of_units", "parse_by",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """The beginning of a unit grid's code that names something: ``unit`` is all of it."""

    name: str
    length: int


_NO_PARTS: Mapping[str, Part] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Duties:
    """The duty grids of a layer: ``members`` has ``duty``, ``unit``, ``since`` and ``until``."""

    layer: str
    members: pa.Table


@dataclass(frozen=True, slots=True, eq=False)
class In:
    """The features of a layer that held events at their own time, by key or by a column.

    Parameters
    ----------
    layer, column
        Which; empty: the features' keys.
    known_us
        As the features were known then, UTC microseconds.
    holders
        Tells the name for rows with ``st_x``, ``st_y`` and ``st_time``; picklable.
    """

    layer: str
    column: str
    known_us: int
    holders: Callable[[pa.RecordBatch], pa.Array]


By = Level | Bin | Attribute | Part | Duties | In
"""What is grouped by: cells of a level, a calendar bin, a column, a part of a unit code, duty grids, features."""


_PARTS = ("unit", "community", "street", "district")


@dataclass(frozen=True, slots=True)
class Scan:
    """Read a layer."""

    layer: str

    def __str__(self) -> str:
        return f"scan {self.layer}"


@dataclass(frozen=True, slots=True)
class Known:
    """Keep what was believed at an instant of recorded time (UTC microseconds)."""

    at_us: int
    text: str

    def __str__(self) -> str:
        return f"known at {self.text}"


@dataclass(frozen=True, slots=True)
class InUnits:
    """Keep events whose unit code lies in one of some half-open ranges of texts."""

    ranges: tuple[tuple[str, str], ...]
    said: str

    def __str__(self) -> str:
        return f"where {self.said}"


@dataclass(frozen=True, slots=True, eq=False)
class OnDuty:
    """Keep events in cells that some duty grids had then: ``unit``, ``since`` and ``until``, none twice at once."""

    cells: pa.Table
    said: str

    def __str__(self) -> str:
        return f"where {self.said}"


@dataclass(frozen=True, slots=True, eq=False)
class Restated:
    """Take all events for events of one instant when it is asked which cell of the grid held them."""

    units: Units
    at_us: int
    said: str

    def __str__(self) -> str:
        return f"units re-stated {self.said}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Give rows by ``order``, then time, then key; at most ``limit``, of those that come ``after`` a row's place."""

    limit: int | None = None
    order: tuple[Order, ...] = ()
    after: tuple[Any, ...] | None = None

    def __str__(self) -> str:
        ordered = "".join(f" by {one}" for one in self.order)
        return f"rows{ordered}" if self.limit is None else f"rows{ordered}, at most {self.limit}"


@dataclass(frozen=True, slots=True)
class Summary:
    """Tell measures by group; groups in ascending order, null last.

    Parameters
    ----------
    by
        What rows are grouped by.
    measures
        What is told of each group.
    until_us
        Durations that have not ended by this instant (UTC microseconds) count until it; None: not at all.
    """

    by: tuple[By, ...] = ()
    measures: tuple[Measure, ...] = (COUNT,)
    until_us: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the answer's fields: groups, measures, and how many durations had not ended."""
        told = [by_name(one) for one in self.by] + [one.name for one in self.measures]
        return (*told, *(["open"] if self.until_us is not None else []))

    def __str__(self) -> str:
        told = ", ".join(map(str, self.measures))
        names = ", ".join(by_name(one) for one in self.by)
        return f"{told} by {names}" if names else told


Operator = (
    Scan
    | Known
    | AsOf
    | When
    | Related
    | Place
    | Sited
    | Touched
    | InUnits
    | OnDuty
    | Restated
    | Predicate
    | Rows
    | Summary
)
Plan = tuple[Operator, ...]


def by_name(by: By) -> str:
    """Return the field of the answer that a group is written to.

    >>> by_name(Level.KM1), by_name(Bin.HOUR_OF_DAY)
    ('cell_1km', 'hour_of_day')
    """
    if isinstance(by, Level):
        return f"cell_{by.label}"
    if isinstance(by, Duties):
        return f"duty_{by.layer}"
    if isinstance(by, In):
        return f"in_{by.layer}_{by.column}" if by.column else f"in_{by.layer}"
    return by.value.replace("-", "_") if isinstance(by, Bin) else by.name


def is_of_units(text: str) -> bool:
    """Tell whether a group is written as a part of unit codes, or as duty grids."""
    return text in _PARTS or text.startswith(("unit:", "duty:"))


def parse_by(text: str, attributes: Mapping[str, Attribute], parts: Mapping[str, Part] = _NO_PARTS) -> By:
    """Read what to group by: ``cell:1km``, ``week``, ``unit``, ``community``, or a column's name.

    A column that is called like a bin is meant when it is quoted: ``"week"``; one that is called like a part of a
    unit code must be quoted, or the part be written ``unit:community``.

    Raises
    ------
    InvalidInput
        ``unknown-group``, with what there is.
    """
    if text.startswith("cell:"):
        return Level.parse(text.removeprefix("cell:"))
    if text in tuple(Bin):
        return Bin(text)
    part = parts.get(text.removeprefix("unit:"))
    if part is not None and (text.startswith("unit:") or text not in attributes):
        return part
    if part is not None:
        raise InvalidInput(
            "unclear-group", f"'{text}' is a column, and a part of the unit grid's codes",
            hint=f"write unit:{text}, or '\"{text}\"' for the column",
        )  # fmt: skip
    if not parts and text not in attributes and is_of_units(text):
        raise InvalidInput(
            "not-indexed", f"cannot count by '{text}': the events are not indexed on a unit grid",
            hint="index them: city.index(EVENTS)", in_shell="index them: stcloud grid index CITY EVENTS",
        )  # fmt: skip
    name = text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else text
    if name in attributes:
        return attributes[name]
    near = nearest(name, (*attributes, *Bin, *parts))
    hint = " or ".join(f"'{one}'" for one in near) or f"cell:1km, {', '.join(Bin)}, or a column"
    raise InvalidInput(
        "unknown-group", f"cannot count by '{text}': no such bin or column", hint=f"use {hint}"
    )
