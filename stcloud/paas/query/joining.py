"""A join asked: rows of events, the versions of a layer as they are known, and both as one answer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely

from stcloud.paas.query.answer import Answer
from stcloud.paas.query.features import Features
from stcloud.paas.query.instant import known_us
from stcloud.paas.query.join.how import How
from stcloud.time import Instant, instant_us

__all__ = ["joined"]


def joined(
    events: Answer, layer: Features, how: How, at: Instant | None, known_at: Instant | None, *, inner: bool
) -> Answer:
    """Return events with the features that were their partners; see `Query.join`."""
    from stcloud.paas.query.join import Partners, asof_join  # noqa: PLC0415  (compiled loops are slow to import)

    zone = layer.charter.zone
    known = known_us(layer, None if known_at is None else instant_us(known_at, zone))
    at_us = None if at is None else instant_us(at, zone)
    believed = layer.table.believed(layer.snapshot, known)
    content = layer.table.content(layer.snapshot, believed.row)
    shapes = shapely.from_wkb(content["st_geom"].to_numpy())
    partners = Partners.of(believed.key, believed.start_us, believed.end_us, np.asarray(shapes, object))
    columns = {one.name: content[one.stored] for one in layer.attributes}
    table = asof_join(
        events.table, partners, how, layer=layer.name, content=pa.table(columns) if columns else None, inner=inner,
        at_us=at_us,
    )  # fmt: skip
    when = "each event's own time" if at_us is None else zone.iso(at_us)
    said = f"{how} {layer.name} at {when}, known at {zone.iso(known)}"
    return Answer(table, events.lattice, {**events.facts, "join": said})
