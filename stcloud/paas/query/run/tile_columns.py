"""Columns of rows as attributes of a vector tile: which are wanted, and their values as a tile can hold them.

Tested by `tests/paas/query/run/test_tiling.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.errors import NotFound, nearest
from stcloud.iaas.conversion import numbers_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.time import Zone
from stcloud.time.micros import SECOND_US, offset_text

__all__ = ["attributes_of", "stored_columns"]

_SHOWN = ("st_key", "st_time", "st_time_to", "st_valid_from", "st_valid_to")
"""Our columns that a tile has, where none are named; others say where a row lies, or how it was loaded."""


def stored_columns(inquiry: Inquiry, names: Sequence[str] | None) -> dict[str, str]:
    """Return the columns that are wanted: by their names the names under which they are stored.

    Parameters
    ----------
    inquiry
        The question.
    names
        Names of the columns, None: key, times and all of the layer's own.

    Raises
    ------
    NotFound
        ``unknown-column``
    """
    own = {attribute.name: attribute.stored for attribute in inquiry.subject.layer.attributes}
    known = {name: own.get(name, name) for name in inquiry.row_schema.names if name != "st_geom"}
    if names is None:
        return {name: stored for name, stored in known.items() if name in own or name in _SHOWN}
    for name in names:
        if name not in known:
            layer = inquiry.subject.layer.name
            near = nearest(name, known)
            raise NotFound("unknown-column", f"layer '{layer}' has no column '{name}'", nearest=near)
    return {name: known[name] for name in dict.fromkeys(names)}


def attributes_of(columns: Mapping[str, pa.ChunkedArray], zone: Zone) -> dict[str, pa.Array]:
    """Return columns as a tile can hold them: instants and days as texts, ISO 8601, instants on the city's clock.

    Columns that are alike, as a key is and what it was loaded from, are one array.
    """
    made: list[tuple[pa.ChunkedArray, pa.Array]] = []
    attributes = {}
    for name, column in columns.items():
        alike = next((attribute for other, attribute in made if other.equals(column)), None)
        attributes[name] = _attribute(column, zone) if alike is None else alike
        made.append((column, attributes[name]))
    return attributes


def _attribute(column: pa.ChunkedArray, zone: Zone) -> pa.Array:
    whole = column.combine_chunks()
    values = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    if pa.types.is_timestamp(values.type):
        return _instants(values, zone)
    return values.cast(pa.string()) if pa.types.is_date(values.type) else values


def _instants(values: pa.Array, zone: Zone) -> pa.Array:
    """Return instants as texts, each as long as the others: with microseconds where any has some."""
    there = values.drop_null().cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    written = _written(numbers_of(there), zone)
    if not values.null_count:
        return written
    at = pc.subtract(pc.cumulative_sum(values.is_valid().cast(pa.int64())), 1)
    return written.take(pc.if_else(values.is_valid(), at, pa.nulls(len(at), pa.int64())))


def _written(utc_us: NDArray[np.int64], zone: Zone) -> pa.Array:
    offset_us = zone.offset_at(utc_us)
    local_us = utc_us + offset_us
    local = pa.array(local_us) if (utc_us % SECOND_US).any() else pa.array(local_us // SECOND_US)
    unit = "us" if (utc_us % SECOND_US).any() else "s"
    spaced = local.cast(pa.timestamp(unit)).cast(pa.string())
    texts = pc.binary_replace_slice(spaced, start=10, stop=11, replacement="T")
    different, number = np.unique(offset_us, return_inverse=True)
    offsets = pa.array([offset_text(int(offset)) for offset in different], pa.string())
    return pc.binary_join_element_wise(texts, offsets.take(pa.array(number)), "")
