"""The plan: a question as a tuple of frozen operators, in the order of their meaning.

::

    Scan → Known → When* → Where* → Sited* → InUnits* → OnDuty* → Restated? → What* → Rows | Count
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from stcloud.daas.schema import Attribute
from stcloud.errors import InvalidInput, nearest
from stcloud.paas.grid import Units
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.sieve import Sited
from stcloud.paas.query.where import Place
from stcloud.space import Level
from stcloud.time import Bin, When

__all__ = [
    "By", "Count", "Duties", "InUnits", "Known", "OnDuty", "Operator", "Part", "Plan", "Restated", "Rows", "Scan",
    "parse_by",
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


By = Level | Bin | Attribute | Part | Duties
"""What counts are grouped by: cells of a level, a calendar bin, a column, a part of a unit code, duty grids."""


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
    """Give the rows, by time, then key; at most ``limit``."""

    limit: int | None = None

    def __str__(self) -> str:
        return "rows" if self.limit is None else f"rows, at most {self.limit}"


@dataclass(frozen=True, slots=True)
class Count:
    """Count rows by group; groups in ascending order, null last."""

    by: tuple[By, ...] = ()

    def __str__(self) -> str:
        names = ", ".join(by_name(one) for one in self.by)
        return f"count by {names}" if names else "count"


Operator = Scan | Known | When | Place | Sited | InUnits | OnDuty | Restated | Predicate | Rows | Count
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
    return by.value.replace("-", "_") if isinstance(by, Bin) else by.name


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
    if not parts and text not in attributes and (text in _PARTS or text.startswith("unit:")):
        raise InvalidInput(
            "not-indexed", f"cannot count by '{text}': the events are not indexed on a unit grid",
            hint="index them: stcloud grid index CITY EVENTS",
        )  # fmt: skip
    name = text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else text
    if name in attributes:
        return attributes[name]
    near = nearest(name, (*attributes, *Bin, *parts))
    hint = " or ".join(f"'{one}'" for one in near) or f"cell:1km, {', '.join(Bin)}, or a column"
    raise InvalidInput(
        "unknown-group", f"cannot count by '{text}': no such bin or column", hint=f"use {hint}"
    )
