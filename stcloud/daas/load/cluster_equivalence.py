"""Rows on a cluster that came in other words and mean what is believed already; the same as `equivalence.py` finds.

The values of changed rows are brought together by the file that holds the current rows of their keys, and compared
there.

Tested by `tests/conformance/test_cluster_loads.py`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stcloud.daas.load.cluster_store import OutcomeReader, Piece, chosen_rows
from stcloud.daas.load.equivalence import ValueComparison
from stcloud.iaas.engine.cluster import Cluster, Report
from stcloud.iaas.engine.equality import equal_rows
from stcloud.iaas.keys.distributed import OUTCOMES, Outcomes, OutcomeWriter
from stcloud.iaas.keys.settled import CHANGED, SAME
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["without_equivalent_rows"]

_OWN = ("piece", "number", "key", "renamed", "file")
"""Columns of `OUTCOMES` that stand before the values of a changed row."""


def without_equivalent_rows(
    cluster: Cluster,
    outcomes: Outcomes,
    pieces: tuple[Piece, ...],
    comparison: ValueComparison,
    files: Mapping[int, str],
    folder: Path,
) -> Outcomes:
    """Return outcomes with the changed rows that hold the values believed already counted as known.

    Parameters
    ----------
    cluster
        Does the work.
    outcomes, pieces
        What became of the rows, and the files of the rows by their numbers.
    comparison
        What is compared.
    files
        Paths of the files that hold superseded rows, by their numbers.
    folder
        Where the comparison may lay rows down.
    """
    changed = cluster.table(OutcomeReader(), outcomes.tasks(CHANGED), OUTCOMES)
    values = cluster.spread(changed, "piece", _Values(pieces, comparison), _sent(comparison))
    compared = Outcomes.of(cluster.gather(values, "file", _Comparer(comparison, dict(files), folder)))
    counts = outcomes.counts.copy()
    counts[CHANGED] = compared.counts[CHANGED]
    counts[SAME] += compared.counts[SAME]
    return replace(outcomes, counts=counts, superseded=compared.superseded, changed_paths=compared.paths)


def _sent(comparison: ValueComparison) -> pa.Schema:
    """Return the schema of changed rows: an engine folds the case of names, so values have numbers for names."""
    values = [pa.field(f"c{at}", kind) for at, kind in enumerate(comparison.values.types)]
    return pa.schema([*(OUTCOMES.field(name) for name in _OWN), *values])


@dataclass(frozen=True, slots=True)
class _Values:
    """Gives changed rows with their values."""

    pieces: tuple[Piece, ...]
    comparison: ValueComparison

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        given: defaultdict[int, list[pa.RecordBatch]] = defaultdict(list)
        for batch in batches:
            piece = batch.column("piece").to_numpy()
            for place in np.unique(piece).tolist():
                given[place].append(batch.filter(pa.array(piece == place)))
        schema = _sent(self.comparison)
        for place in sorted(given):
            changed = pa.Table.from_batches(given[place]).combine_chunks()
            rows = chosen_rows(self.pieces[place], changed["number"].to_numpy())
            at = pc.index_in(rows["st_row"], value_set=changed["number"].combine_chunks())
            own = changed.take(at)
            columns = [own[name].cast(schema.field(name).type) for name in _OWN]
            columns += [rows[field.name].cast(field.type) for field in self.comparison.values]
            yield from pa.Table.from_arrays(columns, schema=schema).combine_chunks().to_batches()


@dataclass(frozen=True, slots=True)
class _Comparer:
    """Compares changed rows with the current rows of their keys, file by file, and writes what becomes of them."""

    comparison: ValueComparison
    files: Mapping[int, str]
    folder: Path

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Report]:
        with storage_errors("lay down changed rows"):
            places = self._laid_down(batches)
        yield from OutcomeWriter(self.folder)(
            self._compared(number, places[number]) for number in sorted(places)
        )

    def _laid_down(self, batches: Iterator[pa.RecordBatch]) -> dict[int, Path]:
        """Lay rows down by the number of the file that they are compared with; return where they lie."""
        places: dict[int, Path] = {}
        schema = _sent(self.comparison)
        writers: dict[int, pq.ParquetWriter] = {}
        try:
            for batch in batches:
                columns = [batch.column(field.name).cast(field.type) for field in schema]
                rows = pa.RecordBatch.from_arrays(columns, schema=schema)
                file = rows.column("file").to_numpy()
                for number in np.unique(file).tolist():
                    if number not in writers:
                        places[number] = self.folder / f"changed-{uuid.uuid4().hex}.parquet"
                        writers[number] = pq.ParquetWriter(places[number], schema, compression="lz4")
                    writers[number].write_batch(rows.filter(pa.array(file == number)))
        finally:
            for writer in writers.values():
                writer.close()
        return places

    def _compared(self, number: int, path: Path) -> pa.RecordBatch:
        compared = self.comparison
        with pq.ParquetFile(path) as source:
            same, _ = equal_rows(
                (self._named(rows) for rows in source.iter_batches()), compared.schema, [self.files[number]],
                self.folder, columns=compared.columns, loose=compared.loose,
            )  # fmt: skip
        rows = pq.read_table(path, columns=list(_OWN), use_threads=False).combine_chunks()
        equal = np.isin(rows["number"].to_numpy(), same)
        count = len(rows)
        columns = {name: rows[name].combine_chunks() for name in _OWN} | {
            "outcome": pa.array(np.where(equal, SAME, CHANGED).astype(np.int32)),
            "times": pa.array(np.ones(count, np.int64)),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in OUTCOMES.names], schema=OUTCOMES)

    def _named(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows as they are compared: their number, their key, and the values by their names."""
        values = [rows.column(f"c{at}") for at in range(len(self.comparison.values))]
        columns = [rows.column("number"), rows.column("key"), *values]
        return pa.RecordBatch.from_arrays(columns, schema=self.comparison.schema)
