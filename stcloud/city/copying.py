"""Copies of a city in another place: a folder, or an address in a bucket.

`city.toml` comes last: a half copy is no city. It has a marker, by which the same call goes on where it was::

    .copy.json                    whose copy this is, until it is whole
    ledger/ layers/ quarantine/   tables, as they are captured
    names.toml, classes/, …       definitions, lists, names
    cases/                        media, then logs
    city.toml

Tested by `tests/city/test_copying.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from stcloud.city.copiedcases import CaseCopy
from stcloud.city.copiedtables import copy_tables
from stcloud.city.parts import CityParts
from stcloud.daas.catalogue import Catalogue
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.names import NAMES_FILE
from stcloud.errors import Conflict
from stcloud.iaas.job import Job
from stcloud.iaas.store.carrier import carrying
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.model import Store, bytes_or_none
from stcloud.iaas.store.probe import require_put_if_absent
from stcloud.iaas.store.revised import REVISIONS, newest

__all__ = ["CityCopy", "CopiedCity"]

_MARKER, _CITY = ".copy.json", "city.toml"
_OF_THIS_MACHINE = (".work", "index")
_BY_THEMSELVES = ("layers", "ledger", "quarantine", "cases", *_OF_THIS_MACHINE)
_RACERS = 8


@dataclass(frozen=True, slots=True)
class CopiedCity:
    """The reckoning of a copy.

    Attributes
    ----------
    target
        Its address.
    files, bytes
        What was sent.
    there
        Files that were there already, of a call that was killed.
    tables
        Delta tables, with the ledger and the quarantine.
    logs
        Logs of cases.
    """

    target: str
    files: int
    bytes: int
    there: int
    tables: int
    logs: int


@dataclass(frozen=True, slots=True)
class CityCopy:
    """A copy of a city that is to be made.

    Parameters
    ----------
    parts, configuration
        The city.
    target
        Where the copy is to be.
    url
        Database to which logs of cases are carried over; None: they stay files, or where they are.
    """

    parts: CityParts
    configuration: CityConfiguration
    target: Folder
    url: str | None

    def run(self, job: Job) -> CopiedCity:
        """Make the copy, or go on with it; see `City.copy_to`."""
        source = self.parts.folder
        cases = CaseCopy(source, self.target, self.url)
        cases.require_place()
        self._refuse_below()
        if self._begin():
            return self._completed(cases)
        with carrying(source.store, self.target.store, _is_own) as carrier:
            tables = copy_tables(carrier, self.parts.catalogue, job)
            job.tell("other files", 0)
            carrier.put_all(_texts(source.store, tables.prefixes))
            cases.copy(carrier, job)
            job.tell("compare", 0)
            self._require_marker()
            carrier.verify()
        job.tell("complete", 0)
        if tables.moved:
            self._enter_loads()
        self._finish()
        done = carrier.carried
        return CopiedCity(
            self.target.url, done.files, done.bytes, done.there, len(tables.prefixes), len(cases.names)
        )

    @property
    def _label(self) -> str:
        identity = hashlib.blake2b(self.parts.folder.store.identity.encode(), digest_size=16).hexdigest()
        return f"{json.dumps({'format': 1, 'city': self.configuration.name, 'source': identity})}\n"

    def _refuse_below(self) -> None:
        ours, theirs = (f"{folder.store.url.rstrip('/')}/" for folder in (self.parts.folder, self.target))
        if theirs.startswith(ours) and theirs != ours:
            raise Conflict(
                "city-exists", f"{self.target.url} lies in the city itself", hint="choose another place"
            )

    def _completed(self, cases: CaseCopy) -> CopiedCity:
        """End a copy that was killed after its last file."""
        self.target.delete(_MARKER)
        entries = [entry.key for entry in self.target.store.entries() if _is_own(entry.key)]
        tables = {key.partition("/_delta_log/")[0] for key in entries if "/_delta_log/" in key}
        return CopiedCity(self.target.url, 0, 0, len(entries), len(tables), len(cases.names))

    def _begin(self) -> bool:
        """Mark the target as a copy of this city, and refuse one where something else is; True: it is whole."""
        there = _top(self.target.store)
        if _MARKER in there:
            self._require_marker()
            other = there - _top(self.parts.folder.store) - {_MARKER}
            if other:
                raise _not_empty(self.target, min(other))
            require_put_if_absent(self.target.store)
            return _CITY in there
        if there:
            raise _not_empty(self.target, _CITY if _CITY in there else min(there))
        require_put_if_absent(self.target.store, racers=_RACERS)
        if not self.target.put_text(self._label, _MARKER):
            self._require_marker()
        return False

    def _require_marker(self) -> None:
        (content,) = self.target.store.get_many([_MARKER])
        if content != self._label.encode():
            raise Conflict(
                "city-exists",
                f"{self.target.url} has the copy of another city, or another process finished this one",
                hint="choose another place",
            )

    def _enter_loads(self) -> None:
        """Enter the loads that the copy has, and that its ledger does not know yet since they came meanwhile."""
        catalogue = Catalogue(self.target, self.configuration)
        for name in catalogue.names():
            with catalogue.locked(name, wait_s=0):
                catalogue.mend(name)

    def _finish(self) -> None:
        self._require_marker()
        if not self.target.put_text(self.parts.folder.read_text(_CITY), _CITY):
            raise Conflict(
                "city-exists",
                f"another process made a city in {self.target.url} meanwhile",
                hint="choose another place",
            )
        self.target.delete(_MARKER)


def _not_empty(target: Folder, name: str) -> Conflict:
    text = "has a city already" if name == _CITY else f"is not empty: it has {name}"
    return Conflict("city-exists", f"{target.url} {text}", hint="choose another place")


def _top(store: Store) -> set[str]:
    """Return what lies at the root of a store, but for what is of one machine."""
    there = store.children()
    return {key.rpartition("/")[2] for key in (*there.keys, *there.folders)} - set(_OF_THIS_MACHINE)


def _is_own(key: str) -> bool:
    """Return whether a key of the target belongs to what is copied before the end."""
    return key not in (_MARKER, _CITY) and key.partition("/")[0] not in _OF_THIS_MACHINE


def _texts(store: Store, prefixes: tuple[str, ...]) -> list[tuple[str, Callable[[], bytes]]]:
    """Return keys and readers of the small files that are in no table; beside tables, those of copied ones."""
    there = store.children()
    keys = [key for key in there.keys if key != _CITY]
    folders = [folder for folder in there.folders if folder not in _BY_THEMSELVES]
    keys += [key for folder in folders if not folder.endswith(REVISIONS) for key in store.list(folder)]
    beside = {f"{prefix}{suffix}" for prefix in prefixes for suffix in (".toml", ".about.toml")}
    keys += [key for key in store.children("layers").keys if key in beside]
    shown = [key for key in keys if not any(part.startswith(".") for part in key.split("/"))]
    return [(key, _reader(store, key)) for key in shown]


def _reader(store: Store, key: str) -> Callable[[], bytes]:
    if key == NAMES_FILE:  # in a bucket there may be a later revision of it
        return lambda: newest(partial(bytes_or_none, store), key) or b""
    return lambda: store.get(key)
