"""Whether all that lies on disk of a city is whole: what cannot be read is named and does not end the check.

Tested by `tests/reliability/test_damage.py` and `tests/daas/test_chain.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stcloud.daas.audit import Finding, audit
from stcloud.daas.catalogue import Catalogue
from stcloud.daas.chain import broken_links, changed_rows
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import Definition
from stcloud.daas.definition.document import digest_holds
from stcloud.daas.definition.event import MOVER_TYPES
from stcloud.daas.founding import founding_definition
from stcloud.daas.load.notes import late_records
from stcloud.daas.reckoning import PURGE, Reckoning
from stcloud.daas.traildigest import digest_faults
from stcloud.errors import StcloudError, StorageError
from stcloud.iaas.clock import Clock
from stcloud.iaas.engine.model import Engine
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.oserror import storage_error, storage_errors
from stcloud.iaas.table.check import log_faults
from stcloud.iaas.table.table import Table

__all__ = ["LayersCheck", "faults_of"]

_PASSED_ON = ("no-permission", "disk-full", "read-only")
"""Kinds of errors that say nothing about what lies there."""
_INDEX = "index"


@dataclass(frozen=True, slots=True)
class LayersCheck:
    """The check of a city's layers, ledger and quarantine.

    Parameters
    ----------
    folder, catalogue, configuration, engine, clock
        The city's.
    """

    folder: Folder
    catalogue: Catalogue
    configuration: CityConfiguration
    engine: Engine
    clock: Clock

    def city(self) -> Iterator[Finding]:
        """Check all layers, then ledger and quarantine, which are the city's."""
        names = self.catalogue.begun()
        for name in names:
            yield from self.layer(name)
        yield self._finding(None, "layers", lambda: self._lost(names))
        yield self._finding(None, "ledger", lambda: self._ledger(needed=bool(names)))
        yield self._finding(None, "quarantine", lambda: self._table(self.catalogue.quarantine.table))

    def known_layer(self, name: str) -> Iterator[Finding]:
        """Check one layer of which something lies there; `NotFound` ``unknown-layer``, ``renamed-layer``."""
        self.catalogue.refuse_former(name)
        if name not in self.catalogue.begun():
            self.catalogue.layer(name)
        yield from self.layer(name)

    def layer(self, name: str) -> Iterator[Finding]:
        """Check one layer: definition, log, content, ledger, purges, quarantine, index, recorded instants."""
        table = self.catalogue.table(name).table
        loads = self._finding(name, "loads", lambda: self._unentered(name))
        begun = self._begun(name)
        definition = self._finding(name, "definition", lambda: self._definition(name))
        log = self._finding(name, "log", lambda: self._log(name, table))
        if not begun and not log.faults:
            return  # a first load that was killed leaves a definition and maybe an empty table
        yield definition
        yield log
        if not definition.faults and not log.faults:
            yield from self._content(name)
        yield loads
        yield self._finding(name, "chain", lambda: self._chain(name))
        yield self._finding(name, "purges", lambda: self._purges(name))
        yield self._finding(name, "quarantine", lambda: self._refused(name))
        yield self._finding(name, "index", lambda: self._index(name))
        yield self._finding(
            name,
            "clock",
            lambda: late_records(self.catalogue.ledger, name, self.clock(), self.configuration.zone),
        )

    def _begun(self, name: str) -> bool:
        """Tell whether a load of the layer was ever committed, as far as that can be known."""
        try:
            return self.catalogue.table(name).exists
        except StcloudError as error:
            _pass_on(error)
            return True

    def _content(self, name: str) -> Iterator[Finding]:
        try:
            yield from audit(self.catalogue.layer(name), self.configuration.lattice, self.engine)
        except Exception as error:  # noqa: BLE001  (whatever it meets is named)
            _pass_on(error)
            yield Finding(name, "content", 1, _text(error))

    def _definition(self, name: str) -> Iterator[str]:
        path = f"layers/{self.catalogue.naming.folder_of(name)}.toml"
        if not self.folder.exists(path) and founding_definition(self.catalogue.table(name).table) is not None:
            return  # a first load was killed before it saved it: the next one does
        text = self.folder.read_text(path)
        definition = Definition.from_toml(text, name=path)
        if digest_holds(text) is False:
            yield f"{path} has changed since it was written; after an edit delete its first line"
        self.catalogue.descriptions.of(name)
        table = self.catalogue.table(name)
        if definition.personal and table.exists:
            known = {attribute.name for attribute in table.attributes()}
            known |= {column.rename or declared for declared, column in definition.columns.items()}
            for column in definition.personal_columns:
                if column not in known:
                    yield f"{path} marks '{column}' as personal, and there is no such column"
        mover = getattr(definition, "mover_column", None)
        if mover is not None and table.exists:
            types = {attribute.name: attribute.type for attribute in table.attributes()}
            if types.get(mover) not in MOVER_TYPES:
                yield f"{path} says that '{mover}' is the mover, and there is no such column of text or integers"

    def _log(self, name: str, table: Table) -> Iterator[str]:
        entered = [load for load in self._entered(name) if _stored(load)]
        if not table.exists:
            if entered:
                yield f"layers/{name} has no table, and the ledger has {len(entered)} loads of it"
            return
        table.snapshot()
        yield from log_faults(table)
        noted = {str(note.get("attempt")) for note in table.notes()}
        for load in entered:
            if load.attempt and load.attempt not in noted:
                yield f"load {load.load} is in the ledger and not in the log"

    def _unentered(self, name: str) -> Iterator[str]:
        """Give loads that the layer's log notes and the ledger lacks, but for one that was killed in between."""
        table = self.catalogue.table(name).table
        notes = [Reckoning.from_row(note) for note in table.notes()] if table.exists else []
        entered = {load.attempt for load in self._entered(name)}
        missing = [note.load for note in notes if note.attempt and note.attempt not in entered]
        if len(missing) > 1 or (missing and not self.catalogue.ledger.table.exists):
            yield from missing

    def _chain(self, name: str) -> Iterator[str]:
        """Name the entries of a layer that were changed since they were written, and loads whose rows were."""
        ledger, table = self.catalogue.ledger, self.catalogue.table(name)
        entries = ledger.entries(name)
        broken = list(broken_links(entries))
        yield from broken
        snapshot = table.current()
        if not broken and snapshot is not None:
            since_us = ledger.deleted_us(name)
            yield from changed_rows((entry for entry in entries if entry["recorded_at"] > since_us), snapshot)

    def _purges(self, name: str) -> Iterator[str]:
        """Name purges that were begun and not completed, and those that questions would not heed."""
        for entry in self.catalogue.unfinished(name):
            yield (
                f"purge {entry.load} is not finished: files may hold what it removed; "
                f"stcloud purge CITY {name} --again finishes it"
            )
        heeded = {record.attempt for record in self.catalogue.purges(name)}
        entered = [entry for entry in self._entered(name) if entry.mode == PURGE]
        yield from (
            f"purge {entry.load} is in the ledger and not in _purges.json of the layer"
            for entry in entered
            if entry.attempt not in heeded
        )

    def _entered(self, name: str) -> list[Reckoning]:
        return self.catalogue.ledger.loads(name)

    def _refused(self, name: str) -> Sequence[str]:
        self.catalogue.quarantine.rows(self._entered(name))
        return ()

    def _index(self, name: str) -> Sequence[str]:
        """Raise for arrays that cannot be read; they are made anew when they are wanted."""
        folder = self.catalogue.naming.folder_of(name)
        with storage_errors(f"read the index of {name}"):
            for arrays in (self.folder.arrays(_INDEX, folder), self.folder.arrays(_INDEX, f"{folder}.join")):
                for kept in arrays.names():
                    arrays.read(kept)
            if self.folder.exists(_INDEX, f"{folder}.json"):
                self.folder.read_text(_INDEX, f"{folder}.json")
        return ()

    def _lost(self, names: Sequence[str]) -> Iterator[str]:
        """Give layers that the ledger knows and of which nothing lies there."""
        stored = {load.layer for load in self.catalogue.ledger.loads() if _stored(load)}
        for name in sorted(stored.difference(names)):
            yield f"the ledger has loads of layer '{name}', and there is neither a table nor a definition"

    def _ledger(self, *, needed: bool) -> Iterator[str]:
        """Name what is wrong with the ledger as a whole, and with the digests of audit trails in it."""
        yield from self._table(self.catalogue.ledger.table, needed=needed)
        yield from digest_faults(self.catalogue.ledger)

    def _table(self, table: Table, *, needed: bool = False) -> Iterator[str]:
        if not table.exists:
            if needed and self.catalogue.names():
                yield f"there is no {table.name}"
            return
        snapshot = table.snapshot()
        snapshot.read(snapshot.files)
        yield from log_faults(table)

    def _finding(self, layer: str | None, check: str, run: Callable[[], Iterable[str]]) -> Finding:
        examples = faults_of(run)
        return Finding(layer, check, len(examples), examples[0] if examples else None)


def faults_of(run: Callable[[], Iterable[str]]) -> list[str]:
    """Return the faults that a check gives, or that which ended it; `StorageError` where nothing can be told."""
    try:
        return list(run())
    except Exception as error:  # noqa: BLE001  (whatever it meets is named)
        _pass_on(error)
        return [_text(error)]


def _stored(load: Reckoning) -> bool:
    return bool(load.accepted or load.updated or load.ended)


def _pass_on(error: Exception) -> None:
    """Raise again what says nothing about what lies there: permissions, a disk that is full."""
    fault = storage_error("check the city", error) if type(error) is PermissionError else error
    if isinstance(fault, StorageError) and fault.kind in _PASSED_ON:
        raise fault


def _text(error: Exception) -> str:
    text = error.message if isinstance(error, StcloudError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())
