"""Loading: from a source file to one atomic commit and a reckoning of every row.

::

    read ─ clean ─┬─ keys  ─ settle: which row stands for each key, is it new, changed or known
                  └─ sorter ─ by month, cell, time ─ files ┐
    files that hold superseded rows ─ written anew ────────┴─ commit ─ ledger

Nothing shows before the commit. Whoever is killed leaves the layer as it was; what lies around then is swept
by the next load. Memory stays flat: rows spill to the city's folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.chain import RowsDigest
from stcloud.daas.definition import Definition, EventDefinition
from stcloud.daas.ledger import Ledger, Quarantine, Reckoning
from stcloud.daas.load.clean_events import MONTH, ROW, CleanedEvents, EventCleaner
from stcloud.daas.load.drift import Drift
from stcloud.daas.load.equivalence import without_equivalent_events
from stcloud.daas.load.instant import next_recorded_us
from stcloud.daas.load.limit import Limit, refuse_too_many
from stcloud.daas.load.notes import load_remarks
from stcloud.daas.load.peek import is_bare, is_empty
from stcloud.daas.load.place import Placer
from stcloud.daas.table.layer import ORDER, EventLayer
from stcloud.daas.table.schema import (
    UNIT,
    Attribute,
    as_defined,
    bind_columns,
    geometry_named,
    require_columns,
    types_of,
)
from stcloud.errors import Conflict, InternalError, NotFound, StorageError
from stcloud.iaas.clock import Clock
from stcloud.iaas.job import Job
from stcloud.iaas.keys import DuplicateRule, Keys, Settled
from stcloud.iaas.memory import steady_memory
from stcloud.iaas.source.protocol import Refusal, Source
from stcloud.iaas.source.text import Declared
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.sorter import Sorter
from stcloud.space import Lattice
from stcloud.time import Zone

__all__ = ["Ingest", "Mode", "load_id", "ordered"]

Result = TypeVar("Result")
Mode = Literal["changes", "append", "delete"]
_WORKERS, _AHEAD = 2, 4


def load_id(content: str, definition: Definition, mode: str, *period: str | None) -> str:
    """Return the identity of a load: the digest of content, definition, mode and valid period (16 digits)."""
    text = "\n".join([content, definition.digest(), mode, *(part or "" for part in period)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(slots=True)
class _Intake:
    """What was seen of a source while it was read once."""

    read: int = 0
    padded: int = 0
    adjusted: set[int] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)
    repairs: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ingest:
    """One load of one source into one layer; the caller holds the layer's lock.

    Parameters
    ----------
    layer, definition, lattice, zone
        Where to, how to read it, and the city's space and time.
    ledger, quarantine
        The city's.
    mode
        ``changes`` adds and updates by key and leaves absent rows alone; ``append`` refuses known keys;
        ``delete`` reads keys only and ends the belief in their rows.
    limit
        How many rejected rows make the load fail as a whole.
    mark
        Gives cleaned rows their unit codes; None: the layer is not indexed.
    allow_missing
        Columns that the source may lack though the layer keeps them.
    """

    layer: EventLayer
    definition: EventDefinition
    lattice: Lattice
    zone: Zone
    ledger: Ledger
    quarantine: Quarantine
    mode: Mode
    limit: Limit
    mark: Callable[[pa.RecordBatch], pa.Array] | None = None
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
        """Load the source; return the reckoning.

        Parameters
        ----------
        source, name, load
            An opened source, read once; what to call it and the load.
        clock, staging, job
            Gives the present instant, once the rows are settled: the load is recorded at it or, if the layer has a
            later record, just after that; an empty folder, which the caller removes; watches progress, may cancel
            until the commit.
        unchanged
            Raises when the source is no longer what ``load`` was made of; asked once it was read.

        Raises
        ------
        InvalidInput
            ``too-many-rejected``: more rows were rejected than the limit allows; ``vanished-column``: the source
            lacks a column that the layer keeps. Nothing was written.
        """
        names = as_defined(self.definition, source.columns)
        types = types_of(source, names)
        columns, drift = self._columns(source, names, name, types)
        if self.mode == "delete" and not self.layer.exists:
            raise NotFound("unknown-layer", f"there is no layer '{self.layer.name}' to delete from")
        wanted = {} if self.mode == "delete" else columns
        keys, sorter = Keys(staging), Sorter(staging, part=MONTH, order=ORDER)
        with contextlib.ExitStack() as held:
            held.enter_context(steady_memory())
            held.callback(self.layer.table.sweep)
            held.callback(sorter.close)
            held.callback(keys.close)
            intake = self._take_in(source, names, columns, keys, sorter, job)
            unchanged()
            blank = Reckoning(
                load, self.layer.name, name, self.mode, 0, attempt=uuid.uuid4().hex,
                new_columns=drift.new, missing_columns=drift.missing,
                notes=load_remarks(source, self.definition.space, self.lattice.crs),
            )  # fmt: skip
            reckoning = self._store(intake, wanted, types, keys, sorter, staging, blank, clock, job)
            self.ledger.write([reckoning])
            with contextlib.suppress(Conflict, StorageError):  # the load is done: merging files can wait
                self.layer.compact()
        return reckoning

    def _store(
        self,
        intake: _Intake,
        columns: Mapping[str, Attribute],
        types: Mapping[str, Declared],
        keys: Keys,
        sorter: Sorter,
        staging: Path,
        blank: Reckoning,
        clock: Clock,
        job: Job,
    ) -> Reckoning:
        """Write what is to be stored, and commit; return the reckoning that ``blank`` becomes."""
        refuse_too_many(self.limit, intake.refusals, intake.read, blank.source)
        wanted = list(columns.values())
        schema = self.layer.prepare(wanted)
        snapshot = self.layer.table.snapshot()
        job.tell("compare", 0, 1)
        settled = self._judge(keys.settle(snapshot, rule=self._rule, compare=self.mode != "delete"), intake)
        sorter.replace("st_key", ROW, *settled.renumbered)
        refuse_too_many(self.limit, intake.refusals, intake.read, blank.source)
        if self.mode == "changes":
            settled = without_equivalent_events(settled, sorter, snapshot, staging, columns, types)
        blank = replace(blank, recorded_at_us=next_recorded_us(self.layer, self.ledger, clock()))
        stamp = {"st_recorded_from": blank.recorded_at_us, "st_load": blank.load}
        written, unplaced, added = self._write(sorter, settled.stored, schema, stamp, job)
        blank = replace(blank, rows_digest=added.text)
        reckoning = self._reckon(intake, settled, unplaced, blank)
        self.quarantine.write(
            blank.load, self.layer.name, blank.attempt, blank.source, [*intake.refusals, *intake.repairs]
        )
        if written or settled.superseded or not self.layer.exists:  # a layer begins with its first load
            self.layer.extend(wanted)
            self._commit(settled, written, reckoning, snapshot.sequence, job)
        return reckoning

    def _columns(
        self, file: Source, names: tuple[str, ...], source: str, types: Mapping[str, Declared]
    ) -> tuple[Mapping[str, Attribute], Drift]:
        if is_bare(file):
            return {}, Drift()
        if self.mode == "delete" and self.definition.key:
            require_columns(self.definition, self.definition.key, names, source)
            return {}, Drift()
        known = self.layer.attributes() if self.layer.exists else ()
        columns = bind_columns(
            self.definition, names, source, types, known,
            optional=self.allow_missing, geometry=geometry_named(file, names),
        )  # fmt: skip
        if self.mode == "delete" or is_empty(file):
            return columns, Drift()
        return columns, Drift.of(self.layer, self.definition, columns, self.allow_missing, source)

    @property
    def _rule(self) -> DuplicateRule:
        """Which row of a key stands; one that is to be deleted cannot come in two readings."""
        rule: DuplicateRule = self.definition.duplicates
        return "last" if self.mode == "delete" and rule != "keep" else rule

    def _take_in(
        self,
        source: Source,
        names: tuple[str, ...],
        columns: Mapping[str, Attribute],
        keys: Keys,
        sorter: Sorter,
        job: Job,
    ) -> _Intake:
        cleaner = EventCleaner(
            self.definition,
            columns,
            Placer(self.definition.space, self.lattice),
            self.zone,
            self.mode == "delete",
            types_of(source, names),
        )
        intake = _Intake()
        for cleaned in _cleaned(source, names, cleaner):
            intake.read += cleaned.read
            intake.adjusted.update(cleaned.adjusted.tolist())
            intake.refusals += cleaned.refusals
            intake.repairs += cleaned.repairs
            intake.padded += cleaned.padded
            rows = cleaned.rows
            keys.add(rows.column(ROW), rows.column("st_key"), rows.column("st_digest"))
            if self.mode != "delete":
                sorter.add(rows)
            job.tell("read", intake.read, 0)
        sorter.flush()
        return intake

    def _judge(self, settled: Settled, intake: _Intake) -> Settled:
        """Apply the mode to what was settled; rows it refuses join the refusals."""
        for number, key in settled.conflicting.items():
            intake.refusals.append(Refusal(number, "st_key", key, "conflicting-key"))
        if self.mode == "append":
            for number in np.concatenate((settled.changed, settled.same)).tolist():
                intake.refusals.append(Refusal(number, "st_key", None, "known-key"))
            none = np.empty(0, np.int64)
            return replace(settled, changed=none, same=none, superseded={})
        return settled

    def _write(
        self,
        sorter: Sorter,
        stored: np.ndarray,
        schema: pa.Schema,
        stamp: Mapping[str, object],
        job: Job,
    ) -> tuple[list[Written], dict[str, int], RowsDigest]:
        """Write the rows to store, month by month; also count those without a place by reason."""
        if self.mode == "delete":
            return [], {}, RowsDigest()
        chosen = np.zeros(int(stored[-1]) + 1 if len(stored) else 0, np.bool_)
        chosen[stored] = True
        written: list[Written] = []
        unplaced: Counter[str] = Counter()
        added, done = RowsDigest(), 0

        def lay(rows: pa.RecordBatch, month: int) -> tuple[Written | None, Mapping[str, int], RowsDigest]:
            number = rows.column(ROW).to_numpy()
            keep = (
                (number < len(chosen)) & chosen[np.minimum(number, len(chosen) - 1)]
                if len(chosen)
                else number < 0
            )
            rows = rows if keep.all() else rows.filter(pa.array(keep))
            if not rows.num_rows:
                return None, {}, RowsDigest()
            if self.mark is not None:
                rows = rows.append_column(UNIT, self.mark(rows))
            digest = RowsDigest.of(rows.column("st_digest"))
            return self.layer.write(rows, month, schema, stamp), _unplaced(rows), digest

        with ThreadPoolExecutor(_WORKERS) as pool:
            chunks = ((chunk, month) for month in sorter.parts for chunk in sorter.chunks(month))
            for file, reasons, digest in ordered(pool, lay, chunks, ahead=_WORKERS):
                written += [file] if file else []
                unplaced.update(reasons)
                added += digest
                done += file.rows if file else 0
                job.tell("write", done, len(stored))
        return written, dict(unplaced), added

    def _commit(
        self, settled: Settled, written: list[Written], reckoning: Reckoning, after: int, job: Job
    ) -> None:
        table = self.layer.table
        snapshot = table.snapshot()
        files = {Path(file.path).name: file for file in snapshot.files}
        for path, keys in settled.superseded.items():
            job.tell("update", 0, len(settled.superseded))
            written.append(self.layer.close_rows(snapshot, files[path], keys, reckoning.recorded_at_us))
        job.tell("commit", 0, 1)
        removed = [files[path] for path in settled.superseded]
        self.ledger.prepare()
        (note,) = self.ledger.chained([reckoning])
        table.commit(add=written, remove=removed, after=after, note=note)

    def _reckon(
        self, intake: _Intake, settled: Settled, unplaced: Mapping[str, int], blank: Reckoning
    ) -> Reckoning:
        deleting = self.mode == "delete"
        reckoning = replace(
            blank,
            read=intake.read,
            accepted=0 if deleting else len(settled.new),
            updated=len(settled.changed),
            unchanged=len(settled.new) if deleting else len(settled.same),
            duplicates=settled.repeated,
            rejected=len(intake.refusals),
            unplaced=sum(unplaced.values()),
            trimmed=intake.padded,
            time_adjusted=len(intake.adjusted - {one.row for one in intake.refusals}),
            repaired=len(intake.repairs),
            unplaced_by=unplaced,
            rejected_by=dict(Counter(one.reason.split(":")[0] for one in intake.refusals)),
        )
        if not reckoning.adds_up:
            raise InternalError("reckoning", f"the reckoning does not add up: {reckoning.counts}")
        return reckoning


def _unplaced(rows: pa.RecordBatch) -> dict[str, int]:
    counted = pc.value_counts(rows.column("st_unplaced").drop_null())
    return {pair["values"]: pair["counts"] for pair in counted.to_pylist()}


def _cleaned(source: Source, names: tuple[str, ...], cleaner: EventCleaner) -> Iterator[CleanedEvents]:
    """Clean batches on other threads while the file is being read; in file order."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        batches = ((replace(one, rows=one.rows.rename_columns(list(names))),) for one in source.batches())
        yield from ordered(pool, cleaner.clean, batches, ahead=_AHEAD)


def ordered(
    pool: ThreadPoolExecutor, function: Callable[..., Result], calls: Iterable[tuple[Any, ...]], *, ahead: int
) -> Iterator[Result]:
    """Results of the calls in their order, at most ``ahead`` of them waiting."""
    waiting: deque[Future[Result]] = deque()
    try:
        for call in calls:
            waiting.append(pool.submit(function, *call))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
