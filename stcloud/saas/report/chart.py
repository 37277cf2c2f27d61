"""Charts: an answer as lines over time or bars by category.

Tested by `tests/saas/report/test_chart.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from stcloud.saas.report.canvas import Canvas, check_picture, fixed_look, lettering, wrap
from stcloud.saas.report.caption import (
    compared_with,
    instant_text,
    left_out,
    measures_of,
    places_of,
    title_of,
)
from stcloud.saas.report.chartdata import ChartData, Panel, chart_data
from stcloud.saas.report.classes import number_text
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.palette import GREY, HAIR, INK, LINES, POINT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stcloud.paas.query import Answer, Query, Question

__all__ = ["chart_answer", "draw_chart"]

_MARGIN, _WIDTH, _PANEL, _BAR, _TALL_BAR, _FOOT = 40.0, 1400, 300.0, 30.0, 42.0, 64.0
_GAP, _SIDE, _MOST_LABEL_PX = 54.0, 78.0, 380.0
_BEFORE = "#9aa2ab"
_LABELLED, _MANY_STEPS = 12, 20_000


def chart_answer(
    query: Query,
    answer: Answer,
    path: Path,
    tell: Callable[[str], None] | None = None,
    *,
    question: Question,
    title: str | None = None,
) -> Path:
    """Draw the answer of a query as a chart.

    Parameters
    ----------
    query, question
        The query, which gives the title, and the question as it was put.
    answer
        Measures by one or two groups.
    path
        PNG, SVG or PDF file to write.
    tell
        Called with the fonts to install, where characters have none.
    title
        Title; None: what the question says.

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
    groups = tuple(answer.plain.schema.names[: len(question.by)]) if question.summed else ()
    whole = answer.next is None and question.having is None and question.after is None
    data = chart_data(answer.labelled(), groups, measures_of(answer, question), whole=whole)
    configuration, known = query.subject.configuration, answer.facts.get("known_at")
    other = compared_with(question)
    about = f"{configuration.name}, layer {query.subject.layer.name}"
    about += "".join(f"  ·  in {place}" for place in places_of(query))
    about += f"  ·  known at {instant_text(known)}, {configuration.zone.name}" if known else ""
    about += f"  ·  grey: {other}" if other else ""
    canvas = draw_chart(
        data,
        title=title or title_of(query),
        subtitle=about,
        notes="; ".join(left_out(answer, question)),
        zone=configuration.zone.name,
        path=path,
    )
    if tell is not None and canvas.missing:
        tell(advice(canvas.missing))
    return path


def draw_chart(
    data: ChartData,
    *,
    title: str,
    subtitle: str = "",
    notes: str = "",
    zone: str = "",
    path: Path | None = None,
) -> Canvas:
    """Draw a chart; its height follows what it shows.

    Parameters
    ----------
    data
        What is drawn.
    title, subtitle, notes
        What is written above: the question, what it is about, what was left out.
    zone
        Name of the zone whose calendar bins of time are of.
    path
        PNG, SVG or PDF file to write, or None.

    Returns
    -------
    The figure. ``missing`` are the characters that no font has.
    """
    check_picture(path, (_WIDTH, 640))
    with fixed_look():
        columns = _columns(data)
        rows = math.ceil(len(data.panels) / columns)
        canvas = Canvas(_WIDTH, 640)
        height = _panel_height(canvas, data)
        top = _write_head(canvas, title, subtitle, notes)
        tall = int(top + rows * (height + _GAP) + _FOOT)
        canvas = Canvas(_WIDTH, max(480, tall))
        top = _write_head(canvas, title, subtitle, notes)
        left = _MARGIN + (_label_width(canvas, data) if _is_horizontal(data) else _SIDE)
        width = (_WIDTH - _MARGIN - left - (columns - 1) * (left - _MARGIN)) / columns
        limits = _limits(data)
        for at, panel in enumerate(data.panels):
            row, column = divmod(at, columns)
            x, y = left + column * (width + left - _MARGIN), top + row * (height + _GAP) + 20
            axes = canvas.plot_box(x, y, width, height)
            _draw_panel(axes, data, panel, limits[panel.measure])
            if panel.title:
                canvas.write(x, y - 22, panel.title, 9.5, bold=True, color=INK, gid="panel")
            last = at + columns >= len(data.panels)
            _label_axes(canvas, axes, data, panel, zone if last else None, first=column == 0)
        if path is not None:
            canvas.save(path)
    return canvas


def _write_head(canvas: Canvas, title: str, subtitle: str, notes: str) -> float:
    top = canvas.paragraph(_MARGIN - 8, _MARGIN, title, 15, bold=True, most=4, color=INK) + 4
    top = canvas.paragraph(top, _MARGIN, subtitle, 9.5, most=3, color=GREY)
    return canvas.paragraph(top, _MARGIN, notes, 9.5, most=3, color=POINT) + 24


def _is_horizontal(data: ChartData) -> bool:
    return data.form == "bars" and not data.recurs


def _columns(data: ChartData) -> int:
    if len(data.panels) == 1 or _is_horizontal(data):
        return 1
    return 2 if len(data.panels) <= 6 else 3


def _panel_height(canvas: Canvas, data: ChartData) -> float:
    alone = len(data.panels) == 1
    if _is_horizontal(data):
        tall = any("\n" in _cut(canvas, label) for label in data.labels)
        return max(2.0, len(data.positions)) * (_TALL_BAR if tall else _BAR if alone else 0.8 * _BAR)
    return 560.0 if alone else _PANEL


def _limits(data: ChartData) -> dict[str, tuple[float, float]]:
    """Return the least and greatest value of each measure with some room; zero is always among them."""
    limits = {}
    for measure in dict.fromkeys(panel.measure for panel in data.panels):
        parts = [
            series.values for panel in data.panels if panel.measure == measure for series in panel.series
        ]
        values = np.concatenate([np.zeros(1), *parts])
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        room = 0.06 * (high - low) or 1.0
        limits[measure] = (low - room if low < 0 else 0.0, high + room if high > 0 or low == 0 else 0.0)
    return limits


def _draw_panel(axes: Axes, data: ChartData, panel: Panel, limits: tuple[float, float]) -> None:
    horizontal = _is_horizontal(data)
    axes.set_facecolor("white")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set(color=HAIR, linewidth=0.8)
    axes.grid(visible=True, axis="x" if horizontal else "y", color="#e8eaed", linewidth=0.8)
    axes.set_axisbelow(True)
    count = len(panel.series)
    for number, series in reversed([*enumerate(panel.series)]):
        colour, name = (LINES[0], "series") if number == 0 else (_BEFORE, "before")
        if data.form == "steps":
            axes.step(
                data.positions, series.values, where="post", color=colour, linewidth=1.4, gid=name,
                rasterized=len(series.values) > _MANY_STEPS,
            )  # fmt: skip
            continue
        if data.form == "lines":
            marked = int(np.isfinite(series.values).sum()) <= 60 or _lonely(series.values)
            line = "-" if number == 0 else "--"
            marker = "o" if marked else None
            axes.plot(
                data.positions, series.values, color=colour, linewidth=1.6, linestyle=line, marker=marker,
                markersize=3.5, gid=name,
            )  # fmt: skip
            continue
        size = 0.8 / count
        at = data.positions + (number - (count - 1) / 2) * size
        shown = np.isfinite(series.values)
        bars = axes.barh if horizontal else axes.bar
        bars(at[shown], series.values[shown], size, color=colour, gid=name)
        if horizontal and count == 1:
            _write_values(axes, data, series.values, limits)
    (axes.set_xlim if horizontal else axes.set_ylim)(*limits)
    if limits[0] < 0:
        (axes.axvline if horizontal else axes.axhline)(0, color=GREY, linewidth=0.8)


def _lonely(values: np.ndarray[Any, Any]) -> bool:
    """Return whether some value has no neighbour, so that a line alone would not show it."""
    there = np.isfinite(np.concatenate([[np.nan], values, [np.nan]]))
    return bool((there[1:-1] & ~there[:-2] & ~there[2:]).any())


def _write_values(
    axes: Axes, data: ChartData, values: np.ndarray[Any, Any], limits: tuple[float, float]
) -> None:
    finite = values[np.isfinite(values)]
    decimals = 0 if not len(finite) or (finite == np.round(finite)).all() else 2
    room = (limits[1] - limits[0]) / 200
    for at, value in zip(data.positions, values, strict=True):
        missing = not np.isfinite(value)
        text = "n/a" if missing else number_text(float(value), decimals)
        x = room if missing else float(value) + (room if value >= 0 else -room)
        axes.text(
            x, at, text, va="center_baseline", ha="left" if missing or value >= 0 else "right", color=GREY,
            fontproperties=lettering(7.5), parse_math=False, gid="value", clip_on=False,
        )  # fmt: skip


def _label_axes(
    canvas: Canvas, axes: Axes, data: ChartData, panel: Panel, zone: str | None, *, first: bool
) -> None:
    horizontal = _is_horizontal(data)
    numbers, groups = (axes.xaxis, axes.yaxis) if horizontal else (axes.yaxis, axes.xaxis)
    numbers.set_major_locator(MaxNLocator(6, integer=_is_whole(panel)))
    numbers.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    group = data.group.replace("_", " ")
    ticks = data.ticks or [(int(data.positions[at]), _cut(canvas, data.labels[at])) for at in _ticks(data)]
    texts = [canvas.plain(text) for _, text in ticks]
    style: Any = {"fontproperties": lettering(7.5, "".join(texts)), "color": GREY, "parse_math": False}
    groups.set_ticks([at for at, _ in ticks], labels=texts, **style)
    axes.tick_params(which="both", length=3, width=0.8, color=HAIR, pad=3, labelcolor=GREY)
    for label in numbers.get_ticklabels():
        label.set(fontproperties=lettering(7.5), parse_math=False)
    numbers.set_tick_params(labelsize=7.5)
    if horizontal:
        axes.invert_yaxis()
    elif data.form == "lines":
        axes.set_xlim(data.positions[0] - 0.5, data.positions[-1] + 0.5)
    elif data.form == "steps":
        axes.set_xlim(data.positions[0], data.positions[-1])
    named = f"{group}, {zone}" if zone and (data.form != "bars" or data.recurs) else group
    measure = canvas.plain(panel.measure)
    written: Any = {"fontproperties": lettering(8.5, measure + named), "color": INK, "parse_math": False}
    if horizontal:
        axes.set_xlabel(measure if zone is not None else "", **written)
    else:
        axes.set_xlabel(canvas.plain(named) if zone is not None else "", **written)
        axes.set_ylabel(measure if first and panel.title != panel.measure else "", **written)


def _ticks(data: ChartData) -> list[int]:
    """Return which positions are labelled: all bars, some bins that the answer has."""
    there = [at for at, label in enumerate(data.labels) if label]
    if data.recurs:
        return there[:: 1 if len(there) < 8 or len(data.panels) == 1 else 4]
    if data.form == "bars":
        return there
    if data.group == "day" and len(data.positions) > 62:
        there = [at for at in there if data.labels[at].endswith("-01")]
    most = _LABELLED if len(data.panels) == 1 else 5
    if data.group == "hour":
        most = min(most, 6) if len(data.panels) == 1 else 2
    step = max(1, math.ceil(len(there) / most))
    return there[::step]


def _is_whole(panel: Panel) -> bool:
    values = np.concatenate([series.values[np.isfinite(series.values)] for series in panel.series])
    return bool((values == np.round(values)).all())


def _short(value: float) -> str:
    text = number_text(value, 0) if value == round(value) else number_text(value, 6).rstrip("0")
    return f"{value:.3g}".replace("-", "−") if len(text) > 14 else text


def _label_width(canvas: Canvas, data: ChartData) -> float:
    texts = [line for label in data.labels for line in _cut(canvas, label).splitlines()]
    return max((canvas.measure(text, lettering(7.5, text)) for text in texts), default=0.0) + 24


def _cut(canvas: Canvas, label: str) -> str:
    """Return a label of a bar in at most two lines."""
    font = lettering(7.5, label)
    lines = wrap(label, _MOST_LABEL_PX, lambda part: canvas.measure(part, font))
    return "\n".join(lines if len(lines) <= 2 else [lines[0], f"{lines[1]} …"])
