"""What workers do with settled features: fetch the content of what begins, sort it, write files; write ends.

Tested by `tests/conformance/test_cluster_features.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stcloud.daas.chain import RowsDigest
from stcloud.daas.load.clean_events import ROW
from stcloud.daas.load.cluster_feature_read import SentFeatures
from stcloud.daas.load.cluster_feature_settle import BEGUN
from stcloud.daas.load.cluster_store import Piece, RowRange, chosen_rows, described, lay_runs, rows_of
from stcloud.daas.load.write_features import begun_rows
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.timeline import Pieces
from stcloud.iaas.engine.cluster import Report
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.table import File

__all__ = ["BegunReader", "EndWriter", "FeatureChooser", "FeatureRangeWriter"]

_ORDER = ("st_cell", "st_row")


@dataclass(frozen=True, slots=True)
class BegunReader:
    """Reads what begins; sent to the workers."""

    def __call__(self, task: tuple[int, str]) -> Iterator[pa.RecordBatch]:
        """Give the beliefs of a file; they are numbered from a first one on."""
        first, path = task
        with storage_errors("read what changes"), pq.ParquetFile(path) as source:
            for rows in source.iter_batches(use_threads=False):
                at = rows.schema.get_field_index("place")
                yield rows.set_column(at, BEGUN.field("place"), pc.add(rows.column("place"), first))


@dataclass(frozen=True, slots=True)
class FeatureChooser:
    """Lays down beliefs that begin with their content, sorted; sent to the workers.

    Parameters
    ----------
    layer, files
        The layer, and the files of its beliefs by their numbers.
    pieces
        Files of the rows that came.
    schema, stamp
        What files of beliefs hold, and the load that they are of.
    folder, run_rows
        Where runs are laid down, and of how many rows at the most.
    """

    layer: SentFeatures
    files: Mapping[int, File]
    pieces: tuple[Piece, ...]
    schema: pa.Schema
    stamp: Reckoning
    folder: Path
    run_rows: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Report]:
        """Report the runs, how many of the new contents have no place, and the digest of all."""
        given: defaultdict[int, list[pa.RecordBatch]] = defaultdict(list)
        for batch in batches:
            whole = pa.RecordBatch.from_arrays(
                [batch.column(kind.name).cast(kind.type) for kind in BEGUN], schema=BEGUN
            )
            source = whole.column("source").to_numpy()
            for place in np.unique(source).tolist():
                given[place].append(whole.filter(pa.array(source == place)))
        for place in sorted(given):
            begun = pa.Table.from_batches(given[place], BEGUN).combine_chunks()
            rows = self._content(place, begun)
            stored = self._stored(rows, begun, load=place >= 0)
            months = np.zeros(stored.num_rows, np.int64)
            yield {
                "runs": lay_runs(stored, months, _ORDER, self.folder, self.run_rows),
                "unplaced": rows["st_geom"].null_count if place >= 0 else 0,
                "digest": RowsDigest.of(rows["st_digest"]).text,
            }

    def _content(self, place: int, begun: pa.Table) -> pa.Table:
        """Return the content of beliefs, in their order, from a piece or from a file of the layer."""
        number = begun["number"].to_numpy()
        if place < 0:
            rows = self.layer.opened().content(self.layer.only(self.files[-1 - place]), number)
        else:
            chosen = chosen_rows(self.pieces[place], np.unique(number))
            at = pc.index_in(begun["number"].combine_chunks(), value_set=chosen[ROW].combine_chunks())
            rows = chosen.take(at)
        return rows.set_column(rows.schema.get_field_index("st_key"), "st_key", begun["key"])

    def _stored(self, rows: pa.Table, begun: pa.Table, *, load: bool) -> pa.Table:
        start_us, end_us, number = (begun[name].to_numpy() for name in ("start_us", "end_us", "place"))
        pieces = Pieces(np.arange(len(number)), start_us, end_us, np.zeros(len(number), np.int64))
        return begun_rows(rows.combine_chunks(), pieces, number, self.stamp, self.schema, load=load)


@dataclass(frozen=True, slots=True)
class FeatureRangeWriter:
    """Writes the beliefs of a range as one file of the layer; sent to the workers."""

    layer: SentFeatures

    def __call__(self, task: RowRange) -> Iterator[Report]:
        """Report the file."""
        rows = rows_of(task, _ORDER)
        if rows.num_rows:
            yield {"written": described(self.layer.opened().write_rows(pa.Table.from_batches([rows])))}


@dataclass(frozen=True, slots=True)
class EndWriter:
    """Writes that beliefs end, as one file of the layer; sent to the workers.

    Parameters
    ----------
    layer, schema
        The layer, and what its files hold.
    at_us
        Until when they were believed, UTC microseconds.
    """

    layer: SentFeatures
    schema: pa.Schema
    at_us: int

    def __call__(self, paths: tuple[str, ...]) -> Iterator[Report]:
        """Take files of numbers of beliefs; report the file."""
        with storage_errors("read what changes"):
            rows = np.concatenate([pq.read_table(path)["st_row"].to_numpy() for path in paths])
        yield {"written": described(self.layer.opened().write_ends(rows, self.at_us, self.schema))}
