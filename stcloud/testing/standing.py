"""Oracles of standing questions: every window counted at every instant, every load looked at as if it were the last.

The model keeps all rows and all alerts, and computes all incidents of a group anew after each load.

Tested by `tests/paas/standing/test_layerevaluation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.testing.episodes import slow_episodes

__all__ = ["LoggedRow", "SlowAlerts", "SlowIncident", "slow_counts", "slow_readings", "slow_visits"]


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """A row as a layer stores it: with the recorded instants from which and until which it was believed."""

    key: str
    group: str
    time_us: int
    level: float
    from_us: int
    to_us: int | None = None


@dataclass(frozen=True, slots=True)
class SlowIncident:
    """An incident; ``to_us`` None: it goes on, ``ends_us``: when it ends if nothing comes."""

    from_us: int
    to_us: int | None
    crossed_us: int
    peak: float
    peak_us: int
    rows: int
    last_us: int
    ends_us: int | None = None


_SHOWN = ("from_us", "to_us", "crossed_us", "peak", "peak_us", "rows", "last_us")
SlowDetector = Callable[[Sequence[LoggedRow]], list[SlowIncident]]


def slow_counts(within_us: int, least: int, lasting: int, quiet_us: int) -> SlowDetector:
    """Return what counts the rows of every window ``(t - within, t]`` whenever one comes or leaves."""

    def detected(rows: Sequence[LoggedRow]) -> list[SlowIncident]:
        times = sorted(row.time_us for row in rows)
        periods: list[dict[str, Any]] = []
        inside = False
        for at_us in sorted({*times, *(time_us + within_us for time_us in times)}):
            window = {place for place, time_us in enumerate(times) if at_us - within_us < time_us <= at_us}
            if not inside and len(window) >= least:
                inside = True
                if periods and at_us < periods[-1]["to_us"] + quiet_us:
                    periods[-1]["to_us"] = None
                else:
                    periods.append({"from_us": at_us, "to_us": None, "levels": [], "rows": set()})
            if inside and len(window) < lasting:
                inside, periods[-1]["to_us"] = False, at_us
            if inside:
                periods[-1]["rows"] |= window
                periods[-1]["levels"].append((len(window), at_us))
        made = []
        for period in periods:
            peak = max(level for level, _ in period["levels"])
            peak_us = next(at_us for level, at_us in period["levels"] if level == peak)
            made.append(
                SlowIncident(
                    period["from_us"],
                    None,
                    period["from_us"],
                    float(peak),
                    peak_us,
                    len(period["rows"]),
                    times[max(period["rows"])],
                    period["to_us"],
                )
            )
        return made

    return detected


def slow_readings(rule: EpisodeRule, step_us: int) -> SlowDetector:
    """Return what finds the episodes of a rule without ``quiet``; a level of NaN is no value."""

    def detected(rows: Sequence[LoggedRow]) -> list[SlowIncident]:
        frame = pd.DataFrame({
            "station": ["s"] * len(rows), "time_us": [row.time_us for row in rows],
            "value": [row.level for row in rows], "flag": [0] * len(rows),
        })  # fmt: skip
        return [
            SlowIncident(
                each["from_us"],
                None if each["is_open"] else each["to_us"],
                each["from_us"] + rule.least_us,
                each["peak"],
                each["peak_us"],
                each["readings"],
                max(row.time_us for row in rows if row.level == row.level and row.time_us < each["to_us"]),
            )
            for each in slow_episodes(frame, rule, step_us)
        ]

    return detected


def slow_visits(least_us: int, gap_us: int | None, quiet_us: int) -> SlowDetector:
    """Return what finds the visits of a mover: a fix stands until the next one, no longer than ``gap``."""

    def detected(rows: Sequence[LoggedRow]) -> list[SlowIncident]:
        fixes = sorted((row.time_us, row.key, row.level) for row in rows)
        stays: list[
            list[tuple[int, int | None]]
        ] = []  # of each visit the fixes, each with when it stands until
        going = False
        for place, (time_us, _, level) in enumerate(fixes):
            next_us = fixes[place + 1][0] if place + 1 < len(fixes) else None
            until_us = next_us
            if gap_us is not None and (next_us is None or next_us > time_us + gap_us):
                until_us = time_us + gap_us
            if level > 0:
                if not going:
                    stays.append([])
                stays[-1].append((time_us, until_us if next_us is not None else None))
            going = level > 0 and until_us == next_us and next_us is not None
        visits: list[SlowIncident] = []
        for stay in stays:
            from_us, (last_us, to_us) = stay[0][0], stay[-1]
            known_us = last_us if to_us is None else to_us
            if known_us - from_us < least_us:
                continue
            ends_us = None if to_us is not None or gap_us is None else last_us + gap_us
            if visits and visits[-1].to_us is not None and from_us < visits[-1].to_us + quiet_us:
                visits[-1] = replace(
                    visits[-1],
                    to_us=to_us,
                    ends_us=ends_us,
                    rows=visits[-1].rows + len(stay),
                    last_us=last_us,
                )
            else:
                visits.append(
                    SlowIncident(
                        from_us, to_us, from_us + least_us, 1.0, from_us, len(stay), last_us, ends_us
                    )
                )
        return visits

    return detected


@dataclass(slots=True)
class SlowAlerts:
    """The alerts of one rule, by load.

    Parameters
    ----------
    detect, lateness_us
        Finds the incidents of a group; how late rows may come.
    """

    detect: SlowDetector
    lateness_us: int = 0
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def load(self, rows: Iterable[LoggedRow], at_us: int) -> None:
        """Look at all rows after a load."""
        known = [row for row in rows if row.from_us <= at_us]
        before = [min(row.time_us, row.from_us) for row in known if row.from_us < at_us]
        behind_us = max(before, default=None)
        watermark_us = max((min(row.time_us, row.from_us) for row in known), default=at_us)
        believed = [row for row in known if row.to_us is None or row.to_us > at_us]
        groups = {row.group for row in known} | {alert["group"] for alert in self.alerts}
        for group in sorted(groups):
            incidents = []
            for each in self.detect([row for row in believed if row.group == group]):
                over = each.to_us is None and each.ends_us is not None and each.ends_us <= watermark_us
                incidents.append(replace(each, to_us=each.ends_us, ends_us=None) if over else each)
            self.match(group, incidents, at_us, behind_us)

    def shown(self) -> list[dict[str, Any]]:
        """Return the alerts in order."""
        return sorted(self.alerts, key=lambda each: (each["raised_us"], each["group"], each["from_us"]))

    def match(self, group: str, incidents: list[SlowIncident], at_us: int, behind_us: int | None) -> None:
        """Give the incidents of a group, as they are believed at a recorded instant, to its alerts."""
        own = [alert for alert in self.alerts if alert["group"] == group]
        own.sort(
            key=lambda each: (each["status"] in ("retracted", "merged"), each["raised_us"], each["from_us"])
        )
        taken: list[dict[str, Any]] = []
        for incident in incidents:
            shown = {name: getattr(incident, name) for name in _SHOWN}
            shown["status"] = "open" if incident.to_us is None else "ended"
            match = next((each for each in own if each not in taken and _common(each, shown)), None)
            if match is None:
                late_us = 0 if behind_us is None else max(0, behind_us - incident.crossed_us)
                match = {
                    "group": group,
                    "raised_us": at_us,
                    "lateness_us": late_us,
                    "late": late_us > self.lateness_us,
                }
                self.alerts.append(match)
            match |= shown
            taken.append(match)
        for alert in own:
            if alert not in taken and alert["status"] in ("open", "ended"):
                alert["status"] = "merged" if any(_common(alert, each) for each in taken) else "retracted"
                alert["to_us"] = alert["last_us"] if alert["to_us"] is None else alert["to_us"]


def _common(first: dict[str, Any], second: dict[str, Any]) -> bool:
    ends = [
        float("inf") if each["to_us"] is None else max(each["to_us"], each["last_us"] + 1)
        for each in (first, second)
    ]
    return bool(first["from_us"] < ends[1] and second["from_us"] < ends[0])
