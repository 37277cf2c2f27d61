"""Charts of series: results of bins as lines, a part for each station, value and method; gaps stay gaps.

Tested by `tests/saas/report/test_serieschart.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import Unsupported
from stcloud.saas.report.caption import instant_text
from stcloud.saas.report.chart import draw_chart
from stcloud.saas.report.chartdata import MOST_PANELS, ChartData, Panel, Series
from stcloud.saas.report.glyph import advice

if TYPE_CHECKING:
    from stcloud.paas.series.resampled import Resampled

__all__ = ["chart_series", "panels_of"]

_GROUPS = {"1h": "hour", "1W": "week", "1M": "month", "1Q": "quarter", "1Y": "year"}


def chart_series(
    result: Resampled,
    city: str,
    path: Path,
    tell: Callable[[str], None] | None = None,
    *,
    title: str | None = None,
) -> Path:
    """Draw results of bins as a chart.

    Parameters
    ----------
    result, city
        The results, and the name of the city.
    path
        PNG, SVG or PDF file to write.
    tell
        Called with the fonts to install, where characters have none.
    title
        Title; None: the layer and its time.

    Raises
    ------
    Unsupported
        ``no-chart``: there are no results, or too many stations and values for one picture.
    InvalidInput, StorageError
        ``unknown-picture``, ``picture-not-written``.
    """
    panels = panels_of(result)
    if not panels or not len(result.labels):
        raise Unsupported("no-chart", "there are no readings to draw", hint="widen the question")
    if len(panels) > MOST_PANELS:
        raise Unsupported(
            "no-chart", f"a chart has at most {MOST_PANELS} parts, and these results would have {len(panels):,}",
            hint="name stations and values: --at, --value",
        )  # fmt: skip
    if len(panels) == 1:
        panels = (Panel("", panels[0].measure, panels[0].series),)
    facts = result.facts
    labels = tuple(result.labels.tolist())
    data = ChartData("lines", _GROUPS.get(result.every, "day"), np.arange(len(labels)), labels, panels)
    known = facts.get("known_at")
    about = f"{city}, bins of {result.every}, complete if {result.complete}"
    about += f"  ·  known at {instant_text(known)}, {result.zone}" if known else ""
    named = title or f"{facts.get('layer', 'Series')}, {labels[0]} to {labels[-1]}"
    canvas = draw_chart(data, title=named, subtitle=about, zone=str(result.zone), path=path)
    if tell is not None and canvas.missing:
        tell(advice(canvas.missing))
    return path


def panels_of(result: Resampled) -> tuple[Panel, ...]:
    """Return a part for each station, value and method."""
    panels = []
    for row, station in enumerate(result.stations):
        for name, methods in result.results.items():
            for method, values in methods.items():
                unit = "" if method == "count" else f" ({result.units[name]})"
                measure = f"{method} of {name}{unit}"
                panels.append(Panel(f"{station}: {measure}", measure, (Series(measure, values[row]),)))
    return tuple(panels)
