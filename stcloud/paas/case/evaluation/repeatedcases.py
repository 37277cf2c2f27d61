"""Cases that were reported again: one of the same class, near in space, soon after the first one was closed.

Tested by `tests/paas/case/evaluation/test_repeatedcases.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.errors import InvalidInput
from stcloud.iaas.conversion import numbers_of, scalar, truths_of, whole_numbers
from stcloud.paas.case.evaluation.factbatches import Facts, read_facts
from stcloud.time import Bools, Micros
from stcloud.time.micros import DAY_US

__all__ = ["RepeatRule", "repeats", "with_repeats"]

_COLUMNS = ("number", "class", "lon", "lat", "reported_at", "closed_at", "counted", "cancelled")
_EQUATOR_M, _FLATTENING = 6_378_137.0, 1 / 298.257223563
_MOST_M, _MOST_DAYS = 1_000.0, 366.0
_HALF = 1 << 23
_ZERO = scalar(0, pa.int64())
_FALSE = scalar(False, pa.bool_())  # noqa: FBT003  (a value)

Degrees: TypeAlias = npt.NDArray[np.float64]
Metres: TypeAlias = npt.NDArray[np.float64]
Numbers: TypeAlias = npt.NDArray[np.int64]
Rows: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class RepeatRule:
    """What counts as the same again.

    Parameters
    ----------
    within_m
        How far it may be from the first one, metres.
    within_days
        How long after the first one was closed it may be reported, days of 24 hours.

    Raises
    ------
    InvalidInput
        ``bad-repeat-rule``: not within 1 to 1,000 m, or up to 366 days.
    """

    within_m: float = 50.0
    within_days: float = 15.0

    def __post_init__(self) -> None:
        if not (1 <= self.within_m <= _MOST_M and 0 < self.within_days <= _MOST_DAYS):
            raise InvalidInput(
                "bad-repeat-rule", f"a repeat is not within {self.within_m:g} m and {self.within_days:g} days",
                hint=f"use 1 to {_MOST_M:g} m and up to {_MOST_DAYS:g} days",
            )  # fmt: skip


def repeats(facts: Facts, rule: RepeatRule | None = None) -> pa.Table:
    """Return the cases that repeat a closed one, each with the one that was closed last before it.

    Parameters
    ----------
    facts
        Of cases.
    rule
        What counts as the same again; None: within 50 m and 15 days.

    Returns
    -------
    By ``again``: ``number`` (string), of the closed case; ``again`` (string), of the one that repeats it; ``class``;
    ``distance_m`` (float64, on the ellipsoid, one decimal); ``after_hours`` (float64, two decimals), from the closing
    to the report; ``closed_at`` and ``reported_at``.

    Notes
    -----
    Both are of one class and are counted; cases without a place or a class repeat nothing. Of several that were
    closed at the same instant it is the nearest, then the one with the least number.
    """
    table = _table(facts)
    pairs = _pairs(table, rule or RepeatRule())
    first, again = (table.take(whole_numbers(rows)) for rows in (pairs[0], pairs[1]))
    after_us = _instants(again, "reported_at") - _instants(first, "closed_at")
    return pa.table({
        "number": first["number"], "again": again["number"], "class": again["class"],
        "distance_m": pa.array(np.round(pairs[2], 1)), "after_hours": pa.array(np.round(after_us / 3.6e9, 2)),
        "closed_at": first["closed_at"], "reported_at": again["reported_at"],
    }).sort_by("again")  # fmt: skip


def with_repeats(facts: Facts, rule: RepeatRule | None = None) -> pa.Table:
    """Return facts with two more columns, of bool: ``reported_again`` and ``repeats``.

    Parameters
    ----------
    facts, rule
        As for `repeats`.

    Notes
    -----
    ``reported_again``: the case was closed, and is the first one of a pair; ``repeats``: it is the second one.
    """
    table = _table(facts)
    first, again, _ = _pairs(table, rule or RepeatRule())
    for name, rows in (("reported_again", first), ("repeats", again)):
        values = np.zeros(table.num_rows, np.bool_)
        values[rows] = True
        table = table.append_column(name, pa.array(values))
    return table


def _table(facts: Facts) -> pa.Table:
    source = read_facts(facts)
    return source if isinstance(source, pa.Table) else source.read_all()


def _pairs(table: pa.Table, rule: RepeatRule) -> tuple[Rows, Rows, Metres]:
    """Return rows of closed cases, of those that repeat them, and their distances in metres."""
    if missing := [name for name in _COLUMNS if name not in table.column_names]:
        raise InvalidInput(
            "not-facts", f"the cases have no column '{missing[0]}'", hint="give facts of cases"
        )
    counted = pc.and_(
        pc.fill_null(table["counted"], _FALSE), pc.invert(pc.fill_null(table["cancelled"], _FALSE))
    )
    placed = pc.and_(pc.and_(table["lon"].is_valid(), table["lat"].is_valid()), table["class"].is_valid())
    usable = _truths(pc.and_(counted, placed))
    later = np.flatnonzero(usable & _truths(table["reported_at"].is_valid()))
    closed = np.flatnonzero(usable & _truths(table["closed_at"].is_valid()))
    if not len(later) or not len(closed):
        empty = np.zeros(0, np.intp)
        return empty, empty, np.zeros(0)
    place = _Places.of(table, rule.within_m)
    closed_us, reported_us = _instants(table, "closed_at"), _instants(table, "reported_at")
    least = reported_us[later] - round(rule.within_days * DAY_US)
    search = _LastClosed(
        place, closed[np.lexsort((place.number[closed], closed_us[closed]))], closed_us, rule.within_m
    )
    for square in place.squares_near(later):
        search.look(later, square, least, reported_us[later])
    rows = np.flatnonzero(search.first >= 0)
    return search.first[rows], later[rows], search.distance_m[rows]


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where cases are: degrees, and squares a bit larger than what is near, by class."""

    lon: Degrees
    lat: Degrees
    column: Numbers
    row: Numbers
    kind: Numbers
    number: Numbers

    @classmethod
    def of(cls, table: pa.Table, within_m: float) -> _Places:
        lon, lat = (_degrees(table, name) for name in ("lon", "lat"))
        middle = float(np.median(lon))
        side_m = 1.2 * within_m + 1  # degrees of longitude are shorter some metres further north
        metre = np.pi / 180 * _EQUATOR_M
        column = np.floor((lon - middle) * np.cos(np.radians(lat)) * metre / side_m).astype(np.int64)
        row = np.floor(lat * metre * (1 - 2 * _FLATTENING) / side_m).astype(np.int64)
        return cls(lon, lat, column, row, _ranks(table["class"]), _ranks(table["number"]))

    def square(self, rows: Rows, east: int = 0, north: int = 0) -> Numbers:
        """Return the square that cases lie in, or one beside it: equal for equal squares of a class."""
        return (
            (self.kind[rows] << 48)
            + ((self.column[rows] + east + _HALF) << 24)
            + self.row[rows]
            + north
            + _HALF
        )

    def squares_near(self, rows: Rows) -> Iterator[Numbers]:
        """Give the squares in which what is near may lie."""
        for east in (-1, 0, 1):
            for north in (-1, 0, 1):
                yield self.square(rows, east, north)

    def distance_m(self, first: Rows, second: Rows) -> Metres:
        """Return the distance on the ellipsoid, exact to a millionth up to some kilometres."""
        middle = np.radians((self.lat[first] + self.lat[second]) / 2)
        squared = _FLATTENING * (2 - _FLATTENING)
        bent = 1 - squared * np.sin(middle) ** 2
        north_m = np.radians(self.lat[second] - self.lat[first]) * _EQUATOR_M * (1 - squared) / bent**1.5
        east_m = np.radians(self.lon[second] - self.lon[first]) * _EQUATOR_M / np.sqrt(bent) * np.cos(middle)
        return np.hypot(north_m, east_m)


class _LastClosed:
    """For each later case the one that was closed last before it.

    Parameters
    ----------
    places
        Of all cases.
    closed
        Rows of closed cases, by closing time.
    closed_us
        Closing time of all cases.
    within_m
        How far they may be.
    """

    def __init__(self, places: _Places, closed: Rows, closed_us: Micros, within_m: float) -> None:
        self._places, self._closed_us, self._within_m = places, closed_us, within_m
        squares = places.square(closed)
        self._times = closed_us[closed]
        self._squares = np.unique(squares)
        code = np.searchsorted(self._squares, squares)
        order = np.argsort(code, kind="stable")
        self._rows, self._size = closed[order], len(closed) + 1
        self._keys = code[order] * self._size + order
        self.first = np.zeros(0, np.intp)
        self.distance_m: Metres = np.zeros(0)

    def look(self, later: Rows, square: Numbers, least_us: Micros, most_us: Micros) -> None:
        """Look in a square for each later case, among those that were closed from an instant to another."""
        if not len(self.first):
            self.first, self.distance_m = np.full(len(later), -1, np.intp), np.full(len(later), np.inf)
        code = np.minimum(np.searchsorted(self._squares, square), len(self._squares) - 1)
        here = np.flatnonzero(self._squares[code] == square)
        base = code[here] * self._size
        low = np.searchsorted(self._keys, base + np.searchsorted(self._times, least_us[here]))
        place = (
            np.searchsorted(self._keys, base + np.searchsorted(self._times, most_us[here], side="right")) - 1
        )
        while len(here):  # from the last one backwards, until it is earlier than one that is near
            known = self.first[here]
            known_us = np.where(known >= 0, self._closed_us[known], least_us[here])
            open_ = place >= low
            open_[open_] = self._closed_us[self._rows[place[open_]]] >= known_us[open_]
            here, low, place = here[open_], low[open_], place[open_]
            self._offer(here, later[here], self._rows[place])
            place = place - 1

    def _offer(self, here: Rows, later: Rows, candidate: Rows) -> None:
        """Take candidates that are near, and later, nearer or lesser than the ones before."""
        distance_m = self._places.distance_m(candidate, later)
        near = (distance_m <= self._within_m) & (candidate != later)
        here, candidate, distance_m = here[near], candidate[near], distance_m[near]
        known = self.first[here]
        same = (known >= 0) & (self._closed_us[candidate] == self._closed_us[known])
        nearer = distance_m < self.distance_m[here]
        lesser = (distance_m == self.distance_m[here]) & (
            self._places.number[candidate] < self._places.number[known]
        )
        better = (
            (known < 0) | (self._closed_us[candidate] > self._closed_us[known]) | (same & (nearer | lesser))
        )
        self.first[here[better]], self.distance_m[here[better]] = candidate[better], distance_m[better]


def _ranks(column: pa.ChunkedArray) -> Numbers:
    """Return numbers in the order of texts; null first."""
    encoded = column.combine_chunks().cast(pa.string()).dictionary_encode()
    order = numbers_of(pc.sort_indices(encoded.dictionary)).astype(np.int64)
    rank = np.empty(len(order) + 1, np.int64)
    rank[order], rank[-1] = np.arange(1, len(order) + 1), 0
    last = scalar(len(order), pa.int64())
    ranks: Numbers = rank[numbers_of(pc.fill_null(encoded.indices.cast(pa.int64()), last))]
    return ranks


def _degrees(table: pa.Table, name: str) -> Degrees:
    degrees: Degrees = numbers_of(pc.fill_null(table[name], scalar(0.0, pa.float64())))
    return degrees


def _instants(table: pa.Table, name: str) -> Micros:
    instants: Micros = numbers_of(pc.fill_null(table[name].cast(pa.int64()), _ZERO))
    return instants


def _truths(column: pa.ChunkedArray) -> Bools:
    return truths_of(column.combine_chunks() if column.num_chunks else pa.array([], pa.bool_()))
