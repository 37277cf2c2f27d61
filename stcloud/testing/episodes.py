"""The oracle of episodes: a loop over the rows of a data frame, station by station, one reading after another.

Tested by `tests/paas/episode/test_detection.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from stcloud.paas.episode.episoderule import EpisodeRule

__all__ = ["slow_episodes"]


def slow_episodes(frame: pd.DataFrame, rule: EpisodeRule, step_us: int) -> list[dict[str, Any]]:
    """Return the episodes of readings with the columns ``station``, ``time_us``, ``value`` and ``flag``."""
    episodes = []
    for station in sorted(frame["station"].unique()):
        rows = frame[frame["station"] == station].sort_values("time_us")
        episodes += [{"station": station, **each} for each in _of_station(rows, rule, step_us)]
    return episodes


def _of_station(rows: pd.DataFrame, rule: EpisodeRule, step_us: int) -> Iterator[dict[str, Any]]:
    columns = (rows[name].tolist() for name in ("time_us", "value", "flag"))
    usable = [
        (time_us, value)
        for time_us, value, flag in zip(*columns, strict=True)
        if flag == 0 and not math.isnan(value)
    ]
    stretch: list[tuple[int, float]] = []
    episode: list[tuple[int, float]] = []
    for place, (time_us, value) in enumerate(usable):
        last_us = usable[place - 1][0] + step_us if place else time_us
        next_us = usable[place + 1][0] if place + 1 < len(usable) else time_us + step_us
        ended_us = last_us if time_us - last_us > rule.gap_us else None
        if ended_us is not None:
            stretch = []
        elif _ends(value, rule):
            ended_us = min(last_us, time_us)
        if ended_us is not None:
            if episode:
                yield _described(episode, ended_us, rule, step_us, is_open=False)
            episode = []
        stretch = [*stretch, (time_us, value)] if _is_beyond(value, rule) else []
        if episode:
            episode.append((time_us, value))
        elif stretch and min(time_us + step_us, next_us) - stretch[0][0] >= rule.least_us:
            episode = list(stretch)
    if episode:
        silent_us = int(rows["time_us"].max()) - usable[-1][0]
        yield _described(episode, usable[-1][0] + step_us, rule, step_us, is_open=silent_us <= rule.gap_us)


def _is_beyond(value: float, rule: EpisodeRule) -> bool:
    return value > rule.above if rule.above is not None else value < rule.threshold


def _ends(value: float, rule: EpisodeRule) -> bool:
    if rule.ends_below is not None:
        return value < rule.ends_below
    if rule.ends_above is not None:
        return value > rule.ends_above
    return not _is_beyond(value, rule)


def _described(
    episode: list[tuple[int, float]], to_us: int, rule: EpisodeRule, step_us: int, *, is_open: bool
) -> dict[str, Any]:
    values = [value for _, value in episode]
    peak = max(values) if rule.above is not None else min(values)
    missing = 0
    for (earlier_us, _), (later_us, _) in itertools.pairwise(episode):
        missing += max(math.floor((later_us - earlier_us) / step_us + 0.5) - 1, 0)
    return {
        "from_us": episode[0][0], "to_us": to_us, "is_open": is_open, "peak": peak,
        "peak_us": next(time_us for time_us, value in episode if value == peak),
        "mean": math.fsum(values) / len(values), "readings": len(values), "missing": missing,
    }  # fmt: skip
