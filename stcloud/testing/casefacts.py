"""Facts of invented cases: many at once from a seed, or a few that Hypothesis draws.

Tested by `tests/paas/case/evaluation/test_evaluation.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from hypothesis import strategies as st

from stcloud.paas.case.facts import FACTS

__all__ = ["FIRST_US", "HOUR_US", "as_table", "case_facts", "fact_rows"]

FIRST_US = 1_704_038_400_000_000
"""2024-01-01 00:00 in Shanghai, UTC microseconds."""
HOUR_US = 3_600_000_000
_MINUTE_US = 60_000_000
_DEPARTMENTS = 40
_SOURCES = ("collector", "public", "monitoring")
_POSTS = ("reporter", "operator", "dispatcher", "handler", "checker")


def case_facts(
    count: int,
    *,
    seed: int,
    days: int = 365,
    at_us: int = 1_735_689_600_000_000,
    departments: int = _DEPARTMENTS,
) -> pa.Table:
    """Return facts of cases that were reported over some days from `FIRST_US` on; whole minutes, so that ties occur.

    Parameters
    ----------
    at_us
        The instant at which they are read: what would happen later has not happened.
    """
    course = _course(_Chance(count, seed, at_us), days)
    columns = course | _attributes(_Chance(count, seed + 1, at_us), course["dispatched_at"], departments)
    return pa.table(
        {field.name: pa.array(columns[field.name]).cast(field.type) for field in FACTS}, schema=FACTS
    )


class _Chance:
    """Chance for many cases at once."""

    def __init__(self, count: int, seed: int, at_us: int) -> None:
        self.count, self._at_us = count, at_us
        self.drawn = np.random.default_rng(seed)

    def happen(self, share: float) -> npt.NDArray[np.bool_]:
        return self.drawn.random(self.count) < share

    def wait(self, minutes: float) -> npt.NDArray[np.int64]:
        return (self.drawn.exponential(minutes, self.count).astype(np.int64) + 1) * _MINUTE_US

    def instant(self, at: npt.NDArray[np.int64], happened: npt.NDArray[np.bool_]) -> pa.Array:
        return pa.array(at, mask=~(happened & (at <= self._at_us))).cast(pa.timestamp("us", "UTC"))

    def texts(self, prefix: str, kinds: int) -> npt.NDArray[np.str_]:
        return np.char.add(prefix, self.drawn.integers(0, kinds, self.count).astype(str))


def _course(chance: _Chance, days: int) -> dict[str, Any]:
    """Return what became of cases: instants, counts and truths."""
    happen, wait, instant, count = chance.happen, chance.wait, chance.instant, chance.count
    reported = FIRST_US + chance.drawn.integers(0, days * 1440, count) * _MINUTE_US
    duplicate, rejected = happen(0.04), happen(0.06)
    filed_at, is_filed = reported + wait(20), ~duplicate & ~rejected & happen(0.97)
    dispatched_at, is_dispatched = filed_at + wait(15), is_filed & happen(0.98)
    limit = chance.drawn.choice([4, 24, 72, 120], count) * HOUR_US
    extensions = np.where(happen(0.05), chance.drawn.integers(1, 3, count), 0)
    due_at, suspended = dispatched_at + limit * (1 + extensions), is_dispatched & happen(0.02)
    handled_at = np.where(happen(0.15), due_at - wait(60), dispatched_at + wait(1500))
    handled_at = np.maximum(handled_at, dispatched_at + _MINUTE_US)
    is_handled = is_dispatched & ~suspended & happen(0.9)
    check_at = handled_at + wait(30)
    closed_at, is_closed = check_at + wait(60), is_handled & happen(0.92)
    extended_at = np.where(happen(0.3), due_at - limit - wait(5), dispatched_at + wait(100))
    closed = instant(closed_at, is_closed)
    return {
        "counted": ~duplicate & ~rejected, "cancelled": rejected, "suspended": suspended,
        "open": ~(np.asarray(closed.is_valid()) | rejected), "reported_at": instant(reported, happen(1.1)),
        "recorded_at": instant(reported, happen(1.1)), "filed_at": instant(filed_at, is_filed),
        "dispatched_at": instant(dispatched_at, is_dispatched), "handled_at": instant(handled_at, is_handled),
        "closed_at": closed, "started_at": instant(dispatched_at, is_dispatched),
        "due_at": pa.array(due_at, mask=~(is_dispatched & ~suspended)), "due_provisional": happen(0),
        "accept_due_at": reported + 15 * _MINUTE_US,
        "dispatch_due_at": pa.array(filed_at + 15 * _MINUTE_US, mask=~is_filed),
        "check_due_at": pa.array(check_at + 30 * _MINUTE_US, mask=~is_handled),
        "verify_ordered_at": instant(reported + _MINUTE_US, happen(0.3)),
        "verified_at": instant(filed_at, is_filed & happen(0.5)), "check_ordered_at": instant(check_at, is_handled),
        "checked_at": instant(check_at + wait(20), is_handled & happen(0.95)),
        "exempt": is_closed & (closed_at > due_at) & happen(0.1), "forced": is_closed & happen(0.01),
        "self_handled": happen(0), "verified_public": is_filed & happen(0.3), "extensions": extensions,
        "reworks": np.where(is_handled & happen(0.08), chance.drawn.integers(1, 4, count), 0),
        "suspensions": suspended.astype(np.int64), "returns": happen(0.03).astype(np.int64),
        "urgings": happen(0.02).astype(np.int64),
        "extended_at": instant(extended_at, is_dispatched & (extensions > 0)),
        "master": pa.array(np.full(count, "C00000000"), mask=~duplicate),
    }  # fmt: skip


def _attributes(chance: _Chance, dispatched_at: pa.Array, departments: int) -> dict[str, Any]:
    """Return what cases are, where they are, and who worked on them."""
    count, drawn = chance.count, chance.drawn
    cell = np.char.add("3702020010", np.char.zfill(drawn.integers(0, 40_000, count).astype(str), 5))
    names = pa.array([f"department {n:02}" for n in range(departments)])
    with_department = pa.array(
        drawn.integers(0, departments, count), mask=~np.asarray(dispatched_at.is_valid())
    )
    posts = {f"{post}_post": chance.texts(f"{post} ", 12) for post in _POSTS}
    return posts | {
        "number": np.char.add("C", np.char.zfill(np.arange(count).astype(str), 8)),
        "kind": np.where(chance.happen(0.3), "component", "matter"), "class": chance.texts("class ", 25),
        "condition": np.full(count, "1"), "source": np.array(_SOURCES)[drawn.integers(0, 3, count)],
        "department": names.take(with_department), "component": pa.nulls(count, pa.string()), "cell": cell,
        "district": cell.astype("U6"), "street": cell.astype("U9"), "community": cell.astype("U12"),
        "duty_grid": pa.nulls(count, pa.string()), "lon": 120.38 + drawn.integers(0, 200, count) / 1e4,
        "lat": 36.06 + drawn.integers(0, 200, count) / 1e4,
        "satisfaction": pa.array(drawn.integers(1, 6, count), mask=~chance.happen(0.2)),
    }  # fmt: skip


_REPORTED = st.sampled_from([0, 400, 737, 741, 1026, 1028, 1434, 1438, 2000])
"""Hours after `FIRST_US`: near the ends of February in Shanghai and in Auckland, and near hour 1,030."""
_AFTER = st.one_of(st.none(), st.integers(0, 6), st.sampled_from([2, 40, 57, 58, 60]))
_LATER = (
    "filed_at", "dispatched_at", "handled_at", "closed_at", "started_at", "due_at", "accept_due_at",
    "dispatch_due_at", "check_due_at", "verify_ordered_at", "verified_at", "check_ordered_at", "checked_at",
    "extended_at",
)  # fmt: skip


@st.composite
def fact_rows(draw: st.DrawFn, most: int = 12) -> list[dict[str, Any]]:
    """Draw rows of facts, in no way consistent: what is computed of them must hold of any."""
    return [_row(draw, number) for number in range(draw(st.integers(0, most)))]


def _row(draw: st.DrawFn, number: int) -> dict[str, Any]:
    reported = FIRST_US + draw(_REPORTED) * HOUR_US
    row: dict[str, Any] = dict.fromkeys(FACTS.names)
    row |= {"number": f"{number:03}", "reported_at": reported, "recorded_at": reported}
    for name in ("counted", "cancelled", "suspended", "exempt", "forced", "verified_public"):
        row[name] = draw(st.booleans())
    row["open"], row["due_provisional"], row["self_handled"] = draw(st.booleans()), False, False
    for name in _LATER:
        after = draw(_AFTER)
        row[name] = None if after is None else reported + after * HOUR_US
    for name in ("reworks", "extensions", "suspensions", "returns", "urgings"):
        row[name] = draw(st.integers(0, 3))
    row["department"] = draw(st.sampled_from([None, "water", "roads"]))
    row["handler_post"] = draw(st.sampled_from([None, "h1", "h2"]))
    row["source"], row["master"] = draw(st.sampled_from(_SOURCES)), draw(st.sampled_from([None, "000"]))
    row["street"], row["class"] = (
        draw(st.sampled_from(["370202001", "370202002"])),
        draw(st.sampled_from(["a", "b"])),
    )
    row["lon"], row["lat"] = 120.38 + draw(st.integers(0, 4)) / 1e4, 36.06
    return row


def as_table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return drawn rows as facts."""
    return pa.table(
        {
            field.name: pa.array([row[field.name] for row in rows], pa.int64()).cast(field.type)
            if pa.types.is_timestamp(field.type)
            else pa.array([row[field.name] for row in rows], field.type)
            for field in FACTS
        },
        schema=FACTS,
    )
