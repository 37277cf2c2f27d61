"""The rules of a city's standing questions, of which every version stays: ``rules/ID/0001.toml``.

A version holds from its recorded instant until the next one's. The last one may say that the rule has ended.

Tested by `tests/city/test_standing.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stcloud.city.keptlist import KeptList, KeptVersion
from stcloud.city.standingsubject import rule_of
from stcloud.errors import Conflict, InvalidInput, NotFound, nearest
from stcloud.paas.standing.ruledocument import RuleDocument
from stcloud.time import instant_us

if TYPE_CHECKING:
    from stcloud.city.parts import CityParts
    from stcloud.time import Zone

__all__ = ["RuleVersion", "StandingRules"]

_FOLDER = "rules"
_STAMP = (_FOLDER, "changed.txt")
_END = "end"


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version of a rule.

    Attributes
    ----------
    rule, version
        The rule, and its number, from 1 on.
    added_us
        When it was recorded, UTC microseconds.
    ended_us, until_us
        When the next version, or the end, was recorded, and the valid time up to which its alerts go on; None: it
        is there.
    """

    rule: RuleDocument
    version: int
    added_us: int
    ended_us: int | None = None
    until_us: int | None = None


class StandingRules:
    """All rules of a city.

    Parameters
    ----------
    parts
        The city's.
    zone
        The city's.
    """

    def __init__(self, parts: CityParts, zone: Zone) -> None:
        self._parts, self._zone = parts, zone
        self._kept: dict[str, KeptList] = {}
        self._all: tuple[int, dict[str, tuple[RuleVersion, ...]]] | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names of all rules, sorted, of those that have ended, too."""
        folders = self._parts.folder.children(_FOLDER).folders
        return tuple(sorted(folder.rstrip("/").rpartition("/")[2] for folder in folders))

    def versions(self, name: str) -> tuple[RuleVersion, ...]:
        """Return the versions of a rule, oldest first; `NotFound` ``unknown-rule``."""
        kept = self._list(name).versions() if name in self.names() else ()
        if not kept:
            raise NotFound(
                "unknown-rule", f"the city has no rule '{name}'", nearest=nearest(name, self.names()),
                hint="add it with city.standing.add", in_shell="add it with stcloud rule add",
            )  # fmt: skip
        return tuple(self._versions(kept))

    @property
    def changed_us(self) -> int:
        """The recorded instant of the last change of any rule, UTC microseconds; 0: there was none."""
        there = self._parts.folder.exists(*_STAMP)
        return int(self._parts.folder.read_text(*_STAMP)) if there else 0

    def by_layer(self) -> Mapping[str, tuple[RuleVersion, ...]]:
        """Return all versions of the rules of each layer, by name and version; they are the same until rules change.

        It is for who holds the lock of standing questions.
        """
        changed_us = self.changed_us
        if self._all is None or self._all[0] != changed_us:
            layers: dict[str, list[RuleVersion]] = {}
            for name in self.names():
                for version in self._versions(self._list(name).versions()):
                    layers.setdefault(version.rule.layer, []).append(version)
            self._all = changed_us, {layer: tuple(layers[layer]) for layer in sorted(layers)}
        return self._all[1]

    def append(self, name: str, text: str, at_us: int) -> None:
        """Record a version at an instant; `Conflict` ``rule-changed``: somebody else did at this moment."""
        self._parts.folder.write_text(f"{at_us}\n", *_STAMP)  # first: who keeps all rules reads them again
        kept = self._list(name, at_us)
        if not kept.append(text):
            raise Conflict(
                "rule-changed", f"somebody else changed rule '{name}' at this moment", hint="try again"
            )

    def end(self, name: str, until_us: int, at_us: int) -> None:
        """Record that a rule has ended; `InvalidInput` ``rule-ended``: it had before."""
        if self.versions(name)[-1].ended_us is not None:
            raise InvalidInput("rule-ended", f"rule '{name}' has ended before")
        self.append(name, f'{_END} = "{self._zone.iso(until_us)}"\n', at_us)

    def _versions(self, kept: tuple[KeptVersion, ...]) -> list[RuleVersion]:
        versions: list[RuleVersion] = []
        open_one: RuleVersion | None = None
        for each in kept:
            document = tomllib.loads(each.text)
            ended = document.get(_END)
            until_us = each.recorded_us if ended is None else instant_us(ended, self._zone)
            if open_one is not None:
                versions[-1] = RuleVersion(
                    open_one.rule, open_one.version, open_one.added_us, each.recorded_us, until_us
                )
            open_one = None
            if ended is None:
                rule = rule_of(document, each.key)
                open_one = RuleVersion(rule, len(versions) + 1, each.recorded_us)
                versions.append(open_one)
        return versions

    def _list(self, name: str, at_us: int = 0) -> KeptList:
        clock = self._parts.clock if not at_us else lambda: at_us
        if at_us or name not in self._kept:
            self._kept[name] = KeptList(self._parts.folder, f"{_FOLDER}/{name}", ".toml", clock)
        return self._kept[name]
