"""Settle keys by a query on a cluster: the same outcome as `few.py` and `many.py`, and no key comes to the client.

Only what the client must know does: how many rows became what, the keys that conflict, and which of the table's files
hold superseded rows. What became of each row lies in files, for the tasks that store rows.

Tested by ``tests/conformance/test_cluster_loads.py``.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stcloud.iaas.engine.cluster import Cluster, Report
from stcloud.iaas.keys.settled import CHANGED, DuplicateRule, KnownRows
from stcloud.iaas.parquetstream import open_streamed
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.checksum import parquet_errors, verify_columns

__all__ = ["OUTCOMES", "KeyColumns", "OutcomeWriter", "Outcomes", "known_paths", "settle_on_cluster"]

CONFLICTING = 0
OUTCOMES = pa.schema(
    [
        ("piece", pa.int32()), ("number", pa.int64()), ("outcome", pa.int32()), ("key", pa.string()),
        ("renamed", pa.int32()), ("file", pa.int32()), ("times", pa.int64()),
    ]
)  # fmt: skip
"""What became of a row: the piece that it lies in and its number; `NEW`, `CHANGED`, `SAME`, or 0 if it is refused;
its key, and whether that has a running number now; the number of the file with its current state; rows of its key."""

_CAME = pa.schema(
    [
        ("piece", pa.int32()),
        ("number", pa.int64()),
        ("key", pa.string()),
        ("high", pa.int64()),
        ("low", pa.int64()),
    ]
)
_CURRENT = pa.schema([("key", pa.string()), ("high", pa.int64()), ("low", pa.int64()), ("file", pa.int32())])
_BATCH_ROWS = 1 << 16
_DIGEST_BYTES = 16
_TOP_BIT = np.uint64(1 << 63)

_GIVEN = "SELECT piece, number, key, high, low, 0 AS renamed FROM {came}"
_NUMBERED = """
SELECT piece, number, CASE WHEN place > 1 THEN concat(key, ' #', place) ELSE key END AS key, high, low,
       CASE WHEN place > 1 THEN 1 ELSE 0 END AS renamed
FROM (SELECT piece, number, key, high, low,
             row_number() OVER (PARTITION BY key ORDER BY high, low, number) AS place FROM {came})
"""
_JUDGED = """
SELECT piece, number, CAST(outcome AS INT) AS outcome, key, CAST(renamed AS INT) AS renamed, file, times
FROM (
  SELECT ranked.piece, ranked.number, ranked.key, ranked.renamed, ranked.times, ranked.place, current.file,
         CASE WHEN {refuse} AND differs THEN 0
              WHEN current.file IS NULL THEN 1
              WHEN {compare} AND current.high = ranked.high AND current.low = ranked.low THEN 3
              ELSE 2 END AS outcome
  FROM (
    SELECT piece, number, key, renamed, high, low,
           row_number() OVER (PARTITION BY key ORDER BY number {order}) AS place,
           count(*) OVER (PARTITION BY key) AS times,
           (min(high) OVER (PARTITION BY key) <> max(high) OVER (PARTITION BY key)
            OR min(low) OVER (PARTITION BY key) <> max(low) OVER (PARTITION BY key)) AS differs
    FROM ({given}) AS given
  ) AS ranked LEFT JOIN {{current}} AS current ON ranked.key = current.key
) AS judged WHERE place = 1 OR outcome = 0
"""


@dataclass(frozen=True, slots=True)
class KeyColumns:
    """Names of the columns of rows' numbers, keys and digests in the pieces that came."""

    number: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the rows that came.

    Attributes
    ----------
    paths
        Files of rows as `OUTCOMES` says.
    counts
        Rows that stand for their key, by `NEW`, `CHANGED` and `SAME`.
    repeated
        How many rows gave way to another row of their key.
    conflicting
        Numbers and keys of rows refused because their key came with several readings, by number.
    superseded
        How many rows of each file of the table are superseded, by the file's number.
    changed_paths
        Files of what became of changed rows after another look; empty: the first holds.
    """

    paths: tuple[str, ...] = ()
    counts: Counter[int] = field(default_factory=Counter)
    repeated: int = 0
    conflicting: dict[int, str] = field(default_factory=dict)
    superseded: Counter[int] = field(default_factory=Counter)
    changed_paths: tuple[str, ...] = ()

    def tasks(self, *wanted: int) -> list[tuple[str, tuple[int, ...]]]:
        """Return the files to read for rows of some outcomes, each with the outcomes that count there."""
        if not self.changed_paths:
            return [(path, wanted) for path in self.paths]
        first = tuple(outcome for outcome in wanted if outcome != CHANGED)
        return [
            *((path, first) for path in self.paths if first),
            *((path, wanted) for path in self.changed_paths),
        ]

    @classmethod
    def of(cls, reports: Sequence[Report]) -> Outcomes:
        """Put together what tasks report."""
        counts: Counter[int] = Counter()
        superseded: Counter[int] = Counter()
        conflicting: dict[int, str] = {}
        for report in reports:
            counts.update({int(outcome): count for outcome, count in report["counts"].items()})
            superseded.update({int(file): count for file, count in report["superseded"].items()})
            conflicting.update({int(number): key for number, key in report["conflicting"]})
        paths = tuple(sorted(report["path"] for report in reports))
        repeated = sum(report["repeated"] for report in reports)
        return cls(paths, counts, repeated, dict(sorted(conflicting.items())), superseded)


def settle_on_cluster(
    cluster: Cluster,
    pieces: Sequence[str],
    columns: KeyColumns,
    known: KnownRows,
    bounds: tuple[str | None, str | None],
    *,
    folder: Path,
    files: Sequence[str],
    rule: DuplicateRule,
    compare: bool,
) -> Outcomes:
    """Decide which row stands for each key and compare it with the known one; see `Keys.settle`.

    Parameters
    ----------
    pieces, columns
        Parquet files of the rows that came.
    known, files
        What they are compared with; the paths of all files of the table, which outcomes number.
    bounds
        Least and greatest key that came.
    folder
        Where the outcomes are written.
    """
    if not pieces:
        return Outcomes()
    paths = known_paths(known, bounds, rule)
    place = {path: number for number, path in enumerate(files)}
    came = cluster.table(_Came(columns), list(enumerate(pieces)), _CAME)
    current = cluster.table(_Current(known), [(place[path], path) for path in paths], _CURRENT)
    query = _JUDGED.format(
        given=_NUMBERED if rule == "keep" else _GIVEN,
        order="ASC" if rule == "first" else "DESC",
        refuse="true" if rule in ("refuse", "keep") else "false",
        compare="true" if compare else "false",
    )
    judged = cluster.query(query, came=came, current=current)
    return Outcomes.of(cluster.gather(judged, "piece", OutcomeWriter(folder)))


def known_paths(
    known: KnownRows, bounds: tuple[str | None, str | None], rule: DuplicateRule
) -> Sequence[str]:
    """Return the files that rows with keys within bounds are compared with; kept rows get keys beyond."""
    low, high = bounds
    return [] if low is None else known.paths(low, None if rule == "keep" else high)


@dataclass(frozen=True, slots=True)
class _Came:
    """Reads the keys of a piece of rows that came."""

    columns: KeyColumns

    def __call__(self, task: tuple[int, str]) -> Iterator[pa.RecordBatch]:
        piece, path = task
        names = [self.columns.number, self.columns.key, self.columns.digest]
        with storage_errors("read rows that came"), open_streamed(path) as source:
            for rows in source.iter_batches(_BATCH_ROWS, columns=names, use_threads=False):
                number, key, digest = (rows.column(name) for name in names)
                high, low = _halves(digest)
                numbers = pa.array(np.full(rows.num_rows, piece, np.int32))
                yield pa.RecordBatch.from_arrays([numbers, number, key, high, low], schema=_CAME)


@dataclass(frozen=True, slots=True)
class _Current:
    """Reads the keys that are believed in now from a file of the table."""

    known: KnownRows

    def __call__(self, task: tuple[int, str]) -> Iterator[pa.RecordBatch]:
        number, path = task
        columns = self.known.columns
        verify_columns([path], columns)
        with (
            storage_errors("read a file of the layer"),
            parquet_errors("the layer"),
            open_streamed(path) as source,
        ):
            for rows in source.iter_batches(_BATCH_ROWS, columns=list(columns), use_threads=False):
                kept = rows.filter(rows.column(self.known.ended).is_null())
                high, low = _halves(kept.column(self.known.digest))
                file = pa.array(np.full(kept.num_rows, number, np.int32))
                yield pa.RecordBatch.from_arrays(
                    [kept.column(self.known.key), high, low, file], schema=_CURRENT
                )


@dataclass(frozen=True, slots=True)
class OutcomeWriter:
    """Writes outcomes to a file and reports what the client must know of them; sent to the workers."""

    folder: Path

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Report]:
        """Report the file, and what the client must know."""
        path = self.folder / f"outcomes-{uuid.uuid4().hex}.parquet"
        writer: pq.ParquetWriter | None = None
        counts: Counter[int] = Counter()
        superseded: Counter[int] = Counter()
        conflicting: list[tuple[int, str]] = []
        repeated = 0
        with storage_errors("lay down what became of rows"):
            try:
                for given in batches:
                    rows = _as_outcomes(given)
                    if writer is None:
                        writer = pq.ParquetWriter(path, OUTCOMES, compression="lz4", write_statistics=False)
                    writer.write_batch(rows)
                    outcome = rows.column("outcome").to_numpy()
                    counts.update(_counted(outcome[outcome != CONFLICTING]))
                    changed = rows.filter(pa.array(outcome == CHANGED))
                    superseded.update(_counted(changed.column("file").to_numpy()))
                    refused = rows.filter(pa.array(outcome == CONFLICTING))
                    conflicting += zip(
                        refused.column("number").to_pylist(), refused.column("key").to_pylist(), strict=True
                    )
                    repeated += int((rows.column("times").to_numpy()[outcome != CONFLICTING] - 1).sum())
            finally:
                if writer is not None:
                    writer.close()
        if writer is not None:
            yield {
                "path": str(path), "counts": counts, "superseded": superseded, "conflicting": conflicting,
                "repeated": repeated,
            }  # fmt: skip


def _as_outcomes(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows in our types, whatever texts an engine has."""
    columns = [rows.column(field.name).cast(field.type) for field in OUTCOMES]
    return pa.RecordBatch.from_arrays(columns, schema=OUTCOMES)


def _counted(values: NDArray[np.int32]) -> dict[int, int]:
    numbers, counts = np.unique(values, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _halves(digest: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return digests as two numbers each, which order as the bytes do; null for one of another length."""
    whole = pc.equal(pc.binary_length(digest), _DIGEST_BYTES)
    whole = pc.fill_null(whole, fill_value=False)
    fixed = pc.if_else(whole, digest, pa.scalar(b"\0" * _DIGEST_BYTES, digest.type))
    texts = fixed.cast(pa.binary(_DIGEST_BYTES))
    words = np.frombuffer(texts.buffers()[1], ">u8")[texts.offset * 2 :][: len(texts) * 2].reshape(-1, 2)
    signed = (words.astype(np.uint64) ^ _TOP_BIT).view(np.int64)
    mask = ~whole.to_numpy(zero_copy_only=False)
    return pa.array(signed[:, 0], mask=mask), pa.array(signed[:, 1], mask=mask)
