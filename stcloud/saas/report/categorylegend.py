"""The legend of categories: what colours and glyphs mean, how many symbols each has, group by group.

Tested by `tests/saas/report/test_hotspotmap.py` and `tests/saas/report/test_versionmap.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from stcloud.saas.report.artist import glyph_style
from stcloud.saas.report.canvas import lettering, wrap
from stcloud.saas.report.palette import GREY, INK

if TYPE_CHECKING:
    from stcloud.saas.report.canvas import Canvas
    from stcloud.saas.report.symbol import Category, Symbols

__all__ = ["draw_categories", "height_of_categories"]

_STEP, _LINE, _NOTE_LINE, _INDENT, _COUNT_ROOM = 26.0, 16.0, 14.5, 42.0, 50.0
_GROUP_SPACE, _END = 8.0, 10.0
_LABEL_PT, _NOTE_PT, _GLYPH_PT = 8.5, 7.0, 6.0
_MOST_OF_LABEL, _MOST_OF_NOTE = 2, 3


@dataclass(frozen=True, slots=True)
class _Entry:
    """A category, or the name of a group where there is none, and where it stands below the first."""

    top: float
    lines: list[str]
    notes: list[str]
    number: int = -1

    @property
    def end(self) -> float:
        if self.number < 0:
            return self.top + _STEP - 2
        extra = _LINE * (len(self.lines) - 1) + _NOTE_LINE * len(self.notes)
        return self.top + _STEP + extra + (4 if self.notes else 0)


def height_of_categories(canvas: Canvas, width: float, symbols: Symbols) -> float:
    """Return how many pixels the categories take."""
    return max((entry.end for entry in _entries(canvas, width, symbols)), default=0.0) + _END


def draw_categories(canvas: Canvas, left: float, right: float, top: float, symbols: Symbols) -> float:
    """Draw the categories and, where one has several symbols, how many each has; return where they end."""
    counted = _counted(symbols)
    for entry in _entries(canvas, right - left, symbols):
        y = top + entry.top
        if entry.number < 0:
            canvas.write(left, y + 4, entry.lines[0], _LABEL_PT, bold=True, color=INK, gid="group")
            continue
        category = symbols.categories[entry.number]
        _draw_swatch(canvas, left, y, category, tiled=symbols.tiled)
        for line in entry.lines:
            canvas.write(
                left + _INDENT, y + 10, line, _LABEL_PT, color=INK, va="center_baseline", gid="category"
            )
            y += _LINE
        for line in entry.notes:
            canvas.write(left + _INDENT, y + 9, line, _NOTE_PT, color=GREY, va="center_baseline", gid="note")
            y += _NOTE_LINE
        if counted:
            size = int(np.sum(symbols.values == entry.number))
            canvas.write(
                right, top + entry.top + 10, f"{size:,}", _LABEL_PT, color=GREY, va="center_baseline",
                ha="right", gid="size",
            )  # fmt: skip
    return top + height_of_categories(canvas, right - left, symbols)


def _counted(symbols: Symbols) -> bool:
    return symbols.tiled or len(symbols) > len(symbols.categories)


def _entries(canvas: Canvas, width: float, symbols: Symbols) -> Iterator[_Entry]:
    room = width - _INDENT - (_COUNT_ROOM if _counted(symbols) else 0)
    top, group = 0.0, ""
    for number, category in enumerate(symbols.categories):
        if category.group != group:
            group = category.group
            heading = _Entry(top + (_GROUP_SPACE if number else 0), [group], [])
            yield heading
            top = heading.end
        lines = _wrapped(canvas, category.label, room, _LABEL_PT)[:_MOST_OF_LABEL]
        notes = _wrapped(canvas, category.note, width - _INDENT, _NOTE_PT)[:_MOST_OF_NOTE]
        entry = _Entry(top, lines, notes, number)
        yield entry
        top = entry.end


def _wrapped(canvas: Canvas, text: str, width: float, size_pt: float) -> list[str]:
    return wrap(text, width, lambda part: canvas.measure(part, lettering(size_pt, part)))


def _draw_swatch(canvas: Canvas, left: float, y: float, category: Category, *, tiled: bool) -> None:
    edge, width = (category.face, 0.0) if tiled else (category.line, 1.3)
    canvas.block(left, y, 30, 20, facecolor=category.face, edgecolor=edge, linewidth=width, gid="swatch")
    if category.glyph:
        x, height = (left + 15) / canvas.width_px, 1 - (y + 10) / canvas.height_px
        style = glyph_style(category, _GLYPH_PT)
        canvas.add_artist(Line2D([x], [height], linestyle="none", transform=canvas.transFigure, **style))
