"""What loads changed of a layer, one recorded instant after the other, and its rows as they were known at one.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.daas.table.feature import micros
from stcloud.daas.table.layer import newest
from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.standing.boundrule import OWN, BoundRule
from stcloud.paas.standing.layerevaluation import LoadedRows

if TYPE_CHECKING:
    from stcloud.daas.entry import Layer
    from stcloud.iaas.table.table import File

__all__ = ["StandingLog"]


@dataclass(slots=True)
class StandingLog:
    """A layer of events as its loads changed it.

    Attributes
    ----------
    layer
        One version of the layer.
    columns
        Stored columns that rules look at.
    """

    layer: Layer
    columns: frozenset[str] = frozenset(OWN)
    _changes: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict, repr=False)
    """Recorded instants at which the rows of some files change."""
    _read: dict[tuple[tuple[str, ...], int], pa.RecordBatch] = field(default_factory=dict, repr=False)

    def look_at(self, columns: Iterable[str]) -> None:
        """Read these columns, too."""
        more = self.columns | frozenset(columns)
        if more != self.columns:
            self.columns = more
            self._read.clear()
            self._changes.clear()

    def loads(self, since_us: int) -> Iterator[LoadedRows]:
        """Give what loads changed that were recorded after an instant, in their order."""
        files = [file for file in self.layer.snapshot.files if (newest([file]) or FOREVER) > since_us]
        if not files:
            return
        rows = self._rows(files)
        from_us = micros(rows.column("st_recorded_from"), FOREVER)
        to_us = micros(rows.column("st_recorded_to"), FOREVER)
        instants = np.unique(np.concatenate((from_us, to_us)))
        instants = instants[(instants > since_us) & (instants < FOREVER)]
        begun, ended = (_parts(at_us, instants) for at_us in (from_us, to_us))
        for place, at_us in enumerate(instants.tolist()):
            yield LoadedRows(at_us, _taken(rows, begun[place]), _taken(rows, ended[place]))

    def history(self, bound: BoundRule, known_us: int) -> pa.RecordBatch:
        """Return the rows in a rule's valid time, as they were known at a recorded instant.

        Of instants between which nothing was recorded they are the very same rows, read once.
        """
        since, until = _utc(bound.since_us), _utc(bound.until_us)
        files = [
            file
            for file in self.layer.snapshot.files
            if (since is None or "st_time" not in file.high or file.high["st_time"] >= since)
            and (until is None or "st_time" not in file.low or file.low["st_time"] < until)
        ]
        paths = tuple(file.path for file in files)
        rows = self._read.get((paths, self._state(paths, known_us)))
        if rows is None:
            rows = self._rows(files)
            from_us, to_us = (
                micros(rows.column(name), FOREVER) for name in ("st_recorded_from", "st_recorded_to")
            )
            rows = _taken(rows, np.flatnonzero((from_us <= known_us) & (to_us > known_us)))
            self._changes = {paths: np.unique(np.concatenate((from_us, to_us)))}
            self._read = {(paths, self._state(paths, known_us)): rows}
        inside = bound.in_time(micros(rows.column("st_time"), FOREVER))
        return rows if inside.all() else _taken(rows, np.flatnonzero(inside))

    def times(self, known_us: int) -> tuple[np.ndarray, np.ndarray]:
        """Return valid times and recorded instants of all rows that were recorded up to an instant."""
        files = self.layer.snapshot.files
        rows = self.layer.snapshot.read(files, ["st_time", "st_recorded_from"])
        time_us, from_us = (micros(rows[name], FOREVER) for name in ("st_time", "st_recorded_from"))
        known = from_us <= known_us
        return time_us[known], from_us[known]

    def _state(self, paths: tuple[str, ...], known_us: int) -> int:
        """Return how often rows of some files had changed at an instant; -1: that is not known."""
        changes = self._changes.get(paths)
        return -1 if changes is None else int(np.searchsorted(changes, known_us, "right"))

    def _rows(self, files: Sequence[File]) -> pa.RecordBatch:
        rows = self.layer.snapshot.read(files, sorted(self.columns)).combine_chunks()
        batches = rows.to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], rows.schema)


def _parts(at_us: np.ndarray, instants: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each instant."""
    order = np.argsort(at_us, kind="stable")
    starts, stops = (np.searchsorted(at_us[order], instants, side) for side in ("left", "right"))
    return [order[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]


def _taken(rows: pa.RecordBatch, places: np.ndarray) -> pa.RecordBatch:
    return rows.take(pa.array(places, pa.int64()))


def _utc(at_us: int) -> datetime | None:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    except OverflowError:
        return None
