"""One load of a feature layer: from a source file to one atomic commit and a reckoning of every row.

::

    read ─ clean ─┬─ repeated as written: its belief stays
                   └─ others ─ sorter ─┐
    beliefs now ─ changes: what ends, what begins ─┴─ rows and ends ─ commit ─ ledger

The source is read once. Rows spill to the city's folder; what stays in memory is a key, a digest and a
period for each row that is not repeated and for each belief.
"""

from __future__ import annotations

import contextlib
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.ledger import Ledger, Quarantine, Reckoning
from stcloud.daas.load.clean_events import FEW_ROWS, ROW
from stcloud.daas.load.clean_features import PART, DigestIndex, FeatureCleaner
from stcloud.daas.load.drift import Drift
from stcloud.daas.load.equivalence import equivalent_features, loose_texts
from stcloud.daas.load.ingest import ordered
from stcloud.daas.load.instant import next_recorded_us
from stcloud.daas.load.intake import Intake, joined, no_pieces, nobody, nothing
from stcloud.daas.load.limit import Limit, refuse_too_many
from stcloud.daas.load.notes import load_remarks
from stcloud.daas.load.peek import is_bare, is_empty
from stcloud.daas.load.write_features import write_changes
from stcloud.daas.table.changeset import ChangeSet, DatedRows, contradicted, decide_changes, select_rows
from stcloud.daas.table.feature import Believed, FeatureLayer, VersionRows
from stcloud.daas.table.schema import (
    Attribute,
    as_defined,
    bind_columns,
    geometry_named,
    require_columns,
    types_of,
)
from stcloud.daas.table.timeline import ABSENT, FOREVER, Ints, Pieces
from stcloud.errors import Conflict, InternalError, InvalidInput, NotFound, StorageError
from stcloud.iaas.clock import Clock
from stcloud.iaas.job import Job
from stcloud.iaas.memory import steady_memory
from stcloud.iaas.source.protocol import Refusal, Source
from stcloud.iaas.source.text import Declared
from stcloud.iaas.table.sorter import Sorter
from stcloud.iaas.table.table import Snapshot
from stcloud.space import Lattice
from stcloud.time import Zone

__all__ = ["FeatureMode", "Revision", "known_snapshots"]

FeatureMode = Literal["snapshot", "changes", "append", "delete"]
_WORKERS = 2
_AHEAD = 4
_RECENT = 8
_ORDER = ("st_cell", ROW)


@dataclass(frozen=True, slots=True, eq=False)
class _Settled:
    """What a load changes, and how its rows are counted."""

    changes: ChangeSet
    held: VersionRows
    duplicates: int
    seen: int
    ended: int
    overridden: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One load of one source into one feature layer; the caller holds the layer's lock.

    Parameters
    ----------
    layer, definition, lattice, zone
        Where to, how to read it, and the city's space and time.
    ledger, quarantine
        The city's.
    mode
        What the load states; see `docs/explanation/time-stamped-layers.md`.
    limit
        How many rejected rows make the load fail as a whole.
    valid_from_us, valid_to_us
        The period that is stated of rows without one of their own; None: not said.
    allow_missing
        Columns that the source may lack though the layer keeps them.
    """

    layer: FeatureLayer
    definition: FeatureDefinition
    lattice: Lattice
    zone: Zone
    ledger: Ledger
    quarantine: Quarantine
    mode: FeatureMode
    limit: Limit
    valid_from_us: int | None
    valid_to_us: int | None
    allow_missing: frozenset[str] = frozenset()

    def run(
        self,
        source: Source,
        *,
        name: str,
        load: str,
        clock: Clock,
        staging: Path,
        job: Job,
        unchanged: Callable[[], None] = lambda: None,
    ) -> Reckoning:
        """Load the source; return the reckoning. Parameters as of `Ingest.run`.

        Raises
        ------
        InvalidInput
            ``valid-from-needed``, ``period-in-snapshot``, ``too-many-rejected``, ``vanished-column``; nothing was
            written.
        """
        names = as_defined(self.definition, source.columns)
        types = types_of(source, names)
        columns, drift = self._columns(source, names, name, types)
        snapshots = known_snapshots(self.layer)
        period = self._period(snapshots)
        with contextlib.ExitStack() as held:
            held.enter_context(steady_memory())
            held.callback(self.layer.table.sweep)
            sorter = Sorter(staging, part=PART, order=_ORDER)
            held.callback(sorter.close)
            snapshot = self.layer.current()
            believed = self.layer.believed(snapshot) if snapshot else nobody()
            known = self._repeatable(believed, period)
            cleaner = FeatureCleaner(
                self.definition, columns, self.lattice, self.zone, known, period, self.mode == "delete",
                many=len(believed) > FEW_ROWS, types=types,
            )  # fmt: skip
            intake = self._take_in(source, names, cleaner, sorter, job)
            unchanged()
            refuse_too_many(self.limit, intake.refusals, intake.read, name)
            blank = Reckoning(
                load, self.layer.name, name, self.mode, 0, attempt=uuid.uuid4().hex,
                new_columns=drift.new, missing_columns=drift.missing,
                notes=load_remarks(source, self.definition.space, self.lattice.crs),
            )  # fmt: skip
            reckoning = self._store(
                intake, columns, types, believed, period, sorter, snapshot, snapshots, blank, clock, job
            )
            self.ledger.write([reckoning])
            with contextlib.suppress(Conflict, StorageError):  # the load is done: merging files can wait
                self.layer.compact(staging)
        return reckoning

    def _columns(
        self, file: Source, names: tuple[str, ...], source: str, types: Mapping[str, Declared]
    ) -> tuple[Mapping[str, Attribute], Drift]:
        if self.mode == "delete":
            if not self.layer.exists:
                raise NotFound("unknown-layer", f"there is no layer '{self.layer.name}' to delete from")
            if not is_bare(file):
                require_columns(self.definition, self.definition.key, names, source)
            return {}, Drift()
        if is_bare(file):
            return {}, Drift()
        known = self.layer.attributes() if self.layer.exists else ()
        columns = bind_columns(
            self.definition, names, source, types, known,
            optional=self.allow_missing, geometry=geometry_named(file, names),
        )  # fmt: skip
        if is_empty(file):
            return columns, Drift()
        return columns, Drift.of(self.layer, self.definition, columns, self.allow_missing, source)

    def _period(self, snapshots: list[int]) -> tuple[int, int]:
        """Return the period that rows are stated for, unless they have their own."""
        valid = self.definition.valid
        own = valid is not None and valid.start is not None
        if self.mode == "snapshot":
            if own:
                raise InvalidInput(
                    "period-in-snapshot",
                    f"the rows of layer '{self.layer.name}' have periods of their own; a snapshot has one instant",
                    hint="load with --mode changes",
                )
            if self.valid_to_us is not None:
                raise InvalidInput(
                    "period-in-snapshot", "a snapshot holds until the next one", hint="leave out --valid-to"
                )
        if self.valid_from_us is None:
            if own:
                return 0, FOREVER
            raise InvalidInput(
                "valid-from-needed",
                f"nothing says since when the rows for layer '{self.layer.name}' were so",
                hint="state --valid-from",
            )
        end = FOREVER if self.valid_to_us is None else self.valid_to_us
        if self.mode == "snapshot":
            end = min((one for one in snapshots if one > self.valid_from_us), default=FOREVER)
        if end <= self.valid_from_us:
            raise InvalidInput("empty-period", "the valid period ends before it begins, or as it begins")
        return self.valid_from_us, end

    def _repeatable(self, believed: Believed, period: tuple[int, int]) -> DigestIndex:
        """Beliefs that hold all through a snapshot's period: a row that repeats one changes nothing."""
        if self.mode != "snapshot" or self.definition.duplicates == "keep":
            return DigestIndex.of(believed, np.zeros(len(believed), np.bool_))
        return DigestIndex.of(believed, (believed.start_us <= period[0]) & (believed.end_us >= period[1]))

    def _take_in(
        self, source: Source, names: tuple[str, ...], cleaner: FeatureCleaner, sorter: Sorter, job: Job
    ) -> Intake:
        intake = Intake()
        with ThreadPoolExecutor(_WORKERS) as pool:
            batches = ((replace(one, rows=one.rows.rename_columns(list(names))),) for one in source.batches())
            for found in ordered(pool, cleaner.clean, batches, ahead=_AHEAD):
                intake.add(found)
                if self.mode != "delete":
                    sorter.add(found.rows)
                job.tell("read", intake.read, 0)
        sorter.flush()
        if self.definition.duplicates == "keep":
            sorter.replace("st_key", ROW, *intake.number_repeats())
        return intake

    def _store(
        self,
        intake: Intake,
        columns: Mapping[str, Attribute],
        types: Mapping[str, Declared],
        believed: Believed,
        period: tuple[int, int],
        sorter: Sorter,
        snapshot: Snapshot | None,
        snapshots: list[int],
        blank: Reckoning,
        clock: Clock,
        job: Job,
    ) -> Reckoning:
        job.tell("compare", 0, 1)
        wanted = list(columns.values())
        schema = self.layer.prepare(wanted)
        before = snapshot or self.layer.table.snapshot()
        settled = self._settle(intake, believed, period, sorter, before, loose_texts(columns, types))
        refuse_too_many(self.limit, intake.refusals, intake.read, blank.source)
        blank = replace(blank, recorded_at_us=next_recorded_us(self.layer, self.ledger, clock()))
        changes, held = settled.changes, settled.held
        written, unplaced, added = write_changes(self.layer, changes, sorter, held, schema, blank, job)
        reckoning = self._reckon(intake, settled, unplaced, replace(blank, rows_digest=added.text))
        kept = [*intake.refusals, *intake.repairs]
        self.quarantine.write(blank.load, self.layer.name, blank.attempt, blank.source, kept)
        job.tell("commit", 0, 1)
        if written:
            self.layer.extend(wanted)
        instants_known = sorted({*snapshots, period[0]} if self.mode == "snapshot" else snapshots)
        self.ledger.prepare()
        (entry,) = self.ledger.chained([reckoning])
        note = entry | {"snapshots": instants_known, "valid_from": period[0]}
        self.layer.table.commit(add=written, after=before.sequence, note=note)
        return reckoning

    def _settle(
        self,
        intake: Intake,
        believed: Believed,
        period: tuple[int, int],
        sorter: Sorter,
        snapshot: Snapshot,
        loose: Mapping[str, str],
    ) -> _Settled:
        """Decide what the rows change; rows that are refused here join the refusals."""
        seen, first = np.unique(np.concatenate(intake.seen or [nothing()]), return_index=True)
        seen_number = np.concatenate(intake.seen_numbers or [nothing()])[first]
        repeated = sum(map(len, intake.seen)) - len(seen)
        rows, beliefs, silent = intake.coded(believed)
        # A row that repeats a belief counts among those of its key that do not.
        rival = np.isin(beliefs.key[seen], rows.key)
        again = beliefs.take(seen[rival])
        again = replace(
            again, number=seen_number[rival],
            start_us=np.full(len(again), period[0]), end_us=np.full(len(again), period[1]),
        )  # fmt: skip
        both = joined(rows, again)
        found = select_rows(both, "last" if self.mode == "delete" else self.definition.duplicates)
        texts = pa.chunked_array([*intake.key, believed.key.take(pa.array(seen[rival]))], pa.string())
        for at in np.flatnonzero(found.conflicting).tolist():
            intake.refusals.append(
                Refusal(int(both.number[at]), "st_key", texts[at].as_py(), "conflicting-key")
            )
        told = rows.take(found.selected[: len(rows)])
        silent = np.concatenate([silent, both.key[found.conflicting]])
        if self.mode == "append":
            told = self._refuse_known(intake, told, beliefs)
        gone = self._gone(beliefs, told, seen, silent, period)
        touched = beliefs.take(np.isin(beliefs.key, np.concatenate([told.key, gone.key])))
        held = VersionRows(self.layer, snapshot, touched.number)
        equal = self._alike(told, touched, sorter, held, loose)
        changes = decide_changes(told, touched, equal, gone, absent=self.mode == "delete")
        stays = int(found.selected[len(rows) :].sum())
        seen_count = len(seen) - len(again) + stays
        return _Settled(
            changes, held, found.duplicates + repeated, seen_count, len(np.unique(gone.key)),
            self._overridden(believed, changes, period),
        )  # fmt: skip

    def _refuse_known(self, intake: Intake, told: DatedRows, beliefs: DatedRows) -> DatedRows:
        changes = decide_changes(told, beliefs, (nothing(), nothing()), no_pieces(), absent=False)
        for number in told.number[~changes.new].tolist():
            intake.refusals.append(Refusal(int(number), "st_key", None, "known-key"))
        return told.take(changes.new)

    def _gone(
        self, beliefs: DatedRows, told: DatedRows, seen: Ints, silent: Ints, period: tuple[int, int]
    ) -> Pieces:
        """Return that the keys which a snapshot does not have are not there."""
        if self.mode != "snapshot":
            return no_pieces()
        there = (beliefs.start_us < period[1]) & (period[0] < beliefs.end_us)
        keys = np.unique(beliefs.key[there])
        keys = keys[~np.isin(keys, np.concatenate([told.key, silent, beliefs.key[seen]]))]
        count = len(keys)
        return Pieces(keys, np.full(count, period[0]), np.full(count, period[1]), np.full(count, ABSENT))

    def _alike(
        self, told: DatedRows, touched: DatedRows, sorter: Sorter, held: VersionRows, loose: Mapping[str, str]
    ) -> tuple[Ints, Ints]:
        if self.mode == "delete":
            return nothing(), nothing()
        return equivalent_features(told, touched, sorter, held, self.definition.shape.tolerance_m, loose)

    def _overridden(self, believed: Believed, changes: ChangeSet, period: tuple[int, int]) -> int:
        """Count beliefs that a change stated and that this snapshot contradicts."""
        if self.mode != "snapshot" or not len(changes.ended):
            return 0
        modes = {one.load: one.mode for one in self.ledger.loads(self.layer.name)}
        order = np.argsort(believed.row)
        place = order[np.searchsorted(believed.row[order], changes.ended)]
        loads = believed.load.take(pa.array(place)).to_pylist()
        changed = np.array([modes.get(load, "snapshot") != "snapshot" for load in loads])
        if not changed.any():
            return 0
        return int((changed & contradicted(changes.lost, changes.begun, period)).sum())

    def _reckon(self, intake: Intake, settled: _Settled, unplaced: int, blank: Reckoning) -> Reckoning:
        changes = settled.changes
        deleting = self.mode == "delete"
        unchanged = int(changes.unchanged.sum())
        new = 0 if deleting else int((changes.new & ~changes.unchanged).sum())
        reckoning = replace(
            blank,
            read=intake.read,
            accepted=new,
            updated=len(changes.new) - new - unchanged,
            unchanged=unchanged + settled.seen,
            duplicates=settled.duplicates,
            rejected=len(intake.refusals),
            unplaced=0 if self.definition.space.none else unplaced,
            time_adjusted=intake.adjusted,
            trimmed=intake.padded,
            ended=settled.ended,
            overridden=settled.overridden,
            repaired=len(intake.repairs),
            rejected_by=dict(Counter(one.reason.split(":")[0] for one in intake.refusals)),
        )
        if not reckoning.adds_up:
            raise InternalError("reckoning", f"the reckoning does not add up: {reckoning.counts}")
        return reckoning


def known_snapshots(layer: FeatureLayer) -> list[int]:
    """Return the instants of the snapshots that the layer knows, UTC microseconds, from its newest commit's note."""
    if not layer.exists:
        return []
    for most in (_RECENT, None):  # reading the whole log takes longer every night
        for note in layer.table.notes(most):
            if "snapshots" in note:
                return list(note["snapshots"])
    return []
