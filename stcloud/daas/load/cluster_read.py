"""What a worker does with a part of a source: read, clean, set refused rows aside, lay down the others.

Rows are laid down as they come, in pieces: Parquet files in the staging folder of the load.

Tested by `tests/conformance/test_cluster_loads.py`.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stcloud.daas.load.clean_events import ROW, CleanedEvents, EventCleaner
from stcloud.daas.load.clean_features import CleanedFeatures
from stcloud.daas.load.column import plain
from stcloud.daas.load.expiry import Expiry
from stcloud.daas.load.unexpired import unexpired
from stcloud.daas.table.timeline import Ints
from stcloud.iaas.engine.cluster import Report
from stcloud.iaas.source.part import SourcePart, batches_of, cut_of
from stcloud.iaas.source.protocol import Batch, Refusal, Source
from stcloud.iaas.source.rejected import legible_rows
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["PartReader", "PieceFiles", "RecordReader", "Seen", "Sizes"]


_NO_TIMES: Ints = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How the rows of a load are divided.

    Parameters
    ----------
    piece_rows
        Rows of a part of the source, and of what is laid down of it: it is sorted in the memory of a worker.
    run_rows
        Rows that are read back at once at the most, of which few may be of the range that is wanted.
    range_rows
        Rows of a file of the layer.
    """

    piece_rows: int = 1 << 18
    run_rows: int = 1 << 14
    range_rows: int = 1 << 18


@dataclass(frozen=True, slots=True)
class PartReader:
    """Reads parts of one source; sent to the workers.

    Parameters
    ----------
    reopened
        Opens the source.
    names
        Its columns as the definition spells them.
    cleaner, expiry
        How rows are cleaned, and which are not loaded.
    folder, piece_rows
        Where pieces are laid down, and of how many rows.
    """

    reopened: Callable[[], Source]
    names: tuple[str, ...]
    cleaner: EventCleaner
    expiry: Expiry
    folder: Path
    piece_rows: int

    def __call__(self, part: SourcePart) -> Iterator[Report]:
        """Read a part; report its pieces, its counts and its refused rows."""
        with storage_errors("read the source"):
            source = self.reopened()
            seen = Seen()
            pieces = PieceFiles(self.folder, self.piece_rows)
            try:
                for batch in batches_of(source, part):
                    cleaned = self.cleaner.clean(
                        replace(batch, rows=batch.rows.rename_columns(list(self.names)))
                    )
                    keys_only = self.cleaner.keys_only
                    seen.see(batch, _NO_TIMES if keys_only else _times(cleaned.rows), cleaned.refusals)
                    cleaned, purged = unexpired(cleaned, self.expiry, keys_only=keys_only)
                    seen.take(cleaned, purged)
                    seen.adjusted += cleaned.adjusted.tolist()
                    seen.implausible.update(cleaned.implausible)
                    pieces.add(cleaned.rows)
            finally:
                pieces.close()
            yield {
                **seen.report(), "pieces": pieces.reports, "cut": cut_of(source),
            }  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads rows of a part of a source once more, by their numbers; sent to the workers."""

    reopened: Callable[[], Source]

    def __call__(self, task: tuple[SourcePart, Sequence[int]]) -> Iterator[Report]:
        """Report the rows as JSON, by number."""
        part, numbers = task
        records: dict[int, str] = {}
        with storage_errors("read the source"):
            for batch in batches_of(self.reopened(), part):
                records |= _records(batch, numbers)
        yield {"records": records}


@dataclass(slots=True)
class Seen:
    """What was seen of a part."""

    read: int = 0
    trimmed: int = 0
    purged: int = 0
    latest_us: int | None = None
    last: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    repairs: list[Refusal] = field(default_factory=list)
    adjusted: list[int] = field(default_factory=list)
    implausible: Counter[str] = field(default_factory=Counter)
    records: dict[int, str] = field(default_factory=dict)

    def see(self, batch: Batch, times_us: Ints, refusals: Iterable[Refusal]) -> None:
        """Note times and refused rows as they came."""
        if len(times_us):
            latest_us = int(times_us.max())
            self.latest_us = latest_us if self.latest_us is None else max(latest_us, self.latest_us)
        if len(batch.numbers):
            self.last = int(batch.numbers[-1])
        if refusals:
            self.records |= _records(batch, [refusal.row for refusal in refusals])

    def take(self, cleaned: CleanedEvents | CleanedFeatures, purged: int) -> None:
        """Count cleaned rows."""
        self.read += cleaned.read
        self.trimmed += cleaned.padded
        self.purged += purged
        self.refusals += cleaned.refusals
        self.repairs += cleaned.repairs

    def report(self) -> Report:
        """Return what was seen as JSON has it."""
        return {
            "read": self.read, "trimmed": self.trimmed, "purged": self.purged, "latest_us": self.latest_us,
            "last": self.last, "refusals": _listed(self.refusals), "repairs": _listed(self.repairs),
            "adjusted": self.adjusted, "implausible": self.implausible, "records": self.records,
        }  # fmt: skip


class PieceFiles:
    """Rows laid down in pieces."""

    def __init__(self, folder: Path, piece_rows: int) -> None:
        self._folder, self._piece_rows = folder, piece_rows
        self._writer: pq.ParquetWriter | None = None
        self._keys: tuple[str, str] | None = None
        self.reports: list[Report] = []

    def add(self, rows: pa.RecordBatch) -> None:
        """Lay down some rows."""
        if not rows.num_rows:
            return
        whole = pa.RecordBatch.from_arrays([plain(column) for column in rows.columns], rows.schema.names)
        if self._writer is None:
            path = self._folder / f"piece-{uuid.uuid4().hex}.parquet"
            self._writer = pq.ParquetWriter(path, whole.schema, compression="lz4", write_statistics=False)
            self.reports.append({"path": str(path), "rows": 0, "low": None, "high": None, "first": None})
        self._writer.write_batch(whole)
        self._note(whole)
        if self.reports[-1]["rows"] >= self._piece_rows:
            self.close()

    def _note(self, rows: pa.RecordBatch) -> None:
        bounds, report = pc.min_max(rows.column("st_key")).as_py(), self.reports[-1]
        report["rows"] += rows.num_rows
        numbers = rows.column(ROW).to_numpy()
        report["first"] = int(numbers[0]) if report["first"] is None else report["first"]
        report["last"] = int(numbers[-1])
        for name, pick, bound in (("low", min, bounds["min"]), ("high", max, bounds["max"])):
            report[name] = bound if report[name] is None else pick(report[name], bound)

    def close(self) -> None:
        """Finish a piece."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _times(rows: pa.RecordBatch) -> Ints:
    times_us: Ints = rows.column("st_time").cast(pa.int64()).to_numpy()
    return times_us


def _records(batch: Batch, numbers: Iterable[int]) -> Mapping[int, str]:
    """Return rows of a batch as JSON, by number."""
    wanted = np.isin(batch.numbers, list(numbers))
    if not wanted.any():
        return {}
    rows = legible_rows(batch.rows.filter(pa.array(wanted)))
    texts = [json.dumps(values, ensure_ascii=False) for values in rows.to_pylist()]
    return dict(zip(batch.numbers[wanted].tolist(), texts, strict=True))


def _listed(refusals: Iterable[Refusal]) -> list[tuple[int, str | None, str | None, str]]:
    return [(refusal.row, refusal.field, refusal.value, refusal.reason) for refusal in refusals]
