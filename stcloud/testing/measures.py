"""Measures as a plain function each, of the rows of a group: what an answer must tell, to 1e-9.

Rows are dicts of the columns of `stcloud.testing.scenes.typed_events`. Nothing of what is tested is used.

Tested by `tests/properties/test_query.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

__all__ = ["MEASURES", "Durations", "Row"]

Row = Mapping[str, Any]


def _values(rows: Sequence[Row], name: str) -> list[Any]:
    return [row[name] for row in rows if row.get(name) is not None]


def _quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value at ``share`` of the way from the first to the last, in proportion between two."""
    ranked = sorted(values)
    if not ranked:
        return None
    place = (len(ranked) - 1) * share
    low, high = math.floor(place), math.ceil(place)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _added(rows: Sequence[Row]) -> list[float]:
    return [row["n"] + 2 * row["m"] for row in rows if None not in (row.get("n"), row.get("m"))]


class Durations:
    """Hours from ``at`` to ``done``, and how many have not ended by an instant.

    Parameters
    ----------
    rows
        The group's.
    until
        The instant; None: what has no end has no length.
    """

    def __init__(self, rows: Sequence[Row], until: datetime | None) -> None:
        ends = [(row["at"], row.get("done")) for row in rows]
        self.open = 0
        if until is None:
            spans = [(start, end) for start, end in ends if end is not None]
        else:
            begun = [(start, end) for start, end in ends if start <= until]
            self.open = sum(end is None or end > until for _, end in begun)
            spans = [(start, until if end is None or end > until else end) for start, end in begun]
        self.negative = sum(end < start for start, end in spans)
        self.hours = [(end - start) / timedelta(hours=1) for start, end in spans]


MEASURES: Mapping[str, tuple[str, Callable[[Sequence[Row], datetime | None], Any]]] = {
    "count": ("count", lambda rows, _: len(rows)),
    "count(note)": ("count_note", lambda rows, _: len(_values(rows, "note"))),
    "distinct(note)": ("distinct_note", lambda rows, _: len(set(_values(rows, "note")))),
    "distinct(st_key)": ("distinct_st_key", lambda rows, _: len({row["id"] for row in rows})),
    "sum(i)": ("sum_i", lambda rows, _: sum(_values(rows, "i")) if _values(rows, "i") else None),
    "sum(n)": ("sum_n", lambda rows, _: math.fsum(_values(rows, "n")) if _values(rows, "n") else None),
    "mean(n + 2 * m)": ("mean_n_plus_2_times_m", lambda rows, _: _mean(_added(rows))),
    "least = min(i)": ("least", lambda rows, _: min(_values(rows, "i"), default=None)),
    "max(note)": ("max_note", lambda rows, _: max(_values(rows, "note"), key=str.encode, default=None)),
    "max(day)": ("max_day", lambda rows, _: max(_values(rows, "day"), default=None)),
    "min(done)": ("min_done", lambda rows, _: min(_values(rows, "done"), default=None)),
    "min(st_time)": ("min_st_time", lambda rows, _: min(_values(rows, "at"), default=None)),
    "median(m)": ("median_m", lambda rows, _: _quantile(_values(rows, "m"), 0.5)),
    "quantile(m, 0.25)": ("p25_m", lambda rows, _: _quantile(_values(rows, "m"), 0.25)),
    "p90(done - at)": ("p90_done_minus_at_h", lambda rows, at: _quantile(Durations(rows, at).hours, 0.9)),
    "mean(minutes(done - at))": (
        "mean_done_minus_at_min",
        lambda rows, at: _mean([60 * hours for hours in Durations(rows, at).hours]),
    ),
}
"""By the text of the measure: the name of the field, and its value for the rows of a group and the instant until
which counts what has not ended."""
