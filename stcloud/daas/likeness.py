"""Likeness: which rows say the same as a belief of their key, in other words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.clean import ROW
from stcloud.daas.feature import Held
from stcloud.daas.shape import same_shape
from stcloud.daas.timeline import Ints
from stcloud.daas.verdict import Dated, matches, pairs
from stcloud.iaas.engine.equality import equal_texts
from stcloud.iaas.table.sorter import Sorter

__all__ = ["alike"]

_NONE: Mapping[str, str] = {}


def alike(
    told: Dated,
    touched: Dated,
    sorter: Sorter,
    held: Held,
    tolerance_m: float,
    loose: Mapping[str, str] = _NONE,
) -> tuple[Ints, Ints]:
    """Return positions of rows and of beliefs of their key that say the same, though their digests differ.

    Parameters
    ----------
    told, touched
        Rows that stand, and beliefs of their keys.
    sorter
        Holds the rows' content.
    held
        Holds the beliefs' content.
    tolerance_m
        Geometries that differ by less are the same.
    loose
        Text columns that hold what the file gave as ``number`` or ``instant``: other texts of one value are the same.
    """
    row, belief = pairs(told, touched)
    same = np.zeros(len(row), np.bool_)
    if len(row):
        old = touched.number[belief]
        number = told.number[row]
        order = np.argsort(number, kind="stable")
        for chunk in sorter.everything():
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
