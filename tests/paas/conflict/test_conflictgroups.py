"""Areas are cut at the borders of groups, as these were; `tests/properties/test_plans.py` has the law."""

import numpy as np
import pyarrow as pa
import shapely

from stcloud.daas.table.feature import instants
from stcloud.paas.conflict.conflictgroups import GroupAreas, grouped_conflicts

ALWAYS = (-(2**63), 2**63 - 1)


def rows(*conflicts):
    return pa.table({
        "rule": [f"r{number}" for number in range(len(conflicts))],
        "from": instants(np.array([start for start, _ in conflicts], np.int64), ALWAYS[0]),
        "area_m2": pa.array([shape.area or None for _, shape in conflicts], pa.float64()),
        "st_geom": [shapely.to_wkb(shape) for _, shape in conflicts],
    })  # fmt: skip


AREAS = GroupAreas(
    "unit", np.array(["west", "east", "new"], object),
    np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10), shapely.box(0, 0, 20, 10)], object),
    np.array([0, 0, 50]), np.array([50, 50, ALWAYS[1]]),
)  # fmt: skip


def sums(table, window=ALWAYS):
    grouped = grouped_conflicts(table, (), AREAS, window).to_pylist()
    return {row["unit"]: (row["conflicts"], row["area_m2"]) for row in grouped}


def test_areas_are_cut_at_borders():
    found = sums(rows((5, shapely.box(5, 0, 25, 10)), (5, shapely.box(1, 1, 2, 2))))
    assert found == {"west": (2, 51.0), "east": (1, 100.0), None: (1, 50.0)}


def test_groups_are_as_they_were():
    early = rows((5, shapely.box(5, 0, 15, 10)))
    assert sums(early, (60, 70)) == {"new": (1, 100.0)}
    assert sums(early, (40, 70)) == {"west": (1, 50.0), "east": (1, 50.0)}


def test_a_line_counts_where_its_middle_lies():
    found = sums(rows((5, shapely.LineString([(2, 5), (30, 5)])), (5, shapely.LineString([(5, 5), (15, 5)]))))
    assert found == {"east": (1, None), "west": (1, None)}  # the middle on the border counts once
