"""The figure of data quality: how many rows there are, and how complete and late they were as known then.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.paas.query import Question
from stcloud.saas.paper.figure import FigureTable, field_text, shown_value
from stcloud.saas.paper.markup import element, escaped
from stcloud.saas.report.caption import instant_text
from stcloud.saas.reproduction import shell_text

if TYPE_CHECKING:
    from stcloud.saas.paper.figure import PaperFigure
    from stcloud.saas.paper.scope import PaperScope

__all__ = ["quality_figure"]


def quality_figure(scope: PaperScope) -> PaperFigure:
    """Return the quality of the rows of the question's layer."""
    name, zone, words = scope.question.layer, scope.city.configuration.zone, scope.words
    quality = scope.city.quality(name, scope.known)
    share, late_us = quality.rejected_share, quality.lateness_us
    row = {
        "rows": quality.rows, "unplaced": quality.unplaced, "read": quality.read, "rejected": quality.rejected,
        "rejected_share": None if share is None else round(share, 6),
        "complete_to": None if quality.complete_to_us is None else zone.iso(quality.complete_to_us),
        "lateness_s": None if late_us is None else round(late_us / 1e6, 3),
        "last_load": None if quality.last_load_us is None else zone.iso(quality.last_load_us),
    }  # fmt: skip
    tiles = [
        element("div", [element("dt", escaped(field_text(field.removesuffix("_s"), words))),
                        element("dd", escaped(_shown(value, field, scope)))])
        for field, value in row.items()
    ]  # fmt: skip
    table = FigureTable(("layer", *row), ((name, *row.values()),), {}, 1)
    options = (("--quality", None), ("--known-at", scope.known), ("--format", "csv"))
    command = shell_text(Question(layer=name), scope.place, command="layers", options=options)
    title = words.text("How good the rows of layer {layer} are", layer=name)
    python = f"city.quality({name!r}, {scope.known!r})"
    note = words.text("Lateness is the median time from an event to its first record.")
    return scope.other_figure(
        "quality",
        title,
        table,
        element("dl", tiles, class_="tiles small"),
        command,
        python,
        (note,),
        (("layer", name),),
    )


def _shown(value: Any, field: str, scope: PaperScope) -> str:
    """Return a value as people read it: instants to the second, durations in a large unit, shares in per cent."""
    if value is None:
        return shown_value(value, field, scope.words)
    if field in ("complete_to", "last_load"):
        return instant_text(str(value))
    if field == "rejected_share":
        return f"{100 * value:.2f} %"
    if field == "lateness_s":
        length, unit = next(
            (length, unit) for length, unit in _UNITS if abs(value) >= 2 * length or length == 1
        )
        return f"{value / length:,.0f} {scope.words.text(unit)}"
    return shown_value(value, field, scope.words)


_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))
