"""An external sort: rows come in any order, leave by part and sorted, and memory stays flat.

Rows are kept until they weigh ``run_bytes``, then sorted and laid down as one run: an Arrow file whose
batches each hold rows of one part. Where all rows weigh less, their one run stays in memory. A part is
read back in chunks that do not overlap in sort order, each the sorted union of what every run holds of it.
Dictionary-encoded columns lie there as numbers of one vocabulary, and come back dictionary-encoded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.dictionary import Vocabulary

__all__ = ["Sorter", "in_order"]

_BATCH_ROWS = 16_384
_THREADS = 2


def in_order(rows: pa.Table, by: Sequence[str], *, piece_rows: int = 262_144) -> pa.Table:
    """Return rows that fit into memory sorted by columns, ascending.

    Arrow's own ``sort_by`` moves rows of a table in many chunks one at a time: twice as slow for millions.
    """
    whole = rows.combine_chunks()
    order = pc.sort_indices(whole, [(name, "ascending") for name in by])
    with ThreadPoolExecutor(_THREADS) as pool:
        starts = range(0, len(order), piece_rows)
        pieces = list(pool.map(lambda start: whole.take(order.slice(start, piece_rows)), starts))
    return pa.concat_tables(pieces) if pieces else whole


@dataclass(frozen=True, slots=True)
class _Piece:
    """A batch of a run: rows of one part, sorted; its least and greatest first sort value."""

    run: int
    batch: int
    rows: int
    low: int
    high: int


class Sorter:
    """Sort rows by ``(part, *order)``.

    Parameters
    ----------
    folder
        Where runs are laid down; the owner removes it.
    part
        Name of an int64 column of the part that a row belongs to.
    order
        Names of the columns to sort by within a part, integers or instants; the first is int64.
        A null sorts as 0.
    run_bytes
        How much is held in memory before a run is laid down.
    chunk_rows
        About how many rows `chunks` gives at a time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        part: str,
        order: tuple[str, ...],
        run_bytes: int = 64 << 20,
        chunk_rows: int = 262_144,
    ) -> None:
        self.folder = folder
        self.part = part
        self.order = order
        self.run_bytes = run_bytes
        self.chunk_rows = chunk_rows
        self._held: list[pa.RecordBatch] = []
        self._held_bytes = 0
        self._runs: list[Path | list[pa.RecordBatch]] = []
        self._pieces: dict[int, list[_Piece]] = {}
        self._vocabularies: dict[str, Vocabulary] = {}
        self._others: tuple[str, str, NDArray[np.int64], pa.Array] | None = None
        self._laying: Future[None] | None = None
        self._pool = ThreadPoolExecutor(1)  # rows keep coming while a run is sorted

    def add(self, rows: pa.RecordBatch) -> None:
        """Take rows in any order."""
        self._held.append(rows)
        self._held_bytes += rows.nbytes
        if self._held_bytes >= self.run_bytes:
            self._lay_down()

    def flush(self) -> None:
        """Sort what is held; nothing can be added to a run afterwards."""
        self._wait()
        if self._runs:
            self._lay_down()
            self._wait()
        elif self._held:
            rows = self._sorted_run(self._held)
            self._held_bytes = 0
            self._runs.append(list(self._cut(rows)))

    def close(self) -> None:
        """Wait for what is being laid down; nothing more can be added."""
        self._pool.shutdown(cancel_futures=True)

    def _lay_down(self) -> None:
        self._wait()  # at most one run is under way beside the rows held
        if self._held:
            self._laying = self._pool.submit(self._run, self._held)
            self._held, self._held_bytes = [], 0

    def _wait(self) -> None:
        if self._laying is not None:
            laying, self._laying = self._laying, None
            laying.result()

    def _run(self, held: list[pa.RecordBatch]) -> None:
        rows = self._sorted_run(held)
        path = self.folder / f"run-{len(self._runs)}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            storage_errors("lay down a run of the sort"),
            pa.OSFile(str(path), "wb") as sink,
            pa.ipc.new_file(sink, rows.schema, options=options) as writer,
        ):
            for batch in self._cut(rows):
                writer.write_batch(batch)
        self._runs.append(path)

    def _sorted_run(self, held: list[pa.RecordBatch]) -> pa.RecordBatch:
        """Return rows sorted, and let go of them where they were held."""
        rows = self._coded(pa.concat_batches(held))
        held.clear()
        return _sorted(rows, (self.part, *self.order))

    def _cut(self, rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Give the batches of the next run, and note where each belongs."""
        parts = rows.column(self.part).to_numpy()
        first = _whole(rows.column(self.order[0])).to_numpy()
        edges = np.flatnonzero(np.diff(parts, prepend=parts[:1] - 1, append=parts[-1:] + 1))
        count = 0
        for start, stop in pairwise(edges):
            for at in range(int(start), int(stop), _BATCH_ROWS):
                end = min(at + _BATCH_ROWS, int(stop))
                piece = _Piece(len(self._runs), count, end - at, int(first[at]), int(first[end - 1]))
                self._pieces.setdefault(int(parts[at]), []).append(piece)
                count += 1
                yield rows.slice(at, end - at)

    @property
    def parts(self) -> list[int]:
        """The parts that rows were laid down for, sorted."""
        return sorted(self._pieces)

    def rows_of(self, part: int) -> int:
        """Return the number of rows laid down for a part."""
        return sum(piece.rows for piece in self._pieces[part])

    def chunks(self, part: int) -> Iterator[pa.RecordBatch]:
        """Give a part's rows sorted, in chunks that do not overlap in the first sort column."""
        for portion in self.portions(part):
            yield from portion

    def portions(self, part: int, *, most_rows: int | None = None) -> Iterator[Iterator[pa.RecordBatch]]:
        """Give a part's chunks in portions of about equal size, of about ``most_rows`` rows each at the most.

        Several portions may be read at the same time.
        """
        ranges = self._ranges(self._pieces[part])
        count = 1 if most_rows is None else math.ceil(self.rows_of(part) / max(most_rows, self.chunk_rows))
        for some in np.array_split(np.arange(len(ranges)), min(count, len(ranges))):
            yield self._chunks_in(part, [ranges[place] for place in some])

    def _chunks_in(self, part: int, ranges: Iterable[tuple[int, int]]) -> Iterator[pa.RecordBatch]:
        pieces = self._pieces[part]
        for low, high in ranges:
            wanted = [piece for piece in pieces if piece.low < high and piece.high >= low]
            rows = pa.concat_batches([self._read(piece) for piece in wanted])
            first = _whole(rows.column(self.order[0]))
            if any(piece.low < low or piece.high >= high for piece in wanted):
                rows = rows.filter(pc.and_(pc.greater_equal(first, low), pc.less(first, high)))
            yield self._replaced(self._worded(_sorted(rows, self.order)))

    def replace(self, column: str, by: str, numbers: NDArray[np.int64], values: pa.Array) -> None:
        """Give some rows, by their ascending numbers in the column ``by``, other values of a column from now on."""
        self._others = (column, by, numbers, values)

    def everything(self) -> Iterator[pa.RecordBatch]:
        """Give all rows, part by part."""
        for part in self.parts:
            yield from self.chunks(part)

    def _ranges(self, pieces: list[_Piece]) -> list[tuple[int, int]]:
        cuts: list[int] = []
        rows = 0
        ordered = sorted(pieces, key=lambda piece: piece.low)
        for piece in ordered:
            if rows >= self.chunk_rows and piece.low > (cuts[-1] if cuts else ordered[0].low):
                cuts.append(piece.low)
                rows = 0
            rows += piece.rows
        edges = [-(2**63), *cuts, 2**63 - 1]
        return list(pairwise(edges))

    def _read(self, piece: _Piece) -> pa.RecordBatch:
        run = self._runs[piece.run]
        if isinstance(run, list):
            return run[piece.batch]
        with (
            storage_errors("read back a run of the sort"),
            pa.OSFile(str(run)) as source,  # a mapped file would count as our memory
        ):
            return pa.ipc.open_file(source).get_batch(piece.batch)

    def _replaced(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        if self._others is None or not len(self._others[2]):
            return rows
        column, by, numbers, values = self._others
        given = rows.column(by).to_numpy()
        place = np.minimum(np.searchsorted(numbers, given), len(numbers) - 1)
        hit = numbers[place] == given
        if not hit.any():
            return rows
        at = rows.schema.get_field_index(column)
        now = pc.replace_with_mask(rows.column(at), pa.array(hit), values.take(pa.array(place[hit])))
        return rows.set_column(at, column, now)

    def _coded(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows with numbers in place of dictionary-encoded words."""
        columns = [
            self._vocabularies.setdefault(field.name, Vocabulary()).codes(column)
            if pa.types.is_dictionary(field.type)
            else column
            for field, column in zip(rows.schema, rows.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, rows.schema.names)

    def _worded(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows with dictionary-encoded words in place of their numbers."""
        columns = [
            self._vocabularies[name].words(column) if name in self._vocabularies else column
            for name, column in zip(rows.schema.names, rows.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, rows.schema.names)


def _sorted(rows: pa.RecordBatch, by: tuple[str, ...]) -> pa.RecordBatch:
    keys = [_whole(rows.column(name)).to_numpy() for name in reversed(by)]
    return rows.take(pa.array(np.lexsort(keys)))


def _whole(column: pa.Array) -> pa.Array:
    return pc.fill_null(column.cast(pa.int64()), 0)
