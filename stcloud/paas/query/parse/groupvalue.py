"""Groups as people write them, ``BY=VALUE``: the value that an answer's field has, as text; nothing is null.

Tested by `tests/paas/query/parse/test_groupvalue.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.paas.query.condition.ofgroup import times_near
from stcloud.paas.query.plan.plan import By, Part
from stcloud.space import CellSize, Level, parse_cell
from stcloud.time import Bin, Binning, Spans, Zone, instant_us

__all__ = ["described", "group_text", "group_times", "read_value", "split_group", "value_of"]

_QUOTED = re.compile(r'"(?:[^"]|"")*"', re.DOTALL)
_NULL = "none"
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def split_group(text: str) -> list[tuple[str, str]]:
    """Return the ways to split a group at an equals sign, the shortest ``by`` first: names of columns may hold some.

    Raises
    ------
    InvalidInput
        ``unreadable-group``: there is no equals sign.

    Examples
    --------
    >>> split_group("week=2024-W22"), split_group('"a=b"=3')[-1]
    ([('week', '2024-W22')], ('"a=b"', '3'))
    """
    places = [place for place, letter in enumerate(text) if letter == "="]
    if not places or not text[: places[0]].strip():
        raise InvalidInput(
            "unreadable-group", f"'{text}' is no group", hint="write BY=VALUE, as in week=2024-W22"
        )
    return [(text[:place].strip(), text[place + 1 :]) for place in places]


def read_value(text: str) -> str | None:
    """Return the text of a value: nothing is null, and what is in double quotes is meant as it is.

    Raises
    ------
    InvalidInput
        ``unreadable-group``: a double quote is not closed, or stands alone within others.

    Examples
    --------
    >>> read_value(""), read_value('""'), read_value('"a ""b"" c"'), read_value("a=b")
    (None, '', 'a "b" c', 'a=b')
    """
    if not text.startswith('"'):
        return text or None
    if not _QUOTED.fullmatch(text):
        raise InvalidInput(
            "unreadable-group", f"the value {text} has a double quote that is not closed, or not doubled",
            hint='write a double quote within double quotes twice: "a ""b"" c"',
        )  # fmt: skip
    return text[1:-1].replace('""', '"')


def group_text(by: str, value: Any) -> str:
    """Return a group of an answer as `Query.of_group` takes it.

    Parameters
    ----------
    by
        As it is written in ``by``.
    value
        The field of the group, as a record of JSON has it.

    Examples
    --------
    >>> group_text("week", "2024-W22"), group_text("note", ""), group_text("closed", True), group_text("unit", None)
    ('week=2024-W22', 'note=""', 'closed=true', 'unit=')
    """
    if value is None:
        return f"{by}="
    if isinstance(value, bool):
        return f"{by}={str(value).lower()}"
    text = value.isoformat() if isinstance(value, date) else str(value)
    return f"{by}={_quoted(text)}" if not text or text.startswith('"') else f"{by}={text}"


def described(by: str, value: str | None) -> str:
    """Return a group in words, no two groups alike: ``week 2024-W22``."""
    name = _quoted(by) if re.search(r"[\s=]", by) and not by.startswith('"') else by
    if value is None:
        return f"{name} {_NULL}"
    plain = value not in ("", _NULL) and not value.startswith('"')
    return f"{name} {value if plain else _quoted(value)}"


def value_of(by: By, text: str | None, zone: Zone) -> Any:
    """Return the value that a group of an answer stands for, as `OfGroup` holds it.

    Raises
    ------
    InvalidInput
        ``unreadable-group``: no group of this kind is written so.
    """
    if text is None:
        return None
    try:
        return _value(by, text, zone)
    except (ValueError, OverflowError, InvalidInput) as error:
        raise InvalidInput(
            "unreadable-group",
            f"'{text}' is no group of {_kind(by)}",
            hint=f"write it as answers do{_example(by)}",
        ) from error


def group_times(by: By, value: Any, zone: Zone) -> Spans | None:
    """Return what holds the times of all events of a bin, two days wider than it; None: any time."""
    if not isinstance(by, Binning) or by.recurs or value is None:
        return None
    return times_near(by, value, zone)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _value(by: By, text: str, zone: Zone) -> Any:
    if isinstance(by, CellSize):
        return _cell(by, text)
    if isinstance(by, Binning):
        return _bin(by, text, zone)
    if isinstance(by, Attribute):
        return _READ[by.type](text, zone)
    if isinstance(by, Part) and len(text) != by.length:
        raise ValueError(text)
    return text


def _cell(by: CellSize, text: str) -> int:
    cell = parse_cell(text)
    digit, digits = ("1", by.digits) if isinstance(by, Level) else (str(by.side_m)[0], Level.M100.digits)
    if not (str(cell).startswith(digit) and len(str(cell)) == digits):
        raise ValueError(text)
    return cell


def _bin(by: Binning, text: str, zone: Zone) -> int:
    if not isinstance(by, Bin):
        raise ValueError(text)  # noqa: TRY004  (only cubes have other bins, and no group)
    number = _numbered(by, text, zone)
    if str(by.label(number)) != text or (by.recurs and number not in _RECURRING[by]):
        raise ValueError(text)
    if not by.recurs:
        by.span(number, zone)  # refuses what the clock never showed
    return number


def _numbered(by: Bin, text: str, zone: Zone) -> int:
    if by.recurs or by is Bin.YEAR:
        return int(text)
    if by is Bin.HOUR:
        at_us = instant_us(datetime.fromisoformat(text), zone)
        return int(by.numbers(np.array([at_us], np.int64), zone)[0])
    if by is Bin.QUARTER:
        year, quarter = text.split("-Q")
        return int(year) * 4 + int(quarter) - 1
    day = date.fromisoformat(f"{text}-01" if by is Bin.MONTH else f"{text}-1" if by is Bin.WEEK else text)
    return int(by.of_days(np.array([(day - date(1970, 1, 1)).days], np.int64))[0])


def _whole(text: str, _: Zone) -> int:
    number = int(text)
    if not _LEAST <= number <= _MOST:
        raise ValueError(text)
    return number


def _number(text: str, _: Zone) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _truth(text: str, _: Zone) -> bool:
    return {"true": True, "false": False}[text] if text in ("true", "false") else _none(text)


def _none(text: str) -> bool:
    raise ValueError(text)


_RECURRING: Mapping[Bin, range] = {Bin.WEEKDAY: range(1, 8), Bin.HOUR_OF_DAY: range(24)}
_READ: Mapping[str, Callable[[str, Zone], Any]] = {
    "text": lambda text, _: text,
    "integer": _whole,
    "number": _number,
    "boolean": _truth,
    "date": lambda text, _: date.fromisoformat(text).isoformat(),
    "instant": instant_us,
}


def _kind(by: By) -> str:
    if isinstance(by, CellSize):
        return f"cells of {by.label}"
    if isinstance(by, Binning):
        return f"'{by}'"
    if isinstance(by, Part):
        return f"'{by.name}', whose codes have {by.length} characters"
    return f"'{by.name}', which is of type {by.type}" if isinstance(by, Attribute) else str(by)


def _example(by: By) -> str:
    if isinstance(by, Bin):
        return f": {by}={by.label(_SHOWN[by])}"
    if isinstance(by, Attribute) and by.type in _SHOWN_TYPES:
        return f": {by.name}={_SHOWN_TYPES[by.type]}"
    return ""


_SHOWN = {
    Bin.HOUR: 475_207 * 200_000 + 100_000 - 28_800, Bin.DAY: 19_800, Bin.WEEK: 2_829, Bin.MONTH: 24_290,
    Bin.QUARTER: 8_096, Bin.YEAR: 2024, Bin.WEEKDAY: 1, Bin.HOUR_OF_DAY: 7,
}  # fmt: skip
_SHOWN_TYPES = {
    "integer": "3", "number": "2.5", "boolean": "true", "date": "2024-03-05", "instant": "2024-03-05T07:30:00+08:00",
}  # fmt: skip
