"""Statistics of scenes by cell as a map: areas shaded by the statistic.

Tested by `tests/saas/cli/test_scenecells.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.errors import Unsupported
from stcloud.saas.report.caption import instant_text
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.map import MapText, draw_map
from stcloud.saas.report.picture import MapOptions
from stcloud.saas.report.symbol import symbols_of
from stcloud.saas.report.underlay import underlays

if TYPE_CHECKING:
    from stcloud.paas.query import Subject
    from stcloud.paas.scene.cellstatistics import CellStatistics

__all__ = ["map_by_cell"]


def map_by_cell(
    subject: Subject, result: CellStatistics, path: Path, tell: Callable[[str], None], *, options: MapOptions
) -> Path:
    """Draw statistics of one image by cell.

    Parameters
    ----------
    subject
        The layer of scenes; its city has the layers underneath.
    result
        Of one image.
    path, tell, options
        As for `map_answer`.

    Raises
    ------
    Unsupported
        ``no-map``: a stack in time; otherwise as `map_answer`.
    """
    if result.stacked:
        raise Unsupported(
            "no-map",
            "a map shows one image, and these are a stack in time",
            hint="choose an instant: --as-of T",
        )
    answer, facts, name = result.answer(), result.facts, next(iter(result.values))
    symbols = symbols_of(answer, options.shade, None, {name: f"{name} of {facts['band']}"})
    text = MapText(
        options.title or f"{', '.join(result.values)} of {facts['band']} as of {facts.get('as_of', '')}",
        f"{subject.configuration.name}, layer {facts['layer']}",
        known=f"{instant_text(facts['known_at'])}, {subject.zone.name}",
    )
    under = underlays(subject, options.under, int(result.times_us[0]), tell)
    canvas = draw_map(symbols, None, text, crs=subject.configuration.crs, under=under, path=path)
    if canvas.missing:
        tell(advice(canvas.missing))
    return path
