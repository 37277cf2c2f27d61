"""Which rules a row may meet: found by the value of a column, and by where the row is, before any mask is applied.

Every rule with a filter ``column = value`` is found by that value; among those of a value, and among those without
one, rules that are bounded in space by the boxes of their extent. What a mask keeps lies within its limits, so no row
is missed. Boxes of many rules lie in an `rtree`, to which they are added, and from which they go, one by one; of few
rules, or where it is not installed, all boxes are compared.

Law: **superset**: a rule is tried on every row that its mask keeps.

Tested by `tests/paas/standing/test_ruleindex.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.filter import conjuncts
from stcloud.paas.query.filter.node import Call, Column, Constant
from stcloud.paas.query.place.extent import Box
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.resolved import Resolved

__all__ = ["RuleIndex", "boxes_of", "equality_of", "is_equality"]

Rows = NDArray[np.int64]
_FEW = 48
"""Boxes of so many rules are compared with all rows faster than a tree is searched."""
_PAIRS = 1 << 22


def equality_of(conditions: tuple[Condition, ...]) -> tuple[str, Any] | None:
    """Return a stored column and the value that it must have for a row to be kept; None: there is none."""
    for condition in conditions:
        if isinstance(condition, Predicate):
            for part in conjuncts(condition.condition):
                if isinstance(part, Call) and part.operator == "=":
                    column, value = sorted(part.arguments, key=lambda node: isinstance(node, Constant))
                    if isinstance(column, Column) and isinstance(value, Constant) and column.kind == "text":
                        return column.stored, value.value
    return None


def is_equality(conditions: tuple[Condition, ...]) -> bool:
    """Tell whether `equality_of` is all that rows must meet."""
    if equality_of(conditions) is None or len(conditions) != 1:
        return False
    (only,) = conditions
    return isinstance(only, Predicate) and len([*conjuncts(only.condition)]) == 1


def boxes_of(conditions: tuple[Resolved, ...]) -> tuple[Box, ...] | None:
    """Return boxes that hold every row that is kept; None: rows may be anywhere, or nowhere."""
    extents = [each.limits.extent for each in conditions if each.limits.extent is not None]
    return min(extents, key=lambda extent: extent.square_m).boxes if extents else None


class _Boxes:
    """Boxes of rules, by their numbers."""

    def __init__(self) -> None:
        self._boxes: dict[int, tuple[Box, ...]] = {}
        self._tree: Any = None
        self._stacked: tuple[Rows, NDArray[np.float64]] | None = None

    def __len__(self) -> int:
        return len(self._boxes)

    def add(self, number: int, boxes: tuple[Box, ...]) -> None:
        self._boxes[number] = boxes
        self._stacked = None
        if self._tree is not None:
            for box in boxes:
                self._tree.insert(number, box)
        elif len(self._boxes) > _FEW:
            self._tree = _tree_of(self._boxes)

    def remove(self, number: int) -> None:
        boxes = self._boxes.pop(number)
        self._stacked = None
        if self._tree is not None:
            for box in boxes:
                self._tree.delete(number, box)

    def pairs(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Rows, Rows]:
        """Return rows and rules of which a box holds the row, each pair once or more."""
        if self._tree is not None:
            points = np.column_stack((x, y))
            numbers, counts = self._tree.intersection_v(points, points)
            return np.repeat(np.arange(len(x)), counts.astype(np.int64)), numbers.astype(np.int64)
        if self._stacked is None:
            rules = [number for number, boxes in self._boxes.items() for _ in boxes]
            stacked = np.array([box for boxes in self._boxes.values() for box in boxes], np.float64)
            self._stacked = np.array(rules, np.int64), stacked.reshape(-1, 4)
        rules_of, box = self._stacked
        step = max(1, _PAIRS // max(1, len(rules_of)))
        parts = []
        for start in range(0, len(x), step):
            px, py = x[start : start + step, None], y[start : start + step, None]
            inside = (px >= box[:, 0]) & (py >= box[:, 1]) & (px <= box[:, 2]) & (py <= box[:, 3])
            row, place = np.nonzero(inside)
            parts.append((row + start, rules_of[place]))
        if not parts:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate([row for row, _ in parts]), np.concatenate([rule for _, rule in parts])


class _Bucket:
    """Rules of one value, or of none: those with boxes, and the others."""

    def __init__(self) -> None:
        self.boxes = _Boxes()
        self.anywhere: set[int] = set()

    def candidates(
        self, rows: Rows, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> Iterator[tuple[int, Rows]]:
        for number in sorted(self.anywhere):
            yield number, rows
        if len(self.boxes):
            placed = rows[np.isfinite(x[rows]) & np.isfinite(y[rows])]
            row, rule = self.boxes.pairs(x[placed], y[placed])
            order = np.lexsort((row, rule))
            row, rule = placed[row[order]], rule[order]
            cuts = np.flatnonzero(np.diff(rule)) + 1
            for part, number in zip(
                np.split(row, cuts), rule[np.append(0, cuts)] if len(rule) else (), strict=False
            ):
                yield int(number), np.unique(part)


class RuleIndex:
    """Finds the rules that rows may meet; rules are numbers."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, Any] | None, _Bucket] = {}
        self._homes: dict[int, tuple[tuple[str, Any] | None, bool]] = {}

    def __len__(self) -> int:
        return len(self._homes)

    def add(self, number: int, equality: tuple[str, Any] | None, boxes: tuple[Box, ...] | None) -> None:
        """Add a rule, found by a value of a column, and by boxes."""
        bucket = self._buckets.setdefault(equality, _Bucket())
        self._homes[number] = equality, boxes is not None
        if boxes is None:
            bucket.anywhere.add(number)
        else:
            bucket.boxes.add(number, boxes)

    def remove(self, number: int) -> None:
        """Remove a rule."""
        equality, has_boxes = self._homes.pop(number)
        bucket = self._buckets[equality]
        if has_boxes:
            bucket.boxes.remove(number)
        else:
            bucket.anywhere.discard(number)
        if not bucket.anywhere and not len(bucket.boxes):
            del self._buckets[equality]

    def candidates(self, rows: pa.RecordBatch) -> Iterator[tuple[int, Rows]]:
        """Give rules with the rows that they may keep, ascending."""
        x, y = (
            np.asarray(rows.column(name).to_numpy(zero_copy_only=False), np.float64)
            for name in ("st_x", "st_y")
        )
        everything = np.arange(rows.num_rows)
        by_column: dict[str, dict[Any, _Bucket]] = {}
        for equality, bucket in self._buckets.items():
            if equality is None:
                yield from bucket.candidates(everything, x, y)
            else:
                by_column.setdefault(equality[0], {})[equality[1]] = bucket
        for name, buckets in by_column.items():
            for value, chosen in _rows_by_value(rows.column(name)):
                if value in buckets:
                    yield from buckets[value].candidates(chosen, x, y)


def _rows_by_value(column: pa.Array) -> Iterator[tuple[Any, Rows]]:
    coded = column.dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(coded.dictionary) + 1))
    for place, value in enumerate(coded.dictionary.to_pylist()):
        yield value, order[starts[place] : starts[place + 1]]


def _tree_of(boxes: dict[int, tuple[Box, ...]]) -> Any:
    """Return a tree of boxes; None: the library is not installed."""
    try:
        from rtree import index  # noqa: PLC0415  (optional, and few cities have so many rules)
    except ImportError:
        return None
    return index.Index((number, box, None) for number, own in boxes.items() for box in own)
