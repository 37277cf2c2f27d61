"""Facts of cases: a row for each case, as it was known at an instant and read at an instant.

What is judged (indicators, scores, time to close) is computed from this table and from nothing else, whether it comes
from a log of actions, from a published layer, or from a layer of requests.

Tested by `tests/paas/case/evaluation/test_evaluation.py`.
"""

from __future__ import annotations

import pyarrow as pa

__all__ = ["FACTS"]

_INSTANT = pa.timestamp("us", "UTC")
_TEXTS_BEFORE = (
    "kind",
    "class",
    "condition",
    "source",
    "department",
    "component",
    "cell",
    "district",
    "street",
)
_POSTS = ("reporter_post", "operator_post", "dispatcher_post", "handler_post", "checker_post")

FACTS: pa.Schema = pa.schema([
    pa.field("number", pa.string(), nullable=False),
    *((name, pa.bool_()) for name in ("counted", "cancelled", "open", "suspended")),
    *((name, pa.string()) for name in (*_TEXTS_BEFORE, "community", "duty_grid")),
    ("lon", pa.float64()), ("lat", pa.float64()),
    *((name, _INSTANT) for name in (
        "reported_at", "filed_at", "dispatched_at", "handled_at", "closed_at", "started_at", "due_at",
    )),
    ("due_provisional", pa.bool_()),
    *((name, _INSTANT) for name in (
        "accept_due_at", "dispatch_due_at", "check_due_at",
        "verify_ordered_at", "verified_at", "check_ordered_at", "checked_at",
    )),
    *((name, pa.bool_()) for name in ("exempt", "forced", "self_handled", "verified_public")),
    *((name, pa.int64()) for name in ("reworks", "extensions", "suspensions", "returns", "urgings")),
    ("extended_at", _INSTANT),
    *((name, pa.string()) for name in _POSTS),
    ("satisfaction", pa.int64()), ("master", pa.string()), ("recorded_at", _INSTANT),
])  # fmt: skip
"""Columns of facts; instants are UTC, degrees are CGCS2000 or WGS 84, null is what has not happened or is not known.

``counted``: false for a duplicate, a rejected report. ``cancelled``: ended without being filed. ``open``: not ended.
``suspended``: its clock is paused. ``department``: the last one. ``district``, ``street``, ``community``: the first
6, 9 and 12 characters of ``cell``. ``handled_at``, ``closed_at``: start of the present uninterrupted time as
handled or closed; ``filed_at``, ``dispatched_at``: the first time. ``started_at``, ``due_at``: start and deadline of
the whole case's clock, frozen at its end; null while suspended or without a limit. ``…_due_at``: deadlines of stages.
``exempt``: by an appeal. ``…_post``: post of the last who reported, filed, dispatched, handled, checked.
``satisfaction``: 1 to 5. ``master``: the case that it duplicates.
"""
