"""The steps of a load of events.

::

    clean ─┬─ keys ─ settle: which row stands for each key, is it new, changed or known
           └─ sorter ─ by month, cell, time ─ files
    files that hold superseded rows are written anew
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.chain import RowsDigest
from stcloud.daas.definition import EventDefinition
from stcloud.daas.load.clean_events import MONTH, ROW, CleanedEvents, EventCleaner
from stcloud.daas.load.equivalence import without_equivalent_events
from stcloud.daas.load.place import Placer
from stcloud.daas.load.plausible import implausible_notes
from stcloud.daas.load.steps import LoadContext, TableChange, ordered
from stcloud.daas.load.unexpired import unexpired
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import MOST_ROWS, ORDER, EventLayer
from stcloud.daas.table.schema import UNIT
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.job import Job
from stcloud.iaas.keys.keys import Keys
from stcloud.iaas.keys.settled import CHANGED, NEW, SAME, DuplicateRule, KnownRows, Settled
from stcloud.iaas.source.protocol import Batch
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["EventLoad", "Mode", "known_rows"]

Mode = Literal["changes", "append", "delete"]
"""``changes`` adds and updates by key and leaves absent rows alone; ``append`` refuses known keys; ``delete`` reads
keys only and ends the belief in their rows."""

_WORKERS = 2


class EventLoad:
    """One load of events; see `LoadSteps`."""

    base: Snapshot | None = None

    def __init__(self, context: LoadContext) -> None:
        self._context = context
        self._layer = cast("EventLayer", context.layer)
        self._definition = cast("EventDefinition", context.definition)
        self._keys = Keys(context.staging)
        self._sorter = Sorter(context.staging, part=MONTH, order=ORDER)
        self._adjusted: set[int] = set()
        self._implausible: Counter[str] = Counter()
        self._settled: Settled | None = None
        self._cleaner = EventCleaner(
            self._definition, context.columns, Placer(context.definition.space, context.lattice), context.zone,
            context.deletes, context.types,
        )  # fmt: skip

    def begin(self) -> None:
        """Do nothing: rows are compared once they are read."""

    def clean(self, batch: Batch) -> CleanedEvents:
        """Clean one batch."""
        return self._cleaner.clean(batch)

    def take(self, cleaned: CleanedEvents) -> None:
        """Set keys and rows aside."""
        intake = self._context.intake
        if not self._context.deletes:
            intake.see(cleaned.rows.column("st_time").cast(pa.int64()).to_numpy())
        cleaned, purged = unexpired(cleaned, self._context.expiry, keys_only=self._context.deletes)
        rows = cleaned.rows
        intake.purged += purged
        intake.read += cleaned.read
        intake.trimmed += cleaned.padded
        intake.refusals += cleaned.refusals
        intake.repairs += cleaned.repairs
        self._implausible.update(cleaned.implausible)
        intake.remarks = tuple(implausible_notes(self._implausible, self._definition))
        self._adjusted.update(cleaned.adjusted.tolist())
        self._keys.add(rows.column(ROW), rows.column("st_key"), rows.column("st_digest"))
        if not self._context.deletes:
            self._sorter.add(rows)

    def settle(self, base: Snapshot) -> None:
        """Decide which row stands for each key, and compare it with what is believed now."""
        context = self._context
        self._sorter.flush()
        settled = self._refuse(
            self._keys.settle(known_rows(base), rule=self._rule, compare=not context.deletes)
        )
        self._sorter.replace("st_key", ROW, *settled.renumbered)
        if context.request.mode == "changes":
            settled = without_equivalent_events(
                settled, self._sorter, base, context.staging, context.columns, context.types
            )
        self._settled = settled

    def write(self, base: Snapshot, schema: pa.Schema, stamp: Reckoning, job: Job) -> TableChange:
        """Write the rows to store, month by month, and the files anew that hold rows which they supersede."""
        assert self._settled is not None  # noqa: S101  (settled before)
        settled = self._settled
        written, unplaced, added = self._write_rows(settled.is_stored, schema, stamp, job)
        closed, removed = self._close_rows(base, settled, stamp, job)
        add: Sequence[Written] = [*written, *closed]
        with contextlib.suppress(StorageError, FormatError):  # merging can wait
            add, removed = self._layer.merged(base, removed, add, schema, self._context.staging)
        return TableChange(add, removed, added, self._counts(settled, unplaced), commits=bool(add or removed))

    def compact(self) -> None:
        """Merge the files of months that have many, which the commit could not merge."""
        self._layer.compact(self._context.staging)

    def close(self) -> None:
        """Let go of rows and keys."""
        self._sorter.close()
        self._keys.close()

    @property
    def _rule(self) -> DuplicateRule:
        """Which row of a key stands; one that is to be deleted cannot come in two readings."""
        rule: DuplicateRule = self._definition.duplicates
        return "last" if self._context.deletes and rule != "keep" else rule

    def _refuse(self, settled: Settled) -> Settled:
        """Refuse rows that conflict, and those of known keys where rows are appended only."""
        intake = self._context.intake
        for number, key in settled.conflicting.items():
            intake.refuse(number, key, "conflicting-key")
        if self._context.request.mode == "append":
            known = np.concatenate((settled.changed, settled.same))
            for number in known.tolist():
                intake.refuse(number, None, "known-key")
            return replace(settled, outcomes=settled.with_outcome(known, 0), superseded={})
        return settled

    def _write_rows(
        self, chosen: np.ndarray, schema: pa.Schema, stamp: Reckoning, job: Job
    ) -> tuple[list[Written], dict[str, int], RowsDigest]:
        """Write the chosen rows, by number; also count those without a place by reason, and digest them."""
        if self._context.deletes:
            return [], {}, RowsDigest()
        most = int(np.count_nonzero(chosen))
        given = {"st_recorded_from": stamp.recorded_at_us, "st_load": stamp.load}
        unit_codes = self._context.unit_codes

        def lay(
            chunks: Iterable[pa.RecordBatch], month: int
        ) -> tuple[Written | None, Counter[str], RowsDigest]:
            reasons: Counter[str] = Counter()
            digests: list[RowsDigest] = []

            def chosen_chunks() -> Iterator[pa.RecordBatch]:
                for chunk in chunks:
                    job.proceed("write")
                    rows = _chosen_rows(chunk, chosen)
                    if rows.num_rows and unit_codes is not None:
                        rows = rows.append_column(UNIT, unit_codes(rows))
                    reasons.update(_unplaced(rows))
                    digests.append(RowsDigest.of(rows.column("st_digest")))
                    yield rows

            file = self._layer.write(chosen_chunks(), month, schema, given)
            return file, reasons, sum(digests, RowsDigest())

        written: list[Written] = []
        unplaced: Counter[str] = Counter()
        added, done = RowsDigest(), 0
        with ThreadPoolExecutor(_WORKERS) as pool:
            portions = (
                (portion, month)
                for month in self._sorter.parts
                for portion in self._sorter.portions(month, most_rows=MOST_ROWS)
            )
            for file, reasons, digest in ordered(pool, lay, portions, ahead=_WORKERS):
                written += [file] if file else []
                unplaced.update(reasons)
                added += digest
                done += file.rows if file else 0
                job.tell("write", done, most)
        return written, dict(unplaced), added

    def _close_rows(
        self, base: Snapshot, settled: Settled, stamp: Reckoning, job: Job
    ) -> tuple[list[Written], list[File]]:
        """Write the files anew that hold superseded rows; return them, and the files that they stand for."""
        files = {Path(file.path).name: file for file in base.files}
        written: list[Written] = []
        removed: list[File] = []
        for name, keys in settled.superseded.items():
            job.tell("update", len(removed), len(settled.superseded))
            written.append(self._layer.close_rows(base, files[name], keys, stamp.recorded_at_us))
            removed.append(files[name])
        return written, removed

    def _counts(self, settled: Settled, unplaced: Mapping[str, int]) -> dict[str, object]:
        deletes = self._context.deletes
        refused = {refusal.row for refusal in self._context.intake.refusals}
        return {
            "accepted": 0 if deletes else settled.count(NEW),
            "updated": settled.count(CHANGED),
            "unchanged": settled.count(NEW if deletes else SAME),
            "duplicates": settled.repeated,
            "unplaced": sum(unplaced.values()),
            "unplaced_by": unplaced,
            "time_adjusted": len(self._adjusted - refused),
        }


def known_rows(snapshot: Snapshot) -> KnownRows:
    """Return the rows that are believed in now."""

    def paths(low: str | None, high: str | None) -> Sequence[str]:
        files = (file for file in snapshot.files if file.nulls.get("st_recorded_to") != 0)
        return snapshot.paths(file for file in files if file.may_hold("st_key", low, high))

    return KnownRows(paths, key="st_key", digest="st_digest", ended="st_recorded_to")


def _chosen_rows(rows: pa.RecordBatch, chosen: np.ndarray) -> pa.RecordBatch:
    """Return the rows whose number is chosen."""
    number = rows.column(ROW).to_numpy()
    if not len(chosen):
        return rows.slice(0, 0)
    keep = (number < len(chosen)) & chosen[np.minimum(number, len(chosen) - 1)]
    return rows if keep.all() else rows.filter(pa.array(keep))


def _unplaced(rows: pa.RecordBatch) -> dict[str, int]:
    counted = pc.value_counts(rows.column("st_unplaced").drop_null())
    return {pair["values"]: pair["counts"] for pair in counted.to_pylist()}
