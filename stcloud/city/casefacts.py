"""Facts of cases from layers: of published cases, and of requests that have due and closing times of their own.

Tested by `tests/city/test_casefacts.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.case.facts import FACTS
from stcloud.paas.case.requestfacts import request_facts
from stcloud.space import project

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.paas.case.requested import RequestColumns
    from stcloud.paas.query import Query

__all__ = ["facts_of_published", "facts_of_requests", "has_facts"]

_DEGREES = "EPSG:4326"
_STORED = {"number": "st_key", "reported_at": "st_time"}
_PLACES = 7


def has_facts(layer: Layer) -> bool:
    """Return whether a layer has the columns of facts, as published cases do."""
    known = {attribute.name for attribute in layer.attributes}
    return {*FACTS.names} - {*_STORED, "lon", "lat"} <= known


def facts_of_published(query: Query, layer: Layer, crs: str) -> pa.RecordBatchReader:
    """Return the facts of published cases, as they were at the last batch that the question knows of.

    Law: **the facts of the layer are the facts of the log** at the instant of each batch; places within a centimetre.

    Parameters
    ----------
    query, layer, crs
        The question whose rows are read, about this layer, and the CRS of its coordinates.

    Raises
    ------
    InvalidInput
        ``unknown-column``: these are no published cases, or an older version published them.
    """
    if not has_facts(layer):
        lacking = {*FACTS.names} - {*_STORED, "lon", "lat"} - {each.name for each in layer.attributes}
        raise InvalidInput(
            "unknown-column", f"layer '{layer.name}' has no column '{min(lacking)}' of published cases",
            hint="publish the cases again", in_shell="publish the cases again: stcloud case publish CITY LOG",
        )  # fmt: skip
    rows = (_published(batch) for batch in _in_degrees(query, crs))
    return pa.RecordBatchReader.from_batches(FACTS, rows)


def facts_of_requests(
    query: Query, layer: Layer, crs: str, columns: RequestColumns, at_us: int, *,
    units: Mapping[str, str] | None = None,
) -> pa.RecordBatchReader:  # fmt: skip
    """Return the facts of the requests of a layer at an instant; see `request_facts`.

    Raises
    ------
    InvalidInput
        ``unknown-column``: the layer has a column not that is needed.
    """
    known = {attribute.name for attribute in layer.attributes}
    missing = [name for name in (*columns.columns, *(units or {}).values()) if name not in known]
    if missing:
        raise InvalidInput(
            "unknown-column", f"layer '{layer.name}' has no column '{missing[0]}' for facts of requests",
            hint=f"it has {', '.join(sorted(known))}",
        )  # fmt: skip
    seen_us = layer.loads[-1].recorded_at_us if layer.loads else 0
    return request_facts(_in_degrees(query, crs), columns, at_us, seen_us=seen_us, units=units)


def _in_degrees(query: Query, crs: str) -> Iterator[pa.RecordBatch]:
    """Give the rows of a question with longitude and latitude, rounded to a centimetre."""
    for batch in query.batches():
        x, y = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
        lon, lat = project(x, y, crs, _DEGREES)
        place = {"lon": _rounded(lon), "lat": _rounded(lat)}
        columns = dict(zip(batch.schema.names, batch.columns, strict=True)) | place
        yield pa.RecordBatch.from_pydict(columns)


def _rounded(degrees: np.ndarray) -> pa.Array:
    return pa.array(np.round(degrees, _PLACES), from_pandas=True)


def _published(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays = []
    for field in FACTS:
        column = batch.column(_STORED.get(field.name, field.name))
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        arrays.append(column.cast(field.type))
    return pa.record_batch(arrays, schema=FACTS)
