"""A load of features on a cluster: workers read, clean, settle key by key and write; the client commits once.

::

    layer ─ digests that rows may repeat ─┐
    parts ─ read, clean ──────────────────┴─ pieces, and what is spoken of
    spoken of, beliefs ─ brought together by key ─ what begins, what ends
    what begins, with its content ─ sorted ─ ranges ─ files;   what ends ─ one file

The client learns counts, refused rows and names of files.

Tested by `tests/conformance/test_cluster_features.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import cast

import numpy as np
import pyarrow as pa

from stcloud.daas.chain import RowsDigest
from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.load.clean_events import FEW_ROWS
from stcloud.daas.load.clean_features import DigestIndex, FeatureCleaner
from stcloud.daas.load.cluster_feature_read import (
    SPOKEN,
    FeaturePartReader,
    SentFeatures,
    SpokenReader,
    VersionIndexer,
    VersionReader,
)
from stcloud.daas.load.cluster_feature_settle import BEGUN, KEPT_APART, TOGETHER, FeatureSettler
from stcloud.daas.load.cluster_feature_store import BegunReader, EndWriter, FeatureChooser, FeatureRangeWriter
from stcloud.daas.load.cluster_reading import ClusterReading
from stcloud.daas.load.cluster_store import ranges, run_of, written_of
from stcloud.daas.load.equivalence import loose_texts
from stcloud.daas.load.feature_keys import no_beliefs
from stcloud.daas.load.feature_load import loads_of_changes, snapshot_note
from stcloud.daas.load.feature_period import stated_period
from stcloud.daas.load.feature_settle import FeatureStatement
from stcloud.daas.load.steps import LoadContext, TableChange
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.feature import FeatureLayer, end_files, known_snapshots, row_files
from stcloud.daas.table.schema import FEATURE_PART
from stcloud.iaas.engine.cluster import Cluster, Report
from stcloud.iaas.job import Job
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.table import File, Snapshot

__all__ = ["ClusterFeatureLoad"]

_COUNTS = ("accepted", "updated", "unchanged", "duplicates", "ended", "overridden")


class ClusterFeatureLoad(ClusterReading):
    """One load of features on a cluster: its reading and its steps; see `ClusterReading` and `StoreSteps`."""

    def __init__(self, context: LoadContext, names: tuple[str, ...], cluster: Cluster) -> None:
        super().__init__(context, names, cluster)
        self._layer = cast("FeatureLayer", context.layer)
        self._definition = cast("FeatureDefinition", context.definition)
        self._spoken: list[tuple[int, str]] = []
        self._adjusted = 0
        self._shares: list[Report] = []
        self.base: Snapshot | None = None

    def begin(self) -> None:
        """Decide which period rows are stated for, as `FeatureLoad`; have here what workers read of the layer."""
        context = self._context
        self._snapshots = known_snapshots(self._layer)
        period = stated_period(self._layer.name, self._definition, context.request, self._snapshots)
        mode = context.request.mode
        expired = mode == "snapshot" and context.expiry.covers(period[1])
        self._statement = FeatureStatement(mode, self._definition.duplicates, period, expired)
        self.base = self._layer.current()
        self._files: dict[int, File] = {}
        if self.base is not None:
            self._files = dict(enumerate(row_files(self.base, open_only=True)))
            self.base.bring(self.base.paths([*self._files.values(), *end_files(self.base)]))

    def _versions(self) -> VersionReader:
        assert self.base is not None  # noqa: S101  (there are files)
        ends = tuple(end_files(self.base))
        return VersionReader(self._sent(self.base), ends, loads_of_changes(self._context))

    def _sent(self, base: Snapshot, files: Sequence[File] = ()) -> SentFeatures:
        return SentFeatures(self._layer.name, replace(base, files=tuple(files)))

    def read(self, job: Job) -> None:
        """Let workers read the parts of the source."""
        context = self._context
        unknown = DigestIndex.of(no_beliefs(), np.zeros(0, np.bool_))
        cleaner = FeatureCleaner(
            self._definition, context.columns, context.lattice, context.zone, unknown, self._statement.period,
            context.deletes, many=sum(file.rows for file in self._files.values()) > FEW_ROWS, types=context.types,
        )  # fmt: skip
        reader = FeaturePartReader(
            context.source.reopened, self._names, cleaner, context.expiry, self._statement, self._known(),
            context.staging, self._sizes.piece_rows,
        )  # fmt: skip
        first = 0
        for report in self._read_parts(reader, job):
            self._spoken.append((first, report["spoken"]))
            first += len(report["pieces"])
            self._adjusted += report["adjusted"]

    def _known(self) -> tuple[str, ...]:
        """Return files of the digests of versions that rows may repeat as they were written."""
        repeats = self._statement.mode == "snapshot" and self._statement.rule != "keep"
        if not repeats or not self._files:
            return ()
        indexer = VersionIndexer(self._versions(), self._statement, self._context.staging)
        return tuple(report["path"] for report in self._cluster.run(indexer, list(self._files.values())))

    def settle(self, base: Snapshot) -> None:
        """Decide, key by key, what the rows change in what is believed."""
        context = self._context
        came = self._cluster.table(SpokenReader(), self._spoken, SPOKEN)
        believed = (
            self._cluster.table(self._versions(), list(self._files.items()), SPOKEN)
            if self._files
            else self._cluster.table(SpokenReader(), [], SPOKEN)
        )
        settler = FeatureSettler(
            self._sent(base, tuple(self._files.values())), tuple(self._pieces), self._statement,
            self._definition.shape.tolerance_m, loose_texts(context.columns, context.types), context.staging,
        )  # fmt: skip
        query = KEPT_APART if self._statement.rule == "keep" else TOGETHER
        together = self._cluster.query(query, came=came, believed=believed)
        self._shares = sorted(
            self._cluster.gather(together, "key", settler), key=lambda share: str(share["begun"])
        )
        refused = [tuple(refusal) for share in self._shares for refusal in share["refusals"]]
        for number, key, reason in sorted(refused, key=lambda refusal: int(refusal[0])):
            context.intake.refuse(number, key, reason)

    def write(self, base: Snapshot, schema: pa.Schema, stamp: Reckoning, job: Job) -> TableChange:
        """Let workers write the versions that begin, and the ends of others."""
        self._layer.table.prepare_staging()
        schema = pa.schema([field for field in schema if field.name != FEATURE_PART])
        written, unplaced, added = self._write_begun(base, schema, stamp, job)
        ended = tuple(share["ended"] for share in self._shares if share["ended_rows"])
        ends = EndWriter(self._sent(base), schema, stamp.recorded_at_us)
        reports = self._cluster.run(ends, [ended] if ended else [])
        written += [written_of(report["written"]) for report in reports]
        counts: Counter[str] = Counter(dict.fromkeys(_COUNTS, 0))
        for share in self._shares:
            counts.update(share["counts"])
        own = {
            "unplaced": 0 if self._definition.space.none else unplaced,
            "time_adjusted": self._adjusted,
        }
        return TableChange(
            written, (), added, {**counts, **own}, snapshot_note(self._statement, self._snapshots)
        )

    def _write_begun(
        self, base: Snapshot, schema: pa.Schema, stamp: Reckoning, job: Job
    ) -> tuple[list[Written], int, RowsDigest]:
        counts = [int(share["begun_rows"]) for share in self._shares]
        most, unplaced, added = sum(counts), 0, RowsDigest()
        if not most:
            return [], unplaced, added
        job.tell("write", 0, most)
        begin = int(self._layer.numbers(1)[0])
        firsts = list(accumulate(counts, initial=begin))
        begun = [
            (first, str(share["begun"]))
            for share, first in zip(self._shares, firsts, strict=False)
            if share["begun_rows"]
        ]
        table = self._cluster.table(BegunReader(), begun, BEGUN)
        chooser = FeatureChooser(
            self._sent(base), self._files, tuple(self._pieces), schema, stamp, self._context.staging,
            self._sizes.run_rows,
        )  # fmt: skip
        chosen = self._cluster.gather(table, "source", chooser)
        for report in chosen:
            unplaced += report["unplaced"]
            added += RowsDigest.read(report["digest"])
        runs = [run_of(values) for report in chosen for values in report["runs"]]
        writer = FeatureRangeWriter(self._sent(base))
        reports = self._cluster.run(writer, ranges(runs, self._sizes.range_rows))
        job.tell("write", most, most)
        return [written_of(report["written"]) for report in reports], unplaced, added

    def compact(self) -> None:
        """Merge files that have become many."""
        self._layer.compact(self._context.staging)
