"""The index: which cell of the unit grid each event lay in, as the grid was then, kept beside the event.

A code is a column of the events' own files, so what lies in a community is a range of codes. When the grid changes,
files that hold no event in or near a changed cell, or only earlier ones, stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.table.feature import Believed, FeatureLayer, micros
from stcloud.daas.table.layer import EventLayer
from stcloud.daas.table.schema import UNIT
from stcloud.daas.table.timeline import FOREVER
from stcloud.iaas.job import Job
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.table import File, Snapshot
from stcloud.paas.grid.units import Units

__all__ = ["Affected", "Indexed", "UnitCoder", "affected", "index_events", "unit_codes"]

_NO_TIME = FOREVER


@dataclass(frozen=True, slots=True)
class Affected:
    """Where and from when on a grid differs between two recorded instants.

    Parameters
    ----------
    box
        ``(xmin, ymin, xmax, ymax)`` of all cells that differ, metres; None: nothing differs.
    since_us
        The earliest instant at which one of them was, before or after.
    """

    box: tuple[float, float, float, float] | None
    since_us: int

    def meets(self, file: File) -> bool:
        """Tell whether an event of a file may lie there then."""
        if self.box is None:
            return False
        xmin, ymin, xmax, ymax = self.box
        since = None if self.since_us <= 0 else pa.scalar(self.since_us, pa.timestamp("us", "UTC")).as_py()
        return (
            file.may_hold("st_x", xmin, xmax)
            and file.may_hold("st_y", ymin, ymax)
            and file.may_hold("st_time", since, None)
        )


@dataclass(frozen=True, slots=True)
class Indexed:
    """What indexing did: files looked at, files written anew, events whose code changed."""

    looked_at: int = 0
    written: int = 0
    changed: int = 0


def affected(grid: FeatureLayer, snapshot: Snapshot, before: Believed, after: Believed) -> Affected:
    """Tell where a grid differs between what was believed before and after."""
    rows = np.setxor1d(before.row, after.row)
    if not len(rows):
        return Affected(None, 0)
    content = grid.content(snapshot, rows)
    sides = (("st_xmin", pc.min), ("st_ymin", pc.min), ("st_xmax", pc.max), ("st_ymax", pc.max))
    box = tuple(function(content[name]).as_py() for name, function in sides)
    changed = (beliefs.take(np.isin(beliefs.row, rows)) for beliefs in (before, after))
    return Affected(None if None in box else box, _since(*changed))


def _since(before: Believed, after: Believed) -> int:
    """Return the earliest instant at which some cell differs: what only ends earlier differs from then on."""
    ends: dict[tuple[str, int, bytes], int] = {}
    differs = []
    for beliefs in (before, after):
        for key, start, end, digest in zip(
            beliefs.key.to_pylist(),
            beliefs.start_us.tolist(),
            beliefs.end_us.tolist(),
            beliefs.digest,
            strict=True,
        ):
            other = ends.pop((key, start, digest.tobytes()), None)
            if other is None:
                ends[key, start, digest.tobytes()] = end
            elif other != end:
                differs.append(min(other, end))
    return min([*differs, *(start for _, start, _ in ends)], default=FOREVER)


def unit_codes(rows: pa.Table | pa.RecordBatch, units: Units) -> pa.Array:
    """Return the unit code of each event as dictionary-encoded text; null where no cell was."""
    x, y = (rows.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
    return units.code_of(units.locate(x, y, micros(_whole(rows.column("st_time")), _NO_TIME)))


@dataclass(frozen=True, slots=True)
class UnitCoder:
    """Gives events the codes of their cells; may be sent to the workers of a cluster.

    Parameters
    ----------
    units
        The grid.
    """

    units: Units

    def __call__(self, rows: pa.RecordBatch) -> pa.Array:
        """Return the unit code of each event."""
        return unit_codes(rows, self.units)

    def __reduce__(self) -> tuple[Any, ...]:
        arrays = {name: np.array(values) for name, values in self.units.arrays().items()}
        return _coder_of, (arrays,)


def _coder_of(arrays: Mapping[str, NDArray[Any]]) -> UnitCoder:
    return UnitCoder(Units.from_arrays(arrays))


def index_events(layer: EventLayer, units: Units, changed: Affected | None, job: Job) -> Indexed:
    """Give every event the code of the cell it lay in.

    Parameters
    ----------
    layer
        The events; the caller holds their lock.
    units
        The grid.
    changed
        Where the grid changed since the events were indexed; None: everywhere.
    job
        Receives progress; may cancel until the commit.

    Returns
    -------
    What was done; files whose codes stay the same are not written.
    """
    layer.table.add_columns([pa.field(UNIT, pa.string())])
    snapshot = layer.table.snapshot()
    files = [file for file in snapshot.files if changed is None or file.lacks(UNIT) or changed.meets(file)]
    done = list(_rewritten(layer, snapshot, files, units, job))
    if done:
        job.tell("commit", 0, 1)
        layer.table.commit(
            add=[file for file, _, _ in done], remove=[file for _, file, _ in done], after=snapshot.sequence,
            changes_data=False,
        )  # fmt: skip
    return Indexed(len(files), len(done), sum(count for _, _, count in done))


def _rewritten(
    layer: EventLayer, snapshot: Snapshot, files: list[File], units: Units, job: Job
) -> Iterator[tuple[Written, File, int]]:
    for number, file in enumerate(files):
        job.tell("index", number, len(files))
        differs = sum(_differing(rows[UNIT], unit_codes(rows, units)) for rows in snapshot.pieces(file))
        if differs or file.lacks(UNIT):
            written = layer.write_anew(file, (_recoded(rows, units) for rows in snapshot.pieces(file)))
            assert written is not None  # noqa: S101  (a file has rows)
            yield written, file, differs


def _recoded(rows: pa.Table, units: Units) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(UNIT), UNIT, unit_codes(rows, units))


def _differing(old: pa.ChunkedArray, new: pa.Array) -> int:
    before, after = _whole(old), new.cast(pa.string())
    same = pc.or_kleene(pc.equal(before, after), pc.and_(pc.is_null(before), pc.is_null(after)))
    return len(before) - int(pc.sum(pc.fill_null(same, fill_value=False)).as_py() or 0)


def _whole(column: Any) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.cast(pa.string()) if pa.types.is_dictionary(array.type) else array
