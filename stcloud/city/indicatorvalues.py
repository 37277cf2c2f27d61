"""Values of indicators of a period, by group: with what they are made of, and with why some are missing.

Tested by `tests/city/test_indicators.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stcloud.city.indicatorreading import WHOLE
from stcloud.daas.display import html_table, text_table
from stcloud.paas.indicator.indicatormatrix import IndicatorMatrix
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.answerview import AnswerView

if TYPE_CHECKING:
    from stcloud.paas.indicator.indicatortree import IndicatorTree
    from stcloud.paas.indicator.indicatorvalue import IndicatorValue
    from stcloud.paas.query.answer.group_place import GroupPlace
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.space import Lattice

__all__ = ["IndicatorValues"]

_SHOWN = 10
_FLOATS = ("value", "numerator", "denominator")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IndicatorValues(AnswerView):
    """Values of indicators; `CityIndicators.values` returns one.

    Attributes
    ----------
    table
        A row for each group and indicator, by group, then as the tree has them: ``group`` (string, if there are
        groups), ``indicator``, ``value``, ``unit``, ``numerator``, ``denominator`` (float64) and ``missing``: why
        there is no value, null where there is one.
    names, groups
        The indicators, and the groups.
    tree
        The definitions.
    facts
        How it was understood, and what lies outside of all groups.
    pin
        Asked again with it, values are the same, whatever was loaded or defined since.
    """

    table: pa.Table
    names: tuple[str, ...]
    groups: tuple[str, ...]
    tree: IndicatorTree
    facts: Mapping[str, str]
    pin: Pin
    _lattice: Lattice = field(repr=False)
    _place: GroupPlace | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, values: Mapping[str, Mapping[str, IndicatorValue]], groups: Sequence[str], tree: IndicatorTree,
        facts: Mapping[str, str], pin: Pin, lattice: Lattice, place: GroupPlace | None,
    ) -> IndicatorValues:  # fmt: skip
        """Return values by indicator and group as a table."""
        rows = [
            {"group": group, "indicator": name, "unit": tree.indicators[name].unit or None}
            | {part: getattr(values[name][group], part) for part in (*_FLOATS, "missing")}
            for group in groups for name in values
        ]  # fmt: skip
        schema = pa.schema([
            ("group", pa.string()), ("indicator", pa.string()), ("value", pa.float64()), ("unit", pa.string()),
            ("numerator", pa.float64()), ("denominator", pa.float64()), ("missing", pa.string()),
        ])  # fmt: skip
        table = pa.Table.from_pylist(rows, schema)
        table = table if "by" in facts else table.drop_columns(["group"])
        return cls(table, tuple(values), tuple(groups), tree, facts, pin, lattice, place)

    def value(self, indicator: str, group: str = WHOLE) -> float | None:
        """Return one value; None: it is missing, or there is no such group."""
        self.tree.indicator(indicator)
        if indicator not in self.names or group not in self.groups:
            return None
        value = float(self._matrix()[self.groups.index(group), self.names.index(indicator)])
        return None if isnan(value) else value

    def missing(self) -> list[dict[str, Any]]:
        """Return the rows that have no value, each with why."""
        return [row for row in self if row["missing"] is not None]

    def matrix(self) -> IndicatorMatrix:
        """Return the values as a matrix of groups and indicators; `InvalidInput` ``no-direction``."""
        return IndicatorMatrix.of_tree(self.tree, self.names, self.groups, self._matrix())

    def _matrix(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        column = self.table["value"].to_pylist()
        values = [np.nan if value is None else value for value in column]
        return np.array(values, np.float64).reshape(len(self.groups), len(self.names))

    def answer(self) -> Answer:
        """Return the table as an answer: with the geometry of areas, and in every format."""
        groups = ("group",) if "by" in self.facts else ()
        return Answer(self.table, self._lattice, self.facts, pin=self.pin, groups=groups, place=self._place)

    def __repr__(self) -> str:
        rows = self.table.slice(0, _SHOWN)
        return "\n".join([self._title, *text_table(rows.column_names, rows.to_pylist())])

    def _repr_html_(self) -> str:
        rows = self.table.slice(0, _SHOWN)
        return html_table(self._title, rows.column_names, rows.to_pylist(), "")

    @property
    def _title(self) -> str:
        missing = len(self.missing())
        tail = f", {missing:,} missing" if missing else ""
        return (
            f"Indicators of {self.facts['period']}: {len(self):,} value{'' if len(self) == 1 else 's'}{tail}"
        )
