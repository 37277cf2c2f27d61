"""The steps of a load of features.

::

    clean ─┬─ repeated as written: its version stays
           └─ others ─ sorter ─┐
    versions now ─ changes: what ends, what begins ─┴─ rows and ends

What stays in memory is a key, a digest and a period for each row that is not repeated and for each version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, cast

import numpy as np
import pyarrow as pa

from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.load.clean_events import FEW_ROWS, ROW
from stcloud.daas.load.clean_features import PART, CleanedFeatures, DigestIndex, FeatureCleaner
from stcloud.daas.load.equivalence import equivalent_features, loose_texts
from stcloud.daas.load.feature_keys import FeatureKeys, no_beliefs, nothing
from stcloud.daas.load.feature_period import stated_period
from stcloud.daas.load.feature_settle import (
    ContentChecks,
    FeatureChanges,
    FeatureStatement,
    settle_features,
)
from stcloud.daas.load.steps import LoadContext, TableChange
from stcloud.daas.load.unexpired import unexpired_features
from stcloud.daas.load.write_features import write_changes
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.changeset import DatedRows, Mask
from stcloud.daas.table.feature import FeatureLayer, VersionRows, known_snapshots
from stcloud.daas.table.timeline import Ints
from stcloud.iaas.job import Job
from stcloud.iaas.source.protocol import Batch
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import Snapshot

__all__ = ["FeatureLoad", "FeatureMode", "loads_of_changes", "snapshot_note"]

FeatureMode = Literal["snapshot", "changes", "append", "delete"]
"""What a load states; see `docs/explanation/time-stamped-layers.md`."""

_ORDER = ("st_cell", ROW)


class FeatureLoad:
    """One load of features; see `LoadSteps`."""

    cleaner: ClassVar[type[FeatureCleaner]] = FeatureCleaner
    """Turns batches into typed rows."""

    def __init__(self, context: LoadContext) -> None:
        self._context = context
        self._layer = cast("FeatureLayer", context.layer)
        self._definition = cast("FeatureDefinition", context.definition)
        self._sorter = Sorter(context.staging, part=PART, order=_ORDER)
        self._keys = FeatureKeys()
        self._adjusted = 0
        self._settled: FeatureChanges | None = None
        self.base: Snapshot | None = None

    def begin(self) -> None:
        """Decide which period rows are stated for, and read what is believed now.

        Raises
        ------
        InvalidInput
            ``valid-from-needed``, ``period-in-snapshot``, ``empty-period``
        """
        context = self._context
        self._snapshots = known_snapshots(self._layer)
        period = stated_period(self._layer.name, self._definition, context.request, self._snapshots)
        mode = context.request.mode
        expired = mode == "snapshot" and context.expiry.covers(period[1])
        self._statement = FeatureStatement(mode, self._definition.duplicates, period, expired)
        self.base = self._layer.current()
        self._believed = self._layer.believed(self.base) if self.base else no_beliefs()
        repeatable = self._statement.repeatable(self._believed.start_us, self._believed.end_us)
        self._cleaner = self.cleaner(
            self._definition, context.columns, context.lattice, context.zone,
            DigestIndex.of(self._believed, repeatable), period,
            context.deletes, many=len(self._believed) > FEW_ROWS, types=context.types,
        )  # fmt: skip

    def clean(self, batch: Batch) -> CleanedFeatures:
        """Clean one batch."""
        return self._cleaner.clean(batch)

    def take(self, cleaned: CleanedFeatures) -> None:
        """Keep keys, digests and periods, and set rows aside."""
        intake = self._context.intake
        intake.see(cleaned.start_us)
        cleaned, purged = unexpired_features(cleaned, self._context.expiry, self._statement)
        intake.purged += purged
        intake.read += cleaned.read
        intake.trimmed += cleaned.padded
        intake.refusals += cleaned.refusals
        intake.repairs += cleaned.repairs
        self._adjusted += cleaned.adjusted
        self._keys.add(cleaned)
        if not self._context.deletes:
            self._sorter.add(cleaned.rows)

    def settle(self, base: Snapshot) -> None:
        """Decide what the rows change in what is believed."""
        self._sorter.flush()
        if self._definition.duplicates == "keep":
            self._sorter.replace("st_key", ROW, *self._keys.number_repeats())
        self._settled = self._settle(base)

    def write(self, base: Snapshot, schema: pa.Schema, stamp: Reckoning, job: Job) -> TableChange:  # noqa: ARG002
        """Write the versions that begin, and the ends of others."""
        assert self._settled is not None  # noqa: S101  (settled before)
        settled = self._settled
        written, unplaced, added = write_changes(
            self._layer, settled.changes, self._sorter, self._versions, schema, stamp, job
        )
        note = snapshot_note(self._statement, self._snapshots)
        return TableChange(written, (), added, self._counts(settled, unplaced), note)

    def compact(self) -> None:
        """Merge files that have become many."""
        self._layer.compact(self._context.staging)

    def close(self) -> None:
        """Let go of the rows."""
        self._sorter.close()

    def _settle(self, base: Snapshot) -> FeatureChanges:
        self._versions = VersionRows(self._layer, base, nothing())

        def equal(stated: DatedRows, touched: DatedRows) -> tuple[Ints, Ints]:
            self._versions = VersionRows(self._layer, base, touched.number)
            return self._equivalent(stated, touched)

        checks = ContentChecks(self._lasting, equal, self._by_changes)
        return settle_features(
            self._statement, self._keys, self._believed, checks, self._context.intake.refuse
        )

    def _lasting(self, rows: DatedRows, beliefs: DatedRows) -> DatedRows:  # noqa: ARG002  (other kinds look at them)
        """Return rows with the ends of their periods, where what the layer holds decides about them."""
        return rows

    def _equivalent(self, stated: DatedRows, touched: DatedRows) -> tuple[Ints, Ints]:
        if self._context.deletes:
            return nothing(), nothing()
        loose: Mapping[str, str] = loose_texts(self._context.columns, self._context.types)
        tolerance_m = self._definition.shape.tolerance_m
        return equivalent_features(stated, touched, self._sorter, self._versions, tolerance_m, loose)

    def _by_changes(self, place: Ints) -> Mask:
        """Tell of beliefs whether a load of changes stated them."""
        changing = loads_of_changes(self._context)
        loads = self._believed.load.take(pa.array(place)).to_pylist()
        return np.array([load in changing for load in loads], np.bool_)

    def _counts(self, settled: FeatureChanges, unplaced: int) -> dict[str, object]:
        return {
            **settled.counts,
            "unplaced": 0 if self._definition.space.none else unplaced,
            "time_adjusted": self._adjusted,
        }


def snapshot_note(statement: FeatureStatement, snapshots: Iterable[int]) -> dict[str, Any]:
    """Return what a commit notes of the snapshots that the layer knows then."""
    start_us = statement.period[0]
    known = statement.mode == "snapshot" and not statement.expired
    return {"snapshots": sorted({*snapshots, *([start_us] if known else [])}), "valid_from": start_us}


def loads_of_changes(context: LoadContext) -> frozenset[str]:
    """Return the loads of a layer that were no snapshots."""
    loads = context.ledger.loads(context.layer.name)
    return frozenset(load.load for load in loads if load.mode != "snapshot")
