"""The plan: a question as a tuple of frozen operators, in the order of their meaning.

::

    Scan → Known → When* → Where* → What* → Rows | Count
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stcloud.daas.schema import Attribute
from stcloud.errors import InvalidInput, nearest
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.where import Place
from stcloud.space import Level
from stcloud.time import Bin, When

__all__ = ["By", "Count", "Known", "Operator", "Plan", "Rows", "Scan", "parse_by"]

By = Level | Bin | Attribute
"""What counts are grouped by: cells of a level, a calendar bin, or a column."""


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


Operator = Scan | Known | When | Place | Predicate | Rows | Count
Plan = tuple[Operator, ...]


def by_name(by: By) -> str:
    """Return the field of the answer that a group is written to.

    >>> by_name(Level.KM1), by_name(Bin.HOUR_OF_DAY)
    ('cell_1km', 'hour_of_day')
    """
    if isinstance(by, Level):
        return f"cell_{by.label}"
    return by.value.replace("-", "_") if isinstance(by, Bin) else by.name


def parse_by(text: str, attributes: Mapping[str, Attribute]) -> By:
    """Read what to group by: ``cell:1km``, ``week``, ``hour-of-day``, or a column's name.

    A column that is called like a bin is meant when it is quoted: ``"week"``.

    Raises
    ------
    InvalidInput
        ``unknown-group``, with what there is.
    """
    if text.startswith("cell:"):
        return Level.parse(text.removeprefix("cell:"))
    if text in tuple(Bin):
        return Bin(text)
    name = text[1:-1] if len(text) > 2 and text[0] == text[-1] == '"' else text
    if name in attributes:
        return attributes[name]
    near = nearest(name, (*attributes, *Bin))
    hint = " or ".join(f"'{one}'" for one in near) or f"cell:1km, {', '.join(Bin)}, or a column"
    raise InvalidInput(
        "unknown-group", f"cannot count by '{text}': no such bin or column", hint=f"use {hint}"
    )
