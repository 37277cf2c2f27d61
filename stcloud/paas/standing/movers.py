"""Movers: where each was last, and which rules watch it now.

A rule remembers nothing of a mover that is nowhere near its area. A fix that is newer than all others of its mover
needs no memory; for an older one the layer is read again.

Tested by `tests/paas/standing/test_layerevaluation.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from stcloud.daas.table.timeline import ALWAYS
from stcloud.paas.standing.alertbook import Named

__all__ = ["Movers"]

_PRUNED_US = 86_400_000_000
_MANY = 4096


class Movers:
    """The movers of one grouping.

    Parameters
    ----------
    pruned_us, newest
        Up to when movers may be forgotten, and the newest fix of each other one, as `state` has them.
    """

    def __init__(self, pruned_us: int = ALWAYS, newest: Mapping[str, int] | None = None) -> None:
        self.rules: dict[Named, None] = {}
        """The rules that watch them."""
        self._tracked: dict[str, dict[Named, None]] = {}
        self._newest: dict[str, int] = dict(newest or {})
        self._pruned_us = pruned_us
        self._limit = _MANY

    def watch(self, rule: Named) -> None:
        """Let a rule watch them."""
        self.rules[rule] = None

    def forget(self, rule: Named) -> None:
        """Forget a rule."""
        self.rules.pop(rule, None)
        for group in [group for group, rules in self._tracked.items() if rule in rules]:
            self.drop(rule, group)

    def track(self, rule: Named, group: str) -> None:
        """Remember that a rule has something to remember of a mover."""
        self._tracked.setdefault(group, {})[rule] = None

    def drop(self, rule: Named, group: str) -> None:
        """Forget that a rule has something to remember of a mover."""
        rules = self._tracked.get(group)
        if rules is not None:
            rules.pop(rule, None)
            if not rules:
                del self._tracked[group]

    def rules_of(self, group: str) -> Collection[Named]:
        """Return the rules that have something to remember of a mover."""
        return self._tracked.get(group, ())

    def newest_us(self, group: str) -> int:
        """Return the valid time of the newest fix of a mover, or one after it: what is later is in order."""
        return self._newest.get(group, self._pruned_us)

    def note(self, newest_us: Mapping[str, int]) -> None:
        """Remember the valid time of the newest fix of each mover."""
        for group, at_us in newest_us.items():
            self._newest[group] = max(self.newest_us(group), at_us)

    def prune(self, watermark_us: int) -> None:
        """Forget movers that were silent for a day, where there are many."""
        if len(self._newest) > self._limit:
            cut_us = watermark_us - _PRUNED_US
            self._newest = {group: at_us for group, at_us in self._newest.items() if at_us > cut_us}
            self._pruned_us = max(self._pruned_us, cut_us)
            self._limit = max(_MANY, 2 * len(self._newest))

    def state(self) -> list[Any]:
        """Return what is needed to go on, as JSON has it."""
        return [self._pruned_us, self._newest]
