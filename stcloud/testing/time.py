"""Hypothesis strategies of time: zones, instants near their changes, spans, texts that `when` reads.

Tested by `tests/time/test_when.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from stcloud.time import Span, Zone

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["instants", "local_times", "relative_texts", "spans", "when_texts", "zones"]

ZONE_NAMES = (
    "America/New_York",
    "America/Havana",  # goes back at 01:00 to 00:00
    "America/Sao_Paulo",  # skipped midnights until 2018
    "America/St_Johns",  # went back over midnight until 2011
    "Africa/Casablanca",
    "Asia/Kathmandu",  # +05:45
    "Asia/Shanghai",  # summer time 1986 to 1991
    "Australia/Lord_Howe",  # half an hour of summer time
    "Europe/Amsterdam",
    "Europe/London",
    "Pacific/Apia",  # no 2011-12-30
    "Pacific/Kwajalein",
    "UTC",
)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no zone
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


def zones() -> SearchStrategy[Zone]:
    """Draw zones with all the habits we know of."""
    return st.sampled_from(ZONE_NAMES).map(Zone)


def instants(zone: Zone, *, first_year: int = 1840, last_year: int = 2110) -> SearchStrategy[int]:
    """Draw UTC microseconds, half of them within a day of a change of the zone's offset.

    Parameters
    ----------
    zone
        Whose changes are sought.
    first_year, last_year
        Both inside.
    """
    first_us = _us(datetime(first_year, 1, 1))  # noqa: DTZ001
    stop_us = _us(datetime(last_year + 1, 1, 1))  # noqa: DTZ001
    anywhere = st.integers(first_us, stop_us - 1)
    changes = zone.offsets(first_us, stop_us).starts_us.tolist()
    near = st.builds(
        lambda at_us, away_us: min(max(at_us + away_us, first_us), stop_us - 1),
        st.sampled_from(changes),
        st.one_of(st.integers(-DAY_US, DAY_US), st.sampled_from([-SECOND_US, -1, 0, 1, SECOND_US])),
    )
    return st.one_of(near, anywhere)


def local_times(zone: Zone, *, first_year: int = 1840, last_year: int = 2110) -> SearchStrategy[int]:
    """Draw wall-clock microseconds, many of them repeated or skipped in the zone."""
    near = instants(zone, first_year=first_year, last_year=last_year)
    moved = st.sampled_from([0, 900, 1800, 3600, -900, -1800, -3600])
    return st.builds(
        lambda at_us, by_s: int(zone.to_local(np.array([at_us]))[0]) + by_s * SECOND_US,
        near,
        moved,
    )


def spans(*, low_us: int = -1000, high_us: int = 1000) -> SearchStrategy[Span]:
    """Draw half-open spans, some with open ends, close enough to overlap and touch."""
    ends = st.one_of(st.none(), st.integers(low_us, high_us))
    pairs = st.tuples(ends, ends).filter(lambda pair: None in pair or pair[0] != pair[1])
    return pairs.map(_ordered)


@st.composite
def when_texts(draw: st.DrawFn, first_year: int = 1, last_year: int = 9999) -> str:
    """Draw a text that `when` reads: a unit of the calendar, an instant, or an interval of two."""
    at = draw(st.datetimes(datetime(first_year, 1, 1), datetime(last_year, 12, 31)))  # noqa: DTZ001
    if draw(st.booleans()):
        return _written(draw, at)
    if (side := draw(st.sampled_from(["both", "from", "until"]))) != "both":
        return f"{_written(draw, at)}/.." if side == "from" else f"../{_written(draw, at)}"
    # Two years apart, so that neither unit nor offset can bring the end before the start.
    later = min(at + timedelta(days=draw(st.integers(800, 8000))), datetime(9999, 12, 31))  # noqa: DTZ001
    start = min(at, datetime(9996, 1, 1))  # noqa: DTZ001
    return f"{_written(draw, start)}/{_written(draw, later)}"


@st.composite
def relative_texts(draw: st.DrawFn) -> str:
    """Draw a text whose meaning depends on what time it is."""
    unit = draw(st.sampled_from(["day", "week", "month", "quarter", "year"]))
    count = draw(st.sampled_from([1, 2, 3, 7, 12, 30]))
    fixed = ["today", "yesterday", f"this {unit}", f"last {unit}", f"previous {unit}"]
    forms = [
        f"last {count} {unit}s",
        f"previous {count} {unit}s",
        f"last {count} hours",
        f"last {count} minutes",
    ]
    return draw(st.sampled_from([*fixed, *forms]))


def _written(draw: st.DrawFn, at: datetime) -> str:
    year, week, _ = at.isocalendar()
    forms = [
        f"{at.year:04}",
        f"{at.year:04}-Q{(at.month + 2) // 3}",
        f"{at.year:04}-{at.month:02}",
        at.date().isoformat(),
        *(at.isoformat(timespec=unit) for unit in ("hours", "minutes", "seconds", "microseconds")),
    ]
    if 1 <= year <= 9999:
        forms.append(f"{year:04}-W{week:02}")
    text = draw(st.sampled_from(forms))
    return text + (draw(st.sampled_from(["", "Z", "+05:45", "-05:00"])) if "T" in text else "")


def _ordered(pair: tuple[int | None, int | None]) -> Span:
    start_us, end_us = pair
    if start_us is not None and end_us is not None and start_us > end_us:
        return Span(end_us, start_us)
    return Span(start_us, end_us)


def _us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
