"""What workers do with a source of features: read, clean, recognise what is believed already, lay down the rest.

What is spoken of, by the source and by the layer, is laid down as short rows: a key, a period, a digest and a number.

Tested by `tests/conformance/test_cluster_features.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stcloud.daas.load.clean_events import ROW
from stcloud.daas.load.clean_features import CleanedFeatures, DigestIndex, FeatureCleaner
from stcloud.daas.load.cluster_read import PieceFiles, Seen
from stcloud.daas.load.expiry import Expiry
from stcloud.daas.load.feature_settle import FeatureStatement
from stcloud.daas.load.unexpired import unexpired_features
from stcloud.daas.table.feature import Believed, FeatureLayer, lanes
from stcloud.daas.table.timeline import Ints
from stcloud.iaas.engine.cluster import Report
from stcloud.iaas.source.part import SourcePart, batches_of, cut_of
from stcloud.iaas.source.protocol import Source
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.table import File, Snapshot, Table

__all__ = [
    "BELIEF",
    "ROWS",
    "SEEN",
    "SILENT",
    "SPOKEN",
    "FeaturePartReader",
    "SentFeatures",
    "SpokenReader",
    "VersionIndexer",
    "VersionReader",
]

ROWS, SEEN, SILENT, BELIEF = 0, 1, 2, 3
SPOKEN = pa.schema(
    [
        ("role", pa.int32()), ("key", pa.string()), ("start_us", pa.int64()), ("end_us", pa.int64()),
        ("high", pa.int64()), ("low", pa.int64()), ("number", pa.int64()), ("version", pa.int64()),
        ("place", pa.int32()), ("changing", pa.int32()),
    ]
)  # fmt: skip
"""What speaks of a key: a row, one that repeats a version, a refused one, or a belief; its period and the halves of
its digest; the number of a row; that of a version; the number of the file that it lies in; 1 for a belief that a load
of changes stated. What does not apply is 0."""

_INDEX = pa.schema([("key", pa.string()), ("version", pa.int64()), ("high", pa.int64()), ("low", pa.int64())])


@dataclass(frozen=True, slots=True)
class SentFeatures:
    """A layer of features as it is sent to the workers, with a version of it."""

    name: str
    snapshot: Snapshot

    def opened(self) -> FeatureLayer:
        """Return the layer."""
        return FeatureLayer(self.name, Table.of(self.snapshot))

    def only(self, file: File, ends: tuple[File, ...] = ()) -> Snapshot:
        """Return the version as if it had one file of beliefs."""
        return replace(self.snapshot, files=(file, *ends))


@dataclass(frozen=True, slots=True)
class VersionReader:
    """Reads what is believed now from a file of the layer; sent to the workers.

    Parameters
    ----------
    layer, ends
        The layer, and its files of ends.
    changing
        Loads that were no snapshots.
    """

    layer: SentFeatures
    ends: tuple[File, ...]
    changing: frozenset[str]

    def believed(self, file: File) -> Believed:
        """Return the beliefs of a file."""
        return self.layer.opened().believed(self.layer.only(file, self.ends))

    def __call__(self, task: tuple[int, File]) -> Iterator[pa.RecordBatch]:
        """Give the beliefs of a file, by its number."""
        place, file = task
        believed = self.believed(file)
        changing = np.array([load in self.changing for load in believed.load.to_pylist()], np.int32)
        yield _spoken(
            BELIEF, believed.key, believed.start_us, believed.end_us, believed.digest, version=believed.row,
            place=place, changing=changing,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class VersionIndexer:
    """Lays down digests of versions that rows of a snapshot may repeat as they are written; sent to the workers."""

    reader: VersionReader
    statement: FeatureStatement
    folder: Path

    def __call__(self, file: File) -> Iterator[Report]:
        """Report where the digests of a file's beliefs lie."""
        believed = self.reader.believed(file)
        believed = believed.take(self.statement.repeatable(believed.start_us, believed.end_us))
        path = self.folder / f"known-{uuid.uuid4().hex}.parquet"
        halves = believed.digest.view(np.int64)
        numbers = (pa.array(column) for column in (believed.row, halves[:, 0], halves[:, 1]))
        columns = [believed.key.cast(pa.string()), *numbers]
        with storage_errors("lay down what is believed"):
            pq.write_table(pa.Table.from_arrays(columns, schema=_INDEX), path, compression="lz4")
        yield {"path": str(path)}


@dataclass(frozen=True, slots=True)
class FeaturePartReader:
    """Reads parts of one source; sent to the workers.

    Parameters
    ----------
    reopened, names
        Opens the source; its columns as the definition spells them.
    cleaner, expiry, statement
        How rows are cleaned, which are not loaded, and what is stated of all of them.
    known
        Files of the digests that rows may repeat.
    folder, piece_rows
        Where rows are laid down, and how many in a file.
    """

    reopened: Callable[[], Source]
    names: tuple[str, ...]
    cleaner: FeatureCleaner
    expiry: Expiry
    statement: FeatureStatement
    known: tuple[str, ...]
    folder: Path
    piece_rows: int

    def __call__(self, part: SourcePart) -> Iterator[Report]:
        """Read a part; report its pieces, what it speaks of, its counts and its refused rows."""
        with storage_errors("read the source"):
            source = self.reopened()
            index, versions = _index(self.known)
            cleaner = replace(self.cleaner, known=index)
            seen, adjusted = Seen(), 0
            pieces = PieceFiles(self.folder, self.piece_rows)
            spoken: list[pa.RecordBatch] = []
            try:
                for batch in batches_of(source, part):
                    cleaned = cleaner.clean(replace(batch, rows=batch.rows.rename_columns(list(self.names))))
                    seen.see(batch, cleaned.start_us, cleaned.refusals)
                    cleaned, purged = unexpired_features(cleaned, self.expiry, self.statement)
                    seen.take(cleaned, purged)
                    adjusted += cleaned.adjusted
                    if not self.statement.deletes:
                        pieces.add(cleaned.rows)
                    spoken += _of_batch(cleaned, self.statement, versions, max(len(pieces.reports) - 1, 0))
            finally:
                pieces.close()
            yield {
                **seen.report(), "adjusted": adjusted, "pieces": pieces.reports, "cut": cut_of(source),
                "spoken": self._laid_down(spoken),
            }  # fmt: skip

    def _laid_down(self, spoken: list[pa.RecordBatch]) -> str:
        path = self.folder / f"spoken-{uuid.uuid4().hex}.parquet"
        pq.write_table(pa.Table.from_batches(spoken, SPOKEN), path, compression="lz4")
        return str(path)


@dataclass(frozen=True, slots=True)
class SpokenReader:
    """Reads what a part of the source speaks of; sent to the workers."""

    def __call__(self, task: tuple[int, str]) -> Iterator[pa.RecordBatch]:
        """Give the rows of a file; pieces are numbered from a first one on."""
        first, path = task
        with storage_errors("read rows that came"), pq.ParquetFile(path) as source:
            for rows in source.iter_batches(use_threads=False):
                place = rows.column("place").to_numpy() + np.int32(first)
                at = rows.schema.get_field_index("place")
                yield rows.set_column(at, SPOKEN.field("place"), pa.array(place, pa.int32()))


@lru_cache(1)
def _index(paths: tuple[str, ...]) -> tuple[DigestIndex, pa.Table]:
    """Return the digests that rows may repeat, and the versions that have them."""
    versions = pa.concat_tables(
        [_INDEX.empty_table(), *(pq.read_table(path) for path in paths)]
    ).combine_chunks()
    digest = np.stack([versions["high"].to_numpy(), versions["low"].to_numpy()], axis=1).view(np.uint64)
    order = np.lexsort((digest[:, 1], digest[:, 0]))
    return DigestIndex(digest[order], order.astype(np.int64)), versions


def _of_batch(
    cleaned: CleanedFeatures, statement: FeatureStatement, versions: pa.Table, piece: int
) -> list[pa.RecordBatch]:
    """Return what a batch speaks of: its rows, those that repeat versions, and keys of refused rows."""
    rows, again = cleaned.rows, versions.take(pa.array(cleaned.seen))
    count, (start_us, end_us) = len(cleaned.seen), statement.period
    digest = np.stack([again["high"].to_numpy(), again["low"].to_numpy()], axis=1).view(np.uint64)
    none = np.zeros(len(cleaned.silent), np.int64)
    return [
        _spoken(
            ROWS, rows.column("st_key"), cleaned.start_us, cleaned.end_us, lanes(rows.column("st_digest")),
            number=rows.column(ROW).to_numpy(), place=piece,
        ),
        _spoken(
            SEEN, again["key"].combine_chunks(), np.full(count, start_us), np.full(count, end_us), digest,
            number=cleaned.seen_numbers, version=again["version"].to_numpy(),
        ),
        _spoken(SILENT, cleaned.silent, none, none, np.zeros((len(none), 2), np.uint64)),
    ]  # fmt: skip


def _spoken(
    role: int, key: pa.Array, start_us: Ints, end_us: Ints, digest: NDArray[np.uint64], *,
    number: Ints | None = None, version: Ints | None = None, place: int = 0,
    changing: NDArray[np.int32] | None = None,
) -> pa.RecordBatch:  # fmt: skip
    count = len(key)
    halves = digest.view(np.int64)
    none = np.zeros(count, np.int64)
    columns = [
        np.full(count, role), key.cast(pa.string()), start_us, end_us, halves[:, 0], halves[:, 1],
        none if number is None else number, none if version is None else version, np.full(count, place),
        none if changing is None else changing,
    ]  # fmt: skip
    arrays = [
        pa.array(column, field.type) if isinstance(column, np.ndarray) else column
        for column, field in zip(columns, SPOKEN, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SPOKEN)
