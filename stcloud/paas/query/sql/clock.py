"""Wall clocks for engines: local time, weekday and calendar bins as integer arithmetic on UTC microseconds.

Engines' time zone databases differ in age and in what they do at a change; so they are given the changes that
matter, as a balanced CASE over UTC instants, and one integer rule per way to cut time (that of `stcloud.time.Bin`, or
of `stcloud.time.DayRun`).

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stcloud.errors import InternalError
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.tree import all_of, any_of, number
from stcloud.time import Bin, Binning, DayRun, Days, Micros, Spans, When, Zone

__all__ = ["WallClock", "within"]

_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_HOUR_US = 3600 * _SECOND_US
_DAY_US = 24 * _HOUR_US
_SHIFT_DAYS = 770_000
"""Whole weeks before 1970: with them added every day of the years 1..9999 is positive, so that integer
division, which engines truncate towards zero, rounds down."""
_OFFSETS, _NO_OFFSET = 200_000, 100_000


class WallClock:
    """Local time of a column of instants in a zone.

    Parameters
    ----------
    column
        The instants.
    zone
        The city's.
    spans
        All instants that the column may hold, bounded; elsewhere the local time is wrong.
    """

    def __init__(self, column: exp.Expression, zone: Zone, spans: Spans) -> None:
        self._utc_us = exp.UnixMicros(this=column)
        self._offset_us = _choose(self._utc_us, _pieces(zone, spans) or [(0, 0)])

    def shifted(self, days: int = _SHIFT_DAYS) -> exp.Expression:
        """Return local microseconds plus a shift of days: never negative, if it is the usual one or more."""
        shift = number(days * _DAY_US)
        return _paren(
            exp.Add(
                this=exp.Add(this=self._utc_us.copy(), expression=self._offset_us.copy()), expression=shift
            )
        )

    def bin(self, by: Binning) -> exp.Expression:
        """Return the bin's number, as ``by.numbers`` gives it."""
        if by.run is not None:
            return self._of_run(by.run)
        if by is Bin.HOUR:
            hours = _minus(_over(self.shifted(), _HOUR_US), _SHIFT_DAYS * 24)
            offset_s = _over(_paren(self._offset_us.copy()), _SECOND_US)
            seconds = exp.Sub(this=number(_NO_OFFSET), expression=offset_s)
            return exp.Add(
                this=exp.Mul(this=_paren(hours), expression=number(_OFFSETS)),
                expression=_paren(seconds),
            )
        if by is Bin.HOUR_OF_DAY:
            return exp.Mod(this=_paren(_over(self.shifted(), _HOUR_US)), expression=number(24))
        if by is Bin.WEEKDAY:
            monday = _paren(exp.Add(this=_paren(_over(self.shifted(), _DAY_US)), expression=number(3)))
            return exp.Add(this=exp.Mod(this=monday, expression=number(7)), expression=number(1))
        return self._of_year(by)

    def _of_run(self, run: DayRun) -> exp.Expression:
        """Return the number of a run of days; the shift is whole runs from the first day of bin 0."""
        bins = -(-(_SHIFT_DAYS + run.phase) // run.days)
        return _minus(_over(self.shifted(bins * run.days - run.phase), run.days * _DAY_US), bins)

    def _of_year(self, by: Binning) -> exp.Expression:
        year = self._part("YEAR")
        if by is Bin.YEAR:
            return year
        months = exp.Add(
            this=exp.Mul(this=year, expression=number(12)), expression=_minus(self._part("MONTH"), 1)
        )
        return months if by is Bin.MONTH else _over(_paren(months), 3)

    def _part(self, name: str) -> exp.Expression:
        """Return a part of the date."""
        days = exp.cast(self.bin(Bin.DAY), "int")
        first_day = exp.cast(exp.Literal.string("1970-01-01"), "date")
        day = exp.DateAdd(this=first_day, expression=days, unit=exp.var("DAY"))
        return exp.cast(exp.Extract(this=exp.var(name), expression=day), "bigint")

    def fits(self, when: When, spans: Spans) -> list[exp.Expression]:
        """Return the conditions on month, day and time of day, if ``when`` has any.

        Parameters
        ----------
        when
            The condition.
        spans
            All instants of which it matters, bounded: working days are told of these days only.
        """
        conditions: list[exp.Expression] = []
        if when.months is not None:
            conditions.append(_in(self._part("MONTH"), when.months))
        if when.weekdays is not None:
            conditions.append(_in(self.bin(Bin.WEEKDAY), when.weekdays))
        if when.days is not None:
            conditions.append(self._on(when.days, when.zone.days(spans)))
        if when.hours is not None:
            time_us = _paren(exp.Mod(this=self.shifted(), expression=number(_DAY_US)))
            ranges = [_between(time_us, low * _MINUTE_US, high * _MINUTE_US) for low, high in when.hours]
            conditions.append(any_of(ranges))
        return conditions

    def _on(self, kind: Days, days: Micros) -> exp.Expression:
        """Return the condition on working or free days: days of the week, and the exceptions among ``days``."""
        rule = kind.rule(days)
        usual = _in(self.bin(Bin.WEEKDAY), rule.weekdays)
        if not rule.exceptions:
            return usual
        # Set apart: an engine compares each row with each member of a long list, but joins what is selected.
        wanted = exp.Array(expressions=[number(day) for day in rule.exceptions])
        listed = exp.Subquery(this=exp.Select(expressions=[exp.Explode(this=wanted)]))
        exceptional = exp.In(this=_paren(self.bin(Bin.DAY)), query=listed)
        return exp.NEQ(this=_paren(usual), expression=_paren(exceptional))


def within(column: exp.Expression, low: exp.Expression | None, high: exp.Expression | None) -> exp.Expression:
    """``low <= column < high``; None is an open end."""
    sides: list[exp.Expression] = []
    if low is not None:
        sides.append(exp.GTE(this=column.copy(), expression=low))
    if high is not None:
        sides.append(exp.LT(this=column.copy(), expression=high))
    return all_of(sides)


def _in(value: exp.Expression, numbers: Iterable[int]) -> exp.Expression:
    wanted = [number(member) for member in sorted(numbers)]
    return exp.In(this=_paren(value), expressions=wanted) if wanted else exp.false()


def _between(value: exp.Expression, low: int, high: int) -> exp.Expression:
    return within(value, number(low), number(high))


def _pieces(zone: Zone, spans: Spans) -> list[tuple[int, int]]:
    """Return ``(start, offset)`` in microseconds wherever the offset may differ from the one before."""
    changes: list[tuple[int, int]] = []
    for span in spans.parts:
        if span.start_us is None or span.end_us is None:
            raise InternalError("unbounded-span", f"no wall clock is made for the open span {span}")
        pieces = zone.offsets(span.start_us, span.end_us)
        changes += zip(pieces.starts_us.tolist(), pieces.offsets_us.tolist(), strict=True)
    return changes


def _choose(utc_us: exp.Expression, pieces: Sequence[tuple[int, int]]) -> exp.Expression:
    if len(pieces) == 1:
        return number(pieces[0][1])
    middle = len(pieces) // 2
    earlier = exp.LT(this=utc_us.copy(), expression=number(pieces[middle][0]))
    branch = exp.If(this=earlier, true=_choose(utc_us, pieces[:middle]))
    return exp.Case(ifs=[branch], default=_choose(utc_us, pieces[middle:]))


def _over(value: exp.Expression, divisor: int) -> exp.Expression:
    return exp.IntDiv(this=value, expression=number(divisor))


def _minus(value: exp.Expression, amount: int) -> exp.Expression:
    return exp.Sub(this=value, expression=number(amount))


def _paren(value: exp.Expression) -> exp.Expression:
    return exp.Paren(this=value)
