"""The check of a city with what lies beside its layers: lists of versions, rules, and logs of cases.

Tested by `tests/reliability/test_damage_beside_layers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from stcloud.city.caselogs import case_log_names
from stcloud.city.keptlist import KeptList
from stcloud.daas.audit import Finding
from stcloud.daas.catalogue import Catalogue
from stcloud.daas.check import LayersCheck
from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.clock import Clock
from stcloud.iaas.engine.model import Engine
from stcloud.iaas.records import Records
from stcloud.iaas.store.folder import Folder

__all__ = ["CityCheck"]

_LISTS = {"calendar": ".toml", "classes": ".csv", "indicators": ".toml"}
_RULES, _CASES = "rules", "cases"


@dataclass(frozen=True, slots=True)
class CityCheck:
    """The check of one city; parameters are those of the check of layers."""

    folder: Folder
    catalogue: Catalogue
    configuration: CityConfiguration
    engine: Engine
    clock: Clock

    def city(self) -> Iterator[Finding]:
        """Check layers, ledger and quarantine, then what else is there; a log in a database is that database's."""
        yield from self._layers().city()
        for name, suffix in _LISTS.items():
            if self.folder.children(name).keys:
                yield _finding(name, [partial(self._list, name, suffix)])
        rules = [folder.rstrip("/").rpartition("/")[2] for folder in self.folder.children(_RULES).folders]
        if rules:
            yield _finding(_RULES, [partial(self._list, f"{_RULES}/{each}", ".toml") for each in rules])
        logs = [
            name for name in case_log_names(self.folder) if not self.folder.exists(_CASES, f"{name}.toml")
        ]
        if logs:
            yield _finding(_CASES, [partial(self._log, name) for name in logs])

    def known_layer(self, name: str) -> Iterator[Finding]:
        """Check one layer, as the check of the city does."""
        return self._layers().known_layer(name)

    def _layers(self) -> LayersCheck:
        return LayersCheck(self.folder, self.catalogue, self.configuration, self.engine, self.clock)

    def _list(self, name: str, suffix: str) -> None:
        if not KeptList(self.folder, name, suffix, self.clock).versions():
            raise FormatError("damaged-city", f"{name} has no version", hint="bring it back from a copy")

    def _log(self, name: str) -> None:
        with Records.open(self.folder, name, clock=self.clock) as records:
            records.check()


def _finding(check: str, parts: list[Callable[[], None]]) -> Finding:
    faults = []
    for part in parts:
        try:
            part()
        except (FormatError, StorageError) as error:
            if isinstance(error, StorageError) and error.kind in ("no-permission", "disk-full", "read-only"):
                raise
            faults.append(error.message)
    return Finding(None, check, len(faults), faults[0] if faults else None)
