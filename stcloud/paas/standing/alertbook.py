"""All alerts of a layer's rules, found by rule and group: those that were raised before, and since.

Tested by `tests/paas/standing/test_layerevaluation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stcloud.paas.standing.alerting import StandingAlert

__all__ = ["AlertBook"]

Named = tuple[str, int]


class AlertBook:
    """Alerts, of which those that were raised before are read when they are first needed.

    Parameters
    ----------
    before
        Returns them.
    """

    def __init__(self, before: Callable[[], Iterable[StandingAlert]] = tuple) -> None:
        self._before = before
        self._alerts: dict[str, StandingAlert] = {}
        self._by_group: dict[str, dict[str, StandingAlert]] | None = None

    def write(self, alerts: Iterable[StandingAlert]) -> None:
        """Keep alerts that are new or have changed."""
        for alert in alerts:
            self._alerts[alert.id] = alert
            if self._by_group is not None:
                self._by_group.setdefault(alert.group, {})[alert.id] = alert

    def of(self, rule: Named, group: str) -> list[StandingAlert]:
        """Return the alerts of a version of a rule and a group."""
        return [each for each in self._of_group(group) if (each.rule, each.version) == rule]

    def changed(self) -> list[StandingAlert]:
        """Return the alerts that were written, in order."""
        return sorted(self._alerts.values(), key=lambda alert: alert.order)

    def flush(self, before: Callable[[], Iterable[StandingAlert]]) -> None:
        """Forget which alerts were written: they are among those from before."""
        self._before = before
        self._alerts.clear()

    def _of_group(self, group: str) -> list[StandingAlert]:
        if self._by_group is None:
            self._by_group = {}
            for alert in (*self._before(), *self._alerts.values()):
                self._by_group.setdefault(alert.group, {})[alert.id] = alert
        return [*self._by_group.get(group, {}).values()]
