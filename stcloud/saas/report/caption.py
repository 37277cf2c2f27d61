"""Captions: what a picture is of, as a person would write it.

Tested by `tests/saas/report/test_caption.py`.
"""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from stcloud.paas.query import Place, Predicate
from stcloud.paas.query.condition.during import During
from stcloud.paas.query.condition.located import Located
from stcloud.paas.query.condition.period import AsOf
from stcloud.saas.report.classes import number_text
from stcloud.time.recurrence import hours_text, weekdays_text
from stcloud.time.season import months_text

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Query, Question
    from stcloud.paas.query.answer.coded import CodedColumn, CodedColumns
    from stcloud.time import Span, When, Zone

__all__ = [
    "compared_with", "instant_text", "left_out", "measures_of", "period_text", "places_of", "title_of", "unnamed",
    "when_text",
]  # fmt: skip

_ROUND = ("Y", "M", "D")
_MONTHS = calendar.month_name
_SIGNS = {"=": "", "<>": "not ", "<": "below ", ">": "above ", "<=": "at most ", ">=": "at least "}
_COMPARED = {"previous": "the period before", "year": "the same period a year earlier"}
_BESIDE = ("_before", "_other", "_change", "_change_pct")


def title_of(query: Query) -> str:
    """Return what and when a query looks for, as the title of a picture.

    Days, months and years are written as people read them, the last one included.
    """
    layer = query.subject.layer
    coded = query.subject.coded
    parts = [_filter(condition, coded) for condition in query.conditions if isinstance(condition, Predicate)]
    parts += [when_text(condition.when) for condition in query.conditions if isinstance(condition, During)]
    parts += [
        f"as of {instant_text(condition.text)}"
        for condition in query.conditions
        if isinstance(condition, AsOf)
    ]
    stated = "; ".join(part for part in parts if part)
    name = layer.definition.title or layer.name
    return f"{name}: {stated}" if stated else name


def places_of(query: Query) -> list[str]:
    """Return the places that a query asks for, as they were written."""
    return [condition.text for condition in query.conditions if isinstance(condition, Place | Located)]


def measures_of(answer: Answer, question: Question | None) -> dict[str, str]:
    """Return the measures of an answer as they were written, by field; those put beside them too.

    Examples
    --------
    A measure ``days = median(days(closed - opened))`` that is compared has ``days`` and ``days_change``.
    """
    if question is None:
        return {}
    names = [name for name in answer.plain.schema.names[len(question.by) :] if not name.endswith(_BESIDE)]
    written = [unnamed(text) for text in question.measure] or ["count"]
    measures = dict(zip(names, written, strict=False))
    for name, text in list(measures.items()):
        measures |= {f"{name}{end}": f"{text}{end}" for end in _BESIDE}
    return {name: text for name, text in measures.items() if name in answer.plain.schema.names}


def unnamed(text: str) -> str:
    """Return a measure without the name that it may be given: ``mean(x)`` of ``x2 = mean(x)``."""
    return re.sub(r'^\s*("[^"]*"|\w+)\s*=(?!=)\s*', "", text).strip()


def left_out(answer: Answer, question: Question | None) -> tuple[str, ...]:
    """Return what an answer does not show, in words."""
    if question is None:
        return ("there are more rows than are shown",) if answer.next is not None else ()
    noun = "groups" if question.summed else "rows"
    ordered = f" by {', '.join(_order(key) for key in question.order)}" if question.order else ""
    parts = []
    if answer.next is not None:
        parts.append(f"only the first {len(answer):,} {noun}{ordered} are shown, there are more")
    if question.after is not None:
        parts.append(f"the {noun} of earlier pages are not shown")
    if question.having is not None:
        parts.append(f"only groups with {question.having} are shown")
    if question.until is not None:
        parts.append(f"durations that had not ended are counted until {question.until}")
    return tuple(parts)


def compared_with(question: Question | None) -> str:
    """Return what measures were compared with, in words; empty: with nothing."""
    if question is None or question.compare is None:
        return ""
    form, _, rest = question.compare.partition(":")
    return _COMPARED.get(question.compare) or (f"as of {rest}" if form == "as-of" else rest)


def _order(key: str) -> str:
    return f"{key.removeprefix('-')}, {'greatest' if key.startswith('-') else 'least'} first"


def instant_text(text: str) -> str:
    """Return an instant to the second or minute, on its own clock; a text that is none stays as it is.

    The offset is left out: beside it is the name of the zone.

    Examples
    --------
    >>> instant_text("2026-11-29T12:19:58.026229+08:00"), instant_text("2024-06-01T00:00+08:00")
    ('2026-11-29 12:19:58', '2024-06-01')
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        return f"{at:%Y-%m-%d}"
    return f"{at:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


def _filter(condition: Predicate, coded: CodedColumns) -> str:
    """Write a filter as people do, ``status open, class Exposed refuse (06010)``; what is not as simple stays."""
    parts = list(_parts(json.loads(condition.json)))
    texts = [_comparison(part, coded) for part in parts]
    return ", ".join(text for text in texts if text) if all(texts) else condition.text


def _parts(tree: Any) -> Iterable[Any]:
    if isinstance(tree, dict) and tree.get("op") == "and":
        for part in tree["args"]:
            yield from _parts(part)
    else:
        yield tree


def _comparison(tree: Any, coded: CodedColumns) -> str:
    if not isinstance(tree, dict) or len(tree.get("args", ())) != 2:
        return ""
    left, right = tree["args"]
    if not isinstance(left, dict) or "property" not in left:
        return ""
    name, column = str(left["property"]).replace("_", " "), coded.get(left["property"])
    if tree["op"] in _SIGNS and (value := _value(right, column)):
        return f"{name} {_SIGNS[tree['op']]}{value}"
    if (
        tree["op"] == "in"
        and isinstance(right, list)
        and all(values := [_value(part, column) for part in right])
    ):
        return f"{name} {' or '.join(values)}"
    return ""


def _value(value: Any, column: CodedColumn | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value, 0 if value == int(value) else 3)
    text = value.strip() if isinstance(value, str) else ""
    return text if column is None or not text else column.label(text)


def when_text(when: When) -> str:
    """Write a time condition: ``July to September 2024, mon–fri, 07:00-10:00``."""
    periods = [period for span in when.spans if (period := period_text(span, when.zone))]
    parts = [" and ".join(periods) if len(when.spans) else "never"]
    if when.months is not None:
        parts.append(months_text(when.months).replace(",", ", "))
    if when.weekdays is not None:
        days = weekdays_text(when.weekdays).split(",")
        running = len(days) > 2 and max(when.weekdays) - min(when.weekdays) == len(days) - 1
        parts.append(f"{days[0]}–{days[-1]}" if running else ", ".join(days))
    if when.days is not None:
        parts.append(str(when.days))
    if when.hours is not None:
        parts.append(hours_text(when.hours))
    return ", ".join(part for part in parts if part)


def period_text(span: Span, zone: Zone) -> str:
    """Write a span of time: ``July to September 2024``, ``since 5 March 2024``; empty: all time."""
    ends = [None if end_us is None else _local(end_us, zone) for end_us in (span.start_us, span.end_us)]
    unit = next((unit for unit in _ROUND if all(end is None or _is_round(end, unit) for end in ends)), "m")
    last = 0 if unit == "m" or span.start_us is None else 1
    start, end = (
        None if end is None else (end.astype(f"M8[{unit}]") - less).astype("M8[m]").item()
        for end, less in zip(ends, (0, last), strict=True)
    )
    if start and end:
        return _between(start, end, unit)
    return f"since {_written(start, unit)}" if start else f"before {_written(end, unit)}" if end else ""


def _between(start: datetime, end: datetime, unit: str) -> str:
    if start == end:
        return _written(start, unit)
    first = _written(start, unit)
    if unit in ("M", "D") and start.year == end.year:
        first = _written(start, unit).removesuffix(f" {start.year}")
    if unit == "D" and (start.year, start.month) == (end.year, end.month):
        first = str(start.day)
    return f"{first} to {_written(end, unit)}"


def _written(at: datetime, unit: str) -> str:
    texts = {
        "Y": f"{at.year}", "M": f"{_MONTHS[at.month]} {at.year}", "D": f"{at.day} {_MONTHS[at.month]} {at.year}",
        "m": f"{at.day} {_MONTHS[at.month]} {at.year}, {at:%H:%M}",
    }  # fmt: skip
    return texts[unit]


def _local(at_us: int, zone: Zone) -> np.datetime64:
    return np.datetime64(int(zone.to_local(np.array([at_us]))[0]), "us")


def _is_round(at: np.datetime64, unit: str) -> bool:
    return bool(at.astype(f"M8[{unit}]") == at)
