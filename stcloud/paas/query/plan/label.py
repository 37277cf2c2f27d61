"""Columns as people see them: their own names, the city's zone, ISO 8601 bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.daas.catalogue import Layer
from stcloud.daas.definition import EventDefinition
from stcloud.daas.table.schema import UNIT, Attribute
from stcloud.errors import InvalidInput
from stcloud.paas.query.plan.size import SIZES
from stcloud.space import Level
from stcloud.time import Bin, Zone

if TYPE_CHECKING:
    from stcloud.paas.query.plan.plan import By

__all__ = [
    "FEATURE_ROWS",
    "OWN_ROWS",
    "is_lasting",
    "is_of_features",
    "labelled",
    "own_columns",
    "row_schema",
    "shown",
    "zoned",
]

OWN_ROWS = ("st_key", "st_time", "st_time_to", "st_x", "st_y", "st_cell", "st_unplaced")
"""Our columns that rows of events are given with."""

FEATURE_ROWS = (
    "st_key", "st_valid_from", "st_valid_to", "st_recorded_from", "st_recorded_to", "st_load", "st_geom",
)  # fmt: skip
"""Our columns that features are given with; the layer's own stand before the shape."""


def own_columns(layer: Layer) -> dict[str, Attribute]:
    """Return our columns that may be asked by their names.

    Of events key, start, and end where there is one; of features key, start, end, length and area.
    """
    kinds = {"st_key": "text"}
    if is_of_features(layer):
        kinds |= {"st_valid_from": "instant", "st_valid_to": "instant"} | dict.fromkeys(SIZES, "number")
    else:
        kinds |= {"st_time": "instant"} | ({"st_time_to": "instant"} if is_lasting(layer) else {})
    return {name: Attribute(name, name, kind) for name, kind in kinds.items()}


def is_lasting(layer: Layer) -> bool:
    """Tell whether a layer's events have an end."""
    return isinstance(layer.definition, EventDefinition) and layer.definition.time.end is not None


def is_of_features(layer: Layer) -> bool:
    """Tell whether a layer holds features."""
    return layer.kind == "feature"


def refuse_features(layer: Layer, doing: str) -> None:
    """Refuse to do with features what is done with events; `InvalidInput` ``not-events``."""
    if is_of_features(layer):
        raise InvalidInput(
            "not-events",
            f"cannot {doing} '{layer.name}': it holds features",
            hint="ask it of a layer of events",
        )


def zoned(kind: pa.DataType, zone: Zone) -> pa.DataType:
    """Return a column's type as it is shown: instants in the city's zone."""
    return pa.timestamp("us", zone.name) if pa.types.is_timestamp(kind) else kind


def labelled(column: pa.ChunkedArray, by: By, zone: Zone) -> pa.Array | pa.ChunkedArray:
    """Return a column of groups as it is shown: bins by their labels, cells as whole numbers."""
    if isinstance(by, Bin):
        return pa.array(by.labels(column.to_numpy()), pa.int64() if by.recurs else pa.string())
    return column.cast(pa.int64() if isinstance(by, Level) else zoned(column.type, zone))


def row_schema(layer: Layer, zone: Zone) -> pa.Schema:
    """Return names and types of the rows of a layer, as they are shown."""
    stored = layer.snapshot.schema
    if is_of_features(layer):
        own = [pa.field(one.name, stored.field(one.stored).type) for one in layer.attributes]
        fields = [*map(stored.field, FEATURE_ROWS[:-1]), *own, stored.field(FEATURE_ROWS[-1])]
        return pa.schema([pa.field(one.name, zoned(one.type, zone)) for one in fields])
    fields = [stored.field(name) for name in OWN_ROWS[:2]]
    fields += [stored.field("st_time_to")] if is_lasting(layer) else []
    fields += [pa.field(one.name, stored.field(one.stored).type) for one in layer.attributes]
    fields += [stored.field(name) for name in OWN_ROWS[3:]]
    fields += [stored.field(UNIT)] if UNIT in stored.names else []
    return pa.schema([pa.field(one.name, zoned(one.type, zone)) for one in fields])


def shown(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return rows with columns by people's names, in the order and types of a schema."""
    stored = batch.schema.names
    own = [name for name in (*OWN_ROWS, *FEATURE_ROWS, UNIT) if name in stored]
    others = iter([index for index, name in enumerate(stored) if name not in own])
    places = [stored.index(name) if name in own else next(others) for name in schema.names]
    columns = [batch.column(at).cast(field.type) for at, field in zip(places, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
