"""Indicators of cases, case by case in plain Python: the oracle of what evaluation counts at once.

Written from the words of `docs/explanation/evaluation.md`, not from the conditions of the bundled policies.

Tested by `tests/paas/case/evaluation/test_evaluation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["INDICATORS", "Indicator", "members"]

Row: TypeAlias = Mapping[str, Any]
Holds: TypeAlias = Callable[[Row, int], bool]

_PART = 0.05


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator: the instant of its cohort, which cases it counts, and of which; None: of none.

    ``times`` is a column that is added up, ``hours`` are two instants between which hours are averaged.
    """

    basis: str
    counts: Holds
    of: Holds | None = None
    times: str | None = None
    hours: tuple[str, str] | None = None


def _valid(row: Row, _: int) -> bool:
    return bool(row["counted"]) and not row["cancelled"]


def _reported(row: Row, _: int) -> bool:
    return bool(row["counted"]) or (bool(row["cancelled"]) and row["master"] is None)


def _reached(instant: str) -> Holds:
    return lambda row, at: _valid(row, at) and row[instant] is not None


_filed, _dispatched, _handled, _closed = map(
    _reached, ("filed_at", "dispatched_at", "handled_at", "closed_at")
)


def _overdue_open(row: Row, at_us: int) -> bool:
    return (
        _valid(row, at_us)
        and row["handled_at"] is None
        and row["due_at"] is not None
        and row["due_at"] < at_us
    )


def _should_handle(row: Row, at_us: int) -> bool:
    return _dispatched(row, at_us) and not row["suspended"]


def _should_close(row: Row, at_us: int) -> bool:
    if row["suspended"] or not _valid(row, at_us):
        return False
    return row["handled_at"] is not None or _overdue_open(row, at_us)


def _has(column: str) -> Holds:
    return lambda row, _: row[column] is not None


def _both(*conditions: Holds) -> Holds:
    return lambda row, at: all(condition(row, at) for condition in conditions)


def _by(first: str, deadline: str) -> Holds:
    """Return the condition that something happened, by a deadline that there is."""
    return lambda row, _: row[first] is not None and row[deadline] is not None and row[first] <= row[deadline]


def _on_time(instant: str) -> Holds:
    within = _by(instant, "due_at")
    return lambda row, at: _reached(instant)(row, at) and (bool(row["exempt"]) or within(row, at))


def _more_than_none(column: str) -> Holds:
    return lambda row, at: _valid(row, at) and row[column] > 0


def _from(source: str) -> Holds:
    return lambda row, _: row["source"] == source


def _public(row: Row, at_us: int) -> bool:
    return _filed(row, at_us) and bool(row["verified_public"])


def _in_last_part(instant: str) -> Holds:
    """Return the condition that something happened on time, in the last twentieth of the limit."""
    within = _by(instant, "due_at")

    def holds(row: Row, at_us: int) -> bool:
        if row["started_at"] is None or not (_reached(instant)(row, at_us) and within(row, at_us)):
            return False
        hours = [(row["due_at"] - row[name]) / 3.6e9 for name in (instant, "started_at")]
        return bool(hours[0] <= _PART * hours[1])

    return holds


def _extended_in_last_part(row: Row, at_us: int) -> bool:
    if not _more_than_none("extensions")(row, at_us) or not _by("extended_at", "due_at")(row, at_us):
        return False
    if row["started_at"] is None:
        return False
    used, whole = ((row[name] - row["started_at"]) / 3.6e9 for name in ("extended_at", "due_at"))
    return bool(used * (row["extensions"] + 1) >= 0.95 * whole * row["extensions"])


def _late(row: Row, at_us: int) -> bool:
    is_over = (
        row["handled_at"] is not None and row["due_at"] is not None and row["handled_at"] > row["due_at"]
    )
    return _valid(row, at_us) and is_over and not row["exempt"]


def _ordered(row: Row, _: int) -> bool:
    return row["verify_ordered_at"] is not None


def _done_after(done: str, ordered: str) -> Holds:
    return lambda row, _: row[done] is not None and row[ordered] is not None and row[done] >= row[ordered]


_limited = _has("due_at")
_check_ordered = _reached("check_ordered_at")
_checked = _both(_valid, _done_after("checked_at", "check_ordered_at"))
_to_handle, _to_handle_limited = _should_handle, _both(_should_handle, _limited)

INDICATORS: Mapping[str, Indicator] = {
    "reported_cases": Indicator("reported_at", _reported),
    "filed_cases": Indicator("filed_at", _filed),
    "filing_rate": Indicator("reported_at", _filed, _reported),
    "on_time_filing_rate": Indicator(
        "filed_at", _by("filed_at", "accept_due_at"), _both(_filed, _has("accept_due_at"))
    ),
    "valid_report_rate": Indicator("reported_at", _filed, _both(_reported, _from("collector"))),
    "missed_report_rate": Indicator(
        "filed_at",
        _public,
        lambda row, at: _public(row, at) or (_filed(row, at) and row["source"] == "collector"),
    ),
    "public_report_share": Indicator("filed_at", _public, _filed),
    "verification_rate": Indicator("reported_at", _done_after("verified_at", "verify_ordered_at"), _ordered),
    "check_rate": Indicator("filed_at", _checked, _check_ordered),
    "on_time_check_rate": Indicator(
        "filed_at",
        _both(_checked, _by("checked_at", "check_due_at")),
        _both(_check_ordered, _has("check_due_at")),
    ),
    "accurate_dispatch_rate": Indicator("dispatched_at", lambda row, _: row["returns"] == 0, _dispatched),
    "on_time_dispatch_rate": Indicator(
        "dispatched_at", _by("dispatched_at", "dispatch_due_at"), _both(_dispatched, _has("dispatch_due_at"))
    ),
    "handling_rate": Indicator("due_at", _handled, _to_handle),
    "on_time_handling_rate": Indicator("due_at", _on_time("handled_at"), _to_handle_limited),
    "late_handling_rate": Indicator("due_at", _late, _to_handle_limited),
    "overdue_open_rate": Indicator("due_at", _overdue_open, _to_handle_limited),
    "extension_rate": Indicator("due_at", _more_than_none("extensions"), _to_handle),
    "suspension_rate": Indicator("dispatched_at", _more_than_none("suspensions"), _dispatched),
    "return_rate": Indicator("filed_at", _more_than_none("returns"), _filed),
    "urged_rate": Indicator("due_at", _more_than_none("urgings"), _to_handle),
    "closing_rate": Indicator("due_at", _closed, _should_close),
    "on_time_closing_rate": Indicator("due_at", _on_time("closed_at"), _both(_should_close, _limited)),
    "rework_rate": Indicator("due_at", _more_than_none("reworks"), _should_close),
    "rework_times": Indicator("due_at", _should_close, times="reworks"),
    "extension_times": Indicator("due_at", _should_handle, times="extensions"),
    "average_handling_hours": Indicator("handled_at", _handled, hours=("dispatched_at", "handled_at")),
    "average_closing_hours": Indicator("closed_at", _closed, hours=("reported_at", "closed_at")),
    "repeat_rate": Indicator("filed_at", lambda row, _: row["repeats"], _filed),
    "exempt_rate": Indicator("closed_at", lambda row, _: bool(row["exempt"]), _closed),
    "forced_close_rate": Indicator("closed_at", lambda row, _: bool(row["forced"]), _closed),
    "last_part_handling_rate": Indicator(
        "handled_at", _in_last_part("handled_at"), _both(_on_time("handled_at"), _limited)
    ),
    "last_part_closing_rate": Indicator(
        "closed_at", _in_last_part("closed_at"), _both(_on_time("closed_at"), _limited)
    ),
    "last_part_extension_rate": Indicator(
        "due_at", _extended_in_last_part, _both(_more_than_none("extensions"), _limited)
    ),
    "reported_again_rate": Indicator("closed_at", lambda row, _: row["reported_again"], _closed),
}
"""The bundled indicators, by name."""


def members(
    indicator: Indicator, rows: Sequence[Row], at_us: int, period_us: tuple[int, int] | None = None
) -> tuple[list[Row], list[Row]]:
    """Return the cases in the numerator and in the denominator of an indicator; without one all that it counts."""

    def within(row: Row) -> bool:
        instant = row[indicator.basis]
        return instant is not None and (period_us is None or period_us[0] <= instant < period_us[1])

    cohort = [row for row in rows if within(row)]
    if indicator.hours is not None:
        cohort = [row for row in cohort if None not in (row[indicator.hours[0]], row[indicator.hours[1]])]
    among = [row for row in cohort if indicator.of is None or indicator.of(row, at_us)]
    return [row for row in among if indicator.counts(row, at_us)], among
