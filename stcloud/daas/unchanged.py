"""Events that came in other words and say the same: their values equal what is believed, whatever their digests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.clean import ROW
from stcloud.daas.column import plain
from stcloud.daas.schema import Attribute
from stcloud.iaas.engine.equality import equal_rows
from stcloud.iaas.keys import Settled
from stcloud.iaas.source.text import Declared
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import Snapshot

__all__ = ["loose_texts", "without_equal"]

_OWN = ("st_time", "st_time_to", "st_x", "st_y", "st_unplaced")
"""Columns of ours that a row's values decide."""


def without_equal(
    settled: Settled,
    sorter: Sorter,
    snapshot: Snapshot,
    folder: Path,
    columns: Mapping[str, Attribute],
    types: Mapping[str, Declared],
) -> Settled:
    """Return what was settled with the changed rows that hold the values believed already counted as known.

    Parameters
    ----------
    settled, sorter
        What became of the rows, and the rows.
    snapshot, folder
        The table, and where the comparison may spill.
    columns, types
        Attribute, and the type that the file gives, by source column.
    """
    if not len(settled.changed):
        return settled
    kept = {field.name: field.type for field in snapshot.schema}
    paths = [file for file in snapshot.files if Path(file.path).name in settled.superseded]
    mine = [one.stored for one in columns.values()]
    fields = [pa.field(name, kept.get(name)) for name in (*_OWN, *mine) if name in kept]
    fields += [one.field for one in columns.values() if one.stored not in kept]
    schema = pa.schema([("number", pa.int64()), ("st_key", pa.string()), *fields])
    names = [*_OWN, *dict.fromkeys([*mine, *(name for name in kept if not name.startswith("st_"))])]
    number, key = equal_rows(
        _rows(sorter, settled.changed, schema), schema, snapshot.paths(paths), folder,
        columns=names, loose=loose_texts(columns, types),
    )  # fmt: skip
    if not len(number):
        return settled
    superseded = {
        file: keys.filter(pc.invert(pc.is_in(keys, value_set=key)))
        for file, keys in settled.superseded.items()
    }
    return replace(
        settled,
        changed=np.setdiff1d(settled.changed, number),
        same=np.union1d(settled.same, number),
        superseded={file: keys for file, keys in superseded.items() if len(keys)},
    )


def loose_texts(columns: Mapping[str, Attribute], types: Mapping[str, Declared]) -> dict[str, str]:
    """Return the columns that are kept as text though the file gives numbers or instants, and which of the two."""
    kinds = {"integer": "number", "number": "number", "instant": "instant"}
    return {
        one.stored: kinds[types[name].type]
        for name, one in columns.items()
        if one.type == "text" and name in types and types[name].type in kinds
    }


def _rows(sorter: Sorter, changed: np.ndarray, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for chunk in sorter.everything():
        number = chunk.column(ROW)
        place = np.minimum(np.searchsorted(changed, number.to_numpy()), len(changed) - 1)
        rows = chunk.filter(pa.array(changed[place] == number.to_numpy()))
        given = [rows.column(ROW), *(plain(rows.column(name)) for name in schema.names[1:])]
        yield pa.RecordBatch.from_arrays(
            [column.cast(field.type) for column, field in zip(given, schema, strict=True)], schema=schema
        )
