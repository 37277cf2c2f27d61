"""A load of events on a cluster: workers read, clean, sort and write; the client plans, settles and commits once.

::

    parts ─ read, clean ─ pieces ─┬─ keys ─ settle by a query ─ outcomes
                                  └─ chosen, sorted ─ ranges ─ files
    files that hold superseded rows are written anew

Nothing of the rows comes to the client but what is refused, and the counts. What workers write lies in the staging
folders of the city until the client's one commit. Workers know nothing of a bucket: what they read of the layer is
brought to the working folder before, and what they write there is sent with the commit.

Tested by `tests/conformance/test_cluster_loads.py`.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

import pyarrow as pa

from stcloud.daas.chain import RowsDigest
from stcloud.daas.definition import EventDefinition
from stcloud.daas.load.clean_events import ROW, EventCleaner
from stcloud.daas.load.cluster_equivalence import without_equivalent_rows
from stcloud.daas.load.cluster_read import PartReader
from stcloud.daas.load.cluster_reading import ClusterReading
from stcloud.daas.load.cluster_store import (
    Chooser,
    Closer,
    NumberReader,
    OutcomeReader,
    RangeWriter,
    SentLayer,
    ranges,
    run_of,
    written_of,
)
from stcloud.daas.load.equivalence import ValueComparison
from stcloud.daas.load.event_load import known_rows
from stcloud.daas.load.place import Placer
from stcloud.daas.load.plausible import implausible_notes
from stcloud.daas.load.steps import LoadContext, TableChange
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import EventLayer
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.engine.cluster import Cluster, Report
from stcloud.iaas.job import Job
from stcloud.iaas.keys.distributed import OUTCOMES, KeyColumns, Outcomes, known_paths, settle_on_cluster
from stcloud.iaas.keys.settled import CHANGED, NEW, SAME, DuplicateRule
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["ClusterEventLoad"]

_COLUMNS = KeyColumns(ROW, "st_key", "st_digest")
_LARGE_ROWS = 1 << 17
"""Files of so many rows, which workers wrote, are not merged: that is done here, with all of their rows."""


class ClusterEventLoad(ClusterReading):
    """One load of events on a cluster: its reading and its steps; see `ClusterReading` and `StoreSteps`."""

    base: Snapshot | None = None

    def __init__(self, context: LoadContext, names: tuple[str, ...], cluster: Cluster) -> None:
        super().__init__(context, names, cluster)
        self._layer = cast("EventLayer", context.layer)
        self._definition = cast("EventDefinition", context.definition)
        self._bounds: tuple[str | None, str | None] = (None, None)
        self._adjusted: set[int] = set()
        self._outcomes = Outcomes()

    def begin(self) -> None:
        """Do nothing: rows are compared once they are read."""

    def read(self, job: Job) -> None:
        """Let workers read the parts of the source."""
        context = self._context
        cleaner = EventCleaner(
            self._definition, context.columns, Placer(context.definition.space, context.lattice), context.zone,
            context.deletes, context.types,
        )  # fmt: skip
        reader = PartReader(
            context.source.reopened,
            self._names,
            cleaner,
            context.expiry,
            context.staging,
            self._sizes.piece_rows,
        )
        implausible: Counter[str] = Counter()
        pieces: list[Report] = []
        for report in self._read_parts(reader, job):
            pieces += report["pieces"]
            implausible.update(report["implausible"])
            self._adjusted.update(report["adjusted"])
        context.intake.remarks = tuple(implausible_notes(implausible, self._definition))
        self._bounds = (
            min((piece["low"] for piece in pieces), default=None),
            max((piece["high"] for piece in pieces), default=None),
        )

    def settle(self, base: Snapshot) -> None:
        """Decide which row stands for each key, and compare it with what is believed now."""
        context, known = self._context, known_rows(base)
        base.bring(known_paths(known, self._bounds, self._rule), known.columns)
        outcomes = settle_on_cluster(
            self._cluster, [piece.path for piece in self._pieces], _COLUMNS, known, self._bounds,
            folder=context.staging, files=base.paths(), rule=self._rule, compare=not context.deletes,
        )  # fmt: skip
        outcomes = self._refuse(outcomes)
        base.bring(base.paths(base.files[number] for number in sorted(outcomes.superseded)))
        if context.request.mode == "changes" and outcomes.superseded:
            paths = base.paths()
            outcomes = without_equivalent_rows(
                self._cluster, outcomes, tuple(self._pieces),
                ValueComparison.of(base.schema, context.columns, context.types),
                {number: paths[number] for number in outcomes.superseded}, context.staging,
            )  # fmt: skip
        self._outcomes = outcomes

    @property
    def _rule(self) -> DuplicateRule:
        rule: DuplicateRule = self._definition.duplicates
        return "last" if self._context.deletes and rule != "keep" else rule

    def _refuse(self, outcomes: Outcomes) -> Outcomes:
        """Refuse rows that conflict, and those of known keys where rows are appended only."""
        intake = self._context.intake
        for number, key in outcomes.conflicting.items():
            intake.refuse(number, key, "conflicting-key")
        if self._context.request.mode != "append":
            return outcomes
        reports = self._cluster.run(NumberReader(), outcomes.paths)
        known = [number for outcome in ("changed", "same") for number in sorted(_numbers(reports, outcome))]
        for number in known:
            intake.refuse(number, None, "known-key")
        return replace(outcomes, counts=Counter({NEW: outcomes.counts[NEW]}), superseded=Counter())

    def write(self, base: Snapshot, schema: pa.Schema, stamp: Reckoning, job: Job) -> TableChange:
        """Let workers write the rows to store, and the files anew that hold rows which they supersede."""
        self._layer.table.prepare_staging()
        written, unplaced, added = self._write_rows(base, schema, stamp, job)
        closed, removed = self._close_rows(base, stamp, job)
        add: Sequence[Written] = [*written, *closed]
        with contextlib.suppress(StorageError, FormatError):  # merging can wait
            add, removed = self._layer.merged(
                base, removed, add, schema, self._context.staging, large_rows=_LARGE_ROWS
            )
        return TableChange(add, removed, added, self._counts(unplaced), commits=bool(add or removed))

    def _write_rows(
        self, base: Snapshot, schema: pa.Schema, stamp: Reckoning, job: Job
    ) -> tuple[list[Written], Counter[str], RowsDigest]:
        unplaced: Counter[str] = Counter()
        added = RowsDigest()
        stored = [outcome for outcome in (NEW, CHANGED) if self._outcomes.counts[outcome]]
        if self._context.deletes or not stored:
            return [], unplaced, added
        most = sum(self._outcomes.counts[outcome] for outcome in stored)
        job.tell("write", 0, most)
        table = self._cluster.table(OutcomeReader(), self._outcomes.tasks(*stored), OUTCOMES)
        chooser = Chooser(tuple(self._pieces), self._context.staging, self._sizes.run_rows)
        chosen = self._cluster.gather(table, "piece", chooser)
        runs = [run_of(values) for report in chosen for values in report["runs"]]
        given = {"st_recorded_from": stamp.recorded_at_us, "st_load": stamp.load}
        writer = RangeWriter(self._sent(base), schema, given, self._context.unit_codes)
        written: list[Written] = []
        for report in self._cluster.run(writer, ranges(runs, self._sizes.range_rows)):
            written.append(written_of(report["written"]))
            unplaced.update(report["unplaced"])
            added += RowsDigest.read(report["digest"])
        job.tell("write", most, most)
        return written, unplaced, added

    def _close_rows(self, base: Snapshot, stamp: Reckoning, job: Job) -> tuple[list[Written], list[File]]:
        """Write the files anew that hold superseded rows; return them, and the files that they stand for."""
        superseded = self._outcomes.superseded
        if not superseded:
            return [], []
        job.tell("update", 0, len(superseded))
        files = {number: base.files[number] for number in superseded}
        closer = Closer(self._sent(base), files, dict(superseded), stamp.recorded_at_us)
        table = self._cluster.table(OutcomeReader(), self._outcomes.tasks(CHANGED), OUTCOMES)
        reports = self._cluster.gather(table, "file", closer)
        reports.sort(key=lambda report: int(report["file"]))
        return [written_of(report["written"]) for report in reports], [
            files[report["file"]] for report in reports
        ]

    def _sent(self, base: Snapshot) -> SentLayer:
        return SentLayer(self._layer.name, replace(base, files=()))

    def compact(self) -> None:
        """Merge the files of months that have many, which the commit could not merge."""
        self._layer.compact(self._context.staging, large_rows=_LARGE_ROWS)

    def _counts(self, unplaced: Mapping[str, int]) -> dict[str, object]:
        deletes, counts = self._context.deletes, self._outcomes.counts
        refused = {refusal.row for refusal in self._context.intake.refusals}
        return {
            "accepted": 0 if deletes else counts[NEW],
            "updated": counts[CHANGED],
            "unchanged": counts[NEW if deletes else SAME],
            "duplicates": self._outcomes.repeated,
            "unplaced": sum(unplaced.values()),
            "unplaced_by": dict(unplaced),
            "time_adjusted": len(self._adjusted - refused),
        }


def _numbers(reports: Iterable[Report], outcome: str) -> list[int]:
    return [number for report in reports for number in report[outcome]]
