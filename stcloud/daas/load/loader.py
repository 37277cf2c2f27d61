"""A load of one file into one layer, whatever its kind: known already, or taken in, again when overtaken."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from stcloud.daas.catalogue import Catalogue
from stcloud.daas.complete_to import LOADED, CompleteTo
from stcloud.daas.completeness import stated_of_file
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import Definition
from stcloud.daas.exchange.readonly import received_error
from stcloud.daas.kind.registry import kind_of
from stcloud.daas.load.cluster_fit import cluster_load, refuse_unfit
from stcloud.daas.load.expiry import Expiry, refuse_reloaded
from stcloud.daas.load.instant import next_recorded_us
from stcloud.daas.load.limit import Limit
from stcloud.daas.load.notes import with_clock_note
from stcloud.daas.load.peek import PeekedSource
from stcloud.daas.load.place import refuse_other_crs
from stcloud.daas.load.request import LoadRequest
from stcloud.daas.load.steps import Intake, LoadContext
from stcloud.daas.load.template import LoadRun, bound_columns
from stcloud.daas.reckoning import COMPLETE, UNDO, Reckoning
from stcloud.daas.table.float_keys import refuse_mangled
from stcloud.daas.table.schema import as_defined, types_of
from stcloud.errors import Conflict, InvalidInput, StorageError
from stcloud.iaas.clock import Clock
from stcloud.iaas.engine.cluster import Cluster
from stcloud.iaas.job import Job
from stcloud.iaas.source.protocol import Reading, geometry_column
from stcloud.iaas.source.rejected import REJECTED_COLUMNS
from stcloud.iaas.source.sourcefile import SourceFile
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.steady import steady
from stcloud.iaas.table.again import anew_when_overtaken

__all__ = ["Loader", "load_id"]


def load_id(content: str, definition: Definition, mode: str, *period: str | None) -> str:
    """Return the identity of a load: the digest of content, definition, mode and valid period (16 digits)."""
    text = "\n".join([content, definition.digest(), mode, *(part or "" for part in period)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads into a city's layers; the caller holds the layer's lock.

    Parameters
    ----------
    catalogue, folder, configuration
        The city's.
    clock
        Returns the present instant, UTC microseconds.
    unit_codes
        Gives events their unit codes; None: the layer is not indexed.
    cluster
        Does the work of loads; None: it is done in this process.
    """

    catalogue: Catalogue
    folder: Folder
    configuration: CityConfiguration
    clock: Clock
    unit_codes: Callable[[pa.RecordBatch], pa.Array] | None = None
    cluster: Cluster | None = None

    @anew_when_overtaken
    def load(
        self,
        layer: str,
        source: SourceFile,
        definition: Definition,
        request: LoadRequest,
        limit: Limit,
        job: Job,
        *,
        again: bool,
    ) -> Reckoning:
        """Load one file: fingerprint, ledger, and only if that does not know it: open, read, commit.

        Raises
        ------
        InvalidInput
            The file is wrong.
        Conflict
            Others were faster again and again.
        """
        name = source.name
        if definition.origin is not None:
            raise received_error(layer, definition.origin)
        job = job.named(name)
        _refuse_missing(source)
        if self.cluster is not None:
            refuse_unfit(self.cluster, definition)
        unchanged = source.watch()
        request = request.dated(definition, name, self.configuration.zone)
        load = self._identity(source, definition, request)
        work = self.catalogue.lock_name(layer)
        with storage_errors(f"load {source.path}"), self.folder.staging(work) as staging, steady():
            earlier, count = self.catalogue.recovered(layer, load, self.clock)
            if earlier:
                stated = stated_of_file(self.catalogue.ledger.loads(layer), load) or earlier[-1]
                if not again:
                    return self._known(layer, definition, earlier[-1], stated, request)
                request = replace(
                    request, complete_to=request.complete_to or CompleteTo.of(*_complete(stated))
                )
            if count:
                self._refuse_reloaded(layer, definition, load)
            opened = _opened(source, definition, request, job)
            if self.catalogue.table(layer).exists and request.mode != "delete":
                refuse_mangled(self.catalogue.layer(layer))
            if self.cluster is not None:
                self.cluster.probe(staging)
            load = f"{load}.{count + 1}" if count else load
            with self._kept(load, layer, name), self.catalogue.founding(layer, definition):
                now = functools.cache(self.clock)  # called once, by the load
                run = self._run(layer, definition, request, opened, name, limit, staging)
                done = run.run(name=name, load=load, clock=now, job=job, unchanged=unchanged)
            return with_clock_note(done, now(), None, self.configuration.zone)

    @staticmethod
    def _identity(source: SourceFile, definition: Definition, request: LoadRequest) -> str:
        """Return the load's identity; nothing of the file is parsed."""
        other = request.source_layer if request.source_layer != definition.read.layer else None
        parts = [*request.period, *([other] if other else [])]
        named = definition.read_in_name(source.name)
        return load_id(source.fingerprint(), definition, request.mode, *parts, *([named] if named else []))

    @contextlib.contextmanager
    def _kept(self, load: str, layer: str, source: str) -> Iterator[None]:
        """Keep the refused rows of a load that is refused as a whole."""
        try:
            yield
        except InvalidInput as error:
            refusals = error.context.pop("refusals", ())
            with contextlib.suppress(Conflict, StorageError):  # what is wrong with the file matters more
                if refusals:
                    self.catalogue.quarantine.refuse(load, layer, source, refusals, self.clock())
            raise

    def _refuse_reloaded(self, layer: str, definition: Definition, load: str) -> None:
        """Refuse a file that was loaded before a purge and might bring back what it removed."""
        purges = self.catalogue.purges(layer)
        if purges:
            loads = [entry for entry in self.catalogue.ledger.loads_of(layer, load) if entry.mode != UNDO]
            refuse_reloaded(layer, loads, purges, row_by_row=not kind_of(definition).versioned)

    def _known(
        self, layer: str, definition: Definition, earlier: Reckoning, stated: Reckoning, request: LoadRequest
    ) -> Reckoning:
        """Return the reckoning of a load that is in the ledger, with the load that changed its content since.

        If the caller states anew until when it is complete, that is entered, and its entry returned.
        """
        if request.complete_to is not None and not request.complete_to.agrees(*_complete(stated)):
            return self._restated(layer, earlier, request.complete_to)
        table, loads = self.catalogue.table(layer), self.catalogue.ledger.loads(layer)
        changed = kind_of(definition).changed_by(table, loads, earlier)
        complete_by, complete_to_us = _complete(stated)
        reckoning = replace(
            earlier, changed_by=changed, complete_by=complete_by, complete_to_us=complete_to_us
        )
        return with_clock_note(
            reckoning, self.clock(), self.catalogue.ledger.newest_us(layer), self.configuration.zone
        )

    def _restated(self, layer: str, earlier: Reckoning, complete_to: CompleteTo) -> Reckoning:
        """Enter until when a load is complete; nothing of its rows changes."""
        at_us = complete_to.at_us
        if complete_to.rule == LOADED:
            at_us = earlier.recorded_at_us
        if at_us is None:
            raise InvalidInput(
                "rows-not-read",
                f"{earlier.source} was loaded already, and '{complete_to.rule}' is the time of one of its rows",
                hint="state a date or an instant, or load it again (again=True)",
                in_shell="state a date or an instant, or load it again (--again)",
            )
        ledger = self.catalogue.ledger
        entry = Reckoning(
            f"{COMPLETE}-{uuid.uuid4().hex[:12]}", layer, earlier.load, COMPLETE,
            next_recorded_us(self.catalogue.table(layer), ledger, self.clock()), attempt=uuid.uuid4().hex,
            complete_to_us=at_us, complete_by=complete_to.rule,
        )  # fmt: skip
        ledger.write([entry])
        return entry

    def _run(
        self,
        layer: str,
        definition: Definition,
        request: LoadRequest,
        source: PeekedSource,
        name: str,
        limit: Limit,
        staging: Path,
    ) -> LoadRun:
        """Bind the columns of an opened file, and return the run of the template."""
        known, kind = self.catalogue, kind_of(definition)
        table = kind.table(layer, known.table(layer).table)
        names = as_defined(definition, source.columns)
        types = types_of(source, names)
        columns, drift = bound_columns(table, definition, request, source, names, types, name, known.ledger)
        context = LoadContext(
            table, definition, self.configuration.lattice, self.configuration.zone, known.ledger, request, source,
            staging, columns, types, Intake(), self.unit_codes, Expiry.of(known.purges(layer), columns.values()),
        )  # fmt: skip
        if self.cluster is not None:
            steps = cluster_load(context, names, self.cluster)
            return LoadRun(kind, context, steps, names, drift, known.quarantine, limit, steps)
        return LoadRun(kind, context, kind.steps(context), names, drift, known.quarantine, limit)


def _complete(stated: Reckoning) -> tuple[str | None, int | None]:
    return stated.complete_by, stated.complete_to_us


def _refuse_missing(source: SourceFile) -> None:
    """Refuse what is no file, or holds no byte, in the words of the readers."""
    if not source.path.is_file() or not source.path.stat().st_size:
        source.open(Reading())


def _opened(source: SourceFile, definition: Definition, request: LoadRequest, job: Job) -> PeekedSource:
    """Open a file and read its first rows; refuse what cannot be meant."""
    reading = definition.read
    job.tell("open", 0, source.path.stat().st_size)
    layer = request.source_layer or reading.layer
    stated = Reading(
        reading.format, reading.encoding, reading.delimiter, layer, definition.required, definition.key_columns,
        definition.raster_reading,
    )  # fmt: skip
    reopened = functools.partial(source.open, stated)
    with storage_errors(f"read {source.path}"):
        opened = PeekedSource(reopened(), reopened)
    _check_shape(opened, definition, request, source.name)
    return opened


def _check_shape(source: PeekedSource, definition: Definition, request: LoadRequest, name: str) -> None:
    """Refuse a snapshot of nothing or of a few rows, and a file in another CRS."""
    if request.mode == "snapshot" and set(REJECTED_COLUMNS) <= set(source.columns):
        raise InvalidInput(
            "rejected-rows",
            f"{name} holds rows that were rejected: as a snapshot it would end every other feature",
            hint="load it with --mode changes",
        )
    if source.empty:
        if request.mode == "snapshot" and not request.empty:
            raise InvalidInput(
                "empty-source",
                f"{name} holds no rows: a snapshot of nothing says that every feature is gone",
                hint="if that is so, state --empty",
            )
        return
    names = dict(zip(source.columns, as_defined(definition, source.columns), strict=True))
    refuse_other_crs(source.crs, names.get(geometry_column(source) or ""), definition.space, name)
