"""The kinds of layers that queries are made about: events and features.

Tested by `tests/conformance/test_kinds.py`.
"""

from __future__ import annotations

from stcloud.paas.query.compile.event_rows import EVENTS, EventRows
from stcloud.paas.query.compile.feature_rows import FEATURES, FeatureRows
from stcloud.paas.query.plan.row_kind import register_kind
from stcloud.paas.query.resolve.rows_of_kind import PointRows, ShapeRows

__all__ = ["EVENTS", "FEATURES"]

register_kind("event", EVENTS, lambda _: PointRows(), EventRows)
register_kind("feature", FEATURES, lambda ends: ShapeRows(ends()), FeatureRows)
