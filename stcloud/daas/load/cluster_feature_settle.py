"""Settling features on a cluster: all that speaks of a key comes to one worker, which decides what it changes.

Tested by `tests/conformance/test_cluster_features.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stcloud.daas.load.cluster_feature_read import BELIEF, ROWS, SEEN, SILENT, SPOKEN, SentFeatures
from stcloud.daas.load.cluster_store import Piece, chosen_rows
from stcloud.daas.load.equivalence import equivalent_features
from stcloud.daas.load.feature_keys import FeatureKeys, nothing
from stcloud.daas.load.feature_settle import ContentChecks, FeatureChanges, FeatureStatement, settle_features
from stcloud.daas.table.changeset import DatedRows
from stcloud.daas.table.feature import Believed, VersionRows
from stcloud.daas.table.timeline import Ints
from stcloud.iaas.engine.cluster import Report
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["BEGUN", "KEPT_APART", "TOGETHER", "FeatureSettler"]

BEGUN = pa.schema(
    [
        ("source", pa.int32()), ("number", pa.int64()), ("key", pa.string()), ("start_us", pa.int64()),
        ("end_us", pa.int64()), ("place", pa.int64()),
    ]
)  # fmt: skip
"""A belief that begins: where its content lies, in a piece, or in a file of the layer counted from -1 down; the
number of the row or version there; its key and period; its place among all that begin."""

TOGETHER = "SELECT * FROM {came} UNION ALL SELECT * FROM {believed}"
KEPT_APART = """
SELECT role, CASE WHEN role = 0 AND again > 1 THEN concat(key, ' #', again) ELSE key END AS key,
       start_us, end_us, high, low, number, version, place, changing
FROM (SELECT *, row_number() OVER (PARTITION BY role, key, start_us, end_us, high, low ORDER BY number) AS again
      FROM {came}) AS given
UNION ALL SELECT * FROM {believed}
"""
"""The same where rows that repeat another one are kept: they get a running number after their key."""


@dataclass(frozen=True, slots=True)
class FeatureSettler:
    """Decides what all that speaks of some keys changes; sent to the workers.

    Parameters
    ----------
    layer, pieces
        The layer, and the files of the rows that came.
    statement
        What the load states.
    tolerance_m, loose
        Which content is the same in other words: see `equivalent_features`.
    folder
        Where the decisions are laid down.
    """

    layer: SentFeatures
    pieces: tuple[Piece, ...]
    statement: FeatureStatement
    tolerance_m: float
    loose: Mapping[str, str]
    folder: Path

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Report]:
        """Report the counts, refused rows, and the files of what begins and what ends."""
        given = [
            pa.RecordBatch.from_arrays(
                [batch.column(kind.name).cast(kind.type) for kind in SPOKEN], schema=SPOKEN
            )
            for batch in batches
        ]
        rows = pa.Table.from_batches(given, SPOKEN)
        if not rows.num_rows:
            return
        share = _Share.of(rows)
        refusals: list[tuple[int, str | None, str]] = []
        settled = settle_features(
            self.statement, share.keys, share.believed,
            ContentChecks(lambda rows, _: rows, self._equal, lambda place: share.changing[place]),
            lambda *refused: refusals.append(refused),
        )  # fmt: skip
        begun, ended = share.begun(settled), settled.changes.ended
        yield {
            "counts": dict(settled.counts), "refusals": refusals,
            "begun": self._laid_down(begun), "begun_rows": begun.num_rows,
            "ended": self._laid_down(pa.table({"st_row": ended})), "ended_rows": len(ended),
        }  # fmt: skip

    def _equal(self, stated: DatedRows, touched: DatedRows) -> tuple[Ints, Ints]:
        if self.statement.deletes or not len(stated) or not len(touched):
            return nothing(), nothing()
        versions = VersionRows(self.layer.opened(), self.layer.snapshot, touched.number)
        content = _PieceContent(self.pieces, np.sort(stated.number))
        return equivalent_features(stated, touched, content, versions, self.tolerance_m, self.loose)

    def _laid_down(self, rows: pa.Table) -> str:
        path = self.folder / f"changes-{uuid.uuid4().hex}.parquet"
        with storage_errors("lay down what changes"):
            pq.write_table(rows, path, compression="lz4")
        return str(path)


@dataclass(frozen=True, slots=True)
class _PieceContent:
    """Rows of pieces by their numbers, ascending."""

    pieces: tuple[Piece, ...]
    numbers: Ints

    def everything(self) -> Iterator[pa.RecordBatch]:
        """Give the rows."""
        for piece in self.pieces:
            first, last = np.searchsorted(self.numbers, [piece.first, piece.last + 1])
            if last > first:
                yield from chosen_rows(piece, self.numbers[first:last]).combine_chunks().to_batches()


@dataclass(frozen=True, slots=True, eq=False)
class _Share:
    """All that speaks of some keys."""

    keys: FeatureKeys
    believed: Believed
    changing: np.ndarray
    rows: pa.Table
    beliefs: pa.Table = field(repr=False)

    @classmethod
    def of(cls, spoken: pa.Table) -> _Share:
        """Take it apart; rows are in the order of their numbers, beliefs in that of theirs."""
        role = spoken["role"].to_numpy()
        rows, seen, silent, beliefs = (
            _sorted(spoken.filter(pa.array(role == wanted)), by)
            for wanted, by in ((ROWS, "number"), (SEEN, "number"), (SILENT, "number"), (BELIEF, "version"))
        )
        count = beliefs.num_rows
        believed = Believed(
            _key(beliefs), _numbers(beliefs, "start_us"), _numbers(beliefs, "end_us"), _digest(beliefs),
            _numbers(beliefs, "version"), pa.nulls(count, pa.string()),
        )  # fmt: skip
        repeated = np.searchsorted(believed.row, _numbers(seen, "version")).astype(np.int64)
        keys = FeatureKeys(
            [_key(silent)], [repeated], [_numbers(seen, "number")], [_key(rows)], [_digest(rows)],
            *([_numbers(rows, name)] for name in ("number", "start_us", "end_us")),
        )  # fmt: skip
        return cls(keys, believed, _numbers(beliefs, "changing") > 0, rows, beliefs)

    def begun(self, settled: FeatureChanges) -> pa.Table:
        """Return what begins, with where its content lies."""
        changes = settled.changes
        begun = changes.begun
        at_row = np.searchsorted(_numbers(self.rows, "number"), changes.row)
        at_belief = np.searchsorted(self.believed.row, changes.belief)
        fresh = changes.row >= 0
        places = np.zeros(len(begun), np.int64)
        places[fresh] = _numbers(self.rows, "place")[at_row[fresh]]
        places[~fresh] = -1 - _numbers(self.beliefs, "place")[at_belief[~fresh]]
        texts = pa.concat_arrays([_key(self.rows), self.believed.key])
        keys = texts.take(pa.array(np.where(fresh, at_row, self.rows.num_rows + at_belief)))
        columns = [
            pa.array(places, pa.int32()), pa.array(np.where(fresh, changes.row, changes.belief)), keys,
            pa.array(begun.start_us), pa.array(begun.end_us), pa.array(np.arange(len(begun))),
        ]  # fmt: skip
        return pa.Table.from_arrays(columns, schema=BEGUN)


def _sorted(rows: pa.Table, by: str) -> pa.Table:
    return rows.take(pa.array(np.argsort(rows[by].to_numpy(), kind="stable"))).combine_chunks()


def _numbers(rows: pa.Table, name: str) -> Ints:
    numbers: Ints = rows[name].to_numpy().astype(np.int64)
    return numbers


def _key(rows: pa.Table) -> pa.Array:
    keys = rows["key"].combine_chunks()
    return (
        pa.concat_arrays(keys.chunks or [pa.array([], pa.string())])
        if isinstance(keys, pa.ChunkedArray)
        else keys
    )


def _digest(rows: pa.Table) -> np.ndarray:
    halves = [rows[name].to_numpy() for name in ("high", "low")]
    return np.ascontiguousarray(np.stack(halves, axis=1)).view(np.uint64)
