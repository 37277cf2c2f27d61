"""An IANA time zone: between UTC instants and the city's wall clock, a whole array at a time."""

from __future__ import annotations

import hashlib
import zoneinfo
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput, nearest
from stcloud.time.micros import DAY_US, MINUTE_US, Bools, Micros, offset_text
from stcloud.time.transition import Transitions, transitions

if TYPE_CHECKING:
    from stcloud.time.span import Spans

__all__ = ["Zone"]

_NOT_OF_THE_WORLD = frozenset({"Factory", "localtime", "posixrules"})
_WEEKS, _WEEK_S = 3548, 7 * 86_400  # from 1970 to the end of 2037
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Zone:
    """One IANA time zone.

    Parameters
    ----------
    name
        A name of the tz database, such as ``"America/New_York"``.

    Raises
    ------
    InvalidInput
        ``unknown-zone``, proposing the nearest names.

    Examples
    --------
    >>> zone = Zone("America/New_York")
    >>> zone.iso(1_709_640_000_000_000)
    '2024-03-05T07:00-05:00'
    """

    name: str

    def __post_init__(self) -> None:
        if self.name not in _names():
            close = nearest(self.name, _names())
            hint = "did you mean " + " or ".join(f"'{name}'" for name in close) + "?" if close else ""
            raise InvalidInput(
                "unknown-zone",
                f"no time zone '{self.name}'",
                hint=hint or "use an IANA name such as America/New_York",
            )

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> str:
        """Version of the zone's rules: a digest of its offsets, weekly from 1970 to 2037.

        Two machines with the same text keep the same clock, whatever their time zone databases are called.

        Examples
        --------
        >>> Zone("UTC").rules, Zone("UTC").rules == Zone("Etc/UTC").rules
        ('f34ea0ec', True)
        """
        return _rules(self.name)

    def offsets(self, start_us: int, stop_us: int) -> Transitions:
        """Offsets in force during ``[start_us, stop_us)``, and the instants where they change.

        Parameters
        ----------
        start_us, stop_us
            UTC microseconds of a half-open span within the years 1 to 9999.

        Returns
        -------
        The pieces in order; the first begins at ``start_us``.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.

        Notes
        -----
        Exact to the second. Each year is probed every six hours, once per process (0.4 ms a year): two
        changes within six hours would be missed; the tz database holds none closer than 95 hours.
        """
        return transitions(self.name, start_us, stop_us)

    def to_utc(self, local_us: Micros) -> tuple[Micros, Bools]:
        """Return the instants of wall-clock times.

        Parameters
        ----------
        local_us
            ``(n,)`` int64, microseconds since 1970-01-01T00:00 on the wall clock.

        Returns
        -------
        ``(n,)`` int64 UTC microseconds and ``(n,)`` bool: was the time adjusted?

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.

        Notes
        -----
        A repeated time is the earlier instant; a skipped time moves forward by the gap (02:30 becomes 03:30
        where 02:00 to 03:00 is skipped). Both are adjusted. For all else ``to_local(to_utc(x)) == x``.
        O(n log k) for k changes of offset between the least and the greatest value.

        Examples
        --------
        >>> local = np.array(["2024-03-10T02:30", "2024-11-03T01:30"], dtype="M8[us]").astype(np.int64)
        >>> utc, adjusted = Zone("America/New_York").to_utc(local)
        >>> [Zone("America/New_York").iso(int(at)) for at in utc], adjusted.tolist()
        (['2024-03-10T03:30-04:00', '2024-11-03T01:30-04:00'], [True, True])
        """
        local_us = np.asarray(local_us, dtype=np.int64)
        if not local_us.size:
            return local_us.copy(), np.zeros(local_us.shape, dtype=np.bool_)
        pieces = self.offsets(int(local_us.min()) - 2 * DAY_US, int(local_us.max()) + 2 * DAY_US)
        before, after, at = pieces.offsets_us[:-1], pieces.offsets_us[1:], pieces.starts_us[1:]
        # Around a change the wall clock skips or repeats [at + lesser, at + greater): odd slots of `edges`.
        # Both rules are then one: in such a slot the offset before the change holds.
        edges = np.stack([at + np.minimum(before, after), at + np.maximum(before, after)], axis=1).ravel()
        slot = np.searchsorted(edges, local_us, side="right")
        adjusted = (slot & 1).astype(np.bool_)
        slot >>= 1  # in place: ten million values need no more room than they take
        offset_us = pieces.offsets_us[slot]
        return np.subtract(local_us, offset_us, out=offset_us), adjusted

    def reached(self, local_us: Micros) -> Micros:
        """Return the first instants at which the wall clock shows these times, or later ones.

        Parameters
        ----------
        local_us
            ``(n,)`` int64, microseconds since 1970-01-01T00:00 on the wall clock.

        Returns
        -------
        ``(n,)`` int64 UTC microseconds: of a skipped time the instant at which the clock was set forward.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.

        Notes
        -----
        Differs from ``to_utc`` for skipped times only. O(n log k) for k changes of offset.

        Examples
        --------
        >>> zone = Zone("America/Toronto")  # 23:30 became 00:30 of the next day
        >>> midnight = np.array(["1919-03-31T00:00"], dtype="M8[us]").astype(np.int64)
        >>> zone.iso(int(zone.reached(midnight)[0]))
        '1919-03-31T00:30-04:00'
        """
        local_us = np.asarray(local_us, dtype=np.int64)
        if not local_us.size:
            return local_us.copy()
        pieces = self.offsets(int(local_us.min()) - 2 * DAY_US, int(local_us.max()) + 2 * DAY_US)
        # What pieces show last ascends: none is as short as a day, the most by which a clock was set back.
        shown_us = pieces.starts_us[1:] + pieces.offsets_us[:-1]
        piece = np.searchsorted(shown_us, local_us, side="right")
        reached_us: Micros = np.maximum(pieces.starts_us[piece], local_us - pieces.offsets_us[piece])
        return reached_us

    def to_local(self, utc_us: Micros) -> Micros:
        """Return the wall-clock microseconds of instants: ``utc_us + offset_at(utc_us)``.

        Parameters
        ----------
        utc_us
            ``(n,)`` int64 UTC microseconds.

        Returns
        -------
        ``(n,)`` int64, microseconds since 1970-01-01T00:00 on the wall clock.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.
        """
        utc_us = np.asarray(utc_us, dtype=np.int64)
        return utc_us + self.offset_at(utc_us)

    def offset_at(self, utc_us: Micros) -> Micros:
        """Local minus UTC at instants, in microseconds.

        Parameters
        ----------
        utc_us
            ``(n,)`` int64 UTC microseconds.

        Returns
        -------
        ``(n,)`` int64 microseconds, positive east of Greenwich.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.
        """
        utc_us = np.asarray(utc_us, dtype=np.int64)
        if not utc_us.size:
            return utc_us.copy()
        pieces = self.offsets(int(utc_us.min()), int(utc_us.max()) + 1)
        return pieces.offsets_us[np.searchsorted(pieces.starts_us, utc_us, side="right") - 1]

    def days(self, spans: Spans) -> Micros:
        """Return the days that the wall clock shows during spans.

        Parameters
        ----------
        spans
            With both ends each.

        Returns
        -------
        ``(n,)`` int64 days since 1970-01-01, distinct, in order.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.

        Notes
        -----
        Between two changes of the offset the clock runs on, so the first and last moment give all days of a piece.
        """
        days = [np.zeros(0, dtype=np.int64)]
        for span in spans:
            if span.start_us is None or span.end_us is None:
                raise InvalidInput("unbounded-span", f"there is no end to the days of {span}")
            pieces = self.offsets(span.start_us, span.end_us)
            first = (pieces.starts_us + pieces.offsets_us) // DAY_US
            last = (np.append(pieces.starts_us[1:], span.end_us) - 1 + pieces.offsets_us) // DAY_US
            days += [np.arange(low, high + 1) for low, high in zip(first, last, strict=True)]
        return np.unique(np.concatenate(days))

    def instant(self, local_us: int) -> tuple[int, bool]:
        """Convert one wall-clock time as ``to_utc`` does: UTC microseconds, and whether it was adjusted."""
        utc_us, adjusted = self.to_utc(np.array([local_us], dtype=np.int64))
        return int(utc_us[0]), bool(adjusted[0])

    def iso(self, utc_us: int) -> str:
        """Text of an instant on this zone's wall clock: ISO 8601 with its offset, as short as is exact.

        Examples
        --------
        >>> Zone("Asia/Shanghai").iso(1_500_000)
        '1970-01-01T08:00:01.500000+08:00'
        """
        offset_us = int(self.offset_at(np.array([utc_us], dtype=np.int64))[0])
        local_us = utc_us + offset_us
        text = str(np.datetime64(local_us, "us"))
        if local_us % MINUTE_US == 0:
            text = text.removesuffix(":00.000000")
        return text.removesuffix(".000000") + offset_text(offset_us)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NOT_OF_THE_WORLD


@lru_cache(maxsize=64)
def _rules(name: str) -> str:
    zone = zoneinfo.ZoneInfo(name)
    weeks = (datetime.fromtimestamp(week * _WEEK_S, zone) for week in range(_WEEKS))
    offsets = [week.utcoffset() // _SECOND for week in weeks]  # type: ignore[operator]
    return hashlib.sha256(np.array(offsets, "<i4").tobytes()).hexdigest()[:8]
