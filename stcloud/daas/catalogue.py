"""The catalogue: which layers a city has, what each holds, and how its sources are read.

Tested by `tests/reliability/test_kill.py`, `tests/reliability/test_delete.py` and `tests/properties/test_ingest.py`.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.daas.configuration import WITH_NAMES, CityConfiguration
from stcloud.daas.definition import Definition
from stcloud.daas.definition.document import with_digest
from stcloud.daas.description import LayerDescriptions
from stcloud.daas.entry import Layer
from stcloud.daas.founding import founding_definition
from stcloud.daas.ledger import Ledger
from stcloud.daas.names import LayerNames
from stcloud.daas.purge.record import PurgeRecord, read_purges
from stcloud.daas.quarantine import Quarantine
from stcloud.daas.reckoning import PURGE, UNDO, Reckoning
from stcloud.daas.table.feature import FeatureLayer
from stcloud.daas.table.layer import EventLayer, LayerTable
from stcloud.daas.table.schema import attributes
from stcloud.errors import FormatError, InvalidInput, NotFound, StorageError, nearest
from stcloud.iaas.bundle import bundled_text, definitions
from stcloud.iaas.clock import Clock
from stcloud.iaas.store.folder import Folder, check_name, is_name, read_text
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.steady import steady
from stcloud.iaas.table.table import Table

if TYPE_CHECKING:
    from stcloud.daas.exchange.receiptbook import ReceiptBook

__all__ = ["Catalogue", "Layer", "read_definition"]

_NAMES_WAIT_S = 5.0
_RECENT = 50
"""Commits that are looked at for what the ledger may lack."""


class Catalogue:
    """The layers of the city in ``folder``."""

    def __init__(self, folder: Folder, configuration: CityConfiguration) -> None:
        self._folder = folder
        self._configuration = configuration
        self._tables: dict[str, Table] = {}
        self._definitions: dict[str, tuple[str, Definition]] = {}
        self.naming = LayerNames(folder, needed=configuration.format >= WITH_NAMES)
        self.descriptions = LayerDescriptions(folder, self.naming)
        self.ledger = Ledger(Table.at(folder, "ledger"), self.naming)
        self.quarantine = Quarantine(Table.at(folder, "quarantine"), self.naming)

    @functools.cached_property
    def receipts(self) -> ReceiptBook:
        """What was received of layers of other cities."""
        from stcloud.daas.exchange.receiptbook import ReceiptBook  # noqa: PLC0415  (few are received)

        return ReceiptBook(self.ledger)

    def names(self) -> tuple[str, ...]:
        """Return the names of the layers that hold something, sorted; of those without a definition too."""
        with steady():
            there = (folder for folder in self._folders() if LayerTable(folder, self._table(folder)).exists)
            return tuple(sorted(map(self.naming.name_of, there)))

    def begun(self) -> list[str]:
        """Return the names under which something of a layer lies there, be it a table or a definition alone."""
        return sorted(set(map(self.naming.name_of, self._folders())))

    def _folders(self) -> set[str]:
        below = self._folder.children("layers")
        tables = (key.rpartition("/")[2] for key in below.folders)
        definitions = (key.rpartition("/")[2] for key in below.keys if key.endswith(".toml"))
        return set(filter(is_name, [*tables, *(name.removesuffix(".toml") for name in definitions)]))

    def layers(self) -> tuple[Layer, ...]:
        """Return all layers, by name."""
        with steady():
            return tuple(self.layer(name) for name in self.names())

    def layer(self, name: str) -> Layer:
        """Return one layer; `NotFound` ``unknown-layer`` names the nearest, ``renamed-layer`` its present name."""
        with steady():
            return self._layer(name)

    def _layer(self, name: str) -> Layer:
        snapshot = self.table(name).current()
        if snapshot is None:
            raise self._unknown(name)
        loads = functools.partial(self._loads, name)
        try:
            saved = self._saved(name)
        except (StorageError, FormatError) as error:
            if self.table(name).current() is None:  # it was deleted right now
                raise self._unknown(name) from error
            raise
        # Read after the version: none that a purge made is there without its record.
        purges = read_purges(self.table(name).table, snapshot.sequence)
        described = functools.partial(self.descriptions.of, name)
        layer = Layer(
            name, saved, snapshot, attributes(snapshot.schema), loads, purges,
            read_description=described, former=self.naming.former(name),
        )  # fmt: skip
        return layer if saved.origin is None else self.receipts.received(layer)

    def _unknown(self, name: str) -> NotFound:
        known = self.names()
        have = ", ".join(known) or "none"
        message = f"city '{self._configuration.name}' has no layer '{name}' (it has: {have})"
        return NotFound("unknown-layer", message, nearest=nearest(name, known))

    def table(self, name: str) -> LayerTable:
        """Return a layer's table, there or not, of whatever kind; `NotFound` ``renamed-layer``."""
        self.refuse_former(name)
        return LayerTable(name, self._table(self.naming.folder_of(name)))

    def _table(self, folder: str) -> Table:
        return self._tables.setdefault(folder, Table.at(self._folder, "layers", folder))

    def refuse_former(self, name: str) -> None:
        """Refuse a name that a layer had before it was renamed: `NotFound` ``renamed-layer``."""
        renamed = self.naming.renamed(check_name(name))
        if renamed is None or renamed.name == name or not self._table(renamed.folder).exists:
            return
        since = self._configuration.zone.iso(renamed.since_us // 1_000_000 * 1_000_000)
        raise NotFound(
            "renamed-layer", f"layer '{name}' has been called '{renamed.name}' since {since}", hint="use that name"
        )  # fmt: skip

    def lock_name(self, layer: str) -> str:
        """Return what the lock of a layer, and the staging of its holder, are called."""
        return f"layer-{self.naming.folder_of(check_name(layer))}"

    @contextlib.contextmanager
    def locked(self, layer: str, *, wait_s: float) -> Iterator[None]:
        """Hold the lock of a layer, there or not; `Conflict` ``locked``, `NotFound` ``renamed-layer``."""
        while True:
            lock = self.lock_name(layer)
            with self._folder.lock(lock, wait_s=wait_s):
                self.settle_name(layer)
                if self.lock_name(layer) == lock:  # a layer may have got this name, or lost it, meanwhile
                    self.refuse_former(layer)
                    yield
                    return

    def settle_name(self, layer: str) -> None:
        """Set the names free of a layer that is there no more; the caller holds its lock."""
        renamed = self.naming.renamed(layer)
        if renamed is not None and not self._table(renamed.folder).exists:
            with self.naming.lock(wait_s=_NAMES_WAIT_S):
                self.naming.forget(renamed.folder)

    def events(self, name: str) -> EventLayer:
        """Return the table of a layer of events, there or not."""
        return EventLayer(name, self.table(name).table)

    def features(self, name: str) -> FeatureLayer:
        """Return the table of a layer of features, there or not."""
        return FeatureLayer(name, self.table(name).table)

    def shared_tables(self) -> list[Table]:
        """Return the tables that loads of all layers append to, those that are there."""
        return [table for table in (self.ledger.table, self.quarantine.table) if table.exists]

    def definition_for(self, layer: str, given: str | os.PathLike[str] | Definition | None) -> Definition:
        """Return the definition that a load of ``layer`` uses.

        Raises
        ------
        InvalidInput
            ``definition-needed`` at a first load without one; ``other-definition`` when a later load brings one that
            means something else than the city's.
        NotFound
            ``unknown-definition``, with the nearest bundled names.
        """
        saved = self._saved(layer) if self.table(layer).exists else None
        if given is None:
            if saved is None:
                raise InvalidInput(
                    "definition-needed",
                    f"layer '{layer}' is new: nothing says how to read its source",
                    hint="name a definition; or of events --time, and --lon and --lat or --x, --y and --crs, of "
                    'features --key and --valid-from; images and grids need a definition of kind = "scene"',
                )
            return saved
        named = read_definition(given)
        if saved is not None and saved.digest() != named.digest():
            raise InvalidInput(
                "other-definition",
                f"layer '{layer}' was loaded with another definition than '{named.id}'",
                hint=f"leave it out, or edit {'/'.join(self._definition_key(layer))} in the city's folder",
            )
        if saved is not None and named.complete_to is not None:  # of this load: no other one is read by it
            return saved.model_copy(update={"complete_to": named.complete_to})
        return saved or named

    def recovered(self, layer: str, load: str, clock: Clock) -> tuple[list[Reckoning], int]:
        """Return the loads with this identity that stand, and how many there were; mends what a killed load left.

        One that was killed between its commit and its entry is entered from its commit's note; files that it wrote
        and did not commit are deleted. The caller holds the layer's lock.
        """
        self.table(layer).table.discard_uncommitted()
        if not self.table(layer).exists and self.ledger.has_loads(layer):
            self.ledger.delete(layer, clock())  # its deletion was killed before it was entered
        self.mend(layer)
        loads = self.ledger.loads_of(layer, load)
        same = [entry for entry in loads if entry.mode != UNDO]
        undone = {entry.source for entry in loads if entry.mode == UNDO}
        return [replace(entry, known=True) for entry in same if entry.load not in undone], len(same)

    def mend(self, layer: str) -> None:
        """Complete a purge that was killed after its commit, and enter loads that were; the caller holds the lock."""
        from stcloud.daas.purge.completion import complete_purge, drop_unbegun  # noqa: PLC0415  (questions mend nothing)

        last = self._last_in_bucket(layer)
        for entry in self.unfinished(layer):
            saved = self._saved(layer)
            complete_purge(self._folder, self.table(layer), saved, self.ledger, self.quarantine, entry)
        self.ledger.write(self._missed(layer))
        if self.table(layer).exists and not self._folder.exists(*self._definition_key(layer)):
            self._save_founding(layer)
        if self.table(layer).exists and read_purges(self.table(layer).table):
            drop_unbegun(self.table(layer), {load.attempt for load in self.ledger.loads(layer)}, last)

    def _last_in_bucket(self, layer: str) -> int | None:
        """Return the number of the last commit in a bucket, where other machines commit; None: it is a folder."""
        table = self.table(layer)
        return table.table.sequence() if self._folder.mount is not None and table.exists else None

    def purges(self, layer: str) -> tuple[PurgeRecord, ...]:
        """Return the purges of a layer, oldest first; the caller holds its lock."""
        return read_purges(self.table(layer).table)

    def unfinished(self, layer: str) -> list[Reckoning]:
        """Return purges that were committed and not completed."""
        return [entry for entry in self._missed(layer) if entry.mode == PURGE]

    def _loads(self, layer: str) -> list[Reckoning]:
        """Return a layer's loads in the order of recording, entered in the ledger or just committed."""
        return sorted([*self.ledger.loads(layer), *self._missed(layer)], key=lambda load: load.recorded_at_us)

    def _missed(self, layer: str) -> list[Reckoning]:
        """Return the loads that were committed and are not in the ledger, oldest first."""
        layer_table = self.table(layer)
        notes = layer_table.table.notes(_RECENT) if layer_table.exists else []
        attempts = {str(note.get("attempt")): note for note in reversed(notes)}
        lacking = self.ledger.lacking(layer, attempts)
        missed = (note for attempt, note in attempts.items() if attempt in lacking)
        return [replace(Reckoning.from_row(note), layer=layer) for note in missed]

    def rejected(self, name: str, load: str | None = None) -> pa.Table:
        """Return the rejected rows of a layer's loads and refused attempts; of one load, its rows as they came.

        Raises
        ------
        NotFound
            ``unknown-layer``: it is not there, and no attempt to make it was refused; ``unknown-load``
        InvalidInput
            ``load-refused``: nothing of the load was loaded; what `Quarantine.records` raises.
        """
        if load is not None:
            return self._rejected_rows(name, load)
        there = self.table(name).exists
        loads = self._loads(name)
        rows = self.quarantine.rows(loads, name, self.ledger.deleted_us(name))
        return rows if there or len(rows) else self.quarantine.rows(self.layer(name).loads)

    def _rejected_rows(self, name: str, load: str) -> pa.Table:
        refused = self.rejected(name)
        loads = {known.load: known for known in self._loads(name)}
        if load in loads:
            return self.quarantine.records(loads[load])
        if load in refused["load"].to_pylist():
            raise InvalidInput(
                "load-refused", f"load {load} was refused as a whole: nothing of its file was loaded",
                hint="mend the file itself and load it again",
            )  # fmt: skip
        raise NotFound("unknown-load", f"layer '{name}' has no load '{load}'", nearest=nearest(load, loads))

    @contextlib.contextmanager
    def founding(self, layer: str, definition: Definition) -> Iterator[None]:
        """Save a new layer's definition after the load inside, whose commit has it too; clear up when that fails.

        Raises
        ------
        InvalidInput
            ``other-definition``: another writer made the layer meanwhile, by another definition.
        """
        known = self.table(layer).exists
        if known:
            self.definition_for(layer, definition)
        else:
            self.descriptions.forget(layer)  # of a layer before it, whose deletion was killed
        try:
            yield
        except BaseException:
            if not known and not self.table(layer).exists:
                self.table(layer).table.drop()
            raise
        if not known:
            self._save_founding(layer)

    def _save_founding(self, layer: str) -> None:
        """Save the definition that a layer's first commit has."""
        text = founding_definition(self.table(layer).table)
        if text is not None:
            founded = Definition.from_toml(text, name=layer)
            saved = founded.model_copy(update={"id": layer}) if founded.id != layer else founded
            self._folder.write_text(with_digest(saved.to_toml()), *self._definition_key(layer))

    def widen(self, layer: str, definition: Definition) -> None:
        """Give a layer the further columns of a definition that differs from its own in nothing else."""
        if not self.table(layer).exists:
            return
        saved = self._saved(layer)
        wider = saved.model_copy(update={"columns": definition.columns})
        adds = definition.columns.keys() > saved.columns.keys()
        if adds and wider.digest() == definition.digest() and all(
            definition.columns[name] == column for name, column in saved.columns.items()
        ):  # fmt: skip
            self._folder.write_text(with_digest(wider.to_toml()), *self._definition_key(layer))

    def clear(self, name: str) -> bool:
        """Delete what a first load that failed left under a name; return False where there is a layer."""
        if self.table(name).exists:
            return False
        self.table(name).table.drop()
        self._folder.delete(*self._definition_key(name))
        self.descriptions.forget(name)
        return True

    def delete(self, layer: str, now_us: int) -> None:
        """Delete a layer's table and definition; the caller holds its lock.

        Raises
        ------
        NotFound
            ``unknown-layer``
        """
        self.layer(layer)
        table = self.table(layer).table
        work = self.lock_name(layer)
        with storage_errors(f"delete layer '{layer}'"), self._folder.staging(work) as staging:
            with table.set_aside(staging):  # at once; what is killed while it empties the rest is swept
                self.ledger.delete(layer, now_us)
            self._folder.delete(*self._definition_key(layer))
            self.descriptions.forget(layer)
            self.settle_name(layer)

    def _definition_key(self, layer: str) -> tuple[str, str]:
        return "layers", f"{self.naming.folder_of(layer)}.toml"

    def _saved(self, layer: str) -> Definition:
        key = self._definition_key(layer)
        path = "/".join(key)
        try:
            text = self._folder.read_text(*key)
        except NotFound as error:
            founding = founding_definition(self.table(layer).table)  # its writer saves it now, or was killed
            if founding is None:
                raise FormatError(
                    "damaged-city", f"layer '{layer}' has no definition: {path} is missing",
                    hint="bring it back from a copy of the city",
                ) from error  # fmt: skip
            text = founding
        known = self._definitions.get(path)
        if known is None or known[0] != text:
            known = (text, Definition.from_toml(text, name=path))
            self._definitions[path] = known
        saved, folder = known[1], self.naming.folder_of(layer)
        return saved.model_copy(update={"id": layer}) if folder == saved.id != layer else saved


def read_definition(given: str | os.PathLike[str] | Definition) -> Definition:
    """Read a definition: a TOML file by its path, or a bundled one by its name; one that is read is returned."""
    if isinstance(given, Definition):
        return given
    path = Path(given)
    if path.suffix == ".toml":
        if not path.is_file():
            raise NotFound("unknown-definition", f"there is no definition file {path}")
        return Definition.from_toml(read_text(path), name=str(path))
    known = definitions()
    if str(given) not in known:
        raise NotFound(
            "unknown-definition", f"no bundled definition is called '{given}' (there are: {', '.join(known)})",
            nearest=nearest(str(given), known),
        )  # fmt: skip
    return Definition.from_toml(bundled_text("layers", f"{given}.toml"), name=f"{given}.toml")
