"""A purge of one layer: which rows it is of, counted before it begins; one commit; then nothing on disk holds them.

::

    keys ─ files anew ─ record │ commit │ superseded files, log ─ quarantine ─ index, staging ─ ledger

Before the commit nothing has changed; after it the layer shows nothing of what is removed, whoever is killed.

Tested by `tests/daas/purge/test_purge.py`, `tests/properties/test_purge.py` and
`tests/reliability/test_kill_purge.py`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.catalogue import Catalogue, Layer
from stcloud.daas.chain import RowsDigest, stated_digests
from stcloud.daas.kind.registry import kind_of
from stcloud.daas.load.instant import next_recorded_us
from stcloud.daas.purge.completion import complete_purge, recorded_instants, without_rejected
from stcloud.daas.purge.record import PurgeRecord, write_purges
from stcloud.daas.purge.scope import PurgeScope, RowTest
from stcloud.daas.reckoning import PURGE, Reckoning
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.purged import PurgedFiles, restated_digests
from stcloud.errors import FormatError
from stcloud.iaas.clock import Clock
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.table.again import anew_when_overtaken
from stcloud.iaas.table.check import log_changes

__all__ = ["Purge", "Purged"]


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge removes, or removed.

    Attributes
    ----------
    layer, load
        The layer; the purge's identity in the ledger, empty where it was only counted.
    scope
        What is removed, for people.
    rows
        Number of events or features, by key.
    versions
        Number of stored rows of them, of past beliefs too, that are removed or lose a value.
    quarantined
        Number of rejected values that are removed from the quarantine.
    loads
        Number of earlier loads whose rows are concerned.
    """

    layer: str
    load: str
    scope: str
    rows: int
    versions: int
    quarantined: int
    loads: int

    def to_dict(self) -> dict[str, str | int]:
        """Return it as a record."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Purge:
    """A purge of one layer; for all but `counted` the caller holds the layer's lock.

    Parameters
    ----------
    catalogue, folder, clock
        The city's.
    layer
        The layer, which is of any kind but a unit grid.
    scope, test
        What is removed, and its filter, if it has one.
    """

    catalogue: Catalogue
    folder: Folder
    clock: Clock
    layer: Layer
    scope: PurgeScope
    test: RowTest | None = None

    def counted(self) -> Purged:
        """Return what would be removed; writes nothing."""
        keys = self._keys()
        purged = self._purged(keys, writes=False)
        return self._result(purged, self._quarantined(), "")

    @property
    def finds_some(self) -> bool:
        """Whether there is anything to remove."""
        counted = self.counted()
        return bool(counted.versions or counted.quarantined)

    def run(self) -> Purged:
        """Remove it, and return what was removed.

        Raises
        ------
        Conflict
            ``concurrent-commit``: other machines were faster again and again; nothing was removed.
        FormatError
            ``damaged-table``: the log has changed since it was written.
        """
        purged, quarantined, entry = self._committed()
        ledger = self.catalogue.ledger
        complete_purge(
            self.folder,
            self.catalogue.table(self.layer.name),
            self.layer.definition,
            ledger,
            self.catalogue.quarantine,
            entry,
        )
        ledger.write([entry])
        return self._result(purged, quarantined, entry.load)

    @anew_when_overtaken
    def _committed(self) -> tuple[PurgedFiles, int, Reckoning]:
        """Remove it from what the layer is now, in one commit; what another machine loaded meanwhile counts too."""
        return replace(self, layer=self.catalogue.layer(self.layer.name))._commit()  # noqa: SLF001  (itself)

    def _commit(self) -> tuple[PurgedFiles, int, Reckoning]:
        table = self._table
        for fault in log_changes(table.table):  # after what is rewritten now it could not be told any more
            raise FormatError("damaged-table", fault, hint="bring it back from a copy of the city")
        table.table.discard_uncommitted()
        purged = self._purged(self._keys(), writes=True)
        quarantined = self._quarantined()
        entry = self._entry(purged, table)
        record = PurgeRecord.of(entry)
        write_purges(table.table, lambda before: [*before, record])
        try:
            self.catalogue.ledger.prepare()
            (note,) = self.catalogue.ledger.chained([entry])
            table.table.commit(
                add=purged.add, remove=purged.remove, after=self.layer.snapshot.sequence, note=note
            )
        except BaseException:
            if not any(known.get("attempt") == entry.attempt for known in table.table.notes(1)):
                write_purges(table.table, lambda now: [other for other in now if other != record])
                table.table.discard_uncommitted()
            raise
        return purged, quarantined, entry

    @property
    def _table(self) -> LayerTable:
        return kind_of(self.layer.definition).table(
            self.layer.name, self.catalogue.table(self.layer.name).table
        )

    def _keys(self) -> pa.Array:
        """Return the keys of the rows that are meant, each once."""
        snapshot, scope = self.layer.snapshot, self.scope
        keys: pa.Array | None = None
        if scope.before_us is not None:
            keys = self.layer.layer_kind.expired(self._table, snapshot, scope.before_us)
        if self.test is None:
            return pa.array([], pa.string()) if keys is None else keys
        files = self.layer.layer_kind.row_files(snapshot)
        parts = []
        for batch in snapshot.batches(files):
            chosen = batch.column("st_key").filter(pa.array(self.test.mask(batch)))
            parts.append(chosen if keys is None else chosen.filter(pc.is_in(chosen, keys)))
        kept = pc.unique(pa.chunked_array(parts, pa.string()))
        return kept.combine_chunks() if isinstance(kept, pa.ChunkedArray) else kept

    def _purged(self, keys: pa.Array, *, writes: bool) -> PurgedFiles:
        stored = [
            attribute.stored for attribute in self.layer.attributes if attribute.name in self.scope.columns
        ]
        return self.layer.layer_kind.purged(self._table, self.layer.snapshot, keys, stored, writes=writes)

    def _quarantined(self) -> int:
        name, definition = self.layer.name, self.layer.definition
        instants = recorded_instants(self.catalogue.ledger, name)
        return self.catalogue.quarantine.count(
            name, lambda rows, mine: without_rejected(rows, mine, self.scope, definition, instants)
        )

    def _entry(self, purged: PurgedFiles, table: LayerTable) -> Reckoning:
        """Return the entry of the ledger: what is removed, how much of it, and no value."""
        attempt, ledger = uuid.uuid4().hex, self.catalogue.ledger
        at_us = next_recorded_us(table, ledger, self.clock())
        before_us = self.scope.before_us
        lasting_us = (
            0 if self.layer.layer_kind.versioned else 1
        )  # ends are exclusive, instants of events are not
        until_us = purged.until_us
        over = until_us is not None and before_us is not None and until_us + lasting_us <= before_us
        record = PurgeRecord(
            f"purge-{attempt[:12]}", attempt, at_us, self.scope, self.layer.snapshot.sequence + 1, purged.versions,
            purged.since_us, over,
        )  # fmt: skip
        since_us = ledger.deleted_us(self.layer.name)
        entries = [entry for entry in ledger.entries(self.layer.name) if entry["recorded_at"] > since_us]
        return Reckoning(
            record.load, self.layer.name, "", PURGE, at_us, attempt=attempt, purged=len(purged.keys),
            rows_digest=RowsDigest().text, scope=record.details,
            restated=restated_digests(stated_digests(entries), purged),
        )  # fmt: skip

    def _result(self, purged: PurgedFiles, quarantined: int, load: str) -> Purged:
        return Purged(
            self.layer.name, load, str(self.scope), len(purged.keys), purged.versions, quarantined, len(purged.taken)
        )  # fmt: skip
