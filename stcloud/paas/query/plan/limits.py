"""Limits: what every row lies within that a condition keeps, so that files, row groups and rows are left unread.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

from stcloud.paas.query.place.extent import Extent
from stcloud.paas.query.place.region import Region

__all__ = ["NO_LIMITS", "Limits", "TimeRange"]

TimeRange: TypeAlias = tuple[int | None, int | None]
"""A closed range of UTC microseconds; None is an open end."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Bounds of what a condition keeps, each a superset; None: the condition does not bound it.

    Parameters
    ----------
    believed_us
        Rows were believed at this recorded instant, UTC microseconds.
    times
        ``st_time`` lies in one of these ranges.
    extent
        The row's point lies in it.
    region
        The row's point lies in it, and the condition keeps all rows that do.
    units
        The code of the row's unit cell lies in one of these half-open ranges of texts.
    valid
        ``[after, before)``, UTC microseconds of valid time: a feature was there at some instant of it.
    areas
        A feature's shape touches each of them; in the city's CRS.
    wider
        A larger extent than ``extent``, of which other rows are wanted soon: what is read of it may be kept.
    """

    believed_us: int | None = None
    times: tuple[TimeRange, ...] | None = None
    extent: Extent | None = None
    region: Region | None = None
    units: tuple[tuple[str, str], ...] | None = None
    valid: tuple[int, int] | None = None
    areas: tuple[BaseGeometry, ...] = ()
    wider: Extent | None = None


NO_LIMITS = Limits()
