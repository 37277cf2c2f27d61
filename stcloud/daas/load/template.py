"""The template of loads, for every kind of layer: from an opened file to one atomic commit and a reckoning.

::

    read ─ clean ─ take │ settle │ instant ─ write ─ quarantine ─ commit ─ ledger ─ compact

Nothing shows before the commit. Whoever is killed leaves the layer as it was; what lies around then is swept by the
next load. Memory stays flat: rows spill to the city's folder.

Tested by `tests/conformance/test_kinds.py`, `tests/daas/load/test_event_load.py` and
`tests/daas/load/test_feature_load.py`.
"""

from __future__ import annotations

import contextlib
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from stcloud.daas.complete_to import LATE_NOTE, CompleteTo
from stcloud.daas.definition import Definition
from stcloud.daas.founding import founding_note
from stcloud.daas.kind.protocol import LayerKind
from stcloud.daas.ledger import Ledger
from stcloud.daas.load.drift import Drift
from stcloud.daas.load.instant import next_recorded_us
from stcloud.daas.load.limit import Limit, refuse_cut_off, refuse_too_many
from stcloud.daas.load.notes import load_remarks, repeated_remarks
from stcloud.daas.load.peek import PeekedSource, is_bare, is_empty
from stcloud.daas.load.reading import LocalReading, RowReading
from stcloud.daas.load.request import LoadRequest
from stcloud.daas.load.steps import LoadContext, LoadSteps, StoreSteps, TableChange
from stcloud.daas.quarantine import Quarantine
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.schema import Attribute, bind_columns, geometry_named, require_columns
from stcloud.errors import Conflict, InternalError, NotFound, StorageError
from stcloud.iaas.arrowmemory import steady_memory
from stcloud.iaas.clock import Clock
from stcloud.iaas.job import Job
from stcloud.iaas.source.text import Declared
from stcloud.iaas.table.table import Snapshot

__all__ = ["LoadRun", "bound_columns"]


@dataclass(frozen=True, slots=True)
class LoadRun:
    """One load of one source into one layer; the caller holds the layer's lock.

    Parameters
    ----------
    kind, context, steps
        The layer's kind, what the load has to do with, and what the kind does in each step.
    names, drift
        The source's columns as the definition spells them, and how they differ from the layer's.
    quarantine, limit
        The city's; how many rejected rows make the load fail as a whole.
    reading
        How the rows reach the steps; None: they are read in this process.
    """

    kind: LayerKind
    context: LoadContext
    steps: StoreSteps
    names: tuple[str, ...]
    drift: Drift
    quarantine: Quarantine
    limit: Limit
    reading: RowReading | None = None

    def run(
        self, *, name: str, load: str, clock: Clock, job: Job, unchanged: Callable[[], None] = lambda: None
    ) -> Reckoning:
        """Load the source; return the reckoning.

        Parameters
        ----------
        name, load
            What to call the source, and the load's identity.
        clock
            Gives the present instant, once the rows are settled.
        job
            Watches progress, may cancel until the commit.
        unchanged
            Raises when the source is no longer what ``load`` was made of; called once it was read.

        Raises
        ------
        InvalidInput
            ``too-many-rejected``, and what the kind refuses; nothing was written.
        """
        context, layer = self.context, self.context.layer
        with contextlib.ExitStack() as held:
            held.enter_context(steady_memory())
            held.callback(layer.table.discard_uncommitted)
            held.callback(self.steps.close)
            reading = self.reading or LocalReading(context, cast("LoadSteps", self.steps), self.names)
            held.callback(reading.close)
            self.steps.begin()
            reading.read(job)
            unchanged()
            blank = Reckoning(
                load, layer.name, name, context.request.mode, 0, attempt=uuid.uuid4().hex,
                new_columns=self.drift.new, missing_columns=self.drift.missing,
                notes=(
                    *load_remarks(context.source, context.definition.space, context.lattice.crs),
                    *context.intake.remarks,
                ),
            )  # fmt: skip
            reckoning = self._store(blank, reading, clock, job)
            context.ledger.write([reckoning])
            with contextlib.suppress(Conflict, StorageError):  # the load is done: merging files can wait
                self.steps.compact()
        return reckoning

    def _store(self, blank: Reckoning, reading: RowReading, clock: Clock, job: Job) -> Reckoning:
        """Settle, write and commit; return the reckoning that ``blank`` becomes."""
        context, layer = self.context, self.context.layer
        intake = context.intake
        if context.request.mode == "snapshot":
            refuse_cut_off(intake.refusals, blank.source)
        refuse_too_many(self.limit, intake.refusals, intake.read, blank.source)
        job.tell("compare", 0, 1)
        kept, kind = context.kept, self.kind
        schema = layer.writable_schema(kind.row_schema(kept), kind.partition, kept)
        base = self.steps.base or layer.table.snapshot()
        self.steps.settle(base)
        refuse_too_many(self.limit, intake.refusals, intake.read, blank.source)
        stamp = replace(blank, recorded_at_us=next_recorded_us(layer, context.ledger, clock()))
        change = self.steps.write(base, schema, stamp, job)
        reckoning = self._reckon(change, stamp)
        aside = [*intake.refusals, *intake.repairs]
        records = reading.records(intake.refusals)
        self.quarantine.write(stamp.load, layer.name, stamp.attempt, stamp.source, aside, records)
        job.tell("commit", 0, 1)
        if change.add or change.remove or not layer.exists:  # a layer begins with its first load
            layer.extend(kept)
        if change.commits or not layer.exists:
            self._commit(change, reckoning, base)
        return reckoning

    def _commit(self, change: TableChange, reckoning: Reckoning, base: Snapshot) -> None:
        ledger = self.context.ledger
        ledger.prepare()
        (entry,) = ledger.chained([reckoning])
        note = entry | dict(change.note)
        if not base.sequence:
            note |= founding_note(self.context.definition)
        self.context.layer.table.commit(add=change.add, remove=change.remove, after=base.sequence, note=note)

    def _complete(self, stamp: Reckoning) -> dict[str, Any]:
        """Return until when the rows are complete, as it is stated of the load or else by the definition."""
        context = self.context
        stated, rule = context.request.complete_to, context.definition.complete_to
        if stated is None and rule is not None:
            stated = CompleteTo.read(rule, context.zone)
        if stated is None:
            return {}
        at_us = stated.instant_us(context.intake.latest_us, stamp.recorded_at_us, context.zone)
        notes = stamp.notes
        if at_us is not None and at_us > stamp.recorded_at_us:
            notes = (*notes, LATE_NOTE.format(context.zone.iso(at_us)))
        return {"complete_to_us": at_us, "complete_by": stated.rule, "notes": notes}

    def _reckon(self, change: TableChange, stamp: Reckoning) -> Reckoning:
        intake = self.context.intake
        reckoning = replace(
            stamp,
            read=intake.read,
            rejected=len(intake.refusals),
            trimmed=intake.trimmed,
            purged=intake.purged,
            repaired=len(intake.repairs),
            **self._complete(stamp),
            rejected_by=dict(Counter(refusal.reason.split(":")[0] for refusal in intake.refusals)),
            rows_digest=change.added.text,
            **change.counts,
        )
        if not reckoning.adds_up:
            raise InternalError("reckoning", f"the reckoning does not add up: {reckoning.counts}")
        if self.context.deletes:
            return reckoning
        rule, repeated = str(self.context.definition.duplicates), reckoning.duplicates
        return replace(reckoning, notes=(*reckoning.notes, *repeated_remarks(rule, repeated, reckoning.read)))


def bound_columns(
    layer: LayerTable,
    definition: Definition,
    request: LoadRequest,
    source: PeekedSource,
    names: tuple[str, ...],
    types: Mapping[str, Declared],
    name: str,
    ledger: Ledger,
) -> tuple[Mapping[str, Attribute], Drift]:
    """Decide which columns of a source are kept, and how they differ from the layer's.

    Raises
    ------
    NotFound
        ``unknown-layer``: there is nothing to delete from; ``missing-column``.
    InvalidInput
        ``vanished-column``: the source lacks a column that the layer keeps.
    """
    deletes = request.mode == "delete"
    if deletes and not layer.exists:
        raise NotFound("unknown-layer", f"there is no layer '{layer.name}' to delete from")
    if is_bare(source):
        return {}, Drift()
    if deletes and definition.key_columns:
        require_columns(definition, definition.key_columns, names, name)
        return {}, Drift()
    known = layer.attributes() if layer.exists else ()
    columns = bind_columns(
        definition, names, name, types, known,
        optional=request.allow_missing, geometry=geometry_named(source, names),
    )  # fmt: skip
    if deletes or is_empty(source):
        return columns, Drift()
    return columns, Drift.of(layer, definition, columns, request.allow_missing, name, ledger)
