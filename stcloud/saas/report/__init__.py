"""Maps and charts for reports (ring: saas).

Knows questions and answers (paas), cells and polygons (space), and Matplotlib. Must not know commands: whoever has an
answer may draw it. Draws on figures of its own, never through pyplot.

Nouns: `Canvas` (the figure, measured in pixels), `Symbols` (what an answer puts on a map), `Classes` (of values), the
graticule (degrees along the edges), `Underlay` (a layer beneath), `ChartData` (what a chart shows).

Start reading at `map.py` and `chart.py`; `picture.py` takes title, outline and layers underneath from the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.saas.report.chart import chart_answer
    from stcloud.saas.report.faults import map_faults
    from stcloud.saas.report.hotspotmap import map_hotspots
    from stcloud.saas.report.map import draw_map
    from stcloud.saas.report.picture import MapOptions, map_answer
    from stcloud.saas.report.planmap import map_blueprint, map_conflicts
    from stcloud.saas.report.serieschart import chart_series
    from stcloud.saas.report.timelinechart import chart_timeline
    from stcloud.saas.report.versionmap import map_changes, map_versions

__all__ = [
    "MapOptions", "chart_answer", "chart_series", "chart_timeline", "draw_map", "map_answer", "map_blueprint",
    "map_changes", "map_conflicts", "map_faults", "map_hotspots", "map_versions",
]  # fmt: skip

_HOMES = {
    "chart_answer": ".chart",
    "map_faults": ".faults",
    "map_hotspots": ".hotspotmap",
    "draw_map": ".map",
    "MapOptions": ".picture",
    "map_answer": ".picture",
    "map_blueprint": ".planmap",
    "map_conflicts": ".planmap",
    "chart_series": ".serieschart",
    "chart_timeline": ".timelinechart",
    "map_changes": ".versionmap",
    "map_versions": ".versionmap",
}

__getattr__ = late_names(__name__, _HOMES)  # classes and colours need no Matplotlib
