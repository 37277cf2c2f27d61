"""What questions refer to: classes of components and matters, days of the calendar, unit grids.

Tested by `tests/saas/web/test_reference.py`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.responses import Response

from stcloud.city.gridoverview import grid_overview
from stcloud.city.placelayers import role_of
from stcloud.errors import InvalidInput
from stcloud.saas.cli.calendarrecord import calendar_record, day_records
from stcloud.saas.cli.classrecord import class_trees
from stcloud.saas.cli.output import plain
from stcloud.saas.rights.permittedcity import PermittedCity
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import JSON
from stcloud.saas.web.parameter import iso_utc
from stcloud.time import instant_us

__all__ = ["calendar", "classes", "grids"]


def classes(call: CityRequest) -> Response:
    """Return the city's classes as trees, by kind and edition."""
    given = call.known_parameters(("kind", "at", "known"))
    media = call.media(JSON)
    known_us = _instant(call, given.get("known"))
    trees = class_trees(call.city.classes.table(known_us), given.get("kind"), given.get("at"))
    return call.reply(encoded(plain({"schemes": trees})), media)


def calendar(call: CityRequest) -> Response:
    """Return who has published which years of the calendar, and the days of a year or of a span.

    A city without a calendar has ``calendar`` null and no days.
    """
    given = call.known_parameters(("year", "from", "to", "known"))
    media = call.media(JSON)
    year = _year(given.get("year"))
    from_day, to_day = (_day(given.get(name), name) for name in ("from", "to"))
    known = given.get("known")
    _instant(call, known)
    if call.city.configuration.calendar is None:
        return call.reply(encoded({"calendar": None, "days": [], "span": []}), media)
    document = calendar_record(call.city, known, year)
    first, last = from_day or to_day, to_day or from_day
    document["span"] = [] if first is None or last is None else day_records(call.city, first, last, known)
    return call.reply(encoded(plain(document)), media)


def grids(call: CityRequest) -> Response:
    """Return the unit grids that may be read: their scheme, cells and areas at an instant, and when they changed."""
    given = call.known_parameters(("at",))
    media = call.media(JSON)
    at_us = _instant(call, given.get("at"))
    city = call.city
    names = [layer.name for layer in city.layers() if role_of(layer) == "unit-grid"]
    readable = [name for name in names if not isinstance(city, PermittedCity) or city.may("read", name)]
    made = [_grid(call, name, call.now_us if at_us is None else at_us) for name in readable]
    return call.reply(encoded({"grids": made}), media)


def _grid(call: CityRequest, name: str, at_us: int) -> dict[str, Any]:
    grid = grid_overview(call.city, name, at_us)
    return {
        "layer": grid.layer,
        "title": call.city.layer(name).title or name,
        "scheme": grid.scheme,
        "cells": grid.cells,
        "versions": [{"from": iso_utc(each.from_us), "cells": each.cells} for each in grid.versions],
        "areas": [
            {"kind": area.kind, "code": area.code, "name": area.name, "cells": area.cells}
            for area in grid.areas
        ],
    }


def _instant(call: CityRequest, text: str | None) -> int | None:
    return None if text is None else instant_us(text, call.city.configuration.zone)


def _day(text: str | None, parameter: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            "unreadable-day", f"{parameter}={text[:40]} is no day", hint="write it as 2026-07-01"
        ) from error


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) > 0):
        raise InvalidInput("bad-year", f"year={text[:40]} is no year", hint="write it as 2026")
    return int(text)
