"""The steps of a load of features.

::

    clean ─┬─ repeated as written: its version stays
           └─ others ─ sorter ─┐
    versions now ─ changes: what ends, what begins ─┴─ rows and ends

What stays in memory is a key, a digest and a period for each row that is not repeated and for each version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, cast

import numpy as np
import pyarrow as pa

from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.ledger import Reckoning
from stcloud.daas.load.clean_events import FEW_ROWS, ROW
from stcloud.daas.load.clean_features import PART, CleanedFeatures, DigestIndex, FeatureCleaner
from stcloud.daas.load.equivalence import equivalent_features, loose_texts
from stcloud.daas.load.feature_keys import FeatureKeys, joined, no_beliefs, no_pieces, nothing
from stcloud.daas.load.steps import LoadContext, TableChange
from stcloud.daas.load.write_features import write_changes
from stcloud.daas.table.changeset import ChangeSet, DatedRows, contradicted, decide_changes, select_rows
from stcloud.daas.table.feature import FeatureLayer, VersionRows, known_snapshots
from stcloud.daas.table.timeline import ABSENT, FOREVER, Ints, Pieces
from stcloud.errors import InvalidInput
from stcloud.iaas.job import Job
from stcloud.iaas.source.protocol import Batch
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import Snapshot

__all__ = ["FeatureChanges", "FeatureLoad", "FeatureMode"]

FeatureMode = Literal["snapshot", "changes", "append", "delete"]
"""What a load states; see `docs/explanation/time-stamped-layers.md`."""

_ORDER = ("st_cell", ROW)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureChanges:
    """What a load changes, and how its rows are counted."""

    changes: ChangeSet
    versions: VersionRows
    duplicates: int
    seen: int
    ended: int
    overridden: int


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
        self._period = self._stated_period()
        self._expired = context.request.mode == "snapshot" and context.expiry.covers(self._period[1])
        self.base = self._layer.current()
        self._believed = self._layer.believed(self.base) if self.base else no_beliefs()
        self._cleaner = self.cleaner(
            self._definition, context.columns, context.lattice, context.zone, self._repeatable(), self._period,
            context.deletes, many=len(self._believed) > FEW_ROWS, types=context.types,
        )  # fmt: skip

    def clean(self, batch: Batch) -> CleanedFeatures:
        """Clean one batch."""
        return self._cleaner.clean(batch)

    def take(self, cleaned: CleanedFeatures) -> None:
        """Keep keys, digests and periods, and set rows aside."""
        intake = self._context.intake
        intake.see(cleaned.start_us)
        cleaned = self._without_expired(cleaned)
        intake.read += cleaned.read
        intake.trimmed += cleaned.padded
        intake.refusals += cleaned.refusals
        intake.repairs += cleaned.repairs
        self._adjusted += cleaned.adjusted
        self._keys.add(cleaned)
        if not self._context.deletes:
            self._sorter.add(cleaned.rows)

    def _without_expired(self, cleaned: CleanedFeatures) -> CleanedFeatures:
        """Return rows without those, and without values, that a purge says are not to be loaded.

        A snapshot of a purged time is left out as a whole: it would also end what it lacks.
        """
        expiry, intake = self._context.expiry, self._context.intake
        if self._expired:
            intake.purged += cleaned.read - len(cleaned.refusals)
            gone = np.zeros(cleaned.rows.num_rows, np.bool_)
            return replace(
                cleaned, rows=cleaned.rows.slice(0, 0), start_us=cleaned.start_us[gone], end_us=cleaned.end_us[gone],
                seen=nothing(), seen_numbers=nothing(), silent=cleaned.silent.slice(0, 0), repairs=(), adjusted=0,
            )  # fmt: skip
        if not expiry or self._context.request.mode == "snapshot" or self._context.deletes:
            return cleaned
        rows, stays = expiry.applied(cleaned.rows, lambda before_us: np.asarray(cleaned.end_us <= before_us))
        numbers = rows.column(ROW).to_numpy()[~stays]
        intake.purged += len(numbers)
        repairs = tuple(repair for repair in cleaned.repairs if repair.row not in numbers)
        return replace(
            cleaned, rows=rows.filter(pa.array(stays)), start_us=cleaned.start_us[stays],
            end_us=cleaned.end_us[stays], repairs=repairs,
        )  # fmt: skip

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
            self._layer, settled.changes, self._sorter, settled.versions, schema, stamp, job
        )
        start_us = self._period[0]
        known = self._context.request.mode == "snapshot" and not self._expired
        snapshots = {*self._snapshots, *([start_us] if known else [])}
        note = {"snapshots": sorted(snapshots), "valid_from": start_us}
        return TableChange(written, (), added, self._counts(settled, unplaced), note)

    def compact(self) -> None:
        """Merge files that have become many."""
        self._layer.compact(self._context.staging)

    def close(self) -> None:
        """Let go of the rows."""
        self._sorter.close()

    def _stated_period(self) -> tuple[int, int]:
        """Return the period that rows are stated for, unless they have their own."""
        valid, mode = self._definition.valid, self._context.request.mode
        start_us, end_us = self._context.request.valid_from_us, self._context.request.valid_to_us
        own = valid is not None and valid.start is not None
        if mode == "snapshot":
            if own:
                raise InvalidInput(
                    "period-in-snapshot",
                    f"the rows of layer '{self._layer.name}' have periods of their own; a snapshot has one instant",
                    hint="load with --mode changes",
                )
            if end_us is not None:
                raise InvalidInput(
                    "period-in-snapshot", "a snapshot holds until the next one", hint="leave out --valid-to"
                )
        if start_us is None:
            if own:
                return 0, FOREVER
            raise InvalidInput(
                "valid-from-needed",
                f"nothing says since when the rows for layer '{self._layer.name}' were so",
                hint="state --valid-from",
            )
        end = FOREVER if end_us is None else end_us
        if mode == "snapshot":
            end = min((at_us for at_us in self._snapshots if at_us > start_us), default=FOREVER)
        if end <= start_us:
            raise InvalidInput("empty-period", "the valid period ends before it begins, or as it begins")
        return start_us, end

    def _repeatable(self) -> DigestIndex:
        """Return versions that hold all through a snapshot's period: a row that repeats one changes nothing."""
        believed, period = self._believed, self._period
        if self._context.request.mode != "snapshot" or self._definition.duplicates == "keep":
            return DigestIndex.of(believed, np.zeros(len(believed), np.bool_))
        return DigestIndex.of(believed, (believed.start_us <= period[0]) & (believed.end_us >= period[1]))

    def _settle(self, base: Snapshot) -> FeatureChanges:
        keys, believed, period, deletes = self._keys, self._believed, self._period, self._context.deletes
        seen, first = np.unique(np.concatenate(keys.seen or [nothing()]), return_index=True)
        seen_number = np.concatenate(keys.seen_numbers or [nothing()])[first]
        repeated = sum(map(len, keys.seen)) - len(seen)
        rows, beliefs, silent = keys.coded(believed)
        rows = self._lasting(rows, beliefs)
        # A row that repeats a version counts among those of its key that do not.
        rival = np.isin(beliefs.key[seen], rows.key)
        again = beliefs.take(seen[rival])
        again = replace(
            again, number=seen_number[rival],
            start_us=np.full(len(again), period[0]), end_us=np.full(len(again), period[1]),
        )  # fmt: skip
        both = joined(rows, again)
        selection = select_rows(both, "last" if deletes else self._definition.duplicates)
        texts = pa.chunked_array([*keys.key, believed.key.take(pa.array(seen[rival]))], pa.string())
        for at in np.flatnonzero(selection.conflicting).tolist():
            self._context.intake.refuse(both.number[at], texts[at].as_py(), "conflicting-key")
        stated = rows.take(selection.selected[: len(rows)])
        silent = np.concatenate([silent, both.key[selection.conflicting]])
        if self._context.request.mode == "append":
            stated = self._refuse_known(stated, beliefs)
        gone = self._gone(beliefs, stated, seen, silent)
        touched = beliefs.take(np.isin(beliefs.key, np.concatenate([stated.key, gone.key])))
        versions = VersionRows(self._layer, base, touched.number)
        equal = self._equivalent(stated, touched, versions)
        changes = decide_changes(stated, touched, equal, gone, absent=deletes)
        stays = int(selection.selected[len(rows) :].sum())
        return FeatureChanges(
            changes, versions, selection.duplicates + repeated, len(seen) - len(again) + stays,
            len(np.unique(gone.key)), self._overridden(changes),
        )  # fmt: skip

    def _lasting(self, rows: DatedRows, beliefs: DatedRows) -> DatedRows:  # noqa: ARG002  (other kinds look at them)
        """Return rows with the ends of their periods, where what the layer holds decides about them."""
        return rows

    def _refuse_known(self, stated: DatedRows, beliefs: DatedRows) -> DatedRows:
        changes = decide_changes(stated, beliefs, (nothing(), nothing()), no_pieces(), absent=False)
        for number in stated.number[~changes.new].tolist():
            self._context.intake.refuse(number, None, "known-key")
        return stated.take(changes.new)

    def _gone(self, beliefs: DatedRows, stated: DatedRows, seen: Ints, silent: Ints) -> Pieces:
        """Return that the keys which a snapshot does not have are not there."""
        if self._context.request.mode != "snapshot" or self._expired:
            return no_pieces()
        start_us, end_us = self._period
        there = (beliefs.start_us < end_us) & (start_us < beliefs.end_us)
        keys = np.unique(beliefs.key[there])
        keys = keys[~np.isin(keys, np.concatenate([stated.key, silent, beliefs.key[seen]]))]
        count = len(keys)
        return Pieces(keys, np.full(count, start_us), np.full(count, end_us), np.full(count, ABSENT))

    def _equivalent(self, stated: DatedRows, touched: DatedRows, versions: VersionRows) -> tuple[Ints, Ints]:
        if self._context.deletes:
            return nothing(), nothing()
        loose: Mapping[str, str] = loose_texts(self._context.columns, self._context.types)
        tolerance_m = self._definition.shape.tolerance_m
        return equivalent_features(stated, touched, self._sorter, versions, tolerance_m, loose)

    def _overridden(self, changes: ChangeSet) -> int:
        """Count versions that a change stated and that this snapshot contradicts."""
        if self._context.request.mode != "snapshot" or not len(changes.ended):
            return 0
        believed = self._believed
        modes = {load.load: load.mode for load in self._context.ledger.loads(self._layer.name)}
        order = np.argsort(believed.row)
        place = order[np.searchsorted(believed.row[order], changes.ended)]
        loads = believed.load.take(pa.array(place)).to_pylist()
        changed = np.array([modes.get(load, "snapshot") != "snapshot" for load in loads])
        if not changed.any():
            return 0
        return int((changed & contradicted(changes.lost, changes.begun, self._period)).sum())

    def _counts(self, settled: FeatureChanges, unplaced: int) -> dict[str, object]:
        changes = settled.changes
        unchanged = int(changes.unchanged.sum())
        new = 0 if self._context.deletes else int((changes.new & ~changes.unchanged).sum())
        return {
            "accepted": new,
            "updated": len(changes.new) - new - unchanged,
            "unchanged": unchanged + settled.seen,
            "duplicates": settled.duplicates,
            "unplaced": 0 if self._definition.space.none else unplaced,
            "time_adjusted": self._adjusted,
            "ended": settled.ended,
            "overridden": settled.overridden,
        }
