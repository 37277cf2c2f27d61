"""Pictures of evaluations: an indicator by area as a map, and by group as a chart.

Tested by `tests/saas/report/test_evaluationpicture.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput, Unsupported
from stcloud.saas.report.caption import instant_text, period_text
from stcloud.saas.report.chart import draw_chart
from stcloud.saas.report.chartdata import chart_data
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.map import MapText, draw_map
from stcloud.saas.report.underlay import underlays

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.city.evaluating import CaseEvaluation
    from stcloud.paas.query import Answer

__all__ = ["chart_evaluation", "map_evaluation"]

_SIZE_PX = (1400, 1000)


def map_evaluation(
    city: City,
    evaluation: CaseEvaluation,
    indicator: str,
    path: Path,
    tell: Callable[[str], None],
    *,
    title: str | None = None,
    under: tuple[str, ...] | None = None,
) -> Path:
    """Draw an indicator of areas as a map.

    Parameters
    ----------
    city, evaluation
        The city, and an evaluation of it by areas.
    indicator
        Its name.
    path
        PNG, SVG or PDF file to write.
    tell
        Called with the fonts to install, and with what is not drawn underneath.
    title, under
        Title and layers underneath; None: the usual ones.

    Returns
    -------
    The file.

    Raises
    ------
    Unsupported, InvalidInput
        ``no-geometry``: the groups have no place; ``no-such-number``, ``unknown-picture``.
    StorageError
        ``picture-not-written``.
    """
    answer = _answer(evaluation, [indicator])
    if answer.place is None:
        raise Unsupported(
            "no-geometry", f"there is no place to draw groups by {' and '.join(evaluation.plan.by) or 'nothing'} at",
            hint="group by cell, community, street or district in a city with one unit grid, or draw a chart",
            in_shell="use --by cell, community, street or district in a city with one unit grid, or --chart FILE",
        )  # fmt: skip
    plan, grids = evaluation.plan, [layer.name for layer in city.layers() if _is_grid(layer)]
    below = None
    if grids:
        below = underlays(city.query(grids[0]).subject, under, plan.at_us, tell)
    text = MapText(
        title or _title(evaluation, [indicator]), _subtitle(evaluation, [indicator]),
        _left_out(evaluation, [indicator]), _known(evaluation), _words(evaluation, indicator),
    )  # fmt: skip
    canvas = draw_map(answer, None, text, under=below, path=path, size_px=_SIZE_PX)
    if canvas.missing:
        tell(advice(canvas.missing))
    return path


def chart_evaluation(
    evaluation: CaseEvaluation, indicators: Sequence[str], path: Path, tell: Callable[[str], None], *,
    title: str | None = None,
) -> Path:  # fmt: skip
    """Draw indicators by group as a chart: bars, or lines over bins of time; a panel for each indicator.

    Raises
    ------
    Unsupported, InvalidInput
        ``no-chart``: it has no group; ``no-such-number``, ``unknown-picture``.
    StorageError
        ``picture-not-written``.
    """
    answer, plan = _answer(evaluation, indicators), evaluation.plan
    measures = {name: _words(evaluation, name) for name in indicators}
    data = chart_data(answer, plan.by, measures, whole=True)
    canvas = draw_chart(
        data, title=title or _title(evaluation, indicators),
        subtitle=f"{_subtitle(evaluation, indicators)}  ·  known at {_known(evaluation)}",
        notes="; ".join(_left_out(evaluation, indicators)), zone=plan.zone.name, path=path,
    )  # fmt: skip
    if canvas.missing:
        tell(advice(canvas.missing))
    return path


def _answer(evaluation: CaseEvaluation, indicators: Sequence[str]) -> Answer:
    table = evaluation.table
    for name in indicators:
        if name not in table.column_names:
            raise InvalidInput(
                "no-such-number", f"'{name}' was not evaluated",
                hint=f"evaluate it; there are {', '.join(evaluation.plan.names)}",
            )  # fmt: skip
    return replace(evaluation.answer(), table=table.select([*evaluation.plan.by, *indicators]))


def _is_grid(layer: object) -> bool:
    return getattr(getattr(layer, "definition", None), "grid", None) is not None


def _words(evaluation: CaseEvaluation, indicator: str) -> str:
    clause = evaluation.plan.scheme.indicator(indicator)
    return f"{clause.title}, %" if clause.unit == "rate" else clause.title


def _title(evaluation: CaseEvaluation, indicators: Sequence[str]) -> str:
    names = " and ".join(evaluation.plan.scheme.indicator(name).title for name in indicators[:2])
    by = " and ".join(name.replace("_", " ") for name in evaluation.plan.by)
    return f"{names[:1].upper()}{names[1:]} by {by}"


def _subtitle(evaluation: CaseEvaluation, indicators: Sequence[str]) -> str:
    """Return whose cases these are, of which period, and by which policies they are counted."""
    plan = evaluation.plan
    period = "all time" if plan.period is None else period_text(plan.period, plan.zone)
    meant = [line for line in evaluation.words() if line.partition(":")[0] in indicators]
    return "  ·  ".join([f"cases of {evaluation.name}", period, *meant])


def _known(evaluation: CaseEvaluation) -> str:
    plan = evaluation.plan
    return f"{instant_text(plan.zone.iso(plan.known_us))}, {plan.zone.name}"


def _left_out(evaluation: CaseEvaluation, indicators: Sequence[str]) -> tuple[str, ...]:
    """Return how many groups have no number."""
    return tuple(
        f"{name} is n/a for {count:,} of {len(evaluation):,} groups"
        for name in indicators if (count := evaluation.table[name].null_count)
    )  # fmt: skip
