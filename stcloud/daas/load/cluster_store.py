"""What workers do with settled events: choose those that are stored, sort them, write files, end superseded rows.

::

    pieces ─ chosen, sorted ─ runs ─ ranges of (month, cell, time) ─ files
    files that hold superseded rows are written anew

A range holds about as many rows as any other, wherever they lie: many events of one cell are cut by their time.

Tested by `tests/conformance/test_cluster_loads.py`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stcloud.daas.chain import RowsDigest
from stcloud.daas.load.clean_events import MONTH, ROW
from stcloud.daas.table.layer import ORDER, EventLayer
from stcloud.daas.table.schema import UNIT
from stcloud.errors import InternalError
from stcloud.iaas.engine.cluster import Report
from stcloud.iaas.keys.distributed import OUTCOMES
from stcloud.iaas.keys.settled import CHANGED, SAME
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.table import File, Snapshot, Table

__all__ = [
    "Chooser",
    "Closer",
    "NumberReader",
    "OutcomeReader",
    "Piece",
    "RangeWriter",
    "RowRange",
    "Run",
    "SentLayer",
    "chosen_rows",
    "described",
    "lay_runs",
    "ranges",
    "rows_of",
    "run_of",
    "written_of",
]

_BATCH_ROWS = 1 << 16
_FIRST, _LAST = (-(2**63), -(2**63)), (2**63 - 1, 2**63 - 1)

Place: TypeAlias = tuple[int, int]
"""Where a row lies in a month: its cell and its time; 0 for none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of rows that came, and the numbers of its first and last row."""

    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Run:
    """A row group of chosen rows: of one month, sorted."""

    path: str
    group: int
    month: int
    rows: int
    low: Place
    high: Place


@dataclass(frozen=True, slots=True)
class RowRange:
    """Rows of a month from one place to another, exclusive, and the runs that hold some of them."""

    month: int
    low: Place
    high: Place
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class SentLayer:
    """A layer of events as it is sent to the workers, with a version of it: a table that is open cannot be."""

    name: str
    snapshot: Snapshot

    def opened(self) -> EventLayer:
        """Return the layer."""
        return EventLayer(self.name, Table.of(self.snapshot))


@dataclass(frozen=True, slots=True)
class OutcomeReader:
    """Reads outcomes of some kinds; sent to the workers."""

    def __call__(self, task: tuple[str, tuple[int, ...]]) -> Iterator[pa.RecordBatch]:
        """Give the outcomes of a file that are of some kinds."""
        path, outcomes = task
        wanted = pa.array(outcomes, pa.int32())
        with storage_errors("read what became of rows"), pq.ParquetFile(path) as source:
            for rows in source.iter_batches(_BATCH_ROWS, use_threads=False):
                kept = rows.filter(pc.is_in(rows.column("outcome"), value_set=wanted))
                yield pa.RecordBatch.from_arrays(kept.columns, schema=OUTCOMES)


@dataclass(frozen=True, slots=True)
class NumberReader:
    """Reads the numbers of rows whose key is known; sent to the workers."""

    def __call__(self, path: str) -> Iterator[Report]:
        """Report the numbers of changed rows, and of rows that are known exactly so."""
        with storage_errors("read what became of rows"):
            rows = pq.read_table(path, columns=["number", "outcome"])
        numbers, outcome = (rows[name].to_numpy() for name in ("number", "outcome"))
        yield {"changed": numbers[outcome == CHANGED].tolist(), "same": numbers[outcome == SAME].tolist()}


@dataclass(frozen=True, slots=True)
class Chooser:
    """Lays down the rows of pieces that are stored, sorted; sent to the workers.

    Parameters
    ----------
    pieces
        Files of the rows that came, in order.
    folder, run_rows
        Where runs are laid down, and of how many rows at the most.
    """

    pieces: tuple[Piece, ...]
    folder: Path
    run_rows: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Report]:
        """Take the outcomes of the rows that are stored, and report the runs that hold these rows."""
        keeps: dict[int, NDArray[np.bool_]] = {}
        renamed: defaultdict[int, list[pa.RecordBatch]] = defaultdict(list)
        for given in batches:
            piece = given.column("piece").to_numpy()
            for place in np.unique(piece).tolist():
                rows, whole = given.filter(pa.array(piece == place)), self.pieces[place]
                keep = keeps.setdefault(place, np.zeros(whole.last - whole.first + 1, np.bool_))
                keep[rows.column("number").to_numpy() - whole.first] = True
                others = rows.filter(pc.equal(rows.column("renamed"), 1))
                renamed[place] += [others] if others.num_rows else []
        for place in sorted(keeps):
            rows = _kept_rows(self.pieces[place], keeps[place])
            for others in renamed[place]:
                rows = _renamed(rows, others)
            yield {"runs": lay_runs(rows, rows[MONTH].to_numpy(), ORDER, self.folder, self.run_rows)}


@dataclass(frozen=True, slots=True)
class RangeWriter:
    """Writes the rows of a range as one file of the layer; sent to the workers.

    Parameters
    ----------
    layer, schema, given
        The layer, the schema of its files, and what fills the columns of the load.
    unit_codes
        Gives rows the codes of their cells of a unit grid; None: the layer is not indexed.
    """

    layer: SentLayer
    schema: pa.Schema
    given: Mapping[str, Any]
    unit_codes: Callable[[pa.RecordBatch], pa.Array] | None = None

    def __call__(self, task: RowRange) -> Iterator[Report]:
        """Report the file, its rows without a place by reason, and the digest of all."""
        rows = rows_of(task, ORDER)
        if not rows.num_rows:
            return
        if self.unit_codes is not None:
            rows = rows.append_column(UNIT, self.unit_codes(rows))
        written = self.layer.opened().write([rows], task.month, self.schema, self.given)
        assert written is not None  # noqa: S101  (there are rows)
        counted = pc.value_counts(rows.column("st_unplaced").drop_null()).to_pylist()
        yield {
            "written": described(written), "digest": RowsDigest.of(rows.column("st_digest")).text,
            "unplaced": {pair["values"]: pair["counts"] for pair in counted},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Closer:
    """Writes files of the layer anew in which the rows of some keys are believed no more; sent to the workers.

    Parameters
    ----------
    layer, files
        The layer, and the files of its version by their numbers.
    counts
        How many rows of each file are superseded.
    at_us
        Until when they were believed, UTC microseconds.
    """

    layer: SentLayer
    files: Mapping[int, File]
    counts: Mapping[int, int]
    at_us: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Report]:
        """Take keys with the numbers of their files, and report the files that stand for these."""
        keys: defaultdict[int, list[pa.Array]] = defaultdict(list)
        for given in batches:
            file = given.column("file").to_numpy(zero_copy_only=False)
            for number in np.unique(file).tolist():
                mine = given.column("key").filter(pa.array(file == number))
                keys[number].append(mine.cast(pa.string()))
        for number in sorted(keys):
            whole = pa.concat_arrays(keys[number])
            if len(whole) != self.counts[number]:
                raise InternalError("split-file", "an engine brought the keys of a file to several workers")
            file = self.files[int(number)]
            written = self.layer.opened().close_rows(self.layer.snapshot, file, whole, self.at_us)
            yield {"written": described(written), "file": int(number)}


def lay_runs(
    rows: pa.Table, months: NDArray[np.int64], order: tuple[str, str], folder: Path, run_rows: int
) -> list[tuple[Any, ...]]:
    """Lay down rows sorted by month and place, of which ``order`` has the columns; return the runs to report."""
    by = np.lexsort([*(whole_numbers(rows[name]) for name in reversed(order)), months])
    rows, months = rows.take(pa.array(by)).combine_chunks(), months[by]
    cells, times = (whole_numbers(rows[name]) for name in order)
    path = folder / f"run-{uuid.uuid4().hex}.parquet"
    runs: list[tuple[Any, ...]] = []
    edges = np.flatnonzero(np.diff(months, prepend=months[:1] - 1, append=months[-1:] + 1))
    with (
        storage_errors("lay down a run of the sort"),
        pq.ParquetWriter(path, rows.schema, compression="lz4", write_statistics=False) as writer,
    ):
        for start, stop in pairwise(edges.tolist()):
            for at in range(start, stop, run_rows):
                count = min(run_rows, stop - at)
                writer.write_table(rows.slice(at, count), row_group_size=count)
                last = at + count - 1
                low, high = ((int(cells[row]), int(times[row])) for row in (at, last))
                runs.append((str(path), len(runs), int(months[at]), count, low, high))
    return runs


def run_of(values: Sequence[Any]) -> Run:
    """Return a run that a worker reported."""
    path, group, month, rows, low, high = values
    return Run(path, group, month, rows, tuple(low), tuple(high))


def ranges(runs: Iterable[Run], rows: int) -> list[RowRange]:
    """Cut each month into ranges of about ``rows`` rows, by the places where runs begin."""
    months: defaultdict[int, list[Run]] = defaultdict(list)
    for run in runs:
        months[run.month].append(run)
    cut: list[RowRange] = []
    for month, mine in sorted(months.items()):
        for low, high in pairwise([_FIRST, *_cuts(mine, rows), _LAST]):
            held = tuple(run for run in mine if run.low < high and run.high >= low)
            cut.append(RowRange(month, low, high, held))
    return cut


def written_of(report: Mapping[str, Any]) -> Written:
    """Return the file that a worker wrote."""
    return Written(**report)


def described(written: Written) -> Report:
    """Return a file as a worker reports it."""
    return {
        "path": written.path, "bytes": written.bytes, "rows": written.rows,
        "partition": dict(written.partition), "stats": written.stats, "modified_ms": written.modified_ms,
    }  # fmt: skip


def _cuts(runs: Sequence[Run], most: int) -> list[Place]:
    cuts: list[Place] = []
    rows = 0
    ordered = sorted(runs, key=lambda run: run.low)
    for run in ordered:
        if rows >= most and run.low > (cuts[-1] if cuts else ordered[0].low):
            cuts.append(run.low)
            rows = 0
        rows += run.rows
    return cuts


def chosen_rows(piece: Piece, numbers: NDArray[np.int64]) -> pa.Table:
    """Return the rows of a piece with some numbers."""
    keep = np.zeros(piece.last - piece.first + 1, np.bool_)
    keep[numbers - piece.first] = True
    return _kept_rows(piece, keep)


def _kept_rows(piece: Piece, keep: NDArray[np.bool_]) -> pa.Table:
    """Return the rows of a piece by a mask of numbers from its first on."""
    with storage_errors("read rows that came"), pq.ParquetFile(piece.path) as source:
        rows = source.read(use_threads=False)
    kept = keep[rows[ROW].to_numpy() - piece.first]
    return rows if kept.all() else rows.filter(pa.array(kept))


def _renamed(rows: pa.Table, others: pa.RecordBatch) -> pa.Table:
    """Return rows with other keys for those that are kept though their key came before."""
    at = pc.index_in(rows[ROW], value_set=others.column("number")).combine_chunks()
    keys = others.column("key").cast(pa.string()).take(at)
    column = rows.schema.get_field_index("st_key")
    return rows.set_column(column, "st_key", pc.coalesce(keys, rows["st_key"].combine_chunks()))


def rows_of(task: RowRange, order: tuple[str, str]) -> pa.RecordBatch:
    """Return the rows of a range, sorted; ``order`` has the columns of their places."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for run in task.runs:
        groups[run.path].append(run.group)
    tables = []
    with storage_errors("read back a run of the sort"):
        for path, mine in groups.items():
            with pq.ParquetFile(path) as source:
                tables.append(source.read_row_groups(mine, use_threads=False))
    rows = pa.concat_tables(tables)
    cells, times = (whole_numbers(rows[name]) for name in order)
    low, high = task.low, task.high
    inside = (cells > low[0]) | ((cells == low[0]) & (times >= low[1]))
    inside &= (cells < high[0]) | ((cells == high[0]) & (times < high[1]))
    at = np.flatnonzero(inside)
    by = np.lexsort([times[at], cells[at]])
    (batch,) = rows.take(pa.array(at[by])).combine_chunks().to_batches() or [
        pa.RecordBatch.from_pylist([], rows.schema)
    ]
    return batch


def whole_numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a column as numbers, 0 for none."""
    numbers: NDArray[np.int64] = pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
    return numbers
