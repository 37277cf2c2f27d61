"""The chart of a timeline: how much there was at every instant.

Tested by `tests/saas/report/test_stepdata.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.saas.report.caption import instant_text, period_text, places_of, title_of, unnamed
from stcloud.saas.report.chart import draw_chart
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.stepdata import step_data
from stcloud.time import parse_when

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Query

__all__ = ["chart_timeline"]

_ALL_TIME = "all time"


def chart_timeline(
    query: Query,
    answer: Answer,
    path: Path,
    tell: Callable[[str], None] | None = None,
    *,
    measures: Sequence[str] = (),
    title: str | None = None,
) -> Path:
    """Draw a timeline as steps: what holds from each instant on.

    Parameters
    ----------
    query, answer
        The query, and the answer of its `Query.timeline`, which has at most one group.
    path, tell, title
        As for `chart_answer`.
    measures
        Measures as they were written.

    Returns
    -------
    The file.

    Raises
    ------
    Unsupported
        ``no-chart``: a chart does not show such an answer.
    InvalidInput, StorageError
        ``unknown-picture``, ``picture-not-written``.
    """
    configuration, known = query.subject.configuration, answer.facts["known_at"]
    zone = configuration.zone
    fields = [name for name in answer.plain.schema.names if name not in (*answer.groups, "from", "to")]
    written = dict(zip(fields, [unnamed(text) for text in measures] or ["count"], strict=True))
    data = step_data(answer.labelled(), written, zone.name, int(datetime.fromisoformat(known).timestamp()))
    about = f"{configuration.name}, layer {query.subject.layer.name}"
    about += "".join(f"  ·  in {place}" for place in places_of(query))
    about += f"  ·  known at {instant_text(known)}, {zone.name}"
    named, during = title_of(query), answer.facts["during"]
    if during != _ALL_TIME:
        named += f"{'; ' if ': ' in named else ': '}{period_text(parse_when(during, zone), zone)}"
    canvas = draw_chart(data, title=title or named, subtitle=about, zone=zone.name, path=path)
    if tell is not None and canvas.missing:
        tell(advice(canvas.missing))
    return path
