"""Frames of pandas and GeoPandas as Arrow tables: types as they are, geometry as GeoParquet declares it.

The levels of an index that have names are columns before the others; those without are positions, and are left out.

Tested by `tests/iaas/source/memory/test_frame.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from stcloud.errors import InvalidInput

__all__ = ["frame_rows", "is_frame"]


def is_frame(given: object) -> bool:
    """Return whether an object is a DataFrame or Series of pandas or GeoPandas, without importing either."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(given, pandas.DataFrame | pandas.Series)


def frame_rows(frame: Any) -> pa.Table:
    """Return the rows of a frame as a table; columns of shapely geometries are WKB with their CRS.

    Raises
    ------
    InvalidInput
        ``mixed-column``: values of several types; ``unsupported-column``: of a type without a place in a layer;
        ``repeated-column``; ``unnamed-column``.
    """
    kind = type(frame).__name__
    primary = getattr(frame, "active_geometry_name", None)
    if frame.ndim == 1:
        primary = frame.name or "geometry"
    columns: dict[str, pa.Array] = {}
    shapes: dict[str, Any] = {}
    for name, column in _columns(frame, primary, kind):
        if _is_geometry(column):
            shapes[name] = getattr(column.array, "crs", None)
            columns[name] = pa.array(shapely.to_wkb(_shapes(column, name, kind), flavor="iso"), pa.binary())
        else:
            columns[name] = _values(column, name, kind)
    table = pa.table(columns)
    return table.replace_schema_metadata(_geo(shapes, primary)) if shapes else table


def _columns(frame: Any, primary: Any, kind: str) -> list[tuple[str, Any]]:
    """Return the levels of the index that have names, and then the columns; a series is one column."""
    levels = [name for name in frame.index.names if name is not None]
    names = [primary] if frame.ndim == 1 else list(frame.columns)
    _refuse_names(levels, names, kind)
    if frame.ndim == 1 and not levels:
        return [(primary, frame)]
    if frame.ndim == 1:
        frame = frame.to_frame(primary)
    whole = frame.reset_index(level=levels) if levels else frame
    return [(name, whole.iloc[:, at]) for at, name in enumerate([*levels, *names])]


def _refuse_names(levels: list[Any], names: list[Any], kind: str) -> None:
    """Refuse names that are no text or are there twice."""
    for name in [*levels, *names]:
        if not isinstance(name, str):
            raise InvalidInput(
                "unnamed-column", f"the {kind} has a column whose name is no text: {name!r}",
                hint="name it: frame.columns = frame.columns.map(str)",
            )  # fmt: skip
        if [*levels, *names].count(name) > 1:
            hint = f"rename it: frame.rename_axis({name + '_index'!r})" if name in levels else ""
            where = "an index and a column" if name in levels else "two columns"
            raise InvalidInput("repeated-column", f"the {kind} has {where} called {name!r}", hint=hint)


def _is_geometry(column: Any) -> bool:
    if str(column.dtype) == "geometry":
        return True
    if column.dtype != object:
        return False
    first = next((value for value in column if not _is_null(value)), None)
    return isinstance(first, shapely.Geometry)


def _is_null(value: Any) -> bool:
    """Return whether a value of an object column is missing: None, NaN, NaT or NA."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value  # noqa: PLR0124


def _shapes(column: Any, name: str, kind: str) -> np.ndarray:
    if str(column.dtype) == "geometry":
        return np.asarray(column.array, object)
    values = [None if _is_null(value) else value for value in column]
    if not all(value is None or isinstance(value, shapely.Geometry) for value in values):
        raise _mixed(name, kind, column)
    shapes = np.empty(len(values), object)
    shapes[:] = values
    return shapes


def _values(column: Any, name: str, kind: str) -> pa.Array:
    """Return a column of any other type."""
    if column.dtype == object:
        _refuse_mixed_times(column, name, kind)
    if str(column.dtype).startswith("Sparse"):
        column = column.sparse.to_dense()
    try:
        values = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if column.dtype == object:
            raise _mixed(name, kind, column) from error
        raise InvalidInput(
            "unsupported-column", f"column {name!r} of the {kind} is of type {column.dtype}: no layer has it",
            hint="make it text, a number, a date or an instant first",
        ) from error  # fmt: skip
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _refuse_mixed_times(column: Any, name: str, kind: str) -> None:
    """Refuse dates among instants, and instants with a zone among others: Arrow would drop the hours or the zone."""
    kinds = {
        (isinstance(value, dt.datetime), getattr(value, "tzinfo", None) is not None)
        for value in column
        if isinstance(value, dt.date) and not _is_null(value)
    }
    if len(kinds) > 1:
        raise _mixed(name, kind, column)


def _mixed(name: str, kind: str, column: Any) -> InvalidInput:
    types = sorted({_type_name(value) for value in column if not _is_null(value)})
    return InvalidInput(
        "mixed-column", f"column {name!r} of the {kind} holds values of several types: {', '.join(types[:5])}",
        hint=f"give them one type, e.g. frame[{name!r}].astype('string')",
    )  # fmt: skip


def _type_name(value: Any) -> str:
    aware = isinstance(value, dt.datetime) and value.tzinfo is not None
    return f"{type(value).__name__}{' with a zone' if aware else ''}"


def _geo(shapes: dict[str, Any], primary: str | None) -> dict[str, str]:
    """Return the metadata of GeoParquet: which column is the layer's geometry, and the CRS of each."""
    if primary not in shapes:
        primary = "geometry" if "geometry" in shapes or len(shapes) > 1 else next(iter(shapes))
    columns: dict[str, Any] = {
        name: {"encoding": "WKB", "geometry_types": [], "crs": None if crs is None else crs.to_json_dict()}
        for name, crs in shapes.items()
    }
    return {"geo": json.dumps({"version": "1.1.0", "primary_column": primary, "columns": columns})}
