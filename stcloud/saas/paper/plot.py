"""Drawings of charts: lines over bins of time, bars of categories, heat maps of days and hours, as markup.

Tested by `tests/saas/paper/test_drawings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from stcloud.saas.paper.colours import class_name
from stcloud.saas.paper.markup import element, escaped, number, style_of, swatch
from stcloud.saas.report.classes import class_limits, number_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stcloud.saas.paper.words import PaperWords
    from stcloud.saas.report.chartdata import ChartData, Panel
    from stcloud.saas.report.classes import Classes

__all__ = ["calendar_map", "chart_markup", "hour_map", "legend_of"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _FOOT = 640, 220, 52.0, 10.0, 10.0, 26.0
_MOST_LABELS, _DOTS, _LETTER = 6, 45, 6.8
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def chart_markup(data: ChartData, words: PaperWords, other: str = "") -> str:
    """Return a chart as markup.

    Parameters
    ----------
    data
        What it shows.
    words
        Language of its words.
    other
        What a second series is, in words.
    """
    draw = _lines if data.form == "lines" and len(data.positions) > 1 else _bars
    panels = []
    for panel in data.panels:
        title = element("p", escaped(panel.title), class_="panel") if panel.title else ""
        panels.append(title + draw(data, panel, words, other))
    return "".join(panels)


def _lines(data: ChartData, panel: Panel, words: PaperWords, other: str) -> str:
    values = np.concatenate([series.values for series in panel.series])
    known = values[np.isfinite(values)]
    low, high = (float(min(known.min(), 0)), float(max(known.max(), 0))) if len(known) else (0.0, 1.0)
    whole = bool(len(known)) and bool(np.all(known == np.round(known)))
    locator = MaxNLocator(4, integer=whole, steps=[1, 2, 2.5, 5, 10])
    ticks: NDArray[np.float64] = np.asarray(locator.tick_values(low, high if high > low else low + 1))
    low, high = float(ticks[0]), float(ticks[-1])
    x = _across(data.positions)

    def y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _FOOT) * (1 - (value - low) / (high - low))

    parts = [_grid(ticks.tolist(), y, 0 if whole else 2), _time_labels(data, x)]
    for at, series in reversed([*enumerate(panel.series)]):
        parts += _line(x, series.values, y, "line before" if at else "line")
    drawn = element(
        "svg", parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=panel.measure, class_="chart"
    )
    return _scrolled(drawn) + (_series_legend(words, other) if len(panel.series) > 1 else "")


def _across(positions: NDArray[np.int64]) -> list[float]:
    span = max(int(positions[-1] - positions[0]), 1)
    width = _WIDTH - _LEFT - _RIGHT
    return [_LEFT + width * (position - int(positions[0])) / span for position in positions.tolist()]


def _grid(ticks: Sequence[float], y: Callable[[float], float], decimals: int) -> str:
    lines = "".join(f"M{number(_LEFT)} {number(y(tick))}H{_WIDTH}" for tick in ticks)
    labels = [
        element("text", escaped(number_text(tick, decimals)), x=_LEFT - 6, y=y(tick) + 4, class_="end")
        for tick in ticks
    ]
    return element("path", d=lines, class_="grid") + "".join(labels)


def _time_labels(data: ChartData, x: Sequence[float]) -> str:
    named = [at for at, label in enumerate(data.labels) if label]
    step = max(1, -(-len(named) // _MOST_LABELS))
    parts, free = [], 0.0
    for at in named[::step]:
        half = _LETTER * len(data.labels[at]) / 2
        middle = min(max(x[at], _LEFT - 20 + half), _WIDTH - half)
        if middle - half < free:
            continue
        free = middle + half + _LETTER
        parts.append(
            element("text", escaped(data.labels[at]), x=middle, y=float(_HEIGHT - 6), class_="middle")
        )
    return "".join(parts)


def _line(
    x: Sequence[float],
    values: NDArray[np.float64],
    y: Callable[[float], float],
    css: str,
) -> list[str]:
    """Return a line with gaps where there is no value, and a dot at each value if there are few."""
    steps, pen = [], "M"
    for at, value in zip(x, values.tolist(), strict=True):
        if np.isnan(value):
            pen = "M"
            continue
        steps.append(f"{pen}{number(at)} {number(y(value))}")
        pen = "L"
    dots = "".join(
        f"M{number(at)} {number(y(value))}h0"
        for at, value in zip(x, values.tolist(), strict=True)
        if not np.isnan(value)
    )
    drawn = [element("path", d="".join(steps), class_=css)]
    return [*drawn, element("path", d=dots, class_=f"{css} dots")] if len(x) <= _DOTS else drawn


def _series_legend(words: PaperWords, other: str) -> str:
    entries = swatch("accent", words.text("this period")), swatch("before", other or words.text("the other"))
    return element("ul", entries, class_="legend")


def _bars(data: ChartData, panel: Panel, words: PaperWords, other: str) -> str:
    """Return bars, one below the other, each with its label and value."""
    values = np.concatenate([series.values for series in panel.series])
    most = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    whole = bool(np.all(np.isnan(values) | (values == np.round(values))))
    rows = []
    for at, label in enumerate(data.labels):
        own = [float(series.values[at]) for series in panel.series]
        shown = words.text(label) if data.group == "weekday" else label
        rows.append(_bar(shown, own, most, 0 if whole else 2))
    legend = _series_legend(words, other) if len(panel.series) > 1 else ""
    return element("ol", rows, class_="bars") + legend


def _bar(label: str, values: Sequence[float], most: float, decimals: int) -> str:
    rects = [
        element("rect", y=7 * at if len(values) > 1 else 0, width=style_of(abs(value) / most),
                height=6 if len(values) > 1 else 14, class_="before" if at else "accent")
        for at, value in enumerate(values) if not np.isnan(value)
    ]  # fmt: skip
    text = " / ".join("–" if np.isnan(value) else number_text(value, decimals) for value in values)
    return element("li", [
        element("span", escaped(label)), element("svg", rects, height=14, aria_hidden="true"),
        element("b", escaped(text)),
    ])  # fmt: skip


def hour_map(counts: Mapping[tuple[int, int], int], words: PaperWords) -> str:
    """Return a heat map of counts by weekday, 1 = Monday, and hour of the day."""
    side, high, left = 24, 24, 44
    classes = class_limits([*counts.values()], whole=True)
    squares = (
        (left + side * hour, 18 + high * (day - 1), classes, counts.get((day, hour), 0))
        for day in range(1, 8) for hour in range(24)
    )  # fmt: skip
    labels = [element("text", f"{hour:02d}", x=float(left + side * hour + side / 2), y=12.0, class_="middle")
              for hour in range(0, 24, 3)]  # fmt: skip
    labels += _day_labels(words, left - 8, 18, high)
    return _heat(
        squares,
        labels,
        classes,
        (side - 1, high - 1),
        18 + 7 * high,
        words.text("By day of the week and hour"),
    )


def calendar_map(counts: Mapping[date, int], first: date, last: date, words: PaperWords) -> str:
    """Return a heat map of counts by day: a column a week from Monday, with the first days of months above."""
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    left = 44
    side = max(5.0, min(28.0, (_WIDTH - left) / weeks))
    high = max(side, 12.0)
    classes = class_limits([*counts.values()], whole=True)
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    squares = (
        (left + side * ((day - monday).days // 7), 18 + high * day.weekday(), classes, counts.get(day, 0))
        for day in days
    )
    labels = [
        element("text", f"{day:%Y-%m}", x=left + side * ((day - monday).days // 7), y=12.0)
        for day in days if day.day == 1 and (weeks <= 60 or day.month % 3 == 1)
    ]  # fmt: skip
    labels += _day_labels(words, left - 8, 18, high)
    return _heat(
        squares, labels, classes, (side - 1, high - 1), 18 + 7 * high, words.text("By day, in weeks")
    )


def _day_labels(words: PaperWords, x: float, top: float, high: float) -> list[str]:
    return [
        element("text", escaped(words.text(name)), x=float(x), y=top + high * at + high / 2 + 4, class_="end")
        for at, name in enumerate(_DAYS)
    ]  # fmt: skip


def _heat(
    squares: Iterable[tuple[float, float, Classes | None, int]],
    labels: Sequence[str],
    classes: Classes | None,
    size: tuple[float, float],
    height: float,
    title: str,
) -> str:
    """Return squares by class, a path each, with their legend."""
    paths: dict[str, list[str]] = {}
    values = []
    box = f"h{number(size[0])}v{number(size[1])}h-{number(size[0])}z"
    for x, y, limits, value in squares:
        of = 0 if limits is None else int(limits.of([value])[0])
        paths.setdefault(class_name(of, len(limits) if limits is not None else 1), []).append(
            f"M{number(x)} {number(y)}{box}"
        )
        values.append(value)
    drawn = [
        element("path", d="".join(parts), class_=f"{name} square") for name, parts in sorted(paths.items())
    ]
    svg = element("svg", [*drawn, *labels], viewBox=f"0 0 {_WIDTH} {number(height)}", role="img", aria_label=title,
                  class_="chart")  # fmt: skip
    return _scrolled(svg) + legend_of(values, classes)


def legend_of(values: Sequence[float], classes: Classes | None, more: Sequence[str] = ()) -> str:
    """Return a legend of classes with how many values each has, zero first; ``more`` are further entries."""
    entries = []
    zeros = sum(value == 0 for value in values)
    if zeros:
        entries.append(swatch("zero", "0", f"{zeros:,}"))
    if classes is not None:
        sizes = classes.sizes(values)
        for at, label in enumerate(classes.labels(), start=1):
            signs = (-1, 1) if classes.diverging else (1,)
            for sign in signs:
                if sizes.get(sign * at):
                    text = label if sign > 0 else f"−({label})"
                    css = class_name(sign * at, len(classes), diverging_scale=classes.diverging)
                    entries.append(swatch(css, text, f"{sizes[sign * at]:,}"))
    return element("ul", [*entries, *more], class_="legend")


def _scrolled(svg: str) -> str:
    return element("div", svg, class_="scroll", tabindex=0)
