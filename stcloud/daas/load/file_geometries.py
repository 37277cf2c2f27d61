"""Geometries of a whole file, made ready: projected, repaired, of one kind, with some columns as text.

Tested by `tests/saas/cli/test_grid.py` (streets and ground that divide a district).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.load.geometry import read_shapes
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.source.protocol import GEOMETRY, Reading, geometry_column
from stcloud.iaas.source.registry import open_source
from stcloud.iaas.source.wkb import read_wkt

__all__ = ["FileGeometries", "read_file_geometries"]


@dataclass(frozen=True, slots=True, eq=False)
class FileGeometries:
    """Shapes of a file, and the columns that were wanted besides.

    Parameters
    ----------
    shapes
        ``(n,)`` shapely geometries in the wanted CRS.
    columns
        ``(n,)`` text, null where the file has none.
    refused
        How many rows of the file are not among them, by reason.
    """

    shapes: NDArray[np.object_]
    columns: Mapping[str, pa.Array]
    refused: Mapping[str, int]


def read_file_geometries(
    path: Path, crs: str, *, declared: str | None = None, kinds: frozenset[str] | None = None,
    columns: Sequence[str] = (), optional: Sequence[str] = (), layer: str | None = None,
) -> FileGeometries:  # fmt: skip
    """Read the geometries of a vector file, GeoParquet, or a CSV with a column ``geometry`` of WKT.

    Parameters
    ----------
    path, layer
        The file, and which layer of it.
    crs
        CRS to project to, metric.
    declared
        CRS of the file where it says none.
    kinds
        Of `stcloud.daas.load.geometry.KINDS`; rows of others are refused. None: any.
    columns, optional
        Names of columns to read besides; those that need not be there are nulls then.

    Raises
    ------
    NotFound
        ``no-source``, ``unknown-column`` with the nearest.
    InvalidInput
        ``crs-needed``: neither the file nor the caller says its CRS; ``no-geometry``; what reading raises.
    """
    source = open_source(path, Reading(layer=layer))
    column, source_crs = geometry_column(source), source.crs or declared
    if column is None and GEOMETRY in source.columns:
        column = GEOMETRY  # WKT
    if column is None:
        raise InvalidInput("no-geometry", f"{path} has no column of geometry")
    if source_crs is None:
        raise InvalidInput("crs-needed", f"{path} does not say its CRS", hint="state it: --source-crs EPSG:…")
    for name in columns:
        if name not in source.columns:
            raise NotFound(
                "unknown-column", f"{path} has no column '{name}'", nearest=nearest(name, source.columns)
            )
    wanted = [*columns, *optional]
    shapes: list[NDArray[np.object_]] = []
    values_of: dict[str, list[pa.Array]] = {name: [pa.array([], pa.string())] for name in wanted}
    refused: dict[str, int] = {}
    for batch in source.batches():
        read = read_shapes(_wkb(batch.rows.column(column)), crs=source_crs, city_crs=crs, kinds=kinds)
        here = np.flatnonzero(read.wkb.is_valid().to_numpy(zero_copy_only=False))
        _count(refused, read.outcome, batch.rows.num_rows - len(here))
        shapes.append(shapely.from_wkb(read.wkb.take(pa.array(here)).to_numpy(zero_copy_only=False)))
        for name in wanted:
            there = name in source.columns
            values = batch.rows.column(name).cast(pa.string()).take(pa.array(here)) if there else None
            values_of[name].append(pa.nulls(len(here), pa.string()) if values is None else values)
    whole = np.concatenate(shapes) if shapes else np.empty(0, object)
    return FileGeometries(
        whole, {name: pa.concat_arrays(parts) for name, parts in values_of.items()}, refused
    )


def _wkb(values: pa.Array) -> pa.Array:
    if pa.types.is_binary(values.type):
        return values
    texts = values.cast(pa.string()).to_numpy(zero_copy_only=False)
    return pa.array(shapely.to_wkb(read_wkt(texts)), pa.binary())


def _count(refused: dict[str, int], outcome: pa.Array, lost: int) -> None:
    for pair in outcome.drop_null().value_counts().to_pylist():
        reason: Any = pair["values"]
        refused[reason] = refused.get(reason, 0) + pair["counts"]
        lost -= pair["counts"]
    if lost:
        refused["no-geometry"] = refused.get("no-geometry", 0) + lost
