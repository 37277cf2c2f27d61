"""New, gone and changed conflicts; `tests/properties/test_plans.py` has the law."""

import pyarrow as pa

from stcloud.paas.conflict.conflictchanges import changed_conflicts

AT = pa.timestamp("us", "UTC")


def rows(*conflicts):
    return pa.table({
        "conflict": pa.array([name for name, _, _ in conflicts], pa.string()),
        "from": pa.array([start for _, start, _ in conflicts], AT),
        "area_m2": pa.array([area for _, _, area in conflicts], pa.float64()),
    })  # fmt: skip


def test_what_differs_is_named():
    before = rows(("a", 0, 5.0), ("b", 0, 5.0), ("c", 0, 5.0), ("d", 0, 1.0), ("d", 9, 1.0))
    after = rows(("a", 0, 5.0), ("b", 3, 7.0), ("d", 9, 1.0), ("d", 0, 1.0), ("e", 0, 5.0))
    changes = changed_conflicts(before, after).to_pylist()
    assert [(row["conflict"], row["change"], row["differs"]) for row in changes] == [
        ("b", "changed", "from, area_m2"), ("c", "gone", None), ("e", "new", None),
    ]  # fmt: skip
    assert len(changed_conflicts(before, before)) == 0
