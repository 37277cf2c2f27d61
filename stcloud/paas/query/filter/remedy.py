"""What to write instead of functions that other dialects have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stcloud.errors import InvalidInput, Unsupported, nearest
from stcloud.paas.query.filter.function import FUNCTIONS
from stcloud.paas.query.filter.lapse import LENGTHS_US

__all__ = ["refuse_called_box", "require_function"]

_METRES = {
    "m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0, "km": 1000.0, "kilometer": 1000.0,
    "kilometers": 1000.0, "kilometres": 1000.0, "feet": 0.3048, "mi": 1609.344, "miles": 1609.344,
    "statute miles": 1609.344, "nautical miles": 1852.0,
}  # fmt: skip
_NEAR = ("dwithin", "st_dwithin", "s_dwithin", "dfullywithin", "st_dfullywithin", "beyond", "st_beyond")
_INSTEAD: Mapping[str, tuple[str, ...]] = {
    "S_INTERSECTS(geometry, buffer(POINT(…), METRES))": ("distance", "st_distance", "s_distance"),
    "the instant, TIMESTAMP('…')": ("now", "current_timestamp", "current_date", "sysdate", "today"),
    "lower(TEXT)": ("strtolowercase", "tolowercase", "lcase", "lowercase", "strlower"),
    "upper(TEXT)": ("strtouppercase", "touppercase", "ucase", "uppercase", "strupper"),
    "length(TEXT)": ("strlength", "len", "char_length", "character_length"),
    "TEXT LIKE 'a%'": ("strstartswith", "startswith", "starts_with"),
    "TEXT LIKE '%a'": ("strendswith", "endswith", "ends_with"),
    "casei(TEXT) LIKE casei('%a%')": ("strindexof", "strcontains", "regexp_like", "ilike"),
    "casei(TEXT) = casei('a')": ("strequalsignorecase", "equalsignorecase"),
    "COLUMN IS NULL": ("isnull", "is_null"),
    "days(closed - opened)": ("datediff", "date_diff", "age", "timestampdiff"),
    "buffer(geometry, METRES)": ("st_buffer", "s_buffer"),
    "POINT(117.03 31.9) as it is": ("st_point", "st_makepoint", "st_geomfromtext", "geomfromtext"),
    "BBOX(W, S, E, N)": ("st_makeenvelope",),
    "S_INTERSECTS, S_WITHIN or S_TOUCHES": ("relate", "st_relate", "s_relate"),
    "T_INTERSECTS(time, INTERVAL(…, …))": ("anyinteracts", "t_anyinteracts"),
}
"""What to write, and the functions that mean it elsewhere."""
_OPERATORS = {
    "s_": ("contains", "crosses", "disjoint", "equals", "intersects", "overlaps", "touches", "within"),
    "t_": (
        "after", "before", "contains", "disjoint", "during", "equals", "finishedby", "finishes", "intersects",
        "meets", "metby", "overlappedby", "overlaps", "startedby", "starts",
    ),
    "a_": ("containedby", "contains", "equals", "overlaps"),
}  # fmt: skip
_BOX = "S_INTERSECTS(geometry, BBOX(W, S, E, N))"


def require_function(name: str, arguments: Sequence[Any]) -> None:
    """Refuse a function that there is not, before its arguments are looked at.

    Raises
    ------
    Unsupported
        ``unsupported-operator``: with what to write instead.

    Examples
    --------
    >>> require_function("CaseI", [])
    >>> require_function("strToLowerCase", [])
    Traceback (most recent call last):
        ...
    stcloud.errors.Unsupported: there is no function strToLowerCase; write lower(TEXT)
    """
    known = name.lower()
    if known in FUNCTIONS:
        return
    place, instead = _place(known, arguments), _instead(known)
    if place is not None:
        filtered, near = place
        raise Unsupported(
            "unsupported-operator", f"there is no function {name}", hint=f"{filtered}, or where('{near}')",
            in_shell=f"{filtered}, or --where {near}",
        )  # fmt: skip
    if instead is not None:
        raise Unsupported("unsupported-operator", f"there is no function {name}", hint=f"write {instead}")
    operators = [prefix + operator for prefix, names in _OPERATORS.items() for operator in names]
    near = " or ".join(
        f"'{candidate}'" for candidate in nearest(known, (*FUNCTIONS, *LENGTHS_US, *operators))
    )
    raise Unsupported(
        "unsupported-operator", f"there is no function or operator '{name}' for a filter",
        hint=(f"did you mean {near}? " if near else "") + f"there are {', '.join((*FUNCTIONS, *LENGTHS_US))}",
    )  # fmt: skip


def refuse_called_box(numbers: Sequence[Any]) -> None:
    """Refuse a box that is called as a function of a geometry, ``BBOX(geometry, W, S, E, N)``.

    Raises
    ------
    Unsupported
        ``unsupported-operator``
    InvalidInput
        ``unreadable-geometry``: one of its sides is no number.
    """
    if all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        return
    if numbers and isinstance(numbers[0], dict) and "property" in numbers[0]:
        raise Unsupported(
            "unsupported-operator", "there is no function BBOX of a geometry", hint=f"write {_BOX}"
        )
    raise InvalidInput("unreadable-geometry", "a box is of numbers", hint="write BBOX(W, S, E, N)")


def _instead(known: str) -> str | None:
    """Return what to write for a function that another dialect has."""
    for text, names in _INSTEAD.items():
        if known in names:
            return text
    bare = known.removeprefix("st_")
    for prefix, names in _OPERATORS.items():
        if bare in names:
            return f"{prefix.upper()}{bare.upper()}(…, …)"
    return None


def _place(known: str, arguments: Sequence[Any]) -> tuple[str, str] | None:
    """Return how to ask for what is within a distance, as a filter and as a place, with the written values."""
    if known not in _NEAR:
        return None
    points = [
        argument["coordinates"]
        for argument in arguments
        if isinstance(argument, dict) and argument.get("type") == "Point"
    ]
    lon, lat = (points or [(117.03, 31.9)])[0][:2]
    numbers = [
        argument
        for argument in arguments
        if isinstance(argument, int | float) and not isinstance(argument, bool)
    ]
    metres = f"{(numbers or [100.0])[0] * _unit_m(arguments):g}"
    negation = "NOT " if "beyond" in known else ""
    filtered = f"{negation}S_INTERSECTS(geometry, buffer(POINT({lon} {lat}), {metres}))"
    return filtered, f"{negation.lower()}near:{lon},{lat}:{metres}m"


def _unit_m(arguments: Sequence[Any]) -> float:
    """Return how long the unit is that the last argument names, in metres."""
    unit = arguments[-1] if arguments else ""
    word = str(unit.get("property", "") if isinstance(unit, dict) else unit)
    return _METRES.get(word.lower(), 1.0)
