"""Opening a log of cases of a city, and making one.

Tested by `tests/city/test_cases.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.city.caselogs import CasePlaces, create_case_log, open_case_log
from stcloud.city.cases import Cases
from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.iaas.clock import Clock

__all__ = ["open_cases"]


def open_cases(
    city: City,
    parts: CityParts,
    clock: Clock,
    name: str,
    *,
    create: str | None,
    clocks: str | None,
    url: str | None,
) -> Cases:
    """Return a log of cases of a city; see `City.cases`."""
    configuration = city.configuration
    if create is not None:
        create_case_log(parts.folder, configuration, name, clock, workflow=create, clocks=clocks, url=url)
    elif clocks is not None or url is not None:
        raise InvalidInput(
            "workflow-needed", "clocks and url are of a log that is made", hint="give its workflow: create=…",
            in_shell="make the log: stcloud case create",
        )  # fmt: skip
    log = open_case_log(parts, configuration, name, clock)
    return Cases(city, name, log, CasePlaces(parts, configuration))
