"""What queries know of the two kinds of layers that are built in.

Tested by `tests/conformance/test_kinds.py`.
"""

from __future__ import annotations

from stcloud.paas.query.condition.period import EVER
from stcloud.paas.query.plan.row_kind import EventRowKind, FeatureRowKind

__all__ = ["EVENTS", "FEATURES"]

EVENTS = EventRowKind()
"""What queries know of events."""
FEATURES = FeatureRowKind((EVER,))
"""What queries know of features."""
