"""The check of a city with what lies beside its layers: lists of versions, rules, and logs of cases.

Tested by `tests/reliability/test_damage_beside_layers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from stcloud.city.caselogs import case_log_names
from stcloud.city.keptlist import KeptList
from stcloud.daas.audit import Finding
from stcloud.daas.check import LayersCheck, faults_of
from stcloud.iaas.records import Records
from stcloud.iaas.store.folder import Folder

__all__ = ["CityCheck"]

_LISTS = {"calendar": ".toml", "classes": ".csv", "indicators": ".toml"}
_RULES, _CASES = "rules", "cases"


@dataclass(frozen=True, slots=True)
class CityCheck:
    """The check of one city.

    Parameters
    ----------
    layers
        The check of its layers.
    """

    layers: LayersCheck

    def city(self) -> Iterator[Finding]:
        """Check layers, ledger and quarantine, then what else is there; a log in a database is that database's."""
        yield from self.layers.city()
        for name, suffix in _LISTS.items():
            if self._folder.children(name).keys:
                yield _finding(name, [partial(self._list, name, suffix)])
        rules = [folder.rstrip("/").rpartition("/")[2] for folder in self._folder.children(_RULES).folders]
        if rules:
            yield _finding(_RULES, [partial(self._list, f"{_RULES}/{each}", ".toml") for each in rules])
        logs = [
            name for name in case_log_names(self._folder) if not self._folder.exists(_CASES, f"{name}.toml")
        ]
        if logs:
            yield _finding(_CASES, [partial(self._log, name) for name in logs])

    @property
    def _folder(self) -> Folder:
        return self.layers.folder

    def _list(self, name: str, suffix: str) -> Iterator[str]:
        if not KeptList(self._folder, name, suffix, self.layers.clock).versions():
            yield f"{name} has no version"

    def _log(self, name: str) -> Iterable[str]:
        with Records.open(self._folder, name, clock=self.layers.clock) as records:
            records.check()
        return ()


def _finding(check: str, parts: Iterable[Callable[[], Iterable[str]]]) -> Finding:
    faults = [fault for part in parts for fault in faults_of(part)]
    return Finding(None, check, len(faults), faults[0] if faults else None)
