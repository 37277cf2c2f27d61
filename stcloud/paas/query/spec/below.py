"""What the methods of a query need of the stages below, imported when a method first needs it.

So a count imports what counting needs. Tested by ``tests/architecture/test_late_imports.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.query.explain import explain
    from stcloud.paas.query.join.how import read_how
    from stcloud.paas.query.run.cubing import cubed
    from stcloud.paas.query.run.exporting import write_rows
    from stcloud.paas.query.run.group_tiling import groups_tiled
    from stcloud.paas.query.run.joining import joining_of
    from stcloud.paas.query.run.measuring import Selection, measured
    from stcloud.paas.query.run.nothing import why_empty
    from stcloud.paas.query.run.refreshing import refreshed
    from stcloud.paas.query.run.tiling import TileRequest, tiled
    from stcloud.paas.query.run.valuing import valuing_of
    from stcloud.paas.query.run.wholegroups import whole_groups
    from stcloud.paas.query.run.why import why
    from stcloud.paas.query.spec.display import query_html, query_lines
    from stcloud.paas.query.spec.goal import goal_of, group_of, shape_of, timeline_of
    from stcloud.paas.query.spec.joined import join_of

__all__ = [
    "Selection", "TileRequest", "cubed", "explain", "goal_of", "group_of", "groups_tiled", "join_of", "joining_of",
    "measured", "query_html", "query_lines", "read_how", "refreshed", "shape_of", "tiled", "timeline_of",
    "valuing_of", "whole_groups", "why", "why_empty", "write_rows",
]  # fmt: skip

_HOMES = {
    "Selection": "stcloud.paas.query.run.measuring",
    "TileRequest": "stcloud.paas.query.run.tiling",
    "cubed": "stcloud.paas.query.run.cubing",
    "explain": "stcloud.paas.query.explain",
    "goal_of": "stcloud.paas.query.spec.goal",
    "group_of": "stcloud.paas.query.spec.goal",
    "groups_tiled": "stcloud.paas.query.run.group_tiling",
    "join_of": "stcloud.paas.query.spec.joined",
    "joining_of": "stcloud.paas.query.run.joining",
    "measured": "stcloud.paas.query.run.measuring",
    "query_html": "stcloud.paas.query.spec.display",
    "query_lines": "stcloud.paas.query.spec.display",
    "read_how": "stcloud.paas.query.join.how",
    "refreshed": "stcloud.paas.query.run.refreshing",
    "shape_of": "stcloud.paas.query.spec.goal",
    "tiled": "stcloud.paas.query.run.tiling",
    "timeline_of": "stcloud.paas.query.spec.goal",
    "valuing_of": "stcloud.paas.query.run.valuing",
    "whole_groups": "stcloud.paas.query.run.wholegroups",
    "why": "stcloud.paas.query.run.why",
    "why_empty": "stcloud.paas.query.run.nothing",
    "write_rows": "stcloud.paas.query.run.exporting",
}

__getattr__ = late_names(__name__, _HOMES)  # a question needs few of them
