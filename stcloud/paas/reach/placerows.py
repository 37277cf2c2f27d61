"""Rows of places: services, and who wants them, as layers of features have them.

Tested by `tests/paas/reach/test_placerows.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from stcloud.errors import InvalidInput
from stcloud.paas.reach.snappedplaces import points_of
from stcloud.paas.reach.streetlines import Floats, Ints, Shapes, column_of, shapes_of

__all__ = ["PlaceRows", "Weights"]


@dataclass(frozen=True, slots=True, eq=False)
class PlaceRows:
    """Places of a layer, ``(n,)``, by key.

    Parameters
    ----------
    layer
        Name of the layer.
    keys
        Their keys, as text.
    shapes, points
        Their geometries, and the point that stands for each; None: it has no place.
    """

    layer: str
    keys: pa.Array
    shapes: Shapes
    points: Shapes

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def of(cls, table: pa.Table, layer: str) -> PlaceRows:
        """Return the places of a layer's rows, as `Query.rows` gives them."""
        shapes = shapes_of(table)
        return cls(layer, pa.array(table["st_key"].to_pylist(), pa.string()), shapes, points_of(shapes))

    @property
    def xy(self) -> tuple[Floats, Floats]:
        """Metres in the city's CRS; NaN where a place is not known."""
        there = ~shapely.is_missing(self.points)
        x, y = np.full(len(self), np.nan), np.full(len(self), np.nan)
        x[there], y[there] = shapely.get_x(self.points[there]), shapely.get_y(self.points[there])
        return x, y

    def key_of(self, number: np.ndarray) -> pa.Array:
        """Return keys by the places' numbers; null for -1."""
        return self.keys.take(pa.array(number, mask=number < 0))


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """How much each place counts.

    Parameters
    ----------
    values
        ``(n,)``, 0 or more.
    whole
        Whether they are whole numbers by their type, and sums of them, too.
    unknown
        How many places have no value and count as 0.
    """

    values: Floats
    whole: bool
    unknown: int = 0

    @classmethod
    def of(cls, table: pa.Table, layer: str, column: str | None) -> Weights:
        """Return the weights of a layer's rows by a column; without one each counts as 1.

        Raises
        ------
        NotFound
            ``unknown-column``
        InvalidInput
            ``wrong-type``: the column has no numbers; ``bad-weight``: a value is negative or not finite.
        """
        if column is None:
            return cls(np.ones(len(table)), whole=True)
        values = column_of(table, column, layer)
        if not (
            pa.types.is_integer(values.type)
            or pa.types.is_floating(values.type)
            or pa.types.is_decimal(values.type)
        ):
            raise InvalidInput(
                "wrong-type", f"column '{column}' of layer '{layer}' holds no numbers, but {values.type}",
                hint="name a column of numbers, or none: each place counts as 1",
            )  # fmt: skip
        numbers = pc.fill_null(values.cast(pa.float64()), 0.0).to_numpy()
        wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
        if len(wrong):
            first = int(wrong[0])
            raise InvalidInput(
                "bad-weight",
                f"column '{column}' of layer '{layer}' has {numbers[first]:g} for '{table['st_key'][first]}'",
                hint="inhabitants are 0 or more; leave the row out with a filter, or correct it",
            )
        return cls(numbers, pa.types.is_integer(values.type), values.null_count)

    def column(self, sums: Floats | Ints) -> pa.Array:
        """Return weights, or sums of them, as a column of an answer."""
        return pa.array(np.round(sums).astype(np.int64) if self.whole else sums)
