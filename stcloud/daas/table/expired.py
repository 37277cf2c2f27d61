"""Expired rows: the keys of what was over before an instant.

Tested by `tests/daas/purge/test_purge.py` and `tests/properties/test_purge.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.feature import FeatureLayer, row_files
from stcloud.daas.table.schema import INSTANT
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["expired_events", "expired_features"]

_KEY, _FROM = "st_key", "st_recorded_from"
_NEWEST = f"{_FROM}_max"


def expired_events(snapshot: Snapshot, before_us: int, time: str = "st_time") -> pa.Array:
    """Return the keys of events that began before an instant, as the last that was believed of them says."""
    before = _instant(before_us)
    files = list(snapshot.files)
    early = [file for file in files if file.may_hold(time, high=before.as_py())]
    late = [file for file in files if file.may_hold(time, low=before.as_py())]
    began = _newest(snapshot, early, time, lambda batch: pc.less(batch.column(time), before))
    keys = began[_KEY].combine_chunks()
    later = _newest(
        snapshot, late, time,
        lambda batch: pc.and_(pc.greater_equal(batch.column(time), before), pc.is_in(batch.column(_KEY), keys)),
    )  # fmt: skip
    moved = later[_NEWEST].take(pc.index_in(keys, later[_KEY].combine_chunks()))
    return keys.filter(pc.fill_null(pc.greater(began[_NEWEST], moved), fill_value=True))


def _newest(
    snapshot: Snapshot, files: Sequence[File], time: str, chosen: Callable[[pa.RecordBatch], pa.Array]
) -> pa.Table:
    """Return each key with the newest recorded instant of its rows that are chosen."""
    batches = [batch.filter(chosen(batch)) for batch in snapshot.batches(files, (_KEY, time, _FROM))]
    schema = pa.schema([snapshot.schema.field(name) for name in (_KEY, time, _FROM)])
    return pa.Table.from_batches(batches, schema).group_by(_KEY).aggregate([(_FROM, "max")])


def expired_features(layer: FeatureLayer, snapshot: Snapshot, before_us: int) -> pa.Array:
    """Return the keys of features of which nothing is believed to be so from an instant on.

    Of a key of which nothing is believed now, all that ever was counts.
    """
    believed = layer.believed(snapshot)
    now = pc.unique(believed.key)
    lasting = believed.key.filter(pa.array(believed.end_us > before_us))
    rows = snapshot.read(row_files(snapshot), (_KEY, "st_valid_to"))
    withdrawn = rows.filter(pc.invert(pc.is_in(rows[_KEY], now)))
    until = pc.fill_null(pc.less_equal(withdrawn["st_valid_to"], _instant(before_us)), fill_value=False)
    stays = pa.chunked_array([lasting, *withdrawn.filter(pc.invert(until))[_KEY].chunks], pa.string())
    keys = pc.unique(rows[_KEY])
    expired = keys.filter(pc.invert(pc.is_in(keys, stays.combine_chunks())))
    return expired.combine_chunks() if isinstance(expired, pa.ChunkedArray) else expired


def _instant(at_us: int) -> pa.Scalar:
    return pa.scalar(at_us, pa.int64()).cast(INSTANT)
