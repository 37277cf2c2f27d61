"""Reading a layer of fixes: the rows that were believed, in order of mover and time, file by file.

A file's rows are let go as soon as their movers are numbers: what is held are 29 bytes for each fix, and several
times as much while they are put in order.

Tested by `tests/paas/movement/test_fixreader.py` and `tests/properties/test_movement.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.table.table import File
from stcloud.paas.movement.fixes import Fixes, Floats, Ints
from stcloud.paas.query.condition.during import During
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.resolve.resolver import Resolution
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.wholerows import holds_all, kept_rows
from stcloud.paas.query.spec.query import Query
from stcloud.time import Spans

__all__ = ["mover_of", "read_fixes"]

_OWN = ("st_time", "st_x", "st_y")


def mover_of(query: Query) -> str:
    """Return the stored name of a layer's column of movers; `InvalidInput` ``no-mover``."""
    layer = query.subject.layer
    name = getattr(layer.definition, "mover_column", None)
    stored = [attribute.stored for attribute in layer.attributes if attribute.name == name]
    if not stored:
        raise InvalidInput(
            "no-mover", f"nothing says whose fix an event of layer '{layer.name}' is",
            hint=f'write mover = "COLUMN" into layers/{layer.name}.toml of the city, and delete its first line',
        )  # fmt: skip
    return stored[0]


def read_fixes(query: Query, movers: Iterable[Any] | None = None) -> Fixes:
    """Return the fixes that a question keeps.

    Parameters
    ----------
    query
        When, as known when, and which rows.
    movers
        Names of movers; None: all.

    Raises
    ------
    NotFound
        ``unknown-mover``, with the nearest names; ``purged``
    """
    wanted = None if movers is None else {str(name) for name in movers}
    reading = _FixReading.of(query, mover_of(query), wanted)
    for file in reading.files:
        reading.add(file)
    if wanted is not None:
        _refuse_unknown(wanted, reading)
    return _FixSorting.of(reading).fixes()


@dataclass(slots=True)
class _FixReading:
    """Rows that were read, as numbers; of movers their number in the order in which they were met."""

    query: Query
    stored: str
    wanted: set[str] | None
    resolution: Resolution
    files: tuple[File, ...]
    steady: list[Resolved]
    breaking: list[Resolved]
    words: dict[Any, int] = field(default_factory=dict)
    parts: list[tuple[NDArray[np.int32], Ints, Floats, Floats, NDArray[np.bool_]]] = field(
        default_factory=list
    )
    left_out: dict[str, int] = field(default_factory=lambda: {"unnamed": 0, "unplaced": 0})

    @classmethod
    def of(cls, query: Query, stored: str, wanted: set[str] | None) -> _FixReading:
        inquiry = query.inquiry()
        resolution = inquiry.resolver.resolution(inquiry.plan(Rows()))
        known, *conditions = zip(resolution.plan.conditions, resolution.by_condition, strict=True)
        steady: list[Resolved] = list(known[1])
        breaking: list[Resolved] = []
        for condition, tests in conditions:
            (steady if _is_span(condition) else breaking).extend(tests)
        return cls(query, stored, wanted, resolution, _files(query, inquiry), steady, breaking)

    def add(self, file: File) -> None:
        """Read a file, and keep what is a fix of a wanted mover."""
        rows, kept = self.rows(file, ())
        column = rows[self.stored]
        encoded = pc.dictionary_encode(column.combine_chunks())
        numbers = [self.words.setdefault(word, len(self.words)) for word in encoded.dictionary.to_pylist()]
        place = np.array([*numbers, -1], np.int32)
        mover = place[encoded.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)]
        x, y = (np.asarray(rows[name].to_numpy(), np.float64) for name in ("st_x", "st_y"))
        self.parts.append((mover, micros(rows["st_time"], FOREVER), x, y, kept))

    def rows(self, file: File, more: Iterable[str]) -> tuple[pa.Table, NDArray[np.bool_]]:
        """Return the rows of a file that are fixes at the asked time, and which of them the question keeps."""
        snapshot = self.query.subject.layer.snapshot
        steady = [test for test in self.steady if not holds_all(test, [file])]
        needed = {name for test in (*steady, *self.breaking) for name in test.columns}
        needed &= set(snapshot.schema.names)
        rows = snapshot.read([file], list(dict.fromkeys([self.stored, *_OWN, *more, *sorted(needed)])))
        rows = _filtered(rows, kept_rows(rows, steady))
        rows = self._named(self._placed(rows, counted=not more), counted=not more)
        kept = kept_rows(self._restated(rows), self.breaking)
        return rows, np.ones(len(rows), np.bool_) if kept is None else kept

    def _placed(self, rows: pa.Table, *, counted: bool) -> pa.Table:
        x, y = (rows[name].to_numpy() for name in ("st_x", "st_y"))
        placed = np.isfinite(x) & np.isfinite(y)
        self.left_out["unplaced"] += int((~placed).sum()) * counted
        return _filtered(rows, None if placed.all() else placed)

    def _named(self, rows: pa.Table, *, counted: bool) -> pa.Table:
        column = rows[self.stored]
        self.left_out["unnamed"] += column.null_count * counted
        named = pc.is_valid(column)
        if self.wanted is not None:
            wanted = pa.array(sorted(self.wanted), pa.string())
            named = pc.and_(named, pc.is_in(column.cast(pa.string()), wanted))
        return rows if pc.all(named).as_py() is not False else rows.filter(named)

    def _restated(self, rows: pa.Table) -> pa.Table:
        """Return the rows with codes of units located anew, where the question needs them so."""
        restated = self.resolution.restated
        if restated is None or not any(condition.of_units for condition in self.resolution.plan.conditions):
            return rows
        from stcloud.paas.query.compile.added_columns import Restating  # noqa: PLC0415  (grids are slow to import)

        restating = Restating(self.resolution.units, restated.at_us)
        return pa.Table.from_batches([restating(batch) for batch in rows.to_batches()], rows.schema)


def _filtered(rows: pa.Table, kept: NDArray[np.bool_] | None) -> pa.Table:
    return rows if kept is None else rows.filter(pa.array(kept))


def _is_span(condition: Condition) -> bool:
    """Tell whether a condition is one span of time: what it leaves out lies before or after all that it keeps."""
    return isinstance(condition, During) and not condition.when.recurs and len(condition.when.spans) <= 1


def _files(query: Query, inquiry: Inquiry) -> tuple[File, ...]:
    """Return the files that may hold a fix from the first to the last asked instant, whatever else is asked."""
    snapshot = query.subject.layer.snapshot
    starts = [spans for condition in inquiry.conditions if (spans := condition.starts()) is not None]
    spans = reduce(Spans.intersect, starts, Spans.always())
    if not spans.parts:
        return ()
    whole = replace(query, conditions=())
    if starts:
        whole = whole.when((spans.parts[0].start_us, spans.parts[-1].end_us))
    hull = whole.inquiry()
    return hull.resolver.resolution(hull.plan(Rows())).bounds(snapshot).files


def _refuse_unknown(wanted: set[str], reading: _FixReading) -> None:
    """Refuse a mover that never had a fix; one that has none at the asked time has no track."""
    unknown = wanted - {str(word) for word in reading.words}
    if not unknown:
        return
    layer = reading.query.subject.layer
    snapshot, ever = layer.snapshot, set()
    for file in snapshot.files:
        ever |= set(pc.unique(snapshot.read([file], [reading.stored])[reading.stored]).to_pylist())
    known = sorted(str(word) for word in ever if word is not None)
    for name in sorted(unknown):
        if name not in known:
            raise NotFound(
                "unknown-mover", f"layer '{layer.name}' has no mover '{name}'", nearest=nearest(name, known)
            )


@dataclass(slots=True)
class _FixSorting:
    """Rows in order of mover and time, and at one instant of key."""

    reading: _FixReading
    movers: pa.Array
    mover: NDArray[np.int32]
    time_us: Ints
    order: Ints

    @classmethod
    def of(cls, reading: _FixReading) -> _FixSorting:
        words = sorted(reading.words)
        place = np.empty(len(words), np.int32)
        place[[reading.words[word] for word in words]] = np.arange(len(words), dtype=np.int32)
        none = np.zeros(0, np.int64)
        met = np.concatenate([none.astype(np.int32), *(part[0] for part in reading.parts)])
        mover = place[met] if words else met
        time_us = np.concatenate([none, *(part[1] for part in reading.parts)])
        type_ = reading.query.subject.layer.snapshot.schema.field(reading.stored).type
        return cls(reading, pa.array(words, type_), mover, time_us, _order(mover, time_us, len(words)))

    def fixes(self) -> Fixes:
        """Return the rows that the question keeps, track by track."""
        mover, time_us = self.mover[self.order], self.time_us[self.order]
        again = (mover[1:] == mover[:-1]) & (time_us[1:] == time_us[:-1])
        if again.any():
            self._by_key(np.append(again, False) | np.append(False, again), mover, time_us)
        x, y, kept = (
            np.concatenate([np.zeros(0, dtype), *(part[at] for part in self.reading.parts)])[self.order]
            for at, dtype in ((2, np.float64), (3, np.float64), (4, np.bool_))
        )
        other = np.append(True, mover[1:] != mover[:-1])[: len(mover)]
        follows = np.append(False, kept[:-1])[: len(mover)] & ~other
        ends = np.append(other[1:], True)[: len(mover)]
        if not kept.all():
            mover, time_us, x, y, follows, ends = (
                part[kept] for part in (mover, time_us, x, y, follows, ends)
            )
        starts = np.flatnonzero(~follows)
        there, number = np.unique(mover[starts], return_inverse=True)
        bounds = np.append(starts, len(mover))
        latest = ends[bounds[1:] - 1] if len(starts) else np.zeros(0, np.bool_)
        left_out = {reason: count for reason, count in self.reading.left_out.items() if count}
        movers = self.movers.take(pa.array(there, pa.int64()))
        return Fixes(movers, number.astype(np.int64), bounds, time_us, x, y, latest, left_out)

    def _by_key(self, tied: NDArray[np.bool_], mover: NDArray[np.int32], time_us: Ints) -> None:
        """Put rows of one mover and instant in order of their keys, which are read of them alone."""
        rows = self.order[tied]
        sizes = np.array([len(part[0]) for part in self.reading.parts])
        begins = np.concatenate([[0], np.cumsum(sizes)])
        keys = np.empty(len(rows), object)
        for at, file in enumerate(self.reading.files):
            mine = np.flatnonzero((rows >= begins[at]) & (rows < begins[at + 1]))
            if len(mine):
                column = self.reading.rows(file, ["st_key"])[0]["st_key"]
                keys[mine] = column.take(pa.array(rows[mine] - begins[at])).to_pylist()
        rank = {key: number for number, key in enumerate(sorted(set(keys.tolist())))}
        ranks = np.array([rank[key] for key in keys.tolist()])
        self.order[tied] = rows[np.lexsort((ranks, time_us[tied], mover[tied]))]


def _order(mover: NDArray[np.int32], time_us: Ints, movers: int) -> Ints:
    """Return rows in order of mover and time; those of one instant in any order: their keys put them in order."""
    if not len(mover):
        return np.zeros(0, np.int64)
    first_us = int(time_us.min())
    span_us = int(time_us.max()) - first_us + 1
    if movers * span_us < 2**62:
        return np.argsort(mover.astype(np.int64) * span_us + (time_us - first_us))
    return np.lexsort((time_us, mover))
