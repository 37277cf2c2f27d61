"""Receiving: a package is compared with what was received before, and applied once, in one commit for each layer.

::

    open ─ compare digests ─ signature │ whose layer ─ compare chains ─ write ─ commit ─ ledger

Nothing shows before the commit, which has the receipt in its note: whoever is killed leaves a layer that has the
package or has it not, and the same call goes on.

Tested by `tests/daas/exchange/test_receiving.py` and `tests/reliability/test_kill_exchange.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from stcloud.daas.catalogue import Catalogue
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import Definition, OriginClause
from stcloud.daas.definition.document import with_digest
from stcloud.daas.exchange.entrychain import EntryChain, root_link
from stcloud.daas.exchange.kindexchange import Arrival, PackageChange, RecordedSpan
from stcloud.daas.exchange.manifest import Parcel, damaged_package
from stcloud.daas.exchange.receipt import Receipt, owners_documents
from stcloud.daas.founding import founding_note
from stcloud.daas.kind.registry import kind_of
from stcloud.daas.reckoning import RECEIVE, Reckoning
from stcloud.errors import Conflict, FormatError, InvalidDefinition, InvalidInput, StcloudError, StorageError
from stcloud.iaas.arrowmemory import steady_memory
from stcloud.iaas.clock import Clock
from stcloud.iaas.package.packagefile import PackageFile
from stcloud.iaas.package.rowfile import read_rows
from stcloud.iaas.store.folder import Folder
from stcloud.time import Zone

__all__ = ["ReceivedParcel", "Receiving", "Sent"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A package that is being received.

    Attributes
    ----------
    file, name
        The file, and what to call it.
    city
        Its owner.
    key
        The key that it was signed with, base64; None: it is not signed.
    """

    file: PackageFile
    name: str
    city: str
    key: str | None


@dataclass(frozen=True, slots=True)
class ReceivedParcel:
    """What became of the part of a package that is about one layer.

    Attributes
    ----------
    layer, city, owners_layer
        What it is called here, whose it is, and what it is called there.
    package
        Name of the package.
    outcome
        ``received``; ``known``: it was received before; ``anew``: it replaced all that was there.
    rows, ends
        How many rows began to be believed, and how many older ones ended.
    until_us, received_us
        Until which recorded instant of the owner's the layer is known, and since when here, UTC microseconds.
    """

    layer: str
    city: str
    owners_layer: str
    package: str
    outcome: str
    rows: int
    ends: int
    until_us: int
    received_us: int


@dataclass(frozen=True, slots=True)
class _Step:
    """What a package changes: its rows after an instant, the entries that are new, whether they replace all."""

    since_us: int | None
    chain: EntryChain
    replaces: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Receiving:
    """Receives the part of a package that is about one layer; the caller holds the lock of the layer.

    Parameters
    ----------
    catalogue, folder, configuration, clock
        The city's.
    unit_codes
        Gives events their unit codes; None: the layer is not indexed.
    trust
        The key that packages of the layer must be signed with from now on, base64; None: what is pinned stays.
    anew
        Replace what is there where its past is another one.
    """

    catalogue: Catalogue
    folder: Folder
    configuration: CityConfiguration
    clock: Clock
    unit_codes: Callable[[pa.RecordBatch], pa.Array] | None = None
    trust: str | None = None
    anew: bool = False

    @property
    def zone(self) -> Zone:
        """The zone of the city."""
        return self.configuration.zone

    def receive(self, layer: str, sent: Sent, number: int, parcel: Parcel) -> ReceivedParcel:
        """Apply the part of a package.

        Parameters
        ----------
        layer
            What the layer is called here.
        sent, number, parcel
            The package, the number of the member, and what it has.

        Raises
        ------
        InvalidInput
            ``own-layer``, ``other-origin``, ``unsigned-package``, ``wrong-signature``.
        Conflict
            ``missing-package``: what was recorded before it is lacking; ``changed-past``.
        FormatError
            ``damaged-package``
        """
        self.catalogue.recovered(layer, "", self.clock)
        definition = self._definition(layer, sent, parcel)
        receipts = self._receipts(layer)
        step = self._step(layer, sent, parcel, receipts)
        if step is None:
            last = receipts[-1]
            self._save(layer, definition, parcel)
            return self._result(
                layer, sent, parcel, "known", PackageChange(), last.until_us, last.received_us
            )
        done, entry = self._apply(layer, definition, sent, number, parcel, step)
        self._save(layer, definition, parcel)
        outcome = "anew" if step.replaces else "received"
        return self._result(layer, sent, parcel, outcome, done, parcel.until_us, entry.recorded_at_us)

    def _result(
        self,
        layer: str,
        sent: Sent,
        parcel: Parcel,
        outcome: str,
        done: PackageChange,
        until_us: int,
        received_us: int,
    ) -> ReceivedParcel:
        return ReceivedParcel(
            layer, sent.city, parcel.layer, sent.name, outcome, done.rows, done.ends, until_us, received_us
        )

    def _receipts(self, layer: str) -> tuple[Receipt, ...]:
        """Return the receipts of a layer, oldest first."""
        return self.catalogue.receipts.of(layer).receipts if self.catalogue.table(layer).exists else ()

    def _definition(self, layer: str, sent: Sent, parcel: Parcel) -> Definition:
        """Return the definition that the layer has from now on; refuse another owner's, and other signatures."""
        try:
            given = Definition.from_toml(parcel.definition, name=sent.name)
        except InvalidDefinition as error:
            raise damaged_package(sent.name, "its definition cannot be read") from error
        pinned = self.trust
        if self.catalogue.table(layer).exists:
            origin = self.catalogue.definition_for(layer, None).origin
            _refuse_other(layer, origin, sent, parcel)
            pinned = pinned or (origin.key if origin is not None else None)
        _refuse_unsigned(layer, pinned, sent)
        origin = OriginClause(city=sent.city, layer=parcel.folder, key=pinned)
        return given.model_copy(update={"id": layer, "origin": origin})

    def _step(self, layer: str, sent: Sent, parcel: Parcel, receipts: tuple[Receipt, ...]) -> _Step | None:
        """Return what is to be done; None: nothing is new."""
        chain = parcel.chain
        if not receipts:
            if not parcel.is_whole:
                raise self._missing(layer, sent, parcel, None)
            return _Step(None, chain, replaces=self.catalogue.table(layer).exists)
        last = receipts[-1]
        new = chain.after(last.link)
        if new is not None:
            if not new.entries:
                return None
            if not new.purges:
                return _Step(last.until_us, new)
            if parcel.is_whole:  # what was purged goes here, too
                return _Step(None, new, replaces=True)
            raise damaged_package(sent.name, "it goes on after a purge, whose rows it does not replace")
        if parcel.until_us <= last.until_us and chain.link in self._links(layer, parcel, sent):
            return None
        if parcel.is_whole and self.anew:
            return _Step(None, chain, replaces=True, anew=True)
        if parcel.since_us is not None and parcel.since_us > last.until_us:
            raise self._missing(layer, sent, parcel, last)
        raise Conflict(
            "changed-past", f"{sent.name} tells another past of layer '{layer}' than was received until "
            f"{self.zone.iso(last.until_us)}: its owner restored, made anew or purged it, or shows other parts of it",
            hint="ask for a package from the beginning, and receive it with anew=True",
            in_shell="ask for a package from the beginning, and receive it with --anew",
        )  # fmt: skip

    def _links(self, layer: str, parcel: Parcel, sent: Sent) -> tuple[str, ...]:
        """Return the links of all that was received."""
        root = root_link(sent.city, parcel.folder, parcel.view)
        return EntryChain(root, owners_documents(self.catalogue.ledger.loads(layer))).links

    def _missing(self, layer: str, sent: Sent, parcel: Parcel, last: Receipt | None) -> Conflict:
        since = self.zone.iso(parcel.since_us or 0)
        have = (
            "nothing of it was received"
            if last is None
            else f"it is known until {self.zone.iso(last.until_us)}"
        )
        return Conflict(
            "missing-package", f"{sent.name} begins after {since}, and of layer '{layer}' {have}: one is missing",
            hint="receive the packages between first; what is received twice does no harm",
        )  # fmt: skip

    def _apply(
        self, layer: str, definition: Definition, sent: Sent, number: int, parcel: Parcel,
        step: _Step,
    ) -> tuple[PackageChange, Reckoning]:  # fmt: skip
        catalogue, kind = self.catalogue, kind_of(definition)
        table = kind.table(layer, catalogue.table(layer).table)
        exchange = kind.exchange()
        founded = table.exists
        founding = contextlib.nullcontext() if founded else catalogue.founding(layer, definition)
        with steady_memory(), self.folder.staging(catalogue.lock_name(layer)) as staging, founding:
            schema = table.writable_schema(
                kind.row_schema(parcel.attributes), kind.partition, parcel.attributes
            )
            base = table.table.snapshot()
            refused = _refusal(sent)
            rows = _rows(sent, number, parcel, exchange.schema(parcel.attributes), staging, refused)
            arrival = Arrival(
                table, schema, base, rows, RecordedSpan(step.since_us, parcel.until_us), step.replaces, staging,
                self.configuration.lattice, self.zone, self.unit_codes, refused, _changed(layer, sent),
            )  # fmt: skip
            try:
                done = exchange.write(arrival)
                entry = self._entry(layer, sent, parcel, step, done)
                if done.add or done.remove or not founded:
                    table.extend(parcel.attributes)
                    self._commit(
                        table.table, done, entry, base.sequence, None if base.sequence else definition
                    )
            finally:
                table.table.discard_uncommitted()
            catalogue.ledger.write([entry])
            with contextlib.suppress(
                Conflict, StorageError
            ):  # the package is received: merging files can wait
                done.tidy()
        return done, entry

    def _commit(
        self,
        table: Any,
        done: PackageChange,
        entry: Reckoning,
        after: int,
        founding_definition: Definition | None,
    ) -> None:
        ledger = self.catalogue.ledger
        ledger.prepare()
        (note,) = ledger.chained([entry])
        note |= {} if founding_definition is None else founding_note(founding_definition)
        table.commit(add=done.add, remove=done.remove, after=after, note=note)

    def _entry(self, layer: str, sent: Sent, parcel: Parcel, step: _Step, done: PackageChange) -> Reckoning:
        newest_us = self.catalogue.ledger.newest_us(layer)
        at_us = self.clock() if newest_us is None else max(self.clock(), newest_us + 1)
        digest = hashlib.sha256(sent.file.digest + parcel.folder.encode()).hexdigest()
        chain = step.chain
        first = chain.entries[0]["recorded_at"] if chain.entries else parcel.until_us
        received = {
            "city": sent.city, "layer": parcel.folder, "first_us": first, "until_us": parcel.until_us,
            "link": chain.link, "entries": list(chain.entries), "key": sent.key, "anew": step.anew,
        }  # fmt: skip
        return Reckoning(
            digest[:16], layer, sent.name, RECEIVE, at_us, read=done.rows, accepted=done.rows, ended=done.ends,
            attempt=uuid.uuid4().hex, received=received,
        )  # fmt: skip

    def _save(self, layer: str, definition: Definition, parcel: Parcel) -> None:
        """Save the definition and the description that the owner has now, where they differ."""
        key = ("layers", f"{self.catalogue.naming.folder_of(layer)}.toml")
        text = with_digest(definition.to_toml())
        if self.folder.read_text(*key) != text:
            self.folder.write_text(text, *key)
        before = self.catalogue.descriptions.of(layer).fields
        if dict(parcel.description) != before:
            cleared: dict[str, object] = dict.fromkeys(before)
            self.catalogue.descriptions.write(layer, cleared | dict(parcel.description), self.clock)


def _rows(
    sent: Sent,
    number: int,
    parcel: Parcel,
    schema: pa.Schema,
    staging: Path,
    refused: Callable[[str], StcloudError],
) -> Any:
    """Return the rows of a member, which is compared with its digest first."""
    if not parcel.bytes:
        if parcel.rows or parcel.ends:
            raise refused("it has no member for its rows")
        return ()
    path = sent.file.extract(number, parcel.bytes, parcel.sha256, staging)
    return read_rows(path, schema, parcel.rows + parcel.ends, refused)


def _refusal(sent: Sent) -> Callable[[str], FormatError]:
    return lambda fault: damaged_package(sent.name, fault)


def _changed(layer: str, sent: Sent) -> Callable[[str], Conflict]:
    return lambda fault: Conflict(
        "changed-past", f"{sent.name} tells another past of layer '{layer}': {fault}",
        hint="ask for a package from the beginning, and receive it with anew=True",
        in_shell="ask for a package from the beginning, and receive it with --anew",
    )  # fmt: skip


def _refuse_other(layer: str, origin: OriginClause | None, sent: Sent, parcel: Parcel) -> None:
    if origin is None:
        raise InvalidInput(
            "own-layer", f"layer '{layer}' is this city's own, and {sent.name} has a layer of city '{sent.city}'",
            hint="receive it under another name (as_layer)", in_shell="receive it under another name (--as)",
        )  # fmt: skip
    if (origin.city, origin.layer) != (sent.city, parcel.folder):
        raise InvalidInput(
            "other-origin", f"layer '{layer}' is layer '{origin.layer}' of city '{origin.city}', and {sent.name} has "
            f"layer '{parcel.folder}' of city '{sent.city}'",
            hint="receive it under another name (as_layer)", in_shell="receive it under another name (--as)",
        )  # fmt: skip


def _refuse_unsigned(layer: str, pinned: str | None, sent: Sent) -> None:
    if pinned is None or sent.key == pinned:
        return
    if sent.key is None:
        raise InvalidInput(
            "unsigned-package", f"{sent.name} is not signed, and packages of layer '{layer}' must be",
            hint="ask its sender for a signed one",
        )  # fmt: skip
    raise InvalidInput(
        "wrong-signature", f"{sent.name} is signed with another key than the one that layer '{layer}' trusts",
        hint="trust the new key (trust) if its owner has told you that it changed",
        in_shell="trust the new key (--trust) if its owner has told you that it changed",
    )  # fmt: skip
