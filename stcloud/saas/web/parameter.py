"""Values of parameters: instants, intervals, boxes, limits, names.

Tested by `tests/saas/web/test_parameter.py`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.time import Zone, instant_us

__all__ = [
    "ClosedInterval", "iso_utc", "read_bbox", "read_datetime", "read_filter", "read_flag", "read_limit", "read_names",
    "read_order", "read_property", "require_language",
]  # fmt: skip

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})0*)?([Zz]|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE = {"true": True, "false": False}
_BOOLEANS = _TRUE | {"1": True, "0": False}
"""Values of a column; GDAL writes numbers."""


@dataclass(frozen=True, slots=True)
class ClosedInterval:
    """A closed interval of instants, UTC microseconds; None: open. Of an instant both ends are the same."""

    first_us: int | None
    last_us: int | None
    is_instant: bool = False

    @property
    def half_open(self) -> tuple[int | None, int | None]:
        """The same as a half-open span: a microsecond longer."""
        return self.first_us, None if self.last_us is None else self.last_us + 1

    @property
    def touching(self) -> tuple[int | None, int | None]:
        """The half-open span that every half-open version meets whose closed interval meets this one."""
        first, last = self.half_open
        return None if first is None else first - 1, last


def iso_utc(at_us: int) -> str:
    """Return an instant as RFC 3339 has it, in UTC, with no more digits than it needs.

    >>> iso_utc(1_000_000), iso_utc(1_500_000)
    ('1970-01-01T00:00:01Z', '1970-01-01T00:00:01.5Z')
    """
    at = _EPOCH + timedelta(microseconds=at_us)
    text = at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return text + (f".{at.microsecond:06}".rstrip("0") if at.microsecond else "") + "Z"


def read_datetime(text: str, zone: Zone) -> ClosedInterval:
    """Return what ``datetime`` means: an instant of RFC 3339, or a closed interval whose ends may be open.

    A date is that day in the city's zone.

    Raises
    ------
    InvalidInput
        ``unreadable-datetime``.
    """
    start, slash, end = text.partition("/")
    if not slash:
        first_us, last_us = _period(start, text, zone)
        return ClosedInterval(first_us, last_us, is_instant=first_us == last_us)
    first = None if start in ("", "..") else _period(start, text, zone)[0]
    last = None if end in ("", "..") else _period(end, text, zone)[1]
    if first is None and last is None:
        raise _unreadable(text, "one end is an instant")
    if first is not None and last is not None and last < first:
        raise _unreadable(text, "its end is before its start")
    return ClosedInterval(first, last)


def _period(part: str, text: str, zone: Zone) -> tuple[int, int]:
    """Return the first and the last microsecond of an instant or a day."""
    match = _INSTANT.fullmatch(part)
    try:
        if match:
            day, clock, fraction, offset = match.groups()
            at = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0').ljust(6, '0')}{offset.upper()}")
            at_us = (at - _EPOCH) // timedelta(microseconds=1)
            return at_us, at_us
        if _DATE.fullmatch(part):
            day_of = date.fromisoformat(part)
            after = instant_us((day_of + timedelta(days=1)).isoformat(), zone)
            return instant_us(part, zone), after - 1
    except (ValueError, OverflowError) as error:
        raise _unreadable(text, str(error)) from error
    raise _unreadable(text, "write 2024-03-01T00:00:00Z, or two with / between, .. for an open end")


def _unreadable(text: str, why: str) -> InvalidInput:
    return InvalidInput("unreadable-datetime", f"datetime={text[:80]} cannot be read: {why}")


def read_bbox(text: str) -> tuple[float, float, float, float]:
    """Return four numbers of a box, heights left out; `InvalidInput` ``unreadable-bbox``."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise InvalidInput(
            "unreadable-bbox",
            f"bbox={text[:80]} is no box: four numbers, or six with heights, and commas between",
        )
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    return numbers[0], numbers[1], numbers[2], numbers[3]


def read_limit(text: str | None, default: int, most: int) -> int:
    """Return how many rows a page has, at most ``most``; `InvalidInput` ``bad-limit``."""
    if text is None:
        return min(default, most)
    if not re.fullmatch(r"\+?[0-9]{1,100}", text) or int(text) < 1:
        raise InvalidInput("bad-limit", f"limit={text[:40]} is no number of rows: it is 1 or more")
    return min(int(text), most)


def read_flag(text: str, parameter: str) -> bool:
    """Return what ``true`` or ``false`` means; `InvalidInput` ``bad-flag``."""
    if text not in _TRUE:
        raise InvalidInput("bad-flag", f"{parameter}={text[:40]} is neither true nor false")
    return _TRUE[text]


def read_names(text: str, known: Sequence[str], parameter: str) -> tuple[str, ...]:
    """Return names between commas; `InvalidInput` ``unknown-property``."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInput(
            "unknown-property", f"{parameter}: there is no property '{unknown[0][:80]}'",
            hint=f"there are: {', '.join(known)}",
        )  # fmt: skip
    return names


def read_order(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the columns to sort by, ``-`` before one for descending; `InvalidInput` ``unknown-property``.

    Where a column is named again, nothing is left to be sorted by it.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    first = {part[part[0] in "+-" :]: part for part in reversed(parts)}
    names = read_names(",".join(part[part[0] in "+-" :] for part in parts), known, "sortby")
    return tuple(first[name].removeprefix("+") for name in names)


def read_filter(text: str, language: str | None) -> str | dict[str, Any]:
    """Return a CQL2 filter, as text or as its JSON; `InvalidInput` ``unknown-filter-lang``, ``not-json``."""
    require_language(language)
    if language != "cql2-json":
        return text
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("not-json", f"the filter is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidInput("not-json", "the filter is no object of JSON")
    return document


def require_language(language: str | None) -> None:
    """Refuse a language that filters are not read in; `InvalidInput` ``unknown-filter-lang``."""
    if language not in (None, "cql2-text", "cql2-json"):
        raise InvalidInput(
            "unknown-filter-lang", f"filter-lang={language[:40]} is unknown; there are cql2-text, cql2-json"
        )


def read_property(attribute: Attribute, text: str) -> Mapping[str, Any]:
    """Return the filter that a column has a value, given as text; `InvalidInput` ``wrong-type``."""
    value: Any
    try:
        match attribute.type:
            case "integer":
                value = int(text)
            case "number":
                value = float(text)
                if not math.isfinite(value):
                    raise ValueError(text)  # noqa: TRY301
            case "boolean":
                value = _BOOLEANS[text.lower()]
            case "date":
                value = {"date": date.fromisoformat(text).isoformat()}
            case "instant":
                value = {"timestamp": text}
            case _:
                value = text
    except (ValueError, KeyError) as error:
        raise InvalidInput(
            "wrong-type", f"{attribute.name}={text[:80]} is no {attribute.type}, which the column has"
        ) from error
    return {"op": "=", "args": [{"property": attribute.name}, value]}
