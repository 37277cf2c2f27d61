"""What a layer was, as it was known at a recorded instant: its columns, its extent and its span.

The law: it is what `Catalogue.layer` gave after the last load that is not later, unless a purge removed rows since.

Tested by `tests/daas/test_known.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.entry import Layer
from stcloud.daas.table.schema import INSTANT
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["layer_as_known"]

_RECORDED = "st_recorded_from"
_END = "st_time_to"


def layer_as_known(layer: Layer, known_us: int) -> Layer | None:
    """Return a layer as it was known at a recorded instant, UTC microseconds; None: it was not there yet.

    The result says what there was: attributes, extent, span, loads. Its files are not to be read: they hold later
    rows, too. What people wrote of the layer is as it is now.

    Reads the ledger, and of files that hold both earlier and later rows a few columns.
    """
    loads = [load for load in layer.loads if load.recorded_at_us <= known_us]
    if not loads:
        return None
    later = {name for load in layer.loads if load.recorded_at_us > known_us for name in load.new_columns}
    return replace(
        layer,
        snapshot=replace(layer.snapshot, files=tuple(_files(layer, known_us))),
        attributes=tuple(attribute for attribute in layer.attributes if attribute.name not in later),
        read_loads=lambda: loads,
    )


def _files(layer: Layer, known_us: int) -> list[File]:
    """Return the files that hold rows of this time or earlier ones, with the figures of these rows."""
    at = pa.scalar(known_us, INSTANT).as_py()
    names = (_RECORDED, _END, *layer.layer_kind.time_columns, *layer.layer_kind.bounds_columns)
    files = []
    for file in layer.layer_kind.row_files(layer.snapshot):
        if _RECORDED in file.high and file.high[_RECORDED] <= at:
            files.append(file)
        elif file.may_hold(_RECORDED, high=at):
            part = _part(layer.snapshot, file, known_us, names)
            if part.rows:
                files.append(part)
    return files


def _part(snapshot: Snapshot, file: File, known_us: int, names: tuple[str, ...]) -> File:
    """Return a file with the figures of its rows that were recorded until an instant."""
    there = [name for name in dict.fromkeys(names) if name in snapshot.schema.names and not file.lacks(name)]
    table = snapshot.read([file], there)
    rows = table.filter(pc.less_equal(table[_RECORDED].cast(pa.int64()), known_us))
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    for name in there:
        bounds = pc.min_max(rows[name]).as_py()
        if bounds["min"] is not None:
            low[name], high[name] = bounds["min"], bounds["max"]
    nulls = {name: rows[name].null_count for name in there}
    return replace(file, rows=len(rows), low=low, high=high, nulls=nulls)
