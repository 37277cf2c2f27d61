"""Lines of streets, as a layer has them: parts of a line each, with their walking speeds and levels.

Tested by `tests/paas/reach/test_streetlines.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.reach.walkrules import WalkRules

__all__ = ["Flags", "Floats", "Ints", "Shapes", "StreetLines", "column_of", "shapes_of"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Shapes: TypeAlias = NDArray[Any]

_LINE = 1


@dataclass(frozen=True, slots=True, eq=False)
class StreetLines:
    """Lines that can be walked, ``(n,)``, by the key of their street.

    Parameters
    ----------
    keys, shapes
        Key of each line's street; lines of shapely in two dimensions, each longer than 0.
    speed_mps
        Metres per second, above 0.
    level
        0: on the ground.
    facts
        What was left out, for people.
    """

    keys: pa.Array
    shapes: Shapes
    speed_mps: Floats
    level: Ints
    facts: dict[str, str]

    def __len__(self) -> int:
        return len(self.shapes)

    @classmethod
    def of(cls, table: pa.Table, layer: str, rules: WalkRules) -> StreetLines:
        """Return the lines of a layer's rows, as `Query.rows` gives them.

        Raises
        ------
        InvalidInput
            ``not-streets``: no row has a line; ``no-streets``: there is no row, or none that can be walked;
            ``wrong-type``: levels are no whole numbers.
        NotFound
            ``unknown-column``
        """
        if not len(table):
            raise InvalidInput(
                "no-streets", f"layer '{layer}' has no street at this instant",
                hint="state another instant: at=…", in_shell="state another instant with --at",
            )  # fmt: skip
        classes = None if rules.table is None else column_of(table, rules.table.column, layer)
        levels = _levels(table, rules.level, layer)
        parts, row = shapely.get_parts(shapely.force_2d(shapes_of(table)), return_index=True)
        lines = (shapely.get_dimensions(parts) == _LINE) & (shapely.length(parts) > 0)
        if not lines.any():
            raise InvalidInput(
                "not-streets", f"layer '{layer}' has no lines",
                hint="name the layer of streets, whose features are lines"
            )  # fmt: skip
        speed = np.full(len(table), rules.speed_mps)
        facts = {}
        if rules.table is not None and classes is not None:
            speed = rules.table.speeds_of(classes, rules.speed_mps)
            if absent := rules.table.absent(classes):
                facts["classes without a street"] = ", ".join(absent)
        if without := len(table) - len(np.unique(row[lines])):
            facts["no line"] = f"{without:,} of {layer}"
        kept = np.flatnonzero(lines & (speed[row] > 0))
        if not len(kept):
            raise InvalidInput(
                "no-streets", f"no street of layer '{layer}' can be walked: all have a speed of 0",
                hint="state above 0 what can be walked",
            )  # fmt: skip
        row = row[kept]
        keys = table["st_key"].combine_chunks().take(pa.array(row))
        order = np.asarray(pc.sort_indices(keys), np.int64)  # stable: parts of a street stay in order
        rows = row[order]
        return cls(keys.take(pa.array(order)), parts[kept][order], speed[rows], levels[rows], facts)

    def lengths_m(self) -> Floats:
        """Return the length of each line, metres."""
        return np.asarray(shapely.length(self.shapes), np.float64)


def column_of(table: pa.Table, name: str, layer: str) -> pa.ChunkedArray:
    """Return a column of a layer's rows; `NotFound` ``unknown-column``, with the nearest."""
    columns = [column for column in table.schema.names if not column.startswith("st_")]
    if name not in columns:
        raise NotFound(
            "unknown-column", f"layer '{layer}' has no column '{name}' (there are: {', '.join(columns)})",
            nearest=nearest(name, columns),
        )  # fmt: skip
    return table[name]


def shapes_of(table: pa.Table) -> Shapes:
    """Return the geometries of a layer's rows; None where a row has none."""
    return np.asarray(shapely.from_wkb(table["st_geom"].to_numpy()), object)


def _levels(table: pa.Table, name: str | None, layer: str) -> Ints:
    if name is None:
        return np.zeros(len(table), np.int64)
    column = column_of(table, name, layer)
    try:
        numbers = column.cast(pa.float64()).fill_null(0.0).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        numbers = np.array([np.nan])
    whole: Flags = np.isfinite(numbers) & (numbers == np.round(numbers))
    if not whole.all():
        raise InvalidInput(
            "wrong-type", f"levels of layer '{layer}' are whole numbers, and column '{name}' has others",
            hint="0 or null is the ground, 1 a bridge, -1 a tunnel",
        )  # fmt: skip
    return np.asarray(numbers, np.int64)
