"""Rows that came in other words and mean what is believed already: equal values, whatever their digests.

Tested by `tests/daas/load/test_types.py` and `tests/daas/load/test_feature_load.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.load.clean_events import ROW
from stcloud.daas.load.column import plain
from stcloud.daas.load.geometry import same_shape
from stcloud.daas.table.changeset import DatedRows, matches, pairs
from stcloud.daas.table.feature import VersionRows
from stcloud.daas.table.schema import Attribute
from stcloud.daas.table.timeline import Ints
from stcloud.iaas.engine.equality import equal_rows, equal_texts
from stcloud.iaas.keys.settled import SAME, Settled
from stcloud.iaas.source.text import Declared
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import Snapshot

__all__ = ["ValueComparison", "equivalent_features", "loose_texts", "without_equivalent_events"]

_NONE: Mapping[str, str] = {}
_OWN = ("st_time", "st_time_to", "st_x", "st_y", "st_unplaced")
"""Columns of ours that a row's values decide."""


@dataclass(frozen=True, slots=True)
class ValueComparison:
    """What of changed rows is compared with the current rows of their keys.

    Attributes
    ----------
    values
        Columns of the rows that came.
    columns
        Names of all columns that are compared; one that a side lacks is null there.
    loose
        As `loose_texts` says.
    """

    values: pa.Schema
    columns: tuple[str, ...]
    loose: Mapping[str, str]

    @classmethod
    def of(
        cls, kept: pa.Schema, columns: Mapping[str, Attribute], types: Mapping[str, Declared]
    ) -> ValueComparison:
        """Return what is compared of rows of a source with these columns, and of a table of this schema."""
        stored = {field.name: field.type for field in kept}
        mine = [attribute.stored for attribute in columns.values()]
        fields = [pa.field(name, stored.get(name)) for name in (*_OWN, *mine) if name in stored]
        fields += [attribute.field for attribute in columns.values() if attribute.stored not in stored]
        others = dict.fromkeys([*mine, *(name for name in stored if not name.startswith("st_"))])
        return cls(pa.schema(fields), (*_OWN, *others), loose_texts(columns, types))

    @property
    def schema(self) -> pa.Schema:
        """Schema of the rows that came: number, key and values."""
        return pa.schema([("st_row", pa.int64()), ("st_key", pa.string()), *self.values])


class RowContent(Protocol):
    """Rows that came, set aside."""

    def everything(self) -> Iterator[pa.RecordBatch]:
        """Give all rows, in whatever order."""


def without_equivalent_events(
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
    changed = settled.changed
    if not len(changed):
        return settled
    paths = [file for file in snapshot.files if Path(file.path).name in settled.superseded]
    compared = ValueComparison.of(snapshot.schema, columns, types)
    number, key = equal_rows(
        _changed_rows(sorter, changed, compared.schema), compared.schema, snapshot.paths(paths), folder,
        columns=compared.columns, loose=compared.loose,
    )  # fmt: skip
    if not len(number):
        return settled
    superseded = {
        file: keys.filter(pc.invert(pc.is_in(keys, value_set=key)))
        for file, keys in settled.superseded.items()
    }
    return replace(
        settled,
        outcomes=settled.with_outcome(number, SAME),
        superseded={file: keys for file, keys in superseded.items() if len(keys)},
    )


def loose_texts(columns: Mapping[str, Attribute], types: Mapping[str, Declared]) -> dict[str, str]:
    """Return the columns that are kept as text though the file gives numbers or instants, and which of the two."""
    kinds = {"integer": "number", "number": "number", "instant": "instant"}
    return {
        attribute.stored: kinds[types[name].type]
        for name, attribute in columns.items()
        if attribute.type == "text" and name in types and types[name].type in kinds
    }


def _changed_rows(sorter: Sorter, changed: np.ndarray, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for chunk in sorter.everything():
        number = chunk.column(ROW)
        place = np.minimum(np.searchsorted(changed, number.to_numpy()), len(changed) - 1)
        rows = chunk.filter(pa.array(changed[place] == number.to_numpy()))
        given = [rows.column(ROW), *(plain(rows.column(name)) for name in schema.names[1:])]
        yield pa.RecordBatch.from_arrays(
            [column.cast(field.type) for column, field in zip(given, schema, strict=True)], schema=schema
        )


def equivalent_features(
    stated: DatedRows,
    touched: DatedRows,
    content: RowContent,
    held: VersionRows,
    tolerance_m: float,
    loose: Mapping[str, str] = _NONE,
) -> tuple[Ints, Ints]:
    """Return positions of rows and of beliefs of their key that say the same, though their digests differ.

    Parameters
    ----------
    stated, touched
        Rows that stand, and beliefs of their keys.
    content
        Of the rows.
    held
        Holds the beliefs' content.
    tolerance_m
        Geometries that differ by less are the same.
    loose
        Text columns that hold what the file gave as ``number`` or ``instant``: other texts of one value are the same.
    """
    row, belief = pairs(stated, touched)
    same = np.zeros(len(row), np.bool_)
    if len(row):
        old = touched.number[belief]
        number = stated.number[row]
        order = np.argsort(number, kind="stable")
        for chunk in content.everything():
            at, pair = matches(number, order, chunk.column(ROW).to_numpy())
            if len(pair):
                same[pair] = _same(chunk.take(pa.array(at)), held.rows(old[pair]), tolerance_m, loose)
    return row[same], belief[same]


def _same(new: pa.RecordBatch, old: pa.Table, tolerance_m: float, loose: Mapping[str, str]) -> np.ndarray:
    """Tell where rows say the same: attributes by value and type, geometry within the tolerance."""
    attributes = [name for name in old.schema.names if not name.startswith("st_")]
    fresh = [name for name in new.schema.names if not name.startswith("st_") and name not in attributes]
    same = np.ones(new.num_rows, np.bool_)
    for name in attributes:
        before = old[name].combine_chunks()
        there = name in new.schema.names
        now = new.column(name).cast(before.type) if there else pa.nulls(new.num_rows, before.type)
        equal = pc.or_kleene(pc.equal(now, before), pc.and_(pc.is_null(now), pc.is_null(before)))
        equal = pc.fill_null(equal, fill_value=False)
        if name in loose and not pc.all(equal).as_py():
            equal = pc.or_(equal, equal_texts(now, before, loose[name]))
        same &= equal.to_numpy(zero_copy_only=False)
    for name in fresh:
        same &= pc.is_null(new.column(name)).to_numpy(zero_copy_only=False)
    at = np.flatnonzero(same)
    if len(at):
        where = pa.array(at)
        same[at] = same_shape(
            new.column("st_geom").take(where), old["st_geom"].combine_chunks().take(where), tolerance_m
        )
    return same
