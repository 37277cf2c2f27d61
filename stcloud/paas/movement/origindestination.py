"""Origins and destinations: how many trips went from one cell to another, as the cells were when a trip was there.

Tested by `tests/paas/movement/test_origindestination.py`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stcloud.paas.movement.fixes import Fixes
from stcloud.paas.movement.motionrules import TripRule
from stcloud.paas.movement.placedcells import PlacedCells
from stcloud.paas.movement.tracktable import runs_of_trips, trip_lengths
from stcloud.time.micros import SECOND_US

__all__ = ["origins_table"]


def origins_table(fixes: Fixes, rule: TripRule, cells: PlacedCells) -> pa.Table:
    """Return a row for each pair of cells: ``origin``, ``destination``, ``trips``, and sums and means of the trips.

    The origin is the cell that held the first fix of a trip at its instant, the destination that of the last fix;
    null: none did. Ordered by both, null last.
    """
    _, first, last = runs_of_trips(fixes, rule)
    origin, destination = (
        cells.names(fixes.x[rows], fixes.y[rows], fixes.time_us[rows]) for rows in (first, last)
    )
    trips = pa.table(
        {
            "origin": origin,
            "destination": destination,
            "length_m": trip_lengths(fixes.steps_m(), first, last),
            "took_us": np.asarray(fixes.time_us[last] - fixes.time_us[first], np.int64),
        }
    )
    groups = trips.group_by(["origin", "destination"], use_threads=False).aggregate(
        [("length_m", "count"), ("length_m", "mean"), ("took_us", "sum")]
    )
    groups = groups.sort_by([("origin", "ascending"), ("destination", "ascending")])
    count = np.asarray(groups["length_m_count"], np.int64)
    return pa.table(
        {
            "origin": groups["origin"],
            "destination": groups["destination"],
            "trips": count,
            "mean_length_m": groups["length_m_mean"],
            "mean_duration_s": np.asarray(groups["took_us_sum"], np.int64) / np.maximum(count, 1) / SECOND_US,
        }
    )
