"""Symbols: what an answer puts on a map, areas shaded by a measure, features, or single points.

Tested by `tests/saas/report/test_symbol.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, Unsupported, nearest

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["CHANGES", "Category", "Shapes", "Symbols", "is_number", "shaded_of", "symbols_of"]

Floats: TypeAlias = NDArray[np.float64]
Shapes: TypeAlias = NDArray[np.object_]

CHANGES = ("_change", "_change_pct")
"""Ends of the fields that compare a measure with another; `Query.measure` adds them."""

_NO_MEASURES: Mapping[str, str] = MappingProxyType({})
_COUNTS = ("count", "open")
_SUMS = (*_COUNTS, "sum(", "count(")


@dataclass(frozen=True, slots=True)
class Category:
    """What some symbols have in common.

    Parameters
    ----------
    label
        What the legend calls it.
    face, line
        Colours of areas, and of outlines, lines and points.
    group
        What it stands under in the legend; empty: nothing.
    note
        What it means, in a line or two below its label.
    glyph
        Matplotlib's marker that is drawn within each area, where there is room; empty: none.
    """

    label: str
    face: str
    line: str
    group: str = ""
    note: str = ""
    glyph: str = ""


@dataclass(frozen=True, slots=True)
class Symbols:
    """Areas, lines or points in a city's CRS; what has no place is counted alone.

    Parameters
    ----------
    shapes
        ``(n,)`` geometries, each of them with a place.
    values
        ``(n,)`` float64 to shade them by, NaN where there is no value; None: they are drawn alike.
    noun
        What each of them is: ``event``, ``feature``, ``cell``, ``area``.
    field, measure
        The field whose values these are, and the measure as it was written.
    unplaced
        How many rows have no place or, of counts, the sum of theirs.
    side_m
        Side of the cells in metres; 0 for what is no cell.
    whole
        Whether the values are whole numbers.
    categories
        What the symbols are divided into; then values are positions in it.
    counted
        What counts are counts of: ``event``, ``feature``.
    tiled
        Whether areas lie side by side, so that none hides another; else categories are outlined.
    """

    shapes: Shapes
    values: Floats | None
    noun: str
    field: str = ""
    measure: str = ""
    unplaced: int = 0
    side_m: float = 0.0
    whole: bool = False
    categories: tuple[Category, ...] = ()
    counted: str = "event"
    tiled: bool = False

    def __len__(self) -> int:
        return len(self.shapes)

    @property
    def counts(self) -> bool:
        """Whether values are counts of rows, so that what has no place adds to them."""
        return _counts(self.measure)

    @property
    def total(self) -> int:
        """All events, with and without a place; of what is not counted, all areas."""
        return (
            int(np.nansum(self.values)) if self.counts and self.values is not None else len(self)
        ) + self.unplaced

    @property
    def changes(self) -> bool:
        """Whether values are changes, of which zero is the middle."""
        return self.field.endswith(CHANGES)

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """``(xmin, ymin, xmax, ymax)``; None without symbols."""
        return tuple(map(float, shapely.total_bounds(self.shapes))) if len(self) else None  # type: ignore[return-value]


def symbols_of(
    answer: Answer,
    shade: str | None = None,
    groups: Sequence[str] | None = None,
    measures: Mapping[str, str] = _NO_MEASURES,
) -> Symbols:
    """Return what an answer puts on a map.

    Parameters
    ----------
    answer
        Rows, features, or measures by group.
    shade
        The field to shade areas by; None: the first measure, or its change where it is compared.
    groups
        The fields that rows were grouped by; None: as the answer says.
    measures
        Measures as they were written, by their fields; a field that is not in it is written as it is called.

    Raises
    ------
    Unsupported
        ``no-geometry``: groups without a place; ``no-map``: no number to shade by, or one place has several values
        that cannot be added.
    InvalidInput
        ``unknown-field``

    Notes
    -----
    Counts of one place (by month, say) are added up. O(n log n).
    """
    column = answer.shape_column
    if column is None:
        raise Unsupported(
            "no-geometry",
            "these groups have no place to be drawn at",
            hint="group by cell:100m, in:LAYER or unit too, or draw a chart: --chart FILE",
        )
    if column == "st_x":
        return _points(answer)
    if column == "st_geom":
        return _features(answer)
    grouped = tuple(groups if groups is not None else getattr(answer, "groups", ())) or (column,)
    field = shaded_of(answer, grouped, shade)
    return _areas(answer, column, field, measures.get(field, field))


def shaded_of(answer: Answer, groups: Sequence[str], shade: str | None = None) -> str:
    """Return the field that areas are shaded by; raises as `symbols_of`."""
    fields = [
        field.name for field in answer.plain.schema if field.name not in groups and is_number(field.type)
    ]
    if shade is not None:
        if shade not in fields:
            near = nearest(shade, fields)
            raise InvalidInput(
                "unknown-field", f"cannot draw '{shade}': the answer has no number of that name",
                hint=f"did you mean '{near[0]}'?" if near else f"there are {', '.join(fields)}",
            )  # fmt: skip
        return shade
    if not fields:
        raise Unsupported(
            "no-map", "areas are shaded by a number, and this answer has none", hint="add: --measure count"
        )
    change = f"{fields[0]}{CHANGES[0]}"
    return change if change in fields else fields[0]


def _counts(measure: str) -> bool:
    return measure.removesuffix("_before").removesuffix("_other") in _COUNTS


def is_number(kind: pa.DataType) -> bool:
    """Return whether values of a type can be drawn."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _points(answer: Answer) -> Symbols:
    x, y = (answer.table[name].to_numpy().astype(np.float64) for name in ("st_x", "st_y"))
    placed = ~(np.isnan(x) | np.isnan(y))
    points: Shapes = np.asarray(shapely.points(x[placed], y[placed]), object)
    return Symbols(points, None, "event", unplaced=int((~placed).sum()))


def _features(answer: Answer) -> Symbols:
    shapes: Shapes = np.asarray(answer.geometry(), object)
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return Symbols(shapes[placed], None, "feature", unplaced=int((~placed).sum()))


def _areas(answer: Answer, column: str, field: str, measure: str) -> Symbols:
    places = answer.table[column].combine_chunks()
    values = np.asarray(answer.table[field].cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    codes = places.dictionary_encode()
    keys, at = codes.dictionary, codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    whole = pa.types.is_integer(answer.table.schema.field(field).type)
    if len(keys) < int(pc.count(places).as_py()):
        if not measure.removesuffix(CHANGES[0]).startswith(_SUMS):
            raise Unsupported(
                "no-map", f"a place has several values of '{field}' in this answer, and a map shows one",
                hint="group by the place alone, or narrow the rest: --when 2024-07",
            )  # fmt: skip
        sums = np.zeros(len(keys))
        np.add.at(sums, at[at >= 0], np.nan_to_num(values[at >= 0]))
    else:
        sums = np.full(len(keys), np.nan)
        sums[at[at >= 0]] = values[at >= 0]
    first = np.full(len(keys), -1)
    rows = np.flatnonzero(at >= 0)[::-1]
    first[at[rows]] = rows
    shapes: Shapes = np.asarray(answer.geometry(), object)[first] if len(first) else np.zeros(0, object)
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if _counts(measure):
        unplaced = int(np.nansum(values[at < 0]) + np.nansum(sums[~placed]))
    else:
        unplaced = int((at < 0).sum() + (~placed).sum())
    side_m = _side_m(column, shapes[placed])
    noun = "cell" if side_m else "area"
    return Symbols(shapes[placed], sums[placed], noun, field, measure, unplaced, side_m, whole)


def _side_m(column: str, shapes: Shapes) -> float:
    if not column.startswith("cell_") or not len(shapes):
        return 0.0
    xmin, _, xmax, _ = shapely.bounds(shapes[0])
    return float(xmax - xmin)
