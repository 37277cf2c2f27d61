"""Resampled readings: one result for each station and bin of the city's clock, with how many values it is made of.

Tested by `tests/paas/series/test_resampled.py` and `tests/properties/test_series.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.definition.series import CompletenessRule, read_completeness
from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.series.readings import GOOD, Flags, Floats, Ints, Readings
from stcloud.paas.series.wantedtime import WantedTime
from stcloud.time import Every, Span, TimeBins, Zone

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from stcloud.paas.series.stationplaces import StationPlaces

__all__ = [
    "COMPLETE",
    "EMPTY",
    "INCOMPLETE",
    "Resampled",
    "read_every",
    "read_methods",
    "resampled",
    "stated_completeness",
]

COMPLETE, INCOMPLETE, EMPTY = 0, 1, 2
"""Flags of a result: enough values; fewer than are demanded, so that there is no result; none at all."""
_FLAG_TEXTS = ("complete", "incomplete", "empty")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_METHODS = ("mean", "max", "min", "sum", "count", "median")
_NUMBER_OF_TEXT = {"median": 0.5}


@dataclass(frozen=True, eq=False, repr=False)
class Resampled:
    """Results by station and bin.

    Attributes
    ----------
    stations
        ``(s,)`` keys of the stations, ascending.
    labels
        ``(b,)`` text: the bins on the city's clock.
    edges_us
        ``(b + 1,)`` int64 UTC microseconds: bin i is ``[edges_us[i], edges_us[i + 1])``.
    results
        ``(s, b)`` float64 by value, then method; NaN where the bin is not complete.
    counts
        ``(s, b)`` int64 by value: how many good values there are. Implausible ones do not count.
    flags
        ``(s, b)`` uint8 by value: 0 complete, 1 incomplete, 2 empty.
    expected
        ``(b,)`` int64: how many steps each bin has; 23 or 25 hours on days when the clock was set. None: no step is
        declared.
    units
        Unit by value.
    every, complete
        The bins and the demand, as text.
    zone, facts, pin, places
        The city's zone; how the question was understood; what it is pinned at; where the stations were.
    """

    stations: tuple[str, ...]
    labels: NDArray[np.object_]
    edges_us: Ints
    results: Mapping[str, Mapping[str, Floats]]
    counts: Mapping[str, Ints]
    flags: Mapping[str, Flags]
    expected: Ints | None
    units: Mapping[str, str]
    every: str
    complete: str
    zone: Zone
    facts: Mapping[str, str] = field(default_factory=dict)
    pin: Pin | None = None
    places: StationPlaces | None = None

    def __repr__(self) -> str:
        bins = f"{len(self.labels):,} bins of {self.every}"
        return f"Resampled: {len(self.stations):,} stations, {bins}, complete if {self.complete}"

    def __len__(self) -> int:
        return len(self.stations) * len(self.labels)

    def to_arrow(self) -> pa.Table:
        """Return a row for each station and bin.

        Columns are ``station``, ``time`` (the bin on the city's clock), ``from``, ``to``, for each value
        ``VALUE_METHOD``, ``VALUE_count`` and ``VALUE_flag``, and ``expected``.
        """
        stations, bins = len(self.stations), len(self.labels)
        instant = pa.timestamp("us", self.zone.name)
        columns: dict[str, pa.Array] = {
            "station": pa.array(np.repeat(np.array(self.stations, object), bins), pa.string()),
            "time": pa.array(np.tile(self.labels, stations), pa.string()),
            "from": pa.array(np.tile(self.edges_us[:-1], stations), pa.int64()).cast(instant),
            "to": pa.array(np.tile(self.edges_us[1:], stations), pa.int64()).cast(instant),
        }
        words = pa.array(_FLAG_TEXTS)
        for name, results in self.results.items():
            for method, values in results.items():
                flat = values.ravel()
                columns[f"{name}_{method}"] = pa.array(flat, mask=np.isnan(flat))
            columns[f"{name}_count"] = pa.array(self.counts[name].ravel())
            columns[f"{name}_flag"] = words.take(pa.array(self.flags[name].ravel()))
        if self.expected is not None:
            columns["expected"] = pa.array(np.tile(self.expected, stations), pa.int64())
        return pa.table(columns)

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows of `to_arrow` as a DataFrame."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_xarray(self) -> xr.Dataset:
        """Return results as a dataset with dimensions ``station`` and ``time``; see `SeriesQuery.to_xarray`."""
        from stcloud.paas.series.seriesdataset import dataset_of_resampled  # noqa: PLC0415  (it need not be installed)

        return dataset_of_resampled(self)


def read_every(text: str) -> Every:
    """Read bins: ``1h``, ``1d``, ``1W`` … as `Every.parse`, of days in small letters too."""
    return Every.parse(text[:-1] + "D" if text.endswith("d") else text)


def read_methods(methods: str | Iterable[str]) -> tuple[str, ...]:
    """Return names of methods; `InvalidInput` ``unknown-method``."""
    names = (
        tuple(part for part in re.split(r"[,|\s]+", methods) if part)
        if isinstance(methods, str)
        else tuple(methods)
    )
    for name in names or ("",):
        if name not in _METHODS and _PERCENTILE.fullmatch(name) is None:
            raise InvalidInput(
                "unknown-method", f"no method '{name}' makes one value of several",
                hint=f"use {', '.join(_METHODS)} or a percentile such as p90",
            )  # fmt: skip
    return tuple(dict.fromkeys(names))


def stated_completeness(text: str | None, declared: CompletenessRule | None) -> CompletenessRule | None:
    """Return what is demanded of a bin: as stated, else as declared; ``any``: one value.

    Raises `InvalidInput` ``unreadable-completeness``.
    """
    if text is None:
        return declared
    if text.strip().lower() == "any":
        return None
    try:
        return read_completeness(text)
    except ValueError as error:
        raise InvalidInput("unreadable-completeness", f"{error}, or any") from error


def resampled(
    readings: Readings,
    every: Every,
    methods: tuple[str, ...],
    complete: CompletenessRule | None,
    wanted: WantedTime,
    zone: Zone,
) -> Resampled:
    """Compute results of each station, value and bin.

    Parameters
    ----------
    readings
        What was read.
    every, zone
        Bins, of the clock of this zone.
    methods
        From `read_methods`.
    complete
        How many values a bin needs, of as many steps as it has; None: one.
    wanted
        The time that was wanted: of a bin that it begins or ends in all steps count, so it may be incomplete.

    Raises
    ------
    InvalidInput
        ``too-many-bins``; ``step-too-long``: bins are shorter than the step.
    """
    bins = _bins(readings, every, wanted, zone)
    edges_us = bins.edges_us if bins is not None else np.zeros(1, np.int64)
    shape = len(readings.stations), len(edges_us) - 1
    expected = _expected(readings, edges_us, wanted)
    bin_of = np.searchsorted(edges_us, readings.time_us, side="right") - 1
    group = readings.station.astype(np.int64) * shape[1] + bin_of
    results, counts, flags = {}, {}, {}
    for name, values in readings.values.items():
        good = readings.flags[name] == GOOD
        counts[name] = np.bincount(group[good], minlength=shape[0] * shape[1]).reshape(shape)
        needed = np.ones(shape[1], np.int64)
        if complete is not None and expected is not None:
            needed = np.array([complete.required(steps) for steps in expected.tolist()], np.int64)
        flags[name] = np.where(
            counts[name] == 0, EMPTY, np.where(counts[name] >= needed, COMPLETE, INCOMPLETE)
        ).astype(np.uint8)
        results[name] = {
            method: _result(method, values[good], group[good], counts[name], flags[name])
            for method in methods
        }
    return Resampled(
        readings.stations, np.zeros(0, object) if bins is None else bins.labels(), edges_us, results, counts, flags,
        expected, readings.units, str(every), "any value is there" if complete is None else f"{complete} are there",
        zone,
    )  # fmt: skip


def _bins(readings: Readings, every: Every, wanted: WantedTime, zone: Zone) -> TimeBins | None:
    """Return the bins of the time wanted, open ends at the first and the last reading; None: there is no time."""
    parts = wanted.spans.parts
    if not parts:
        return None
    start_us, end_us = parts[0].start_us, parts[-1].end_us
    if (start_us is None or end_us is None) and not len(readings):
        return None
    first_us = int(readings.time_us.min()) if start_us is None else start_us
    last_us = int(readings.time_us.max()) + 1 if end_us is None else end_us
    return every.cut(Span(first_us, max(last_us, first_us + 1)), zone)


def _expected(readings: Readings, edges_us: Ints, wanted: WantedTime) -> Ints | None:
    """Return how many steps each bin has, of the hours and days that come again; None: no step is declared."""
    step_us = readings.step_us
    if step_us is None or len(edges_us) < 2:
        return None
    if len(edges_us) > 2 and int(np.diff(edges_us).max()) < step_us:
        raise InvalidInput(
            "step-too-long", "bins are shorter than the step of the series, so most of them hold nothing",
            hint="take bins at least as long as the step",
        )  # fmt: skip
    phase_us = int(readings.time_us.min()) if len(readings) else int(edges_us[0])
    first_us = int(edges_us[0]) + (phase_us - int(edges_us[0])) % step_us
    steps = np.arange(first_us, int(edges_us[-1]), step_us, dtype=np.int64)
    steps = steps[wanted.recurring(steps)]
    return np.diff(np.searchsorted(steps, edges_us))


def _result(method: str, values: Floats, group: Ints, counts: Ints, flags: Flags) -> Floats:
    """Return a result for each station and bin, NaN where it is not complete; a count is given always."""
    if method == "count":
        return counts.astype(np.float64)
    flat = counts.ravel()
    there = np.flatnonzero(flat)
    result = np.full(len(flat), np.nan)
    if len(there):
        starts = np.concatenate(([0], np.cumsum(flat[there])[:-1]))
        result[there] = _reduced(method, values, group, starts, flat[there])
    return np.where(flags == COMPLETE, result.reshape(counts.shape), np.nan)


def _reduced(method: str, values: Floats, group: Ints, starts: Ints, counts: Ints) -> Floats:
    if method in ("mean", "sum"):
        sums = np.add.reduceat(values, starts)
        return sums / counts if method == "mean" else sums
    if method == "max":
        return np.maximum.reduceat(values, starts)
    if method == "min":
        return np.minimum.reduceat(values, starts)
    match = _PERCENTILE.fullmatch(method)
    share = float(match[1]) / 100 if match else _NUMBER_OF_TEXT[method]
    ordered = values[np.lexsort((values, group))]
    place = share * (counts - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, counts - 1)
    below, above = ordered[starts + low], ordered[starts + high]
    return np.asarray(below + (above - below) * (place - low), np.float64)
