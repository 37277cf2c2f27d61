"""The plan: a query as a tuple of frozen operators. It holds what is wanted, never what was read.

::

    Scan → Known → Condition* → Rows | Summary | RowColumns

Two plans of one query are equal; other layers are named in them, and read when the plan is resolved.

Tested by `tests/paas/query/spec/test_plan_json.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, nearest
from stcloud.paas.query.answer.page import Order
from stcloud.paas.query.measure.measure import COUNT, Measure
from stcloud.paas.query.plan.condition import Condition
from stcloud.space import CellSize, parse_cell_size
from stcloud.time import Bin, Binning

__all__ = [
    "By", "Condition", "DutyGroup", "FeatureGroup", "Goal", "Operator", "Part", "Plan", "Restated", "RowColumns",
    "Rows", "Scan", "Summary", "by_name", "is_of_units", "parse_by", "restated_in",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """The beginning of a unit grid's code that names something: ``unit`` is all of it."""

    name: str
    length: int


_NO_PARTS: Mapping[str, Part] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DutyGroup:
    """The duty grids of a layer that had an event's cell at the event's own time."""

    layer: str


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """The features of a layer that held rows at their own time, by key or by a column.

    Parameters
    ----------
    layer, column
        Which; an empty column: the features' keys.
    at_us
        The features are those of this instant, UTC microseconds, whenever rows happened; None: of their own time.
    """

    layer: str
    column: str = ""
    at_us: int | None = None


By = CellSize | Binning | Attribute | Part | DutyGroup | FeatureGroup
"""What is grouped by: cells of a size, bins of time, a column, a part of a unit code, duty grids, features."""


_PARTS = ("unit", "community", "street", "district")


@dataclass(frozen=True, slots=True)
class Scan:
    """Read a layer."""

    layer: str

    def __str__(self) -> str:
        return f"scan {self.layer}"


@dataclass(frozen=True, slots=True)
class Restated(Condition):
    """Locate all events anew on the grid, as it was known at the query's pin.

    At one instant (UTC microseconds), or with ``at_us`` None at each event's own time.
    """

    at_us: int | None
    text: str

    def __str__(self) -> str:
        return f"units re-stated {self.text}"

    def resolve(self, _: object) -> tuple[()]:
        """Return nothing: it leaves out no row."""
        return ()


@dataclass(frozen=True, slots=True)
class Rows:
    """Give rows by ``order``, then time, then key; at most ``limit``, of those that come ``after`` a row's place."""

    limit: int | None = None
    order: tuple[Order, ...] = ()
    after: tuple[Any, ...] | None = None

    def __str__(self) -> str:
        ordered = "".join(f" by {order}" for order in self.order)
        return f"rows{ordered}" if self.limit is None else f"rows{ordered}, at most {self.limit}"


@dataclass(frozen=True, slots=True)
class Summary:
    """Compute measures by group; groups in ascending order, null last.

    Parameters
    ----------
    by
        What rows are grouped by.
    measures
        What is computed of each group.
    until_us
        Durations that have not ended by this instant (UTC microseconds) count until it; None: not at all.
    """

    by: tuple[By, ...] = ()
    measures: tuple[Measure, ...] = (COUNT,)
    until_us: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the answer's fields: groups, measures, and how many durations had not ended."""
        names = [by_name(group) for group in self.by] + [measure.name for measure in self.measures]
        return (*names, *(["open"] if self.until_us is not None else []))

    def __str__(self) -> str:
        measures = ", ".join(map(str, self.measures))
        names = ", ".join(by_name(group) for group in self.by)
        return f"{measures} by {names}" if names else measures


@dataclass(frozen=True, slots=True)
class RowColumns:
    """Give some columns of rows, by the names under which they are stored, in no order."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"columns {', '.join(self.names)} of rows"


Goal = Rows | Summary | RowColumns
"""What is wanted of the rows of a question."""
Operator = Scan | Condition | Goal


class Plan(tuple[Operator, ...]):
    """The operators of a query in the order of their meaning; the last one is the goal.

    Two plans of one query are equal; `write_plan` writes one as JSON.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(f"{'  ' * depth}{text}" for depth, text in enumerate(self.described))

    @property
    def described(self) -> tuple[str, ...]:
        """Each operator, for people."""
        return tuple(map(str, self))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions on rows, that they were believed among them."""
        return tuple(step for step in self if isinstance(step, Condition))


def restated_in(steps: Iterable[object]) -> Restated | None:
    """Return how events are located anew, if a plan or some conditions do so."""
    return next((step for step in steps if isinstance(step, Restated)), None)


def by_name(by: By) -> str:
    """Return the field of the answer that a group is written to.

    >>> by_name(parse_cell_size("1km")), by_name(Bin.HOUR_OF_DAY)
    ('cell_1km', 'hour_of_day')
    """
    if isinstance(by, CellSize):
        return f"cell_{by.label}"
    if isinstance(by, DutyGroup):
        return f"duty_{by.layer}"
    if isinstance(by, FeatureGroup):
        return f"in_{by.layer}_{by.column}" if by.column else f"in_{by.layer}"
    return by.field if isinstance(by, Binning) else by.name


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
        ``unknown-group`` and ``unknown-level``, with what there is.
    """
    if text.startswith("cell:"):
        return parse_cell_size(text.removeprefix("cell:"))
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
    hint = " or ".join(f"'{candidate}'" for candidate in near) or f"cell:1km, {', '.join(Bin)}, or a column"
    raise InvalidInput(
        "unknown-group", f"cannot count by '{text}': no such bin or column", hint=f"use {hint}"
    )
