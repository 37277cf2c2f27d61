"""The kinds of layers that queries are made about: events, features and scenes.

Tested by `tests/conformance/test_kinds.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.paas.query.compile.event_rows import EventRows
from stcloud.paas.query.compile.row_kinds import EVENTS, FEATURES
from stcloud.paas.query.plan.row_kind import register_kind
from stcloud.paas.query.resolve.rows_of_kind import PointRows, ShapeRows

if TYPE_CHECKING:
    from stcloud.daas.configuration import CityConfiguration
    from stcloud.paas.query.plan.row_source import RowSource
    from stcloud.paas.query.resolve.features import Features
    from stcloud.paas.query.resolve.resolver import Resolution

__all__ = ["EVENTS", "FEATURES"]


def _feature_rows(resolved: Resolution, layer: Features, configuration: CityConfiguration) -> RowSource:
    from stcloud.paas.query.compile.feature_rows import FeatureRows  # noqa: PLC0415  (events need it not)

    return FeatureRows(resolved, layer, configuration)


register_kind("event", EVENTS, lambda _: PointRows(), EventRows)
for _name in ("feature", "scene"):  # a scene is a feature with an array beside it
    register_kind(_name, FEATURES, lambda ends: ShapeRows(ends()), _feature_rows)
