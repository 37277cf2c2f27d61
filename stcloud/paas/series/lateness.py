"""Lateness: how long after its time a reading became known, station by station.

Tested by `tests/paas/series/test_lateness.py`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stcloud.paas.series.readings import Readings
from stcloud.time.micros import HOUR_US

__all__ = ["lateness_of"]

_SHARES = {"min": 0.0, "median": 0.5, "p90": 0.9, "max": 1.0}


def lateness_of(readings: Readings) -> pa.Table:
    """Return the lateness of each station's readings: recorded minus valid time.

    Returns
    -------
    ``station``, ``readings``, and ``min_h``, ``median_h``, ``p90_h``, ``max_h`` hours, interpolated. Of a
    corrected reading the correction counts, unless the question is of what was known before it.
    """
    late_h = (readings.recorded_us - readings.time_us) / HOUR_US
    bounds = readings.starts
    parts = [late_h[bounds[at] : bounds[at + 1]] for at in range(len(readings.stations))]
    quantiles = np.array([np.quantile(part, list(_SHARES.values())) for part in parts], np.float64).reshape(
        -1, len(_SHARES)
    )
    columns = {f"{name}_h": pa.array(quantiles[:, at]) for at, name in enumerate(_SHARES)}
    counts = pa.array([len(part) for part in parts], pa.int64())
    return pa.table({"station": pa.array(readings.stations, pa.string()), "readings": counts, **columns})
