"""What a check reports: faults, each of a kind, with its place and size.

Tested by `tests/paas/grid/check/test_inspection.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from stcloud.errors import InternalError
from stcloud.paas.grid.check.rules import Rules

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

__all__ = ["KINDS", "Fault", "Kind", "Report"]


class Kind(NamedTuple):
    """How bad a kind of fault is, and what to do about it."""

    severity: Literal["error", "warning"]
    remedy: str


_SAME = "draw the shared edge with the same vertices in all its cells"

KINDS: dict[str, Kind] = {
    "no-polygon": Kind("error", "give the cell a polygon, or leave it out"),
    "invalid-polygon": Kind("error", "draw the outline anew: it must not cross or touch itself"),
    "multi-part": Kind("error", "make each part a cell of its own, with a code of its own"),
    "overlap": Kind("error", "give the shared ground to one of the cells"),
    "overlap-sliver": Kind("error", _SAME),
    "gap": Kind("error", "add a cell there, or give the ground to a neighbour"),
    "gap-sliver": Kind("error", _SAME),
    "across-community": Kind("error", "cut the cell at the community's boundary"),
    "outside-community": Kind("error", "cut off what lies outside, or correct the communities"),
    "no-code": Kind("error", "give the cell a code"),
    "malformed-code": Kind("error", "correct the code"),
    "unknown-community": Kind("error", "correct the first characters of the code, or add the community"),
    "wrong-community": Kind("error", "give the cell a code of the community it lies in"),
    "duplicate-code": Kind("error", "give all but one of them a code of their own, one never used before"),
    "empty-period": Kind("error", "let the cell end after it begins"),
    "overlapping-dates": Kind("error", "end the older version when the newer one begins"),
    "hole-in-time": Kind(
        "error", "close the hole, or give the later cell a code of its own: none is used again"
    ),
    "numbering-order": Kind("warning", "number the community's cells anew, before their codes are used"),
    "small-cell": Kind("warning", "merge it with a neighbour, if nothing speaks against it"),
    "large-cell": Kind("warning", "divide it, if nothing speaks against it"),
}
"""Severity and remedy of each kind of fault, in the order in which they are reported."""

_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    kind
        One of `KINDS`.
    codes
        Codes of the cells it is about, as they were given, in ascending order; of a gap those of the cells around.
    rows
        Positions of the cells in the input, in the order of ``codes``.
    message
        What was found, with its values.
    area_m2
        Area of the fault's place; None where it is no matter of area.
    where
        Polygons where it is, in the cells' CRS: the gap or the overlap itself, or else the cells; None where
        there is no place to show.
    """

    kind: str
    codes: tuple[str, ...]
    rows: tuple[int, ...]
    message: str
    area_m2: float | None = None
    where: BaseGeometry | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InternalError("unknown-fault", f"there is no kind of fault {self.kind!r}")

    @property
    def severity(self) -> str:
        """``error`` where the grid is broken, ``warning`` where a planner should look."""
        return KINDS[self.kind].severity

    @property
    def remedy(self) -> str:
        """One thing to do."""
        return KINDS[self.kind].remedy

    def to_row(self) -> dict[str, Any]:
        """Return plain values for a table or JSON; a point of the place is in ``x`` and ``y``, metres."""
        point = None if self.where is None or self.where.is_empty else self.where.representative_point()
        return {
            "kind": self.kind,
            "severity": self.severity,
            "codes": list(self.codes),
            "rows": list(self.rows),
            "area_m2": None if self.area_m2 is None else round(self.area_m2, 6),
            "x": None if point is None else round(point.x, 3),
            "y": None if point is None else round(point.y, 3),
            "message": self.message,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The faults of a grid.

    Parameters
    ----------
    cells
        Number of checked cells.
    current
        Number of cells in the newest state, which is the one that is checked for gaps.
    rules
        Tolerances of the check.
    faults
        Faults by kind in the order of `KINDS`, then by code, then by place from west to east.

    Examples
    --------
    >>> report = Report.of(2, 2, Rules(), [Fault("small-cell", ("b",), (1,), "12 m²", 12.0)])
    >>> report.is_clean, report.is_sound, report.counts
    (False, True, {'small-cell': 1})
    """

    cells: int
    current: int
    rules: Rules
    faults: tuple[Fault, ...]

    @classmethod
    def of(cls, cells: int, current: int, rules: Rules, faults: Iterable[Fault]) -> Report:
        """Make a report of faults in any order."""
        return cls(cells, current, rules, tuple(sorted(faults, key=_place)))

    @property
    def is_clean(self) -> bool:
        """Whether there are neither errors nor warnings."""
        return not self.faults

    @property
    def is_sound(self) -> bool:
        """Whether there are no errors; there may be warnings."""
        return all(fault.severity == "warning" for fault in self.faults)

    @property
    def counts(self) -> dict[str, int]:
        """Number of faults of each kind."""
        counts = Counter(fault.kind for fault in self.faults)
        return {kind: counts[kind] for kind in KINDS if counts[kind]}

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a row of plain values for each fault."""
        return [fault.to_row() for fault in self.faults]

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report as plain values, for JSON."""
        return {
            "cells": self.cells,
            "current": self.current,
            "clean": self.is_clean,
            "sound": self.is_sound,
            "rules": self.rules.to_dict(),
            "counts": self.counts,
            "faults": self.to_rows(),
        }


def _place(fault: Fault) -> tuple[int, tuple[str, ...], tuple[float, ...], str, tuple[int, ...]]:
    bounds = () if fault.where is None or fault.where.is_empty else fault.where.bounds
    return _RANK[fault.kind], fault.codes, bounds, fault.message, fault.rows
