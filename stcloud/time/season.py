"""Months and seasons, as the city's wall clock shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stcloud.errors import InvalidInput, nearest
from stcloud.time.micros import DAY_US, Bools, Micros
from stcloud.time.recurrence import cycle_range

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Months", "in_months", "months_text", "parse_months", "parse_seasons"]

Months: TypeAlias = frozenset[int]

NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_NUMBERS = {
    written: number
    for number, name in enumerate(NAMES, start=1)
    for written in (name, name[:3], str(number), f"{number:02}")
}
# First months in the north; a season has three, and in the south it is half a year later.
_SEASONS = {"winter": 12, "spring": 3, "summer": 6, "autumn": 9, "fall": 9}


def parse_months(months: str | int | Iterable[int]) -> Months:
    """Read months as numbers, January 1 to December 12.

    Parameters
    ----------
    months
        English names, whole or their first three letters, or numbers, alone (``jun,8``) or as ranges, both
        ends inside (``6-8``, ``jun-aug``); a range may run over the end of the year (``dec-feb``). Or the
        numbers themselves.

    Raises
    ------
    InvalidInput
        ``unreadable-months``.

    Examples
    --------
    >>> sorted(parse_months("nov-jan, june"))
    [1, 6, 11, 12]
    """
    if isinstance(months, str):
        return frozenset(month for part in months.split(",") for month in _range(part, months))
    months = frozenset([months] if isinstance(months, int) else months)
    if not months or not months <= set(_NUMBERS.values()):
        raise _unreadable_months(months)
    return months


def _range(part: str, whole: str) -> list[int]:
    ends = [_month(name, whole) for name in part.split("-")]
    if len(ends) > 2:
        raise _unreadable_months(whole)
    return cycle_range(ends[0], ends[-1], 12)


def _month(name: str, whole: str) -> int:
    number = _NUMBERS.get(name.strip().lower())
    if number is None:
        raise _unreadable_months(whole, name.strip())
    return number


def _unreadable_months(months: object, name: str = "") -> InvalidInput:
    close = nearest(name, NAMES) if name.isalpha() else ()
    return InvalidInput(
        "unreadable-months",
        f"cannot read {months!r} as months",
        hint=f"did you mean '{close[0]}'?"
        if close
        else "write 6-8, jun-aug, dec-feb, or numbers from 1 to 12",
    )


def parse_seasons(seasons: str, *, southern: bool = False) -> Months:
    """Read meteorological seasons as the months that they have.

    Parameters
    ----------
    seasons
        ``winter`` (December to February), ``spring``, ``summer``, ``autumn`` or ``fall``; several by comma.
    southern
        True: as in the southern hemisphere, where winter is from June to August.

    Raises
    ------
    InvalidInput
        ``unknown-season``, with the nearest.

    Notes
    -----
    A season holds months, not a span: the winter of ``2024`` is January, February and December of 2024.

    Examples
    --------
    >>> sorted(parse_seasons("winter")), sorted(parse_seasons("winter", southern=True))
    ([1, 2, 12], [6, 7, 8])
    """
    return frozenset(
        month for part in seasons.split(",") for month in _season(part.strip(), southern=southern)
    )


def _season(name: str, *, southern: bool) -> list[int]:
    first = _SEASONS.get(name.lower())
    if first is None:
        close = nearest(name, _SEASONS)
        hint = f"did you mean '{close[0]}'?" if close else "use " + ", ".join(_SEASONS)
        raise InvalidInput("unknown-season", f"no season '{name}'", hint=hint)
    first = first + 6 if southern else first
    return cycle_range((first - 1) % 12 + 1, (first + 1) % 12 + 1, 12)


def months_text(months: Months) -> str:
    """Return the first three letters of the months in order from January, such as ``jun,jul,aug``.

    Notes
    -----
    ``parse_months(months_text(months)) == months``.
    """
    return ",".join(NAMES[month - 1][:3] for month in sorted(months))


def in_months(local_us: Micros, months: Months) -> Bools:
    """Tell for each wall-clock time (``(n,)`` int64 microseconds) whether its month is one of ``months``."""
    chosen = np.array([month in months for month in range(1, 13)])
    day = np.asarray(local_us, dtype=np.int64) // DAY_US
    month = day.view("M8[D]").astype("M8[M]").astype(np.int64) % 12  # 1970-01 is 0
    return np.asarray(chosen[month], dtype=np.bool_)
