"""Figures of how good a layer's rows are: how many, how many without a place or refused, how complete and how late.

They come from the ledger and from the log of the layer's table; only lateness, and places that some rows lack, are
read from a few columns of rows.

Tested by `tests/daas/test_quality.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.completeness import withdrawn_of
from stcloud.daas.reckoning import COMPLETE, PURGE, UNDO
from stcloud.daas.table.schema import INSTANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcloud.daas.entry import Layer
    from stcloud.daas.reckoning import Reckoning
    from stcloud.iaas.table.table import File

__all__ = ["LayerQuality", "last_load_of", "quality_of", "standing_loads"]

_START = datetime(1970, 1, 1, tzinfo=UTC)
_RECENT_US = 365 * 86_400_000_000
_NO_LOADS = (UNDO, PURGE, COMPLETE)


@dataclass(frozen=True, slots=True)
class LayerQuality:
    """How good the rows of a layer are.

    Attributes
    ----------
    rows
        Current events, or current versions of features.
    unplaced
        Those of them that have no place.
    read, rejected
        Rows of all loads that stand, and those of them that were refused.
    complete_to_us
        Until when the rows are complete, UTC microseconds; None: nothing says so.
    lateness_us
        Median time from an event to the instant at which it was first recorded, microseconds, of the current events
        of the last 365 days up to the latest event; None: the layer has no events.
    last_load_us
        When the last load was recorded that stands, UTC microseconds; None: there is none.
    """

    rows: int
    unplaced: int
    read: int
    rejected: int
    complete_to_us: int | None
    lateness_us: int | None
    last_load_us: int | None

    @property
    def rejected_share(self) -> float | None:
        """Share of the rows read that was refused, 0 to 1; None: nothing was read."""
        return self.rejected / self.read if self.read else None


def quality_of(layer: Layer, known_us: int | None = None) -> LayerQuality:
    """Return how good the rows of a layer are; reads the ledger, and columns of rows where logs say too little.

    Parameters
    ----------
    layer
        The layer.
    known_us
        As it was known at this recorded instant, UTC microseconds; None: now. A past one reads columns of all rows.
    """
    loads = [load for load in layer.loads if known_us is None or load.recorded_at_us <= known_us]
    standing = standing_loads(loads)
    completeness = layer.completeness(known_us)
    past = known_us is not None and known_us < layer.pin_us()
    rows, unplaced, late_us = _known_then(layer, known_us or 0) if past else _known_now(layer)
    return LayerQuality(
        rows=rows,
        unplaced=unplaced,
        read=sum(load.read for load in standing),
        rejected=sum(load.rejected for load in standing),
        complete_to_us=completeness.to_us if completeness else None,
        lateness_us=late_us,
        last_load_us=max((load.recorded_at_us for load in standing), default=None),
    )


def standing_loads(loads: Sequence[Reckoning]) -> list[Reckoning]:
    """Return the loads of a layer that were not taken back, without undos, purges and statements, in their order."""
    withdrawn = withdrawn_of(loads)
    return [load for load in loads if load.mode not in _NO_LOADS and load.load not in withdrawn]


def last_load_of(loads: Sequence[Reckoning]) -> Reckoning | None:
    """Return the last load of a layer that stands; None: there is none."""
    return max(standing_loads(loads), key=lambda load: load.recorded_at_us, default=None)


def _known_now(layer: Layer) -> tuple[int, int, int | None]:
    """Return how many rows there are, how many of them have no place, and how late they were recorded."""
    return layer.events, _unplaced(layer), None if layer.layer_kind.versioned else _lateness_us(layer)


def _known_then(layer: Layer, known_us: int) -> tuple[int, int, int | None]:
    """Return what `_known_now` returned when this was the present instant."""
    kind, snapshot, known = layer.layer_kind, layer.snapshot, pa.scalar(known_us, pa.int64()).cast(INSTANT)
    files, west = kind.row_files(snapshot), kind.bounds_columns[0]
    numbered, timed = "st_row" in snapshot.schema.names, not kind.versioned
    columns = [west, "st_recorded_from", "st_recorded_to", *(["st_row"] if numbered else [])]
    rows = snapshot.read(files, [*columns, *(["st_time", "st_key"] if timed else [])])
    rows = rows.filter(pc.less_equal(rows["st_recorded_from"], known))
    current = pc.fill_null(pc.greater(rows["st_recorded_to"], known), True)  # noqa: FBT003  (null: it has no end)
    paths = {file.path for file in files}
    ends = [file for file in snapshot.files if file.path not in paths]
    if numbered and ends:
        ended = snapshot.read(ends, ["st_row", "st_recorded_to"])
        ended = ended.filter(pc.less_equal(ended["st_recorded_to"], known))["st_row"]
        current = pc.and_(current, pc.invert(pc.is_in(rows["st_row"], ended)))
    placeless = pc.sum(pc.and_(current, pc.is_null(rows[west]))).as_py() or 0
    late_us = _late_then(rows, current) if timed and len(rows) else None
    return pc.sum(current).as_py() or 0, placeless, late_us


def _late_then(rows: pa.Table, current: pa.ChunkedArray) -> int | None:
    """Return the median of `_lateness_us` of versions that were known, and which of them were current."""
    time_us = rows["st_time"].cast(pa.int64())
    late_us = pc.subtract(rows["st_recorded_from"].cast(pa.int64()), time_us)
    recent = pc.greater_equal(time_us, pc.max(time_us).as_py() - _RECENT_US)
    late = pa.table({"late_us": late_us, "key": rows["st_key"], "current": current}).filter(recent)
    grouped = late.group_by("key").aggregate([("late_us", "min"), ("current", "any")])
    median = pc.quantile(grouped.filter(grouped["current_any"])["late_us_min"], 0.5, interpolation="lower")[0]
    return None if median.as_py() is None else int(median.as_py())


def _unplaced(layer: Layer) -> int:
    """Return how many current rows have no place."""
    kind, snapshot = layer.layer_kind, layer.snapshot
    west = kind.bounds_columns[0]
    rows = kind.row_files(snapshot)
    lacking = [file for file in rows if file.nulls.get(west, file.rows)]
    numbered = "st_row" in snapshot.schema.names
    if not lacking:
        return 0
    paths = {file.path for file in rows}
    ends = [file for file in snapshot.files if file.path not in paths]
    ended = snapshot.read(ends, ["st_row"])["st_row"] if numbered and ends else pa.array([], pa.int64())
    count = 0
    for file in lacking:
        table = snapshot.read([file], [west, "st_recorded_to", *(["st_row"] if numbered else [])])
        current = pc.and_(pc.is_null(table[west]), pc.is_null(table["st_recorded_to"]))
        if len(ended):
            current = pc.and_(current, pc.invert(pc.is_in(table["st_row"], ended)))
        count += pc.sum(current).as_py() or 0
    return count


def _lateness_us(layer: Layer) -> int | None:
    """Return the median time from an event to its first record, of the current events of the last year.

    An event that was corrected counts once, with the least time of its versions.
    """
    if layer.span_us is None:
        return None
    since_us = layer.span_us[1] - _RECENT_US
    corrected = layer.events < layer.rows
    parts = [
        _late(layer, file, since_us, corrected=corrected)
        for file in layer.layer_kind.row_files(layer.snapshot)
        if file.may_hold("st_time", low=_START + timedelta(microseconds=since_us))
    ]
    late = pa.concat_tables(parts) if parts else pa.table({"late_us": pa.array([], pa.int64())})
    if corrected and parts:
        grouped = late.group_by("key").aggregate([("late_us", "min"), ("current", "any")])
        late = grouped.filter(grouped["current_any"]).rename_columns({"late_us_min": "late_us"})
    median = pc.quantile(late["late_us"], 0.5, interpolation="lower")[0].as_py()
    return None if median is None else int(median)


def _late(layer: Layer, file: File, since_us: int, *, corrected: bool) -> pa.Table:
    """Return how late each recent row of a file was recorded; where rows were corrected, also of which event."""
    keys = ["st_key", "st_recorded_to"] if corrected else []
    rows = layer.snapshot.read([file], ["st_time", "st_recorded_from", *keys])
    rows = rows.filter(pc.greater_equal(rows["st_time"], pa.scalar(since_us, pa.int64()).cast(INSTANT)))
    late_us = pc.subtract(rows["st_recorded_from"].cast(pa.int64()), rows["st_time"].cast(pa.int64()))
    if not corrected:
        return pa.table({"late_us": late_us})
    return pa.table({
        "late_us": late_us, "key": rows["st_key"], "current": pc.is_null(rows["st_recorded_to"]),
    })  # fmt: skip
