"""A scene layer's table: what its rows say of their arrays, and the array files beside it.

Tested by `tests/daas/load/test_scene_load.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from stcloud.daas.table.feature import micros, read_ends, row_files
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.timeline import FOREVER
from stcloud.iaas.raster.arrayfiles import ArrayFiles
from stcloud.iaas.raster.image import ImageFacts
from stcloud.iaas.source.rasterreading import IMAGE_COLUMNS
from stcloud.iaas.table.table import Snapshot

__all__ = [
    "FACTS",
    "SCENE_COLUMNS",
    "array_faults",
    "array_names",
    "arrays_of",
    "discard_unnamed",
    "scene_rows",
]

FACTS = tuple(name for name in IMAGE_COLUMNS if name not in ("since", "geometry"))
"""Columns of a scene's row, as they are stored and shown."""

SCENE_COLUMNS = (
    "st_valid_from", "st_valid_to", "st_recorded_from", "st_row", "st_geom", "st_xmin", "st_ymin", "st_xmax",
    "st_ymax", *FACTS,
)  # fmt: skip


def scene_rows(snapshot: Snapshot, known_us: int) -> pa.Table:
    """Return the scenes that were believed in at a recorded instant, ordered by when they were acquired."""
    ends = read_ends(snapshot)
    rows = snapshot.read(row_files(snapshot), (*SCENE_COLUMNS, "st_recorded_to")).combine_chunks()
    until = ends.of(rows["st_row"].to_numpy(), micros(rows["st_recorded_to"], FOREVER))
    believed = (micros(rows["st_recorded_from"], 0) <= known_us) & (until > known_us)
    rows = rows.filter(pa.array(believed)).drop_columns(["st_recorded_to"])
    return rows.sort_by([("st_valid_from", "ascending"), ("product", "ascending"), ("tile", "ascending")])


def arrays_of(layer: LayerTable) -> ArrayFiles:
    """Return the array files of a layer."""
    return ArrayFiles.beside(layer.table)


def discard_unnamed(layer: LayerTable, *, older_hours: float) -> int:
    """Delete the array files that no row names and that are so old; the caller holds the layer's lock."""
    snapshot = layer.current()
    named = {row["file"] for row in _named(snapshot)} if snapshot is not None else set()
    files = arrays_of(layer)
    unneeded = files.unneeded(named, older_hours=older_hours)
    for key in unneeded:
        files.store.delete(key)
    return len(unneeded)


def array_faults(layer: LayerTable, snapshot: Snapshot) -> list[str]:
    """Return what is wrong with the array files that rows name, those of past beliefs too."""
    files = arrays_of(layer)
    faults = (files.fault(row["file"], row["digest"], ImageFacts.of_columns(row)) for row in _named(snapshot))
    return [fault for fault in faults if fault is not None]


def array_names(layer: LayerTable) -> set[str]:
    """Return the array files that rows name, those of past beliefs too, by their keys below the table."""
    snapshot = layer.current()
    return set() if snapshot is None else {row["file"] for row in _named(snapshot)}


def _named(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Give what rows say of their arrays, each array once."""
    rows = snapshot.read(row_files(snapshot), FACTS).to_pylist()
    yield from {row["file"]: row for row in rows}.values()
