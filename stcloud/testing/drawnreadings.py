"""Random readings and rules, small enough that every case of an episode occurs often.

Tested by `tests/paas/episode/test_detection.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.paas.series.readings import Readings

__all__ = ["MINUTE_US", "STEP_US", "frames", "readings_of", "rules"]

MINUTE_US = 60_000_000
STEP_US = 60 * MINUTE_US
_STATIONS = ("Mill", "Park", "Quay")
_LEVELS = (10.0, 75.0, 76.0, 115.0, 116.0, 300.0, float("nan"))
_LATE = {1: 1, 2: 29, 3: 30, 4: 31, 5: -30}
"""Minutes by which a reading is late, of few of 32."""
_IMPLAUSIBLE = (6, 7, 8, 9)
"""Of 32, which are implausible."""
_ABSENT = 224
"""Bytes from here on are hours without a reading."""


@st.composite
def frames(draw: Any, hours: int = 30) -> pd.DataFrame:
    """Draw readings: columns ``station``, ``time_us``, ``value`` and ``flag``, one row a station and time.

    Each byte is an hour of a station, so that many are drawn at once.
    """
    rows = {}
    for station in draw(st.sets(st.sampled_from(_STATIONS), min_size=1)):
        for hour, byte in enumerate(draw(st.binary(min_size=hours, max_size=hours))):
            if byte < _ABSENT:
                kind, level = divmod(byte, len(_LEVELS))
                value, flag = _LEVELS[level], int(kind in _IMPLAUSIBLE)
                time_us = hour * STEP_US + _LATE.get(kind, 0) * MINUTE_US
                rows[station, time_us] = (station, time_us, value, 2 if math.isnan(value) else flag)
    return pd.DataFrame(sorted(rows.values()), columns=["station", "time_us", "value", "flag"]).astype(
        {"time_us": "int64", "value": "float64", "flag": "int64"}
    )


@st.composite
def rules(draw: Any) -> EpisodeRule:
    """Draw rules: thresholds on both sides, with and without hysteresis, durations and gaps of any fit."""
    low, high = sorted(draw(st.lists(st.sampled_from((75.0, 75.5, 115.0, 200.0)), min_size=2, max_size=2)))
    is_high, has_release = draw(st.booleans()), draw(st.booleans())
    document: dict[str, Any] = {"id": "smog", "layer": "air", "value": "PM2.5"}
    document |= {"above": high} if is_high else {"below": low}
    if has_release:
        document |= {"ends_below": low} if is_high else {"ends_above": high}
    document["for"] = draw(st.sampled_from(("0h", "1h", "90min", "2h", "3h", "5h")))
    document["gap"] = draw(st.sampled_from(("0h", "29min", "30min", "1h", "2h", "6h")))
    return EpisodeRule.model_validate(document)


def readings_of(frame: pd.DataFrame) -> Readings:
    """Return a frame as readings, with a step of an hour."""
    frame = frame.sort_values(["station", "time_us"])
    stations = tuple(sorted(frame["station"].unique()))
    return Readings(
        stations=stations,
        station=frame["station"].map({name: place for place, name in enumerate(stations)}).to_numpy(np.int32),
        time_us=frame["time_us"].to_numpy(np.int64),
        values={"PM2.5": frame["value"].to_numpy(np.float64)},
        flags={"PM2.5": frame["flag"].to_numpy(np.uint8)},
        recorded_us=np.zeros(len(frame), np.int64), step_us=STEP_US, units={"PM2.5": "ug/m3"},
    )  # fmt: skip
