"""Carried totals as a table of targets, with what was carried and what it could be, and of what lies outside.

Tested by `tests/city/test_carrying.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import fsum, isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.display import html_table, text_table
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.answerview import AnswerView

if TYPE_CHECKING:
    from stcloud.paas.carried.areapieces import AreaPieces
    from stcloud.paas.carried.carriedtotals import CarriedValues
    from stcloud.paas.query.answer.pin import Pin
    from stcloud.space import Lattice

__all__ = ["CarriedTotals"]

_SHOWN = 10
_OUTSIDE = "outside-sources"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CarriedTotals(AnswerView):
    """Totals carried to other areas; `City.carry` returns one.

    Attributes
    ----------
    table
        A row for each target, by key: ``key``; for each total ``X`` its value, ``X_least`` and ``X_most``, what it
        could be however totals are spread within their areas, and ``X_carried``, the share of the value that comes
        from areas which lie in the target in part only (float64, null where there is no value); ``covered``, the
        share of the target's area that lies in sources; ``missing``: ``outside-sources``, or which sources have no
        total, null where there is a value; ``st_geom``.
    outside
        A row for each source that reaches out of all targets: ``key``, the share of its area outside
        (``share_outside``), and what of each total lies there.
    facts
        How it was carried, and the areas that something is not as one may expect of.
    pin
        Carried again with it, numbers are the same.
    """

    table: pa.Table
    outside: pa.Table
    facts: Mapping[str, str]
    pin: Pin
    _carried: Mapping[str, CarriedValues] = field(repr=False)
    _lattice: Lattice = field(repr=False)

    @classmethod
    def of(
        cls, pieces: AreaPieces, carried: Mapping[str, CarriedValues], targets: NDArray[np.object_],
        facts: Mapping[str, str], pin: Pin, lattice: Lattice,
    ) -> CarriedTotals:  # fmt: skip
        """Return what was carried as tables."""
        columns: dict[str, Any] = {"key": pa.array(pieces.targets, pa.string())}
        for name, of in carried.items():
            parts = {"": of.values, "_least": of.least, "_most": of.most, "_carried": of.carried}
            columns |= {f"{name}{suffix}": _nullable(part) for suffix, part in parts.items()}
        columns["covered"] = pa.array(pieces.covered)
        columns["missing"] = pa.array(_missing(pieces, carried), pa.string())
        columns["st_geom"] = pa.array(shapely.to_wkb(targets), pa.binary())
        return cls(pa.table(columns), _outside(pieces, carried), facts, pin, carried, lattice)

    def mass(self) -> dict[str, dict[str, float]]:
        """Return, of each total, the sum of all sources, and what of it was carried, lies outside, or is withheld.

        ``total = carried + outside + withheld``, to rounding. Withheld is what lies in targets without a value, since
        another source there has no total.
        """
        return {
            name: {
                "total": of.total, "carried": _sum(of.values), "outside": _sum(of.outside), "withheld": of.withheld,
            }
            for name, of in self._carried.items()
        }  # fmt: skip

    def answer(self) -> Answer:
        """Return the table as an answer: with the areas of targets, and in every format."""
        return Answer(self.table, self._lattice, self.facts, pin=self.pin)

    def to_records(self) -> list[dict[str, Any]]:
        """Return the rows as dicts, without geometry."""
        records: list[dict[str, Any]] = self.answer().plain.to_pylist()
        return records

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give each row as a dict, without geometry."""
        return iter(self.to_records())

    def __repr__(self) -> str:
        rows = self.answer().plain.slice(0, _SHOWN)
        return "\n".join([self._title, *text_table(rows.column_names, rows.to_pylist())])

    def _repr_html_(self) -> str:
        rows = self.answer().plain.slice(0, _SHOWN)
        return html_table(self._title, rows.column_names, rows.to_pylist(), "")

    @property
    def _title(self) -> str:
        facts = self.facts
        return f"Totals carried from {facts['from']} to {facts['to']}, by {facts['by']}: {len(self):,} areas"


def _missing(pieces: AreaPieces, carried: Mapping[str, CarriedValues]) -> list[str | None]:
    """Return of each target why a value is missing; None: none is."""
    missing: list[str | None] = []
    for at, covered in enumerate(pieces.covered):
        lacking = [f"{name}: {', '.join(of.lacking[at])}" for name, of in carried.items() if of.lacking[at]]
        text = "no-total of " + "; ".join(lacking) if lacking else None
        missing.append(_OUTSIDE if covered == 0 else text)
    return missing


def _outside(pieces: AreaPieces, carried: Mapping[str, CarriedValues]) -> pa.Table:
    rows = np.flatnonzero(pieces.is_outside)
    rows = rows[
        np.argsort(np.array([pieces.sources[at] for at in pieces.source[rows]], np.object_), kind="stable")
    ]
    source = pieces.source[rows]
    columns: dict[str, Any] = {
        "key": pa.array([pieces.sources[at] for at in source], pa.string()),
        "share_outside": pa.array(pieces.area_share[rows]),
    }
    return pa.table(columns | {name: _nullable(of.outside[source]) for name, of in carried.items()})


def _nullable(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _sum(values: NDArray[np.float64]) -> float:
    return fsum(value for value in values.tolist() if not isnan(value))
